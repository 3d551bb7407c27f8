"""Scores find their readings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nociscope.report.rows import joined, reading_table
from nociscope.tables import Reading, Score

AT = {"assay": "lep", "site": "hand_dorsum", "side": "left", "measure": "n2_latency", "unit": "ms"}


def reading(value: float, method: str = "n/a") -> Reading:
    return Reading(value=value, method=method, **AT)


def score(value: float, norm: str) -> Score:
    return Score(participant_id="sub-1", session_id="n/a", value=value, norm=norm, call="normal", **AT)


def test_methods_are_told_apart_by_value() -> None:
    pairs = joined([reading(210.0, "average:all"), reading(215.0, "single")], [score(215.0, "b"), score(210.0, "a")])
    assert [(r.value, [s.norm for s in its]) for r, its in pairs if r] == [(210.0, ["a"]), (215.0, ["b"])]


def test_equal_values_are_told_apart_by_order() -> None:
    pairs = joined([reading(1.0, "a"), reading(1.0, "b")], [score(1.0, "first"), score(1.0, "second")])
    assert [[s.norm for s in its] for _, its in pairs] == [["first"], ["second"]]


@given(
    st.lists(st.sampled_from([1.0, 2.0, 3.0]), max_size=12), st.lists(st.sampled_from([1.0, 2.0, 3.0]), max_size=12)
)
def test_nothing_is_lost_or_doubled(values: list[float], scored: list[float]) -> None:
    readings = [reading(v, str(i)) for i, v in enumerate(values)]
    scores = [score(v, str(i)) for i, v in enumerate(scored)]
    pairs = joined(readings, scores)
    assert [r for r, _ in pairs if r is not None] == readings
    assert sorted(s.norm for _, its in pairs for s in its) == sorted(s.norm for s in scores)
    assert all(s.value == r.value for r, its in pairs if r is not None for s in its)


def test_a_cut_table_keeps_what_was_compared() -> None:
    readings = [reading(float(i)) for i in range(50)]
    table = reading_table(readings, [score(49.0, "n/a")], None, {}, most=5)
    shown = [line.value for g in table.groups for line in g.lines]
    assert len(shown) == 5
    assert "49 ms" in shown
    assert table.omitted == 45


def test_what_all_readings_share_is_said_once() -> None:
    table = reading_table([reading(1.0, "m"), reading(2.0, "m")], [], None, {}, most=5)
    assert table.common == "Method m."
    assert all(line.notes == () for g in table.groups for line in g.lines)
    table = reading_table([reading(1.0, "m"), reading(2.0, "k")], [], None, {}, most=5)
    assert [line.notes for g in table.groups for line in g.lines] == [("Method m.",), ("Method k.",)]
