"""What counts as an abnormal input: sides, sites, censored and incomparable values, block averages, single frames."""

from dataclasses import replace

import pytest

from nociscope.problems import InvalidStudy
from nociscope.rules import registry
from nociscope.rules.ewing import load_battery
from nociscope.rules.registry import check_settings, is_active, rule_named, rules
from nociscope.tables import Reading, Score
from tests.rules.people import LARGE, MOTOR, SMALL, judged, none_of, person, scored, sural

TWO = {**none_of(*SMALL), "pinprick_loss": True, "thermal_loss": True}
NEW = (
    "besta_2019 besta_2008 neurodiab_2010 isn_2023_fm falco_2025_ald neupsig_2016 ewing orthostatic".split()  # noqa: SIM905
)


def with_tests(*pairs, key="besta_2019", **more):
    readings, scores = zip(*pairs, strict=True)
    return judged(key, readings=readings, scores=scores, **more)


def test_either_side_is_enough():
    found = with_tests(scored("ienfd", False, at="left"), scored("ienfd", True, at="right"), **TWO)
    assert found.verdict == "meets"
    assert any("right" in x for x in found.decided_by)
    assert not any("left" in x for x in found.decided_by)


def test_the_value_and_its_limit_are_in_the_words():
    found = with_tests(scored("ienfd", True), **TWO)
    assert "ienfd distal_leg 2 /mm: below 5.5" in found.decided_by


def test_a_gain_is_no_loss():
    reading, score = scored("cdt", False)
    found = with_tests((reading, replace(score, call="gain")), scored("wdt", False), scored("ienfd", False), **TWO)
    assert found.verdict == "does_not_meet"


@pytest.mark.parametrize("name", ["cdt", "ienfd"])
def test_what_cannot_be_compared_is_unknown_and_says_why(name):
    reading, score = scored(name, True)
    blank = replace(score, call="not_comparable", reason="the stain is not stated", norm="n/a")
    found = with_tests((reading, blank), scored("wdt", False), **TWO)
    assert found.verdict == "cannot_tell"
    assert any(m.startswith(name) and "the stain is not stated" in m for m in found.missing)


def test_other_sites_do_not_count():
    reading, score = scored("cdt", True)
    pair = replace(reading, site="hand_dorsum"), replace(score, site="hand_dorsum")
    found = with_tests(pair, scored("ienfd", False), **TWO)
    assert found.verdict == "cannot_tell"
    assert not list(rule_named("besta_2019").findings(person(readings=(pair[0],), scores=(pair[1],))))


@pytest.mark.parametrize(("censored", "verdict"), [("above", "cannot_tell"), ("below", "does_not_meet")])
def test_a_censored_value_within_the_limit(censored, verdict):
    cool = scored("cdt", False, censored=censored)
    found = with_tests(cool, scored("wdt", False), scored("ienfd", False), **TWO)
    assert found.verdict == verdict


def test_poor_quality_is_said():
    found = with_tests(scored("ienfd", True, quality="poor"), **TWO)
    assert any("poor quality" in x for x in found.decided_by)


def test_any_conduction_value_excludes_and_a_proximal_latency_does_not():
    given = {**TWO, **none_of(*LARGE, *MOTOR), "ienfd": True}
    slow = sural(False, velocity_m_s=35.0, velocity_lln=40.0)
    found = judged("besta_2008", **given, studies=(slow,))
    assert found.verdict == "does_not_meet"
    assert "velocity_m_s" in found.decided_by[0]
    motor = {"nerve": "ulnar", "kind": "motor", "amplitude": 9.0, "amplitude_lln": 6.0, "amplitude_unit": "mV"}
    distal = replace(sural(False), stimulation="distal", onset_latency_ms=2.8, latency_uln=3.0, **motor)
    proximal = replace(distal, stimulation="proximal", onset_latency_ms=7.0, velocity_m_s=60.0, velocity_lln=50.0)
    assert judged("besta_2008", **given, studies=(sural(False), distal, proximal)).verdict == "meets"
    late = replace(distal, onset_latency_ms=3.1)
    assert judged("besta_2008", **given, studies=(sural(False), late, proximal)).verdict == "does_not_meet"
    only_motor = judged("besta_2008", **given, studies=(distal, proximal))
    assert only_motor.verdict == "cannot_tell"
    assert "sensory" in only_motor.missing[0]


