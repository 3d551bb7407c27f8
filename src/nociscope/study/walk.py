"""The walk over a study folder: what lies where, by names alone.

No data file is opened. Links are followed when they end within the study; one that leads out of it is named and its
target is neither opened nor asked for its size or kind. The depth is bounded, so no loop of links can hang it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nociscope.problems import Problem, Severity
from nociscope.study.entities import is_identifier, parse_name
from nociscope.study.ignore import Pattern, ignored
from nociscope.study.records import FileRecord
from nociscope.tsv import MISSING

NOT_WALKED = frozenset({"derivatives", "code", "sourcedata", "logs", "docs", "stimuli"})
"""Folders of a BIDS dataset that hold no raw data."""


@dataclass(slots=True)
class Folder:
    """What lies in the folder of one participant.

    Attributes
    ----------
    files : dict
        ``ses-…`` or ``n/a`` -> its files.
    sidecars : dict
        The same -> its JSON files; under ``n/a`` also those of the participant as a whole.
    sessions_table : str
        Path of ``sub-…_sessions.tsv``, empty for none.
    """

    files: dict[str, list[FileRecord]] = field(default_factory=dict)
    sidecars: dict[str, list[str]] = field(default_factory=dict)
    sessions_table: str = ""


@dataclass(slots=True)
class Tree:
    """What lies in a study.

    Attributes
    ----------
    top : list of str
        Names of the files at the top.
    sidecars : list of str
        JSON files at the top that may apply by inheritance.
    folders : dict
        ``sub-…`` -> its folder.
    tables : list of (path, session)
        The TSV files in ``phenotype/``; session is ``n/a`` or that of the folder it lies in.
    dictionaries : list of str
        The JSON files beside them.
    loose : list of str
        Files and folders that are not read: those at the top that are no part of BIDS, and tables of scans.
    ignored : int
        Files and folders that were passed over because ``.bidsignore`` lists them.
    problems : list of Problem
    """

    top: list[str] = field(default_factory=list)
    sidecars: list[str] = field(default_factory=list)
    folders: dict[str, Folder] = field(default_factory=dict)
    tables: list[tuple[str, str]] = field(default_factory=list)
    dictionaries: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    ignored: int = 0
    problems: list[Problem] = field(default_factory=list)


Kind = Literal["file", "folder", ""]


def walk(root: Path, patterns: Sequence[Pattern] = ()) -> Tree:
    """Walk a study.

    Parameters
    ----------
    root : Path
        Absolute, with its own links followed.
    patterns : sequence of Pattern
        What ``.bidsignore`` lists. Tables in ``phenotype/`` are read all the same: listing them there is the usual
        way to quiet the official validator about several rows per participant.
    """
    tree = Tree()
    step = _Steps(str(root), patterns, tree)
    for name, kind in step.entries(""):
        if kind == "file":
            tree.top.append(name)
            if name.endswith(".json"):
                tree.sidecars.append(name)
        elif name == "phenotype":
            _walk_phenotype(step)
        elif name.startswith("sub-"):
            if is_identifier(name, "sub"):
                _walk_participant(step, name)
            else:
                step.problem(name, *_NO_LABEL, code="bad-label")
        else:
            tree.loose.append(f"{name}/")
    return tree


_NO_LABEL = (
    "is no BIDS label (letters, digits and + after the prefix, at most 240), so nothing in the folder is read",
    "rename it and the files in it",
)


class _Steps:
    """The walk's place, what it must pass over, and what it has found."""

    def __init__(self, root: str, patterns: Sequence[Pattern], tree: Tree) -> None:
        self.root = root
        self.patterns = patterns
        self.tree = tree

    def problem(
        self, path: str, what: str, remedy: str, *, code: str, severity: Severity = "error", **who: Any
    ) -> None:
        self.tree.problems.append(Problem(what=what, remedy=remedy, code=code, severity=severity, file=path, **who))

    def entries(self, folder: str, **who: Any) -> Iterator[tuple[str, Kind]]:
        """Yield the names in a folder, sorted, with what they are once links are followed.

        What cannot be used is a problem and is left out; but a JSON file that cannot be used stays in, so that a file
        it applies to fails instead of taking the values of a farther JSON. Its reader looks again before it reads.
        """
        prefix = f"{folder}/" if folder else ""
        try:
            with os.scandir(f"{self.root}/{folder}") as found:
                entries = sorted(found, key=lambda e: e.name)
        except OSError as error:
            reason = error.strerror or "unknown reason"
            self.problem(
                folder, f"the folder cannot be read ({reason})", "check its permissions", code="unreadable", **who
            )
            return
        for entry in entries:
            name = entry.name
            if name.startswith(".") or (not folder and name in NOT_WALKED):
                continue
            path = prefix + name
            if self.patterns and path.partition("/")[0] != "phenotype" and ignored(path, self.patterns):
                self.tree.ignored += 1
                continue
            kind = self._kind(entry, path, who)
            if kind:
                yield name, kind
            elif name.endswith(".json"):
                yield name, "file"

    def _kind(self, entry: os.DirEntry[str], path: str, who: dict[str, Any]) -> Kind:
        if not entry.is_symlink():
            if entry.is_file(follow_symlinks=False):
                return "file"
            if entry.is_dir(follow_symlinks=False):
                return "folder"
            self.problem(
                path, "is neither a file nor a folder", "replace it by the file itself", code="not-a-file", **who
            )
            return ""
        target = os.path.realpath(entry.path)
        if target != self.root and not target.startswith(self.root.rstrip("/") + os.sep):
            self.problem(
                path,
                "the link leads out of the study, so it is not followed",
                "put the file itself into the study",
                code="outside-study",
                **who,
            )
            return ""
        if os.path.isfile(target):
            return "file"
        if os.path.isdir(target):
            here = os.path.realpath(os.path.dirname(entry.path))
            if f"{here}/".startswith(target.rstrip("/") + "/"):
                self.problem(path, "the link leads back to a folder above it", "remove it", code="link-loop", **who)
                return ""
            return "folder"
        self.problem(
            path,
            "the link leads to no file",
            "fetch the file (git-annex, DataLad) or remove the link",
            code="dead-link",
            **who,
        )
        return ""


