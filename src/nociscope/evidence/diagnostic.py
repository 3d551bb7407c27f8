"""Diagnostic accuracy: sensitivity and specificity pooled together, with the summary ROC curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nociscope.evidence.effects import HALF, Array, inverse_logit
from nociscope.evidence.heterogeneity import intercept
from nociscope.evidence.model import fit_model, t_quantile
from nociscope.evidence.studies import StudyTable, as_studies
from nociscope.problems import BadInput, Problem

CELLS = ("tp", "fp", "fn", "tn")
FEWEST = 4
"""Below so many studies the five parameters of the bivariate model are not asked of the data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Pooled sensitivity and specificity.

    Attributes
    ----------
    table : StudyTable
        The studies used.
    counts : array (k, 4)
        tp, fp, fn, tn as counted.
    corrected : bool
        Whether one half was added to every cell of every study (one of them was empty).
    model : str
        ``bivariate`` or, with fewer than four studies, ``univariate``.
    y, v : array (k, 2)
        Logits of sensitivity and of the false positive rate, and their variances.
    mean, covariance : array (2,), (2, 2)
        Pooled logits of sensitivity and false positive rate.
    between : array (2, 2)
        Covariance between studies.
    level : float
    notes : tuple of str
    problems : tuple of Problem
    """

    table: StudyTable
    counts: Array
    corrected: bool
    model: str
    y: Array
    v: Array
    mean: Array
    covariance: Array
    between: Array
    level: float
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def k(self) -> int:
        """How many studies there are."""
        return int(self.y.shape[0])

    def _interval(self, i: int) -> tuple[float, float, float]:
        half = t_quantile(self.level, None) * float(np.sqrt(self.covariance[i, i]))
        low, middle, high = inverse_logit(self.mean[i] + np.array([-half, 0.0, half]))
        return float(low), float(middle), float(high)

    @property
    def sensitivity(self) -> tuple[float, float, float]:
        """Lower limit, value, upper limit."""
        return self._interval(0)

    @property
    def specificity(self) -> tuple[float, float, float]:
        """Lower limit, value, upper limit."""
        low, middle, high = self._interval(1)
        return 1 - high, 1 - middle, 1 - low

    @property
    def correlation(self) -> float | None:
        """Between studies, of logit sensitivity and logit false positive rate; None where one does not vary."""
        scale = float(np.sqrt(self.between[0, 0] * self.between[1, 1]))
        return float(self.between[0, 1] / scale) if scale > 1e-12 else None

    def sroc(self, false_positive: Array) -> Array | None:
        """Return the summary ROC curve's sensitivity at false positive rates; None where it does not exist.

        References
        ----------
        Rutter and Gatsonis 2001, doi 10.1002/sim.942, in the parameters of the bivariate model: Harbord et al. 2007,
        doi 10.1093/biostatistics/kxl004.
        """
        spread = np.sqrt(np.diag(self.between))
        if self.model != "bivariate" or float(spread.min()) <= 1e-9:
            return None
        ratio = float(spread[0] / spread[1])
        x = np.asarray(false_positive, dtype=np.float64)
        with np.errstate(divide="ignore"):
            logit = np.log(x) - np.log1p(-x)
        return inverse_logit(self.mean[0] + ratio * (logit - self.mean[1]))

    def area(self, over_data: bool = False) -> float | None:
        """Return the area under the summary ROC curve; over the studies' own range divided by that range."""
        from scipy.integrate import quad

        if self.sroc(np.array(0.5)) is None:
            return None
        low, high = 0.0, 1.0
        if over_data:
            rates = inverse_logit(self.y[:, 1])
            low, high = float(rates.min()), float(rates.max())
            if high - low < 1e-9:
                return None

        def height(x: float) -> float:
            found = self.sroc(np.array(x))
            return 0.0 if found is None else float(found)

        return float(quad(height, low, high, limit=200)[0] / (high - low))

    def to_dict(self) -> dict[str, Any]:
        """Return the result as strict JSON holds it."""
        sens, spec = self.sensitivity, self.specificity
        odds = float(self.mean[0] - self.mean[1])
        error = float(np.sqrt(self.covariance[0, 0] + self.covariance[1, 1] - 2 * self.covariance[0, 1]))
        half = t_quantile(self.level, None) * error
        rates = inverse_logit(self.y)
        return {
            "k": self.k,
            "model": self.model,
            "method": "REML",
            "level": self.level,
            "sensitivity": sens[1],
            "sensitivity_low": sens[0],
            "sensitivity_high": sens[2],
            "specificity": spec[1],
            "specificity_low": spec[0],
            "specificity_high": spec[2],
            "logit_sensitivity": float(self.mean[0]),
            "logit_sensitivity_se": float(np.sqrt(self.covariance[0, 0])),
            "logit_fpr": float(self.mean[1]),
            "logit_fpr_se": float(np.sqrt(self.covariance[1, 1])),
            "covariance": float(self.covariance[0, 1]),
            "tau2_sensitivity": float(self.between[0, 0]),
            "tau2_specificity": float(self.between[1, 1]),
            "correlation": self.correlation,
            "diagnostic_odds_ratio": float(np.exp(odds)),
            "diagnostic_odds_ratio_low": float(np.exp(odds - half)),
            "diagnostic_odds_ratio_high": float(np.exp(odds + half)),
            "positive_likelihood_ratio": sens[1] / (1 - spec[1]),
            "negative_likelihood_ratio": (1 - sens[1]) / spec[1],
            "auc": self.area(),
            "partial_auc": self.area(over_data=True),
            "half_added": self.corrected,
            "studies": [
                {"study": n, "sensitivity": float(r[0]), "specificity": 1 - float(r[1]), "yi": list(map(float, y)),
                 "vi": list(map(float, v))}
                for n, r, y, v in zip(self.table.names, rates, self.y, self.v, strict=True)
            ],
            "left_out": [p.sentence() for p in self.problems],
            "notes": list(self.notes),
        }  # fmt: skip


