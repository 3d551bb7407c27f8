"""Nerve conduction as the demyelination criteria see it: nerves with their points, limits and what is left out.

A nerve is one nerve of one side. Its distal latency at the site of a common entrapment and the segments across
one are
left out, and it is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from nociscope.assays.ncs.measure import sites
from nociscope.assays.ncs.read import NerveStudy
from nociscope.norms.library import LABORATORY
from nociscope.rules.model import Evidence
from nociscope.tables import MISSING, Score, format_number

ENTRAPMENT_SEGMENTS: dict[str, frozenset[str]] = {
    "ulnar": frozenset({"above_elbow"}),
    "fibular": frozenset({"above_fibular_head", "popliteal_fossa", "knee"}),
}
"""Nerve -> points whose segment crosses the elbow or the fibular head, where there is a point just below."""

_BELOW: dict[str, frozenset[str]] = {
    "ulnar": frozenset({"below_elbow"}),
    "fibular": frozenset({"fibular_head", "below_fibular_head"}),
}

Limit = Literal["amplitude_lln", "latency_uln", "velocity_lln", "f_latency_uln"]

_MEASURE: dict[str, tuple[str, ...]] = {
    "amplitude_lln": ("amplitude",),
    "latency_uln": ("onset_latency_ms", "peak_latency_ms"),
    "velocity_lln": ("velocity_m_s",),
    "f_latency_uln": ("f_latency_ms",),
}


@dataclass(frozen=True, slots=True)
class MotorNerve:
    """A motor nerve of one side: its distal study, the proximal ones, and its F waves."""

    name: str
    side: str
    distal: NerveStudy | None
    proximal: tuple[NerveStudy, ...]
    f_wave: NerveStudy | None
    left_out: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """``ulnar left``."""
        return self.name if self.side == MISSING else f"{self.name} {self.side}"

    @property
    def silent(self) -> bool:
        """Whether the distal response is absent, so that nothing can be slow or blocked."""
        return self.distal is not None and self.distal.amplitude == 0


def motor_nerves(studies: Sequence[NerveStudy]) -> tuple[MotorNerve, ...]:
    """Return the motor nerves of a visit in file order."""
    groups: dict[tuple[str, str], list[NerveStudy]] = {}
    for s in studies:
        if s.kind in ("motor", "f_wave"):
            groups.setdefault((s.nerve, s.side), []).append(s)
    found: list[MotorNerve] = []
    for (name, side), members in groups.items():
        motor = sorted((s for s in members if s.kind == "motor"), key=lambda s: s.level)
        distal = motor[0] if motor and motor[0].level == 0 else None
        further = [s for s in motor if s is not distal]
        points = {s.stimulation for s in further}
        crossing = (
            ENTRAPMENT_SEGMENTS.get(name, frozenset()) if points & _BELOW.get(name, frozenset()) else frozenset()
        )
        out = [f"{name} {side}".replace(f" {MISSING}", "") + f" {p}" for p in sorted(points & crossing)]
        found.append(
            MotorNerve(
                name=name,
                side=side,
                distal=distal,
                proximal=tuple(s for s in further if s.stimulation not in crossing),
                f_wave=next((s for s in members if s.kind == "f_wave"), None),
                left_out=tuple(f"{o} (common site of entrapment)" for o in out),
            )
        )
    return tuple(found)


@dataclass(slots=True)
class Limits:
    """Limits of normal for the studies of a visit: the laboratory's, and where allowed, published ones in
    their place.

    `fallback` collects the norms that stood in.
    """

    studies: tuple[NerveStudy, ...]
    scores: tuple[Score, ...] = ()
    fallback: list[str] = field(default_factory=list)
    _sites: dict[int, str] = field(default_factory=dict)

    def of(self, study: NerveStudy | None, column: Limit) -> float | None:
        """Return a limit of a study in the unit of its value, None when there is none."""
        if study is None:
            return None
        own: float | None = getattr(study, column)
        if own is not None or not self.scores:
            return own
        found = (self._published(study, measure, column) for measure in _MEASURE[column])
        return next((limit for limit in found if limit is not None), None)

    def latencies(self, study: NerveStudy) -> tuple[tuple[str, float, float], ...]:
        """Return the latencies of a study that have a limit of their own: column, value, upper limit.

        The laboratory's limit is that of the onset, or of the peak where the row has no onset; a published one is
        that of the latency it was made for, and there may be one for each.
        """
        columns = _MEASURE["latency_uln"]
        values = [(c, float(v)) for c in columns if (v := getattr(study, c)) is not None]
        if study.latency_uln is not None:
            return tuple((c, v, study.latency_uln) for c, v in values[:1])
        found = ((c, v, self._published(study, c, "latency_uln")) for c, v in values)
        return tuple((c, v, limit) for c, v, limit in found if limit is not None)

    def _published(self, study: NerveStudy, measure: str, column: Limit) -> float | None:
        """Return the limit of the norm that scored one value of a study."""
        if not self._sites:
            self._sites.update(zip((id(s) for s in self.studies), sites(self.studies), strict=True))
        site, value = self._sites.get(id(study), study.nerve), getattr(study, measure)
        score = None if value is None else self._score(measure, site, study.side, float(value))
        if score is None:
            return None
        limit = score.limit_low if column.endswith("_lln") else score.limit_high
        if limit is not None and score.norm not in self.fallback:
            self.fallback.append(score.norm)
        return limit

    def _score(self, measure: str, site: str, side: str, value: float) -> Score | None:
        for s in self.scores:
            if (s.measure, s.site, s.side) != (measure, site, side) or s.norm in (LABORATORY, MISSING):
                continue
            if s.value is not None and abs(s.value - value) <= 1e-6 * (1 + abs(value)):
                return s
        return None


def limits_of(evidence: Evidence, rule: str) -> Limits:
    """Return the limits of the visit that is judged; ``[rules.<rule>] fallback = false`` leaves published ones
    out.
    """
    scores: tuple[Score, ...] = ()
    if evidence.setting(rule, "fallback", True):
        scores = tuple(s for s in evidence.visit.scores if s.assay == "ncs" and s.call != "not_comparable")
    return Limits(evidence.visit.nerve_studies, scores)


def shown(value: float) -> str:
    """Return a number as findings print it."""
    return format_number(round(value, 4))


def reaches(value: float, threshold: float) -> bool:
    """Tell whether a value is at or above a threshold; 3.8 x 1.5 counts as 5.7 although its bits differ."""
    return value >= threshold - 1e-9 * (1 + abs(threshold))


def exceeds(value: float, threshold: float) -> bool:
    """Tell whether a value is above a threshold and not equal to it."""
    return value > threshold + 1e-9 * (1 + abs(threshold))
