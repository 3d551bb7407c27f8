"""Which pixels lie on a nerve: oriented line filters and evidence gathered along curved paths.

The filter is of the family of Dabbah et al. (2011, doi:10.1016/j.media.2011.05.006): an elongated foreground model
set against a broad background. It differs in three points that matter on real frames. (1) A line must stand out
against *both* its flanks taken separately, so neither the edge of a fold nor the dark hem beside a bright nerve
passes for one. (2) The response is judged in units of the response that noise alone gives in the same frame, with a
floor in grey levels, so a frame without nerves stays empty and no share of the frame is ever assumed to be nerve.
(3) The evidence of a pixel is summed along the best smooth path through it, so a beaded nerve is carried over its
gaps, and a short bright body (a dendritic cell) is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

DETECTOR = "oriented-path"
DETECTOR_VERSION = "2"

STANDARD_UM = 400.0 / 384.0
"""Pixel size at which all lengths in pixels below are meant: the 400 um frame on 384 pixels."""

DIRECTIONS = 16
PAD = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Constants of the detector, in pixels of :data:`STANDARD_UM`, grey levels, or units of noise.

    Attributes
    ----------
    across, along : float
        Standard deviations of the elongated Gaussian.
    flank : float
        Distance from the centre line at which the two flanks are measured; the nerves are 2 to 6 um wide.
    band_across, band_along, band_flank, band_share, band_cost, band_contrast : float
        The wide filter against folds; see :func:`line_responses`.
    background, spread : float
        Gaussian widths of the background and of the noise map.
    noise_floor : float
        Smallest noise in grey levels: the absolute contrast below which nothing is a nerve.
    dip, cap : float
        Least and largest evidence of one place. `cap` keeps a bright spot from paying for a whole path.
    step, steps, few : float, int, int
        Length of one step and number of steps to either side of a path, long and short.
    bend : float
        Cost of a turn of one direction (11.25 degrees) in one step.
    high, low : float
        Hysteresis thresholds of the path evidence, generous: pieces are judged afterwards.
    least_few : float
        Least evidence of the short path.
    crest : float
        Least share of the strongest local response within three pixels: keeps lines thin and neighbours apart.
    """

    across: float = 1.1
    along: float = 3.5
    flank: float = 4.0
    band_across: float = 3.0
    band_along: float = 8.0
    band_flank: float = 9.0
    band_share: float = 0.5
    band_cost: float = 1.4
    band_contrast: float = 0.5
    background: float = 15.0
    spread: float = 25.0
    noise_floor: float = 2.5
    dip: float = -1.0
    cap: float = 3.0
    step: float = 5.0
    steps: int = 6
    few: int = 2
    bend: float = 0.8
    high: float = 1.4
    low: float = 1.1
    least_few: float = 0.9
    crest: float = 0.2


@dataclass(frozen=True, slots=True)
class Response:
    """What the detector saw, all arrays of the frame's shape.

    Attributes
    ----------
    local : float32
        Best line response over all directions, in units of its own noise.
    evidence, nearby : float32
        Mean clipped response along the best path, over a longer and a shorter stretch.
    ridge : bool
        Where the evidence passes the hysteresis thresholds.
    normalised : float32
        The image minus background in units of local noise.
    noise : float32
        Local noise in grey levels.
    background : float32
        Local background in grey levels.
    """

    local: Image
    evidence: Image
    nearby: Image
    ridge: Mask
    normalised: Image
    noise: Image
    background: Image


