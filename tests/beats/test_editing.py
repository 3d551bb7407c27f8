"""Editing of beats: what is edited, and above all what is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.beats.editing import _quartile_deviation, edit, running_median
from nociscope.beats.series import clock_step


def regular(n: int = 300, seed: int = 0, sd: float = 0.02, mean: float = 0.85) -> np.ndarray:
    t = np.arange(n)
    rr = mean + 0.03 * np.sin(2 * np.pi * t / 4.7) + sd * np.random.default_rng(seed).standard_normal(n)
    return np.concatenate([[0.4], 0.4 + np.cumsum(rr)])


def test_healthy_variability_is_left_alone() -> None:
    recordings = [edit(regular(seed=seed, sd=sd)) for seed in range(50) for sd in (0.005, 0.03, 0.06)]
    touched = sum(bool(b.kinds) for b in recordings)
    assert touched <= 3  # of 150; at the published threshold about six
    assert sum(edit(regular(seed=s, sd=0.03), multiple=5.2).kinds != () for s in range(50)) >= touched / 3
    assert max(b.fraction for b in recordings) < 0.01


def test_strong_breathing_is_left_alone() -> None:
    rr = 1.05 + 0.22 * np.sin(2 * np.pi * np.arange(120) / 9.5)
    assert edit(np.cumsum(rr)).kinds == ()


def test_a_premature_beat_with_its_pause_costs_two_intervals() -> None:
    times = regular()
    times[100] -= 0.28
    beats = edit(times)
    assert beats.kinds == ("ectopic",)
    assert beats.edited_s[0] == pytest.approx(times[100])
    assert np.flatnonzero(~beats.normal).tolist() == [99, 100]
    assert beats.fraction == pytest.approx(1 / times.size)


def test_a_premature_atrial_beat_without_a_pause_is_found_where_variability_is_low() -> None:
    times = np.cumsum(0.85 + 0.012 * np.random.default_rng(4).standard_normal(300))
    times[100:] -= 0.18
    assert np.flatnonzero(~edit(times).normal).tolist() == [99]


def test_a_missed_beat_costs_one_interval() -> None:
    times = np.delete(regular(), 50)
    beats = edit(times)
    assert beats.kinds == ("missed",)
    assert np.flatnonzero(~beats.normal).tolist() == [49]


def test_an_extra_beat_is_taken_out_and_costs_no_interval() -> None:
    clean = regular()
    times = np.sort(np.append(clean, clean[70] + 0.3))
    beats = edit(times)
    assert beats.kinds == ("extra",)
    assert beats.normal.all()
    np.testing.assert_allclose(beats.times_s, clean)


def test_a_gap_is_a_gap_and_no_artefact() -> None:
    times = regular()
    times[150:] += 12.0
    beats = edit(times)
    assert beats.kinds == ()
    assert beats.gaps_s == ((times[149], times[150]),)
    assert beats.fraction == 0
    assert np.flatnonzero(~beats.normal).tolist() == [149]


def test_every_third_beat_ectopic_does_not_raise_the_threshold_above_itself() -> None:
    times = regular(n=299)
    places = np.arange(10, 290, 3)
    times[places] -= 0.30
    beats = edit(times)
    assert beats.kinds.count("ectopic") >= 0.95 * places.size


def test_an_odd_shape_is_ectopic_even_on_time() -> None:
    times = regular()
    odd = np.zeros(times.size, dtype=bool)
    odd[40] = True
    assert edit(times, odd).kinds == ("ectopic",)


def test_few_beats_are_no_trouble() -> None:
    for n in range(12):
        beats = edit(np.arange(n) * 0.8)
        assert beats.nn_s.size == max(n - 1, 0)
        assert beats.normal.all()


def test_a_part_has_the_beats_of_its_time() -> None:
    times = regular()
    times[100] -= 0.28
    part = edit(times).within(times[90] - 0.01, times[120] + 0.01)
    assert part.times_s.size == 31
    assert part.kinds == ("ectopic",)
    assert part.fraction == pytest.approx(1 / 31)
    assert edit(times).within(1e6, 2e6).times_s.size == 0


@given(st.lists(st.floats(0.01, 5.0), min_size=0, max_size=200))
def test_any_beats_give_whole_arrays(rr: list[float]) -> None:
    beats = edit(np.cumsum(np.asarray([0.0, *rr])))
    assert beats.nn_s.size == beats.normal.size == max(beats.times_s.size - 1, 0)
    assert len(beats.kinds) == beats.edited_s.size
    assert 0 <= beats.fraction <= 1
    assert np.isfinite(beats.nn_s).all()


def test_running_median_is_the_median() -> None:
    x = np.random.default_rng(2).standard_normal(60)
    assert running_median(x, 11)[30] == np.median(x[25:36])
    assert np.all(running_median(x[:5], 11) == np.median(x[:5]))
    assert _quartile_deviation(np.random.default_rng(1).standard_normal(5000), 91).mean() == pytest.approx(
        0.6745, abs=0.03
    )


@pytest.mark.parametrize(
    ("step", "coarse"), [(1 / 64, True), (0.01, True), (1 / 128, True), (0.001, False), (0.0, False)]
)
def test_the_clock_is_seen(step: float, coarse: bool) -> None:
    times = regular(sd=0.03)
    on_grid = np.round(np.round(times / step) * step, 3) if step else times
    assert (clock_step(on_grid) > 0) is coarse
    if coarse:
        assert clock_step(on_grid) == pytest.approx(step, rel=0.03)
