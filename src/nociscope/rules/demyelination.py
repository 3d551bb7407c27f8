"""Demyelination criteria on the nerves of one visit: which parameter is met where, which clause by how many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nociscope.assays.ncs.measure import amplitude_fall, duration_rise
from nociscope.assays.ncs.read import NerveStudy
from nociscope.rules.criteria import Clause, Criteria, Parameter, load_criteria, wrong_settings
from nociscope.rules.logic import NEVER, Fact, all_of, any_of, at_least, union, unknown
from nociscope.rules.model import Decision, Evidence, Rule
from nociscope.rules.nerves import Limits, MotorNerve, exceeds, limits_of, motor_nerves, reaches, shown

FactsOfNerve = Mapping[str, Fact]


def parameter_fact(p: Parameter, nerve: MotorNerve, limits: Limits) -> Fact:
    """Tell whether a nerve has a demyelinating parameter.

    An absent distal response is no evidence of demyelination: every parameter is false then, not unknown.
    """
    if nerve.name in p.exclude or (p.only and nerve.name not in p.only) or nerve.silent:
        return NEVER
    if p.kind == "latency":
        return _latency(p, nerve, limits)
    if p.kind == "velocity":
        return _velocity(p, nerve, limits)
    if p.kind == "f_latency":
        return _f_latency(p, nerve, limits)
    if p.kind == "f_absent":
        return _f_absent(p, nerve, limits)
    if p.kind == "block":
        return _block(p, nerve, limits)
    if p.kind == "dispersion":
        return _dispersion(p, nerve)
    return _duration(p, nerve)


def _yes(nerve: MotorNerve, column: str, text: str) -> Fact:
    return Fact(True, (f"{nerve.label}: {column} {text}",))


def _lacks(nerve: MotorNerve, *columns: str) -> Fact:
    return unknown(*(f"{nerve.label}: {column}" for column in columns))


def _beyond(p: Parameter, value: float, threshold: float) -> bool:
    """Tell whether a value is beyond a threshold, which counts itself where the criteria say “at least”."""
    return (reaches if p.inclusive else exceeds)(value, threshold)


def _graded(
    p: Parameter,
    nerve: MotorNerve,
    limits: Limits,
    met: Callable[[], Fact],
    values: Sequence[tuple[float, float]],
) -> Fact:
    """Tell whether a value is beyond a factor of its limit, a stricter one where the distal response is small.

    `values` holds value and threshold for the plain factor, and for the stricter one where there is one; the first
    must be beyond the second. `met` words the finding, when it is one.
    """
    plain, strict = values[0], values[-1]
    if not _beyond(p, *plain):
        return NEVER
    if _beyond(p, *strict):
        return met()
    share, missing = amplitude_share(nerve, limits)
    if share is None:
        return _lacks(nerve, missing)
    return met() if reaches(share, p.low_amplitude or 0) else NEVER


def _factors(p: Parameter) -> tuple[float, ...]:
    return tuple(f for f in (p.factor, p.factor_low) if f is not None)


def _latency(p: Parameter, nerve: MotorNerve, limits: Limits) -> Fact:
    value = None if nerve.distal is None else nerve.distal.onset_latency_ms
    if nerve.distal is None or value is None:
        return _lacks(nerve, "onset_latency_ms")
    limit = limits.onset(nerve.distal)
    if limit is None:
        return _lacks(nerve, "latency_uln")
    return _graded(
        p,
        nerve,
        limits,
        lambda: _yes(nerve, "onset_latency_ms", f"{shown(value)} (upper limit {shown(limit)})"),
        [(value, f * limit) for f in _factors(p)],
    )


def _velocity(p: Parameter, nerve: MotorNerve, limits: Limits) -> Fact:
    if not nerve.proximal:
        return _lacks(nerve, "velocity_m_s")
    facts: list[Fact] = []
    for study in (s for s in nerve.proximal if s.amplitude != 0):
        limit = limits.of(study, "velocity_lln")
        if study.velocity_m_s is None or limit is None:
            facts.append(_lacks(nerve, "velocity_m_s" if study.velocity_m_s is None else "velocity_lln"))
        else:
            facts.append(_slow(p, nerve, limits, study.velocity_m_s, limit))
    return any_of(*facts)


def _slow(p: Parameter, nerve: MotorNerve, limits: Limits, value: float, limit: float) -> Fact:
    return _graded(
        p,
        nerve,
        limits,
        lambda: _yes(nerve, "velocity_m_s", f"{shown(value)} (lower limit {shown(limit)})"),
        [(f * limit, value) for f in _factors(p)],
    )


def amplitude_share(nerve: MotorNerve, limits: Limits) -> tuple[float | None, str]:
    """Return the distal amplitude as a part of its lower limit, or None and the column that is missing."""
    if nerve.distal is None or nerve.distal.amplitude is None:
        return None, "amplitude"
    limit = limits.of(nerve.distal, "amplitude_lln")
    if limit is None or limit <= 0:
        return None, "amplitude_lln"
    return nerve.distal.amplitude / limit, ""


def _enough(p: Parameter, nerve: MotorNerve, limits: Limits) -> Fact:
    """Tell whether the distal response is large enough for a parameter to count."""
    if p.least_amplitude is None:
        return Fact(True)
    share, missing = amplitude_share(nerve, limits)
    if share is None:
        return _lacks(nerve, missing)
    return Fact(reaches(share, p.least_amplitude))


def _f_latency(p: Parameter, nerve: MotorNerve, limits: Limits) -> Fact:
    f = nerve.f_wave
    if f is None or (f.f_latency_ms is None and f.f_persistence is None):
        return _lacks(nerve, "f_latency_ms")
    if f.f_persistence == 0:
        return _yes(nerve, "f_persistence", "0") if p.absent_counts else NEVER
    limit = limits.of(f, "f_latency_uln")
    if limit is None and nerve.distal is not None:
        limit = nerve.distal.f_latency_uln
    value = f.f_latency_ms
    if value is None or limit is None:
        return _lacks(nerve, "f_latency_ms" if value is None else "f_latency_uln")
    return _graded(
        p,
        nerve,
        limits,
        lambda: _yes(nerve, "f_latency_ms", f"{shown(value)} (upper limit {shown(limit)})"),
        [(value, factor * limit) for factor in _factors(p)],
    )


def _f_absent(p: Parameter, nerve: MotorNerve, limits: Limits) -> Fact:
    f = nerve.f_wave
    if f is None or (f.f_latency_ms is None and f.f_persistence is None):
        return _lacks(nerve, "f_persistence")
    if f.f_persistence != 0:
        return NEVER
    enough = _enough(p, nerve, limits)
    return _yes(nerve, "f_persistence", "0") if enough.value else enough


def _block(p: Parameter, nerve: MotorNerve, limits: Limits) -> Fact:
    if nerve.distal is None or not nerve.proximal:
        return _lacks(nerve, "amplitude")
    facts: list[Fact] = []
    for study in nerve.proximal:
        fall = amplitude_fall(study, nerve.distal)
        if fall is None:
            facts.append(_lacks(nerve, "amplitude"))
        elif not _beyond(p, fall, p.factor or 0):
            facts.append(NEVER)
        else:
            enough = _enough(p, nerve, limits)
            facts.append(_fallen(p, nerve, study, fall) if enough.value else enough)
    return any_of(*facts)


def _fallen(p: Parameter, nerve: MotorNerve, study: NerveStudy, fall: float) -> Fact:
    """Return a fall of the amplitude as a fact; where the criteria ask for it, with the change of the duration."""
    text = f"{shown(round(fall, 1))} % lower from {study.stimulation}"
    if p.duration_change is None or study.amplitude == 0 or nerve.distal is None:
        return _yes(nerve, "amplitude", text)
    rise = duration_rise(study, nerve.distal)
    if rise is None:
        return _lacks(nerve, "duration_ms")
    if exceeds(rise, p.duration_change):
        return _yes(nerve, "amplitude", f"{text} (dispersion)")
    return _yes(nerve, "amplitude", f"{text} (block)") if exceeds(p.duration_change, rise) else NEVER


def _dispersion(p: Parameter, nerve: MotorNerve) -> Fact:
    if nerve.distal is None or not nerve.proximal:
        return _lacks(nerve, "duration_ms")
    facts: list[Fact] = []
    for study in nerve.proximal:
        rise = duration_rise(study, nerve.distal)
        if study.amplitude == 0:
            facts.append(NEVER)
        elif rise is None:
            facts.append(_lacks(nerve, "duration_ms"))
        else:
            if nerve.name == "tibial" and p.tibial_factor is not None:
                met = reaches(rise, p.tibial_factor)
            else:
                met = _beyond(p, rise, p.factor or 0)
            facts.append(
                _yes(nerve, "duration_ms", f"{shown(round(rise, 1))} % longer from {study.stimulation}")
                if met
                else NEVER
            )
    return any_of(*facts)


def _duration(p: Parameter, nerve: MotorNerve) -> Fact:
    if not any(nerve.name in row for row in p.durations.values()):
        return NEVER
    if nerve.distal is None or nerve.distal.duration_ms is None:
        return _lacks(nerve, "duration_ms")
    value, low_cut = nerve.distal.duration_ms, nerve.distal.low_cut_hz
    rows = {float(hz): row[nerve.name] for hz, row in p.durations.items()}
    if low_cut is None:
        return _lacks(nerve, "low_cut_hz") if _beyond(p, value, min(rows.values())) else NEVER
    if low_cut < (p.least_low_cut_hz or 0):
        return NEVER
    hz = max(h for h in rows if h <= low_cut)
    if shown(hz) in p.durations_off:
        # A higher low cut only shortens: what is not beyond the recalled row is not beyond the read one below it.
        return (
            _lacks(nerve, "low_cut_hz: the limits at 20 Hz were not read") if _beyond(p, value, rows[hz]) else NEVER
        )
    if not _beyond(p, value, rows[hz]):
        return NEVER
    return _yes(nerve, "duration_ms", f"{shown(value)} (limit {shown(rows[hz])} at {shown(low_cut)} Hz)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a set of criteria says of the nerves of a visit.

    Attributes
    ----------
    grade : str
        Highest grade that is met, empty when none is.
    fact : Fact
        Whether any grade is met.
    open_grades : tuple of str
        What is missing for a higher grade.
    nerves : int
    """

    grade: str
    fact: Fact
    open_grades: tuple[str, ...]
    nerves: int


