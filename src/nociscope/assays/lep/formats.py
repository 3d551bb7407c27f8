"""EEG files of every accepted format behind one face: labels, rate, and a way to load only some channels."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nociscope import edf, files, matlab
from nociscope.assays.lep import brainvision
from nociscope.assays.lep.recording import Floats
from nociscope.problems import BadInput, Problem

EXTENSIONS = (".vhdr", ".edf", ".bdf", ".set")
MAX_BYTES = 8 * 2**30
MAX_LOADED_VALUES = 80_000_000
"""Most sample values that are loaded at once: 640 MB, 12 channels of 110 min at 1000 Hz."""


Load = Callable[..., Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerEvent:
    """An event inside the signal file (EEGLAB): seconds from the start of the recording or from its epoch's zero."""

    onset_s: float
    label: str
    epoch: int = 0
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An opened recording.

    Attributes
    ----------
    labels : tuple of str
    rate : float
        In Hz.
    samples : int
        Per channel (and per epoch).
    epochs : int
        0 for a continuous recording.
    epoch_start_s : float
        Time of the first sample of an epoch, relative to its zero.
    load : callable
        ``load(channels, start, stop) -> array (c, stop - start)``, or ``(epochs, c, samples)`` of an epoched one; in
        uV. `stop` None is the end.
    events : tuple of InnerEvent
    cut_short : str
        How the file is shorter than it should be.
    parts : tuple of str
        Further files that belong to it, relative to the study.
    """

    labels: tuple[str, ...]
    rate: float
    samples: int
    epochs: int = 0
    epoch_start_s: float = 0.0
    load: Load
    events: tuple[InnerEvent, ...] = ()
    cut_short: str = ""
    parts: tuple[str, ...] = ()


def _refuse(name: str, what: str, remedy: str, code: str = "bad-recording") -> BadInput:
    return BadInput(Problem(what=what, remedy=remedy, code=code, file=name))


def open_eeg(root: Path, name: str) -> Opened:
    """Open an EEG file; nothing of its signals is read yet.

    Parameters
    ----------
    root : Path
        The study; no file outside is ever opened.
    name : str
        Relative to the study.

    Raises
    ------
    BadInput
        It is missing, leads out of the study, is not what its ending says, or is too large.
    """
    path = root / name
    if not files.inside(root, path):
        raise _refuse(name, "the path leads out of the study", "put the file itself into the study", "outside-study")
    if not path.exists():
        raise _refuse(name, "the file is missing", "copy it into the study", "missing-file")
    if not path.is_file():
        raise _refuse(name, "is not a regular file", "put the file itself there", "not-a-file")
    if path.stat().st_size > MAX_BYTES:
        raise _refuse(name, f"is larger than {MAX_BYTES:,} bytes", "check that it is the right file", "too-large")
    if path.stat().st_size == 0:
        raise _refuse(name, "the file is empty", "copy it again", "empty-file")
    extension = path.suffix.lower()
    if extension == ".vhdr":
        return _brainvision(root, name)
    if extension in (".edf", ".bdf"):
        return _edf(path, name)
    return _eeglab(root, name)


def _bounded(load: Load, values: int, name: str) -> Load:
    def checked(picks: Sequence[int], start: int = 0, stop: int | None = None) -> Floats:
        count = values if stop is None else min(stop - start, values)
        if len(picks) * count > MAX_LOADED_VALUES:
            raise _refuse(name, "is too long to be loaded", "cut it into runs", "too-large")
        return load(picks, start, stop)

    return checked


def _brainvision(root: Path, name: str) -> Opened:
    header = brainvision.read_header(root, name)
    return Opened(
        labels=header.names,
        rate=header.rate,
        samples=header.samples,
        load=_bounded(lambda picks, start, stop: brainvision.load(header, picks, start, stop), header.samples, name),
        cut_short=header.cut_short,
        parts=(header.data_name,),
    )


# --- EDF and BDF ----------------------------------------------------------------------------------------------------


def _edf(path: Path, name: str) -> Opened:
    header = edf.read_header(path, name, MAX_BYTES)
    rates = {channel.rate for channel in header.channels}
    if max(rates, default=0) * header.seconds * len(header.channels) > 40 * MAX_LOADED_VALUES:
        raise _refuse(name, "is too long to be loaded", "cut it into runs", "too-large")
    import mne

    reader = mne.io.read_raw_bdf if path.suffix.lower() == ".bdf" else mne.io.read_raw_edf
    try:
        raw = reader(path, preload=False, verbose="ERROR", stim_channel=False)
        raw.set_meas_date(None)
    except Exception as error:  # noqa: BLE001 - damaged files make the reader raise nearly anything
        raise _refuse(name, f"cannot be read ({type(error).__name__})", "export it again") from None
    rate, samples = float(raw.info["sfreq"]), int(raw.n_times)
    mixed_rates = len(rates) > 1

    def load(picks: Sequence[int], start: int, stop: int | None) -> Floats:
        first, last = (
            (0, None) if mixed_rates else (start, stop)
        )  # parts of resampled channels are not those of the whole
        try:
            data: Floats = raw.get_data(picks=list(picks), start=first, stop=last, verbose="ERROR") * 1e6
        except Exception as error:  # noqa: BLE001 - as above
            raise _refuse(name, f"its signals cannot be read ({type(error).__name__})", "export it again") from None
        return data[:, start:stop] if mixed_rates else data

    return Opened(
        labels=tuple(str(c) for c in raw.ch_names),
        rate=rate,
        samples=samples,
        load=_bounded(load, samples, name),
        cut_short=header.cut_short,
    )


# --- EEGLAB ---------------------------------------------------------------------------------------------------------


def _eeglab(root: Path, name: str) -> Opened:
    """Open an EEGLAB ``.set``: classic or HDF5, nested in ``EEG`` or flattened, with or without ``.fdt``."""
    content = matlab.load(root / name, name)
    eeg = content.get("EEG", content)
    if isinstance(eeg, list) and eeg:
        eeg = eeg[0]
    if not isinstance(eeg, dict) or "srate" not in eeg:
        raise _refuse(name, "is not an EEGLAB data set (no srate)", "save it again from EEGLAB")
    rate, channels = matlab.number(eeg.get("srate")), matlab.number(eeg.get("nbchan"))
    points, trials = matlab.number(eeg.get("pnts")), matlab.number(eeg.get("trials")) or 1.0
    if not (rate and channels and points) or not 1 <= rate <= 1e6 or not 1 <= channels <= 4096 or trials < 1:
        raise _refuse(name, "srate, nbchan or pnts is not a sensible number", "save it again from EEGLAB")
    shape = (int(channels), int(points), int(trials))
    labels = [matlab.text(c.get("labels")) for c in matlab.records(eeg.get("chanlocs"))]
    if len(labels) != shape[0]:
        labels = [f"channel {k + 1}" for k in range(shape[0])]
    data, parts, cut, complete = _eeglab_data(root, name, eeg, shape)
    epochs = complete if shape[2] > 1 else 0
    samples = shape[1] if epochs else complete

    def load(picks: Sequence[int], start: int, stop: int | None) -> Floats:
        if epochs:
            chosen = np.asarray(data[list(picks)], dtype=np.float64)
            return np.ascontiguousarray(chosen.transpose(2, 0, 1))
        return np.asarray(data[list(picks), start:stop, 0], dtype=np.float64)

    return Opened(
        labels=tuple(labels),
        rate=rate,
        samples=samples,
        epochs=epochs,
        epoch_start_s=(matlab.number(eeg.get("xmin")) or 0.0) if epochs else 0.0,
        load=_bounded(load, samples * max(epochs, 1), name),
        events=_eeglab_events(eeg, rate, shape),
        cut_short=cut,
        parts=parts,
    )


def _eeglab_data(
    root: Path, name: str, eeg: dict[str, Any], shape: tuple[int, int, int]
) -> tuple[Any, tuple[str, ...], str, int]:
    """Return the data as (c, points, trials), the further files, how they are cut short, and what is complete.

    What is complete: whole epochs of an epoched set, samples of a continuous one.
    """
    count, points, trials = shape
    stored = eeg.get("data")
    if isinstance(stored, np.ndarray) and stored.dtype.kind in "fiu" and stored.size > 1:
        if stored.size != count * points * trials:
            raise _refuse(name, "the data do not have the size that nbchan, pnts and trials say", "save it again")
        return stored.reshape(shape, order="F"), (), "", trials if trials > 1 else points
    named = matlab.text(stored) or matlab.text(eeg.get("datfile"))
    folder, _, own = name.rpartition("/")
    if not named or re.search(r"[/\\]", named) or named.startswith("."):
        raise _refuse(
            name,
            "names its data file by a path" if named else "holds no data",
            "put the .fdt beside the .set and name it without a path",
            "outside-study",
        )
    if Path(named).suffix.lower() != ".fdt":
        raise _refuse(name, "its data file is not a .fdt", "save it again from EEGLAB")
    candidates = [named, own.rsplit(".", 1)[0] + ".fdt"]  # BIDS tools rename the pair and leave the name inside
    for candidate in candidates:
        relative = f"{folder}/{candidate}" if folder else candidate
        path = root / relative
        if path.exists():
            break
    else:
        raise _refuse(name, f"its data file {named} is missing", "copy it beside the .set", "missing-file")
    if not files.inside(root, path) or not path.is_file():
        raise _refuse(name, "its data file lies outside the study", "put the file itself there", "outside-study")
    available = path.stat().st_size // 4
    cut = ""
    frames = points * trials
    if available < count * frames:
        cut = f"{relative.rsplit('/', 1)[-1]} holds {available // count} of {frames} samples"
        frames = available // count
        trials = max(frames // points, 0) if trials > 1 else 1
        frames = trials * points if shape[2] > 1 else frames
        if frames < 1:
            raise _refuse(relative, "the data file is empty", "copy it again")
    mapped = np.memmap(path, dtype="<f4", mode="r", shape=(frames * count,))
    shaped = mapped.reshape((count, points if shape[2] > 1 else frames, trials), order="F")
    return shaped, (relative,), cut, trials if shape[2] > 1 else frames


def _eeglab_events(eeg: dict[str, Any], rate: float, shape: tuple[int, int, int]) -> tuple[InnerEvent, ...]:
    """Return the events with their extra fields (rating, laser_power); latencies are in samples, counted from 1."""
    start = matlab.number(eeg.get("xmin")) or 0.0
    out = []
    for event in matlab.records(eeg.get("event")):
        latency = matlab.number(event.get("latency"))
        if latency is None:
            continue
        epoch = 0
        onset = (latency - 1) / rate
        if shape[2] > 1:
            epoch = int((latency - 1) // shape[1])
            onset = (latency - 1 - epoch * shape[1]) / rate + start
        out.append(InnerEvent(onset_s=onset, label=matlab.text(event.get("type")).strip(), epoch=epoch, fields=event))
    return tuple(out)
