"""Location and spread of a handful of controls, with their own uncertainty, shrunk toward a published norm.

The formulas are derived in ``docs/norms.md``; the sources are named where they are used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.declaration import Covariate

Array = NDArray[np.float64]

PRIOR_WEIGHT = 5.0
"""How many controls a published norm counts for, in location and in spread. A choice, not an estimate: ten own
controls then weigh twice the published norm, forty eight times."""

PEOPLE_PER_TERM = 10
"""People needed for each coefficient of a line: 20 for one term, 30 for two, 40 for three."""

LEAST_PER_SEX = 5
LEAST_AGE_SD = 5.0
"""Years; with less spread of ages a slope is not asked for."""

SUPPORT = 2.0
"""By how much the criterion must fall for each term that enters. Without it, every further candidate would enter by
chance in 16 % of studies; with it, in 4 %."""

MOST_COLLINEAR = 30.0
"""Condition number of the standardised columns above which terms cannot be told apart, so not all of them enter. Two
terms reach it with a correlation of 0.998; sex and height stay far below."""

CONFLICT = 0.01
"""Probability under the published norm below which own controls contradict it, so that it is not used."""


@dataclass(frozen=True, slots=True)
class Person:
    """One control: the values of one session on the norm's scale (its sides, at least one), and what may explain it.

    `covariates` maps a name to one value for each of `values`, None where it is not known.
    """

    values: tuple[float, ...]
    age: float | None
    sex: str
    covariates: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Mean of the sides."""
        return math.fsum(self.values) / len(self.values)

    def covariate(self, name: str) -> float | None:
        """Return the mean of a covariate over the sides, None when it is not known for all of them."""
        values = self.covariates.get(name, (None,))
        known = [v for v in values if v is not None]
        return math.fsum(known) / len(known) if len(known) == len(values) else None


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
    """A line in age, sex and covariates with its uncertainty.

    Attributes
    ----------
    terms : tuple of str
        What is in it beside the intercept: ``age``, ``woman``, names of covariates.
    coefficients : tuple of float
        Of the intercept and each term. The intercept is that of a man of age 0 with the covariates at `centres`.
    covariance : array, shape (k + 1, k + 1)
        Of `coefficients`.
    sd, df : float
        Of a single value around the line.
    centres : mapping
        Name -> centre of each covariate among the terms, rounded to four digits.
    """

    terms: tuple[str, ...]
    coefficients: tuple[float, ...]
    covariance: Array
    sd: float
    df: float
    centres: Mapping[str, float] = field(default_factory=dict)

    @property
    def mean_se(self) -> float:
        """Standard error of the intercept; of the mean where there are no terms."""
        return math.sqrt(float(self.covariance[0, 0]))


def estimate(
    people: Sequence[Person],
    *,
    prior_weight: float = 0.0,
    terms_allowed: bool = True,
    covariates: Sequence[Covariate] = (),
) -> Estimate | None:
    """Estimate location and spread of controls.

    Parameters
    ----------
    people : sequence of Person
        At least three. With a prior, their values are (x - expected)/sd of the published norm.
    prior_weight : float
        Controls that the prior (mean 0, standard deviation 1) counts for; 0 for no prior.
    terms_allowed : bool
        Whether age, sex and covariates may enter.
    covariates : sequence of Covariate
        What may enter beside age and sex.

    Returns
    -------
    Estimate or None
        None when the values do not vary.

    Notes
    -----
    Terms enter by the corrected Akaike criterion (Hurvich & Tsai 1989, doi 10.1093/biomet/76.2.297) when there are
    enough people. The prior is the normal-inverse-chi-square of Gelman et al., Bayesian Data Analysis, section
    3.3, with kappa = nu = `prior_weight`. The slopes have a flat prior.
    """
    means = np.array([p.mean for p in people], dtype=float)
    terms = _choose_terms(people, means, covariates) if terms_allowed else ()
    design = _design(people, terms)
    slopes, rss = _least_squares(design.columns, means - means.mean())
    spread = _spread(_at_own_mean(people, terms, slopes), rss, len(people) - 1 - len(terms))
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
    of_means = variance * min(spread.between / spread.total, 1.0)
    return _moved_to_zero(np.array([centre, *slopes]), design, of_means, n + weight, math.sqrt(variance), df)


