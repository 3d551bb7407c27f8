"""Readings of nerve conduction: the values of the table, and how the response changes along a motor nerve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from nociscope.assays.declaration import OwnLimit
from nociscope.assays.ncs.marking import Marked, mark_all
from nociscope.assays.ncs.read import NcsRecording, NerveStudy
from nociscope.assays.ncs.recordings import SweepSeries
from nociscope.assays.ncs.settings import NcsSettings
from nociscope.assays.ncs.table import LEG_NERVES
from nociscope.tables import Reading
from nociscope.tsv import MISSING, format_number

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


WAVEFORM = ":waveform"
"""What the method of a reading ends with when this program marked the response."""

_CONDITIONS = ("distance_mm", "temperature_c")
"""Readings that are not marked; those of a waveform are left out where the table gives them."""

_OF_MARKS = {"onset_latency_ms": "onset_ms", "peak_latency_ms": "peak_ms"}
"""Readings whose interval goes by another name among the marks."""


def sites(studies: Iterable[NerveStudy | SweepSeries]) -> tuple[str, ...]:
    """Return the site of each study: the nerve, with its point of stimulation where the nerve has several.

    Several within one kind of study, on either side: the same nerve has the same names left and right.
    """
    every = tuple(studies)
    points: dict[tuple[str, str], set[str]] = {}
    for s in every:
        points.setdefault((s.nerve, s.kind), set()).add(s.stimulation)
    return tuple(
        f"{s.nerve}.{s.stimulation}" if len(points[s.nerve, s.kind]) > 1 and s.stimulation != MISSING else s.nerve
        for s in every
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
        studied at several points also `amplitude_fall` and `duration_rise` in %, from the distal point to each other
        one. What was marked on waveforms stands beside, with ``:waveform`` in the method.
    """
    chosen = settings or NcsSettings()
    marked = mark_all(recording.series, chosen)
    studies = (*recording.studies, *(m.study for m in marked))
    names = sites(studies)
    readings: list[Reading] = []
    for study, site in zip(recording.studies, names, strict=False):
        readings += _of_study(study, site, recording.studies, chosen)
    for m, site in zip(marked, names[len(recording.studies) :], strict=True):
        plain = _of_study(m.study, site, tuple(x.study for x in marked), chosen)
        told = any(
            (s.nerve, s.side, s.kind) == (m.study.nerve, m.study.side, m.study.kind) for s in recording.studies
        )
        readings += [
            r if r.measure in _CONDITIONS else _with_marks(r, m, told)
            for r in (*plain, *_of_marks(m, site))
            if not (told and r.measure in _CONDITIONS)
        ]
    return tuple(readings)


def judged_studies(recording: NcsRecording, settings: NcsSettings | None = None) -> tuple[NerveStudy, ...]:
    """Return the studies that rules judge, one for each nerve, kind and point.

    A nerve of which the table has a row goes by the table, which the laboratory's own reader marked; only of others
    are the waveforms used. So no rule ever compares a value of one with a value of the other. Waveforms whose marks
    are doubtful (clipped, cut, begun by a positive phase, F waves of too few stimuli) are not judged: no F wave after
    one stimulus is no absent F wave.
    """
    told = {(s.nerve, s.side, s.kind) for s in recording.studies}
    marked = mark_all(recording.series, settings or NcsSettings())
    return (
        *recording.studies,
        *(m.study for m in marked if not m.poor and (m.study.nerve, m.study.side, m.study.kind) not in told),
    )


def _of_study(study: NerveStudy, site: str, studies: Sequence[NerveStudy], settings: NcsSettings) -> list[Reading]:
    cold = _cold(study, settings)
    readings = [
        _reading(study, site, name, unit, cold) for name, unit in _PLAIN.items() if getattr(study, name) is not None
    ]
    distal = distal_of(study, studies)
    return readings if distal is None else [*readings, *_along(study, distal, site)]


def _of_marks(m: Marked, site: str) -> list[Reading]:
    """Return the readings that only a waveform gives."""
    values = {"amplitude_peak_to_peak": (m.peak_to_peak, m.series.unit), "area": (m.area, f"{m.series.unit}.ms")}
    return [
        Reading(
            site=site,
            side=m.study.side,
            measure=name,
            value=value,
            unit=unit,
            method=_method(m.study, name),
            device=m.study.device,
            source=m.study.source,
        )
        for name, (value, unit) in values.items()
        if value is not None
    ]


def _with_marks(r: Reading, m: Marked, told: bool) -> Reading:
    """Return a reading of a waveform with its interval, count, and what is doubtful about it.

    `told` says that the table has a row of the same nerve.
    """
    name = {"amplitude_peak_to_peak": "peak_to_peak"}.get(r.measure, _OF_MARKS.get(r.measure, r.measure))
    low, high = m.intervals.get(name, (None, None))
    remarks = [r.remark, *m.remarks]
    if told:
        remarks.append("rules use the row of the table")
    return replace(
        r,
        low=low,
        high=high,
        n=m.n,
        quality="poor" if m.poor else r.quality,
        remark="; ".join(text for text in remarks if text),
    )


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
    return Reading(
        site=site,
        side=study.side,
        measure=name,
        value=value,
        unit=study.amplitude_unit if name == "amplitude" else unit,
        method=_method(study, name),
        device=study.device,
        quality="poor" if poor else "good",
        remark="; ".join(remarks),
        source=study.source,
    )


def _method(study: NerveStudy, name: str) -> str:
    """Return how a value was had: the kind of study, who marked it, and the low cut of what depends on it."""
    method: str = study.kind + (WAVEFORM if study.origin == "waveform" else "")
    if name in ("duration_ms", "area") and study.low_cut_hz is not None:
        method += f":low-cut-{format_number(study.low_cut_hz)}-Hz"
    return method


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
            method=_method(study, name),
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
    every: tuple[NerveStudy | SweepSeries, ...] = (*recording.studies, *recording.series)
    for s, site in zip(every, sites(every), strict=True):
        if isinstance(s, NerveStudy):
            method, unit, by_peak = str(s.kind), s.amplitude_unit, s.onset_latency_ms is None
        else:
            method, unit, by_peak = s.kind + WAVEFORM, s.unit, False
        latency = "peak_latency_ms" if by_peak else "onset_latency_ms"
        given = (
            ("amplitude", unit, s.amplitude_lln, None),
            (latency, "ms", None, s.latency_uln if s.level == 0 else None),
            ("velocity_m_s", "m/s", s.velocity_lln, None),
            ("f_latency_ms", "ms", None, s.f_latency_uln),
        )
        found += [
            OwnLimit(measure=name, unit=unit, site=site, side=s.side, method=method, low=low, high=high)
            for name, unit, low, high in given
            if low is not None or high is not None
        ]
    return tuple(found)
