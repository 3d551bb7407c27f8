"""A run as a whole: what is written, what a rerun does, and what changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from nociscope.engine import Options, run_study
from nociscope.problems import CannotWrite, InputMissing, NothingSelected, UsageError
from tests.engine.conftest import SMALL, contents, nociscope, times, write_study

ONE = ("participant_id", "session_id", "assay", "site", "side", "measure", "value")


def rows_of(path: Path) -> list[dict[str, str]]:
    header, *lines = path.read_text().splitlines()
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


def test_first_run_writes_everything(study, tmp_path):
    out = tmp_path / "out"
    summary = run_study(study, out)
    assert (summary.exit_code, summary.made, summary.participants, summary.failed) == (0, 3, 3, ())
    assert summary.index == out / "index.html"
    rows = rows_of(out / "group" / "readings.tsv")
    assert [(r["participant_id"], r["site"], r["value"]) for r in rows] == [
        ("sub-01", "face", "1.5"),
        ("sub-01", "chest", "2.5"),
        ("sub-02", "face", "3.25"),
        ("sub-03", "face", "4.125"),
    ]
    assert rows == [r for p in ("01", "02", "03") for r in rows_of(out / f"sub-{p}" / f"sub-{p}_readings.tsv")]
    assert {r["device"] for r in rows} == {"Bürste – α [/x]"}
    assert {r["source"] for r in rows} == {"phenotype/touch.tsv"}
    for name in ("sub-01/sub-01_report.html", "sub-01/figures/sub-01_desc-touch_bars.svg", "descriptions.tsv"):
        assert (out / name).is_file()
    page = (out / "index.html").read_text()
    assert all(f"sub-{p}/sub-{p}_report.html" in page for p in ("01", "02", "03"))
    description = json.loads((out / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    assert str(tmp_path) not in "".join(p.read_text() for p in out.rglob("*") if p.is_file())
    assert not list(out.rglob("*.part"))


def test_every_table_has_a_dictionary_of_its_columns(study, tmp_path):
    run_study(study, tmp_path / "out")
    tables = list((tmp_path / "out").rglob("*.tsv"))
    assert len(tables) >= 10
    for table in tables:
        columns = table.read_text().split("\n", 1)[0].split("\t")
        assert list(json.loads(table.with_suffix(".json").read_text())) == columns


def test_output_is_a_valid_derivative_dataset(tmp_path):
    rows = [*SMALL, ("sub-04", "face", 1, "n/a", "ses-1"), ("sub-04", "face", 2, "n/a", "ses-2")]
    out = tmp_path / "out"
    run_study(write_study(tmp_path / "study", rows), out)
    try:
        done = subprocess.run(
            ["bids-validator-deno", "--ignoreWarnings", str(out)], capture_output=True, text=True, timeout=120
        )
    except FileNotFoundError:
        pytest.skip("bids-validator-deno is not installed")
    assert done.returncode == 0, done.stdout


def test_rerun_writes_nothing(study, tmp_path):
    out = tmp_path / "out"
    run_study(study, out)
    before = times(out)
    for path in study.rglob("*"):
        os.utime(path, (1, 1))
    summary = run_study(study, out)
    assert (summary.made, summary.exit_code) == (0, 0)
    changed = {name for name, t in times(out).items() if before.get(name) != t}
    assert changed <= {"logs/run.log"}


def test_changed_row_remakes_one_participant(study, tmp_path):
    out = tmp_path / "out"
    run_study(study, out)
    before = times(out)
    write_study(study, [*SMALL[:2], ("sub-02", "face", 9), SMALL[3]])
    assert run_study(study, out).made == 1
    changed = {name.split("/")[0] for name, t in times(out).items() if before.get(name) != t}
    assert "sub-02" in changed
    assert not changed & {"sub-01", "sub-03"}
    run_study(study, tmp_path / "fresh")
    assert contents(out) == contents(tmp_path / "fresh")


def test_row_put_in_above_moves_no_one_else(study, tmp_path):
    out = tmp_path / "out"
    run_study(study, out)
    write_study(study, [("sub-01", "knee", 7), *SMALL])
    assert run_study(study, out).made == 1


def test_row_numbers_in_problems_are_kept_right(tmp_path):
    bad = [("sub-02", "face", "much"), ("sub-02", "chest", 1)]
    study, out = write_study(tmp_path / "study", [SMALL[0], *bad]), tmp_path / "out"
    run_study(study, out)
    write_study(study, [("sub-01", "knee", 7), SMALL[0], *bad])
    assert run_study(study, out).made == 2
    run_study(study, tmp_path / "fresh")
    assert contents(out) == contents(tmp_path / "fresh")


@pytest.mark.parametrize("harm", ["alter", "delete", "manifest"])
def test_harmed_output_is_made_again(study, tmp_path, harm):
    out = tmp_path / "out"
    run_study(study, out)
    whole = contents(out)
    if harm == "alter":
        (out / "sub-02" / "sub-02_scores.tsv").write_text("nonsense\n")
    elif harm == "delete":
        (out / "sub-02" / "sub-02_report.html").unlink()
        (out / "group" / "readings.tsv").unlink()
        (out / "index.html").unlink()
    else:
        (out / ".nociscope" / "sub-02.json").write_text('{"n/a": {"outputs": {"../../x": "0"}}}')
    assert run_study(study, out).made == 1
    assert contents(out) == whole


def test_settings_of_the_study_matter(study, tmp_path):
    out = tmp_path / "out"
    run_study(study, out)
    (study / "code").mkdir()
    (study / "code" / "nociscope.toml").write_text("[touch]\nfactor = 2.0\n")
    assert run_study(study, out).made == 3
    assert rows_of(out / "group" / "readings.tsv")[0]["value"] == "3"


def test_person_who_left_the_study_leaves_the_output(study, tmp_path):
    out = tmp_path / "out"
    run_study(study, out)
    write_study(study, SMALL[:3])
    summary = run_study(study, out)
    assert not (out / "sub-03").exists()
    assert [p.code for p in summary.problems] == ["left-study"]
    assert summary.exit_code == 0
    run_study(study, tmp_path / "fresh")
    assert contents(out) == contents(tmp_path / "fresh")


def test_altered_files_of_a_person_who_left_stay_and_are_named(study, tmp_path):
    out = tmp_path / "out"
    run_study(study, out)
    (out / "sub-03" / "sub-03_scores.tsv").write_text("my notes")
    write_study(study, SMALL[:3])
    summary = run_study(study, out)
    assert [p.name for p in (out / "sub-03").iterdir()] == ["sub-03_scores.tsv"]
    assert "altered" in summary.problems[0].sentence()
    assert "sub-03" not in (out / "index.html").read_text()


def test_levels_and_participants_in_any_order_give_the_same_bytes(study, tmp_path):
    run_study(study, tmp_path / "whole")
    expected = contents(tmp_path / "whole")
    by_level, by_person = tmp_path / "level", tmp_path / "person"
    run_study(study, by_level, Options(level="participant"))
    assert not (by_level / "group").exists()
    run_study(study, by_level, Options(level="group"))
    assert contents(by_level) == expected
    for person in ("sub-03", "01", "sub-02"):
        run_study(study, by_person, Options(level="participant", participants=(person,)))
        if person == "01":
            early = run_study(study, by_person, Options(level="group"))
            assert [(p.participant_id, p.code) for p in early.problems] == [("sub-02", "no-results")]
    run_study(study, by_person, Options(level="group"))
    assert contents(by_person) == expected


def test_sessions_one_at_a_time_name_each_other(tmp_path):
    rows = [("sub-01", "face", i, "n/a", f"ses-{i}") for i in (1, 2, 3)]
    study = write_study(tmp_path / "study", rows)
    run_study(study, tmp_path / "whole")
    assert "ses-2" in (tmp_path / "whole/sub-01/ses-1/sub-01_ses-1_report.html").read_text()
    for session in ("ses-3", "1", "2"):
        run_study(study, tmp_path / "out", Options(sessions=(session,)))
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    write_study(study, rows[:2])
    run_study(study, tmp_path / "out")
    run_study(study, tmp_path / "fresh")
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


def test_pages_only_gives_the_same_pages(study, tmp_path):
    out = tmp_path / "out"
    run_study(study, out)
    whole = contents(out)
    page = out / "sub-01" / "sub-01_report.html"
    page.write_text("old")
    assert run_study(study, out, Options(pages_only=True)).exit_code == 0
    assert contents(out) == whole
    assert run_study(study, out).made == 0


def test_pages_only_without_results_says_so(study, tmp_path):
    summary = run_study(study, tmp_path / "out", Options(pages_only=True))
    assert summary.exit_code == 1
    assert summary.failed == ("sub-01", "sub-02", "sub-03")


@pytest.mark.parametrize(
    ("settings", "env"),
    [
        (("--jobs", "1"), {}),
        (("--jobs", "2"), {"TZ": "Pacific/Chatham", "PYTHONHASHSEED": "7", "LC_ALL": "C"}),
        (("--jobs", "3"), {"LC_ALL": "de_DE.UTF-8", "OMP_NUM_THREADS": "4"}),
    ],
)
def test_same_bytes_whatever_the_surroundings(study, tmp_path, settings, env):
    run_study(study, tmp_path / "here")
    elsewhere = tmp_path / "other place" / "copy"
    write_study(elsewhere, SMALL)
    work = tmp_path / "work"
    work.mkdir()
    done = nociscope("run", elsewhere, "../out", *settings, cwd=work, **env)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert contents(tmp_path / "out") == contents(tmp_path / "here")
    assert not list(work.iterdir())


def test_nothing_selected_names_the_labels(study, tmp_path):
    with pytest.raises(NothingSelected, match="sub-77, 88"):
        run_study(study, tmp_path / "out", Options(participants=("sub-77", "88")))
    assert not (tmp_path / "out").exists()


def test_one_unknown_label_among_known_ones_is_named(study, tmp_path):
    summary = run_study(study, tmp_path / "out", Options(participants=("01", "88")))
    assert (summary.exit_code, summary.made) == (0, 1)
    assert "88" in summary.problems[0].sentence()


def test_unknown_assay_is_named(study, tmp_path):
    with pytest.raises(UsageError, match="smell"):
        run_study(study, tmp_path / "out", Options(assays=("smell",)))


def test_study_must_exist(tmp_path):
    with pytest.raises(InputMissing):
        run_study(tmp_path / "none", tmp_path / "out")


def test_output_of_other_people_is_refused(study, tmp_path):
    out = tmp_path / "out"
    run_study(study, out)
    other = write_study(tmp_path / "other", [("sub-a", "face", 1)])
    before = contents(out)
    with pytest.raises(CannotWrite, match="other people"):
        run_study(other, out)
    assert contents(out) == before


def test_output_that_is_another_dataset_is_refused(study, tmp_path):
    other = write_study(tmp_path / "other", SMALL)
    before = contents(other)
    with pytest.raises(CannotWrite, match="another dataset"):
        run_study(study, other)
    assert contents(other) == before


def test_output_that_is_a_virtual_study_is_refused(study, tmp_path):
    import nociscope

    other = nociscope.simulate(tmp_path / "other", 1, 1)
    with pytest.raises(CannotWrite, match="another dataset"):
        run_study(study, other)


def test_study_never_changes(study, tmp_path):
    before = (contents(study), times(study))
    run_study(study, study / "derivatives" / "nociscope")
    after = {k: v for k, v in contents(study).items() if not k.startswith("derivatives/")}
    assert after == before[0]
    assert run_study(study, study / "derivatives" / "nociscope").made == 0
