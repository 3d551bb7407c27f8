"""``participants.tsv``: who takes part, typed, and without what identifies a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nociscope.problems import BadInput, InvalidStudy, Problem, clean_text
from nociscope.study.entities import is_identifier
from nociscope.study.identity import identifies
from nociscope.study.records import Participant
from nociscope.tsv import Column, RawRow, split_tsv

FILE = "participants.tsv"

_SEX = {
    "f": "F", "female": "F", "w": "F", "woman": "F", "m": "M", "male": "M", "man": "M",
    "o": "O", "other": "O", "intersex": "O", "x": "O",
}  # fmt: skip

_NUMBERS = {
    "age": Column("age", "Age", "number", "years", minimum=0, maximum=120),
    "height_cm": Column("height_cm", "Height", "number", "cm", minimum=30, maximum=250),
    "weight_kg": Column("weight_kg", "Weight", "number", "kg", minimum=1, maximum=400),
}


@dataclass(frozen=True, slots=True)
class People:
    """The participants in file order, and what was wrong with their rows."""

    participants: Mapping[str, Participant]
    problems: tuple[Problem, ...]


def read_people(text: str) -> People:
    """Read the text of ``participants.tsv``.

    A cell that cannot be right costs its own value only. Column names are compared without case; ``gender`` is taken
    for ``sex`` where there is no ``sex`` column.

    Raises
    ------
    InvalidStudy
        There is no ``participant_id`` column, a participant stands twice, or no row can be used.
    """
    try:
        header, rows, problems = split_tsv(text, FILE)
    except BadInput as error:
        raise InvalidStudy(error.problems) from None
    if "participant_id" not in header:
        raise InvalidStudy(
            Problem(
                what="the column participant_id is missing",
                remedy="name the first column participant_id, tab-separated",
                code="missing-column",
                file=FILE,
                row=1,
            )
        )
    roles, dropped = _roles(header)
    found: dict[str, Participant] = {}
    lines: dict[str, int] = {}
    for row in rows:
        person = row.cells["participant_id"].strip()
        wrong = _label_problem(row, person)
        if wrong is not None:
            problems.append(wrong)
            continue
        if person in found:
            raise InvalidStudy(
                Problem(
                    what=f"the participant stands in rows {lines[person]} and {row.row}",
                    remedy="keep one row a participant; what changes between visits belongs into sub-*_sessions.tsv",
                    code="participant-twice",
                    file=FILE,
                    row=row.row,
                    column="participant_id",
                    participant_id=person,
                )
            )
        lines[person] = row.row
        found[person] = _participant(row, person, roles, problems)
    if not found:
        raise InvalidStudy(
            [
                Problem(
                    what="there is no participant in the table",
                    remedy="write one row for each, with participant_id sub-<label>",
                    code="no-participants",
                    file=FILE,
                ),
                *problems,
            ]
        )
    if dropped:
        problems.append(
            Problem(
                what=f"{len(dropped)} column{'s that identify' if len(dropped) > 1 else ' that identifies'} a person "
                f"({', '.join(clean_text(d, 40) for d in dropped)}) dropped on reading",
                remedy="keep such columns out of a research dataset",
                code="identifying-columns",
                severity="note",
                file=FILE,
            )
        )
    return People(found, (*problems, *_differ_by_case(found)))


def _roles(header: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return what each column is for (column -> field name, empty for a covariate) and the ones to drop."""
    roles: dict[str, str] = {}
    dropped: list[str] = []
    lower = {name.lower(): name for name in reversed(header)}
    sex = lower.get("sex") or lower.get("gender")
    for name in header:
        key = name.lower()
        if name == "participant_id":
            continue
        if identifies(name):
            dropped.append(name)
        elif name == sex:
            roles[name] = "sex"
        elif key in (*_NUMBERS, "group") and lower[key] == name:
            roles[name] = key
        else:
            roles[name] = ""
    return roles, dropped


def _label_problem(row: RawRow, person: str) -> Problem | None:
    if is_identifier(person, "sub"):
        return None
    missing = person in ("", "n/a")
    return Problem(
        what="the row names no participant" if missing else "is no BIDS participant, so the row is not processed",
        remedy="write sub- and then letters, digits or +",
        code="bad-label",
        file=row.file,
        row=row.row,
        column="participant_id",
        value="" if missing else person,
    )


def _participant(row: RawRow, person: str, roles: Mapping[str, str], problems: list[Problem]) -> Participant:
    values: dict[str, Any] = {}
    covariates: dict[str, str] = {}
    for column, role in roles.items():
        cell = row.cells[column].strip()
        if cell in ("", "n/a"):
            continue
        if not role:
            covariates[column] = clean_text(cell, 500)
            continue
        try:
            values[role] = _value(role, cell)
        except ValueError as error:
            problems.append(
                Problem(
                    what=f"{error}, so the value is taken as missing",
                    remedy="correct the cell or write n/a",
                    code="bad-cell",
                    file=row.file,
                    row=row.row,
                    column=column,
                    value=cell,
                    participant_id=person,
                )
            )
    return Participant(participant_id=person, covariates=covariates, **values)


def _value(role: str, cell: str) -> Any:
    if role == "group":
        return clean_text(cell, 100)
    if role == "sex":
        if cell.lower() not in _SEX:
            raise ValueError("is not one of F, M, O")
        return _SEX[cell.lower()]
    if role == "age" and cell == "89+":  # how BIDS once wrote ages that were hidden for privacy
        return 89.0
    value = _NUMBERS[role].parse(cell)
    return None if value is None else float(value)


def _differ_by_case(found: Mapping[str, Participant]) -> list[Problem]:
    seen: dict[str, str] = {}
    problems: list[Problem] = []
    for person in found:
        other = seen.setdefault(person.lower(), person)
        if other != person:
            problems.append(
                Problem(
                    what=f"differs from {other} by case alone; on some disks they share one folder",
                    remedy="rename one of them",
                    code="labels-differ-by-case",
                    severity="warning",
                    file=FILE,
                    participant_id=person,
                )
            )
    return problems
