"""From clean epochs to readings: peaks, presence, habituation, side difference, ratings, each with its interval."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np

from nociscope.assays.lep.averages import around, n1_readings, presence_readings, vertex_readings
from nociscope.assays.lep.elsewhere import readings_of_peaks
from nociscope.assays.lep.methods import ENOUGH_TRIALS, PEAK_MEASURES, joined, template
from nociscope.assays.lep.peaks import vertex_peaks, windows_for
from nociscope.assays.lep.presence import vertex_presence
from nociscope.assays.lep.ratings import energy_readings, rating_readings
from nociscope.assays.lep.recording import Floats, LepRecording, Stimulated
from nociscope.assays.lep.resample import resampled_averages
from nociscope.assays.lep.series import block_readings, habituation_readings, slope_method
from nociscope.assays.lep.settings import LepSettings
from nociscope.assays.lep.sides import Measured, side_difference
from nociscope.assays.lep.single_trial import single_trial_readings
from nociscope.tables import Reading


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
        (``single:…``); N1 once more whether or not it stands out of the noise (``unselected average``); per site
        with both sides the side difference.

    Notes
    -----
    Intervals: 95 %, from resampled trials (peaks; conditional on its being shown, N1), Student (means), Fieller
    (ratios and the slope). Series are measured at the peak latencies of the average over all trials: a linear
    estimator, whose noise does not make a small response look larger, so that ratios are not drawn towards 1.
    """
    readings: list[Reading] = []
    by_site: dict[str, dict[str, Measured]] = {}
    for stimulated in recording.stimulated:
        measured = _measure_stimulated(stimulated, settings)
        readings += measured.readings
        by_site.setdefault(stimulated.site, {})[stimulated.side] = measured
    for sides in by_site.values():
        if "left" in sides and "right" in sides:
            readings.append(side_difference(sides["left"], sides["right"]))
    readings += readings_of_peaks(recording.peaks)
    return tuple(readings)


def _measure_stimulated(s: Stimulated, settings: LepSettings) -> Measured:
    base = template(s, settings)
    n = int(s.kept.sum())
    kept = replace(base, measure="trials_kept", value=float(n), unit="", n=len(s.kept), quality="good", remark="")
    kept = replace(kept, remark=joined(*(f"{count} rejected: {why}" for why, count in s.rejected)))
    general = [kept, *rating_readings(s, base), *energy_readings(s, base)]
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
        return Measured((*nothing, *general), None, np.nan, np.empty(0), np.nan, n, failed)
    return _measure_signal(s, settings, base, s.vertex_uv[s.kept], general)


def _measure_signal(
    s: Stimulated, settings: LepSettings, base: Reading, trials: Floats, general: list[Reading]
) -> Measured:
    windows = windows_for(s.site, s.laser, settings.windows)
    rng = np.random.default_rng([settings.seed, zlib.crc32(f"{s.site}/{s.side}".encode())])
    n = len(trials)
    base = replace(base, n=n)
    if n < ENOUGH_TRIALS:
        base = replace(base, quality="poor", remark=joined(base.remark, f"fewer than {ENOUGH_TRIALS} trials"))
    times, near = around(s.times_s, windows)
    presence = vertex_presence(trials[:, near], times, windows, settings.absent_alpha, settings.resamples, rng)
    vertex = vertex_peaks(trials[:, near].mean(axis=0)[None], times, windows)
    copies = vertex_peaks(resampled_averages(trials[:, near], settings.resamples, rng), times, windows)
    readings = [*presence_readings(presence, base), *vertex_readings(presence, vertex, copies, base)]
    readings += n1_readings(s, settings, windows, base, rng, vertex if presence.present else None)
    if presence.present:
        readings += block_readings(s, settings, windows, base, vertex)
        readings += habituation_readings(s, settings, base, vertex)
        if settings.single_trial:
            readings += single_trial_readings(s, settings, windows, base)
    else:
        absent = replace(base, remark=joined(base.remark, "no response, so no habituation"))
        readings += [
            replace(absent, measure="habituation_slope", unit="%/trial", method=slope_method(s, settings, False))
        ]
    size = float(vertex.peak_to_peak[0])
    return Measured(
        (*readings, *general), presence.present, size, copies.peak_to_peak, presence.threshold_uv, n, base
    )
