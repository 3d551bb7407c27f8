"""The Bayesian normal-normal model, integrated by quadrature: no sampling, the same answer every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nociscope.evidence.effects import Array
from nociscope.evidence.reading import Effects
from nociscope.problems import UsageError

TauPrior = Literal["half-normal", "half-cauchy", "uniform"]
_NODES = 200
_PIECES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class BayesResult:
    """The posterior of a normal-normal model.

    Attributes
    ----------
    effects : Effects
    priors : str
        In words.
    mean, sd, median : float
        Of the pooled value.
    low, high : float
        Central interval.
    tau_median, tau_low, tau_high : float
        Of the standard deviation between studies.
    prediction : (float, float)
        Central interval of a new study's effect.
    p_positive : float
        Probability that the pooled value is above zero on the pooling scale.
    level : float
    """

    effects: Effects
    priors: str
    mean: float
    sd: float
    median: float
    low: float
    high: float
    tau_median: float
    tau_low: float
    tau_high: float
    prediction: tuple[float, float]
    p_positive: float
    level: float

    def to_dict(self) -> dict[str, Any]:
        """Return the result as strict JSON holds it."""
        values = np.array([self.median, self.low, self.high, *self.prediction])
        names = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
        natural = dict(zip(names, (float(x) for x in self.effects.natural(values)), strict=True))
        return {
            "priors": self.priors,
            "mean": self.mean,
            "sd": self.sd,
            "estimate": self.median,
            "ci_low": self.low,
            "ci_high": self.high,
            "tau": self.tau_median,
            "tau_low": self.tau_low,
            "tau_high": self.tau_high,
            "pi_low": self.prediction[0],
            "pi_high": self.prediction[1],
            "p_positive": self.p_positive,
            "natural": natural,
        }


def _prior(name: str, scale: float, tau: Array) -> Array:
    if name == "half-normal":
        return -0.5 * (tau / scale) ** 2
    if name == "half-cauchy":
        return -np.log1p((tau / scale) ** 2)
    return np.where(tau <= scale, 0.0, -np.inf)


def _grid(name: str, scale: float, y: Array, v: Array) -> tuple[Array, Array]:
    """Return nodes and log weights on tau: Gauss-Legendre on pieces that widen with distance from zero."""
    reach = scale if name == "uniform" else 40.0 * max(scale, float(np.ptp(y)) + float(np.sqrt(v.max())))
    if name == "half-cauchy":
        reach *= 1e4
    fine = min(float(np.sqrt(v.min())), scale, reach) / 4
    edges = np.concatenate([[0.0], np.geomspace(fine, reach, _PIECES)])
    x, w = np.polynomial.legendre.leggauss(_NODES // 5)
    half = np.diff(edges)[:, None] / 2
    nodes = edges[:-1, None] + half * (1 + x[None, :])
    return nodes.ravel(), np.log((half * w[None, :]).ravel())


def _posterior(
    y: Array, v: Array, tau_prior: str, tau_scale: float, mean: float, sd: float | None
) -> tuple[Array, Array, Array, Array]:
    """Return nodes on tau, their posterior weights, and mean and variance of the pooled value given each."""
    tau, log_w = _grid(tau_prior, tau_scale, y, v)
    total = v[None, :] + tau[:, None] ** 2
    w = 1.0 / total
    precision, moment, square = w.sum(axis=1), (w * y).sum(axis=1), (w * y**2).sum(axis=1)
    if sd is not None:
        precision, moment, square = precision + sd**-2, moment + mean / sd**2, square + mean**2 / sd**2
    centre, variance = moment / precision, 1.0 / precision
    log = log_w + _prior(tau_prior, tau_scale, tau)
    log = log - 0.5 * (np.log(total).sum(axis=1) + np.log(precision) + square - moment * centre)
    p = np.exp(log - log.max())
    return tau, p / p.sum(), centre, variance


def pool_bayes(
    effects: Effects,
    *,
    tau_prior: str = "half-normal",
    tau_scale: float = 0.5,
    mean: float = 0.0,
    sd: float | None = None,
    level: float = 0.95,
) -> BayesResult:
    """Return the posterior of the pooled value, of tau and of a new study's effect.

    Parameters
    ----------
    effects : Effects
    tau_prior : {'half-normal', 'half-cauchy', 'uniform'}
    tau_scale : float
        Scale of that prior on tau, on the pooling scale; the upper end of `uniform`.
    mean, sd : float
        Normal prior of the pooled value; without `sd` it is flat.
    level : float

    Raises
    ------
    UsageError
        A prior makes no sense, or is improper with so few studies.

    References
    ----------
    Röver 2020, doi 10.18637/jss.v093.i06. Given tau everything is normal, so one integral remains.
    """
    if tau_prior not in ("half-normal", "half-cauchy", "uniform"):
        raise UsageError(f"There is no prior “{tau_prior}”; there are half-normal, half-cauchy and uniform.")
    if not tau_scale > 0 or (sd is not None and not sd > 0):
        raise UsageError("The scales of priors must be positive.")
    tau, p, centre, variance = _posterior(effects.yi, effects.vi, tau_prior, tau_scale, mean, sd)
    average = float((p * centre).sum())
    spread = float(np.sqrt((p * (variance + (centre - average) ** 2)).sum()))
    tail = (1 - level) / 2
    low, median, high = (_quantile(q, p, centre, np.sqrt(variance)) for q in (tail, 0.5, 1 - tail))
    wide = np.sqrt(variance + tau**2)
    from scipy.special import ndtr

    order = np.argsort(tau)
    cumulated = np.cumsum(p[order]) - 0.5 * p[order]
    tau_low, tau_median, tau_high = (float(np.interp(q, cumulated, tau[order])) for q in (tail, 0.5, 1 - tail))
    belief = "flat" if sd is None else f"normal({mean:g}, {sd:g})"
    return BayesResult(
        effects=effects,
        priors=f"pooled value {belief}; tau {tau_prior}({tau_scale:g})",
        mean=average,
        sd=spread,
        median=median,
        low=low,
        high=high,
        tau_median=tau_median,
        tau_low=tau_low,
        tau_high=tau_high,
        prediction=(_quantile(tail, p, centre, wide), _quantile(1 - tail, p, centre, wide)),
        p_positive=float((p * ndtr(centre / np.sqrt(variance))).sum()),
        level=level,
    )


def _quantile(q: float, p: Array, centre: Array, sd: Array) -> float:
    """Return a quantile of a mixture of normals."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    keep = p > 1e-18
    p, centre, sd = p[keep], centre[keep], sd[keep]
    far = float((np.abs(centre) + 10 * sd).max()) + 1e-300

    def above(x: float) -> float:
        return float((p * ndtr((x - centre) / sd)).sum()) - q

    return float(brentq(above, -far, far, xtol=1e-12 * far, rtol=1e-13))
