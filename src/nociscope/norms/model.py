"""What a norm is: a cited reference for one kind of reading, bound to its method, site and ages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Form = Literal["normal", "regression", "percentile_line", "table", "limit"]
NormStatus = Literal["read", "derived", "unverified", "local"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NormCell:
    """One line of a norm by sex and age: from `age_low` to `age_high`, both inclusive in whole years.

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
    sexes : tuple of str
    age_low, age_high : float
        The ages of the reference group; outside, nothing is scored.
    scale : {'identity', 'log10'}
        The scale of every number below.
    form : str
        `normal`: mean and sd; `regression`: `intercept + age_slope*age + woman*[sex is F]` with `sd`;
        `percentile_line`: the same line gives a *limit* at `percentile`; `table`: `cells`; `limit`: `limit_low` or
        `limit_high` for everyone.
    sd_df, mean_se : float or None
        Degrees of freedom of `sd` and standard error of the mean or line, for local norms: their own uncertainty.
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
    sexes: tuple[str, ...] = ("F", "M")
    age_low: float = 18.0
    age_high: float = 120.0
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
    sd_df: float | None = None
    mean_se: float | None = None
