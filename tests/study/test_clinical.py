from pathlib import Path

from nociscope.study import Participant, RawTable, Visit
from nociscope.study.clinical import CLINICAL_TABLES, read_clinical
from nociscope.tsv import RawRow


def visit_of(**tables):
    made = {}
    for table in CLINICAL_TABLES:
        rows = tables.get(table.name)
        if rows:
            raw = [
                RawRow(
                    f"phenotype/{table.name}.tsv",
                    n,
                    {c: str({"participant_id": "sub-01", **r}.get(c, "n/a")) for c in table.names},
                )
                for n, r in enumerate(rows, start=2)
            ]
            made[table.name] = RawTable(name=table.name, columns=table.names, rows=tuple(raw))
    return Visit(root=Path("/nowhere"), participant=Participant(participant_id="sub-01"), tables=made)


def test_a_sign_without_a_row_is_unknown():
    found = read_clinical(
        visit_of(clinical_signs=[{"sign": "thermal_loss", "value": "yes"}, {"sign": "allodynia", "value": "n/a"}])
    )
    assert found.signs == {"thermal_loss": True, "allodynia": None}
    assert "pinprick_loss" not in found.signs
    assert not found.problems


def test_a_slip_is_named_and_a_wrong_value_costs_its_row():
    rows = [{"sign": "pinprik_loss", "value": "yes"}, {"sign": "wasting", "value": "maybe"}]
    found = read_clinical(visit_of(clinical_signs=rows))
    assert found.signs == {"pinprik_loss": True}
    assert {(p.code, p.severity) for p in found.problems} == {("unknown-sign", "warning"), ("bad-cell", "error")}


def test_treatments_in_words():
    rows = [
        {"drug": "IVIg", "dose": 2, "unit": "g/kg", "start": "2026-01-10", "stop": "2026-01-12"},
        {"drug": "duloxetine", "dose": 60, "unit": "mg/day", "start": "2026-03-02", "stop": "2026-03-01"},
        {"drug": "pregabalin", "dose": -5},
    ]
    found = read_clinical(visit_of(treatments=rows))
    assert [t.words for t in found.treatments] == ["IVIg 2 g/kg, 2026-01-10 to 2026-01-12"]
    assert {p.code for p in found.problems} == {"dates-reversed", "bad-cell"}
