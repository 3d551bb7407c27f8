"""The command line: exit codes case by case, what goes to which stream, and lists as BIDS Apps write them."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from nociscope.cli.arguments import with_lists
from tests.engine.conftest import SMALL, command, contents, environment, nociscope, write_study


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path / "study", SMALL)


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        ("run S O --participant-label 01 02", "run S O --participant-label 01 --participant-label 02"),
        ("run S O group --participant_label 1 2", "run S O group --participant-label 1 --participant-label 2"),
        ("run S O --participant-label 01 02 group", "run S O --participant-label 01 --participant-label 02 group"),
        ("run S O --participant-label=01 --jobs 2", "run S O --participant-label 01 --jobs 2"),
        ("run --participant-label 01 S O", "run --participant-label 01 S O"),
        ("run --assay a --assay b S O", "run --assay a --assay b S O"),
        ("run --jobs 2 S O --assay qst biopsy --debug", "run --jobs 2 S O --assay qst --assay biopsy --debug"),
        ("run S --session-label 1 O", "run S --session-label 1 O"),
        ("run S O --participant-label", "run S O --participant-label"),
        ("run -- --participant-label O", "run -- --participant-label O"),
        ("score a b -o c", "score a b -o c"),
    ],
)  # fmt: skip
def test_lists_take_several_words_once_study_and_output_are_named(given, parsed):
    assert with_lists(given.split()) == parsed.split()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "{study}", "{out}", "--colour"), 64, "--colour"),
        (("run", "{study}"), 64, "OUT"),
        (("run", "{study}", "{out}", "--jobs", "many"), 64, "--jobs"),
        (("run", "{study}", "{out}", "--jobs", "0"), 64, "jobs"),
        (("run", "{study}", "{out}", "cohort"), 64, "cohort"),
        (("run", "{study}", "{out}", "--assay", "smell"), 64, "smell"),
        (("run", "{study}", "{out}", "--norm", "nobody2001"), 64, "nobody2001"),
        (("run", "{study}", "{study}"), 64, "study itself"),
        (("run", "{study}", "{study}/results"), 64, "derivatives"),
        (("run", "{study}", "{out}", "--participant-label", ","), 64, "empty"),
        (("run", "{study}", "{out}", "--participant-label"), 64, "--participant-label"),
        (("fly",), 64, "fly"),
        (("norms", "show", "nobody2001"), 64, "nobody2001"),
        (("simulate", "{out}", "--participants", "0", "--seed", "1"), 64, "participants"),
        (("simulate", "{out}", "--participants", "2"), 64, "seed"),
        (("run", "{study}/none", "{out}"), 66, "none"),
        (("run", "{study}", "{out}", "--settings", "none.toml"), 66, "none.toml"),
        (("run", "{study}", "{out}", "--norms", "no-norms"), 66, "no-norms"),
        (("check", "{study}/none"), 66, "none"),
        (("score", "none.tsv", "{study}/participants.tsv", "-o", "{out}.tsv"), 66, "none.tsv"),
        (("simulate", "{out}", "--participants", "2", "--seed", "1", "--scenario", "no.toml"), 66, "no.toml"),
        (("run", "{study}", "{study}/participants.tsv"), 64, "study"),
        (("run", "{study}", "{file}"), 73, "is a file"),
        (("run", "{study}", "{file}/out"), 73, "file"),
        (("simulate", "{study}", "--participants", "2", "--seed", "1"), 73, "not empty"),
        (("score", "{study}/participants.tsv", "{study}/participants.tsv", "-o", "{out}.tsv"), 65, "assay"),
        (("run", "{study}", "{out}", "--participant-label", "77", "sub-88"), 18, "77, sub-88"),
        (("run", "{study}", "{out}", "--session-label", "late"), 18, "late"),
        (("run", "{empty}", "{out}"), 16, "dataset_description.json"),
        (("check", "{empty}"), 16, "dataset_description.json"),
        (("run", "{broken}", "{out}"), 16, "nociscope.toml"),
    ],
)
def test_each_mistake_has_its_code_and_a_sentence(study, tmp_path, arguments, code, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("mine")
    broken = write_study(tmp_path / "broken", SMALL)
    (broken / "code").mkdir()
    (broken / "code" / "nociscope.toml").write_text("[touch\n")
    before = contents(study)
    places = {k: tmp_path / k for k in ("study", "out", "empty", "file", "broken")}
    done = nociscope(*(a.format(**places) for a in arguments), cwd=tmp_path)
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert contents(study) == before
    assert not (tmp_path / "out").exists()


def test_help_and_version_of_every_command():
    commands = [(), ("run",), ("check",), ("score",), ("simulate",), ("demo",)]
    commands += [("norms",), ("norms", "list"), ("norms", "show"), ("norms", "build")]
    for name in commands:
        done = nociscope(*name, "--help")
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert "Usage" in done.stdout
        if name and name != ("norms",):
            assert "Example: nociscope" in done.stdout
    for name in ((), ("run",), ("norms", "list")):
        assert nociscope(*name, "--version").stdout.startswith("nociscope ")


def test_help_loads_nothing_heavy():
    code = "import sys, runpy; sys.argv = ['nociscope', 'run', '--help']\n"
    code += "try: runpy.run_module('nociscope', run_name='__main__')\nexcept SystemExit: pass\n"
    code += "print([m for m in ('numpy', 'scipy', 'pandas', 'matplotlib', 'jinja2', 'rich') if m in sys.modules])"
    done = subprocess.run([*command()[:1], "-c", code], env=environment(), capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_dry_run_writes_nothing(study, tmp_path):
    done = nociscope("run", study, tmp_path / "out", "--dry-run", "--participant-label", "01", "03")
    assert (done.returncode, done.stderr) == (0, "")
    assert "sub-01: touch" in done.stdout
    assert "sub-02" not in done.stdout
    assert not (tmp_path / "out").exists()


def test_run_says_who_and_where(study, tmp_path):
    run = ("run", study, tmp_path / "out")
    done = nociscope(*run, "participant", "--participant-label", "01", "sub-03", "--jobs", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert "[2/2] sub-03: worked up" in done.stdout
    assert not (tmp_path / "out" / "sub-02").exists()
    again = nociscope(*run, "--jobs", 1)
    assert "1 visit worked up, 2 done already" in again.stdout
    assert str(tmp_path / "out" / "index.html") in again.stdout


def test_a_run_of_some_people_does_not_blame_them_for_others(tmp_path):
    study = write_study(tmp_path / "study", [*SMALL[:2], ("sub-02", "face", "many")])
    with (study / "phenotype" / "touch.tsv").open("a") as stream:
        stream.write("sub-02\ttoo\tmany\tcells\there\tand\tthere\n")
    assert nociscope("run", study, tmp_path / "out", "--participant-label", "01", "--jobs", 1).returncode == 0
    done = nociscope("run", study, tmp_path / "out", "--jobs", 1)
    assert done.returncode == 1
    assert "row 5" in done.stderr


def test_check_tells_what_is_there(study, tmp_path):
    done = nociscope("check", study)
    assert "sub-02: " in done.stdout
    assert "touch=yes" in done.stdout
    bad = write_study(tmp_path / "bad", [("sub-02", "face", "many")])
    before = contents(bad)
    done = nociscope("check", bad)
    assert done.returncode == 1
    assert "sub-02" in done.stderr
    assert "many" in done.stderr
    assert contents(bad) == before


def test_norms_list_and_show():
    done = nociscope("norms", "list")
    line = next(x for x in done.stdout.splitlines() if "collongues" in x)
    key, status = line.split()[:2]
    assert status == "read"
    shown = nociscope("norms", "show", key).stdout
    assert "https://doi.org/10.1371/journal.pone.0191614" in shown
    assert "0.0769" in shown
    assert "inactive" in next(x for x in done.stdout.splitlines() if x.startswith("lauria2010"))


def test_rules_list_and_show():
    done = nociscope("rules", "list")
    lines = {x.split()[0]: x for x in done.stdout.splitlines()}
    assert "partial" in lines["ean_pns_2021"]
    shown = nociscope("rules", "show", "efns_pns_2010").stdout
    assert "https://doi.org/10.1111/j.1468-1331.2009.02930.x" in shown
    unknown = nociscope("rules", "show", "efns_pns_2011")
    assert unknown.returncode == 64
    assert "Did you mean efns_pns_2010?" in unknown.stderr


def test_score_of_recorded_readings_gives_the_recorded_scores(tmp_path):
    assert nociscope("simulate", tmp_path / "study", "--participants", 2, "--seed", 3).returncode == 0
    assert nociscope("run", tmp_path / "study", tmp_path / "out", "--jobs", 1).returncode == 0
    people = tmp_path / "study" / "participants.tsv"
    scores = tmp_path / "scores.tsv"
    done = nociscope("score", tmp_path / "out/group/readings.tsv", people, "-o", scores)
    assert (done.returncode, done.stderr) == (0, "")
    again, recorded = (path.read_text().splitlines() for path in (scores, tmp_path / "out/group/scores.tsv"))
    assert len(again) == len(recorded)
    # limits that came with a value stand in its input table, which a table of readings does not have
    pairs = [(a, r) for a, r in zip(again, recorded, strict=True) if "\tlaboratory_limits\t" not in r]
    assert [a for a, _ in pairs] == [r for _, r in pairs]
    assert len(scores.read_text().splitlines()) > 2
    same = nociscope("score", people, people, "-o", people)
    assert same.returncode == 64


def test_score_names_rows_and_people_it_cannot_use(tmp_path):
    readings = tmp_path / "readings.tsv"
    header = "participant_id\tassay\tsite\tside\tmeasure\tvalue\tunit\tmethod\n"
    row = "sub-{}\tbiopsy\tdistal_leg\tleft\tienfd\t{}\t/mm\tpgp95_bf\n"
    readings.write_text(header + row.format("1", "2.0") + row.format("1", "lots") + row.format("9", "2.0"))
    (tmp_path / "people.tsv").write_text("participant_id\tage\tsex\nsub-1\t50\tF\n")
    done = nociscope("score", readings, tmp_path / "people.tsv", "-o", tmp_path / "scores.tsv")
    assert done.returncode == 1
    assert "row 3" in done.stderr
    assert "sub-9" in done.stderr
    calls = [line.split("\t")[15] for line in (tmp_path / "scores.tsv").read_text().splitlines()]
    assert calls == ["call", "loss", "not_comparable"]


def test_norms_build_then_run_scores_by_own_controls(tmp_path):
    people = [f"sub-{i:02}" for i in range(24)]
    study = write_study(tmp_path / "study", [(p, "face", 5 + i % 5) for i, p in enumerate(people)], people=people)
    done = nociscope("norms", "build", study, tmp_path / "norms")
    assert (done.returncode, done.stderr) == (0, "")
    assert "12 controls" in done.stdout
    done = nociscope("run", study, tmp_path / "out", "--norms", tmp_path / "norms", "--jobs", 1)
    assert done.returncode == 0
    rows = [line.split("\t") for line in (tmp_path / "out/group/scores.tsv").read_text().splitlines()[1:]]
    assert [r[0] for r in rows if r[15] == "not_comparable"] == []
    assert len(rows) == 24
    none = write_study(tmp_path / "none", SMALL[:2])
    assert nociscope("norms", "build", none, tmp_path / "norms").returncode == 65


def test_demo_gives_the_same_bytes_anywhere(tmp_path):
    first = nociscope("demo", "--participants", 2, cwd=tmp_path)
    assert (first.returncode, first.stderr) == (0, "")
    assert str(tmp_path / "nociscope-demo/results/index.html") in first.stdout
    second = nociscope("demo", tmp_path / "other", "--participants", 2, "--jobs", 1)
    assert second.returncode == 0
    for part in ("study", "results"):
        assert contents(tmp_path / "nociscope-demo" / part) == contents(tmp_path / "other" / part)
    assert "0 visits worked up" in nociscope("demo", tmp_path / "other").stdout
    (tmp_path / "other" / "study" / "participants.tsv").write_text("spoilt")
    assert nociscope("demo", tmp_path / "other", "--participants", 2, "--overwrite").returncode == 0
    assert contents(tmp_path / "nociscope-demo" / "study") == contents(tmp_path / "other" / "study")


def test_user_settings_of_matplotlib_and_a_read_only_home_change_nothing(tmp_path):
    assert nociscope("simulate", tmp_path / "study", "--participants", 1, "--seed", 3).returncode == 0
    for name in ("plain", "odd", "temporary"):
        (tmp_path / name).mkdir()
    (tmp_path / "odd" / "matplotlibrc").write_text("font.size: 30\naxes.facecolor: red\nsvg.fonttype: path\n")
    odd = {"HOME": "/proc/none", "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": "", "TMPDIR": str(tmp_path / "temporary")}
    run = ("run", "../study", "out", "--jobs")
    assert nociscope(*run, 1, cwd=tmp_path / "plain").returncode == 0
    done = nociscope(*run, 2, cwd=tmp_path / "odd", **odd)
    assert (done.returncode, done.stderr) == (0, "")
    assert contents(tmp_path / "odd" / "out") == contents(tmp_path / "plain" / "out")
    assert not list((tmp_path / "temporary").iterdir())


def test_no_network_is_touched(study, tmp_path):
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(
        "import sys\n"
        "def hook(event, arguments):\n"
        "    inet = event in ('socket.connect', 'socket.bind') and isinstance(arguments[1], tuple)\n"
        "    if inet or event in ('socket.getaddrinfo', 'socket.gethostbyname', 'urllib.Request'):\n"
        "        raise RuntimeError('network')\n"
        "sys.addaudithook(hook)\n"
    )
    path = environment()["PYTHONPATH"] + os.pathsep + str(guard)
    done = nociscope("run", study, tmp_path / "out", "--jobs", 2, PYTHONPATH=path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("delay", [0.5, 1.0, 1.5])
def test_interrupt_of_the_whole_group_at_any_time_is_quiet(tmp_path, delay):
    rows = [("sub-01", "face", 1, f"sleep:{tmp_path / 'm'}"), ("sub-02", "face", 1, f"sleep:{tmp_path / 'n'}")]
    study = write_study(tmp_path / "study", rows)
    process = subprocess.Popen(
        command("run", study, tmp_path / "out", "--jobs", 2),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGINT)
    _stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in stderr


def test_reader_that_goes_away_is_no_error():
    line = " ".join(command("norms", "list")) + " | head -1"
    done = subprocess.run(line, shell=True, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.stderr == ""


def test_verbs_are_python_functions(study, tmp_path):
    import nociscope as package

    summary = package.run(study, tmp_path / "out", level="participant", participants=("01",))
    assert summary.exit_code == 0
    with pytest.raises(package.verbs.UsageError, match="colour"):
        package.run(study, tmp_path / "out", colour=1)
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError):
        _ = package.nothing
    assert package.check(study).lines
