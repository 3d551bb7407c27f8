"""A frame traced: nerves as smooth paths, with their junctions, widths and ends."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.detector import STANDARD_UM, Filter, Image, Mask, Response, detect, smooth
from nociscope.assays.ccm.graph import Edge, Graph, Path, from_skeleton, merge_pairs, path_length, smooth_path
from nociscope.assays.ccm.pieces import keep_nerves, normals, sample

STRAIGHT = 0.5
"""Cosine of the largest turn (60 degrees) that a nerve takes through a junction."""

JUNCTION_REACH = 12.0
"""Junctions nearer than this along a nerve, in pixels, are one: thick crossings are torn apart by thinning."""

GAP = 14.0
"""Widest gap in pixels over which two ends that point at each other are joined."""

END_REACH = 14
"""How far, in pixels, the end of a traced nerve is looked for beyond the thinned line."""


@dataclass(frozen=True, slots=True, eq=False)
class Nerve:
    """One nerve from end to end, through junctions as long as it goes on straight.

    Attributes
    ----------
    path : float, shape (points, 2)
        Rows and columns in pixels, smoothed.
    roots : tuple of int
        Junctions at which it begins or ends on another nerve.
    passes : frozenset of int
        Junctions it runs through.
    borders : frozenset of str
        Sides of the frame that its ends reach: ``top bottom left right``.
    width : float
        Mean full width at half maximum, pixels.
    """

    path: Path
    roots: tuple[int, ...]
    passes: frozenset[int]
    borders: frozenset[str]
    width: float

    @property
    def length(self) -> float:
        """Length in pixels."""
        return path_length(self.path)


@dataclass(frozen=True, slots=True, eq=False)
class Tracing:
    """All nerves of a frame, in pixels of :data:`~nociscope.assays.ccm.detector.STANDARD_UM`.

    Attributes
    ----------
    shape : (rows, columns)
        Of the resampled frame.
    nerves : tuple of Nerve
    junctions : dict
        Key -> (row, column).
    doubt : float
        Standard deviation of the total length, pixels.
    seen : Response
    """

    shape: tuple[int, int]
    nerves: tuple[Nerve, ...]
    junctions: dict[int, tuple[float, float]]
    doubt: float
    seen: Response | None

    @property
    def length(self) -> float:
        """Total length in pixels."""
        return sum(n.length for n in self.nerves)


def resample(image: Image, um_per_pixel: tuple[float, float]) -> Image:
    """Return the image at the detector's pixel size; unchanged when it is within 2 % of it."""
    from scipy import ndimage

    zoom = um_per_pixel[0] / STANDARD_UM, um_per_pixel[1] / STANDARD_UM
    if max(abs(z - 1) for z in zoom) < 0.02:
        return image
    shrink = [max(0.0, 0.5 * (1 / z - 1)) for z in zoom]
    soft = ndimage.gaussian_filter(image, shrink) if max(shrink) > 0 else image
    return np.asarray(ndimage.zoom(soft, zoom, order=1, mode="nearest", grid_mode=True), np.float32)


def trace(image: Image, shortest: float = 40.0, settings: Filter | None = None) -> Tracing:
    """Trace the nerves of a frame.

    Parameters
    ----------
    image : float32, shape (rows, columns)
        Grey levels 0 to 255 at the standard pixel size.
    shortest : float
        Least length of a connected nerve, pixels.
    settings : Filter, optional

    Returns
    -------
    Tracing
    """
    from skimage.morphology import skeletonize

    seen = detect(image, settings)
    graph = from_skeleton(skeletonize(seen.ridge))
    doubt = keep_nerves(graph, seen, shortest)
    return from_graph(graph, image, seen, doubt)


def from_mask(mask: Mask, image: Image) -> Tracing:
    """Trace a mask that another program made: thinned, cleaned of spurs, measured like our own."""
    from skimage.morphology import skeletonize

    from nociscope.assays.ccm.graph import prune_spurs

    graph = from_skeleton(skeletonize(mask))
    prune_spurs(graph, 6)
    return from_graph(graph, image, None, 0.0, refine=False)


def from_graph(graph: Graph, image: Image, seen: Response | None, doubt: float, refine: bool = True) -> Tracing:
    """Make nerves of a cleaned graph: near junctions joined, gaps closed, ends placed, straight pieces united."""
    contract_junctions(graph)
    background = seen.background if seen is not None else smooth(image, 15.0)
    contrast = np.asarray(smooth(image, 0.8) - background, np.float32)
    if refine:
        link_ends(graph)
        place_ends(graph, contrast)
    nerves, junctions = unite(graph, contrast)
    return Tracing(graph.shape, nerves, junctions, doubt, seen)


