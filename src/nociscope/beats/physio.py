"""ECG and beat times from BIDS ``_physio.tsv.gz`` and ``_physioevents.tsv.gz`` files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nociscope import files, units
from nociscope.beats.detect import NoHeart, detect
from nociscope.beats.series import BeatSeries, clock_step
from nociscope.problems import BadInput, Problem, Severity

if TYPE_CHECKING:
    from nociscope.study.records import FileRecord, Visit

MOST_ROWS = 26_000_000
"""24 hours at 300 Hz; more would not fit the memory that a worker may take."""
ECG_NAMES = ("ecg", "ekg", "cardiac")
FEWEST_BEATS = 4
SHORTEST_RR_S, LONGEST_RR_S = 0.25, 2.5
"""Medians of intervals outside these are not of a heart at rest or on its feet (24 to 240 /min)."""

_CLOCK = re.compile(r"(?:\d{4}-\d{2}-\d{2}[T ])?([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?Z?")


class _Place:
    """Where problems of one file are, and those found so far."""

    def __init__(self, visit: Visit, record: FileRecord, assay: str) -> None:
        self.record = record
        self.where = {"participant_id": visit.participant_id, "session_id": visit.session_id, "assay": assay}
        self.problems: list[Problem] = []

    def problem(self, what: str, remedy: str, code: str, severity: Severity = "error", **more: Any) -> Problem:
        found = Problem(what=what, remedy=remedy, code=code, severity=severity, file=self.record.path, **more)
        return found.at(**self.where)

    def add(self, *arguments: Any, **more: Any) -> None:
        self.problems.append(self.problem(*arguments, **more))


def read_series(visit: Visit, record: FileRecord, assay: str) -> tuple[BeatSeries, tuple[Problem, ...]]:
    """Read one recording of heart beats.

    Parameters
    ----------
    visit : Visit
    record : FileRecord
        With suffix ``physio`` (an ECG) or ``physioevents`` (beat times).
    assay : str
        Whose problems these are.

    Returns
    -------
    series : BeatSeries
    problems : tuple of Problem
        What was used but looks wrong.

    Raises
    ------
    BadInput
        Nothing can be done with the file; one sentence.
    """
    place = _Place(visit, record, assay)
    metadata = visit.metadata(record)
    table = _columns(visit, record, metadata, place)
    clock = _clock(metadata)
    read_beats = _from_ecg if record.suffix == "physio" else _from_times
    series = replace(read_beats(table, metadata, place), clock_s=clock)
    return series, tuple(place.problems)


def _columns(visit: Visit, record: FileRecord, metadata: Mapping[str, Any], place: _Place) -> dict[str, np.ndarray]:
    """Return the columns of a headerless table by the names that its JSON gives."""
    stated = metadata.get("Columns")
    names = [n.strip() for n in stated if isinstance(n, str) and n.strip()] if isinstance(stated, list) else []
    if not names or len(names) < len(stated or ()) or len(set(names)) < len(names):
        raise BadInput(
            place.problem(
                "its JSON names no Columns, so what the columns are is not known",
                "add “Columns”: [“ecg”] for an ECG, [“onset”] for beat times",
                "no-columns",
            )
        )
    path = visit.path(record)
    packed = record.extension.endswith(".gz")
    text = files.read_gzip_text(path, record.path) if packed else files.read_text(path, record.path)
    if not text.strip():
        raise BadInput(place.problem("is empty", "export it again", "empty-file"))
    values = _numbers(text, len(names), place)
    return {name: values[:, i] for i, name in enumerate(names)}


def _numbers(text: str, width: int, place: _Place) -> np.ndarray:
    import io

    import pandas as pd

    if text.count("\n") > MOST_ROWS:
        raise BadInput(
            place.problem(
                f"has more than {MOST_ROWS:,} rows", "downsample it to 250 Hz, or give beat times", "too-many-rows"
            )
        )
    first = text.split("\n", 1)[0].rstrip("\r").split("\t")
    if len(first) != width:
        raise BadInput(
            place.problem(
                f"has {len(first)} columns and its JSON names {width}", "make the two agree", "columns-differ", row=1
            )
        )
    try:
        table = pd.read_csv(
            io.BytesIO(text.encode()), sep="\t", header=None, names=list(range(width)), na_values=["n/a"], dtype=float
        )
    except (ValueError, OverflowError, pd.errors.ParserError):
        row, cell = _first_bad(text, width)
        raise BadInput(
            place.problem(
                f"is not a row of {width} numbers" if width > 1 else "is not a number",
                "write numbers with a decimal point and no header line, or n/a where a sample is missing",
                "not-a-number",
                row=row,
                value=cell,
            )
        ) from None
    values = table.to_numpy(dtype=float)
    values[~np.isfinite(values)] = np.nan
    return values


def _first_bad(text: str, width: int) -> tuple[int | None, str]:
    """Return the first row that is not numbers, and its cell."""
    for number, line in enumerate(text.split("\n"), start=1):
        cells = line.rstrip("\r").split("\t")
        if not line.strip():
            continue
        if len(cells) != width:
            return number, line[:60]
        for cell in cells:
            try:
                float("nan" if cell.strip() in ("n/a", "") else cell)
            except ValueError:
                return number, cell
    return None, ""


def _clock(metadata: Mapping[str, Any]) -> float | None:
    """Return the time of day at which the recording began, in s after midnight, where the JSON says it."""
    for key in ("AcquisitionTime", "StartClock", "RecordingStart"):
        match = _CLOCK.fullmatch(str(metadata.get(key, "")).strip())
        if match:
            hours, minutes, seconds = match.groups()
            return 3600 * int(hours) + 60 * int(minutes) + float(seconds or 0)
    return None


def _number(metadata: Mapping[str, Any], key: str) -> float | None:
    value = metadata.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if np.isfinite(float(value)) and value > 0 else None


def _unit(metadata: Mapping[str, Any], column: str) -> str:
    entry = metadata.get(column)
    unit = entry.get("Units") if isinstance(entry, Mapping) else None
    return unit.strip() if isinstance(unit, str) else ""


def _from_ecg(table: Mapping[str, np.ndarray], metadata: Mapping[str, Any], place: _Place) -> BeatSeries:
    """Find the beats of an ECG."""
    name = next((n for n in table if n.lower() in ECG_NAMES), "")
    name = name or next((n for n in table if any(w in n.lower() for w in ECG_NAMES)), "")
    if not name:
        raise BadInput(
            place.problem(
                f"has no column called ecg, only {', '.join(table)}", "name the ECG in Columns", "no-ecg-column"
            )
        )
    rate = _number(metadata, "SamplingFrequency")
    if rate is None:
        raise BadInput(
            place.problem(
                "its JSON gives no SamplingFrequency, so beats cannot be placed in time",
                "add SamplingFrequency in Hz",
                "no-sampling-frequency",
            )
        )
    signal = table[name] * _to_mv(_unit(metadata, name), name, place)
    try:
        found = detect(signal, rate)
    except NoHeart as reason:
        raise BadInput(place.problem(f"the ECG {reason}", "look at the signal", "no-heart-beats")) from None
    remarks = []
    if found.inverted:
        said = "the ECG is upside down or its main deflection points down; it was turned over to find the beats"
        place.add(said, "check the leads", "inverted-ecg", "warning")
        remarks.append("ECG turned over")
    if found.agreement < 0.9:
        remarks.append(f"two detectors agree on {100 * found.agreement:.0f} % of the beats only")
    if rate < 125:
        remarks.append(f"ECG of {rate:g} Hz: beat-to-beat measures are coarse")
    return BeatSeries(
        times_s=found.times_s,
        odd_shape=found.odd_shape,
        duration_s=signal.size / rate,
        task=place.record.entities.get("task", ""),
        origin="ecg",
        source=place.record.path,
        agreement=found.agreement,
        remarks=tuple(remarks),
    )


def _to_mv(unit: str, column: str, place: _Place) -> float:
    """Return the factor to mV; without a unit the numbers are taken for mV."""
    if not unit or unit in ("mV", "n/a"):
        return 1.0
    try:
        return units.convert(1.0, unit, "mV")
    except ValueError:
        place.add(
            "is no unit of an ECG; the numbers were taken for mV",
            "write mV, uV or V",
            "ecg-unit",
            "warning",
            column=f"{column}.Units",
            value=unit,
        )
        return 1.0


def _from_times(table: Mapping[str, np.ndarray], metadata: Mapping[str, Any], place: _Place) -> BeatSeries:
    """Check and convert beat times."""
    name = next((n for n in table if n.lower() == "onset"), "") or next(iter(table))
    times = table[name][np.isfinite(table[name])]
    if times.size < FEWEST_BEATS:
        raise BadInput(
            place.problem(f"holds {times.size} beats, too few for anything", "check the file", "too-few-beats")
        )
    steps = np.diff(times)
    if (steps <= 0).any():
        row = int(np.flatnonzero(steps <= 0)[0]) + 2
        raise BadInput(
            place.problem(
                "does not come after the beat before it, so these are no beat times "
                "(heart rates, or intervals from beat to beat)",
                "give the time of each beat; nociscope import rr makes them from intervals",
                "not-increasing",
                row=row,
                value=f"{times[row - 1]:g}",
            )
        )
    factor, remark = _time_unit(float(np.median(steps)), _unit(metadata, name), place)
    times = times * factor
    step = clock_step(times)
    remarks = [remark] if remark else []
    if step:
        place.add(
            f"lies on a clock of {1000 * step:.3g} ms, too coarse for small differences from beat to beat",
            "use the device's finer export where there is one",
            "coarse-clock",
            "warning",
        )
    return BeatSeries(
        times_s=times,
        odd_shape=np.zeros(times.size, dtype=bool),
        duration_s=float(times[-1] - times[0]),
        task=place.record.entities.get("task", ""),
        source=place.record.path,
        resolution_s=step,
        remarks=tuple(remarks),
    )


def _time_unit(median: float, unit: str, place: _Place) -> tuple[float, str]:
    """Return the factor to seconds, and a remark where it had to be inferred."""
    told = {"s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 0.001, "msec": 0.001, "millisecond": 0.001}
    told |= {"milliseconds": 0.001}
    factor = told.get(unit.lower())
    remark = ""
    if factor is None:
        factor = 0.001 if median > 100 else 1.0
        called = "milliseconds" if factor < 1 else "seconds"
        remark = f"no unit given: taken for {called}, the median interval being {median:.4g}"
        if factor < 1 or unit:
            place.add(
                f"the unit of the beat times is {'not known' if unit else 'not given'}; the median interval is "
                f"{median:.4g}, so {called} were taken",
                "write “Units” of onset in the JSON",
                "unit-detected",
                "note",
                value=unit,
            )
    if not SHORTEST_RR_S <= median * factor <= LONGEST_RR_S:
        raise BadInput(
            place.problem(
                f"the median interval from beat to beat would be {median * factor:.4g} s, which no heart has",
                "check the unit of the beat times",
                "impossible-interval",
                value=unit,
            )
        )
    return factor, remark
