import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.tables import (
    FINDINGS,
    MECHANISMS,
    READINGS,
    SCORES,
    Reading,
    Score,
    as_row,
    readings_from,
    scores_from,
)
from nociscope.tsv import split_tsv

READING = st.builds(
    Reading,
    participant_id=st.just("sub-01"),
    assay=st.just("qst"),
    measure=st.just("cdt"),
    value=st.none() | st.floats(-1e6, 1e6).map(lambda x: float(f"{x:.10g}")),
    unit=st.sampled_from(["degC", "n/a"]),
    n=st.none() | st.integers(0, 99),
    side=st.sampled_from(["left", "right", "both", "n/a"]),
    censored=st.sampled_from(["none", "below", "above"]),
    quality=st.sampled_from(["good", "poor", "failed"]),
    remark=st.sampled_from(["", "a word", "µ"]),
)


@given(st.lists(READING, max_size=4))
def test_readings_survive_their_table(readings):
    text = READINGS.to_tsv(as_row(r) for r in readings)
    parsed = READINGS.parse(split_tsv(text, "readings.tsv")[1])
    assert parsed.problems == ()
    assert readings_from(parsed) == tuple(readings)


def test_scores_survive_their_table():
    score = Score(
        participant_id="sub-01",
        session_id="n/a",
        assay="qst",
        site="hand_dorsum",
        side="left",
        measure="cdt",
        value=1.5,
        unit="degC",
        z=-2.1,
        call="loss",
        reason="",
    )
    parsed = SCORES.parse(split_tsv(SCORES.to_tsv([as_row(score)]), "scores.tsv")[1])
    assert scores_from(parsed) == (score,)


@pytest.mark.parametrize("table", [READINGS, SCORES, MECHANISMS, FINDINGS])
def test_documentation_and_dictionary_name_every_column(table):
    assert set(table.dictionary()) == set(table.names)
    lines = table.markdown().splitlines()
    assert len(lines) == len(table.columns) + 2
    assert all(f"`{n}`" in line for n, line in zip(table.names, lines[2:], strict=True))
