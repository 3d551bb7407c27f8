import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.problems import (
    BadInput,
    CannotWrite,
    InputMissing,
    InvalidStudy,
    NothingSelected,
    Problem,
    UsageError,
    clean_text,
)

BAD_KINDS = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@given(st.text(max_size=300), st.one_of(st.none(), st.integers(2, 50)))
def test_cleaned_text_is_one_line_without_control_characters(text, limit):
    out = clean_text(text, limit)
    assert not {unicodedata.category(c) for c in out} & BAD_KINDS
    assert limit is None or len(out) <= limit
    assert clean_text(out, limit) == out


def test_plain_text_stays_as_it_is():
    assert clean_text("Medoc TSA-II, 32 °C, Gøransson") == "Medoc TSA-II, 32 °C, Gøransson"
    assert clean_text("a\x1b[31mb\r\nc\u202ed\u2028e") == "a [31mb c d e"


def test_a_very_long_text_is_cut_and_marked():
    assert clean_text("9" * 10_000_000, 60) == "9" * 59 + "…"
    assert clean_text("\0" * 10_000 + "x", 10) in ("…", "x")


def test_a_sentence_has_place_value_and_remedy():
    problem = Problem(
        what="is not a number",
        remedy="correct the cell",
        file="phenotype/qst.tsv",
        row=3,
        column="value",
        value="forty",
        participant_id="sub-01",
        session_id="ses-1",
    )
    assert problem.sentence() == (
        "sub-01 ses-1, phenotype/qst.tsv, row 3, column value: “forty” is not a number; correct the cell."
    )
    assert Problem(what="there is nothing").sentence() == "There is nothing."
    assert Problem(what="x", participant_id="sub-01", session_id="n/a").sentence() == "sub-01: x."


@given(st.text(max_size=100), st.text(max_size=100), st.text(max_size=100))
def test_any_text_from_data_stays_within_one_line(file, value, column):
    sentence = Problem(what="x", file=file, value=value, column=column).sentence()
    assert not {unicodedata.category(c) for c in sentence} & BAD_KINDS


def test_a_place_is_filled_in_where_it_is_empty():
    problem = Problem(what="x", file="a.tsv").at(file="b.tsv", participant_id="sub-01", row=2)
    assert (problem.file, problem.participant_id, problem.row) == ("a.tsv", "sub-01", 2)


@pytest.mark.parametrize(
    ("kind", "code"),
    [(BadInput, 65), (InvalidStudy, 16)],
)
def test_errors_carry_problems_through_a_pickle(kind, code):
    error = kind([Problem(what="a"), Problem(what="b")])
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.problems, copy.exit_code, str(copy)) == (error.problems, code, "A.\nB.")


@pytest.mark.parametrize(
    ("kind", "code"), [(InputMissing, 66), (NothingSelected, 18), (UsageError, 64), (CannotWrite, 73)]
)
def test_exit_codes(kind, code):
    assert pickle.loads(pickle.dumps(kind("x"))).exit_code == code
