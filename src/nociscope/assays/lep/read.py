"""Reading laser-evoked recordings: signals, channels, events and behaviour of a visit become clean epochs.

One recording that cannot be used is refused by name and the others go on; only when nothing is left is there an
error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nociscope import files
from nociscope.assays.lep import channels as montages
from nociscope.assays.lep.elsewhere import PEAKS
from nociscope.assays.lep.epochs import Part, assemble
from nociscope.assays.lep.events import Pulses, add_behaviour, find_pulses
from nociscope.assays.lep.filtering import cut_epochs, low_pass, remove_baseline, usable
from nociscope.assays.lep.formats import EXTENSIONS, Opened, open_eeg
from nociscope.assays.lep.recording import Floats, LepRecording, Pulse, Scalp
from nociscope.assays.lep.scalp import position
from nociscope.assays.lep.settings import LepSettings
from nociscope.problems import BadInput, Problem, clean_text
from nociscope.tables import MISSING, RawRow, split_tsv

if TYPE_CHECKING:
    from nociscope.study.records import FileRecord, Visit

_CONTRALATERAL = {"left": "right", "right": "left"}
_SCALP_BIN_S = 0.02
_FEWEST_SCALP = 16
_RATE_TOLERANCE = 0.005


def read(visit: Visit, settings: LepSettings) -> LepRecording:
    """Read every laser-evoked recording of a visit.

    Parameters
    ----------
    visit : Visit
    settings : LepSettings

    Returns
    -------
    LepRecording
        Clean epochs per site and side, over all runs of the visit.

    Raises
    ------
    BadInput
        Nothing could be used; the problems say why, file by file.
    """
    reader = _Reader(visit, settings)
    parts = reader.parts()
    parsed = visit.table(PEAKS)
    problems = [*reader.problems, *parsed.problems]
    if not parts and not parsed.rows:
        serious = [p for p in problems if p.severity == "error"]
        if serious:
            raise BadInput(serious)
    stimulated, more = assemble(parts, settings)
    sources = tuple(dict.fromkeys([*reader.sources, *(row.file for row in parsed.rows)]))
    return LepRecording(
        stimulated=stimulated, peaks=parsed.rows, problems=(*problems, *more), sources=tuple(sorted(sources))
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A recording with its laser pulses, not yet opened for its signals."""

    record: FileRecord
    opened: Opened
    pulses: tuple[Pulse, ...]
    metadata: Mapping[str, object]