def _read(table: StudyTable) -> tuple[StudyTable, Array, tuple[Problem, ...]]:
    for name in CELLS:
        if name not in table.header:
            raise BadInput(
                Problem(
                    what=f"the column {name} is missing; accuracy needs {', '.join(CELLS)}",
                    remedy="add the column",
                    code="missing-column",
                    file=table.file,
                    row=1,
                    column=name,
                )
            )
    columns = [table.numbers(name) for name in CELLS]
    wrong: list[Problem] = []
    left: list[Problem] = []
    keep: list[int] = []
    for i in range(len(table)):
        cells = [c[i] for c in columns]
        for name, value in zip(CELLS, cells, strict=True):
            if value is not None and (value < 0 or value != int(value)):
                wrong.append(table.problem(i, name, "is no count; expected a whole number from 0"))
        missing = [name for name, value in zip(CELLS, cells, strict=True) if value is None]
        if missing:
            what = "the cell is missing, so the study is left out"
            left.append(table.problem(i, missing[0], what, "fill it in", code="left-out", severity="warning"))
            continue
        tp, fp, fn, tn = (float(v or 0.0) for v in cells)
        if tp + fn < 1 or fp + tn < 1:
            wrong.append(
                table.problem(i, "tp", "and fn, or fp and tn, are both 0: nobody with, or without, the target")
            )
        keep.append(i)
    if wrong:
        raise BadInput(wrong)
    if not keep:
        nothing = Problem(what="no study has all four cells", remedy="fill them in", code="no-study", file=table.file)
        raise BadInput([*left, nothing])
    counts = np.array([[float(c[i] or 0.0) for c in columns] for i in keep])
    return table.only(keep), counts, tuple(left)


