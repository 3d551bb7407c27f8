"""From the beats of a manoeuvre to its number.

Protocols: World J Diabetes 2015;6:80 (doi 10.4239/wjd.v6.i1.80); beats of the 30:15 ratio: Ziegler 1992 (doi
10.1111/j.1464-5491.1992.tb01754.x); rise of heart rate: consensus statement 2011 (doi 10.1016/j.autneu.2011.02.004).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nociscope.assays.reflexes.read import Event, Manoeuvre
from nociscope.assays.reflexes.settings import ReflexSettings
from nociscope.beats.editing import Edited, edit

FEWEST_BEATS = 4
"""Intervals that a breath or a strain must have."""
HALF_MINUTE_S = 30.0


@dataclass(frozen=True, slots=True)
class Found:
    """The result of one test.

    Attributes
    ----------
    test : str
    value : float or None
    low, high : float or None
        95 % interval over breaths or repetitions.
    n : int
        Breaths, or repetitions.
    method : str
    remark : str
    marks : tuple of (float, float)
        Where in the recording it was read: time in s and interval in s, for the figure.
    """

    test: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    method: str = ""
    remark: str = ""
    marks: tuple[tuple[float, float], ...] = ()


def beats_of(manoeuvre: Manoeuvre, settings: ReflexSettings) -> Edited:
    """Return the edited beats of a manoeuvre."""
    return edit(manoeuvre.series.times_s, manoeuvre.series.odd_shape, settings.artefact_multiple)


def results(manoeuvre: Manoeuvre, settings: ReflexSettings) -> tuple[Found, ...]:
    """Return the tests that a recording gives."""
    beats = beats_of(manoeuvre, settings)
    if manoeuvre.kind == "deepbreathing":
        return deep_breathing(manoeuvre, beats, settings)
    if manoeuvre.kind == "valsalva":
        return (valsalva(manoeuvre, beats, settings),)
    if manoeuvre.kind == "standing":
        event = manoeuvre.phases("stand")[0]
        return (ratio_30_15(event, beats, settings), rise(event, beats, settings, "standing_heart_rate_rise"))
    return (rise(manoeuvre.phases("tilt")[0], beats, settings, "tilt_heart_rate_rise"),)


def _within(beats: Edited, start: float, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Return ends and lengths of the NN intervals that end in a stretch of time."""
    times = beats.times_s[1:]
    here = beats.normal & (times > start) & (times <= end)
    return times[here], beats.nn_s[here]


def _interval(values: np.ndarray) -> tuple[float | None, float | None]:
    """Return the 95 % t interval of a mean, None of one value."""
    if values.size < 2:
        return None, None
    from scipy.special import stdtrit

    half = float(stdtrit(values.size - 1, 0.975) * values.std(ddof=1) / np.sqrt(values.size))
    return float(values.mean()) - half, float(values.mean()) + half