def latency_score(measure, value, limit):
    return Score(
        participant_id="sub-01",
        session_id="n/a",
        assay="ncs",
        site="sural",
        side="right",
        measure=measure,
        value=value,
        unit="ms",
        norm="published",
        limit_high=limit,
        call="normal",
    )


@pytest.mark.parametrize(("peak", "verdict"), [(3.9, "meets"), (4.6, "does_not_meet")])
def test_a_peak_is_not_held_against_the_limit_of_the_onset(peak, verdict):
    given = {**TWO, **none_of(*LARGE, *MOTOR), "ienfd": True}
    both = {"onset_latency_ms": 3.2, "peak_latency_ms": peak}
    published = (latency_score("onset_latency_ms", 3.2, 3.6), latency_score("peak_latency_ms", peak, 4.5))
    found = judged("besta_2008", **given, studies=(sural(False, **both),), scores=published)
    assert found.verdict == verdict
    # the laboratory's limit is that of the onset where there is one
    own = judged("besta_2008", **given, studies=(sural(False, latency_uln=3.6, **both),))
    assert own.verdict == "meets"


def test_one_abnormal_sural_of_two_is_abnormal():
    both = (sural(False), sural(True, side="left"))
    found = judged("neurodiab_2010", symptoms_distal=True, allodynia=True, ienfd=True, studies=both)
    assert (found.verdict, found.grade) == ("meets", "possible")


def test_laser_potentials_of_a_block_and_single_frames_do_not_count():
    block, frame = scored("n2p2_amplitude", True), scored("cnfl", True, source="sub-01/micr/a_CONF.png")
    block = (replace(block[0], method="average:block-1"), block[1])
    found = with_tests(block, frame, scored("sdnn", True), key="isn_2023_fm")
    assert found.verdict == "cannot_tell"
    assert [m.split(" ")[0].rstrip(":") for m in found.missing] == ["lep", "biopsy", "ccm"]
    whole = scored("n2p2_amplitude", True), scored("cnfl", True, source="n/a")
    assert with_tests(*whole, key="isn_2023_fm").verdict == "meets"


def test_no_laser_response_is_abnormal_without_a_norm():
    gone = Reading(assay="lep", measure="response_present", value=0.0, unit="", site="foot_dorsum", side="left")
    found = judged("isn_2023_fm", readings=(gone,), ienfd=True)
    assert found.verdict == "meets"
    assert any("no response foot_dorsum left" in x for x in found.decided_by)


def test_measures_of_the_italian_rule_can_be_named():
    only = {"isn_2023_fm": {"hrv": ["rmssd"]}}
    assert judged("isn_2023_fm", sdnn=True, ienfd=True).verdict == "meets"
    assert judged("isn_2023_fm", sdnn=True, ienfd=True, settings=only).verdict == "cannot_tell"


FALCO = [  # Falco 2025, doi:10.3390/biomedicines13092109: 37.6 % and more
    (37.6, "meets"),
    (37.59, "does_not_meet"),
    (100.0, "meets"),
    (-20.0, "does_not_meet"),
    (None, "cannot_tell"),
]


