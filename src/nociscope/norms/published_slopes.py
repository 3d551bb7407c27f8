"""Published slopes of age, which a user may ask for where own controls are too few for a slope of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from nociscope import files
from nociscope.norms.local import GivenSlopes
from nociscope.norms.model import NormStatus
from nociscope.problems import InvalidStudy, Problem, UsageError, clean_text

SHIPPED = Path(__file__).parent / "slopes"
"""The folder of the slopes that come with the program."""

SETTING = "age_slopes"
"""The name in the section ``[norms]`` of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSlope:
    """How one measure changes with age per year: in `unit`, or as a share of the mean where its source is `relative`.

    Without `women` the slope is that of both sexes.
    """

    measure: str
    unit: str
    men: float
    men_se: float
    women: float | None = None
    women_se: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlopeSource:
    """A publication that gives slopes of age without a location that could be used.

    Attributes
    ----------
    key, title, citation, doi, status, status_note : str
        As of a norm.
    assay : str
    methods : tuple of str
        Patterns, compared without case, that the method of a reading must fit.
    why_methods : str
        Why it holds for these methods only.
    relative : bool
        Whether the slopes are shares of the mean.
    slope : tuple of PublishedSlope
    """

    key: str
    title: str
    citation: str
    doi: str
    status: NormStatus
    status_note: str
    assay: str
    methods: tuple[str, ...]
    why_methods: str
    relative: bool = False
    slope: tuple[PublishedSlope, ...] = ()

    def of(self, measure: str) -> PublishedSlope | None:
        """Return the slope of a measure, None when there is none."""
        return next((s for s in self.slope if s.measure == measure), None)

    def fits_method(self, method: str) -> bool:
        """Tell whether it holds for a method."""
        return any(fnmatchcase(method.casefold(), m.casefold()) for m in self.methods)

    def given(self, slope: PublishedSlope, mean: float) -> GivenSlopes:
        """Return one of its slopes in the unit of the measure, for controls of this mean."""
        scale = abs(mean) if self.relative else 1.0
        return GivenSlopes(
            men=slope.men * scale,
            men_se=slope.men_se * scale,
            women=None if slope.women is None else slope.women * scale,
            women_se=slope.women_se * scale,
        )


@cache
def slope_sources() -> tuple[SlopeSource, ...]:
    """Return the sources that come with the program, by key."""
    import tomllib

    from pydantic import TypeAdapter

    adapter = TypeAdapter(SlopeSource)
    found = [adapter.validate_python(tomllib.loads(files.read_text(p))) for p in sorted(SHIPPED.glob("*.toml"))]
    return tuple(sorted(found, key=lambda s: s.key))


def slopes_named(keys: Iterable[str]) -> tuple[SlopeSource, ...]:
    """Return sources by key.

    Raises
    ------
    UsageError
        There is none of that key.
    """
    known = {s.key: s for s in slope_sources()}
    chosen = []
    for key in dict.fromkeys(keys):
        if key not in known:
            near = get_close_matches(key, list(known), 1, 0.5)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
            raise UsageError(f"There are no age slopes “{clean_text(key, 60)}”. {hint}")
        chosen.append(known[key])
    return tuple(chosen)


def slopes_in_settings(section: Mapping[str, Any], file: str) -> tuple[str, ...]:
    """Return the keys that the section ``[norms]`` of the settings names: ``age_slopes = "tavakoli2015"``, or a list.

    Raises
    ------
    InvalidStudy
        The section holds anything else.
    """
    known = [s.key for s in slope_sources()]
    for name in section:
        if name != SETTING:
            raise InvalidStudy(_wrong(file, name, name, "is not a setting of [norms]", f"use {SETTING}"))
    value = section.get(SETTING, ())
    keys = (value,) if isinstance(value, str) else value
    if not isinstance(keys, list | tuple) or any(k not in known for k in keys):
        what = "does not name age slopes"
        raise InvalidStudy(_wrong(file, SETTING, value, what, f"use one of {', '.join(known)}, or a list of them"))
    return tuple(keys)


def _wrong(file: str, name: str, value: object, what: str, remedy: str) -> Problem:
    return Problem(what=what, remedy=remedy, code="bad-settings", file=file, column=f"norms.{name}", value=str(value))
