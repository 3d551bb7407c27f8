"""Signs, sensory testing, biopsy and nerve conduction through the whole program: what rules say, and where."""

import json
from pathlib import Path

import pytest

from nociscope.engine.run import Options, run_study
from nociscope.tsv import split_tsv
from tests.rules.people import LARGE, MOTOR, SMALL, none_of

NORM = """\
key = "own_{code}_foot"
title = "Own limit, foot"
citation = "invented for this test"
doi = ""
status = "local"
assay = "qst"
measure = "{code}"
unit = "delta_degC"
sites = ["foot_dorsum"]
form = "limit"
limit_high = {limit}
"""

PEOPLE = {  # signs, cdt and wdt in degrees, fibres on 3 x 3 mm, sural amplitude (limit 6)
    "sub-01": ({**none_of(*SMALL, *LARGE, *MOTOR), "pinprick_loss": True, "thermal_loss": True}, (9, 12), 4, 12),
    "sub-02": (none_of(*SMALL, *LARGE, *MOTOR), (2, 3), 4, 12),
    "sub-03": (none_of(*SMALL), (9, 3), 4, None),
    "sub-04": ({"pinprick_loss": True, "thermal_loss": True}, None, 30, None),
    "sub-05": ({}, None, None, None),
}


def write(root: Path, name: str, header: str, rows: list[tuple]) -> None:
    text = "\n".join("\t".join(map(str, row)) for row in (tuple(header.split()), *rows))
    (root / name).write_text(text + "\n")


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("rules")
    study, norms = root / "study", root / "norms"
    (study / "phenotype").mkdir(parents=True)
    norms.mkdir()
    for code, limit in (("cdt", 6), ("wdt", 8)):
        (norms / f"own_{code}_foot.toml").write_text(NORM.format(code=code, limit=limit))
    (study / "dataset_description.json").write_text('{"Name": "Rules", "BIDSVersion": "1.10.1"}')
    write(study, "participants.tsv", "participant_id age sex group", [(p, 45, "F", "FM") for p in PEOPLE])
    signs, qst, biopsy, nerves = [], [], [], []
    for person, (found, foot, fibres, sural) in PEOPLE.items():
        here = (person, "n/a")
        signs += [(*here, name, "yes" if value else "no") for name, value in found.items()]
        for code, value in zip(("cdt", "wdt"), foot or (), strict=False):
            qst.append((*here, "foot_dorsum", "left", code, value, "delta_degC"))
        if fibres is not None:
            biopsy += [(*here, "distal_leg", "left", i, fibres, 3.0, "pgp95_bf") for i in (1, 2, 3)]
        if sural is not None:
            nerves.append((*here, "left", "sural", "sensory", sural, "uV", 6))
    write(study, "phenotype/clinical_signs.tsv", "participant_id session_id sign value", signs)
    write(study, "phenotype/qst.tsv", "participant_id session_id site side parameter value unit", qst)
    columns = "participant_id session_id site side section fibres length_mm stain"
    write(study, "phenotype/skin_biopsy.tsv", columns, biopsy)
    columns = "participant_id session_id side nerve type amplitude amplitude_unit amplitude_lln"
    write(study, "phenotype/nerve_conduction.tsv", columns, nerves)
    summary = run_study(study, root / "out", Options(norms=norms))
    assert summary.exit_code == 0, summary.problems
    return root / "out"


def findings(out: Path, person: str) -> dict[str, dict]:
    return {f["rule"]: f for f in json.loads((out / person / f"{person}_findings.json").read_text())["findings"]}


EXPECTED = {
    "sub-01": {
        "besta_2019": ("meets", ""),
        "besta_2008": ("meets", ""),
        "neurodiab_2010": ("meets", "possible"),
        "isn_2023_fm": ("cannot_tell", ""),
        "falco_2025_ald": ("meets", ""),
    },
    "sub-02": {"besta_2019": ("does_not_meet", "pathology"), "besta_2008": ("does_not_meet", "pathology")},
    "sub-03": {"besta_2019": ("does_not_meet", "probable"), "besta_2008": ("cannot_tell", "")},
    "sub-04": {
        "besta_2019": ("cannot_tell", ""),
        "neurodiab_2010": ("meets", "possible"),
        "falco_2025_ald": ("does_not_meet", ""),
    },
}


@pytest.mark.parametrize("person", EXPECTED)
def test_findings_of_a_person(out, person):
    found = findings(out, person)
    for rule, expected in EXPECTED[person].items():
        assert (found[rule]["verdict"], found[rule]["grade"]) == expected, found[rule]
        assert "doi:10." in found[rule]["source"]


def test_what_was_missing_is_named(out):
    *signs, nerves = findings(out, "sub-03")["besta_2008"]["missing"]
    assert (tuple(signs), nerves.split(" ")[0]) == ((*LARGE, *MOTOR), "ncs")
    assert findings(out, "sub-04")["besta_2019"]["missing"] == ["cdt at foot_dorsum", "wdt at foot_dorsum"]
    named = [m.split(" ")[0] for m in findings(out, "sub-01")["isn_2023_fm"]["missing"]]
    assert named == ["hrv", "lep", "ccm"]


def test_nobody_without_input_is_judged(out):
    assert not (out / "sub-05").exists() or not findings(out, "sub-05")


def test_the_group_table_holds_all_findings(out):
    _, rows, _ = split_tsv((out / "group" / "findings.tsv").read_text(), "findings.tsv")
    each = [(r.cells["participant_id"], r.cells["rule"], r.cells["verdict"]) for r in rows]
    single = [(p, k, f["verdict"]) for p in PEOPLE if (out / p).exists() for k, f in findings(out, p).items()]
    assert sorted(each) == sorted(single)


def test_the_page_says_what_rules_say_and_no_more(out):
    page = (out / "sub-02" / "sub-02_report.html").read_text().replace("\u00a0", " ")
    assert "What published rules say" in page
    assert "small-fibre pathology, which is not neuropathy" in page
    for word in ("diagnosed with", "probable diagnosis", "diagnosis:", "has fibromyalgia"):
        assert word not in page.lower()
