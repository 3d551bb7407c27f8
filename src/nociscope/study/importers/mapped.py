"""A sheet and a column map become the rows of a study. What is not in the map does not come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nociscope.problems import BadInput, Problem, clean_text
from nociscope.study.identity import identifies
from nociscope.study.importers.column_map import Block, CellRule, ColumnMap
from nociscope.study.importers.sheet import Sheet
from nociscope.study.importers.study_tables import Labels, StudyTables, known_table, session_of
from nociscope.study.importers.summary import Imported, limited
from nociscope.tsv import MISSING, Column, format_number, parse_number
from nociscope.units import convert

_NEEDS_UNIT = {
    "qst": "absolute values are degC, differences from the baseline delta_degC",
    "labs": "a laboratory value without its unit means nothing",
}


@dataclass(slots=True)
class _Cells:
    """The cells of one target column, worked out once for each different cell of the source."""

    rule: CellRule
    target: Column | None
    missing: frozenset[str]
    known: dict[str, tuple[str, str]] = field(default_factory=dict)
    commas: int = 0

    def of(self, cell: str) -> tuple[str, str]:
        """Return the cell of the target (empty when missing) and what is wrong with it."""
        found = self.known.get(cell)
        if found is None:
            found = self.known[cell] = self._work_out(cell)
        return found

    def _work_out(self, raw: str) -> tuple[str, str]:
        cell = raw.strip()
        if cell in ("", MISSING) or cell in self.missing:
            return "", ""
        rule = self.rule
        if rule.values:
            if cell not in rule.values:
                return "", "is not among the codes of the map, so it is taken as missing"
            cell = rule.values[cell]
        number = self.target is not None and self.target.kind in ("number", "integer")
        if rule.numeric or number:
            try:
                value = parse_number(cell)
            except ValueError as error:
                return ("", f"is {error}, so it is taken as missing") if rule.numeric else (cell, f"is {error}")
            if value is None:
                return "", ""
            if rule.numeric:
                try:
                    value = rule.scale * (convert(value, rule.unit, rule.to) if rule.to else value) + rule.offset
                except ValueError as error:
                    return "", f"{error}, so it is taken as missing"
                return format_number(value), self._fault(format_number(value))
            if "," in cell:
                self.commas += 1
                cell = format_number(value)
        return cell, self._fault(cell)

    def _fault(self, cell: str) -> str:
        if self.target is None or not self.target.name:
            return ""
        try:
            self.target.parse(cell)
        except ValueError as error:
            return f"{error}; it is imported as it is and will not be used"
        return ""


def import_sheet(
    kind: str,
    sheet: Sheet,
    chosen: ColumnMap,
    study: Path,
    *,
    dry_run: bool = False,
    extra: Mapping[str, tuple[str, ...]] | None = None,
    tables: StudyTables | None = None,
    before: Mapping[str, int] | None = None,
) -> Imported:
    """Bring the rows of a sheet into a study as a map says.

    Parameters
    ----------
    kind : str
        For the summary.
    sheet : Sheet
    chosen : ColumnMap
    study : Path
    dry_run : bool
        Write nothing.
    extra : mapping, optional
        Reason -> columns that were dropped before.
    tables : StudyTables, optional
        Already holding dictionaries.
    before : mapping, optional
        Reason -> rows that were dropped before.

    Raises
    ------
    BadInput
        The map names a column that is not there, or names no participant.
    """
    _check(sheet, chosen)
    tables = tables or StudyTables(study)
    labels = Labels(chosen.renumber)
    dropped: Counter[str] = Counter(before or {})
    if sheet.ragged:
        dropped["the row does not fit the header"] += sheet.ragged
    problems: list[Problem] = list(sheet.problems)
    work = _Work(sheet, chosen, tables, problems)
    used = 0
    ids = sheet.columns[chosen.person]
    for place, line in enumerate(sheet.rows):
        person, why = labels.person("" if ids[place].strip() in chosen.missing else ids[place])
        session = MISSING
        if not why:
            session, why = work.session(place, line)
        if why:
            dropped[why] += 1
            problems.append(_row_problem(sheet, line, chosen.person, why))
            continue
        if work.take(place, line, person, session):
            used += 1
        else:
            dropped["no value in any mapped column"] += 1
    written = {} if dry_run else tables.write(study.resolve().name)
    if dry_run and study.exists() and not study.is_dir():
        problems.append(
            Problem(what="the study is a file", remedy="name a folder", code="bad-study", file=study.name)
        )
    return Imported(
        kind=kind,
        source=sheet.name,
        read=used + sum(dropped.values()),
        used=used,
        dropped=dict(dropped),
        converted=work.converted(labels),
        columns_used=work.columns_used(),
        columns_dropped={**(extra or {}), **_left_out(sheet, chosen, extra or {})},
        people=len(tables.people),
        written=written,
        planned=tables.planned(),
        problems=tuple(limited([*problems, *tables.problems])),
    )


def _check(sheet: Sheet, chosen: ColumnMap) -> None:
    problems = []
    if not chosen.person:
        problems.append(
            Problem(what="the map names no column of participants", remedy="add [participant] id", code="bad-map")
        )
    for column in chosen.used():
        if column not in sheet.columns:
            near = [c for c in sheet.columns if c.lower().strip() == column.lower().strip()]
            remedy = f"write {near[0]}" if near else "correct the map"
            what = "the map names a column that the source does not have"
            problems.append(Problem(what=what, remedy=remedy, code="bad-map", file=sheet.name, row=1, column=column))
    for table, block in chosen.blocks:
        if table in _NEEDS_UNIT and "unit" not in block:
            remedy = f'add unit = {{ value = "…" }} to the map: {_NEEDS_UNIT[table]}'
            problems.append(
                Problem(what=f"rows of {table} need a unit", remedy=remedy, code="no-unit", column=f"{table}.unit")
            )
    if problems:
        raise BadInput(problems)


def _row_problem(sheet: Sheet, line: int, column: str, why: str) -> Problem:
    what = f"the row is not used: {why}"
    return Problem(
        what=what, remedy="correct it in the source", code="row-dropped", file=sheet.name, row=line, column=column
    )


def _left_out(sheet: Sheet, chosen: ColumnMap, extra: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    named = {c for names in extra.values() for c in names} | set(chosen.used())
    rest = [c for c in sheet.columns if c not in named]
    found = {
        "names a person": tuple(c for c in rest if identifies(c)),
        "not in the map": tuple(c for c in rest if not identifies(c)),
    }
    if chosen.renumber:
        found["participants were numbered anew"] = (chosen.person,)
    return {k: v for k, v in found.items() if v}


class _Work:
    """One pass over the rows."""

    def __init__(self, sheet: Sheet, chosen: ColumnMap, tables: StudyTables, problems: list[Problem]) -> None:
        self.sheet, self.chosen, self.tables, self.problems = sheet, chosen, tables, problems
        self.people = self._prepared("participants", chosen.people)
        self.blocks = [(table, self._prepared(table, block)) for table, block in chosen.blocks]
        self.visits = _Cells(chosen.session, None, chosen.missing) if chosen.session is not None else None

    def _prepared(self, table: str, block: Block) -> dict[str, tuple[_Cells, list[str] | None]]:
        target = known_table(table)
        columns = {c.name: c for c in target.columns} if target is not None else {}
        return {
            name: (
                _Cells(rule, columns.get(name), self.chosen.missing),
                self.sheet.columns[rule.column] if rule.column else None,
            )
            for name, rule in block.items()
        }

    def session(self, place: int, line: int) -> tuple[str, str]:
        """Return the session of a row, and why it has none."""
        if self.visits is None or self.chosen.session is None:
            return MISSING, ""
        rule = self.chosen.session
        cell, wrong = (rule.value, "") if not rule.column else self.visits.of(self.sheet.columns[rule.column][place])
        if wrong:
            return "", "its visit is not among those of the map"
        try:
            return session_of(cell), ""
        except ValueError as error:
            return "", str(error)

    def take(self, place: int, line: int, person: str, session: str) -> bool:
        """Put a row where the map says; tell whether it held anything."""
        about = self._row(self.people, place, line, person)
        any_value = bool(about)
        for table, prepared in self.blocks:
            row = self._row(prepared, place, line, person)
            if any(name in row for name, (_, source) in prepared.items() if source is not None):
                self.tables.add(table, {"participant_id": person, "session_id": session, **row})
                any_value = True
        if any_value:
            self.tables.person(person, about, self.sheet.name, line)
        return any_value

    def _row(
        self, prepared: Mapping[str, tuple[_Cells, list[str] | None]], place: int, line: int, person: str
    ) -> dict[str, str]:
        row: dict[str, str] = {}
        for name, (cells, source) in prepared.items():
            if source is None:
                row[name] = cells.rule.value
                continue
            cell, wrong = cells.of(source[place])
            if wrong:
                self._complain(cells, source[place], line, person, wrong)
            if cell:
                row[name] = cell
        return row

    def _complain(self, cells: _Cells, cell: str, line: int, person: str, wrong: str) -> None:
        self.problems.append(
            Problem(
                what=wrong,
                remedy="correct the cell or the map",
                code="bad-cell",
                severity="warning",
                file=self.sheet.name,
                row=line,
                column=cells.rule.column,
                value=cell,
                participant_id=person,
            )
        )

    def converted(self, labels: Labels) -> tuple[str, ...]:
        """Return what was changed, in words."""
        out = []
        if labels.renumber:
            out.append(f"{len(labels.given)} identifiers of the source to numbers of their own, kept nowhere")
        commas = 0
        for table, prepared in [("participants", self.people), *self.blocks]:
            for name, (cells, source) in prepared.items():
                commas += cells.commas
                words = cells.rule.words()
                if words and source is not None:
                    out.append(f"{cells.rule.column} to {table}.{name}: {words}")
        if commas:
            out.append(f"decimal commas to points ({commas} different cells)")
        return tuple(dict.fromkeys(out))

    def columns_used(self) -> tuple[str, ...]:
        """Return ``source -> table.column`` for every mapped column."""
        every: list[tuple[str, Mapping[str, Any]]] = [("participants", self.people), *self.blocks]
        found = [
            f"{cells.rule.column} -> {table}.{name}"
            for table, prepared in every
            for name, (cells, source) in prepared.items()
            if source is not None
        ]
        return tuple(clean_text(f, 120) for f in dict.fromkeys(found))
