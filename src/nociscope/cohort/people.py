"""Who was studied: people by group, and what became of each test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from nociscope.tsv import MISSING, Column, Table, Value

if TYPE_CHECKING:
    from nociscope.results import VisitResult

ALL = "all"
"""What stands in place of a group for everyone together."""

OLDEST = 90.0
"""Ages beyond 89 count as 90: a mean of one person must not tell a high age."""

_REFERENCES = ("control", "controls", "healthy", "healthy control", "healthy controls", "hc", "normal")

PEOPLE = Table(
    "people",
    "Who was studied, by group",
    (
        Column("group", "Group in participants.tsv; all for everyone"),
        Column("people", "People in participants.tsv", "integer", minimum=0),
        Column("worked_up", "Of them with results", "integer", minimum=0),
        Column("visits", "Visits with results", "integer", minimum=0),
        Column("several_visits", "People with two visits or more", "integer", minimum=0),
        Column("female", "Women and girls", "integer", minimum=0),
        Column("male", "Men and boys", "integer", minimum=0),
        Column("other_sex", "Other or not recorded", "integer", minimum=0),
        Column("age_n", "People whose age is recorded", "integer", minimum=0),
        Column("age_mean", "Mean age; ages beyond 89 count as 90", "number", unit="years"),
        Column("age_sd", "Standard deviation of age", "number", unit="years"),
        Column("reference", "Whether the other groups are compared with this one", "choice",
               choices={"yes": "it is", "no": "it is not"}),
    ),
)  # fmt: skip

TESTS = Table(
    "tests",
    "What became of each test, by group",
    (
        Column("group", "Group"),
        Column("assay", "The test"),
        Column("title", "Its name"),
        Column("people", "People in whom something was measured at one visit or more", "integer", minimum=0),
        Column("done", "Visits at which it was measured", "integer", minimum=0),
        Column("partial", "Visits at which some rows or files were refused", "integer", minimum=0),
        Column("failed", "Visits with input in which nothing could be measured", "integer", minimum=0),
        Column("absent", "Visits without input", "integer", minimum=0),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A row of ``participants.tsv`` as far as groups need it; a missing group is ``n/a``."""

    participant_id: str
    group: str = MISSING
    age: float | None = None
    sex: str = ""


def groups_of(people: Iterable[Person]) -> tuple[str, ...]:
    """Return the groups in order: those that are compared, the one they are compared with, then ``n/a``."""
    names = {p.group for p in people}
    reference = reference_of(names)
    return tuple(sorted(names, key=lambda g: (g == MISSING, g == reference, g)))


def reference_of(names: Iterable[str]) -> str | None:
    """Return the group of healthy people by its name (``control``, ``healthy`` …), None when there is none."""
    plain = {n.strip().lower().replace("_", " "): n for n in sorted(names, reverse=True)}
    return next((plain[r] for r in _REFERENCES if r in plain), None)


def pairs_of(names: Sequence[str], most: int = 10) -> tuple[tuple[str, str], ...]:
    """Return who is compared with whom: (group, reference).

    With a group of healthy people, every other group with it; else every pair, at most `most` of them. People without
    a group are compared with nobody.
    """
    known = [n for n in names if n != MISSING]
    reference = reference_of(known)
    if reference is not None:
        return tuple((n, reference) for n in known if n != reference)[:most]
    return tuple((a, b) for i, a in enumerate(known) for b in known[i + 1 :])[:most]


def people_rows(people: Sequence[Person], results: Iterable[VisitResult]) -> list[dict[str, Value]]:
    """Return the rows of :data:`PEOPLE`: every group, and everyone where there are several."""
    visits: dict[str, int] = {}
    for r in results:
        visits[r.participant_id] = visits.get(r.participant_id, 0) + 1
    names = groups_of(people)
    reference = reference_of(names)
    rows = [_people_row(g, [p for p in people if p.group == g], visits, g == reference) for g in names]
    return rows if len(names) == 1 else [*rows, _people_row(ALL, people, visits, False)]


def _people_row(group: str, people: Sequence[Person], visits: dict[str, int], reference: bool) -> dict[str, Value]:
    ages = [min(p.age, OLDEST) for p in people if p.age is not None]
    own = [visits.get(p.participant_id, 0) for p in people]
    return {
        "group": group,
        "people": len(people),
        "worked_up": sum(v > 0 for v in own),
        "visits": sum(own),
        "several_visits": sum(v > 1 for v in own),
        "female": sum(p.sex == "F" for p in people),
        "male": sum(p.sex == "M" for p in people),
        "other_sex": sum(p.sex not in ("F", "M") for p in people),
        "age_n": len(ages),
        "age_mean": fmean(ages) if ages else None,
        "age_sd": stdev(ages) if len(ages) > 1 else None,
        "reference": "yes" if reference else "no",
    }


def rows_of_tests(people: Sequence[Person], results: Sequence[VisitResult]) -> list[dict[str, Value]]:
    """Return the rows of :data:`TESTS`, tests in the order in which results name them."""
    of = {p.participant_id: p.group for p in people}
    titles = {a.name: a.title for r in results for a in r.assays}
    counts: dict[tuple[str, str], dict[str, int]] = {}
    measured: dict[tuple[str, str], set[str]] = {}
    for r in results:
        for a in r.assays:
            key = of.get(r.participant_id, MISSING), a.name
            cell = counts.setdefault(key, dict.fromkeys(("done", "partial", "failed", "absent"), 0))
            cell[a.status] += 1
            if a.status in ("done", "partial"):
                measured.setdefault(key, set()).add(r.participant_id)
    return [
        {"group": g, "assay": a, "title": t, "people": len(measured.get((g, a), ())), **counts[g, a]}
        for g in groups_of(people)
        for a, t in titles.items()
        if (g, a) in counts
    ]
