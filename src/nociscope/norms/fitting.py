"""Whether a norm may be held against a reading: same unit, method, device and site, and the right person."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fnmatch import fnmatchcase

from nociscope import units
from nociscope.norms.model import Norm
from nociscope.norms.reference import cell_for
from nociscope.study.records import Participant
from nociscope.tables import MISSING, Reading


@dataclass(frozen=True, slots=True)
class Fit:
    """How a norm fits a reading: what speaks against it, the gravest first, and what a reader must know."""

    norm: Norm
    obstacles: tuple[str, ...]
    notes: tuple[str, ...] = ()
    site_fits: bool = True

    @property
    def ok(self) -> bool:
        """Whether the norm may be used."""
        return not self.obstacles


def fit(norm: Norm, reading: Reading, participant: Participant) -> Fit:
    """Compare a norm's domain with a reading and a person."""
    age = participant.age
    obstacles = [
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
    notes = []
    if not obstacles and norm.form == "table" and cell_for(norm, age, participant.sex) is None:
        obstacles.append(f"{norm.key} has no line for sex {participant.sex or MISSING} at {_years(age)}")
    if age is None and not obstacles:
        notes.append(f"age is missing, so it cannot be told whether the norm's ages ({_ages(norm)}) hold")
    elif age is not None and not obstacles and not norm.age_low <= math.floor(age) <= norm.age_high:
        notes.append(f"age {_years(age)} lies beyond the {_ages(norm)} of the reference group")
    if norm.status == "unverified":
        notes.append(f"the norm {norm.key} is unverified: its numbers were not read in their source")
    return Fit(norm, tuple(obstacles), tuple(notes), not _site(norm, reading))


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
    if in_unit(0.5, reading.unit, norm.unit) is not None:
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


def _age(norm: Norm, age: float | None) -> str:
    if age is None:
        return f"age is missing and the norm {norm.key} depends on it" if norm.uses_age else ""
    if norm.age_low - norm.age_margin <= math.floor(age) <= norm.age_high + norm.age_margin:
        return ""
    return f"age {_years(age)} is outside the {_ages(norm)} of the norm {norm.key}"


def in_unit(value: float, unit: str, to: str) -> float | None:
    """Return a value in another unit, None when it cannot be had.

    A temperature and a change of temperature are never converted into each other: the baseline is not known here.
    """
    source, target = units.canonical(unit), units.canonical(to)
    source, target = ("" if u == MISSING else u for u in (source, target))
    if source == target:
        return value
    if not source or not target or "degC" in source or "degC" in target:
        return None
    try:
        return units.convert(value, source, target)
    except ValueError:
        return None
