import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nociscope.assays.lep.peaks import BUILT_IN, HAND, extremum, value_at, vertex_peaks, windows_for

T = np.arange(0.0, 0.7, 0.002)


def bump(latency, amplitude, width=0.03):
    return amplitude * np.exp(-0.5 * ((T - latency) / width) ** 2)


def test_peaks_of_a_clean_wave():
    wave = bump(0.2213, -12) + bump(0.3521, 11, 0.05)
    found = vertex_peaks(wave[None], T, HAND)
    assert found.n2.latency_s[0] == pytest.approx(0.2213, abs=0.002)
    assert found.p2.latency_s[0] == pytest.approx(0.3521, abs=0.003)
    assert found.n2.amplitude_uv[0] == pytest.approx(wave.min(), rel=1e-4)
    assert found.peak_to_peak[0] == pytest.approx(np.ptp(wave), rel=1e-4)


def test_latency_between_samples():
    found = extremum(bump(0.2213, -5)[None], T, (0.15, 0.3), -1)
    assert found.latency_s[0] == pytest.approx(0.2213, abs=1e-4)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_ramp_has_no_peak(sign):
    ramp = np.linspace(-10, 10, len(T))
    assert np.isnan(extremum(ramp[None], T, (0.15, 0.3), sign).latency_s[0])


def test_a_peak_outside_the_window_is_not_taken_at_its_edge():
    # the largest value within 150-300 ms is at its lower edge, on the flank of a peak at 130 ms
    wave = bump(0.130, -20)
    assert np.isnan(extremum(wave[None], T, (0.15, 0.3), -1).latency_s[0])
    wave = wave + bump(0.25, -3)
    assert extremum(wave[None], T, (0.15, 0.3), -1).latency_s[0] == pytest.approx(0.25, abs=0.004)


def test_p2_comes_after_n2():
    wave = bump(0.29, -9, 0.02) + bump(0.282, 0.1, 0.004) + bump(0.42, 8)
    found = vertex_peaks(wave[None], T, HAND)
    assert found.p2.latency_s[0] > found.n2.latency_s[0]
    assert found.p2.latency_s[0] == pytest.approx(0.42, abs=0.01)


def test_no_n2_no_p2():
    found = vertex_peaks(bump(0.35, 8, 0.2)[None], T, HAND)
    assert np.isnan(found.n2.latency_s[0])
    assert np.isnan(found.p2.latency_s[0])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_never_an_edge_and_always_an_extremum(seed):
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.standard_normal(len(T) + 40), np.hanning(21), "same")[20:-20]
    for window, sign in ((HAND.n1, -1), (HAND.n2, -1), (HAND.p2, 1)):
        for half in (0.0, 0.02):
            found = extremum(noise[None], T, window, sign, half_width_s=half)
            latency = found.latency_s[0]
            if np.isnan(latency):
                continue
            assert window[0] - 0.001 <= latency <= window[1] + 0.001
            inner = sign * noise[1:-1]
            is_local = (inner > sign * noise[:-2]) & (inner >= sign * noise[2:])
            assert is_local.any()
            near = np.abs(T[1:-1] - latency) <= 0.0211
            assert (is_local & near).any()


def test_many_waves_at_once_equal_one_at_a_time():
    rng = np.random.default_rng(0)
    waves = np.cumsum(rng.standard_normal((20, len(T))), axis=1)
    together = vertex_peaks(waves, T, HAND)
    for k in range(20):
        alone = vertex_peaks(waves[k : k + 1], T, HAND)
        np.testing.assert_allclose(alone.p2.latency_s, together.p2.latency_s[k : k + 1], rtol=1e-12)
        np.testing.assert_allclose(alone.n2.amplitude_uv, together.n2.amplitude_uv[k : k + 1], rtol=1e-12)


def test_windows_come_later_at_the_foot_and_can_be_replaced():
    assert BUILT_IN["foot_dorsum"].n2[0] > HAND.n2[0] > BUILT_IN["face"].n2[0]
    overrides = {"hand_dorsum": {"n2": [160, 310]}, "hand_dorsum.co2": {"n2": [180, 330]}}
    assert windows_for("hand_dorsum", "nd_yap", overrides).n2 == (0.16, 0.31)
    assert windows_for("hand_dorsum", "co2", overrides).n2 == (0.18, 0.33)
    assert windows_for("hand_dorsum", "co2", overrides).p2 == HAND.p2


def test_value_at_interpolates():
    assert value_at(T[None] * 10, T, 0.1234)[0] == pytest.approx(1.234)
