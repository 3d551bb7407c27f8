"""The American Academy of Neurology's electrodiagnostic criteria of 1991: three of four."""

from __future__ import annotations

from nociscope.assays.ncs.measure import amplitude_fall, duration_rise
from nociscope.rules.demyelination import amplitude_share
from nociscope.rules.efns_pns_2010 import used
from nociscope.rules.logic import NEVER, Fact, any_of, at_least, unknown
from nociscope.rules.model import Decision, Evidence, Rule, decided
from nociscope.rules.nerves import Limits, MotorNerve, exceeds, limits_of, motor_nerves

KEY = "aan_cidp"

BLOCK_NERVES = ("median", "ulnar", "fibular")


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge the nerves of the visit; nothing without a nerve conduction study."""
    studies = evidence.visit.nerve_studies
    if not studies:
        return ()
    nerves = motor_nerves(studies)
    limits = limits_of(evidence, KEY)
    inputs = (*(n.label for n in nerves), *used(nerves, limits))
    if len(nerves) < 2:
        return (Decision(verdict="cannot_tell", inputs=inputs, missing=("a second motor nerve",)),)
    items = (
        _item("1", 2, [_slow(n, limits) for n in nerves]),
        _item("2", 1, [_block(n) for n in nerves]),
        _item("3", 2, [_late(n, limits) for n in nerves]),
        _item("4", 2, [_f_wave(n, limits) for n in nerves]),
    )
    fact = at_least(3, items)
    if fact.value is False:
        met = [i.by[0] for i in items if i.value]
        fact = Fact(False, (f"{len(met)} of the 4 items met{': ' + ', '.join(met) if met else ''}",))
    return (decided(fact, grade="definite", inputs=inputs),)


def _item(number: str, count: int, facts: list[Fact]) -> Fact:
    found = at_least(count, facts)
    return Fact(found.value, (f"item {number}", *found.by) if found.value else (), found.missing)


def _graded(
    nerve: MotorNerve, limits: Limits, column: str, ratio: float, mild: float, severe: float, low: bool
) -> Fact:
    """Tell whether a ratio to the limit is beyond `mild`, or, where the response is small, beyond `severe`.

    The table says above 80 % and below 80 % of the limit; exactly 80 % is taken as not small.
    """
    beyond = (lambda t: exceeds(t, ratio)) if low else (lambda t: exceeds(ratio, t))
    met = Fact(True, (f"{nerve.label}: {column}",))
    if beyond(severe):
        return met
    if not beyond(mild):
        return NEVER
    share, missing = amplitude_share(nerve, limits)
    if share is None:
        return unknown(f"{nerve.label}: {missing}")
    return NEVER if exceeds(0.8, share) else met


def _slow(nerve: MotorNerve, limits: Limits) -> Fact:
    if nerve.silent:
        return NEVER
    if not nerve.proximal:
        return unknown(f"{nerve.label}: velocity_m_s")
    facts: list[Fact] = []
    for s in nerve.proximal:
        limit = limits.of(s, "velocity_lln")
        if s.amplitude == 0:
            facts.append(NEVER)
        elif s.velocity_m_s is None or limit is None:
            facts.append(unknown(f"{nerve.label}: {'velocity_m_s' if s.velocity_m_s is None else 'velocity_lln'}"))
        else:
            facts.append(_graded(nerve, limits, "velocity_m_s", s.velocity_m_s / limit, 0.8, 0.7, True))
    return any_of(*facts)


def _block(nerve: MotorNerve) -> Fact:
    """Tell whether a nerve shows block or dispersion: a fall above 20 %, and a duration that is known.

    Below 15 % of change it is block, above it dispersion; either is enough, so a change of exactly 15 % is the only
    one that counts for nothing.
    """
    if nerve.name not in BLOCK_NERVES or nerve.silent:
        return NEVER
    if nerve.distal is None or not nerve.proximal:
        return unknown(f"{nerve.label}: amplitude")
    facts: list[Fact] = []
    for s in nerve.proximal:
        fall, rise = amplitude_fall(s, nerve.distal), duration_rise(s, nerve.distal)
        if fall is None:
            facts.append(unknown(f"{nerve.label}: amplitude"))
        elif not exceeds(fall, 20):
            facts.append(NEVER)
        elif s.amplitude == 0:
            facts.append(Fact(True, (f"{nerve.label}: amplitude",)))
        elif rise is None:
            facts.append(unknown(f"{nerve.label}: duration_ms"))
        else:
            kind = "block" if rise < 15 else "dispersion"
            exact = not exceeds(rise, 15) and not exceeds(15, rise)
            facts.append(NEVER if exact else Fact(True, (f"{nerve.label}: amplitude ({kind})",)))
    return any_of(*facts)


def _late(nerve: MotorNerve, limits: Limits) -> Fact:
    if nerve.silent or nerve.name == "median":
        return NEVER
    value = None if nerve.distal is None else nerve.distal.onset_latency_ms
    limit = limits.of(nerve.distal, "latency_uln")
    if value is None or limit is None:
        return unknown(f"{nerve.label}: {'onset_latency_ms' if value is None else 'latency_uln'}")
    return _graded(nerve, limits, "onset_latency_ms", value / limit, 1.25, 1.5, False)


def _f_wave(nerve: MotorNerve, limits: Limits) -> Fact:
    f = nerve.f_wave
    if nerve.silent:
        return NEVER
    if f is None or (f.f_latency_ms is None and f.f_persistence is None):
        return unknown(f"{nerve.label}: f_latency_ms")
    if f.f_persistence == 0:
        return Fact(True, (f"{nerve.label}: f_persistence",))
    limit = limits.of(f, "f_latency_uln")
    if f.f_latency_ms is None or limit is None:
        return unknown(f"{nerve.label}: {'f_latency_ms' if f.f_latency_ms is None else 'f_latency_uln'}")
    return _graded(nerve, limits, "f_latency_ms", f.f_latency_ms / limit, 1.2, 1.5, False)


RULE = Rule(
    key=KEY,
    title="American Academy of Neurology electrodiagnostic criteria of demyelination, 1991",
    citation="As printed in table 3 of Rajabally YA et al. J Neurol Neurosurg Psychiatry 2009;80:1364-1368",
    doi="10.1136/jnnp.2009.179358",
    status="read",
    status_note=(
        "Read as table 3 of the cited comparison. The fall is judged on the amplitude from baseline to peak, "
        "the table says "
        "negative-peak area or peak-to-peak amplitude. The median latency at the wrist is left out here as well."
    ),
    says=(
        "at least 3 of 4:",
        "  1 velocity < 80 % of LLN (< 70 % if CMAP < 80 % of LLN) in 2 motor nerves",
        "  2 block (amplitude fall > 20 %, duration change < 15 %) or dispersion (> 20 %, > 15 %) in 1 of "
        "median, ulnar, "
        "fibular",
        "  3 distal latency > 125 % of ULN (> 150 % if CMAP < 80 % of LLN) in 2 motor nerves",
        "  4 F waves absent, or > 120 % of ULN (> 150 % if CMAP < 80 % of LLN), in 2 motor nerves",
    ),
    accuracy="sensitivity 45.7 %, specificity 100 % (Rajabally 2009, doi:10.1136/jnnp.2009.179358)",
    evaluate=evaluate,
    settings=("fallback",),
)
