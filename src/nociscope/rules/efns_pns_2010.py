"""EFNS/PNS 2010: electrodiagnostic criteria of demyelination."""

from __future__ import annotations

from collections.abc import Sequence

from nociscope.assays.ncs.read import NerveStudy
from nociscope.rules.criteria import load_criteria
from nociscope.rules.demyelination import judge
from nociscope.rules.logic import Fact, all_of, any_of, unknown
from nociscope.rules.model import Decision, Evidence, Rule
from nociscope.rules.nerves import Limits, MotorNerve, limits_of, motor_nerves, reaches, shown
from nociscope.tables import MISSING

KEY = "efns_pns_2010"

FALSE_POSITIVE_POSSIBLE = 100 - 69.2
"""Per cent of axonal controls that meet “possible” (Rajabally 2009, doi 10.1136/jnnp.2009.179358)."""

ACCURACY = (
    "definite or probable: sensitivity 81.3 %, specificity 96.2 %; possible: specificity 69.2 % (151 patients, 162 "
    "axonal controls; Rajabally 2009, doi:10.1136/jnnp.2009.179358, with the 2006 edition of these criteria)"
)

EXPECTED_FALSE = (
    f"expected false-positive share of “possible”: {FALSE_POSITIVE_POSSIBLE:.1f} % of people with an axonal "
    f"neuropathy "
    "meet it; "
)


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge the nerves of the visit; nothing without a nerve conduction study."""
    studies = evidence.visit.nerve_studies
    if not studies:
        return ()
    nerves = motor_nerves(studies)
    limits = limits_of(evidence, KEY)
    named = evidence.setting(KEY, "clauses", ())
    outcome = judge(load_criteria(KEY), nerves, limits, named if isinstance(named, list | tuple) else ())
    sensory = supportive_sensory(studies, limits)
    inputs = [*(n.label for n in nerves), *used(nerves, limits)]
    said = {True: "met", False: "not met", None: "cannot tell"}[sensory.value]
    inputs.append(f"supportive sensory criterion: {said}" + (f" ({'; '.join(sensory.by)})" if sensory.value else ""))
    if not nerves:
        return (Decision(verdict="cannot_tell", inputs=tuple(inputs), missing=("motor nerves",)),)
    verdict = "cannot_tell" if outcome.fact.value is None else "meets" if outcome.fact.value else "does_not_meet"
    return (
        Decision(
            verdict=verdict,  # type: ignore[arg-type]
            grade=outcome.grade,
            decided_by=outcome.fact.by,
            inputs=tuple(inputs),
            missing=outcome.fact.missing or outcome.open_grades,
            accuracy=EXPECTED_FALSE + ACCURACY if outcome.grade == "possible" else "",
        ),
    )


def used(nerves: Sequence[MotorNerve], limits: Limits) -> list[str]:
    """Return what a reader must know of the inputs: what was left out, and whose limits stood in."""
    notes = [text for n in nerves for text in n.left_out]
    if any(n.name == "median" and n.distal is not None for n in nerves):
        notes.append("median distal latency not counted (common site of entrapment at the wrist)")
    if limits.fallback:
        keys = sorted(limits.fallback)
        more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
        notes.append(f"fallback: published limits where the laboratory gave none ({', '.join(keys[:3])}{more})")
    cold = sorted(
        {
            f"{n.label} at {shown(s.temperature_c)} °C"
            for n in nerves
            for s in (n.distal, *n.proximal)
            if s is not None and s.temperature_c is not None and s.temperature_c < 30
        }
    )
    if cold:
        notes.append(f"cold skin slows conduction: {', '.join(cold)}")
    return notes


def sensory_facts(study: NerveStudy, limits: Limits) -> tuple[Fact, Fact]:
    """Return whether a sensory response is small, and whether its velocity is below 80 % of the limit (70 % if
    small).

    “Small” for the second is an amplitude below 80 % of its limit.
    """
    label = study.nerve if study.side == MISSING else f"{study.nerve} {study.side}"
    limit = limits.of(study, "amplitude_lln")
    if study.amplitude is None or limit is None:
        small = unknown(f"{label}: {'amplitude' if study.amplitude is None else 'amplitude_lln'}")
        share = None
    else:
        small = Fact(study.amplitude < limit * (1 - 1e-9), (f"{label}: amplitude {shown(study.amplitude)}",))
        share = study.amplitude / limit if limit else None
    slow_limit = limits.of(study, "velocity_lln")
    if study.amplitude == 0:
        return small, Fact(False)
    if study.velocity_m_s is None or slow_limit is None:
        return small, unknown(f"{label}: {'velocity_m_s' if study.velocity_m_s is None else 'velocity_lln'}")
    ratio = study.velocity_m_s / slow_limit
    by = (f"{label}: velocity_m_s {shown(study.velocity_m_s)}",)
    if ratio < 0.7 - 1e-9:
        return small, Fact(True, by)
    if ratio >= 0.8 - 1e-9:
        return small, Fact(False, by)
    if share is None:
        return small, unknown(f"{label}: amplitude_lln")
    return small, Fact(reaches(share, 0.8), by)


def supportive_sensory(studies: tuple[NerveStudy, ...], limits: Limits) -> Fact:
    """Tell whether the supportive sensory criterion is met.

    A normal sural with a small median or radial response (carpal tunnel excluded by the reader), or a sensory
    velocity
    below 80 % of its limit, 70 % if the amplitude is below 80 % of its limit.
    """
    sensory = [s for s in studies if s.kind == "sensory"]
    if not sensory:
        return unknown("sensory nerves")
    pairs = {id(s): sensory_facts(s, limits) for s in sensory}
    sural = [pairs[id(s)][0] for s in sensory if s.nerve == "sural"]
    arm = [pairs[id(s)][0] for s in sensory if s.nerve in ("median", "radial")]
    spared = (
        unknown("sural")
        if not sural
        else Fact(
            None if any(f.value is None for f in sural) else not any(f.value for f in sural),
            ("sural normal",),
            ("sural",),
        )
    )
    lost = any_of(*arm) if arm else unknown("median or radial sensory amplitude")
    return any_of(all_of(spared, lost), *(slow for _, slow in pairs.values()))


RULE = Rule(
    key=KEY,
    title="EFNS/PNS 2010 electrodiagnostic criteria of demyelination",
    citation=(
        "Van den Bergh PYK et al. EFNS/PNS guideline on management of chronic inflammatory demyelinating "
        "polyradiculoneuropathy, first revision. Eur J Neurol 2010;17:356-363"
    ),
    doi="10.1111/j.1468-1331.2009.02930.x",
    status="read",
    status_note=(
        "Motor criteria read as the footnote of table 2 in Ann Clin Transl Neurol 2021;8:1110-1121 "
        "(PMC8108415) and in a "
        "thesis table. Two riders of the printed table are only recalled and off: block in one nerve with another "
        "parameter (I-E-one; such a nerve still counts for II). “Another parameter” is read as one of another kind."
    ),
    says=(
        "definite, at least one of:",
        "  I-A distal motor latency >= 50 % above the upper limit in 2 nerves (never the median at the wrist)",
        "  I-B motor velocity >= 30 % below the lower limit in 2 nerves",
        "  I-C F-wave latency >= 30 % above the upper limit in 2 nerves (50 % if the distal CMAP is below 80 % "
        "of LLN)",
        "  I-D F waves absent in 2 nerves with distal CMAP >= 20 % of LLN, and another parameter in another nerve",
        "  I-E amplitude from a proximal point >= 50 % lower, distal CMAP >= 20 % of LLN, in 2 nerves",
        "  I-F duration from a proximal point > 30 % longer in 2 nerves",
        "  I-G distal CMAP duration >= 6.6 median, 6.7 ulnar, 7.6 fibular, 8.8 ms tibial in 1 nerve (low cut "
        ">= 10 Hz), "
        "and another parameter in another nerve",
        "probable: II amplitude from a proximal point >= 30 % lower (not tibial), distal CMAP >= 20 % of LLN, "
        "in 2 nerves, "
        "or in 1 nerve and another parameter in another nerve",
        "possible: III any of I in one nerve only",
    ),
    accuracy=ACCURACY,
    evaluate=evaluate,
    settings=("fallback", "clauses"),
)
