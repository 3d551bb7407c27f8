"""Readings of hand-made epochs: side difference, windows, failures, and figures of them."""

from dataclasses import replace

import numpy as np
import pytest

from nociscope.assays.lep import ASSAY
from nociscope.assays.lep.recording import LepRecording, Scalp, Stimulated
from nociscope.assays.lep.scalp import position
from nociscope.assays.lep.settings import LepSettings
from tests.assays.lep.visits import get

T = np.arange(-0.5, 1.0, 0.004)
SETTINGS = LepSettings(resamples=300)


def noise(n, rng, size):
    raw = rng.standard_normal((n, len(T) + 40))
    kernel = np.hanning(15)
    smooth = np.apply_along_axis(np.convolve, 1, raw, kernel / np.sqrt((kernel**2).sum()), "same")
    return size * smooth[:, 20:-20]


def wave(size=1.0, n2=0.22, p2=0.36):
    return size * (-12 * np.exp(-0.5 * ((T - n2) / 0.026) ** 2) + 12 * np.exp(-0.5 * ((T - p2) / 0.045) ** 2))


def stimulated(side="left", site="hand_dorsum", size=1.0, n=30, seed=0, **changes):
    rng = np.random.default_rng(seed)
    made = Stimulated(
        site=site,
        side=side,
        times_s=T,
        vertex_uv=wave(size) + noise(n, rng, 4.0),
        kept=np.ones(n, dtype=bool),
        energy_j=np.full(n, 3.0),
        rating=np.full(n, 5.0),
        block=tuple(str(k * 3 // n + 1) for k in range(n)),
        order=np.arange(n, dtype=float),
        all_ratings=np.full(n, 5.0),
        all_rating_blocks=tuple(str(k * 3 // n + 1) for k in range(n)),
        reference="ears (A1, A2)",
        source="sub-01/eeg/x.vhdr",
    )
    return replace(made, **changes)


def measure(*conditions, settings=SETTINGS):
    return ASSAY.measure(LepRecording(stimulated=conditions), settings)


def test_side_difference_is_the_formula():
    readings = measure(stimulated("left"), stimulated("right", size=0.6, seed=1))
    left, right = (get(readings, "n2p2_amplitude", "average:all", side=s).value for s in ("left", "right"))
    r = get(readings, "side_difference")
    assert r.side == "both"
    assert r.value == pytest.approx(100 * abs(left - right) / ((left + right) / 2))
    assert r.low < 50 < r.high
    assert "left larger" in r.remark


def test_equal_sides_may_differ_by_nothing():
    r = get(measure(stimulated("left"), stimulated("right", seed=3)), "side_difference")
    assert r.low == 0
    assert r.value <= r.high


def test_an_absent_side_gives_a_lower_bound():
    readings = measure(stimulated("left"), stimulated("right", size=0.0, seed=1))
    r = get(readings, "side_difference")
    assert r.censored == "above"
    assert 50 < r.value < 200
    assert "right" in r.remark
    both = get(measure(stimulated("left", size=0.0), stimulated("right", size=0.0, seed=1)), "side_difference")
    assert both.value is None


def test_a_failed_side_gives_none():
    failed = stimulated("right", vertex_uv=None, failed="the signal of Cz is flat")
    r = get(measure(stimulated("left"), failed), "side_difference")
    assert (r.value, r.quality) == (None, "failed")


def test_no_side_difference_between_sites():
    readings = measure(stimulated("left"), stimulated("right", site="foot_dorsum", seed=1))
    assert not [r for r in readings if r.measure == "side_difference"]


def test_a_response_outside_every_window_is_no_peak_at_an_edge():
    early = stimulated(vertex_uv=wave(n2=0.09, p2=0.13) + noise(30, np.random.default_rng(4), 0.4))
    readings = measure(early)
    for r in readings:
        if r.measure == "n2_latency" and r.value is not None:
            assert not 148 < r.value < 152
        if r.measure == "p2_latency" and r.value is not None:
            assert not 278 < r.value < 282


def test_few_trials_are_poor_and_too_few_fail():
    assert get(measure(stimulated(n=12)), "n2_latency").quality == "poor"
    r = get(measure(stimulated(n=4)), "n2_latency")
    assert (r.value, r.quality) == (None, "failed")


def test_windows_of_the_settings_are_used():
    late = stimulated(vertex_uv=wave(n2=0.33, p2=0.47) + noise(30, np.random.default_rng(5), 2.0))
    settings = replace(SETTINGS, windows={"hand_dorsum": {"n2": [250, 400], "p2": [400, 600]}})
    readings = measure(late, settings=settings)
    assert get(readings, "n2_latency", "average:all").value == pytest.approx(330, abs=6)


def test_series_average_to_the_whole():
    readings = measure(stimulated())
    parts = [get(readings, "n2p2_amplitude", f"average:block-{b}").value for b in (1, 2, 3)]
    assert np.mean(parts) == pytest.approx(get(readings, "n2p2_amplitude", "average:all").value, rel=0.02)


def test_figures_say_what_they_show():
    names = ["CZ", "FZ", "PZ", "C3", "C4", "F3", "F4", "P3", "P4", "T7", "T8", "O1", "O2", "FC1", "FC2", "CP1", "CP2"]
    times = np.arange(-0.19, 0.7, 0.02)
    spread = np.array([np.exp(-2 * np.hypot(*position(n)) ** 2) for n in names])
    bins = (np.interp(times, T, wave())[None] * spread[:, None]).astype(np.float32)
    scalp = Scalp(
        names=tuple(names),
        positions=np.array([position(n) for n in names]),
        times_s=times,
        bins_uv=np.repeat(bins[None], 30, axis=0),
    )
    settings = replace(SETTINGS, time_frequency=True)
    recording = LepRecording(stimulated=(stimulated(scalp=scalp), stimulated("right", size=0.0, seed=1)))
    readings = ASSAY.measure(recording, settings)
    figures = {f.name: f for f in ASSAY.draw(recording, readings, (), settings)}
    assert {"waves-hand-dorsum-left", "habituation-hand-dorsum-left", "scalp-hand-dorsum-left"} <= set(figures)
    assert "time-frequency-hand-dorsum-left" in figures
    assert "habituation-hand-dorsum-right" not in figures
    assert "no peak is marked" in figures["waves-hand-dorsum-right"].caption
    n2 = get(readings, "n2_latency", "average:all").value
    assert f"N2 {n2:.0f} ms" in figures["waves-hand-dorsum-left"].caption
    assert f"N2 {n2:.0f} ms" in figures["waves-hand-dorsum-left"].svg
    assert sum(len(f.svg) for f in figures.values()) < 600_000


def lateral(size, seed, n=30):
    n1 = size * np.exp(-0.5 * ((T - 0.16) / 0.014) ** 2)
    return n1 + noise(n, np.random.default_rng(seed), 4.0)


def test_a_small_n1_is_not_shown_but_its_size_is_given_for_group_means():
    shown = 0
    sizes = []
    for seed in range(25):
        s = stimulated(lateral_uv=lateral(-1.0, 100 + seed), lateral_name="T8-Fz")
        readings = measure(s)
        selected = get(readings, "n1_amplitude", "average:all")
        every = get(readings, "n1_amplitude", "unselected average")
        assert every.low < every.value < every.high
        sizes.append(every.value)
        if selected.value is None:
            assert "above the noise" in selected.remark
            continue
        shown += 1
        assert selected.value == every.value
        assert selected.low < selected.value
        assert selected.high >= every.high  # nearer to 0 than an interval that does not know of the selection
        if selected.high == 0:
            assert selected.quality == "poor"
            assert "too large" in selected.remark
    assert shown < 15
    assert np.mean(sizes) == pytest.approx(-1.3, abs=0.5)


def test_a_large_n1_has_the_same_interval_either_way():
    readings = measure(stimulated(lateral_uv=lateral(-9.0, 7), lateral_name="T8-Fz"))
    selected, every = (get(readings, "n1_amplitude", kind) for kind in ("average:all", "unselected average"))
    assert selected.low == pytest.approx(every.low, abs=0.01)
    assert selected.high == pytest.approx(every.high, abs=0.01)
    assert selected.quality == "good"


def test_without_a_response_nothing_is_said_of_n1():
    readings = measure(stimulated(size=0.0, lateral_uv=lateral(-9.0, 7), lateral_name="T8-Fz"))
    assert [r.value for r in readings if r.measure == "n1_amplitude"] == [None]


def test_methods_can_be_told_apart_by_a_part_of_them():
    readings = measure(stimulated())
    sizes = [r.method for r in readings if r.measure == "n2p2_amplitude"]
    for part, count in (("average:all", 1), ("average:block-1", 1), ("average:block-3", 1), ("single", 1)):
        assert sum(part in m for m in sizes) == count