def judge(criteria: Criteria, nerves: Sequence[MotorNerve], limits: Limits, named: Sequence[str] = ()) -> Outcome:
    """Judge nerves by a set of criteria.

    Parameters
    ----------
    criteria : Criteria
    nerves : sequence of MotorNerve
    limits : Limits
    named : sequence of str
        Codes of clauses that are off and are used all the same.
    """
    table = {n.label: {p.code: parameter_fact(p, n, limits) for p in criteria.parameters} for n in nerves}
    open_names: list[tuple[str, ...]] = []
    facts: list[Fact] = []
    for grade in criteria.grades:
        facts = [
            _clause(c, criteria, table) for c in criteria.clauses if c.grade == grade and (c.on or c.code in named)
        ]
        met = at_least(criteria.clauses_needed, facts)
        if met.value:
            return Outcome(grade, met, union(open_names), len(nerves))
        if met.value is None:
            open_names.append(met.missing)
    if open_names:
        return Outcome("", Fact(None, (), union(open_names)), (), len(nerves))
    if len(nerves) < 2:
        return Outcome("", unknown("a second motor nerve"), (), len(nerves))
    why = f"no demyelinating parameter in {len(nerves)} motor nerves"
    if criteria.clauses_needed > 1:
        found = [f.by[0] for f in facts if f.value]
        why = f"{len(found)} of the {len(facts)} items met{': ' + ', '.join(found) if found else ''}"
    return Outcome("", Fact(False, (why,)), (), len(nerves))


