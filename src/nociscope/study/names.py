"""File names against the rules of BIDS, from the machine-readable schema of the standard.

Slower than the walk, and nothing a run needs: only `check` asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from nociscope.problems import Problem
from nociscope.study.entities import Name, format_name, parse_name

_PICTURES = (".jpg", ".jpeg", ".bmp", ".tiff", ".gif")


@cache
def _schema() -> Any:
    from bidsschematools.schema import load_schema

    return load_schema()


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    from bidsschematools.rules import regexify_filename_rules

    schema = _schema()
    rules = schema.rules.files
    found = [
        *regexify_filename_rules(rules.common, schema, level=2),
        *regexify_filename_rules(rules.raw, schema, level=2),
    ]
    return tuple(re.compile(rule["regex"]) for rule in found)


@cache
def _entity_order() -> tuple[str, ...]:
    schema = _schema()
    return tuple(str(schema.objects.entities[e]["name"]) for e in schema.rules.entities)


def bids_version() -> str:
    """Return the version of BIDS whose rules are used."""
    return str(_schema().bids_version)


def is_legal(path: str) -> bool:
    """Tell whether BIDS knows a file of this name at this place.

    Parameters
    ----------
    path : str
        Relative to the study, forward slashes.
    """
    if path.startswith("phenotype/") and path.count("/") > 1:  # the schema's pattern lets it pass, the validator not
        return False
    return _shape_is_legal(_shape(path))


@cache
def _shape_is_legal(shape: str) -> bool:
    return any(pattern.match(shape) for pattern in _patterns())


def _shape(path: str) -> str:
    """Return the path with the participant's and session's labels replaced, where folder and name agree on them.

    So the many files of one shape are matched once.
    """
    person, _, rest = path.partition("/")
    if person.startswith("sub-") and rest.rpartition("/")[2].startswith(f"{person}_"):
        session = rest.partition("/")[0]
        folder, _, name = rest.rpartition("/")
        name = "sub-0" + name[len(person) :]
        if session.startswith("ses-") and name.startswith(f"sub-0_{session}_") and "/" in rest:
            return f"sub-0/ses-0{folder[len(session) :]}/sub-0_ses-0{name[len('sub-0_') + len(session) :]}"
        return f"sub-0/{folder}/{name}" if folder else f"sub-0/{name}"
    return path


def check_names(paths: Iterable[str]) -> tuple[Problem, ...]:
    """Return a warning for each file name that BIDS does not know, with the nearest name that it knows.

    Parameters
    ----------
    paths : iterable of str
        Relative to the study; a folder ends with ``/``.
    """
    problems: list[Problem] = []
    for path in paths:
        if is_legal(path):
            continue
        idea = nearest(path)
        if path.endswith("/"):
            what, remedy = "BIDS knows no such folder here, so it is not read", "move it to sourcedata/ or code/"
        else:
            what = f"BIDS {bids_version()} knows no file of this name here"
            remedy = f"name it like {idea}" if idea else _advice(path)
        person = path.partition("/")[0]
        problems.append(
            Problem(
                what=what,
                remedy=remedy,
                code="name-not-bids",
                severity="warning",
                file=path.rstrip("/"),
                participant_id=person if person.startswith("sub-") else "",
            )
        )
    return tuple(problems)


def _advice(path: str) -> str:
    if path.startswith("phenotype/"):
        return "put the table straight into phenotype/, with a session_id column"
    parts = parse_name(path.rpartition("/")[2])
    if parts is not None and parts.extension.lower() in _PICTURES:
        return "save the picture as .png or .tif, which lose nothing"
    return "rename it, or list it in .bidsignore"


def nearest(path: str) -> str:
    """Return the first legal name among plain corrections of a name, empty when none is legal.

    Tried are: entities in their order, capitals of suffix and extension, `run` and `chunk` as numbers, and a
    ``task-`` where it is missing.
    """
    folder, _, name = path.rpartition("/")
    parts = parse_name(name)
    if parts is None:
        return ""
    for candidate in _corrections(parts):
        if candidate != name and is_legal(f"{folder}/{candidate}" if folder else candidate):
            return candidate
    return ""


def _corrections(parts: Name) -> Iterator[str]:
    order = _entity_order()
    lower = {k.lower(): v for k, v in parts.entities.items()}
    place = {key: n for n, key in enumerate(order)}
    ordered = dict(sorted(lower.items(), key=lambda kv: place.get(kv[0], len(order))))
    numbered = {
        k: "".join(c for c in v if c.isdigit()) or v if k in ("run", "chunk") else v for k, v in ordered.items()
    }
    with_task = {**numbered, "task": numbered.get("task", "rest")}
    with_task = dict(sorted(with_task.items(), key=lambda kv: place.get(kv[0], len(order))))
    extension = parts.extension.lower()
    for entities in (dict(parts.entities), ordered, numbered, with_task):
        for suffix in dict.fromkeys((parts.suffix, parts.suffix.lower(), parts.suffix.upper())):
            for ending in dict.fromkeys((parts.extension, extension)):
                yield format_name(entities, suffix, ending)
