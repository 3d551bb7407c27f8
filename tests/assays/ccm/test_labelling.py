"""Stretches of a path: the best labelling, and the graph that is left."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nociscope.assays.ccm.chains import chains
from nociscope.assays.ccm.graph import Edge, Graph
from nociscope.assays.ccm.labelling import CLEAR, best_labels, cut, with_clear_point


def worth(labels, score, switch):
    return sum(s for s, k in zip(score, labels, strict=True) if k) - switch * int(np.abs(np.diff(labels)).sum())


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=9), st.floats(0, 6))
def test_no_other_labelling_is_worth_more(score, switch):
    found = worth(best_labels(np.array(score), switch).astype(int), score, switch)
    best = max(worth(labels, score, switch) for labels in product((0, 1), repeat=len(score)))
    assert abs(found - best) < 1e-9


def test_a_faint_stretch_of_a_clear_nerve_stays_and_a_spot_alone_does_not():
    score = np.r_[np.full(20, 3.0), np.full(6, -1.0), np.full(20, 3.0)]
    assert best_labels(score, 4.0).all()
    score = np.r_[np.full(20, -2.0), 3.0, 3.0, np.full(20, -2.0)]
    assert not best_labels(score, 4.0).any()


def test_what_is_cut_keeps_its_places():
    path = np.stack([np.full(50, 10.0), np.arange(50.0)], 1)
    graph = Graph((20, 60), {0: (10.0, 0.0), 1: (10.0, 49.0)}, [Edge(0, 1, path)])
    followed = chains(graph, np.zeros((20, 60), np.float32))
    label = np.zeros(50, bool)
    label[:10] = label[30:] = True
    one, two = sorted(cut(graph, followed, label).edges, key=lambda e: e.path[:, 1].min())
    assert (one.path[:, 1].min(), one.path[:, 1].max()) == (0, 9)
    assert (two.path[:, 1].min(), two.path[:, 1].max()) == (30, 49)


def test_a_stretch_that_is_nowhere_clear_goes():
    starts = np.r_[np.zeros(10, int), np.full(10, 10)]
    label = np.r_[np.ones(4, bool), np.zeros(2, bool), np.ones(14, bool)]
    score = np.full(20, 0.5)
    score[2] = score[15] = CLEAR
    assert np.flatnonzero(with_clear_point(label, score, starts)).tolist() == [*range(4), *range(10, 20)]
