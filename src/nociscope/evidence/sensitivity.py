"""What single studies do to the result: leave-one-out, cumulative, influence, Baujat's two coordinates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nociscope.evidence.heterogeneity import intercept
from nociscope.evidence.model import fit_model
from nociscope.evidence.reading import Effects
from nociscope.problems import BadInput
from nociscope.tsv import parse_number

if TYPE_CHECKING:
    from nociscope.evidence.pooling import Estimate

Refit = Callable[[Effects], "Estimate"]


@dataclass(frozen=True, slots=True)
class Step:
    """One refit: the study left out or added, the studies used, and what came out (None: no estimate)."""

    study: str
    effects: Effects
    estimate: Estimate | None


def _refitted(name: str, part: Effects, refit: Refit) -> Step:
    try:
        return Step(name, part, refit(part))
    except BadInput:  # an odds ratio without events in one group, say
        return Step(name, part, None)


def leave_one_out(effects: Effects, refit: Refit) -> tuple[Step, ...]:
    """Return the result without each study in turn; nothing for a single study."""
    if effects.k < 2:
        return ()
    everyone = range(effects.k)
    return tuple(
        _refitted(name, effects.only([j for j in everyone if j != i]), refit) for i, name in enumerate(effects.names)
    )


def _sort_key(cell: str) -> tuple[int, float, str]:
    try:
        number = parse_number(cell)
    except ValueError:
        return 1, 0.0, cell
    return (2, 0.0, "") if number is None else (0, number, "")


def cumulative(effects: Effects, column: str, refit: Refit) -> tuple[Step, ...]:
    """Return the result as the studies come in, sorted by a column.

    Numbers come before words, and missing cells last; ties stay in file order.
    """
    cells = effects.table.text(column)
    order = sorted(range(effects.k), key=lambda i: _sort_key(cells[i]))
    return tuple(_refitted(effects.names[i], effects.only(order[: n + 1]), refit) for n, i in enumerate(order))


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """What one study does.

    Attributes
    ----------
    study : str
    rstudent : float
        Externally standardised residual: against the model without the study.
    dffits, cook : float
        Shift of its fitted value in standard errors; squared shift of the pooled value over its variance.
    cov_ratio : float
        Variance of the pooled value without it over that with it.
    tau2_without, q_without : float
    hat, weight : float
        Leverage; weight in percent.
    baujat_x, baujat_y : float
        Contribution to the overall heterogeneity; influence on the pooled value (Baujat et al. 2002,
        doi 10.1002/sim.1221).
    outlying : bool
        Beyond a customary limit: |dffits| > 3√(1/(k-1)), Cook's distance beyond the median of chi-squared with one
        degree of freedom, hat > 3/k (Viechtbauer and Cheung 2010).
    """

    study: str
    rstudent: float
    dffits: float
    cook: float
    cov_ratio: float
    tau2_without: float
    q_without: float
    hat: float
    weight: float
    baujat_x: float
    baujat_y: float
    outlying: bool


def influence(effects: Effects, tau2: float | str = "REML") -> tuple[Influence, ...]:
    """Return each study's influence on an inverse-variance model; nothing with fewer than three studies.

    Parameters
    ----------
    effects : Effects
    tau2 : float or str
        An estimator, or 0 for the common-effect model.

    References
    ----------
    Viechtbauer and Cheung 2010, doi 10.1002/jrsm.11.
    """
    from scipy.special import chdtri

    y, v, k = effects.yi, effects.vi, effects.k
    if k < 3:
        return ()
    whole = fit_model(y, v, intercept(k), tau2=tau2)
    pooled, variance, t = float(whole.beta[0]), float(whole.se_classic[0]) ** 2, whole.tau2
    hat = 1.0 / (v + t) * variance
    out = []
    for i in range(k):
        keep = np.arange(k) != i
        less = fit_model(y[keep], v[keep], intercept(k - 1), tau2=tau2)
        without, its = float(less.beta[0]), float(less.se_classic[0]) ** 2
        shift = pooled - without
        residual = float(y[i] - without) / float(np.sqrt(v[i] + less.tau2 + its))
        # The fitted value's variance is the leverage times the study's own, at the tau² that the others give.
        dffits = shift / float(np.sqrt(hat[i] * (v[i] + less.tau2)))
        cook = shift**2 / variance
        out.append(
            Influence(
                study=effects.names[i],
                rstudent=residual,
                dffits=dffits,
                cook=cook,
                cov_ratio=its / variance,
                tau2_without=less.tau2,
                q_without=less.q,
                hat=float(hat[i]),
                weight=float(whole.weights[i]),
                baujat_x=float((y[i] - pooled) ** 2 / (v[i] + t)),
                baujat_y=shift**2 / its,
                outlying=bool(
                    abs(dffits) > 3 * np.sqrt(1 / (k - 1)) or cook > float(chdtri(1, 0.5)) or hat[i] > 3 / k
                ),
            )
        )
    return tuple(out)
