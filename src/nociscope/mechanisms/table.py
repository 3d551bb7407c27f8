"""Scores from anywhere: the few columns that the model needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nociscope import files
from nociscope.problems import BadInput, Problem, clean_text
from nociscope.tables import SCORES
from nociscope.tsv import MISSING, RawRow, split_tsv

NEEDED = ("participant_id", "assay", "site", "measure", "z")
"""Columns without which nothing can be explained; `session_id` and `side` may be absent."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One score of a table, as far as the model needs it."""

    participant_id: str
    session_id: str
    assay: str
    site: str
    measure: str
    z: float | None


def read_scores(path: Path) -> tuple[list[Scored], list[Problem]]:
    """Read a table of scores.

    A row whose z is not a finite number is refused and named; its participant keeps a profile from the other rows.

    Raises
    ------
    BadInput
        The file is no such table.
    """
    header, raw, problems = split_tsv(files.read_text(path), path.name)
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise BadInput(
            Problem(
                what=f"the column {missing[0]} is missing",
                remedy="give the table the columns participant_id, session_id, assay, site, side, measure and z",
                code="missing-column",
                file=path.name,
                row=1,
                column=missing[0],
            )
        )
    rows: list[Scored] = []
    for row in raw:
        read, wrong = _scored(row)
        rows += read
        problems += wrong
    return rows, problems


_Z = SCORES.column("z")


@lru_cache(maxsize=65_536)
def _text(cell: str) -> str:
    """Return a cell as one clean line; the same few words fill a table."""
    return clean_text(cell.strip()) or MISSING


def _scored(row: RawRow) -> tuple[list[Scored], list[Problem]]:
    cells = row.cells
    person = _text(cells["participant_id"])
    if person == MISSING:
        return [], [_problem(row, "participant_id", "the cell is empty, so nobody can be explained by this row")]
    wrong: list[Problem] = []
    z: float | None = None
    try:
        value = _Z.parse(cells["z"])
        z = None if value is None else float(value)
    except ValueError as error:
        wrong.append(_problem(row, "z", str(error)))
    session = _text(cells.get("session_id", ""))
    return [Scored(person, session, _text(cells["assay"]), _text(cells["site"]), _text(cells["measure"]), z)], wrong


def _problem(row: RawRow, column: str, what: str) -> Problem:
    return Problem(
        what=what,
        remedy="correct the cell or write n/a",
        code="bad-cell",
        file=row.file,
        row=row.row,
        column=column,
        value=row.cells.get(column, ""),
        participant_id=row.cells.get("participant_id", ""),
    )
