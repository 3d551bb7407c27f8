"""Do the tests of small fibres agree? Who shows loss in which, and how often two tests say the same."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from nociscope.cohort.compare import Z95
from nociscope.cohort.people import Person
from nociscope.cohort.quantities import PersonValue
from nociscope.cohort.shares import percent_of, with_all
from nociscope.tsv import Column, Table, Value

if TYPE_CHECKING:
    from nociscope.results import VisitResult


@dataclass(frozen=True, slots=True, kw_only=True)
class FibreTest:
    """A test that looks at small fibres: it shows loss when one of its measures does, at any site, on either side."""

    assay: str
    title: str
    measures: tuple[str, ...]


FIBRE_TESTS = (
    FibreTest(assay="biopsy", title="skin biopsy", measures=("ienfd",)),
    FibreTest(assay="ccm", title="corneal nerves", measures=("cnfl", "cnfd", "cnbd")),
    FibreTest(assay="qst", title="thermal thresholds", measures=("cdt", "wdt")),
    FibreTest(assay="lep", title="laser-evoked potentials", measures=("n2p2_amplitude",)),
    FibreTest(assay="esc", title="skin conductance", measures=("esc",)),
    FibreTest(assay="hrv", title="heart-rate variability", measures=("sdnn", "rmssd")),
)
"""Structure (biopsy, cornea), function (thresholds, potentials) and autonomic fibres (conductance, heart rate)."""

_STATES = {
    "loss": "loss in one of its measures",
    "no_loss": "compared with a norm, no loss",
    "unknown": "not compared",
}

SMALL_FIBRES = Table(
    "small_fibres",
    "How many of each group show loss in each test of small fibres",
    (
        Column("group", "Group; all for everyone"),
        Column("test", "The test"),
        Column("title", "Its name"),
        Column("measures", "The measures that were looked at; loss in one of them, at any site and side, counts"),
        Column("judged", "People who could be judged", "integer", minimum=0),
        Column("loss", "Of them with loss", "integer", minimum=0),
        Column("percent", "Their share", "number", unit="%"),
        Column("low", "Lower end of its 95 % interval (Wilson)", "number", unit="%"),
        Column("high", "Upper end of that interval", "number", unit="%"),
    ),
)

PATTERNS = Table(
    "patterns",
    "Which combinations of tests show loss, in how many people",
    (
        Column("group", "Group; all for everyone"),
        *(Column(t.assay, f"State of {t.title}", "choice", choices=_STATES) for t in FIBRE_TESTS),
        Column("people", "People with this combination", "integer", minimum=1),
    ),
)

AGREEMENT = Table(
    "agreement",
    "How often two tests of small fibres say the same",
    (
        Column("group", "Group; all for everyone"),
        Column("test", "One test"),
        Column("other", "The other"),
        Column("judged", "People judged by both", "integer", minimum=0),
        Column("both", "Loss in both", "integer", minimum=0),
        Column("test_only", "Loss in the first only", "integer", minimum=0),
        Column("other_only", "Loss in the second only", "integer", minimum=0),
        Column("neither", "Loss in neither", "integer", minimum=0),
        Column("percent", "Share of whom both say the same", "number", unit="%"),
        Column("low", "Lower end of its 95 % interval (Wilson)", "number", unit="%"),
        Column("high", "Upper end of that interval", "number", unit="%"),
        Column("kappa", "Cohen's kappa, agreement beyond chance; n/a where one test says the same of all", "number"),
        Column("kappa_low", "Lower end of its 95 % interval", "number"),
        Column("kappa_high", "Upper end of that interval", "number"),
    ),
)  # fmt: skip

States = Mapping[str, Mapping[str, bool]]
"""Test -> participant -> whether there is loss; who is not here could not be judged."""


def states_of(values: Iterable[PersonValue], results: Iterable[VisitResult]) -> dict[str, dict[str, bool]]:
    """Return who shows loss in which test; an absent laser-evoked response is loss without a norm."""
    tests = {(t.assay, m): t.assay for t in FIBRE_TESTS for m in t.measures}
    states: dict[str, dict[str, bool]] = {t.assay: {} for t in FIBRE_TESTS}
    for v in values:
        test = tests.get((v.quantity.assay, v.quantity.measure))
        if test is not None and v.call != "not_comparable" and not v.quantity.of_part:
            own = states[test]
            own[v.participant_id] = own.get(v.participant_id, False) or v.call == "loss"
    for person in _without_response(results):
        states["lep"][person] = True
    return states


def _without_response(results: Iterable[VisitResult]) -> set[str]:
    """Return who has an absent laser-evoked response at the first visit at which it was looked for."""
    first: dict[str, tuple[str, bool]] = {}
    for result in results:
        looked = [r for r in result.readings if r.assay == "lep" and r.measure == "response_present"]
        found = [r.value for r in looked if r.value is not None]
        if found:
            first.setdefault(result.participant_id, (result.session_id, 0.0 in found))
    return {person for person, (_, absent) in first.items() if absent}


def small_fibre_rows(people: Sequence[Person], states: States) -> list[dict[str, Value]]:
    """Return the rows of :data:`SMALL_FIBRES`, for tests by which somebody was judged."""
    rows: list[dict[str, Value]] = []
    for test in _done(states):
        for group, members in with_all(people).items():
            said = [loss for p, loss in states[test.assay].items() if p in members]
            row: dict[str, Value] = {"group": group, "test": test.assay, "title": test.title}
            row |= {"measures": "; ".join(test.measures), "judged": len(said), "loss": sum(said)}
            rows.append(row | percent_of(sum(said), len(said)))
    return rows


def _done(states: States) -> list[FibreTest]:
    return [t for t in FIBRE_TESTS if states[t.assay]]


def pattern_rows(people: Sequence[Person], states: States) -> list[dict[str, Value]]:
    """Return the rows of :data:`PATTERNS`, the most frequent first; who was judged by no test is left out."""
    words = {True: "loss", False: "no_loss", None: "unknown"}
    judged = {p for own in states.values() for p in own}
    rows: list[dict[str, Value]] = []
    for group, members in with_all(people).items():
        counts: dict[tuple[str, ...], int] = {}
        for p in sorted(members & judged):
            pattern = tuple(words[states[t.assay].get(p)] for t in FIBRE_TESTS)
            counts[pattern] = counts.get(pattern, 0) + 1
        for pattern, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            row: dict[str, Value] = {"group": group, "people": n}
            row |= {t.assay: word for t, word in zip(FIBRE_TESTS, pattern, strict=True)}
            rows.append(row)
    return rows


def agreement_rows(people: Sequence[Person], states: States) -> list[dict[str, Value]]:
    """Return the rows of :data:`AGREEMENT`, for pairs of tests that somebody had both of."""
    rows = []
    for test, other in combinations(_done(states), 2):
        a, b = states[test.assay], states[other.assay]
        for group, members in with_all(people).items():
            both = [(a[p], b[p]) for p in a if p in b and p in members]
            if both:
                rows.append({"group": group, "test": test.assay, "other": other.assay, **_pair_cells(both)})
    return rows


def _pair_cells(both: Sequence[tuple[bool, bool]]) -> dict[str, Value]:
    cells = [both.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False))]
    names = ("both", "test_only", "other_only", "neither")
    row: dict[str, Value] = {"judged": len(both), **dict(zip(names, cells, strict=True))}
    row |= percent_of(cells[0] + cells[3], len(both))
    found = kappa(*cells)
    return row | ({} if found is None else dict(zip(("kappa", "kappa_low", "kappa_high"), found, strict=True)))


def kappa(both: int, first: int, second: int, neither: int) -> tuple[float, float, float] | None:
    """Return Cohen's kappa of a two-by-two table with its 95 % interval; None where a margin is empty.

    References
    ----------
    Cohen 1960, doi 10.1177/001316446002000104; the standard error is that of Fleiss, Cohen and Everitt 1969,
    doi 10.1037/h0028106, equation 13.
    """
    n = both + first + second + neither
    if n == 0 or 0 in (both + first, second + neither, both + second, first + neither):
        return None
    p = ((both / n, first / n), (second / n, neither / n))
    rows = [sum(r) for r in p]
    columns = [p[0][j] + p[1][j] for j in range(2)]
    seen = p[0][0] + p[1][1]
    chance = sum(r * c for r, c in zip(rows, columns, strict=True))
    k = (seen - chance) / (1 - chance)
    same = sum(p[i][i] * (1 - (rows[i] + columns[i]) * (1 - k)) ** 2 for i in range(2))
    other = (1 - k) ** 2 * sum(p[i][j] * (columns[i] + rows[j]) ** 2 for i, j in ((0, 1), (1, 0)))
    variance = (same + other - (k - chance * (1 - k)) ** 2) / (n * (1 - chance) ** 2)
    half = Z95 * math.sqrt(max(0.0, variance))
    return k, max(-1.0, k - half), min(1.0, k + half)
