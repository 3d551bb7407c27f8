"""Small-study effects: Egger's regression, Begg's rank correlation, trim-and-fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nociscope.evidence.effects import Array
from nociscope.evidence.heterogeneity import intercept
from nociscope.evidence.model import fit_model, two_sided_p
from nociscope.evidence.regression import precision_slope


@dataclass(frozen=True, slots=True, kw_only=True)
class Egger:
    """Egger's test: `bias` is the intercept of effect/SE on 1/SE, with its standard error; `t` has `df` degrees."""

    bias: float
    se: float
    t: float
    df: int
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Begg:
    """Begg and Mazumdar's test: Kendall's tau; `exact` tells whether p counts orders (there were no ties)."""

    tau: float
    p: float
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trimmed:
    """Trim-and-fill: how many studies seem to be missing on which side, and the value with them filled in."""

    k0: int
    side: Literal["left", "right"]
    estimate: float
    se: float
    low: float
    high: float
    tau2: float
    yi: tuple[float, ...]
    vi: tuple[float, ...]


def egger(y: Array, v: Array) -> Egger | None:
    """Return Egger's test; None when all studies are equally precise or lie on one line.

    References
    ----------
    Egger, Davey Smith, Schneider and Minder 1997, doi 10.1136/bmj.315.7109.629.
    """
    s = np.sqrt(v)
    if y.size < 3 or float(np.ptp(s)) <= 1e-12 * float(s.max()):
        return None
    slope, error, _ = precision_slope(y, v, s)
    if not error > 1e-14 * max(1.0, abs(slope)):
        return None
    t = slope / error
    df = int(y.size - 2)
    return Egger(bias=slope, se=error, t=t, df=df, p=float(two_sided_p(np.array(t), df)))


def begg(y: Array, v: Array) -> Begg | None:
    """Return the rank correlation of standardised effects and variances; None when one of them does not vary.

    Without ties the p value is exact, else normal.

    References
    ----------
    Begg and Mazumdar 1994, doi 10.2307/2533446.
    """
    from scipy.stats import kendalltau

    if y.size < 3:
        return None
    w = 1.0 / v
    pooled = float((w * y).sum() / w.sum())
    deviates = (y - pooled) / np.sqrt(np.maximum(v - 1.0 / w.sum(), 1e-300))
    # Equal data must tie, whatever rounding made of their deviates.
    scale = float(np.abs(deviates).max()) or 1.0
    deviates = np.round(deviates / scale, 12)
    ties = np.unique(deviates).size < y.size or np.unique(v).size < y.size
    if np.unique(deviates).size < 2 or np.unique(v).size < 2:
        return None
    found = kendalltau(deviates, v, method="asymptotic" if ties else "exact")
    return Begg(tau=float(found.statistic), p=float(found.pvalue), exact=not ties)


def trim_and_fill(
    y: Array, v: Array, *, tau2: float | str = "REML", interval: str = "z", level: float = 0.95
) -> Trimmed:
    """Return trim-and-fill with the estimator L0.

    The side on which studies seem to be missing is the one opposite to where small studies tend to (the sign of the
    slope of effect on standard error in the same model).

    Parameters
    ----------
    y, v : array (k,)
    tau2 : float or str
        The model's estimator, or 0 for the common-effect model.
    interval : {'z', 't', 'hk', 'hk-adhoc'}
    level : float

    References
    ----------
    Duval and Tweedie 2000, doi 10.1111/j.0006-341X.2000.00455.x.
    """
    side = _missing_side(y, v, tau2)
    flipped = -y if side == "right" else y
    order = np.argsort(flipped, kind="stable")
    ys, vs = flipped[order], v[order]
    k = y.size
    k0, seen = 0, set()
    for _ in range(100):
        seen.add(k0)
        centre = float(_centre(ys[: k - k0], vs[: k - k0], tau2))
        deviation = ys - centre
        ranks = _average_ranks(np.abs(deviation))
        t = float(ranks[deviation > 0].sum())
        new = max(0, int(np.round((4 * t - k * (k + 1)) / (2 * k - 1))))
        new = min(new, k - 1)
        if new in seen:
            k0 = new
            break
        k0 = new
    centre = float(_centre(ys[: k - k0], vs[: k - k0], tau2))
    fill_y = 2 * centre - ys[k - k0 :] if k0 else np.empty(0)
    fill_v = vs[k - k0 :] if k0 else np.empty(0)
    sign = -1.0 if side == "right" else 1.0
    all_y, all_v = np.concatenate([y, sign * fill_y]), np.concatenate([v, fill_v])
    fit = fit_model(all_y, all_v, intercept(all_y.size), tau2=tau2, interval=interval, level=level)
    return Trimmed(
        k0=k0,
        side=side,
        estimate=float(fit.beta[0]),
        se=float(fit.se[0]),
        low=float(fit.low[0]),
        high=float(fit.high[0]),
        tau2=fit.tau2,
        yi=tuple(float(a) for a in sign * fill_y),
        vi=tuple(float(a) for a in fill_v),
    )


def _missing_side(y: Array, v: Array, tau2: float | str) -> Literal["left", "right"]:
    s = np.sqrt(v)
    if y.size < 3 or float(np.ptp(s)) <= 1e-12 * float(s.max()):
        return "left"
    slope = fit_model(y, v, np.column_stack([np.ones_like(s), s]), tau2=tau2).beta[1]
    return "right" if slope < 0 else "left"


def _centre(y: Array, v: Array, tau2: float | str) -> float:
    return float(fit_model(y, v, intercept(y.size), tau2=tau2).beta[0])


def _average_ranks(values: Array) -> Array:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values), dtype=np.float64)
