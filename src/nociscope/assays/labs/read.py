"""Laboratory values from ``phenotype/labs.tsv``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from nociscope.assays.labs import ucum
from nociscope.assays.labs.panel import QUALITATIVE, analyte_key
from nociscope.problems import BadInput, Problem
from nociscope.tsv import MISSING, Column, RawRow, Row, Table

if TYPE_CHECKING:
    from nociscope.study.records import Visit

LABS = Table(
    "labs",
    "One laboratory value",
    (
        Column("participant_id", "Participant, sub-<label>", required=True, needed=True),
        Column("session_id", "Visit, ses-<label>; n/a where the study has no sessions"),
        Column("analyte", "What was measured, lower case: sil2r, hba1c, tsh", required=True, needed=True),
        Column("value", "The value; beyond the assay's range as <0.5 or >800", "number", required=True),
        Column("unit", "Its unit, as in UCUM: mmol/L, ng/mL, U/mL, {titer}; a value without one is refused"),
        Column("lower_limit", "The laboratory's lower limit of normal, in the unit", "number"),
        Column("upper_limit", "The laboratory's upper limit of normal, in the unit", "number"),
        Column("method", "How it was measured"),
    ),
)

_BEYOND = re.compile(r"\s*([<>])=?\s*([\d.,]+)\s*")

Censored = Literal["none", "below", "above"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabValue:
    """One laboratory value as given.

    Attributes
    ----------
    analyte : str
        The measure's name.
    value : float
        1 and 0 stand for positive and negative where `unit` is empty.
    unit : str
    lower_limit, upper_limit : float or None
    censored : {'none', 'below', 'above'}
    method, source : str
    row : int
    """

    analyte: str
    value: float
    unit: str
    lower_limit: float | None = None
    upper_limit: float | None = None
    censored: Censored = "none"
    method: str = MISSING
    source: str = MISSING
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LabRecording:
    """The laboratory values of one visit, with what was refused."""

    values: tuple[LabValue, ...]
    problems: tuple[Problem, ...] = ()
    sources: tuple[str, ...] = ()


def read(visit: Visit, settings: Any = None) -> LabRecording:
    """Read the laboratory values of a visit.

    Parameters
    ----------
    visit : Visit
    settings : LabsSettings, optional
        Not used.

    Returns
    -------
    LabRecording
        With a problem for every row that was refused: no unit, an unknown unit, or rows of one analyte that disagree.

    Raises
    ------
    BadInput
        No row is left.
    """
    here = {"participant_id": visit.participant_id, "session_id": visit.session_id, "assay": "labs"}
    raw = visit.tables.get(LABS.name)
    if raw is None or not raw.rows:
        raise BadInput(visit.no_rows(LABS, "add one row per value").at(**here))
    signs: dict[tuple[str, int], tuple[Censored, bool]] = {}
    parsed = visit.table(LABS, change=lambda row: _plain(row, signs))
    problems = list(parsed.problems)
    values: list[LabValue] = []
    for row in parsed.rows:
        censored, qualitative = signs.get((row.file, row.row), ("none", False))
        value, wrong = _value(row, censored, qualitative)
        problems += wrong
        if value is not None:
            values.append(value)
    values, wrong = _without_disagreement(values)
    placed = tuple(p.at(**here) for p in (*problems, *wrong))
    if not values and placed:
        raise BadInput(placed)
    return LabRecording(values=tuple(values), problems=placed, sources=tuple(sorted({r.file for r in raw.rows})))


def _plain(row: RawRow, signs: dict[tuple[str, int], tuple[Censored, bool]]) -> RawRow:
    """Turn ``<0.5`` and ``positive`` into numbers, noting what they were."""
    cell = row.cells.get("value", "")
    found = _BEYOND.fullmatch(cell)
    if found is not None:
        signs[row.file, row.row] = ("below" if found.group(1) == "<" else "above", False)
        return RawRow(row.file, row.row, {**row.cells, "value": found.group(2)})
    word = cell.strip().lower()
    if word in ("positive", "negative") and analyte_key(row.cells.get("analyte", "")) in QUALITATIVE:
        signs[row.file, row.row] = ("none", True)
        return RawRow(row.file, row.row, {**row.cells, "value": "1" if word == "positive" else "0"})
    return row


def _value(row: Row, censored: Censored, qualitative: bool) -> tuple[LabValue | None, list[Problem]]:
    name = analyte_key(row.text("analyte"))
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name) or name.endswith("_uln_ratio") or name == "causes_looked_for":
        what = "cannot be the name of an analyte"
        return None, [row.problem("analyte", what, "begin with a letter; use letters, digits and _", code="bad-name")]
    number = row.number("value")
    if number is None:
        return None, []
    unit = row.text("unit")
    if not unit and not qualitative:
        what = f"the value of {name} has no unit, so it is not used"
        return None, [row.problem("unit", what, "give the unit that the laboratory printed", code="no-unit")]
    if unit and not qualitative:
        try:
            ucum.pint_name(unit)
        except ValueError as error:
            return None, [row.problem("unit", str(error), "correct the unit", code="unknown-unit")]
    problems: list[Problem] = []
    lower, upper = row.number("lower_limit"), row.number("upper_limit")
    if lower is not None and upper is not None and lower > upper:
        what = f"is below the lower limit {lower:g}, so no limit is used"
        problems.append(row.problem("upper_limit", what, "correct the limits", code="limits-reversed"))
        lower = upper = None
    return (
        LabValue(
            analyte=name,
            value=number,
            unit="" if qualitative else unit,
            lower_limit=None if qualitative else lower,
            upper_limit=None if qualitative else upper,
            censored=censored,
            method="qualitative" if qualitative else row.text("method", MISSING),
            source=row.file,
            row=row.row,
        ),
        problems,
    )


def _without_disagreement(values: Sequence[LabValue]) -> tuple[list[LabValue], list[Problem]]:
    """Keep one of the rows of an analyte that say the same; refuse all that disagree or mix units of two kinds."""
    groups: dict[tuple[str, str], list[LabValue]] = {}
    for value in values:
        groups.setdefault((value.analyte, value.method), []).append(value)
    kept: list[LabValue] = []
    problems: list[Problem] = []
    for (analyte, _), same in groups.items():
        first = same[0]
        if len(same) == 1:
            kept.append(first)
            continue
        lines = ", ".join(str(v.row) for v in same)
        if not all(ucum.same_kind(v.unit, first.unit) for v in same):
            units = " and ".join(dict.fromkeys(v.unit for v in same))
            what = f"rows {lines} give {analyte} in {units}, which cannot be compared, so none is used"
            problems.append(_at(first, what, "keep one, or name their methods", "incompatible-units"))
        elif all(_equal(v, first) for v in same):
            kept.append(first)
            what = f"rows {lines} give the same {analyte}, so it is used once"
            problems.append(replace(_at(first, what, "keep one of them", "duplicate-row"), severity="warning"))
        else:
            what = f"rows {lines} give {analyte} with different values, so none is used"
            problems.append(_at(first, what, "keep one, or name their methods", "duplicate-row"))
    return kept, problems


def _equal(a: LabValue, b: LabValue) -> bool:
    same = a.censored == b.censored and (a.upper_limit is None) == (b.upper_limit is None)
    return same and abs(ucum.convert(a.value, a.unit, b.unit) - b.value) <= 1e-6 * (1 + abs(b.value))


def _at(value: LabValue, what: str, remedy: str, code: str) -> Problem:
    return Problem(what=what, remedy=remedy, code=code, file=value.source, row=value.row, column="unit")