def accuracy(data: Any, *, level: float = 0.95) -> Accuracy:
    """Pool a table of true and false positives and negatives by the bivariate model, restricted likelihood.

    One half is added to all cells of all studies if any is empty. With fewer than four studies sensitivity and
    specificity are pooled each on its own.

    Parameters
    ----------
    data : path, mapping of columns, sequence of mappings, DataFrame or StudyTable
        With the columns ``tp fp fn tn``.
    level : float

    Raises
    ------
    BadInput
        A count cannot be right, or nothing is left.

    References
    ----------
    Reitsma et al. 2005, doi 10.1016/j.jclinepi.2005.02.022.
    """
    table, counts, problems = _read(as_studies(data))
    corrected = bool((counts == 0).any())
    tp, fp, fn, tn = (counts + (HALF if corrected else 0.0)).T
    y = np.column_stack([np.log(tp / fn), np.log(fp / tn)])
    v = np.column_stack([1 / tp + 1 / fn, 1 / fp + 1 / tn])
    notes = []
    if corrected:
        notes.append("One half was added to every cell of every study, because one of them was empty.")
    if y.shape[0] < FEWEST:
        notes.append(f"With fewer than {FEWEST} studies sensitivity and specificity are pooled each on its own.")
        mean, covariance, between = _apart(y, v)
    else:
        mean, covariance, between = bivariate_reml(y, v)
        spread = np.sqrt(np.diag(between))
        flat = float(spread.min()) < 1e-4
        if flat or abs(between[0, 1]) > 0.9999 * spread[0] * spread[1]:
            notes.append("The covariance between studies lies at its limit (no variance, or a correlation of ±1).")
    return Accuracy(
        table=table,
        counts=counts,
        corrected=corrected,
        model="bivariate" if y.shape[0] >= FEWEST else "univariate",
        y=y,
        v=v,
        mean=mean,
        covariance=covariance,
        between=between,
        level=level,
        notes=tuple(notes),
        problems=problems,
    )


def _apart(y: Array, v: Array) -> tuple[Array, Array, Array]:
    fits = [fit_model(y[:, i], v[:, i], intercept(y.shape[0]), tau2="REML") for i in (0, 1)]
    mean = np.array([float(f.beta[0]) for f in fits])
    return mean, np.diag([float(f.se[0]) ** 2 for f in fits]), np.diag([f.tau2 for f in fits])


def bivariate_reml(y: Array, v: Array) -> tuple[Array, Array, Array]:
    """Return means, their covariance and the covariance between studies of a bivariate normal model.

    Parameters
    ----------
    y, v : array (k, 2)
        Pairs of effects with independent errors of these variances.

    Returns
    -------
    mean : array (2,)
    covariance : array (2, 2)
    between : array (2, 2)
        The maximum of the restricted likelihood over all covariance matrices, by its Cholesky factor, from several
        starts.
    """
    from scipy.optimize import minimize

    start = [np.sqrt(max(float(np.var(y[:, i])) - float(np.mean(v[:, i])), 0.05)) for i in (0, 1)]
    best: tuple[float, Array] | None = None
    for share in (0.0, 0.5, -0.5):
        first = np.array([start[0], share * start[1], start[1] * np.sqrt(1 - share**2)])
        found = minimize(
            _deviance, first, args=(y, v), jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 500}
        )
        if best is None or found.fun < best[0] - 1e-10:
            best = (float(found.fun), np.asarray(found.x))
    assert best is not None
    factor = _factor(best[1])
    between = factor @ factor.T
    weights = np.linalg.inv(between + _diagonals(v))
    covariance = np.linalg.inv(weights.sum(axis=0))
    return covariance @ np.einsum("kij,kj->i", weights, y), covariance, between


def _factor(theta: Array) -> Array:
    return np.array([[theta[0], 0.0], [theta[1], theta[2]]])


def _diagonals(v: Array) -> Array:
    return np.einsum("ki,ij->kij", v, np.eye(2))


def _deviance(theta: Array, y: Array, v: Array) -> tuple[float, Array]:
    """Return minus twice the restricted log likelihood (without its constant) and its gradient."""
    factor = _factor(theta)
    total = factor @ factor.T + _diagonals(v)
    weights = np.linalg.inv(total)
    information = weights.sum(axis=0)
    mean = np.linalg.solve(information, np.einsum("kij,kj->i", weights, y))
    pulled = np.einsum("kij,kj->ki", weights, y - mean)
    value = np.linalg.slogdet(total)[1].sum() + np.linalg.slogdet(information)[1]
    value += float(np.einsum("ki,ki->", pulled, y - mean))
    inner = weights.sum(axis=0) - np.einsum("ki,kj->ij", pulled, pulled)
    inner = inner - np.einsum("kij,jl,klm->im", weights, np.linalg.inv(information), weights)
    gradient = 2.0 * inner @ factor
    return float(value), np.array([gradient[0, 0], gradient[1, 0], gradient[1, 1]])
