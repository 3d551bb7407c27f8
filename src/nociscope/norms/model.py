"""What a norm is: a cited reference for one kind of reading, bound to its method, site and ages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Form = Literal["normal", "regression", "percentile_line", "table", "limit"]
NormStatus = Literal["read", "derived", "unverified", "local"]

HEIGHT_CM = "height_cm"
"""The covariate that is a trait of the participant; every other is a reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormCell:
    """One line of a norm by sex, age and height: bounds are inclusive, in whole years and whole centimetres.

    Without `height_low` and `height_high` it holds at any height.

    Any of `mean` with `sd`, `median`, and the limits may be given; all on the norm's scale.
    """

    sex: Literal["F", "M", "any"] = "any"
    age_low: float = 0.0
    age_high: float = 200.0
    mean: float | None = None
    sd: float | None = None
    median: float | None = None
    limit_low: float | None = None
    limit_high: float | None = None
    n: int | None = None
    height_low: float | None = None
    height_high: float | None = None

    @property
    def by_height(self) -> bool:
        """Whether it holds for some heights only."""
        return self.height_low is not None or self.height_high is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class NormCovariate:
    """What a norm depends on, or is bound to, beside age and sex.

    Attributes
    ----------
    name : str
        ``height_cm``, of the participant; else a measure of the norm's assay, whose reading at the same visit, site
        and side is taken.
    unit, title : str
        Of the numbers here; for people.
    low, high : float
        Lowest and highest value in the reference group; beyond, by more than `margin`, nothing is scored.
    margin : float
    centre : float
        The line's `intercept` is for this value.
    slope : float or None
        Per unit, on the norm's scale; None: it is not in the line and only bounds where the norm holds.
    """

    name: str
    unit: str
    low: float
    high: float
    title: str = ""
    margin: float = 0.0
    centre: float = 0.0
    slope: float | None = None

    @property
    def words(self) -> str:
        """Its name for people."""
        return self.title or self.name.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """A reference for a reading.

    Attributes
    ----------
    key, title, citation, doi : str
        `doi` is empty only for local norms.
    status : {'read', 'derived', 'unverified', 'local'}
        Only `read`, `derived` and `local` norms are active unless the user names another.
    status_note : str
        What was read where, or how it was derived.
    n : int or None
        Size of the reference group.
    population, device : str
    assay, measure, unit : str
    sites : tuple of str
        Empty: any.
    methods : tuple of str
        Patterns with ``*`` that the reading's `method` must fit; empty: any.
    devices : tuple of str
        Patterns that the reading's `device` must fit where both are known; empty: any. `device` describes in words.
    sexes : tuple of str
        Who was in the reference group; where it is one sex only, nobody else is scored.
    age_low, age_high : float
        The ages of the reference group, inclusive in whole years; outside, nothing is scored.
    age_margin : float
        Years beyond these ages in which a score is still made and says so; for local norms.
    scale : {'identity', 'log10'}
        The scale of every number below.
    form : str
        `normal`: mean and sd; `regression`: `intercept + age_slope*age + woman*[sex is F]` and the slopes of
        `covariates`, with `sd`; `percentile_line`: the same line gives a *limit* at `percentile`; `table`: `cells`;
        `limit`: `limit_low` or `limit_high` for everyone.
    limit_belongs : {'normal', 'abnormal'}
        What a value that equals a limit is.
    sd_df, mean_se : float or None
        Degrees of freedom of `sd` and standard error of the mean, for local norms: their own uncertainty.
    covariates : tuple of NormCovariate
        What it depends on, or is bound to, beside age and sex.
    age_slope_women : float or None
        The slope of age for women where it differs from `age_slope`, which is then that for men.
    covariance : tuple of tuples of float
        Of a local regression, in place of `mean_se`: rows and columns are `intercept`, `age_slope`, `woman`, the
        slopes of `covariates` that have one, and last, where there is `age_slope_women`, what it adds to
        `age_slope`; empty: none.
    """

    key: str
    title: str
    citation: str
    doi: str
    status: NormStatus
    assay: str
    measure: str
    unit: str
    form: Form
    status_note: str = ""
    n: int | None = None
    population: str = ""
    device: str = ""
    sites: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    sexes: tuple[str, ...] = ("F", "M")
    age_low: float = 18.0
    age_high: float = 120.0
    age_margin: float = 0.0
    scale: Literal["identity", "log10"] = "identity"
    mean: float | None = None
    sd: float | None = None
    intercept: float | None = None
    age_slope: float | None = None
    woman: float | None = None
    percentile: float | None = None
    limit_low: float | None = None
    limit_high: float | None = None
    cells: tuple[NormCell, ...] = field(default_factory=tuple)
    limit_belongs: Literal["normal", "abnormal"] = "normal"
    sd_df: float | None = None
    mean_se: float | None = None
    covariance: tuple[tuple[float, ...], ...] = ()
    covariates: tuple[NormCovariate, ...] = ()
    age_slope_women: float | None = None

    @property
    def slopes(self) -> tuple[NormCovariate, ...]:
        """The covariates that are in the line."""
        return tuple(c for c in self.covariates if c.slope is not None)

    @property
    def decides(self) -> bool:
        """Whether it gives limits, so that a reading can be called; a line without spread gives a location only."""
        if self.form == "table":
            return any(c.sd is not None or c.limit_low is not None or c.limit_high is not None for c in self.cells)
        if self.form == "limit":
            return self.limit_low is not None or self.limit_high is not None
        return self.form == "percentile_line" or self.sd is not None

    @property
    def uses_age(self) -> bool:
        """Whether its numbers depend on age."""
        if self.form == "table":
            return any(c.age_low > self.age_low or c.age_high < self.age_high for c in self.cells)
        return bool(self.age_slope or self.age_slope_women)

    @property
    def uses_height(self) -> bool:
        """Whether its numbers depend on height."""
        return any(c.by_height for c in self.cells) or any(c.name == HEIGHT_CM for c in self.slopes)

    @property
    def uses_sex(self) -> bool:
        """Whether its numbers depend on sex, or it holds for one sex only."""
        differs = bool(self.woman) or self.age_slope_women is not None
        return differs or any(c.sex != "any" for c in self.cells) or not {"F", "M"} <= set(self.sexes)
