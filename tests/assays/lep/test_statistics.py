"""Intervals, habituation, presence and single trials: worked examples, and coverage in small."""

import numpy as np
import pytest
from scipy import stats

from nociscope.assays.lep.habituation import slope
from nociscope.assays.lep.peaks import HAND, vertex_peaks
from nociscope.assays.lep.presence import vertex_presence
from nociscope.assays.lep.resample import (
    NO_INTERVAL,
    fieller,
    mean_interval,
    plus_minus_averages,
    ratio_of_means,
    resampled_averages,
    selected_interval,
    t_interval,
    t_quantile,
)
from nociscope.assays.lep.single_trial import regress, wavelet_filter, wavelet_transform

T = np.arange(-0.5, 1.0, 0.002)


def wave(n2=0.2, p2=0.35):
    return -12 * np.exp(-0.5 * ((T - n2) / 0.026) ** 2) + 12 * np.exp(-0.5 * ((T - p2) / 0.045) ** 2)


def noise(n, rng, size=7.0):
    raw = rng.standard_normal((n, len(T) + 60))
    kernel = np.hanning(31)
    smooth = np.apply_along_axis(np.convolve, 1, raw, kernel / np.sqrt((kernel**2).sum()), "same")
    return size * smooth[:, 30:-30]


def test_t_quantile_is_students():
    assert t_quantile(9) == pytest.approx(stats.t.ppf(0.975, 9))


def test_mean_interval_is_students():
    x = np.array([4.0, 5.0, 7.0, 9.0])
    low, high = stats.t.interval(0.95, 3, x.mean(), stats.sem(x))
    assert mean_interval(x).low == pytest.approx(low)
    assert mean_interval(x).high == pytest.approx(high)


def test_fieller_solves_its_equation():
    # each limit r satisfies |top - r bottom| = t se(top - r bottom)
    got = fieller(8.0, 10.0, 0.5, 0.7, 0.1, 20)
    for r in (got.low, got.high):
        se = np.sqrt(0.5 + r**2 * 0.7 - 2 * r * 0.1)
        assert abs(8.0 - r * 10.0) == pytest.approx(t_quantile(20) * se)


def test_fieller_is_unbounded_over_nothing():
    assert fieller(8.0, 0.5, 0.5, 0.7, 0.0, 20) == NO_INTERVAL


def test_ratio_interval_covers():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(600):
        first, last = rng.normal(20, 8, 20), rng.normal(12, 8, 18)
        _, interval = ratio_of_means(last, first)
        held += interval.low <= 0.6 <= interval.high
    assert 0.92 <= held / 600 <= 0.98


def test_slope_without_noise_is_exact():
    k = np.arange(40.0)
    energy = 3 + 0.02 * k + 0.3 * np.sin(k)
    amplitude = 20 * (1 - 0.004 * k) + 6 * (energy - energy.mean())
    got = slope(amplitude, k, energy)
    assert got.adjusted
    assert got.percent_per_trial == pytest.approx(-0.4)


def test_slope_is_in_percent_of_the_first_pulse_even_when_it_was_rejected():
    k = np.arange(5.0, 40.0)
    got = slope(20 * (1 - 0.004 * k), k, np.full(35, np.nan))
    assert not got.adjusted
    assert "not known" in got.remark
    assert got.percent_per_trial == pytest.approx(-0.4)


def test_constant_energy_needs_no_adjustment():
    k = np.arange(30.0)
    got = slope(20 - 0.1 * k + np.sin(k), k, np.full(30, 3.5))
    assert not got.adjusted
    assert got.percent_per_trial is not None
    assert "one energy" in got.remark


def test_energy_in_step_with_order_cannot_be_told_apart():
    k = np.arange(30.0)
    got = slope(20 - 0.1 * k + np.sin(k), k, 2 + 0.01 * k)
    assert got.percent_per_trial is None
    assert "cannot be told apart" in got.remark


def test_slope_adjusted_for_energy_covers_zero_where_the_raw_ratio_does_not():
    rng = np.random.default_rng(2)
    k = np.arange(60.0)
    adjusted = raw = 0
    for _ in range(300):
        energy = 3 + 0.6 * k / 59 + rng.normal(0, 0.15, 60)
        amplitude = 24 * (1 + 0.5 * (energy - 3)) * (1 + rng.normal(0, 0.3, 60)) + rng.normal(0, 6, 60)
        got = slope(amplitude, k, energy)
        adjusted += got.interval.low <= 0 <= got.interval.high
        _, interval = ratio_of_means(amplitude[40:], amplitude[:20])
        raw += interval.low <= 1 <= interval.high
    assert 0.91 <= adjusted / 300 <= 0.985
    assert raw / 300 < 0.9


