"""What a table is: its cells, columns and rows, read from TSV, checked, written, and described.

One :class:`Table` gives the TSV, its BIDS data dictionary, the documentation table, and the validation of
what comes in. Input tables (``phenotype/skin_biopsy.tsv``) and result tables (``readings.tsv``) are the same kind of
thing, so they are written, read and checked by the same code.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from nociscope.problems import BadInput, Problem, clean_text

Kind = Literal["text", "number", "integer", "choice", "label", "date"]
Value = float | int | str | None

MISSING = "n/a"

_NUMBER = re.compile(r"[+-]?(\d{1,30}([.,]\d{0,30})?|[.,]\d{1,30})([eE][+-]?\d{1,3})?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")
_LABEL = re.compile(r"[A-Za-z0-9+]+")


def parse_number(text: str) -> float | None:
    """Return the number a cell holds, or None when it is missing (``n/a``, empty, NaN).

    A decimal comma is read as a decimal point. A thousands separator is not understood: ``1,234.5`` is refused, and
    so is ``1,234``, which may be either.

    Raises
    ------
    ValueError
        The cell is neither a finite number nor missing.
    """
    cell = text.strip()
    if cell.lower() in ("", "n/a", "nan", "na"):
        return None
    if not _NUMBER.fullmatch(cell):
        raise ValueError("not a number")
    if _THOUSANDS.fullmatch(cell):
        raise ValueError("ambiguous (a decimal comma or a thousands separator)")
    number = float(cell.replace(",", "."))
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def format_number(value: float) -> str:
    """Return the number with ten significant digits, the same on every machine; ``n/a`` when it is not finite.

    Ten digits are far beyond any measurement here and hide the last-bit differences between numeric libraries.
    """
    if not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    text = f"{value:.10g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}"


def format_cell(value: Value) -> str:
    """Return a value as one TSV cell: missing as ``n/a``, text on one line and neutralised.

    Text that a spreadsheet would run as a formula (it begins with ``= + - @`` and is no number) gets a leading
    apostrophe.
    """
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):  # also the numbers of numpy
        return format_number(float(value))
    text = clean_text(value)
    if not text:
        return MISSING
    if text[0] in "=+-@" and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name, description : str
        As in the file, and what it means in one line.
    kind : str
        `number` (finite), `integer`, `choice` (one of `choices`), `label` (letters, digits and ``+``), `date` (ISO),
        `text`.
    unit : str
        Unit of a number; empty for none.
    choices : mapping
        For `choice`: value -> meaning.
    minimum, maximum : float or None
        Smallest and largest possible value, inclusive.
    required : bool
        The column must be in the file.
    needed : bool
        The cell must not be missing; a row without it is refused.
    """

    name: str
    description: str
    kind: Kind = "text"
    unit: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    needed: bool = False

    def parse(self, text: str) -> Value:
        """Return the typed value of a cell, None when it is missing.

        Raises
        ------
        ValueError
            The cell cannot be right; the message says what was expected.
        """
        cell = text.strip()
        if cell in ("", MISSING):
            return None
        if self.kind in ("number", "integer"):
            return self._number(cell)
        if self.kind == "choice" and cell not in self.choices:
            raise ValueError(f"is not one of {', '.join(self.choices)}")
        if self.kind == "label" and not _LABEL.fullmatch(cell):
            raise ValueError("is not a label of letters and digits")
        if self.kind == "date" and not _DATE.fullmatch(cell):
            raise ValueError("is not a date like 2026-01-31")
        return clean_text(cell)

    def _number(self, cell: str) -> Value:
        of_unit = f" in {self.unit}" if self.unit else ""
        try:
            number = parse_number(cell)
        except ValueError as error:
            raise ValueError(f"is {error}; expected a number{of_unit}") from None
        if number is None:
            return None
        if self.minimum is not None and number < self.minimum:
            raise ValueError(f"is below {format_number(self.minimum)}, the smallest possible value{of_unit}")
        if self.maximum is not None and number > self.maximum:
            raise ValueError(f"is above {format_number(self.maximum)}, the largest possible value{of_unit}")
        if self.kind == "integer":
            if number != int(number):
                raise ValueError("is not a whole number")
            return int(number)
        return number

    def dictionary(self) -> dict[str, Any]:
        """Return the column's entry of a BIDS data dictionary."""
        entry: dict[str, Any] = {"Description": self.description}
        if self.kind in ("number", "integer"):
            entry["Format"] = self.kind
            if self.unit:
                entry["Units"] = self.unit
            if self.minimum is not None:
                entry["Minimum"] = self.minimum
            if self.maximum is not None:
                entry["Maximum"] = self.maximum
        if self.choices:
            entry["Levels"] = dict(self.choices)
        return entry


