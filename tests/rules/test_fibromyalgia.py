"""Truth tables of the criteria of fibromyalgia and of ICHD-3 migraine."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nociscope.rules.fibromyalgia import AREAS, REGIONS, SSS_2010, SSS_2011
from nociscope.rules.model import Evidence, VisitEvidence
from nociscope.rules.registry import rule_named
from nociscope.study.records import Participant
from nociscope.tsv import RawRow

COUNTED = ("shoulder_girdle", "hip", "upper_arm", "upper_leg", "lower_arm", "lower_leg")
AXIS = ("neck", "upper_back", "lower_back")
LIMBS = [f"{area}_{side}" for area in COUNTED for side in ("left", "right")]
ORDER = [*LIMBS[:4], AXIS[0], *LIMBS[4:8], AXIS[1], *LIMBS[8:], AXIS[2], "jaw_left", "jaw_right", "chest", "abdomen"]
"""Areas in an order in which five of them lie in five regions."""
ONE_SIDE = [*LIMBS[::2], "jaw_left", "chest"]


def evidence(table, cells):
    rule = {"fm_criteria": "acr_2016", "migraine_ichd3": "ichd3_migraine"}[table]
    (wanted,) = rule_named(rule).tables
    row = {"participant_id": "sub-01", "session_id": "n/a", **{k: str(v) for k, v in cells.items()}}
    parsed = wanted.parse([RawRow(f"phenotype/{table}.tsv", 2, row)])
    assert not parsed.problems
    visit = VisitEvidence(rows={table: parsed.rows})
    return Evidence(participant=Participant(participant_id="sub-01"), visits=(visit,))


def judged(rule, table="fm_criteria", **cells):
    found = tuple(rule_named(rule).findings(evidence(table, cells)))
    return found[0] if found else None


def answers_of(wpi, sss, areas=ORDER, **more):
    """Return a full row with a given index and severity, the physician's grade and the symptoms agreeing."""
    core, fourth = min(9, sss), max(0, sss - 9)
    row = {a: int(a in areas[:wpi]) for a in AREAS}
    row |= {"fatigue": min(3, core), "unrefreshed": min(3, max(0, core - 3)), "cognition": max(0, core - 6)}
    symptoms = ("headache", "abdominal_pain", "depression")
    row |= {"somatic": fourth, **{symptom: int(fourth > n) for n, symptom in enumerate(symptoms)}}
    return {**row, "duration_months": 12, "other_disorder": "no", **more}


@pytest.mark.parametrize(
    ("wpi", "sss", "old", "new"),
    [
        (7, 5, True, True),
        (7, 4, False, False),
        (19, 4, False, False),
        (6, 8, False, False),
        (6, 9, True, True),
        (5, 9, True, True),
        (4, 9, True, True),
        (3, 9, True, False),
        (2, 12, False, False),
        (0, 12, False, False),
        (3, 8, False, False),
        (19, 12, True, True),
    ],
)
def test_index_and_severity(wpi, sss, old, new):
    """An index of 3 is enough in 2010 and 2011, and is not in 2016."""
    row = answers_of(wpi, sss)
    for rule, expected in (("acr_2010", old), ("acr_2011", old), ("acr_2016", new)):
        found = judged(rule, **row)
        assert found.verdict == ("meets" if expected else "does_not_meet"), rule
        assert "wpi" in found.decided_by


def test_2016_needs_four_regions_and_names_them():
    row = answers_of(8, 9, ONE_SIDE)
    assert judged("acr_2011", **row).verdict == "meets"
    found = judged("acr_2016", **row)
    assert found.verdict == "does_not_meet"
    assert found.decided_by == ("regions_positive",)
    assert "regions_positive 2" in found.inputs


def test_jaw_chest_and_abdomen_make_no_region():
    areas = ["jaw_left", "jaw_right", "chest", "abdomen", "neck", "hip_left", "upper_arm_right"]
    found = judged("acr_2016", **answers_of(7, 9, areas))
    assert found.verdict == "does_not_meet"
    assert "regions_positive 3" in found.inputs


@pytest.mark.parametrize("rule", ["acr_1990", "acr_2010", "acr_2011", "acr_2016", "aapt_2019"])
@pytest.mark.parametrize(
    ("months", "verdict"), [("3", "meets"), ("2.9", "does_not_meet"), ("n/a", "cannot_tell"), ("x", "cannot_tell")]
)
def test_three_months(rule, months, verdict):
    row = answers_of(12, 9, duration_months=months, tender_points=11, widespread_1990="yes", aapt_sites=6)
    found = judged(rule, **row)
    assert found.verdict == verdict
    if verdict == "does_not_meet":
        assert found.decided_by == ("duration_months",)
    if verdict == "cannot_tell":
        assert found.missing == ("duration_months",)


