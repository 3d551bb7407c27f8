"""Questionnaires of a visit: each instrument's table as answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nociscope.assays.questionnaires.answers import columns_of, parse_answer, parse_total
from nociscope.assays.questionnaires.form import Form, scored_form
from nociscope.assays.questionnaires.instrument import Instrument, instrument_named, instruments
from nociscope.problems import BadInput, Problem
from nociscope.tsv import MISSING, RawRow, format_number

if TYPE_CHECKING:
    from nociscope.study.records import RawTable, Visit

_LIKE_AN_ITEM = re.compile(r"q\d+[a-z]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionnaireRecording:
    """The instruments of one visit, by key."""

    forms: tuple[Form, ...]
    problems: tuple[Problem, ...] = ()
    sources: tuple[str, ...] = ()

    def form(self, key: str) -> Form | None:
        """Return an instrument's form, None when it was not given."""
        return next((f for f in self.forms if f.instrument == key), None)


def read(visit: Visit, settings: Any = None) -> QuestionnaireRecording:
    """Read the questionnaires of a visit.

    Parameters
    ----------
    visit : Visit
    settings : NoSettings, optional
        Not used.

    Returns
    -------
    QuestionnaireRecording
        With a problem for every cell, row or table that could not be used. A refused cell costs the scores that need
        it and nothing else.

    Raises
    ------
    BadInput
        No instrument has a row that could be used.
    """
    here = {"participant_id": visit.participant_id, "session_id": visit.session_id, "assay": "questionnaires"}
    forms: list[Form] = []
    problems: list[Problem] = []
    for instrument in instruments():
        table = visit.tables.get(instrument.key)
        if table is None or not table.rows:
            continue
        form, wrong = read_form(instrument, table)
        problems += wrong
        if form is not None:
            forms.append(form)
    placed = tuple(p.at(**here) for p in problems)
    if not forms:
        if placed:
            raise BadInput(placed)
        what = "no questionnaire has a row for this visit"
        raise BadInput(
            Problem(what=what, remedy="add one row per visit", code="no-rows", file="phenotype").at(**here)
        )
    sources = tuple(sorted({f.source for f in forms}))
    return QuestionnaireRecording(forms=tuple(forms), problems=placed, sources=sources)


def read_form(instrument: Instrument, table: RawTable) -> tuple[Form | None, list[Problem]]:
    """Return the form of one table's rows of a visit, None when none can be used, and what is wrong."""
    of_item, total_column = columns_of(instrument, table.columns)
    if not of_item and not total_column:
        wanted = f"{instrument.items[0].name} … {instrument.items[-1].name}"
        return None, [
            Problem(
                what=f"no column of the instrument is there (expected {wanted})",
                remedy="name the columns so, or give a column total",
                code="missing-column",
                file=table.rows[0].file,
                row=1,
                column=instrument.items[0].name,
            )
        ]
    row, problems = _one_row(instrument, table.rows, (*of_item.values(), total_column))
    if row is None:
        return None, problems
    problems += _strays(instrument, table, row)
    answers: dict[str, float] = {}
    refused: list[str] = []
    for name, column in of_item.items():
        item = instrument.item(name)
        try:
            number = None if item is None else parse_answer(item, row.cells.get(column, ""))
        except ValueError as error:
            refused.append(name)
            problems.append(_bad_cell(row, column, f"{error}; every score that needs it is left out"))
            continue
        if number is not None:
            answers[name] = number
    total: float | None = None
    if total_column:
        try:
            total = parse_total(instrument, row.cells.get(total_column, ""))
        except ValueError as error:
            refused.append("total")
            problems.append(_bad_cell(row, total_column, f"{error}; it is not used"))
    form = Form(instrument=instrument.key, answers=answers, refused=tuple(refused), total=total, source=row.file)
    return form, problems + _contradictions(form, row)


def _one_row(
    instrument: Instrument, rows: tuple[RawRow, ...], columns: tuple[str, ...]
) -> tuple[RawRow | None, list[Problem]]:
    """Return the row of the visit; where rows differ in a column that counts, none is chosen."""
    first = rows[0]
    if len(rows) == 1:
        return first, []
    differs = any(r.cells.get(c, "").strip() != first.cells.get(c, "").strip() for r in rows[1:] for c in columns)
    lines = ", ".join(str(r.row) for r in rows[:5]) + (", …" if len(rows) > 5 else "")
    return None if differs else first, [
        Problem(
            what=f"rows {lines} are the same visit"
            + (" with different answers, so none is used" if differs else ", so it is used once"),
            remedy="keep one row a visit",
            code="duplicate-row",
            severity="error" if differs else "warning",
            file=first.file,
            row=first.row,
        )
    ]


def _bad_cell(row: RawRow, column: str, what: str) -> Problem:
    return Problem(
        what=what,
        remedy="correct the cell or write n/a",
        code="bad-cell",
        file=row.file,
        row=row.row,
        column=column,
        value=row.cells.get(column, ""),
    )


def _strays(instrument: Instrument, table: RawTable, row: RawRow) -> list[Problem]:
    """Name columns that look like items and are none of the instrument."""
    known = {i.name for i in instrument.items}
    strays = [
        c for c in table.columns if _LIKE_AN_ITEM.fullmatch(c.strip().lower()) and c.strip().lower() not in known
    ]
    if not strays or not any(row.cells.get(c, "").strip() not in ("", MISSING) for c in strays):
        return []
    return [
        Problem(
            what=f"{', '.join(strays[:5])} is no item of {instrument.title} and is not used",
            remedy="check the column names against nociscope questionnaires show",
            code="unknown-item",
            severity="warning",
            file=row.file,
            column=strays[0],
        )
    ]


def _contradictions(form: Form, row: RawRow) -> list[Problem]:
    """Name answers that cannot all be true, and a total that is not that of the items."""
    instrument = instrument_named(form.instrument)
    if not form.answers or (form.total is None and not any(rule.impossible for rule in instrument.scores)):
        return []
    scores = scored_form(instrument, form)
    problems = [
        _contradiction(row, instrument.leaves(rule.name)[0], f"the answers contradict each other: {rule.impossible}")
        for rule in instrument.scores
        if rule.impossible and scores[rule.name].value is None and not scores[rule.name].lacking
    ]
    computed = scores.get("total")
    if form.total is None or computed is None or computed.value is None:
        return problems
    if abs(computed.value - form.total) > 0.5 + 1e-9:  # half a point: a total rounded by hand
        said, found = format_number(form.total), format_number(round(computed.value, 2))
        what = f"the total {said} is not that of the items, {found}; the items are used"
        problems.append(_contradiction(row, "total", what))
    return problems


def _contradiction(row: RawRow, column: str, what: str) -> Problem:
    return Problem(
        what=what,
        remedy="check the row",
        code="contradiction",
        severity="warning",
        file=row.file,
        row=row.row,
        column=column,
    )
