"""Reflex tests: values of ``phenotype/reflexes.tsv``, and ECGs or beat times of the manoeuvres with their events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nociscope import files, units
from nociscope.assays.declaration import FileInput, TableInput
from nociscope.assays.reflexes.settings import ReflexSettings
from nociscope.assays.reflexes.table import EVENTS, REFLEXES, TESTS
from nociscope.beats.physio import read_series
from nociscope.beats.series import BeatSeries
from nociscope.problems import BadInput, Problem
from nociscope.tsv import MISSING, RawRow, Row, format_number, split_tsv

if TYPE_CHECKING:
    from nociscope.study.records import FileRecord, Visit

TASKS = "deepbreathing*|valsalva*|standing*|orthostatic*|tilt*"
PHASES = {
    "inspiration": "inspiration",
    "inhale": "inspiration",
    "inspire": "inspiration",
    "expiration": "expiration",
    "exhale": "expiration",
    "expire": "expiration",
    "strain": "strain",
    "valsalva": "strain",
    "stand": "stand",
    "standing": "stand",
    "stand_up": "stand",
    "tilt": "tilt",
    "tilt_up": "tilt",
}
"""Spelling in `trial_type` -> phase."""

NEEDED = {"valsalva": "strain", "standing": "stand", "orthostatic": "stand", "tilt": "tilt"}
"""Task -> the phase without which it cannot be measured."""

_FILES = tuple(
    FileInput(
        datatype="*",
        suffix=suffix,
        extensions=(".tsv.gz", ".tsv"),
        entities={"recording": recording, "task": TASKS},
        title=f"{title} of a reflex test",
    )
    for suffix, recording, title in (("physio", "ecg*", "ECG"), ("physioevents", "rr*", "beat times"))
)
INPUTS: tuple[TableInput | FileInput, ...] = (TableInput(REFLEXES), *_FILES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflexValue:
    """One value of the table, in its test's unit."""

    test: str
    value: float | None
    site: str = MISSING
    side: str = MISSING
    device: str = MISSING
    source: str = MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One phase of a manoeuvre, in s from the start of the recording; `duration_s` is None where it is not given."""

    phase: str
    onset_s: float
    duration_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Manoeuvre:
    """A recording of one manoeuvre.

    Attributes
    ----------
    kind : {'deepbreathing', 'valsalva', 'standing', 'tilt'}
    series : BeatSeries
    events : tuple of Event
        By time.
    """

    kind: str
    series: BeatSeries
    events: tuple[Event, ...] = ()

    def phases(self, name: str) -> tuple[Event, ...]:
        """Return the events of one phase."""
        return tuple(e for e in self.events if e.phase == name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReflexRecording:
    """The reflex tests of one visit."""

    values: tuple[ReflexValue, ...] = ()
    manoeuvres: tuple[Manoeuvre, ...] = ()
    problems: tuple[Problem, ...] = ()
    sources: tuple[str, ...] = ()


def read(visit: Visit, settings: ReflexSettings | None = None) -> ReflexRecording:
    """Read the reflex tests of a visit.

    Raises
    ------
    BadInput
        Nothing can be used.
    """
    here = {"participant_id": visit.participant_id, "session_id": visit.session_id, "assay": "reflexes"}
    values, problems = _table(visit)
    manoeuvres: list[Manoeuvre] = []
    sources = {v.source for v in values}
    for wanted in _FILES:
        for record in visit.find(suffix=wanted.suffix, extensions=wanted.extensions, **dict(wanted.entities)):
            try:
                manoeuvre, said, more = _manoeuvre(visit, record)
            except BadInput as error:
                problems += error.problems
                continue
            manoeuvres.append(manoeuvre)
            problems += said
            sources |= {record.path, *more}
    placed = tuple(p.at(**here) for p in problems)
    if not values and not manoeuvres:
        nothing = Problem(
            what="there is no usable value and no usable recording of a reflex test",
            remedy="add rows to phenotype/reflexes.tsv",
            code="no-rows",
            file=f"phenotype/{REFLEXES.name}.tsv",
        ).at(**here)
        raise BadInput(placed or nothing)
    return ReflexRecording(
        values=tuple(values), manoeuvres=tuple(manoeuvres), problems=placed, sources=tuple(sorted(sources))
    )


# --- the table ----------------------------------------------------------------------------------------------------


def _table(visit: Visit) -> tuple[list[ReflexValue], list[Problem]]:
    try:
        parsed = visit.table(
            REFLEXES, change=lambda r: RawRow(r.file, r.row, {k: _plain(k, v) for k, v in r.cells.items()})
        )
    except BadInput as error:
        return [], list(error.problems)
    values: list[ReflexValue] = []
    problems = list(parsed.problems)
    for row in parsed.rows:
        value, problem = _value(row)
        if problem is not None:
            problems.append(problem)
        if value is not None:
            values.append(value)
    return values, problems


def _plain(column: str, cell: str) -> str:
    if column in ("test", "site", "side") and cell.strip() not in ("", MISSING):
        return cell.strip().lower().replace(" ", "_").replace("-", "_")
    return cell


def _value(row: Row) -> tuple[ReflexValue | None, Problem | None]:
    """Return a row in its test's unit, or what is wrong with it."""
    name = row.text("test")
    test = TESTS[name]
    number = row.number("value")
    if number is not None:
        unit = row.text("unit")
        plain = "ratio" if unit.strip().lower() in ("ratio", "1", "none") else unit
        try:
            number = number if plain == test.unit else _converted(number, plain, test.unit)
        except ValueError:
            return None, row.problem(
                "unit", f"is no unit of {name}, which is in {test.unit}", "correct the unit", code="bad-unit"
            )
        if not test.low <= number <= test.high:
            return None, row.problem(
                "value",
                f"cannot be right: {name} lies between {format_number(test.low)} and {format_number(test.high)} "
                f"{test.unit}",
                "correct the value or its unit",
                code="impossible-value",
            )
    if test.sited and row["site"] is None:
        return None, row.problem("site", f"the cell is empty; {name} needs its site", "add the site", code="no-site")
    return (
        ReflexValue(
            test=name,
            value=number,
            site=row.text("site", MISSING) if test.sited else MISSING,
            side=row.text("side", MISSING) if test.sited else MISSING,
            device=row.text("device", MISSING),
            source=row.file,
        ),
        None,
    )


