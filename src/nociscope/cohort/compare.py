"""Groups compared and measures related, each figure with its interval.

The area under the receiver-operating curve is the chance that a person of one group has a higher value than a person
of the other; its interval is that of DeLong, on the logit scale so that it stays within 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval and the number of people behind it; None where it cannot be had."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    def text(self, decimals: int = 3) -> str:
        """Return ``0.746 (0.64 to 0.84)``-style text."""
        if self.value is None:
            return "n/a"
        if self.low is None or self.high is None:
            return f"{self.value:.{decimals}f}"
        return f"{self.value:.{decimals}f} ({self.low:.{decimals}f} to {self.high:.{decimals}f})"


def auc(higher: Sequence[float], lower: Sequence[float]) -> Estimate:
    """Return the area under the curve for telling `higher` from `lower`, with DeLong's interval.

    Parameters
    ----------
    higher, lower : sequence of float
        Values of the group expected to be higher, and of the other. Ties count one half.

    Returns
    -------
    Estimate
        Without interval where a group has fewer than two people or the groups do not overlap.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson 1988, doi 10.2307/2531595: the variance of the area is the sum over groups of
    the variance of the placement values divided by the group's size.
    """
    x, y = np.asarray(higher, dtype=float), np.asarray(lower, dtype=float)
    n = x.size + y.size
    if x.size == 0 or y.size == 0:
        return Estimate(None, None, None, n)
    wins = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    area = float(wins.mean())
    if x.size < 2 or y.size < 2 or area in (0.0, 1.0):
        return Estimate(area, None, None, n)
    variance = wins.mean(axis=1).var(ddof=1) / x.size + wins.mean(axis=0).var(ddof=1) / y.size
    centre = np.log(area / (1 - area))
    half = Z95 * float(np.sqrt(variance)) / (area * (1 - area))
    low, high = 1 / (1 + np.exp(-(centre - half))), 1 / (1 + np.exp(-(centre + half)))
    return Estimate(area, float(low), float(high), n)


def rank_correlation(x: Sequence[float], y: Sequence[float], given: Sequence[float] | None = None) -> Estimate:
    """Return Spearman's rank correlation, if asked with the rank of a third variable held constant.

    Parameters
    ----------
    x, y : sequence of float
        Paired values.
    given : sequence of float, optional
        A covariate such as age; the partial correlation of the ranks is returned.

    Returns
    -------
    Estimate
        The interval is by Fisher's z with the variance (1 + r²/2) / (n - 3 - c) for c covariates.

    References
    ----------
    Bonett and Wright 2000, doi 10.1007/BF02294183 (variance of Fisher's z of a rank correlation).
    """
    from scipy.stats import rankdata

    columns = [rankdata(np.asarray(v, dtype=float)) for v in (x, y, *(() if given is None else (given,)))]
    n, covariates = columns[0].size, len(columns) - 2
    if n < 4 + covariates or any(np.ptp(c) == 0 for c in columns[:2]):
        return Estimate(None, None, None, n)
    a, b = columns[:2]
    if given is not None:
        design = np.column_stack([np.ones(n), columns[2]])
        a, b = (v - design @ np.linalg.lstsq(design, v, rcond=None)[0] for v in (a, b))
    r = float(np.corrcoef(a, b)[0, 1])
    if abs(r) >= 1:
        return Estimate(float(np.sign(r)), None, None, n)
    half = Z95 * np.sqrt((1 + r * r / 2) / (n - 3 - covariates))
    z = np.arctanh(r)
    return Estimate(r, float(np.tanh(z - half)), float(np.tanh(z + half)), n)
