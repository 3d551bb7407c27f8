"""The version, in one place: the build, the reports and the provenance read it here."""

__version__ = "0.1.0"
