"""All group tables of a study, from the recorded results of its visits. Pure: no file is read or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nociscope.cohort.agreement import (
    AGREEMENT,
    PATTERNS,
    SMALL_FIBRES,
    agreement_rows,
    pattern_rows,
    small_fibre_rows,
    states_of,
)
from nociscope.cohort.contrasts import COMPARISONS, adjusted, contrast
from nociscope.cohort.courses import COURSES, course_rows
from nociscope.cohort.describe import DESCRIPTIVES, described, scale_of
from nociscope.cohort.pain import CORRELATIONS, correlation_rows
from nociscope.cohort.people import PEOPLE, TESTS, Person, groups_of, pairs_of, people_rows, rows_of_tests
from nociscope.cohort.published import CONFLICTS, PUBLISHED, conflict_rows, published_rows
from nociscope.cohort.quantities import (
    VALUES,
    PersonValue,
    Quantity,
    by_quantity,
    key_quantities,
    value_rows,
    values_of,
)
from nociscope.cohort.responders import RESPONDERS, responder_rows
from nociscope.cohort.shares import PROFILES, RULES, profile_rows, rule_rows
from nociscope.tsv import Table, Value

if TYPE_CHECKING:
    from nociscope.assays.declaration import Assay
    from nociscope.evidence.register import Register
    from nociscope.results import VisitResult

TABLES = (
    PEOPLE,
    TESTS,
    VALUES,
    DESCRIPTIVES,
    COMPARISONS,
    RULES,
    PROFILES,
    SMALL_FIBRES,
    PATTERNS,
    AGREEMENT,
    CORRELATIONS,
    COURSES,
    RESPONDERS,
    PUBLISHED,
    CONFLICTS,
)
"""What is written of a group beside the participants' tables joined."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A table with its rows."""

    table: Table
    rows: Sequence[Mapping[str, Value]]


def group_tables(
    people: Sequence[Person], results: Sequence[VisitResult], known: Mapping[str, Assay], register: Register
) -> tuple[Filled, ...]:
    """Return all group tables, in the order of :data:`TABLES`.

    Parameters
    ----------
    people : sequence of Person
        Everyone in ``participants.tsv``, with results or without.
    results : sequence of VisitResult
        The visits of each person in order.
    known : mapping
        Assay name -> declaration, in the order of pages.
    register : Register
        The literature.
    """
    values = values_of(results, {p.participant_id: p.group for p in people}, known)
    quantities = by_quantity(values, tuple(known))
    keys = key_quantities(quantities)
    descriptives, comparisons = _compared(people, quantities, keys, known)
    states = states_of(values, results)
    published = published_rows(people, values, results, comparisons, register)
    rows = (
        people_rows(people, results),
        rows_of_tests(people, results),
        value_rows(v for own in quantities.values() for v in own),
        descriptives,
        comparisons,
        rule_rows(people, results),
        profile_rows(people, results),
        small_fibre_rows(people, states),
        pattern_rows(people, states),
        agreement_rows(people, states),
        correlation_rows(people, quantities, keys),
        course_rows(people, results, known),
        responder_rows(results),
        published,
        conflict_rows(published, register),
    )
    return tuple(Filled(t, r) for t, r in zip(TABLES, rows, strict=True))


def _compared(
    people: Sequence[Person],
    quantities: Mapping[Quantity, Sequence[PersonValue]],
    keys: Sequence[Quantity],
    known: Mapping[str, Assay],
) -> tuple[list[dict[str, Value]], list[dict[str, Value]]]:
    """Return the rows of descriptives and of comparisons."""
    groups = groups_of(people)
    sizes = {g: sum(p.group == g for p in people) for g in groups}
    pairs = pairs_of(groups)
    descriptives: list[dict[str, Value]] = []
    comparisons: list[dict[str, Value]] = []
    for quantity, values in quantities.items():
        scale = scale_of(quantity, values, known)
        key = keys.index(quantity) + 1 if quantity in keys else None
        own = {g: [v for v in values if v.group == g] for g in groups}
        descriptives += [described(quantity, own[g], scale, sizes[g], key, g) for g in groups]
        comparisons += [contrast(quantity, own[a], own[b], scale, (a, b), key) for a, b in pairs if own[a] and own[b]]
    return descriptives, adjusted(comparisons)
