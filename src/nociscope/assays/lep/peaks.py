"""Peaks as true local extrema inside windows; many waveforms at once, because every interval resamples them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nociscope.assays.lep.recording import Floats

Window = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Windows:
    """Search windows in seconds after the pulse."""

    n1: Window
    n2: Window
    p2: Window


HAND = Windows((0.100, 0.200), (0.150, 0.300), (0.280, 0.500))
"""Windows for the hand dorsum.

Published peaks that they hold: N1 154, N2 227, P2 369 ms (11 sets, mean age 27) and N2 200-251, P2 374-422 ms in nine
open sets of 678 people (Zhao et al., Sci Data 2025;12:1536).
"""

BUILT_IN: Mapping[str, Windows] = {
    "hand_dorsum": HAND,
    "forearm": HAND,
    "face": Windows((0.060, 0.160), (0.100, 0.230), (0.200, 0.400)),
    "chest": HAND,
    "trunk": HAND,
    "thigh": Windows((0.110, 0.230), (0.160, 0.330), (0.290, 0.530)),
    "knee": Windows((0.120, 0.240), (0.170, 0.340), (0.300, 0.540)),
    "proximal_leg": Windows((0.120, 0.250), (0.180, 0.340), (0.310, 0.540)),
    "distal_leg": Windows((0.130, 0.260), (0.190, 0.340), (0.320, 0.540)),
    "foot_dorsum": Windows((0.130, 0.260), (0.190, 0.340), (0.320, 0.540)),
}
"""Where peaks are looked for, by site; search windows, not limits of normal.

