"""Every instrument by hand: the published rule, missing answers, gates, reversed items, and the known traps."""

import pytest

from tests.assays.questionnaires.forms import items, readings, values

PAIRED = ("jaw", "shoulder_girdle", "upper_arm", "lower_arm", "hip", "upper_leg", "lower_leg")
AREAS = [f"{area}_{side}" for area in PAIRED for side in ("left", "right")]
AREAS += ["neck", "upper_back", "lower_back", "chest", "abdomen"]


def approx(x):
    return pytest.approx(x, abs=1e-9)


# --- FIQR -----------------------------------------------------------------------------------------------------------


def test_fiqr_domains_are_divided_by_three_one_and_two():
    found = values("fiqr", {**items(1, 9, 6), **items(10, 11, 7), **items(12, 21, 8)})
    assert found["fiqr_function"] == approx(18)
    assert found["fiqr_impact"] == approx(14)
    assert found["fiqr_symptoms"] == approx(40)
    assert found["fiqr_total"] == approx(72)


def test_fiqr_missing_items_are_prorated_by_domain():
    row = {**items(1, 9, 6, q3="n/a", q4=""), **items(10, 11, 7, q11="n/a"), **items(12, 21, 8, q21="n/a")}
    found, problems = readings("fiqr", row)
    assert found["fiqr_function"].value == approx(7 * 6 * 9 / 7 / 3)
    assert found["fiqr_impact"].value == approx(14)
    assert found["fiqr_symptoms"].value == approx(9 * 8 * 10 / 9 / 2)
    assert found["fiqr_total"].value == approx(18 + 14 + 40)
    assert found["fiqr_total"].n == 17
    assert "17 of 21 items answered" in found["fiqr_total"].remark
    assert not problems


def test_fiqr_does_not_prorate_over_an_answer_that_cannot_be_right():
    """A missing answer is prorated; an 11 on a scale to 10 costs its domain and the total, and nothing else."""
    found, problems = readings("fiqr", {**items(1, 9, 6, q3="11"), **items(10, 11, 7), **items(12, 21, 8)})
    assert found["fiqr_function"].value is None
    assert found["fiqr_total"].value is None
    assert found["fiqr_symptoms"].value == approx(40)
    assert len(problems) == 1


def test_fiqr_without_a_whole_domain_has_no_total():
    found = values("fiqr", {**items(1, 9, 6), **items(10, 11, "n/a"), **items(12, 21, 8)})
    assert found["fiqr_function"] == approx(18)
    assert found["fiqr_impact"] is None
    assert found["fiqr_total"] is None


@pytest.mark.parametrize(("total", "band"), [(23, "remission"), (24, "mild"), (63, "moderate"), (64, "severe"), (83, "very severe")])  # fmt: skip # noqa: E501
def test_fiqr_severity_bands(total, band):
    found, _ = readings("fiqr", {"total": total})
    assert found["fiqr_total"].value == total
    assert found["fiqr_total"].remark.startswith(band)


# --- NPSI -----------------------------------------------------------------------------------------------------------


def test_npsi_subscores_and_total_leave_the_timing_items_out():
    row = {
        "q1": 1,
        "q2": 2,
        "q3": 3,
        "q4": 77,
        "q5": 4,
        "q6": 5,
        "q7": -3,
        "q8": 6,
        "q9": 7,
        "q10": 8,
        "q11": 9,
        "q12": 10,
    }
    found, problems = readings("npsi", row)
    assert {m: r.value for m, r in found.items()} == {
        "npsi_burning": approx(1),
        "npsi_pressing": approx(2.5),
        "npsi_paroxysmal": approx(4.5),
        "npsi_evoked": approx(7),
        "npsi_paraesthesia": approx(9.5),
        "npsi_total": approx(55),
    }
    assert not problems
    assert values("npsi", {**row, "q4": "permanently", "q7": "n/a"})["npsi_total"] == approx(55)
    without = {k: v for k, v in row.items() if k not in ("q4", "q7")}
    assert values("npsi", without)["npsi_total"] == approx(55)


