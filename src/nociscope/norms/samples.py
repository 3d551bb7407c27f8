"""The controls behind one norm: who has a usable value, with what beside it, on which device."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nociscope.assays.declaration import Covariate
from nociscope.norms.covariates import Surroundings
from nociscope.norms.local import Person
from nociscope.study.records import Participant
from nociscope.tables import Reading
from nociscope.tsv import MISSING


@dataclass(frozen=True, slots=True)
class Sample:
    """The usable controls of one quantity and what was left out.

    Attributes
    ----------
    people : tuple of Person
    devices : tuple of str
        As given, ``n/a`` among them where a reading names none.
    censored, zero : int
        Controls left out because their value is only a bound, or has no logarithm.
    """

    people: tuple[Person, ...]
    devices: tuple[str, ...]
    censored: int
    zero: int

    @property
    def n(self) -> int:
        """How many people there are."""
        return len(self.people)

    @property
    def known_devices(self) -> tuple[str, ...]:
        """The devices that are named."""
        return tuple(d for d in self.devices if is_known(d))

    def values_of(self, covariate: str) -> list[float]:
        """Return the known values of a covariate, of all sides of all people."""
        return [v for p in self.people for v in p.covariates.get(covariate, ()) if v is not None]


def is_known(device: str) -> bool:
    """Tell whether a device is named."""
    return device.strip() not in ("", MISSING)


def by_device(readings: Sequence[Reading]) -> dict[str, tuple[Reading, ...]]:
    """Return readings apart by device where they name several; else all of them, under an empty name.

    Names are compared without case. Readings that name no device belong to none of several, and are left out.
    """
    named: dict[str, list[Reading]] = {}
    for r in readings:
        if is_known(r.device):
            named.setdefault(r.device.strip().casefold(), []).append(r)
    if len(named) < 2:
        return {"": tuple(readings)}
    return {min(r.device.strip() for r in rs): tuple(rs) for _, rs in sorted(named.items())}


def sample_of(
    readings: Sequence[Reading],
    controls: Mapping[str, Participant],
    log10: bool,
    covariates: Sequence[Covariate],
    around: Surroundings,
) -> Sample:
    """Return the controls of one quantity: the first session of each in which there is a usable value."""
    by_person: dict[str, dict[str, list[Reading]]] = {}
    for r in readings:
        if r.quality != "failed" and r.value is not None and math.isfinite(r.value):
            by_person.setdefault(r.participant_id, {}).setdefault(r.session_id, []).append(r)
    people, devices = [], set()
    censored = zero = 0
    for name in sorted(by_person):
        first = by_person[name][min(by_person[name])]
        certain = [r for r in first if r.censored == "none"]
        positive = [r for r in certain if not log10 or (r.value or 0.0) > 0]
        if not positive:
            censored += not certain
            zero += bool(certain)
            continue
        values = tuple(math.log10(r.value) if log10 else float(r.value) for r in positive if r.value is not None)
        who = controls[name]
        beside = {c.name: tuple(around.covariate(c.name, c.unit, r, who).value for r in positive) for c in covariates}
        people.append(Person(values, who.age, who.sex, beside))
        devices |= {r.device for r in positive}
    return Sample(tuple(people), tuple(sorted(devices)), censored, zero)