def _clause(clause: Clause, criteria: Criteria, table: Mapping[str, FactsOfNerve]) -> Fact:
    """Tell whether a clause is met; what decided it begins with its code."""
    if clause.parameter == "any":
        own = {label: any_of(*(facts[c] for c in criteria.others)) for label, facts in table.items()}
        codes = {label: tuple(c for c in criteria.others if facts[c].value) for label, facts in table.items()}
        met = at_least(clause.nerves, own.values())
        found = union(codes[label] for label, f in own.items() if f.value)
        return _named(met, clause.code, *found)
    own = {label: facts[clause.parameter] for label, facts in table.items()}
    count = at_least(clause.nerves, own.values())
    if not clause.plus_other or count.value is False:
        return _named(count, clause.code)
    # “Another parameter in another nerve”: a nerve beyond those that are counted, with a parameter of another kind.
    kinds = {c for c in criteria.others if c not in (clause.parameter, *clause.not_other)}
    if clause.parameter not in criteria.others:  # II counts a milder block; block itself is no other parameter
        kinds -= {p.code for p in criteria.parameters if p.kind == criteria.parameter(clause.parameter).kind}
    ways: list[Fact] = []
    for label, facts in table.items():
        elsewhere = at_least(clause.nerves, (f for other, f in own.items() if other != label))
        others = [Fact(f.value, (c, *f.by), f.missing) for c, f in facts.items() if c in kinds]
        ways.append(all_of(elsewhere, any_of(*others)))
    return _named(any_of(*ways), clause.code)


def _named(fact: Fact, *codes: str) -> Fact:
    return Fact(
        fact.value, (*codes, *(b for b in fact.by if b not in codes)) if fact.value else fact.by, fact.missing
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """The motor nerves of a visit, the limits used, and what the criteria say of them."""

    nerves: tuple[MotorNerve, ...]
    limits: Limits
    outcome: Outcome


def judge_visit(key: str, evidence: Evidence) -> Judged | None:
    """Judge the motor nerves of a visit by a shipped set of criteria; None without a nerve conduction study."""
    if not evidence.visit.nerve_studies:
        return None
    nerves = motor_nerves(evidence.visit.nerve_studies)
    limits = limits_of(evidence, key)
    named = evidence.setting(key, "clauses", ())
    outcome = judge(load_criteria(key), nerves, limits, named if isinstance(named, list | tuple) else ())
    return Judged(nerves, limits, outcome)


def criteria_rule(key: str, evaluate: Callable[[Evidence], tuple[Decision, ...]]) -> Rule:
    """Return the rule of a shipped set of criteria: everything but the function stands in its file."""
    c = load_criteria(key)
    return Rule(
        key=key,
        title=c.title,
        citation=c.citation,
        doi=c.doi,
        status=c.status,
        status_note=c.status_note,
        says=c.says,
        accuracy=c.accuracy,
        evaluate=evaluate,
        settings=("fallback", "clauses") if any(not clause.on for clause in c.clauses) else ("fallback",),
        check=lambda section, _: wrong_settings(key, section),
        version=c.version,
    )
