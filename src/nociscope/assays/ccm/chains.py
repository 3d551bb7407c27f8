"""Which edges continue each other through junctions: a nerve goes on straight, a branch begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.detector import Image
from nociscope.assays.ccm.graph import Graph, Path
from nociscope.assays.ccm.profiles import sample

STRAIGHT = 0.5
"""Cosine of the largest turn (60 degrees) that a nerve takes through a junction."""

End = tuple[int, bool]
"""An end of an edge: its index, and whether it is the first end."""


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Edges that follow each other.

    Attributes
    ----------
    parts : tuple of (int, bool)
        Index of every edge, and whether it is walked from its first point to its last.
    path : float, shape (points, 2)
    head, tail : int
        Nodes at which it begins and ends.
    passes : tuple of int
        Nodes between its parts.
    """

    parts: tuple[End, ...]
    path: Path
    head: int
    tail: int
    passes: tuple[int, ...]


def direction(path: Path, start: bool, reach: int = 10) -> NDArray[np.float64]:
    """Return the unit vector with which a path leaves its first (or last) point inward."""
    p = path if start else path[::-1]
    k = min(reach, len(p) - 1)
    d = p[k] - p[min(1, k)] if k > 1 else p[k] - p[0]
    return np.asarray(d / max(float(np.hypot(*d)), 1e-9))


def chains(graph: Graph, contrast: Image) -> list[Chain]:
    """Follow every edge through junctions as long as it goes on straight.

    At a crossing both pairs continue and no end is left; at a Y one pair continues and the third edge begins there: a
    branch.

    Parameters
    ----------
    graph : Graph
    contrast : float32, shape (rows, columns)
        Image minus background: brightness decides between ways that are equally straight.
    """
    at: dict[int, list[End]] = {}
    for i, e in enumerate(graph.edges):
        at.setdefault(e.a, []).append((i, True))
        at.setdefault(e.b, []).append((i, False))
    light = _brightness(graph, contrast)
    follows: dict[End, End] = {}
    for ends in at.values():
        follows.update(_continuations(ends, graph, light))
    used: set[int] = set()
    starts = [(i, s) for i in range(len(graph.edges)) for s in (True, False) if (i, s) not in follows]
    starts += [(i, True) for i in range(len(graph.edges))]
    return [_chain(graph, i, start, follows, used) for i, start in starts if i not in used]


def _brightness(graph: Graph, contrast: Image) -> list[float]:
    """Return the mean contrast along every edge."""
    if not graph.edges:
        return []
    counts = np.array([len(e.path) for e in graph.edges])
    along = sample(contrast, np.concatenate([e.path for e in graph.edges])).astype(float)
    means: list[float] = (np.add.reduceat(along, np.cumsum(counts) - counts) / counts).tolist()
    return means


def _continuations(ends: list[End], graph: Graph, light: list[float]) -> dict[End, End]:
    """Pair the edge ends at one node: straightest first, brightness deciding between equals."""
    if len(ends) < 2:
        return {}
    ways = [direction(graph.edges[i].path, s) for i, s in ends]
    pairs = []
    for a in range(len(ends)):
        for b in range(a + 1, len(ends)):
            straight = -float(ways[a] @ ways[b])
            one, two = light[ends[a][0]], light[ends[b][0]]
            alike = min(one, two) / max(one, two, 1e-6)
            if straight > STRAIGHT or len(ends) == 2:
                pairs.append((straight + 0.15 * max(alike, 0.0), a, b))
    out: dict[End, End] = {}
    for _, a, b in sorted(pairs, reverse=True):
        if ends[a] not in out and ends[b] not in out:
            out[ends[a]] = ends[b]
            out[ends[b]] = ends[a]
    return out


def _chain(graph: Graph, first: int, start: bool, follows: dict[End, End], used: set[int]) -> Chain:
    """Follow edges from one end to the other; those walked are added to `used`."""
    parts: list[End] = []
    paths: list[Path] = []
    passes: list[int] = []
    i, begin = first, start
    head = graph.edges[i].a if begin else graph.edges[i].b
    while True:
        used.add(i)
        e = graph.edges[i]
        parts.append((i, begin))
        paths.append(e.path if begin else e.path[::-1])
        tail = e.b if begin else e.a
        onward = follows.get((i, not begin))
        if onward is None or onward[0] in used:
            break
        passes.append(tail)
        i, begin = onward
    path = np.concatenate([paths[0], *(p[1:] for p in paths[1:])])
    return Chain(tuple(parts), path, head, tail, tuple(passes))
