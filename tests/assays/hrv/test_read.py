"""Reading heart beats: units, what is refused and with which sentence, and that the rest goes on."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from nociscope.assays.hrv import ASSAY, HrvRecording, HrvSettings, measure, read
from nociscope.beats.virtual import ecg as virtual_ecg
from nociscope.beats.virtual import tachogram
from nociscope.problems import BadInput
from tests.assays.hrv.studies import beats, ecg, onsets, study, visit
from tests.beats.records import RATE_HZ, record_100, record_208

TIMES = np.concatenate([[0.4], 0.4 + np.cumsum(0.85 + 0.03 * np.sin(np.arange(340)))])


def refused(root: Path) -> str:
    with pytest.raises(BadInput) as error:
        read(visit(root))
    sentence = str(error.value)
    assert "\n" not in sentence
    assert "sub-01" in sentence
    return sentence


def values(recording: HrvRecording) -> dict[str, float | None]:
    return {r.measure: r.value for r in measure(recording)}


def test_beat_times_in_seconds(tmp_path: Path) -> None:
    root = study(tmp_path)
    beats(root, onsets(TIMES), onset={"Units": "s"})
    recording = read(visit(root))
    assert recording.problems == ()
    np.testing.assert_allclose(recording.series[0].times_s, TIMES, atol=1e-6)
    assert recording.series[0].task == "rest"


@pytest.mark.parametrize("unit", ["ms", "milliseconds"])
def test_a_stated_unit_is_obeyed(tmp_path: Path, unit: str) -> None:
    root = study(tmp_path)
    beats(root, onsets(1000 * TIMES), onset={"Units": unit})
    recording = read(visit(root))
    assert recording.problems == ()
    np.testing.assert_allclose(recording.series[0].times_s, TIMES, atol=1e-6)


def test_milliseconds_without_a_unit_are_seen_and_said(tmp_path: Path) -> None:
    root = study(tmp_path)
    beats(root, onsets(1000 * TIMES, 1))
    recording = read(visit(root))
    (note,) = recording.problems
    assert note.severity == "note"
    assert "milliseconds were taken" in note.sentence()
    np.testing.assert_allclose(recording.series[0].times_s, TIMES, atol=1e-4)
    assert any("milliseconds" in r.remark for r in measure(recording))


def test_a_wrong_unit_gives_no_numbers(tmp_path: Path) -> None:
    root = study(tmp_path)
    beats(root, onsets(1000 * TIMES), onset={"Units": "s"})
    assert "which no heart has" in refused(root)


def test_heart_rates_are_no_beat_times(tmp_path: Path) -> None:
    root = study(tmp_path)
    rates = 70 + 5 * np.sin(np.arange(300))
    beats(root, onsets(rates, 1))
    assert "these are no beat times" in refused(root)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("1.0\n2.0\nthree\n4.0\n5.0\n", "“three” is not a number"),
        ("onset\n1.0\n2.0\n", "“onset” is not a number"),
        ("1,0\n1,9\n2,7\n3,6\n4,4\n", "decimal point"),
        ("1.0\t2.0\n2.0\t3.0\n", "has 2 columns and its JSON names 1"),
        ("1.0\n1.9\n", "too few"),
        ("n/a\nn/a\n", "too few"),
        ("1.0\n" + "9" * 400 + "\n", "sub-01"),
    ],
)
def test_texts_that_are_no_beat_times(tmp_path: Path, text: str, words: str) -> None:
    root = study(tmp_path)
    beats(root, text)
    assert words in refused(root)


def test_a_coarse_clock_is_said(tmp_path: Path) -> None:
    root = study(tmp_path)
    beats(root, onsets(np.round(TIMES * 64) / 64, 3))
    recording = read(visit(root))
    assert [p.code for p in recording.problems] == ["coarse-clock"]
    assert "15.6 ms" in recording.problems[0].sentence()
    assert values(recording)["rmssd"] is None


def test_an_ecg_gives_beats(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    made = tachogram(rng, 100.0, 0.85, {"vlf": 100.0, "lf": 300.0, "hf": 300.0})
    root = study(tmp_path)
    ecg(root, virtual_ecg(made.times_s, np.zeros(0), 100.0, rng))
    recording = read(visit(root))
    assert recording.problems == ()
    np.testing.assert_allclose(recording.series[0].times_s, made.times_s, atol=0.004)


def test_microvolts_are_converted_and_flatness_is_judged_in_millivolts(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    made = tachogram(rng, 60.0, 0.85, {"lf": 300.0, "hf": 300.0})
    signal = virtual_ecg(made.times_s, np.zeros(0), 60.0, rng)
    root = study(tmp_path)
    ecg(root, 1000 * signal, ecg={"Units": "uV"})
    assert read(visit(root)).series[0].times_s.size == made.times_s.size
    ecg(root, signal, ecg={"Units": "uV"})
    assert "flat" in refused(root)


def test_an_unknown_unit_is_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    made = tachogram(rng, 60.0, 0.85, {"lf": 300.0, "hf": 300.0})
    root = study(tmp_path)
    ecg(root, virtual_ecg(made.times_s, np.zeros(0), 60.0, rng), ecg={"Units": "bananas"})
    assert [p.code for p in read(visit(root)).problems] == ["ecg-unit"]


def test_an_inverted_ecg_is_used_and_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    made = tachogram(rng, 60.0, 0.85, {"lf": 300.0, "hf": 300.0})
    root = study(tmp_path)
    ecg(root, -virtual_ecg(made.times_s, np.zeros(0), 60.0, rng))
    recording = read(visit(root))
    assert [p.code for p in recording.problems] == ["inverted-ecg"]
    assert "upside down" in recording.problems[0].sentence()
    assert recording.series[0].times_s.size == made.times_s.size


def test_a_flat_ecg_gives_no_numbers(tmp_path: Path) -> None:
    root = study(tmp_path)
    ecg(root, np.zeros(75_000))
    assert "the ECG is flat: there is no heart beat in it" in refused(root)


def test_no_sampling_frequency(tmp_path: Path) -> None:
    root = study(tmp_path)
    ecg(root, np.zeros(7500), rate=None)
    assert "no SamplingFrequency" in refused(root)


@pytest.mark.parametrize("rate", [0, -5, 1e400, True, "250"])
def test_a_sampling_frequency_that_is_none(tmp_path: Path, rate: object) -> None:
    root = study(tmp_path)
    ecg(root, np.zeros(7500), rate=None, SamplingFrequency=rate if rate != 1e400 else "Infinity")
    assert "no SamplingFrequency" in refused(root)


def test_no_columns_and_no_ecg_among_them(tmp_path: Path) -> None:
    root = study(tmp_path)
    ecg(root, np.zeros(7500), Columns=[])
    assert "names no Columns" in refused(root)
    ecg(root, np.zeros(7500), Columns=["respiration"])
    assert "no column called ecg" in refused(root)


def test_a_truncated_gzip(tmp_path: Path) -> None:
    root = study(tmp_path)
    path = beats(root, onsets(TIMES))
    path.write_bytes(path.read_bytes()[:-200])
    assert "not a whole gzip" in refused(root)


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nociscope import files

    root = study(tmp_path)
    path = beats(root, onsets(TIMES))
    path.write_bytes(gzip.compress(b"0" * 1_000_000))
    monkeypatch.setattr(files.read_gzip_text, "__defaults__", ("", 100_000))
    assert "unpacks to more" in refused(root)


def test_one_bad_file_leaves_the_other(tmp_path: Path) -> None:
    root = study(tmp_path)
    beats(root, onsets(TIMES))
    beats(root, "x\n", task="sleep")
    recording = read(visit(root))
    assert len(recording.series) == 1
    assert "task-sleep" in recording.problems[0].file


def test_reflex_recordings_are_left_to_the_reflex_tests(tmp_path: Path) -> None:
    root = study(tmp_path)
    beats(root, onsets(TIMES), task="deepbreathing")
    assert not ASSAY.present(visit(root))
    beats(root, onsets(TIMES))
    assert ASSAY.present(visit(root))
    assert [s.task for s in read(visit(root)).series] == ["rest"]


def test_the_clock_of_a_recording_is_read(tmp_path: Path) -> None:
    root = study(tmp_path)
    beats(root, onsets(TIMES), AcquisitionTime="22:30:15")
    assert read(visit(root)).series[0].clock_s == 22.5 * 3600 + 15


def test_a_wrong_setting_is_one_sentence(tmp_path: Path) -> None:
    root = study(tmp_path)
    beats(root, onsets(TIMES))
    with pytest.raises(BadInput, match="task_force or kubios"):
        read(visit(root), HrvSettings(preset="magic"))


def test_record_100_from_file_to_measures(tmp_path: Path, shared_data: Path) -> None:
    root = study(tmp_path)
    ecg(root, record_100(shared_data), rate=RATE_HZ)
    found = {r.measure: r for r in measure(read(visit(root)))}
    assert found["heart_rate"].value == pytest.approx(75.6, abs=0.5)
    assert "window:over6min" in found["sdnn"].method
    assert 0.01 < (found["artefact_fraction"].value or 0) < 0.02


def test_record_208_is_edited_and_says_so(tmp_path: Path, shared_data: Path) -> None:
    root = study(tmp_path)
    ecg(root, record_208(shared_data), rate=RATE_HZ)
    found = {r.measure: r for r in measure(read(visit(root)))}
    assert 0.12 < (found["artefact_fraction"].value or 0) < 0.3
    assert found["sdnn"].quality == "poor"
    assert "% of beats edited" in found["sdnn"].remark
    assert (found["sdnn"].value or 0) < 60
