"""What can be asked of a visit: a table, or raw files of a kind. Assays declare their inputs with these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nociscope.tsv import Table


@dataclass(frozen=True, slots=True)
class TableInput:
    """A phenotype table that an assay reads."""

    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInput:
    """Raw files that an assay reads.

    Attributes
    ----------
    datatype, suffix : str
        BIDS folder and suffix.
    extensions : tuple of str
        Alternatives, the first being the one that is written.
    entities : mapping
        Entity -> required label, or a pattern with ``*``, ``|`` and a leading ``!`` (see ``Visit.find``);
        ``{"task": "qst"}``.
    title : str
        What it is, for `nociscope check`.
    """

    datatype: str
    suffix: str
    extensions: tuple[str, ...]
    title: str
    entities: Mapping[str, str] = field(default_factory=dict)
