"""What fails, fails alone and by name; a rerun says it again."""

from __future__ import annotations

import pytest

from nociscope.engine import Options, run_study
from nociscope.engine.executors import Processes, Serial
from tests.engine.conftest import SMALL, contents, nociscope, write_study

OTHERS = ("sub-01", "sub-03")


def without(out, person):
    """Everything of the other people."""
    found = contents(out)
    return {k: v for k, v in found.items() if k.startswith("sub-") and not k.startswith(person)}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("sub-02", "face", "1e999"), "touch.tsv, row 4, column value"),
        (("sub-02", "face", "-1"), "row 4"),
        (("sub-02", "face", 1, "crash"), "internal error (RuntimeError)"),
        (("sub-02", "face", 1, "crash-read"), "internal error (RuntimeError)"),
        (("sub-02", "face", 1, "nan"), "not finite"),
        (("sub-02", "face", 1, "unit"), "unit"),
        (("sub-02", "face", 1, "undeclared"), "not declared"),
    ],
)
def test_one_persons_failure_leaves_the_others_alone(study, tmp_path, row, words):
    run_study(study, tmp_path / "clean")
    write_study(study, [*SMALL[:2], row, SMALL[3]])
    out = tmp_path / "out"
    for _ in ("first", "rerun"):
        summary = run_study(study, out)
        assert summary.exit_code == 1
        assert summary.failed == ("sub-02",)
        sentence = summary.problems[0].sentence()
        assert sentence.startswith("sub-02")
        assert words in sentence
        assert "secret" not in sentence
    assert summary.made == 0
    assert without(out, "sub-02") == without(tmp_path / "clean", "sub-02")
    everything = "".join(p.read_text() for p in out.rglob("*") if p.is_file())
    assert "secret" not in everything
    assert "Traceback" not in everything
    assert "sub-02" in (out / "logs" / "problems.tsv").read_text()
    assert "touch" in (out / "sub-02" / "sub-02_report.html").read_text()
    assert "\tnan\t" not in everything.lower()


def test_good_rows_of_a_person_with_a_bad_one_are_used(tmp_path):
    study = write_study(tmp_path / "study", [("sub-01", "face", "many"), ("sub-01", "chest", 2)])
    run_study(study, tmp_path / "out")
    rows = (tmp_path / "out/group/readings.tsv").read_text().splitlines()
    assert len(rows) == 2
    assert "chest" in rows[1]


def test_unreadable_table_stands_in_everyones_report(study, tmp_path):
    (study / "phenotype" / "touch.tsv").write_bytes(b"\xff\xfe\x00bad")
    summary = run_study(study, tmp_path / "out")
    assert summary.exit_code == 1
    assert sum("touch.tsv" in p.sentence() for p in summary.problems) == 1
    for person in ("01", "02", "03"):
        assert "touch.tsv" in (tmp_path / f"out/sub-{person}/sub-{person}_report.html").read_text()
    write_study(study, SMALL)
    assert run_study(study, tmp_path / "out").exit_code == 0
    run_study(study, tmp_path / "fresh")
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


def test_tracebacks_only_with_debug_and_only_in_logs(tmp_path):
    study = write_study(tmp_path / "study", [("sub-01", "face", 1, "crash")])
    done = nociscope("run", study, tmp_path / "quiet", "--jobs", "1")
    assert (done.returncode, "Traceback" in done.stdout + done.stderr) == (1, False)
    assert "sub-01" in done.stderr
    assert "touch" in done.stderr
    done = nociscope("run", study, tmp_path / "loud", "--jobs", "1", "--debug")
    assert "RuntimeError" in (tmp_path / "loud/logs/sub-01_touch.traceback.txt").read_text()
    assert contents(tmp_path / "loud") == contents(tmp_path / "quiet")


def test_stop_on_error_stops_and_ends_with_1(tmp_path):
    study = write_study(tmp_path / "study", [("sub-01", "face", "x"), *SMALL[2:]])
    summary = run_study(study, tmp_path / "out", Options(stop_on_error=True))
    assert (summary.exit_code, summary.made) == (1, 1)
    assert not (tmp_path / "out" / "sub-03").exists()


def test_label_too_long_for_a_file_name_fails_alone(tmp_path):
    long = "sub-" + "a" * 238
    study = write_study(tmp_path / "study", [(long, "face", 1), SMALL[0]])
    summary = run_study(study, tmp_path / "out")
    assert summary.exit_code == 1
    assert summary.failed == (long,)
    assert "sub-01" in (tmp_path / "out/group/readings.tsv").read_text()


def test_hostile_text_is_escaped_and_neutralised(tmp_path):
    study = write_study(tmp_path / "study", [("sub-01", "=1+1", "[/red]\x1b[2J@x")], name="<script>x</script>")
    done = nociscope("run", study, tmp_path / "out", "--jobs", "1")
    assert done.returncode == 1
    assert "[/red]" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert "\x1b" not in text
            assert "<script>x" not in text or path.suffix == ".json"
    for table in (tmp_path / "out").rglob("*.tsv"):
        for line in table.read_text().splitlines():
            assert not any(cell.startswith(("=", "@")) for cell in line.split("\t"))


def test_worker_killed_once_is_retried(tmp_path):
    marker = tmp_path / "marker"
    study = write_study(tmp_path / "study", [("sub-01", "face", 1, f"kill:{marker}"), *SMALL[2:]])
    done = nociscope("run", study, tmp_path / "out", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert marker.exists()
    assert len((tmp_path / "out/group/readings.tsv").read_text().splitlines()) == 4


def test_worker_killed_twice_fails_that_participant_by_name(tmp_path):
    study = write_study(tmp_path / "study", [("sub-01", "face", 1, "kill"), *SMALL[2:]])
    done = nociscope("run", study, tmp_path / "out", "--jobs", "2")
    assert done.returncode == 1
    assert "sub-01" in done.stderr
    assert "killed" in done.stderr
    assert "Traceback" not in done.stderr
    assert "sub-03" in (tmp_path / "out/group/readings.tsv").read_text()
    write_study(tmp_path / "study", [("sub-01", "face", 1), *SMALL[2:]])
    assert nociscope("run", tmp_path / "study", tmp_path / "out", "--jobs", "2").returncode == 0


def test_executors_agree_and_carry_errors():
    tasks = [(str(i), i) for i in range(5)]
    for executor in (Serial(), Processes(2)):
        ends = {e.key: e for e in executor.run(divmod, 12, tasks)}
        assert {k: e.value for k, e in ends.items() if k != "0"} == {str(i): divmod(12, i) for i in range(1, 5)}
        assert isinstance(ends["0"].error, ZeroDivisionError)
