"""Meta-regression: effects explained by columns of the table, the rest of their spread estimated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nociscope.evidence.effects import Array
from nociscope.evidence.heterogeneity import q_profile, weighted
from nociscope.evidence.model import Fit, fit_model, inconsistency_of_tau2
from nociscope.evidence.reading import Effects
from nociscope.problems import BadInput, Problem
from nociscope.tsv import parse_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderation:
    """A meta-regression.

    Attributes
    ----------
    names : tuple of str
        Coefficients, the intercept first; a category is ``column: value``, against the first in the alphabet.
    fit : Fit
    effects : Effects
        The studies used: those with a value in every column.
    design : array (k, p)
    qm, qm_p : float
        Test that all coefficients but the intercept are zero: chi-squared, or F with Hartung-Knapp and t.
    qm_df : (int, int or None)
        Degrees of freedom; the second is None for chi-squared.
    tau2_interval : (float, float) or None
    i2, h2 : float or None
        Of what is left.
    r2 : float or None
        Percent of tau² explained (Raudenbush 2009), None for the common model or tau² zero.
    left_out : tuple of str
        Studies without a value.
    """

    names: tuple[str, ...]
    fit: Fit
    effects: Effects
    design: Array
    qm: float
    qm_df: tuple[int, int | None]
    qm_p: float
    tau2_interval: tuple[float, float] | None
    i2: float | None
    h2: float | None
    r2: float | None
    left_out: tuple[str, ...]


def _refuse(effects: Effects, what: str, remedy: str, column: str = "") -> BadInput:
    return BadInput(Problem(what=what, remedy=remedy, code="bad-moderator", file=effects.table.file, column=column))


def _numeric(cells: Sequence[str]) -> list[float | None] | None:
    try:
        return [parse_number(c) for c in cells]
    except ValueError:
        return None


def design_matrix(effects: Effects, columns: Sequence[str]) -> tuple[Array, tuple[str, ...]]:
    """Return the design matrix (k, p) with the intercept first, and the names of its columns.

    Raises
    ------
    BadInput
        A column says the same of every study, or the columns repeat each other.
    """
    parts, names = [np.ones(effects.k)], ["intercept"]
    for column in columns:
        cells = effects.table.text(column)
        numbers = _numeric(cells)
        if numbers is not None:
            parts.append(np.array([np.nan if x is None else x for x in numbers]))
            names.append(column)
            continue
        levels = sorted(set(cells))
        for level in levels[1:]:
            parts.append(np.array([1.0 if c == level else 0.0 for c in cells]))
            names.append(f"{column}: {level}")
    x = np.column_stack(parts)
    if x.shape[1] == 1:
        raise _refuse(effects, "the moderator says the same of every study", "name another column", columns[0])
    spread = x - np.append(0.0, x[:, 1:].mean(axis=0))
    if np.linalg.matrix_rank(spread / np.maximum(np.abs(spread).max(axis=0), 1e-300)) < x.shape[1]:
        raise _refuse(effects, "the moderators do not differ between studies, or repeat each other", "name others")
    return x, tuple(names)


def regress(
    effects: Effects, columns: Sequence[str], tau2: float | str = "REML", interval: str = "z", level: float = 0.95
) -> Moderation:
    """Fit a meta-regression on columns of the table.

    Parameters
    ----------
    effects : Effects
    columns : sequence of str
    tau2 : float or str
        An estimator, or 0 for the common-effect model.
    interval : {'z', 't', 'hk', 'hk-adhoc'}
    level : float

    Raises
    ------
    BadInput
        There are not more studies than coefficients, or a column cannot serve.

    References
    ----------
    Knapp and Hartung 2003, doi 10.1002/sim.1482; Raudenbush 2009 in The Handbook of Research Synthesis (R²).
    """
    from scipy.special import chdtrc, fdtrc

    whole = [i for i in range(effects.k) if all(effects.table.text(c)[i] for c in columns)]
    if not whole:
        raise _refuse(effects, "no study has a value of the moderator", "fill the column in", columns[0])
    missing = tuple(effects.names[i] for i in range(effects.k) if i not in whole)
    part = effects.only(whole)
    x, names = design_matrix(part, columns)
    k, p = x.shape
    if k <= p:
        raise _refuse(
            effects, f"{k} studies cannot carry {p} coefficients", "name fewer moderators, or pool by group"
        )
    fit = fit_model(part.yi, part.vi, x, tau2=tau2, interval=interval, level=level)
    random = isinstance(tau2, str)
    with np.errstate(divide="ignore", invalid="ignore"):
        qm = float(fit.beta[1:] @ np.linalg.solve(fit.covariance[1:, 1:], fit.beta[1:])) if fit.scale > 0 else 0.0
    df2 = None if fit.interval == "z" else fit.df
    qm_p = float(chdtrc(p - 1, qm)) if df2 is None else float(fdtrc(p - 1, df2, qm / (p - 1)))
    i2, h2 = inconsistency_of_tau2(fit.tau2, part.vi, x) if random else (None, None)
    return Moderation(
        names=names,
        fit=fit,
        effects=part,
        design=x,
        qm=qm if df2 is None else qm / (p - 1),
        qm_df=(p - 1, df2),
        qm_p=qm_p,
        tau2_interval=q_profile(part.yi, part.vi, x, level) if random else None,
        i2=i2,
        h2=h2,
        r2=_explained(part, tau2, fit.tau2) if random else None,
        left_out=missing,
    )


def _explained(part: Effects, method: float | str, left: float) -> float | None:
    """Return the percentage of tau² that the moderators explain, cut at zero."""
    before = fit_model(part.yi, part.vi, np.ones((part.k, 1)), tau2=method).tau2
    return 100.0 * max(0.0, (before - left) / before) if before > 0 else None


def predict(moderation: Moderation, row: Array) -> tuple[float, float]:
    """Return the fitted value at a row of the design (p,), and its standard error."""
    x = np.asarray(row, dtype=np.float64)
    return float(x @ moderation.fit.beta), float(np.sqrt(x @ moderation.fit.covariance @ x))


def precision_slope(y: Array, v: Array, z: Array) -> tuple[float, float, float]:
    """Return slope, its standard error and the residual variance of a weighted regression of y on z.

    Weights are 1/v and the residual variance is estimated: the regression behind Egger's test.
    """
    x = np.column_stack([np.ones_like(z), z])
    beta, inverse, residual = weighted(y, 1.0 / v, x)
    scale = float((residual**2 / v).sum() / (y.size - 2))
    return float(beta[1]), float(np.sqrt(scale * inverse[1, 1])), scale