def smooth(image: Image, sigma: float) -> Image:
    """Return a Gaussian-smoothed image; wide Gaussians are taken at a quarter of the resolution."""
    from scipy import ndimage

    if sigma < 8:
        return np.asarray(ndimage.gaussian_filter(image, sigma, mode="reflect", truncate=3.5), np.float32)
    h, w = image.shape
    padded = np.pad(image, ((0, -h % 4), (0, -w % 4)), mode="edge")
    small = padded.reshape(padded.shape[0] // 4, 4, padded.shape[1] // 4, 4).mean((1, 3))
    small = ndimage.gaussian_filter(small, sigma / 4, mode="reflect", truncate=3.5)
    rows = (np.arange(h) - 1.5) / 4
    columns = (np.arange(w) - 1.5) / 4
    return _bilinear(small, rows, columns)


def _bilinear(small: Image, rows: NDArray[Any], columns: NDArray[Any]) -> Image:
    """Sample on a grid of rows by columns, clamped at the border."""

    def parts(at: NDArray[Any], size: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        at = np.clip(at, 0, size - 1)
        low = np.minimum(at.astype(int), max(size - 2, 0))
        return low, np.minimum(low + 1, size - 1), (at - low).astype(np.float32)

    r0, r1, fr = parts(rows, small.shape[0])
    c0, c1, fc = parts(columns, small.shape[1])
    by_row = small[r0] * (1 - fr)[:, None] + small[r1] * fr[:, None]
    return np.asarray(by_row[:, c0] * (1 - fc) + by_row[:, c1] * fc, np.float32)


def normalise(image: Image, f: Filter) -> tuple[Image, Image, Image]:
    """Return the image minus background in units of local noise, the noise, and the background.

    The noise is the local mean size of the finest structure (the difference to a one-pixel Gaussian), clipped at
    three times its median so that nerves do not count as noise.
    """
    background = smooth(image, f.background)
    finest = np.abs(image - smooth(image, 1.0))
    ceiling = 4.5 * float(np.median(finest)) + 0.3
    noise = 1.5 * smooth(np.minimum(finest, ceiling), f.spread)
    noise = np.maximum(noise, np.float32(f.noise_floor))
    return (image - background) / noise, noise, background


@lru_cache(maxsize=8)
def _kernels(shape: tuple[int, int], across: float, along: float) -> NDArray[Any]:
    """Return the transfer functions of the elongated Gaussians, shape (directions, rows, columns // 2 + 1).

    Direction k points along the angle pi k / directions from the x axis, y downward.
    """
    fy = (2 * np.pi * np.fft.fftfreq(shape[0]))[:, None]
    fx = (2 * np.pi * np.fft.rfftfreq(shape[1]))[None]
    gains = []
    for k in range(DIRECTIONS):
        c, s = np.cos(np.pi * k / DIRECTIONS), np.sin(np.pi * k / DIRECTIONS)
        u, w = fx * c + fy * s, fy * c - fx * s
        gains.append(np.exp(-0.5 * ((along * u) ** 2 + (across * w) ** 2)).astype(np.float32))
    out = np.stack(gains)
    for axis, size in enumerate(shape):
        if size % 2 == 0:  # the highest frequency has no sign, so an oblique filter would lean to one side there
            out[(slice(None), size // 2) if axis == 0 else (slice(None), slice(None), size // 2)] = 0
    return out


def line_responses(x: Image, f: Filter, background: Image, noise: Image) -> Image:
    """Return for every direction how far the centre line stands out against the brighter of its two flanks.

    Broad bands, such as the bright ridge of a pressure fold, are held against it: where a filter three times as wide
    responds with more than `band_share` of the fine response, the surplus is charged. Bands that are bright against
    their surroundings (a thick nerve) are let off: folds are faint.

    Parameters
    ----------
    x : float32, shape (rows, columns)
        Normalised image.
    f : Filter
    background, noise : float32, shape (rows, columns)
        In grey levels.

    Returns
    -------
    float32, shape (directions, rows, columns)
    """
    h, w = x.shape
    fine = _oriented(x, f.across, f.along, f.flank)
    phase = grid_phase(x)
    half = _halved(x, phase)
    band = _oriented(half, f.band_across / 2, f.band_along / 2, f.band_flank / 2)
    share = _halved(np.asarray(noise / np.maximum(background, 1.0), np.float32), phase)
    faint = np.clip((f.band_contrast - band.max(0) * share) / (0.5 * f.band_contrast), 0.0, 1.0)
    charge = _doubled(np.float32(f.band_cost) * faint, phase, (h, w))
    for k in range(DIRECTIONS):
        wide = _doubled(band[k], phase, (h, w))
        surplus = wide - np.float32(f.band_share) * np.maximum(fine[k], 0)
        np.maximum(surplus, 0, out=surplus)
        surplus *= charge
        fine[k] -= surplus
    return fine


def grid_phase(x: Image) -> tuple[int, int]:
    """Return where a grid of two by two pixels begins, 0 or 1 before the first row and column.

    The picture decides (the stronger of the two interleaved halves comes first), so that the grid moves along when
    the picture is shifted by a pixel.
    """
    power = x * x

    def later(line: NDArray[Any]) -> int:
        weight = np.hanning(len(line) + 2)[1:-1]  # what a shift brings in or takes away at the border hardly counts
        first, second = (np.average(line[k::2], weights=weight[k::2]) for k in (0, 1))
        return int(first < second)

    return (later(power.mean(1)), later(power.mean(0))) if min(x.shape) > 1 else (0, 0)


def _even(image: Image, phase: tuple[int, int]) -> Image:
    """Return the last two axes padded by their border values to whole cells of the grid."""
    sides = [(p, (n + p) % 2) for p, n in zip(phase, image.shape[-2:], strict=True)]
    return np.pad(image, [(0, 0)] * (image.ndim - 2) + sides, mode="edge")


def _halved(image: Image, phase: tuple[int, int]) -> Image:
    """Return the means of two by two pixels."""
    even = _even(image, phase)
    return np.asarray(0.25 * (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]), np.float32)


def _doubled(half: Image, phase: tuple[int, int], shape: tuple[int, int]) -> Image:
    """Return every value on the two by two pixels that it stands for."""
    (p, q), (h, w) = phase, shape
    return np.repeat(np.repeat(half, 2, 0), 2, 1)[p : p + h, q : q + w]


def _oriented(x: Image, across: float, along: float, flank: float) -> Image:
    """Return the centre minus the brighter flank of an elongated Gaussian in every direction."""
    from scipy import fft

    h, w = x.shape
    size = (fft.next_fast_len(h + 2 * PAD, real=True), fft.next_fast_len(w + 2 * PAD, real=True))
    padded = np.pad(x, ((PAD, size[0] - h - PAD), (PAD, size[1] - w - PAD)), mode="symmetric")
    spectrum = fft.rfft2(padded)
    out = np.empty((DIRECTIONS, h, w), np.float32)
    for k, gain in enumerate(_kernels(size, across, along)):
        angle = np.pi * k / DIRECTIONS
        dy, dx = round(flank * np.cos(angle)), round(-flank * np.sin(angle))
        line = fft.irfft2(spectrum * gain, s=size)
        one = line[PAD + dy : PAD + dy + h, PAD + dx : PAD + dx + w]
        other = line[PAD - dy : PAD - dy + h, PAD - dx : PAD - dx + w]
        np.subtract(line[PAD : PAD + h, PAD : PAD + w], np.maximum(one, other), out=out[k])
    return out


def in_noise_units(responses: Image, f: Filter) -> Image:
    """Shift and scale the responses so that noise alone gives a best response of about 0 +- 1.

    Location and spread are the median and the scaled median deviation of the best response over the frame. The spread
    has a floor, reached where the frame holds less noise than `noise_floor`: the spread that white noise of one unit
    gives, so that a clean frame is judged by its contrast in grey levels.
    """
    best = responses.max(0)
    middle = float(np.median(best))
    spread = 1.4826 * float(np.median(np.abs(best - middle)))
    floor = 1.0 / np.sqrt(4 * np.pi * f.across * f.along)
    return np.asarray((responses - np.float32(middle)) / np.float32(max(spread, floor)), np.float32)


def path_evidence(z: Image, f: Filter, phase: tuple[int, int] = (0, 0)) -> tuple[Image, Image]:
    """Return the mean clipped response along the best smooth path through every pixel.

    Paths are built by dynamic programming over positions and 32 directions: a path goes on by one step straight or
    turned by one direction at a cost. Outside the frame the border value goes on, so a nerve that leaves the frame is
    not at a disadvantage. The work is done at half the resolution, on the best response of two by two pixels.

    Parameters
    ----------
    z : float32, shape (directions, rows, columns)
        Responses in units of noise.
    f : Filter
    phase : (int, int)
        Where the grid begins, see :func:`grid_phase`.

    Returns
    -------
    evidence, nearby : float32, shape (rows, columns)
        Over `steps` and over `few` steps to either side.
    """
    n, rows, columns = z.shape
    own = np.clip(z, f.dip, f.cap)
    own = _even(own, phase)
    own = np.maximum(own[:, ::2], own[:, 1::2])
    own = np.maximum(own[:, :, ::2], own[:, :, 1::2])
    angle = np.pi * np.arange(2 * n) / n
    dx = np.rint(f.step / 2 * np.cos(angle)).astype(int)
    dy = np.rint(f.step / 2 * np.sin(angle)).astype(int)
    tail = np.zeros((2 * n, *own.shape[1:]), np.float32)
    turned, best = np.empty_like(tail), np.empty_like(own[0])
    nearby = own[0]
    for k in range(f.steps):
        tail[:n] += own
        tail[n:] += own
        np.subtract(tail, np.float32(f.bend), out=turned)
        for i in range(2 * n):
            np.maximum(turned[i - 1], turned[(i + 1) % (2 * n)], out=best)
            np.maximum(best, tail[i], out=best)
            _shift(best, dy[i], dx[i], tail[i])
        if k + 1 == f.few:
            nearby = (tail[:n] + tail[n:] + own).max(0) / np.float32(2 * f.few + 1)
    evidence = (tail[:n] + tail[n:] + own).max(0) / np.float32(2 * f.steps + 1)
    places = (np.arange(rows) + phase[0] - 0.5) / 2, (np.arange(columns) + phase[1] - 0.5) / 2
    return _bilinear(evidence, *places), _bilinear(nearby, *places)


def _shift(source: Image, dy: int, dx: int, out: Image) -> None:
    """Write ``source[y + dy, x + dx]`` into `out[y, x]`, the border value going on outside."""
    h, w = source.shape
    y0, y1 = max(0, -dy), min(h, h - dy)
    x0, x1 = max(0, -dx), min(w, w - dx)
    out[y0:y1, x0:x1] = source[y0 + dy : y1 + dy, x0 + dx : x1 + dx]
    out[y0:y1, :x0] = out[y0:y1, x0 : x0 + 1]
    out[y0:y1, x1:] = out[y0:y1, x1 - 1 : x1]
    out[:y0] = out[y0]
    out[y1:] = out[y1 - 1]


def detect(image: Image, f: Filter | None = None) -> Response:
    """Find the pixels that lie on nerves.

    Parameters
    ----------
    image : float32, shape (rows, columns)
        Grey levels 0 to 255 at :data:`STANDARD_UM` per pixel.
    f : Filter, optional

    Returns
    -------
    Response
    """
    from scipy import ndimage
    from skimage.filters import apply_hysteresis_threshold

    f = f or Filter()
    x, noise, background = normalise(image, f)
    z = in_noise_units(line_responses(x, f, background, noise), f)
    local = z.max(0)
    evidence, nearby = path_evidence(z, f, grid_phase(x))
    crest = (local > 0) & (local > f.crest * ndimage.maximum_filter(local, 7))
    possible = np.where(crest & (nearby > f.least_few), evidence, np.float32(-1))
    ridge = apply_hysteresis_threshold(possible, f.low, f.high)
    return Response(local, evidence, nearby, ridge, x, noise, background)