def _walk_phenotype(step: _Steps) -> None:
    for name, kind in step.entries("phenotype"):
        path = f"phenotype/{name}"
        if kind == "file":
            _note_table(step, path, MISSING)
        elif is_identifier(name, "ses"):
            for inner, inner_kind in step.entries(path, session_id=name):
                if inner_kind == "file":
                    _note_table(step, f"{path}/{inner}", name)
        else:
            step.problem(
                path,
                "the folder is not read",
                "put tables straight into phenotype/, with a session_id column",
                code="not-read",
                severity="warning",
            )


def _note_table(step: _Steps, path: str, session_id: str) -> None:
    if path.endswith(".tsv"):
        step.tree.tables.append((path, session_id))
    elif path.endswith(".json"):
        step.tree.dictionaries.append(path)
    else:
        step.problem(
            path,
            "is not read; tables are tab-separated files that end in .tsv",
            "save it as .tsv",
            code="not-read",
            severity="warning",
        )


def _walk_participant(step: _Steps, person: str) -> None:
    folder = step.tree.folders[person] = Folder()
    who: dict[str, Any] = {"participant_id": person}
    for name, kind in step.entries(person, **who):
        path = f"{person}/{name}"
        if kind == "file":
            _note_loose(step, folder, path, name, person, MISSING)
        elif name.startswith("ses-"):
            if is_identifier(name, "ses"):
                _walk_session(step, folder, person, name)
            else:
                step.problem(path, *_NO_LABEL, code="bad-label", **who)
        else:
            _walk_datatype(step, folder, path, name, person, MISSING)


def _walk_session(step: _Steps, folder: Folder, person: str, session: str) -> None:
    who = {"participant_id": person, "session_id": session}
    for name, kind in step.entries(f"{person}/{session}", **who):
        path = f"{person}/{session}/{name}"
        if kind == "file":
            _note_loose(step, folder, path, name, person, session)
        else:
            _walk_datatype(step, folder, path, name, person, session)


def _note_loose(step: _Steps, folder: Folder, path: str, name: str, person: str, session: str) -> None:
    """Take a file that lies above the datatype folders: JSON for inheritance, tables of sessions and scans."""
    who = {"participant_id": person, "session_id": "" if session == MISSING else session}
    if name.endswith(".json"):
        folder.sidecars.setdefault(session, []).append(path)
    elif name == f"{person}_sessions.tsv" and session == MISSING:
        folder.sessions_table = path
    elif name.endswith("_scans.tsv"):
        step.tree.loose.append(path)
    else:
        step.problem(
            path,
            "lies outside a datatype folder such as eeg/ or beh/, so it is not read",
            "move it into one",
            code="not-read",
            severity="warning",
            **who,
        )


def _walk_datatype(step: _Steps, folder: Folder, path: str, datatype: str, person: str, session: str) -> None:
    who = {"participant_id": person, "session_id": "" if session == MISSING else session}
    records = folder.files.setdefault(session, [])
    prefix = f"{person}_" if session == MISSING else f"{person}_{session}_"
    for name, kind in step.entries(path, **who):
        full = f"{path}/{name}"
        if kind == "folder":
            step.problem(
                full, "the folder is not read", "put files straight into the datatype folder", code="not-read",
                severity="warning", **who,
            )  # fmt: skip
            continue
        parts = parse_name(name[len(prefix) :]) if name.startswith(prefix) else None
        if parts is None or "sub" in parts.entities or "ses" in parts.entities:
            parts = None
            problem = _why_not(full, name, person, session)
            if problem is not None:
                step.tree.problems.append(problem)
                continue
            parts = parse_name(name)
            assert parts is not None  # a name that does not parse has a problem
            labels = {k: v for k, v in parts.entities.items() if k not in ("sub", "ses")}
        else:
            labels = dict(parts.entities)
        records.append(
            FileRecord(
                path=full,
                participant_id=person,
                session_id=session,
                datatype=datatype,
                entities=labels,
                suffix=parts.suffix,
                extension=parts.extension,
            )
        )
        if parts.extension == ".json":
            folder.sidecars.setdefault(session, []).append(full)


def _why_not(path: str, name: str, person: str, session: str) -> Problem | None:
    """Return why a file cannot be taken as one of this participant and session, None when it can."""
    parts = parse_name(name)
    who: dict[str, Any] = {"participant_id": person, "session_id": "" if session == MISSING else session}
    if parts is None or "sub" not in parts.entities:
        return Problem(
            what="the file name is not made as BIDS makes them, so the file is not read",
            remedy=f"name it like {person}_task-lep_eeg.vhdr",
            code="bad-name",
            severity="warning",
            file=path,
            **who,
        )
    found = f"ses-{parts.entities['ses']}" if "ses" in parts.entities else MISSING
    if f"sub-{parts.entities['sub']}" != person or (MISSING not in (found, session) and found != session):
        return Problem(
            what="the file name says another participant or session than its folder, so the file is not used",
            remedy="correct the name or move the file",
            code="name-and-folder-differ",
            file=path,
            **who,
        )
    return None
