"""Numbers and words for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.report import wording


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (None, 1, "–"),
        (3.94, 1, "3.9"),
        (-2.31, 1, "−2.3"),
        (-0.04, 0, "−0.04"),
        (0.0, 2, "0.00"),
        (-0.0, 1, "0.0"),
        (0.004, 2, "0.004"),
        (212.4, 0, "212"),
        (123456.0, None, "1.235 × 10^5"),
        (58.2, None, "58.2"),
    ],
)
def test_number(value: float | None, decimals: int | None, text: str) -> None:
    assert wording.number(value, decimals) == text


@given(st.floats(allow_nan=False, allow_infinity=False), st.none() | st.integers(0, 4))
def test_a_number_never_loses_its_sign_or_becomes_zero(value: float, decimals: int | None) -> None:
    text = wording.number(value, decimals)
    assert text.startswith("−") == (value < 0)
    assert (set(text) <= set("0.")) == (value == 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (46, "46"),
        (46.5, "46.5"),
        (89, "89"),
        (89.5, "over 89"),
        ("102", "over 89"),
        ("n/a", "not recorded"),
        (None, "not recorded"),
        (float("nan"), "not recorded"),
        (-1, "not recorded"),
    ],
)
def test_high_ages_are_not_told(value: object, text: str) -> None:
    assert wording.years(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (0.0, "< 0.01"), (0.0099, "< 0.01"), (0.5, "0.50"), (0.999, "> 0.99")]
)
def test_probability_is_never_certain(value: float | None, text: str) -> None:
    assert wording.probability(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (0.01, "< 0.1"), (1.44, "1.4"), (31.2, "31"), (98.86, "98.9"), (99.99, "> 99.9")]
)
def test_percentile(value: float | None, text: str) -> None:
    assert wording.percentile(value) == text


def test_limits_and_places() -> None:
    assert wording.limits(5.63, None, 1) == "at least 5.6"
    assert wording.limits(None, 12.0, 1) == "at most 12.0"
    assert wording.limits(2.0, 6.46, 1) == "2.0 to 6.5"
    assert wording.limits(None, None, 1) == ""
    assert wording.place("foot_dorsum", "left") == "Foot dorsum, left"
    assert wording.place("hand", "both") == "Hand, both sides"
    assert wording.place("n/a", "n/a") == ""


def test_units() -> None:
    assert wording.with_unit("3.9", "/mm") == "3.9 /mm"
    assert wording.with_unit("7.3", "n/8") == "7.3/8"
    assert wording.with_unit("2.61", "ratio") == "2.61"
    assert wording.with_unit("71", "uS") == "71 µS"


def test_text_loses_control_and_direction_characters() -> None:
    assert wording.shown("a\u202eb\nc\x1b[31m") == "a b c [31m"
    assert len(wording.shown("x" * 10_000)) == wording.TEXT_LIMIT


def test_a_number_and_its_unit_stay_together() -> None:
    assert wording.tied("15.8 °C, 95 % of 3 ms and 4 men") == "15.8\u00a0°C, 95\u00a0% of 3\u00a0ms and 4 men"