class _Reader:
    """Reads the recordings of one visit one after the other, keeping problems and sources."""

    def __init__(self, visit: Visit, settings: LepSettings) -> None:
        self.visit, self.settings = visit, settings
        self.problems: list[Problem] = []
        self.sources: list[str] = []

    def parts(self) -> list[Part]:
        records = self.visit.find(datatype="eeg", suffix="eeg", extensions=EXTENSIONS)
        self._say_missing_signals(records)
        found: list[_Found] = []
        silent: list[Problem] = []
        for record in records:
            try:
                one, problem = self._find(record)
            except BadInput as error:
                self.problems += [p.at(file=record.path) for p in error.problems]
                continue
            if one is not None:
                found.append(one)
            elif problem is not None:
                silent.append(problem)
        # a run without pulses (rest, training) beside runs that have them is no fault
        self.problems += [replace(p, severity="note") if found else p for p in silent]
        parts = []
        for one in found:
            try:
                parts.append(self._part(one))
            except BadInput as error:
                self.problems += [p.at(file=one.record.path) for p in error.problems]
                part = _ratings_only(one, self.settings, error.problems[0].what)
                parts += [part] if part is not None else []
        return parts

    def _say_missing_signals(self, records: Sequence[FileRecord]) -> None:
        """Name every events table that has no signal file: a text-only copy of a data set looks like this."""
        have = {tuple(sorted(r.entities.items())) for r in records}
        for table in self.visit.find(datatype="eeg", suffix="events", extensions=(".tsv",)):
            if tuple(sorted(table.entities.items())) in have:
                continue
            stem = table.stem.removesuffix("_events") + "_eeg"
            self.problems.append(
                Problem(
                    what=f"the signals are missing: there is no {stem} with the ending {', '.join(EXTENSIONS)}",
                    remedy="copy the recording beside its events (a text-only copy of a data set lacks it)",
                    code="missing-signals",
                    file=table.path,
                )
            )

    def _companion(self, record: FileRecord, suffix: str, extension: str, datatype: str = "eeg") -> FileRecord | None:
        """Return the table of a recording: with the same entities, or inherited from the person or the study."""
        fitting = [
            f
            for f in self.visit.files
            if (f.datatype, f.suffix, f.extension) == (datatype, suffix, extension)
            and all(record.entities.get(k) == v for k, v in f.entities.items())
        ]
        if fitting:
            return max(fitting, key=lambda f: len(f.entities))
        task = record.entities.get("task", "")
        shared = f"task-{task}_{suffix}{extension}"
        if datatype != "eeg" or not task or not (self.visit.root / shared).is_file():
            return None
        return replace(record, path=shared, datatype="", entities={"task": task}, suffix=suffix, extension=extension)

    def _table(self, record: FileRecord) -> tuple[tuple[str, ...], list[RawRow]]:
        text = files.read_text(self.visit.path(record), record.path)
        header, rows, problems = split_tsv(text, record.path)
        self.problems += problems
        self.sources.append(record.path)
        return header, rows

    def _find(self, record: FileRecord) -> tuple[_Found | None, Problem | None]:
        """Open a recording and find its laser pulses; a Problem instead when it has none."""
        self.visit.path(record)
        events = self._companion(record, "events", ".tsv")
        name = events.path if events is not None else record.path
        pulses: Pulses | None = None
        if events is not None:
            header, rows = self._table(events)
            if "onset" not in header:
                remedy = "add it"
                raise BadInput(Problem(what="has no column onset", remedy=remedy, code="missing-column", file=name))
            pulses = find_pulses(rows, name, self.settings)
            if not pulses.pulses:
                return None, self._no_pulses(record, pulses, name)
        opened = open_eeg(self.visit.root, record.path)
        self.sources += [record.path, *opened.parts]
        inner = _inner_rows(opened, record.path)
        if pulses is None or (opened.epochs and inner):
            pulses = find_pulses(inner, record.path, self.settings)
            if not pulses.pulses:
                return None, self._no_pulses(record, pulses, name)
        self.problems += pulses.problems
        metadata = self.visit.metadata(record)
        self._check_rate(record, opened, metadata)
        return _Found(record, opened, self._with_behaviour(record, pulses.pulses), metadata), None

    def _no_pulses(self, record: FileRecord, pulses: Pulses, name: str) -> Problem:
        rest = record.entities.get("task", "").lower().startswith("rest")
        codes = ", ".join(f"{clean_text(c, 30)} ({n})" for c, n in list(pulses.codes.items())[:8])
        dropped = "; ".join(p.what for p in pulses.problems)
        remedy = (
            'say in code/nociscope.toml what the pulses are called, [lep.events."CODE"] with trial_type = "laser"'
        )
        if rest:
            remedy = ""
        elif dropped:
            remedy = "correct these rows"
        return Problem(
            what=f"there are no laser events (found: {dropped or codes or 'no events'})",
            remedy=remedy,
            severity="note" if rest else "error",
            code="no-laser-events",
            file=name,
        )

    def _with_behaviour(self, record: FileRecord, pulses: tuple[Pulse, ...]) -> tuple[Pulse, ...]:
        table = self._companion(record, "beh", ".tsv", datatype="beh")
        if table is None or table.entities.get("task") != record.entities.get("task"):
            return pulses
        try:
            header, rows = self._table(table)
        except BadInput as error:
            self.problems += error.problems
            return pulses
        joined, problems = add_behaviour(pulses, rows, header, table.path, self.settings)
        self.problems += problems
        return joined

    def _check_rate(self, record: FileRecord, opened: Opened, metadata: Mapping[str, object]) -> None:
        said = metadata.get("SamplingFrequency")
        if isinstance(said, int | float) and abs(said / opened.rate - 1) > _RATE_TOLERANCE:
            raise BadInput(
                Problem(
                    what=f"SamplingFrequency is {said:g} Hz in the sidecar and {opened.rate:g} Hz in the file, "
                    "so no latency can be trusted",
                    remedy="correct whichever is wrong",
                    code="sampling-rate",
                    file=record.path,
                )
            )

    def _part(self, one: _Found) -> Part:
        """Load the needed channels of a recording and cut its epochs."""
        record, opened, settings = one.record, one.opened, self.settings
        table = self._companion(record, "channels", ".tsv")
        rows = [r.cells for r in self._table(table)[1]] if table is not None else []
        named, problems = montages.resolve(opened.labels, rows, record.path)
        self.problems += problems
        said = one.metadata.get("EEGReference")
        montage = montages.build(named, said if isinstance(said, str) else "", settings.n1_derivation, record.path)
        if montage.average_reference:
            self._warn_average(record)
        epoched = _epoch_length(one)
        signals, lateral_names = _derivations(one, montage)
        delay = settings.trigger_delay_ms / 1000.0
        if signals.ndim == 3 or epoched:
            times, epochs, kept = _from_epochs(one, signals, epoched, delay, settings)
        else:
            times, epochs, kept = _from_continuous(one, signals, delay, settings)
        self._say_lost(one, int(len(kept) - kept.sum()))
        scalp = None
        if not opened.epochs and not epoched:
            scalp = _scalp(one, montage, np.flatnonzero(kept), delay)
        return Part(
            source=record.path,
            device=_device(one.metadata),
            reference=montage.reference_name,
            average_reference=montage.average_reference,
            pulses=one.pulses,
            times_s=times,
            epochs_uv=epochs,
            kept=kept,
            lateral_names=lateral_names,
            eyes=len(montage.eyes),
            scalp=scalp,
        )

    def _warn_average(self, record: FileRecord) -> None:
        self.problems.append(
            Problem(
                what="there are no ear, mastoid or nose electrodes and EEGReference names none, so the average "
                "reference is used and no norm applies",
                remedy="name them in channels.tsv if they were recorded",
                severity="warning",
                code="average-reference",
                file=record.path,
            )
        )

    def _say_lost(self, one: _Found, lost: int) -> None:
        """Say which pulses have no whole epoch; many of them mean that the file is cut short."""
        opened, total = one.opened, len(one.pulses)
        end = opened.samples / opened.rate
        beyond = 0 if opened.epochs else sum(p.onset_s > end for p in one.pulses)
        if opened.cut_short or beyond:
            what = "the recording is truncated"
            what += f": {opened.cut_short}" if opened.cut_short else f": it lasts {end:.1f} s"
            self.problems.append(
                Problem(
                    what=f"{what}; {lost} of {total} pulses are lost, the others are used",
                    remedy="copy the file again",
                    code="truncated",
                    file=one.record.path,
                )
            )
        elif lost:
            self.problems.append(
                Problem(
                    what=f"{lost} of {total} pulses have no whole epoch in the recording and are left out",
                    remedy="record a few seconds before the first and after the last pulse",
                    severity="warning",
                    code="no-epoch",
                    file=one.record.path,
                )
            )


