"""EAN/PNS 2021: electrodiagnostic criteria of demyelination, the clauses that were read."""

from __future__ import annotations

from nociscope.assays.ncs.read import NerveStudy
from nociscope.rules.criteria import load_criteria
from nociscope.rules.demyelination import judge
from nociscope.rules.efns_pns_2010 import used
from nociscope.rules.logic import Fact, all_of, any_of, at_least, unknown
from nociscope.rules.model import Decision, Evidence, Rule, decided
from nociscope.rules.nerves import Limits, exceeds, limits_of, motor_nerves
from nociscope.tables import MISSING

KEY = "ean_pns_2021"

PARTIAL = (
    "partial: the guideline's own text was not read; its phenotypes, the one-nerve riders and the 20 Hz durations "
    "are off"
)


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge the nerves of the visit; nothing without a nerve conduction study."""
    studies = evidence.visit.nerve_studies
    if not studies:
        return ()
    nerves = motor_nerves(studies)
    limits = limits_of(evidence, KEY)
    named = evidence.setting(KEY, "clauses", ())
    motor = judge(load_criteria(KEY), nerves, limits, named if isinstance(named, list | tuple) else ())
    sensory = sensory_in_two(studies, limits)
    inputs = (*(n.label for n in nerves), *used(nerves, limits), PARTIAL)
    motor_fact = motor.fact if nerves else unknown("motor nerves")
    return (decided(all_of(motor_fact, sensory), grade=motor.grade, inputs=inputs, accuracy=PARTIAL),)


def sensory_in_two(studies: tuple[NerveStudy, ...], limits: Limits) -> Fact:
    """Tell whether two sensory nerves have an amplitude, latency or velocity outside its limit."""
    groups: dict[tuple[str, str], list[Fact]] = {}
    for s in studies:
        if s.kind == "sensory":
            groups.setdefault((s.nerve, s.side), []).append(_abnormal(s, limits))
    if not groups:
        return unknown("sensory nerves")
    if len(groups) < 2:
        return (
            unknown("a second sensory nerve")
            if any_of(*next(iter(groups.values()))).value
            else Fact(False, ("sensory nerves normal",))
        )
    found = at_least(2, (any_of(*facts) for facts in groups.values()))
    return Fact(False, ("fewer than two abnormal sensory nerves",)) if found.value is False else found


def _abnormal(s: NerveStudy, limits: Limits) -> Fact:
    """Tell whether a sensory study is outside one of its limits; a value without a limit is unknown."""
    label = s.nerve if s.side == MISSING else f"{s.nerve} {s.side}"
    low, late, slow = (limits.of(s, c) for c in ("amplitude_lln", "latency_uln", "velocity_lln"))
    latency = s.onset_latency_ms if s.onset_latency_ms is not None else s.peak_latency_ms
    facts: list[Fact] = []
    if s.amplitude is not None and low is not None:
        facts.append(Fact(exceeds(low, s.amplitude), (f"{label}: amplitude",)))
    if latency is not None and late is not None:
        facts.append(Fact(exceeds(latency, late), (f"{label}: latency",)))
    if s.velocity_m_s is not None and slow is not None:
        facts.append(Fact(exceeds(slow, s.velocity_m_s), (f"{label}: velocity_m_s",)))
    if s.amplitude is None or low is None:
        facts.append(unknown(f"{label}: {'amplitude' if s.amplitude is None else 'amplitude_lln'}"))
    return any_of(*facts)


RULE = Rule(
    key=KEY,
    title="EAN/PNS 2021 electrodiagnostic criteria of demyelination",
    citation=(
        "Van den Bergh PYK et al. EAN/PNS guideline on diagnosis and treatment of chronic inflammatory demyelinating "
        "polyradiculoneuropathy, second revision. Eur J Neurol 2021;28:3556-3583"
    ),
    doi="10.1111/ene.14959",
    status="partial",
    status_note=(
        "Motor cut-offs (a) to (g) read in two or three secondary sources that agree, the riders of (d) and (g), "
        "“weakly supportive” and the limits at 5 and 10 Hz in one. Recalled and off: block in one nerve with another "
        "parameter (e-one), the durations at 20 Hz, one sensory nerve for the lower level. The phenotypes (distal, "
        "multifocal, motor, sensory) are not judged."
    ),
    says=(
        "strong: sensory abnormality in 2 nerves, and at least one of",
        "  a distal motor latency >= 50 % above the upper limit in 2 nerves (never the median at the wrist)",
        "  b motor velocity >= 30 % below the lower limit in 2 nerves",
        "  c F-wave latency >= 20 % above the upper limit in 2 nerves (50 % if the distal CMAP is below 80 % of LLN)",
        "  d F waves absent in 2 nerves with distal CMAP >= 20 % of LLN, and another parameter in another nerve",
        "  e amplitude from a proximal point >= 30 % lower (not tibial), distal CMAP >= 20 % of LLN, in 2 nerves",
        "  f duration from a proximal point > 30 % longer in 2 nerves (tibial: >= 100 %)",
        "  g distal CMAP duration above the limit of the low cut in 1 nerve, and another parameter in another nerve",
        "weak: sensory abnormality in 2 nerves, and one of these in one nerve only",
        "off, not read: e in 1 nerve with another parameter; durations at 20 Hz; one sensory nerve; the phenotypes",
    ),
    accuracy="accuracy not read; partial",
    evaluate=evaluate,
    settings=("fallback", "clauses"),
)
