"""REDCap projects: the CSV export of the records with the data dictionary of 18 columns.

The dictionary says what identifies a person (``Identifier?``), what a checkbox expands to, and which form a field
belongs to; it is trusted for all three. Nothing else that may name a person leaves the reader: names, addresses,
dates, free text, files.
"""

from __future__ import annotations

import csv
import html
import io
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nociscope.problems import BadInput, Problem, clean_text
from nociscope.study.identity import identifies
from nociscope.study.importers.answers_like import is_number_or_time
from nociscope.study.importers.column_map import Block, CellRule, ColumnMap, read_map
from nociscope.study.importers.mapped import import_sheet
from nociscope.study.importers.recognised import blocks_of, recognised_people, recognised_tables
from nociscope.study.importers.sheet import Sheet, read_sheet, read_text
from nociscope.study.importers.study_tables import StudyTables, known_table, label_of
from nociscope.study.importers.summary import Imported

_HEADERS = {
    "name": ("Variable / Field Name", "field_name"),
    "form": ("Form Name", "form_name"),
    "type": ("Field Type", "field_type"),
    "label": ("Field Label", "field_label"),
    "choices": ("Choices, Calculations, OR Slider Labels", "select_choices_or_calculations"),
    "validation": ("Text Validation Type OR Show Slider Number", "text_validation_type_or_show_slider_number"),
    "identifier": ("Identifier?", "identifier"),
}
_OWN = (
    "redcap_event_name",
    "redcap_repeat_instrument",
    "redcap_repeat_instance",
    "redcap_data_access_group",
    "redcap_survey_identifier",
)
_CHOICE_TYPES = ("radio", "dropdown", "checkbox")
_CONTACT = (
    "email",
    "phone",
    "phone_australia",
    "zipcode",
    "postalcode_canada",
    "ssn",
    "vmrn",
    "mrn_10d",
    "mrn_generic",
    "alpha_only",
    "postalcode_australia",
    "postalcode_french",
    "postalcode_germany",
)
SESSION = "\0session"
"""Name of the column that stands for event and repeat; no REDCap field can have it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the dictionary.

    `choices` maps code to label; `identifier` is what the project says itself.
    """

    name: str
    form: str
    type: str
    label: str
    choices: Mapping[str, str]
    validation: str
    identifier: bool

    def columns(self) -> list[str]:
        """Return the columns of an export that this field becomes."""
        if self.type != "checkbox":
            return [self.name]
        return [f"{self.name}___{_code(code)}" for code in self.choices]


def _code(code: str) -> str:
    return code.lower().replace("-", "_")


_TAG = re.compile(r"<[^>]{0,500}>")


def plain(label: str) -> str:
    """Return a label without its HTML, on one line."""
    return clean_text(html.unescape(_TAG.sub(" ", label[:5000])), 300)


def choices_of(text: str) -> dict[str, str]:
    """Return code -> label of ``1, Yes | 2, No``."""
    out: dict[str, str] = {}
    for part in text.split("|"):
        code, comma, label = part.partition(",")
        if comma and code.strip():
            out[code.strip()] = plain(label)
    return out


