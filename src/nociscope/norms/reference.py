"""What a norm says of one person: location, spread and limits at their age, sex and covariates, on its scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from nociscope.norms.model import HEIGHT_CM, Norm, NormCell

NOTHING: Mapping[str, float] = MappingProxyType({})

Z_LIMIT = 1.96
"""|z| beyond which a value is outside the central 95 % of the reference population (Rolke 2006,
doi 10.1016/j.pain.2006.01.041, and every table of this kind)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReference:
    """A norm for one person: at their age, sex and covariates.

    Attributes
    ----------
    location, sd : float or None
        Mean (or median, or line) and standard deviation, on the norm's scale.
    limit_low, limit_high : float or None
        On the norm's scale.
    df, se : float or None
        Degrees of freedom of `sd` and standard error of `location`, where the norm's own uncertainty is known.
    stated : bool
        Whether the limits were printed in the source, so that they and not `z` decide.
    """

    location: float | None = None
    sd: float | None = None
    limit_low: float | None = None
    limit_high: float | None = None
    df: float | None = None
    se: float | None = None
    stated: bool = False

    @property
    def width(self) -> float | None:
        """Standard deviation of a new person's value around `location`: spread and the location's own error."""
        if self.sd is None:
            return None
        return math.hypot(self.sd, self.se or 0.0)

    @property
    def limit_se(self) -> float:
        """Standard error of a limit, 0 when the norm's own uncertainty is not known.

        The limit is location ± 1.96 sd; the variance of a standard deviation with df degrees of freedom is about
        sd²/(2 df) (first order, from the chi-square), and location and sd are independent.
        """
        if self.sd is None or (self.df is None and self.se is None):
            return 0.0
        spread = Z_LIMIT * self.sd / math.sqrt(2 * self.df) if self.df else 0.0
        return math.hypot(self.se or 0.0, spread)


def cell_for(norm: Norm, age: float | None, sex: str, covariates: Mapping[str, float] = NOTHING) -> NormCell | None:
    """Return the line of a table that holds for a person, None when there is none.

    Ages count in whole years, heights in whole centimetres. A line for the person's sex goes before one for any sex;
    of several, the first.
    """
    height = covariates.get(HEIGHT_CM)
    if (age is None and norm.uses_age) or (height is None and norm.uses_height):
        return None
    fitting = [
        c
        for c in norm.cells
        if c.sex in ("any", sex)
        and (age is None or c.age_low <= math.floor(age) <= c.age_high)
        and (height is None or _spans(c, math.floor(height)))
    ]
    return min(fitting, key=lambda c: c.sex == "any", default=None)


def _spans(cell: NormCell, height: int) -> bool:
    return (cell.height_low is None or cell.height_low <= height) and (
        cell.height_high is None or height <= cell.height_high
    )


def reference_for(
    norm: Norm, age: float | None, sex: str, covariates: Mapping[str, float] = NOTHING
) -> PersonReference | None:
    """Return what a norm says of a person, None when it needs something that is missing.

    The domain (ages, heights, sites, methods) is not looked at here; see :mod:`nociscope.norms.fitting`.

    Parameters
    ----------
    norm : Norm
    age : float or None
        Years.
    sex : str
        ``F``, ``M``; anything else is unknown.
    covariates : mapping
        Name -> value in the unit of the norm's covariate; ``height_cm`` in cm.
    """
    if norm.form == "table":
        cell = cell_for(norm, age, sex, covariates)
        if cell is None:
            return None
        location = cell.median if cell.mean is None else cell.mean
        return _with_limits(norm, location, cell.sd, cell.limit_low, cell.limit_high, norm.mean_se)
    if norm.form == "limit":
        return PersonReference(limit_low=norm.limit_low, limit_high=norm.limit_high, stated=True)
    if norm.form == "normal":
        return _with_limits(norm, norm.mean, norm.sd, norm.limit_low, norm.limit_high, norm.mean_se)
    person = person_row(norm, age, sex, covariates)
    if person is None:
        return None
    line = math.fsum(b * x for b, x in zip(coefficients(norm), person, strict=True))
    if norm.form == "percentile_line":
        low = norm.percentile is not None and norm.percentile < 50
        return PersonReference(limit_low=line if low else None, limit_high=None if low else line, stated=True)
    return _with_limits(norm, line, norm.sd, norm.limit_low, norm.limit_high, _line_se(norm, person))