@pytest.mark.parametrize(
    ("rule", "yes", "unknown"),
    [("acr_2010", "does_not_meet", "cannot_tell"), ("acr_2011", "meets", "meets"), ("acr_2016", "meets", "meets")],
)
def test_another_disorder_counts_in_2010_only(rule, yes, unknown):
    assert judged(rule, **answers_of(12, 9, other_disorder="yes")).verdict == yes
    assert judged(rule, **answers_of(12, 9, other_disorder="n/a")).verdict == unknown
    if rule == "acr_2010":
        assert judged(rule, **answers_of(12, 9, other_disorder="yes")).decided_by == ("other_disorder",)
        assert judged(rule, **answers_of(12, 9, other_disorder="n/a")).missing == ("other_disorder",)


def test_2010_takes_the_physicians_grade_and_2011_the_symptoms():
    row = answers_of(7, 5, somatic=0, headache=1, abdominal_pain=1, depression=1)
    row |= {"fatigue": 2, "unrefreshed": 0, "cognition": 0}
    assert judged("acr_2010", **row).verdict == "does_not_meet"
    assert judged("acr_2011", **row).verdict == "meets"


@pytest.mark.parametrize(
    ("widespread", "points", "verdict"),
    [
        ("yes", "11", "meets"),
        ("yes", "10", "does_not_meet"),
        ("no", "18", "does_not_meet"),
        ("n/a", "18", "cannot_tell"),
        ("n/a", "3", "does_not_meet"),
        ("yes", "n/a", "cannot_tell"),
        ("no", "n/a", "does_not_meet"),
        ("yes", "19", "cannot_tell"),
    ],
)
def test_acr_1990(widespread, points, verdict):
    found = judged("acr_1990", duration_months=6, widespread_1990=widespread, tender_points=points)
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("sites", "fatigue", "sleep", "verdict"),
    [
        ("6", "2", "0", "meets"),
        ("6", "0", "2", "meets"),
        ("6", "1", "1", "does_not_meet"),
        ("5", "3", "3", "does_not_meet"),
        ("6", "n/a", "2", "meets"),
        ("6", "n/a", "1", "cannot_tell"),
        ("n/a", "3", "3", "cannot_tell"),
        ("n/a", "1", "1", "does_not_meet"),
        ("9", "3", "n/a", "meets"),
    ],
)
def test_aapt_2019(sites, fatigue, sleep, verdict):
    found = judged("aapt_2019", duration_months=3, aapt_sites=sites, fatigue=fatigue, unrefreshed=sleep)
    assert found.verdict == verdict


def test_a_missing_part_that_cannot_change_the_verdict_is_no_obstacle():
    assert judged("acr_2016", **answers_of(12, 9, chest="n/a")).verdict == "meets"
    assert judged("acr_2016", **answers_of(12, 9, neck="n/a")).verdict == "meets"
    assert judged("acr_2011", **answers_of(12, 9, headache="n/a")).verdict == "meets"
    assert judged("acr_2011", **answers_of(1, 9, chest="7")).verdict == "does_not_meet"
    found = judged("acr_2016", **answers_of(6, 5, chest="n/a"))
    assert found.verdict == "cannot_tell"
    assert "chest" in found.missing
    assert "fatigue" not in found.missing
    found = judged("acr_2011", **answers_of(7, 4, headache="n/a"))
    assert found.verdict == "cannot_tell"
    assert "headache" in found.missing
    assert not {"wpi", "chest"} & set(found.missing)


def test_who_has_no_input_has_no_finding():
    for rule in ("acr_1990", "acr_2010", "acr_2011", "acr_2016", "aapt_2019"):
        assert judged(rule) is None
    assert judged("ichd3_migraine", "migraine_ichd3") is None
    assert judged("acr_1990", tender_points=12).verdict == "cannot_tell"
    assert judged("acr_2016", tender_points=12) is None


