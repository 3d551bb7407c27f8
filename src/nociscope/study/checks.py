"""What `nociscope check` finds: what is there, what is missing, what is wrong. Nothing is written.

Beside the faults that a run would meet, these look for the ones that the official BIDS validator lets pass
although each of them would change a result without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nociscope import files
from nociscope.problems import EXIT_DONE, EXIT_SOME_FAILED, BadInput, Problem
from nociscope.study.clinical import read_clinical
from nociscope.study.dictionaries import check_cells
from nociscope.study.images import image_fault
from nociscope.study.inheritance import read_sidecar
from nociscope.study.inputs import FileInput, TableInput
from nociscope.study.names import check_names
from nociscope.study.opening import DESCRIPTION, read_ignore
from nociscope.study.people import FILE as PEOPLE
from nociscope.study.phenotype import MAX_TABLE_BYTES, SESSIONS
from nociscope.study.records import FileRecord, RawTable, Study, Visit
from nociscope.study.settings import Settings
from nociscope.study.walk import Tree, walk
from nociscope.tsv import MISSING, RawRow, Table, split_tsv

if TYPE_CHECKING:
    from nociscope.assays.declaration import Assay

State = Literal["yes", "-", "wrong"]

_PICTURES = (".png", ".tif", ".ome.tif", ".ome.btf")
_MAX_HEADER = 2**20
AGE_CAP = 89
"""Ages above are to be capped for privacy, says the BIDS specification (participants file)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """One visit: for each assay whether its input is there (``yes``), not there (``-``) or ``wrong``."""

    participant_id: str
    session_id: str
    group: str
    assays: Mapping[str, State]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """The outcome of a check: a line for each visit, and every problem, first those of the study as a whole."""

    lines: tuple[CheckLine, ...]
    problems: tuple[Problem, ...]

    @property
    def exit_code(self) -> int:
        """0 when nothing is wrong, 1 when there is an error or a warning; notes do not count."""
        return EXIT_SOME_FAILED if any(p.severity != "note" for p in self.problems) else EXIT_DONE


def check_study(
    study: Study, settings: Settings, assays: Sequence[Assay] | None = None, *, further: Sequence[Problem] = ()
) -> CheckReport:
    """Check a study.

    Parameters
    ----------
    study : Study
        An open one; what made opening impossible has been raised before.
    settings : Settings
    assays : sequence of Assay, optional
        Default: all that are registered.
    further : sequence of Problem
        Of the study as a whole, found by rooms above this one: the settings of rules.
    """
    if assays is None:
        from nociscope.assays.registry import assays as registered

        assays = registered()
    found = _Problems((*study.problems, *further))
    lines: list[CheckLine] = []
    for visits in study.visits.values():
        for visit in visits:
            states: dict[str, State] = {}
            for assay in assays:
                states[assay.name] = _try(assay, visit, settings, found)
            found.add(read_clinical(visit).problems)
            lines.append(
                CheckLine(
                    participant_id=visit.participant_id,
                    session_id=visit.session_id,
                    group=visit.participant.group,
                    assays=states,
                )
            )
    patterns, _ = read_ignore(study.root)
    tree = walk(study.root, patterns)
    for check in _CHECKS:
        found.take(check(study, tree))
    found.take(_repeated_rows(study, assays))
    found.take(unread(study, assays))
    return CheckReport(lines=tuple(lines), problems=tuple(found.problems))


