"""The numbers of a traced frame: lengths, counts, area, fractal dimension, tortuosity.

Definitions after Tavakoli et al. 2015 (doi:10.2337/dc14-2311) for CNFD, CNBD, CNFL; what a main trunk is has no
public exact rule, so ours is stated at :func:`is_trunk`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.detector import STANDARD_UM, Mask
from nociscope.assays.ccm.graph import smooth_path
from nociscope.assays.ccm.tracing import Nerve, Tracing

TRUNK_SHARE = 0.4
"""Least length of a main trunk that does not cross the frame, as a share of the frame's mean side."""

PIECE_UM = 100.0
"""Length of the pieces on which tortuosity is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The measures of one frame, in the units of the readings; None where there is no nerve to measure.

    `area` is that of the whole picture in mm2; `length` in mm; `branch_points` and `trunk_branch_points` are counts.
    """

    area: float
    length: float
    trunks: int
    trunk_branch_points: int
    branch_points: int
    nerve_area: float
    width: float | None
    fractal_dimension: float | None
    arc_chord_excess: float | None
    mean_curvature: float | None


def is_trunk(nerve: Nerve, shape: tuple[int, int]) -> bool:
    """Tell whether a nerve is a main trunk.

    It is when it begins and ends at two different sides of the frame, or when it is at least 40 % of the frame's mean
    side long and does not begin on another nerve.
    """
    if len(nerve.borders) >= 2:
        return True
    side = 0.5 * (shape[0] + shape[1])
    return nerve.length >= TRUNK_SHARE * side and not nerve.roots


def measure_frame(tracing: Tracing, tube: Mask) -> Frame:
    """Return the measures of a traced frame.

    Parameters
    ----------
    tracing : Tracing
    tube : bool
        The nerves at their width, see :func:`nerve_mask`.
    """
    mm = STANDARD_UM / 1000.0
    area = tracing.shape[0] * tracing.shape[1] * mm**2
    trunks = [n for n in tracing.nerves if is_trunk(n, tracing.shape)]
    on_trunks = frozenset().union(*(n.passes for n in trunks)) if trunks else frozenset()
    roots = [k for n in tracing.nerves for k in n.roots]
    length = tracing.length * mm
    covered = sum(n.length * n.width for n in tracing.nerves) * mm**2
    excess, curvature = tortuosity(tracing.nerves)
    return Frame(
        area=area,
        length=length,
        trunks=len(trunks),
        trunk_branch_points=sum(k in on_trunks for k in roots),
        branch_points=len(roots),
        nerve_area=covered,
        width=1000.0 * covered / length if length else None,
        fractal_dimension=fractal_dimension(tube),
        arc_chord_excess=excess,
        mean_curvature=curvature,
    )


def tortuosity(nerves: tuple[Nerve, ...]) -> tuple[float | None, float | None]:
    """Return arc over chord minus 1 and the mean absolute curvature in 1/mm.

    Both are averaged by arc length over pieces of 100 um (nerves of at least half a piece are one piece), on the path
    at equal steps of 5 um, smoothed by a Gaussian of 10 um; the excess of a piece that turns back on itself counts as
    1. Neither depends on direction or on the length of the nerve, as the usual tortuosity coefficient (Kallinikos
    2004, doi:10.1167/iovs.03-0637) does.
    """
    step = 5.0
    arcs = excesses = turns = paths = 0.0
    for nerve in nerves:
        points = smooth_path(evenly(nerve.path * STANDARD_UM, step), 2.0)
        total = step * (len(points) - 1)
        if total < 0.5 * PIECE_UM:
            continue
        pieces = max(1, round(total / PIECE_UM))
        cuts = np.rint(np.linspace(0, len(points) - 1, pieces + 1)).astype(int)
        for a, b in pairwise(cuts):
            arc = float(np.hypot(*np.diff(points[a : b + 1], axis=0).T).sum())
            chord = float(np.hypot(*(points[b] - points[a])))
            excesses += arc * min(arc / max(chord, step) - 1, 1.0)
            arcs += arc
        d = np.diff(points, axis=0)
        angle = np.unwrap(np.arctan2(d[:, 0], d[:, 1]))
        turns += float(np.abs(np.diff(angle)).sum())
        paths += total
    if arcs == 0:
        return None, None
    return excesses / arcs, 1000.0 * turns / paths


def evenly(path: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Return points at equal distances along a path, from its start."""
    d = np.hypot(*np.diff(path, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(d)])
    at = np.arange(0.0, along[-1] + 1e-9, step)
    return np.stack([np.interp(at, along, path[:, k]) for k in (0, 1)], axis=1)


def fractal_dimension(mask: Mask) -> float | None:
    """Return the box-counting dimension: the slope of log count on log 1/size, boxes of 2, 4, ... to half the side.

    It depends on the width of the lines and the size of the frame, so it compares within one method only. None for an
    empty mask. The grid begins at the frame's first pixel.
    """
    if not mask.any():
        return None
    sizes, counts = [], []
    size = 2
    while size <= min(mask.shape) // 2:
        h, w = -(-mask.shape[0] // size) * size, -(-mask.shape[1] // size) * size
        padded = np.zeros((h, w), bool)
        padded[: mask.shape[0], : mask.shape[1]] = mask
        boxes = padded.reshape(h // size, size, w // size, size).any((1, 3))
        sizes.append(size)
        counts.append(int(boxes.sum()))
        size *= 2
    if len(sizes) < 2:
        return None
    return float(-np.polyfit(np.log(sizes), np.log(counts), 1)[0])


def centre_lines(tracing: Tracing) -> Mask:
    """Return the pixels under the nerves' centre lines."""
    mask = np.zeros(tracing.shape, bool)
    for nerve in tracing.nerves:
        points = np.rint(evenly(nerve.path, 0.5)).astype(int)
        inside = ((points >= 0) & (points < tracing.shape)).all(1)
        mask[points[inside, 0], points[inside, 1]] = True
    return mask


def nerve_mask(tracing: Tracing) -> Mask:
    """Return the nerves drawn at their mean width."""
    mask = np.zeros(tracing.shape, bool)
    h, w = tracing.shape
    for nerve in tracing.nerves:
        points = evenly(nerve.path, 0.7)
        radius = max(0.5 * nerve.width, 0.5)
        reach = int(radius + 1)
        grid = np.arange(-reach, reach + 1)
        base = np.rint(points).astype(int)
        rows = base[:, 0, None, None] + grid[None, :, None]
        columns = base[:, 1, None, None] + grid[None, None, :]
        near = (rows - points[:, 0, None, None]) ** 2 + (columns - points[:, 1, None, None]) ** 2 <= radius**2
        near &= (rows >= 0) & (rows < h) & (columns >= 0) & (columns < w)
        rows, columns = np.broadcast_arrays(rows, columns)
        mask[rows[near], columns[near]] = True
    return mask
