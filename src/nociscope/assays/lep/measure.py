"""From clean epochs to readings: peaks, presence, habituation, side difference, ratings, each with its interval."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np

from nociscope.assays.lep.elsewhere import readings_of_peaks
from nociscope.assays.lep.habituation import Slope, slope
from nociscope.assays.lep.peaks import HALF_WIDTH_S, Vertex, Windows, extremum, value_at, vertex_peaks, windows_for
from nociscope.assays.lep.presence import Presence, lateral_presence, vertex_presence
from nociscope.assays.lep.recording import Floats, LepRecording, Stimulated
from nociscope.assays.lep.resample import (
    NO_INTERVAL,
    Interval,
    mean_interval,
    ratio_of_means,
    resampled_averages,
    t_interval,
)
from nociscope.assays.lep.settings import LepSettings
from nociscope.assays.lep.single_trial import regress, wavelet_filter
from nociscope.tables import Quality, Reading

ENOUGH_TRIALS = 20
"""Averages of fewer trials are marked `poor`: the published habituation protocol uses series of 20 (de Tommaso et
al., J
Pain 2011, doi:10.1016/j.jpain.2010.06.004)."""

PEAK_MEASURES = (
    ("n1_latency", "ms"),
    ("n1_amplitude", "uV"),
    ("n2_latency", "ms"),
    ("n2_amplitude", "uV"),
    ("p2_latency", "ms"),
    ("p2_amplitude", "uV"),
    ("n2p2_amplitude", "uV"),
)


@dataclass(frozen=True, slots=True)
class _Measured:
    """What later steps need of a site and side: its readings, the signed size and its resampled copies."""

    readings: tuple[Reading, ...]
    present: bool | None
    size_uv: float
    copies_uv: Floats
    threshold_uv: float
    n: int
    template: Reading


def measure(recording: LepRecording, settings: LepSettings) -> tuple[Reading, ...]:
    """Measure every site and side of a recording.

    Parameters
    ----------
    recording : LepRecording
    settings : LepSettings

    Returns
    -------
    tuple of Reading
        Per site and side: peaks of the average over all clean trials (`method` begins with ``average:all``) and of
        each series (``average:block-…``), presence, noise, habituation, ratings; single-trial estimates
        (``single:…``); per site with both sides the side difference.

    Notes
    -----
    Intervals: 95 %, from resampled trials (peaks), Student (means), Fieller (ratios and the slope). Series are
    measured at the peak latencies of the average over all trials: a linear estimator, whose noise does not make a
    small response look larger, so that ratios of series are not drawn towards 1.
    """
    readings: list[Reading] = []
    by_site: dict[str, dict[str, _Measured]] = {}
    for stimulated in recording.stimulated:
        measured = _measure_stimulated(stimulated, settings)
        readings += measured.readings
        by_site.setdefault(stimulated.site, {})[stimulated.side] = measured
    for sides in by_site.values():
        if "left" in sides and "right" in sides:
            readings.append(_side_difference(sides["left"], sides["right"]))
    readings += readings_of_peaks(recording.peaks)
    return tuple(readings)


def derivation(s: Stimulated) -> str:
    """Return what the vertex signal is, as `method` says it."""
    return f"Cz against {s.reference or 'unknown reference'}"


def method_text(kind: str, signal: str, laser: str, settings: LepSettings) -> str:
    """Return the `method` of a reading: what was averaged, the derivation, the band and the laser.

    Norms are bound to it: ``average:all; Cz against ears (A1, A2); 0.3-30 Hz; laser nd_yap``.
    """
    parts = [
        kind,
        signal,
        f"{settings.high_pass_hz:g}-{settings.low_pass_hz:g} Hz",
        f"laser {laser}" if laser else "",
    ]
    return "; ".join(p for p in parts if p)


def _method(kind: str, signal: str, s: Stimulated, settings: LepSettings) -> str:
    return method_text(kind, signal, s.laser, settings)


def _template(s: Stimulated, settings: LepSettings) -> Reading:
    """Return a reading with the places that all readings of this site and side share."""
    remark = "average reference: norms do not apply" if s.average_reference else ""
    return Reading(
        site=s.site,
        side=s.side,
        measure="",
        value=None,
        unit="",
        method=_method("average:all", derivation(s), s, settings),
        device=s.device,
        quality="poor" if s.average_reference else "good",
        remark=remark,
        source=s.source,
    )


def _joined(*remarks: str) -> str:
    return "; ".join(r for r in remarks if r)


def _measure_stimulated(s: Stimulated, settings: LepSettings) -> _Measured:
    base = _template(s, settings)
    n = int(s.kept.sum())
    kept = replace(base, measure="trials_kept", value=float(n), unit="", n=len(s.kept), quality="good", remark="")
    kept = replace(kept, remark=_joined(*(f"{count} rejected: {why}" for why, count in s.rejected)))
    general = [kept, *_ratings(s, base), *_energy(s, base)]
    why = s.failed
    if not why and s.vertex_uv is None:
        why = "no signal"
    if not why and n < settings.minimum_trials:
        why = (
            f"{'all' if n == 0 else len(s.kept) - n} of {len(s.kept)} trials rejected or lost, "
            f"{settings.minimum_trials} clean ones are needed"
        )
    if why or s.vertex_uv is None:
        failed = replace(base, quality="failed", remark=why, n=n)
        names = (*PEAK_MEASURES, ("response_present", ""))
        nothing = [replace(failed, measure=name, unit=unit) for name, unit in names]
        return _Measured((*nothing, *general), None, np.nan, np.empty(0), np.nan, n, failed)
    return _measure_signal(s, settings, base, s.vertex_uv[s.kept], general)


def _measure_signal(
    s: Stimulated, settings: LepSettings, base: Reading, trials: Floats, general: list[Reading]
) -> _Measured:
    windows = windows_for(s.site, s.laser, settings.windows)
    rng = np.random.default_rng([settings.seed, zlib.crc32(f"{s.site}/{s.side}".encode())])
    n = len(trials)
    base = replace(base, n=n)
    if n < ENOUGH_TRIALS:
        base = replace(base, quality="poor", remark=_joined(base.remark, f"fewer than {ENOUGH_TRIALS} trials"))
    times, near = _around(s.times_s, windows)
    presence = vertex_presence(trials[:, near], times, windows, settings.absent_alpha, settings.resamples, rng)
    vertex = vertex_peaks(trials[:, near].mean(axis=0)[None], times, windows)
    copies = vertex_peaks(resampled_averages(trials[:, near], settings.resamples, rng), times, windows)
    readings = [*_presence(presence, base), *_vertex_readings(presence, vertex, copies, base)]
    readings += _n1(s, settings, windows, base, rng, vertex if presence.present else None)
    if presence.present:
        readings += _blocks(s, settings, windows, base, vertex)
        readings += _habituation(s, settings, base, vertex)
        if settings.single_trial:
            readings += _single_trials(s, settings, windows, base)
    else:
        absent = replace(base, remark=_joined(base.remark, "no response, so no habituation"))
        readings += [
            replace(absent, measure="habituation_slope", unit="%/trial", method=_slope_method(s, settings, False))
        ]
    size = float(vertex.peak_to_peak[0])
    return _Measured(
        (*readings, *general), presence.present, size, copies.peak_to_peak, presence.threshold_uv, n, base
    )


def _around(times_s: Floats, windows: Windows) -> tuple[Floats, slice]:
    """Return the stretch of the epoch that holds every window and a little more; peaks are looked for only there."""
    low = min(windows.n1[0], windows.n2[0]) - 0.06
    high = windows.p2[1] + 0.06
    stretch = slice(int(np.searchsorted(times_s, low)), int(np.searchsorted(times_s, high)))
    return times_s[stretch], stretch


def _presence(p: Presence, base: Reading) -> list[Reading]:
    limit = f"{p.threshold_uv:.1f} uV that noise exceeds with the allowed chance"
    verdict = f"N2-P2 {p.size_uv:.1f} uV against {limit}, p = {p.p:.3g}"
    return [
        replace(
            base,
            measure="response_present",
            value=1.0 if p.present else 0.0,
            unit="",
            remark=_joined(base.remark, verdict),
        ),
        replace(
            base,
            measure="n2p2_noise",
            value=p.noise_uv,
            unit="uV",
            low=p.noise_low_uv,
            high=p.noise_high_uv,
            remark=_joined(base.remark, "what the same peak search finds in plus-minus averages"),
        ),
    ]


def _peak_reading(
    base: Reading, measure: str, unit: str, value: float, copies: Floats, scale: float = 1.0
) -> Reading:
    interval = t_interval(value * scale, copies * scale, base.n or 0, biased=not measure.endswith("latency"))
    return replace(base, measure=measure, unit=unit, value=float(value * scale), low=interval.low, high=interval.high)


def _vertex_readings(presence: Presence, found: Vertex, copies: Vertex, base: Reading) -> list[Reading]:
    if not presence.present:
        absent = replace(
            base, remark=_joined(base.remark, f"no response above the noise of {presence.threshold_uv:.1f} uV")
        )
        return [replace(absent, measure=name, unit=unit) for name, unit in PEAK_MEASURES if not name.startswith("n1")]
    out = []
    for name, peak, copied in (("n2", found.n2, copies.n2), ("p2", found.p2, copies.p2)):
        out.append(
            _peak_reading(base, f"{name}_latency", "ms", float(peak.latency_s[0]), copied.latency_s, scale=1000.0)
        )
        out.append(_peak_reading(base, f"{name}_amplitude", "uV", float(peak.amplitude_uv[0]), copied.amplitude_uv))
    size = float(found.peak_to_peak[0])
    out.append(_peak_reading(base, "n2p2_amplitude", "uV", size, copies.peak_to_peak))
    return out


def _n1(
    s: Stimulated,
    settings: LepSettings,
    windows: Windows,
    base: Reading,
    rng: np.random.Generator,
    vertex: Vertex | None,
) -> list[Reading]:
    """Measure N1 at the contralateral electrode against Fz; nothing is said where that cannot be built."""
    if s.lateral_uv is None:
        return []
    here = replace(base, method=_method("average:all", s.lateral_name, s, settings), quality="good", remark="")
    if len(s.kept) and base.n is not None and base.n < ENOUGH_TRIALS:
        here = replace(here, quality="poor", remark=f"fewer than {ENOUGH_TRIALS} trials")
    times, near = _around(s.times_s, windows)
    trials = s.lateral_uv[s.kept][:, near]
    window = windows.n1
    if vertex is not None:  # N1 precedes N2
        window = (window[0], min(window[1], float(vertex.n2.latency_s[0])))
    presence = lateral_presence(trials, times, window, settings.absent_alpha, settings.resamples, rng)
    if vertex is None or not presence.present:
        why = "no vertex response" if vertex is None else f"no N1 above the noise of {presence.threshold_uv:.1f} uV"
        absent = replace(here, remark=_joined(here.remark, why))
        return [replace(absent, measure=name, unit=unit) for name, unit in PEAK_MEASURES[:2]]
    width = HALF_WIDTH_S["n1"]
    peak = extremum(trials.mean(axis=0)[None], times, window, -1, half_width_s=width)
    copies = extremum(resampled_averages(trials, settings.resamples, rng), times, window, -1, half_width_s=width)
    return [
        _peak_reading(here, "n1_latency", "ms", float(peak.latency_s[0]), copies.latency_s, scale=1000.0),
        _peak_reading(here, "n1_amplitude", "uV", float(peak.amplitude_uv[0]), copies.amplitude_uv),
    ]


def amplitudes_at_peaks(s: Stimulated, vertex: Vertex) -> tuple[Floats, Floats]:
    """Return N2 and P2 of every clean trial at the latencies of the average over all trials, each (n,)."""
    if s.vertex_uv is None:
        return np.empty(0), np.empty(0)
    trials = s.vertex_uv[s.kept]
    return (
        value_at(trials, s.times_s, float(vertex.n2.latency_s[0])),
        value_at(trials, s.times_s, float(vertex.p2.latency_s[0])),
    )


def _kept_blocks(s: Stimulated) -> list[tuple[str, np.ndarray]]:
    """Return each series with the places of its clean trials among all clean trials."""
    labels = np.array(s.block, dtype=object)[s.kept]
    return [(block, np.flatnonzero(labels == block)) for block in s.blocks]


def _blocks(s: Stimulated, settings: LepSettings, windows: Windows, base: Reading, vertex: Vertex) -> list[Reading]:
    """Measure the average of each series at the latencies of the average over all trials."""
    if s.vertex_uv is None:
        return []
    n2, p2 = amplitudes_at_peaks(s, vertex)
    times, near = _around(s.times_s, windows)
    out: list[Reading] = []
    for block, places in _kept_blocks(s):
        here = replace(
            base,
            n=len(places),
            method=_method(f"average:block-{block}", derivation(s) + ", at the latencies of all trials", s, settings),
        )
        if len(places) < settings.minimum_trials:
            failed = replace(here, quality="failed", remark=f"{len(places)} clean trials")
            out += [replace(failed, measure="n2p2_amplitude", unit="uV")]
            continue
        for name, values in (("n2_amplitude", n2), ("p2_amplitude", p2), ("n2p2_amplitude", p2 - n2)):
            interval = mean_interval(values[places])
            out.append(
                replace(
                    here,
                    measure=name,
                    unit="uV",
                    value=float(values[places].mean()),
                    low=interval.low,
                    high=interval.high,
                )
            )
        own = replace(here, method=_method(f"average:block-{block}", derivation(s), s, settings))
        out += _block_latencies(s.vertex_uv[s.kept][places][:, near], times, windows, own, settings)
    return out


def _block_latencies(
    trials: Floats, times: Floats, windows: Windows, here: Reading, settings: LepSettings
) -> list[Reading]:
    """Return the series' own peak latencies; none where it has no peak of its own."""
    found = vertex_peaks(trials.mean(axis=0)[None], times, windows)
    rng = np.random.default_rng([settings.seed, len(trials)])
    copies = vertex_peaks(resampled_averages(trials, settings.resamples // 2, rng), times, windows)
    return [
        _peak_reading(here, name, "ms", float(peak.latency_s[0]), copied.latency_s, scale=1000.0)
        for name, peak, copied in (("n2_latency", found.n2, copies.n2), ("p2_latency", found.p2, copies.p2))
        if np.isfinite(peak.latency_s[0])
    ]


def _slope_method(s: Stimulated, settings: LepSettings, adjusted: bool) -> str:
    kind = f"single at the latencies of all trials, {'energy-adjusted' if adjusted else 'not energy-adjusted'} trend"
    return _method(kind, derivation(s), s, settings)


def _ratio_reading(base: Reading, measure: str, top: Floats, bottom: Floats, fewest: int, what: str) -> Reading:
    here = replace(base, measure=measure, unit="", n=len(top) + len(bottom))
    if min(len(top), len(bottom)) < fewest:
        return replace(here, quality="failed", remark=_joined(base.remark, f"{what}: too few clean trials"))
    ratio, interval = ratio_of_means(top, bottom)
    if interval == NO_INTERVAL or not np.isfinite(ratio):
        unbounded = "the interval is unbounded: the series it is divided by is not distinguishable from 0"
        known = bool(np.isfinite(ratio)) and bottom.mean() > 0
        return replace(
            here,
            value=ratio if known else None,
            quality="poor" if known else "failed",
            remark=_joined(base.remark, what, unbounded),
        )
    return replace(here, value=ratio, low=interval.low, high=interval.high, remark=_joined(base.remark, what))


def _habituation(s: Stimulated, settings: LepSettings, base: Reading, vertex: Vertex) -> list[Reading]:
    n2, p2 = amplitudes_at_peaks(s, vertex)
    size = p2 - n2
    out: list[Reading] = []
    blocks = _kept_blocks(s)
    if len(blocks) >= 2:
        pairs = [("habituation_ratio", -1, 0), ("habituation_first_drop", 1, 0)]
        if len(blocks) >= 3:
            pairs.append(("habituation_tail", -1, 1))
        for name, top, bottom in pairs:
            what = f"series {blocks[top][0]} / series {blocks[bottom][0]}"
            here = replace(base, method=_method("average:block ratio", derivation(s), s, settings))
            out.append(
                _ratio_reading(
                    here, name, size[blocks[top][1]], size[blocks[bottom][1]], settings.minimum_trials, what
                )
            )
    trend = slope(size, s.order[s.kept], s.energy_j[s.kept])
    out.append(
        replace(
            base,
            measure="habituation_slope",
            unit="%/trial",
            value=trend.percent_per_trial,
            low=trend.interval.low,
            high=trend.interval.high,
            n=trend.n,
            method=_slope_method(s, settings, trend.adjusted),
            quality=_slope_quality(trend, base),
            remark=_joined(base.remark, trend.remark),
        )
    )
    return out


def _slope_quality(trend: Slope, base: Reading) -> Quality:
    if trend.percent_per_trial is None:
        return "failed"
    return "poor" if trend.interval == NO_INTERVAL else base.quality


def _single_trials(s: Stimulated, settings: LepSettings, windows: Windows, base: Reading) -> list[Reading]:
    """Average the peaks that regression finds in single trials."""
    if s.vertex_uv is None:
        return []
    trials = s.vertex_uv[s.kept]
    kind = "single:mlr-dispersion"
    if settings.wavelet_filter:
        trials = wavelet_filter(trials, s.times_s, settings.wavelet_share)
        kind = "single:wavelet+mlr-dispersion"
    found = regress(trials, s.times_s, trials.mean(axis=0), windows)
    if found is None:
        return []
    here = replace(base, method=_method(kind, derivation(s), s, settings))
    size = found.p2.amplitude_uv - found.n2.amplitude_uv
    values = (
        ("n2_latency", "ms", 1000 * found.n2.latency_s),
        ("p2_latency", "ms", 1000 * found.p2.latency_s),
        ("n2_amplitude", "uV", found.n2.amplitude_uv),
        ("p2_amplitude", "uV", found.p2.amplitude_uv),
        ("n2p2_amplitude", "uV", size),
    )
    out = []
    for name, unit, all_values in values:
        v = all_values[np.isfinite(all_values)]
        if len(v) < settings.minimum_trials:
            continue
        interval = mean_interval(v)
        out.append(
            replace(
                here, measure=name, unit=unit, value=float(v.mean()), low=interval.low, high=interval.high, n=len(v)
            )
        )
    return out


def _ratings(s: Stimulated, base: Reading) -> list[Reading]:
    known = np.isfinite(s.all_ratings)
    if not known.any():
        return []
    values = s.all_ratings[known]
    interval = mean_interval(values)
    clear = replace(base, quality="good", remark="", method="rating of every pulse")
    out = [
        replace(
            clear,
            measure="pain_rating",
            value=float(values.mean()),
            unit="0-10",
            low=None if interval.low is None else max(interval.low, 0.0),
            high=None if interval.high is None else min(interval.high, 10.0),
            n=len(values),
            remark="" if known.all() else f"{int((~known).sum())} pulses without a usable rating",
        )
    ]
    labels = np.array(s.all_rating_blocks, dtype=object)
    blocks = list(dict.fromkeys(b for b in s.all_rating_blocks if b))
    if len(blocks) >= 2:
        first, last = (s.all_ratings[(labels == b) & known] for b in (blocks[0], blocks[-1]))
        out.append(
            _ratio_reading(
                replace(clear, method="mean rating, last / first series"),
                "rating_habituation_ratio",
                last,
                first,
                2,
                f"series {blocks[-1]} / series {blocks[0]}",
            )
        )
    return out


def _energy(s: Stimulated, base: Reading) -> list[Reading]:
    known = s.energy_j[np.isfinite(s.energy_j)]
    if not len(known):
        return []
    spread = "" if np.ptp(known) == 0 else f"from {known.min():g} to {known.max():g} J"
    return [
        replace(
            base,
            measure="laser_energy",
            unit="J",
            value=float(known.mean()),
            n=len(known),
            method="mean over pulses",
            quality="good",
            remark=spread,
        )
    ]


def _side_difference(left: _Measured, right: _Measured) -> Reading:
    """Return 100 |L - R| / mean of the N2-P2 amplitudes.

    Where one side is absent its amplitude is only known to be below the noise: the difference is then a lower bound.
    """
    shared = right.template
    base = replace(shared, side="both", measure="side_difference", unit="%", n=None, quality="good", remark="")
    if left.present is None or right.present is None:
        return replace(base, quality="failed", remark=f"no usable signal on the {_where(left.present is None)} side")
    if not left.present and not right.present:
        return replace(base, remark="no response on either side")
    n = min(left.n, right.n)
    if left.present and right.present:
        copies = min(len(left.copies_uv), len(right.copies_uv))
        a, b = left.copies_uv[:copies], right.copies_uv[:copies]
        value = 200 * (left.size_uv - right.size_uv) / (left.size_uv + right.size_uv)
        interval = _folded(t_interval(value, 200 * (a - b) / (a + b), n))
        larger = "left larger" if value > 0 else "right larger"
        return replace(base, value=abs(value), low=interval.low, high=interval.high, n=n, remark=larger)
    there, absent = (left, right) if left.present else (right, left)
    bound = min(absent.threshold_uv, there.size_uv)
    value = 200 * (there.size_uv - bound) / (there.size_uv + bound)
    remark = f"no response on the {_where(absent is left)} side: at least this"
    return replace(base, value=value, n=n, censored="above", remark=remark)


def _where(is_left: bool) -> str:
    return "left" if is_left else "right"


def _folded(interval: Interval) -> Interval:
    """Return the interval of an absolute value from that of the signed one."""
    if interval.low is None or interval.high is None:
        return NO_INTERVAL
    low, high = sorted((abs(interval.low), abs(interval.high)))
    return Interval(0.0 if interval.low <= 0 <= interval.high else low, high)