def read_dictionary(path: Path) -> tuple[Field, ...]:
    """Read a data dictionary (CSV, the 18 columns of the export or the names of the API).

    Raises
    ------
    BadInput
        It is no such file.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        rows = list(csv.reader(io.StringIO(read_text(path), newline="")))
    except csv.Error as error:
        raise _bad(path.name, f"is no CSV ({clean_text(error, 80)})") from None
    header = [h.strip() for h in rows[0]] if rows else []
    places: dict[str, int] = {}
    for key, ways in _HEADERS.items():
        place = next((header.index(w) for w in ways if w in header), None)
        if place is None:
            raise _bad(path.name, f"is no REDCap dictionary: the column “{ways[0]}” is missing")
        places[key] = place
    fields: list[Field] = []
    for row in rows[1:]:
        if not any(row):
            continue
        cell = {k: row[p].strip() if p < len(row) else "" for k, p in places.items()}
        kind = cell["type"].lower()
        choices: dict[str, str] = choices_of(cell["choices"]) if kind in _CHOICE_TYPES else {}
        if kind == "yesno":
            choices = {"1": "yes", "0": "no"}
        identifier = cell["identifier"].lower() in ("y", "yes", "1")
        fields.append(
            Field(
                cell["name"].lower(),
                cell["form"],
                kind,
                cell["label"],
                choices,
                cell["validation"].lower(),
                identifier,
            )
        )
    if not fields:
        raise _bad(path.name, "has no field")
    return tuple(fields)


def _bad(file: str, what: str) -> BadInput:
    return BadInput(
        Problem(what=what, remedy="export the data dictionary as CSV from REDCap", code="bad-dictionary", file=file)
    )


def import_redcap(
    source: Path,
    study: Path,
    *,
    dictionary: Path,
    column_map: Path | None = None,
    renumber: bool = False,
    keep_text: bool = False,
    keep_dates: bool = False,
    dry_run: bool = False,
) -> Imported:
    """Bring a REDCap export into a study.

    Columns that are called like an instrument's items go to that instrument's table, those of a column map where
    the map says, and the rest to a table for each form. Events become sessions; repeats become sessions of their own.

    Parameters
    ----------
    source : Path
        Records, CSV, raw codes (not labels).
    study : Path
    dictionary : Path
        The data dictionary, CSV.
    column_map : Path, optional
    renumber : bool
        Number participants anew; done in any case where the record identifier is marked as identifying.
    keep_text, keep_dates : bool
        Take free text and dates too; both can name a person.
    dry_run : bool

    Raises
    ------
    InputMissing, BadInput, CannotWrite
        Nothing could be imported.
    """
    fields = read_dictionary(dictionary)
    sheet = read_sheet(source)
    record = fields[0]
    if record.name not in sheet.columns:
        raise BadInput(
            Problem(
                what=f"the record identifier {clean_text(record.name, 60)} (the first field) is no column",
                remedy="export raw data of the same project as CSV",
                code="no-record-id",
                file=sheet.name,
                row=1,
            )
        )
    chosen = read_map(column_map) if column_map is not None else ColumnMap()
    sheet = _with_session(sheet)
    kept, dropped = _sorted_out(fields, sheet, keep_text=keep_text, keep_dates=keep_dates)
    taken = set(chosen.used())
    labels = {c: dict(f.choices) for f in fields for c in f.columns() if f.choices and f.type != "checkbox"}
    people: Block = {**recognised_people([c for c in kept if c not in taken], labels), **chosen.people}
    taken |= {r.column for r in people.values()}
    items = recognised_tables(c for c in kept if c not in taken)
    taken |= {c for columns in items.values() for c in columns.values()}
    tables = StudyTables(study)
    forms = _form_blocks(fields, kept, taken, tables)
    complete = ColumnMap(
        missing=chosen.missing,
        person=record.name,
        renumber=renumber or chosen.renumber or record.identifier or _names_person(record.name),
        session=chosen.session or CellRule(column=SESSION),
        people=people,
        blocks=(*chosen.blocks, *blocks_of(items), *forms),
    )
    mapped = set(chosen.used())
    dropped = {why: tuple(c for c in names if c not in mapped) for why, names in dropped.items()}
    own = tuple(c for c in sheet.columns if c in _OWN)
    extra = {**{k: v for k, v in dropped.items() if v}, **({"REDCap's own columns": own} if own else {})}
    sheet = replace(sheet, labels=labels)
    return import_sheet("redcap", sheet, complete, study, dry_run=dry_run, extra=extra, tables=tables)


def _names_person(name: str) -> bool:
    return identifies(name) and name not in ("record_id", "id", "recordid")


def _with_session(sheet: Sheet) -> Sheet:
    """Add the column of visits made from event and repeat."""
    size = sheet.size
    empty = [""] * size
    events = sheet.columns.get("redcap_event_name", empty)
    repeats = sheet.columns.get("redcap_repeat_instance", empty)
    cells = [_visit(events[n], repeats[n]) for n in range(size)]
    return replace(sheet, columns={**sheet.columns, SESSION: cells})


def _visit(event: str, repeat: str) -> str:
    """Return the visit of an event (its arm left out) and a repeat: ``week12``, ``week12r2``, ``r2``."""
    name = label_of(re.sub(r"_arm_\d+$", "", event.strip()))
    number = label_of(repeat)
    if number and (number != "1" or not name):
        return f"{name}r{number}" if name else f"r{number}"
    return name


def _sorted_out(
    fields: Sequence[Field], sheet: Sheet, *, keep_text: bool, keep_dates: bool
) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """Return the columns that may come in, and reason -> the others."""
    by_column = {c: f for f in fields for c in f.columns()}
    kept: list[str] = []
    dropped: dict[str, list[str]] = {}
    for column, cells in sheet.columns.items():
        if column in (SESSION, fields[0].name, *_OWN):
            continue
        field = by_column.get(column)
        why = _why_not(field, column, cells, keep_text=keep_text, keep_dates=keep_dates)
        if why:
            dropped.setdefault(why, []).append(column)
        else:
            kept.append(column)
    return kept, {why: tuple(names) for why, names in dropped.items()}


def _why_not(field: Field | None, column: str, cells: Iterable[str], *, keep_text: bool, keep_dates: bool) -> str:
    """Return why a column stays out, empty when it may come in."""
    if field is None:
        ours = column.endswith("_complete") or column.endswith("_timestamp")
        return "REDCap's form status" if ours else "not in the dictionary"
    if field.identifier:
        return "marked Identifier in the dictionary"
    if identifies(field.name):
        return "names a person"
    if field.validation in _CONTACT and field.validation != "alpha_only":
        return "contact details or record numbers"
    if field.type in ("file", "descriptive", "signature") or field.validation == "signature":
        return "files and signatures"
    if field.validation.startswith("date"):
        return "" if keep_dates else "dates (--keep-dates takes them)"
    if field.type == "notes" and not keep_text:
        return "free text (--keep-text takes it)"
    typed = field.validation.startswith(("number", "integer", "time"))
    if field.type == "text" and not typed and not keep_text and not all(is_number_or_time(c) for c in set(cells)):
        return "free text (--keep-text takes it)"
    return ""


def _form_blocks(
    fields: Sequence[Field], kept: Iterable[str], taken: set[str], tables: StudyTables
) -> tuple[tuple[str, Block], ...]:
    """Return a block for each form's columns that go nowhere else, and note their dictionaries."""
    by_column = {c: f for f in fields for c in f.columns()}
    blocks: dict[str, dict[str, CellRule]] = {}
    for column in kept:
        if column in taken:
            continue
        field = by_column[column]
        table = _table_name(field.form)
        blocks.setdefault(table, {})[column] = CellRule(column=column)
        tables.dictionaries.setdefault(table, {})[column] = _entry(field, column)
    return tuple(blocks.items())


def _table_name(form: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", form.lower()).strip("_")[:100] or "form"
    return f"redcap_{name}" if known_table(name) is not None or name in ("participants", "sessions") else name


def _entry(field: Field, column: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"Description": plain(field.label) or field.name}
    if field.type == "checkbox":
        chosen = next((label for code, label in field.choices.items() if column.endswith(f"___{_code(code)}")), "")
        entry["Description"] = clean_text(f"{entry['Description']}: {chosen}", 300)
        entry["Levels"] = {"1": "checked", "0": "not checked"}
    elif field.choices:
        entry["Levels"] = dict(field.choices)
    return entry
