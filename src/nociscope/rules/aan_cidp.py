"""The American Academy of Neurology's criteria of demyelination of 1991: three of four (``data/aan_cidp.toml``)."""

from __future__ import annotations

from nociscope.rules.demyelination import criteria_rule, judge_visit
from nociscope.rules.model import Decision, Evidence, decided
from nociscope.rules.nerves import used

KEY = "aan_cidp"


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge the nerves of the visit; nothing without a nerve conduction study."""
    judged = judge_visit(KEY, evidence)
    if judged is None:
        return ()
    inputs = (*(n.label for n in judged.nerves), *used(judged.nerves, judged.limits))
    return (decided(judged.outcome.fact, grade=judged.outcome.grade, inputs=inputs),)


RULE = criteria_rule(KEY, evaluate)