def contract_junctions(graph: Graph) -> None:
    """Make one junction of two that a short edge joins, and drop short loops."""
    while True:
        degree = graph.degrees()
        short = [
            (e.length, i)
            for i, e in enumerate(graph.edges)
            if e.length < JUNCTION_REACH and degree[e.a] >= 3 and degree[e.b] >= 3
        ]
        if not short:
            return
        i = min(short)[1]
        one = graph.edges[i]
        del graph.edges[i]
        if one.a == one.b:
            merge_pairs(graph)
            continue
        place = tuple(np.mean([graph.nodes[one.a], graph.nodes[one.b]], axis=0))
        for e in graph.edges:
            if one.b in (e.a, e.b) or one.a in (e.a, e.b):
                path = e.path.copy()
                if e.a in (one.a, one.b):
                    path[0] = place
                if e.b in (one.a, one.b):
                    path[-1] = place
                e.path = path
                e.a = one.a if e.a == one.b else e.a
                e.b = one.a if e.b == one.b else e.b
        graph.nodes[one.a] = (float(place[0]), float(place[1]))
        graph.nodes.pop(one.b)


def _direction(path: Path, start: bool, reach: int = 10) -> NDArray[np.float64]:
    """Return the unit vector with which a path leaves its first (or last) point inward."""
    p = path if start else path[::-1]
    k = min(reach, len(p) - 1)
    d = p[k] - p[min(1, k)] if k > 1 else p[k] - p[0]
    return np.asarray(d / max(float(np.hypot(*d)), 1e-9))


