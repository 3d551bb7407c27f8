"""A table of studies: read from a file or from memory, cells typed when they are asked for."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nociscope import files
from nociscope.problems import BadInput, InputMissing, Problem, UsageError, clean_text
from nociscope.tsv import parse_number

ALIASES = {
    "study_id": "study",
    "author": "study",
    "slab": "study",
    "xi": "events",
    "ni": "n",
    "total": "n",
    "control_events": "ctrl_events",
    "control_n": "ctrl_n",
    "control_mean": "ctrl_mean",
    "control_sd": "ctrl_sd",
    "effect": "yi",
    "variance": "vi",
    "se": "sei",
}
"""Other names of columns, used where the column itself is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTable:
    """Studies, one a row, with cells as text.

    Attributes
    ----------
    file : str
        How messages call the table.
    header : tuple of str
        Column names, lower case.
    cells : tuple of mapping
        One a study: column -> text; empty is missing.
    rows : tuple of int
        Line of the file each study stands on; the header is row 1.
    """

    file: str
    header: tuple[str, ...]
    cells: tuple[Mapping[str, str], ...]
    rows: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.cells)

    def has(self, column: str) -> bool:
        """Tell whether a column is there and holds anything."""
        return column in self.header and any(c[column] for c in self.cells)

    @property
    def names(self) -> tuple[str, ...]:
        """How each study is called: its `study` cell, or its row."""
        out = []
        for row, cells in zip(self.rows, self.cells, strict=True):
            out.append(clean_text(cells.get("study", ""), 120) or f"row {row}")
        return tuple(out)

    def text(self, column: str) -> tuple[str, ...]:
        """Return a column as text; missing is empty.

        Raises
        ------
        UsageError
            There is no such column.
        """
        name = column.strip().lower()
        if name not in self.header:
            raise UsageError(
                f"{self.file} has no column “{clean_text(column, 60)}”; there are {', '.join(self.header)}."
            )
        return tuple(c[name] for c in self.cells)

    def numbers(self, column: str) -> tuple[float | None, ...]:
        """Return a column as numbers; missing is None.

        Raises
        ------
        BadInput
            A cell is no number; all such cells are named.
        """
        out: list[float | None] = []
        wrong: list[Problem] = []
        for i, text in enumerate(self.text(column)):
            try:
                out.append(parse_number(text))
            except ValueError as error:
                wrong.append(self.problem(i, column, f"is {error}"))
                out.append(None)
        if wrong:
            raise BadInput(wrong)
        return tuple(out)

    def problem(self, i: int, column: str, what: str, remedy: str = "correct the cell", **more: Any) -> Problem:
        """Return a problem placed at a cell of study `i`."""
        return Problem(
            what=f"{what} (study {self.names[i]})",
            remedy=remedy,
            code=more.pop("code", "bad-cell"),
            file=self.file,
            row=self.rows[i],
            column=column,
            value=self.cells[i].get(column, ""),
            **more,
        )

    def only(self, keep: Sequence[int]) -> StudyTable:
        """Return the table with these studies, in this order."""
        return StudyTable(
            file=self.file,
            header=self.header,
            cells=tuple(self.cells[i] for i in keep),
            rows=tuple(self.rows[i] for i in keep),
        )


def _bad_table(file: str, what: str, remedy: str, **more: Any) -> BadInput:
    return BadInput(Problem(what=what, remedy=remedy, code="bad-table", file=file, **more))


def _header(names: Iterable[object], file: str) -> tuple[str, ...]:
    header = tuple(clean_text(n).lower() for n in names)
    for name in header:
        if not name or header.count(name) > 1:
            what = "this column name stands twice" if name else "a column name is empty"
            raise _bad_table(file, what, "give every column one name of its own", row=1, column=name)
    return tuple(ALIASES[n] if n in ALIASES and ALIASES[n] not in header else n for n in header)


def read_studies(path: Path) -> StudyTable:
    """Read a table of studies: CSV, or with semicolons or tabs; UTF-8.

    Raises
    ------
    InputMissing
        There is no such file.
    BadInput
        It is no such table.
    """
    if not path.exists():
        raise InputMissing(f"{clean_text(path)}: there is no such file.")
    return parse_studies(files.read_text(path), path.name)


def parse_studies(text: str, file: str) -> StudyTable:
    """Return the studies of a delimited text; `file` is how messages call it.

    Raises
    ------
    BadInput
        It is empty, its header repeats a name, or a row is longer or shorter than the header.
    """
    first = text.strip().partition("\n")[0]
    delimiter = max("\t;,", key=first.count)
    try:
        lines = [(n, row) for n, row in _numbered(text, delimiter) if any(c.strip() for c in row)]
    except csv.Error as error:
        raise _bad_table(file, f"is not a table ({error})", "save it as CSV") from None
    if not lines:
        raise _bad_table(file, "the table is empty", "write a header line and one line a study")
    header = _header(lines[0][1], file)
    cells: list[dict[str, str]] = []
    for number, row in lines[1:]:
        if len(row) != len(header):
            what = f"the row has {len(row)} cells and the header {len(header)}"
            raise _bad_table(file, what, "leave missing cells empty but keep their commas", row=number)
        cells.append({name: _cell(c) for name, c in zip(header, row, strict=True)})
    if not cells:
        raise _bad_table(file, "the table has a header and no study", "write one line a study")
    return StudyTable(file=file, header=header, cells=tuple(cells), rows=tuple(n for n, _ in lines[1:]))


def _numbered(text: str, delimiter: str) -> Iterable[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = 0
    for row in reader:
        yield before + 1, row
        before = reader.line_num


def _cell(value: object) -> str:
    """Return a cell as text; the usual words for missing become empty."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    text = repr(float(value)) if isinstance(value, float) else clean_text(value)
    return "" if text.lower() in ("n/a", "na", "nan", "none", ".", "<na>") else text


def as_studies(data: Any) -> StudyTable:
    """Return a table of studies from what a caller has.

    Parameters
    ----------
    data : StudyTable, path, mapping of columns, sequence of mappings, or DataFrame

    Raises
    ------
    BadInput
        The columns are of different lengths, or there is none.
    """
    if isinstance(data, StudyTable):
        return data
    if isinstance(data, str | Path):
        return read_studies(Path(data))
    if hasattr(data, "to_dict") and hasattr(data, "columns"):
        data = {str(c): list(data[c]) for c in data.columns}
    elif not isinstance(data, Mapping):
        rows = list(data)
        keys = dict.fromkeys(k for row in rows for k in row)
        data = {k: [row.get(k) for row in rows] for k in keys}
    columns = {str(k): list(v) for k, v in data.items()}
    lengths = {len(v) for v in columns.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise _bad_table("the table", "the columns are empty or of different lengths", "give each one cell a study")
    header = _header(columns, "the table")
    cells = [dict(zip(header, (_cell(c) for c in row), strict=True)) for row in zip(*columns.values(), strict=True)]
    return StudyTable(file="the table", header=header, cells=tuple(cells), rows=tuple(range(2, len(cells) + 2)))
