"""Repairs of a graph from a thinned mask: junctions torn apart, and gaps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.chains import direction
from nociscope.assays.ccm.graph import Edge, Graph, Path, merge_pairs

JUNCTION_REACH = 12.0
"""Junctions nearer than this along a nerve, in pixels, are one: thick crossings are torn apart by thinning."""

GAP = 14.0
"""Widest gap in pixels over which two ends that point at each other are joined."""


TOUCH = 3.0
"""Ends nearer than this, in pixels, are joined whatever their direction."""


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
        place = np.mean([graph.nodes[one.a], graph.nodes[one.b]], axis=0)
        for e in graph.edges:
            if one.b in (e.a, e.b) or one.a in (e.a, e.b):
                if e.a in (one.a, one.b):
                    e.path = _led_to(e.path[::-1], place)[::-1]
                if e.b in (one.a, one.b):
                    e.path = _led_to(e.path, place)
                e.a = one.a if e.a == one.b else e.a
                e.b = one.a if e.b == one.b else e.b
        graph.nodes[one.a] = (float(place[0]), float(place[1]))
        graph.nodes.pop(one.b)


def _led_to(path: Path, place: NDArray[np.float64]) -> Path:
    """Return the path ending at a new place, without the points from which it would have to turn back."""
    moved = float(np.hypot(*(path[-1] - place)))
    far = np.flatnonzero(np.hypot(*(path - place).T) > moved + 2)
    last = int(far[-1]) + 1 if len(far) else 1
    return np.concatenate([path[: max(1, last)], place[None]])


def link_ends(graph: Graph) -> None:
    """Join dead ends that lie within :data:`GAP` and point at each other, the nearest first."""
    degree = graph.degrees()
    ends = []
    for e in graph.edges:
        if e.a != e.b and len(e.path) > 5:
            ends += [(e.a, e.path[0], -direction(e.path, True))] if degree[e.a] == 1 else []
            ends += [(e.b, e.path[-1], -direction(e.path, False))] if degree[e.b] == 1 else []
    pairs = []
    for i, (ka, pa, da) in enumerate(ends):
        for kb, pb, db in ends[i + 1 :]:
            gap = pb - pa
            distance = float(np.hypot(*gap))
            facing = min(da @ gap, -(db @ gap)) > 0.75 * distance or distance < TOUCH
            if ka != kb and 0 < distance <= GAP and facing:
                pairs.append((distance, ka, kb, pa, pb))
    used: set[int] = set()
    for _, ka, kb, pa, pb in sorted(pairs, key=lambda t: t[:3]):
        if not used & {ka, kb}:
            used |= {ka, kb}
            graph.edges.append(Edge(ka, kb, np.array([pa, pb])))
    merge_pairs(graph)
