"""Reading laser-evoked recordings: signals, channels, events and behaviour of a visit become clean epochs.

One recording that cannot be used is refused by name and the others go on; only when nothing is left is there an
error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nociscope import files
from nociscope.assays.lep.behaviour import add_behaviour
from nociscope.assays.lep.channels import resolve
from nociscope.assays.lep.elsewhere import PEAKS
from nociscope.assays.lep.epochs import Part, assemble
from nociscope.assays.lep.events import Pulses, find_pulses
from nociscope.assays.lep.formats import EXTENSIONS, Opened, open_eeg
from nociscope.assays.lep.inner_events import inner_rows
from nociscope.assays.lep.montage import build
from nociscope.assays.lep.recording import LepRecording, Pulse
from nociscope.assays.lep.settings import LepSettings
from nociscope.assays.lep.signals import Found, derive, epoch_length, from_continuous, from_epochs, scalp_bins
from nociscope.problems import BadInput, Problem, clean_text
from nociscope.tsv import MISSING, RawRow, split_tsv

if TYPE_CHECKING:
    from nociscope.study.records import FileRecord, Visit

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


class _Reader:
    """Reads the recordings of one visit one after the other, keeping problems and sources."""

    def __init__(self, visit: Visit, settings: LepSettings) -> None:
        self.visit, self.settings = visit, settings
        self.problems: list[Problem] = []
        self.sources: list[str] = []

    def parts(self) -> list[Part]:
        records = self.visit.find(datatype="eeg", suffix="eeg", extensions=EXTENSIONS)
        self._say_missing_signals(records)
        found: list[Found] = []
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
                parts.append(_ratings_only(one, self.settings, error.problems[0].what))
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

    def _find(self, record: FileRecord) -> tuple[Found | None, Problem | None]:
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
        inner = inner_rows(opened, record.path)
        if pulses is None or (opened.epochs and inner):
            pulses = find_pulses(inner, record.path, self.settings)
            if not pulses.pulses:
                return None, self._no_pulses(record, pulses, name)
        self.problems += pulses.problems
        metadata = self.visit.metadata(record)
        self._check_rate(record, opened, metadata)
        return Found(record, opened, self._with_behaviour(record, pulses.pulses), metadata), None

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

    def _part(self, one: Found) -> Part:
        """Load the needed channels of a recording and cut its epochs."""
        record, opened, settings = one.record, one.opened, self.settings
        table = self._companion(record, "channels", ".tsv")
        rows = [r.cells for r in self._table(table)[1]] if table is not None else []
        named, problems = resolve(opened.labels, rows, record.path)
        self.problems += problems
        said = one.metadata.get("EEGReference")
        montage = build(named, said if isinstance(said, str) else "", settings.n1_derivation, record.path)
        if montage.average_reference:
            self._warn_average(record)
        epoched = epoch_length(one)
        signals, lateral_names = derive(one, montage)
        delay = settings.trigger_delay_ms / 1000.0
        if signals.ndim == 3 or epoched:
            times, epochs, kept = from_epochs(one, signals, epoched, delay, settings)
        else:
            times, epochs, kept = from_continuous(one, signals, delay, settings)
        self._say_lost(one, int(len(kept) - kept.sum()))
        scalp = None
        if not opened.epochs and not epoched:
            scalp = scalp_bins(one, montage, np.flatnonzero(kept), delay)
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

    def _say_lost(self, one: Found, lost: int) -> None:
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


def _device(metadata: Mapping[str, object]) -> str:
    words = [metadata.get("Manufacturer"), metadata.get("ManufacturersModelName")]
    return clean_text(" ".join(str(w) for w in words if isinstance(w, str) and w), 80) or MISSING


def _ratings_only(one: Found, settings: LepSettings, why: str) -> Part:
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
