"""Other formats brought to the layout of a study, one module a format."""
