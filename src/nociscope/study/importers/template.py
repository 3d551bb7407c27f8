"""Empty tables with their data dictionaries, to be filled in."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from nociscope import files
from nociscope.assays.registry import assays
from nociscope.problems import CannotWrite, UsageError, clean_text
from nociscope.study.importers.study_tables import known_table
from nociscope.study.inputs import TableInput
from nociscope.tsv import Table


def tables_for(name: str) -> tuple[Table, ...]:
    """Return the tables of an assay, or the one table of this name.

    Raises
    ------
    UsageError
        There is neither, or the assay reads no table.
    """
    for assay in assays():
        if assay.name == name:
            found = tuple(i.table for i in assay.inputs if isinstance(i, TableInput))
            if found:
                return found
            raise UsageError(f"The assay {name} reads no table, only recordings.")
    table = known_table(name)
    if table is not None:
        return (table,)
    names = [a.name for a in assays()] + [
        i.table.name for a in assays() for i in a.inputs if isinstance(i, TableInput)
    ]
    near = get_close_matches(name, names, 1, 0.5)
    hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(a.name for a in assays())}."
    raise UsageError(f"There is no assay or table “{clean_text(name, 60)}”. {hint}")


def write_templates(name: str, folder: Path) -> tuple[str, ...]:
    """Write the empty tables of an assay (or one table), each with its dictionary, and return the files.

    Raises
    ------
    UsageError
        There is no such assay or table.
    CannotWrite
        A table of this name is there already, or the folder cannot be written.
    """
    tables = tables_for(name)
    for table in tables:
        if (folder / f"{table.name}.tsv").exists():
            raise CannotWrite(f"{folder / table.name}.tsv is there already; name another folder.")
    for table in tables:
        files.write_atomic(folder / f"{table.name}.tsv", table.to_tsv(()))
        files.write_atomic(folder / f"{table.name}.json", files.to_json(table.dictionary()))
    return tuple(f"{t.name}{end}" for t in tables for end in (".tsv", ".json"))
