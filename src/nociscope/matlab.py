"""MATLAB files from strangers: plain numbers, texts and structs, and nothing that runs, links or explodes.

Both kinds are read: the classic format (to version 7, by scipy) and HDF5 (version 7.3, by h5py). Before anything is
unpacked, the size it will unpack to is added up without keeping it.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from nociscope.problems import BadInput, Problem

MAX_UNPACKED_BYTES = 2**30
"""Largest content that is unpacked; an hour of 64 channels at 250 Hz in double precision is 460 MB."""

MAX_ITEMS = 500_000
_HDF5 = b"\x89HDF\r\n\x1a\n"


def _bad(name: str, what: str, remedy: str = "export the file again", code: str = "bad-matlab") -> BadInput:
    return BadInput(Problem(what=what, remedy=remedy, code=code, file=name))


def load(path: Path, name: str = "") -> dict[str, Any]:
    """Read a MATLAB file into plain Python: structs are dicts, struct arrays lists of dicts, texts str.

    Parameters
    ----------
    path : Path
    name : str
        How messages call it.

    Returns
    -------
    dict
        Variable -> value. Numeric arrays keep MATLAB's order of axes.

    Raises
    ------
    BadInput
        It is no MATLAB file, is damaged, unpacks to more than 1 GiB, or holds links to other files.
    """
    name = name or path.name
    try:
        if not path.is_file():
            raise _bad(name, "is not a regular file", "put the file itself there", "not-a-file")
        size = path.stat().st_size
        if size > MAX_UNPACKED_BYTES:
            raise _bad(name, f"is larger than {MAX_UNPACKED_BYTES:,} bytes", "cut it", "too-large")
        with path.open("rb") as stream:
            head = stream.read(1024)
    except OSError as error:
        raise _bad(name, f"cannot be opened ({error.strerror or 'read error'})", "check permissions") from None
    if _HDF5 in (head[:8], head[512:520]):
        return _load_hdf5(path, name)
    if len(head) >= 128 and head[:6] == b"MATLAB" and head[126:128] in (b"IM", b"MI"):
        return _load_classic(path, name)
    raise _bad(name, "is not a MATLAB file", "give the .set or .mat that the program wrote")


# --- classic --------------------------------------------------------------------------------------------------------


def _check_unpacked_size(path: Path, name: str) -> None:
    """Walk the top-level elements and add up what the compressed ones unpack to, without keeping it."""
    total = 0
    with path.open("rb") as stream:
        head = stream.read(128)
        order = "<" if head[126:128] == b"IM" else ">"
        while tag := stream.read(8):
            if len(tag) < 8:
                raise _bad(name, "is cut short")
            kind, size = struct.unpack(f"{order}II", tag)
            if kind == 15:
                total += _unpacked(stream, size, MAX_UNPACKED_BYTES - total, name)
            else:
                total += size
                stream.seek(size, 1)
            if total > MAX_UNPACKED_BYTES:
                raise _bad(name, f"unpacks to more than {MAX_UNPACKED_BYTES:,} bytes", "cut it", "too-large")


def _unpacked(stream: Any, size: int, limit: int, name: str) -> int:
    worker = zlib.decompressobj()
    total, left = 0, size
    while left > 0:
        data = stream.read(min(left, 2**16))
        if not data:
            raise _bad(name, "is cut short")
        left -= len(data)
        while data:
            try:
                total += len(worker.decompress(data, 2**20))
            except zlib.error:
                raise _bad(name, "holds a damaged compressed part") from None
            data = worker.unconsumed_tail
            if total > limit:
                return total
    return total


def _load_classic(path: Path, name: str) -> dict[str, Any]:
    from scipy.io import loadmat

    _check_unpacked_size(path, name)
    try:
        content = loadmat(path, simplify_cells=True, mat_dtype=False, verify_compressed_data_integrity=True)
    except Exception as error:  # noqa: BLE001 - damaged files make scipy raise nearly anything
        raise _bad(name, f"cannot be read as a MATLAB file ({type(error).__name__})") from None
    return {k: _plain(v) for k, v in content.items() if not k.startswith("__")}


def _plain(value: Any) -> Any:
    """Return nested structs as dicts and lists; object arrays as lists."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [_plain(v) for v in value.ravel()]
    if isinstance(value, np.ndarray) and value.dtype.kind in "US":
        return str(value.item()) if value.size == 1 else [str(v) for v in value.ravel()]
    return value


