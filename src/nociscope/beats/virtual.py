"""Virtual heart beats and ECGs of known properties, for the simulators of the assays that begin with beats."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

import numpy as np

from nociscope.files import to_json
from nociscope.truth import SimulatedFile

# Made up for demonstration, tests and power: chosen for plausible pictures, no norm of any kind.
RATE_HZ = 250.0

PEAKS = {"vlf": (0.022, 0.006), "lf": (0.095, 0.016), "hf": (0.25, 0.022)}
"""Centre and standard deviation in Hz of the bell-shaped parts of the spectrum."""


@dataclass(frozen=True, slots=True, eq=False)
class Tachogram:
    """Virtual beats.

    Attributes
    ----------
    times_s : ndarray, shape (n,)
        Normal beats.
    power_ms2 : dict
        Band -> power of the process behind them.
    mean_s : float
    """

    times_s: np.ndarray
    power_ms2: dict[str, float]
    mean_s: float


def tachogram(rng: np.random.Generator, length_s: float, mean_s: float, power_ms2: dict[str, float]) -> Tachogram:
    """Return beats whose intervals follow a Gaussian process of known band powers.

    The process is a sum of 600 sines with Rayleigh amplitudes and random phases, densely placed under three bells; an
    interval is the mean of the process over itself, so that the generator is not the model that is fitted.
    """
    count = 200
    frequencies, amplitudes = [], []
    for band, power in power_ms2.items():
        centre, width = PEAKS[band]
        places = centre + width * np.linspace(-1.8, 1.8, count) + rng.uniform(-0.5, 0.5, count) * width * 3.6 / count
        weight = np.exp(-0.5 * ((places - centre) / width) ** 2)
        frequencies.append(places)
        amplitudes.append(np.sqrt(2 * power * weight / weight.sum()) * rng.rayleigh(np.sqrt(0.5), count))
    f, a = np.concatenate(frequencies), np.concatenate(amplitudes) / 1000.0
    phase = rng.uniform(0, 2 * np.pi, f.size)
    grid = np.arange(0.0, length_s + 3.0, 0.02)
    process = np.zeros(grid.size)
    for k in range(f.size):
        process += a[k] * np.cos(2 * np.pi * f[k] * grid + phase[k])
    level = np.interp
    times = [0.35]
    while times[-1] < length_s - 0.3:
        guess = mean_s + float(level(times[-1], grid, process))
        middle = times[-1] + 0.5 * guess
        times.append(times[-1] + max(mean_s + float(level(middle, grid, process)), 0.3))
    return Tachogram(np.asarray(times[:-1]), dict(power_ms2), mean_s)


_WAVES = ((-0.18, 0.025, 0.12), (-0.026, 0.009, -0.12), (0.0, 0.011, 1.1), (0.028, 0.010, -0.22), (0.24, 0.045, 0.28))
_ECTOPIC_WAVES = ((0.0, 0.035, 1.3), (0.10, 0.04, -0.5), (0.26, 0.06, -0.45))
"""Time from the peak in s, width in s, height in mV of each wave of a complex."""


def ecg(times_s: np.ndarray, ectopic_s: np.ndarray, length_s: float, rng: np.random.Generator) -> np.ndarray:
    """Return an ECG in mV at 250 Hz: waves of Gaussian shape, breathing baseline and noise.

    Parameters
    ----------
    times_s, ectopic_s : ndarray
        Peaks of normal and of ventricular beats, in s.
    length_s : float
    rng : Generator
    """
    t = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
    signal = 0.08 * np.sin(2 * np.pi * 0.24 * t + rng.uniform(0, 6)) + rng.normal(0, 0.012, t.size)
    for beats, waves in ((times_s, _WAVES), (ectopic_s, _ECTOPIC_WAVES)):
        for peak in beats:
            first, last = int((peak - 0.35) * RATE_HZ), int((peak + 0.55) * RATE_HZ)
            here = slice(max(first, 0), min(last, t.size))
            for delay, width, height in waves:
                signal[here] += height * np.exp(-0.5 * ((t[here] - peak - delay) / width) ** 2)
    return signal


def ecg_files(signal: np.ndarray, task: str, posture: str) -> tuple[SimulatedFile, SimulatedFile]:
    """Return a BIDS physio recording and its JSON."""
    text = "\n".join(f"{x:.3f}" for x in signal) + "\n"
    description = {
        "SamplingFrequency": RATE_HZ,
        "StartTime": 0,
        "Columns": ["ecg"],
        "ecg": {"Description": f"Virtual ECG, {posture}", "Units": "mV"},
    }
    entities = {"task": task, "recording": "ecg"}
    return (
        SimulatedFile(
            datatype="beh",
            suffix="physio",
            extension=".tsv.gz",
            content=gzip.compress(text.encode(), compresslevel=6, mtime=0),
            entities=entities,
        ),
        SimulatedFile(
            datatype="beh",
            suffix="physio",
            extension=".json",
            content=to_json(description).encode(),
            entities=entities,
        ),
    )


def with_ectopics(times_s: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Replace `count` beats by premature ventricular ones with a full compensatory pause.

    Returns
    -------
    normal, ectopic : ndarray
        Peaks in s.
    """
    if not count:
        return times_s, np.zeros(0)
    places = np.sort(rng.choice(np.arange(8, times_s.size - 8, 6), size=count, replace=False))
    early = times_s[places] - 0.33 * (times_s[places] - times_s[places - 1])
    return np.delete(times_s, places), early
