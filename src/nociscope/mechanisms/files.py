"""Where the coefficient tables lie."""

from __future__ import annotations

from pathlib import Path

from nociscope import files

DATA = Path(__file__).parent / "data"


def fingerprint() -> dict[str, str]:
    """Return the SHA-256 of each coefficient table."""
    return {p.name: files.sha256(p.read_bytes()) for p in sorted(DATA.glob("*.tsv"))}
