"""Nerve conduction as the demyelination criteria see it: nerves with their points, limits and what is left out.

A nerve is one nerve of one side. Its distal latency at the site of a common entrapment and the segments across
one are
left out, and it is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from nociscope.assays.ncs.measure import sites
from nociscope.assays.ncs.read import NerveStudy
from nociscope.norms.library import LABORATORY
from nociscope.rules.model import Evidence
from nociscope.tables import Score
from nociscope.tsv import MISSING, format_number

ENTRAPMENT_SEGMENTS: dict[str, frozenset[str]] = {
    "ulnar": frozenset({"above_elbow"}),
    "fibular": frozenset({"above_fibular_head", "popliteal_fossa", "knee"}),
}
"""Nerve -> points whose segment crosses the elbow or the fibular head, where there is a point just below."""

_BELOW: dict[str, frozenset[str]] = {
    "ulnar": frozenset({"below_elbow"}),
    "fibular": frozenset({"fibular_head", "below_fibular_head"}),
}

Limit = Literal["amplitude_lln", "velocity_lln", "f_latency_uln"]
"""Limits of one value each. That of a latency may be of the onset or of the peak: see :meth:`Limits.latencies`."""

_MEASURE: dict[Limit, str] = {
    "amplitude_lln": "amplitude",
    "velocity_lln": "velocity_m_s",
    "f_latency_uln": "f_latency_ms",
}

_LATENCIES = ("onset_latency_ms", "peak_latency_ms")


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
        return self._published(study, _MEASURE[column], low=column.endswith("_lln"))

    def latencies(self, study: NerveStudy) -> tuple[tuple[str, float, float], ...]:
        """Return the latencies of a study that have a limit of their own: column, value, upper limit.

        The laboratory's limit is that of the onset, or of the peak where the row has no onset; a published one is
        that of the latency it was made for, and there may be one for each.
        """
        values = [(c, float(v)) for c in _LATENCIES if (v := getattr(study, c)) is not None]
        if study.latency_uln is not None:
            return tuple((c, v, study.latency_uln) for c, v in values[:1])
        found = ((c, v, self._published(study, c, low=False)) for c, v in values)
        return tuple((c, v, limit) for c, v, limit in found if limit is not None)

    def onset(self, study: NerveStudy) -> float | None:
        """Return the upper limit of the onset latency, never that of the peak; None when there is none."""
        return next((limit for c, _, limit in self.latencies(study) if c == "onset_latency_ms"), None)

    def _published(self, study: NerveStudy, measure: str, *, low: bool) -> float | None:
        """Return the limit of the norm that scored one value of a study."""
        if not self._sites:
            self._sites.update(zip((id(s) for s in self.studies), sites(self.studies), strict=True))
        site, value = self._sites.get(id(study), study.nerve), getattr(study, measure)
        score = None if value is None else self._score(measure, site, study.side, float(value))
        if score is None:
            return None
        limit = score.limit_low if low else score.limit_high
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


def used(nerves: Sequence[MotorNerve], limits: Limits) -> list[str]:
    """Return what a reader must know of the inputs: what was left out, and whose limits stood in."""
    notes = [text for n in nerves for text in n.left_out]
    drawn = sorted(
        {n.label for n in nerves for s in (n.distal, n.f_wave) if s is not None and s.origin == "waveform"}
    )
    if drawn:
        notes.append(f"marked on waveforms by this program: {', '.join(drawn)}")
    if any(n.name == "median" and n.distal is not None for n in nerves):
        notes.append("median distal latency not counted (common site of entrapment at the wrist)")
    if limits.fallback:
        keys = sorted(limits.fallback)
        more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
        notes.append(f"fallback: published limits where the laboratory gave none ({', '.join(keys[:3])}{more})")
    cold = sorted(
        {
            f"{n.label} at {shown(s.temperature_c)} °C"
            for n in nerves
            for s in (n.distal, *n.proximal)
            if s is not None and s.temperature_c is not None and s.temperature_c < 30
        }
    )
    if cold:
        notes.append(f"cold skin slows conduction: {', '.join(cold)}")
    return notes


def shown(value: float) -> str:
    """Return a number as findings print it: to four digits, as whole numbers are."""
    decimals = 3 if value == 0 else max(0, 3 - math.floor(math.log10(abs(value))))
    return format_number(round(value, decimals))


def reaches(value: float, threshold: float) -> bool:
    """Tell whether a value is at or above a threshold; 3.8 x 1.5 counts as 5.7 although its bits differ."""
    return value >= threshold - 1e-9 * (1 + abs(threshold))


def exceeds(value: float, threshold: float) -> bool:
    """Tell whether a value is above a threshold and not equal to it."""
    return value > threshold + 1e-9 * (1 + abs(threshold))
