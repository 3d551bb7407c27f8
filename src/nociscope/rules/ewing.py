"""Ewing's battery: at least two abnormal heart-rate tests."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from nociscope.rules.logic import Fact, any_of, at_least, unknown
from nociscope.rules.model import Decision, Evidence, Rule, VisitEvidence, decided
from nociscope.rules.nerves import exceeds, reaches, shown
from nociscope.rules.small_fibre import words_of

KEY = "ewing"

BREATHING = "deep_breathing_difference"
EI = "ei_ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartTest:
    """A heart-rate test: abnormal up to a value, normal from another, borderline between."""

    key: str
    title: str
    abnormal: float
    normal: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """The tests, and the lower limits of the E:I ratio: first year, last year, limit."""

    tests: tuple[HeartTest, ...]
    ei_limits: tuple[tuple[int, int, float], ...]

    def ei_limit(self, age: float | None) -> float | None:
        """Return the lower limit at an age in years, None without one."""
        if age is None:
            return None
        return next((limit for low, high, limit in self.ei_limits if low <= math.floor(age) <= high), None)


@cache
def load_battery() -> Battery:
    """Return the battery as shipped."""
    content = tomllib.loads((files("nociscope.rules") / "data" / f"{KEY}.toml").read_text("utf-8"))
    return Battery(
        tests=tuple(HeartTest(**t) for t in content["test"]),
        ei_limits=tuple((int(a), int(b), float(x)) for a, b, x in content["ei_ratio"]["table"]),
    )


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge a visit; nothing when no heart-rate test has a value."""
    visit, battery = evidence.visit, load_battery()
    if not any(visit.find(name) for name in (*(t.key for t in battery.tests), EI)):
        return ()
    facts = []
    for test in battery.tests:
        fact = _judged(visit, test)
        if test.key == BREATHING:
            fact = _either(fact, _expiration(visit, battery.ei_limit(evidence.participant.age)))
        facts.append(fact)
    return (decided(at_least(2, facts), inputs=words_of(*facts)),)


def _judged(visit: VisitEvidence, test: HeartTest) -> Fact:
    values = [float(r.value) for r in visit.find(test.key) if r.value is not None]
    if not values:
        return unknown(test.key)
    return any_of(*(Fact(reaches(test.abnormal, v), (f"{test.key} {shown(v)}: {_zone(v, test)}",)) for v in values))


def _zone(value: float, test: HeartTest) -> str:
    if reaches(test.abnormal, value):
        return f"abnormal (up to {shown(test.abnormal)})"
    if reaches(value, test.normal):
        return "normal"
    return f"borderline (normal from {shown(test.normal)})"


def _expiration(visit: VisitEvidence, limit: float | None) -> Fact:
    values = [float(r.value) for r in visit.find(EI) if r.value is not None]
    if not values:
        return unknown(EI)
    if limit is None:
        return unknown(f"age for {EI} (its limits are for 20 to 75 years)")
    facts = (
        Fact(exceeds(limit, v), (f"{EI} {shown(v)}: {'below' if exceeds(limit, v) else 'not below'} {shown(limit)}",))
        for v in values
    )
    return any_of(*facts)


def _either(breathing: Fact, expiration: Fact) -> Fact:
    """Return one deep-breathing test of its two measures: either one is enough."""
    known = [f for f in (breathing, expiration) if f.value is not None]
    if known:
        return any_of(*known)
    why = [m for m in expiration.missing if m != EI]
    return unknown(f"{BREATHING} or {EI}", *why)


RULE = Rule(
    key=KEY,
    title="Cardiac autonomic reflexes, Ewing's battery",
    citation=(
        "Ewing's battery as printed in World J Diabetes 2018;9(1):1, table 5; E:I ratio from 2015;6(1):80, table 1"
    ),
    doi="10.4239/wjd.v9.i1.1",
    status="read",
    status_note=(
        "Limits as printed, the same for all ages although every heart-rate test falls with age; borderline "
        "values do not count. "
        "E:I limits by age: doi:10.4239/wjd.v6.i1.80. That two abnormal tests make it met is common use."
    ),
    says=(
        "at least 2 of 3 heart-rate tests abnormal:",
        "  deep breathing: difference up to 10 /min, or E:I ratio below its limit for age",
        "  Valsalva ratio up to 1.10",
        "  30:15 ratio up to 1.00",
    ),
    accuracy=(
        "for small-fibre neuropathy cardiovascular tests had sensitivity 15 %, specificity 99 % in 245 people "
        "(doi:10.3389/fneur.2020.00342)"
    ),
    evaluate=evaluate,
)
