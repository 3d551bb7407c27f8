"""The spectrum of NN intervals in ms2, by one fixed recipe, with a periodogram that needs no interpolation beside it.

Task Force bands (Circulation 1996;93:1043-1065, doi 10.1161/01.CIR.93.5.1043).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nociscope.assays.hrv.settings import Recipe

BANDS = {"vlf": (0.0033, 0.04), "lf": (0.04, 0.15), "hf": (0.15, 0.40)}
"""In Hz; the lower end belongs to the band, the upper end only of `hf`."""

SHORTEST_S = 60.0
LONGEST_HOLE_S = 10.0
"""A Welch segment that has no NN interval for longer than this is left out."""

LOMB_SEGMENTS = 8
_HANN_FOURTH = 35 / 18
"""N times the sum of the fourth powers of a Hann window over the square of the sum of its squares."""


class NoSpectrum(ValueError):
    """Too little is left for a spectrum; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """A one-sided power spectral density.

    Attributes
    ----------
    frequency_hz : ndarray, shape (m,)
    density : ndarray, shape (m,)
        In ms2/Hz.
    segments : int
        Welch segments averaged.
    dropped : int
        Segments left out because of holes.
    effective_s : float
        Length of data that an untapered spectrum of the same variance would need.
    power : dict
        Band -> power in ms2, and ``total``.
    freedom : dict
        Band -> equivalent degrees of freedom of its power.
    lomb : dict
        ``lf`` and ``hf`` by the Lomb-Scargle periodogram, in ms2.
    """

    frequency_hz: np.ndarray
    density: np.ndarray
    segments: int
    dropped: int
    effective_s: float
    power: dict[str, float]
    freedom: dict[str, float]
    lomb: dict[str, float]


