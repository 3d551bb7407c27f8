import math

from nociscope.change.compute import course_of, interval_of_change
from nociscope.change.draw import draw_course
from nociscope.change.reference import is_ivig, limit_for
from nociscope.rules.model import Evidence, VisitEvidence
from nociscope.study.clinical import Treatment
from nociscope.study.records import Participant
from nociscope.tables import Reading


def ienfd(value, low, high, session):
    return Reading(
        participant_id="sub-01",
        session_id=session,
        assay="biopsy",
        site="distal_leg",
        side="right",
        measure="ienfd",
        value=value,
        unit="/mm",
        low=low,
        high=high,
        method="pgp95_bf",
    )


def pain(value, session):
    return Reading(assay="questionnaires", measure="pain_nrs_total", value=value, unit="", session_id=session)


def ivig_course():
    visits = (
        VisitEvidence(session_id="ses-1", readings=(ienfd(3.0, 2.2, 4.0, "ses-1"), pain(7.0, "ses-1"))),
        VisitEvidence(
            session_id="ses-2",
            readings=(ienfd(3.6, 2.8, 4.6, "ses-2"), pain(5.5, "ses-2")),
            treatments=(Treatment(drug="IVIg", dose=2.0, unit="g/kg", start="2026-01-10"),),
        ),
    )
    return Evidence(participant=Participant(participant_id="sub-01"), visits=visits)


def test_an_ivig_course_has_interval_limit_placebo_and_both_trials():
    course = course_of(ivig_course())
    by_measure = {c.measure: c for c in course.changes}
    density = by_measure["ienfd"]
    assert math.isclose(density.change, 0.6)
    assert math.isclose(density.low, 0.6 - math.hypot(0.8, 1.0), abs_tol=1e-9)
    assert math.isclose(density.high, 0.6 + math.hypot(1.0, 0.8), abs_tol=1e-9)
    assert density.limit == 1.23
    assert density.verdict == "within_error"
    assert "0.5 (SD 0.8)" in density.placebo
    assert by_measure["pain_nrs_total"].verdict == "within_error"
    assert "9 of 30" in by_measure["pain_nrs_total"].placebo
    assert {t.doi for t in course.trials} == {"10.1212/WNL.0000000000011919", "10.1002/mus.27745"}


def test_the_figure_says_it_in_words():
    evidence = ivig_course()
    (figure,) = draw_course(course_of(evidence), evidence.visits)
    assert "within measurement error" in figure.caption
    assert "IVIg 2 g/kg" in figure.caption
    assert "On placebo it changed by" in figure.caption
    assert "placebo" in figure.svg


def test_without_immunoglobulin_no_trial_of_it_is_shown():
    evidence = ivig_course()
    visits = tuple(
        VisitEvidence(session_id=v.session_id, readings=v.readings, treatments=(Treatment(drug="duloxetine"),))
        for v in evidence.visits
    )
    assert course_of(Evidence(participant=evidence.participant, visits=visits)).trials == ()


def test_one_visit_is_no_course():
    evidence = ivig_course()
    assert course_of(Evidence(participant=evidence.participant, visits=evidence.visits[:1])) is None


def test_a_value_without_interval_gives_none():
    assert interval_of_change(ienfd(3, None, None, "ses-1"), ienfd(4, 3, 5, "ses-2")) is None


def test_names_of_immunoglobulin():
    assert all(map(is_ivig, ["IVIg", "ivig 10%", "intravenous immunoglobulin", "immune globulin (human)", "IV-Ig"]))
    assert not any(map(is_ivig, ["rituximab", "givigan", "anti-D"]))


def test_settings_go_before_published_limits():
    own = limit_for("ienfd", {"reliable_change": {"ienfd": {"sd": 2.0, "reliability": 0.75}}})
    assert math.isclose(own.limit, 1.96 * 2 * math.sqrt(2) * 0.5)
    assert limit_for("nothing", {}) is None
