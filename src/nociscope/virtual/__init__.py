"""Virtual studies with known truth."""
