"""EDF and BDF files: their header in plain words, one channel at a time, and writing plain EDF.

Samples are read by MNE. The header is looked at first, because MNE takes a channel whose unit it does not know for
volts, and reads a file that is cut short without a word. Layout: https://www.edfplus.info/specs/edf.html. The fields
that identify the person (bytes 8 to 168) are never read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nociscope.problems import BadInput, Problem

Floats = NDArray[np.float64]

MAX_BYTES = 2 * 2**30
MAX_CHANNELS = 2048
_ANNOTATIONS = ("EDF Annotations", "BDF Annotations")


@dataclass(frozen=True, slots=True, kw_only=True)
class EdfChannel:
    """One signal of the header.

    Attributes
    ----------
    label, unit : str
        `unit` is the physical dimension as written, which may be empty.
    rate : float
        In Hz.
    low, high : float
        Physical values of the smallest and largest number that can be stored.
    """

    label: str
    unit: str
    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EdfHeader:
    """What a header says, and how much of it is there.

    Attributes
    ----------
    channels : tuple of EdfChannel
        Without annotation channels.
    seconds : float
        Length of the whole data records that the file holds.
    cut_short : str
        How it is shorter than its header says; empty when it is whole.
    """

    channels: tuple[EdfChannel, ...]
    seconds: float
    cut_short: str = ""


def _refuse(name: str, what: str, remedy: str = "export it again", code: str = "bad-recording") -> BadInput:
    return BadInput(Problem(what=what, remedy=remedy, code=code, file=name))


def read_header(path: Path, name: str, max_bytes: int = MAX_BYTES) -> EdfHeader:
    """Read the header of an EDF or BDF file.

    Parameters
    ----------
    path : Path
        A file that may be opened (``Visit.path`` has checked that it lies within the study).
    name : str
        What messages call it.
    max_bytes : int
        Largest file that is opened.

    Raises
    ------
    BadInput
        It is missing, empty, too large, damaged, holds no whole data record, or is interrupted (EDF+D).
    """
    if not path.is_file():
        raise _refuse(name, "the file is missing", "copy it into the study", "missing-file")
    size = path.stat().st_size
    if size == 0:
        raise _refuse(name, "the file is empty", "copy it again", "empty-file")
    if size > max_bytes:
        raise _refuse(name, f"is larger than {max_bytes:,} bytes", "cut it into runs", "too-large")
    with path.open("rb") as stream:
        head = stream.read(256)
        width = 3 if head[:1] == b"\xff" else 2
        if len(head) < 256 or not (head[:8].strip() == b"0" or head[1:8] == b"BIOSEMI"):
            raise _refuse(name, "is not an EDF or BDF file")
        try:
            header_bytes, records = int(head[184:192]), int(head[236:244])
            seconds, count = float(head[244:252]), int(head[252:256])
            sane = 0 < count <= MAX_CHANNELS and header_bytes == 256 * (count + 1) and 0 < seconds < 1e5
            table = stream.read(256 * count) if sane and records >= -1 else b""
            channels, samples = _channels(table, count, seconds)
        except (ValueError, ArithmeticError):
            raise _refuse(name, "its header is damaged") from None
    if head[192:197] in (b"EDF+D", b"BDF+D"):
        raise _refuse(name, "is interrupted (EDF+D), so times cannot be told", "export it in one piece")
    whole = (size - header_bytes) // (samples * width)
    if whole < 1:
        raise _refuse(name, "holds no whole data record", "copy it again")
    cut = f"it holds {whole} of {records} data records" if records > whole else ""
    return EdfHeader(channels=channels, seconds=whole * seconds, cut_short=cut)


def _channels(table: bytes, count: int, seconds: float) -> tuple[tuple[EdfChannel, ...], int]:
    """Return the signals of the second part of a header, and the samples of one data record.

    Raises
    ------
    ValueError
        A field is not what it must be.
    """
    if len(table) != 256 * count or not table:
        raise ValueError("no table of signals")

    def column(offset: int, width: int) -> list[str]:
        start = offset * count
        cells = (table[start + width * k : start + width * (k + 1)] for k in range(count))
        return [c.decode("latin-1").strip() for c in cells]

    labels, units = column(0, 16), column(96, 8)
    lows, highs = [float(x) for x in column(104, 8)], [float(x) for x in column(112, 8)]
    per_record = [int(x) for x in column(216, 8)]
    if min(per_record) < 0 or not 0 < sum(per_record) < 2**30 or not np.isfinite([*lows, *highs]).all():
        raise ValueError("no such signals")
    found = tuple(
        EdfChannel(label=label, unit=unit, rate=n / seconds, low=min(low, high), high=max(low, high))
        for label, unit, low, high, n in zip(labels, units, lows, highs, per_record, strict=True)
        if label not in _ANNOTATIONS and n > 0
    )
    return found, sum(per_record)


def open_channel(path: Path, name: str, label: str) -> Callable[[int, int], Floats]:
    """Return a way to load samples ``[start, stop)`` of one channel, in volts where the header gives a voltage.

    A channel without a unit comes as the numbers that its header scales to.

    Raises
    ------
    BadInput
        The file cannot be read.
    """
    import mne

    reader = mne.io.read_raw_bdf if path.suffix.lower() == ".bdf" else mne.io.read_raw_edf
    try:
        raw = reader(path, include=[label], preload=False, stim_channel=False, verbose="ERROR")
    except Exception as error:  # noqa: BLE001 - damaged files make the reader raise nearly anything
        raise _refuse(name, f"cannot be read ({type(error).__name__})") from None

    def load(start: int, stop: int) -> Floats:
        try:
            data: Floats = raw.get_data(picks=[0], start=start, stop=stop, verbose="ERROR")[0]
        except Exception as error:  # noqa: BLE001 - as above
            raise _refuse(name, f"its signals cannot be read ({type(error).__name__})") from None
        return data

    return load


def encode(
    labels: Sequence[str], rate: int, signals: NDArray[np.floating[Any]], unit: str, per_record: int = 1000
) -> bytes:
    """Return signals as a plain EDF file of nobody, recorded on the first of January 1985.

    Parameters
    ----------
    labels : sequence of str
    rate : int
        In Hz.
    signals : array (c, s)
        In `unit`; the last data record is filled up with the last value.
    unit : str
        As ``uV``.
    per_record : int
        Samples of a channel in a data record.

    Returns
    -------
    bytes
        The same signals give the same bytes. The step of a channel is its largest value divided by 32,000.
    """
    count = len(labels)
    records = -(-signals.shape[1] // per_record)
    padded = np.pad(signals, ((0, 0), (0, records * per_record - signals.shape[1])), mode="edge")
    ends = [f"{max(float(np.abs(row).max()), 1e-3) * 32767 / 32000:.6g}"[:8] for row in padded]
    steps = np.array([float(e) for e in ends])[:, None] / 32767
    stored = np.clip(np.round(padded / steps), -32767, 32767).astype("<i2")
    body = stored.reshape(count, records, per_record).transpose(1, 0, 2).tobytes()

    def cells(width: int, *texts: str) -> bytes:
        return b"".join(t.encode("ascii").ljust(width)[:width] for t in texts)

    head = cells(8, "0") + cells(80, "X X X X", "Startdate X X X X") + cells(8, "01.01.85", "00.00.00")
    head += cells(8, str(256 * (count + 1))) + cells(44, "") + cells(8, str(records), f"{per_record / rate:.8g}")
    head += cells(4, str(count)) + cells(16, *labels) + cells(80, *[""] * count) + cells(8, *[unit] * count)
    head += cells(8, *(f"-{e}"[:8] for e in ends)) + cells(8, *ends)
    head += cells(8, *["-32767"] * count) + cells(8, *["32767"] * count) + cells(80, *[""] * count)
    head += cells(8, *[str(per_record)] * count) + cells(32, *[""] * count)
    return head + body
