"""The time-frequency map: bursts of known time and frequency, and what the figure says."""

from dataclasses import replace

import numpy as np
import pytest

from nociscope.assays.lep import ASSAY
from nociscope.assays.lep.figure_time_frequency import BASELINE_S, power_change
from nociscope.assays.lep.recording import LepRecording
from tests.assays.lep.test_measure import SETTINGS, T, noise, stimulated


def burst(hz, at_s, size, n, seed):
    """Bursts of 60 ms (SD) whose phase differs from trial to trial, so that their average is nothing."""
    phase = np.random.default_rng(seed).uniform(0, 2 * np.pi, (n, 1))
    return size * np.exp(-0.5 * ((T - at_s) / 0.06) ** 2) * np.cos(2 * np.pi * hz * (T - at_s) + phase)


@pytest.mark.parametrize(("hz", "at_s"), [(6.0, 0.25), (12.0, 0.5), (20.0, 0.35)])
def test_a_burst_is_found_at_its_time_and_frequency_although_its_average_is_nothing(hz, at_s):
    trials = burst(hz, at_s, 12.0, 60, 1) + np.random.default_rng(2).normal(0, 6, (60, len(T)))  # white noise
    assert np.abs(trials.mean(axis=0)).max() < 5
    times, frequencies, change = power_change(trials, T)
    row, column = np.unravel_index(change.argmax(), change.shape)
    assert times[column] == pytest.approx(at_s, abs=0.05)
    assert frequencies[row] == pytest.approx(hz, rel=0.2)
    assert change.max() > 6


def test_a_rhythm_that_stops_is_blue_after_it_stopped():
    phase = np.random.default_rng(3).uniform(0, 2 * np.pi, (60, 1))
    rhythm = 8.0 * np.cos(2 * np.pi * 10.0 * T + phase) * np.where(T < 0.35, 1.0, 0.5)
    times, frequencies, change = power_change(rhythm + noise(60, np.random.default_rng(4), 0.5), T)
    row = np.abs(frequencies - 10.0).argmin()
    after = (times > 0.55) & (times < 0.75)
    assert change[row, after].mean() == pytest.approx(20 * np.log10(0.5), abs=0.5)  # half the amplitude: -6 dB


def test_noise_alone_has_no_change():
    times, _, change = power_change(noise(200, np.random.default_rng(5), 4.0), T)
    inside = (times > 0) & (times < 0.7)
    assert np.abs(change[:, inside]).max() < 2.5
    assert abs(change[:, inside].mean()) < 0.2  # to divide every trial by its own baseline would make this positive


def test_without_time_before_the_pulse_nothing_is_claimed():
    later = T >= -0.05
    _, _, change = power_change(noise(20, np.random.default_rng(6), 4.0)[:, later], T[later])
    assert not change.any()


def test_the_map_is_drawn_only_when_asked_for_and_says_its_baseline():
    recording = LepRecording(stimulated=(stimulated(),))
    readings = ASSAY.measure(recording, SETTINGS)
    assert not [f for f in ASSAY.draw(recording, readings, (), SETTINGS) if f.name.startswith("time-frequency")]
    settings = replace(SETTINGS, time_frequency=True)
    (figure,) = (f for f in ASSAY.draw(recording, readings, (), settings) if f.name.startswith("time-frequency"))
    low, high = (f"{1000 * v:.0f}" for v in BASELINE_S)
    assert f"from {low} to {high} ms" in figure.caption
    assert "data:image/png" in figure.svg
    assert len(figure.svg) < 30_000
