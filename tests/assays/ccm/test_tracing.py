"""Frames with exactly known nerves: lengths, counts, and nothing where nothing is."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nociscope.assays.ccm.detector import STANDARD_UM
from nociscope.assays.ccm.metrics import centre_lines, is_trunk, measure_frame, nerve_mask
from nociscope.assays.ccm.simulate import Scene, density_ladder, inside, line_length, render, simulate_frame
from nociscope.assays.ccm.tracing import resample, trace

SIDE = 384


def clean(*lines, width=3.6, level=110.0, glow=50.0, noise=0.0):
    image = render([np.array(line, float) for line in lines], [level] * len(lines), width, 0.0) + glow
    if noise:
        image = image + np.random.default_rng(1).normal(0, noise, image.shape)
    return np.clip(np.rint(image), 0, 255).astype(np.float32)


def through(angle, offset=0.0):
    c, s = math.cos(angle), math.sin(angle)
    centre = np.array([191.5 - offset * s, 191.5 + offset * c])
    return inside(centre + np.linspace(-400, 400, 1601)[:, None] * [c, s])


def measured(image):
    t = trace(np.asarray(image, np.float32))
    return measure_frame(t, nerve_mask(t))


@pytest.mark.parametrize("degrees", [0, 11.25, 22.5, 33, 45, 60, 78, 90, 101, 123, 135, 157.5])
@pytest.mark.parametrize("noise", [0.0, 10.0])
def test_a_straight_nerve_has_its_length_at_every_angle(degrees, noise):
    line = through(math.radians(degrees), 20)
    m = measured(clean(line, noise=noise))
    assert m.length * 1000 / STANDARD_UM == pytest.approx(line_length(line), rel=0.01)
    assert (m.trunks, m.branch_points) == (1, 0)
    assert m.arc_chord_excess < 0.01


@settings(max_examples=15, deadline=None)
@given(st.floats(0, math.pi), st.floats(-80, 80), st.floats(2.8, 5.5), st.floats(60, 180))
def test_length_does_not_depend_on_angle_place_width_or_brightness(angle, offset, width, level):
    line = through(angle, offset)
    found = trace(clean(line, width=width, level=level)).length
    assert found == pytest.approx(line_length(line), rel=0.02)


def test_a_nerve_that_ends_inside_has_its_length():
    line = [(60, 100), (320, 290)]
    assert trace(clean(line)).length == pytest.approx(math.hypot(260, 190), rel=0.02)


@pytest.mark.parametrize("degrees", [4, 19, 34, 49, 64, 79, 94, 109, 124, 139, 154, 169])
def test_a_nerve_that_ends_inside_has_its_length_at_every_angle(degrees):
    half = 80 * np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
    centre = np.array([191.5 + 0.3 * degrees, 190 - 0.2 * degrees])
    assert trace(clean([centre - half, centre + half])).length == pytest.approx(160, rel=0.02)


def test_a_circle_has_its_circumference_and_curvature():
    a = np.linspace(0, 2 * np.pi, 2000)
    m = measured(clean(np.stack([191 + 120 * np.cos(a), 191 + 120 * np.sin(a)], 1)))
    assert m.length * 1000 / STANDARD_UM == pytest.approx(2 * np.pi * 120, rel=0.02)
    assert m.mean_curvature == pytest.approx(1000 / (120 * STANDARD_UM), rel=0.06)


def test_two_crossing_nerves_are_two_trunks_and_no_branch():
    m = measured(clean(through(0.3), through(1.6)))
    assert (m.trunks, m.branch_points) == (2, 0)


def test_a_y_is_one_trunk_and_one_branch_point():
    m = measured(clean(through(0.4), [(191.5, 191.5), (330, 383.5)]))
    assert (m.trunks, m.branch_points, m.trunk_branch_points) == (1, 1, 1)


def test_parallel_nerves_stay_apart():
    m = measured(clean(*(through(1.2, k * 16.0) for k in range(-5, 6)), noise=6))
    assert m.trunks == 11


@pytest.mark.parametrize("width", [2.4, 3.6, 5.0, 7.0, 9.0])
def test_width_is_the_full_width_at_half_maximum(width):
    t = trace(clean(through(1.0), width=width))
    assert t.nerves[0].width == pytest.approx(width, rel=0.1)


def test_one_thick_nerve_is_one_line():
    m = measured(clean(through(0.7), width=10.0, noise=6))
    assert m.trunks == 1
    assert m.length == pytest.approx(line_length(through(0.7)) * STANDARD_UM / 1000, rel=0.02)


def texture(kind):
    rng = np.random.default_rng(3)
    from scipy import ndimage

    flat = np.full((SIDE, SIDE), 90.0)
    return {
        "black": flat * 0,
        "white": flat * 0 + 255,
        "grey": flat,
        "speckle": 60 * rng.gamma(4, 0.25, (SIDE, SIDE)),
        "coarse speckle": 60 + 60 * ndimage.gaussian_filter(rng.normal(0, 1, (SIDE, SIDE)), 1.2),
        "white noise": rng.normal(80, 25, (SIDE, SIDE)),
        "edge": flat + 60 * (np.mgrid[:SIDE, :SIDE][0] > 200),
        "ramp": np.mgrid[:SIDE, :SIDE][0] * 0.6,
        "vignette": 160 * np.exp(-((np.mgrid[:SIDE, :SIDE] - 191.5) ** 2).sum(0) / 2e4),
    }[kind]


@pytest.mark.parametrize(
    "kind", ["black", "white", "grey", "speckle", "coarse speckle", "white noise", "edge", "ramp", "vignette"]
)
def test_a_frame_without_nerves_gives_zeros(kind):
    m = measured(np.clip(texture(kind), 0, 255))
    assert (m.length, m.trunks, m.branch_points, m.nerve_area) == (0, 0, 0, 0)
    assert m.width is m.fractal_dimension is m.mean_curvature is None


@pytest.mark.parametrize(
    "scene",
    [
        Scene(trunks=0, branches=0, cells=0, folds=1),
        Scene(trunks=0, branches=0, cells=0, folds=3),
        Scene(trunks=0, branches=0, cells=6),
        Scene(epithelium=True, cells=0),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_folds_dendritic_cells_and_epithelium_are_not_nerves(scene, seed):
    m = measured(simulate_frame(scene, seed).image)
    assert m.length / m.area < 0.6


@pytest.mark.parametrize("grain", [0.6, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0])
def test_grain_of_any_size_is_no_nerve(grain):
    from scipy import ndimage

    rng = np.random.default_rng(int(10 * grain))
    soft = ndimage.gaussian_filter(rng.normal(0, 1, (SIDE, SIDE)), grain)
    assert trace(np.clip(60 + 25 * soft / soft.std(), 0, 255).astype(np.float32)).length == 0


def test_soft_borders_of_folds_are_hardly_ever_traced():
    found = []
    for seed in range(500, 520):
        scene = Scene(trunks=0, branches=0, cells=0, fold_borders=3)
        found.append(trace(simulate_frame(scene, seed).image.astype(np.float32)).length)
    assert sum(length > 0 for length in found) <= 1


@pytest.mark.parametrize("seed", range(3))
def test_density_falls_down_the_ladder(seed):
    frames = density_ladder(range(9, -1, -1), seed)
    found = [measured(f.image).length for f in frames]
    assert all(a > b for a, b in pairwise(found))
    assert found[-1] == 0


def test_simulated_frames_are_recovered():
    off = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        scene = replace(
            Scene(),
            trunks=int(rng.integers(1, 9)),
            branches=int(rng.integers(0, 7)),
            folds=int(rng.integers(0, 2)),
            angle=float(rng.uniform(0, 3.1)),
        )
        frame = simulate_frame(scene, seed)
        off.append(measured(frame.image).length / 0.16 - frame.cnfl)
    assert abs(np.mean(off)) < 0.6
    assert np.max(np.abs(off)) < 2.0


def shifted(image, axis):
    """Move by one pixel, the border pixels going on outside."""
    return np.take(image, np.maximum(np.arange(SIDE) - 1, 0), axis)


@pytest.mark.parametrize("seed", range(4))
def test_turning_flipping_and_shifting_change_little(seed):
    scene = Scene(trunks=6, branches=4, noise=0, cells=0, beading=0)
    image = simulate_frame(scene, seed).image.astype(np.float32)
    cnfl = trace(image).length
    for other in (np.rot90(image), np.rot90(image, 2), image[::-1], image[:, ::-1], image.T):
        assert trace(np.ascontiguousarray(other)).length == pytest.approx(cnfl, rel=0.02)
    for axis in (0, 1):
        assert trace(shifted(image, axis)).length == pytest.approx(cnfl, rel=0.01)


def test_on_noisy_frames_too():
    change = []
    for seed in range(6):
        image = simulate_frame(Scene(trunks=6, branches=6), seed).image.astype(np.float32)
        cnfl = trace(image).length
        for other in (np.rot90(image), image[:, ::-1]):
            assert trace(np.ascontiguousarray(other)).length == pytest.approx(cnfl, rel=1e-3)
        change += [abs(trace(shifted(image, axis)).length / cnfl - 1) for axis in (0, 1)]
    assert np.median(change) < 0.005
    assert np.max(change) < 0.025


def test_no_line_is_laid_beside_a_strong_one():
    t = trace(clean(through(1.1), level=200.0, glow=20.0))
    assert len(t.nerves) == 1


def test_centre_lines_lie_on_the_nerve():
    line = through(0.9, 30)
    rows, columns = np.nonzero(centre_lines(trace(clean(line, noise=8))))
    c, s = math.cos(0.9), math.sin(0.9)
    across = (columns - 191.5) * -s + (rows - 191.5) * c
    assert np.abs(across - 30).max() < 1.5


def test_another_pixel_size_gives_the_same_length():
    from scipy import ndimage

    image = clean(through(0.5, 10), noise=4)
    fine = np.asarray(ndimage.zoom(image, 2, order=1, grid_mode=True, mode="nearest"), np.float32)
    again = resample(fine, (STANDARD_UM / 2, STANDARD_UM / 2))
    assert again.shape == image.shape
    assert trace(again).length == pytest.approx(trace(image).length, rel=0.01)


def test_a_branch_is_no_trunk():
    t = trace(clean(through(0.4), [(191.5, 191.5), (330, 383.5)]))
    assert sorted(is_trunk(n, t.shape) for n in t.nerves) == [False, True]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 60), st.integers(20, 60))
def test_any_picture_is_survived(seed, rows, columns):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (rows * 3, columns * 3)).astype(np.float32)
    image[rng.integers(0, rows * 3, 3)] = 255
    m = measured(image)
    assert m.length >= 0
    assert np.isfinite([m.length, m.area, m.nerve_area]).all()
