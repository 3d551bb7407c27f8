"""What a change is, and what is recorded of a participant's course."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from nociscope.tables import KEY_COLUMNS
from nociscope.tsv import MISSING, Column, Parsed, Table, Value

ChangeVerdict = Literal["improved", "worsened", "changed", "within_error", "no_limit"]

CHANGES = Table(
    "changes",
    "The change of one reading from a participant's first visit to a later one",
    (
        *KEY_COLUMNS,
        Column("first_session", "The visit it is counted from"),
        Column("first", "The value then", "number"),
        Column("last", "The value at this row's session", "number"),
        Column("unit", "Unit of the values, the change and the limit"),
        Column("change", "last minus first", "number"),
        Column("low", "Lower end of the 95 % interval of the change, from the readings' own intervals", "number"),
        Column("high", "Upper end of that interval", "number"),
        Column("limit", "Smallest change that measurement error does not explain in 95 % of people", "number"),
        Column("rci", "Change in standard errors of a difference", "number"),
        Column(
            "verdict",
            "The change against the limit",
            "choice",
            choices={
                "improved": "beyond the limit, in the better direction",
                "worsened": "beyond the limit, in the worse direction",
                "changed": "beyond the limit; nobody says which direction is better",
                "within_error": "measurement error explains it",
                "no_limit": "no limit is known",
            },
        ),
        Column("method", "How it was measured, the same at both visits"),
        Column("limit_source", "Where the limit comes from"),
        Column("placebo", "What the measure did on placebo in randomised trials"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The change of one reading; the fields are the columns of :data:`CHANGES`."""

    participant_id: str
    session_id: str
    assay: str
    site: str = MISSING
    side: str = MISSING
    measure: str
    first_session: str
    first: float
    last: float
    unit: str
    change: float
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    rci: float | None = None
    verdict: ChangeVerdict = "no_limit"
    method: str = MISSING
    limit_source: str = ""
    placebo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A randomised trial as printed: who, what came of treatment and of placebo, and the citation."""

    name: str
    design: str
    outcome: str
    treated: str
    placebo: str
    difference: str
    citation: str
    doi: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is recorded of a participant over visits.

    Attributes
    ----------
    sessions : tuple of str
        In order.
    treatments : tuple of (session, text)
    changes : tuple of Change
        From the first visit that has a value to each later one.
    trials : tuple of Trial
        Randomised trials of a treatment that was given.
    """

    sessions: tuple[str, ...]
    treatments: tuple[tuple[str, str], ...] = ()
    changes: tuple[Change, ...] = ()
    trials: tuple[Trial, ...] = ()


def change_row(change: Change) -> dict[str, Value]:
    """Return a change as a row of the table."""
    return {f.name: getattr(change, f.name) for f in fields(change)}


def changes_from(parsed: Parsed) -> tuple[Change, ...]:
    """Return typed changes from parsed rows."""
    made: list[Change] = []
    for row in parsed.rows:
        cells = dict(row.cells)
        for name in ("session_id", "first_session", "site", "side", "assay", "measure", "method"):
            cells[name] = cells.get(name) or MISSING
        for name in ("unit", "limit_source", "placebo"):
            cells[name] = cells.get(name) or ""
        made.append(Change(**cells))  # type: ignore[arg-type]
    return tuple(made)
