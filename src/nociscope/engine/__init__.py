"""Who runs what, where; the manifest, failures, resuming."""
