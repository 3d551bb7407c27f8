"""Whether a norm may be held against a reading: same unit, method, device, site and condition, the right person."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from nociscope.norms.covariates import NOWHERE, Surroundings, convertible
from nociscope.norms.model import HEIGHT_CM, Norm, NormCovariate
from nociscope.norms.reference import NOTHING, cell_for
from nociscope.study.records import Participant
from nociscope.tables import Reading
from nociscope.tsv import MISSING


@dataclass(frozen=True, slots=True)
class Fit:
    """How a norm fits a reading.

    Attributes
    ----------
    norm : Norm
    obstacles : tuple of str
        What speaks against it, the gravest first.
    notes : tuple of str
        What a reader must know.
    covariates : mapping
        Name -> value of what the norm asks beside age and sex.
    site_fits : bool
    lacks : bool
        Whether all that speaks against it is that something about the person or the test is not known.
    """

    norm: Norm
    obstacles: tuple[str, ...]
    notes: tuple[str, ...] = ()
    covariates: Mapping[str, float] = field(default_factory=dict)
    site_fits: bool = True
    lacks: bool = False

    @property
    def ok(self) -> bool:
        """Whether the norm may be used."""
        return not self.obstacles


def fit(norm: Norm, reading: Reading, participant: Participant, around: Surroundings = NOWHERE) -> Fit:
    """Compare a norm's domain with a reading, a person, and what else was measured beside the reading."""
    age = participant.age
    wrong = [
        text
        for text in (
            _site(norm, reading),
            _method(norm, reading),
            _unit(norm, reading),
            _device(norm, reading),
            _sex(norm, participant.sex),
            _age(norm, age),
        )
        if text
    ]
    found = _covariates(norm, reading, participant, around)
    wrong += found.wrong
    missing = [*_age_missing(norm, age), *found.missing]
    notes = []
    looked_up = norm.form == "table" and not (wrong or missing)
    if looked_up and cell_for(norm, age, participant.sex, found.values) is None:
        wrong.append(f"{norm.key} has no line for sex {participant.sex or MISSING} at {_years(age)}")
    obstacles = (*wrong, *missing)
    if age is None and not obstacles:
        notes.append(f"age is missing, so it cannot be told whether the norm's ages ({_ages(norm)}) hold")
    elif age is not None and not obstacles and not norm.age_low <= math.floor(age) <= norm.age_high:
        notes.append(f"age {_years(age)} lies beyond the {_ages(norm)} of the reference group")
    notes += [] if obstacles else found.beyond
    if norm.status == "unverified":
        notes.append(f"the norm {norm.key} is unverified: its numbers were not read in their source")
    return Fit(norm, obstacles, tuple(notes), found.values, not _site(norm, reading), bool(obstacles) and not wrong)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The covariates of a norm for one reading: values, and in words what is wrong, missing, or within the margin."""

    values: Mapping[str, float]
    wrong: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()


_NONE_ASKED = _Asked(NOTHING)

_NEGLIGIBLE = 1e-9
"""A relative difference of a value and a bound that is rounding."""


def _covariates(norm: Norm, reading: Reading, participant: Participant, around: Surroundings) -> _Asked:
    if not norm.covariates and not norm.uses_height:
        return _NONE_ASKED
    values: dict[str, float] = {}
    wrong, missing, beyond = [], [], []
    if norm.form == "table" and norm.uses_height:
        height = participant.height_cm
        if height is None:
            missing.append(f"height is missing and the norm {norm.key} depends on it")
        else:
            values[HEIGHT_CM] = height
    for c in norm.covariates:
        found = around.covariate(c.name, c.unit, reading, participant)
        if found.value is None:
            needs = "depends on it" if c.slope is not None else f"holds for {_span(c)} only"
            missing.append(f"{c.words} {found.why} and the norm {norm.key} {needs}")
            continue
        values[c.name] = found.value
        rounding = _NEGLIGIBLE * max(abs(c.low), abs(c.high))
        excess = max(c.low - found.value, found.value - c.high) - rounding
        said = f"{c.words} {found.value:.4g} {c.unit}"
        if excess > c.margin:
            wrong.append(f"{said} is outside the {_span(c)} of the norm {norm.key}")
        elif excess > 0 and c.slope is not None:  # beyond the controls the line is only extended
            beyond.append(f"{said} lies beyond the {_span(c)} of the reference group")
    return _Asked(values, tuple(wrong), tuple(missing), tuple(beyond))


def _span(c: NormCovariate) -> str:
    """Return the range of a covariate in words, ``155-185 cm``; one number where there is one."""
    low, high = f"{c.low:.4g}", f"{c.high:.4g}"
    return f"{low} {c.unit}" if low == high else f"{low}-{high} {c.unit}"


def _years(age: float | None) -> str:
    return "an unknown age" if age is None else f"{age:g} y"


def _ages(norm: Norm) -> str:
    return f"{norm.age_low:g}-{norm.age_high:g} y"


def _site(norm: Norm, reading: Reading) -> str:
    if not norm.sites or any(fnmatchcase(reading.site, s) for s in norm.sites):
        return ""
    return f"the norm {norm.key} is for {' or '.join(norm.sites)}, not for {reading.site}"


def _method(norm: Norm, reading: Reading) -> str:
    if not norm.methods or any(fnmatchcase(reading.method, m) for m in norm.methods):
        return ""
    wanted = " or ".join(norm.methods)
    if reading.method == MISSING:
        return f"the method (stain, program) is missing and the norm {norm.key} holds for {wanted} only"
    return f"measured by {reading.method}, and the norm {norm.key} holds for {wanted} only"


def _device(norm: Norm, reading: Reading) -> str:
    device = reading.device.strip().casefold()
    if not norm.devices or device in ("", MISSING):
        return ""
    if any(fnmatchcase(device, d.casefold()) for d in norm.devices):
        return ""
    return f"measured with {reading.device}, and the norm {norm.key} with {' or '.join(norm.devices)}"


def _unit(norm: Norm, reading: Reading) -> str:
    if convertible(reading.unit, norm.unit):
        return ""
    return (
        f"the unit {reading.unit or 'of a plain number'} is not that of the norm {norm.key} ({norm.unit or 'none'})"
    )


def _sex(norm: Norm, sex: str) -> str:
    if not norm.uses_sex or sex in norm.sexes:
        return ""
    if sex in ("F", "M"):
        return f"the norm {norm.key} holds for sex {' and '.join(norm.sexes)} only"
    said = "is missing" if sex in ("", MISSING) else f"is {sex}"
    return f"sex {said} and the norm {norm.key} differs between women and men"


def _age_missing(norm: Norm, age: float | None) -> tuple[str, ...]:
    return (f"age is missing and the norm {norm.key} depends on it",) if age is None and norm.uses_age else ()


def _age(norm: Norm, age: float | None) -> str:
    if age is None or norm.age_low - norm.age_margin <= math.floor(age) <= norm.age_high + norm.age_margin:
        return ""
    return f"age {_years(age)} is outside the {_ages(norm)} of the norm {norm.key}"
