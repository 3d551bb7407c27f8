"""Letswave data sets (versions 5 to 7) into a study, as BrainVision with 32-bit samples.

A data set is a header (``.lw6``, a MATLAB file with one struct `header`) and a ``.mat`` of the same stem with `data`,
epochs x channels x index x z x y x time, in uV. Fields as in the public sources of letswave7 (NOCIONS/letswave7).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nociscope import files, matlab
from nociscope.brainvision import encode
from nociscope.problems import BadInput, InputMissing, Problem, UsageError, clean_text
from nociscope.study.importers.registering import add_participant, describe

_ENTITY = re.compile(r"(?:^|[_ ])(sub|ses|task|acq|run)-([A-Za-z0-9+]+)")
_LABEL = re.compile(r"[A-Za-z0-9+]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLetswave:
    """What an import did: the files written, relative to the study, and what was left out."""

    written: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


def import_letswave(
    source: Path,
    study: Path,
    *,
    participant: str = "",
    session: str = "",
    task: str = "",
    pulses: Sequence[str] = (),
    site: str = "",
    side: str = "",
    reference: str = "n/a",
    line_frequency: float = 50.0,
) -> ImportedLetswave:
    """Bring one Letswave data set into a study.

    Parameters
    ----------
    source : Path
        The header: ``.lw6`` or ``.lw5``; the ``.mat`` lies beside it.
    study : Path
        Made when it does not exist; the person is added to its ``participants.tsv``.
    participant, session, task : str
        Labels; default: the entities in the file's name (``sub-01_task-lep.lw6``), task ``lep``.
    pulses : sequence of str
        Event codes that are laser pulses; they become `trial_type` ``laser`` with the given site and side. Otherwise
        the codes stay in `value`, for the study's event map.
    site, side : str
        Of these pulses.
    reference : str
        ``EEGReference``: Letswave does not keep it, and peaks cannot be compared without it.
    line_frequency : float
        Mains, in Hz.

    Returns
    -------
    ImportedLetswave

    Raises
    ------
    InputMissing, UsageError, BadInput
        There is no such file; no participant is named; it is no data set, or one of frequencies.
    """
    if not source.is_file():
        raise InputMissing(f"{source}: there is no such file.")
    labels = _labels(source, participant, session, task)
    header = _header(source)
    data = _data(source, header)
    rate = 1.0 / header.step_s
    epochs, count, points = data.shape
    stem = "_".join(f"{k}-{v}" for k, v in labels.items())
    folder = f"sub-{labels['sub']}/" + (f"ses-{labels['ses']}/" if "ses" in labels else "") + "eeg/"
    if (study / folder).is_dir() and any((study / folder).glob(f"{stem}_eeg.*")):
        raise UsageError(f"{folder}{stem}: this recording is in the study already; remove it or name another run.")
    events, problems = _events(header, epochs, points, source.name)
    signals = data.transpose(1, 0, 2).reshape(count, epochs * points)
    texts = encode(header.labels, rate, signals, [(onset, code) for onset, code in events], resolution_uv=0.0)
    contents: dict[str, bytes] = {
        f"{stem}_eeg.vhdr": texts[0].replace(b"{stem}", f"{stem}_eeg".encode()),
        f"{stem}_eeg.vmrk": texts[1].replace(b"{stem}", f"{stem}_eeg".encode()),
        f"{stem}_eeg.eeg": texts[2],
        f"{stem}_eeg.json": _sidecar(labels["task"], rate, epochs, points, reference, line_frequency).encode(),
        f"{stem}_channels.tsv": _channels(header.labels).encode(),
        f"{stem}_events.tsv": _events_table(events, pulses, site, side).encode(),
    }
    for name, content in contents.items():
        files.write_atomic(study / folder / name, content)
    describe(study)
    add_participant(study, f"sub-{labels['sub']}")
    return ImportedLetswave(written=tuple(folder + name for name in contents), problems=tuple(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    labels: tuple[str, ...]
    start_s: float
    step_s: float
    events: tuple[dict[str, Any], ...]


def _refuse(source: Path, what: str, remedy: str) -> BadInput:
    return BadInput(Problem(what=what, remedy=remedy, code="bad-letswave", file=source.name))


def _labels(source: Path, participant: str, session: str, task: str) -> dict[str, str]:
    found = dict(_ENTITY.findall(source.stem))
    given = {"sub": participant.removeprefix("sub-"), "ses": session.removeprefix("ses-"), "task": task}
    labels = {k: given.get(k) or found.get(k, "") for k in ("sub", "ses", "task", "acq", "run")}
    labels["task"] = labels["task"] or "lep"
    if not labels["sub"]:
        raise UsageError(f"{source.name}: whose is it? Give --participant-label, or a name like sub-01_task-lep.lw6.")
    for key, label in labels.items():
        if label and not _LABEL.fullmatch(label):
            raise UsageError(f"{key}-{clean_text(label, 40)}: a label has letters and digits only.")
    return {k: v for k, v in labels.items() if v}


def _header(source: Path) -> _Header:
    content = matlab.load(source, source.name)
    header = content.get("header")
    if not isinstance(header, dict):
        raise _refuse(source, "is not a Letswave header (no struct `header`)", "give the .lw6 file")
    step, start = matlab.number(header.get("xstep")), matlab.number(header.get("xstart"))
    if step is None or start is None or not 1e-6 <= step <= 1.0:
        raise _refuse(source, "xstart or xstep is not a number of seconds", "export the data set again")
    sizes = np.atleast_1d(np.asarray(header.get("datasize", []), dtype=np.float64)).ravel()
    if len(sizes) >= 5 and (sizes[2:5] > 1).any():
        raise _refuse(source, "is not a data set of signals over time", "give the time-domain data set")
    labels = [clean_text(matlab.text(c.get("labels")), 30) for c in matlab.records(header.get("chanlocs"))]
    if not labels or not all(labels):
        raise _refuse(source, "names no channels (chanlocs.labels)", "give the channels names in Letswave")
    return _Header(
        labels=tuple(labels), start_s=start, step_s=step, events=tuple(matlab.records(header.get("events")))
    )


def _data(source: Path, header: _Header) -> np.ndarray:
    """Return the signals (epochs, channels, points) in uV."""
    path = source.with_suffix(".mat")
    if not path.is_file():
        raise _refuse(source, f"its data file {path.name} is missing", "copy it beside the header")
    data = matlab.load(path, path.name).get("data")
    count = len(header.labels)
    if isinstance(data, np.ndarray) and data.dtype.kind in "fiu":
        if data.ndim == 2 and data.shape[0] == count:
            data = data[None]
        elif data.ndim == 6 and data.shape[2:5] == (1, 1, 1):
            data = data[:, :, 0, 0, 0, :]
        if data.ndim == 3 and data.shape[1] == count and data.shape[2] > 1:
            if not np.isfinite(data).all():
                raise _refuse(path, "holds numbers that are not finite", "export the data set again")
            return np.asarray(data, dtype=np.float32)
    raise _refuse(path, f"`data` is not epochs x {count} channels x 1 x 1 x 1 x time", "export the data set again")


def _events(header: _Header, epochs: int, points: int, name: str) -> tuple[list[tuple[float, str]], list[Problem]]:
    """Return (onset in the joined recording, code) of every event within its epoch, in the order of time."""
    length = points * header.step_s
    kept: list[tuple[float, str]] = []
    dropped = 0
    for event in header.events:
        latency, epoch = matlab.number(event.get("latency")), matlab.number(event.get("epoch"))
        epoch = 1.0 if epoch is None else epoch
        within = latency is not None and 1 <= epoch <= epochs and 0 <= latency - header.start_s < length
        if not within or latency is None:
            dropped += 1
            continue
        kept.append(((epoch - 1) * length + latency - header.start_s, clean_text(matlab.text(event.get("code")), 60)))
    problems = []
    if dropped:
        what = f"{dropped} events lie outside their epochs and are left out, as Letswave does"
        problems.append(Problem(what=what, severity="warning", code="event-outside", file=name))
    return sorted(kept), problems


def _events_table(events: Sequence[tuple[float, str]], pulses: Sequence[str], site: str, side: str) -> str:
    from nociscope.tsv import format_cell

    lines = ["onset\tduration\ttrial_type\tvalue\tsite\tside"]
    for onset, code in events:
        laser = code in pulses
        cells = (
            f"{onset:.6f}",
            "n/a",
            "laser" if laser else "n/a",
            format_cell(code),
            (site or "n/a") if laser else "n/a",
            (side or "n/a") if laser else "n/a",
        )
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


def _channels(labels: Sequence[str]) -> str:
    eyes = re.compile(r"(?i)(v|h)?eog.*")
    rows = [f"{label}\t{'EOG' if eyes.fullmatch(label) else 'EEG'}\tuV" for label in labels]
    return "\n".join(["name\ttype\tunits", *rows]) + "\n"


def _sidecar(task: str, rate: float, epochs: int, points: int, reference: str, line_frequency: float) -> str:
    content: dict[str, Any] = {
        "TaskName": task,
        "EEGReference": reference,
        "SamplingFrequency": float(f"{rate:.10g}"),
        "PowerLineFrequency": line_frequency,
        "SoftwareFilters": "n/a",
        "RecordingType": "epoched" if epochs > 1 else "continuous",
        "RecordingDuration": float(f"{epochs * points / rate:.10g}"),
    }
    if epochs > 1:
        content["EpochLength"] = float(f"{points / rate:.10g}")
    return files.to_json(content)
