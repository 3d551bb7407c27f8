"""What a study holds, as immutable records that can cross to a worker process.

A :class:`Visit` is all an assay's `read` gets: one participant at one session, with the files and table rows that
belong to it, and nothing of anyone else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from nociscope import files
from nociscope.problems import BadInput, Problem
from nociscope.study.inputs import FileInput, TableInput
from nociscope.tsv import MISSING, Parsed, RawRow, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """One file of a participant, by its name alone.

    Attributes
    ----------
    path : str
        Relative to the study, forward slashes.
    participant_id, session_id : str
        ``sub-…``; ``ses-…`` or ``n/a``.
    datatype : str
        The folder: ``eeg``, ``beh``, ``micr``; empty for files outside one (``sub-01_sessions.tsv``).
    entities : mapping
        Entity -> label in name order, without ``sub`` and ``ses``.
    suffix, extension : str
        ``eeg``; ``.vhdr``, ``.tsv.gz``.
    """

    path: str
    participant_id: str
    session_id: str
    datatype: str
    entities: Mapping[str, str]
    suffix: str
    extension: str

    @property
    def stem(self) -> str:
        """The file name without extension."""
        name = self.path.rsplit("/", 1)[-1]
        return name[: len(name) - len(self.extension)] if self.extension else name

    @property
    def name(self) -> str:
        """The file name."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A row of ``participants.tsv``; what is missing is None or empty.

    Attributes
    ----------
    participant_id : str
    age : float or None
        Years.
    sex : {'F', 'M', 'O', ''}
    group : str
    height_cm, weight_kg : float or None
    covariates : mapping
        The other columns that do not identify a person, as found.
    """

    participant_id: str
    age: float | None = None
    sex: str = ""
    group: str = ""
    height_cm: float | None = None
    weight_kg: float | None = None
    covariates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """The rows of one phenotype table that belong to a visit, or to the study.

    Attributes
    ----------
    name : str
        The tool: ``skin_biopsy``.
    columns : tuple of str
        Every column of the files it came from.
    rows : tuple of RawRow
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[RawRow, ...]


