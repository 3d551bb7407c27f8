"""Rows of an import gathered into the tables of a study, and written beside what is there already."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from nociscope import files
from nociscope.problems import BadInput, CannotWrite, Problem, clean_text
from nociscope.study.entities import is_identifier
from nociscope.study.importers.registering import describe
from nociscope.tsv import MISSING, Table, format_cell, split_tsv

PEOPLE = "participants"

_PEOPLE_COLUMNS = {
    "participant_id": {"Description": "Participant, sub-<label>"},
    "age": {"Description": "Age", "Units": "year"},
    "sex": {"Description": "Sex", "Levels": {"F": "female", "M": "male", "O": "other"}},
    "group": {"Description": "Group of the study"},
    "height_cm": {"Description": "Body height", "Units": "cm"},
    "weight_kg": {"Description": "Body weight", "Units": "kg"},
}


def label_of(text: str) -> str:
    """Return the letters and digits of an identifier; empty when there are none, or more than 64."""
    label = re.sub(r"[^A-Za-z0-9]", "", text.strip())
    return label if len(label) <= 64 else ""


@dataclass(slots=True)
class Labels:
    """Participant labels for identifiers of the source: the same identifier, the same label, and no label twice.

    With `renumber`, people are ``sub-0001``, ``sub-0002``, … in the order of the source, and the source's
    identifiers are kept nowhere.
    """

    renumber: bool = False
    given: dict[str, str] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)

    def person(self, identifier: str) -> tuple[str, str]:
        """Return ``sub-<label>`` and an empty text, or an empty label and why."""
        key = identifier.strip()
        if not key or key.lower() in (MISSING, "na", "nan"):
            return "", "no participant identifier"
        if key in self.given:
            return self.given[key], ""
        if self.renumber:
            label = f"{len(self.given) + 1:05d}"
        else:
            label = label_of(key.removeprefix("sub-"))
            if not label:
                return "", "the identifier has no letters or digits, or more than 64"
            if self.taken.get(label, key) != key:
                return "", "two identifiers would be the same label"
        self.taken[label] = key
        self.given[key] = f"sub-{label}"
        return self.given[key], ""


Row = Mapping[str, str]


@dataclass(slots=True)
class StudyTables:
    """The tables that an import fills.

    Attributes
    ----------
    root : Path
        The study; made when it does not exist.
    people : dict
        ``sub-…`` -> its cells.
    rows : dict
        Table -> rows, each with `participant_id` and `session_id`.
    dictionaries : dict
        Table -> column -> entry of its BIDS data dictionary, for tables that the program does not know.
    """

    root: Path
    people: dict[str, dict[str, str]] = field(default_factory=dict)
    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    dictionaries: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def person(self, participant_id: str, cells: Row, file: str = "", row: int | None = None) -> None:
        """Add a person, or what is new about one; a contradiction keeps the first value and is said."""
        known = self.people.setdefault(participant_id, {})
        for column, cell in cells.items():
            if cell in ("", MISSING):
                continue
            before = known.setdefault(column, cell)
            if before != cell:
                self.problems.append(
                    Problem(
                        what=f"differs from “{clean_text(before, 40)}” in an earlier row, which is kept",
                        remedy="what changes between visits belongs into a table, not into participants.tsv",
                        code="person-differs",
                        severity="warning",
                        file=file,
                        row=row,
                        column=column,
                        value=cell,
                        participant_id=participant_id,
                    )
                )

    def add(self, table: str, row: dict[str, str]) -> None:
        """Add a row to a table."""
        self.rows.setdefault(table, []).append(row)

    def planned(self) -> dict[str, int]:
        """Return file -> rows that there are to write."""
        return {f"{PEOPLE}.tsv": len(self.people)} | {f"phenotype/{t}.tsv": len(r) for t, r in self.rows.items()}

    def write(self, name: str) -> dict[str, int]:
        """Write everything into the study and return file -> new rows.

        Rows that are there already, cell by cell, are not written again; a row of the same observation with other
        values is refused and said, for nothing in a study is overwritten.

        Raises
        ------
        CannotWrite
            The folder cannot be written.
        BadInput
            A table of the study cannot be read.
        """
        if self.root.exists() and not self.root.is_dir():
            raise CannotWrite(f"{self.root}: is a file; name a folder for the study.")
        written: dict[str, int] = {}
        merged = {table: self._merged(table) for table in self.rows}
        people, count = self._merged_people()
        if describe(self.root, name):
            title = clean_text(name, 80) or "Study"
            files.write_atomic(self.root / "README", f"{title}\n\nImported by nociscope.\n")
        files.write_atomic(self.root / f"{PEOPLE}.tsv", people)
        written[f"{PEOPLE}.tsv"] = count
        columns = people.split("\n", 1)[0].split("\t")
        entries = {c: _PEOPLE_COLUMNS.get(c, {"Description": f"As imported: {c}"}) for c in columns}
        _write_new(self.root / f"{PEOPLE}.json", entries)
        for table, (text, count, header) in merged.items():
            files.write_atomic(self.root / "phenotype" / f"{table}.tsv", text)
            written[f"phenotype/{table}.tsv"] = count
            _write_new(self.root / "phenotype" / f"{table}.json", self._dictionary(table, header))
        self._ignore_repeats(merged)
        return written

    def _dictionary(self, table: str, header: Iterable[str]) -> dict[str, Any]:
        known = known_table(table)
        base = known.dictionary() if known is not None else {}
        own = self.dictionaries.get(table, {})
        return {c: base.get(c) or own.get(c) or {"Description": f"As imported: {c}"} for c in header}

    def _merged_people(self) -> tuple[str, int]:
        header, old = _existing(self.root / f"{PEOPLE}.tsv", f"{PEOPLE}.tsv")
        before = {r["participant_id"]: r for r in old}
        columns = list(dict.fromkeys(("participant_id", *header, *_in_order(self.people.values()))))
        count = 0
        for person, cells in self.people.items():
            row = before.get(person)
            if row is None:
                count += 1
                row = before.setdefault(person, {"participant_id": person})
            for column, cell in cells.items():
                if row.get(column, MISSING) in ("", MISSING):
                    row[column] = cell
                elif row[column] != _cell(cell):
                    self.problems.append(_differs(f"{PEOPLE}.tsv", person, column, cell, row[column]))
        return _tsv(columns, before.values()), count

    def _merged(self, table: str) -> tuple[str, int, list[str]]:
        file = f"phenotype/{table}.tsv"
        header, old = _existing(self.root / "phenotype" / f"{table}.tsv", file)
        known = known_table(table)
        new = self.rows[table]
        present = dict.fromkeys(c for row in new for c in row)
        usual = [c for c in known.names if c in present] if known is not None else []
        columns = list(dict.fromkeys(("participant_id", "session_id", *header, *usual, *present)))
        key = known.key if known is not None and known.key else ()
        seen = {_key(row, key or columns): row for row in old}
        every = list(old)
        count = 0
        for given in new:
            row = {c: _cell(v) for c, v in given.items()}
            mark = _key(row, key or columns)
            same = seen.get(mark)
            if same is None:
                seen[mark] = row
                every.append(row)
                count += 1
            elif any(row.get(c, MISSING) != same.get(c, MISSING) for c in columns):
                if old and same in old:
                    self.problems.append(
                        _differs(file, row["participant_id"], "", "", "", row.get("session_id", MISSING))
                    )
                else:
                    every.append(row)  # the study's own reader names rows that contradict each other
                    count += 1
            elif not old:
                every.append(row)  # a repeat within the source stays visible
                count += 1
        return _tsv(columns, every), count, columns

    def _ignore_repeats(self, merged: Mapping[str, tuple[str, int, list[str]]]) -> None:
        """List tables with several rows a person in .bidsignore: see ``docs/virtual_studies.md``."""
        path = self.root / ".bidsignore"
        before = files.read_text(path) if path.exists() else ""
        lines = before.splitlines()
        for table, (text, _, _) in merged.items():
            people = [line.split("\t", 1)[0] for line in text.splitlines()[1:]]
            line = f"phenotype/{table}.*"
            if max(Counter(people).values(), default=0) > 1 and line not in lines:
                lines.append(line)
        if lines and "\n".join(lines) != before.rstrip("\n"):
            files.write_atomic(path, "\n".join(lines) + "\n")


def _declared() -> Iterator[Table]:
    from nociscope.assays.registry import assays
    from nociscope.study.inputs import TableInput

    for assay in assays():
        for wanted in assay.inputs:
            if isinstance(wanted, TableInput):
                yield wanted.table


def known_table(name: str) -> Table | None:
    """Return the table of this name that some assay reads, None when none does."""
    return next((t for t in _declared() if t.name == name), None)


def forms() -> tuple[Table, ...]:
    """Return the tables with one row a visit: questionnaires, whose columns have names of their own."""
    return tuple(t for t in _declared() if t.key == ("participant_id", "session_id"))


@lru_cache(maxsize=65536)
def _short_cell(text: str) -> str:
    return format_cell(text)


def _cell(text: str) -> str:
    """Return a cell as it is written; the same few short ones stand in most cells of a table."""
    return _short_cell(text) if len(text) < 40 else format_cell(text)


def _in_order(cells: Iterable[Row]) -> list[str]:
    found = dict.fromkeys(c for row in cells for c in row)
    return [c for c in _PEOPLE_COLUMNS if c in found] + [c for c in found if c not in _PEOPLE_COLUMNS]


def _key(row: Row, columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(row.get(c, MISSING) or MISSING for c in columns)


def _tsv(columns: list[str], rows: Iterable[Row]) -> str:
    lines = ["\t".join(columns)]
    lines += ["\t".join([_cell(row.get(c, MISSING)) for c in columns]) for row in rows]
    return "\n".join(lines) + "\n"


def _existing(path: Path, file: str) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    if not path.exists():
        return (), []
    header, rows, problems = split_tsv(files.read_text(path, file), file)
    if "participant_id" not in header or problems:
        what = "the table of the study cannot be read, so nothing is added to it"
        raise BadInput(Problem(what=what, remedy="see nociscope check", code="bad-table", file=file))
    return header, [dict(r.cells) for r in rows]


def _write_new(path: Path, entries: Mapping[str, Any]) -> None:
    """Write a data dictionary, or add the columns that it lacks."""
    before: dict[str, Any] = {}
    if path.exists():
        content = files.read_json(path)
        before = content if isinstance(content, dict) else {}
    files.write_atomic(path, files.to_json({**before, **{k: v for k, v in entries.items() if k not in before}}))


def _differs(file: str, person: str, column: str, cell: str, before: str, session: str = "") -> Problem:
    return Problem(
        what=f"the study has “{clean_text(before, 40)}”, which is kept"
        if column
        else "the study has this observation with other values, which are kept",
        remedy="remove it there first if the new one is right",
        code="in-study-already",
        file=file,
        column=column,
        value=cell,
        participant_id=person,
        session_id="" if session == MISSING else session,
    )


def session_of(text: str) -> str:
    """Return ``ses-<label>`` of a visit's name, ``n/a`` of none.

    Raises
    ------
    ValueError
        It has no letters or digits.
    """
    name = text.strip()
    if name in ("", MISSING):
        return MISSING
    session = f"ses-{label_of(name.removeprefix('ses-'))}"
    if not is_identifier(session, "ses"):
        raise ValueError("the visit's name has no letters or digits")
    return session
