"""Readings of the average over all clean trials: presence, noise, N2, P2 and N1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nociscope.assays.lep.methods import ENOUGH_TRIALS, PEAK_MEASURES, joined, method_of
from nociscope.assays.lep.peaks import HALF_WIDTH_S, Vertex, Windows, extremum
from nociscope.assays.lep.presence import Presence, lateral_presence
from nociscope.assays.lep.recording import Floats, Stimulated
from nociscope.assays.lep.resample import resampled_averages, selected_interval, t_interval
from nociscope.assays.lep.settings import LepSettings
from nociscope.tables import Reading

UNSELECTED = "unselected average"
"""How the `method` of an N1 begins that is given whether or not it stands out of the noise."""


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
    """Measure N1 at the contralateral electrode against Fz; nothing is said where that cannot be built.

    Parameters
    ----------
    s : Stimulated
    settings : LepSettings
    windows : Windows
    base : Reading
        Of the vertex.
    rng : numpy.random.Generator
    vertex : Vertex or None
        Of the average; None when there is no response, and then there is no N1 either.
    """
    if s.lateral_uv is None:
        return []
    here = replace(base, method=method_of("average:all", s.lateral_name, s, settings), quality="good", remark="")
    if len(s.kept) and base.n is not None and base.n < ENOUGH_TRIALS:
        here = replace(here, quality="poor", remark=f"fewer than {ENOUGH_TRIALS} trials")
    if vertex is None:
        return _no_n1(here, "no vertex response")
    times, near = around(s.times_s, windows)
    trials = s.lateral_uv[s.kept][:, near]
    window = (windows.n1[0], min(windows.n1[1], float(vertex.n2.latency_s[0])))  # N1 precedes N2
    presence = lateral_presence(trials, times, window, settings.absent_alpha, settings.resamples, rng)
    width = HALF_WIDTH_S["n1"]
    peak = extremum(trials.mean(axis=0)[None], times, window, -1, half_width_s=width)
    copies = extremum(resampled_averages(trials, settings.resamples, rng), times, window, -1, half_width_s=width)
    unselected = replace(here, method=method_of(UNSELECTED, s.lateral_name, s, settings))
    if not presence.present:
        shown = _no_n1(here, f"no N1 above the noise of {presence.threshold_uv:.1f} uV")
    else:
        latency = peak_reading(here, "n1_latency", "ms", float(peak.latency_s[0]), copies.latency_s, scale=1000.0)
        shown = [latency, _selected_n1(here, -float(peak.amplitude_uv[0]), -copies.amplitude_uv, presence)]
    return [*shown, _unselected_n1(unselected, float(peak.amplitude_uv[0]), copies.amplitude_uv)]


def _no_n1(here: Reading, why: str) -> list[Reading]:
    absent = replace(here, remark=joined(here.remark, why))
    return [replace(absent, measure=name, unit=unit) for name, unit in PEAK_MEASURES[:2]]


def _selected_n1(here: Reading, size: float, copies: Floats, presence: Presence) -> Reading:
    """Return the amplitude of an N1 that stands out of the noise, with an interval that knows of this selection."""
    interval = selected_interval(size, copies, here.n or 0, presence.threshold_uv)
    if interval.low is None or interval.high is None:
        return replace(here, measure="n1_amplitude", unit="uV", value=-size)
    found = replace(here, measure="n1_amplitude", unit="uV", value=-size, low=-interval.high, high=-interval.low)
    if interval.low > 0:
        return found
    why = f"barely above the noise of {presence.threshold_uv:.1f} uV, so likely too large"
    return replace(found, high=0.0, quality="poor", remark=joined(here.remark, why))


def _unselected_n1(here: Reading, value: float, copies: Floats) -> Reading:
    """Return the amplitude for group statistics: leaving small N1 out would make the mean too large."""
    if not np.isfinite(value):
        return replace(here, measure="n1_amplitude", unit="uV", remark=joined(here.remark, "no negative peak"))
    found = peak_reading(here, "n1_amplitude", "uV", value, copies)
    return replace(found, remark=joined(here.remark, "given whether or not it stands out of the noise"))