def plainly(rule, row):
    """Return the verdict of a complete row, written down a second time from the published text."""
    wpi = sum(row[a] for a in AREAS)
    parts = SSS_2010 if rule == "acr_2010" else SSS_2011
    sss = sum(row[p] for p in parts)
    regions = sum(any(row[a] for a in areas) for areas in REGIONS.values())
    if row["duration_months"] < 3 or (rule == "acr_2010" and row["other_disorder"] == "yes"):
        return False
    if rule == "acr_2016":
        return regions >= 4 and ((wpi >= 7 and sss >= 5) or (4 <= wpi <= 6 and sss >= 9))
    return (wpi >= 7 and sss >= 5) or (3 <= wpi <= 6 and sss >= 9)


CHOICES = dict.fromkeys(AREAS, (0, 1)) | {"fatigue": range(4), "unrefreshed": range(4), "cognition": range(4)}
CHOICES |= {"somatic": range(4), "headache": (0, 1), "abdominal_pain": (0, 1), "depression": (0, 1)}
CHOICES |= {"duration_months": (2, 12), "other_disorder": ("yes", "no")}


@pytest.mark.parametrize("rule", ["acr_2010", "acr_2011", "acr_2016"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_unknown_means_that_some_completion_changes_the_verdict(rule, data):
    wpi, sss = data.draw(st.integers(0, 10)), data.draw(st.integers(2, 12))
    order = data.draw(st.permutations(ORDER)) if data.draw(st.booleans()) else ORDER
    row = answers_of(wpi, sss, order, other_disorder=data.draw(st.sampled_from(["no", "no", "yes"])))
    row["duration_months"] = data.draw(st.sampled_from([12, 12, 2]))
    gaps = data.draw(st.lists(st.sampled_from(sorted(CHOICES)), max_size=4, unique=True))
    every = set()
    for values in product(*(CHOICES[g] for g in gaps)):
        every.add(plainly(rule, {**row, **dict(zip(gaps, values, strict=True))}))
    expected = "cannot_tell" if len(every) > 1 else "meets" if every.pop() else "does_not_meet"
    found = judged(rule, **{**row, **dict.fromkeys(gaps, "n/a")})
    assert found.verdict == expected
    assert bool(found.missing) == (expected == "cannot_tell")
    assert set(found.missing) <= {*gaps, "wpi", "sss", "regions_positive"}


MIGRAINE = {
    "attacks": 5,
    "duration_h": 4,
    "unilateral": "yes",
    "pulsating": "yes",
    "moderate_severe": "no",
    "worse_activity": "no",
    "nausea_vomiting": "no",
    "photophobia": "yes",
    "phonophobia": "yes",
    "other_diagnosis": "no",
}


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "meets"),
        ({"attacks": 4}, "does_not_meet"),
        ({"duration_h": 72}, "meets"),
        ({"duration_h": 73}, "does_not_meet"),
        ({"duration_h": 3.9}, "does_not_meet"),
        ({"pulsating": "no"}, "does_not_meet"),
        ({"pulsating": "no", "worse_activity": "yes"}, "meets"),
        ({"photophobia": "no"}, "does_not_meet"),
        ({"photophobia": "no", "nausea_vomiting": "yes"}, "meets"),
        ({"other_diagnosis": "yes"}, "does_not_meet"),
        ({"other_diagnosis": "n/a"}, "cannot_tell"),
        ({"attacks": "n/a"}, "cannot_tell"),
        ({"moderate_severe": "n/a"}, "meets"),
        ({"pulsating": "n/a"}, "cannot_tell"),
        ({"photophobia": "n/a"}, "cannot_tell"),
        ({"photophobia": "n/a", "nausea_vomiting": "yes"}, "meets"),
        ({"photophobia": "n/a", "attacks": 1}, "does_not_meet"),
        ({"duration_h": "x"}, "cannot_tell"),
        ({"photophobia": "n/a", "phonophobia": "no"}, "does_not_meet"),
    ],
)
def test_ichd3_migraine(change, verdict):
    found = judged("ichd3_migraine", "migraine_ichd3", **{**MIGRAINE, **change})
    assert found.verdict == verdict
    if verdict == "cannot_tell":
        assert found.missing == tuple(change)
    assert found.inputs[-1].startswith("level of evidence: answers to the ICHD-3 items")


@pytest.mark.parametrize("key", ["acr_1990", "acr_2010", "acr_2011", "acr_2016", "aapt_2019", "ichd3_migraine"])
def test_each_rule_is_cited(key):
    rule = rule_named(key)
    assert rule.doi.startswith("10.")
    assert rule.status == "read"
    assert rule.doi in rule.source
