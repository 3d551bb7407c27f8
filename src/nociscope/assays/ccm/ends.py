"""Where a traced nerve ends: at the half level of its own contrast, or at the border of the frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.chains import direction
from nociscope.assays.ccm.detector import Image
from nociscope.assays.ccm.graph import Graph, Path, smooth_path
from nociscope.assays.ccm.profiles import normals, sample

REACH = 14
"""How far, in pixels, the end of a traced nerve is looked for beyond the thinned line."""

TRIM = 8
"""How far, in pixels, an end is drawn back at most: what the path filter can add to a nerve."""

ROUND_END = 1.4
"""How far the half level of a round end lies beyond the last point of the centre line, in pixels: measured on
simulated nerves (``docs/validation/ccm.md``)."""

BORDER_GAP = 10
"""Most points by which a nerve may fall short of the border and still be led to it: frames darken there."""


def place_ends(graph: Graph, contrast: Image) -> None:
    """Put every dead end where the contrast falls to half of the nerve's own, or at the frame's border.

    Thinning shortens a line by about half its width and the path filter lengthens it; both are undone here.
    """
    degree = graph.degrees()
    for e in graph.edges:
        if len(e.path) < 8 or e.a == e.b:
            continue
        if degree[e.a] == 1:
            e.path = _with_end(e.path[::-1], contrast)[::-1]
        if degree[e.b] == 1:
            e.path = _with_end(e.path, contrast)


def _with_end(path: Path, contrast: Image) -> Path:
    """Return the path with its last point placed anew.

    The way outward is the path itself, but for its last three points (thinning bends them into a corner of the mask),
    and then straight on. The nerve ends where six points on end lie below half of its median relief.
    """
    h, w = contrast.shape
    trim = min(TRIM, len(path) // 3)
    settled = len(path) - trim
    smoothed = smooth_path(path[:-3], 3.0)
    outward = -direction(smoothed, False, 8)
    beyond = smoothed[-1] + np.arange(1, REACH + 4)[:, None] * outward
    line = np.concatenate([smoothed[settled:], beyond])
    inside = ((line > -0.5) & (line < [h - 0.5, w - 0.5])).all(1)
    count = len(line) if inside.all() else int(np.argmin(inside))
    half = 0.5 * float(np.median(_relief(smoothed[max(0, settled - 40) : settled], contrast)))
    if half <= 0 or count == 0:
        return path
    relief = _relief(line[:count], contrast)
    mean = np.convolve(np.concatenate([relief[:1], relief, relief[-1:]]), np.ones(3) / 3, "valid")
    above = np.flatnonzero(mean >= half)
    gaps = np.diff(np.concatenate([[-1], above]))
    broken = np.flatnonzero(gaps > 6)
    kept = above[: broken[0]] if len(broken) else above
    last = int(kept[-1]) if len(kept) else -1
    out = np.concatenate([smoothed[:settled], line[: last + 1]])
    if not inside.all() and count - 1 - last <= BORDER_GAP:
        out = np.concatenate([smoothed[:settled], line[:count]])
        out = np.concatenate([out, [_at_border(out[-1], outward, (h, w))]])
    elif last + 1 < count and last >= 0:
        part = (mean[last] - half) / max(mean[last] - mean[last + 1], 1e-6)
        out = np.concatenate([out, [line[last] + part * (line[last + 1] - line[last])]])
        out = _shortened(out, ROUND_END)
    return out


def _shortened(path: Path, by: float) -> Path:
    """Return the path without its last `by` pixels."""
    left = np.cumsum(np.hypot(*np.diff(path[::-1], axis=0).T))
    k = int(np.searchsorted(left, by)) + 1
    if k >= len(path):
        return path
    step = path[-k - 1] - path[-k]
    over = left[k - 1] - by
    return np.concatenate([path[:-k], [path[-k - 1] - over * step / max(float(np.hypot(*step)), 1e-9)]])


def _relief(points: Path, contrast: Image) -> NDArray[np.float64]:
    """Return how far the centre stands out against the mean of both sides five pixels away."""
    across = 5 * normals(points)
    centre, left, right = sample(contrast, np.stack([points, points + across, points - across]))
    return np.asarray(centre - 0.5 * (left + right), float)


def _at_border(point: NDArray[np.float64], outward: NDArray[np.float64], shape: tuple[int, int]) -> Path:
    """Return where a ray meets the edge of the frame, whose pixels reach half a pixel beyond their centres."""
    reach = []
    for x, d, size in zip(point, outward, shape, strict=True):
        if abs(d) > 1e-9:
            reach.append(((size - 0.5 if d > 0 else -0.5) - x) / d)
    return np.asarray(point + max(0.0, min(reach, default=0.0)) * outward)
