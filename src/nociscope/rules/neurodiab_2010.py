"""The small-fibre grades of the Toronto consensus on diabetic neuropathies (NEURODIAB 2010)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nociscope.rules.logic import all_of, any_of, negate
from nociscope.rules.model import Decision, Evidence, Rule
from nociscope.rules.small_fibre import (
    PATHOLOGY,
    PATHOLOGY_WORDS,
    SMALL_SIGNS,
    density,
    graded,
    has_signs,
    has_tests,
    lone_density,
    sign,
    signs,
    sural_abnormal,
    thermal_foot,
    words_of,
)

KEY = "neurodiab_2010"

SYMPTOMS = "symptoms_distal"

_CHOICES = {"signs_and_symptoms": ("and", "or"), "sural": ("normal", "any"), "tests": ("or", "and")}
"""Setting -> its values, the default first."""


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge a visit; nothing without any of the inputs."""
    visit = evidence.visit
    studied = any((s.nerve, s.kind) == ("sural", "sensory") for s in visit.nerve_studies)
    if not (has_signs(visit, (SYMPTOMS, *SMALL_SIGNS)) or has_tests(visit) or studied):
        return ()
    chosen = {name: evidence.setting(KEY, name, values[0]) for name, values in _CHOICES.items()}
    symptoms, small = sign(visit, SYMPTOMS), signs(visit, SMALL_SIGNS)
    found = any_of(*small)
    thermal, low = thermal_foot(visit), density(visit)
    sural = sural_abnormal(evidence, KEY)
    either = any_of(symptoms, found)
    clinical = all_of(symptoms, found) if chosen["signs_and_symptoms"] == "and" else either
    conduction = (negate(sural),) if chosen["sural"] == "normal" else ()
    tests = any_of(thermal, low) if chosen["tests"] == "or" else all_of(thermal, low)
    ran = (
        f"wording used: symptoms {chosen['signs_and_symptoms']} signs, "
        f"{'normal sural' if conduction else 'any sural'}, threshold {chosen['tests']} density"
    )
    levels = (("possible", either), ("probable", all_of(clinical, *conduction)), ("definite", tests))
    decision = graded(levels, (*words_of(symptoms, *small, sural, thermal, low), ran))
    if decision.verdict == "does_not_meet" and lone_density(low, either, thermal):
        decision = replace(decision, grade=PATHOLOGY, decided_by=(*decision.decided_by, PATHOLOGY_WORDS))
    return (decision,)


def wrong_settings(section: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with ``[rules.neurodiab_2010]``."""
    return [
        f"[rules.{KEY}] {name} is neither {' nor '.join(values)}"
        for name, values in _CHOICES.items()
        if section.get(name, values[0]) not in values
    ]


RULE = Rule(
    key=KEY,
    title="Small-fibre neuropathy, NEURODIAB 2010",
    citation=(
        "Tesfaye S et al. Diabetic neuropathies: update on definitions, diagnostic criteria, estimation of "
        "severity, and "
        "treatments. Diabetes Care 2010;33:2285-2293"
    ),
    doi="10.2337/dc10-1303",
    status="read",
    status_note=(
        "Read in secondary sources that differ on “and” and “or”; the wording that ran is printed with each "
        "finding, and the "
        "settings choose another. Made for people with diabetes. Any sural value beyond its limit counts as abnormal."
    ),
    says=(
        "possible: distal symptoms and/or small-fibre signs",
        "probable: symptoms and signs (setting signs_and_symptoms = and | or), normal sural nerve (setting sural "
        "= normal | any)",
        "definite: probable, and thermal threshold abnormal at the foot and/or density reduced at the distal leg "
        "(setting tests = or | and)",
        "no or abnormal sural conduction: never above possible",
    ),
    accuracy="not published: an expert consensus",
    evaluate=evaluate,
    settings=("fallback", *_CHOICES),
    check=lambda section, _: wrong_settings(section),
)
