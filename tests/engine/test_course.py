"""An IVIg course through the whole program: findings, changes, group counts and the page."""

import json
import shutil
from pathlib import Path

import pytest

from nociscope.assays.registry import assay_named
from nociscope.engine.run import Options, run_study
from nociscope.engine.store import load
from nociscope.problems import InvalidStudy
from nociscope.truth import Truth
from nociscope.tsv import split_tsv
from nociscope.virtual.writer import write_study
from tests.engine.conftest import contents

SESSIONS = ("ses-1", "ses-2", "ses-3")


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("course") / "study"
    ill = {"large_fibre_demyelination": 0.6, "distal_small_fibre_loss": 0.6}
    truths = [
        Truth(participant_id="sub-01", session_id=s, group="FM", age=52, sex="F", severity=ill) for s in SESSIONS
    ]
    truths += [Truth(participant_id="sub-02", session_id=s, group="control", age=40, sex="M") for s in SESSIONS[:2]]
    write_study(root, truths, 3, [assay_named("biopsy"), assay_named("ncs"), assay_named("labs")])
    table = root / "phenotype" / "skin_biopsy.tsv"
    table.write_text(table.read_text().replace("\tleft\t", "\tright\t"))
    (root / "phenotype" / "treatments.tsv").write_text(
        "participant_id\tsession_id\tdrug\tdose\tunit\tstart\tstop\nsub-01\tses-2\tIVIg\t2\tg/kg\t2026-01-10\tn/a\n"
    )
    (root / "phenotype" / "clinical_signs.tsv").write_text(
        "participant_id\tsession_id\tsign\tvalue\nsub-01\tses-1\tthermal_loss\tperhaps\n"
    )
    (root / "code").mkdir()
    (root / "code" / "nociscope.toml").write_text("[rules.reliable_change.ienfd]\nsd = 2.5\nreliability = 0.97\n")
    return root


def findings(out: Path, person: str, session: str) -> dict[str, dict]:
    name = f"{person}/{session}/{person}_{session}_findings.json"
    return {f["rule"]: f for f in json.loads((out / name).read_text())["findings"]}


def test_findings_changes_and_group(study, tmp_path):
    out = tmp_path / "out"
    summary = run_study(study, out)
    assert summary.exit_code == 1  # the sign “perhaps” is refused by name
    assert any("clinical_signs.tsv" in p.sentence() and "perhaps" in p.sentence() for p in summary.problems)
    assert findings(out, "sub-01", "ses-1")["efns_pns_2010"]["verdict"] == "meets"
    assert findings(out, "sub-02", "ses-1")["ncs_pattern"]["rule"] == "ncs_pattern"
    assert "reliable_change" not in findings(out, "sub-01", "ses-1")
    assert "reliable_change" in findings(out, "sub-01", "ses-3")
    result = load(out, "sub-01", "ses-3")
    assert result.course is not None
    assert len(result.course.trials) == 2
    density = [c for c in result.course.changes if c.measure == "ienfd" and c.site == "distal_leg"]
    assert [c.session_id for c in density] == ["ses-2", "ses-3"]
    assert all(c.limit is not None and c.low is not None and "placebo" in c.placebo for c in density)
    _, rows, _ = split_tsv((out / "group" / "findings.tsv").read_text(), "findings.tsv")
    assert {r.cells["rule"] for r in rows} >= {"efns_pns_2010", "ean_pns_2021", "aan_cidp", "ncs_pattern"}
    assert (out / "group" / "responders.tsv").read_text().count("\n") == 1


def test_the_page_shows_interval_limit_placebo_and_both_trials(study, tmp_path):
    out = tmp_path / "out"
    run_study(study, out)
    page = (out / "sub-01" / "ses-3" / "sub-01_ses-3_report.html").read_text().replace("\u00a0", " ")
    for text in (
        "What published rules say",
        "Change over the visits",
        "IVIg 2 g/kg",
        "95 % interval",
        "Error limit",
        "on placebo it rose by 0.5",
        "10.1212/WNL.0000000000011919",
        "10.1002/mus.27745",
        "9 of 30 (30 %)",
    ):
        assert text in page, text
    assert "Change over the visits" not in (out / "sub-01" / "ses-1" / "sub-01_ses-1_report.html").read_text()


def test_one_session_at_a_time_ends_with_the_same_bytes(study, tmp_path):
    run_study(study, tmp_path / "whole")
    for session in ("1", "3", "2"):
        run_study(study, tmp_path / "parts", Options(sessions=(session,)))
    run_study(study, tmp_path / "parts", Options(level="group"))
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")


def test_a_rerun_makes_nothing_and_a_changed_visit_is_judged_again_with_the_last(study, tmp_path):
    root = tmp_path / "study"
    shutil.copytree(study, root)
    out = tmp_path / "out"
    run_study(root, out)
    before = contents(out)
    assert run_study(root, out).made == 0
    assert contents(out) == before
    table = root / "phenotype" / "skin_biopsy.tsv"
    lines = table.read_text().splitlines()
    header = lines[0].split("\t")
    for i, line in enumerate(lines):
        cells = line.split("\t")
        if cells[:2] == ["sub-01", "ses-1"]:
            cells[header.index("fibres")] = "40"
            lines[i] = "\t".join(cells)
    table.write_text("\n".join(lines) + "\n")
    assert run_study(root, out).made == 1
    changed = {name for name, digest in contents(out).items() if before.get(name) != digest}
    assert "sub-01/ses-3/sub-01_ses-3_changes.tsv" in changed
    assert not any(name.startswith(("sub-02", "sub-01/ses-2")) for name in changed)


def test_settings_of_an_unknown_rule_end_the_run(study, tmp_path):
    root = tmp_path / "study"
    shutil.copytree(study, root)
    (root / "code" / "nociscope.toml").write_text("[rules.reliable_chnge.ienfd]\nsd = 2.5\nreliability = 0.97\n")
    with pytest.raises(InvalidStudy, match="did you mean reliable_change"):
        run_study(root, tmp_path / "out")
