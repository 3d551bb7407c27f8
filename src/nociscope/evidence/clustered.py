"""Studies that share a centre or a sample: a three-level model, or standard errors robust to the sharing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nociscope.evidence.effects import Array
from nociscope.evidence.heterogeneity import estimate_tau2, intercept, weighted
from nociscope.evidence.model import t_quantile, two_sided_p
from nociscope.evidence.reading import Effects
from nociscope.problems import BadInput, Problem

Method = Literal["three-level", "robust"]
Labels = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustered:
    """A pooled value that knows which studies belong together.

    Attributes
    ----------
    effects : Effects
    method : str
        ``three-level`` or ``robust`` (CR2 with Satterthwaite's degrees of freedom).
    clusters : tuple of str
        Each study's; a study without one is a cluster of its own.
    estimate, se, low, high, p : float
    df : float or None
        Of t; None where z was used.
    tau2_between, tau2_within : float
        Between clusters, and between studies of a cluster; for `robust` all of tau² is within.
    """

    effects: Effects
    method: str
    clusters: tuple[str, ...]
    estimate: float
    se: float
    low: float
    high: float
    p: float
    df: float | None
    tau2_between: float
    tau2_within: float

    @property
    def count(self) -> int:
        """How many clusters there are."""
        return len(set(self.clusters))

    def to_dict(self) -> dict[str, Any]:
        """Return the result as strict JSON holds it."""
        low, middle, high = (float(x) for x in self.effects.natural(np.array([self.low, self.estimate, self.high])))
        return {
            "method": self.method,
            "k": self.effects.k,
            "clusters": self.count,
            "estimate": self.estimate,
            "se": self.se,
            "ci_low": self.low,
            "ci_high": self.high,
            "p": self.p,
            "df": self.df,
            "tau2_between": self.tau2_between,
            "tau2_within": self.tau2_within,
            "natural": {"estimate": middle, "ci_low": low, "ci_high": high},
        }


def cluster_labels(effects: Effects, column: str) -> tuple[str, ...]:
    """Return each study's cluster; a study without one is alone in its own."""
    cells = effects.table.text(column)
    return tuple(c or f"(alone) {effects.names[i]} {i}" for i, c in enumerate(cells))


def pool_clustered(
    effects: Effects, column: str, *, method: Method = "three-level", tau2: str = "REML", level: float = 0.95
) -> Clustered:
    """Pool effects of which some come from the same cluster.

    Parameters
    ----------
    effects : Effects
    column : str
        The column that names the cluster.
    method : {'three-level', 'robust'}
        `three-level`: random effects of clusters and of studies within them, restricted likelihood (Konstantopoulos
        2011, doi 10.1002/jrsm.35), interval z. `robust`: the ordinary random-effects weights with the CR2 variance
        and its Satterthwaite degrees of freedom (Pustejovsky and Tipton 2018, doi 10.1080/07350015.2016.1247004).
    tau2 : str
        Estimator of the working model of `robust`.
    level : float

    Raises
    ------
    BadInput
        There are fewer than two clusters.
    """
    clusters = cluster_labels(effects, column)
    if len(set(clusters)) < 2:
        raise BadInput(
            Problem(
                what="all studies are of one cluster, so the spread between clusters is unknown",
                remedy="name another column",
                code="one-cluster",
                file=effects.table.file,
                column=column,
            )
        )
    index = np.unique(clusters, return_inverse=True)[1].astype(np.intp)
    if method == "robust":
        value = estimate_tau2(tau2, effects.yi, effects.vi, intercept(effects.k))
        estimate, se, df = robust_mean(effects.yi, effects.vi + value, index)
        between, within = 0.0, value
    else:
        between, within = three_level_reml(effects.yi, effects.vi, index)
        estimate, se = _gls(effects.yi, effects.vi, index, between, within)
        df = None
    if df is None:
        half, p = t_quantile(level, None) * se, float(two_sided_p(np.array(estimate / se), None))
    else:
        from scipy.special import stdtr, stdtrit

        half = float(stdtrit(df, 0.5 + level / 2)) * se
        p = 2 * float(stdtr(df, -abs(estimate / se)))
    return Clustered(
        effects=effects,
        method=method,
        clusters=clusters,
        estimate=estimate,
        se=se,
        low=estimate - half,
        high=estimate + half,
        p=p,
        df=df,
        tau2_between=between,
        tau2_within=within,
    )


def _gls(y: Array, v: Array, index: Labels, between: float, within: float) -> tuple[float, float]:
    total, moment, _, _ = _sums(y, v, index, between, within)
    return moment / total, float(1 / np.sqrt(total))


def _sums(y: Array, v: Array, index: Labels, between: float, within: float) -> tuple[float, float, Array, Array]:
    """Return 1'V⁻¹1, 1'V⁻¹y, and per cluster Σ1/d and its shrinkage 1/(1 + between·Σ1/d)."""
    w = 1.0 / (v + within)
    sums = np.bincount(index, w)
    shrink = 1.0 / (1.0 + between * sums)
    pulled = np.bincount(index, w * y) * shrink
    return float((sums * shrink).sum()), float(pulled.sum()), np.asarray(sums), np.asarray(shrink)


def _deviance(theta: Array, y: Array, v: Array, index: Labels) -> tuple[float, Array]:
    """Return minus twice the restricted log likelihood (without its constant) and its gradient by the variances."""
    between, within = float(theta[0]), float(theta[1])
    total, moment, sums, shrink = _sums(y, v, index, between, within)
    d = v + within
    w = 1.0 / d
    residual = y - moment / total
    pulls = np.bincount(index, w * residual)
    pulled = w * (residual - between * (shrink * pulls)[index])
    ones = w * shrink[index]
    value = np.log(d).sum() - np.log(shrink).sum() + np.log(total) + float((pulled * residual).sum())
    trace_within = float((w - between * (shrink[index]) * w**2).sum()) - float((ones**2).sum()) / total
    trace_between = float((sums * shrink).sum()) - float((np.bincount(index, ones) ** 2).sum()) / total
    return float(value), np.array(
        [
            trace_between - float((np.bincount(index, pulled) ** 2).sum()),
            trace_within - float((pulled**2).sum()),
        ]
    )


def three_level_reml(y: Array, v: Array, index: Labels) -> tuple[float, float]:
    """Return the variances between clusters and within them, by restricted likelihood.

    Parameters
    ----------
    y, v : array (k,)
    index : array of int (k,)
        Cluster of each effect, from 0.
    """
    from scipy.optimize import minimize

    scale = float(np.var(y)) + 1e-12

    def scaled(theta: Array) -> tuple[float, Array]:
        value, gradient = _deviance(theta * scale, y, v, index)
        return value, gradient * scale

    best: tuple[float, Array] | None = None
    for share in ((0.5, 0.5), (0.9, 0.1), (0.1, 0.9)):
        found = minimize(
            scaled,
            np.array(share),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, None), (0.0, None)],
            options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 2000},
        )
        if best is None or found.fun < best[0] - 1e-10:
            best = (float(found.fun), np.asarray(found.x) * scale)
    assert best is not None
    return float(best[1][0]), float(best[1][1])