def test_npsi_missing_item_costs_its_subscore_and_the_total():
    found = values("npsi", {**items(1, 12, 5), "q9": "n/a"})
    assert found["npsi_evoked"] is None
    assert found["npsi_total"] is None
    assert found["npsi_burning"] == 5


# --- painDETECT, DN4, LANSS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pattern", "points"), [(1, 0), (2, -1), (3, 1), (4, 1)])
@pytest.mark.parametrize(("radiation", "more"), [(0, 0), (1, 2)])
def test_paindetect_pattern_and_radiation(pattern, points, radiation, more):
    row = items(1, 7, 2, pattern=pattern, radiation=radiation)
    assert values("paindetect", row)["paindetect_total"] == 14 + points + more


def test_paindetect_runs_from_minus_one_to_38():
    assert values("paindetect", items(1, 7, 0, pattern=2, radiation=0))["paindetect_total"] == -1
    assert values("paindetect", items(1, 7, 5, pattern=4, radiation=1))["paindetect_total"] == 38
    assert values("paindetect", {"total": -1})["paindetect_total"] == -1


@pytest.mark.parametrize(
    ("total", "word"), [(12, "unlikely"), (13, "unclear"), (18, "unclear"), (19, "likely neuro")]
)
def test_paindetect_bands(total, word):
    found, _ = readings("paindetect", {"total": total})
    assert word in found["paindetect_total"].remark


@pytest.mark.parametrize("cell", ["0", "5", "-1"])
def test_paindetect_pattern_is_a_code_not_points(cell):
    found, problems = readings("paindetect", items(1, 7, 2, pattern=cell, radiation=0))
    assert found["paindetect_total"].value is None
    assert [p.column for p in problems] == ["pattern"]


def test_dn4_counts_to_ten_and_its_interview_stands_alone():
    found = values("dn4", items(1, 10, 1))
    assert (found["dn4_interview"], found["dn4_total"]) == (7, 10)
    found = values("dn4", {**items(1, 7, 1, q2=0), **items(8, 10, "n/a")})
    assert (found["dn4_interview"], found["dn4_total"]) == (6, None)
    found = values("dn4", items(1, 7, 1))
    assert (found["dn4_interview"], found["dn4_total"]) == (7, None)


@pytest.mark.parametrize("key", ["lanss", "slanss"])
def test_lanss_weights(key):
    for n, weight in enumerate((5, 5, 3, 2, 1, 5, 3), start=1):
        assert values(key, items(1, 7, 0, **{f"q{n}": 1}))[f"{key}_total"] == weight
    assert values(key, items(1, 7, 1))[f"{key}_total"] == 24
    found, problems = readings(key, items(1, 7, 0, q1=5))  # points instead of an answer
    assert found[f"{key}_total"].value is None
    assert len(problems) == 1


# --- sums -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "count", "top", "measure"),
    [
        ("sfnsl", 21, 4, "sfnsl_total"),
        ("sfn_siq", 13, 3, "sfn_siq_total"),
        ("isi", 7, 4, "isi_total"),
        ("pcs", 13, 4, "pcs_total"),
        ("midas", 5, 90, "midas_total"),
    ],
)
def test_plain_sums(key, count, top, measure):
    assert values(key, items(1, count, 0))[measure] == 0
    assert values(key, items(1, count, top))[measure] == count * top
    assert values(key, items(1, count, 1, q2="n/a"))[measure] is None
    row = items(1, count, 0)
    row[f"q{count}"] = 3
    assert values(key, row)[measure] == 3


def test_hit6_points():
    assert (
        values("hit6", {"q1": 1, "q2": 2, "q3": 3, "q4": 4, "q5": 5, "q6": 1})["hit6_total"]
        == 6 + 8 + 10 + 11 + 13 + 6
    )
    assert values("hit6", items(1, 6, 1))["hit6_total"] == 36
    assert values("hit6", items(1, 6, 5))["hit6_total"] == 78


