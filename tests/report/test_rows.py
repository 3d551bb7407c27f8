"""Scores find their readings."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nociscope.report.rows import NormLink, joined, reading_table
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
    assert table.common == ""
    assert [line.method for g in table.groups for line in g.lines] == ["m", "k"]


def test_reasons_that_differ_in_names_alone_are_one() -> None:
    readings, scores = [], []
    for measure in ("cdt", "wdt", "hpt"):
        for site in ("foot_dorsum", "hand_dorsum", "face"):
            at = {"assay": "qst", "site": site, "side": "left", "measure": measure, "value": 1.0, "unit": "degC"}
            readings.append(Reading(**at, method="limits"))
            reason = f"the norm of_forearm_{measure} is for forearm, not for {site}; measured by limits; try `more`"
            scores.append(Score(participant_id="sub-1", session_id="n/a", **at, call="not_comparable", reason=reason))
    scores[-1] = replace(scores[-1], reason="the age is not stated")
    table = reading_table(readings, scores, None, {}, most=99)
    assert table.footnotes == (
        (
            "a",
            "The norm of_forearm_[measure] is for forearm, not for [site]; measured by [method]; try “more”",
            "cdt; wdt; hpt: 8 readings",
        ),
        ("b", "The age is not stated", "hpt (face, left)"),
    )
    assert [line.scores[0].footnote for g in table.groups for line in g.lines].count("a") == 8


def test_a_norm_stands_in_the_heading_only_when_most_lines_rest_on_it() -> None:
    link = NormLink(key="k", anchor="norm-k", unverified=False)
    table = reading_table([reading(1.0)], [score(1.0, "k")], None, {"k": link}, most=9)
    assert table.groups[0].norm == link
    assert table.groups[0].lines[0].scores[0].norm is None
    table = reading_table([reading(float(i)) for i in range(9)], [score(1.0, "k")], None, {"k": link}, most=9)
    assert table.groups[0].norm is None
    assert table.groups[0].lines[1].scores[0].norm == link
