from __future__ import annotations

import pytest

from nociscope.assays.qst import ASSAY
from nociscope.assays.qst.read import QstRecording
from nociscope.assays.qst.settings import Settings
from nociscope.problems import BadInput
from nociscope.tables import Reading
from tests.assays.qst.visits import table_visit, trial_text, trial_visit

SETTINGS = ASSAY.settings()
GOOD = "foot_dorsum right hpt 45.5 degC"


def read(*rows: str) -> QstRecording:
    out = ASSAY.read(table_visit(*rows), SETTINGS)
    assert isinstance(out, QstRecording)
    return out


def value(row: str) -> Reading:
    (reading,) = ASSAY.measure(read(row), SETTINGS)
    return reading


@pytest.mark.parametrize(
    ("row", "expected", "unit"),
    [
        ("foot_dorsum left cdt 30 degC", 2.0, "delta_degC"),
        ("foot_dorsum left cdt 27.5 degC 30", 2.5, "delta_degC"),
        ("foot_dorsum left cdt -2.5 delta_degC", 2.5, "delta_degC"),
        ("foot_dorsum left CDT 2,5 delta_degC", 2.5, "delta_degC"),
        ("foot_dorsum left wdt 36 °C", 4.0, "delta_degC"),
        ("foot_dorsum left wdt 4 delta_degC 32", 4.0, "delta_degC"),
        ("foot_dorsum left tsl 7.5 degC", 7.5, "delta_degC"),
        ("foot_dorsum left cpt 12 degC", 12.0, "degC"),
        ("foot_dorsum left cpt 20 delta_degC 30", 10.0, "degC"),
        ("foot_dorsum left cpt -20 delta_degC 30", 10.0, "degC"),
        ("foot_dorsum left hpt 13 delta_degC", 45.0, "degC"),
        ("foot_dorsum left ppt 26.13 N/cm2", 261.3, "kPa"),
        ("foot_dorsum left mpt 0.064 N", 64.0, "mN"),
        ("foot_dorsum left vdt 7.5 n/8", 7.5, "n/8"),
        ("foot_dorsum left wur 2.2 ratio", 2.2, "ratio"),
        ("foot_dorsum left phs 2 count", 2.0, "count"),
        ("foot_dorsum left mps 0 rating", 0.0, "rating"),
    ],
)
def test_units_and_baselines(row: str, expected: float, unit: str) -> None:
    reading = value(row)
    assert reading.value == pytest.approx(expected)
    assert reading.unit == unit
    assert reading.method == "table"


def test_an_assumed_baseline_is_said() -> None:
    assert "baseline not stated, taken as 32 degC" in value("foot_dorsum left cdt 30 degC").remark
    assert value("foot_dorsum left cdt 30 degC 32").remark == ""


