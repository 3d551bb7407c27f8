"""Intervals from beat to beat in the text dialects of recorders and programs, to BIDS beat times.

Known: one or two columns of plain text (HRVAS, Kubios, Elite HRV, Polar), HRV Logger, Empatica, Polar ``.hrm``, texts
with annotations between the numbers (VNS Analyse). What a number is, is told by the median and printed: seconds and
milliseconds lie far apart, and heart rates, which lie between, are refused.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from nociscope import files
from nociscope.problems import BadInput, CannotWrite, InputMissing, Problem, UsageError
from nociscope.study.entities import is_label, parse_name
from nociscope.study.importers.registering import add_participant, describe
from nociscope.tsv import format_number

MAX_BYTES = 64 * 2**20
"""A day of beats has 2 MB in the widest dialect."""

SECONDS = (0.25, 2.5)
MILLISECONDS = (250.0, 2500.0)
RATES = (25.0, 250.0)
"""Where the median of intervals in s, in ms, and of heart rates per minute lies."""
FEWEST = 10
LONGEST_S = 60.0
"""An interval longer than this is a slip; a shorter one may be a gap in the recording."""

_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{0,12})?(?:[eE][+-]?\d{1,2})?")


@dataclass(frozen=True, slots=True)
class ImportedRr:
    """What became of a file.

    Attributes
    ----------
    written : tuple of str
        Files, relative to the study; what would be written in a dry run.
    beats : int
    dialect : str
        In words.
    unit : str
        ``s`` or ``ms``, as it was told by the median.
    median_ms : float
        Median interval.
    duration_s : float
    skipped : tuple of Problem
        Notes about lines that hold no interval.
    """

    written: tuple[str, ...]
    beats: int
    dialect: str
    unit: str
    median_ms: float
    duration_s: float
    skipped: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Parsed:
    """Numbers of a file: either intervals, or times of beats (`times`), in the file's unit."""

    numbers: list[float]
    dialect: str
    times: bool
    skipped: int
    first_skipped: int | None


def import_rr(source: Path, study: Path, *, dry_run: bool = False, overwrite: bool = False) -> ImportedRr:
    """Bring a text file of intervals into a study.

    Parameters
    ----------
    source : Path
        ``sub-<label>[_ses-<label>]_task-<label>[_…]_rr.txt``; the stem says whose it is.
    study : Path
        Made when it does not exist; the person is added to its ``participants.tsv``.
    dry_run : bool
        Look and say; write nothing.
    overwrite : bool
        Whether a recording of the same name may be replaced.

    Raises
    ------
    InputMissing
        There is no such file.
    UsageError
        The name does not say whose it is, or `study` is a file.
    BadInput
        It holds heart rates, or nothing that can be told to be intervals.
    CannotWrite
        The recording is there already.
    """
    if not source.is_file():
        raise InputMissing(f"{source}: there is no such file.")
    if study.exists() and not study.is_dir():
        raise UsageError(f"{study}: is a file; name the folder of the study.")
    stem = _stem(source)
    parsed = _parse(files.read_text(source, source.name, MAX_BYTES), source)
    onsets, unit = _onsets(parsed, source)
    person = stem.split("_")[0]
    session = next((p for p in stem.split("_") if p.startswith("ses-")), "")
    folder = "/".join(p for p in (person, session, "beh") if p)
    names = tuple(f"{folder}/{stem}_recording-rr_physioevents{end}" for end in (".tsv.gz", ".json"))
    steps = [b - a for a, b in pairwise(onsets)]
    done = ImportedRr(
        written=names,
        beats=len(onsets),
        dialect=parsed.dialect,
        unit=unit,
        median_ms=1000 * median(steps),
        duration_s=onsets[-1] - onsets[0],
        skipped=_notes(parsed, source),
    )
    if dry_run:
        return done
    if not overwrite and any((study / name).exists() for name in names):
        raise CannotWrite(f"{names[0]} is in the study already; --overwrite replaces it.")
    text = "".join(f"{t:.4f}\n" for t in onsets)
    describe(study)
    add_participant(study, person)
    files.write_atomic(study / names[0], gzip.compress(text.encode(), mtime=0))
    files.write_atomic(study / names[1], files.to_json(_sidecar(done, source)))
    return done


