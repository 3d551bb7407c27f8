"""Spreadsheets (CSV, TSV, XLSX), SPSS and Qualtrics files into a study, through a column map."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from nociscope.problems import BadInput, Problem
from nociscope.study.identity import identifies
from nociscope.study.importers.column_map import CellRule, ColumnMap, read_map
from nociscope.study.importers.mapped import import_sheet
from nociscope.study.importers.recognised import blocks_of, recognised_people, recognised_tables
from nociscope.study.importers.sheet import Sheet, read_sheet
from nociscope.study.importers.summary import Imported

_PERSON = ("participant_id", "subject_id", "record_id", "subject", "participant", "id", "ResponseId")
_SESSION = ("session_id", "session", "visit", "timepoint")


def import_table(
    source: Path,
    study: Path,
    *,
    column_map: Path | None = None,
    renumber: bool = False,
    encoding: str = "",
    dry_run: bool = False,
) -> Imported:
    """Bring a spreadsheet into a study.

    Parameters
    ----------
    source : Path
        ``.csv``, ``.tsv``, ``.xlsx``.
    study : Path
        Made when it does not exist.
    column_map : Path, optional
        TOML or YAML; see :mod:`nociscope.study.importers.column_map`. Without one, only columns are taken that are
        called like an instrument's items (``fiqr_q1``) or describe a person (``age``).
    renumber : bool
        Number participants anew.
    encoding : str
        Of text; goes before that of the map.
    dry_run : bool

    Raises
    ------
    InputMissing, BadInput, CannotWrite
        Nothing could be imported.
    """
    chosen = read_map(column_map) if column_map is not None else None
    use = encoding or (chosen.encoding if chosen is not None else "utf-8")
    sheet = read_sheet(
        source, encoding=use, delimiter=chosen.delimiter if chosen else "", sheet=chosen.sheet if chosen else ""
    )
    return _import("table", sheet, chosen, study, renumber, dry_run)


def import_spss(
    source: Path, study: Path, *, column_map: Path | None = None, renumber: bool = False, dry_run: bool = False
) -> Imported:
    """Bring an SPSS file (``.sav``) into a study; values the file declares missing are missing.

    Parameters and errors are those of :func:`import_table`. Codes are taken, not labels; a map's `values` may name
    either.
    """
    chosen = read_map(column_map) if column_map is not None else None
    sheet = read_sheet(source)
    if chosen is not None:
        chosen = _with_labels(chosen, sheet)
    return _import("spss", sheet, chosen, study, renumber, dry_run)


_QUALTRICS_PERSON = (
    "IPAddress", "RecipientLastName", "RecipientFirstName", "RecipientEmail", "ExternalReference", "LocationLatitude",
    "LocationLongitude", "ExternalDataReference",
)  # fmt: skip
_PREVIEW = ("Survey Preview", "1", "Survey Test", "2", "Spam", "8", "Preview")


def import_qualtrics(
    source: Path, study: Path, *, column_map: Path | None = None, renumber: bool = False, dry_run: bool = False
) -> Imported:
    """Bring a Qualtrics export (CSV or XLSX) into a study.

    Its two or three header rows are told apart by the ``ImportId`` row; previews, tests and spam are dropped, and
    columns in which Qualtrics keeps addresses, names and places never leave the reader. Parameters and errors are
    those of :func:`import_table`.
    """
    chosen = read_map(column_map) if column_map is not None else None
    sheet = read_sheet(source, encoding=chosen.encoding if chosen else "utf-8")
    headers = _header_rows(sheet)
    named = tuple(c for c in sheet.columns if c in _QUALTRICS_PERSON)
    extra = {"names a person or place": named} if named else {}
    status = sheet.columns.get("Status", [""] * sheet.size)
    keep = [n for n in range(headers, sheet.size) if status[n].strip() not in _PREVIEW]
    previews = sheet.size - headers - len(keep)
    columns = {name: [cells[n] for n in keep] for name, cells in sheet.columns.items() if name not in named}
    sheet = replace(sheet, columns=columns, rows=tuple(sheet.rows[n] for n in keep))
    before = {"a preview, test or spam answer": previews} if previews else {}
    return _import("qualtrics", sheet, chosen, study, renumber, dry_run, extra, before)


def _header_rows(sheet: Sheet) -> int:
    """Return how many rows below the names are headers: the wording, and since 2017 the import ids."""
    for n in range(min(3, sheet.size)):
        if any('"ImportId"' in cells[n] or "'ImportId'" in cells[n] for cells in sheet.columns.values()):
            return n + 1
    if sheet.size and not re.fullmatch(r"R_\w+|\d.*|", sheet.columns.get("ResponseId", [""])[0]):
        return 1
    if sheet.size and "ResponseId" not in sheet.columns:
        first = [cells[0] for cells in sheet.columns.values()]
        return int(sum(len(c.split()) > 2 for c in first) > len(first) / 2)
    return 0


def _import(
    kind: str,
    sheet: Sheet,
    chosen: ColumnMap | None,
    study: Path,
    renumber: bool,
    dry_run: bool,
    extra: dict[str, tuple[str, ...]] | None = None,
    before: dict[str, int] | None = None,
) -> Imported:
    chosen = chosen or recognised_map(sheet)
    if renumber:
        chosen = replace(chosen, renumber=True)
    if not chosen.blocks and not chosen.people:
        raise BadInput(
            Problem(
                what="no column is called like an item that is known, and there is no map",
                remedy="write a column map (docs/importing.md) and give it with --map",
                code="nothing-recognised",
                file=sheet.name,
            )
        )
    return import_sheet(kind, sheet, chosen, study, dry_run=dry_run, extra=extra, before=before)


def recognised_map(sheet: Sheet) -> ColumnMap:
    """Return the map of what is known by its name.

    Raises
    ------
    BadInput
        No column says whose rows they are.
    """
    lower = {c.lower(): c for c in reversed(list(sheet.columns))}
    person = next((lower[n.lower()] for n in _PERSON if n.lower() in lower), "")
    if not person:
        raise BadInput(
            Problem(
                what=f"no column says whose row it is (looked for {', '.join(_PERSON[:4])}, …)",
                remedy="name it in a map: [participant] id = …",
                code="no-participants",
                file=sheet.name,
                row=1,
            )
        )
    session = next((lower[n] for n in _SESSION if n in lower), "")
    return ColumnMap(
        person=person,
        renumber=identifies(person) and person.lower() not in ("id", "record_id"),
        session=CellRule(column=session) if session else None,
        people=recognised_people(sheet.columns, sheet.labels),
        blocks=blocks_of(recognised_tables(sheet.columns)),
    )


def _with_labels(chosen: ColumnMap, sheet: Sheet) -> ColumnMap:
    """Let a map's `values` name the labels of codes as well as the codes."""

    def widened(rule: CellRule) -> CellRule:
        codes = sheet.labels.get(rule.column, {})
        more = {code: rule.values[label] for code, label in codes.items() if label in rule.values}
        return replace(rule, values={**more, **rule.values}) if more else rule

    blocks = tuple((t, {n: widened(r) for n, r in b.items()}) for t, b in chosen.blocks)
    session = widened(chosen.session) if chosen.session is not None else None
    return replace(chosen, people={n: widened(r) for n, r in chosen.people.items()}, blocks=blocks, session=session)