The face holds the peaks of a trigeminal series (N150, P230 to N2-P2 of the hand shifted by 50 ms); the legs add up to
40 ms for the longer path. Any of them can be replaced in the settings, by site or by site and laser.
"""


def windows_for(site: str, laser: str, overrides: Mapping[str, Mapping[str, object]]) -> Windows:
    """Return the search windows of a site and laser.

    Parameters
    ----------
    site, laser : str
    overrides : mapping
        ``site`` or ``site.laser`` -> ``n1 | n2 | p2`` -> [from, to] in ms; the more exact key wins.
    """
    chosen = BUILT_IN.get(site, HAND)
    parts = {"n1": chosen.n1, "n2": chosen.n2, "p2": chosen.p2}
    for key in (site, f"{site}.{laser}"):
        for name, limits in overrides.get(key, {}).items():
            low, high = (float(v) / 1000.0 for v in limits)  # type: ignore[attr-defined]
            parts[str(name)] = (low, high)
    return Windows(parts["n1"], parts["n2"], parts["p2"])


@dataclass(frozen=True, slots=True)
class Peaks:
    """One peak in each of w waveforms; NaN where there is none.

    Attributes
    ----------
    latency_s, amplitude_uv : array (w,)
        See :func:`extremum`.
    """

    latency_s: Floats
    amplitude_uv: Floats


HALF_WIDTH_S = {"n1": 0.010, "n2": 0.020, "p2": 0.030}
"""Half the stretch over which a peak's latency is fitted; about half the width of each peak at three quarters of its
height. In simulations it halves the error of the P2 latency against taking the largest sample
(docs/validation/lep.md)."""

MAX_SHIFT_S = 0.020
"""The fitted latency stays this near to the local extremum; otherwise the extremum itself is given."""


def extremum(
    waves: Floats,
    times_s: Floats,
    window: Window,
    sign: int,
    after_s: Floats | None = None,
    half_width_s: float = 0.0,
) -> Peaks:
    """Find the largest local extremum of each waveform inside a window.

    A sample counts only if it is more extreme than its neighbours on both sides, those outside the window
    included: the edge of a window can never be a peak.

    Parameters
    ----------
    waves : array (w, t)
        Waveforms in uV.
    times_s : array (t,)
    window : (float, float)
        In seconds, inclusive.
    sign : int
        +1 for a positive, -1 for a negative peak.
    after_s : array (w,), optional
        The peak must come later than this; a waveform with NaN here has none.
    half_width_s : float
        The latency is that of the least-squares parabola over so much on either side of the extremum; 0 takes the
        parabola through the extremum and its two neighbours. The amplitude is always that of the extremum.

    Returns
    -------
    Peaks
    """
    first = max(int(np.searchsorted(times_s, window[0] - 1e-9)), 1)
    last = min(int(np.searchsorted(times_s, window[1] + 1e-9)), len(times_s) - 1)
    count = len(waves)
    if last <= first:
        return Peaks(np.full(count, np.nan), np.full(count, np.nan))
    w = sign * waves[:, first - 1 : last + 1]
    here, before, behind = w[:, 1:-1], w[:, :-2], w[:, 2:]
    is_peak = (here > before) & (here >= behind)
    if after_s is not None:
        is_peak &= times_s[first:last][None, :] > after_s[:, None]
    height = np.where(is_peak, here, -np.inf)
    at = height.argmax(axis=1)
    rows = np.arange(count)
    found = np.isfinite(height[rows, at])
    y0, y1, y2 = before[rows, at], here[rows, at], behind[rows, at]
    curvature = y0 - 2 * y1 + y2
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.where(curvature < 0, 0.5 * (y0 - y2) / curvature, 0.0)
    amplitude = y1 - 0.25 * (y0 - y2) * shift
    step = float(times_s[1] - times_s[0])
    latency = times_s[first + at] + shift * step
    if half_width_s > 0:
        fitted = _fitted_latency(sign * waves, times_s, first + at, round(half_width_s / step), latency)
        limits = np.full(count, window[0]) if after_s is None else np.fmax(window[0], after_s)
        latency = np.where((fitted >= limits) & (fitted <= window[1]), fitted, latency)
    return Peaks(np.where(found, latency, np.nan), np.where(found, sign * amplitude, np.nan))


def _fitted_latency(heights: Floats, times_s: Floats, at: np.ndarray, half: int, fallback: Floats) -> Floats:
    """Return the vertex (w,) of a least-squares parabola around each place `at`, recentred twice."""
    count, length = heights.shape
    step = float(times_s[1] - times_s[0])
    if half < 2 or length < 2 * half + 3:
        return fallback
    k = np.arange(-half, half + 1, dtype=np.float64)
    square = k**2 - (k**2).mean()
    slope_kernel, curve_kernel = k / (k @ k), square / (square @ square)
    rows = np.arange(count)[:, None]
    centre = np.clip(at, half, length - 1 - half)
    vertex = np.zeros(count)
    bends = np.ones(count, dtype=bool)
    for _ in range(3):
        around = heights[rows, centre[:, None] + np.arange(-half, half + 1)]
        slope, curve = around @ slope_kernel, around @ curve_kernel
        bends = curve < 0
        vertex = np.where(bends, -slope / np.where(bends, 2 * curve, -1.0), 0.0)
        vertex = np.clip(vertex, -half / 2, half / 2)
        new = np.clip(centre + np.rint(vertex).astype(int), half, length - 1 - half)
        vertex -= new - centre
        centre = new
    fitted = times_s[centre] + vertex * step
    good = bends & (np.abs(fitted - fallback) <= MAX_SHIFT_S)
    return np.where(good, fitted, fallback)


@dataclass(frozen=True, slots=True)
class Vertex:
    """N2 and P2 of each of w waveforms."""

    n2: Peaks
    p2: Peaks

    @property
    def peak_to_peak(self) -> Floats:
        """N2-P2 amplitude in uV, (w,); NaN where either peak is missing."""
        difference: Floats = self.p2.amplitude_uv - self.n2.amplitude_uv
        return difference


def vertex_peaks(waves: Floats, times_s: Floats, windows: Windows) -> Vertex:
    """Find N2, then P2 after it, in each waveform (w, t)."""
    n2 = extremum(waves, times_s, windows.n2, -1, half_width_s=HALF_WIDTH_S["n2"])
    p2 = extremum(waves, times_s, windows.p2, +1, after_s=n2.latency_s, half_width_s=HALF_WIDTH_S["p2"])
    return Vertex(n2, p2)


def value_at(waves: Floats, times_s: Floats, at_s: float) -> Floats:
    """Return each waveform's value at a time, by linear interpolation; shape (w,)."""
    place = (at_s - times_s[0]) / (times_s[1] - times_s[0])
    k = int(np.clip(np.floor(place), 0, len(times_s) - 2))
    f = place - k
    value: Floats = waves[:, k] * (1 - f) + waves[:, k + 1] * f
    return value
