"""p values of many comparisons, adjusted for their number."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """Return p values adjusted by Holm's step-down method: the chance of any false claim among all of them.

    References
    ----------
    Holm 1979, Scand J Stat 6:65-70.
    """
    adjusted = [0.0] * len(p)
    highest = 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        highest = max(highest, min(1.0, (len(p) - rank) * p[i]))
        adjusted[i] = highest
    return tuple(adjusted)


def benjamini_hochberg(p: Sequence[float]) -> tuple[float, ...]:
    """Return p values adjusted by the step-up method: the share of false claims among those made.

    References
    ----------
    Benjamini and Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x.
    """
    adjusted = [0.0] * len(p)
    lowest = 1.0
    for rank, i in reversed(list(enumerate(sorted(range(len(p)), key=lambda i: p[i]), start=1))):
        lowest = min(lowest, len(p) * p[i] / rank)
        adjusted[i] = lowest
    return tuple(adjusted)