def _label_fits(label: str, pattern: str) -> bool:
    """Tell whether an entity's label fits ``a|b*``, or with ``!`` in front fits none of them."""
    fits = any(fnmatchcase(label, p) for p in pattern.removeprefix("!").split("|"))
    return fits != pattern.startswith("!")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One participant at one session: all that an assay's `read` needs.

    Attributes
    ----------
    root : Path
        The study folder, absolute.
    participant : Participant
    session_id : str
        ``n/a`` where there are no sessions.
    files : tuple of FileRecord
        Of this participant and session, by path.
    sidecars : mapping
        Path of a JSON file -> its content, for every JSON that may apply to `files` by inheritance.
    tables : mapping
        Phenotype table name -> its rows of this visit.
    """

    root: Path
    participant: Participant
    session_id: str = MISSING
    files: tuple[FileRecord, ...] = ()
    sidecars: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tables: Mapping[str, RawTable] = field(default_factory=dict)

    @property
    def participant_id(self) -> str:
        """The participant's ``sub-…``."""
        return self.participant.participant_id

    def find(
        self, *, datatype: str = "*", suffix: str = "*", extensions: Iterable[str] = (), **entities: str
    ) -> tuple[FileRecord, ...]:
        """Return the files that fit, by path.

        Parameters
        ----------
        datatype, suffix : str
            Exact or with ``*``.
        extensions : iterable of str
            Any of these; empty for all.
        **entities : str
            Label or pattern that the entity must have, alternatives joined by ``|``; an entity that the file lacks
            does not fit. With ``!`` in front: none of these, and a file that lacks the entity fits.
        """
        wanted = tuple(extensions)
        return tuple(
            f
            for f in self.files
            if fnmatchcase(f.datatype, datatype)
            and fnmatchcase(f.suffix, suffix)
            and (not wanted or f.extension in wanted)
            and all(_label_fits(f.entities.get(k, "\0"), v) for k, v in entities.items())
        )

    def holds(self, wanted: TableInput | FileInput) -> bool:
        """Tell whether the visit has this input (a table: at least one row; files: at least one)."""
        if isinstance(wanted, TableInput):
            table = self.tables.get(wanted.table.name)
            return table is not None and bool(table.rows)
        return bool(
            self.find(
                datatype=wanted.datatype, suffix=wanted.suffix, extensions=wanted.extensions, **dict(wanted.entities)
            )
        )

    def table(self, table: Table, change: Callable[[RawRow], RawRow] | None = None) -> Parsed:
        """Return the typed rows of a phenotype table at this visit; none when it is absent.

        Parameters
        ----------
        table : Table
        change : callable, optional
            What is done to each row before it is typed: other spellings of names, ``<0.5`` as a number.

        Raises
        ------
        BadInput
            A required column is missing from the file.
        """
        raw = self.tables.get(table.name)
        if raw is None:
            return Parsed((), ())
        for column in table.columns:
            if column.required and column.name not in raw.columns:
                meaning = f"{column.description[0].lower()}{column.description[1:]}"
                raise BadInput(
                    Problem(
                        what=f"the column {column.name} is missing ({meaning})",
                        remedy="add it to the table",
                        code="missing-column",
                        file=raw.rows[0].file if raw.rows else f"phenotype/{table.name}.tsv",
                        column=column.name,
                        participant_id=self.participant_id,
                    )
                )
        return table.parse(raw.rows if change is None else map(change, raw.rows))

    def no_rows(self, table: Table, remedy: str) -> Problem:
        """Return the problem that a phenotype table has no row for this visit."""
        return Problem(
            what="the table has no row for this visit",
            remedy=remedy,
            code="no-rows",
            file=f"phenotype/{table.name}.tsv",
            participant_id=self.participant_id,
            session_id=self.session_id,
        )

    def path(self, record: FileRecord | str) -> Path:
        """Return where a file lies, having checked that it lies within the study.

        Raises
        ------
        BadInput
            A link leads out of the study.
        """
        name = record if isinstance(record, str) else record.path
        full = self.root / name
        if not files.inside(self.root, full):
            raise BadInput(
                Problem(
                    what="the path leads out of the study",
                    remedy="put the file itself into the study",
                    code="outside-study",
                    file=name,
                    participant_id=self.participant_id,
                    session_id=self.session_id,
                )
            )
        return full

    def companion(self, record: FileRecord, suffix: str, extension: str) -> FileRecord | None:
        """Return the file with the same entities but another suffix: the ``_events.tsv`` of an ``_eeg.vhdr``."""
        for f in self.files:
            if (f.datatype, f.suffix, f.extension) == (record.datatype, suffix, extension) and dict(
                f.entities
            ) == dict(record.entities):
                return f
        return None

    def metadata(self, record: FileRecord) -> dict[str, Any]:
        """Return a file's metadata with BIDS inheritance: JSON files nearer to the data win.

        A JSON applies when its suffix is the same and each of its entities has the same label in the data file.
        """
        from nociscope.study.inheritance import inherited

        return inherited(record, self.sidecars)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A BIDS study, walked and indexed; made by :func:`nociscope.study.open_study`.

    Attributes
    ----------
    root : Path
        Absolute.
    name : str
        From ``dataset_description.json``.
    description : mapping
        That file.
    participants : mapping
        ``sub-…`` -> Participant, in the order of ``participants.tsv``.
    visits : mapping
        ``sub-…`` -> its visits by session; at least one, if need be an empty one.
    problems : tuple of Problem
        What was wrong with the tree, names, participants and tables as such; cells are judged by the assays.
    """

    root: Path
    name: str
    description: Mapping[str, Any]
    participants: Mapping[str, Participant]
    visits: Mapping[str, tuple[Visit, ...]]
    problems: tuple[Problem, ...] = ()