def spectrum(times_s: np.ndarray, nn_ms: np.ndarray, recipe: Recipe) -> Spectrum:
    """Return the spectrum of NN intervals.

    Parameters
    ----------
    times_s : ndarray, shape (n,)
        Time of the beat that ends each interval, in s.
    nn_ms : ndarray, shape (n,)
        NN intervals, in ms.
    recipe : Recipe

    Raises
    ------
    NoSpectrum
        They span less than a minute.

    Notes
    -----
    Cubic spline at the recipe's rate (holes are bridged by straight lines), Hann segments with half overlap, a
    straight line taken off each (Welch 1967, doi 10.1109/TAU.1967.1161901): the same numbers as
    ``scipy.signal.welch(x, fs, "hann", nperseg, detrend="linear")`` and the sum of bins in a band times their width.
    A band's power P is taken as chi-square with 2 P^2 / Var(P) degrees of freedom, Var(P) being the integral of the
    squared density over the band divided by the effective length (Priestley 1981).
    """
    span = float(times_s[-1] - times_s[0]) if times_s.size else 0.0
    if span < SHORTEST_S or times_s.size < 30:
        raise NoSpectrum(f"{span:.0f} s of intervals are too few for a spectrum, which needs {SHORTEST_S:.0f}")
    rate = recipe.resampling_hz
    even = _even(times_s, nn_ms, rate)
    width = min(round(recipe.segment_s * rate), even.size)
    starts = np.arange(0, even.size - width + 1, max(width // 2, 1))
    whole = _without_holes(starts / rate + times_s[0], width / rate, times_s)
    kept = starts[whole] if whole.any() else starts
    frequency, density = _welch(even, kept, width, rate)
    k = kept.size
    independent = 18 * k * k / (19 * k - 1) if k > 1 else 1.0
    effective = width / rate * independent / _HANN_FOURTH
    step = float(frequency[1])
    inside = {name: _in_band(frequency, name) for name in BANDS}
    inside["total"] = np.logical_or.reduce(list(inside.values()))
    power = {name: float(density[mask].sum() * step) for name, mask in inside.items()}
    # The square of an estimate is too large on average by 1 + 1/(independent segments).
    squared = {n: float((density[m] ** 2).sum() * step) / (1 + 1 / independent) for n, m in inside.items()}
    freedom = {
        n: min(max(2 * power[n] ** 2 * effective / squared[n], 1.0), 1e6) if squared[n] > 0 else 1.0 for n in power
    }
    lomb = _lomb(times_s, nn_ms, kept / rate + times_s[0], width / rate)
    return Spectrum(frequency, density, k, int(starts.size - k), effective, power, freedom, lomb)


def _in_band(frequency: np.ndarray, name: str) -> np.ndarray:
    low, high = BANDS[name]
    inside: np.ndarray = (frequency >= low) & ((frequency <= high) if name == "hf" else (frequency < high))
    return inside


def _even(times_s: np.ndarray, nn_ms: np.ndarray, rate: float) -> np.ndarray:
    """Interpolate to an even grid; holes of several beats get points on a straight line, lest the spline swing."""
    from scipy.interpolate import CubicSpline

    usual = float(np.median(np.diff(times_s)))
    holes = np.flatnonzero(np.diff(times_s) > 2.5 * usual)
    if holes.size:
        more = [np.arange(times_s[i] + usual, times_s[i + 1] - 0.5 * usual, usual) for i in holes]
        extra = np.concatenate(more)
        filled = np.interp(extra, times_s, nn_ms)
        order = np.argsort(np.concatenate([times_s, extra]), kind="stable")
        times_s, nn_ms = np.concatenate([times_s, extra])[order], np.concatenate([nn_ms, filled])[order]
    count = int((times_s[-1] - times_s[0]) * rate) + 1
    grid = times_s[0] + np.arange(count) / rate
    even: np.ndarray = CubicSpline(times_s, nn_ms)(grid)
    return even


def _without_holes(starts_s: np.ndarray, width_s: float, times_s: np.ndarray) -> np.ndarray:
    """Tell which segments have no long stretch without an NN interval."""
    steps = np.diff(times_s)
    whole = np.ones(starts_s.size, dtype=bool)
    for i in np.flatnonzero(steps > LONGEST_HOLE_S):
        whole &= (starts_s + width_s <= times_s[i] + 1) | (starts_s >= times_s[i + 1] - 1)
    return whole


def _welch(even: np.ndarray, starts: np.ndarray, width: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return frequencies and the density averaged over segments."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(width) / width)
    ramp = np.arange(width) - (width - 1) / 2
    ramp /= np.sqrt((ramp**2).sum())
    total = np.zeros(width // 2 + 1)
    for part in np.array_split(starts, max(1, starts.size // 256 + 1)):
        if not part.size:
            continue
        frames = even[part[:, None] + np.arange(width)]
        frames = frames - frames.mean(axis=1, keepdims=True)
        frames -= (frames @ ramp)[:, None] * ramp
        total += (np.abs(np.fft.rfft(frames * window, axis=1)) ** 2).sum(axis=0)
    density = 2 * total / (starts.size * rate * (window**2).sum())
    density[0] /= 2
    if width % 2 == 0:
        density[-1] /= 2
    return np.arange(width // 2 + 1) * rate / width, density


def _lomb(times_s: np.ndarray, nn_ms: np.ndarray, starts_s: np.ndarray, width_s: float) -> dict[str, float]:
    """Return band powers by the Lomb-Scargle periodogram, averaged over at most eight segments.

    Scargle 1982 (doi 10.1086/160554), at multiples of 1/length; a straight line is taken off, there is no window.
    """
    chosen = starts_s[np.unique(np.linspace(0, starts_s.size - 1, min(LOMB_SEGMENTS, starts_s.size)).astype(int))]
    powers: dict[str, list[float]] = {"lf": [], "hf": []}
    for start in chosen:
        here = (times_s >= start) & (times_s <= start + width_s)
        t, x = times_s[here] - start, nn_ms[here]
        if t.size < 30:
            continue
        x = x - np.polyval(np.polyfit(t, x, 1), t)
        step = 1.0 / float(t[-1] - t[0])
        for name, values in powers.items():
            low, high = BANDS[name]
            f = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
            values.append(float(2 * _scargle(t, x, f).sum() / t.size))
    return {name: float(np.mean(values)) for name, values in powers.items() if values}


def _scargle(t: np.ndarray, x: np.ndarray, f: np.ndarray) -> np.ndarray:
    """Return the Lomb-Scargle periodogram, which is A^2 n / 4 at the frequency of a sine of amplitude A."""
    angle = 2 * np.pi * f[:, None] * t
    shift = 0.5 * np.arctan2(np.sin(2 * angle).sum(axis=1), np.cos(2 * angle).sum(axis=1))
    cosine, sine = np.cos(angle - shift[:, None]), np.sin(angle - shift[:, None])
    periodogram: np.ndarray = 0.5 * (
        (cosine @ x) ** 2 / (cosine**2).sum(axis=1) + (sine @ x) ** 2 / np.maximum((sine**2).sum(axis=1), 1e-12)
    )
    return periodogram


def without_trend(nn_ms: np.ndarray, strength: float) -> np.ndarray:
    """Take the slow trend off a series of intervals, keeping its mean.

    Smoothness priors (Tarvainen et al. 2002, doi 10.1109/10.979357): the trend is (I + strength^2 D'D)^-1 z with D
    the second difference.

    Parameters
    ----------
    nn_ms : ndarray, shape (n,)
    strength : float
        Lambda; 0 leaves the series as it is.
    """
    n = nn_ms.size
    if strength <= 0 or n < 4:
        return nn_ms
    from scipy.linalg import solveh_banded

    diagonal = np.full(n, 6.0)
    diagonal[[0, -1]], diagonal[[1, -2]] = 1.0, 5.0
    first = np.full(n, -4.0)
    first[[1, -1]] = -2.0
    second = np.ones(n)
    bands = strength**2 * np.vstack([second, first, diagonal])
    bands[2] += 1.0
    trend: np.ndarray = solveh_banded(bands, nn_ms)
    return nn_ms - trend + nn_ms.mean()