def _inner_rows(opened: Opened, file: str) -> list[RawRow]:
    """Return the events inside a signal file as rows of an events table; of an epoch, those at zero."""
    rows = []
    for k, event in enumerate(opened.events):
        onset = event.onset_s
        if opened.epochs:
            if abs(onset) > 0.1:
                continue
            onset = event.epoch * opened.samples / opened.rate - opened.epoch_start_s + event.onset_s
        cells = {"onset": f"{onset:.6f}", "trial_type": event.label}
        for column, names in (
            ("rating", ("rating",)),
            ("energy_j", ("laser_power", "energy_j", "energy")),
            ("block", ("block",)),
            ("site", ("site",)),
            ("side", ("side",)),
        ):
            value = next((event.fields[n] for n in names if n in event.fields), None)
            text = value if isinstance(value, str) else f"{value:g}" if _is_number(value) else ""
            cells[column] = text
        rows.append(RawRow(file, k + 1, cells))
    return rows


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(np.isfinite(value))


def _epoch_length(one: _Found) -> float:
    """Return the length of the epochs of a recording that was stored epoch after epoch, 0 otherwise."""
    if one.opened.epochs or str(one.metadata.get("RecordingType", "")).lower() != "epoched":
        return 0.0
    length = one.metadata.get("EpochLength")
    return float(length) if isinstance(length, int | float) and length > 0 else 0.0


