"""Good, empty, damaged and wrong input."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nociscope.assays.declaration import Assay, TableInput
from nociscope.problems import BadInput, Problem
from nociscope.study import Visit, open_study
from nociscope.testing.outputs import check_readings
from nociscope.testing.promises import first_sentence, named, promise
from nociscope.tsv import RawRow

GARBAGE = ("", "x", "1e999", "-5", "0", "1" * 400, "=1+1", "\u202ex", "nan", "1,5", "\0")
"""Cells put into every column in turn."""


def read_whole(assay: Assay, visit: Visit, settings: Any, what: str) -> Any:
    """Read what must be readable without a word."""
    try:
        recording = assay.read(visit, settings)
    except Exception as error:
        raise AssertionError(f"{assay.name}: read fails on {what} ({named(error)}).") from error
    problems = getattr(recording, "problems", None)
    sources = getattr(recording, "sources", None)
    promise(
        isinstance(problems, tuple) and isinstance(sources, tuple), assay, "a recording lacks problems or sources"
    )
    promise(not problems, assay, f"read finds a problem in {what} ({first_sentence(problems or ())})")
    promise(bool(sources), assay, "a recording names no source")
    return recording


def _survives(assay: Assay, visit: Visit, settings: Any, what: str, must_complain: bool) -> None:
    """Read and measure bad input: a problem or BadInput may come of it, nothing else."""
    try:
        recording = assay.read(visit, settings)
    except BadInput as error:
        _check_problems(assay, error.problems, what)
        return
    except Exception as error:
        raise AssertionError(f"{assay.name}: read fails on {what} with {named(error)}, not BadInput.") from error
    _check_problems(assay, recording.problems, what)
    promise(bool(recording.problems) or not must_complain, assay, f"read says nothing about {what}")
    try:
        readings = assay.measure(recording, settings)
    except Exception as error:
        raise AssertionError(f"{assay.name}: measure fails on {what} ({named(error)}).") from error
    check_readings(assay, readings)


def _check_problems(assay: Assay, problems: Sequence[Problem], what: str) -> None:
    for p in problems:
        promise(isinstance(p, Problem), assay, f"what read says about {what} is no Problem")
        sentence = p.sentence()
        promise(sentence.isprintable(), assay, f"what read says about {what} is not one printable line")


def check_hostile_tables(assay: Assay, visit: Visit, settings: Any) -> None:
    """Empty tables, missing columns, and garbage in every column."""
    for wanted in assay.inputs:
        if not isinstance(wanted, TableInput) or wanted.table.name not in visit.tables:
            continue
        name = wanted.table.name
        table = visit.tables[name]

        def with_rows(rows: Iterable[RawRow], columns: tuple[str, ...] = table.columns, name: str = name) -> Visit:
            changed = replace(visit.tables[name], rows=tuple(rows), columns=columns)
            return replace(visit, tables={**visit.tables, name: changed})

        _survives(assay, with_rows(()), settings, f"a {name} without rows", False)
        gone = replace(visit, tables={k: v for k, v in visit.tables.items() if k != name})
        _survives(assay, gone, settings, f"a missing {name}", False)
        everything = [RawRow(r.file, r.row, dict.fromkeys(r.cells, "#?")) for r in table.rows]
        _survives(assay, with_rows(everything), settings, f"garbage in every cell of {name}", True)
        for column in table.columns:
            fewer = [RawRow(r.file, r.row, {k: v for k, v in r.cells.items() if k != column}) for r in table.rows]
            left = tuple(c for c in table.columns if c != column)
            _survives(assay, with_rows(fewer, left), settings, f"a {name} without the column {column}", False)
            for cell in GARBAGE:
                rows = [RawRow(r.file, r.row, {**r.cells, column: cell}) for r in table.rows]
                _survives(assay, with_rows(rows), settings, f"{cell[:8]!r} in column {column} of {name}", False)


def check_hostile_files(assay: Assay, root: Path, visit: Visit, settings: Any) -> None:
    """Empty, cut and overwritten files, each in turn; afterwards every file is as it was."""
    own = f"{visit.participant_id}/"
    names = sorted({*(f.path for f in visit.files), *(name for name in visit.sidecars if name.startswith(own))})
    for name in names:
        path = root / name
        whole = path.read_bytes()
        noise = np.random.default_rng(0).bytes(512)
        cases = [
            (b"", "an empty", True),
            (noise, "an overwritten", True),
            (whole[: len(whole) // 2], "half a", False),
        ]
        for content, word, must_complain in cases:
            path.write_bytes(content)
            fresh = _reopened(root, visit)
            _survives(
                assay,
                fresh,
                settings,
                f"{word} {Path(name).suffix} file",
                must_complain and name in _used(assay, visit),
            )
        path.unlink()
        _survives(assay, _reopened(root, visit), settings, f"a missing {Path(name).suffix} file", False)
        path.write_bytes(whole)


def _used(assay: Assay, visit: Visit) -> set[str]:
    """Return the files that are declared inputs: a side file may be beside the point, these may not."""
    return {
        f.path
        for wanted in assay.inputs
        if not isinstance(wanted, TableInput)
        for f in visit.find(
            datatype=wanted.datatype, suffix=wanted.suffix, extensions=wanted.extensions, **dict(wanted.entities)
        )
    }


def _reopened(root: Path, visit: Visit) -> Visit:
    """Open the study again, so that nothing read before is remembered."""
    return next(v for v in open_study(root).visits[visit.participant_id] if v.session_id == visit.session_id)
