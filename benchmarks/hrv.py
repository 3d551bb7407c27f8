"""Speed of heart-rate variability: a day of beats, half an hour of ECG, and the same measures beside NeuroKit2.

Run: ``python benchmarks/hrv.py [--repeats 5]``

The ECG is a virtual one of 360 Hz; no file is needed. Loading NeuroKit2 (about two seconds, once a process) is timed
apart. The comparison is of the time-domain measures and Welch powers: NeuroKit2's ``hrv_time`` and ``hrv_frequency``
are called as its ``hrv`` calls them; its nonlinear indices, which would take far longer, are left out. Ours edits the
beats and makes the intervals and the Lomb-Scargle check as well.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from _machine import machine_line, peak_rss_mb, timed

from nociscope.assays.hrv import HrvRecording, measure
from nociscope.beats.detect import detect
from nociscope.beats.series import BeatSeries

DAY_BEATS = 100_000
ECG_HZ = 360.0
ECG_S = 1800.0


def day(beats: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    t = 0.8 * np.arange(beats)
    slow = 0.09 * np.sin(2 * np.pi * t / 86_400)
    rr = 0.8 + slow + 0.025 * np.sin(2 * np.pi * 0.095 * t) + 0.02 * np.sin(2 * np.pi * 0.25 * t)
    return np.cumsum(rr + 0.01 * rng.standard_normal(beats))


def half_hour() -> np.ndarray:
    """An ECG of 360 Hz: Gaussian waves on beats with breathing and noise."""
    rng = np.random.default_rng(2)
    beats = day(3000)
    beats = beats[beats < ECG_S - 1]
    t = np.arange(int(ECG_S * ECG_HZ)) / ECG_HZ
    signal = 0.05 * np.sin(2 * np.pi * 0.25 * t) + 0.015 * rng.standard_normal(t.size)
    for delay, width, height in ((-0.18, 0.025, 0.12), (0.0, 0.011, 1.1), (0.03, 0.010, -0.2), (0.24, 0.045, 0.28)):
        near = np.clip(np.searchsorted(beats, t - delay), 1, beats.size - 1)
        off = np.minimum(np.abs(t - delay - beats[near]), np.abs(t - delay - beats[near - 1]))
        signal += height * np.exp(-0.5 * (off / width) ** 2)
    return signal


def series(times: np.ndarray, odd: np.ndarray | None = None) -> BeatSeries:
    return BeatSeries(
        times_s=times,
        odd_shape=np.zeros(times.size, dtype=bool) if odd is None else odd,
        duration_s=float(times[-1]),
        task="rest",
        source="benchmark",
    )


def ours(times: np.ndarray) -> object:
    return measure(HrvRecording(series=(series(times),)))


def from_ecg(signal: np.ndarray) -> object:
    found = detect(signal, ECG_HZ)
    return measure(HrvRecording(series=(series(found.times_s, found.odd_shape),)))


def theirs(times: np.ndarray) -> object:
    import neurokit2 as nk

    peaks = np.round(times * 1000).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nk.hrv_time(peaks, sampling_rate=1000), nk.hrv_frequency(peaks, sampling_rate=1000, normalize=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    start = time.perf_counter()
    import neurokit2  # noqa: F401

    loading = time.perf_counter() - start
    beats, signal = day(DAY_BEATS), half_hour()
    ours(beats[:400]), from_ecg(signal[:20_000]), theirs(beats[:400])  # what is imported on first use
    print(machine_line())
    print(f"loading neurokit2                    {loading:.2f} s (once a process)")
    print(f"{DAY_BEATS:,} beats to all measures     {timed(lambda: ours(beats), repeats)}")
    print(f"30 min of 360 Hz to beats, measures  {timed(lambda: from_ecg(signal), repeats)}")
    for name, some in (("5 min", beats[beats < 300]), ("30 min", beats[beats < 1800]), ("24 h", beats)):
        a, b = timed(lambda some=some: ours(some), repeats), timed(lambda some=some: theirs(some), repeats)
        print(f"{name:>6}: ours {a.median:.4f} s, neurokit2 {b.median:.4f} s, ratio {a.median / b.median:.2f}")
    print(f"peak memory {peak_rss_mb():.0f} MB")


if __name__ == "__main__":
    main()
