"""Migraine without aura by the items of ICHD-3."""

from __future__ import annotations

from nociscope.rules.answers import Given, answers, answers_table
from nociscope.rules.logic import Fact, all_of, any_of, at_least, negate
from nociscope.rules.model import Decision, Evidence, Rule, decided
from nociscope.tsv import format_number

TABLE = answers_table("migraine_ichd3")
PAIN = ("unilateral", "pulsating", "moderate_severe", "worse_activity")
YES_NO = (*PAIN, "nausea_vomiting", "photophobia", "phonophobia", "other_diagnosis")
EVIDENCE = "level of evidence: answers to the ICHD-3 items (a physician's own classification ranks above)"


def criteria(given: Given) -> Fact:
    """Return criteria A to E together."""
    light_and_sound = all_of(given.yes("photophobia"), given.yes("phonophobia"))
    return all_of(
        given.from_("attacks", 5),
        given.from_("duration_h", 4, 72),
        at_least(2, (given.yes(item) for item in PAIN)),
        any_of(given.yes("nausea_vomiting"), light_and_sound),
        negate(given.yes("other_diagnosis")),
    )


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge the features; nothing when none was asked for."""
    given = answers(evidence, "migraine_ichd3")
    if given is None or not given.form.answers:
        return ()
    shown = [f"{i} {format_number(v)}" for i in ("attacks", "duration_h") if (v := given.value(i)) is not None]
    shown += [f"{i} {'yes' if v else 'no'}" for i in YES_NO if (v := given.value(i)) is not None]
    return (decided(criteria(given), inputs=(*shown, EVIDENCE)),)


RULE = Rule(
    key="ichd3_migraine",
    title="Migraine without aura, ICHD-3 items",
    citation="Headache Classification Committee. Cephalalgia 2018;38:1-211",
    doi="10.1177/0333102417738202",
    status="read",
    status_note="Criteria A to E read; limits inclusive.",
    says=(
        "all of:",
        "  A attacks >= 5",
        "  B duration_h from 4 to 72, untreated",
        "  C two or more of unilateral, pulsating, moderate_severe, worse_activity",
        "  D nausea_vomiting, or photophobia and phonophobia",
        "  E other_diagnosis no: not better accounted for otherwise",
    ),
    accuracy="accuracy not read in a source",
    evaluate=evaluate,
    tables=(TABLE,),
)
