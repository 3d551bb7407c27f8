"""Shares of people by rule and by mechanism."""

from __future__ import annotations

import pytest

from nociscope.cohort.shares import percent_of, profile_rows, rule_rows
from nociscope.mechanisms.observed import Visit
from nociscope.mechanisms.profile import Explainer

from .made import finding, people, visit


def test_wilson_interval_of_a_worked_example():
    # Newcombe 1998 (doi 10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E), table I: 81 of 263
    cells = percent_of(81, 263)
    assert (cells["low"], cells["high"]) == (pytest.approx(25.53, abs=0.005), pytest.approx(36.62, abs=0.005))
    assert percent_of(0, 20)["low"] == 0
    assert percent_of(0, 0) == {}


def test_cannot_tell_is_counted_and_bounds_the_share():
    who = people(a="FM", b="FM", c="FM", d="control")
    made = [
        visit("sub-a", findings=[finding("meets", grade="definite")]),
        visit("sub-b", findings=[finding("cannot_tell")]),
        visit("sub-c", findings=[finding("does_not_meet")]),
        visit("sub-d", findings=[finding("does_not_meet")]),
    ]
    fm, control, everyone = rule_rows(who, made)
    assert (fm["people"], fm["meets"], fm["does_not_meet"], fm["cannot_tell"]) == (3, 1, 1, 1)
    assert (fm["percent"], fm["grades"]) == (50, "definite 1")
    assert (fm["least"], fm["most"]) == (pytest.approx(100 / 3), pytest.approx(200 / 3))
    assert (control["percent"], everyone["people"]) == (0, 4)


def test_a_person_counts_once_at_the_first_visit_with_the_strongest_verdict():
    made = [
        visit("sub-a", session="ses-1"),
        visit("sub-a", session="ses-2", findings=[finding("does_not_meet"), finding("cannot_tell")]),
        visit("sub-a", session="ses-3", findings=[finding("meets")]),
    ]
    (row,) = rule_rows(people(a="FM"), made)
    assert (row["people"], row["meets"], row["cannot_tell"], row.get("percent")) == (1, 0, 1, None)


def test_nobody_has_no_rows():
    assert rule_rows(people(a="FM"), []) == []
    assert profile_rows(people(a="FM"), [visit("sub-a")]) == []


def test_profiles_count_who_was_assessed():
    explainer = Explainer()
    leg = next(i for i, t in enumerate(explainer.knowledge.tests) if t.key == "leg_ienfd")
    lost, untested = (
        explainer.explain([Visit(participant_id="x", session_id="n/a", z=z)])[0] for z in ({leg: -4.5}, {})
    )
    who = people(a="FM", b="FM", c="control")
    made = [visit("sub-a", mechanisms=lost), visit("sub-b", mechanisms=untested), visit("sub-c", mechanisms=untested)]
    rows = {(r["mechanism"], r["group"]): r for r in profile_rows(who, made)}
    fm = rows["distal_small_fibre_loss", "FM"]
    assert (fm["assessed"], fm["not_assessable"]) == (1, 1)
    posterior = next(m.posterior for m in lost if m.mechanism == "distal_small_fibre_loss")
    assert fm["median"] == fm["mean"] == pytest.approx(posterior)
    assert fm["toward"] == int(posterior > 0.9)
    assert rows["distal_small_fibre_loss", "control"].get("median") is None
