"""Reading untrusted files and writing results whole.

Every byte that comes in or goes out passes here, so that the limits (size, regular files, no links out of the
study, strict JSON) and the promise of atomic writes are kept in one place.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import math
import os
import stat
import tempfile
import zlib
from pathlib import Path
from typing import Any

from nociscope.problems import BadInput, CannotWrite, Problem

MAX_TEXT_BYTES = 256 * 2**20
"""Largest text file that is read; the largest real table seen (30,000 trials) has 2 MB."""

MAX_JSON_BYTES = 16 * 2**20
MAX_JSON_DEPTH = 64


def _bad(name: str, what: str, remedy: str, code: str) -> BadInput:
    return BadInput(Problem(what=what, remedy=remedy, code=code, file=name))


def inside(root: Path, path: Path) -> bool:
    """Tell whether `path`, with every link followed, lies in `root`.

    A link loop counts as outside.
    """
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):  # ValueError: a NUL in the name
        return False


def read_bytes(path: Path, name: str = "", limit: int = MAX_TEXT_BYTES) -> bytes:
    """Read a regular file of at most `limit` bytes.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        How messages call it: its path relative to the study. Default: the file's own name.
    limit : int
        Largest size in bytes.

    Raises
    ------
    BadInput
        It is missing, not a regular file (a pipe would block for ever), unreadable or too large.
    """
    name = name or path.name
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, ValueError):  # ValueError: a NUL in the name
        raise _bad(name, "the file is missing", "put it there or remove what refers to it", "missing-file") from None
    except OSError as error:
        reason = error.strerror or "cannot be opened"
        raise _bad(
            name, f"the file cannot be opened ({reason})", "check its type and permissions", "unreadable"
        ) from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise _bad(name, "is not a regular file", "replace it by the file itself", "not-a-file")
    with os.fdopen(descriptor, "rb") as stream:
        if status.st_size > limit:
            raise _bad(
                name, f"the file is larger than {limit:,} bytes", "check that it is the right file", "too-large"
            )
        try:
            data = stream.read(limit + 1)
        except OSError as error:
            reason = error.strerror or "read error"
            raise _bad(name, f"the file cannot be read ({reason})", "check the disk", "unreadable") from None
    if len(data) > limit:
        raise _bad(name, f"the file is larger than {limit:,} bytes", "check that it is the right file", "too-large")
    return data


def decode(data: bytes, name: str) -> str:
    """Decode UTF-8 with or without a byte-order mark.

    Raises
    ------
    BadInput
        The bytes are not UTF-8, or hold NUL characters (UTF-16 and binary files do).
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _bad(name, f"is not UTF-8 text (row {line})", "save it as UTF-8", "not-utf8") from None
    if "\0" in text:
        raise _bad(name, "holds NUL characters, so it is not UTF-8 text", "save it as UTF-8", "not-utf8")
    return text


def read_text(path: Path, name: str = "", limit: int = MAX_TEXT_BYTES) -> str:
    """Read a UTF-8 text file; see :func:`read_bytes` and :func:`decode` for what is refused."""
    name = name or path.name
    return decode(read_bytes(path, name, limit), name)


def read_gzip_text(path: Path, name: str = "", limit: int = MAX_TEXT_BYTES) -> str:
    """Read a gzip-compressed UTF-8 text whose *unpacked* size is at most `limit` bytes.

    Raises
    ------
    BadInput
        As :func:`read_text`, and when the archive is damaged, cut short or unpacks to more than `limit`.
    """
    name = name or path.name
    packed = read_bytes(path, name, limit)
    if not packed:
        raise _bad(name, "the file is empty", "make the file again", "bad-gzip")
    try:
        import io

        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
            data = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error):
        raise _bad(name, "is not a whole gzip file", "make the file again", "bad-gzip") from None
    if len(data) > limit:
        raise _bad(name, f"unpacks to more than {limit:,} bytes", "check that it is the right file", "too-large")
    return decode(data, name)


def _depth(text: str) -> int:
    """Return the deepest nesting of brackets outside strings, without recursion."""
    depth = deepest = 0
    in_string = escaped = False
    for c in text:
        if in_string:
            if escaped:
                escaped = False
            elif c == "\\":
                escaped = True
            elif c == '"':
                in_string = False
        elif c == '"':
            in_string = True
        elif c in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif c in "]}":
            depth -= 1
    return deepest


def read_json(path: Path, name: str = "") -> Any:
    """Read strict JSON: no NaN or Infinity, nesting of at most 64 levels.

    Raises
    ------
    BadInput
        It is not such a file.
    """
    name = name or path.name
    text = read_text(path, name, MAX_JSON_BYTES)
    if _depth(text) > MAX_JSON_DEPTH:
        raise _bad(name, f"is nested more than {MAX_JSON_DEPTH} levels deep", "flatten it", "bad-json")

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not JSON")

    def finite(literal: str) -> float:
        number = float(literal)
        if not math.isfinite(number):
            raise ValueError(f"the number {literal[:20]} is too large")
        return number

    try:
        return json.loads(text, parse_constant=refuse, parse_float=finite)
    except json.JSONDecodeError as error:
        raise _bad(name, f"is not JSON ({error.msg} at row {error.lineno})", "correct the file", "bad-json") from None
    except (ValueError, RecursionError) as error:
        raise _bad(name, f"is not JSON ({error})", "correct the file", "bad-json") from None


def to_json(value: Any) -> str:
    """Write strict JSON, indented, keys in the order given, with a final newline.

    Half characters (lone surrogates, as in file names that are not UTF-8) become ``?``.

    Raises
    ------
    ValueError
        A number is not finite: a missing value is `None` or ``"n/a"``.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8", "replace").decode("utf-8")


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write_atomic(path: Path, data: str | bytes) -> None:
    """Write a file so that its name never shows a part of it.

    The bytes go to a hidden file in the same folder, which then takes the final name. A symbolic link that
    already has this name is replaced, not followed.

    Raises
    ------
    CannotWrite
        The folder cannot be made, or the disk is full or read-only.
    """
    content = data.encode("utf-8", "replace") if isinstance(data, str) else data
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=".nociscope-", suffix=".part", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~_UMASK)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise CannotWrite(f"{path}: cannot be written ({error.strerror or error}).") from None
    except BaseException:  # an interrupt must not leave the part behind either
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise


def _read_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK = _read_umask()
