"""Zero-phase band-pass of epochs cut from a continuous recording, without filtering what no epoch uses.

The high-pass and the low-pass are done apart. A Butterworth low-pass and high-pass of the same order are
power-complementary, so forward-backward high-passing *is* taking away what the forward-backward low-pass lets
through; that slow part is computed on the recording reduced to a few samples per cycle. The low-pass has a short
memory, so it runs on the epochs with a margin. A 10 min recording costs milliseconds instead of the hundreds of
whole-record filtering.
"""

from __future__ import annotations

import numpy as np

from nociscope.assays.lep.recording import Bools, Floats

MARGIN_S = 0.25
"""Margin of an epoch for the low-pass; its impulse response at 30 Hz is over after 0.15 s."""


def slow_part(signals: Floats, rate: float, high_pass_hz: float) -> tuple[Floats, Floats]:
    """Return what a zero-phase Butterworth low-pass (order 2 each way) at the high-pass corner lets through.

    Parameters
    ----------
    signals : array (c, s)
    rate : float
        In Hz.
    high_pass_hz : float

    Returns
    -------
    times : array (b,)
        In samples of `signals`.
    slow : array (c, b)
    """
    width = max(int(rate / (60.0 * high_pass_hz)), 1)  # 60 bins a cycle of the corner: 18 Hz for 0.3 Hz
    count = signals.shape[1] // width
    if count < 30:
        return np.zeros(1), signals.mean(axis=1, keepdims=True)
    bins = signals[:, : count * width].reshape(len(signals), count, width).mean(axis=2)
    times = np.arange(count) * float(width) + (width - 1) / 2.0
    return times, zero_phase_low_pass(
        bins, rate / width, high_pass_hz, order=2, pad=int(3 * rate / width / high_pass_hz)
    )


def zero_phase_low_pass(signals: Floats, rate: float, corner_hz: float, *, order: int, pad: int) -> Floats:
    """Low-pass along the last axis as a Butterworth filter run forward and backward does.

    Both runs together multiply the spectrum by the power response of the digital filter, 1 / (1 + w^(2 order)) with
    w = tan(pi f / rate) / tan(pi corner / rate) (bilinear transform), and shift no phase; so that is done directly.
    Ends are continued by point reflection over `pad` samples.

    Parameters
    ----------
    signals : array (..., s)
    rate, corner_hz : float
        In Hz.
    order : int
        Of one run.
    pad : int
        Samples, at most s - 1 are used.
    """
    count = signals.shape[-1]
    pad = min(pad, count - 1)
    first, last = signals[..., :1], signals[..., -1:]
    head = 2 * first - signals[..., pad:0:-1]
    tail = 2 * last - signals[..., -2 : -pad - 2 : -1]
    # the wrap from tail to head is made smooth by taking the line between them away
    long = np.concatenate([head, signals, tail], axis=-1)
    line = np.linspace(0.0, 1.0, long.shape[-1])
    trend = long[..., :1] + (long[..., -1:] - long[..., :1]) * line
    hz = np.fft.rfftfreq(long.shape[-1], 1.0 / rate)
    with np.errstate(over="ignore"):
        w = np.tan(np.pi * np.minimum(hz / rate, 0.499999)) / np.tan(np.pi * corner_hz / rate)
        gain = 1.0 / (1.0 + w ** (2 * order))
    filtered = np.fft.irfft(np.fft.rfft(long - trend, axis=-1) * gain, long.shape[-1], axis=-1) + trend
    return np.ascontiguousarray(filtered[..., pad : pad + count])


def low_pass(epochs: Floats, rate: float, corner_hz: float) -> Floats:
    """Low-pass epochs along their last axis, zero phase (Butterworth order 4 each way, half at the corner)."""
    if corner_hz >= 0.45 * rate:
        return epochs
    return zero_phase_low_pass(epochs, rate, corner_hz, order=4, pad=int(0.1 * rate))