@dataclass(frozen=True, slots=True)
class GivenSlopes:
    """Published slopes of age on the scale of the values, with standard errors; without `women`, one for both."""

    men: float
    men_se: float
    women: float | None = None
    women_se: float = 0.0


def estimate_around(people: Sequence[Person], given: GivenSlopes) -> Estimate | None:
    """Estimate the mean of controls around published slopes of age.

    Parameters
    ----------
    people : sequence of Person
        At least three, of known age; of known sex where the slope differs.
    given : GivenSlopes

    Returns
    -------
    Estimate or None
        With the terms ``age`` and, where women have a slope of their own, ``woman`` and ``age_women`` (what they add
        to the slope). None when the values do not vary.

    Notes
    -----
    With slopes b, mean age c, and d the mean of (age - c) over the men or women alone times their share, the expected
    value at age a is mean(y) - sum(b d) + b (a - c): linear in mean(y) and the slopes, which are independent, so its
    variance is had by multiplying out. The slopes' errors vanish at the age of the controls, and grow away from it.
    """
    ages = _column(people, "age")
    woman = _column(people, "woman") if given.women is not None else np.zeros(len(people))
    slopes = np.array([given.men, given.men if given.women is None else given.women])
    centre = float(ages.mean())
    apart = ages - centre
    share = np.array([float((apart * (1 - woman)).mean()), float((apart * woman).mean())])
    moved = [
        replace(p, values=tuple(v - float(slopes[int(w)]) * float(a) for v in p.values))
        for p, w, a in zip(people, woman, apart, strict=True)
    ]
    means = np.array([p.mean for p in moved])
    spread = _spread(moved, float(((means - means.mean()) ** 2).sum()), len(people) - 1)
    if not spread.total > 1e-20 * max(1.0, float(np.max(np.abs(means))) ** 2):
        return None
    mean_y = float(means.mean()) + float(slopes @ share)
    terms, turn = _turned(centre, share, given.women is not None)
    own = np.diag([spread.between / len(people), given.men_se**2, given.women_se**2])
    return Estimate(
        terms=terms,
        coefficients=tuple(float(x) for x in turn @ np.array([mean_y, *slopes])),
        covariance=turn @ own @ turn.T,
        sd=math.sqrt(spread.total),
        df=spread.df,
    )


def _turned(centre: float, share: Array, by_sex: bool) -> tuple[tuple[str, ...], Array]:
    """Return the terms and the matrix that makes the coefficients of mean(y) and the slopes of men and women."""
    if not by_sex:
        return ("age",), np.array([[1, -centre, 0], [0, 1, 0]])
    rows = [[1, -share[0] - centre, -share[1]], [0, 1, 0], [0, centre, -centre], [0, -1, 1]]
    return ("age", "woman", "age_women"), np.array(rows)


def age_slope_can_be_asked(people: Sequence[Person]) -> bool:
    """Tell whether there are enough controls, of ages different enough, for an own slope of age."""
    return len(people) >= 2 * PEOPLE_PER_TERM and "age" in _possible(people, ())


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


@dataclass(frozen=True, slots=True)
class _Design:
    """Centred columns of the terms, shape (n, k), and their centres, shape (k,)."""

    terms: tuple[str, ...]
    columns: Array
    centres: Array


def _column(people: Sequence[Person], term: str) -> Array:
    if term == "woman":
        return np.array([float(p.sex == "F") for p in people], dtype=float)
    values = [p.age if term == "age" else p.covariate(term) for p in people]
    return np.array([math.nan if v is None else v for v in values], dtype=float)


def _design(people: Sequence[Person], terms: Sequence[str]) -> _Design:
    if not terms:
        return _Design((), np.zeros((len(people), 0)), np.zeros(0))
    columns = np.column_stack([_column(people, t) for t in terms])
    centres = columns.mean(axis=0)
    return _Design(tuple(terms), columns - centres, centres)


