import numpy as np
import pytest

from nociscope.assays.questionnaires import ASSAY
from nociscope.assays.questionnaires.bulk import readings_tsv, score_columns
from nociscope.assays.questionnaires.instrument import instrument_named
from nociscope.problems import BadInput
from nociscope.study import open_study
from nociscope.tables import READINGS, readings_from
from nociscope.truth import Truth
from nociscope.tsv import split_tsv
from nociscope.virtual.writer import write_study


def table(**columns):
    return {name: [str(c) for c in cells] for name, cells in columns.items()}


ISI = {f"q{n}": ["1", "1", "2", "n/a", "9", "1"] for n in range(1, 8)}


def test_every_row_is_accounted_for():
    people = ["sub-1", "sub-1", "sub-2", "sub-3", "sub-4", ""]
    found = score_columns(instrument_named("isi"), {"participant_id": people, **ISI}, "isi.tsv")
    assert (found.rows, found.used, found.empty, found.repeated, found.refused) == (6, 3, 1, 1, 1)
    assert found.rows == found.used + found.empty + found.repeated + found.refused
    np.testing.assert_array_equal(found.columns[0].values, [7, 14, np.nan, np.nan])
    assert {p.row for p in found.problems} == {6, 7}


def test_rows_of_one_visit_that_differ_are_refused():
    columns = {"participant_id": ["sub-1", "sub-1"], "q1": ["1", "2"]}
    found = score_columns(instrument_named("pain_nrs"), columns, "pain_nrs.tsv")
    assert (found.used, found.refused) == (0, 2)
    assert found.problems[0].code == "duplicate-row"
    columns["session_id"] = ["ses-1", "ses-2"]
    assert score_columns(instrument_named("pain_nrs"), columns, "pain_nrs.tsv").used == 2


def test_a_bare_total_and_items_in_one_table():
    columns = table(participant_id=["sub-1", "sub-2"], q1=["4", "n/a"], total=["n/a", "6"])
    found = score_columns(instrument_named("pain_nrs"), columns, "pain_nrs.tsv")
    rows = split_tsv(readings_tsv([found]), "r")[1]
    assert [(r.cells["participant_id"], r.cells["value"], r.cells["method"]) for r in rows] == [
        ("sub-1", "4", "items"),
        ("sub-2", "6", "total as given"),
    ]


@pytest.mark.parametrize("columns", [{"q1": ["1"]}, {"participant_id": ["sub-1"], "x": ["1"]}])
def test_a_table_without_its_columns_is_refused(columns):
    with pytest.raises(BadInput, match="the column is missing"):
        score_columns(instrument_named("isi"), columns, "isi.tsv")


def test_tables_at_once_give_the_readings_of_single_visits(tmp_path):
    people = [Truth(participant_id=f"sub-{n}", group=g) for n, g in enumerate(("FM", "control", "FM"), start=1)]
    write_study(tmp_path / "study", people, 5, (ASSAY,))
    study = open_study(tmp_path / "study")
    single = {}
    for visits in study.visits.values():
        for r in ASSAY.measure(ASSAY.read(visits[0], None), None):
            single[visits[0].participant_id, r.measure] = (r.value, r.n, r.method)
    at_once = {}
    for wanted in ASSAY.inputs:
        name = wanted.table.name
        path = tmp_path / f"study/phenotype/{name}.tsv"
        if name == "migraine_ichd3" or not path.exists():
            continue
        header, rows, _ = split_tsv(path.read_text(), name)
        columns = {c: [r.cells[c] for r in rows] for c in header}
        text = readings_tsv([score_columns(instrument_named(name), columns, name)])
        parsed = READINGS.parse(split_tsv(text, name)[1])
        assert not parsed.problems
        for r in readings_from(parsed):
            at_once[r.participant_id, r.measure] = (r.value, r.n, r.method)
    assert at_once.keys() == single.keys()
    for key, (value, n, method) in single.items():
        assert at_once[key] == (pytest.approx(value, rel=1e-9), n, method)
