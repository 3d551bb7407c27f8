"""The Besta criteria of 2008: two of signs, thermal thresholds and density, and nothing of large fibres."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nociscope.rules.logic import Fact, all_of, any_of, at_least, negate
from nociscope.rules.model import Decision, Evidence, Rule, decided
from nociscope.rules.small_fibre import (
    LARGE_SIGNS,
    MOTOR_SIGNS,
    PATHOLOGY,
    PATHOLOGY_WORDS,
    SMALL_SIGNS,
    conduction_abnormal,
    density,
    has_signs,
    has_tests,
    lone_density,
    sign,
    signs,
    thermal_foot,
    words_of,
)

KEY = "besta_2008"


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge a visit; nothing without any of the inputs."""
    visit = evidence.visit
    examined = has_signs(visit, (*SMALL_SIGNS, *LARGE_SIGNS, *MOTOR_SIGNS))
    if not (examined or has_tests(visit) or visit.nerve_studies):
        return ()
    small = signs(visit, SMALL_SIGNS)
    clinical = _clinical(evidence)
    thermal, low = thermal_foot(visit), density(visit)
    others = (*signs(visit, (*LARGE_SIGNS, *MOTOR_SIGNS)), conduction_abnormal(evidence, KEY))
    core = at_least(2, (clinical, thermal, low))
    excluded = any_of(*others)
    pure = negate(excluded)
    if pure.value:
        pure = Fact(True, ("no large-fibre or motor sign", "nerve conduction within its limits"))
    decision = decided(all_of(core, pure), inputs=words_of(*small, thermal, low, *others))
    if decision.verdict == "does_not_meet" and lone_density(low, clinical, thermal):
        decision = replace(decision, grade=PATHOLOGY, decided_by=(*decision.decided_by, PATHOLOGY_WORDS))
    return (decision,)


def _clinical(evidence: Evidence) -> Fact:
    pinprick, thermal, allodynia, hyperalgesia = (sign(evidence.visit, name) for name in SMALL_SIGNS)
    if evidence.setting(KEY, "signs", "as_printed") == "any":
        return any_of(pinprick, thermal, allodynia, hyperalgesia)
    return any_of(all_of(pinprick, thermal), allodynia, hyperalgesia)


def wrong_settings(section: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with ``[rules.besta_2008]``."""
    if section.get("signs", "as_printed") not in ("as_printed", "any"):
        return [f"[rules.{KEY}] signs is neither as_printed nor any"]
    return []


RULE = Rule(
    key=KEY,
    title="Small-fibre neuropathy, Besta 2008",
    citation=(
        "Devigili G et al. The diagnostic criteria for small fibre neuropathy: from symptoms to neuropathology. "
        "Brain 2008;131:1912-1925"
    ),
    doi="10.1093/brain/awn093",
    status="read",
    status_note=(
        "That the signs lie where a neuropathy would put them is not asked. Pinprick and thermal loss count "
        "together, as "
        "printed; signs = any lets either count."
    ),
    says=(
        "at least 2 of 3:",
        "  clinical signs: pinprick and thermal loss, and/or allodynia, and/or hyperalgesia",
        "  warm and/or cool threshold abnormal at the foot",
        "  fibre density reduced at the distal leg",
        "and none of: touch, vibration or proprioception loss, absent reflexes, weakness, wasting, abnormal "
        "nerve conduction",
        "not met with a reduced density alone: grade pathology",
    ),
    accuracy=(
        "of the whole rule not known; of its parts in 67 people with pure small-fibre neuropathy the correct "
        "share was 88.4 % "
        "for biopsy, 54.6 % for clinical signs, 46.9 % for thermal thresholds, in the study that made the rule"
    ),
    evaluate=evaluate,
    settings=("fallback", "signs"),
    check=lambda section, _: wrong_settings(section),
)