class _Problems:
    """Problems, each place named once: an assay's own word on a cell or file comes before a general one."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: list[Problem] = []
        self.exact: set[Problem] = set()
        self.places: set[tuple[str, int | None, str]] = set()
        self.add(problems)

    def add(self, problems: Iterable[Problem]) -> None:
        """Add problems; only what was said word for word is left out."""
        for problem in problems:
            if problem not in self.exact:
                self.exact.add(problem)
                self.places.add((problem.file, problem.row, problem.column))
                self.problems.append(problem)

    def take(self, problems: Iterable[Problem]) -> None:
        """Add problems at places of which nothing was said yet."""
        known = set(self.places)
        self.add(p for p in problems if (p.file, p.row, p.column) not in known)


def _try(assay: Assay, visit: Visit, settings: Settings, found: _Problems) -> State:
    """Read one assay at one visit and note what was wrong."""
    if not assay.present(visit):
        return "-"
    who = {
        "participant_id": visit.participant_id,
        "session_id": "" if visit.session_id == MISSING else visit.session_id,
        "assay": assay.name,
    }
    try:
        problems = tuple(assay.read(visit, settings.assay(assay.name)).problems)
        failed = False
    except BadInput as error:
        problems, failed = error.problems, True
    except Exception as error:  # noqa: BLE001 - a fault of a reader must not end the check of the others
        # the message of a foreign library may hold paths or patient data, so only its kind is told
        problems, failed = (_unexpected(assay, visit, error),), True
    found.add(p.at(**who) for p in problems)
    return "wrong" if failed or any(p.severity != "note" for p in problems) else "yes"


def _unexpected(assay: Assay, visit: Visit, error: Exception) -> Problem:
    sources = [f.path for i in assay.inputs if (f := _first_source(visit, i)) is not None]
    return Problem(
        what=f"cannot be read by the assay {assay.name} ({type(error).__name__})",
        remedy="check that the file is whole and of its type",
        code="unexpected",
        file=sources[0] if sources else "",
    )


def _first_source(visit: Visit, wanted: Any) -> FileRecord | None:
    if not isinstance(wanted, FileInput):
        return None
    found = visit.find(
        datatype=wanted.datatype, suffix=wanted.suffix, extensions=wanted.extensions, **dict(wanted.entities)
    )
    return found[0] if found else None


def _files(study: Study) -> Iterator[tuple[Visit, FileRecord]]:
    for visits in study.visits.values():
        for visit in visits:
            for record in visit.files:
                yield visit, record


def _place(visit: Visit, record: FileRecord) -> dict[str, Any]:
    session = "" if visit.session_id == MISSING else visit.session_id
    return {"file": record.path, "participant_id": visit.participant_id, "session_id": session}


def _names(study: Study, tree: Tree) -> Iterator[Problem]:
    paths = [*tree.top, *tree.loose, *(path for path, _ in tree.tables), *tree.dictionaries]
    for folder in tree.folders.values():
        paths += [folder.sessions_table] if folder.sessions_table else []
        paths += [path for found in folder.sidecars.values() for path in found]
        paths += [r.path for found in folder.files.values() for r in found]
    yield from check_names(dict.fromkeys(paths))


def _json_files(study: Study, tree: Tree) -> Iterator[Problem]:
    paths = [p for p in (*tree.sidecars, *tree.dictionaries) if p != DESCRIPTION]
    paths += [path for folder in tree.folders.values() for found in folder.sidecars.values() for path in found]
    for path in paths:
        try:
            read_sidecar(study.root, path)
        except BadInput as error:
            person = path.partition("/")[0]
            who = {"participant_id": person} if person.startswith("sub-") else {}
            yield from (p.at(**who) for p in error.problems)


def _ages(study: Study, tree: Tree) -> Iterator[Problem]:
    for person in study.participants.values():
        if person.age is not None and person.age > AGE_CAP:
            yield Problem(
                what=f"the age is above {AGE_CAP}, which can identify a person",
                remedy=f"write {AGE_CAP} for all who are older, as BIDS asks",
                code="age-above-89",
                severity="warning",
                file=PEOPLE,
                column="age",
                participant_id=person.participant_id,
            )


def _samples(study: Study, tree: Tree) -> Iterator[Problem]:
    used: dict[tuple[str, str], str] = {}
    for visit, record in _files(study):
        if record.datatype == "micr" and "sample" in record.entities and record.extension != ".json":
            used.setdefault((visit.participant_id, f"sample-{record.entities['sample']}"), record.path)
    if not used:
        return
    if "samples.tsv" not in tree.top:
        yield Problem(
            what="the table is missing, although there are pictures in micr/",
            remedy="write it with sample_id, participant_id and sample_type",
            code="samples-missing",
            severity="warning",
            file="samples.tsv",
        )
        return
    try:
        header, rows, problems = split_tsv(
            files.read_text(study.root / "samples.tsv", "samples.tsv", MAX_TABLE_BYTES), "samples.tsv"
        )
    except BadInput as error:
        yield from error.problems
        return
    yield from problems
    missing = [c for c in ("sample_id", "participant_id", "sample_type") if c not in header]
    for column in missing:
        yield Problem(
            what=f"the column {column} is missing",
            remedy="add it",
            code="missing-column",
            severity="warning",
            file="samples.tsv",
            row=1,
            column=column,
        )
    if missing:
        return
    listed = {(r.cells["participant_id"].strip(), r.cells["sample_id"].strip()) for r in rows}
    for (person, sample), path in used.items():
        if (person, sample) not in listed:
            yield Problem(
                what=f"{sample} of this participant is not in samples.tsv",
                remedy="add a row there",
                code="sample-unlisted",
                severity="warning",
                file=path,
                participant_id=person,
            )


def _brainvision(study: Study, tree: Tree) -> Iterator[Problem]:
    """Name each BrainVision header whose data or marker file is gone, or is said to lie elsewhere."""
    for visit, record in _files(study):
        if record.extension != ".vhdr":
            continue
        try:
            text = files.read_bytes(visit.path(record), record.path, limit=_MAX_HEADER).decode("latin-1")
        except BadInput as error:
            yield from (p.at(**_place(visit, record)) for p in error.problems)
            continue
        here = {f.name for f in visit.files if f.datatype == record.datatype}
        for key, kind in (("DataFile", "data"), ("MarkerFile", "marker")):
            name = _vhdr_value(text, key).replace("$b", record.stem)
            if name and name not in here:
                elsewhere = "/" in name or "\\" in name
                yield Problem(
                    what=f"the {kind} file that the header names lies outside its folder, so it is not read"
                    if elsewhere
                    else f"the {kind} file that the header names is missing",
                    remedy=f"put it beside the header and name it there ({key}=)",
                    code="vhdr-companion-missing",
                    value=name,
                    **_place(visit, record),
                )
            elif not name and kind == "data":
                yield Problem(
                    what="is no BrainVision header: it names no data file (DataFile=)",
                    remedy="export it again",
                    code="vhdr-companion-missing",
                    **_place(visit, record),
                )


def _vhdr_value(text: str, key: str) -> str:
    for line in text.splitlines():
        name, sign, value = line.partition("=")
        if sign and name.strip().lower() == key.lower():
            return value.strip()
    return ""


def _pictures(study: Study, tree: Tree) -> Iterator[Problem]:
    for visit, record in _files(study):
        if record.extension not in _PICTURES:
            continue
        try:
            what = image_fault(files.read_bytes(visit.path(record), record.path), record.extension)
        except BadInput as error:
            yield from (p.at(**_place(visit, record)) for p in error.problems)
            continue
        if what:
            yield Problem(what=what, remedy="export it again", code="bad-picture", **_place(visit, record))


def _cells(study: Study, tree: Tree) -> Iterator[Problem]:
    """Check cells of every table against its JSON: ``x.json``, and ``x_ses-1.json`` for ``x_ses-1.tsv``."""
    dictionaries: dict[str, Mapping[str, Any]] = {}
    for path in (*tree.dictionaries, "participants.json", *_session_dictionaries(tree)):
        try:
            if path in tree.dictionaries or path in tree.top or path.startswith("sub-"):
                dictionaries[path] = read_sidecar(study.root, path)
        except BadInput:
            continue  # named by the check of all JSON files
    for file, (table, rows) in _all_rows(study).items():
        own = file.removesuffix(".tsv") + ".json"
        for path in (own, f"phenotype/{table}.json", "sessions.json"):
            if path in dictionaries and (path != "sessions.json" or table == SESSIONS):
                yield from check_cells(rows, dictionaries[path])
                break
    if "participants.json" in dictionaries:
        text = files.read_text(study.root / PEOPLE, PEOPLE, MAX_TABLE_BYTES)
        yield from check_cells(split_tsv(text, PEOPLE)[1], dictionaries["participants.json"])


def _session_dictionaries(tree: Tree) -> list[str]:
    found = [p for folder in tree.folders.values() for p in folder.sidecars.get(MISSING, ())]
    return [p for p in (*tree.top, *found) if p.endswith("sessions.json")]


def _all_rows(study: Study) -> dict[str, tuple[str, list[RawRow]]]:
    """Return file -> the name of its table and its rows."""
    rows: dict[str, tuple[str, list[RawRow]]] = {}
    for visits in study.visits.values():
        for visit in visits:
            for table in visit.tables.values():
                for row in table.rows:
                    rows.setdefault(row.file, (table.name, []))[1].append(row)
    return rows


def _derivatives(study: Study, tree: Tree) -> Iterator[Problem]:
    """Name each derivative dataset that does not say what made it."""
    if study.description.get("DatasetType") == "derivative":
        yield from _made_by(study.description, DESCRIPTION)
    folder = study.root / "derivatives"
    if not folder.is_dir() or not files.inside(study.root, folder):
        return
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        entries = []  # not part of the study; whoever wants to read it will be told
    for entry in entries:
        path = f"derivatives/{entry.name}/{DESCRIPTION}"
        if not files.inside(study.root, study.root / path) or not (study.root / path).is_file():
            continue
        try:
            yield from _made_by(read_sidecar(study.root, path), path)
        except BadInput as error:
            yield from error.problems


def _made_by(description: Mapping[str, Any], path: str) -> Iterator[Problem]:
    makers = description.get("GeneratedBy")
    good = isinstance(makers, list) and makers and all(isinstance(m, Mapping) and m.get("Name") for m in makers)
    if not good:
        yield Problem(
            what="GeneratedBy is missing or names no program, so nobody can tell what made these results",
            remedy="add “GeneratedBy”: [{“Name”: …, “Version”: …}]",
            code="generated-by-missing",
            severity="warning",
            file=path,
        )


_CHECKS: tuple[Callable[[Study, Tree], Iterator[Problem]], ...] = (
    _ages,
    _samples,
    _brainvision,
    _pictures,
    _cells,
    _derivatives,
    _json_files,
    _names,
)


def _tables_of(assays: Sequence[Assay]) -> dict[str, Any]:
    return {i.table.name: i.table for a in assays for i in a.inputs if isinstance(i, TableInput)}


def _repeated_rows(study: Study, assays: Sequence[Assay]) -> Iterator[Problem]:
    """Name rows that are the same in every cell; not in tables whose rows may repeat, such as sections."""
    declared = _tables_of(assays)
    for visits in study.visits.values():
        for visit in visits:
            for table in visit.tables.values():
                if table.name in declared and not declared[table.name].key:
                    continue
                first: dict[tuple[str, ...], RawRow] = {}
                for row in table.rows:
                    cells = tuple(row.cells.get(c, "").strip() for c in table.columns)
                    same = first.setdefault(cells, row)
                    if same is not row:
                        yield Problem(
                            what=f"the row repeats row {same.row}"
                            + (f" of {same.file}" if same.file != row.file else ""),
                            remedy="keep one of them",
                            code="duplicate-row",
                            severity="warning",
                            file=row.file,
                            row=row.row,
                            participant_id=visit.participant_id,
                        )


_READ_ELSEWHERE = frozenset({SESSIONS, "treatments", "clinical_signs"})
"""Tables that rules and reports read, not an assay."""


def unread(study: Study, assays: Sequence[Assay]) -> Iterator[Problem]:
    """Note tables and recordings that no assay reads and columns that its assay does not; name what may be misspelt.

    Parameters
    ----------
    study : Study
    assays : sequence of Assay
        Those that could read them.
    """
    declared = _tables_of(assays)
    found: dict[str, RawTable] = {}
    for visits in study.visits.values():
        for visit in visits:
            for table in visit.tables.values():
                found.setdefault(table.name, table)
    yield from _unread_tables({name: table.rows[0].file for name, table in found.items()}, list(declared))
    yield from _unread_recordings(study, assays)
    for name, table in found.items():
        if name in declared and not declared[name].open:
            yield from _unread_columns(table, declared[name])


def _unread_recordings(study: Study, assays: Sequence[Assay]) -> Iterator[Problem]:
    """Note recordings of a kind that an assay reads, but under another name: surface EMG beside nerve conduction."""
    wanted = [i for a in assays for i in a.inputs if isinstance(i, FileInput)]
    for visit, record in _files(study):
        kind = [
            i
            for i in wanted
            if (i.datatype, i.suffix) == (record.datatype, record.suffix) and record.extension in i.extensions
        ]
        if kind and not any(record in visit.find(suffix=i.suffix, **dict(i.entities)) for i in kind):
            names = sorted({f"{key}-{label}" for i in kind for key, label in i.entities.items()})
            yield Problem(
                what="no test reads a recording of this name",
                remedy=f"if it should be read, name it with {' or '.join(names)}",
                code="unread-recording",
                severity="note",
                **_place(visit, record),
            )


def _unread_columns(found: RawTable, declared: Table) -> Iterator[Problem]:
    """Note columns that are not read; a warning where a column that is absent may be meant."""
    import difflib

    absent = [c for c in declared.names if c not in found.columns]
    for column in found.columns:
        if column in declared.names:
            continue
        near = difflib.get_close_matches(column.lower(), absent, n=1, cutoff=0.75)
        yield Problem(
            what=f"no test reads the column {column}",
            remedy=f"rename it if it should be {near[0]}" if near else "",
            code="unread-column",
            severity="warning" if near else "note",
            file=found.rows[0].file,
            row=1,
            column=column,
        )


def _unread_tables(files_of: Mapping[str, str], declared: Sequence[str]) -> Iterator[Problem]:
    """Note tables that no assay reads, with a near name where a misspelling is likely."""
    import difflib

    known = [*declared, *_READ_ELSEWHERE]
    for name, file in files_of.items():
        if name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        yield Problem(
            what="no assay reads this table",
            remedy=f"rename it if it should be {near[0]}" if near else "",
            code="unread-table",
            severity="note",
            file=file,
        )
