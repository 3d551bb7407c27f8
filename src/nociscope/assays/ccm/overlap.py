"""How much consecutive frames of an eye show the same tissue, and what that does to the mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.detector import Image, smooth

LEAST_PEAK = 0.18
"""Peak of the phase correlation from which two frames are taken to overlap; unrelated eyes reach 0.12."""


def prepared(image: Image) -> Image:
    """Return a small, flattened, windowed copy for registration: a quarter of the pixels."""
    h, w = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    even = image[:h, :w]
    small = 0.25 * (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2])
    flat = smooth(small, 1.0) - smooth(small, 8.0)
    window = np.outer(np.hanning(small.shape[0] + 2)[1:-1], np.hanning(small.shape[1] + 2)[1:-1])
    return np.asarray(flat * window / max(float(flat.std()), 1e-6), np.float32)


def shift_between(a: Image, b: Image) -> tuple[float, float, float]:
    """Return the shift (rows, columns, in pixels of the full frame) that lays prepared `b` on `a`, and its peak.

    Correlation of spectra of which the modulus is damped by its square root, after Kuglin and Hines 1975 (phase
    correlation); the peak is relative to that of a frame with itself.
    """
    from scipy import fft

    shape = (2 * a.shape[0], 2 * a.shape[1])
    cross = fft.rfft2(a, s=shape) * np.conj(fft.rfft2(b, s=shape))
    size = np.abs(cross)
    damped = np.sqrt(np.maximum(size, 1e-12))
    surface = fft.irfft2(cross / damped, s=shape)
    at = np.unravel_index(int(np.argmax(surface)), shape)
    peak = float(surface[at]) / max(float(damped.mean()), 1e-12)
    row, column = (int(k) - n if k > n // 2 else int(k) for k, n in zip(at, shape, strict=True))
    return 2.0 * row, 2.0 * column, peak


def overlaps(images: Sequence[Image]) -> NDArray[np.float64]:
    """Return the share of area that each pair of frames has in common, shape (frames, frames).

    Frames of different size are taken not to overlap.
    """
    n = len(images)
    share = np.eye(n)
    ready = [prepared(i) for i in images]
    for i in range(n):
        for j in range(i + 1, n):
            if ready[i].shape != ready[j].shape:
                continue
            row, column, peak = shift_between(ready[i], ready[j])
            h, w = images[i].shape
            if peak >= LEAST_PEAK:
                both = max(0.0, 1 - abs(row) / h) * max(0.0, 1 - abs(column) / w)
                share[i, j] = share[j, i] = both
    return share


def mean_interval(
    values: Sequence[float], own_sd: Sequence[float], share: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    """Return mean, 95 % limits and the number of independent frames.

    Frames that share a part `r` of their area are taken to be correlated by `r`. For normal values with one
    correlation `m` between all, the variance between frames is 1 - m of the field's with n - 1 degrees of freedom,
    independent of the mean, and the mean of n frames is as good as that of n / (1 + (n - 1) m) independent ones;
    `m` is the mean of all pairs, at most 0.9. The frames' own uncertainty, which overlap does not average away, is
    added. One frame has only that.
    """
    from scipy import stats

    x = np.asarray(values, float)
    n = len(x)
    mean = float(x.mean())
    own = float(np.mean(np.square(own_sd))) if n else 0.0
    if n == 1:
        half = 1.959964 * math.sqrt(own)
        return mean, mean - half, mean + half, 1.0
    m = min((float(share.sum()) - n) / (n * (n - 1)), 0.9)
    independent = n / (1 + (n - 1) * m)
    between = float(x.var(ddof=1)) / (1 - m)
    variance = (between + own) / independent
    half = float(stats.t.ppf(0.975, n - 1)) * math.sqrt(variance)
    return mean, mean - half, mean + half, independent