def _device(metadata: Mapping[str, object]) -> str:
    words = [metadata.get("Manufacturer"), metadata.get("ManufacturersModelName")]
    return clean_text(" ".join(str(w) for w in words if isinstance(w, str) and w), 80) or MISSING


def _derivations(one: _Found, montage: montages.Montage) -> tuple[Floats, tuple[tuple[str, str], ...]]:
    """Load and combine channels: raw Cz, vertex, N1 of each stimulated side, then the eyes; (…, d, s).

    Returns
    -------
    signals : array (d, samples) or (epochs, d, samples)
    lateral_names : tuple of (side of the pulse, name)
        In the order of the N1 derivations.
    """
    opened = one.opened
    sides = [s for s in ("left", "right") if any(p.side == s for p in one.pulses)]
    lateral = [
        (side, *montage.lateral[_CONTRALATERAL[side]])
        for side in sides
        if montage.frontal is not None and _CONTRALATERAL[side] in montage.lateral
    ]
    few = montage.reference if not montage.average_reference else ()
    wanted = [montage.vertex, montage.frontal if lateral else None, *few, *(c for _, c, _ in lateral), *montage.eyes]
    picks = sorted({c for c in wanted if c is not None})
    loaded = opened.load(picks)
    place = {c: k for k, c in enumerate(picks)}
    axis = loaded.ndim - 2

    def channel(index: int) -> Floats:
        taken: Floats = np.take(loaded, place[index], axis=axis)
        return taken

    if montage.average_reference:
        reference = _mean_of(opened, montage.reference)
    elif montage.reference:
        reference = np.mean([channel(c) for c in montage.reference], axis=0)
    else:
        reference = np.zeros(1)
    raw = channel(montage.vertex) if montage.vertex is not None else -1.0 * reference
    vertex = channel(montage.vertex) - reference if montage.vertex is not None else -1.0 * reference
    rows = [raw, vertex]
    rows += [channel(c) - channel(montage.frontal) for _, c, _ in lateral if montage.frontal is not None]
    rows += [channel(c) for c in montage.eyes]
    return np.stack(rows, axis=axis), tuple((side, name) for side, _, name in lateral)


def _mean_of(opened: Opened, picks: Sequence[int]) -> Floats:
    """Return the mean of many channels, a few at a time so that they are never all in memory."""
    total: Floats | None = None
    for first in range(0, len(picks), 8):
        part = opened.load(list(picks[first : first + 8]))
        summed = part.sum(axis=part.ndim - 2)
        total = summed if total is None else total + summed
    if total is None:
        return np.zeros(1)
    return total / len(picks)


def _from_continuous(
    one: _Found, signals: Floats, delay: float, settings: LepSettings
) -> tuple[Floats, Floats, np.ndarray]:
    """Cut band-passed epochs; returns times, epochs (kept pulses, d, t), and which pulses (n,) are kept."""
    onsets = np.array([p.onset_s for p in one.pulses]) + delay
    rate, start, end = one.opened.rate, settings.epoch_start_s, settings.epoch_end_s
    kept = np.asarray(usable(onsets, rate, one.opened.samples, start, end), dtype=bool)
    if not kept.any():
        seconds = one.opened.samples / rate
        raise BadInput(
            Problem(
                what=f"none of {len(onsets)} pulses lies within the recording, which lasts {seconds:.1f} s"
                + (f" ({one.opened.cut_short})" if one.opened.cut_short else ""),
                remedy="copy the whole file, and check that onsets are in seconds from its start",
                code="truncated",
                file=one.record.path,
            )
        )
    times, epochs = cut_epochs(
        signals,
        rate,
        onsets[kept],
        start_s=start,
        end_s=end,
        grid_rate=500.0,
        high_pass_hz=settings.high_pass_hz,
        low_pass_hz=settings.low_pass_hz,
    )
    return times, remove_baseline(epochs, times, settings.baseline_start_s), kept


