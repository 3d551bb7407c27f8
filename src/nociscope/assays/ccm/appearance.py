"""What a traced path looks like at every point: the strip of picture along it, and its surroundings.

Every quantity is the same whichever way the frame is turned or flipped and from whichever end the path is read: the
profile across the path is split into its even part and the size of its odd part (what is brighter on one side, as at
the soft border of a fold), everything else has no direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.detector import Image, Response, smooth
from nociscope.assays.ccm.graph import Path, smooth_path
from nociscope.assays.ccm.profiles import normals, sample

Values = NDArray[np.float32]

HALF = 12
"""The profile reaches this far to either side of a path, in pixels."""

SHORT, MIDDLE, LONG = 4, 12, 30
"""Half widths, in points, of the windows that slide along a path; each is slid twice."""

TURN_REACH = 8
"""Points to either side between which the turn of a path is taken."""

NAMES = (
    *(f"even {k}" for k in range(HALF, -1, -1)),
    *(f"odd {k} short" for k in range(HALF, 0, -1)),
    *(f"odd {k} middle" for k in range(HALF, 0, -1)),
    *("response", "evidence", "nearby", "noise", "background", "relative noise", "aligned", "crowded", "strength"),
    *("turn", "border"),
)
"""The quantities of a point, in the order of the columns of :func:`appearance`."""


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """Points of several paths in one array.

    Attributes
    ----------
    points, across : float, shape (points, 2)
        Places, and unit vectors across the path.
    starts, stops : int, shape (points,)
        First point of the own path, and one beyond its last.
    """

    points: Path
    across: Path
    starts: NDArray[np.intp]
    stops: NDArray[np.intp]

    def slide(self, values: Values, half: int) -> Values:
        """Return means over `half` points to either side, no further than the path goes; slid twice.

        Parameters
        ----------
        values : float32, shape (points, columns)
        half : int
        """
        at = np.arange(len(self.points))
        low, high = np.maximum(at - half, self.starts), np.minimum(at + half + 1, self.stops)
        share = (1.0 / (high - low)).astype(np.float32)[:, None]
        total = np.zeros((len(values) + 1, values.shape[1]))
        for _ in range(2):
            np.cumsum(values, axis=0, dtype=float, out=total[1:])
            values = (total.take(high, 0) - total.take(low, 0)).astype(np.float32) * share
        return values


def bundle(paths: Sequence[Path], crest: Image) -> Bundle:
    """Put paths, smoothed and laid on the crest of a response, into one array.

    Thinning leaves a line up to a pixel or two off its middle, on a side that depends on how the frame is turned.

    Parameters
    ----------
    paths : sequence of float, shape (points, 2)
    crest : float32, shape (rows, columns)
    """
    smoothed = [smooth_path(p, 3.0) for p in paths]
    counts = np.array([len(p) for p in smoothed])
    ends = np.cumsum(counts)
    points = np.concatenate(smoothed)
    across = np.concatenate([normals(p) for p in smoothed])
    along = Bundle(points, across, np.repeat(ends - counts, counts), np.repeat(ends, counts))
    offsets = np.arange(-2, 2.01, 0.5)
    height = np.maximum(sample(crest, points[:, None] + offsets[None, :, None] * across[:, None]), 0) ** 2
    sums = along.slide(np.stack([height @ offsets, height.sum(1)], axis=1).astype(np.float32), 2)
    moved = points + (sums[:, :1] / np.maximum(sums[:, 1:], 1e-3)) * across
    return Bundle(moved, across, along.starts, along.stops)


def appearance(along: Bundle, seen: Response) -> Values:
    """Return the quantities of every point of some paths.

    How long a path is and what it hangs on is left out: that changes with every spur of a thinned mask.

    Parameters
    ----------
    along : Bundle
    seen : Response

    Returns
    -------
    float32, shape (points, quantities)
        In the order of :data:`NAMES`; contrasts in units of noise, lengths in pixels.
    """
    offsets = np.arange(-HALF, HALF + 1, dtype=float)
    soft = smooth(seen.normalised, 0.7)
    profile = sample(soft, along.points[:, None] + offsets[None, :, None] * along.across[:, None])
    even = 0.5 * (profile + profile[:, ::-1])[:, : HALF + 1]
    odd = 0.5 * (profile - profile[:, ::-1])[:, :HALF]
    sides = [np.abs(along.slide(odd, half)) for half in (SHORT, MIDDLE)]
    course = np.stack([_turn(along), _border(along.points, seen.local.shape)], axis=1)
    return np.concatenate([even, *sides, _surroundings(along, seen), course], axis=1).astype(np.float32)


def _cells(points: Path, shape: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    cells = np.clip(np.rint(points).astype(np.intp), 0, np.array(shape) - 1)
    return cells[:, 0], cells[:, 1]


def _surroundings(along: Bundle, seen: Response) -> NDArray[np.float64]:
    """Return responses, noise and background, and how the paths around run: shape (points, 9)."""
    rows, columns = _cells(along.points, seen.local.shape)
    cells = rows * seen.local.shape[1] + columns

    def field(values: NDArray[np.floating], sigma: float) -> Image:
        drawn = np.bincount(cells, values, seen.local.size).reshape(seen.local.shape).astype(np.float32)
        return np.asarray(smooth(drawn, sigma)[rows, columns])

    evidence = seen.evidence[rows, columns]
    noise, background = seen.noise[rows, columns], seen.background[rows, columns]
    double = 2 * np.arctan2(along.across[:, 0], along.across[:, 1])
    weight = np.clip(evidence, 0, 3) ** 2
    strength = field(weight, 25.0)
    way = [field(weight * f(double), 25.0) * f(double) for f in (np.cos, np.sin)]
    return np.stack(
        [
            seen.local[rows, columns],
            evidence,
            seen.nearby[rows, columns],
            noise / 5,
            background / 50,
            noise / np.maximum(background, 8),
            (way[0] + way[1]) / np.maximum(strength, 1e-6),
            10 * field(np.ones(len(rows)), 12.0),
            10 * strength,
        ],
        axis=1,
    )


def _turn(along: Bundle) -> NDArray[np.float64]:
    """Return 1 minus the cosine of the turn between the ways from and to the points eight away."""
    at = np.arange(len(along.points))
    before = np.maximum(at - TURN_REACH, along.starts)
    after = np.minimum(at + TURN_REACH, along.stops - 1)
    one, two = along.points - along.points[before], along.points[after] - along.points
    size = np.maximum(np.hypot(*one.T) * np.hypot(*two.T), 1e-6)
    return np.where((before == at) | (after == at), 0.0, 1 - (one * two).sum(1) / size)


def _border(points: Path, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the distance to the frame's border as a share of 20 pixels, at most 1."""
    near = np.minimum(points, np.array(shape) - 1 - points).min(1)
    return np.clip(near, 0, 20) / 20
