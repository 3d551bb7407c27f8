"""Effect sizes and their sampling variances, on the scale on which they are pooled.

All functions take and give arrays with one entry a study. Nothing is corrected here unless it is said so: one half is
added to the cells of a study only where one of its cells is empty, as in Viechtbauer 2010, doi 10.18637/jss.v036.i03.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Transform = Literal["raw", "logit", "arcsine", "freeman-tukey"]
Pair = tuple[Array, Array]

HALF = 0.5
"""Added to the cells of a study that has an empty one."""


def _array(values: object) -> Array:
    return np.asarray(values, dtype=np.float64)


def proportion(events: object, n: object, transform: Transform = "logit") -> Pair:
    """Return single proportions on the scale of a transform, with their variances.

    Parameters
    ----------
    events, n : array (k,)
        Counts; `events` from 0 to `n`.
    transform : {'raw', 'logit', 'arcsine', 'freeman-tukey'}
        On the raw and logit scales a study with no event, or with events only, gets one half added to both its cells.
        Freeman-Tukey is the half-angle form, with variance 1/(4n+2).

    Returns
    -------
    yi, vi : array (k,)

    References
    ----------
    Freeman and Tukey 1950, doi 10.1214/aoms/1177729756; Miller 1978, doi 10.1080/00031305.1978.10479283.
    """
    x, m = _array(events), _array(n)
    if transform == "arcsine":
        return np.arcsin(np.sqrt(x / m)), 1.0 / (4.0 * m)
    if transform == "freeman-tukey":
        y = 0.5 * (np.arcsin(np.sqrt(x / (m + 1.0))) + np.arcsin(np.sqrt((x + 1.0) / (m + 1.0))))
        return y, 1.0 / (4.0 * m + 2.0)
    empty = (x <= 0) | (x >= m)
    x, m = np.where(empty, x + HALF, x), np.where(empty, m + 2 * HALF, m)
    if transform == "raw":
        p = x / m
        return p, p * (1.0 - p) / m
    return np.log(x / (m - x)), 1.0 / x + 1.0 / (m - x)


def halved_cells(
    a: object, n1: object, c: object, n2: object
) -> tuple[Array, Array, Array, Array, NDArray[np.bool_]]:
    """Return the four cells of two-group counts, one half added in studies with an empty one, and which these are."""
    e1, e2 = _array(a), _array(c)
    f1, f2 = _array(n1) - e1, _array(n2) - e2
    empty = (e1 == 0) | (f1 == 0) | (e2 == 0) | (f2 == 0)
    more = np.where(empty, HALF, 0.0)
    return e1 + more, f1 + more, e2 + more, f2 + more, empty


def two_groups(a: object, n1: object, c: object, n2: object, measure: Literal["or", "rr", "rd"]) -> Pair:
    """Return log odds ratios, log risk ratios or risk differences of group 1 against group 2, with variances.

    Parameters
    ----------
    a, n1 : array (k,)
        Events and size of the group of interest.
    c, n2 : array (k,)
        Those of the controls.
    measure : {'or', 'rr', 'rd'}

    Returns
    -------
    yi, vi : array (k,)
    """
    e1, f1, e2, f2, _ = halved_cells(a, n1, c, n2)
    m1, m2 = e1 + f1, e2 + f2
    if measure == "or":
        return np.log(e1 * f2 / (f1 * e2)), 1 / e1 + 1 / f1 + 1 / e2 + 1 / f2
    if measure == "rr":
        return np.log((e1 / m1) / (e2 / m2)), 1 / e1 - 1 / m1 + 1 / e2 - 1 / m2
    p1, p2 = e1 / m1, e2 / m2
    return p1 - p2, p1 * (1 - p1) / m1 + p2 * (1 - p2) / m2


def mean_difference(m1: object, s1: object, n1: object, m2: object, s2: object, n2: object) -> Pair:
    """Return differences of means with their variances (no common variance is assumed)."""
    return _array(m1) - _array(m2), _array(s1) ** 2 / _array(n1) + _array(s2) ** 2 / _array(n2)


def hedges_correction(degrees: object) -> Array:
    """Return the exact small-sample correction J of Hedges for so many degrees of freedom.

    References
    ----------
    Hedges 1981, doi 10.3102/10769986006002107: J = Γ(m/2) / (√(m/2) Γ((m-1)/2)).
    """
    from scipy.special import gammaln

    m = _array(degrees)
    return np.exp(gammaln(m / 2) - 0.5 * np.log(m / 2) - gammaln((m - 1) / 2))


def standardised_difference(m1: object, s1: object, n1: object, m2: object, s2: object, n2: object) -> Pair:
    """Return Hedges' g, exactly corrected, with variance 1/n1 + 1/n2 + g²/(2(n1+n2))."""
    a, b = _array(n1), _array(n2)
    pooled = np.sqrt(((a - 1) * _array(s1) ** 2 + (b - 1) * _array(s2) ** 2) / (a + b - 2))
    g = hedges_correction(a + b - 2) * (_array(m1) - _array(m2)) / pooled
    return g, 1 / a + 1 / b + g**2 / (2 * (a + b))


