"""From sweeps to marked responses: baselines, averages, marks with intervals, velocities, F waves. Pure.

Motor sweeps are marked one by one and their marks averaged; sensory sweeps are averaged and the average is marked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from nociscope.assays.ncs.read import NerveStudy
from nociscope.assays.ncs.recordings import SweepSeries
from nociscope.assays.ncs.settings import NcsSettings
from nociscope.assays.ncs.table import LEG_NERVES
from nociscope.assays.ncs.waveform import Array, Marks, mark

Interval = tuple[float, float]

MARKED = ("onset_ms", "peak_ms", "amplitude", "peak_to_peak", "duration_ms", "area")
"""Fields of :class:`Marks` that become readings."""

PRESENT_SD = 5.0
"""A response must be higher than this many standard deviations of the baseline's noise."""

LEVEL_SD = 3.0
"""Onset and end are not looked for below this many."""

FEWEST_F = 10
"""With 10 stimuli the shortest latency lies within 1 ms of that of 100 (“Normative F wave values and the number of
recorded F waves”, Muscle Nerve 1994, abstract read); with fewer it is remarked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A series of sweeps with what was marked on it.

    Attributes
    ----------
    series : SweepSeries
    study : NerveStudy
        The values as rules see them; `origin` is ``waveform``.
    trace : array (samples,)
        The mean of the sweeps used, baseline removed.
    marks : Marks or None
        On `trace`, for drawing; None when there is no response, and for F waves.
    area, peak_to_peak : float or None
    intervals : mapping
        Name as in the readings -> 95 % interval.
    n, left_out : int
        Sweeps used; motor sweeps left out as submaximal.
    f_onsets_ms : tuple of (float or None)
        Per sweep of F waves: where one begins.
    remarks : tuple of str
    poor : bool
        Whether something makes the values doubtful.
    """

    series: SweepSeries
    study: NerveStudy
    trace: Array
    marks: Marks | None = None
    area: float | None = None
    peak_to_peak: float | None = None
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    n: int = 0
    left_out: int = 0
    f_onsets_ms: tuple[float | None, ...] = ()
    remarks: tuple[str, ...] = ()
    poor: bool = False


def mark_all(series: Sequence[SweepSeries], settings: NcsSettings) -> tuple[Marked, ...]:
    """Mark the series of a visit, and give each proximal motor point its velocity.

    Parameters
    ----------
    series : sequence of SweepSeries
    settings : NcsSettings

    Returns
    -------
    tuple of Marked
        In the same order.
    """
    marked = [_f_waves(s, settings) if s.kind == "f_wave" else _response(s, settings) for s in series]
    return tuple(_with_velocity(m, marked) for m in marked)


def cleaned(series: SweepSeries, settings: NcsSettings) -> tuple[Array, Array, float]:
    """Return times from the end of the artefact on, the sweeps with their baseline removed, and the noise.

    The baseline is the median of each sweep before the stimulus. Where that is shorter than 1 ms, as in files that
    begin with the stimulus, it is that of the half millisecond after the artefact. The noise is the standard
    deviation of one sweep there (1.4826 times the median absolute deviation), or else at the end of the sweep.
    """
    time = series.time_ms
    before = time < -0.2
    own = float(np.ptp(time[before])) >= 1.0 if before.any() else False
    quiet = before if own else (time >= settings.blank_ms) & (time < settings.blank_ms + 0.5)
    base = np.median(series.sweeps[:, quiet], axis=1, keepdims=True) if quiet.any() else 0.0
    level = series.sweeps - base
    spread = level[:, before] if own else level[:, time > time[-1] - 3.0]
    deviations = np.abs(spread - np.median(spread, axis=1, keepdims=True))
    after = time >= settings.blank_ms
    return time[after], level[:, after], 1.4826 * float(np.median(deviations))


def _least(series: SweepSeries, settings: NcsSettings) -> float:
    return settings.least_sensory_uv if series.kind == "sensory" else settings.least_motor_mv


def _mark(signal: Array, time: Array, noise: float, least: float) -> Marks | None:
    marks = mark(signal, time, max(LEVEL_SD * noise, least))
    return marks if marks is not None and marks.amplitude > PRESENT_SD * noise else None


