"""What goes into the classifier has no direction, and the shipped weights fit it."""

from dataclasses import fields

import numpy as np
import pytest

from nociscope.assays.ccm.appearance import NAMES, Bundle, appearance, bundle
from nociscope.assays.ccm.classifier import CERTAIN, scores, shipped
from nociscope.assays.ccm.detector import Response, detect
from nociscope.assays.ccm.simulate import Scene, simulate_frame


@pytest.fixture(scope="module")
def seen():
    return detect(simulate_frame(Scene(), 3).image.astype(np.float32))


def paths():
    t = np.linspace(0, 1, 120)[:, None]
    return [np.array([40.0, 60.0]) + t * [90.0, 70.0], np.array([200.0, 100.0]) + t * [-60.0, 100.0]]


def test_the_weights_fit_the_quantities():
    w = shipped()
    assert w.mean.shape == w.scale.shape == (len(NAMES),)
    networks, inputs, units = w.first.shape
    assert inputs == len(NAMES) + 1
    assert w.second.shape[:2] == (networks, 3 * units + 1)
    assert w.last.shape == (networks, 3 * w.second.shape[2] + 1)


def test_a_path_read_from_its_other_end_scores_the_same(seen):
    there = bundle(paths(), seen.local)
    back = bundle([p[::-1] for p in paths()], seen.local)
    one, two = (scores(appearance(b, seen), b) for b in (there, back))
    assert np.concatenate([two[:120][::-1], two[120:][::-1]]) == pytest.approx(one, abs=1e-3)
    assert np.abs(one).max() <= CERTAIN


def test_a_flipped_frame_scores_the_same(seen):
    flipped = Response(*(np.ascontiguousarray(getattr(seen, f.name)[::-1]) for f in fields(seen)))
    h = len(seen.local)
    one = bundle(paths(), seen.local)
    two = bundle([np.stack([h - 1 - p[:, 0], p[:, 1]], 1) for p in paths()], flipped.local)
    assert scores(appearance(two, flipped), two) == pytest.approx(scores(appearance(one, seen), one), abs=1e-3)


def test_windows_stay_on_their_own_path():
    places = np.zeros((10, 2))
    along = Bundle(places, places, np.r_[np.zeros(4, int), np.full(6, 4)], np.r_[np.full(4, 4), np.full(6, 10)])
    values = np.r_[np.full(4, 1.0), np.full(6, 5.0)].astype(np.float32)[:, None]
    assert along.slide(values, 3) == pytest.approx(values)


def test_paths_are_laid_on_the_crest():
    rows = np.mgrid[:60, :100][0]
    crest = np.exp(-0.5 * ((rows - 30.0) / 1.5) ** 2).astype(np.float32)
    beside = np.stack([np.full(80, 31.0), np.arange(10.0, 90.0)], 1)
    assert np.abs(bundle([beside], crest).points[:, 0] - 30).max() < 0.5
