"""Turned and flipped frames are laid the same way, and places come back to the frame as given."""

import numpy as np
import pytest

from nociscope.assays.ccm.orientation import orientation

FRAME = np.random.default_rng(4).integers(0, 255, (30, 30)).astype(np.float32)
TURNS = [lambda a, k=k, f=f: np.rot90(a[::-1] if f else a, k) for k in range(4) for f in (0, 1)]


@pytest.mark.parametrize("turn", TURNS)
def test_every_turn_is_laid_alike(turn):
    assert np.array_equal(orientation(turn(FRAME)).lay(turn(FRAME)), orientation(FRAME).lay(FRAME))


@pytest.mark.parametrize("turn", TURNS)
def test_places_come_back(turn):
    given = turn(FRAME[:, :20])
    laid = orientation(given)
    image = laid.lay(given)
    points = np.argwhere(np.ones(image.shape))
    rows, columns = laid.back(points.astype(float)).astype(int).T
    assert np.array_equal(given[rows, columns], image[points[:, 0], points[:, 1]])
