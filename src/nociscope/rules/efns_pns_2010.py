"""EFNS/PNS 2010: electrodiagnostic criteria of demyelination; the criteria are ``data/efns_pns_2010.toml``."""

from __future__ import annotations

from nociscope.rules.criteria import Sensory, load_criteria
from nociscope.rules.demyelination import criteria_rule, judge_visit
from nociscope.rules.model import Decision, Evidence
from nociscope.rules.nerves import used
from nociscope.rules.sensory_nerves import supportive_sensory

KEY = "efns_pns_2010"


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge the nerves of the visit; nothing without a nerve conduction study."""
    judged = judge_visit(KEY, evidence)
    if judged is None:
        return ()
    criteria, outcome = load_criteria(KEY), judged.outcome
    sensory = supportive_sensory(evidence.visit.nerve_studies, judged.limits, criteria.sensory or Sensory())
    inputs = [*(n.label for n in judged.nerves), *used(judged.nerves, judged.limits)]
    said = {True: "met", False: "not met", None: "cannot tell"}[sensory.value]
    inputs.append(f"supportive sensory criterion: {said}" + (f" ({'; '.join(sensory.by)})" if sensory.value else ""))
    if not judged.nerves:
        return (Decision(verdict="cannot_tell", inputs=tuple(inputs), missing=("motor nerves",)),)
    expected = (
        f"expected false-positive share of “possible”: {criteria.false_positive:.1f} % of people with an axonal "
        f"neuropathy meet it; {criteria.accuracy}"
    )
    met = outcome.fact.value
    by = outcome.fact.by
    if outcome.grade == "possible":
        by = (*by, f"false positives: {criteria.false_positive:.1f} % of axonal neuropathies meet “possible” as well")
    return (
        Decision(
            verdict="cannot_tell" if met is None else "meets" if met else "does_not_meet",
            grade=outcome.grade,
            decided_by=by,
            inputs=tuple(inputs),
            missing=outcome.fact.missing or outcome.open_grades,
            accuracy=expected if outcome.grade == "possible" else "",
        ),
    )


RULE = criteria_rule(KEY, evaluate)
