from __future__ import annotations

import json

from tests.engine.conftest import nociscope


def test_a_sheet_is_imported_checked_and_run(tmp_path):
    (tmp_path / "s.csv").write_text("id;age;sex;NRS\n1;44;f;6,5\n2;51;m;3\n;;;\n")
    (tmp_path / "m.toml").write_text(
        '[participant]\nid = "id"\n[participants]\nage = "age"\n[tables.pain_nrs]\nq1 = "NRS"\n'
    )
    study = tmp_path / "study"
    dry = nociscope("import", "table", tmp_path / "s.csv", study, "--map", tmp_path / "m.toml", "--dry-run")
    assert dry.returncode == 0
    assert "would be written" in dry.stdout
    assert not study.exists()
    done = nociscope("import", "table", tmp_path / "s.csv", study, "--map", tmp_path / "m.toml")
    assert done.returncode == 0, done.stderr
    assert "2 rows read, 2 used, 2 participants" in done.stdout
    assert nociscope("check", study).returncode == 0
    assert nociscope("run", study, tmp_path / "out", "--jobs", "1").returncode == 0
    readings = (tmp_path / "out/sub-1/sub-1_readings.tsv").read_text()
    assert "pain_nrs_total\t6.5" in readings
    assert (tmp_path / "out/sub-1/sub-1_report.html").read_text().count("Pain intensity") >= 1


def test_criteria_reach_the_findings(tmp_path):
    study = tmp_path / "study"
    nociscope("import", "template", "fm_criteria", study / "phenotype")
    (study / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.1"}')
    (study / "participants.tsv").write_text("participant_id\nsub-1\n")
    table = study / "phenotype/fm_criteria.tsv"
    header = table.read_text().strip().split("\t")
    row = {"participant_id": "sub-1", "fatigue": "3", "unrefreshed": "3", "cognition": "3", "duration_months": "x"}
    cells = [row.get(c, "1" if header.index(c) < 21 and c != "session_id" else "n/a") for c in header]
    table.write_text("\t".join(header) + "\n" + "\t".join(cells) + "\n")
    assert nociscope("run", study, tmp_path / "out", "--jobs", "1").returncode == 1
    content = json.loads((tmp_path / "out/sub-1/sub-1_findings.json").read_text())
    found = {f["rule"]: f for f in (content if isinstance(content, list) else content["findings"])}
    assert found["acr_2016"]["verdict"] == "cannot_tell"
    assert found["acr_2016"]["missing"] == ["duration_months"]
    check = nociscope("check", study)
    assert check.returncode == 1
    assert "sub-1, phenotype/fm_criteria.tsv, row 2, column duration_months" in check.stderr


def test_exit_codes_of_imports(tmp_path):
    (tmp_path / "s.csv").write_text("a,b\n1,2\n")
    assert nociscope("import", "table", tmp_path / "none.csv", tmp_path / "x").returncode == 66
    assert nociscope("import", "table", tmp_path / "s.csv", tmp_path / "x").returncode == 65
    assert nociscope("import", "table", tmp_path / "s.csv", tmp_path / "x", "--encoding", "no").returncode == 64
    assert nociscope("import", "template", "fiqqr", tmp_path / "t").returncode == 64
    assert nociscope("import", "nonsense", tmp_path / "s.csv", tmp_path / "x").returncode == 64
    (tmp_path / "file").write_text("")
    (tmp_path / "i.csv").write_text("participant_id,isi_1\n1,2\n")
    assert nociscope("import", "table", tmp_path / "i.csv", tmp_path / "file").returncode == 73
    for kind in ("redcap", "table", "spss", "qualtrics", "fhir", "lep-openneuro", "template"):
        shown = nociscope("import", kind, "--help")
        assert shown.returncode == 0
        assert "Example:" in shown.stdout


def test_instruments_are_listed_shown_and_scored(tmp_path):
    listed = nociscope("questionnaires", "list")
    assert "compass31" in listed.stdout
    shown = nociscope("questionnaires", "show", "psqi")
    assert "10.1016/0165-1781(89)90047-4" in shown.stdout
    wrong = nociscope("questionnaires", "show", "pqsi")
    assert (wrong.returncode, "Did you mean psqi?" in wrong.stderr) == (64, True)
    (tmp_path / "pain_nrs.tsv").write_text("participant_id\tq1\nsub-1\t4\nsub-2\t44\n")
    done = nociscope("questionnaires", "score", tmp_path / "pain_nrs.tsv", "-o", tmp_path / "r.tsv")
    assert done.returncode == 1
    assert "sub-2, pain_nrs.tsv, row 3, column q1" in done.stderr
    assert (tmp_path / "r.tsv").read_text().count("pain_nrs_total") == 2
