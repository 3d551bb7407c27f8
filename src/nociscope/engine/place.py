"""Where the results may be written, checked before anything is."""

from __future__ import annotations

import os
from pathlib import Path

from nociscope import files
from nociscope.engine.lock import STATE
from nociscope.problems import CannotWrite, InputMissing, UsageError


def resolve_study(study: Path) -> Path:
    """Return the absolute path of a study.

    Raises
    ------
    InputMissing
        There is no such folder.
    """
    if not study.is_dir():
        what = "is not a folder" if study.exists() else "there is no such study folder"
        raise InputMissing(f"{study}: {what}.")
    return study.resolve()


def resolve_out(out: Path, study: Path | None = None) -> Path:
    """Return the absolute path of the output folder, which need not exist.

    Parameters
    ----------
    out : Path
        As the user gave it.
    study : Path or None
        Absolute; the output must not be this folder nor lie in it, except below its ``derivatives``.

    Raises
    ------
    UsageError
        It is the study, or lies in it.
    CannotWrite
        It, or what should be its parent, is a file; or a link in it leads outside.
    """
    try:
        full = out.resolve()
    except (OSError, RuntimeError):
        raise CannotWrite(f"{out}: the output folder cannot be found (its links go in a circle).") from None
    if study is not None:
        _apart(out, full, study)
    existing = full
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        place = "is a file" if existing == full else f"cannot be made, because {existing.name} is a file"
        raise CannotWrite(f"{out}: {place}; name a folder for the results.")
    _no_ways_out(out, full)
    return full


def _apart(out: Path, full: Path, study: Path) -> None:
    if full == study:
        raise UsageError(f"{out}: the output cannot be the study itself; name another folder.")
    if full.is_relative_to(study) and (
        not full.is_relative_to(study / "derivatives") or full == study / "derivatives"
    ):
        raise UsageError(
            f"{out}: the output lies in the study; name a folder outside it, or one below its derivatives folder."
        )


def _no_ways_out(out: Path, full: Path) -> None:
    """Refuse an output in which a link would lead what we write to somewhere else."""
    if not full.is_dir():
        return
    for entry in sorted(full.iterdir()):
        ours = entry.name in ("group", "logs", STATE) or entry.name.startswith("sub-")
        if ours and entry.is_symlink() and not files.inside(full, entry):
            raise CannotWrite(f"{out}: {entry.name} is a link that leads out of the output folder; remove it.")


def make(out: Path) -> None:
    """Make the output folder.

    Raises
    ------
    CannotWrite
        It cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{out}: the output folder cannot be made ({error.strerror or error}).") from None


def keep_caches_in(out: Path) -> None:
    """Where the home folder cannot be written, let matplotlib keep its font list in the engine's folder.

    It would otherwise leave a folder of its own in the system's temporary one.
    """
    home = Path(os.path.expanduser("~"))
    config = os.environ.get("XDG_CONFIG_HOME") or home / ".config"
    cache = os.environ.get("XDG_CACHE_HOME") or home / ".cache"
    if "MPLCONFIGDIR" not in os.environ and not all(_can_write(Path(f) / "matplotlib") for f in (config, cache)):
        os.environ["MPLCONFIGDIR"] = str(out / STATE / "cache")


def _can_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def sweep(out: Path, folders: tuple[str, ...] | None = None) -> None:
    """Remove the unfinished files that a killed run left.

    Parameters
    ----------
    out : Path
        Absolute; held by this run.
    folders : tuple of str or None
        Folders of the output to look in; None for all of it.
    """
    for folder in (out,) if folders is None else tuple(out / f for f in folders):
        if files.inside(out, folder):
            for part in folder.rglob(".nociscope-*.part"):
                if files.inside(out, part.parent):
                    part.unlink(missing_ok=True)