def test_resampled_averages_have_the_variance_of_the_mean():
    rng = np.random.default_rng(3)
    trials = rng.normal(5, 3, (25, 4))
    copies = resampled_averages(trials, 4000, rng)
    np.testing.assert_allclose(copies.mean(axis=0), trials.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(copies.std(axis=0), trials.std(axis=0) / 5, rtol=0.05)


def test_plus_minus_averages_lose_the_response_and_keep_the_noise():
    rng = np.random.default_rng(4)
    clean = noise(30, rng)
    alone = plus_minus_averages(clean, 500, np.random.default_rng(5))
    with_response = plus_minus_averages(clean + wave(), 500, np.random.default_rng(5))
    np.testing.assert_allclose(alone, with_response, atol=1e-9)
    assert alone.std() == pytest.approx(7 / np.sqrt(30), rel=0.1)


def test_t_interval_takes_the_bias_away():
    copies = np.random.default_rng(6).normal(11.0, 1.0, 2000)
    biased = t_interval(10.0, copies, 30)
    assert (biased.low + biased.high) / 2 == pytest.approx(9.0, abs=0.1)
    plain = t_interval(10.0, copies, 30, biased=False)
    assert (plain.low + plain.high) / 2 == pytest.approx(10.0)


def test_selected_interval_holds_the_truth_of_what_is_reported():
    rng = np.random.default_rng(11)
    for truth in (0.3, 1.5, 4.0):
        plain = kept = shown = 0
        for seen in rng.normal(truth, 1.0, 3000):
            if seen <= 2.0:
                continue
            copies = rng.normal(seen, 1.0, 200)
            copies += seen - copies.mean()  # an estimator without bias
            shown += 1
            got = selected_interval(seen, copies, 400, 2.0)
            kept += got.low <= truth <= got.high
            around = t_interval(seen, copies, 400)
            plain += around.low <= truth <= around.high
        assert kept / shown > 0.95 - 3 * np.sqrt(0.05 * 0.95 / shown)
        if truth < 1:
            assert plain / shown < 0.75  # what the interval is for


def test_selected_interval_far_above_the_threshold_is_students():
    copies = np.random.default_rng(12).normal(10.0, 1.0, 2000)
    plain, selected = t_interval(10.0, copies, 30), selected_interval(10.0, copies, 30, 1.0)
    assert selected.low == pytest.approx(plain.low, abs=1e-3)
    assert selected.high == pytest.approx(plain.high, abs=1e-3)
    assert selected_interval(2.01, copies - 8.0, 30, 2.0).low == 0.0


def test_absent_and_present():
    rng = np.random.default_rng(7)
    false_alarms = hits = 0
    for _ in range(60):
        trials = noise(40, rng)
        false_alarms += vertex_presence(trials, T, HAND, 0.01, 400, rng).present
        hits += vertex_presence(trials + 0.6 * wave(), T, HAND, 0.01, 400, rng).present
    assert false_alarms <= 3  # P(more) < 1e-3 at a rate of 1 %
    assert hits == 60


def test_single_trial_regression_follows_size_and_latency():
    average = wave()
    trials = np.stack([average, 0.5 * average, 1.5 * average, wave(0.206, 0.358), wave(0.194, 0.342)])
    got = regress(trials, T, average, HAND)
    size = got.p2.amplitude_uv - got.n2.amplitude_uv
    np.testing.assert_allclose(size[:3] / size[0], [1, 0.5, 1.5], rtol=1e-6)
    assert got.n2.latency_s[3] > got.n2.latency_s[0] > got.n2.latency_s[4]
    assert got.p2.latency_s[3] - got.p2.latency_s[0] == pytest.approx(0.008, abs=0.003)


def test_single_trial_regression_is_far_less_biased_than_the_largest_value():
    rng = np.random.default_rng(8)
    trials = noise(60, rng) + wave()
    truth = np.ptp(wave())
    got = regress(trials, T, trials.mean(axis=0), HAND)
    fitted = (got.p2.amplitude_uv - got.n2.amplitude_uv).mean() / truth - 1
    naive = vertex_peaks(trials, T, HAND)
    largest = np.nanmean(naive.peak_to_peak) / truth - 1
    assert largest > 0.25
    assert abs(fitted) < 0.5 * largest


def test_wavelet_filter_without_a_mask_gives_the_band_back():
    x = np.stack([wave() * np.exp(-0.5 * (T / 0.6) ** 2), np.sin(2 * np.pi * 8 * T) * np.exp(-0.5 * (T / 0.2) ** 2)])
    back = wavelet_filter(x, T, 0.0)
    centre = np.abs(T) < 0.4
    assert np.corrcoef(back[1, centre], x[1, centre])[0, 1] > 0.99
    assert np.abs(back[1] - x[1]).max() < 0.1


def test_wavelet_filter_lowers_noise_more_than_the_response():
    rng = np.random.default_rng(9)
    trials = noise(40, rng) + wave()
    kept = wavelet_filter(trials, T, 0.85)
    before, after = trials.std(axis=0).mean(), kept.std(axis=0).mean()
    assert after < 0.75 * before
    # its price, which is why it is off by default: the response shrinks by about a quarter
    assert 0.65 < np.ptp(kept.mean(axis=0)) / np.ptp(wave()) < 0.9


def test_wavelet_transform_finds_the_frequency():
    power = np.abs(wavelet_transform(np.sin(2 * np.pi * 10 * T)[None], 500.0, np.array([5.0, 10.0, 20.0]))[0])
    assert power[:, 300:450].mean(axis=1).argmax() == 1


def test_a_slope_over_nothing_has_a_value_but_no_interval():
    rng = np.random.default_rng(10)
    k = np.arange(40.0)
    got = slope(rng.normal(0.5, 8, 40), k, np.full(40, 3.0))
    assert got.interval == NO_INTERVAL
    assert "unbounded" in got.remark