def link_ends(graph: Graph) -> None:
    """Join dead ends that lie within :data:`GAP` and point at each other, the nearest first."""
    degree = graph.degrees()
    ends = []
    for e in graph.edges:
        if e.a != e.b and len(e.path) > 5:
            ends += [(e.a, e.path[0], -_direction(e.path, True))] if degree[e.a] == 1 else []
            ends += [(e.b, e.path[-1], -_direction(e.path, False))] if degree[e.b] == 1 else []
    pairs = []
    for i, (ka, pa, da) in enumerate(ends):
        for kb, pb, db in ends[i + 1 :]:
            gap = pb - pa
            distance = float(np.hypot(*gap))
            if ka != kb and 0 < distance <= GAP and da @ gap > 0.75 * distance and -(db @ gap) > 0.75 * distance:
                pairs.append((distance, ka, kb, pa, pb))
    used: set[int] = set()
    for _, ka, kb, pa, pb in sorted(pairs, key=lambda t: t[:3]):
        if not used & {ka, kb}:
            used |= {ka, kb}
            graph.edges.append(Edge(ka, kb, np.array([pa, pb])))
    merge_pairs(graph)


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
    trim = min(20, len(path) // 3)
    settled = len(path) - trim
    smoothed = smooth_path(path[:-3], 3.0)
    direction = -_direction(smoothed, False, 8)
    beyond = smoothed[-1] + np.arange(1, END_REACH + 4)[:, None] * direction
    line = np.concatenate([smoothed[settled:], beyond])
    inside = ((line > -0.5) & (line < [h - 0.5, w - 0.5])).all(1)
    count = len(line) if inside.all() else int(np.argmin(inside))
    half = 0.5 * float(np.median(_relief(smoothed[max(0, settled - 40) : settled], contrast)))
    if half <= 0 or count == 0:
        return path
    relief = _relief(line[:count], contrast)
    mean = np.convolve(np.pad(relief, 1, mode="edge"), np.ones(3) / 3, "valid")
    above = np.flatnonzero(mean >= half)
    gaps = np.diff(np.concatenate([[-1], above]))
    broken = np.flatnonzero(gaps > 6)
    kept = above[: broken[0]] if len(broken) else above
    last = int(kept[-1]) if len(kept) else -1
    out = np.concatenate([smoothed[:settled], line[: last + 1]])
    if last + 1 < count and last >= 0:
        part = (mean[last] - half) / max(mean[last] - mean[last + 1], 1e-6)
        out = np.concatenate([out, [line[last] + part * (line[last + 1] - line[last])]])
    elif not inside.all() and count - 1 - last <= 3:
        out = np.concatenate([out, [_at_border(out[-1], direction, (h, w))]])
    return out


def _relief(points: Path, contrast: Image) -> NDArray[np.float64]:
    """Return how far the centre stands out against the mean of both sides five pixels away."""
    across = 5 * normals(points)
    centre, left, right = sample(contrast, np.stack([points, points + across, points - across]))
    return np.asarray(centre - 0.5 * (left + right), float)


def _at_border(point: NDArray[np.float64], direction: NDArray[np.float64], shape: tuple[int, int]) -> Path:
    """Return where a ray meets the edge of the frame, whose pixels reach half a pixel beyond their centres."""
    reach = []
    for x, d, size in zip(point, direction, shape, strict=True):
        if abs(d) > 1e-9:
            reach.append(((size - 0.5 if d > 0 else -0.5) - x) / d)
    return np.asarray(point + max(0.0, min(reach, default=0.0)) * direction)


def unite(graph: Graph, contrast: Image) -> tuple[tuple[Nerve, ...], dict[int, tuple[float, float]]]:
    """Unite edges through junctions, pairing at each the ends that continue each other best.

    At a crossing both pairs continue and no end is left; at a Y one pair continues and the third edge begins there: a
    branch.
    """
    at: dict[int, list[tuple[int, bool]]] = {}
    for i, e in enumerate(graph.edges):
        at.setdefault(e.a, []).append((i, True))
        at.setdefault(e.b, []).append((i, False))
    follows: dict[tuple[int, bool], tuple[int, bool]] = {}
    for ends in at.values():
        follows.update(_continuations([*ends], graph, contrast))
    degree = graph.degrees()
    used: set[int] = set()
    nerves: list[Nerve] = []
    starts = [(i, s) for i in range(len(graph.edges)) for s in (True, False) if (i, s) not in follows]
    starts += [(i, True) for i in range(len(graph.edges))]
    for i, start in starts:
        if i not in used:
            nerves.append(_chain(graph, i, start, follows, used, degree, contrast))
    junctions = {k: graph.nodes[k] for k, d in degree.items() if d >= 3}
    return tuple(nerves), junctions


def _continuations(
    ends: list[tuple[int, bool]], graph: Graph, contrast: Image
) -> dict[tuple[int, bool], tuple[int, bool]]:
    """Pair the edge ends at one node: straightest first, brightness deciding between equals."""
    if len(ends) < 2:
        return {}
    ways = [_direction(graph.edges[i].path, s) for i, s in ends]
    light = [float(sample(contrast, graph.edges[i].path).mean()) for i, _ in ends]
    pairs = []
    for a in range(len(ends)):
        for b in range(a + 1, len(ends)):
            straight = -float(ways[a] @ ways[b])
            alike = min(light[a], light[b]) / max(light[a], light[b], 1e-6)
            if straight > STRAIGHT or len(ends) == 2:
                pairs.append((straight + 0.15 * max(alike, 0.0), a, b))
    out: dict[tuple[int, bool], tuple[int, bool]] = {}
    for _, a, b in sorted(pairs, reverse=True):
        if ends[a] not in out and ends[b] not in out:
            out[ends[a]] = ends[b]
            out[ends[b]] = ends[a]
    return out


def _chain(
    graph: Graph,
    first: int,
    start: bool,
    follows: dict[tuple[int, bool], tuple[int, bool]],
    used: set[int],
    degree: dict[int, int],
    contrast: Image,
) -> Nerve:
    """Follow a nerve from one of its ends to the other."""
    parts: list[Path] = []
    passes: list[int] = []
    i, begin = first, start
    head = graph.edges[i].a if begin else graph.edges[i].b
    while True:
        used.add(i)
        e = graph.edges[i]
        parts.append(e.path if begin else e.path[::-1])
        tail = e.b if begin else e.a
        onward = follows.get((i, not begin))
        if onward is None or onward[0] in used:
            break
        passes.append(tail)
        i, begin = onward
    path = smooth_path(np.concatenate([parts[0], *(p[1:] for p in parts[1:])]))
    roots = tuple(k for k in (head, tail) if degree[k] >= 3 and k not in passes)
    return Nerve(path, roots, frozenset(passes), _borders(path, graph.shape), _width(path, contrast))


def _borders(path: Path, shape: tuple[int, int]) -> frozenset[str]:
    h, w = shape
    sides = set()
    for r, c in (path[0], path[-1]):
        near = {"top": r, "bottom": h - 1 - r, "left": c, "right": w - 1 - c}
        side = min(near, key=lambda k: near[k])
        if near[side] < 4:
            sides.add(side)
    return frozenset(sides)


def _width(path: Path, contrast: Image) -> float:
    """Return the mean full width at half maximum, in pixels, of the profiles of pieces of 30 points."""
    offsets = np.arange(-9, 9.01, 0.75)
    some = path[::2]
    profile = sample(contrast, some[:, None] + offsets[None, :, None] * normals(path)[::2][:, None])
    cuts = np.linspace(0, len(some), max(1, len(some) // 15) + 1).astype(int)
    widths, weights = [], []
    for start, stop in pairwise(cuts):
        width = _half_width(profile[start:stop].mean(0).astype(float), offsets)
        if width is not None:
            widths.append(width)
            weights.append(stop - start)
    return float(np.average(widths, weights=weights)) if widths else 3.0


def _half_width(profile: NDArray[np.float64], offsets: NDArray[np.float64]) -> float | None:
    """Return the full width at half maximum of one profile, the blur of 0.8 pixels taken off; None if it has none."""
    middle = np.abs(offsets) <= 2
    step = float(offsets[1] - offsets[0])
    peak = int(np.argmax(np.where(middle, profile, -np.inf)))
    sides = []
    for direction in (-1, 1):
        side = profile[peak::direction]
        base = float(side.min())
        half = 0.5 * (profile[peak] + base)
        below = np.flatnonzero(side < half)
        if profile[peak] - base <= 0 or not len(below):
            return None
        k = int(below[0])
        sides.append(step * (k - 1 + float((side[k - 1] - half) / max(side[k - 1] - side[k], 1e-9))))
    full = min(sum(sides), 12.0)
    return float(np.sqrt(max(full**2 - (2.355 * 0.8) ** 2, 1.0)))
