"""Time-domain measures of NN intervals, with intervals that know how many independent beats there are.

Definitions: Task Force, Circulation 1996;93:1043-1065, doi 10.1161/01.CIR.93.5.1043.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HISTOGRAM_MS = 7.8125
"""Bin of the triangular index: 1/128 s."""

FIVE_MINUTES_S = 300.0
_BATCH_S = 30.0


@dataclass(frozen=True, slots=True)
class Value:
    """A value with its 95 % interval; None without one."""

    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0


def differences_ms(nn_ms: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return the differences of neighbouring intervals that are both NN, rounded to a nanosecond.

    Parameters
    ----------
    nn_ms : ndarray, shape (n,)
        All intervals in order.
    normal : ndarray of bool, shape (n,)
    """
    both = normal[1:] & normal[:-1]
    difference: np.ndarray = np.round(np.diff(nn_ms)[both], 6)
    return difference


def freedom(x: np.ndarray) -> float:
    """Return the effective degrees of freedom of the variance of a correlated series.

    n over the sum of the squared autocorrelations (Bartlett 1946, for a Gaussian series), the sum being freed from
    its bias 1/n per lag and taken to a quarter of the series, at most 512 lags.

    Parameters
    ----------
    x : ndarray, shape (n,)
    """
    n = x.size
    if n < 8:
        return max(float(n - 1), 1.0)
    rho = _autocorrelation(x, min(n // 4, 512))
    total = 1.0 + 2.0 * float((rho**2 - 1.0 / n).sum())
    return min(max(n / max(total, 1.0), 2.0), float(n - 1))


def _autocorrelation(x: np.ndarray, lags: int) -> np.ndarray:
    """Return autocorrelations at lags 1 to `lags`, by the Fourier transform."""
    centred = x - x.mean()
    size = 1 << int(np.ceil(np.log2(x.size + lags + 1)))
    transform = np.fft.rfft(centred, size)
    covariance = np.fft.irfft(np.abs(transform) ** 2, size)[: lags + 1]
    if covariance[0] <= 0:
        return np.zeros(lags)
    rho: np.ndarray = covariance[1:] / covariance[0]
    return rho


def spread_interval(value: float, degrees: float) -> tuple[float, float]:
    """Return the 95 % interval of a standard deviation from its degrees of freedom (chi-square)."""
    from scipy.special import chdtri

    return value * float(np.sqrt(degrees / chdtri(degrees, 0.025))), value * float(
        np.sqrt(degrees / chdtri(degrees, 0.975))
    )


def standard_deviation(x: np.ndarray, about_zero: bool = False) -> Value:
    """Return the standard deviation (n - 1), or the root mean square, of a correlated series."""
    value = float(np.sqrt(np.mean(x**2))) if about_zero else float(np.std(x, ddof=1))
    low, high = spread_interval(value, freedom(x))
    return Value(value, low, high, x.size)


def mean(times_s: np.ndarray, nn_ms: np.ndarray) -> Value:
    """Return the mean with an interval from means of half-minute batches (at least four)."""
    from scipy.special import stdtrit

    value = float(nn_ms.mean())
    span = float(times_s[-1] - times_s[0])
    batches = int(max(4, span // _BATCH_S))
    parts = [p for p in np.array_split(nn_ms, batches) if p.size]
    if len(parts) < 4:
        return Value(value, n=nn_ms.size)
    means = np.asarray([p.mean() for p in parts])
    half = float(stdtrit(len(parts) - 1, 0.975) * means.std(ddof=1) / np.sqrt(len(parts)))
    return Value(value, value - half, value + half, nn_ms.size)


def pnn50(difference_ms: np.ndarray) -> Value:
    """Return the percentage of differences of more than 50 ms, with Wilson's interval for the effective number."""
    over = (np.abs(difference_ms) > 50.0).astype(float)
    n = over.size
    share = float(over.mean())
    rho = _autocorrelation(over, min(n // 4, 30)) if n >= 8 and 0 < share < 1 else np.zeros(1)
    effective = n / max(1.0 + 2.0 * float(rho.sum()), 1.0)
    z2 = 1.959963984540054**2
    centre = (share + z2 / (2 * effective)) / (1 + z2 / effective)
    half = (
        np.sqrt(z2) * float(np.sqrt(share * (1 - share) / effective + z2 / (4 * effective**2))) / (1 + z2 / effective)
    )
    low, high = max(centre - half, 0.0), min(centre + half, 1.0)
    return Value(100 * share, 100 * min(low, share), 100 * max(high, share), n)


def triangular_index(nn_ms: np.ndarray) -> float:
    """Return the number of NN intervals over the height of their histogram with bins of 7.8125 ms."""
    counts = np.bincount(np.floor(nn_ms / HISTOGRAM_MS).astype(int))
    return float(nn_ms.size / counts.max())


def sdann(times_s: np.ndarray, nn_ms: np.ndarray) -> float | None:
    """Return the standard deviation of the means of five-minute pieces, None with fewer than twelve."""
    piece = ((times_s - times_s[0]) // FIVE_MINUTES_S).astype(int)
    counts = np.bincount(piece)
    sums = np.bincount(piece, weights=nn_ms)
    good = counts >= 30
    means = sums[good] / counts[good]
    return float(means.std(ddof=1)) if means.size >= 12 else None