@pytest.mark.parametrize(
    ("row", "column", "word"),
    [
        ("foot_dorsum left cdtt 4 delta_degC", "parameter", "write cdt if you meant it"),
        ("foot left cdt 4 delta_degC", "site", "write foot_dorsum if you meant it"),
        ("cornea_whorl left cdt 4 delta_degC", "site", "not a site"),
        ("foot_dorsum lefty cdt 4 delta_degC", "side", "write left if you meant it"),
        ("foot_dorsum left mpt -3 mN", "value", "above 0"),
        ("foot_dorsum left ppt 0 kPa", "value", "above 0"),
        ("foot_dorsum left hpt 71,5 degC", "value", "-20 to 60"),
        ("foot_dorsum left cpt 90 delta_degC", "value", "impossible for skin"),
        ("foot_dorsum left cdt 34 degC", "value", "above the baseline"),
        ("foot_dorsum left wdt 2.1 degC", "value", "write a difference from the baseline with the unit delta_degC"),
        ("foot_dorsum left vdt 9 n/8", "value", "at most 8"),
        ("foot_dorsum left vdt 5 um", "unit", "n/8"),
        ("foot_dorsum left mps 101 rating", "value", "at most 100"),
        ("foot_dorsum left phs 1.5 count", "value", "whole number"),
        ("foot_dorsum left ppt 300", "unit", "needs kPa"),
        ("foot_dorsum left ppt 300 degC", "unit", "a unit of pressure"),
        ("foot_dorsum left mdt 3 g", "unit", "a unit of force"),
        ("foot_dorsum left hpt 300 kPa", "unit", "degC"),
        ("foot_dorsum left hpt hot degC", "value", "not a number"),
        ("foot_dorsum left hpt inf degC", "value", "not a number"),
        ("foot_dorsum left hpt 1e999 degC", "value", "not a finite number"),
        ("foot_dorsum left hpt " + "9" * 5000 + " degC", "value", "not a number"),
        ("foot_dorsum left hpt 1,234.5 degC", "value", "not a number"),
        ("foot_dorsum left hpt 45 degC 99", "baseline_c", "above 45"),
        ("foot_dorsum left hpt 45 degC n/a maybe", "censored", "not one of"),
    ],
)
def test_what_cannot_be_right_is_refused_by_name_and_the_rest_stands(row: str, column: str, word: str) -> None:
    recording = read(row, GOOD)
    assert [v.value for v in recording.values] == [45.5]
    (problem,) = recording.problems
    assert (problem.row, problem.column, problem.participant_id, problem.file) == (
        2,
        column,
        "sub-01",
        "phenotype/qst.tsv",
    )
    assert word in problem.sentence()
    assert len(problem.sentence()) < 500
    assert problem.severity == "error"


def test_nothing_left_is_bad_input() -> None:
    with pytest.raises(BadInput, match=r"sub-01, phenotype/qst.tsv, row 2, column parameter"):
        read("foot_dorsum left xyz 4 degC")


@pytest.mark.parametrize("missing", ["n/a", "NaN", "nan"])
def test_a_missing_value_is_no_reading_and_no_failure(missing: str) -> None:
    recording = read(f"foot_dorsum left hpt {missing} degC")
    assert recording.values == ()
    assert recording.problems == ()
    assert ASSAY.measure(recording, SETTINGS) == ()


def test_a_missing_column_is_named() -> None:
    visit = table_visit("foot_dorsum left hpt 45", columns=("site", "side", "parameter", "value"))
    with pytest.raises(BadInput, match="column unit is missing"):
        ASSAY.read(visit, SETTINGS)


def test_a_reading_twice_with_different_values_is_not_chosen() -> None:
    recording = read("hand_dorsum left mpt 64 mN", "hand_dorsum left MPT 80 mN", GOOD)
    assert [v.parameter for v in recording.values] == ["hpt"]
    (problem,) = recording.problems
    assert "rows 2 and 3" in problem.sentence()
    assert "64" in problem.what
    assert "80" in problem.what


def test_the_same_reading_twice_is_used_once() -> None:
    recording = read("hand_dorsum left ppt 300 kPa", "hand_dorsum left ppt 30 N/cm2")
    assert [v.value for v in recording.values] == [pytest.approx(300)]
    assert [p.severity for p in recording.problems] == ["warning"]


@pytest.mark.parametrize(
    ("row", "censored"),
    [
        ("foot_dorsum left hpt 50 degC n/a above", "above"),
        ("foot_dorsum left cpt 0 degC n/a below", "below"),
        ("foot_dorsum left cdt 32 delta_degC n/a above", "above"),
        ("foot_dorsum left cdt 0 degC n/a below", "above"),
        ("foot_dorsum left cpt 30 delta_degC 30 above", "below"),
        ("foot_dorsum left mdt 512 mN n/a above", "above"),
    ],
)
def test_censoring_is_passed_on_and_turns_with_the_scale(row: str, censored: str) -> None:
    assert value(row).censored == censored


