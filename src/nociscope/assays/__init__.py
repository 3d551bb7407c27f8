"""One folder a test, all of one shape; see ``docs/adding_an_assay.md``."""
