"""A reproducible work-up of the pain-sensing nervous system."""

from nociscope._version import __version__

__all__ = ["__version__"]
