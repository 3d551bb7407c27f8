"""Spreadsheets of any kind as columns of text: CSV, TSV, XLSX, SPSS.

Nothing is guessed about what a cell means. A cell that no table holds (a megabyte of text) is refused by row and
column.
"""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nociscope import files
from nociscope.problems import BadInput, InputMissing, NociscopeError, Problem, UsageError, clean_text

MAX_SHEET_BYTES = 128 * 2**20
MAX_CELL = 10_000
"""Longest cell in characters; free text that is longer has no place in a study."""

MAX_UNPACKED = 256 * 2**20
"""Most bytes that a workbook may unpack to."""

DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A spreadsheet as columns.

    Attributes
    ----------
    name : str
        The file's name.
    columns : mapping
        Header -> cells as text, empty where missing.
    rows : tuple of int
        The line of the file that each row stands in.
    ragged : int
        Rows that were left out because they do not fit the header.
    labels : mapping
        Column -> code -> label, for formats that carry them.
    problems : tuple of Problem
    """

    name: str
    columns: dict[str, list[str]]
    rows: tuple[int, ...]
    ragged: int = 0
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def size(self) -> int:
        """The number of usable rows."""
        return len(self.rows)


def existing(path: Path) -> Path:
    """Return a path that exists.

    Raises
    ------
    InputMissing
        It does not.
    """
    if not path.exists():
        raise InputMissing(f"{path}: there is no such file.")
    return path


def read_sheet(path: Path, *, delimiter: str = "", encoding: str = "utf-8", sheet: str = "") -> Sheet:
    """Read a CSV, TSV, XLSX or SPSS file.

    Parameters
    ----------
    path : Path
        ``.xlsx`` and ``.sav`` are known by their ending; all else is delimited text.
    delimiter : str
        Of text; default: the one that the header has most of.
    encoding : str
        Of text; UTF-8 may have a byte-order mark.
    sheet : str
        Of a workbook; default: its first.

    Raises
    ------
    InputMissing
        There is no such file.
    BadInput
        It is no such file, or has no header.
    NociscopeError
        A package that is needed for it is not installed.
    """
    existing(path)
    ending = path.suffix.lower()
    if ending == ".xlsx":
        return _sheet(path.name, *_xlsx(path, sheet))
    if ending in (".sav", ".zsav"):
        return _spss(path)
    return _sheet(path.name, *_text_rows(read_text(path, encoding), path.name, delimiter))


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """Read delimited text.

    Raises
    ------
    BadInput
        It is not text in this encoding; the message names the row.
    UsageError
        There is no such encoding.
    """
    data = files.read_bytes(existing(path), path.name, MAX_SHEET_BYTES)
    if encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig"):
        return files.decode(data, path.name)
    try:
        text = data.decode(encoding)
    except LookupError:
        raise UsageError(f"“{clean_text(encoding, 40)}” is not an encoding; try utf-8, cp1252 or utf-16.") from None
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        what = f"is not {clean_text(encoding, 40)} text (row {row})"
        raise BadInput(Problem(what=what, remedy="name its encoding", code="bad-encoding", file=path.name)) from None
    if "\0" in text:
        raise BadInput(
            Problem(what="holds NUL characters", remedy="name its encoding", code="bad-encoding", file=path.name)
        )
    return text


Lines = Iterable[tuple[int, Sequence[str]]]


def _text_rows(text: str, name: str, delimiter: str) -> tuple[Sequence[str], Lines]:
    sample = text[:100_000].split("\n", 1)[0]
    mark = delimiter or max(DELIMITERS, key=sample.count)
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)

    def rows() -> Lines:
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                what = f"is not delimited text ({clean_text(error, 80)} at row {line})"
                raise BadInput(
                    Problem(what=what, remedy="export it again", code="bad-csv", file=name, row=line)
                ) from None
            if row and any(row):
                yield line, row

    found = iter(rows())
    first = next(found, None)
    if first is None:
        raise BadInput(Problem(what="the table is empty", remedy="export it again", code="empty-table", file=name))
    return first[1], found


def _sheet(name: str, header: Sequence[str], lines: Lines) -> Sheet:
    """Put rows into columns; long cells and ragged rows are named."""
    names = checked_header(name, header)
    problems: list[Problem] = []
    columns: list[list[str]] = [[] for _ in names]
    rows: list[int] = []
    ragged = 0
    share: dict[str, str] = {}
    for line, row in lines:
        if len(row) != len(names):
            ragged += 1
            what = f"the row has {len(row)} cells and the header {len(names)}, so it is not used"
            problems.append(Problem(what=what, remedy="correct the row", code="ragged-row", file=name, row=line))
            continue
        rows.append(line)
        for place, cell in enumerate(row):
            if len(cell) > 24:
                if len(cell) > MAX_CELL:
                    problems.append(_too_long(name, line, names[place], cell))
                    cell = ""
            else:
                cell = share.setdefault(cell, cell)  # the same few answers stand in most cells
            columns[place].append(cell)
    return Sheet(name, dict(zip(names, columns, strict=True)), tuple(rows), ragged, {}, tuple(problems))


def checked_header(name: str, header: Sequence[str]) -> list[str]:
    """Return the column names, each with a name of its own.

    Raises
    ------
    BadInput
        A name repeats, or all are empty.
    """
    names = [clean_text(h, 200) for h in header]
    while names and not names[-1]:
        names.pop()  # a delimiter at the end of each line
    seen: set[str] = set()
    for place, column in enumerate(names):
        if column and column in seen:
            what = "this column name stands twice"
            raise BadInput(
                Problem(what=what, remedy="rename one", code="bad-header", file=name, row=1, column=column)
            )
        names[place] = column or f"column {place + 1}"
        seen.add(column)
    if not names:
        raise BadInput(
            Problem(what="the header is empty", remedy="name the columns", code="bad-header", file=name, row=1)
        )
    return names + [f"column {k}" for k in range(len(names) + 1, len(header) + 1)]


def _too_long(name: str, row: int, column: str, cell: str) -> Problem:
    return Problem(
        what=f"the cell has {len(cell):,} characters where {MAX_CELL:,} are allowed, so it is taken as missing",
        remedy="shorten it",
        code="cell-too-long",
        file=name,
        row=row,
        column=column,
        value=cell[:80],
    )


def _missing_package(package: str, what: str) -> NociscopeError:
    error = NociscopeError(f"Reading {what} needs the package {package}: pip install 'nociscope[import]'.")
    error.exit_code = 73
    return error


def _xlsx(path: Path, sheet: str) -> tuple[Sequence[str], Lines]:
    try:
        import openpyxl
    except ImportError:
        raise _missing_package("openpyxl", "workbooks (.xlsx)") from None
    import zipfile

    data = files.read_bytes(path, path.name, MAX_SHEET_BYTES)
    bad = Problem(
        what="is no workbook (.xlsx)", remedy="save it again as .xlsx or CSV", code="bad-xlsx", file=path.name
    )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(i.file_size for i in archive.infolist()) > MAX_UNPACKED:
                raise BadInput(Problem(what="unpacks to more than 256 MB", remedy="save it as CSV", file=path.name))
            if any(
                b"<!DOCTYPE" in archive.open(i).read(2048) for i in archive.infolist() if i.filename.endswith(".xml")
            ):
                raise BadInput(bad)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except BadInput:
        raise
    except Exception:  # noqa: BLE001 - zip and XML readers raise many kinds on damaged data
        raise BadInput(bad) from None
    if sheet and sheet not in book.sheetnames:
        known = ", ".join(clean_text(n, 40) for n in book.sheetnames[:10])
        what = f"has no sheet {clean_text(sheet, 40)}; there are {known}"
        raise BadInput(Problem(what=what, remedy="name one of them", code="no-sheet", file=path.name))
    chosen = book[sheet] if sheet else book.worksheets[0]

    chosen.reset_dimensions()  # what a sheet says of its own size can be a billion cells

    def rows() -> Lines:
        width = 0
        try:
            for number, row in enumerate(chosen.iter_rows(values_only=True), start=1):
                cells = [_cell_text(c) for c in row]
                while cells and not cells[-1]:
                    cells.pop()
                if cells:
                    width = width or len(cells)
                    yield number, cells + [""] * (width - len(cells))
        except Exception:  # noqa: BLE001
            raise BadInput(bad) from None

    found = iter(rows())
    first = next(found, None)
    if first is None:
        raise BadInput(Problem(what="the sheet is empty", remedy="name another", code="empty-table", file=path.name))
    return first[1], found


def _cell_text(value: Any) -> str:
    """Return a typed cell as text: whole numbers without a point, dates as ISO, times as HH:MM."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
    if hasattr(value, "isoformat"):
        text = str(value.isoformat())
        if "T" in text:
            return text.removesuffix("T00:00:00")
        return text[:5] if len(text) == 8 and text[2] == ":" else text
    return str(value)


