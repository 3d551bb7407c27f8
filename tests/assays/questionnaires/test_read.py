import pytest

from nociscope.assays.questionnaires import ASSAY
from nociscope.problems import BadInput
from tests.assays.questionnaires.forms import items, readings, values, visit


@pytest.mark.parametrize("key", [i.table.name for i in ASSAY.inputs if i.table.name != "migraine_ichd3"])
@pytest.mark.parametrize("column", ["total", "{key}_total"])
def test_every_instrument_takes_a_bare_total(key, column):
    total = 40 if key == "hit6" else 3
    found, problems = readings(key, {column.format(key=key): total})
    assert {m: r.value for m, r in found.items()} == {f"{key}_total": total}
    assert found[f"{key}_total"].method == "total as given"
    assert not problems


@pytest.mark.parametrize(
    ("key", "cell"), [("isi", "29"), ("isi", "-1"), ("fiqr", "100.5"), ("dn4", "11"), ("pcs", "text")]
)
def test_a_total_out_of_range_is_refused_and_named(key, cell):
    found, problems = readings(key, {"total": cell})
    assert found[f"{key}_total"].value is None
    assert problems[0].participant_id == "sub-01"
    assert problems[0].file == f"phenotype/{key}.tsv"
    assert problems[0].value == cell


def test_items_win_over_a_total_and_a_difference_is_said():
    found, problems = readings("isi", {**items(1, 7, 2), "total": 14})
    assert found["isi_total"].value == 14
    assert not problems
    found, problems = readings("isi", {**items(1, 7, 2), "total": 20})
    assert found["isi_total"].value == 14
    assert [p.code for p in problems] == ["contradiction"]


@pytest.mark.parametrize(
    "cell", ["5", "-1", "1e999", "99999999999", "x", "1.5", "inf", "=1+1", "<b>1</b>", "\0", "1,234"]
)
def test_a_cell_out_of_range_is_neither_clipped_nor_used(cell):
    found, problems = readings("pcs", items(1, 13, 1, q8=cell))
    assert found["pcs_rumination"].value is None
    assert found["pcs_total"].value is None
    assert found["pcs_magnification"].value == 3
    assert "not usable: q8" in found["pcs_total"].remark
    assert [(p.column, p.row, p.severity) for p in problems] == [("q8", 2, "error")]
    assert problems[0].sentence().isprintable()


def test_other_instruments_stand_when_one_is_wrong():
    recording = ASSAY.read(visit({"isi": items(1, 7, 9), "pain_nrs": {"q1": 5}}), None)
    found = {r.measure: r.value for r in ASSAY.measure(recording, None)}
    assert found == {"isi_total": None, "pain_nrs_total": 5}


def test_two_rows_of_one_visit_with_different_answers_give_nothing():
    same = [items(1, 7, 2), items(1, 7, 2)]
    found = ASSAY.measure(ASSAY.read(visit({"isi": same}), None), None)
    assert [r.value for r in found] == [14]
    differ = visit({"isi": [items(1, 7, 2), items(1, 7, 3)], "pain_nrs": {"q1": 5}})
    recording = ASSAY.read(differ, None)
    assert [r.measure for r in ASSAY.measure(recording, None)] == ["pain_nrs_total"]
    assert "rows 2, 3" in recording.problems[0].what


def test_an_empty_form_gives_nothing_and_is_no_problem():
    found, problems = readings("isi", items(1, 7, "n/a"))
    assert found == {}
    assert not problems


def test_columns_may_carry_the_instruments_name():
    assert values("isi", {f"ISI_Q{n}": 2 for n in range(1, 8)})["isi_total"] == 14


def test_a_table_without_any_item_column_is_refused_by_name():
    with pytest.raises(BadInput, match=r"phenotype/isi.tsv.*no column of the instrument"):
        ASSAY.read(visit({"isi": {"item_one": 2}}), None)


def test_columns_that_look_like_items_but_are_none_are_named():
    _, problems = readings("isi", items(1, 8, 2))
    assert [p.code for p in problems] == ["unknown-item"]


def test_yes_and_no_serve_for_one_and_zero():
    assert values("dn4", items(1, 10, "yes", q1="no"))["dn4_total"] == 9


def test_missing_items_are_named_in_the_reading():
    found, _ = readings("isi", items(1, 7, 2, q3="n/a"))
    assert found["isi_total"].quality == "failed"
    assert "missing: q3" in found["isi_total"].remark
    assert found["isi_total"].n == 6