def _from_epochs(
    one: _Found, signals: Floats, epoch_length: float, delay: float, settings: LepSettings
) -> tuple[Floats, Floats, np.ndarray]:
    """Take epochs that were cut before: low-pass only, because their edges allow no slow filter."""
    rate = one.opened.rate
    length = one.opened.samples if signals.ndim == 3 else round(epoch_length * rate)
    if signals.ndim == 2:
        whole = signals.shape[1] // length
        signals = signals[:, : whole * length].reshape(len(signals), whole, length).transpose(1, 0, 2)
    onsets = np.array([p.onset_s for p in one.pulses])
    number = np.floor(onsets * rate / length + 1e-6).astype(int)
    zero = onsets - number * length / rate
    kept = (number >= 0) & (number < len(signals)) & (np.abs(zero - np.median(zero)) < 0.5 / rate + 1e-6)
    if not kept.any():
        what = "none of the pulses lies in an epoch of the recording"
        raise BadInput(Problem(what=what, remedy="check its events", code="no-epoch", file=one.record.path))
    times = np.arange(length) / rate - float(np.median(zero)) - delay
    epochs = low_pass(signals[number[kept]], rate, settings.low_pass_hz)
    if times[0] > -0.05 or times[-1] < 0.5:
        what = f"the epochs run from {times[0]:.2f} to {times[-1]:.2f} s around the pulse"
        remedy = "give epochs from at least -0.1 to 0.6 s"
        raise BadInput(Problem(what=what, remedy=remedy, code="short-epochs", file=one.record.path))
    inside = (times >= settings.epoch_start_s - 1e-9) & (times <= settings.epoch_end_s + 1e-9)
    return times[inside], remove_baseline(epochs[..., inside], times[inside], settings.baseline_start_s), kept


def _scalp(one: _Found, montage: montages.Montage, pulses: np.ndarray, delay: float) -> Scalp | None:
    """Return 20 ms means of all scalp electrodes from -200 to 700 ms of each pulse, where a map can be drawn."""
    placed = [(c, p) for c in montage.scalp if (p := position(c.electrode)) is not None]
    if len(placed) < _FEWEST_SCALP:
        return None
    rate = one.opened.rate
    width = max(round(_SCALP_BIN_S * rate), 1)
    before, after = round(0.2 * rate / width), round(0.7 * rate / width)
    picks = [c.index for c, _ in placed]
    bins = np.empty((len(pulses), len(picks), before + after), dtype=np.float32)
    for k, pulse in enumerate(pulses):
        start = round((one.pulses[pulse].onset_s + delay) * rate) - before * width
        part = one.opened.load(picks, start, start + (before + after) * width)
        means = part.reshape(len(picks), before + after, width).mean(axis=2)
        bins[k] = means - means[:, :before].mean(axis=1, keepdims=True)
    bins -= bins.mean(axis=1, keepdims=True) if montage.average_reference else np.float32(0)
    times = (np.arange(before + after, dtype=np.float64) - before + 0.5) * (width / rate)
    return Scalp(
        names=tuple(c.electrode for c, _ in placed),
        positions=np.array([p for _, p in placed]),
        times_s=times,
        bins_uv=bins,
    )


def _ratings_only(one: _Found, settings: LepSettings, why: str) -> Part | None:
    """Keep the ratings of a recording whose signals cannot be used."""
    times = np.arange(settings.epoch_start_s, settings.epoch_end_s, 0.01)
    return Part(
        source=one.record.path,
        device=_device(one.metadata),
        reference="",
        average_reference=False,
        pulses=one.pulses,
        times_s=times,
        epochs_uv=np.empty((0, 2, len(times))),
        kept=np.zeros(len(one.pulses), dtype=bool),
        lateral_names=(),
        eyes=0,
        failed=why,
    )