# --- HDF5 -----------------------------------------------------------------------------------------------------------


class _Budget:
    """Counts what is taken out of an HDF5 file, so that small files cannot become large."""

    def __init__(self, name: str) -> None:
        self.name, self.bytes, self.items = name, 0, 0

    def take(self, size: int) -> None:
        self.bytes += size
        self.items += 1
        if self.bytes > MAX_UNPACKED_BYTES or self.items > MAX_ITEMS:
            raise _bad(self.name, f"unpacks to more than {MAX_UNPACKED_BYTES:,} bytes", "cut it", "too-large")


def _load_hdf5(path: Path, name: str) -> dict[str, Any]:
    import h5py

    budget = _Budget(name)
    try:
        with h5py.File(path, "r") as file:
            return {k: _value(file, file, k, budget, 0) for k in file if not k.startswith("#")}
    except BadInput:
        raise
    except Exception as error:  # noqa: BLE001 - damaged files make h5py raise nearly anything
        raise _bad(name, f"cannot be read as an HDF5 MATLAB file ({type(error).__name__})") from None


def _value(file: Any, group: Any, key: str, budget: _Budget, depth: int) -> Any:
    import h5py

    if isinstance(group.get(key, getlink=True), h5py.ExternalLink):
        raise _bad(budget.name, "holds a link to another file", "export it in one piece", "outside-study")
    return _item(file, group[key], budget, depth)


def _item(file: Any, item: Any, budget: _Budget, depth: int) -> Any:
    import h5py

    if depth > 12:
        raise _bad(budget.name, "is nested too deeply")
    if isinstance(item, h5py.Group):
        budget.take(0)
        fields = {k: _value(file, item, k, budget, depth + 1) for k in item}
        return _struct_array(fields, {k: item[k] for k in item})
    if item.external or item.is_virtual:
        raise _bad(budget.name, "keeps its data in another file", "export it in one piece", "outside-study")
    if "MATLAB_empty" in item.attrs:
        return "" if item.attrs.get("MATLAB_class") == b"char" else np.empty(0)
    if item.dtype == h5py.ref_dtype:
        budget.take(item.size * 8)
        refs = np.asarray(item[()]).T.ravel()
        return [_item(file, file[r], budget, depth + 1) if r else None for r in refs]
    if item.dtype.kind not in "biuf":
        return None
    budget.take(item.size * item.dtype.itemsize)
    value = np.asarray(item[()]).T
    if item.attrs.get("MATLAB_class") == b"char":
        return "".join(chr(int(c)) for c in value.T.ravel())
    return value.item() if value.size == 1 else value.squeeze() if value.ndim == 2 else value


def _struct_array(fields: dict[str, Any], items: dict[str, Any]) -> Any:
    """Return a list of dicts where MATLAB stored a struct array (every field a list of references)."""
    import h5py

    is_array = fields and all(isinstance(i, h5py.Dataset) and i.dtype == h5py.ref_dtype for i in items.values())
    if not is_array or any("MATLAB_class" in i.attrs for i in items.values()):
        return fields
    length = max(len(v) for v in fields.values())
    return [{k: (v[i] if i < len(v) else None) for k, v in fields.items()} for i in range(length)]


def records(value: Any) -> list[dict[str, Any]]:
    """Return a struct array as a list of dicts, whether it came as one struct, many or none."""
    if isinstance(value, dict):
        lengths = {len(v) for v in value.values() if isinstance(v, list)}
        if len(lengths) == 1 and all(isinstance(v, list) for v in value.values()):
            (length,) = lengths
            return [{k: v[i] for k, v in value.items()} for i in range(length)]
        return [value]
    if isinstance(value, list):
        return [v for v in value if isinstance(v, dict)]
    return []


def text(value: Any) -> str:
    """Return a MATLAB text or number as text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, np.ndarray):
        if value.size != 1:
            return ""
        value = value.item()
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


def number(value: Any) -> float | None:
    """Return a MATLAB number, None when it is none."""
    if isinstance(value, np.ndarray):
        if value.size != 1:
            return None
        value = value.item()
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool | int | float | np.number) and np.isfinite(value):
        return float(value)
    return None