def test_a_method_column_binds_the_reading() -> None:
    columns = ("site", "side", "parameter", "value", "unit", "method")
    recording = ASSAY.read(table_visit("foot_dorsum left hpt 45 degC limits", columns=columns), SETTINGS)
    assert ASSAY.measure(recording, SETTINGS)[0].method == "limits"


# --- trial files -------------------------------------------------------------------------------------------------


def test_trials_take_device_and_baseline_from_the_sidecar(tmp_path) -> None:
    text = trial_text(*(f"forearm left cpt {i} {10 + i / 2} delta_degC constant {a}" for i, a in enumerate("ny" * 8)))
    text = text.replace("\tn\t", "\tno\t").replace("\ty\t", "\tyes\t")
    visit = trial_visit(
        tmp_path, text, {"Manufacturer": "QST.Lab", "ManufacturersModelName": "TCS II", "baseline_c": 30}
    )
    recording = ASSAY.read(visit, SETTINGS)
    assert recording.problems == ()
    readings = {r.measure: r for r in ASSAY.measure(recording, SETTINGS)}
    assert readings["cpt"].device == "QST.Lab TCS II"
    assert readings["cpt"].unit == "degC"
    assert readings["cpt"].value is not None
    assert 0 < readings["cpt"].value < 25


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("foot_dorsum left hpt 1 400 degC", "intensity"),
        ("foot_dorsum left hpt 1 45 kPa", "unit"),
        ("foot_dorsum left hpt 1 45 degC sideways", "direction"),
        ("foot_dorsum left hpt 1 45 degC up perhaps", "response"),
        ("foot_dorsum left mps 1 256 mN n/a n/a 101", "rating"),
        ("foot_dorsum left wur 1 256 mN up n/a 10", "direction"),
        ("foot_dorsum left ptt 1 256 mN", "parameter"),
        ("toe left hpt 1 45 degC", "site"),
        ("foot_dorsum left cdt 1 300 delta_degC constant yes", "intensity"),
    ],
)
def test_bad_trials_are_refused_by_name(tmp_path, row: str, column: str) -> None:
    visit = trial_visit(tmp_path, trial_text(row, "foot_dorsum left hpt 1 45 degC", "short"))
    recording = ASSAY.read(visit, SETTINGS)
    assert len(recording.trials) == 1
    assert recording.problems[0].column == column
    assert recording.problems[0].row == 2
    assert recording.problems[0].file.endswith("_task-qst_beh.tsv")


def test_a_trial_file_that_is_no_table_is_named(tmp_path) -> None:
    for text, word in (("", "empty"), ("a\tb\n1\t2\n", "column site is missing"), ("site\tsite\n", "twice")):
        with pytest.raises(BadInput, match=word):
            ASSAY.read(trial_visit(tmp_path, text), SETTINGS)


def test_a_header_alone_is_no_failure(tmp_path) -> None:
    recording = ASSAY.read(trial_visit(tmp_path, trial_text()), SETTINGS)
    assert recording.problems == ()
    assert ASSAY.measure(recording, SETTINGS) == ()


@pytest.mark.parametrize(
    ("row", "remedy"),
    [
        ("foot_dorsum left cpt 0 degC", "write below in the column censored"),
        ("foot_dorsum left hpt 50 degC", "write above in the column censored"),
        ("foot_dorsum left cpt 0 degC 32 below", ""),
        ("foot_dorsum left cpt 0.5 degC", ""),
        ("foot_dorsum left cdt 0 degC", ""),
    ],
)
def test_a_pain_threshold_at_the_device_limit_is_asked_about(row: str, remedy: str) -> None:
    recording = ASSAY.read(table_visit(row), Settings())
    assert len(recording.values) == 1
    said = [p for p in recording.problems if p.code == "at-device-limit"]
    assert len(said) == bool(remedy)
    assert all(remedy in p.sentence() and p.row == 2 and p.severity == "warning" for p in said)
