"""The pattern of a nerve conduction study: normal, axonal, demyelinating, mixed or uncertain."""

from __future__ import annotations

from nociscope.assays.ncs.read import NerveStudy
from nociscope.rules.criteria import load_criteria
from nociscope.rules.demyelination import judge
from nociscope.rules.model import Decision, Evidence, Rule
from nociscope.rules.nerves import Limits, exceeds, limits_of, motor_nerves, used
from nociscope.tsv import MISSING

KEY = "ncs_pattern"


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Classify the nerves of the visit; nothing without a nerve conduction study."""
    studies = evidence.visit.nerve_studies
    if not studies:
        return ()
    nerves = motor_nerves(studies)
    limits = limits_of(evidence, KEY)
    crossing = {(n.name, n.side, text.split(" (")[0].rsplit(" ", 1)[-1]) for n in nerves for text in n.left_out}
    motor = judge(load_criteria("efns_pns_2010"), nerves, limits)
    small, slow, unjudged = _survey([s for s in studies if (s.nerve, s.side, s.stimulation) not in crossing], limits)
    axonal = [n for n in small if n not in slow]
    inputs = (*dict.fromkeys(_label(s) for s in studies), *used(nerves, limits))
    demyelinating = motor.grade in ("definite", "probable")
    unsure = motor.grade == "possible" or bool(small) or bool(slow)
    if demyelinating:
        grade = "mixed" if len(axonal) >= 2 else "demyelinating"
        by = (*motor.fact.by, *(f"{n}: amplitude" for n in axonal if grade == "mixed"))
    elif len(axonal) >= 2 and not slow and motor.grade == "":
        grade, by = "axonal", tuple(f"{n}: amplitude" for n in axonal)
    elif unsure:
        grade = "uncertain"
        by = (*(f"{n}: amplitude" for n in small), *(f"{n}: slowing" for n in slow))
        by = by or motor.fact.by
    elif unjudged:
        return (Decision(verdict="cannot_tell", inputs=inputs, missing=tuple(unjudged)),)
    else:
        return (
            Decision(
                verdict="does_not_meet", grade="normal", decided_by=("all values within limits",), inputs=inputs
            ),
        )
    return (Decision(verdict="meets", grade=grade, decided_by=by, inputs=inputs, missing=tuple(unjudged)),)


def _label(s: NerveStudy) -> str:
    side = "" if s.side == MISSING else f" {s.side}"
    return f"{s.nerve}{side} {'motor' if s.kind == 'f_wave' else s.kind}"


def _survey(studies: list[NerveStudy], limits: Limits) -> tuple[list[str], list[str], list[str]]:
    """Return the nerves with a small response, those slowed beyond 80 % of LLN or 125 % of ULN, and what is unjudged.

    The median at the wrist (latency, and sensory response) is no sign of a polyneuropathy by itself and is left out.
    """
    small: dict[str, None] = {}
    slow: dict[str, None] = {}
    unjudged: dict[str, None] = {}
    for s in studies:
        name = _label(s)
        if s.kind != "f_wave" and s.level == 0 and not (s.nerve == "median" and s.kind == "sensory"):
            limit = limits.of(s, "amplitude_lln")
            if s.amplitude is None or limit is None:
                unjudged[f"{name}: {'amplitude' if s.amplitude is None else 'amplitude_lln'}"] = None
            elif exceeds(limit, s.amplitude):
                small[name] = None
        velocity = limits.of(s, "velocity_lln")
        counts = s.nerve != "median" or s.kind == "motor"
        if s.velocity_m_s is not None and velocity is not None and counts and exceeds(0.8 * velocity, s.velocity_m_s):
            slow[name] = None
        late = s.level == 0 and any(exceeds(value, 1.25 * limit) for _, value, limit in limits.latencies(s))
        if late and s.nerve != "median":
            slow[name] = None
    return list(small), list(slow), list(unjudged)


RULE = Rule(
    key=KEY,
    title="Pattern of nerve conduction",
    citation=(
        "Convention of this program: the demyelinating part is EFNS/PNS 2010 "
        "(doi:10.1111/j.1468-1331.2009.02930.x), the "
        "limits of slowing are those of the American Academy of Neurology as printed in J Neurol Neurosurg "
        "Psychiatry "
        "2009;80:1364-1368"
    ),
    doi="10.1136/jnnp.2009.179358",
    status="derived",
    status_note="A convention made of read limits; no study tells how often it is right.",
    says=(
        "demyelinating: EFNS/PNS 2010 definite or probable",
        "axonal: amplitude below its limit in 2 nerves, none slower than 80 % of LLN or later than 125 % of ULN",
        "mixed: demyelinating, and 2 nerves with a small response that are not slow",
        "uncertain: a small response or slowing that is none of these",
        "normal: none of these, every amplitude judged; the median at the wrist, the ulnar across the elbow and the "
        "fibular at the knee do not count",
    ),
    accuracy="not known",
    evaluate=evaluate,
    settings=("fallback",),
    version="2",
)