def coefficients(norm: Norm) -> tuple[float, ...]:
    """Return the coefficients of a norm's line in the order of its `covariance`.

    They are the intercept, the slope of age, what is added for women, the slopes of the covariates in the line, and
    last, where women have a slope of age of their own, what it adds to the other.
    """
    slope = norm.age_slope or 0.0
    own = () if norm.age_slope_women is None else (norm.age_slope_women - slope,)
    return (norm.intercept or 0.0, slope, norm.woman or 0.0, *(c.slope or 0.0 for c in norm.slopes), *own)


def person_row(
    norm: Norm, age: float | None, sex: str, covariates: Mapping[str, float] = NOTHING
) -> tuple[float, ...] | None:
    """Return what the :func:`coefficients` are multiplied by for a person, None when something needed is missing."""
    if (norm.uses_age and age is None) or (
        (norm.woman or norm.age_slope_women is not None) and sex not in ("F", "M")
    ):
        return None
    if any(c.name not in covariates for c in norm.slopes):
        return None
    years, woman = age or 0.0, float(sex == "F")
    own = () if norm.age_slope_women is None else (woman * years,)
    return (1.0, years, woman, *(covariates[c.name] - c.centre for c in norm.slopes), *own)


def location(norm: Norm, age: float | None, sex: str, covariates: Mapping[str, float] = NOTHING) -> float | None:
    """Return the expected value for a person in the norm's *unit*, None when the norm or the person gives none."""
    reference = reference_for(norm, age, sex, covariates)
    if reference is None or reference.location is None:
        return None
    return 10.0**reference.location if norm.scale == "log10" else reference.location


def _line_se(norm: Norm, person: tuple[float, ...]) -> float | None:
    if not norm.covariance:
        return norm.mean_se
    variance = sum(a * b * norm.covariance[i][j] for i, a in enumerate(person) for j, b in enumerate(person))
    return math.sqrt(max(variance, 0.0))


def _with_limits(
    norm: Norm, location: float | None, sd: float | None, low: float | None, high: float | None, se: float | None
) -> PersonReference:
    """Return the reference with location ± 1.96 sd as limits, or wider by Student's t where the norm is local."""
    if low is not None or high is not None or location is None or sd is None:
        return PersonReference(
            location=location, sd=sd, limit_low=low, limit_high=high, df=norm.sd_df, se=se, stated=True
        )
    half = t_quantile(norm.sd_df) * math.hypot(sd, se or 0.0)
    return PersonReference(
        location=location, sd=sd, limit_low=location - half, limit_high=location + half, df=norm.sd_df, se=se
    )


@lru_cache(maxsize=256)
def t_quantile(df: float | None) -> float:
    """Return the t value whose tail equals that of z = 1.96; 1.96 itself when the spread is taken as known."""
    if df is None:
        return Z_LIMIT
    from scipy.special import ndtr, stdtrit

    return float(stdtrit(df, float(ndtr(Z_LIMIT))))


def normal_score(t: float, df: float | None) -> float:
    """Return the normal score with the same tail as `t` has in Student's distribution; `t` when `df` is None.

    Scores against ten controls and against ten thousand thus mean the same: |z| > 1.96 in 5 % of healthy people.
    Far out, where the tail cannot be told from zero, the score is cut at ±37.
    """
    if df is None or t == 0:
        return t
    from scipy.special import ndtri, stdtr

    tail = float(stdtr(df, -abs(t)))
    score = -float(ndtri(tail)) if tail > 0 else math.inf
    return math.copysign(min(score, 37.0), t)
