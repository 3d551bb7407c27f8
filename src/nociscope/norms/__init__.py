"""Reference data and scoring."""
