"""Nerve conduction waveforms: sweeps around each stimulus from ``emg/*_task-ncs*_emg.edf`` and its tables.

One file may hold one trace or a whole session. What a sweep is of stands in ``_events.tsv``, a row for a stimulus,
in columns named like those of ``phenotype/nerve_conduction.tsv``; what is the same for all stimuli of a channel may
stand in ``_channels.tsv`` instead. Nothing is marked or filtered here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nociscope import edf, files, units
from nociscope.assays.ncs.settings import NcsSettings
from nociscope.assays.ncs.table import NERVE_CONDUCTION, STIMULATIONS, canonical
from nociscope.problems import BadInput, Problem
from nociscope.study.inputs import FileInput
from nociscope.study.records import FileRecord
from nociscope.tsv import MISSING, Column, RawRow, Row, Table, split_tsv

if TYPE_CHECKING:
    from nociscope.study.records import Visit

EMG = FileInput(
    datatype="emg",
    suffix="emg",
    extensions=(".edf", ".bdf"),
    entities={"task": "ncs*|NCS*|nerveconduction*"},
    title="nerve conduction waveforms",
)

_LIMITS = ("amplitude_unit", "amplitude_lln", "latency_uln", "velocity_lln", "f_latency_uln")
SHARED = ("side", "nerve", "type", "stimulation", "distance_mm", "temperature_c", "low_cut_hz", *_LIMITS)
"""Columns of events, the same as in the table."""

OF_CHANNEL = tuple(name for name in SHARED if name != "type")
"""Those that ``_channels.tsv`` may give instead; there, `type` is the standard's own column (``EMG``)."""

EVENTS = Table(
    "events",
    "One stimulus",
    (
        Column("onset", "When the stimulus was given, from the start of the file", "number", unit="s", needed=True),
        Column("duration", "Length of the stimulus", "number", unit="s"),
        Column("channel", "Name of the channel that recorded it; not needed where the file has one"),
        *(NERVE_CONDUCTION.column(name) for name in SHARED),
    ),
    open=True,
)
"""``emg/*_events.tsv`` as it is read; rows without a nerve or kind of study are no stimuli of a nerve."""

_CONDITIONS = ("distance_mm", "temperature_c", "low_cut_hz")
_OF_POINT = (*_CONDITIONS, *_LIMITS)
"""Columns that must be the same for all sweeps of one point."""

LARGEST_BLOCK = 8_000_000
"""Samples that are loaded at once (64 MB): 160 s at 50 kHz; sweeps that lie farther apart are loaded one by one."""

