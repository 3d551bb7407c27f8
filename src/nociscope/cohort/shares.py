"""How many of each group meet which rule, and to which mechanisms their tests point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nociscope.cohort.people import ALL, Person, groups_of
from nociscope.evidence.effects import binomial_interval
from nociscope.tsv import MISSING, Column, Table, Value

if TYPE_CHECKING:
    from nociscope.mechanisms.result import Mechanism
    from nociscope.results import VisitResult
    from nociscope.rules.model import Finding

POINTING = 0.9
"""A posterior above this counts as pointing to a mechanism, one below 1 minus this as speaking against it."""

RULES = Table(
    "rules",
    "How many of each group meet each rule, at the first visit at which it was evaluated",
    (
        Column("group", "Group; all for everyone"),
        Column("rule", "Key of the rule"),
        Column("title", "The rule's name"),
        Column("people", "People for whom it was evaluated", "integer", minimum=0),
        Column("meets", "Of them who meet it", "integer", minimum=0),
        Column("does_not_meet", "Who do not", "integer", minimum=0),
        Column("cannot_tell", "Of whom it cannot be told", "integer", minimum=0),
        Column("percent", "Share who meet it among those of whom it can be told", "number", unit="%"),
        Column("low", "Lower end of its 95 % interval (Wilson)", "number", unit="%"),
        Column("high", "Upper end of that interval", "number", unit="%"),
        Column("least", "Share of all if nobody of those who cannot be told met it", "number", unit="%"),
        Column("most", "Share of all if everybody of them did", "number", unit="%"),
        Column("grades", "Grades of those who meet it, each with its people"),
    ),
)

PROFILES = Table(
    "profiles",
    "To which mechanisms the tests of each group point, at each person's first visit",
    (
        Column("group", "Group; all for everyone"),
        Column("mechanism", "The mechanism"),
        Column("title", "Its name"),
        Column("assessed", "People whose tests can assess it", "integer", minimum=0),
        Column("not_assessable", "People whose tests cannot", "integer", minimum=0),
        Column("median", "Median posterior probability of those assessed", "number", minimum=0, maximum=1),
        Column("q1", "Lower quartile", "number", minimum=0, maximum=1),
        Column("q3", "Upper quartile", "number", minimum=0, maximum=1),
        Column("toward", "Of those assessed, people with a posterior above 0.9", "integer", minimum=0),
        Column("away", "People with a posterior below 0.1", "integer", minimum=0),
        Column("percent", "Share above 0.9 of those assessed", "number", unit="%"),
        Column("low", "Lower end of its 95 % interval (Wilson)", "number", unit="%"),
        Column("high", "Upper end of that interval", "number", unit="%"),
        Column("mean", "Mean posterior: the expected share who have it, if the prior and the model hold", "number",
               minimum=0, maximum=1),
    ),
)  # fmt: skip


def percent_of(k: int, n: int) -> dict[str, Value]:
    """Return the share k of n in percent with Wilson's interval; nothing for n = 0."""
    if n == 0:
        return {}
    low, high = binomial_interval(k, n, method="wilson")
    return {"percent": 100 * k / n, "low": max(0.0, 100 * low), "high": min(100.0, 100 * high)}


def with_all(people: Sequence[Person]) -> dict[str, frozenset[str]]:
    """Return group -> its people, and everyone where there are several groups."""
    names = groups_of(people)
    groups = {g: frozenset(p.participant_id for p in people if p.group == g) for g in names}
    return groups if len(names) == 1 else {**groups, ALL: frozenset(p.participant_id for p in people)}


def rule_rows(people: Sequence[Person], results: Iterable[VisitResult]) -> list[dict[str, Value]]:
    """Return the rows of :data:`RULES`.

    A rule that judges several things of a visit is met when one is, and cannot be told when one cannot and none is.
    """
    said: dict[tuple[str, str], dict[str, tuple[str, list[Finding]]]] = {}
    for result in results:
        for f in result.findings:
            of_person = said.setdefault((f.rule, f.title), {}).setdefault(
                result.participant_id, (result.session_id, [])
            )
            if of_person[0] == result.session_id:
                of_person[1].append(f)
    rows = []
    for (rule, title), by_person in said.items():
        strongest = {p: min(found, key=lambda f: _ORDER.index(f.verdict)) for p, (_, found) in by_person.items()}
        for group, members in with_all(people).items():
            cells = _verdict_cells([f for p, f in strongest.items() if p in members])
            rows.append({"group": group, "rule": rule, "title": title, **cells})
    return rows


_ORDER = ("meets", "cannot_tell", "does_not_meet")


def _verdict_cells(said: Sequence[Finding]) -> dict[str, Value]:
    counts = {v: sum(f.verdict == v for f in said) for v in ("meets", "does_not_meet", "cannot_tell")}
    row: dict[str, Value] = {"people": len(said), **counts}
    row |= percent_of(counts["meets"], counts["meets"] + counts["does_not_meet"])
    if said:
        row["least"] = 100 * counts["meets"] / len(said)
        row["most"] = 100 * (counts["meets"] + counts["cannot_tell"]) / len(said)
    grades = sorted(f.grade for f in said if f.verdict == "meets" and f.grade)
    row["grades"] = "; ".join(f"{g} {grades.count(g)}" for g in dict.fromkeys(grades))
    return row


def profile_rows(people: Sequence[Person], results: Iterable[VisitResult]) -> list[dict[str, Value]]:
    """Return the rows of :data:`PROFILES`."""
    first: dict[str, Mapping[str, Mechanism]] = {}
    for result in results:
        if result.mechanisms:
            first.setdefault(result.participant_id, {m.mechanism: m for m in result.mechanisms})
    titles = {m.mechanism: m.title for profile in first.values() for m in profile.values()}
    rows: list[dict[str, Value]] = []
    for mechanism, title in titles.items():
        for group, members in with_all(people).items():
            of = [profile[mechanism] for p, profile in first.items() if p in members and mechanism in profile]
            row: dict[str, Value] = {"group": group, "mechanism": mechanism, "title": title or MISSING}
            rows.append(row | _posterior_cells(of))
    return rows


def _posterior_cells(of: Sequence[Mechanism]) -> dict[str, Value]:
    posterior = np.array([m.posterior for m in of if m.status == "assessed"])
    row: dict[str, Value] = {"assessed": posterior.size, "not_assessable": len(of) - posterior.size}
    if posterior.size == 0:
        return row
    toward, away = int((posterior > POINTING).sum()), int((posterior < 1 - POINTING).sum())
    q1, median, q3 = (float(q) for q in np.quantile(posterior, (0.25, 0.5, 0.75)))
    row |= {"median": median, "q1": q1, "q3": q3, "toward": toward, "away": away, "mean": float(posterior.mean())}
    return row | percent_of(toward, posterior.size)