def test_midas_takes_days_from_zero():
    assert values("midas", {"q1": 0, "q2": 10, "q3": 5, "q4": 0, "q5": 6})["midas_total"] == 21
    assert values("midas", {"q1": -1, "q2": 10, "q3": 5, "q4": 0, "q5": 6})["midas_total"] is None


def test_hads_scales_stand_alone():
    row = {f"q{n}": (2 if n % 2 else 1) for n in range(1, 15)}
    assert values("hads", row) == {"hads_anxiety": 14, "hads_depression": 7}
    assert values("hads", {**row, "q3": "n/a"}) == {"hads_anxiety": None, "hads_depression": 7}


def test_pcs_subscales():
    row = {f"q{n}": 0 for n in range(1, 14)}
    for n in (8, 9, 10, 11):
        row[f"q{n}"] = 1
    for n in (6, 7, 13):
        row[f"q{n}"] = 2
    for n in (1, 2, 3, 4, 5, 12):
        row[f"q{n}"] = 3
    found = values("pcs", row)
    assert found == {"pcs_rumination": 4, "pcs_magnification": 6, "pcs_helplessness": 18, "pcs_total": 28}


@pytest.mark.parametrize(("total", "word"), [(30, "not above 30"), (31, "above 30")])
def test_pcs_thirty_itself_is_below(total, word):
    found, _ = readings("pcs", {"total": total})
    assert found["pcs_total"].remark.startswith(word)


def test_bpi_means_and_either_scale_alone():
    row = {**items(1, 4, 4, q4=8), **items(5, 11, 3, q11=10)}
    assert values("bpi", row) == {"bpi_severity": approx(5), "bpi_interference": approx(4)}
    assert values("bpi", {**row, "q1": "n/a"}) == {"bpi_severity": None, "bpi_interference": approx(4)}
    assert values("bpi", items(1, 4, 6))["bpi_severity"] == approx(6)


def test_pain_nrs_and_pgic():
    assert values("pain_nrs", {"q1": "7"}) == {"pain_nrs_total": 7}
    assert values("pain_nrs", {"q1": "6,5"}) == {"pain_nrs_total": 6.5}
    assert values("pain_nrs", {"q1": "11"}) == {"pain_nrs_total": None}
    found, _ = readings("pgic", {"q1": 2})
    assert found["pgic_total"].value == 2
    assert found["pgic_total"].remark == "much improved"
    assert values("pgic", {"q1": 0}) == {"pgic_total": None}


# --- COMPASS-31 -----------------------------------------------------------------------------------------------------

NO_POINTS = {f"q{n}": code for n, code in {
    1: 2, 2: 1, 3: 4, 4: 4, 5: 2, 6: 0, 7: 4, 8: 2, 9: 2, 10: 2, 11: 1, 12: 3, 13: 1, 14: 1, 15: 1, 16: 2, 17: 1,
    18: 4, 19: 4, 20: 2, 21: 1, 22: 4, 23: 4, 24: 1, 25: 1, 26: 1, 27: 1, 28: 4, 29: 1, 30: 4, 31: 1,
}.items()}  # fmt: skip
ALL_POINTS = {f"q{n}": code for n, code in {
    1: 1, 2: 4, 3: 3, 4: 1, 5: 1, 6: 2, 7: 1, 8: 5, 9: 1, 10: 1, 11: 2, 12: 1, 13: 3, 14: 3, 15: 3, 16: 1, 17: 4,
    18: 3, 19: 1, 20: 1, 21: 4, 22: 3, 23: 1, 24: 4, 25: 4, 26: 4, 27: 4, 28: 3, 29: 4, 30: 3, 31: 2,
}.items()}  # fmt: skip


def test_compass31_from_nothing_to_one_hundred():
    assert set(values("compass31", NO_POINTS).values()) == {0}
    assert values("compass31", ALL_POINTS) == {
        "compass31_orthostatic": approx(40),
        "compass31_vasomotor": approx(5),
        "compass31_secretomotor": approx(15),
        "compass31_gastrointestinal": approx(25),
        "compass31_bladder": approx(10),
        "compass31_pupillomotor": approx(5),
        "compass31_total": approx(100),
    }


