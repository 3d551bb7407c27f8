"""Tables of a study, in whichever layout, as rows of one participant at one session.

Three layouts are read and become a :class:`~nociscope.study.records.RawTable` for each participant and session:

- ``phenotype/<x>.tsv`` with a column ``session_id`` (or without one, where there are no sessions);
- ``phenotype/<x>_ses-<label>.tsv`` (or ``phenotype/ses-<label>/<x>.tsv``), one file per session;
- columns of ``sub-<label>_sessions.tsv``: the table is called ``sessions`` and has one row per session.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from nociscope import files
from nociscope.problems import BadInput, Problem, clean_text
from nociscope.study.entities import is_identifier
from nociscope.study.identity import identifies
from nociscope.study.records import RawTable
from nociscope.tsv import MISSING, RawRow, split_tsv

SESSIONS = "sessions"
"""Name of the table that ``sub-<label>_sessions.tsv`` becomes."""

MAX_TABLE_BYTES = 64 * 2**20
"""Largest table of a study that is read: split into rows it takes some ten times its size."""

Key = tuple[str, str]


@dataclass(slots=True)
class Gathered:
    """The rows of all tables.

    Attributes
    ----------
    rows : dict
        (participant, session) -> table name -> rows.
    columns : dict
        Table name -> every column of its files, in the order met.
    session_order : dict
        Participant -> its sessions in the order of its sessions table.
    problems : list of Problem
    """

    rows: dict[Key, dict[str, list[RawRow]]] = field(default_factory=dict)
    columns: dict[str, dict[str, None]] = field(default_factory=dict)
    session_order: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def tables(self, participant_id: str, session_id: str) -> dict[str, RawTable]:
        """Return the tables of one visit by name."""
        found = self.rows.get((participant_id, session_id), {})
        return {
            name: RawTable(name=name, columns=tuple(self.columns[name]), rows=tuple(rows))
            for name, rows in sorted(found.items())
        }

    def move(self, participant_id: str, old: str, new: str) -> None:
        """Give a participant's rows of one session to another."""
        for name, rows in self.rows.pop((participant_id, old), {}).items():
            moved = [RawRow(r.file, r.row, {**r.cells, "session_id": new}) for r in rows]
            self.rows.setdefault((participant_id, new), {}).setdefault(name, []).extend(moved)


def gather_tables(root: Path, paths: Iterable[tuple[str, str]], people: Collection[str]) -> Gathered:
    """Read the tables of ``phenotype/``.

    A table that cannot be read at all, and a row that belongs to nobody, is a problem; everything else goes on.

    Parameters
    ----------
    root : Path
        The study.
    paths : iterable of (path, session)
        The files; `session` is that of the folder a file lies in, else ``n/a``.
    people : collection of str
        Who is in ``participants.tsv``.
    """
    gathered = Gathered()
    for path, session in paths:
        name, of_file = _table_name(path)
        try:
            if not name:
                raise BadInput(_bad_table_name(path))
            header, rows = _read(root, path, "participant_id", gathered.problems)
        except BadInput as error:
            gathered.problems += error.problems
            continue
        default = of_file if of_file != MISSING else session
        _take(gathered, name, header, rows, default, people)
    return gathered


def gather_sessions(gathered: Gathered, root: Path, path: str, participant_id: str) -> None:
    """Add the rows of one ``sub-<label>_sessions.tsv`` as the table ``sessions``."""
    wrong: list[Problem] = []
    try:
        header, rows = _read(root, path, "session_id", wrong)
    except BadInput as error:
        gathered.problems += [p.at(participant_id=participant_id) for p in error.problems]
        return
    gathered.problems += [p.at(participant_id=participant_id) for p in wrong]
    own = [RawRow(r.file, r.row, {"participant_id": participant_id, **_without_person(r)}) for r in rows]
    before = len(gathered.problems)
    _take(gathered, SESSIONS, ("participant_id", *header), own, MISSING, (participant_id,))
    refused = {p.row for p in gathered.problems[before:]}
    kept = [r for r in own if r.row not in refused]
    gathered.session_order[participant_id] = _order(kept)


def _without_person(row: RawRow) -> dict[str, str]:
    return {k: v for k, v in row.cells.items() if k != "participant_id"}


def _order(rows: list[RawRow]) -> list[str]:
    """Return the sessions by ``acq_time`` where every row has one, else in file order."""
    times = [r.cells.get("acq_time", "").strip() for r in rows]
    if rows and all(len(t) >= 10 and t[:4].isdigit() for t in times):
        rows = [r for _, r in sorted(zip(times, rows, strict=True), key=lambda pair: pair[0])]
    return list(dict.fromkeys(r.cells["session_id"].strip() for r in rows))


