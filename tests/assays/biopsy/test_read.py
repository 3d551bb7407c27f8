from typing import Any

import pytest

from nociscope.assays.biopsy import read
from nociscope.assays.biopsy.table import canonical_stain
from nociscope.problems import BadInput
from tests.assays.biopsy.conftest import MakeVisit

GOOD = {"fibres": 12, "length_mm": 3.0}


def test_sections_are_read_as_they_stand(visit_of: MakeVisit):
    recording = read(visit_of([GOOD, {"fibres": 0, "length_mm": "2,5", "side": "n/a"}]))
    first, second = recording.sections
    assert (first.site, first.side, first.label, first.fibres, first.length_mm, first.stain) == (
        "distal_leg",
        "right",
        "1",
        12,
        3.0,
        "pgp95_bf",
    )
    assert (second.fibres, second.length_mm, second.side) == (0, 2.5, "n/a")
    assert (recording.age, recording.sex) == (45, "F")
    assert recording.problems == ()
    assert recording.sources == ("phenotype/skin_biopsy.tsv",)


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ({"fibres": -1, "length_mm": 3}, "fibres", "is below 0"),
        ({"fibres": "3.5", "length_mm": 3}, "fibres", "is not a whole number"),
        ({"fibres": "many", "length_mm": 3}, "fibres", "is not a number"),
        ({"fibres": "1e999", "length_mm": 3}, "fibres", "finite"),
        ({"fibres": "9" * 5000, "length_mm": 3}, "fibres", "is not a number"),
        ({"fibres": 5, "length_mm": 0}, "length_mm", "is below 0.1"),
        ({"fibres": 5, "length_mm": -3}, "length_mm", "is below 0.1"),
        ({"fibres": 5, "length_mm": 3000}, "length_mm", "is above 200"),
        ({"fibres": 5, "length_mm": "inf"}, "length_mm", "is not a number"),
        ({"fibres": 5}, "length_mm", "no length of epidermis"),
        ({"fibres": 900, "length_mm": 0.2}, "fibres", "more than fit"),
        ({**GOOD, "site": "ear"}, "site", "is not one of"),
        ({**GOOD, "site": "n/a"}, "site", "is needed"),
        ({**GOOD, "side": "up"}, "side", "is not one of"),
        ({**GOOD, "stain": "bf"}, "stain", "is not one of"),
        ({"density_per_mm": -2}, "density_per_mm", "is below 0"),
    ],
)
def test_a_row_that_cannot_be_right_is_refused_by_name(
    visit_of: MakeVisit, row: dict[str, Any], column: str, words: str
):
    recording = read(visit_of([GOOD, row, GOOD]))
    assert [s.label for s in recording.sections] == ["1", "3"]
    (problem,) = recording.problems
    assert (problem.row, problem.column, problem.severity) == (3, column, "error")
    assert words in problem.what
    assert (problem.participant_id, problem.assay, problem.file) == ("sub-01", "biopsy", "phenotype/skin_biopsy.tsv")


@pytest.mark.parametrize(
    ("column", "text", "meant"),
    [("stain", "pgp95-bff", "pgp95_bf"), ("site", "distal_legg", "distal_leg"), ("side", "rihgt", "right")],
)
def test_a_misspelt_name_gets_a_suggestion(visit_of: MakeVisit, column: str, text: str, meant: str):
    (problem,) = read(visit_of([GOOD, {**GOOD, column: text}])).problems
    assert f"did you mean {meant}?" in problem.sentence()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("pgp95_bf", "pgp95_bf"),
        ("PGP9.5_BF", "pgp95_bf"),
        ("PGP 9.5 (bright field)", "pgp95_bf"),
        ("PGP 9.5 immunofluorescence", "pgp95_if"),
        ("PGP9.5", "PGP9.5"),
        ("bright field", "bright field"),
    ],
)
def test_stain_spellings(text: str, code: str):
    assert canonical_stain(text) == code


def test_spellings_of_site_and_stain_are_one_section(visit_of: MakeVisit):
    rows = [{**GOOD, "section": "1"}, {**GOOD, "section": "1", "stain": "PGP 9.5 bright field", "site": "Distal leg"}]
    recording = read(visit_of(rows))
    assert len(recording.sections) == 1
    assert [p.code for p in recording.problems] == ["duplicate-row"]


def test_a_section_twice_with_different_counts_is_not_used(visit_of: MakeVisit):
    rows = [{**GOOD, "section": "1"}, {"fibres": 20, "length_mm": 3, "section": "1"}, {**GOOD, "section": "2"}]
    recording = read(visit_of(rows))
    assert [s.label for s in recording.sections] == ["2"]
    assert "rows 2, 3 are the same observation" in recording.problems[0].what
    assert recording.problems[0].severity == "error"


def test_sections_without_labels_are_counted_apart_and_said(visit_of: MakeVisit):
    recording = read(visit_of([{**GOOD, "section": "n/a"}, {**GOOD, "section": ""}]))
    assert [s.fibres for s in recording.sections] == [12, 12]
    assert [s.label for s in recording.sections] == ["", ""]
    assert [(p.code, p.severity) for p in recording.problems] == [("unnamed-sections", "warning")]


def test_a_count_wins_over_a_stated_density_and_a_contradiction_is_said(visit_of: MakeVisit):
    recording = read(visit_of([{**GOOD, "density_per_mm": 4}, {**GOOD, "density_per_mm": 7}]))
    assert [s.density for s in recording.sections] == [4, 4]
    assert [(p.code, p.row, p.severity) for p in recording.problems] == [("density-differs", 3, "warning")]


def test_a_density_is_taken_where_the_count_has_no_length(visit_of: MakeVisit):
    recording = read(visit_of([{"fibres": 12, "density_per_mm": 4}]))
    assert recording.sections[0].density_per_mm == 4
    assert recording.sections[0].fibres is None
    assert recording.problems[0].severity == "warning"


def test_nothing_left_is_bad_input(visit_of: MakeVisit):
    with pytest.raises(BadInput, match="row 2, column fibres"):
        read(visit_of([{"fibres": -1, "length_mm": 3}]))
    with pytest.raises(BadInput, match="no row for this visit"):
        read(visit_of([]))


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        (("participant_id", "site", "fibres"), "length_mm"),
        (("participant_id", "site"), "fibres and length_mm"),
        (("participant_id", "fibres", "length_mm"), "site"),
    ],
)
def test_a_table_without_its_columns_is_refused(visit_of: MakeVisit, columns: tuple[str, ...], named: str):
    with pytest.raises(BadInput) as error:
        read(visit_of([GOOD], columns=columns))
    assert named in str(error.value)
    assert "phenotype/skin_biopsy.tsv" in str(error.value)


def test_densities_alone_need_no_count_columns(visit_of: MakeVisit):
    recording = read(visit_of([{"density_per_mm": 4.5}], columns=("participant_id", "site", "density_per_mm")))
    assert recording.sections[0].density == 4.5
    assert recording.sections[0].stain == "n/a"


def test_a_missing_stain_is_said_once_a_site_and_the_counts_are_kept(visit_of: MakeVisit):
    recording = read(
        visit_of([{**GOOD, "stain": "n/a"}, {**GOOD, "section": 2, "stain": "n/a"}, {**GOOD, "site": "thigh"}])
    )
    (problem,) = recording.problems
    assert (problem.severity, problem.column, problem.row) == ("warning", "stain", 2)
    assert "write pgp95_bf or pgp95_if" in problem.sentence()
    assert len(recording.sections) == 3
