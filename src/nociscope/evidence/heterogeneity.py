"""How much studies differ: Q, eight estimators of the between-study variance, its Q-profile interval, I² and H².

`x` is the design matrix (k, p); a column of ones where nothing moderates. What solves an equation solves it to the
last digits, so that two programs which do the same agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from nociscope.evidence.effects import Array

Tau2Method = Literal["DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM"]
TAU2_METHODS: tuple[str, ...] = get_args(Tau2Method)


def intercept(k: int) -> Array:
    """Return the design matrix without moderators (k, 1)."""
    return np.ones((k, 1))


def weighted(y: Array, w: Array, x: Array) -> tuple[Array, Array, Array]:
    """Return the weighted least-squares coefficients, the inverse of X'WX, and the residuals."""
    if x.shape[1] == 1 and (x == 1.0).all():
        total = w.sum()
        beta = np.array([(w * y).sum() / total])
        return beta, np.array([[1.0 / total]]), y - beta[0]
    root = np.sqrt(w)
    q, r = np.linalg.qr(x * root[:, None])
    beta = np.linalg.solve(r, q.T @ (root * y))
    inverse = np.linalg.inv(r)
    return beta, inverse @ inverse.T, y - x @ beta


def q_at(tau2: float, y: Array, v: Array, x: Array) -> float:
    """Return the weighted residual sum of squares with weights 1/(v + tau2); Cochran's Q at zero."""
    w = 1.0 / (v + tau2)
    residual = weighted(y, w, x)[2]
    return float((w * residual**2).sum())


def trace_p(w: Array, x: Array) -> float:
    """Return the trace of W - WX(X'WX)⁻¹X'W."""
    inverse = weighted(w, w, x)[1]
    return float(w.sum() - np.trace(inverse @ (x.T @ (x * (w**2)[:, None]))))


def typical_variance(v: Array, x: Array) -> float:
    """Return the typical sampling variance of Higgins and Thompson, (k-p)/tr P.

    References
    ----------
    Higgins and Thompson 2002, doi 10.1002/sim.1186.
    """
    return float((y_df(v, x)) / trace_p(1.0 / v, x))


def y_df(y: Array, x: Array) -> int:
    """Return the degrees of freedom k - p."""
    return int(y.size - x.shape[1])


def estimate_tau2(method: str, y: Array, v: Array, x: Array) -> float:
    """Return the between-study variance, cut at zero.

    Parameters
    ----------
    method : {'DL', 'HE', 'HS', 'SJ', 'ML', 'REML', 'EB', 'PM'}
        DerSimonian-Laird (doi 10.1016/0197-2456(86)90046-2), Hedges (doi 10.1037/0033-2909.93.2.388),
        Hunter-Schmidt, Sidik-Jonkman (doi 10.1111/j.1467-9876.2005.00489.x), maximum and restricted maximum
        likelihood (doi 10.3102/10769986030003261), empirical Bayes (Morris, doi 10.1080/01621459.1983.10477920) and
        Paule-Mandel (doi 10.6028/jres.087.022); the last two solve the same equation.
    y, v : array (k,)
        Effects and their sampling variances.
    x : array (k, p)
        Design matrix.

    Raises
    ------
    ValueError
        There is no such estimator, or no degree of freedom is left.
    """
    if method not in _ESTIMATORS:
        raise ValueError(f"there is no estimator {method}; there are {', '.join(TAU2_METHODS)}")
    if y_df(y, x) < 1:
        raise ValueError("the between-study variance needs more studies than coefficients")
    return max(0.0, _ESTIMATORS[method](y, v, x))


def _dl(y: Array, v: Array, x: Array) -> float:
    return (q_at(0.0, y, v, x) - y_df(y, x)) / trace_p(1.0 / v, x)


def _he(y: Array, v: Array, x: Array) -> float:
    _, inverse, residual = weighted(y, np.ones_like(y), x)
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    return float(((residual**2).sum() - (v * (1 - leverage)).sum()) / y_df(y, x))


def _hs(y: Array, v: Array, x: Array) -> float:
    return (q_at(0.0, y, v, x) - y.size) / float((1.0 / v).sum())


