import math

from nociscope.change.model import Change, Course
from nociscope.cohort.responders import clopper_pearson, responder_rows
from nociscope.results import VisitResult


def result(person, group, first, last):
    change = Change(
        participant_id=person,
        session_id="ses-2",
        assay="questionnaires",
        measure="pain_nrs_total",
        first_session="ses-1",
        first=first,
        last=last,
        unit="",
        change=last - first,
    )
    course = Course(sessions=("ses-1", "ses-2"), changes=(change,))
    return VisitResult(participant_id=person, session_id="ses-2", participant={"group": group}, course=course)


def test_exact_interval():
    # scipy 1.x: binomtest(9, 30).proportion_ci(method="exact") = 0.14734518475, 0.49395904146
    low, high = clopper_pearson(9, 30)
    assert math.isclose(low, 0.1473452, abs_tol=1e-6)
    assert math.isclose(high, 0.4939590, abs_tol=1e-6)
    assert clopper_pearson(0, 5)[0] == 0
    assert clopper_pearson(5, 5)[1] == 1


def test_responders_stand_beside_the_placebo_rate():
    results = [result("sub-1", "FM", 7, 6), result("sub-2", "FM", 7, 6.5), result("sub-3", "FM", 8, 4)]
    rows = {r["definition"]: r for r in responder_rows(results)}
    one = rows["pain lower by 1 point or more"]
    assert (one["responders"], one["n"], one["expected_on_placebo"]) == (2, 3, 0.9)
    assert math.isclose(one["placebo_percent"], 30)
    assert rows["pain lower by 50 % or more"]["responders"] == 1
    assert "placebo_percent" not in rows["pain lower by 50 % or more"]


def test_nobody_gives_no_row():
    assert responder_rows([VisitResult(participant_id="sub-1")]) == []