def _breaths(manoeuvre: Manoeuvre, beats: Edited, settings: ReflexSettings) -> tuple[list[tuple[float, float]], str]:
    """Return start and end of each breath, and how they were found."""
    inspirations, expirations = manoeuvre.phases("inspiration"), manoeuvre.phases("expiration")
    if len(inspirations) >= 2:
        starts = [e.onset_s for e in inspirations]
        last = [e.onset_s + (e.duration_s or starts[-1] - starts[-2]) for e in expirations if e.onset_s > starts[-1]]
        ends = [*starts[1:], last[0] if last else starts[-1] + (starts[-1] - starts[-2])]
        return list(zip(starts, ends, strict=True)), "breaths by events"
    first, last_beat = float(beats.times_s[0]), float(beats.times_s[-1])
    length = settings.breath_s
    whole = int((last_beat - first + 0.05 * length) // length)
    starts = [first + k * length for k in range(whole)]
    return [(s, s + length) for s in starts], f"breaths of {length:g} s"


def deep_breathing(manoeuvre: Manoeuvre, beats: Edited, settings: ReflexSettings) -> tuple[Found, ...]:
    """Return max - min heart rate and the E:I ratio, means over breaths.

    A breath with an edited beat counts where at least four NN intervals are left. Where no events mark the breaths,
    each stretch of `breath_s` holds one inspiration and one expiration, wherever in the breath it begins.
    """
    breaths, how = _breaths(manoeuvre, beats, settings)
    differences, longest, shortest = [], [], []
    marks: list[tuple[float, float]] = []
    for start, end in breaths:
        times, nn = _within(beats, start, end)
        if nn.size < FEWEST_BEATS:
            continue
        slow, fast = int(np.argmax(nn)), int(np.argmin(nn))
        differences.append(60.0 / nn[fast] - 60.0 / nn[slow])
        longest.append(nn[slow])
        shortest.append(nn[fast])
        marks += [(float(times[k]), float(nn[k])) for k in (slow, fast)]
    n = len(differences)
    method = f"ecg, {how}" if manoeuvre.series.origin == "ecg" else f"beat times, {how}"
    if not n:
        why = f"no breath of {settings.breath_s:g} s has {FEWEST_BEATS} intervals between normal beats"
        return tuple(Found(t, None, method=method, remark=why) for t in ("deep_breathing_difference", "ei_ratio"))
    d = np.asarray(differences)
    ratio = float(np.mean(longest) / np.mean(shortest))
    low, high = _interval(np.asarray(longest) / np.asarray(shortest))
    shift = ratio - float(np.mean(np.asarray(longest) / np.asarray(shortest)))
    few = "fewer than three breaths" if n < 3 else ""
    return (
        Found("deep_breathing_difference", float(d.mean()), *_interval(d), n, method, few, tuple(marks)),
        Found(
            "ei_ratio",
            ratio,
            None if low is None else low + shift,
            None if high is None else high + shift,
            n,
            method,
            few,
            tuple(marks),
        ),
    )


def valsalva(manoeuvre: Manoeuvre, beats: Edited, settings: ReflexSettings) -> Found:
    """Return the mean over manoeuvres of longest interval after release over shortest during the strain."""
    ratios = []
    marks: list[tuple[float, float]] = []
    strains = manoeuvre.phases("strain")
    for k, strain in enumerate(strains):
        if strain.duration_s is None:
            continue
        release = strain.onset_s + strain.duration_s
        until = release + settings.after_release_s
        if k + 1 < len(strains):
            until = min(until, strains[k + 1].onset_s)
        during, nn = _within(beats, strain.onset_s, release)
        after, later = _within(beats, release, until)
        if nn.size < FEWEST_BEATS or later.size < FEWEST_BEATS:
            continue
        low, high = int(np.argmin(nn)), int(np.argmax(later))
        ratios.append(later[high] / nn[low])
        marks += [(float(during[low]), float(nn[low])), (float(after[high]), float(later[high]))]
    method = f"{manoeuvre.series.origin}, within {settings.after_release_s:g} s of release"
    if not ratios:
        timed = any(s.duration_s is not None for s in strains)
        why = "no strain has enough normal beats in it and after it" if timed else "no strain has a duration"
        return Found("valsalva_ratio", None, method=method, remark=why)
    values = np.asarray(ratios)
    return Found("valsalva_ratio", float(values.mean()), *_interval(values), values.size, method, "", tuple(marks))


def ratio_30_15(event: Event, beats: Edited, settings: ReflexSettings) -> Found:
    """Return the longest interval about beat 30 of standing over the shortest about beat 15."""
    times, nn, normal = beats.times_s[1:], beats.nn_s, beats.normal
    first = int(np.searchsorted(times, event.onset_s, side="right"))
    (a, b), (c, d) = settings.shortest_beats, settings.longest_beats
    method = f"beats {a}-{b} and {c}-{d}"
    if nn.size < first + d or first == 0:
        return Found("ratio_30_15", None, method=method, remark=f"fewer than {d} beats follow the standing up")

    def extreme(low: int, high: int, best: str) -> tuple[float, float] | None:
        places = np.arange(first + low - 1, first + high)
        places = places[normal[places]]
        if places.size < FEWEST_BEATS:
            return None
        k = int(places[np.argmin(nn[places])] if best == "short" else places[np.argmax(nn[places])])
        return float(times[k]), float(nn[k])

    short, long = extreme(a, b, "short"), extreme(c, d, "long")
    if short is None or long is None:
        return Found("ratio_30_15", None, method=method, remark="too few normal beats about beats 15 and 30")
    return Found("ratio_30_15", long[1] / short[1], n=1, method=method, marks=(short, long))


def rise(event: Event, beats: Edited, settings: ReflexSettings, test: str) -> Found:
    """Return the sustained rise of heart rate after standing or tilt over the rest before it.

    Sustained: the highest rate that two half-minute means reach whose starts are at least a minute apart.
    """
    method = f"half-minute means within {settings.standing_minutes:g} min"
    _, before = _within(beats, event.onset_s - settings.baseline_s, event.onset_s)
    if before.size < 10:
        return Found(test, None, method=method, remark=f"no rest of {settings.baseline_s:g} s before it")
    base = 60.0 / float(before.mean())
    last = min(event.onset_s + 60 * settings.standing_minutes, float(beats.times_s[-1]))
    starts = np.arange(event.onset_s + HALF_MINUTE_S, last - HALF_MINUTE_S + 0.5, HALF_MINUTE_S)
    rates = []
    for start in starts:
        _, nn = _within(beats, float(start), float(start) + HALF_MINUTE_S)
        rates.append(60.0 / float(nn.mean()) if nn.size >= 10 else np.nan)
    best = -np.inf
    for i in range(len(rates)):
        for j in range(i + 2, len(rates)):
            if np.isfinite(rates[i]) and np.isfinite(rates[j]):
                best = max(best, min(rates[i], rates[j]))
    if not np.isfinite(best):
        return Found(test, None, method=method, remark="less than two minutes of normal beats after it")
    minutes = (last - event.onset_s) / 60.0
    remark = "" if minutes > settings.standing_minutes - 0.5 else f"only {minutes:.1f} min were recorded"
    return Found(test, best - base, n=len(rates), method=method, remark=remark)