@dataclass(frozen=True, slots=True)
class RawRow:
    """One line of a table as found: cells by column name, and where it stood.

    `row` is the line of the file, the header being row 1.
    """

    file: str
    row: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table with typed cells; a missing cell or column is None."""

    file: str
    row: int
    cells: Mapping[str, Value]
    raw: Mapping[str, str]

    def __getitem__(self, column: str) -> Value:
        return self.cells[column]

    def number(self, column: str) -> float | None:
        """Return a numeric cell as float, None when missing."""
        value = self.cells.get(column)
        return None if value is None else float(value)

    def text(self, column: str, missing: str = "") -> str:
        """Return a text cell, `missing` when it is missing."""
        value = self.cells.get(column)
        return missing if value is None else str(value)

    def problem(self, column: str, what: str, remedy: str, **more: Any) -> Problem:
        """Return a :class:`~nociscope.problems.Problem` placed at a cell of this row."""
        return Problem(
            what=what,
            remedy=remedy,
            file=self.file,
            row=self.row,
            column=column,
            value=self.raw.get(column, ""),
            **more,
        )


@dataclass(frozen=True, slots=True)
class Parsed:
    """The rows of a table that could be used, and what was wrong with the others."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of table: its columns, what identifies a row, and its name.

    Attributes
    ----------
    name : str
        File stem, as in ``phenotype/<name>.tsv``.
    title : str
        What one row is, in one line.
    columns : tuple of Column
        In file order.
    key : tuple of str
        Columns that together must not repeat; empty where rows may repeat.
    open : bool
        Whether columns beyond these are allowed without a word.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    open: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in file order."""
        return tuple(c.name for c in self.columns)

    def column(self, name: str) -> Column:
        """Return a column by name."""
        return next(c for c in self.columns if c.name == name)

    def parse(self, rows: Iterable[RawRow]) -> Parsed:
        """Type and check rows; a row with a cell that cannot be right is refused whole and named.

        A repeated key with the same cells is kept once; with different cells all its rows are refused, because no
        value may be chosen silently.
        """
        good: list[Row] = []
        problems: list[Problem] = []
        for raw in rows:
            row, wrong = self._parse_row(raw)
            problems += wrong
            if row is not None:
                good.append(row)
        return self._without_conflicts(good, problems)

    def _parse_row(self, raw: RawRow) -> tuple[Row | None, list[Problem]]:
        cells: dict[str, Value] = {}
        wrong: list[Problem] = []
        for column in self.columns:
            text = raw.cells.get(column.name, "")
            try:
                cells[column.name] = column.parse(text)
                if column.needed and cells[column.name] is None:
                    raise ValueError(
                        f"the cell is empty; {column.description[0].lower()}{column.description[1:]} is needed"
                    )
            except ValueError as error:
                wrong.append(
                    Problem(
                        what=str(error),
                        remedy="correct the cell" if column.needed else "correct the cell or write n/a",
                        code="bad-cell",
                        file=raw.file,
                        row=raw.row,
                        column=column.name,
                        value=text,
                        participant_id=raw.cells.get("participant_id", ""),
                    )
                )
        if wrong:
            return None, wrong
        return Row(raw.file, raw.row, cells, raw.cells), []

    def _without_conflicts(self, rows: list[Row], problems: list[Problem]) -> Parsed:
        if not self.key:
            return Parsed(tuple(rows), tuple(problems))
        groups: dict[tuple[Value, ...], list[Row]] = {}
        for row in rows:
            groups.setdefault(tuple(row[k] for k in self.key), []).append(row)
        kept: list[Row] = []
        for same in groups.values():
            first = same[0]
            if len(same) == 1:
                kept.append(first)
                continue
            differs = any(dict(r.cells) != dict(first.cells) for r in same[1:])
            lines = ", ".join(str(r.row) for r in same)
            names = ", ".join(f"{k} {first.text(k, MISSING)}" for k in self.key)
            if not differs:
                kept.append(first)
            problems.append(
                first.problem(
                    "",
                    f"rows {lines} are the same observation ({names})"
                    + (" with different values, so none is used" if differs else ", so it is used once"),
                    "keep one of them",
                    code="duplicate-row",
                    severity="error" if differs else "warning",
                    participant_id=first.text("participant_id"),
                )
            )
        return Parsed(tuple(sorted(kept, key=lambda r: (r.file, r.row))), tuple(problems))

    def dictionary(self) -> dict[str, Any]:
        """Return the BIDS data dictionary (JSON sidecar) of this table."""
        return {c.name: c.dictionary() for c in self.columns}

    def markdown(self) -> str:
        """Return the documentation table."""
        lines = ["| column | content | unit | values |", "|---|---|---|---|"]
        for c in self.columns:
            if c.choices:
                values = ", ".join(f"`{v}`" for v in c.choices)
            elif c.minimum is not None or c.maximum is not None:
                low = "" if c.minimum is None else format_number(c.minimum)
                high = "" if c.maximum is None else format_number(c.maximum)
                values = f"{low} … {high}".strip()
            else:
                values = c.kind
            mark = " (required)" if c.required else ""
            lines.append(f"| `{c.name}`{mark} | {c.description} | {c.unit} | {values} |")
        return "\n".join(lines) + "\n"

    def to_tsv(self, rows: Iterable[Mapping[str, Value]]) -> str:
        """Return rows as TSV text with a header; a key that a row lacks is ``n/a``."""
        lines = ["\t".join(self.names)]
        lines += ["\t".join(format_cell(row.get(name)) for name in self.names) for row in rows]
        return "\n".join(lines) + "\n"


def split_tsv(text: str, file: str) -> tuple[tuple[str, ...], list[RawRow], list[Problem]]:
    """Split TSV text into a header and rows; ragged rows are refused by name.

    Parameters
    ----------
    text : str
        The decoded file; any line ends.
    file : str
        How problems call it.

    Returns
    -------
    header : tuple of str
    rows : list of RawRow
    problems : list of Problem
        One per ragged row.

    Raises
    ------
    BadInput
        There is no header, or a column name is empty or repeats.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines or not lines[0].strip():
        raise BadInput(
            Problem(
                what="the table is empty",
                remedy="write a header line, or remove the file",
                code="empty-table",
                file=file,
            )
        )
    header = tuple(name.strip() for name in lines[0].split("\t"))
    seen: set[str] = set()
    for name in header:
        if not name or name in seen:
            raise BadInput(
                Problem(
                    what="a column name is empty" if not name else "this column name stands twice",
                    remedy="give every column one name of its own",
                    code="bad-header",
                    file=file,
                    row=1,
                    column=name,
                )
            )
        seen.add(name)
    rows: list[RawRow] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != len(header):
            problems.append(
                Problem(
                    what=f"the row has {len(cells)} cells and the header {len(header)}",
                    remedy="write n/a in the missing cells"
                    if len(cells) < len(header)
                    else "remove the cells beyond the header",
                    code="ragged-row",
                    file=file,
                    row=number,
                    participant_id=_person(header, cells),
                )
            )
            continue
        rows.append(RawRow(file, number, dict(zip(header, cells, strict=True))))
    return header, rows, problems


def _person(header: Sequence[str], cells: Sequence[str]) -> str:
    """Return the participant a ragged row seems to be about, when it names one where it should."""
    if "participant_id" in header:
        place = header.index("participant_id")
        if place < len(cells) and re.fullmatch(r"sub-[A-Za-z0-9+]{1,250}", cells[place].strip()):
            return cells[place].strip()
    return ""
