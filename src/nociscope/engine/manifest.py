"""What a participant's outputs were made from, so that a rerun makes again only what changed.

A manifest holds a key (a hash of everything that decides the outputs) and the outputs with their hashes. File
times and sizes play no part: only content counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nociscope import files
from nociscope.engine.lock import STATE
from nociscope.engine.store import digest_of, plain, problem_from_json, problem_to_json, write
from nociscope.problems import BadInput, NociscopeError, Problem
from nociscope.study.records import Visit

FORMAT = 2
"""Raised when the meaning of a manifest changes, so that older ones no longer count."""


NOT_READ = frozenset({"anat", "func", "dwi", "fmap", "perf", "mrs", "meg", "pet", "ieeg", "nirs", "motion"})
"""Folders of other methods, often many gigabytes, that no assay reads."""


def hash_json(value: Any) -> str:
    """Return the SHA-256 of a value written as JSON with sorted keys."""
    return files.sha256(json.dumps(plain(value), sort_keys=True, ensure_ascii=False).encode())


def hash_rows(visit: Visit, name: str, *, with_lines: bool = False) -> str:
    """Return the hash of a visit's rows of one table: its cells, and where asked for, the lines they stood on."""
    table = visit.tables[name]
    rows = [[r.file, dict(r.cells), r.row if with_lines else 0] for r in table.rows]
    return hash_json([sorted(table.columns), rows])


def hash_file(visit: Visit, name: str) -> str:
    """Return the hash of a file of the study, or what is wrong with it where it cannot be read."""
    try:
        path = visit.path(name)
        with path.open("rb") as stream:
            import hashlib

            return hashlib.file_digest(stream, "sha256").hexdigest()
    except BadInput:
        return "outside the study"
    except OSError as error:
        return f"unreadable: {error.strerror}"


@dataclass(frozen=True, slots=True)
class Key:
    """What decides a participant's outputs.

    Attributes
    ----------
    content : str
        Hash of content, settings, norms and version.
    lines : str
        Hash of the line numbers as well. It counts only where a recorded problem names a line: a row put in above
        moves everyone's lines without changing a number.
    """

    content: str
    lines: str


def key_of(visit: Visit, deciding: Any) -> Key:
    """Return the key of a visit.

    Parameters
    ----------
    visit : Visit
    deciding : object
        Everything else that decides the outputs, as :func:`hash_json` takes it.
    """
    content = {
        "format": FORMAT,
        "deciding": deciding,
        "participant": visit.participant,
        "session": visit.session_id,
        "files": {f.path: hash_regular(visit, f.path) for f in visit.files if f.datatype not in NOT_READ},
        "sidecars": {path: hash_regular(visit, path) for path in visit.sidecars},
        "tables": {name: hash_rows(visit, name) for name in visit.tables},
    }
    return Key(hash_json(content), hash_json({n: hash_rows(visit, n, with_lines=True) for n in visit.tables}))


def hash_regular(visit: Visit, name: str) -> str:
    """Return :func:`hash_file` of a regular file; a pipe would block, so it is only named."""
    full = visit.root / name
    return hash_file(visit, name) if full.is_file() else "not a file"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRecord:
    """What was made of a visit.

    Attributes
    ----------
    key : Key
    outputs : mapping
        File name relative to the output -> SHA-256, for every file of the visit.
    problems : tuple of Problem
        What was wrong, so that a rerun that does nothing says it again.
    course : str
        Hash of the visits that its rules over several visits looked at; empty where it has none.
    """

    key: Key
    outputs: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
    course: str = ""

    def holds(self, key: Key, out: Path) -> bool:
        """Tell whether the outputs were made from `key` and are unaltered."""
        same_lines = self.key.lines == key.lines or not any(p.row is not None for p in self.problems)
        return self.key.content == key.content and same_lines and self.intact(out)

    def intact(self, out: Path) -> bool:
        """Tell whether all outputs are there and unaltered."""
        return all(digest_of(out, name) == digest for name, digest in self.outputs.items())


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was made of a participant: session id -> record of the visit."""

    participant_id: str
    visits: Mapping[str, VisitRecord] = field(default_factory=dict)


def _name(participant_id: str) -> str:
    return f"{STATE}/{participant_id}.json"


def write_manifest(manifest: Manifest, out: Path) -> None:
    """Write a manifest; it comes after the outputs, so that an interrupted visit has no record."""
    record = {
        session: {
            "content": visit.key.content,
            "lines": visit.key.lines,
            "problems": [problem_to_json(p) for p in visit.problems],
            "outputs": dict(visit.outputs),
            "course": visit.course,
        }
        for session, visit in sorted(manifest.visits.items())
    }
    write(out, _name(manifest.participant_id), files.to_json(record))


def read_manifest(participant_id: str, out: Path) -> Manifest:
    """Return a participant's manifest, an empty one when there is none that can be used."""
    name = _name(participant_id)
    try:
        visits = {
            str(session): VisitRecord(
                key=Key(record["content"], record["lines"]),
                outputs={str(n): str(d) for n, d in record["outputs"].items()},
                problems=tuple(problem_from_json(p) for p in record["problems"]),
                course=str(record["course"]),
            )
            for session, record in files.read_json(out / name, name).items()
        }
    except (NociscopeError, KeyError, TypeError, AttributeError):
        return Manifest(participant_id)
    usable = {s: v for s, v in visits.items() if v.outputs and all(_own(participant_id, n) for n in v.outputs)}
    return Manifest(participant_id, usable)


def _own(participant_id: str, name: str) -> bool:
    """Tell whether a name lies in the participant's own folder: manifests tell us what may be deleted."""
    parts = name.split("/")
    return parts[0] == participant_id and len(parts) > 1 and not {"", ".", ".."} & set(parts)


def recorded_participants(out: Path) -> tuple[str, ...]:
    """Return the participants that have a manifest in the output, by name."""
    return tuple(sorted(p.stem for p in (out / STATE).glob("sub-*.json")))


def remove_manifest(participant_id: str, out: Path) -> None:
    """Forget a participant, so that the outputs are made again."""
    (out / _name(participant_id)).unlink(missing_ok=True)


def remove_outputs(out: Path, outputs: Mapping[str, str]) -> bool:
    """Remove files that we wrote and nobody altered, and the folders that become empty.

    Returns
    -------
    bool
        Whether all of them are gone; an altered file stays.
    """
    gone = True
    for name, digest in outputs.items():
        found = digest_of(out, name)
        if found == digest:
            (out / name).unlink(missing_ok=True)
            _remove_empty((out / name).parent, out)
        elif found:
            gone = False
    return gone


def _remove_empty(folder: Path, out: Path) -> None:
    while folder != out and folder.is_relative_to(out):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
