"""Pooling of two-group counts without per-study variances: Mantel-Haenszel and Peto.

No count is corrected for the pooled value. The effects of single studies, which Q and the figures need, have one half
added where a cell is empty; a study without events, or with events only, has no say in either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nociscope.evidence.effects import Array, two_groups


@dataclass(frozen=True, slots=True)
class CountFit:
    """A pooled value from counts: estimate and standard error on the pooling scale, and each study's share.

    `yi` and `vi` are NaN where a study says nothing; `weights` are in percent; `q` has `df` degrees of freedom.
    """

    estimate: float
    se: float
    yi: Array
    vi: Array
    weights: Array
    q: float
    df: int


def _finished(estimate: float, se: float, yi: Array, vi: Array, weights: Array) -> CountFit:
    says = np.isfinite(yi)
    q = float((((yi - estimate) ** 2) / vi)[says].sum())
    return CountFit(estimate, se, yi, vi, 100.0 * weights / weights.sum(), q, max(0, int(says.sum()) - 1))


def _silent(a: Array, n1: Array, c: Array, n2: Array) -> np.ndarray:
    return (a + c == 0) | (a + c == n1 + n2)


def mantel_haenszel(a: Array, n1: Array, c: Array, n2: Array, measure: str) -> CountFit:
    """Return the Mantel-Haenszel estimate.

    Parameters
    ----------
    a, n1, c, n2 : array (k,)
        Events and size of the group of interest and of the controls.
    measure : {'or', 'rr', 'rd'}

    Raises
    ------
    ValueError
        All events of the table are in one group, so that the ratio is zero, infinite or nothing.

    References
    ----------
    Variances: odds ratio, Robins, Breslow and Greenland 1986, doi 10.2307/2531052; risk ratio, Greenland and Robins
    1985, doi 10.2307/2530643; risk difference, Sato, Greenland and Robins 1989, doi 10.2307/2531784.
    """
    n = n1 + n2
    yi, vi = two_groups(a, n1, c, n2, "or" if measure == "or" else "rr" if measure == "rr" else "rd")
    quiet = _silent(a, n1, c, n2)
    yi, vi = np.where(quiet, np.nan, yi), np.where(quiet, np.nan, vi)
    if measure == "rd":
        weights = n1 * n2 / n
        estimate = float((a * n2 / n - c * n1 / n).sum() / weights.sum())
        p = ((n1**2 * c - n2**2 * a + n1 * n2 * (n2 - n1) / 2) / n**2).sum()
        q = ((a * (n2 - c) + c * (n1 - a)) / (2 * n)).sum()
        return _finished(estimate, float(np.sqrt(estimate * p + q) / weights.sum()), yi, vi, weights)
    if measure == "rr":
        r, s = a * n2 / n, c * n1 / n
        _both(r.sum(), s.sum())
        d = ((n1 * n2 * (a + c) - a * c * n) / n**2).sum()
        return _finished(float(np.log(r.sum() / s.sum())), float(np.sqrt(d / (r.sum() * s.sum()))), yi, vi, s)
    b, d2 = n1 - a, n2 - c
    r, s = a * d2 / n, b * c / n
    _both(r.sum(), s.sum())
    p, q = (a + d2) / n, (b + c) / n
    big_r, big_s = r.sum(), s.sum()
    variance = (
        (p * r).sum() / (2 * big_r**2) + (p * s + q * r).sum() / (2 * big_r * big_s) + (q * s).sum() / (2 * big_s**2)
    )
    return _finished(float(np.log(big_r / big_s)), float(np.sqrt(variance)), yi, vi, s)


def _both(up: float, down: float) -> None:
    if up <= 0 or down <= 0:
        raise ValueError("the events of all studies lie in one group, so the ratio has no Mantel-Haenszel estimate")


def peto(a: Array, n1: Array, c: Array, n2: Array) -> CountFit:
    """Return Peto's one-step log odds ratio.

    Raises
    ------
    ValueError
        No study has both events and people without.

    References
    ----------
    Yusuf, Peto, Lewis, Collins and Sleight 1985, doi 10.1016/S0033-0620(85)80003-7.
    """
    n, m = n1 + n2, a + c
    expected = n1 * m / n
    with np.errstate(divide="ignore", invalid="ignore"):
        v = n1 * n2 * m * (n - m) / (n**2 * (n - 1))
        yi, vi = np.where(v > 0, (a - expected) / v, np.nan), np.where(v > 0, 1 / v, np.nan)
    v = np.where(v > 0, v, 0.0)
    if v.sum() <= 0:
        raise ValueError("no study has both events and people without, so there is no Peto estimate")
    return _finished(float((a - expected).sum() / v.sum()), float(1 / np.sqrt(v.sum())), yi, vi, v)
