"""BrainVision files: the header as untrusted text, and only the needed channels of the data, memory-mapped.

The format is three files: a header (``.vhdr``), markers (``.vmrk``) and plain samples. The header is read here and
not by a library because it names the data file, and such a name must never lead out of the study.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nociscope import files
from nociscope.assays.lep.recording import Floats
from nociscope.problems import BadInput, Problem

MAX_CHANNELS = 1024
MAX_HEADER_BYTES = 4 * 2**20
_FORMATS = {"INT_16": "<i2", "INT_32": "<i4", "IEEE_FLOAT_32": "<f4", "IEEE_FLOAT_64": "<f8", "UINT_16": "<u2"}
_TO_UV = {"v": 1e6, "mv": 1e3, "uv": 1.0, "µv": 1.0, "μv": 1.0, "nv": 1e-3, "": 1.0, "microvolt": 1.0}


def _refuse(name: str, what: str, remedy: str, code: str = "bad-recording", value: str = "") -> BadInput:
    return BadInput(Problem(what=what, remedy=remedy, code=code, file=name, value=value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a ``.vhdr`` says.

    Attributes
    ----------
    data_path : Path
    data_name : str
        Relative to the study.
    names, units : tuple of str
        Of the c channels.
    scales : array (c,)
        uV per unit of the stored number (1 for units that are no voltage).
    rate : float
        In Hz.
    dtype : str
    interleaved : bool
        Samples of all channels together (MULTIPLEXED), or channel by channel (VECTORIZED).
    samples : int
        Whole samples in the data file.
    cut_short : str
        How the data file is shorter than it should be; empty when it is whole.
    """

    data_path: Path
    data_name: str
    names: tuple[str, ...]
    units: tuple[str, ...]
    scales: Floats
    rate: float
    dtype: str
    interleaved: bool
    samples: int
    cut_short: str


