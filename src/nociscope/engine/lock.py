"""One run at a time in an output folder.

The lock is one of the operating system's, so it goes with the process that held it: a killed run blocks nobody.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from nociscope.problems import CannotWrite

STATE = ".nociscope"
"""The engine's folder in the output: locks and manifests."""


def _lock(descriptor: int, shared: bool) -> None:
    """Take the lock or raise OSError at once."""
    try:
        import fcntl
    except ImportError:  # Windows has no shared locks; a shared one is exclusive there
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            raise BlockingIOError from None
        return
    fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


def _open(path: Path) -> int:
    # O_NOFOLLOW: a link that somebody put in its place must not make us open a file elsewhere.
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, 0o666)


@contextlib.contextmanager
def hold(out: Path, participants: Sequence[str] = ()) -> Iterator[None]:
    """Hold the output folder while the block runs.

    Parameters
    ----------
    out : Path
        The output folder; its state folder is made if need be.
    participants : sequence of str
        Empty: the whole folder is held. Otherwise only these participants, so that jobs of a cluster can work up
        different participants in one folder side by side, while nobody may write the group files.

    Raises
    ------
    CannotWrite
        Another run holds it, or the folder cannot be written.
    """
    descriptors: list[int] = []
    state = out / STATE
    try:
        try:
            (state / "locks").mkdir(parents=True, exist_ok=True)
            places = [(state / "locks" / "out", bool(participants))]
            places += [(state / "locks" / p, False) for p in participants]
            for path, shared in places:
                descriptors.append(_open(path))
                _lock(descriptors[-1], shared)
        except BlockingIOError:
            raise CannotWrite(f"{out}: another run is going on in this folder; wait until it has ended.") from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise CannotWrite(f"{out}: the output folder cannot be written ({reason}).") from None
        yield
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