@pytest.mark.parametrize(("loss", "verdict"), FALCO)
def test_falco(loss, verdict):
    here = {"assay": "biopsy", "site": "distal_leg", "method": "pgp95_bf"}
    low, high = (None, None) if loss is None else (loss - 10, loss + 10)
    readings = (
        Reading(measure="ienfd", value=5.0, unit="/mm", **here),
        Reading(measure="axonal_loss", value=loss, low=low, high=high, unit="%", remark="no value: no age", **here),
    )
    found = judged("falco_2025_ald", readings=readings)
    assert found.verdict == verdict
    if loss is None:
        assert found.missing == ("axonal_loss (no age)",)
    else:
        assert "axonal_loss" in found.decided_by[0]
        assert "not neuropathy" in found.decided_by[1]
    assert ("on both sides" in " ".join(found.decided_by)) == (loss is not None and abs(loss - 37.6) < 10)


def test_falco_takes_the_worse_side():
    here = {"assay": "biopsy", "measure": "axonal_loss", "unit": "%", "site": "distal_leg"}
    readings = (Reading(value=50.0, side="left", **here), Reading(value=10.0, side="right", **here))
    found = judged("falco_2025_ald", readings=readings)
    assert found.verdict == "meets"
    assert "left" in found.decided_by[0]


def test_a_thigh_alone_is_no_input_of_falco():
    readings = (Reading(assay="biopsy", measure="ienfd", value=5.0, unit="/mm", site="thigh"),)
    assert not list(rule_named("falco_2025_ald").findings(person(readings=readings)))


@pytest.mark.parametrize("key", NEW)
def test_nobody_without_any_input_is_judged(key):
    assert not list(rule_named(key).findings(person()))
    unseen = dict.fromkeys((*SMALL, "symptoms_distal", "neupsig_history", "orthostatic_symptoms_3_months"))
    assert not list(rule_named(key).findings(person(**unseen)))


def test_every_rule_says_where_it_is_from():
    for rule in rules():
        assert rule.citation, rule.key
        assert rule.accuracy, rule.key
        assert rule.says, rule.key
        assert rule.doi.startswith("10."), rule.key
        assert rule.version.isdigit()
        text = " ".join((rule.title, rule.status_note, *rule.says, rule.accuracy)).lower()
        for word in ("diagnosed with", "probable diagnosis", "diagnosis:", "has fibromyalgia"):
            assert word not in text, rule.key


def test_unverified_rules_sleep_until_they_are_named(monkeypatch):
    asleep = replace(rule_named("besta_2019"), key="recalled", status="unverified")
    monkeypatch.setattr(registry, "rules", lambda: (asleep,))
    evidence = person(**TWO, ienfd=True)
    assert not is_active(asleep, {})
    assert not registry.evaluate(evidence, "visit")
    (found,) = registry.evaluate(replace(evidence, settings={"named": ["recalled"]}), "visit")
    assert found.title.endswith("(unverified)")


@pytest.mark.parametrize(
    "section",
    [
        {"besta_2008": {"signs": "all"}},
        {"neurodiab_2010": {"sural": "absent"}},
        {"neurodiab_2010": {"sign_and_symptoms": "or"}},
        {"isn_2023_fm": {"hrv": "sdnn"}},
        {"isn_2023_fm": {"hrv": []}},
        {"isn_2023_fm": {"hrv": [3]}},
    ],
)
def test_wrong_settings_are_refused(section):
    with pytest.raises(InvalidStudy):
        check_settings(section)


def test_right_settings_are_taken():
    check_settings({"neurodiab_2010": {"signs_and_symptoms": "or"}, "isn_2023_fm": {"hrv": ["sdnn"]}})


def test_the_limits_of_the_battery_are_those_of_the_norms():
    from nociscope.norms.library import load_library

    norms = {n.key: n for n in load_library().all}
    if "ewing_valsalva_ratio" not in norms:
        pytest.skip("the norms of the reflex tests are not here")
    battery = load_battery()
    for test in battery.tests:
        assert norms[f"ewing_{test.key}"].limit_low == test.abnormal
    cells = [(c.age_low, c.age_high, c.limit_low) for c in norms["ei_ratio_by_age"].cells]
    assert cells == [tuple(map(pytest.approx, row)) for row in battery.ei_limits]