def _spss(path: Path) -> Sheet:
    try:
        import pyreadstat
    except ImportError:
        raise _missing_package("pyreadstat", "SPSS files (.sav)") from None
    files.read_bytes(path, path.name, MAX_SHEET_BYTES)  # the reader below opens the path itself: bounds first
    try:
        frame, meta = pyreadstat.read_sav(
            str(path), user_missing=False, apply_value_formats=False, dates_as_pandas_datetime=False
        )
    except Exception:  # noqa: BLE001 - the reader raises many kinds on damaged data
        raise BadInput(
            Problem(what="is no SPSS file", remedy="save it again as .sav", code="bad-sav", file=path.name)
        ) from None
    names = checked_header(path.name, [str(c) for c in frame.columns])
    columns: dict[str, list[str]] = {}
    problems: list[Problem] = []
    for name, column in zip(names, frame.columns, strict=True):
        cells = [_spss_text(v) for v in frame[column].tolist()]
        for place, cell in enumerate(cells):
            if len(cell) > MAX_CELL:
                problems.append(_too_long(path.name, place + 1, name, cell))
                cells[place] = ""
        columns[name] = cells
    labels = {
        str(column): {_spss_text(code): str(label) for code, label in found.items()}
        for column, found in meta.variable_value_labels.items()
    }
    return Sheet(path.name, columns, tuple(range(1, len(frame) + 1)), 0, labels, tuple(problems))


def _spss_text(value: Any) -> str:
    return "" if value is None or value != value else _cell_text(value)
