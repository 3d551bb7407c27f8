"""What was wrong, as a table for people and programs; and what was run when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nociscope import files
from nociscope.engine import store
from nociscope.problems import Problem
from nociscope.tsv import MISSING, Column, Table, Value

PROBLEMS = Table(
    "problems",
    "One thing that is wrong with the input",
    (
        Column("participant_id", "Participant; n/a where it concerns the study"),
        Column("session_id", "Visit"),
        Column("assay", "The test"),
        Column(
            "severity",
            "What it means for the results",
            "choice",
            choices={
                "error": "data were refused; the run ends with 1",
                "warning": "data were used but look wrong",
                "note": "worth knowing, nothing is wrong",
            },
        ),
        Column("code", "Short stable name of the kind of problem"),
        Column("file", "File relative to the study"),
        Column("row", "Line of the file; the header is line 1", "integer", minimum=1),
        Column("column", "Column"),
        Column("value", "The cell as found"),
        Column("what", "What is wrong and what was expected"),
        Column("remedy", "What to do"),
    ),
)

_RANK = {"error": 0, "warning": 1, "note": 2}


def in_order(problems: Iterable[Problem], participants: Sequence[str]) -> tuple[Problem, ...]:
    """Return the problems without repeats: those of the study first, then by participant, file and row.

    Parameters
    ----------
    problems : iterable of Problem
    participants : sequence of str
        In the order of ``participants.tsv``.
    """
    places = {person: i for i, person in enumerate(participants)}

    def place(p: Problem) -> tuple[object, ...]:
        person = places.get(p.participant_id, len(places)) if p.participant_id else -1
        return (
            person,
            p.participant_id,
            p.session_id,
            _RANK[p.severity],
            p.file,
            p.row or 0,
            p.column,
            p.assay,
            p.what,
        )

    unique = {(p.sentence(), p.severity): p for p in problems}
    return tuple(sorted(unique.values(), key=place))


def _row(problem: Problem) -> Mapping[str, Value]:
    row: dict[str, Value] = {name: getattr(problem, name) for name in PROBLEMS.names}
    return row


def write_problems(out: Path, problems: Sequence[Problem]) -> None:
    """Write ``logs/problems.tsv`` and its data dictionary."""
    store.write(out, "logs/problems.tsv", PROBLEMS.to_tsv(_row(p) for p in problems))
    store.write(out, "logs/problems.json", files.to_json(PROBLEMS.dictionary()))


def write_log(out: Path, lines: Iterable[str]) -> None:
    """Write ``logs/run.log``; it may hold times, so it is no part of the results."""
    store.write(out, "logs/run.log", "".join(f"{line or MISSING}\n" for line in lines))
