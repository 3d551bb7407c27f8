"""Skin conductance: the three measures, covariates, refusals, and that nothing is scored by a maker's limit."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.assays.esc import ASSAY, Conductance, EscRecording, measure, read
from nociscope.norms.library import load_library
from nociscope.norms.scoring import score
from nociscope.problems import BadInput
from nociscope.study.records import Participant, RawTable, Visit
from nociscope.testing import check_assay
from nociscope.tsv import RawRow

FILE = "phenotype/esc.tsv"
COLUMNS = ("participant_id", "site", "side", "esc_us", "device")


def table(name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> RawTable:
    raw = tuple(RawRow(f"phenotype/{name}.tsv", n, dict(zip(columns, r, strict=True))) for n, r in enumerate(rows, 2))
    return RawTable(name=name, columns=tuple(columns), rows=raw)


def visit(*rows: Sequence[str], weight: float | None = 70.0, more: Mapping[str, RawTable] | None = None, **who: Any):
    esc = table("esc", COLUMNS, [("sub-01", *r) for r in rows])
    person = Participant(participant_id="sub-01", weight_kg=weight, **who)
    return Visit(root=Path("/nowhere"), participant=person, tables={"esc": esc, **(more or {})})


FOUR = (
    ("hand", "left", "60", "d"),
    ("hand", "right", "70", "d"),
    ("foot", "left", "80,5", "d"),
    ("foot", "right", "79.5", "d"),
)


def values(v: Visit) -> dict[tuple[str, str, str], float | None]:
    return {(r.measure, r.site, r.side): r.value for r in measure(read(v))}


def test_the_three_measures_by_hand() -> None:
    got = values(visit(*FOUR))
    assert got["esc", "hand", "left"] == 60
    assert got["esc", "foot", "left"] == 80.5
    assert got["esc_per_kg", "hand", "both"] == pytest.approx(65 / 70)
    assert got["esc_asymmetry", "hand", "both"] == pytest.approx(100 * 10 / 65)
    assert got["esc_asymmetry", "foot", "both"] == pytest.approx(100 * 1 / 80)
    assert len(got) == 8


def test_without_a_weight_there_is_no_value_per_kilogram() -> None:
    assert not any(m == "esc_per_kg" for m, _, _ in values(visit(*FOUR, weight=None)))


def test_one_side_gives_no_asymmetry_and_a_poor_value_per_kilogram() -> None:
    readings = measure(read(visit(FOUR[0])))
    assert [r.measure for r in readings] == ["esc", "esc_per_kg"]
    assert readings[1].quality == "poor"
    assert "one side" in readings[1].remark


def test_two_dry_hands_have_no_asymmetry_but_a_reason() -> None:
    got = {r.measure: r for r in measure(read(visit(("hand", "left", "0", "d"), ("hand", "right", "0", "d")))) if r}
    assert got["esc_asymmetry"].value is None
    assert "no ratio" in got["esc_asymmetry"].remark
    assert got["esc_per_kg"].value == 0


def test_a_missing_cell_is_no_value_and_not_zero() -> None:
    got = measure(read(visit(("hand", "left", "n/a", "d"), ("hand", "right", "70", "d"))))
    first = got[0]
    assert (first.value, first.quality, first.n) == (None, "failed", 0)
    assert {r.measure for r in got} == {"esc", "esc_per_kg"}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("hand", "left", "-3", "d"), "below 0"),
        (("hand", "left", "7100", "d"), "above 200"),
        (("hand", "left", "1e999", "d"), "finite"),
        (("hand", "left", "soaked", "d"), "expected a number"),
        (("nose", "left", "70", "d"), "not one of hand, foot"),
        (("hand", "up", "70", "d"), "not one of left"),
        (("hand", "", "70", "d"), "side of the body"),
    ],
)
def test_a_row_that_cannot_be_right_costs_itself_alone(row: Sequence[str], words: str) -> None:
    recording = read(visit(row, *FOUR[2:]))
    (problem,) = recording.problems
    assert words in problem.sentence().lower()
    assert (problem.file, problem.row, problem.participant_id, problem.severity) == (FILE, 2, "sub-01", "error")
    assert len(recording.conductances) == 2


def test_two_values_of_one_hand_are_not_chosen_between() -> None:
    recording = read(visit(("hand", "left", "60", "d"), ("hand", "left", "65", "d"), *FOUR[2:]))
    assert "different values" in recording.problems[0].sentence()
    assert {c.site for c in recording.conductances} == {"foot"}


def test_nothing_usable_is_bad_input() -> None:
    with pytest.raises(BadInput, match="no row of this visit"):
        read(visit())


def test_spellings_of_sites_are_understood() -> None:
    assert {c.site for c in read(visit(("Feet", "LEFT", "60", "d"))).conductances} == {"foot"}


def test_drugs_and_depression_are_carried_as_covariates() -> None:
    items = ("participant_id", *(f"q{n}" for n in range(1, 15)))
    more = {
        "treatments": table(
            "treatments", ("participant_id", "drug"), [("sub-01", "Amitriptyline HCl"), ("sub-01", "ibuprofen")]
        ),
        "hads": table("hads", items, [("sub-01", *["1", "2"] * 7)]),
    }
    v = visit(*FOUR, more=more, covariates={"depression_score": "11", "smoker": "no"})
    recording = read(v)
    assert recording.covariates == ("amitriptyline (anticholinergic)", "depression_score 11", "HADS depression 14")
    assert "amitriptyline" in measure(recording)[0].remark


def test_no_published_bracket_and_no_makers_limit_scores_a_conductance() -> None:
    readings = measure(read(visit(("foot", "left", "30", "d"), ("foot", "right", "31", "d"), age=45, sex="F")))
    stamped = [r.__class__(**{**_fields(r), "assay": "esc"}) for r in readings]
    scores = score(stamped, Participant(participant_id="sub-01", age=45, sex="F"), load_library(), (ASSAY,))
    assert {s.call for s in scores} == {"not_comparable"}
    assert "used only when named" in scores[0].reason
    named = score(stamped[:1], Participant(participant_id="sub-01"), load_library(named=["esc_maker_foot"]), (ASSAY,))
    assert named[0].call == "loss"
    assert "unverified" in named[0].reason


def _fields(r: Any) -> dict[str, Any]:
    return {name: getattr(r, name) for name in r.__slots__}


@given(st.floats(0.1, 100), st.floats(0.1, 100))
def test_asymmetry_has_no_sign_and_lies_between_0_and_200(left: float, right: float) -> None:
    def of(a: float, b: float) -> float:
        both = (Conductance(site="hand", side="left", value_us=a), Conductance(site="hand", side="right", value_us=b))
        (found,) = (r for r in measure(EscRecording(conductances=both)) if r.measure == "esc_asymmetry")
        return float(found.value or 0)

    assert of(left, right) == of(right, left)
    assert 0 <= of(left, right) <= 200


def test_it_keeps_the_contract() -> None:
    check_assay(ASSAY, seeds=range(3))