def sample_at(signals: Floats, place: Floats) -> Floats:
    """Return signals (c, s) at fractional sample places (n, t) as (n, c, t), by cubic interpolation.

    Whole places are taken as they are. Every place needs one sample before and two behind it.
    """
    whole = np.floor(place + 1e-6).astype(np.intp)
    fraction = place - whole
    if np.all(np.abs(fraction) < 1e-3):
        return np.ascontiguousarray(signals[:, whole].transpose(1, 0, 2))
    f = fraction[None]
    p0, p1, p2, p3 = (signals[:, whole + k] for k in (-1, 0, 1, 2))
    value = p1 + 0.5 * f * (p2 - p0 + f * (2 * p0 - 5 * p1 + 4 * p2 - p3 + f * (3 * (p1 - p2) + p3 - p0)))
    return np.ascontiguousarray(value.transpose(1, 0, 2))


def usable(onsets_s: Floats, rate: float, samples: int, start_s: float, end_s: float) -> Bools:
    """Return which pulses (n,) have their whole epoch and its margin within the recording, as booleans."""
    first = (onsets_s + start_s - MARGIN_S) * rate - 1
    last = (onsets_s + end_s + MARGIN_S) * rate + 2
    inside: Bools = (first >= 0) & (last <= samples - 1)
    return inside


def cut_epochs(
    signals: Floats,
    rate: float,
    onsets_s: Floats,
    *,
    start_s: float,
    end_s: float,
    grid_rate: float,
    high_pass_hz: float,
    low_pass_hz: float,
) -> tuple[Floats, Floats]:
    """Cut band-passed epochs from a continuous recording.

    Parameters
    ----------
    signals : array (c, s)
        In uV.
    rate : float
        Of `signals`, in Hz.
    onsets_s : array (n,)
        Time 0 of each epoch, in seconds from the first sample; each must be :func:`usable`.
    start_s, end_s : float
        Relative to the onset.
    grid_rate : float
        Sampling rate of the epochs, at most `rate`.
    high_pass_hz, low_pass_hz : float
        Corners; 0 leaves a side open.

    Returns
    -------
    times : array (t,)
    epochs : array (n, c, t)
    """
    step = max(int(rate / grid_rate + 1e-6), 1)
    margin = int(np.ceil(MARGIN_S * rate / step)) * step
    count = int(np.floor((end_s - start_s) * rate / step + 1e-6)) + 1
    offsets = np.arange(-margin, (count - 1) * step + margin + 1)
    place = (onsets_s * rate)[:, None] + start_s * rate + offsets[None, :]
    epochs = sample_at(signals, place)
    if high_pass_hz > 0:
        times, slow = slow_part(signals, rate, high_pass_hz)
        for c in range(len(signals)):
            epochs[:, c] -= np.interp(place, times, slow[c])
    if low_pass_hz > 0:
        epochs = low_pass(epochs, rate, low_pass_hz)
    kept = epochs[:, :, margin : margin + (count - 1) * step + 1 : step]
    return start_s + np.arange(count, dtype=np.float64) * (step / rate), np.ascontiguousarray(kept)


def regrid(epochs: Floats, times: Floats, grid: Floats) -> Floats:
    """Return epochs (n, c, t) on another time axis, by cubic interpolation; used when recordings differ in rate."""
    if len(times) == len(grid) and np.allclose(times, grid, atol=1e-6):
        return epochs
    from scipy.interpolate import CubicSpline

    moved: Floats = CubicSpline(times, epochs, axis=-1)(np.clip(grid, times[0], times[-1]))
    return moved


def remove_baseline(epochs: Floats, times_s: Floats, start_s: float) -> Floats:
    """Subtract from each epoch (…, t) its mean from `start_s` to 0."""
    within = (times_s >= start_s - 1e-9) & (times_s <= 1e-9)
    if not within.any():
        return epochs
    corrected: Floats = epochs - epochs[..., within].mean(axis=-1, keepdims=True)
    return corrected
