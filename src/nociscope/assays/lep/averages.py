"""Readings of the average over all clean trials: presence, noise, N2, P2 and N1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nociscope.assays.lep.methods import ENOUGH_TRIALS, PEAK_MEASURES, joined, method_of
from nociscope.assays.lep.peaks import HALF_WIDTH_S, Vertex, Windows, extremum
from nociscope.assays.lep.presence import Presence, lateral_presence
from nociscope.assays.lep.recording import Floats, Stimulated
from nociscope.assays.lep.resample import resampled_averages, t_interval
from nociscope.assays.lep.settings import LepSettings
from nociscope.tables import Reading


def around(times_s: Floats, windows: Windows) -> tuple[Floats, slice]:
    """Return the stretch of the epoch that holds every window and a little more; peaks are looked for only there."""
    low = min(windows.n1[0], windows.n2[0]) - 0.06
    high = windows.p2[1] + 0.06
    stretch = slice(int(np.searchsorted(times_s, low)), int(np.searchsorted(times_s, high)))
    return times_s[stretch], stretch


def presence_readings(p: Presence, base: Reading) -> list[Reading]:
    """Say whether there is a response, and how large its noise is."""
    limit = f"{p.threshold_uv:.1f} uV that noise exceeds with the allowed chance"
    verdict = f"N2-P2 {p.size_uv:.1f} uV against {limit}, p = {p.p:.3g}"
    return [
        replace(
            base,
            measure="response_present",
            value=1.0 if p.present else 0.0,
            unit="",
            remark=joined(base.remark, verdict),
        ),
        replace(
            base,
            measure="n2p2_noise",
            value=p.noise_uv,
            unit="uV",
            low=p.noise_low_uv,
            high=p.noise_high_uv,
            remark=joined(base.remark, "what the same peak search finds in plus-minus averages"),
        ),
    ]


def peak_reading(base: Reading, measure: str, unit: str, value: float, copies: Floats, scale: float = 1.0) -> Reading:
    """Return a peak's latency or amplitude with the interval that its resampled copies give."""
    interval = t_interval(value * scale, copies * scale, base.n or 0, biased=not measure.endswith("latency"))
    return replace(base, measure=measure, unit=unit, value=float(value * scale), low=interval.low, high=interval.high)


def vertex_readings(presence: Presence, found: Vertex, copies: Vertex, base: Reading) -> list[Reading]:
    """Return N2 and P2 of the average, without values where there is no response."""
    if not presence.present:
        absent = replace(
            base, remark=joined(base.remark, f"no response above the noise of {presence.threshold_uv:.1f} uV")
        )
        return [replace(absent, measure=name, unit=unit) for name, unit in PEAK_MEASURES if not name.startswith("n1")]
    out = []
    for name, peak, copied in (("n2", found.n2, copies.n2), ("p2", found.p2, copies.p2)):
        out.append(
            peak_reading(base, f"{name}_latency", "ms", float(peak.latency_s[0]), copied.latency_s, scale=1000.0)
        )
        out.append(peak_reading(base, f"{name}_amplitude", "uV", float(peak.amplitude_uv[0]), copied.amplitude_uv))
    size = float(found.peak_to_peak[0])
    out.append(peak_reading(base, "n2p2_amplitude", "uV", size, copies.peak_to_peak))
    return out


def n1_readings(
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
    here = replace(base, method=method_of("average:all", s.lateral_name, s, settings), quality="good", remark="")
    if len(s.kept) and base.n is not None and base.n < ENOUGH_TRIALS:
        here = replace(here, quality="poor", remark=f"fewer than {ENOUGH_TRIALS} trials")
    times, near = around(s.times_s, windows)
    trials = s.lateral_uv[s.kept][:, near]
    window = windows.n1
    if vertex is not None:  # N1 precedes N2
        window = (window[0], min(window[1], float(vertex.n2.latency_s[0])))
    presence = lateral_presence(trials, times, window, settings.absent_alpha, settings.resamples, rng)
    if vertex is None or not presence.present:
        why = "no vertex response" if vertex is None else f"no N1 above the noise of {presence.threshold_uv:.1f} uV"
        absent = replace(here, remark=joined(here.remark, why))
        return [replace(absent, measure=name, unit=unit) for name, unit in PEAK_MEASURES[:2]]
    width = HALF_WIDTH_S["n1"]
    peak = extremum(trials.mean(axis=0)[None], times, window, -1, half_width_s=width)
    copies = extremum(resampled_averages(trials, settings.resamples, rng), times, window, -1, half_width_s=width)
    return [
        peak_reading(here, "n1_latency", "ms", float(peak.latency_s[0]), copies.latency_s, scale=1000.0),
        peak_reading(here, "n1_amplitude", "uV", float(peak.amplitude_uv[0]), copies.amplitude_uv),
    ]
