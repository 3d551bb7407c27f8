"""Readings of series of pulses: their averages, the ratios of these, and the slope over single pulses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nociscope.assays.lep.averages import around, peak_reading
from nociscope.assays.lep.habituation import Slope, slope
from nociscope.assays.lep.methods import derivation, joined, method_of
from nociscope.assays.lep.peaks import Vertex, Windows, value_at, vertex_peaks
from nociscope.assays.lep.recording import Floats, Stimulated
from nociscope.assays.lep.resample import NO_INTERVAL, mean_interval, ratio_of_means, resampled_averages
from nociscope.assays.lep.settings import LepSettings
from nociscope.tables import Quality, Reading


def amplitudes_at_peaks(s: Stimulated, vertex: Vertex) -> tuple[Floats, Floats]:
    """Return N2 and P2 of every clean trial at the latencies of the average over all trials, each (n,)."""
    if s.vertex_uv is None:
        return np.empty(0), np.empty(0)
    trials = s.vertex_uv[s.kept]
    return (
        value_at(trials, s.times_s, float(vertex.n2.latency_s[0])),
        value_at(trials, s.times_s, float(vertex.p2.latency_s[0])),
    )


def kept_blocks(s: Stimulated) -> list[tuple[str, np.ndarray]]:
    """Return each series with the places of its clean trials among all clean trials."""
    labels = np.array(s.block, dtype=object)[s.kept]
    return [(block, np.flatnonzero(labels == block)) for block in s.blocks]


def block_readings(
    s: Stimulated, settings: LepSettings, windows: Windows, base: Reading, vertex: Vertex
) -> list[Reading]:
    """Measure the average of each series at the latencies of the average over all trials."""
    if s.vertex_uv is None:
        return []
    n2, p2 = amplitudes_at_peaks(s, vertex)
    times, near = around(s.times_s, windows)
    out: list[Reading] = []
    for block, places in kept_blocks(s):
        here = replace(
            base,
            n=len(places),
            method=method_of(
                f"average:block-{block}", derivation(s) + ", at the latencies of all trials", s, settings
            ),
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
        own = replace(here, method=method_of(f"average:block-{block}", derivation(s), s, settings))
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
        peak_reading(here, name, "ms", float(peak.latency_s[0]), copied.latency_s, scale=1000.0)
        for name, peak, copied in (("n2_latency", found.n2, copies.n2), ("p2_latency", found.p2, copies.p2))
        if np.isfinite(peak.latency_s[0])
    ]


def slope_method(s: Stimulated, settings: LepSettings, adjusted: bool) -> str:
    """Return the `method` of the slope, which says whether it is adjusted for energy."""
    kind = f"single at the latencies of all trials, {'energy-adjusted' if adjusted else 'not energy-adjusted'} trend"
    return method_of(kind, derivation(s), s, settings)


def ratio_reading(base: Reading, measure: str, top: Floats, bottom: Floats, fewest: int, what: str) -> Reading:
    """Return the ratio of two means; `what` goes to the remark, fewer than `fewest` values in either fail."""
    here = replace(base, measure=measure, unit="", n=len(top) + len(bottom))
    if min(len(top), len(bottom)) < fewest:
        return replace(here, quality="failed", remark=joined(base.remark, f"{what}: too few clean trials"))
    ratio, interval = ratio_of_means(top, bottom)
    if interval == NO_INTERVAL or not np.isfinite(ratio):
        unbounded = "the interval is unbounded: the series it is divided by is not distinguishable from 0"
        known = bool(np.isfinite(ratio)) and bottom.mean() > 0
        return replace(
            here,
            value=ratio if known else None,
            quality="poor" if known else "failed",
            remark=joined(base.remark, what, unbounded),
        )
    return replace(here, value=ratio, low=interval.low, high=interval.high, remark=joined(base.remark, what))


def habituation_readings(s: Stimulated, settings: LepSettings, base: Reading, vertex: Vertex) -> list[Reading]:
    """Return the ratios of series, where there are any, and the slope over pulses."""
    n2, p2 = amplitudes_at_peaks(s, vertex)
    size = p2 - n2
    trend = slope(size, s.order[s.kept], s.energy_j[s.kept])
    slope_reading = replace(
        base,
        measure="habituation_slope",
        unit="%/trial",
        value=trend.percent_per_trial,
        low=trend.interval.low,
        high=trend.interval.high,
        n=trend.n,
        method=slope_method(s, settings, trend.adjusted),
        quality=_slope_quality(trend, base),
        remark=joined(base.remark, trend.remark),
    )
    return [*_ratios_of_series(s, settings, base, size), slope_reading]


def _ratios_of_series(s: Stimulated, settings: LepSettings, base: Reading, size: Floats) -> list[Reading]:
    blocks = kept_blocks(s)
    if len(blocks) < 2:
        return []
    pairs = [("habituation_ratio", -1, 0), ("habituation_first_drop", 1, 0)]
    if len(blocks) >= 3:
        pairs.append(("habituation_tail", -1, 1))
    out = []
    for name, top, bottom in pairs:
        what = f"series {blocks[top][0]} / series {blocks[bottom][0]}"
        here = replace(base, method=method_of("average:block ratio", derivation(s), s, settings))
        sizes = size[blocks[top][1]], size[blocks[bottom][1]]
        out.append(ratio_reading(here, name, *sizes, settings.minimum_trials, what))
    return out


def _slope_quality(trend: Slope, base: Reading) -> Quality:
    if trend.percent_per_trial is None:
        return "failed"
    return "poor" if trend.interval == NO_INTERVAL else base.quality
