"""Variability: definitions by hand, known spectra, windows, clocks, and the published recipe."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal as sp

from nociscope.assays.hrv import ASSAY, HrvRecording, HrvSettings, measure, recipe_of
from nociscope.assays.hrv.spectrum import BANDS, _even, _scargle, spectrum, without_trend
from nociscope.assays.hrv.time_domain import differences_ms, freedom, pnn50, standard_deviation
from nociscope.assays.hrv.windows import windows_of
from nociscope.beats.series import BeatSeries, clock_step
from nociscope.tables import Reading
from nociscope.testing import check_assay


def series(times: np.ndarray, task: str = "rest", clock: float | None = None) -> BeatSeries:
    return BeatSeries(
        times_s=times,
        odd_shape=np.zeros(times.size, dtype=bool),
        duration_s=float(times[-1]),
        task=task,
        source="sub-01/beh/x.tsv.gz",
        clock_s=clock,
        resolution_s=clock_step(times),
    )


def readings(times: np.ndarray, settings: HrvSettings | None = None, **more: object) -> dict[str, Reading]:
    found = measure(HrvRecording(series=(series(times, **more),)), settings)  # type: ignore[arg-type]
    assert len({r.measure for r in found}) == len(found)
    return {r.measure: r for r in found}


def value(found: dict[str, Reading], name: str) -> float:
    assert found[name].value is not None, found[name].remark
    return float(found[name].value or 0)


def sines(length_s: float, mean: float, *parts: tuple[float, float]) -> np.ndarray:
    """Beats whose interval is mean + sum of A sin(2 pi f t) at its own middle."""
    times = [0.3]
    while times[-1] < length_s:
        rr = mean
        for _ in range(20):
            rr = mean + sum(a * np.sin(2 * np.pi * f * (times[-1] + rr)) for a, f in parts)
        times.append(times[-1] + rr)
    return np.asarray(times)


@pytest.mark.parametrize("length", [300.0, 310.0, 900.0])
@pytest.mark.parametrize("mean", [0.75, 0.85, 0.95])
@pytest.mark.parametrize(("lf", "hf"), [(0.10, 0.25), (0.07, 0.22), (0.12, 0.28)])
def test_a_known_spectrum_is_found_within_3_percent(length: float, mean: float, lf: float, hf: float) -> None:
    found = readings(sines(length, mean, (0.030, lf), (0.020, hf)))
    assert value(found, "lf") == pytest.approx(450.0, rel=0.03)
    assert value(found, "hf") == pytest.approx(200.0, rel=0.03 if mean * hf < 0.24 else 0.05)
    assert value(found, "lf_lomb") == pytest.approx(450.0, rel=0.05)
    assert value(found, "hf_lomb") == pytest.approx(200.0, rel=0.05)
    assert value(found, "lf_nu") + value(found, "hf_nu") == pytest.approx(100.0)
    assert value(found, "lf_hf") == pytest.approx(value(found, "lf") / value(found, "hf"))
    assert value(found, "total") == pytest.approx(sum(value(found, b) for b in ("vlf", "lf", "hf")))
    assert "welch" in found["lf"].method


@given(st.integers(0, 10_000), st.floats(500, 1200), st.floats(5, 45))
def test_time_domain_measures_are_the_definitions(seed: int, mean: float, sd: float) -> None:
    rr = np.clip(np.random.default_rng(seed).normal(mean, sd, 350), mean - 3 * sd, mean + 3 * sd)
    found = readings(np.concatenate([[0.5], 0.5 + np.cumsum(rr) / 1000]))
    if value(found, "artefact_fraction") > 0:
        return
    d = np.diff(rr)
    expected = {
        "mean_nn": rr.mean(),
        "heart_rate": 60_000 / rr.mean(),
        "sdnn": rr.std(ddof=1),
        "rmssd": np.sqrt(np.mean(d**2)),
        "sdsd": d.std(ddof=1),
        "pnn50": 100 * np.mean(np.abs(d) > 50),
        "sd1": d.std(ddof=1) / np.sqrt(2),
    }
    for name, want in expected.items():
        assert value(found, name) == pytest.approx(want, rel=1e-6, abs=1e-6)
        assert (found[name].low or 0) <= want * (1 + 1e-6) + 1e-6
        assert want <= (found[name].high or 0) * (1 + 1e-6) + 1e-6


def test_a_difference_of_exactly_50_ms_does_not_count() -> None:
    rr = np.tile([0.800, 0.850], 30)
    times = np.concatenate([[0.0], np.cumsum(rr)])
    d = differences_ms(1000 * np.diff(times), np.ones(rr.size, dtype=bool))
    assert pnn50(d).value == 0
    assert pnn50(d * 1.001).value == 100


def test_the_spectrum_is_scipys() -> None:
    rng = np.random.default_rng(5)
    rr = 850 + 30 * rng.standard_normal(900)
    times = np.cumsum(rr) / 1000
    recipe = recipe_of(HrvSettings())
    found = spectrum(times, rr, recipe)
    even = _even(times, rr, 4.0)
    f, density = sp.welch(even, 4.0, "hann", nperseg=1024, detrend="linear")
    np.testing.assert_allclose(found.density, density, rtol=1e-9, atol=1e-12)
    inside = (f >= 0.04) & (f < 0.15)
    assert found.power["lf"] == pytest.approx(density[inside].sum() * f[1])


def test_the_periodogram_is_scipys() -> None:
    rng = np.random.default_rng(6)
    t, x, f = np.sort(rng.uniform(0, 200, 220)), rng.standard_normal(220), np.linspace(0.05, 0.4, 40)
    np.testing.assert_allclose(_scargle(t, x, f), sp.lombscargle(t, x, 2 * np.pi * f), rtol=1e-6)


def test_ectopics_hardly_change_the_measures() -> None:
    rng = np.random.default_rng(9)
    rr = 0.85 + 0.02 * np.sin(2 * np.pi * 0.1 * np.arange(360)) + 0.015 * rng.standard_normal(360)
    clean = np.concatenate([[0.0], np.cumsum(rr)])
    dirty = clean.copy()
    dirty[[50, 130, 210, 300]] -= 0.30
    before, after = readings(clean), readings(dirty)
    assert value(before, "artefact_fraction") == 0
    assert value(after, "artefact_fraction") == pytest.approx(4 / 361)
    for name, tolerance in {"mean_nn": 0.002, "sdnn": 0.03, "rmssd": 0.03, "lf": 0.1, "hf": 0.15}.items():
        assert value(after, name) == pytest.approx(value(before, name), rel=tolerance)
    assert "4 ectopic" in after["artefact_fraction"].remark


def test_a_gap_is_said_and_not_bridged_by_a_difference() -> None:
    times = sines(700, 0.85, (0.03, 0.1), (0.02, 0.25))
    times[400:] += 40.0
    found = readings(times)
    assert "1 gap in the recording" in found["sdnn"].remark
    assert "left out for holes" in found["lf"].remark
    assert value(found, "lf") == pytest.approx(450, rel=0.05)


@pytest.mark.parametrize(
    ("length", "task", "clock", "names"),
    [
        (120, "rest", None, ["under4min"]),
        (299, "rest", None, ["5min"]),
        (330, "rest", None, ["5min"]),
        (1800, "rest", None, ["over6min"]),
        (8 * 3600, "sleep", None, ["night"]),
        (8 * 3600, "sleep", 22.5 * 3600, ["night"]),
        (86_000, "holter", None, ["24h"]),
        (86_000, "holter", 10 * 3600, ["24h", "night"]),
    ],
)
def test_windows_by_length_task_and_clock(length: float, task: str, clock: float | None, names: list[str]) -> None:
    times = np.arange(0, length, 0.8)
    assert [w.name for w in windows_of(series(times, task, clock), HrvSettings())] == names


def test_the_night_is_cut_by_the_clock() -> None:
    times = np.arange(0, 8.5 * 3600, 0.8)
    (night,) = windows_of(series(times, "sleep", 22.5 * 3600), HrvSettings())
    assert (night.start_s, night.end_s) == (1.5 * 3600, 7.5 * 3600)


def test_five_minutes_can_be_cut_out_of_a_longer_rest() -> None:
    times = sines(900, 0.85, (0.03, 0.1), (0.02, 0.25))
    found = readings(times, HrvSettings(start_s=120, length_s=300))
    assert "window:5min" in found["sdnn"].method
    assert 340 <= (found["sdnn"].n or 0) <= 354
    assert "window:over6min" in readings(times)["sdnn"].method


def test_a_day_has_sdann_and_triangular_index() -> None:
    rng = np.random.default_rng(1)
    rr = 0.85 + 0.08 * np.sin(np.arange(90_000) / 15_000) + 0.02 * rng.standard_normal(90_000)
    found = readings(np.cumsum(rr), task="holter")
    piece = (np.cumsum(rr)[1:] - np.cumsum(rr)[1]) // 300
    means = [1000 * rr[1:][piece == k].mean() for k in np.unique(piece)]
    assert value(found, "sdann") == pytest.approx(np.std(means, ddof=1), rel=0.01)
    assert value(found, "triangular_index") > 5


def test_a_clock_of_a_64th_gives_no_rmssd_below_its_floor() -> None:
    fine = sines(300, 0.85, (0.02, 0.1), (0.015, 0.25))
    coarse = np.round(np.round(fine * 64) / 64, 3)
    found = readings(coarse)
    assert found["rmssd"].value is None
    assert "too coarse" in found["rmssd"].remark
    assert "49 ms" in found["rmssd"].remark
    assert found["sdsd"].value is found["pnn50"].value is found["sd1"].value is None
    assert found["sdnn"].value is not None


def test_too_few_beats_have_no_values_and_say_so() -> None:
    found = readings(np.arange(8) * 0.8)
    assert {r.value for r in found.values() if r.measure != "artefact_fraction"} == {None}
    assert "8" not in found["sdnn"].remark or "normal intervals" in found["sdnn"].remark


def test_no_variability_is_no_division_by_zero() -> None:
    found = readings(np.arange(0, 300, 0.8))
    assert value(found, "sdnn") == pytest.approx(0, abs=1e-6)
    assert np.isfinite([r.value for r in found.values() if r.value is not None]).all()


def test_a_minute_is_needed_for_a_spectrum() -> None:
    found = readings(sines(45, 0.8, (0.02, 0.25)))
    assert found["lf"].value is None
    assert "too few for a spectrum" in found["lf"].remark
    assert found["rmssd"].value is not None


def test_the_kubios_preset_takes_the_trend_off_everything() -> None:
    rng = np.random.default_rng(2)
    rr = 850 + np.linspace(0, 120, 360) + 20 * rng.standard_normal(360)
    times = np.concatenate([[0.0], np.cumsum(rr) / 1000])
    plain, preset = readings(times), readings(times, HrvSettings(preset="kubios"))
    assert value(preset, "sdnn") == pytest.approx(without_trend(rr, 500).std(ddof=1), rel=1e-6)
    assert value(preset, "sdnn") < 0.7 * value(plain, "sdnn")
    assert "smoothness priors 500" in preset["lf"].method
    assert "300 s" in preset["lf"].method
    assert value(preset, "mean_nn") == pytest.approx(value(plain, "mean_nn"))


def test_smoothness_priors_solve_their_equation() -> None:
    z = np.random.default_rng(0).standard_normal(40) + np.linspace(0, 5, 40)
    d = np.diff(np.eye(40), 2, axis=0)
    trend = np.linalg.solve(np.eye(40) + 50.0**2 * d.T @ d, z)
    np.testing.assert_allclose(without_trend(z, 50.0), z - trend + z.mean(), rtol=1e-8)


def test_degrees_of_freedom_of_independent_and_of_slow_series() -> None:
    rng = np.random.default_rng(0)
    white = rng.standard_normal(2000)
    assert freedom(white) == pytest.approx(1999, rel=0.15)
    slow = sp.lfilter([1], [1, -0.9], rng.standard_normal(4000))
    assert freedom(slow) == pytest.approx(4000 * (1 - 0.81) / (1 + 0.81), rel=0.4)


def test_intervals_cover_the_process_behind_a_series() -> None:
    hits = 0
    for seed in range(200):
        x = sp.lfilter([1], [1, -0.6], np.random.default_rng(seed).standard_normal(600))[200:]
        found = standard_deviation(x)
        hits += (found.low or 0) <= 1 / np.sqrt(1 - 0.36) <= (found.high or 0)
    assert 0.90 <= hits / 200 <= 0.99


def test_bands_are_those_of_the_task_force() -> None:
    assert BANDS == {"vlf": (0.0033, 0.04), "lf": (0.04, 0.15), "hf": (0.15, 0.40)}


def test_it_keeps_the_contract() -> None:
    check_assay(
        ASSAY,
        seeds=range(4),
        tolerance={"artefact_fraction": 0.0031},
        not_simulated=("sdann", "triangular_index"),
    )
