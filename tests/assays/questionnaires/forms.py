"""Hand-made visits with questionnaire tables."""

from collections.abc import Mapping
from pathlib import Path

from nociscope.assays.questionnaires import ASSAY
from nociscope.study.records import Participant, RawTable, Visit
from nociscope.tsv import RawRow

KEY = {"participant_id": "sub-01", "session_id": "n/a"}


def items(first, last, value, **others):
    """Return ``q<first>`` to ``q<last>``, all with one answer, and others beside or instead."""
    return {**{f"q{n}": value for n in range(first, last + 1)}, **others}


def visit(tables: Mapping[str, Mapping[str, object] | list[Mapping[str, object]]]) -> Visit:
    raw = {}
    for name, given in tables.items():
        rows = given if isinstance(given, list) else [given]
        cells = [{**KEY, **{k: str(v) for k, v in row.items()}} for row in rows]
        file = f"phenotype/{name}.tsv"
        raw[name] = RawTable(
            name=name,
            columns=tuple(dict.fromkeys(c for row in cells for c in row)),
            rows=tuple(RawRow(file, n, row) for n, row in enumerate(cells, start=2)),
        )
    return Visit(root=Path("/nowhere"), participant=Participant(participant_id="sub-01"), tables=raw)


def values(key, row):
    """Return measure -> value of one form; a reading without a value is None."""
    recording = ASSAY.read(visit({key: row}), None)
    return {r.measure: r.value for r in ASSAY.measure(recording, None)}


def readings(key, row):
    recording = ASSAY.read(visit({key: row}), None)
    return {r.measure: r for r in ASSAY.measure(recording, None)}, recording.problems
