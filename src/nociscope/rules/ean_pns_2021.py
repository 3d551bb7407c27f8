"""EAN/PNS 2021: electrodiagnostic criteria of demyelination, clauses that were read (``data/ean_pns_2021.toml``)."""

from __future__ import annotations

from nociscope.rules.criteria import Sensory, load_criteria
from nociscope.rules.demyelination import criteria_rule, judge_visit
from nociscope.rules.logic import all_of, unknown
from nociscope.rules.model import Decision, Evidence, decided
from nociscope.rules.nerves import used
from nociscope.rules.sensory_nerves import abnormal_sensory

KEY = "ean_pns_2021"

PARTIAL = (
    "partial: the guideline's own text was not read; its phenotypes, the one-nerve riders and the 20 Hz durations "
    "are off"
)


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge the nerves of the visit; nothing without a nerve conduction study."""
    judged = judge_visit(KEY, evidence)
    if judged is None:
        return ()
    rule = load_criteria(KEY).sensory or Sensory()
    sensory = abnormal_sensory(evidence.visit.nerve_studies, judged.limits, rule)
    inputs = (*(n.label for n in judged.nerves), *used(judged.nerves, judged.limits), PARTIAL)
    motor = judged.outcome.fact if judged.nerves else unknown("motor nerves")
    return (decided(all_of(motor, sensory), grade=judged.outcome.grade, inputs=inputs, accuracy=PARTIAL),)


RULE = criteria_rule(KEY, evaluate)
