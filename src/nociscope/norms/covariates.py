"""What norms ask beside age and sex: a participant's height, and readings of the same visit, site and side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from nociscope import units
from nociscope.norms.model import HEIGHT_CM
from nociscope.study.records import Participant
from nociscope.tables import Reading
from nociscope.tsv import MISSING

_Place = tuple[str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """The value of a covariate in the unit that was asked for, or None and why in words."""

    value: float | None
    why: str = "is missing"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The usable readings of a table by what, when and where they were measured: value, unit and device."""

    _places: dict[_Place, set[tuple[float, str, str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, readings: Iterable[Reading]) -> Surroundings:
        """Index readings; failed, censored and missing values are no covariates."""
        places: dict[_Place, set[tuple[float, str, str]]] = {}
        for r in readings:
            if r.value is not None and r.quality != "failed" and r.censored == "none":
                places.setdefault(_place(r, r.measure), set()).add((r.value, r.unit, r.device))
        return cls(places)

    def covariate(self, name: str, unit: str, reading: Reading, participant: Participant) -> Found:
        """Return a covariate of a reading; of several values, the one that was measured with the same device.

        Parameters
        ----------
        name : str
            ``height_cm``, of the participant; else a measure of the reading's assay.
        unit : str
            The unit that is wanted.
        reading : Reading
            Whose participant, visit, assay, site and side count.
        participant : Participant
        """
        if name == HEIGHT_CM:
            height = participant.height_cm
            return Found(None) if height is None else _converted(height, "cm", unit)
        found = self._places.get(_place(reading, name), set())
        if not found:
            return Found(None, f"is missing{_where(reading)}")
        of_device = {f for f in found if f[2] == reading.device} or found
        values = {f[:2] for f in of_device}
        if len(values) > 1:
            return Found(None, f"has several values{_where(reading)}")
        ((value, given),) = values
        return _converted(value, given, unit)


NOWHERE = Surroundings()
"""For a reading of which nothing else is known."""


def in_unit(value: float, unit: str, to: str) -> float | None:
    """Return a value in another unit, None when it cannot be had.

    A temperature and a change of temperature are never converted into each other: the baseline is not known here.
    """
    source, target = _plain_unit(unit), _plain_unit(to)
    if source == target:
        return value
    return units.convert(value, source, target) if convertible(unit, to) else None


@lru_cache(maxsize=4096)
def convertible(unit: str, to: str) -> bool:
    """Tell whether :func:`in_unit` can give values of one unit in another."""
    source, target = _plain_unit(unit), _plain_unit(to)
    if source == target:
        return True
    if not source or not target or "degC" in source or "degC" in target:
        return False
    try:
        units.convert(0.5, source, target)
    except ValueError:
        return False
    return True


def _plain_unit(unit: str) -> str:
    canonical = units.canonical(unit)
    return "" if canonical == MISSING else canonical


def _converted(value: float, unit: str, to: str) -> Found:
    converted = in_unit(value, unit, to)
    said = unit if unit not in ("", MISSING) else "no unit"
    return Found(converted, "" if converted is not None else f"is given in {said}, not in {to}")


def _place(reading: Reading, measure: str) -> _Place:
    return reading.participant_id, reading.session_id, reading.assay, reading.site, reading.side, measure


def _where(reading: Reading) -> str:
    parts = [p for p in (reading.site, reading.side) if p not in ("", MISSING)]
    return f" at {' '.join(parts)}" if parts else ""