def _response(series: SweepSeries, settings: NcsSettings) -> Marked:
    """Mark a motor or sensory response."""
    time, sweeps, noise = cleaned(series, settings)
    least = _least(series, settings)
    used = _supramaximal(sweeps, settings) if series.kind == "motor" else np.arange(len(sweeps))
    chosen = sweeps[used]
    shrunk = noise / math.sqrt(len(chosen))
    trace = chosen.mean(axis=0)
    marks = _mark(trace, time, shrunk, least)
    values: dict[str, float] = {}
    intervals: dict[str, Interval] = {}
    if marks is not None and series.kind == "motor":
        each = [_mark(sweep, time, noise, least) for sweep in chosen]
        values, intervals = _mean_of([m for m in each if m is not None], marks)
    elif marks is not None:
        values, intervals = _jackknife(chosen, marks, lambda s: _mark(s, time, shrunk, least))
    remarks, poor = _doubts(series, marks, trace, time, used)
    return Marked(
        series=series,
        study=_study(series, values, marks is not None),
        trace=trace,
        marks=marks,
        area=values.get("area"),
        peak_to_peak=values.get("peak_to_peak"),
        intervals=intervals,
        n=len(chosen),
        left_out=len(sweeps) - len(chosen),
        remarks=remarks,
        poor=poor,
    )


def _supramaximal(sweeps: Array, settings: NcsSettings) -> np.ndarray:
    """Return which sweeps reach the given part of the largest one."""
    peaks = sweeps.max(axis=1)
    return np.flatnonzero(peaks >= settings.supramaximal * peaks.max())


def _t95(degrees: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.975))


def _mean_of(marks: Sequence[Marks], of_mean: Marks) -> tuple[dict[str, float], dict[str, Interval]]:
    """Return the means of the marks of single sweeps, with Student's intervals from two sweeps on."""
    if not marks:  # only their mean rises above the noise
        marks = [of_mean]
    table = np.array([[getattr(m, name) for name in MARKED] for m in marks])
    means = dict(zip(MARKED, (float(x) for x in table.mean(axis=0)), strict=True))
    if len(marks) < 2:
        return means, {}
    half = _t95(len(marks) - 1) * table.std(axis=0, ddof=1) / math.sqrt(len(marks))
    return means, {n: (means[n] - float(h), means[n] + float(h)) for n, h in zip(MARKED, half, strict=True)}


def _jackknife(
    sweeps: Array, whole: Marks, marking: Callable[[Array], Marks | None]
) -> tuple[dict[str, float], dict[str, Interval]]:
    """Return the marks of an average with jackknife intervals, from four sweeps on.

    The standard error comes from the averages that leave one sweep out (Miller J, Patterson T, Ulrich R.
    Psychophysiology 1998;35:99-115, for onset latencies of averages).
    """
    values = {name: float(getattr(whole, name)) for name in MARKED}
    count = len(sweeps)
    if count < 4:
        return values, {}
    total = sweeps.sum(axis=0)
    parts = [marking((total - sweep) / (count - 1)) for sweep in sweeps]
    if any(p is None for p in parts):
        return values, {}
    table = np.array([[getattr(p, name) for name in MARKED] for p in parts])
    errors = np.sqrt((count - 1) * table.var(axis=0))
    half = _t95(count - 1) * errors
    return values, {n: (values[n] - float(h), values[n] + float(h)) for n, h in zip(MARKED, half, strict=True)}


def _doubts(
    series: SweepSeries, marks: Marks | None, trace: Array, time: Array, used: np.ndarray
) -> tuple[tuple[str, ...], bool]:
    """Return what a reader should know of a response, and whether it makes the values doubtful."""
    found: list[str] = []
    if any(series.clipped[int(i)] for i in used if int(i) < len(series.clipped)):
        found.append("clipped by the amplifier")
    if marks is not None and marks.end_ms >= float(time[-1]) - 1e-6:
        found.append("the sweep ends before the response does")
    if marks is not None:
        early = trace[time < marks.onset_ms]
        if early.size and float(early.min()) < -0.3 * marks.amplitude:
            found.append("begins with a positive phase: electrode not over the motor point, or an inverted export")
    doubtful = bool(found)
    if len(used) < len(series.sweeps):
        found.append(f"{len(series.sweeps) - len(used)} of {len(series.sweeps)} sweeps left out as submaximal")
    return tuple(found), doubtful


def _study(series: SweepSeries, values: Mapping[str, float], present: bool, **more: float | None) -> NerveStudy:
    """Return the values of a series as a study, with its conditions and limits."""
    sensory = series.kind == "sensory"
    speed: float | None = None
    if sensory and series.distance_mm and values.get("onset_ms"):
        speed = series.distance_mm / values["onset_ms"]
    amplitude = None if series.kind == "f_wave" else values.get("amplitude") if present else 0.0
    return NerveStudy(
        nerve=series.nerve,
        kind=series.kind,  # type: ignore[arg-type]
        side=series.side,
        stimulation=series.stimulation,
        amplitude=amplitude,
        amplitude_unit=series.unit,
        onset_latency_ms=values.get("onset_ms"),
        peak_latency_ms=values.get("peak_ms"),
        velocity_m_s=speed,
        duration_ms=values.get("duration_ms"),
        distance_mm=series.distance_mm,
        temperature_c=series.temperature_c,
        low_cut_hz=series.low_cut_hz,
        amplitude_lln=series.amplitude_lln,
        latency_uln=series.latency_uln,
        velocity_lln=series.velocity_lln,
        f_latency_uln=series.f_latency_uln,
        device=series.device,
        source=series.source,
        origin="waveform",
        **more,
    )


