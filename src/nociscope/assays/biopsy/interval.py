"""A rate from counts in sections, with an interval that is Poisson where the sections agree and wider elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """Fibres per millimetre with its interval.

    Attributes
    ----------
    value, low, high : float
        In /mm.
    dispersion : float
        Variance between sections relative to Poisson counting, at least 1.
    sections : int
    """

    value: float
    low: float
    high: float
    dispersion: float
    sections: int


def dispersion(fibres: Sequence[int], length_mm: Sequence[float]) -> float:
    """Return Pearson's dispersion of counts about a common rate, at least 1.

    Parameters
    ----------
    fibres : sequence of int, shape (k,)
    length_mm : sequence of float, shape (k,)
        In mm, each above 0.

    Returns
    -------
    float
        max(1, sum((c - m L)^2 / (m L)) / (k - 1)) with m the pooled rate; 1 for one section or no fibre.

    Notes
    -----
    The moment estimate of quasi-likelihood (Wedderburn 1974, doi 10.1093/biomet/61.3.439). It is not let below 1:
    sections that agree better than chance do so by chance.
    """
    c, length = np.asarray(fibres, dtype=float), np.asarray(length_mm, dtype=float)
    if c.size < 2 or c.sum() == 0:
        return 1.0
    expected = length * c.sum() / length.sum()
    return max(1.0, float(((c - expected) ** 2 / expected).sum() / (c.size - 1)))


def rate(fibres: Sequence[int], length_mm: Sequence[float]) -> Rate:
    """Return the pooled rate of the sections of one biopsy, with its 95 % interval.

    Parameters
    ----------
    fibres : sequence of int, shape (k,)
        Counts, at least one section.
    length_mm : sequence of float, shape (k,)
        In mm, each above 0.

    Returns
    -------
    Rate

    Raises
    ------
    ValueError
        There is no section, the lengths do not match, a count is negative or a length not above 0.

    Notes
    -----
    With K fibres on L mm and the dispersion phi of :func:`dispersion`, the interval is that of the gamma distribution
    with shape K/phi + 1/2 and rate L/phi: Jeffreys' interval for a Poisson rate (Brown, Cai and DasGupta 2003,
    Statistica Sinica 13:19-49) of a count that carries 1/phi of the information. Without a fibre the lower end is 0.
    Its coverage, and why phi is neither shrunk nor inflated, is in ``docs/validation/biopsy_interval.md``.
    """
    from scipy.special import gammaincinv

    if not fibres or len(fibres) != len(length_mm):
        raise ValueError("as many lengths as counts are needed, at least one")
    if min(fibres) < 0 or min(length_mm) <= 0:
        raise ValueError("counts must not be negative and lengths must be above 0")
    total, length = float(sum(fibres)), float(sum(length_mm))
    phi = dispersion(fibres, length_mm)
    shape, per_mm = total / phi + 0.5, length / phi
    tail = (1 - LEVEL) / 2
    low = 0.0 if total == 0 else float(gammaincinv(shape, tail)) / per_mm
    high = float(gammaincinv(shape, 1 - tail)) / per_mm
    return Rate(total / length, low, high, phi, len(fibres))
