"""From a mask to a graph: centre lines as ordered paths between ends and junctions.

Paths are kept in pixels, `(row, column)`, with sub-pixel places after smoothing. Lengths are those of the smoothed
path, so that a line has the same length at every angle; counting steps of 1 and sqrt(2) overstates a line at 22.5
degrees by 8 %.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Path = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(slots=True)
class Edge:
    """A nerve piece between two nodes; `path` has shape (points, 2), rows and columns, from `a` to `b`."""

    a: int
    b: int
    path: Path
    _measured: tuple[Path, float] | None = None

    @property
    def length(self) -> float:
        """Length in pixels; measured once for every path, which is replaced and never written into."""
        if self._measured is None or self._measured[0] is not self.path:
            self._measured = (self.path, path_length(self.path))
        return self._measured[1]


@dataclass(slots=True)
class Graph:
    """Nodes and edges of a traced frame.

    Attributes
    ----------
    shape : (rows, columns)
    nodes : dict
        Key -> (row, column).
    edges : list of Edge
    """

    shape: tuple[int, int]
    nodes: dict[int, tuple[float, float]] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def degrees(self) -> dict[int, int]:
        """Return how many edge ends meet at each node."""
        count = dict.fromkeys(self.nodes, 0)
        for e in self.edges:
            count[e.a] += 1
            count[e.b] += 1
        return count

    def components(self) -> list[list[int]]:
        """Return the indices of the edges of each connected component."""
        parent = {k: k for k in self.nodes}

        def root(k: int) -> int:
            while parent[k] != k:
                parent[k] = parent[parent[k]]
                k = parent[k]
            return k

        for e in self.edges:
            parent[root(e.a)] = root(e.b)
        groups: dict[int, list[int]] = {}
        for i, e in enumerate(self.edges):
            groups.setdefault(root(e.a), []).append(i)
        return list(groups.values())


def path_length(path: Path) -> float:
    """Return the sum of the distances between successive points, in pixels."""
    if len(path) < 2:
        return 0.0
    d = path[1:] - path[:-1]
    return float(np.sqrt(np.einsum("ij,ij->i", d, d)).sum())


def smooth_path(path: Path, sigma: float = 2.5) -> Path:
    """Return the path smoothed along itself by a Gaussian of `sigma` points, its two ends held.

    The path is continued point-symmetrically at both ends, which keeps a straight line straight and full length.
    """
    n = len(path)
    if n < 3:
        return path
    reach = min(int(3 * sigma + 0.5), n - 1)
    u = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (u / sigma) ** 2)
    kernel /= kernel.sum()
    before = 2 * path[0] - path[reach:0:-1]
    after = 2 * path[-1] - path[-2 : -reach - 2 : -1]
    long = np.concatenate([before, path, after])
    return np.stack([np.convolve(long[:, k], kernel, "valid") for k in (0, 1)], axis=1)


def from_skeleton(skeleton: Mask) -> Graph:
    """Trace a one-pixel skeleton into a graph of pixel paths.

    Junction pixels (three or more neighbours) that touch form one node at their centroid; the path of an edge begins
    and ends in its nodes' places. Closed rings without a junction get one node.

    Parameters
    ----------
    skeleton : bool, shape (rows, columns)
    """
    from scipy import ndimage

    h, w = skeleton.shape
    padded = np.pad(skeleton, 1)
    neighbours = _neighbour_count(padded)
    junction = padded & (neighbours >= 3)
    labels, count = ndimage.label(junction, np.ones((3, 3)))
    graph = Graph((h, w))
    if count:
        centres = ndimage.center_of_mass(junction, labels, np.arange(1, count + 1))
        for k, (row, column) in enumerate(np.asarray(centres, float)):
            graph.nodes[k] = (float(row) - 1, float(column) - 1)
    _Tracer(padded, neighbours, labels, graph).trace()
    return graph


def _neighbour_count(padded: Mask) -> NDArray[Any]:
    """Return how many of the eight neighbours of every pixel of a padded skeleton lie on it; 0 beside it."""
    p = padded.astype(np.int8)
    three = p[:-2] + p[1:-1] + p[2:]
    out = np.zeros_like(p)
    out[1:-1, 1:-1] = three[:, :-2] + three[:, 1:-1] + three[:, 2:] - p[1:-1, 1:-1]
    return np.where(padded, out, 0)


class _Tracer:
    """Walks the pixels of a padded skeleton; flat indices for speed."""

    def __init__(self, padded: Mask, neighbours: NDArray[Any], labels: NDArray[Any], graph: Graph) -> None:
        self.width = padded.shape[1]
        w = self.width
        self.around = (-w, w, -1, 1, -w - 1, -w + 1, w - 1, w + 1)
        self.on = set(np.flatnonzero(padded).tolist())
        degree = neighbours.ravel()
        self.ends = [p for p in self.on if degree[p] <= 1]
        node_of = labels.ravel()
        self.node_of = {p: int(node_of[p]) - 1 for p in self.on if node_of[p]}
        self.graph = graph
        self.free = self.on - self.node_of.keys()
        self.beside = {p + step for p in self.node_of for step in self.around}

    def _place(self, p: int) -> tuple[float, float]:
        return (p // self.width - 1.0, p % self.width - 1.0)

    def _new_node(self, p: int) -> int:
        key = len(self.graph.nodes)
        self.graph.nodes[key] = self._place(p)
        return key

    def trace(self) -> None:
        for pixel in sorted(self.node_of):
            for step in self.around:
                if pixel + step in self.free:
                    self._walk(self.node_of[pixel], pixel + step)
        for end in sorted(self.ends):
            if end in self.free:
                self._walk(self._new_node(end), end)
        while self.free:
            start = min(self.free)
            self._walk(self._new_node(start), start)

    def _walk(self, a: int, first: int) -> None:
        nodes, free, beside, around, width = self.graph.nodes, self.free, self.beside, self.around, self.width
        points = [nodes[a]]
        pixel: int | None = first
        b: int | None = None
        came = None
        while pixel is not None:
            free.discard(pixel)
            here = (pixel // width - 1.0, pixel % width - 1.0)
            if here != points[-1]:
                points.append(here)
            ahead = None
            for step in around:
                if pixel + step in free:
                    ahead = pixel + step
                    break
            if pixel not in beside:
                pass
            elif len(points) > 2 or came is not None:
                touched = [self.node_of[pixel + s] for s in self.around if pixel + s in self.node_of]
                others = [k for k in touched if k != a] or (touched if len(points) > 4 else [])
                if others:
                    b = others[0]
                    break
            elif ahead is None:
                touched = [self.node_of[pixel + s] for s in self.around if pixel + s in self.node_of]
                others = [k for k in touched if k != a]
                if others:
                    b = others[0]
            came, pixel = pixel, ahead
        if b is None:
            last = points[-1]
            key = len(nodes)
            nodes[key] = last
            b = key
        elif points[-1] != nodes[b]:
            points.append(nodes[b])
        if len(points) > 1:
            self.graph.edges.append(Edge(a, b, np.array(points, float)))


def merge_pairs(graph: Graph) -> None:
    """Join the two edges at every node where exactly two different edges meet."""
    while True:
        at: dict[int, list[int]] = {}
        for i, e in enumerate(graph.edges):
            at.setdefault(e.a, []).append(i)
            at.setdefault(e.b, []).append(i)
        done: set[int] = set()
        for node, ends in at.items():
            if len(ends) != 2 or ends[0] == ends[1] or done & set(ends):
                continue
            i, j = ends
            one, two = graph.edges[i], graph.edges[j]
            first = one.path if one.b == node else one.path[::-1]
            a = one.a if one.b == node else one.b
            second = two.path if two.a == node else two.path[::-1]
            b = two.b if two.a == node else two.a
            graph.edges[i] = Edge(a, b, np.concatenate([first, second[1:]]))
            graph.edges[j] = Edge(-1, -1, second)
            done |= {i, j}
        if not done:
            return
        graph.edges = [e for e in graph.edges if e.a != -1]


def drop_edges(graph: Graph, doomed: set[int]) -> None:
    """Remove edges by index, then join what is left at nodes that are no junctions any more."""
    if not doomed:
        return
    graph.edges = [e for i, e in enumerate(graph.edges) if i not in doomed]
    merge_pairs(graph)
    used = {e.a for e in graph.edges} | {e.b for e in graph.edges}
    graph.nodes = {k: v for k, v in graph.nodes.items() if k in used}


def prune_spurs(graph: Graph, shortest: float) -> None:
    """Remove dead-end edges shorter than `shortest` pixels that hang on a junction, the shortest first.

    At a junction whose edges are all short dead ends, the longest stays.
    """
    while True:
        degree = graph.degrees()
        spurs = []
        for i, e in enumerate(graph.edges):
            free = [k for k in (e.a, e.b) if degree[k] == 1]
            if len(free) == 1 and degree[e.a if free[0] == e.b else e.b] >= 3 and e.length < shortest:
                spurs.append((e.length, i, e.a if free[0] == e.b else e.b))
        doomed: set[int] = set()
        touched: set[int] = set()
        for _, i, junction in sorted(spurs):
            if junction not in touched:
                doomed.add(i)
                touched.add(junction)
        if not doomed:
            return
        drop_edges(graph, doomed)


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
