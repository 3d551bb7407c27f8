"""Readings of nerve conduction: the values of the table, and how the response changes along a motor nerve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nociscope.assays.declaration import OwnLimit, setting
from nociscope.assays.ncs.read import NcsRecording, NerveStudy
from nociscope.assays.ncs.table import LEG_NERVES
from nociscope.tables import MISSING, Reading, format_number

CHEN_DOI = "10.1002/mus.25203"

_PLAIN = {
    "amplitude": "",
    "onset_latency_ms": "ms",
    "peak_latency_ms": "ms",
    "velocity_m_s": "m/s",
    "duration_ms": "ms",
    "f_latency_ms": "ms",
    "f_persistence": "%",
    "distance_mm": "mm",
    "temperature_c": "degC",
}
"""Columns of the table that are measures, with their units; that of the amplitude is the row's own."""

_SLOWED_BY_COLD = ("onset_latency_ms", "peak_latency_ms", "velocity_m_s", "duration_ms", "f_latency_ms")


@dataclass(frozen=True, slots=True)
class NcsSettings:
    """Settings of the nerve conduction assay."""

    warm_hand_c: float = setting(
        32.0,
        "Skin temperature of the arm below which latencies and velocities are marked as poor",
        unit="degC",
        source=f"the reference series required it, Chen 2016, doi {CHEN_DOI}",
    )
    warm_leg_c: float = setting(
        30.0,
        "Skin temperature of the leg below which latencies and velocities are marked as poor",
        unit="degC",
        source="at the malleolus, EAN/PNS guideline 2021 as summarised by a secondary source",
    )


def sites(studies: Sequence[NerveStudy]) -> tuple[str, ...]:
    """Return the site of each study: the nerve, with its point of stimulation where the nerve has several.

    Several within one kind of study, on either side: the same nerve has the same names left and right.
    """
    points: dict[tuple[str, str], set[str]] = {}
    for s in studies:
        points.setdefault((s.nerve, s.kind), set()).add(s.stimulation)
    return tuple(
        f"{s.nerve}.{s.stimulation}" if len(points[s.nerve, s.kind]) > 1 and s.stimulation != MISSING else s.nerve
        for s in studies
    )


def measure(recording: NcsRecording, settings: NcsSettings | None = None) -> tuple[Reading, ...]:
    """Return the readings of a visit's nerve conduction studies.

    Parameters
    ----------
    recording : NcsRecording
    settings : NcsSettings, optional

    Returns
    -------
    tuple of Reading
        Every column with a value, at the site of its nerve; `method` is the kind of study. For motor nerves
        studied at
        several points also `amplitude_fall` and `duration_rise` in %, from the distal point to each other one.
    """
    chosen = settings or NcsSettings()
    readings: list[Reading] = []
    for study, site in zip(recording.studies, sites(recording.studies), strict=True):
        cold = _cold(study, chosen)
        readings += [
            _reading(study, site, name, unit, cold)
            for name, unit in _PLAIN.items()
            if getattr(study, name) is not None
        ]
        distal = distal_of(study, recording.studies)
        if distal is not None:
            readings += _along(study, distal, site)
    return tuple(readings)


def distal_of(study: NerveStudy, studies: Sequence[NerveStudy]) -> NerveStudy | None:
    """Return the distal motor study of the same nerve and side, None for a study that is distal itself."""
    if study.kind != "motor" or study.level == 0:
        return None
    for other in studies:
        same = (other.nerve, other.side, other.kind) == (study.nerve, study.side, "motor")
        if same and other.level == 0:
            return other
    return None


def _cold(study: NerveStudy, settings: NcsSettings) -> str:
    """Return a remark when the limb was too cold for latencies and velocities, else nothing."""
    limit = settings.warm_leg_c if study.nerve in LEG_NERVES else settings.warm_hand_c
    if study.temperature_c is None or study.temperature_c >= limit:
        return ""
    skin, least = format_number(study.temperature_c), format_number(limit)
    return f"skin at {skin} °C, below {least} °C: cold alone slows conduction"


def _reading(study: NerveStudy, site: str, name: str, unit: str, cold: str) -> Reading:
    value = float(getattr(study, name))
    remarks = []
    if name == "amplitude" and value == 0:
        remarks.append("no response")
    if name == "f_persistence" and value == 0:
        remarks.append("no F wave")
    poor = bool(cold) and name in _SLOWED_BY_COLD
    if poor:
        remarks.append(cold)
    method: str = study.kind
    if name == "duration_ms" and study.low_cut_hz is not None:
        method += f":low-cut-{format_number(study.low_cut_hz)}-Hz"
    return Reading(
        site=site,
        side=study.side,
        measure=name,
        value=value,
        unit=study.amplitude_unit if name == "amplitude" else unit,
        method=method,
        device=study.device,
        quality="poor" if poor else "good",
        remark="; ".join(remarks),
        source=study.source,
    )


def amplitude_fall(study: NerveStudy, distal: NerveStudy) -> float | None:
    """Return by how many per cent the response is smaller than the distal one; negative when it is larger."""
    if study.amplitude is None or not distal.amplitude or study.amplitude_unit != distal.amplitude_unit:
        return None
    return 100 * (1 - study.amplitude / distal.amplitude)


def duration_rise(study: NerveStudy, distal: NerveStudy) -> float | None:
    """Return by how many per cent the response is longer than the distal one; None without a response."""
    if study.duration_ms is None or distal.duration_ms is None or study.amplitude == 0 or distal.amplitude == 0:
        return None
    return 100 * (study.duration_ms / distal.duration_ms - 1)


def _along(study: NerveStudy, distal: NerveStudy, site: str) -> list[Reading]:
    values = {"amplitude_fall": amplitude_fall(study, distal), "duration_rise": duration_rise(study, distal)}
    return [
        Reading(
            site=site,
            side=study.side,
            measure=name,
            value=value,
            unit="%",
            method="motor",
            device=study.device,
            remark=f"against {distal.stimulation}" if distal.stimulation != MISSING else "",
            source=study.source,
        )
        for name, value in values.items()
        if value is not None
    ]


def limits(recording: NcsRecording, settings: NcsSettings | None = None) -> tuple[OwnLimit, ...]:
    """Return the laboratory's limits that stand beside the values.

    The limit of the latency is that of the onset; where a row has a peak latency only, that of the peak. It is
    a limit of
    the distal latency: on the row of a proximal point, where tables repeat it, it is not used.
    """
    found: list[OwnLimit] = []
    for s, site in zip(recording.studies, sites(recording.studies), strict=True):
        latency = "onset_latency_ms" if s.onset_latency_ms is not None else "peak_latency_ms"
        given = (
            ("amplitude", s.amplitude_unit, s.amplitude_lln, None),
            (latency, "ms", None, s.latency_uln if s.level == 0 else None),
            ("velocity_m_s", "m/s", s.velocity_lln, None),
            ("f_latency_ms", "ms", None, s.f_latency_uln),
        )
        found += [
            OwnLimit(measure=name, unit=unit, site=site, side=s.side, method=s.kind, low=low, high=high)
            for name, unit, low, high in given
            if low is not None or high is not None
        ]
    return tuple(found)