@pytest.mark.parametrize(
    ("item", "code", "domain", "worth"),
    [
        ("q8", 1, "secretomotor", 15 / 7), ("q8", 3, "secretomotor", 0), ("q8", 4, "secretomotor", 15 / 7),
        ("q8", 5, "secretomotor", 30 / 7), ("q11", 3, "secretomotor", 30 / 7), ("q11", 4, "secretomotor", 15 / 7),
        ("q11", 7, "secretomotor", 0),
        ("q12", 1, "gastrointestinal", 50 / 28), ("q12", 2, "gastrointestinal", 25 / 28),
        ("q13", 2, "gastrointestinal", 25 / 28), ("q24", 3, "bladder", 20 / 9), ("q31", 4, "pupillomotor", 1 / 3),
        ("q30", 2, "pupillomotor", 2 / 3),
    ],
)  # fmt: skip
def test_compass31_points_and_weights_are_not_rounded(item, code, domain, worth):
    found = values("compass31", {**NO_POINTS, item: code})
    assert found[f"compass31_{domain}"] == approx(worth)
    assert found["compass31_total"] == approx(worth)


@pytest.mark.parametrize(
    ("gate", "followers", "domain"),
    [
        ("q1", ("q2", "q3", "q4"), "orthostatic"),
        ("q5", ("q6", "q7"), "vasomotor"),
        ("q16", ("q17", "q18", "q19"), "gastrointestinal"),
        ("q20", ("q21", "q22", "q23"), "gastrointestinal"),
    ],
)
def test_compass31_a_no_makes_its_followers_zero_be_they_empty_or_filled(gate, followers, domain):
    empty = {**ALL_POINTS, gate: 2, **dict.fromkeys(followers, "n/a")}
    filled = {**ALL_POINTS, gate: 2}
    assert values("compass31", empty) == values("compass31", filled)
    assert values("compass31", empty)["compass31_total"] is not None
    refused, problems = readings("compass31", {**filled, followers[0]: "99"})
    assert refused["compass31_total"].value == approx(values("compass31", filled)["compass31_total"])
    assert len(problems) == 1
    gate_open = values("compass31", {**ALL_POINTS, followers[1]: "n/a"})
    assert gate_open[f"compass31_{domain}"] is None
    assert gate_open["compass31_total"] is None
    unknown = values("compass31", {**ALL_POINTS, gate: "n/a"})
    assert unknown[f"compass31_{domain}"] is None


def test_compass31_missing_is_missing_and_body_parts_count_up_to_two():
    found = values("compass31", {**ALL_POINTS, "q25": "n/a"})
    assert found["compass31_bladder"] is None
    assert found["compass31_total"] is None
    assert found["compass31_pupillomotor"] == approx(5)
    for parts, raw in ((0, 4), (1, 5), (2, 6), (3, 6)):
        assert values("compass31", {**ALL_POINTS, "q6": parts})["compass31_vasomotor"] == approx(raw * 5 / 6)


# --- PSQI -----------------------------------------------------------------------------------------------------------

GOOD = {
    "q1": "23:00", "q2": 10, "q3": "07:00", "q4": 7.5, **{f"q5{c}": 0 for c in "abcdefghij"},
    "q6": 0, "q7": 0, "q8": 0, "q9": 0,
}  # fmt: skip


def psqi(**changes):
    return {k.removeprefix("psqi_"): v for k, v in values("psqi", {**GOOD, **changes}).items()}


def test_psqi_good_and_worst_sleeper():
    assert set(psqi().values()) == {0}
    worst = psqi(q2=90, q4=3, **{f"q5{c}": 3 for c in "abcdefghij"}, q6=3, q7=3, q8=3, q9=3)
    assert {k: v for k, v in worst.items() if k != "total"} == dict.fromkeys(
        ["quality", "latency", "duration", "efficiency", "disturbances", "medication", "dysfunction"], 3
    )
    assert worst["total"] == 21


