import numpy as np
import pytest

from nociscope.assays.ccm.metrics import evenly, fractal_dimension
from nociscope.assays.ccm.overlap import mean_interval, overlaps, prepared, shift_between
from nociscope.assays.ccm.quality import judge
from nociscope.assays.ccm.simulate import Scene, simulate_frame


def test_fractal_dimension_of_known_sets():
    full = np.ones((256, 256), bool)
    line = np.zeros((256, 256), bool)
    line[100] = True
    assert fractal_dimension(full) == pytest.approx(2.0)
    assert fractal_dimension(line) == pytest.approx(1.0)
    assert fractal_dimension(~full) is None


def test_points_lie_evenly_along_a_path():
    points = evenly(np.array([[0.0, 0.0], [0.0, 10.0], [10.0, 10.0]]), 4.0)
    assert points.tolist() == [[0, 0], [0, 4], [0, 8], [2, 10], [6, 10], [10, 10]]


def test_registration_finds_a_known_shift():
    big = simulate_frame(Scene(trunks=7, branches=10, cells=6, noise=0.1), 3).image.astype(np.float32)
    a, b = big[20:340, 40:360], big[50:370, 20:340]
    row, column, peak = shift_between(prepared(a), prepared(b))
    assert (row, column) == (30, -20)
    assert peak > 0.3
    share = overlaps([a, b])
    assert share[0, 1] == pytest.approx((290 / 320) * (300 / 320))


def test_unrelated_frames_do_not_overlap():
    frames = [simulate_frame(Scene(angle=0.4 * k), k).image.astype(np.float32) for k in range(4)]
    assert overlaps(frames).sum() == 4


def test_the_mean_of_independent_frames_has_the_t_interval():
    from scipy import stats

    x = [20.0, 22.0, 25.0, 21.0]
    mean, low, high, independent = mean_interval(x, [0.0] * 4, np.eye(4))
    expected = stats.t.interval(0.95, 3, loc=np.mean(x), scale=stats.sem(x))
    assert (mean, independent) == (22.0, 4.0)
    assert (low, high) == pytest.approx(expected)


def test_frames_of_the_same_place_do_not_narrow_the_interval():
    x = [20.0, 20.5, 19.8, 20.1]
    apart = mean_interval(x, [0.5] * 4, np.eye(4))
    same = mean_interval(x, [0.5] * 4, np.full((4, 4), 0.9) + 0.1 * np.eye(4))
    assert same[2] - same[1] > 2 * (apart[2] - apart[1])


def test_correlated_frames_are_covered():
    """Frames drawn with the assumed correlation: the interval holds the eye's mean in 95 % of eyes."""
    rng = np.random.default_rng(5)
    r = 0.6
    share = np.full((5, 5), r) + (1 - r) * np.eye(5)
    root = np.linalg.cholesky(share)
    hits = 0
    for _ in range(2000):
        x = 20 + 3 * root @ rng.normal(size=5)
        _, low, high, _ = mean_interval(x.tolist(), [0.0] * 5, share)
        hits += low <= 20 <= high
    assert hits / 2000 == pytest.approx(0.95, abs=0.02)


def test_quality_tells_folds_saturation_blur_and_empty_frames():
    from scipy import ndimage

    good = simulate_frame(Scene(), 1).image.astype(np.float32)
    folded = simulate_frame(Scene(folds=3), 1).image.astype(np.float32)
    assert judge(good).fold_fraction < 0.03
    assert judge(folded, 0.85).fold_fraction > judge(good, 0.85).fold_fraction + 0.03
    assert judge(np.asarray(ndimage.gaussian_filter(good, 4), np.float32)).focus < 0.5 * judge(good).focus
    burnt = good.copy()
    burnt[:, :150] = 255
    assert judge(burnt).usable_share < 0.65
    for level in (0, 90, 255):
        assert judge(np.full((384, 384), level, np.float32)).empty
    assert not judge(good).empty
