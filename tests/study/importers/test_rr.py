"""Text dialects of intervals: units, commas, headers, columns; heart rates refused; what is written."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nociscope.problems import BadInput, CannotWrite, InputMissing, NociscopeError, UsageError
from nociscope.study.importers.rr import import_rr

RR_MS = np.round(850 + 40 * np.sin(np.arange(60) / 3)).astype(int)
ONSETS = np.concatenate([[0.0], np.cumsum(RR_MS) / 1000])


def put(folder: Path, text: str, name: str = "sub-x_task-rest_rr.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def written(study: Path, stem: str = "sub-x/beh/sub-x_task-rest") -> np.ndarray:
    text = gzip.decompress((study / f"{stem}_recording-rr_physioevents.tsv.gz").read_bytes()).decode()
    return np.asarray([float(line) for line in text.split()])


def plain(values: object, ending: str = "\n") -> str:
    return "".join(f"{v}{ending}" for v in values)  # type: ignore[attr-defined]


SECONDS = [f"{r / 1000:.3f}" for r in RR_MS]
DIALECTS = {
    "seconds": plain(SECONDS),
    "milliseconds": plain(RR_MS),
    "milliseconds with decimals": plain(f"{r}.0" for r in RR_MS),
    "windows line ends": plain(RR_MS, "\r\n"),
    "decimal comma, header and blank lines": "RR-Intervalle\nGerät: Brustgurt\n\n"
    + plain(s.replace(".", ",") for s in SECONDS)
    + "\n\n",
    "decimal comma in milliseconds": plain(f"{r},0" for r in RR_MS),
    "decimal comma in two columns": plain(
        f"{t:.3f};{s}".replace(".", ",") for t, s in zip(ONSETS[1:], SECONDS, strict=True)
    ),
    "HRVAS, two columns in seconds": plain(f"{t:.3f},{s}" for t, s in zip(ONSETS[1:], SECONDS, strict=True)),
    "tabs": plain(f"{t:.3f}\t{r}" for t, r in zip(ONSETS[1:], RR_MS, strict=True)),
    "HRV Logger": "date,rr,since start\n"
    + plain(
        f"2026-01-02 10:00:{i % 60:02d} +0100,{r},{t * 1000:.0f}"
        for i, (r, t) in enumerate(zip(RR_MS, ONSETS[1:], strict=True))
    ),
    "Empatica": "1700000000.00, IBI\n" + plain(f"{t:.6f},{s}" for t, s in zip(ONSETS[1:], SECONDS, strict=True)),
    "Polar hrm": "[Params]\nVersion=106\nInterval=238\n[HRData]\n" + plain(RR_MS),
    "annotations between": "VNS Analyse\n" + plain(RR_MS[:30]) + "-- Pause --\n" + plain(RR_MS[30:]),
    "beat times in seconds": plain(f"{t:.3f}" for t in ONSETS + 3),
    "beat times in milliseconds": plain(f"{t * 1000:.0f}" for t in ONSETS),
    "byte-order mark": "\ufeff" + plain(RR_MS),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_gives_the_same_beats(tmp_path: Path, dialect: str) -> None:
    study = tmp_path / "study"
    done = import_rr(put(tmp_path, DIALECTS[dialect]), study)
    np.testing.assert_allclose(written(study), ONSETS, atol=2e-4)
    assert done.beats == ONSETS.size
    assert done.median_ms == pytest.approx(np.median(RR_MS), abs=1)


def test_the_unit_is_said(tmp_path: Path) -> None:
    assert import_rr(put(tmp_path, DIALECTS["seconds"]), tmp_path / "s", dry_run=True).unit == "s"
    assert import_rr(put(tmp_path, DIALECTS["milliseconds"]), tmp_path / "s", dry_run=True).unit == "ms"


@pytest.mark.parametrize("rates", [[72] * 50, [60 + i % 20 for i in range(50)], [141.5 - i % 3 for i in range(60)]])
def test_heart_rates_are_refused(tmp_path: Path, rates: list[float]) -> None:
    with pytest.raises(BadInput, match="heart rate") as error:
        import_rr(put(tmp_path, plain(rates)), tmp_path / "s")
    assert error.value.exit_code == 65
    assert not (tmp_path / "s").exists()


def test_heart_rates_of_a_polar_file_are_refused(tmp_path: Path) -> None:
    text = "[Params]\nInterval=5\n[HRData]\n" + plain([70 + i % 9 for i in range(100)])
    with pytest.raises(BadInput, match="heart rate"):
        import_rr(put(tmp_path, text), tmp_path / "s")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no line of numbers"),
        ("hello\nworld\n", "no line of numbers"),
        ("800\n810\n", "at least 10"),
        (plain([5] * 30), "no interval in seconds"),
        (plain([9000] * 30), "no interval in seconds"),
        (plain([800] * 20) + "-5\n" + plain([800] * 20), "“-5” is interval 21"),
        (plain([800] * 20) + "0\n", "cannot be one"),
        (plain([800] * 20) + "999999\n", "cannot be one"),
    ],
)
def test_what_cannot_be_intervals_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadInput) as error:
        import_rr(put(tmp_path, text), tmp_path / "s")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_skipped_lines_are_counted_and_placed(tmp_path: Path) -> None:
    done = import_rr(put(tmp_path, DIALECTS["annotations between"]), tmp_path / "s")
    (note,) = done.skipped
    assert "2 lines" in note.sentence()
    assert note.row == 1


@pytest.mark.parametrize(
    "name", ["rr.txt", "sub-x_rr.txt", "task-rest_rr.txt", "sub-x y_task-rest_rr.txt", "sub-_task-r_rr.txt"]
)
def test_a_name_that_does_not_say_whose_it_is(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="whose recording"):
        import_rr(put(tmp_path, DIALECTS["seconds"], name), tmp_path / "s")


def test_sessions_and_runs_are_kept(tmp_path: Path) -> None:
    done = import_rr(put(tmp_path, DIALECTS["seconds"], "sub-x_ses-2_task-sleep_run-1_rr.csv"), tmp_path / "s")
    assert done.written[0] == "sub-x/ses-2/beh/sub-x_ses-2_task-sleep_run-1_recording-rr_physioevents.tsv.gz"


def test_the_study_knows_the_person_and_can_read_the_beats(tmp_path: Path) -> None:
    from nociscope.assays.hrv import ASSAY, read
    from nociscope.study import open_study

    study = tmp_path / "study"
    study.mkdir()
    (study / "dataset_description.json").write_text(json.dumps({"Name": "x", "BIDSVersion": "1.10.0"}))
    (study / "participants.tsv").write_text("participant_id\tage\nsub-a\t40\n")
    import_rr(put(tmp_path, DIALECTS["milliseconds"]), study)
    assert (study / "participants.tsv").read_text() == "participant_id\tage\nsub-a\t40\nsub-x\tn/a\n"
    visit = open_study(study).visits["sub-x"][0]
    assert ASSAY.present(visit)
    recording = read(visit)
    assert recording.problems == ()
    np.testing.assert_allclose(recording.series[0].times_s, ONSETS, atol=1e-4)


def test_nothing_is_replaced_without_being_told(tmp_path: Path) -> None:
    source, study = put(tmp_path, DIALECTS["seconds"]), tmp_path / "s"
    import_rr(source, study)
    with pytest.raises(CannotWrite, match="already"):
        import_rr(source, study)
    before = {p: p.read_bytes() for p in study.rglob("*") if p.is_file()}
    import_rr(source, study, overwrite=True)
    assert {p: p.read_bytes() for p in study.rglob("*") if p.is_file()} == before


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    done = import_rr(put(tmp_path, DIALECTS["seconds"]), tmp_path / "s", dry_run=True)
    assert done.beats == ONSETS.size
    assert not (tmp_path / "s").exists()


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputMissing):
        import_rr(tmp_path / "sub-x_task-rest_rr.txt", tmp_path / "s")


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from nociscope.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["import", "rr", str(put(tmp_path, DIALECTS["milliseconds"])), str(tmp_path / "s")])
    assert ended.value.code in (0, None)
    assert "taken for milliseconds" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["import", "rr", str(put(tmp_path, plain([72] * 50), "sub-y_task-rest_rr.txt")), str(tmp_path / "s")])
    assert ended.value.code == 65
    assert "heart rate" in capsys.readouterr().err


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300))
def test_any_text_gives_beats_or_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sub-x_task-rest_rr.txt"
    path.write_bytes(text.encode("utf-8", "replace"))
    try:
        done = import_rr(path, tmp_path / "s", dry_run=True)
    except NociscopeError as error:
        sentence = str(error)
    else:
        sentence = "" if done.beats > 10 else "\n"
    assert "\n" not in sentence
