"""Change over the visits by group: from each person's first visit to the last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from nociscope.cohort.describe import mean_interval
from nociscope.cohort.people import Person, groups_of
from nociscope.cohort.quantities import QUANTITY_COLUMNS, Quantity
from nociscope.tsv import Column, Table, Value

if TYPE_CHECKING:
    from nociscope.assays.declaration import Assay
    from nociscope.change.model import Change
    from nociscope.results import VisitResult

COURSES = Table(
    "courses",
    "Change of each quantity from the first visit to the last, by group; no effect of treatment",
    (
        Column("group", "Group"),
        *QUANTITY_COLUMNS,
        Column("n", "People with a value at two visits", "integer", minimum=1),
        Column("first", "Mean at the first visit", "number"),
        Column("last", "Mean at the last", "number"),
        Column("change", "Mean change", "number"),
        Column("low", "Lower end of its 95 % interval (t)", "number"),
        Column("high", "Upper end of that interval", "number"),
        Column("sd", "Standard deviation of the change", "number", minimum=0),
        Column("improved", "People beyond measurement error in the better direction, on no side in the worse",
               "integer", minimum=0),
        Column("worsened", "People beyond it in the worse direction, on no side in the better", "integer", minimum=0),
        Column("changed", "People beyond it, direction without a name or unlike on two sides", "integer", minimum=0),
        Column("within_error", "People whose change measurement error explains", "integer", minimum=0),
        Column("no_limit", "People whose measurement error is not known", "integer", minimum=0),
    ),
)  # fmt: skip

VERDICTS = ("improved", "worsened", "changed", "within_error", "no_limit")


@dataclass(frozen=True, slots=True)
class _PersonChange:
    first: float
    last: float
    verdict: str


def course_rows(
    people: Sequence[Person], results: Iterable[VisitResult], known: Mapping[str, Assay]
) -> list[dict[str, Value]]:
    """Return the rows of :data:`COURSES`."""
    of = {p.participant_id: p.group for p in people}
    found: dict[tuple[str, Quantity], list[_PersonChange]] = {}
    for result in results:
        if result.course is None or result.participant_id not in of:
            continue
        for quantity, changes in _last(result.course.changes, result.course.sessions).items():
            if _counts(quantity, known):
                found.setdefault((of[result.participant_id], quantity), []).append(_of_person(changes))
    rank = {g: i for i, g in enumerate(groups_of(people))}
    quantities = list(dict.fromkeys(q for _, q in found))
    ordered = sorted(found, key=lambda key: (quantities.index(key[1]), rank[key[0]]))
    return [_row(group, quantity, found[group, quantity]) for group, quantity in ordered]


def _counts(quantity: Quantity, known: Mapping[str, Assay]) -> bool:
    assay = known.get(quantity.assay)
    declared = assay.measure_named(quantity.measure) if assay else None
    return (declared is None or declared.scored) and not quantity.of_part


def _last(changes: Iterable[Change], sessions: Sequence[str]) -> dict[Quantity, list[Change]]:
    """Return the changes to the latest visit that has the quantity."""
    out: dict[Quantity, list[Change]] = {}
    for c in changes:
        out.setdefault(Quantity(c.assay, c.site, c.measure, c.method, c.unit), []).append(c)
    place = {s: i for i, s in enumerate(sessions)}

    def when(c: Change) -> int:
        return place.get(c.session_id, -1)

    return {q: [c for c in own if when(c) == max(map(when, own))] for q, own in out.items()}


def _of_person(changes: Sequence[Change]) -> _PersonChange:
    verdicts = {c.verdict for c in changes}
    unlike = {"improved", "worsened"} <= verdicts
    verdict = "changed" if unlike else next(v for v in VERDICTS if v in verdicts)
    return _PersonChange(fmean(c.first for c in changes), fmean(c.last for c in changes), verdict)


def _row(group: str, quantity: Quantity, of: Sequence[_PersonChange]) -> dict[str, Value]:
    mean, low, high, sd = mean_interval(np.array([c.last - c.first for c in of]))
    return {
        "group": group,
        **quantity.cells(),
        "n": len(of),
        "first": fmean(c.first for c in of),
        "last": fmean(c.last for c in of),
        "change": mean,
        "low": low,
        "high": high,
        "sd": sd,
        **{v: sum(c.verdict == v for c in of) for v in VERDICTS},
    }
