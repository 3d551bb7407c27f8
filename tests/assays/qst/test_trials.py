"""Worked examples of every aggregation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.assays.qst import ASSAY
from nociscope.assays.qst.settings import Settings
from nociscope.assays.qst.trials import geometric_mean, mean_with_interval
from nociscope.tables import Reading
from tests.assays.qst.visits import trial_text, trial_visit


@pytest.fixture
def one(tmp_path):
    def measure(*rows: str, settings: Settings | None = None) -> Reading:
        used = settings or Settings()
        recording = ASSAY.read(trial_visit(tmp_path, trial_text(*rows)), used)
        assert all(p.severity == "note" for p in recording.problems)
        (reading,) = ASSAY.measure(recording, used)
        return reading

    return measure


def limits(code: str, values: list[float], unit: str = "degC", response: str = "yes") -> list[str]:
    return [f"foot_dorsum left {code} {i + 1} {v} {unit} n/a {response}" for i, v in enumerate(values)]


def test_cold_detection_is_the_mean_magnitude_from_32(one) -> None:
    r = one(*limits("cdt", [30.0, 29.0, 31.0]))
    assert (r.value, r.n, r.method, r.unit, r.censored) == (pytest.approx(2.0), 3, "limits", "delta_degC", "none")
    # Student interval of log(mean) by the delta method: t(0.975, 2) = 4.30265, standard error 1/sqrt(3), mean 2
    factor = math.exp(4.302652729911275 / math.sqrt(3) / 2)
    assert r.low == pytest.approx(2 / factor)
    assert r.high == pytest.approx(2 * factor)


def test_heat_pain_is_the_mean_with_student_interval(one) -> None:
    r = one(*limits("hpt", [44.0, 45.0, 46.0]))
    half = 4.302652729911275 / math.sqrt(3)
    assert (r.value, r.low, r.high) == (pytest.approx(45), pytest.approx(45 - half), pytest.approx(45 + half))


@pytest.mark.parametrize(
    ("code", "values", "unit", "censored"),
    [
        ("hpt", [49.0, 50.0, 48.5], "degC", "above"),
        ("cpt", [0.0, 3.0, 2.0], "degC", "below"),
        ("cdt", [0.0, 5.0, 3.0], "degC", "above"),
        ("wdt", [50.0, 49.0, 48.0], "degC", "above"),
        ("vdt", [8, 8, 8], "n/8", "above"),
        ("vdt", [0, 0, 0], "n/8", "below"),
        ("hpt", [45.0, 46.0, 45.0], "degC", "none"),
    ],
)
def test_the_end_of_the_range_is_censored(one, code: str, values: list[float], unit: str, censored: str) -> None:
    r = one(*limits(code, values, unit))
    assert r.censored == censored
    assert r.value == pytest.approx(np.mean([abs(v - 32) if code in ("cdt", "wdt") else v for v in values]))
    assert ("end of the range" in r.remark) == (censored != "none")


def test_the_cut_off_is_a_setting(one) -> None:
    rows = limits("hpt", [50.0, 50.5, 51.0])
    assert one(*rows).censored == "above"
    assert one(*rows, settings=Settings(heat_cutoff_c=55.0)).censored == "none"


def test_equal_trials_have_no_interval_of_width_zero(one) -> None:
    r = one(*limits("vdt", [7, 7, 7], "n/8"))
    assert (r.value, r.low, r.high) == (7, None, None)


def test_few_trials_are_said(one) -> None:
    r = one(*limits("ppt", [300.0], "kPa"))
    assert (r.quality, r.low, r.n) == ("poor", None, 1)
    assert "1 of the usual 3" in r.remark


def test_limen_of_temperatures_and_of_spans(one) -> None:
    alternating = [
        f"foot_dorsum left tsl {i} {v} degC {d}"
        for i, (v, d) in enumerate([(36, "up"), (30, "down"), (37, "up"), (29, "down"), (35, "up"), (31, "down")])
    ]
    assert one(*alternating).value == pytest.approx(36 - 30)
    assert one(*limits("tsl", [6.0, 7.0, 8.0], "delta_degC")).value == pytest.approx(7)
    assert one(*limits("tsl", [6.0, 7.0, 8.0], "degC")).value == pytest.approx(7)


def test_warm_detections_alone_are_no_limen(one) -> None:
    r = one(*(f"foot_dorsum left tsl {i} {v} degC up" for i, v in enumerate([36, 37, 35])))
    assert (r.value, r.quality) == (None, "failed")


def turning(code: str, pairs: list[tuple[float, str, str]]) -> list[str]:
    return [f"foot_dorsum left {code} {i} {v} mN {d} {a}" for i, (v, d, a) in enumerate(pairs)]


def test_mechanical_thresholds_are_geometric_means_of_turning_points(one) -> None:
    r = one(*turning("mpt", [(128, "up", "yes"), (32, "down", "no")] * 5))
    assert r.value == pytest.approx(64)
    assert (r.n, r.censored, r.quality) == (10, "none", "good")
    sd = math.log(2) * math.sqrt(10 / 9)
    assert r.high == pytest.approx(64 * math.exp(2.262157162798205 * sd / math.sqrt(10)))


def test_never_felt_at_the_strongest_is_censored_above(one) -> None:
    r = one(*turning("mdt", [(512, "up", "no")] * 5))
    assert (r.value, r.censored) == (pytest.approx(512), "above")
    assert "not felt at the strongest" in r.remark


def test_still_felt_at_the_weakest_is_censored_below(one) -> None:
    assert one(*turning("mdt", [(0.25, "down", "yes"), (0.5, "up", "yes")] * 5)).censored == "below"


def ratings(code: str, values: list[float], direction: str = "n/a") -> list[str]:
    return [f"foot_dorsum left {code} {i} 256 mN {direction} n/a {v}" for i, v in enumerate(values)]


def test_pain_sensitivity_is_a_geometric_not_an_arithmetic_mean(one) -> None:
    r = one(*ratings("mps", [1, 100]))
    assert r.value == pytest.approx(math.sqrt(1.1 * 100.1) - 0.1)
    assert r.value == pytest.approx(10, abs=0.5)
    assert one(*ratings("mps", [5, 5, 5])).value == pytest.approx(5)


def test_allodynia_of_zeros_is_zero(one) -> None:
    assert one(*ratings("dma", [0, 0, 0])).value == 0.0
    assert (one(*ratings("dma", [0, 0, 3])).value or 0) > 0


def test_wind_up_is_a_ratio_of_means(one) -> None:
    r = one(*ratings("wur", [10, 20, 30, 20, 20], "single"), *ratings("wur", [40, 50, 60, 50, 50], "train"))
    assert (r.value, r.n, r.method) == (pytest.approx(2.5), 5, "ratings:ratio")
    assert r.low is not None
    assert r.high is not None
    assert r.low < 2.5 < r.high


def test_wind_up_over_zero_is_undefined_not_one(one) -> None:
    r = one(*ratings("wur", [0, 0, 0], "single"), *ratings("wur", [4, 5, 6], "train"))
    assert (r.value, r.quality) == (None, "failed")
    assert "undefined" in r.remark


def test_wind_up_over_zero_is_said_when_read(tmp_path) -> None:
    rows = [*ratings("wur", [0, 0], "single"), *ratings("wur", [4, 5], "train")]
    (problem,) = ASSAY.read(trial_visit(tmp_path, trial_text(*rows)), Settings()).problems
    assert (problem.severity, problem.column) == ("note", "rating")
    assert "sub-01_task-qst_beh.tsv" in problem.sentence()


def test_wind_up_needs_both(one) -> None:
    assert one(*ratings("wur", [1, 2, 3], "train")).value is None


def test_paradoxical_heat_is_counted(one) -> None:
    r = one(*(f"foot_dorsum left phs {i} n/a n/a n/a {a}" for i, a in enumerate(["yes", "no", "yes"])))
    assert (r.value, r.n, r.unit) == (2.0, 3, "count")


positive = st.floats(0.1, 500.0)


@given(st.lists(positive, min_size=2, max_size=12), st.floats(0.1, 10.0))
def test_the_geometric_mean_keeps_scale_and_bounds(values: list[float], factor: float) -> None:
    value, low, high = geometric_mean(values)
    assert min(values) * (1 - 1e-9) <= value <= max(values) * (1 + 1e-9)
    assert value <= mean_with_interval(values)[0] * (1 + 1e-9)
    scaled, *_ = geometric_mean([v * factor for v in values])
    assert scaled == pytest.approx(value * factor)
    if low is not None and high is not None:
        assert low <= value <= high


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12))
def test_the_offset_keeps_ratings_in_their_range(values: list[float]) -> None:
    value, *_ = geometric_mean(values, 0.1)
    assert min(values) - 1e-9 <= value <= max(values) + 1e-9


def test_the_student_intervals_hold_their_level() -> None:
    rng = np.random.default_rng(3)
    inside = []
    for row in rng.normal(45, 0.5, (600, 3)):
        _, low, high = mean_with_interval(list(row))
        inside.append(low <= 45 <= high)
    assert 0.92 <= np.mean(inside) <= 0.98


def test_the_log_student_intervals_hold_their_level() -> None:
    rng = np.random.default_rng(4)
    inside = []
    for row in rng.normal(3.0, 0.3, (600, 3)):
        _, low, high = mean_with_interval(list(row), log=True)
        inside.append(low <= 3.0 <= high)
    assert 0.92 <= np.mean(inside) <= 0.98
