"""The Besta criteria of 2019: two signs, and an abnormal thermal threshold or a reduced density."""

from __future__ import annotations

from dataclasses import replace

from nociscope.rules.logic import Fact, all_of, any_of, at_least
from nociscope.rules.model import Decision, Evidence, Rule, decided
from nociscope.rules.small_fibre import (
    PATHOLOGY,
    PATHOLOGY_WORDS,
    SMALL_SIGNS,
    density,
    has_signs,
    has_tests,
    lone_density,
    signs,
    thermal_foot,
    words_of,
)

KEY = "besta_2019"

PROBABLE_WORDS = (
    "no sign, but thermal threshold and density abnormal: follow up (all 8 such people had signs by 18 months)"
)


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge a visit; nothing without any of the inputs."""
    visit = evidence.visit
    if not (has_signs(visit, SMALL_SIGNS) or has_tests(visit)):
        return ()
    small = signs(visit, SMALL_SIGNS)
    thermal, low = thermal_foot(visit), density(visit)
    two = at_least(2, small)
    decision = decided(all_of(two, any_of(thermal, low)), inputs=words_of(*small, thermal, low))
    if decision.verdict == "does_not_meet":
        return (_without(decision, small, thermal, low),)
    return (decision,)


def _without(decision: Decision, small: tuple[Fact, ...], thermal: Fact, low: Fact) -> Decision:
    """Return a rule that is not met with what the paper, or common use, calls the state."""
    none = all(f.value is False for f in small)
    if none and thermal.value and low.value:
        by = (PROBABLE_WORDS, *thermal.by, *low.by, *decision.decided_by)
        return replace(decision, grade="probable", decided_by=by)
    if low.value and thermal.value is None:
        words = "no thermal threshold of the foot; the reduced density shows small-fibre pathology, not neuropathy"
        return replace(decision, decided_by=(*decision.decided_by, words))
    if lone_density(low, thermal):
        return replace(decision, grade=PATHOLOGY, decided_by=(*decision.decided_by, PATHOLOGY_WORDS))
    return decision


RULE = Rule(
    key=KEY,
    title="Small-fibre neuropathy, Besta 2019",
    citation=(
        "Devigili G et al. Diagnostic criteria for small fibre neuropathy in clinical practice and research. "
        "Brain 2019;142:3728-3736"
    ),
    doi="10.1093/brain/awz333",
    status="read",
    status_note="Rule and figures read in the abstract; pages and DOI recalled.",
    says=(
        "at least 2 of pinprick loss, thermal loss, allodynia, hyperalgesia",
        "and thermal threshold abnormal at the foot and/or fibre density reduced at the distal leg",
        "no sign, both tests abnormal: not met, grade probable (follow up)",
        "one test alone: not met; density alone: grade pathology",
    ),
    accuracy=(
        "not known against an outside standard; of 352 people it found 149 (42.4 %), and in 18 months none with "
        "a single abnormal "
        "test and no signs went on to have signs"
    ),
    evaluate=evaluate,
)
