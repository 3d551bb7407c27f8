from pathlib import Path

import pytest

from nociscope.assays.labs import LABS, limits, measure, read, ucum
from nociscope.problems import BadInput
from nociscope.study import Participant, RawTable, Visit
from nociscope.tsv import RawRow

COLUMNS = LABS.names


def visit_of(*rows):
    raw = [
        RawRow(
            "phenotype/labs.tsv",
            number,
            {c: str({"participant_id": "sub-01", **row}.get(c, "n/a")) for c in COLUMNS},
        )
        for number, row in enumerate(rows, start=2)
    ]
    table = RawTable(name="labs", columns=COLUMNS, rows=tuple(raw))
    return Visit(root=Path("/nowhere"), participant=Participant(participant_id="sub-01"), tables={"labs": table})


SIL2R = {"analyte": "sil2r", "value": 900, "unit": "U/mL", "upper_limit": 600}
TSH = {"analyte": "tsh", "value": 2.1, "unit": "mIU/L", "lower_limit": 0.4, "upper_limit": 4.2}


def values(visit):
    return {r.measure: r for r in measure(read(visit))}


def test_value_unit_and_ratio_as_given():
    found = values(visit_of(SIL2R, TSH))
    assert (found["sil2r"].value, found["sil2r"].unit) == (900, "U/mL")
    assert found["sil2r_uln_ratio"].value == 1.5
    assert "thyroid disease" in found["causes_looked_for"].remark
    assert {(x.measure, x.low, x.high) for x in limits(read(visit_of(TSH)))} == {("tsh", 0.4, 4.2)}


def test_no_upper_limit_gives_no_ratio():
    assert "sil2r_uln_ratio" not in values(visit_of({**SIL2R, "upper_limit": "n/a"}))


@pytest.mark.parametrize("unit", ["n/a", "", "kU/bottle", "9**9**9", "furlong", "%%", "U/mL/"])
def test_a_value_without_a_known_unit_is_refused_and_nothing_else(unit):
    recording = read(visit_of({**SIL2R, "unit": unit}, TSH))
    assert [v.analyte for v in recording.values] == ["tsh"]
    (problem,) = recording.problems
    assert problem.column == "unit"
    assert problem.participant_id == "sub-01"


def test_incompatible_units_of_one_analyte_are_refused_with_a_sentence():
    recording = read(visit_of(SIL2R, {**SIL2R, "value": 1100, "unit": "pg/mL"}, TSH))
    assert [v.analyte for v in recording.values] == ["tsh"]
    assert "U/mL and pg/mL, which cannot be compared" in recording.problems[0].sentence()


def test_two_methods_are_two_readings():
    recording = read(visit_of({**SIL2R, "method": "a"}, {**SIL2R, "value": 1100, "unit": "pg/mL", "method": "b"}))
    assert not recording.problems
    assert len(recording.values) == 2


def test_the_same_value_in_another_unit_is_kept_once():
    glucose = {"analyte": "glucose", "value": 1, "unit": "g/L"}
    recording = read(visit_of(glucose, {**glucose, "value": 100, "unit": "mg/dL"}))
    assert len(recording.values) == 1
    assert recording.problems[0].severity == "warning"
    differ = read(visit_of(glucose, {**glucose, "value": 101, "unit": "mg/dL"}, TSH))
    assert [v.analyte for v in differ.values] == ["tsh"]


def test_beyond_the_range_and_qualitative():
    found = values(visit_of({**SIL2R, "value": ">5000"}, {"analyte": "ANA", "value": "negative"}))
    assert (found["sil2r"].value, found["sil2r"].censored) == (5000, "above")
    assert (found["ana"].value, found["ana"].unit, found["ana"].remark) == (0, "", "negative")


def test_text_is_no_value():
    with pytest.raises(BadInput, match="not a number"):
        read(visit_of({**SIL2R, "value": "high"}))


@pytest.mark.parametrize(
    "unit",
    [
        "mmol/L",
        "ng/mL",
        "µg/l",
        "U/mL",
        "[IU]/mL",
        "mIU/L",
        "%",
        "mmol/mol",
        "10*9/L",
        "10^9/L",
        "{titer}",
        "/uL",
        "mL/min/{1.73_m2}",
        "mm/h",
        "fL",
        "pg",
        "mosm/kg",
        "kat/L",
        "mg/dL",
        "g/dL",
        "pmol/L",
        "{index}",
        "mm[Hg]",
    ],
)
def test_units_of_laboratories_are_known(unit):
    assert ucum.pint_name(unit)


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [(1, "g/L", "mg/dL", 100), (5, "ng/mL", "ug/L", 5), (2, "mIU/L", "u[IU]/mL", 2), (1, "10*9/L", "/nL", 1)],
)
def test_conversion(value, unit, to, expected):
    assert ucum.convert(value, unit, to) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("unit", "to"), [("U/mL", "pg/mL"), ("U/mL", "[IU]/mL"), ("mmol/L", "mg/dL"), ("{titer}", "U/mL")]
)
def test_what_is_never_converted(unit, to):
    assert not ucum.same_kind(unit, to)
