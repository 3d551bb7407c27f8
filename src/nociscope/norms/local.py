"""Location and spread of a handful of controls, with their own uncertainty, shrunk toward a published norm.

The formulas are derived in ``docs/norms.md``; the sources are named where they are used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PRIOR_WEIGHT = 5.0
"""How many controls a published norm counts for, in location and in spread. A choice, not an estimate: ten own
controls then weigh twice the published norm, forty eight times."""

PEOPLE_PER_TERM = 10
"""People needed for each coefficient of a line: 20 for age or sex, 30 for both."""

LEAST_PER_SEX = 5
LEAST_AGE_SD = 5.0
"""Years; with less spread of ages a slope is not asked for."""

SUPPORT = 2.0
"""By how much the criterion must fall before age or sex enters."""

CONFLICT = 0.01
"""Probability under the published norm below which own controls contradict it, so that it is not used."""


@dataclass(frozen=True, slots=True)
class Person:
    """One control: the values of one session on the norm's scale (its sides, at least one), age and sex."""

    values: tuple[float, ...]
    age: float | None
    sex: str

    @property
    def mean(self) -> float:
        """Mean of the sides."""
        return math.fsum(self.values) / len(self.values)


@dataclass(frozen=True, slots=True)
class Spread:
    """Spread of a single value, from person means and from the sides within a person.

    Attributes
    ----------
    between : float
        Residual variance of the person means.
    total : float
        Variance of a single value.
    df : float
        Of `total`.
    """

    between: float
    total: float
    df: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A line in age and sex with its uncertainty.

    Attributes
    ----------
    coefficients : tuple of float
        Intercept, per year of age, woman.
    covariance : array, shape (3, 3)
    sd, df : float
        Of a single value around the line.
    terms : tuple of str
        Which of `age` and `woman` are in it.
    """

    coefficients: tuple[float, float, float]
    covariance: Array
    sd: float
    df: float
    terms: tuple[str, ...]

    @property
    def mean_se(self) -> float:
        """Standard error of the intercept; of the mean where there are no terms."""
        return math.sqrt(float(self.covariance[0, 0]))


def estimate(people: Sequence[Person], *, prior_weight: float = 0.0, terms_allowed: bool = True) -> Estimate | None:
    """Estimate location and spread of controls.

    Parameters
    ----------
    people : sequence of Person
        At least three. With a prior, their values are (x - expected)/sd of the published norm.
    prior_weight : float
        Controls that the prior (mean 0, standard deviation 1) counts for; 0 for no prior.
    terms_allowed : bool
        Whether age and sex may enter.

    Returns
    -------
    Estimate or None
        None when the values do not vary.

    Notes
    -----
    Age and sex enter by the corrected Akaike criterion (Hurvich & Tsai 1989, doi 10.1093/biomet/76.2.297) when there
    are enough people. The prior is the normal-inverse-chi-square of Gelman et al., Bayesian Data Analysis, section
    3.3, with kappa = nu = `prior_weight`. The slopes have a flat prior.
    """
    means = np.array([p.mean for p in people], dtype=float)
    terms = _choose_terms(people, means) if terms_allowed else ()
    design, centres = _design(people, terms)
    slopes, rss = _least_squares(design, means - means.mean())
    spread = _spread(people, rss, len(people) - 1 - len(terms))
    if not spread.total > 1e-20 * max(1.0, float(np.max(np.abs(means))) ** 2):
        return None
    n, weight = len(people), prior_weight
    offset = float(means.mean())
    centre = n * offset / (weight + n)
    variance, df = spread.total, spread.df
    if weight > 0:
        df = weight + spread.df + 1
        pulled = weight * n / (weight + n) * offset**2
        variance = (weight + spread.df * spread.total + pulled) / df
    share = min(spread.between / spread.total, 1.0)
    return _uncentred(centre, slopes, centres, design, terms, variance, share, n + weight, df)


def contradicts(people: Sequence[Person], weight: float) -> str:
    """Say how controls contradict a published norm, empty when they do not.

    Parameters
    ----------
    people : sequence of Person
        With values (x - expected)/sd of the published norm.
    weight : float
        Controls that the norm counts for.

    Notes
    -----
    Under the prior the ratio of the local variance s² to the published one is F with (df, weight) degrees of freedom;
    and given s², the mean over the square root of (1/weight + 1/n) (weight + df s²)/(weight + df) is Student's t with
    weight + df degrees of freedom. Beyond the central 99 % of either, a compromise between the two fits neither.
    """
    from scipy.special import fdtr, stdtr

    means = np.array([p.mean for p in people], dtype=float)
    offset = float(means.mean())
    spread = _spread(people, float(((means - offset) ** 2).sum()), len(people) - 1)
    df = weight + spread.df
    pooled = math.sqrt((1 / weight + 1 / len(people)) * (weight + spread.df * spread.total) / df)
    if 2 * float(stdtr(df, -abs(offset) / pooled)) < CONFLICT:
        return f"own controls lie {abs(offset):.1f} SD {'above' if offset > 0 else 'below'} it"
    tail = float(fdtr(spread.df, weight, spread.total))
    if min(tail, 1 - tail) < CONFLICT / 2:
        return f"own controls spread {math.sqrt(spread.total):.2g} times as wide"
    return ""


def standardised(people: Sequence[Person], expected: Sequence[tuple[float, float]]) -> tuple[Person, ...]:
    """Return people with values (x - location)/sd of a published norm."""
    return tuple(
        replace(p, values=tuple((v - location) / sd for v in p.values))
        for p, (location, sd) in zip(people, expected, strict=True)
    )


# --- parts ---------------------------------------------------------------------------------------------------------


def _column(people: Sequence[Person], term: str) -> Array:
    if term == "age":
        return np.array([math.nan if p.age is None else p.age for p in people], dtype=float)
    return np.array([float(p.sex == "F") for p in people], dtype=float)


def _design(people: Sequence[Person], terms: Sequence[str]) -> tuple[Array, Array]:
    """Return centred columns, shape (n, k), and their centres, shape (k,)."""
    if not terms:
        return np.zeros((len(people), 0)), np.zeros(0)
    columns = np.column_stack([_column(people, t) for t in terms])
    centres = columns.mean(axis=0)
    return columns - centres, centres


def _least_squares(design: Array, y: Array) -> tuple[Array, float]:
    if design.shape[1] == 0:
        return np.zeros(0), float((y**2).sum())
    slopes = np.asarray(np.linalg.lstsq(design, y, rcond=None)[0], dtype=np.float64)
    return slopes, float(((y - design @ slopes) ** 2).sum())


def _choose_terms(people: Sequence[Person], means: Array) -> tuple[str, ...]:
    """Return the terms that the data support; none unless the criterion falls by :data:`SUPPORT`."""
    possible = []
    if all(p.age is not None for p in people) and float(np.std(_column(people, "age"))) >= LEAST_AGE_SD:
        possible.append("age")
    women = sum(p.sex == "F" for p in people)
    men = sum(p.sex == "M" for p in people)
    if women + men == len(people) and min(women, men) >= LEAST_PER_SEX:
        possible.append("woman")
    n = len(people)
    sets = [
        s
        for k in range(len(possible) + 1)
        for s in combinations(possible, k)
        if not k or n >= (k + 1) * PEOPLE_PER_TERM
    ]
    scores = {s: _aicc(people, means, s) for s in sets}
    best = min(sets, key=lambda s: (scores[s], len(s)))
    return best if scores[best] < scores[()] - SUPPORT else ()


def _aicc(people: Sequence[Person], means: Array, terms: Sequence[str]) -> float:
    n, parameters = len(people), len(terms) + 2
    if n - parameters - 1 <= 0:
        return math.inf
    _, rss = _least_squares(_design(people, terms)[0], means - means.mean())
    if rss <= 0:
        return -math.inf if terms else 0.0
    return n * math.log(rss / n) + 2 * parameters + 2 * parameters * (parameters + 1) / (n - parameters - 1)


def _spread(people: Sequence[Person], rss: float, df_means: int) -> Spread:
    """Return the variance of a single value.

    The variance of a person mean over m sides is between + within/m, so a single value has that plus
    (1 - mean(1/m)) within. The degrees of freedom of this sum are Satterthwaite's (1946, doi 10.2307/3002019).
    """
    between = rss / df_means
    df_within = sum(len(p.values) - 1 for p in people)
    if df_within == 0:
        return Spread(between, between, float(df_means))
    within = math.fsum((v - p.mean) ** 2 for p in people for v in p.values) / df_within
    extra = (1 - math.fsum(1 / len(p.values) for p in people) / len(people)) * within
    total = between + extra
    if total <= 0:
        return Spread(between, 0.0, float(df_means))
    df = total**2 / (between**2 / df_means + extra**2 / df_within)
    return Spread(between, total, df)


def _uncentred(
    centre: float,
    slopes: Array,
    centres: Array,
    design: Array,
    terms: tuple[str, ...],
    variance: float,
    share: float,
    weight: float,
    df: float,
) -> Estimate:
    """Return the estimate in (intercept, age, woman) from one in centred columns.

    The variance of a person mean, not of a single value, drives the error of the line: `share` of `variance`.
    """
    k = len(terms)
    centred = np.zeros((k + 1, k + 1))
    centred[0, 0] = variance * share / weight
    if k:
        centred[1:, 1:] = variance * share * np.linalg.inv(design.T @ design)
    place = [0, *(1 if t == "age" else 2 for t in terms)]
    turn = np.zeros((3, k + 1))
    turn[0, 0] = 1.0
    turn[0, 1:] = -centres
    for i, p in enumerate(place[1:], start=1):
        turn[p, i] = 1.0
    coefficients = turn @ np.concatenate([[centre], slopes])
    a, b, c = (float(x) for x in coefficients)
    return Estimate((a, b, c), turn @ centred @ turn.T, math.sqrt(variance), df, terms)
