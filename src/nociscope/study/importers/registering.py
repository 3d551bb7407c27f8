"""What an import leaves in a study beside its own files: a description where there is none, and who was imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nociscope import files
from nociscope.problems import BadInput, Problem, clean_text
from nociscope.study.entities import BIDS_VERSION
from nociscope.tsv import MISSING


def describe(study: Path, name: str = "") -> bool:
    """Write ``dataset_description.json`` where there is none, and tell whether it was written.

    Parameters
    ----------
    study : Path
    name : str
        Name of the data set; empty for the name of the folder.
    """
    description = study / "dataset_description.json"
    if description.exists():
        return False
    said = clean_text(name or study.resolve().name, 80) or "Study"
    files.write_atomic(description, files.to_json({"Name": said, "BIDSVersion": BIDS_VERSION, "DatasetType": "raw"}))
    return True


def add_participant(study: Path, person: str) -> None:
    """Add a person to ``participants.tsv`` unless they are there.

    Raises
    ------
    BadInput
        The table cannot be read or has no column ``participant_id``.
    """
    add_row(study / "participants.tsv", ("participant_id",), {"participant_id": person})


def add_row(path: Path, columns: Sequence[str], row: Mapping[str, str]) -> None:
    """Add a row to a table, which is made where there is none, unless a row has the same values in the same keys.

    Parameters
    ----------
    path : Path
    columns : sequence of str
        Of a table that has to be made.
    row : mapping
        Column -> cell. Its keys are the columns that end in ``_id``; what is not named becomes n/a.

    Raises
    ------
    BadInput
        The table cannot be read, or lacks one of the keys.
    """
    text = files.read_text(path, path.name) if path.exists() else "\t".join(columns) + "\n"
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    header = lines[0].split("\t")
    keys = [k for k in row if k.endswith("_id")]
    for key in keys:
        if key not in header:
            raise BadInput(
                Problem(
                    what=f"the column {key} is missing", remedy="add it", code="missing-column", file=path.name, row=1
                )
            )
    for line in lines[1:]:
        cells = dict(zip(header, (c.strip() for c in line.split("\t")), strict=False))
        if all(cells.get(k) == row[k] for k in keys):
            return
    lines.append("\t".join(row.get(column, MISSING) for column in header))
    files.write_atomic(path, "\n".join(lines) + "\n")