def _decode(data: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        text = data.decode("latin-1")
    if "\0" in text:
        raise _refuse(name, "is not a BrainVision header (it is binary)", "give the .vhdr that the recorder wrote")
    return text


def _sections(text: str) -> dict[str, dict[str, str]]:
    """Split the INI text into lower-case sections and keys; free text sections give nothing useful and do no harm."""
    sections: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            current = sections.setdefault(line[1:-1].strip().lower(), {})
        elif line and not line.startswith(";") and "=" in line:
            key, _, value = line.partition("=")
            current.setdefault(key.strip().lower(), value.strip())
    return sections


def _number(common: dict[str, str], key: str, name: str, low: float, high: float) -> float:
    text = common.get(key.lower(), "")
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise _refuse(name, f"{key} is not a number from {low:g} to {high:g}", "repair the header", value=text)
    return value


def _channels(section: dict[str, str], count: int, name: str) -> tuple[list[str], list[str], Floats]:
    names, units, scales = [], [], np.ones(count)
    for k in range(count):
        entry = section.get(f"ch{k + 1}")
        if entry is None:
            raise _refuse(name, f"channel {k + 1} of {count} is not described", "repair the header")
        parts = [p.strip().replace("\\1", ",") for p in entry.split(",")]
        parts += [""] * (4 - len(parts))
        try:
            resolution = float(parts[2]) if parts[2] else 1.0
        except ValueError:
            resolution = float("nan")
        if not np.isfinite(resolution) or resolution == 0:
            raise _refuse(
                name, f"the resolution of channel {k + 1} is not a number", "repair the header", value=parts[2]
            )
        unit = parts[3] or "µV"
        names.append(parts[0])
        units.append(unit)
        scales[k] = resolution * _TO_UV.get(unit.lower(), 1.0)
    return names, units, scales


def read_header(root: Path, name: str) -> Header:
    """Read a ``.vhdr`` and check it against its data file.

    Parameters
    ----------
    root : Path
        The study; the data file must lie in it.
    name : str
        The header, relative to the study.

    Raises
    ------
    BadInput
        It is no such header, its data file is missing, lies outside the folder of the header, or holds nothing.
    """
    path = root / name
    text = _decode(files.read_bytes(path, name, MAX_HEADER_BYTES), name)
    first = text.lstrip("\ufeff").splitlines()[:1]
    if not first or not re.match(r"Brain ?Vision (Data Exchange )?Header File", first[0].strip(), re.IGNORECASE):
        raise _refuse(name, "is not a BrainVision header", "give the .vhdr that the recorder wrote")
    sections = _sections(text)
    common = sections.get("common infos", {})
    count = int(_number(common, "NumberOfChannels", name, 1, MAX_CHANNELS))
    interval = _number(common, "SamplingInterval", name, 1.0, 1e6)
    if common.get("dataformat", "BINARY").upper() != "BINARY":
        raise _refuse(name, "the data are text (DataFormat=ASCII)", "export them as binary")
    if common.get("datatype", "TIMEDOMAIN").upper() != "TIMEDOMAIN":
        raise _refuse(name, "the data are not in the time domain", "export the raw signals")
    binary = sections.get("binary infos", {}).get("binaryformat", "INT_16").upper()
    if binary not in _FORMATS:
        raise _refuse(name, f"BinaryFormat is not one of {', '.join(_FORMATS)}", "export again", value=binary)
    names, units, scales = _channels(sections.get("channel infos", {}), count, name)
    data_path, data_name = _data_file(root, name, common.get("datafile", ""))
    frame = count * np.dtype(_FORMATS[binary]).itemsize
    size = data_path.stat().st_size
    samples, rest = divmod(size, frame)
    if samples == 0:
        raise _refuse(data_name, "the data file is empty or holds less than one sample", "copy it again")
    cut = "its size is not a whole number of samples" if rest else ""
    declared = common.get("datapoints", "")
    if declared.isdigit() and int(declared) > samples > 1:
        cut = f"it holds {samples} of {int(declared)} samples"
    return Header(
        data_path=data_path,
        data_name=data_name,
        names=tuple(names),
        units=tuple(units),
        scales=scales,
        rate=1e6 / interval,
        dtype=_FORMATS[binary],
        interleaved=common.get("dataorientation", "MULTIPLEXED").upper() != "VECTORIZED",
        samples=samples,
        cut_short=cut,
    )


def _data_file(root: Path, name: str, named: str) -> tuple[Path, str]:
    """Return the data file a header names; it must be a plain name in the header's own folder."""
    folder, _, own = name.rpartition("/")
    stem = own.rsplit(".", 1)[0]
    named = named.replace("$b", stem)
    if not named:
        raise _refuse(name, "names no data file (DataFile=)", "repair the header")
    if "/" in named or "\\" in named or named in (".", ".."):
        raise _refuse(
            name,
            "DataFile is a path; only a file in the same folder is read",
            "put the data file beside the header and name it without a path",
            code="outside-study",
        )
    relative = f"{folder}/{named}" if folder else named
    path = root / relative
    if not path.exists() and not path.is_symlink():
        beside = [f"{folder}/{stem}{e}" if folder else f"{stem}{e}" for e in (".eeg", ".dat")]
        remedy = "copy it beside the header"
        present = [b for b in beside if (root / b).exists()]
        if present:
            remedy = f"rename {present[0].rsplit('/', 1)[-1]} or correct DataFile in the header"
        raise _refuse(name, f"its data file {named} is missing", remedy, code="missing-file")
    if not files.inside(root, path):
        raise _refuse(
            name, "its data file lies outside the study", "put the file itself into the study", "outside-study"
        )
    if not path.is_file():
        raise _refuse(name, "its data file is not a regular file", "put the file itself there", "not-a-file")
    return path, relative


def load(header: Header, picks: Sequence[int], start: int = 0, stop: int | None = None) -> Floats:
    """Return channels in uV, (len(picks), samples), from sample `start` up to `stop` (None: the end).

    No channel that is not needed becomes an array; the file is mapped, not read.
    """
    count = len(header.names)
    picks = list(picks)
    stop = header.samples if stop is None else min(stop, header.samples)
    mapped = np.memmap(header.data_path, dtype=header.dtype, mode="r", shape=(header.samples * count,))
    if not header.interleaved:
        by_channel = mapped.reshape(count, header.samples)
        return by_channel[picks, start:stop].astype(np.float64) * header.scales[picks][:, None]
    frames = mapped.reshape(header.samples, count)
    out = np.empty((len(picks), stop - start))
    rows = max(2**21 // (count * mapped.itemsize), 1)  # a stretch stays in the cache, so each line is fetched once
    for first in range(start, stop, rows):
        last = min(first + rows, stop)
        for k, channel in enumerate(picks):
            out[k, first - start : last - start] = frames[first:last, channel]
    out *= header.scales[picks][:, None]
    return out
