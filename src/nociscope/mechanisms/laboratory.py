"""What a laboratory's own controls say of it: how far its scores lie off the norms, and how much wider they scatter.

A wrong local spread is the largest source of false claims, so ten controls are worth more than a better model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nociscope.mechanisms.model import OUTLIER_PROBABILITY, OUTLIER_VARIANCE, Floats

# How laboratories are taken to differ before their controls are seen: conventions, in SDs of the norms.
COMMON_OFFSET_SD = 0.5
OWN_OFFSET_SD = 0.3
SPREAD_PRIOR_DF = 10.0
OWN_SPREAD_DF = 20.0
FEWEST = 3
"""Fewer controls than this with a test say nothing of its own spread or offset."""


@dataclass(frozen=True)
class Laboratory:
    """A laboratory against the norms.

    Attributes
    ----------
    offset, offset_variance : ndarray, (T,)
        Mean of its healthy scores where the norm has 0, and how uncertain that is.
    spread : ndarray, (T,)
        Standard deviation where the norm has 1.
    controls : int
        How many people this rests on; 0 for norms taken as they are.
    """

    offset: Floats
    offset_variance: Floats
    spread: Floats
    controls: int = 0

    def covariance(self, residual: Floats) -> Floats:
        """Return the covariance of healthy people here, (T, T)."""
        return residual * np.outer(self.spread, self.spread)


def as_the_norms(tests: int) -> Laboratory:
    """Return a laboratory without controls: no offset, the spread of the norms."""
    return Laboratory(np.zeros(tests), np.zeros(tests), np.ones(tests))


def learn(z: Floats) -> Laboratory:
    """Return what controls say of their laboratory.

    Parameters
    ----------
    z : ndarray, (N, T)
        Oriented scores of N healthy people; NaN where a test was not done.

    Returns
    -------
    Laboratory
        Offsets are shrunk to one common offset and that to 0; spreads to one common spread and that to 1. Gross
        errors are weighted down as in the model.
    """
    there = np.isfinite(z)
    count = there.sum(0)
    known = count >= FEWEST
    if not known.any():
        return as_the_norms(z.shape[1])
    x = np.where(there, z, 0.0)
    mean = np.zeros(z.shape[1])
    spread = np.ones(z.shape[1])
    for _ in range(30):
        weight = there * _weight((x - mean) / spread)
        mean = (weight * x).sum(0) / np.maximum(weight.sum(0), 1e-9)
        squares = (weight * there * (x - mean) ** 2).sum(0)
        freedom = np.where(known, count - 1.0, 0.0)
        common = (SPREAD_PRIOR_DF + squares[known].sum()) / (SPREAD_PRIOR_DF + freedom.sum())
        own = (OWN_SPREAD_DF * common + np.where(known, squares, 0.0)) / (OWN_SPREAD_DF + freedom)
        spread = np.sqrt(own)
    error = np.where(known, spread**2 / np.maximum(count, 1), np.inf)
    trust = 1 / (OWN_OFFSET_SD**2 + error)
    shared = (trust * np.where(known, mean, 0.0)).sum() / (trust.sum() + 1 / COMMON_OFFSET_SD**2)
    shared_variance = 1 / (trust.sum() + 1 / COMMON_OFFSET_SD**2)
    pull = OWN_OFFSET_SD**2 * trust
    offset = shared + pull * (np.where(known, mean, 0.0) - shared)
    left = OWN_OFFSET_SD**2 * (1 - pull) + (1 - pull) ** 2 * shared_variance
    return Laboratory(offset, left, spread, controls=int(there.any(1).sum()))


def _weight(x: Floats) -> Floats:
    """Return how much a standardised value counts: 1, and less the likelier it is in error."""
    wide = 1 + OUTLIER_VARIANCE
    clean = (1 - OUTLIER_PROBABILITY) * np.exp(-0.5 * np.minimum(x**2, 1400))
    gross = OUTLIER_PROBABILITY * np.exp(-0.5 * np.minimum(x**2 / wide, 700)) / np.sqrt(wide)
    chance = gross / (clean + gross)
    return 1 - chance * (1 - 1 / wide)
