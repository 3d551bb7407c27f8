from __future__ import annotations

import pytest

from nociscope.assays.qst.quality import expected_abnormal, probability_of_any, suspicious_control
from nociscope.tables import Call, Score


def scores(*calls: Call, measure: str = "hpt") -> list[Score]:
    return [
        Score(
            participant_id="sub-01",
            session_id="n/a",
            assay="qst",
            site="foot_dorsum",
            side="left",
            measure=measure,
            value=1.0,
            unit="degC",
            call=call,
        )
        for call in calls
    ]


@pytest.mark.parametrize(("n", "percent"), [(4, 10), (8, 18), (12, 26), (22, 43), (2, 5)])
def test_chance_of_any_false_abnormality_as_printed(n: int, percent: int) -> None:
    assert round(100 * probability_of_any(n)) == percent


def test_expected_number() -> None:
    assert expected_abnormal(20) == pytest.approx(1.0)
    with pytest.raises(ValueError):
        expected_abnormal(-1)


def test_four_abnormal_values_make_a_control_suspicious() -> None:
    three = suspicious_control(scores("loss", "gain", "abnormal", "normal", "not_comparable"))
    assert (three.scored, three.abnormal, three.suspicious) == (4, 3, False)
    four = suspicious_control(scores("loss", "gain", "abnormal", "loss", *["normal"] * 9))
    assert four.suspicious
    assert four.probability == pytest.approx(0.0031, abs=0.0005)


def test_slopes_and_other_assays_do_not_count() -> None:
    assert suspicious_control(scores("loss", "loss", "loss", "loss", measure="cdt_slope")).scored == 0
