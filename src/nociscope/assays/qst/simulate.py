"""Simulated QST."""

from __future__ import annotations

from nociscope.truth import Simulated, Truth


def simulate(truth: Truth, seed: int) -> Simulated:
    """Return a simulated battery."""
    return Simulated()