def test_psqi_time_in_bed_crosses_midnight():
    for to_bed, up in (
        ("22:30", "06:30"),
        ("00:30", "08:30"),
        ("23:59", "07:59"),
        ("13:00", "21:00"),
        ("24:00", "08:00"),
    ):
        assert psqi(q1=to_bed, q3=up, q4=6.8)["efficiency"] == 0  # 85 % of 8 h
        assert psqi(q1=to_bed, q3=up, q4=6.6)["efficiency"] == 1


@pytest.mark.parametrize(
    ("hours", "component"),
    [
        (8.5, 0),
        (8.45, 0),
        (8.449, 1),
        (8.4, 1),
        (7.5, 1),
        (7.45, 1),
        (7.44, 2),
        (6.5, 2),
        (6.45, 2),
        (6.44, 3),
        (2, 3),
    ],
)
def test_psqi_efficiency_is_rounded_before_it_is_banded(hours, component):
    """84.5 % is 85 % and not the worst band; the printed bands leave gaps between 84 and 85."""
    assert psqi(q1="22:00", q3="08:00", q4=hours)["efficiency"] == component


@pytest.mark.parametrize(("hours", "component"), [(7, 0), (6.99, 1), (6, 1), (5.9, 2), (5, 2), (4.9, 3)])
def test_psqi_duration_bands(hours, component):
    assert psqi(q4=hours)["duration"] == component


@pytest.mark.parametrize(
    ("minutes", "trouble", "component"),
    [(15, 0, 0), (16, 0, 1), (30, 1, 1), (31, 0, 1), (31, 1, 2), (60, 2, 2), (61, 1, 2), (61, 2, 3), (15, 3, 2)],
)
def test_psqi_latency(minutes, trouble, component):
    assert psqi(q2=minutes, q5a=trouble)["latency"] == component


@pytest.mark.parametrize(("nights", "component"), [(0, 0), (1, 1), (9, 1), (10, 2), (18, 2), (19, 3), (27, 3)])
def test_psqi_disturbances_are_items_b_to_j(nights, component):
    dealt = {f"q5{c}": min(3, max(0, nights - 3 * k)) for k, c in enumerate("bcdefghij")}
    assert psqi(**dealt)["disturbances"] == component
    assert psqi(q5a=3)["disturbances"] == 0


@pytest.mark.parametrize(
    ("awake", "zest", "component"), [(0, 0, 0), (1, 0, 1), (1, 1, 1), (2, 1, 2), (2, 2, 2), (3, 2, 3)]
)
def test_psqi_dysfunction(awake, zest, component):
    assert psqi(q8=awake, q9=zest)["dysfunction"] == component


def test_psqi_more_sleep_than_time_in_bed_has_no_total_and_is_named():
    found, problems = readings("psqi", {**GOOD, "q4": 8.5})
    assert found["psqi_efficiency"].value is None
    assert found["psqi_total"].value is None
    assert found["psqi_duration"].value == 0
    assert "more hours asleep than in bed" in found["psqi_total"].remark
    assert [p.code for p in problems] == ["contradiction"]


def test_psqi_a_missing_item_costs_its_component_and_the_total():
    found = psqi(q5j="n/a")
    assert found["disturbances"] is None
    assert found["total"] is None
    assert found["latency"] == 0


# --- RAND-36 --------------------------------------------------------------------------------------------------------


def test_rand36_published_example_of_energy():
    """The example of the scoring sheet: 4, 3 and 3 on items 23, 27 and 29, item 31 left out, give 46.7."""
    found = values("rand36", {"q23": 4, "q27": 3, "q29": 3, "q31": "n/a"})
    assert found["rand36_energy"] == pytest.approx(46.6667, abs=1e-3)
    assert found["rand36_pain"] is None


