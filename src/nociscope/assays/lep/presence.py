"""Is there a response at all? The measured peak against what the same search finds in plus-minus averages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nociscope.assays.lep.peaks import Window, Windows, extremum, vertex_peaks
from nociscope.assays.lep.recording import Floats
from nociscope.assays.lep.resample import plus_minus_averages


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a peak stands out of the noise.

    Attributes
    ----------
    present : bool
    size_uv : float
        What was found in the average; 0 where no peak was.
    noise_uv, noise_low_uv, noise_high_uv : float
        Median and 2.5-97.5 % range of what the same search finds in plus-minus averages of the same trials.
    threshold_uv : float
        The size that noise exceeds with the chance `absent_alpha`.
    p : float
        Share of plus-minus averages with at least this size.
    """

    present: bool
    size_uv: float
    noise_uv: float
    noise_low_uv: float
    noise_high_uv: float
    threshold_uv: float
    p: float


def _judge(size: float, noise: Floats, alpha: float) -> Presence:
    sizes = np.nan_to_num(noise, nan=0.0)
    threshold = float(np.quantile(sizes, 1 - alpha))
    p = float((1 + np.sum(sizes >= size)) / (1 + len(sizes)))
    low, middle, high = (float(q) for q in np.quantile(sizes, (0.025, 0.5, 0.975)))
    return Presence(bool(size > threshold and p <= alpha + 1e-9), size, middle, low, high, threshold, p)


def vertex_presence(
    trials: Floats, times_s: Floats, windows: Windows, alpha: float, count: int, rng: np.random.Generator
) -> Presence:
    """Judge the N2-P2 of the average of trials (n, t)."""
    found = vertex_peaks(trials.mean(axis=0)[None], times_s, windows).peak_to_peak[0]
    noise = vertex_peaks(plus_minus_averages(trials, count, rng), times_s, windows).peak_to_peak
    return _judge(float(np.nan_to_num(found)), noise, alpha)


def lateral_presence(
    trials: Floats, times_s: Floats, window: Window, alpha: float, count: int, rng: np.random.Generator
) -> Presence:
    """Judge the size of N1 of the average of trials (n, t): baseline to peak, negative."""
    found = -extremum(trials.mean(axis=0)[None], times_s, window, -1).amplitude_uv[0]
    noise = -extremum(plus_minus_averages(trials, count, rng), times_s, window, -1).amplitude_uv
    return _judge(float(max(np.nan_to_num(found), 0.0)), np.maximum(np.nan_to_num(noise), 0.0), alpha)
