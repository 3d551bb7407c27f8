import math
import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.problems import BadInput
from nociscope.tsv import Column, RawRow, Table, format_cell, format_number, parse_number, split_tsv

TABLE = Table(
    "probe",
    "One value",
    (
        Column("participant_id", "Participant", required=True, needed=True),
        Column("site", "Site", "choice", choices={"hand": "the hand", "foot": "the foot"}),
        Column("value", "The value", "number", "uS", minimum=0, maximum=100),
        Column("count", "How many", "integer", minimum=0),
        Column("day", "Day", "date"),
        Column("code", "Code", "label"),
        Column("remark", "Free text"),
    ),
    key=("participant_id", "site"),
)


@pytest.mark.parametrize(
    ("cell", "number"),
    [("1", 1), (" 71.5 ", 71.5), ("71,5", 71.5), ("-3", -3), ("+2", 2), (".5", 0.5), ("5.", 5), ("1e3", 1000),
     ("1,5e-3", 0.0015), ("0,125", 0.125), ("1234,5", 1234.5), ("n/a", None), ("", None), ("NaN", None),
     ("NA", None)],
)  # fmt: skip
def test_numbers(cell, number):
    assert parse_number(cell) == number


@pytest.mark.parametrize(
    "cell",
    ["inf", "-inf", "1e999", "9" * 5000, "1,234", "12,345", "1,234.5", "1.2.3", "1 000", "1_000", "0x10", "forty",
     "1e", "--1", "1e1e1", "<5", "5 uS", "٫", "None"],
)  # fmt: skip
def test_what_is_no_number(cell):
    with pytest.raises(ValueError):
        parse_number(cell)


@given(st.floats(-1e300, 1e300).filter(lambda x: x == 0 or abs(x) > 1e-300))
def test_a_written_number_reads_back_to_ten_digits(number):
    assert parse_number(format_number(number)) == pytest.approx(number, rel=1e-9, abs=0)


@given(st.floats())
def test_no_written_number_is_infinite_or_nan(number):
    text = format_number(number)
    assert text == "n/a" or re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", text)


def test_numbers_have_one_spelling():
    assert [format_number(x) for x in (0.0, -0.0, 1.0, 0.1 + 0.2, 1e-7, 1e22, 123456789012)] == [
        "0", "0", "1", "0.3", "1e-7", "1e22", "1.23456789e11",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, "n/a"),
        (True, "1"),
        (3, "3"),
        (np.int64(-3), "-3"),
        (np.float64(0.5), "0.5"),
        (np.float32("nan"), "n/a"),
        (math.inf, "n/a"),
        ("", "n/a"),
        (" \t\n", "n/a"),
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("-x", "'-x"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("\t=1", "'=1"),
        ("-5", "-5"),
        ("a\tb\nc", "a b c"),
        ("Gøransson µ", "Gøransson µ"),
    ],
)
def test_cells(value, cell):
    assert format_cell(value) == cell


CELL = st.one_of(
    st.none(),
    st.integers(-(10**9), 10**9),
    st.floats(-1e9, 1e9),
    st.text(max_size=30),
)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(TABLE.names, CELL)), max_size=5))
def test_what_is_written_splits_into_the_same_cells(rows):
    text = TABLE.to_tsv(rows)
    header, found, problems = split_tsv(text, "x.tsv")
    assert header == TABLE.names
    assert problems == []
    assert [dict(r.cells) for r in found] == [{n: format_cell(row[n]) for n in TABLE.names} for row in rows]
    assert all(cell == "n/a" or cell[0] not in "=@" for r in found for cell in r.cells.values())


@given(st.text(alphabet="ab\t\n\r n/", max_size=60))
def test_any_text_splits_or_is_refused(text):
    try:
        header, rows, problems = split_tsv(text, "x.tsv")
    except BadInput:
        return
    assert all(set(r.cells) == set(header) for r in rows)
    filled = [n for n, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1) if n > 1 and line.strip()]
    assert sorted([r.row for r in rows] + [p.row for p in problems]) == filled


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end):
    header, rows, problems = split_tsv(end.join(["a\tb", "1\t2", "", "3\t4"]), "x.tsv")
    assert (header, problems) == (("a", "b"), [])
    assert [(r.row, dict(r.cells)) for r in rows] == [(2, {"a": "1", "b": "2"}), (4, {"a": "3", "b": "4"})]


@pytest.mark.parametrize("text", ["", "\n", "a\ta\n", "a\t\n", "\t\n1\t2\n"])
def test_headers_that_are_none(text):
    with pytest.raises(BadInput, match=r"^x\.tsv"):
        split_tsv(text, "x.tsv")


def test_a_header_of_very_many_columns_is_split_in_time():
    header, _, _ = split_tsv("\t".join(f"c{n}" for n in range(200_000)) + "\n", "x.tsv")
    assert len(header) == 200_000


def test_a_ragged_row_names_its_person():
    _, rows, (problem,) = split_tsv("participant_id\tx\nsub-01\nsub-02\t3\n", "x.tsv")
    assert (problem.row, problem.participant_id, problem.code) == (2, "sub-01", "ragged-row")
    assert len(rows) == 1


def parse(*rows):
    return TABLE.parse([RawRow("x.tsv", n, row) for n, row in enumerate(rows, start=2)])


def test_typed_rows():
    cells = {
        "participant_id": "sub-01",
        "site": "hand",
        "value": "70,5",
        "count": "3",
        "day": "2026-01-31",
        "code": "a+1",
    }
    (row,) = parse(cells).rows
    assert (row.number("value"), row["count"], row.text("day"), row.text("remark", "-")) == (
        70.5,
        3,
        "2026-01-31",
        "-",
    )
    assert pickle.loads(pickle.dumps(row)) == row


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("participant_id", "n/a", "is needed"),
        ("site", "knee", "is not one of hand, foot"),
        ("value", "-1", "below 0"),
        ("value", "101", "above 100"),
        ("value", "1e999", "not a finite number"),
        ("value", "high", "expected a number in uS"),
        ("count", "2.5", "not a whole number"),
        ("count", "-1", "below 0"),
        ("day", "31.1.2026", "is not a date"),
        ("code", "a b", "is not a label"),
    ],
)
def test_a_row_with_a_cell_that_cannot_be_right_is_refused_by_name(column, cell, words):
    good = {"participant_id": "sub-02", "site": "foot", "value": "1"}
    parsed = parse({"participant_id": "sub-01", "site": "hand", column: cell}, good)
    assert [r.text("participant_id") for r in parsed.rows] == ["sub-02"]
    (problem,) = parsed.problems
    assert words in problem.sentence()
    assert (problem.row, problem.column) == (2, column)


def test_a_repeated_key():
    a = {"participant_id": "sub-01", "site": "hand", "value": "1"}
    b = {"participant_id": "sub-01", "site": "hand", "value": "2"}
    other = {"participant_id": "sub-01", "site": "foot", "value": "5"}
    same = parse(a, other, a)
    assert [r.number("value") for r in same.rows] == [1, 5]
    assert same.problems[0].severity == "warning"
    differing = parse(a, other, b)
    assert [r.number("value") for r in differing.rows] == [5]
    assert differing.problems[0].severity == "error"
    assert "rows 2, 4" in differing.problems[0].sentence()


def test_a_dictionary_in_the_words_of_bids():
    assert TABLE.dictionary()["value"] == {
        "Description": "The value", "Format": "number", "Units": "uS", "Minimum": 0, "Maximum": 100,
    }  # fmt: skip
    assert TABLE.dictionary()["site"]["Levels"] == {"hand": "the hand", "foot": "the foot"}