def _converted(value: float, unit: str, to: str) -> float:
    if units.canonical(unit) == to:
        return value
    if "ratio" in (unit, to) or "/min" in (units.canonical(unit), to):
        raise ValueError(unit)
    return units.convert(value, unit, to)


# --- recordings ---------------------------------------------------------------------------------------------------


def _manoeuvre(visit: Visit, record: FileRecord) -> tuple[Manoeuvre, list[Problem], tuple[str, ...]]:
    """Return a recording with its events, what is to be said of it, and the further files it came from."""
    task = record.entities.get("task", "").lower()
    kind = next(k for k in ("deepbreathing", "valsalva", "standing", "orthostatic", "tilt") if task.startswith(k))
    events, said, path = _events(visit, record)
    needed = NEEDED.get(kind)
    if needed and not any(e.phase == needed for e in events):
        said.append(
            Problem(
                what=f"the manoeuvre has no event “{needed}”, so it is not known when it began",
                remedy=f"add a row with trial_type {needed} to its _events.tsv",
                code="no-event",
                file=path or record.path,
            )
        )
        raise BadInput(said)
    series, more = read_series(visit, record, "reflexes")
    found = Manoeuvre(kind="standing" if kind == "orthostatic" else kind, series=series, events=tuple(events))
    return found, [*said, *more], (path,) if path else ()


def _events(visit: Visit, record: FileRecord) -> tuple[list[Event], list[Problem], str]:
    """Return the events of a recording: those of the file with the same entities but `recording`."""
    wanted = {k: v for k, v in record.entities.items() if k != "recording"}
    found = [
        f
        for f in visit.find(datatype=record.datatype, suffix="events", extensions=(".tsv",))
        if {k: v for k, v in f.entities.items() if k != "recording"} == wanted
    ]
    if not found:
        return [], [], ""
    path = found[0].path
    try:
        header, rows, problems = split_tsv(files.read_text(visit.path(found[0]), path), path)
    except BadInput as error:
        return [], list(error.problems), path
    for column in EVENTS.columns:
        if column.required and column.name not in header:
            lacking = Problem(
                what=f"the column {column.name} is missing",
                remedy="add it",
                code="missing-column",
                file=path,
                row=1,
                column=column.name,
            )
            return [], [*problems, lacking], path
    parsed = EVENTS.parse(rows)
    events = [
        Event(
            phase=PHASES[row.text("trial_type").strip().lower().replace(" ", "_").replace("-", "_")],
            onset_s=float(row.number("onset") or 0.0),
            duration_s=row.number("duration") or None,
        )
        for row in parsed.rows
        if row.text("trial_type").strip().lower().replace(" ", "_").replace("-", "_") in PHASES
    ]
    return sorted(events, key=lambda e: e.onset_s), [*problems, *parsed.problems], path
