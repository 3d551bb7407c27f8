"""IMMPACT: how large a fall of pain is, from the first to the last visit."""

from __future__ import annotations

from nociscope.rules.model import Decision, Evidence, Rule
from nociscope.rules.nerves import reaches, shown

MEASURE = "pain_nrs_total"

THRESHOLDS = (("substantial", 50.0), ("moderate", 30.0), ("minimal", 10.0))


def graded(fall_percent: float) -> str:
    """Return the grade of a fall in per cent, empty below 10 %."""
    return next((name for name, least in THRESHOLDS if reaches(fall_percent, least)), "")


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge the fall of pain; nothing when pain was never rated."""
    rated = [(v.session_id, found[0].value) for v in evidence.visits if (found := v.find(MEASURE))]
    values = [(session, value) for session, value in rated if value is not None]
    if not values:
        return ()
    missing: tuple[str, ...] = ()
    if values[-1][0] != evidence.visits[-1].session_id:
        missing = (f"pain_nrs at the last visit {evidence.visits[-1].session_id}",)
    if len(values) < 2:
        what = missing or ("pain_nrs at a second visit",)
        return (Decision(verdict="cannot_tell", inputs=(f"pain_nrs {values[0][0]}",), missing=what),)
    (first_session, first), (last_session, last) = values[0], values[-1]
    inputs = (
        f"pain_nrs {shown(first)} at {first_session}",
        f"pain_nrs {shown(last)} at {last_session}",
    )
    if first == 0:
        text = "pain_nrs is 0 at the first visit, so it cannot fall"
        return (Decision(verdict="does_not_meet", decided_by=(text,), inputs=inputs, missing=missing),)
    fall = 100 * (first - last) / first
    met = reaches(fall, 30.0)
    return (
        Decision(
            verdict="meets" if met else "does_not_meet",
            grade=graded(fall),
            decided_by=(f"pain_nrs fell by {shown(fall)} %" if fall >= 0 else f"pain_nrs rose by {shown(-fall)} %",),
            inputs=inputs,
            missing=missing,
        ),
    )


RULE = Rule(
    key="immpact_response",
    title="IMMPACT: fall of pain by 30 %",
    citation=(
        "Dworkin RH et al. Interpreting the clinical importance of treatment outcomes in chronic pain clinical "
        "trials: "
        "IMMPACT recommendations. J Pain 2008;9:105-121"
    ),
    doi="10.1016/j.jpain.2007.09.005",
    status="read",
    status_note="Thresholds read; 10 to 20 % is printed as minimal, so the grade minimal begins at 10 %.",
    says=(
        "fall of the 0-10 pain rating from the first to the last visit that has one:",
        "  minimal >= 10 %, moderate >= 30 %, substantial >= 50 %; met from 30 %",
        "the recommendation is to use two methods or more, so it is to be read beside the global impression of "
        "change",
    ),
    accuracy=(
        "a rating's own error is 1.6 to 2.8 points (doi:10.1016/j.jpain.2025.105528); on placebo 30 % fell by "
        "1 point or more "
        "(doi:10.1212/WNL.0000000000011919)"
    ),
    evaluate=evaluate,
    scope="course",
)
