import math

import pytest

from nociscope.problems import InvalidStudy
from nociscope.rules.model import Evidence, VisitEvidence
from nociscope.rules.registry import check_settings, rule_named, settings_problems
from nociscope.study.records import Participant
from nociscope.tables import Reading

IMMPACT, CHANGE = rule_named("immpact_response"), rule_named("reliable_change")


def course(values, measure="pain_nrs_total", assay="questionnaires", settings=None, **more):
    visits = [
        VisitEvidence(
            session_id=f"ses-{i}",
            readings=()
            if value is None
            else (Reading(assay=assay, measure=measure, value=value, unit="", session_id=f"ses-{i}", **more),),
        )
        for i, value in enumerate(values, start=1)
    ]
    return Evidence(participant=Participant(participant_id="sub-01"), visits=tuple(visits), settings=settings or {})


@pytest.mark.parametrize(
    ("values", "verdict", "grade"),
    [
        ([10, 7], "meets", "moderate"),
        ([10, 7.1], "does_not_meet", "minimal"),
        ([10, 9], "does_not_meet", "minimal"),
        ([10, 9.1], "does_not_meet", ""),
        ([8, 4], "meets", "substantial"),
        ([6, 4.2], "meets", "moderate"),
        ([6, 8], "does_not_meet", ""),
        ([8, 2, 7], "does_not_meet", "minimal"),
        ([0, 3], "does_not_meet", ""),
        ([5], "cannot_tell", ""),
        ([5, None], "cannot_tell", ""),
        ([None, 5, 2], "meets", "substantial"),
    ],
)
def test_immpact(values, verdict, grade):
    (found,) = IMMPACT.findings(course(values))
    assert (found.verdict, found.grade) == (verdict, grade)


def test_nobody_without_pain_ratings_is_judged():
    assert not list(IMMPACT.findings(course([None, None])))


def test_a_visit_without_a_rating_is_named():
    (found,) = IMMPACT.findings(course([8, 4, None]))
    assert found.verdict == "meets"
    assert any("ses-3" in m for m in found.missing)


SETTINGS = {"reliable_change": {"hads_anxiety": {"sd": 4.0, "reliability": 0.84}}}


def test_reliable_change_worked_example():
    # SE = 4 sqrt(2) sqrt(0.16) = 2.2627; 1.96 SE = 4.435
    (found,) = CHANGE.findings(course([12, 7.5], "hads_anxiety", settings=SETTINGS))
    assert (found.verdict, found.grade) == ("meets", "improved")
    assert f"{-4.5 / (4 * math.sqrt(2) * 0.4):.4g}"[:5] in found.decided_by[0]
    (kept,) = CHANGE.findings(course([12, 7.6], "hads_anxiety", settings=SETTINGS))
    assert (kept.verdict, kept.grade) == ("does_not_meet", "unchanged")
    (worse,) = CHANGE.findings(course([7.5, 12], "hads_anxiety", settings=SETTINGS))
    assert (worse.verdict, worse.grade) == ("does_not_meet", "worsened")


def test_more_fibres_are_better():
    settings = {"reliable_change": {"ienfd": {"sd": 2.5, "reliability": 0.97}}}
    (found,) = CHANGE.findings(course([4.0, 6.0], "ienfd", "biopsy", settings, site="distal_leg", method="pgp95_bf"))
    assert found.verdict == "meets"


def test_a_measure_without_a_direction_needs_one():
    settings = {"reliable_change": {"sil2r": {"sd": 50.0, "reliability": 0.9}}}
    (found,) = CHANGE.findings(course([400.0, 900.0], "sil2r", "labs", settings))
    assert found.verdict == "cannot_tell"
    assert "better" in found.missing[0]
    settings["reliable_change"]["sil2r"]["better"] = "lower"
    (told,) = CHANGE.findings(course([900.0, 400.0], "sil2r", "labs", settings))
    assert told.verdict == "meets"


@pytest.mark.parametrize(
    "settings",
    [
        {"reliable_change": {"isi_total": {"sd": 0, "reliability": 0.5}}},
        {"reliable_change": {"isi_total": {"sd": 1, "reliability": 1.0}}},
        {"reliable_change": {"isi_total": {"sd": "1", "reliability": 0.5}}},
        {"reliable_change": {"isi_total": {"sd": 1}}},
        {"reliable_change": {"isi_total": 3}},
        {"efns_pns_2011": {}},
        {"efns_pns_2010": {"falback": True}},
        {"efns_pns_2010": 3},
        {"named": ["nothing"]},
        {"reliable_change": {"isi_totl": {"sd": 4.5, "reliability": 0.8}}},
        {"efns_pns_2010": {"fallback": "no"}},
        {"efns_pns_2010": {"clauses": ["I-A"]}},
        {"aan_cidp": {"clauses": []}},
        {"besta_2008": {"signs": "all"}},
    ],
)
def test_wrong_settings_are_refused(settings):
    with pytest.raises(InvalidStudy):
        check_settings(settings)


def test_each_wrong_setting_is_one_sentence():
    section = {
        "reliable_change": {
            "isi_totl": {"sd": 4.5, "reliability": 0.8},
            "ienfd": {"sd": -1, "reliability": 1.5},
        }
    }
    said = [p.sentence() for p in settings_problems(section)]
    assert len(said) == 3
    assert "no test yields isi_totl; did you mean isi_total" in said[0]
    assert "sd is -1, expected a number above 0" in said[1]
    assert "reliability is 1.5, expected a number from 0 to below 1" in said[2]


def test_an_analyte_of_the_study_may_be_set():
    section = {"reliable_change": {"igg4_subclass": {"sd": 1, "reliability": 0.5}}}
    assert settings_problems(section)
    assert not settings_problems(section, analytes={"igg4_subclass"})
