"""Which traced pieces are nerve: every piece of about 30 pixels judged by its evidence and its surroundings.

A piece is kept when a linear score of seven quantities is positive. The weights are a logistic regression on three
frames that were annotated for it (``docs/validation/ccm.md``); three further annotated frames were kept out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.detector import Image, Response, smooth
from nociscope.assays.ccm.graph import Graph, drop_edges, merge_pairs, prune_spurs, smooth_path, split_edges

PIECE = 30.0
"""Length of a piece in pixels."""

OFFSETS = np.array([-12, -11, -10, -5, -4, -1, 0, 1, 4, 5, 10, 11, 12], float)
"""Places across a nerve, in pixels from its centre line, where the profile is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The linear score of a piece."""

    constant: float = 0.0
    log_length: float = 0.0
    evidence: float = 0.0
    nearby: float = 0.0
    narrow: float = 0.0
    uneven: float = 0.0
    contrast: float = 0.0
    crowding: float = 0.0


def sample(image: Image, points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return bilinear samples at `points` (..., 2) in rows and columns, clamped at the border."""
    h, w = image.shape
    r = np.clip(points[..., 0], 0, h - 1)
    c = np.clip(points[..., 1], 0, w - 1)
    r0 = np.minimum(r.astype(np.intp), max(h - 2, 0))
    c0 = np.minimum(c.astype(np.intp), max(w - 2, 0))
    r1, c1 = np.minimum(r0 + 1, h - 1), np.minimum(c0 + 1, w - 1)
    fr, fc = r - r0, c - c0
    top = image[r0, c0] * (1 - fc) + image[r0, c1] * fc
    bottom = image[r1, c0] * (1 - fc) + image[r1, c1] * fc
    return np.asarray(top * (1 - fr) + bottom * fr, np.float32)


