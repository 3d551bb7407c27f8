"""What rules say of a visit and of a course, and its mechanisms; what fails does so alone and is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from nociscope.mechanisms.result import Mechanism, mechanism_from_json
from nociscope.problems import Problem
from nociscope.results import COURSE, AssayFigure, VisitResult
from nociscope.rules.evidence import visit_evidence
from nociscope.rules.model import Evidence, Finding, Scope
from nociscope.rules.registry import is_active, rules
from nociscope.study.clinical import CLINICAL_TABLES, read_clinical
from nociscope.study.records import Visit
from nociscope.study.settings import Settings
from nociscope.tables import Reading, Score
from nociscope.tsv import MISSING

if TYPE_CHECKING:
    from nociscope.mechanisms.profile import Explainer


@cache
def _explainer(priors: tuple[tuple[str, float], ...]) -> Explainer:
    from nociscope.mechanisms.profile import Explainer

    return Explainer(priors=dict(priors))


def explain_visit(
    visit: Visit, scores: Sequence[Score], settings: Mapping[str, Any]
) -> tuple[tuple[Mechanism, ...], tuple[Problem, ...]]:
    """Return the mechanism profile of a visit's scores; nothing of it reaches a rule.

    The scores are taken as they are: where they were made against a study's own controls, the laboratory's offset and
    spread are in them already.
    """
    from nociscope.mechanisms.covariates import covariates_of
    from nociscope.mechanisms.observed import visits_of
    from nociscope.mechanisms.settings import checked_priors

    try:
        explainer = _explainer(tuple(sorted(checked_priors(settings).items())))
        drugs = [t.drug for t in read_clinical(visit).treatments if not t.stop]
        known = {visit.participant_id: covariates_of(visit.participant.covariates, drugs)}
        found = visits_of(scores, explainer.knowledge, known)
        nobody = (explainer.untested(visit.participant_id, visit.session_id),)
        profile = (explainer.explain(found[:1]) or nobody)[0]
        return tuple(mechanism_from_json(m.as_json()) for m in profile), ()
    except Exception as error:  # noqa: BLE001 - whatever happens here, the readings and rules stand
        what = f"the mechanism profile stopped with an internal error ({type(error).__name__})"
        session = "" if visit.session_id == MISSING else visit.session_id
        return (), (
            Problem(
                what=what,
                remedy="please report it; readings, scores and rules are not touched by it",
                code="internal-error",
                participant_id=visit.participant_id,
                session_id=session,
            ),
        )


def judge_visit(
    visit: Visit,
    readings: Sequence[Reading],
    scores: Sequence[Score],
    settings: Settings,
    problems: Sequence[Problem],
) -> tuple[tuple[Finding, ...], tuple[Problem, ...]]:
    """Return what the rules of one visit say, and what was wrong with the tables that no assay reads."""
    evidence, wrong = visit_evidence(visit, readings, scores, settings.assays.get("ncs"))
    names = {t.name for t in CLINICAL_TABLES}
    of_study = tuple(p for p in problems if _table(p) in names and _touches(p, visit))
    given = Evidence(participant=visit.participant, visits=(evidence,), settings=settings.rules)
    found, faults = _judged(given, "visit")
    return found, tuple(dict.fromkeys((*of_study, *wrong, *faults)))


def judge_course(result: VisitResult, evidence: Evidence) -> VisitResult:
    """Return the result of the last visit with what the rules over several visits say, and what changed."""
    from nociscope.change.compute import course_of
    from nociscope.change.draw import draw_course

    if not evidence.visits or evidence.visit.session_id != result.session_id:
        return result
    found, faults = _judged(evidence, "course")
    course = course_of(evidence)
    figures = () if course is None else draw_course(course, evidence.visits)
    return replace(
        result,
        findings=(*result.findings, *found),
        course=course,
        figures=(*result.figures, *(AssayFigure(assay=COURSE, figure=f) for f in figures)),
        problems=(*result.problems, *(f for f in faults if f not in result.problems)),
    )


def without_course(result: VisitResult) -> VisitResult:
    """Return a result without what belongs to the last visit of several."""
    of_course = {r.key for r in rules() if r.scope == "course"}
    return replace(
        result,
        findings=tuple(f for f in result.findings if f.rule not in of_course),
        course=None,
        figures=tuple(f for f in result.figures if f.assay != COURSE),
        problems=tuple(p for p in result.problems if p.code != "course-fault"),
    )


def all_problems(result: VisitResult) -> tuple[Problem, ...]:
    """Return the problems of a visit: those of its assays and those of tables that no assay reads."""
    return (*(p for a in result.assays for p in a.problems), *result.problems)


def _judged(evidence: Evidence, scope: Scope) -> tuple[tuple[Finding, ...], tuple[Problem, ...]]:
    found: list[Finding] = []
    faults: list[Problem] = []
    for rule in rules():
        if rule.scope != scope or not is_active(rule, evidence.settings):
            continue
        try:
            found += rule.findings(evidence)
        except Exception as error:  # noqa: BLE001 - whatever a rule raises, the other rules go on
            what = f"the rule {rule.key} stopped with an internal error ({type(error).__name__})"
            faults.append(
                Problem(
                    what=what,
                    remedy="please report it; the other rules were evaluated",
                    code="internal-error" if scope == "visit" else "course-fault",
                    participant_id=evidence.participant.participant_id,
                    session_id="" if evidence.visit.session_id == MISSING else evidence.visit.session_id,
                )
            )
    return tuple(found), tuple(faults)


def _table(problem: Problem) -> str:
    folder, _, name = problem.file.rpartition("/")
    return name.split(".")[0].split("_ses-")[0] if folder == "phenotype" else ""


def _touches(problem: Problem, visit: Visit) -> bool:
    if problem.session_id not in ("", MISSING, visit.session_id):
        return False
    own = problem.participant_id == visit.participant_id
    return own or (not problem.participant_id and problem.row in (None, 1))