def _least_squares(design: Array, y: Array) -> tuple[Array, float]:
    if design.shape[1] == 0:
        return np.zeros(0), float((y**2).sum())
    slopes = np.asarray(np.linalg.lstsq(design, y, rcond=None)[0], dtype=np.float64)
    return slopes, float(((y - design @ slopes) ** 2).sum())


def _possible(people: Sequence[Person], covariates: Sequence[Covariate]) -> list[str]:
    """Return the terms that are known for everyone and vary enough."""
    possible = []
    if all(p.age is not None for p in people) and float(np.std(_column(people, "age"))) >= LEAST_AGE_SD:
        possible.append("age")
    women = sum(p.sex == "F" for p in people)
    men = sum(p.sex == "M" for p in people)
    if women + men == len(people) and min(women, men) >= LEAST_PER_SEX:
        possible.append("woman")
    for c in covariates:
        values = _column(people, c.name)
        least = c.least_spread * (abs(float(values.mean())) if c.relative else 1.0)
        if np.isfinite(values).all() and float(np.std(values)) >= least > 0:
            possible.append(c.name)
    return possible


def _choose_terms(people: Sequence[Person], means: Array, covariates: Sequence[Covariate]) -> tuple[str, ...]:
    """Return the terms that the data support, each by a fall of the criterion of :data:`SUPPORT`."""
    n, possible = len(people), _possible(people, covariates)
    every = _design(people, possible)
    y = means - means.mean()
    scores: dict[tuple[str, ...], float] = {(): _aicc(np.zeros((n, 0)), y)}
    for k in range(1, len(possible) + 1):
        if n < (k + 1) * PEOPLE_PER_TERM:
            break
        for places in combinations(range(len(possible)), k):
            columns = every.columns[:, places]
            if k == 1 or np.linalg.cond(columns / columns.std(axis=0)) < MOST_COLLINEAR:
                scores[tuple(possible[i] for i in places)] = _aicc(columns, y)
    return min(scores, key=lambda s: (scores[s] + SUPPORT * len(s), len(s)))


def _aicc(columns: Array, y: Array) -> float:
    n, parameters = len(y), columns.shape[1] + 2
    if n - parameters - 1 <= 0:
        return math.inf
    _, rss = _least_squares(columns, y)
    if rss <= 0:
        return -math.inf if columns.shape[1] else 0.0
    return n * math.log(rss / n) + 2 * parameters + 2 * parameters * (parameters + 1) / (n - parameters - 1)


def _at_own_mean(people: Sequence[Person], terms: Sequence[str], slopes: Array) -> Sequence[Person]:
    """Return people with the values of their sides moved to the mean of their covariates.

    So a difference between sides that comes from a different stimulus is not taken for scatter.
    """
    between = [(t, b) for t, b in zip(terms, slopes, strict=True) if t not in ("age", "woman")]
    if not between or all(len(p.values) == 1 for p in people):
        return people
    moved = []
    for p in people:
        values = np.array(p.values)
        for term, slope in between:
            x = np.array(p.covariates[term], dtype=float)
            values = values - slope * (x - x.mean())
        moved.append(replace(p, values=tuple(float(v) for v in values)))
    return moved


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


def _moved_to_zero(centred: Array, design: _Design, of_means: float, weight: float, sd: float, df: float) -> Estimate:
    """Return the estimate with its intercept at age 0 and rounded centres, from one in centred columns.

    The variance of a person mean, `of_means`, not that of a single value drives the error of the line.
    """
    k = len(design.terms)
    own = np.zeros((k + 1, k + 1))
    own[0, 0] = of_means / weight
    if k:
        own[1:, 1:] = of_means * np.linalg.inv(design.columns.T @ design.columns)
    origin = {
        t: 0.0 if t in ("age", "woman") else float(f"{c:.4g}")
        for t, c in zip(design.terms, design.centres, strict=True)
    }
    turn = np.eye(k + 1)
    turn[0, 1:] = np.array(list(origin.values())) - design.centres
    return Estimate(
        terms=design.terms,
        coefficients=tuple(float(x) for x in turn @ centred),
        covariance=turn @ own @ turn.T,
        sd=sd,
        df=df,
        centres={t: o for t, o in origin.items() if t not in ("age", "woman")},
    )
