"""The common- and random-effects model: coefficients, their intervals, prediction intervals, heterogeneity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from nociscope.evidence.effects import Array
from nociscope.evidence.heterogeneity import estimate_tau2, q_at, trace_p, weighted, y_df

Interval = Literal["z", "t", "hk", "hk-adhoc"]
Prediction = Literal["z", "t1", "hts", "hk"]
INTERVALS: tuple[str, ...] = get_args(Interval)
PREDICTIONS: tuple[str, ...] = get_args(Prediction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One fitted model.

    Attributes
    ----------
    beta, se : array (p,)
        Coefficients and the standard errors behind the interval (with Hartung-Knapp, scaled).
    low, high, statistic, p : array (p,)
    se_classic : array (p,)
        Standard errors without that scaling.
    covariance : array (p, p)
        Of the coefficients, scaled like `se`.
    tau2 : float
    q, q_p : float
        Cochran's Q (the residual one with moderators).
    df : int
        k - p.
    interval : str
        As used: `z` where too few studies were there for what was asked.
    scale : float
        The Hartung-Knapp factor, 1 without it; below 1 the interval is narrower than the classic one.
    weights : array (k,)
        In percent.
    """

    beta: Array
    se: Array
    low: Array
    high: Array
    statistic: Array
    p: Array
    se_classic: Array
    covariance: Array
    tau2: float
    q: float
    q_p: float
    df: int
    interval: str
    scale: float
    weights: Array


def t_quantile(level: float, df: int | None) -> float:
    """Return the two-sided critical value of Student's t, of the normal distribution where `df` is None."""
    from scipy.special import ndtri, stdtrit

    upper = 0.5 + level / 2
    return float(ndtri(upper) if df is None else stdtrit(df, upper))


def two_sided_p(statistic: Array, df: int | None) -> Array:
    """Return two-sided p values of Student's t, of the normal distribution where `df` is None."""
    from scipy.special import ndtr, stdtr

    at = -np.abs(np.asarray(statistic, dtype=np.float64))
    return np.asarray(2.0 * (ndtr(at) if df is None else stdtr(df, at)))


def fit_model(
    y: Array, v: Array, x: Array, *, tau2: float | str = 0.0, interval: str = "z", level: float = 0.95
) -> Fit:
    """Fit the model with a known tau² or an estimator's.

    Parameters
    ----------
    y, v : array (k,)
    x : array (k, p)
        Design matrix.
    tau2 : float or str
        A value (0 is the common-effect model) or the name of an estimator.
    interval : {'z', 't', 'hk', 'hk-adhoc'}
        `hk` scales the variance by the weighted residual mean square (Hartung and Knapp 2001, doi 10.1002/sim.791;
        Sidik and Jonkman 2002, doi 10.1002/sim.1262) and takes t with k-p degrees of freedom; `hk-adhoc` lets the
        factor not fall below 1 (Knapp and Hartung 2003, doi 10.1002/sim.1482); `t` takes the classic variance with t.
    level : float

    Returns
    -------
    Fit
    """
    from scipy.special import chdtrc

    df = y_df(y, x)
    value = tau2 if isinstance(tau2, float | int) else estimate_tau2(tau2, y, v, x) if df > 0 else 0.0
    w = 1.0 / (v + value)
    beta, inverse, residual = weighted(y, w, x)
    used = interval if df > 0 else "z"
    scale = 1.0
    if used in ("hk", "hk-adhoc"):
        scale = float((w * residual**2).sum() / df)
        if used == "hk-adhoc":
            scale = max(1.0, scale)
    classic = np.sqrt(np.diag(inverse))
    se = classic * np.sqrt(scale)
    half = t_quantile(level, None if used == "z" else df) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = beta / se
    q = q_at(0.0, y, v, x) if df > 0 else 0.0
    return Fit(
        beta=beta,
        se=se,
        low=beta - half,
        high=beta + half,
        statistic=statistic,
        p=two_sided_p(statistic, None if used == "z" else df),
        se_classic=classic,
        covariance=inverse * scale,
        tau2=float(value),
        q=q,
        q_p=float(chdtrc(df, q)) if df > 0 else 1.0,
        df=df,
        interval=used,
        scale=scale,
        weights=100.0 * w / w.sum(),
    )


def inconsistency_of_q(q: float, df: int) -> float:
    """Return I² in percent from Q, (Q-df)/Q, cut at zero (Higgins and Thompson 2002, doi 10.1002/sim.1186)."""
    return 100.0 * max(0.0, (q - df) / q) if df > 0 and q > 0 else 0.0


def inconsistency_of_tau2(tau2: float, v: Array, x: Array) -> tuple[float, float]:
    """Return I² in percent and H² from tau² and the typical sampling variance."""
    typical = y_df(v, x) / trace_p(1.0 / v, x)
    return 100.0 * tau2 / (tau2 + typical), 1.0 + tau2 / typical


def prediction_interval(
    kind: str, estimate: float, se: float, se_hk: float, tau2: float, k: int, level: float = 0.95
) -> tuple[float, float] | None:
    """Return where the effect of a new study of the same kind would lie; None where the convention cannot say.

    Parameters
    ----------
    kind : {'z', 't1', 'hts', 'hk'}
        Normal deviate; t with k-1; t with k-2 (Higgins, Thompson and Spiegelhalter 2009,
        doi 10.1111/j.1467-985X.2008.00552.x), each with the classic standard error; t with k-1 with the Hartung-Knapp
        one (Partlett and Riley 2017, doi 10.1002/sim.7140).
    estimate, se, se_hk, tau2 : float
    k : int
        Studies. One study says nothing about the next.
    level : float
    """
    df = {"z": None, "t1": k - 1, "hts": k - 2, "hk": k - 1}[kind]
    if k < 2 or (df is not None and df < 1):
        return None
    half = t_quantile(level, df) * float(np.sqrt(tau2 + (se_hk if kind == "hk" else se) ** 2))
    return estimate - half, estimate + half