def _table_name(path: str) -> tuple[str, str]:
    """Return the table and session a file name says; an empty table name when it is no name."""
    stem = path.rpartition("/")[2].removesuffix(".tsv")
    name, mark, label = stem.rpartition("_ses-")
    session = MISSING
    if mark and is_identifier(f"ses-{label}", "ses"):
        stem, session = name, f"ses-{label}"
    plain = stem.replace("_", "a").replace("-", "a")
    return (stem if plain.isascii() and plain.isalnum() else ""), session


def _bad_table_name(path: str) -> Problem:
    return Problem(
        what="the name of the table is not of letters, digits, _ and -, so the table is not read",
        remedy="rename it",
        code="bad-name",
        file=path,
    )


def _read(root: Path, path: str, key: str, problems: list[Problem]) -> tuple[tuple[str, ...], list[RawRow]]:
    full = root / path
    if not files.inside(root, full):
        raise BadInput(
            Problem(
                what="the path leads out of the study",
                remedy="put the file itself into the study",
                code="outside-study",
                file=path,
            )
        )
    header, rows, wrong = split_tsv(files.read_text(full, path, MAX_TABLE_BYTES), path)
    problems += wrong
    if key not in header:
        raise BadInput(
            Problem(
                what=f"the column {key} is missing, so the table is not used",
                remedy=f"add it, with {'sub' if key == 'participant_id' else 'ses'}-<label> in every row",
                code="missing-column",
                file=path,
                row=1,
                column=key,
            )
        )
    dropped = [name for name in header if identifies(name)]
    if dropped:
        header = tuple(name for name in header if name not in dropped)
        rows = [RawRow(r.file, r.row, {k: v for k, v in r.cells.items() if k not in dropped}) for r in rows]
        problems.append(
            Problem(
                what=f"columns that identify a person ({', '.join(clean_text(d, 40) for d in dropped)}) dropped "
                "on reading",
                remedy="keep such columns out of a research dataset",
                code="identifying-columns",
                severity="note",
                file=path,
            )
        )
    return header, rows


def _take(
    gathered: Gathered,
    name: str,
    header: tuple[str, ...],
    rows: list[RawRow],
    default: str,
    people: Collection[str],
) -> None:
    """Put rows where they belong; those of nobody are named, once for each person."""
    columns = gathered.columns.setdefault(name, {})
    columns.update(dict.fromkeys(header))
    columns.setdefault("session_id")
    strangers: dict[str, list[RawRow]] = {}
    for row in rows:
        person = row.cells["participant_id"].strip()
        if person not in people:
            strangers.setdefault(person, []).append(row)
            continue
        session, wrong = _session(row, default)
        if wrong is not None:
            gathered.problems.append(wrong)
            continue
        cells = row.cells
        if cells.get("session_id") != session or cells["participant_id"] != person:
            row = RawRow(row.file, row.row, {**cells, "participant_id": person, "session_id": session})
        gathered.rows.setdefault((person, session), {}).setdefault(name, []).append(row)
    gathered.problems += [_stranger(person, found) for person, found in strangers.items()]


def _session(row: RawRow, default: str) -> tuple[str, Problem | None]:
    """Return the session of a row: that of its cell, else that of its file."""
    cell = row.cells.get("session_id", "").strip()
    if cell in ("", MISSING):
        return default, None
    problem: Callable[[str, str, str], Problem] = lambda what, remedy, code: Problem(  # noqa: E731
        what=what,
        remedy=remedy,
        code=code,
        file=row.file,
        row=row.row,
        column="session_id",
        value=cell,
        participant_id=row.cells["participant_id"].strip(),
    )
    if not is_identifier(cell, "ses"):
        return "", problem(
            "is no BIDS session, so the row is not used",
            "write ses- and then letters, digits or +, or n/a",
            "bad-label",
        )
    if default not in (MISSING, cell):
        return "", problem(
            f"is not the session {default} of the file, so the row is not used", "correct the cell", "sessions-differ"
        )
    return cell, None


def _stranger(person: str, rows: list[RawRow]) -> Problem:
    lines = ", ".join(str(r.row) for r in rows[:5]) + (", …" if len(rows) > 5 else "")
    where = f"row {lines}" if len(rows) == 1 else f"rows {lines}"
    first = rows[0]
    if is_identifier(person, "sub"):
        return Problem(
            what=f"is not in participants.tsv, so {where} cannot be used",
            remedy="add the participant there or remove the row",
            code="unknown-participant",
            file=first.file,
            row=first.row,
            column="participant_id",
            value=person,
            participant_id=person,
        )
    missing = person in ("", MISSING)
    return Problem(
        what=f"{where} {'names' if len(rows) == 1 else 'name'} no participant"
        if missing
        else f"is no BIDS participant, so {where} cannot be used",
        remedy="write sub- and then letters, digits or +, as in participants.tsv",
        code="bad-label",
        file=first.file,
        row=first.row,
        column="participant_id",
        value="" if missing else person,
    )
