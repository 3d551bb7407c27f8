"""What a fibre population must do to a response: loss takes amplitude, slowing takes velocity, distance disperses."""

import numpy as np
import pytest

from nociscope.assays.ncs.simulate import fibres
from nociscope.assays.ncs.waveform import mark, response

TIME = np.arange(0, 60, 0.02)


def sensory(velocities, distance=140.0, sizes=None):
    return mark(response(velocities, distance, TIME, "sensory", sizes=sizes), TIME)


def motor(velocities, distance, sizes=None):
    return mark(response(velocities, distance, TIME, "motor", 2.5, sizes), TIME)


@pytest.fixture
def healthy():
    return np.concatenate([fibres(np.random.default_rng(i), 55.0) for i in range(8)])


@pytest.mark.parametrize("seed", range(5))
def test_half_the_axons_give_half_the_amplitude_at_the_same_velocity(healthy, seed):
    lost = np.random.default_rng(seed).permutation(healthy.size) < healthy.size // 2
    whole, half = sensory(healthy), sensory(healthy[lost])
    assert half.amplitude / whole.amplitude == pytest.approx(0.5, abs=0.05)
    assert half.onset_ms / whole.onset_ms == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("factor", [0.7, 0.85])
def test_uniform_slowing_gives_the_same_slowing_of_the_velocity(healthy, factor):
    def velocity(fibre_speeds):
        near, far = motor(fibre_speeds, 80.0), motor(fibre_speeds, 300.0)
        return 220 / (far.onset_ms - near.onset_ms)

    assert velocity(factor * healthy) / velocity(healthy) == pytest.approx(factor, rel=0.01)
    slow, whole = sensory(factor * healthy), sensory(healthy)
    assert whole.onset_ms / slow.onset_ms == pytest.approx(factor, rel=0.03)


def test_dispersion_grows_with_distance(healthy):
    for measure in (motor, sensory):
        durations = [measure(healthy, d).duration_ms for d in (80.0, 160.0, 240.0, 320.0)]
        assert durations == sorted(durations)
        assert durations[-1] > durations[0]
    amplitudes = [sensory(healthy, d).amplitude for d in (80.0, 160.0, 240.0, 320.0)]
    assert amplitudes == sorted(amplitudes, reverse=True)


def test_marks_of_a_known_shape():
    signal = np.where((TIME >= 3) & (TIME <= 7), 2.0 * np.sin(np.pi * (TIME - 3) / 4), 0.0)
    found = mark(signal, TIME)
    assert found.amplitude == pytest.approx(2.0, abs=1e-3)
    assert found.peak_ms == pytest.approx(5.0, abs=0.03)
    assert found.onset_ms == pytest.approx(3 + 4 * np.arcsin(0.05) / np.pi, abs=0.02)
    assert found.duration_ms == pytest.approx(3.9, abs=0.1)
    assert found.area == pytest.approx(2 * 4 * 2 / np.pi, rel=0.01)


def test_no_response_is_none():
    assert mark(np.zeros(100), TIME[:100]) is None
    assert mark(np.full(100, 0.3), TIME[:100], noise=0.4) is None
    assert mark(np.zeros(2), TIME[:2]) is None
