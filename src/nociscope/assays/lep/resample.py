"""Intervals and noise from the trials themselves: resampled averages, and plus-minus averages.

Averages of resampled trials are one matrix product, so that a thousand of them cost milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nociscope.assays.lep.recording import Floats


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval; None where it is unbounded or cannot be had."""

    low: float | None
    high: float | None


NO_INTERVAL = Interval(None, None)


Z_975 = 1.959964
"""97.5 % quantile of the standard normal distribution."""


def t_quantile(df: float, p: float = 0.975) -> float:
    """Return a quantile of Student's distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(df, p))


def resampled_averages(trials: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Return averages of trials drawn with replacement, (count, t) from (n, t)."""
    n = len(trials)
    weights = rng.multinomial(n, np.full(n, 1.0 / n), size=count) / n
    averages: Floats = weights @ trials
    return averages


def plus_minus_averages(trials: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Return averages of trials with random signs, after their mean is removed, (count, t) from (n, t).

    The response cancels and the noise of the average stays: the plus-minus reference of Schimmel (Science
    1967;157:92-94), with all sign patterns in place of one. Removing the mean
    first takes away the response itself; the lost degree of freedom is given back.
    """
    n = len(trials)
    residual = (trials - trials.mean(axis=0)) * np.sqrt(n / (n - 1))
    signs = rng.integers(0, 2, size=(count, n)) * 2.0 - 1.0
    averages: Floats = signs @ residual / n
    return averages


def t_interval(value: float, resampled: Floats, n: int, biased: bool = True) -> Interval:
    """Return the interval of a value from its resampled copies.

    The copies scatter about their own mean, which differs from the value by the bias of the estimator (a peak of a
    noisy average is too high); the interval is centred on the value less that bias, unless the estimator is known to
    have none (a latency, noise moves it either way), and widened by Student's t and by sqrt(n / (n - 1)), because
    resampling n trials shows only (n - 1) / n of their variance (Efron and Tibshirani, An Introduction to the
    Bootstrap, 1993, chapters 5 and 10).
    """
    found = _centre_and_half(value, resampled, n, biased)
    if found is None:
        return NO_INTERVAL
    centre, half = found
    return Interval(float(centre - half), float(centre + half))


def _centre_and_half(value: float, resampled: Floats, n: int, biased: bool) -> tuple[float, float] | None:
    copies = resampled[np.isfinite(resampled)]
    if n < 3 or len(copies) < 0.8 * len(resampled) or len(copies) < 20:
        return None
    centre = 2 * value - float(copies.mean()) if biased else value
    half = t_quantile(n - 1) * float(copies.std(ddof=1)) * np.sqrt(n / (n - 1))
    return centre, float(half)


def selected_interval(size: float, resampled: Floats, n: int, threshold: float) -> Interval:
    """Return the interval of a size that is reported only because it exceeds a threshold.

    What is seen of a small response is then always large ("winner's curse"), and an interval that does not know of
    the selection misses the truth. This one holds the truth in 95 % of the cases *that are reported*: its limits are
    the true sizes for which a size as large as this, given that it exceeds the threshold, has the chance 2.5 and
    97.5 % (the equal-tailed conditional interval; Weinstein, Fithian and Benjamini, J Am Stat Assoc 2013;108(501)).
    Far above the threshold it is :func:`t_interval`; just above it, it reaches to 0.

    Parameters
    ----------
    size : float
        Positive, larger than `threshold`.
    resampled : array (m,)
        Its resampled copies.
    n : int
        Trials.
    threshold : float
        Of the same kind as `size`, so that the bias of picking a peak is in both.
    """
    found = _centre_and_half(size, resampled, n, biased=True)
    if found is None or found[1] <= 0:
        return NO_INTERVAL
    from scipy.optimize import brentq
    from scipy.special import log_ndtr

    centre, half = found
    error = half / Z_975
    least = threshold - (size - centre)

    def chance(truth: float) -> float:
        return float(np.exp(log_ndtr((truth - centre) / error) - log_ndtr((truth - least) / error)))

    top = centre + 8 * error
    high = brentq(lambda m: chance(m) - 0.975, 0.0, top) if chance(0.0) < 0.975 else 0.0
    low = brentq(lambda m: chance(m) - 0.025, 0.0, top) if chance(0.0) < 0.025 else 0.0
    return Interval(low, high)


def mean_interval(values: Floats) -> Interval:
    """Return Student's interval of a mean."""
    n = len(values)
    if n < 2:
        return NO_INTERVAL
    half = t_quantile(n - 1) * float(values.std(ddof=1)) / np.sqrt(n)
    return Interval(float(values.mean() - half), float(values.mean() + half))


def fieller(top: float, bottom: float, var_top: float, var_bottom: float, covariance: float, df: float) -> Interval:
    """Return the interval of top / bottom for two estimates that are about normal.

    Fieller EC, J R Stat Soc B 1954;16:175-185, doi:10.1111/j.2517-6161.1954.tb00159.x. Unbounded (no interval) when
    the bottom is not significantly different from 0: then the ratio is not known at all.
    """
    q = t_quantile(df) ** 2
    a = bottom**2 - q * var_bottom
    if a <= 0:
        return NO_INTERVAL
    b = top * bottom - q * covariance
    c = top**2 - q * var_top
    root = np.sqrt(max(b**2 - a * c, 0.0))
    return Interval(float((b - root) / a), float((b + root) / a))


def ratio_of_means(top: Floats, bottom: Floats) -> tuple[float, Interval]:
    """Return the ratio of two independent means, with Fieller's interval and Welch's degrees of freedom."""
    n1, n0 = len(top), len(bottom)
    ratio = float(top.mean() / bottom.mean()) if bottom.mean() != 0 else np.nan
    if n1 < 2 or n0 < 2:
        return ratio, NO_INTERVAL
    v1, v0 = float(top.var(ddof=1)) / n1, float(bottom.var(ddof=1)) / n0
    if v1 + v0 == 0:
        return ratio, Interval(ratio, ratio)
    # Welch's degrees of freedom of the contrast top - ratio * bottom, which is what Fieller's limits solve for
    w0 = ratio**2 * v0
    df = (v1 + w0) ** 2 / (v1**2 / (n1 - 1) + w0**2 / (n0 - 1))
    return ratio, fieller(float(top.mean()), float(bottom.mean()), v1, v0, 0.0, df)
