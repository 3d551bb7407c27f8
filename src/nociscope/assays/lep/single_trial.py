"""Peaks in single trials: a wavelet filter, and multiple linear regression on the average, its slope and its width.

After Hu L, Liang M, Mouraux A, Wise RG, Hu Y, Iannetti GD, J Neurophysiol 2011;106:3216-3229,
doi:10.1152/jn.00220.2011. "The largest value in a window" is no estimator of a single trial: it finds a peak of the
noise where there is no response. Regression on the average finds about nothing there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.lep.methods import derivation, method_of
from nociscope.assays.lep.peaks import Peaks, Vertex, Windows, vertex_peaks
from nociscope.assays.lep.recording import Floats, Stimulated
from nociscope.assays.lep.resample import mean_interval
from nociscope.assays.lep.settings import LepSettings
from nociscope.tables import Reading


@dataclass(frozen=True, slots=True)
class SingleTrials:
    """N2 and P2 of each of n trials, NaN where the fitted curve has no peak, and the fitted curves (n, t)."""

    n2: Peaks
    p2: Peaks
    fitted_uv: Floats


def _segments(times_s: Floats, average: Floats, vertex: Vertex) -> list[tuple[float, Floats]]:
    """Return the two peaks of the average as separate waves with their peak times.

    The wave is cut where it crosses zero between N2 and P2 (Hu: one set of regressors for each peak).
    """
    n2, p2 = float(vertex.n2.latency_s[0]), float(vertex.p2.latency_s[0])
    between = np.flatnonzero((times_s > n2) & (times_s < p2))
    middle = float(times_s[between[np.abs(average[between]).argmin()]]) if len(between) else (n2 + p2) / 2
    early = times_s <= middle
    within = (times_s > 0.0) & (times_s < p2 + 0.35)
    return [(n2, np.where(early & within, average, 0.0)), (p2, np.where(~early & within, average, 0.0))]


def regressors(times_s: Floats, average: Floats, vertex: Vertex, dispersion: bool) -> Floats:
    """Return the regressors (t, r) of the two peaks: the wave, its derivative in time, and that in width.

    For a wave s(t) with its peak at t0, stretching about the peak by d gives s(t0 + (t - t0) / d), whose derivative
    at d = 1 is -(t - t0) s'(t).
    """
    columns = []
    for peak, wave in _segments(times_s, average, vertex):
        slope = np.gradient(wave, times_s)
        columns += [wave, slope * 0.01]
        if dispersion:
            columns.append(-(times_s - peak) * slope)
    return np.column_stack(columns)


def regress(
    trials: Floats, times_s: Floats, average: Floats, windows: Windows, dispersion: bool = True
) -> SingleTrials | None:
    """Estimate N2 and P2 of every trial by least squares on the average's regressors.

    Parameters
    ----------
    trials : array (n, t)
        Baseline-corrected epochs in uV.
    times_s : array (t,)
    average : array (t,)
        Of the same trials.
    windows : Windows
    dispersion : bool
        Whether a regressor for the width is added.

    Returns
    -------
    SingleTrials or None
        None when the average has no N2 and P2.

    Notes
    -----
    The latency of a trial is where its fitted curve has its extremum; a trial whose fitted wave has the wrong sign
    has an amplitude (of that sign, at the average's latency) but no latency, so that averaging amplitudes over trials
    stays free of the bias of dropping the small ones.
    """
    vertex = vertex_peaks(average[None], times_s, windows)
    if not np.isfinite(vertex.peak_to_peak[0]):
        return None
    x = regressors(times_s, average, vertex, dispersion)
    beta, *_ = np.linalg.lstsq(x, trials.T, rcond=None)
    per_peak = x.shape[1] // 2
    fitted = (x @ beta).T
    peaks = []
    for k, (peak, sign) in enumerate(((vertex.n2, -1), (vertex.p2, +1))):
        own = slice(k * per_peak, (k + 1) * per_peak)
        curve = (x[:, own] @ beta[own]).T
        peaks.append(_peak_of_fit(curve, beta[k * per_peak], times_s, peak, sign))
    return SingleTrials(peaks[0], peaks[1], fitted)


def _peak_of_fit(curve: Floats, gain: Floats, times_s: Floats, average: Peaks, sign: int) -> Peaks:
    """Return amplitude and latency of fitted waves near the average's peak, (n,)."""
    at, height = float(average.latency_s[0]), float(average.amplitude_uv[0])
    near = np.abs(times_s - at) <= 0.06
    w, t = sign * curve[:, near], times_s[near]
    inner = w[:, 1:-1]
    is_peak = (inner > w[:, :-2]) & (inner >= w[:, 2:]) & (gain > 0)[:, None]
    best = np.where(is_peak, inner, -np.inf)
    place = best.argmax(axis=1)
    rows = np.arange(len(curve))
    found = np.isfinite(best[rows, place])
    amplitude = np.where(found, sign * inner[rows, place], gain * height)
    return Peaks(np.where(found, t[1:-1][place], np.nan), amplitude)


def _morlet_bank(count: int, rate: float, frequencies: Floats, cycles: float) -> Floats:
    """Return analytic Morlet wavelets in the frequency domain, (f, count), each with peak gain 1."""
    hz = np.fft.fftfreq(count, 1 / rate)
    width = frequencies[:, None] / cycles
    bank: Floats = np.where(hz > 0, np.exp(-0.5 * ((hz[None] - frequencies[:, None]) / width) ** 2), 0.0)
    return bank


def wavelet_transform(
    trials: Floats, rate: float, frequencies: Floats, cycles: float = 3.0
) -> NDArray[np.complex128]:
    """Return the continuous Morlet transform of trials (n, t) as complex (n, f, t)."""
    count = trials.shape[1]
    padded = int(2 ** np.ceil(np.log2(2 * count)))
    bank = _morlet_bank(padded, rate, frequencies, cycles)
    spectrum = np.fft.fft(trials, padded, axis=1)
    out: NDArray[np.complex128] = np.fft.ifft(spectrum[:, None, :] * bank[None], axis=2)[:, :, :count]
    return out


def wavelet_filter(
    trials: Floats, times_s: Floats, share: float, low_hz: float = 1.0, high_hz: float = 30.0
) -> Floats:
    """Keep of every trial only the time-frequency pixels where the trials together have most energy.

    The mask keeps the `share` to 1 quantile of the trials' mean magnitude after the pulse; what it keeps is put
    together again by summing over frequencies and dividing by the bank's gain, so that a mask of ones gives the trial
    back within the band.

    Parameters
    ----------
    trials : array (n, t)
    times_s : array (t,)
    share : float
        Share of pixels taken away, 0 to 1.
    low_hz, high_hz : float
        Band of the bank.

    Returns
    -------
    array (n, t)
    """
    rate = 1.0 / (times_s[1] - times_s[0])
    frequencies = np.geomspace(low_hz, min(high_hz, 0.4 * rate), 40)
    count = trials.shape[1]
    padded = int(2 ** np.ceil(np.log2(2 * count)))
    bank = _morlet_bank(padded, rate, frequencies, 3.0)
    transformed = np.fft.ifft(np.fft.fft(trials, padded, axis=1)[:, None, :] * bank[None], axis=2)
    magnitude = np.abs(transformed).mean(axis=0)
    after = np.zeros(padded, dtype=bool)
    after[:count] = times_s > 0
    mask = magnitude >= np.quantile(magnitude[:, after], share)
    mask[:, ~after] = share <= 0
    summed = np.fft.fft((transformed * mask[None]).sum(axis=1), axis=1)
    gain = bank.sum(axis=0)
    usable = gain > 0.05 * gain.max()
    balanced = np.where(usable, summed / np.where(usable, gain, 1.0), 0.0)
    filtered: Floats = 2 * np.fft.ifft(balanced, axis=1).real[:, :count]
    return filtered


def single_trial_readings(s: Stimulated, settings: LepSettings, windows: Windows, base: Reading) -> list[Reading]:
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
    here = replace(base, method=method_of(kind, derivation(s), s, settings))
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
