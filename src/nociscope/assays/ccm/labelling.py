"""Which stretches of the paths are nerve: the labelling of whole paths that the scores of their points make best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.appearance import appearance, bundle
from nociscope.assays.ccm.chains import Chain, chains
from nociscope.assays.ccm.classifier import Weights, scores
from nociscope.assays.ccm.detector import Image, Response
from nociscope.assays.ccm.graph import Edge, Graph, drop_small_components, merge_pairs, prune_spurs

SPUR = 10.0
"""Dead ends at a junction shorter than this, in pixels, are no branches."""

LEAST_PATH = 25.0
"""Connected paths shorter than this are not looked at."""

SWITCH = 4.0
"""What a change between nerve and not nerve along a path costs, in units of score times points."""

KEEP = -0.5
"""Score above which a point alone counts as nerve: there, misses and false lines balance on quarters of frames that
were left out of training."""

CLEAR = 1.5
"""Score above :data:`KEEP` that a stretch has to reach somewhere to be kept."""


def candidates(skeleton_graph: Graph) -> None:
    """Clear a graph from a thinned mask of spurs and crumbs; the graph is changed."""
    prune_spurs(skeleton_graph, SPUR)
    drop_small_components(skeleton_graph, LEAST_PATH)


def keep_nerves(
    graph: Graph, contrast: Image, seen: Response, shortest: float, weights: Weights | None = None
) -> tuple[Graph, float]:
    """Return the graph of those stretches that are nerve.

    Parameters
    ----------
    graph : Graph
        From the skeleton of the ridge mask; tidied here.
    contrast : float32, shape (rows, columns)
        Image minus background.
    seen : Response
    shortest : float
        Least length in pixels of a connected nerve that leaves the frame; within it, a quarter more.
    weights : Weights, optional

    Returns
    -------
    Graph
    float
        Standard deviation, in pixels, of the total length from doubt about what is nerve: the points of one chain are
        doubted together, chains independently.
    """
    candidates(graph)
    followed = chains(graph, contrast)
    if not followed:
        return graph, 0.0
    along = bundle([c.path for c in followed], seen.local)
    score = scores(appearance(along, seen), along, weights) - KEEP
    first = np.flatnonzero(np.diff(along.starts, prepend=-1))
    label = np.concatenate([best_labels(s, SWITCH) for s in np.split(score, first[1:])])
    label = with_clear_point(label, score, along.starts)
    p = 1 / (1 + np.exp(-score))
    doubt = np.add.reduceat(np.sqrt(p * (1 - p)), first)
    kept = cut(graph, followed, label)
    prune_spurs(kept, SPUR)
    drop_small_components(kept, 1.25 * shortest, shortest)
    return kept, float(np.sqrt((doubt * doubt).sum()))


def best_labels(score: NDArray[np.float64], switch: float) -> NDArray[np.bool_]:
    """Return the labels along one path with the greatest sum of the scores kept minus `switch` for every change.

    The most probable states of a Markov chain with two states (Viterbi 1967, doi:10.1109/TIT.1967.1054010). A faint
    stretch between clear ones stays, and a bright spot alone does not, wherever on the path they lie.

    Parameters
    ----------
    score : float, shape (points,)
    switch : float
    """
    ahead = 0.0
    lead = []
    for s in score.tolist():
        ahead = min(max(ahead, -switch), switch) + s
        lead.append(ahead)
    label = lead[-1] > 0
    labels = [label]
    for d in lead[-2::-1]:
        label = d >= -switch if label else d > switch
        labels.append(label)
    return np.array(labels[::-1], bool)


def with_clear_point(
    label: NDArray[np.bool_], score: NDArray[np.float64], starts: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return the labels without the stretches that are nowhere clear: grain alone makes faint lines too.

    Parameters
    ----------
    label : bool, shape (points,)
    score : float, shape (points,)
    starts : int, shape (points,)
        First point of the own path.
    """
    begins = np.flatnonzero((np.diff(label, prepend=not label[0])) | (np.diff(starts, prepend=-1) != 0))
    highest = np.maximum.reduceat(score, begins)
    return label & np.repeat(highest >= CLEAR, np.diff(begins, append=len(label)))


def cut(graph: Graph, followed: Sequence[Chain], label: NDArray[np.bool_]) -> Graph:
    """Return a graph of the labelled stretches of the chains, shorter ones than two points left out."""
    out = Graph(graph.shape, dict(graph.nodes))
    key = max(graph.nodes, default=-1) + 1
    start = 0
    for chain in followed:
        at = start
        for i, forward in chain.parts:
            e = graph.edges[i]
            own = label[at : at + len(e.path)]
            at += len(e.path) - 1
            change = np.flatnonzero(np.diff((own if forward else own[::-1]).astype(np.int8), prepend=0, append=0))
            for low, high in zip(change[::2].tolist(), change[1::2].tolist(), strict=True):
                if high - low < 2:
                    continue
                ends = []
                for whole, node, place in ((low == 0, e.a, low), (high == len(e.path), e.b, high - 1)):
                    if not whole:
                        node, key = key, key + 1
                        out.nodes[node] = (float(e.path[place, 0]), float(e.path[place, 1]))
                    ends.append(node)
                out.edges.append(Edge(ends[0], ends[1], e.path[low:high]))
        start += len(chain.path)
    used = {e.a for e in out.edges} | {e.b for e in out.edges}
    out.nodes = {k: v for k, v in out.nodes.items() if k in used}
    merge_pairs(out)
    return out