def _stem(source: Path) -> str:
    """Return the stem for BIDS: every entity of the name but `recording`."""
    name = parse_name(source.name)
    entities = dict(name.entities) if name is not None else {}
    if "sub" not in entities or "task" not in entities or not all(is_label(v) for v in entities.values()):
        raise UsageError(
            f"{source.name}: the name does not say whose recording this is; "
            "call it sub-<label>_task-<label>_rr.txt, with ses-<label> where there are sessions."
        )
    return "_".join(f"{k}-{v}" for k, v in entities.items() if k != "recording")


def _refused(source: Path, what: str, remedy: str, **more: int | str | None) -> BadInput:
    return BadInput(Problem(what=what, remedy=remedy, code="bad-rr", file=source.name, **more))  # type: ignore[arg-type]


# --- text to numbers ----------------------------------------------------------------------------------------------


def _parse(text: str, source: Path) -> _Parsed:
    """Find the column of intervals or beat times."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = 0
    dialect = ""
    if source.suffix.lower() == ".hrm" or any(line.strip() == "[HRData]" for line in lines[:300]):
        first = next((i + 1 for i, line in enumerate(lines) if line.strip() == "[HRData]"), 0)
        dialect = "Polar .hrm"
    header = next((line for line in lines[first:] if line.strip()), "").lower()
    wanted: int | None = None
    if "rr" in re.split(r"[,;\t]", header.replace('"', "").replace(" ", "")) and "," in header:
        wanted = [c.strip() for c in header.replace('"', "").split(",")].index("rr")
        dialect = "HRV Logger"
    elif "ibi" in header:
        dialect = "Empatica"
    rows, skipped, first_skipped = _rows(lines, first, "," if wanted is not None else "")
    if not rows:
        raise _refused(source, "holds no line of numbers", "check that it is a file of intervals")
    width = max(set(map(len, rows)), key=[len(r) for r in rows].count)
    rows, odd = [r for r in rows if len(r) == width], [r for r in rows if len(r) != width]
    skipped += len(odd)
    if wanted is not None and wanted < width:
        column = [r[wanted] for r in rows]
        return _Parsed([x for x in column if x is not None], dialect, False, skipped, first_skipped)
    columns = [[x for x in column if x is not None] for column in zip(*rows, strict=True)]
    numbers, times = _choose(columns)
    shape = f"{width} columns" if width > 1 else "one column"
    return _Parsed(numbers, dialect or f"plain text, {shape}", times, skipped, first_skipped)


def _rows(lines: list[str], first: int, separator: str) -> tuple[list[tuple[float | None, ...]], int, int | None]:
    """Return the lines that are numbers, cell by cell; other lines are counted."""
    comma_is_decimal = not separator and _decimal_comma(lines[first:])
    rows: list[tuple[float | None, ...]] = []
    skipped, first_skipped = 0, None
    for number, line in enumerate(lines[first:], start=first + 1):
        if not line.strip():
            continue
        separators = separator or (r"[;\t ]+" if comma_is_decimal else r"[,;\t]+| +(?=[\d+-])")
        cells = [c.strip().strip('"') for c in re.split(separators, line.strip()) if c.strip()]
        values = [_float(c.replace(",", ".")) for c in cells]
        if cells and any(v is not None for v in values):
            rows.append(tuple(values))
        else:
            skipped += 1
            first_skipped = first_skipped or number
    return rows, skipped, first_skipped


def _decimal_comma(lines: list[str]) -> bool:
    """Tell whether a comma is the decimal sign: no number holds a point, and each at most one comma."""
    some = [line.strip() for line in lines if re.search(r"\d", line)][:2000]
    numeric = [line for line in some if re.fullmatch(r"[\d+\-,.;\t eE\"]+", line)]
    if not numeric or any("." in line for line in numeric) or not any("," in line for line in numeric):
        return False
    parts = [p for line in numeric for p in re.split(r"[;\t ]+", line) if p]
    return all(p.count(",") <= 1 for p in parts)


def _float(cell: str) -> float | None:
    return float(cell) if _NUMBER.fullmatch(cell) else None


def _choose(columns: list[list[float]]) -> tuple[list[float], bool]:
    """Return the column to use and whether it holds beat times; the last that looks like intervals is preferred."""
    for column in reversed(columns):
        if len(column) >= FEWEST and _looks_like_intervals(column):
            return column, False
    for column in columns:
        if len(column) > FEWEST and _rises(column):
            steps = [b - a for a, b in pairwise(column)]
            if _unit(median(steps)):
                return column, True
    return columns[-1], False


def _looks_like_intervals(column: list[float]) -> bool:
    return _unit(median(column)) != "" and not _rises(column)


def _rises(column: list[float]) -> bool:
    return all(b > a for a, b in pairwise(column))


def _unit(middle: float) -> str:
    if SECONDS[0] <= middle <= SECONDS[1]:
        return "s"
    return "ms" if MILLISECONDS[0] <= middle <= MILLISECONDS[1] else ""


# --- numbers to beat times ----------------------------------------------------------------------------------------


def _onsets(parsed: _Parsed, source: Path) -> tuple[list[float], str]:
    """Return beat times in s from 0 on, and the unit that was told."""
    numbers = parsed.numbers
    if len(numbers) < FEWEST:
        raise _refused(
            source, f"holds {len(numbers)} numbers, and at least {FEWEST} intervals are needed", "check the file"
        )
    if parsed.times:
        unit = _unit(median([b - a for a, b in pairwise(numbers)]))
        factor = 0.001 if unit == "ms" else 1.0
        return [factor * (t - numbers[0]) for t in numbers], unit
    middle = median(numbers)
    unit = _unit(middle)
    if not unit and RATES[0] <= middle <= RATES[1]:
        raise _refused(
            source,
            f"holds heart rates (heart rate in beats per minute, median {format_number(middle)}), not intervals; "
            "variability cannot be had from them",
            "export RR intervals",
        )
    if not unit:
        raise _refused(
            source,
            f"the median of its numbers is {format_number(middle)}, which is no interval in seconds "
            f"({SECONDS[0]:g}-{SECONDS[1]:g}) or milliseconds ({MILLISECONDS[0]:g}-{MILLISECONDS[1]:g})",
            "export RR intervals",
        )
    factor = 0.001 if unit == "ms" else 1.0
    onsets = [0.0]
    for place, number in enumerate(numbers, start=1):
        interval = factor * number
        if not 0 < interval <= LONGEST_S:
            raise _refused(
                source,
                f"is interval {place} and cannot be one (in {unit}, as most of the file is)",
                "take the line out, or leave a gap in a file of beat times",
                value=format_number(number),
            )
        onsets.append(onsets[-1] + interval)
    return onsets, unit


def _notes(parsed: _Parsed, source: Path) -> tuple[Problem, ...]:
    if not parsed.skipped:
        return ()
    lines = "line holds" if parsed.skipped == 1 else "lines hold"
    return (
        Problem(
            what=f"{parsed.skipped} {lines} no interval (header or annotation) and was left out",
            severity="note",
            code="skipped-lines",
            file=source.name,
            row=parsed.first_skipped,
        ),
    )


# --- the study ----------------------------------------------------------------------------------------------------


def _sidecar(done: ImportedRr, source: Path) -> dict[str, object]:
    return {
        "Columns": ["onset"],
        "onset": {"Description": "Time of a heart beat from the first one", "Units": "s"},
        "Description": f"Beat times made from intervals ({done.dialect}; intervals in {done.unit})",
        "SourceSHA256": files.sha256(files.read_bytes(source, source.name, MAX_BYTES)),
    }
