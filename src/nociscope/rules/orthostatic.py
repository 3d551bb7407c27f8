"""Orthostatic hypotension and postural tachycardia, on standing or tilt."""

from __future__ import annotations

from collections.abc import Iterable

from nociscope.rules.logic import Fact, all_of, any_of, negate, unknown
from nociscope.rules.model import Decision, Evidence, Rule, VisitEvidence, decided
from nociscope.rules.nerves import reaches, shown
from nociscope.rules.small_fibre import has_signs, sign, words_of

KEY = "orthostatic"

SYMPTOMS = "orthostatic_symptoms_3_months"
SYSTOLIC, DIASTOLIC = ("systolic_fall", "tilt_systolic_fall"), ("diastolic_fall", "tilt_diastolic_fall")
RISE = ("standing_heart_rate_rise", "tilt_heart_rate_rise")

SYSTOLIC_MMHG, DIASTOLIC_MMHG = 20.0, 10.0
RISE_ADULT, RISE_YOUNG, ADULT_YEARS = 30.0, 40.0, 20.0


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge a visit; nothing without any of the inputs.

    A rise of heart rate with symptoms and an unknown pressure is one of the two, but which is open, so it cannot be
    told.
    """
    visit = evidence.visit
    if not (any(visit.find(n) for n in (*SYSTOLIC, *DIASTOLIC, *RISE)) or has_signs(visit, (SYMPTOMS,))):
        return ()
    systolic = _reaches(visit, SYSTOLIC, SYSTOLIC_MMHG, "mmHg")
    diastolic = _reaches(visit, DIASTOLIC, DIASTOLIC_MMHG, "mmHg")
    rise = _rise(visit, evidence.participant.age)
    symptoms = sign(visit, SYMPTOMS)
    inputs = words_of(systolic, diastolic, rise, symptoms)
    falls = any_of(systolic, diastolic)
    if falls.value:
        return (decided(falls, grade="hypotension", inputs=inputs),)
    races = all_of(rise, symptoms, negate(falls))
    return (decided(any_of(falls, races), grade="tachycardia", inputs=inputs),)


def _values(visit: VisitEvidence, names: Iterable[str]) -> list[tuple[str, float]]:
    return [(r.measure, float(r.value)) for n in names for r in visit.find(n) if r.value is not None]


def _reaches(visit: VisitEvidence, names: tuple[str, ...], limit: float, unit: str) -> Fact:
    values = _values(visit, names)
    if not values:
        return unknown(names[0])
    return any_of(*(Fact(reaches(v, limit), (f"{n} {shown(v)} {unit} (limit {shown(limit)})",)) for n, v in values))


def _rise(visit: VisitEvidence, age: float | None) -> Fact:
    if age is not None:
        return _reaches(visit, RISE, RISE_YOUNG if age < ADULT_YEARS else RISE_ADULT, "/min")
    adult, young = (_reaches(visit, RISE, limit, "/min") for limit in (RISE_ADULT, RISE_YOUNG))
    if adult.value == young.value:
        return young
    return unknown("age (a rise of 30 to 39 /min counts from 20 years on)")


RULE = Rule(
    key=KEY,
    title="Orthostatic hypotension or postural tachycardia",
    citation=(
        "Freeman R et al. Consensus statement on the definition of orthostatic hypotension, neurally mediated "
        "syncope and the "
        "postural tachycardia syndrome. Auton Neurosci 2011"
    ),
    doi="10.1016/j.autneu.2011.02.004",
    status="read",
    status_note=(
        "Falls read in the statement's abstract, the rise in two secondary tables. Whether a fall was within 3 "
        "minutes, or a rise "
        "sustained over 10, is not in the value."
    ),
    says=(
        "hypotension: fall of at least 20 mmHg systolic or 10 mmHg diastolic",
        "tachycardia: heart rate rises by at least 30 /min (40 below 20 years), symptoms for 3 months, and no "
        "hypotension",
        "symptoms or a needed pressure unknown: cannot tell",
    ),
    accuracy="a definition; how often a second measurement agrees is not stated",
    evaluate=evaluate,
)
