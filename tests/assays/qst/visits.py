"""Hand-made visits for the tests of this assay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nociscope.study.records import FileRecord, Participant, RawTable, Visit
from nociscope.truth import Simulated
from nociscope.tsv import RawRow, format_cell

VALUE_COLUMNS = ("site", "side", "parameter", "value", "unit", "baseline_c", "censored", "device")
TRIAL_COLUMNS = ("site", "side", "parameter", "trial", "intensity", "unit", "direction", "response", "rating")
TRIAL_FILE = "sub-01/beh/sub-01_task-qst_beh.tsv"


def table_visit(*rows: str, columns: tuple[str, ...] = VALUE_COLUMNS) -> Visit:
    """Return a visit with a QST table; each row is its cells with blanks between, missing ones at the end n/a."""
    raw = []
    for number, row in enumerate(rows, start=2):
        cells = row.split()
        cells += ["n/a"] * (len(columns) - len(cells))
        raw.append(
            RawRow(
                "phenotype/qst.tsv",
                number,
                {"participant_id": "sub-01", "session_id": "n/a", **dict(zip(columns, cells, strict=True))},
            )
        )
    names = ("participant_id", "session_id", *columns)
    table = RawTable(name="qst", columns=names, rows=tuple(raw))
    return Visit(root=Path("/nowhere"), participant=Participant(participant_id="sub-01"), tables={"qst": table})


def trial_visit(root: Path, text: str, sidecar: dict[str, Any] | None = None) -> Visit:
    """Return a visit whose only file is a trial table with this text."""
    path = root / TRIAL_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    sidecars = {} if sidecar is None else {TRIAL_FILE.replace(".tsv", ".json"): sidecar}
    return Visit(
        root=root, participant=Participant(participant_id="sub-01"), files=(_record(TRIAL_FILE),), sidecars=sidecars
    )


def trial_text(*rows: str) -> str:
    """Return a trial table; each row is its cells with blanks between, missing ones at the end n/a."""
    lines = ["\t".join(TRIAL_COLUMNS)]
    for row in rows:
        cells = row.split()
        lines.append("\t".join(cells + ["n/a"] * (len(TRIAL_COLUMNS) - len(cells))))
    return "\n".join(lines) + "\n"


def simulated_visit(root: Path, simulated: Simulated) -> Visit:
    """Return a visit that holds a simulated recording."""
    text = next(f.content.decode() for f in simulated.files if f.extension == ".tsv")
    sidecar = next(json.loads(f.content) for f in simulated.files if f.extension == ".json")
    visit = trial_visit(root, text, sidecar)
    rows = tuple(
        RawRow(
            "phenotype/qst.tsv",
            number,
            {"participant_id": "sub-01", "session_id": "n/a", **{k: format_cell(v) for k, v in row.items()}},
        )
        for number, row in enumerate(simulated.rows["qst"], start=2)
    )
    table = RawTable(name="qst", columns=tuple(rows[0].cells), rows=rows)
    return Visit(
        root=visit.root,
        participant=visit.participant,
        files=visit.files,
        sidecars=visit.sidecars,
        tables={"qst": table},
    )


def _record(path: str) -> FileRecord:
    return FileRecord(
        path=path,
        participant_id="sub-01",
        session_id="n/a",
        datatype="beh",
        entities={"task": "qst"},
        suffix="beh",
        extension=".tsv",
    )