def _sj(y: Array, v: Array, x: Array) -> float:
    crude = float(np.mean((y - y.mean()) ** 2))
    if crude <= 0:
        return 0.0
    return crude * q_at(crude, y, v, x) / y_df(y, x)


def _pm(y: Array, v: Array, x: Array) -> float:
    return solve_q(float(y_df(y, x)), y, v, x)


def solve_q(target: float, y: Array, v: Array, x: Array) -> float:
    """Return the tau² at which the generalised Q equals `target`; zero when Q is below it everywhere.

    Q falls steadily with tau², so the root is one (DerSimonian and Kacker 2007, doi 10.1016/j.cct.2006.04.004).
    """
    return _root(lambda t: q_at(t, y, v, x) - target, float(v.mean()) + float(np.var(y)))


def _root(falling: Callable[[float], float], scale: float) -> float:
    """Return where a falling function crosses zero, 0 when it is below zero at once."""
    from scipy.optimize import brentq

    if falling(0.0) <= 0:
        return 0.0
    high = max(scale, 1e-300)
    while falling(high) > 0:
        high *= 4.0
    return float(brentq(falling, 0.0, high, xtol=1e-300, rtol=1e-14, maxiter=500))


def likelihood(tau2: Array, y: Array, v: Array, x: Array, restricted: bool = True) -> Array:
    """Return the log likelihood (without its constant) at each of several tau², the coefficients profiled out."""
    total = v[None, :] + tau2[:, None]
    w = 1.0 / total
    xtwx = np.einsum("gi,ij,ik->gjk", w, x, x)
    beta = np.linalg.solve(xtwx, np.einsum("gi,ij,i->gj", w, x, y)[..., None])[..., 0]
    residual = y[None, :] - beta @ x.T
    value = -0.5 * (np.log(total).sum(axis=1) + (w * residual**2).sum(axis=1))
    if restricted:
        value = value - 0.5 * np.linalg.slogdet(xtwx)[1]
    return np.asarray(value)


def _score(tau2: float, y: Array, v: Array, x: Array, restricted: bool) -> float:
    """Return twice the derivative of :func:`likelihood`."""
    w = 1.0 / (v + tau2)
    residual = weighted(y, w, x)[2]
    spread = trace_p(w, x) if restricted else float(w.sum())
    return float(((w * residual) ** 2).sum()) - spread


_GRID = np.concatenate([[0.0], np.geomspace(1e-6, 1e3, 46)])


def _maximum(y: Array, v: Array, x: Array, restricted: bool) -> float:
    """Return the tau² of the highest likelihood: the best place of a grid, then the root of the score beside it."""
    from scipy.optimize import brentq

    grid = _GRID * (float(np.var(y)) + float(v.mean()))
    best = int(np.argmax(likelihood(grid, y, v, x, restricted)))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    at_low, at_high = _score(low, y, v, x, restricted), _score(high, y, v, x, restricted)
    if at_low <= 0 or at_high >= 0:
        return float(grid[best]) if best else 0.0
    return float(
        brentq(_score, low, high, args=(y, v, x, restricted), xtol=1e-300, rtol=1e-14, maxiter=500),
    )


def _ml(y: Array, v: Array, x: Array) -> float:
    return _maximum(y, v, x, restricted=False)


def _reml(y: Array, v: Array, x: Array) -> float:
    return _maximum(y, v, x, restricted=True)


_ESTIMATORS: dict[str, Callable[[Array, Array, Array], float]] = {
    "DL": _dl,
    "HE": _he,
    "HS": _hs,
    "SJ": _sj,
    "ML": _ml,
    "REML": _reml,
    "EB": _pm,
    "PM": _pm,
}


def q_profile(y: Array, v: Array, x: Array, level: float = 0.95) -> tuple[float, float]:
    """Return the Q-profile interval of tau².

    Both ends are roots of the generalised Q against chi-squared quantiles; (0, 0) means that the studies agree better
    than chance lets them at every tau².

    References
    ----------
    Viechtbauer 2007, doi 10.1002/sim.2514.
    """
    from scipy.special import chdtri

    df, tail = y_df(y, x), (1 - level) / 2
    upper, lower = float(chdtri(df, tail)), float(chdtri(df, 1 - tail))
    return solve_q(upper, y, v, x), solve_q(lower, y, v, x)