# --- Velocities ------------------------------------------------------------------------------------------


def _with_velocity(own: Marked, others: Sequence[Marked]) -> Marked:
    """Return a marked series with its velocity and the interval of it."""
    distance, onset = own.series.distance_mm, own.study.onset_latency_ms
    if own.series.kind == "f_wave" or distance is None or onset is None:
        return own
    ends = own.intervals.get("onset_ms", (onset, onset))
    before, early = 0.0, (0.0, 0.0)
    if own.series.kind == "motor":
        below = _point_below(own, others)
        if below is None or below.study.onset_latency_ms is None:
            return own
        before = below.study.onset_latency_ms
        early = below.intervals.get("onset_ms", (before, before))
    travel = onset - before
    if travel <= 0:
        text = "the onset is not later than that of the point below, so there is no velocity"
        return replace(own, remarks=(*own.remarks, text), poor=True)
    intervals = dict(own.intervals)
    half = math.hypot((ends[1] - ends[0]) / 2, (early[1] - early[0]) / 2)
    if 0 < half < travel:
        intervals["velocity_m_s"] = (distance / (travel + half), distance / (travel - half))
    return replace(own, study=replace(own.study, velocity_m_s=distance / travel), intervals=intervals)


def _point_below(own: Marked, others: Sequence[Marked]) -> Marked | None:
    """Return the nearest more distal motor point of the same nerve and side."""
    same = [
        m
        for m in others
        if (m.series.nerve, m.series.side, m.series.kind) == (own.series.nerve, own.series.side, "motor")
        and m.series.level < own.series.level
    ]
    return max(same, key=lambda m: m.series.level, default=None)


# --- F waves ---------------------------------------------------------------------------------------------


def _f_waves(series: SweepSeries, settings: NcsSettings) -> Marked:
    """Mark the F wave of each sweep: the shortest latency, and the share of sweeps that have one."""
    time, sweeps, noise = cleaned(series, settings)
    start = settings.f_from_leg_ms if series.nerve in LEG_NERVES else settings.f_from_arm_ms
    least = max(settings.least_f_uv / 1000, PRESENT_SD * noise)
    onsets = tuple(_f_onset(sweep, time, start, least, LEVEL_SD * noise) for sweep in sweeps)
    seen = [x for x in onsets if x is not None]
    share = 100 * len(seen) / len(onsets)
    remarks = (f"{len(onsets)} of the {FEWEST_F} stimuli that a stable shortest latency needs",)
    return Marked(
        series=series,
        study=_study(series, {}, bool(seen), f_persistence=share, f_latency_ms=min(seen) if seen else None),
        trace=sweeps.mean(axis=0),
        intervals={"f_persistence": _wilson(len(seen), len(onsets))},
        n=len(onsets),
        f_onsets_ms=onsets,
        remarks=remarks if len(onsets) < FEWEST_F else (),
        poor=len(onsets) < FEWEST_F,
    )


def _f_onset(sweep: Array, time: Array, start: float, least: float, level: float) -> float | None:
    """Return where an F wave begins, None when there is none.

    The motor response must be over: what comes before the first millisecond, from `start` on, in which the trace
    moves by less than half of `least` is passed over, and the median of the rest is its baseline. An F wave is a
    deflection to either side of at least `least`; it begins where the trace, followed back from there, falls below a
    tenth of its height or below the noise.
    """
    late = time >= start
    x, t = sweep[late], time[late]
    if x.size < 10 or t[-1] - t[0] < 10:
        return None
    step = float(t[1] - t[0])
    still = np.ptp(np.lib.stride_tricks.sliding_window_view(x, max(2, round(1 / step))), axis=1) < least / 2
    if not still.any():
        return None
    begin = int(np.argmax(still))
    x, t = np.abs(x[begin:] - np.median(x[begin:])), t[begin:]
    high = np.flatnonzero(x >= least)
    if high.size == 0:
        return None
    first = int(high[0])
    rise = x[first : first + max(1, round(3.0 / step))]
    quiet = np.flatnonzero(x[: first + 1] < max(level, 0.1 * float(rise.max())))
    return None if quiet.size == 0 else float(t[quiet[-1]])


def _wilson(hits: int, tries: int) -> Interval:
    """Return Wilson's 95 % interval of a share, in %."""
    z = 1.959964
    share = hits / tries
    middle = (share + z * z / (2 * tries)) / (1 + z * z / tries)
    half = z * math.sqrt(share * (1 - share) / tries + z * z / (4 * tries * tries)) / (1 + z * z / tries)
    return 100 * min(max(middle - half, 0.0), share), 100 * max(min(middle + half, 1.0), share)
