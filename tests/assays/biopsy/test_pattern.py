import pytest

from nociscope.assays.biopsy import from_scores, loss_pattern
from nociscope.assays.biopsy.pattern import chance_of_false_loss
from nociscope.tables import Call, Reading, Score


def scored(site: str, call: Call, side: str = "right", reason: str = "") -> Score:
    return Score(
        participant_id="sub-01",
        session_id="n/a",
        assay="biopsy",
        site=site,
        side=side,
        measure="ienfd",
        value=5.0,
        unit="/mm",
        call=call,
        reason=reason,
    )


@pytest.mark.parametrize(
    ("leg", "thigh", "value"),
    [
        ("normal", "normal", 0),
        ("loss", "normal", 1),
        ("normal", "loss", 2),
        ("loss", "loss", 3),
        ("gain", "normal", 0),
    ],
)
def test_the_four_patterns(leg: Call, thigh: Call, value: int):
    assert loss_pattern([scored("distal_leg", leg), scored("thigh", thigh)]).value == value


@pytest.mark.parametrize("call", ["normal", "loss"])
def test_what_is_missing_would_change_the_answer(call: Call):
    unjudged = loss_pattern([scored("distal_leg", call), scored("thigh", "not_comparable", reason="no norm")])
    assert unjudged.value is None
    assert "thigh not judged (no norm)" in unjudged.remark
    assert ("below its limit" in unjudged.remark) == (call == "loss")
    alone = loss_pattern([scored("thigh", call)])
    assert alone.value is None
    assert "distal leg not judged (no biopsy)" in alone.remark


def test_one_side_below_is_below_and_one_side_unjudged_is_no_obstacle():
    both = [scored("distal_leg", "normal", "left"), scored("distal_leg", "loss", "right"), scored("thigh", "normal")]
    assert loss_pattern(both).value == 1
    half = [scored("distal_leg", "normal", "left"), scored("distal_leg", "not_comparable"), scored("thigh", "normal")]
    assert loss_pattern(half).value == 0


def test_norms_that_disagree_decide_nothing():
    found = loss_pattern([scored("distal_leg", "normal"), scored("distal_leg", "loss"), scored("thigh", "normal")])
    assert found.value is None
    assert "its norms disagree" in found.remark


def test_more_sites_give_more_chance_findings():
    assert chance_of_false_loss(1) == pytest.approx(0.05)
    assert chance_of_false_loss(2) == pytest.approx(0.0975)
    assert "10 %" in loss_pattern([scored("distal_leg", "normal"), scored("thigh", "normal")]).remark


def test_other_scores_are_ignored():
    assert loss_pattern([scored("face", "loss")]).sites == 0


def test_the_reading():
    density = Reading(
        measure="ienfd", value=5.0, unit="/mm", site="distal_leg", side="right", method="pgp95_bf", source="x"
    )
    scores = [scored("distal_leg", "loss"), scored("thigh", "normal")]
    (found,) = from_scores([density], scores)
    assert (found.measure, found.value, found.site, found.side, found.quality) == (
        "loss_pattern",
        1.0,
        "n/a",
        "n/a",
        "good",
    )
    (unknown,) = from_scores([density], scores[:1])
    assert (unknown.value, unknown.quality) == (None, "failed")
    assert from_scores([], []) == ()