def normals(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return unit vectors across a path, shape (points, 2)."""
    if len(path) < 2:
        return np.array([[1.0, 0.0]])
    along = np.empty_like(path)
    along[1:-1] = path[2:] - path[:-2]
    along[0] = path[1] - path[0]
    along[-1] = path[-1] - path[-2]
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1])[:, None], 1e-9)
    return np.stack([along[:, 1], -along[:, 0]], axis=1)


def features(graph: Graph, whole_length: NDArray[np.float64], seen: Response) -> NDArray[np.float64]:
    """Return the seven quantities of every edge in the order of :class:`Weights`, and two more: shape (edges, 9).

    They are: log of the length of the edge that the piece was cut from; mean long and short path evidence; how much
    of the contrast to 11 pixels is reached at 4.5 pixels already; coefficient of variation of the local response
    along the piece; contrast to the brighter flank in units of noise; share of traced pixels around; contrast to the
    brighter over that to the darker flank; contrast to the brighter flank in grey levels.
    """
    if not graph.edges:
        return np.zeros((0, 9))
    paths = [smooth_path(e.path, 3.0) for e in graph.edges]
    starts = np.cumsum([0, *(len(p) for p in paths[:-1])])
    counts = np.array([len(p) for p in paths])
    points = np.concatenate(paths)
    across = np.concatenate([normals(p) for p in paths])
    soft = smooth(seen.normalised, 0.7)
    profile = sample(soft, points[:, None] + OFFSETS[None, :, None] * across[:, None])
    cells = np.rint(points).astype(np.intp)
    rows = np.clip(cells[:, 0], 0, graph.shape[0] - 1)
    columns = np.clip(cells[:, 1], 0, graph.shape[1] - 1)
    traced = np.zeros(graph.shape, np.float32)
    traced[rows, columns] = 1.0
    crowd = smooth(traced, 12.0)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(np.add.reduceat(values.astype(float), starts) / counts)

    centre = profile[:, 5:8].mean(1)
    left, right = profile[:, 3:5].mean(1), profile[:, 8:10].mean(1)
    far = 0.5 * (profile[:, :3].mean(1) + profile[:, 10:].mean(1))
    contrast = mean(centre - 0.5 * (left + right))
    wide = mean(centre - far)
    local = seen.local[rows, columns]
    level = mean(local)
    spread = np.sqrt(np.maximum(mean(local * local) - level * level, 0.0))
    return np.stack(
        [
            np.log(np.maximum(whole_length, 1.0)),
            mean(seen.evidence[rows, columns]),
            mean(seen.nearby[rows, columns]),
            np.clip(contrast / np.maximum(wide, 0.3), 0.0, 3.0),
            np.minimum(spread / np.maximum(level, 0.1), 2.0),
            np.clip(mean(centre - np.maximum(left, right)), -2.0, 4.0),
            10.0 * mean(crowd[rows, columns]),
            mean(centre - np.maximum(left, right)) / np.maximum(mean(centre - np.minimum(left, right)), 1e-3),
            mean((centre - np.maximum(left, right)) * seen.noise[rows, columns]),
        ],
        axis=1,
    )


WEIGHTS = Weights(
    constant=-8.07,
    log_length=0.20,
    evidence=3.71,
    nearby=1.39,
    narrow=-0.47,
    uneven=-1.49,
    contrast=0.41,
    crowding=-2.72,
)
KEEP = 0.0
"""Score from which a piece is kept."""

FOLD_NARROW = 0.42
"""A piece that reaches less of its contrast within 4.5 pixels and is faint is a band, not a line."""


ONE_SIDED = 0.2
"""A line stands out against both flanks; where one contrast is below this share of the other, it is an edge."""


FAINTEST = 2.0
"""Least contrast to the brighter flank in grey levels: steps of one level, as even glow has, are no nerves."""


def scores(values: NDArray[np.float64], weights: Weights = WEIGHTS) -> NDArray[np.float64]:
    """Return the linear score (log odds of being nerve) of every piece."""
    w = weights
    slope = np.array([w.log_length, w.evidence, w.nearby, w.narrow, w.uneven, w.contrast, w.crowding])
    return np.asarray(w.constant + values[:, :7] @ slope)


def drop_small_components(graph: Graph, shortest: float, at_border: float | None = None) -> None:
    """Remove connected components whose edges together are shorter than `shortest` pixels.

    Those that reach the border of the frame, beyond which they may go on, need only `at_border`.
    """
    doomed: set[int] = set()
    h, w = graph.shape
    for group in graph.components():
        ends = np.concatenate([graph.edges[i].path[[0, -1]] for i in group])
        outward = bool(((ends < 6) | (ends > [h - 7, w - 7])).any())
        least = at_border if at_border is not None and outward else shortest
        if sum(graph.edges[i].length for i in group) < least:
            doomed |= set(group)
    drop_edges(graph, doomed)


def keep_nerves(graph: Graph, seen: Response, shortest: float) -> float:
    """Judge every piece of a graph, keep the nerves, and tidy up; the graph is changed.

    Parameters
    ----------
    graph : Graph
        From the skeleton of the ridge mask.
    seen : Response
    shortest : float
        Least length in pixels of a connected nerve that leaves the frame; within it, a quarter more.

    Returns
    -------
    float
        Standard deviation, in pixels, of the total length from doubt about which pieces are nerves: the pieces of one
        edge are doubted together, edges independently.
    """
    prune_spurs(graph, 10)
    drop_small_components(graph, 25)
    whole: list[float] = []
    owner: list[int] = []
    for i, e in enumerate(graph.edges):
        count = max(1, round(e.length / PIECE))
        whole += [e.length] * count
        owner += [i] * count
    split_edges(graph, PIECE)
    values = features(graph, np.array(whole), seen)
    odds = scores(values)
    odds[(values[:, 3] < FOLD_NARROW) & (values[:, 5] < 1.0)] = -5.0
    odds[(values[:, 7] < ONE_SIDED) | (values[:, 8] < FAINTEST)] = -5.0
    lengths = np.array([e.length for e in graph.edges])
    p = 1 / (1 + np.exp(-np.clip(odds - KEEP, -30, 30)))
    doubt = np.bincount(np.array(owner, int), np.sqrt(p * (1 - p)) * lengths) if owner else np.zeros(1)
    drop_edges(graph, set(np.flatnonzero(odds <= KEEP).tolist()))
    merge_pairs(graph)
    prune_spurs(graph, 10)
    drop_small_components(graph, 1.25 * shortest, shortest)
    return float(np.sqrt((doubt * doubt).sum()))
