import json
import re

import pytest

from nociscope.cli import main
from tests.evidence.test_reference import HERE

DATA = HERE / "data"
KEYS = set(
    re.findall(
        r"\w+",
        "k estimate se ci_low ci_high tau2 tau2_low tau2_high i2 h2 q q_p pi_low pi_high studies natural "
        "leave_one_out cumulative egger begg trim_fill groups between moderator",
    )
)


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["evidence", *map(str, arguments)])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


def strict(text):
    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def test_pool_json_has_every_key(run):
    code, out, _ = run(
        "pool", DATA / "colditz1994.csv", "--measure", "rr", "--moderator", "ablat", "--group", "alloc",
        "--leave-one-out", "--cumulative", "year", "--egger", "--begg", "--trim-fill", "--json",
    )  # fmt: skip
    assert code == 0
    record = strict(out)
    assert set(record) >= KEYS
    assert set(record["studies"][0]) >= {"study", "yi", "vi", "weight"}
    assert set(record["egger"]) >= {"t", "df", "p"}
    assert set(record["begg"]) >= {"tau", "p"}
    assert set(record["trim_fill"]) >= {"k0", "side", "estimate", "ci_low", "ci_high"}
    assert set(record["between"]) == {"q", "df", "p"}
    assert set(record["moderator"]) >= {"coefficients", "qm", "qm_p"}
    assert sum(s["weight"] for s in record["studies"]) == pytest.approx(100)
    assert len(record["leave_one_out"]) == len(record["cumulative"]) == 13


def test_options_are_read_in_either_case(run):
    code, out, _ = run(
        "pool", DATA / "zhou1999.csv", "--tau2", "dl", "--interval", "z", "--prediction", "z", "--json"
    )
    assert code == 0
    assert strict(out)["tau2_method"] == "DL"


def test_wrong_data_end_with_65_and_one_sentence(run, tmp_path):
    table = tmp_path / "bad.csv"
    table.write_text("study,events,n\nA,5,3\n")
    code, out, err = run("pool", table, "--json")
    assert (code, out) == (65, "")
    assert err == "bad.csv, row 2, column events: “5” is more than n (study A); correct the cell.\n"


@pytest.mark.parametrize(
    "text", ["", "study,events,n\n", "study,events,n\nA,1\n", "study,study\nA,1\n", "a;b\n1;2\n"]
)
def test_tables_that_are_none_end_with_65(run, tmp_path, text):
    table = tmp_path / "bad.csv"
    table.write_text(text)
    code, out, err = run("pool", table)
    assert code == 65
    assert out == ""
    assert "Traceback" not in err


def test_a_left_out_study_is_said_on_stderr_and_k_is_smaller(run, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("study;events;n\nA;5;13\nB;;4\nC;1;4\n")
    code, out, err = run("pool", table, "--json")
    assert code == 0
    assert strict(out)["k"] == 2
    assert "study B" in err


def test_missing_files_and_unknown_words(run, tmp_path):
    assert run("pool", tmp_path / "no.csv")[0] == 66
    assert run("pool", "--tau2", "XX")[0] == 64
    assert run("pool", DATA / "zhou1999.csv", "--moderator", "nothing")[0] == 64
    assert run("pool", "--no-such-option")[0] == 64
    assert run("list", "--test", "xray")[0] == 64
    assert run("pool", DATA / "zhou1999.csv", "--test", "biopsy")[0] == 64


def test_the_register_is_pooled_by_test_and_says_what_it_is(run):
    code, out, _ = run("pool", "--json")
    assert code == 0
    record = strict(out)
    assert {g["group"] for g in record["groups"]} == {"biopsy", "ccm"}
    assert "small-fibre pathology" in record["selection"]


def test_different_constructs_are_not_pooled(run):
    code, _, err = run("pool", "--test", "biopsy", "--test", "questionnaires")
    assert code == 64
    assert "different things" in err


def test_text_output_has_the_prediction_interval_and_extras(run):
    code, out, _ = run(
        "pool", "--test", "biopsy", "--influence", "--cluster", "centre", "--bayes", "0.5", "--alternatives",
        "--group", "site", "--one-per-centre",
    )  # fmt: skip
    assert code == 0
    for words in ("prediction interval", "three-level", "Bayes", "dffits", "random PM, hk", "between groups"):
        assert words in out
    assert not re.search(r"\bnan\b|\binf\b", out)


@pytest.mark.parametrize("ending", [".svg", ".png", ".pdf"])
def test_figures_are_written_and_the_same_again(run, tmp_path, ending):
    path = tmp_path / f"f{ending}"
    assert run("forest", DATA / "zhou1999.csv", "-o", path)[0] == 0
    first = path.read_bytes()
    assert run("forest", DATA / "zhou1999.csv", "-o", path)[0] == 0
    assert path.read_bytes() == first


def test_a_figure_of_another_kind_and_a_wrong_ending(run, tmp_path):
    assert run("forest", DATA / "zhou1999.csv", "--kind", "funnel", "-o", tmp_path / "f.svg")[0] == 0
    assert run("forest", DATA / "zhou1999.csv", "-o", tmp_path / "f.gif")[0] == 64
    (tmp_path / "file").write_text("")
    assert run("forest", DATA / "zhou1999.csv", "-o", tmp_path / "file" / "f.svg")[0] == 73


def test_accuracy(run, tmp_path):
    code, out, _ = run("accuracy", DATA / "kearon1998.csv", "--json", "-o", tmp_path / "roc.svg")
    assert code == 0
    record = strict(out)
    assert {f"{a}{b}" for a in ("sensitivity", "specificity") for b in ("", "_low", "_high")} <= set(record)
    assert (tmp_path / "roc.svg").exists()
    assert "Sensitivity: 74.7 %" in run("accuracy", DATA / "kearon1998.csv")[1]


def test_list_conflicts_and_published(run):
    out = run("list")[1]
    assert "Oaklander 2013: 11/27, controls 1/30" in out
    assert "inactive" in out
    assert "AGAINST" in run("list", "--claims")[1]
    assert "never stand on one axis" in run("conflicts")[1]
    out = run("published")[1]
    assert "here:      59 % (40 to 78), I² 51 %" in out
    assert "several choices of studies add up to 166" in out
    for command in ("list", "conflicts"):
        strict(run(command, "--json")[1])


def test_screen_flow_and_form(run, tmp_path):
    source = tmp_path / "a.csv"
    source.write_text(
        "title,authors,year,doi\nNew,Someone,2030,10.1000/x\nOld,Oaklander,2013,10.1016/j.pain.2013.06.001\n"
    )
    code, out, _ = run("screen", source, "-o", tmp_path / "log.tsv")
    assert code == 0
    assert "1 new" in out
    log = tmp_path / "log.tsv"
    log.write_text(log.read_text().replace("n/a\tn/a\tn/a", "n/a\tincluded\tn/a"))
    code, out, _ = run("flow", log)
    assert code == 0
    assert re.search(r"included +1", out)
    assert run("form", "quadas-2", DATA / "kearon1998.csv", "-o", tmp_path / "q.tsv")[0] == 0