UNIT_OF = {"motor": "mV", "sensory": "uV", "f_wave": "mV"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSeries:
    """The sweeps of one nerve, kind of study and point of stimulation.

    Attributes
    ----------
    nerve, side, kind, stimulation : str
    time_ms : array, shape (samples,)
        From the stimulus.
    sweeps : array, shape (sweeps, samples)
        In `unit` (mV; uV of sensory nerves), negative up, as recorded.
    clipped : tuple of bool
        Per sweep: whether it reaches the end of what the amplifier stores.
    distance_mm, temperature_c, low_cut_hz : float or None
    amplitude_lln, latency_uln, velocity_lln, f_latency_uln : float or None
        The laboratory's limits, that of the amplitude in `unit`.
    device, source : str
    beside : tuple of str
        The tables that were read with it.
    row : int
        Of the first stimulus, in the events table.
    """

    nerve: str
    kind: str
    side: str = MISSING
    stimulation: str = MISSING
    time_ms: edf.Floats
    sweeps: edf.Floats
    clipped: tuple[bool, ...] = ()
    unit: str
    distance_mm: float | None = None
    temperature_c: float | None = None
    low_cut_hz: float | None = None
    amplitude_lln: float | None = None
    latency_uln: float | None = None
    velocity_lln: float | None = None
    f_latency_uln: float | None = None
    device: str = MISSING
    source: str = MISSING
    beside: tuple[str, ...] = ()
    row: int = 0

    @property
    def level(self) -> int:
        """How far along the nerve it was stimulated: 0 distal, larger more proximal."""
        return STIMULATIONS.get(self.stimulation, 0)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Nerve, side, kind and point."""
        return self.nerve, self.side, self.kind, self.stimulation

    @property
    def label(self) -> str:
        """``median right motor wrist``."""
        return " ".join(part for part in (self.nerve, self.side, self.kind, self.stimulation) if part != MISSING)


@dataclass(frozen=True, slots=True)
class _Signal:
    """A channel that can be cut: its rate, the factor to volts, what its numbers end at (V), and its loader."""

    rate: float
    to_volt: float
    ends: tuple[float, float]
    load: Callable[[int, int], edf.Floats]


def read_recordings(visit: Visit, settings: NcsSettings) -> tuple[tuple[SweepSeries, ...], tuple[Problem, ...]]:
    """Read all waveforms of a visit; a file that cannot be used is refused alone.

    Returns
    -------
    series : tuple of SweepSeries
        Of each nerve, side, kind and point at most one: where two recordings hold it, neither is used.
    problems : tuple of Problem
    """
    series: list[SweepSeries] = []
    problems: list[Problem] = []
    for record in visit.find(
        datatype=EMG.datatype, suffix=EMG.suffix, extensions=EMG.extensions, **dict(EMG.entities)
    ):
        try:
            found, wrong = _read_file(visit, record, settings)
        except BadInput as error:
            problems += [p.at(file=record.path) for p in error.problems]
            continue
        series += found
        problems += wrong
    kept, wrong = _without_repeats(series)
    return kept, (*problems, *wrong)


def _read_file(visit: Visit, record: FileRecord, settings: NcsSettings) -> tuple[list[SweepSeries], list[Problem]]:
    """Read the responses of one file.

    Raises
    ------
    BadInput
        It is no EDF or BDF file, or it has no events table, or that names no stimulus of a nerve.
    """
    path = visit.path(record)
    header = edf.read_header(path, record.path)
    channels, ragged = _channel_rows(visit, record)
    rows, problems = _stimuli(visit, record, [c.label for c in header.channels], channels)
    problems = [*ragged, *problems]
    if header.cut_short:
        what, remedy = f"the file is cut short: {header.cut_short}", "copy it again; what is there was used"
        problems.append(Problem(what=what, remedy=remedy, code="cut-short", file=record.path))
    device = _device(visit.metadata(record))
    companions = (visit.companion(record, suffix, ".tsv") for suffix in ("events", "channels"))
    beside = tuple(c.path for c in companions if c is not None)
    signals: dict[str, _Signal | None] = {}
    series: list[SweepSeries] = []
    for (label, *_), group in _grouped(rows).items():
        if label not in signals:
            try:
                signals[label] = _signal(path, record.path, header, label, channels.get(label))
            except BadInput as error:
                signals[label] = None
                problems += error.problems
        signal = signals[label]
        if signal is None:
            continue
        made, wrong = _series(group, signal, header.seconds, settings)
        problems += wrong
        if made is not None:
            series.append(replace(made, device=device, source=record.path, beside=beside))
    if not series and not problems:
        what = "the events table names no stimulus of a nerve"
        remedy = "give each stimulus a row with onset, nerve and type (motor, sensory or f_wave)"
        raise BadInput(Problem(what=what, remedy=remedy, code="no-stimulus", file=_events_name(record)))
    return series, problems


# --- The tables beside a recording -----------------------------------------------------------------------


def _events_name(record: FileRecord) -> str:
    return record.path.removesuffix(f"{record.suffix}{record.extension}") + "events.tsv"


def _table(visit: Visit, record: FileRecord, suffix: str) -> tuple[list[RawRow], list[Problem]] | None:
    companion = visit.companion(record, suffix, ".tsv")
    if companion is None:
        return None
    _, rows, problems = split_tsv(files.read_text(visit.path(companion), companion.path), companion.path)
    return rows, problems


def _channel_rows(visit: Visit, record: FileRecord) -> tuple[Mapping[str, RawRow], list[Problem]]:
    """Return the rows of ``_channels.tsv`` by the name of their channel; none where the table is absent."""
    rows, problems = _table(visit, record, "channels") or ([], [])
    return {row.cells.get("name", "").strip(): row for row in rows}, problems


def _stimuli(
    visit: Visit, record: FileRecord, labels: Sequence[str], channels: Mapping[str, RawRow]
) -> tuple[list[tuple[str, Row]], list[Problem]]:
    """Return the stimuli of a recording, each with the label of its channel, and what was wrong with the others."""
    table = _table(visit, record, "events")
    if table is None:
        what = "the recording has no events table, so nobody knows when what was stimulated"
        remedy = f"add {_events_name(record).rpartition('/')[2]} beside it"
        raise BadInput(Problem(what=what, remedy=remedy, code="no-events", file=record.path))
    raw, problems = table[0], list(table[1])
    named: list[tuple[str, RawRow]] = []
    for row in raw:
        label = _channel_of(row, labels)
        if label is None:
            problems.append(_no_channel(row, labels))
            continue
        filled = _filled(row, channels.get(label))
        if filled.cells["nerve"] and filled.cells["type"]:
            named.append((label, filled))
    parsed = EVENTS.parse(row for _, row in named)
    place = {(row.file, row.row): label for label, row in named}
    found = [(place[row.file, row.row], row) for row in parsed.rows]
    left = len(raw) - len(named) - sum(p.code == "no-such-channel" for p in problems)
    if named and left:
        what = "1 event is" if left == 1 else f"{left} events are"
        what += " no stimulus of a nerve (nerve or type is empty)"
        problems.append(Problem(what=what, severity="note", code="other-events", file=raw[0].file))
    return found, [*problems, *parsed.problems]


def _channel_of(row: RawRow, labels: Sequence[str]) -> str | None:
    """Return the label of the channel of a stimulus, None when there is no such channel."""
    given = _cell(row, "channel")
    if not given and len(labels) == 1:
        return labels[0]
    return given if given in labels else None


def _cell(row: RawRow, column: str) -> str:
    text = row.cells.get(column, "").strip()
    return "" if text == MISSING else text


def _filled(row: RawRow, channel: RawRow | None) -> RawRow:
    """Return a stimulus with what its own cells leave open taken from its channel, in the table's spelling."""
    cells = dict(row.cells)
    for name in SHARED:
        text = _cell(row, name)
        if not text and channel is not None and name in OF_CHANNEL:
            text = _cell(channel, name)
        cells[name] = canonical(name, text) if name in ("side", "nerve", "type", "stimulation") else text
    if not cells["low_cut_hz"] and channel is not None:
        cells["low_cut_hz"] = _cell(channel, "low_cutoff")
    return RawRow(row.file, row.row, cells)


def _no_channel(row: RawRow, labels: Sequence[str]) -> Problem:
    value = _cell(row, "channel")
    names = ", ".join(labels[:8]) + (", …" if len(labels) > 8 else "")
    what = f"is no channel of the recording ({names})" if value else "says not which channel recorded the stimulus"
    return Problem(
        what=what,
        remedy="name the channel as the header does",
        code="no-such-channel",
        file=row.file,
        row=row.row,
        column="channel",
        value=value,
    )


def _device(metadata: Mapping[str, Any]) -> str:
    names = [metadata.get(key) for key in ("Manufacturer", "ManufacturersModelName")]
    return " ".join(str(n) for n in names if isinstance(n, str) and n.strip()) or MISSING


# --- Signals ---------------------------------------------------------------------------------------------


def _signal(path: Any, name: str, header: edf.EdfHeader, label: str, row: RawRow | None) -> _Signal:
    """Open one channel.

    Raises
    ------
    BadInput
        The channels table calls it bad, two channels have its name, its unit is none of voltage, or the two places
        that give the unit disagree.
    """
    if row is not None and _cell(row, "status").lower() == "bad":
        what = f"the channel {label} is marked bad in the channels table, so its responses are not used"
        raise BadInput(Problem(what=what, severity="warning", code="bad-channel", file=name))
    same = [c for c in header.channels if c.label == label]
    if len(same) > 1:
        what = f"two channels are called {label}"
        raise BadInput(Problem(what=what, remedy="give each its own name", code="channel-repeats", file=name))
    channel = same[0]
    written, beside = units.canonical(channel.unit), units.canonical("" if row is None else _cell(row, "units"))
    unit = written or beside
    remedy = "write uV, mV or V"
    try:
        if not unit:
            raise ValueError("has no unit")
        to_volt = units.convert(1.0, unit, "V")
    except ValueError:
        what = f"the channel {label} is in {unit}, which is no unit of voltage" if unit else f"{label} has no unit"
        raise BadInput(Problem(what=what, remedy=remedy, code="bad-unit", file=name)) from None
    if written and beside and written != beside:
        what = f"the channel {label} is in {written} by its header and in {beside} by the channels table"
        raise BadInput(Problem(what=what, remedy="correct the one that is wrong", code="units-disagree", file=name))
    ends = (channel.low * to_volt, channel.high * to_volt)
    # What MNE gives is in volts where the header has a unit, and in the header's own numbers where it has none.
    return _Signal(channel.rate, 1.0 if written else to_volt, ends, edf.open_channel(path, name, label))


_Group = Mapping[tuple[str, str, str, str, str], list[Row]]


def _grouped(rows: Sequence[tuple[str, Row]]) -> _Group:
    groups: dict[tuple[str, str, str, str, str], list[Row]] = {}
    for label, row in rows:
        side, point = row.text("side", MISSING), row.text("stimulation", MISSING)
        groups.setdefault((label, row.text("nerve"), side, row.text("type"), point), []).append(row)
    return groups


def window_ms(kind: str, settings: NcsSettings) -> float:
    """Return how much after the stimulus is looked at."""
    return {"motor": settings.motor_ms, "sensory": settings.sensory_ms, "f_wave": settings.f_wave_ms}[kind]


def _series(
    rows: Sequence[Row], signal: _Signal, seconds: float, settings: NcsSettings
) -> tuple[SweepSeries | None, list[Problem]]:
    """Cut the sweeps of one nerve and point; a sweep that ends too early, or is flat, is refused alone."""
    first = rows[0]
    kind = first.text("type")
    unit = UNIT_OF[kind]
    for name in _OF_POINT:
        if len({row.cells.get(name) for row in rows}) > 1:
            what = f"the sweeps of {first.text('nerve')} {kind} have different values of {name}, so none is used"
            return None, [first.problem(name, what, "give all sweeps of one point the same", code="sweeps-disagree")]
    time_s, sweeps, clipped, problems = _sweeps(rows, signal, seconds, settings)
    if not sweeps:
        return None, problems
    sign = 1.0 if settings.inverted else -1.0
    limits, wrong = _limits(first, unit)
    made = SweepSeries(
        nerve=first.text("nerve"),
        kind=kind,
        side=first.text("side", MISSING),
        stimulation=first.text("stimulation", MISSING),
        time_ms=1000 * time_s,
        sweeps=sign * units.convert(1.0, "V", unit) * np.stack(sweeps),
        clipped=tuple(clipped),
        unit=unit,
        row=first.row,
        **{name: first.number(name) for name in _CONDITIONS},  # type: ignore[arg-type]
        **limits,  # type: ignore[arg-type]
    )
    return made, [*problems, *wrong, *_lacking(first, kind)]


def _sweeps(
    rows: Sequence[Row], signal: _Signal, seconds: float, settings: NcsSettings
) -> tuple[edf.Floats, list[edf.Floats], list[bool], list[Problem]]:
    """Return times from the stimulus, the sweeps in volts, which of them are clipped, and what was refused."""
    problems: list[Problem] = []
    wanted = window_ms(rows[0].text("type"), settings) / 1000
    starts = [(row.number("onset") or 0.0) + settings.stimulus_delay_ms / 1000 for row in rows]
    lengths = [min(wanted, seconds - start - 1 / signal.rate) for start in starts]
    usable = [x for x in zip(rows, starts, lengths, strict=True) if x[1] >= 0 and x[2] >= wanted / 2]
    used = [row for row, *_ in usable]
    outside = [row for row in rows if row not in used]
    if outside:
        many = f"; and {len(outside) - 1} more stimuli of this nerve" if len(outside) > 1 else ""
        what = f"lies outside the recording, or less than {1000 * wanted / 2:g} ms before its end{many}"
        problems.append(outside[0].problem("onset", what, "correct the onset", code="outside-recording"))
    if not usable:
        return np.empty(0), [], [], problems
    before = min(settings.before_ms / 1000, *(start for _, start, _ in usable))
    after = min(left for *_, left in usable)
    ahead = int(before * signal.rate)
    time_s = (np.arange(int((before + after) * signal.rate)) - ahead) / signal.rate
    sweeps: list[edf.Floats] = []
    clipped: list[bool] = []
    signal = _loaded(signal, [start for _, start, _ in usable], time_s)
    for row, start, _ in usable:
        sweep = _cut(signal, start, time_s)
        seen = sweep[time_s * 1000 >= settings.blank_ms]
        if float(np.ptp(seen)) == 0:
            what = "the recording is flat after this stimulus, as if nothing had been connected"
            problems.append(row.problem("", what, "export it again, or take the row out", code="flat"))
            continue
        margin = (signal.ends[1] - signal.ends[0]) * 1e-4
        clipped.append(int(((seen <= signal.ends[0] + margin) | (seen >= signal.ends[1] - margin)).sum()) > 2)
        sweeps.append(sweep)
    return time_s, sweeps, clipped, problems


def _loaded(signal: _Signal, starts: Sequence[float], time_s: edf.Floats) -> _Signal:
    """Return a signal whose samples around all stimuli are loaded at once, unless they lie too far apart."""
    first = max(int((min(starts) + time_s[0]) * signal.rate) - 2, 0)
    last = int((max(starts) + time_s[-1]) * signal.rate) + 3
    if last - first > LARGEST_BLOCK:
        return signal
    block = signal.load(first, last)
    return replace(signal, load=lambda start, stop: block[start - first : stop - first])


def _cut(signal: _Signal, start_s: float, time_s: edf.Floats) -> edf.Floats:
    """Return a sweep in volts at times from its stimulus; between samples by a straight line."""
    place = (start_s + time_s[0]) * signal.rate
    first = max(int(np.floor(place + 1e-6)), 0)
    values = signal.load(first, first + time_s.size + 1) * signal.to_volt
    part = max(place - first, 0.0)
    if part < 1e-3 or values.size <= time_s.size:
        return np.asarray(values[: time_s.size])
    return np.asarray((1 - part) * values[:-1] + part * values[1:])


def _limits(row: Row, unit: str) -> tuple[dict[str, float | None], list[Problem]]:
    """Return the laboratory's limits; that of the amplitude in the unit of the sweeps, or refused with a sentence."""
    limits = {name: row.number(name) for name in _LIMITS[1:]}
    problems: list[Problem] = []
    amplitude = limits["amplitude_lln"]
    if amplitude is not None:
        try:
            limits["amplitude_lln"] = units.convert(amplitude, row.text("amplitude_unit"), unit)
        except ValueError:
            what = "the limit of the amplitude has no unit of voltage, so it is not used"
            problems.append(row.problem("amplitude_unit", what, "write mV or uV", code="bad-unit"))
            limits["amplitude_lln"] = None
    return limits, problems


def _lacking(row: Row, kind: str) -> Iterator[Problem]:
    """Name what a stimulus does not say and a velocity needs."""
    point = row.text("stimulation", MISSING)
    proximal = STIMULATIONS.get(point, 0) > 0
    if row.number("distance_mm") is None and (kind == "sensory" or (kind == "motor" and proximal)):
        what = f"there is no distance for {row.text('nerve')} {kind}, so no velocity can be given"
        remedy = "give the length of the segment, or of a sensory nerve from cathode to electrode"
        yield row.problem("distance_mm", what, remedy, severity="warning", code="no-distance")
    if kind == "motor" and point not in STIMULATIONS:
        what = "is no point of stimulation that is known, so the response is taken for a distal one"
        remedy = f"write one of {', '.join(STIMULATIONS)}"
        yield row.problem("stimulation", what, remedy, severity="warning", code="unknown-point")


def _without_repeats(series: Sequence[SweepSeries]) -> tuple[tuple[SweepSeries, ...], list[Problem]]:
    """Leave out what two recordings hold, because none may be chosen silently."""
    groups: dict[tuple[str, str, str, str], list[SweepSeries]] = {}
    for one in series:
        groups.setdefault(one.key, []).append(one)
    problems: list[Problem] = []
    for same in groups.values():
        for other in same[1:]:
            what = f"{other.label} is recorded here and in {same[0].source}, so neither is used"
            remedy = "keep one; sweeps of one response belong into one file and channel"
            problems.append(Problem(what=what, remedy=remedy, code="recorded-twice", file=other.source))
    return tuple(one for one in series if len(groups[one.key]) == 1), problems
