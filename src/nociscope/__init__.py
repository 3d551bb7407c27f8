"""A reproducible work-up of the pain-sensing nervous system."""

from typing import TYPE_CHECKING, Any

from nociscope._version import __version__

if TYPE_CHECKING:
    from nociscope.verbs import build_norms, check, demo, run, score, simulate

__all__ = ["__version__", "build_norms", "check", "demo", "run", "score", "simulate"]


def __getattr__(name: str) -> Any:
    """Load a verb when it is first asked for, so that importing the package stays fast."""
    if name in __all__:
        from nociscope import verbs

        return getattr(verbs, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