def ratio_of_means(m1: object, s1: object, n1: object, m2: object, s2: object, n2: object) -> Pair:
    """Return log ratios of means with delta-method variances.

    References
    ----------
    Hedges, Gurevitch and Curtis 1999, doi 10.2307/177062.
    """
    x, y = _array(m1), _array(m2)
    return np.log(x / y), _array(s1) ** 2 / (_array(n1) * x**2) + _array(s2) ** 2 / (_array(n2) * y**2)


def one_mean(mean: object, sd: object, n: object, log: bool = False) -> Pair:
    """Return single means, or their logarithms, with variances."""
    m, variance = _array(mean), _array(sd) ** 2 / _array(n)
    return (np.log(m), variance / m**2) if log else (m.copy(), variance)


# --- back to the natural scale -----------------------------------------------------------------------------------


def inverse_logit(y: object) -> Array:
    """Return 1/(1+exp(-y)), without overflow."""
    from scipy.special import expit

    return _array(expit(_array(y)))


def inverse_arcsine(y: object) -> Array:
    """Return sin² y; beyond 0 and π/2, the scale's ends, it is 0 and 1."""
    return np.sin(np.clip(_array(y), 0.0, np.pi / 2)) ** 2


def inverse_freeman_tukey(y: object, n: float) -> Array:
    """Return the proportion of a Freeman-Tukey value for a study of `n` people.

    For a pooled value `n` is the harmonic mean of the sizes, which misleads where sizes differ much (Schwarzer 2019,
    doi 10.1002/jrsm.1348).

    References
    ----------
    Miller 1978, doi 10.1080/00031305.1978.10479283.
    """
    t = 2.0 * _array(y)
    low = float(2.0 * proportion(0.0, n, "freeman-tukey")[0])
    high = float(2.0 * proportion(n, n, "freeman-tukey")[0])
    inside = np.clip(t, low, high)
    s = np.sin(inside)
    root = 1.0 - (s + (s - 1.0 / s) / n) ** 2
    p = 0.5 * (1.0 - np.sign(np.cos(inside)) * np.sqrt(np.maximum(root, 0.0)))
    return np.where(t <= low, 0.0, np.where(t >= high, 1.0, p))


def binomial_interval(
    events: float, n: float, level: float = 0.95, method: str = "clopper-pearson"
) -> tuple[float, float]:
    """Return the interval of one study's proportion, as forest plots show it.

    Parameters
    ----------
    events, n : float
    level : float
    method : {'clopper-pearson', 'wilson'}

    References
    ----------
    Clopper and Pearson 1934, doi 10.1093/biomet/26.4.404; Wilson 1927, doi 10.1080/01621459.1927.10502953.
    """
    from scipy.special import betaincinv, ndtri

    tail = (1 - level) / 2
    if method == "wilson":
        z2 = float(ndtri(1 - tail)) ** 2
        p = events / n
        centre, half = p + z2 / (2 * n), np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n)))
        return float((centre - half) / (1 + z2 / n)), float((centre + half) / (1 + z2 / n))
    low = 0.0 if events <= 0 else float(betaincinv(events, n - events + 1, tail))
    high = 1.0 if events >= n else float(betaincinv(events + 1, n - events, 1 - tail))
    return low, high
