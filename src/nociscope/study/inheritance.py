"""Metadata by BIDS inheritance: which JSON files apply to a data file, and what they say together.

The rule is that of the BIDS specification ("The Inheritance Principle",
https://bids-specification.readthedocs.io/en/stable/common-principles.html#the-inheritance-principle).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nociscope import files
from nociscope.problems import BadInput, Problem
from nociscope.study.entities import parse_name
from nociscope.study.identity import without_identity
from nociscope.study.records import FileRecord


class Sidecars(Mapping[str, Mapping[str, Any]]):
    """The JSON files that may apply to the files of a visit, each read when it is first asked for.

    It can be pickled; what was read is not carried along. Keys that identify a person are not in the content.

    Parameters
    ----------
    root : Path
        The study.
    paths : iterable of str
        The JSON files, relative to it.
    """

    __slots__ = ("_paths", "_read", "_root")

    def __init__(self, root: Path, paths: Iterable[str]) -> None:
        self._root = root
        self._paths = tuple(paths)
        self._read: dict[str, Mapping[str, Any]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __getitem__(self, path: str) -> Mapping[str, Any]:
        """Return the content of a file.

        Raises
        ------
        BadInput
            It is not a JSON object, or a link leads out of the study.
        """
        if path not in self._read:
            if path not in self._paths:
                raise KeyError(path)
            self._read[path] = read_sidecar(self._root, path)
        return self._read[path]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._root, self._paths)


def read_sidecar(root: Path, path: str) -> dict[str, Any]:
    """Read one JSON file of a study, without the keys that identify a person.

    Raises
    ------
    BadInput
        It is not a JSON object, or a link leads out of the study.
    """
    full = root / path
    if not files.inside(root, full):
        raise BadInput(
            Problem(
                what="the path leads out of the study",
                remedy="put the file itself into the study",
                code="outside-study",
                file=path,
            )
        )
    content = files.read_json(full, path)
    if not isinstance(content, dict):
        raise BadInput(Problem(what="is not a JSON object", remedy="write it as {…}", code="bad-json", file=path))
    return without_identity(content)


def applicable(record: FileRecord, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the JSON files that apply to a data file, the farthest first.

    A JSON applies when it lies in the folder of the data file or above it, has the same suffix, and each of its
    entities has the same label in the data file. Where two lie in one folder, the one with fewer entities is the
    farther one.

    Parameters
    ----------
    record : FileRecord
        The data file.
    paths : iterable of str
        JSON files, relative to the study.
    """
    folder = record.path.rpartition("/")[0] + "/"
    labels = {"sub": record.participant_id.removeprefix("sub-"), "ses": record.session_id.removeprefix("ses-")}
    labels.update(record.entities)
    found: list[tuple[int, int, str]] = []
    for path in paths:
        place, _, name = path.rpartition("/")
        if place and not folder.startswith(place + "/"):
            continue
        parts = parse_name(name)
        if parts is None or parts.extension != ".json" or parts.suffix != record.suffix:
            continue
        if all(labels.get(entity) == label for entity, label in parts.entities.items()):
            found.append((place.count("/") + bool(place), len(parts.entities), path))
    return tuple(path for _, _, path in sorted(found))


def inherited(record: FileRecord, sidecars: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the metadata of a data file: of each key, the value in the nearest JSON that applies.

    Parameters
    ----------
    record : FileRecord
        The data file.
    sidecars : mapping
        Path -> content; only the files that apply are asked for.

    Raises
    ------
    BadInput
        A JSON that applies cannot be read. It is not passed over, because a farther one might say otherwise.
    """
    merged: dict[str, Any] = {}
    for path in applicable(record, sidecars):
        merged.update(sidecars[path])
    return merged
