"""R peaks: against reference annotations, against simulated beats, and on what is no ECG."""

from pathlib import Path

import numpy as np
import pytest

from nociscope.beats.detect import NoHeart, agreement_of, detect
from nociscope.beats.editing import edit
from nociscope.beats.virtual import ecg, tachogram, with_ectopics
from tests.beats.records import RATE_HZ, annotations_100, distance, record_100, record_208

POWER = {"vlf": 500.0, "lf": 600.0, "hf": 550.0}


@pytest.fixture(scope="module")
def virtual() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    beats = tachogram(rng, 120.0, 0.85, POWER)
    return beats.times_s, ecg(beats.times_s, np.zeros(0), 120.0, rng)


def test_record_100_agrees_with_its_annotations(shared_data: Path) -> None:
    found = detect(record_100(shared_data), RATE_HZ)
    beats, codes = annotations_100(shared_data)
    assert beats.size == 2273
    sensitivity = float(np.mean(distance(beats, found.times_s) <= 0.05))
    predictivity = float(np.mean(distance(found.times_s, beats) <= 0.05))
    assert sensitivity >= 0.995
    assert predictivity >= 0.995
    assert found.agreement > 0.99
    assert not found.inverted
    edited = edit(found.times_s, found.odd_shape)
    abnormal = beats[codes != 1]
    assert np.mean(distance(abnormal, edited.edited_s) < 0.2) > 0.95  # 33 atrial and 1 ventricular beat
    assert np.mean(distance(edited.edited_s, abnormal) < 0.2) > 0.9
    assert edited.fraction == pytest.approx(abnormal.size / beats.size, abs=0.003)


def test_the_ectopics_of_record_208_are_edited_and_its_lost_seconds_are_gaps(shared_data: Path) -> None:
    found = detect(record_208(shared_data), RATE_HZ)
    edited = edit(found.times_s, found.odd_shape)
    assert 0.12 < edited.fraction < 0.30
    assert edited.kinds.count("ectopic") > 60
    assert len(edited.gaps_s) == 2
    nn = 1000 * edited.nn_s[edited.normal]
    assert nn.std() < 60 < 1000 * edited.nn_s.std()


def test_virtual_beats_are_found_to_a_millisecond(virtual: tuple[np.ndarray, np.ndarray]) -> None:
    times, signal = virtual
    found = detect(signal, 250.0)
    assert found.times_s.size == times.size
    assert np.abs(found.times_s - times).max() < 0.003
    assert np.sqrt(np.mean((found.times_s - times - np.mean(found.times_s - times)) ** 2)) < 0.0008
    assert found.agreement == 1.0
    assert not found.odd_shape.any()


def test_an_inverted_ecg_is_turned_over(virtual: tuple[np.ndarray, np.ndarray]) -> None:
    times, signal = virtual
    found = detect(-signal, 250.0)
    assert found.inverted
    assert np.mean(distance(times, found.times_s) <= 0.05) > 0.99


@pytest.mark.parametrize("scale", [0.2, 5.0])
def test_the_amplitude_does_not_matter(virtual: tuple[np.ndarray, np.ndarray], scale: float) -> None:
    times, signal = virtual
    assert np.mean(distance(times, detect(scale * signal + 3.0, 250.0).times_s) <= 0.05) > 0.99


def test_ventricular_beats_have_an_odd_shape() -> None:
    rng = np.random.default_rng(8)
    normal, ectopic = with_ectopics(tachogram(rng, 200.0, 0.9, POWER).times_s, 6, rng)
    found = detect(ecg(normal, ectopic, 200.0, rng), 250.0)
    assert np.mean(distance(ectopic, found.times_s[found.odd_shape]) < 0.08) == 1.0
    assert found.odd_shape.sum() == 6


def test_missing_samples_cost_the_beats_there_and_no_more(virtual: tuple[np.ndarray, np.ndarray]) -> None:
    times, signal = virtual
    holed = signal.copy()
    holed[40 * 250 : 52 * 250] = np.nan
    found = detect(holed, 250.0)
    assert not ((found.times_s > 40.3) & (found.times_s < 51.7)).any()
    outside = times[(times < 39.7) | (times > 52.3)]
    assert np.mean(distance(outside, found.times_s) <= 0.05) > 0.99
    gaps = edit(found.times_s, found.odd_shape).gaps_s
    assert len(gaps) == 1
    assert gaps[0][0] == pytest.approx(40, abs=1.2)


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        (np.zeros(10_000), "flat"),
        (np.full(10_000, 1.3), "flat"),
        (np.full(10_000, np.nan), "no number"),
        (0.001 * np.random.default_rng(0).standard_normal(10_000), "flat"),
        (np.zeros(500), "too short"),
    ],
)
def test_what_is_no_ecg_says_so(signal: np.ndarray, words: str) -> None:
    with pytest.raises(NoHeart, match=words):
        detect(signal, 250.0)


def test_noise_is_no_heart() -> None:
    noise = np.random.default_rng(1).standard_normal(250 * 120)
    with pytest.raises(NoHeart, match="agree"):
        detect(noise, 250.0)


def test_slow_sampling_is_refused() -> None:
    with pytest.raises(NoHeart, match="50 Hz"):
        detect(np.random.default_rng(0).standard_normal(2000), 20.0)


def test_agreement_by_hand() -> None:
    a, b = np.asarray([1.0, 2.0, 3.0, 4.0]), np.asarray([1.05, 2.0, 3.3])
    assert agreement_of(a, b) == pytest.approx(2 * 0.5 * (2 / 3) / (0.5 + 2 / 3))
    assert agreement_of(a, np.zeros(0)) == 0.0