def test_rand36_best_and_worst_of_all():
    best = {1: 1, 2: 1, 20: 1, 22: 1, 34: 1, 36: 1, 21: 1, 23: 1, 26: 1, 27: 1, 30: 1}
    best |= dict.fromkeys(range(3, 13), 3) | dict.fromkeys(range(13, 20), 2)
    best |= dict.fromkeys((24, 25, 28, 29, 31), 6) | dict.fromkeys((32, 33, 35), 5)
    worst = {1: 5, 2: 5, 20: 5, 22: 5, 34: 5, 36: 5, 21: 6, 23: 6, 26: 6, 27: 6, 30: 6}
    worst |= dict.fromkeys((*range(3, 20), 24, 25, 28, 29, 31, 32, 33, 35), 1)
    names = "physical_functioning role_physical role_emotional energy emotional_wellbeing social_functioning pain"
    for answers, score in ((best, 100), (worst, 0)):
        found = values("rand36", {f"q{n}": code for n, code in answers.items()})
        assert found == {f"rand36_{name}": approx(score) for name in (*names.split(), "general_health")}


# --- fibromyalgia criteria ------------------------------------------------------------------------------------------


def fm(painful=(), **more):
    row = {**dict.fromkeys(AREAS, 0), "fatigue": 0, "unrefreshed": 0, "cognition": 0}
    row |= {"headache": 0, "abdominal_pain": 0, "depression": 0, **dict.fromkeys(painful, 1), **more}
    return values("fm_criteria", row)


def test_wpi_counts_nineteen_areas_and_pds_adds_sss():
    found = fm(AREAS, fatigue=3, unrefreshed=3, cognition=3, headache=1, abdominal_pain=1, depression=1)
    assert found == {"wpi": 19, "sss": 12, "regions_positive": 5, "pds": 31}
    assert fm() == {"wpi": 0, "sss": 0, "regions_positive": 0, "pds": 0}


def test_jaw_chest_and_abdomen_count_in_the_index_and_in_no_region():
    assert fm(["jaw_left", "jaw_right", "chest", "abdomen"]) == {"wpi": 4, "sss": 0, "regions_positive": 0, "pds": 4}
    assert fm(["neck", "chest"])["regions_positive"] == 1
    assert fm(["shoulder_girdle_left", "lower_arm_left", "hip_right", "neck"])["regions_positive"] == 3


def test_regions_are_known_when_what_is_missing_cannot_change_them():
    assert fm(["neck"], upper_back="n/a") == {"wpi": None, "sss": 0, "regions_positive": 1, "pds": None}
    assert fm(["hip_left"], upper_back="n/a")["regions_positive"] is None
    assert fm(["neck"], chest="n/a")["regions_positive"] == 1


def test_sss_takes_the_three_symptoms_or_the_physicians_grade():
    parts = {"fatigue": 2, "unrefreshed": 2, "cognition": 1}
    modern, _ = readings("fm_criteria", {**parts, "headache": 1, "abdominal_pain": 0, "depression": 1, "somatic": 3})
    assert modern["sss"].value == 7
    assert modern["sss"].method == "self-report 2011/2016"
    old, _ = readings("fm_criteria", {**parts, "somatic": 3})
    assert old["sss"].value == 8
    assert old["sss"].method == "physician 2010"


@pytest.mark.parametrize("cell", ["n/a", "4", "-1", "x"])
@pytest.mark.parametrize("part", ["fatigue", "unrefreshed", "cognition", "headache"])
def test_sss_needs_every_part(part, cell):
    found = fm(["neck"], somatic=2, **{part: cell})
    assert found["sss"] is None
    assert found["pds"] is None
    assert found["wpi"] == 1


def test_an_area_out_of_range_costs_the_index_only():
    found = fm(["neck"], chest="2", fatigue=1)
    assert found == {"wpi": None, "sss": 1, "regions_positive": 1, "pds": None}


# --- all ------------------------------------------------------------------------------------------------------------


def test_migraine_table_is_read_and_gives_no_score():
    row = {"attacks": 5, "duration_h": 4, "unilateral": "yes", "pulsating": "no", "photophobia": "maybe"}
    found, problems = readings("migraine_ichd3", row)
    assert found == {}
    assert [p.column for p in problems] == ["photophobia"]


def test_promis_scores_pass_through():
    assert values("promis", {"depression": "64.21"})["promis_depression_t"] == 64.21
