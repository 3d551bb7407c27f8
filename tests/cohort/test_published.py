"""The study beside the register of the literature."""

from __future__ import annotations

import pytest

from nociscope.cohort.published import conflict_rows, published_rows
from nociscope.cohort.quantities import values_of
from nociscope.evidence.register import load_register

from .made import finding, people, reading, score, visit

REGISTER = load_register()


def beside(results, who, comparisons=()):
    groups = {p.participant_id: p.group for p in who}
    return published_rows(who, values_of(results, groups, {}), results, comparisons, REGISTER)


def biopsied(person: str, site: str, call: str):
    r = reading("ienfd", 5.0, assay="biopsy", site=site)
    return visit(person, r, scores=[score(r, call)])


def test_own_shares_stand_beside_the_counts_of_the_register():
    who = people(a="FM", b="FM", c="control")
    made = [biopsied("sub-a", "distal_leg", "loss"), biopsied("sub-b", "distal_leg", "normal")]
    made.append(biopsied("sub-c", "distal_leg", "not_comparable"))
    rows = [r for r in beside(made, who) if r["topic"] == "biopsy_leg"]
    assert [(r["name"], r["events"], r["n"]) for r in rows if r["kind"] == "own"] == [("FM", 1, 2)]
    oaklander = next(r for r in rows if r["name"] == "Oaklander 2013")
    assert (oaklander["events"], oaklander["n"], oaklander["doi"]) == (11, 27, "10.1016/j.pain.2013.06.001")
    assert "controls by the same rule 1 of 30" in oaklander["note"]
    pooled = next(r for r in rows if r["kind"] == "pooled")
    assert pooled["low"] < pooled["value"] < pooled["high"]


def test_thigh_and_leg_never_share_a_topic_and_inactive_rows_stay_out():
    who = people(a="FM")
    rows = beside([biopsied("sub-a", "thigh", "loss")], who)
    thigh = {r["name"] for r in rows if r["topic"] == "biopsy_thigh" and r["kind"] == "study"}
    assert thigh == {"de Tommaso 2014", "Vecchio 2020 (thigh)"}
    assert not any(r["topic"] == "biopsy_leg" for r in rows)
    assert not any("Kosmidis" in str(r["name"]) for r in rows)  # recalled, not read


def test_a_pattern_that_is_uncertain_counts_as_neither():
    who = people(a="FM", b="FM", c="FM")
    grades = {"a": ("meets", "demyelinating"), "b": ("meets", "uncertain"), "c": ("does_not_meet", "normal")}
    made = [visit(f"sub-{k}", findings=[finding(v, "ncs_pattern", g)]) for k, (v, g) in grades.items()]
    own = next(r for r in beside(made, who) if r["kind"] == "own")
    assert (own["topic"], own["events"], own["n"]) == ("large_fibres", 1, 2)


def test_published_differences_follow_from_printed_means():
    comparison = {"assay": "esc", "measure": "esc", "site": "foot", "group": "FM", "reference": "control", "n": 9,
                  "reference_n": 8, "g": -0.2, "g_low": -1.1, "g_high": 0.7}  # fmt: skip
    rows = [r for r in beside([], people(a="FM"), [comparison]) if r["topic"] == "esc_foot_g"]
    own, study = rows
    assert (own["value"], own["n"], own["name"]) == (-0.2, 17, "FM v control")
    d = (64.9 - 72.0) / (((11.5**2 + 8.2**2) / 2) ** 0.5)
    assert study["value"] == pytest.approx(d * (1 - 3 / (4 * 42 - 1)), abs=1e-3)


def test_conflicts_are_said_for_what_is_shown_only():
    rows = beside([biopsied("sub-a", "thigh", "loss")], people(a="FM"))
    said = {c["what"] for c in conflict_rows(rows, REGISTER)}
    assert "How many have too few fibres" in said
    assert not any("ESC" in w for w in said)
    assert conflict_rows([], REGISTER) == []
