"""What papers report, turned into what pooling needs."""

from __future__ import annotations

import math

from nociscope.evidence.model import t_quantile


def count_of_percent(percent: float, n: int, decimals: int = 0) -> int | None:
    """Return the only count of `n` that rounds to a percentage, None when there is none or more than one.

    Both ways of rounding a half are allowed.

    >>> count_of_percent(41, 27), count_of_percent(50, 33), count_of_percent(63, 29)
    (11, None, None)
    """
    half = 0.5 * 10.0**-decimals
    fits = [x for x in range(n + 1) if abs(100.0 * x / n - percent) <= half + 1e-9]
    return fits[0] if len(fits) == 1 else None


def sd_of_se(se: float, n: float) -> float:
    """Return the standard deviation behind a standard error of a mean."""
    return se * math.sqrt(n)


def sd_of_interval(low: float, high: float, n: int, level: float = 0.95) -> float:
    """Return the standard deviation behind a confidence interval of a mean (Student's t)."""
    return (high - low) / (2 * t_quantile(level, n - 1)) * math.sqrt(n)


def mean_sd_of_quartiles(q1: float, median: float, q3: float, n: int) -> tuple[float, float]:
    """Return mean and standard deviation estimated from quartiles of a roughly normal sample.

    References
    ----------
    Wan et al. 2014, doi 10.1186/1471-2288-14-135 (scenario C3).
    """
    from scipy.special import ndtri

    return (q1 + median + q3) / 3, (q3 - q1) / (2 * float(ndtri((0.75 * n - 0.125) / (n + 0.25))))


def log_ratio_of_interval(low: float, high: float, level: float = 0.95) -> tuple[float, float]:
    """Return log ratio and standard error behind the interval of an odds or risk ratio.

    The value is the middle of the interval on the log scale, which a published ratio should agree with.
    """
    se = (math.log(high) - math.log(low)) / (2 * t_quantile(level, None))
    return (math.log(high) + math.log(low)) / 2, se