def robust_mean(y: Array, total: Array, index: Labels) -> tuple[float, float, float]:
    """Return a weighted mean with its CR2 standard error and degrees of freedom.

    Parameters
    ----------
    y : array (k,)
    total : array (k,)
        Working variances; the weights are their inverses.
    index : array of int (k,)
    """
    w = 1.0 / total
    beta, inverse, residual = weighted(y, w, intercept(y.size))
    bread = float(inverse[0, 0])
    # The residual-maker's covariance under the working model, and its part for each cluster.
    pieces: list[Array] = []
    groups = np.unique(index)
    for j in groups:
        inside = index == j
        d = np.sqrt(total[inside])
        b = d[:, None] * (np.diag(total[inside]) - bread) * d[None, :]
        values, vectors = np.linalg.eigh(b)
        root = np.where(values > 1e-12 * values.max(), 1 / np.sqrt(np.maximum(values, 1e-300)), 0.0)
        adjust = d[:, None] * ((vectors * root) @ vectors.T) * d[None, :]
        pieces.append(adjust @ w[inside])
    scores = np.array([float(p @ residual[index == j]) for p, j in zip(pieces, groups, strict=True)])
    se = float(bread * np.sqrt((scores**2).sum()))
    k = y.size
    maker = np.eye(k) - bread * np.outer(np.ones(k), w)
    rows = np.array([bread * (p @ maker[index == j]) for p, j in zip(pieces, groups, strict=True)])
    p_matrix = (rows * total) @ rows.T
    df = float(np.trace(p_matrix) ** 2 / (p_matrix**2).sum())
    return float(beta[0]), se, df
