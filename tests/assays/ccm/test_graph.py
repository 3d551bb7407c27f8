import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nociscope.assays.ccm.graph import from_skeleton, path_length, prune_spurs, smooth_path


def picture(text):
    return np.array([[c == "#" for c in line] for line in text.split()])


def test_a_line_is_one_edge():
    g = from_skeleton(picture("....... .#####. ......."))
    assert [e.length for e in g.edges] == [4.0]
    assert len(g.nodes) == 2


def test_a_y_has_three_edges_and_one_junction():
    g = from_skeleton(picture("#.....# .#...#. ..#.#.. ...#... ...#... ...#... ...#..."))
    assert len(g.edges) == 3
    assert sorted(g.degrees().values()) == [1, 1, 1, 3]


def test_a_ring_is_one_edge_from_a_node_to_itself_or_nearly():
    g = from_skeleton(picture("........ ..####.. .#....#. .#....#. .#....#. ..####.. ........"))
    assert len(g.edges) == 1
    assert g.edges[0].length == pytest.approx(13 + 4 * (math.sqrt(2) - 1), abs=2.5)


def test_short_spurs_go_and_the_line_is_whole_again():
    g = from_skeleton(picture(".......... ....#..... ....#..... .######### .........."))
    prune_spurs(g, 5)
    assert len(g.edges) == 1
    assert g.edges[0].length > 7


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.02, 0.4))
def test_every_pixel_between_junctions_lies_in_the_graph(seed, share):
    from scipy import ndimage
    from skimage.morphology import skeletonize

    skeleton = skeletonize(np.random.default_rng(seed).random((24, 24)) < share)
    g = from_skeleton(skeleton)
    seen = {tuple(np.rint(p).astype(int)) for e in g.edges for p in e.path}
    count = ndimage.convolve(skeleton.astype(int), np.ones((3, 3), int), mode="constant") - 1
    plain = skeleton & ((count == 1) | (count == 2))
    assert {(int(r), int(c)) for r, c in zip(*np.nonzero(plain), strict=True)} <= seen
    for e in g.edges:
        assert np.abs(e.path[0] - g.nodes[e.a]).max() < 1e-9
        assert np.abs(e.path[-1] - g.nodes[e.b]).max() < 1e-9


@settings(max_examples=40, deadline=None)
@given(st.floats(0, math.pi), st.integers(20, 200))
def test_smoothing_keeps_a_straight_line_straight_and_long(angle, n):
    line = np.arange(n)[:, None] * [math.sin(angle), math.cos(angle)]
    again = smooth_path(line)
    assert np.abs(again - line).max() < 1e-9
    assert path_length(again) == pytest.approx(n - 1)
