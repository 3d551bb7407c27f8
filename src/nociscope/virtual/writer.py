"""Virtual people onto disk, as a BIDS study that the official validator passes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nociscope._version import __version__
from nociscope.assays.declaration import Assay, TableInput
from nociscope.files import to_json, write_atomic
from nociscope.problems import CannotWrite
from nociscope.study.entities import BIDS_VERSION
from nociscope.tables import KEY_COLUMNS
from nociscope.truth import MECHANISM_KEYS, Simulated, SimulatedFile, Truth
from nociscope.tsv import MISSING, Column, Table, Value
from nociscope.virtual.seeds import sub_seed

PARTICIPANTS = Table(
    "participants",
    "One virtual person",
    (
        Column("participant_id", "Participant, sub-<label>", required=True, needed=True),
        Column("age", "Age at the first visit", "number", unit="year", minimum=0),
        Column("sex", "Sex", "choice", choices={"F": "female", "M": "male", "O": "other"}),
        Column("group", "Group of the study"),
        Column("height_cm", "Body height", "number", unit="cm", minimum=0),
        Column("weight_kg", "Body weight", "number", unit="kg", minimum=0),
    ),
)

TRUTH = Table(
    "truth",
    "The known state behind one virtual visit",
    (
        *PARTICIPANTS.columns[:1],
        Column("session_id", "Visit; n/a where there are no sessions"),
        *PARTICIPANTS.columns[1:],
        Column("response_style", "Standard deviations by which the person rates higher than others", "number"),
        *(
            Column(
                key, f"Severity of {key.replace('_', ' ')}, 0 absent to 1 complete", "number", minimum=0, maximum=1
            )
            for key in MECHANISM_KEYS
        ),
    ),
)

TRUE_VALUES = Table(
    "true_values",
    "A value that a simulator put in and that a measurement should find",
    (
        *KEY_COLUMNS,
        Column("method", "The method this truth is for; n/a for any"),
        Column("value", "The true value, in the measure's unit", "number"),
    ),
)

_SAMPLES = Table(
    "samples",
    "One imaged sample",
    (
        Column("sample_id", "Sample, sample-<label>"),
        Column("participant_id", "Participant, sub-<label>"),
        Column("sample_type", "Kind of sample"),
    ),
)

_LABEL = re.compile(r"[A-Za-z0-9+]{1,64}")
_PERSON = re.compile(r"sub-[A-Za-z0-9+]{1,64}")
_SESSION = re.compile(r"ses-[A-Za-z0-9+]{1,64}")
_EXTENSION = re.compile(r"(\.[A-Za-z0-9]+)+")
_NAMES_ITSELF = (".vhdr", ".vmrk")


def write_study(
    root: Path,
    truths: Sequence[Truth],
    seed: int,
    assays: Iterable[Assay],
    *,
    name: str = "Virtual study",
    overwrite: bool = False,
) -> None:
    """Write virtual people as a BIDS study, with the truth beside them.

    Parameters
    ----------
    root : Path
        The study folder; made when it does not exist.
    truths : sequence of Truth
        One per person and session.
    seed : int
        Every person, session and assay has a seed of its own derived from it and from their names, so that adding
        one leaves all others as they are.
    assays : iterable of Assay
        Those whose recordings are simulated.
    name : str
        The study's name.
    overwrite : bool
        Whether to write into a folder that is not empty; files of the same name are replaced, others stay.

    Raises
    ------
    CannotWrite
        The folder is not empty or cannot be written.
    ValueError
        There is no truth, two are of the same visit, or an assay simulates a file or row that has no valid name.

    Notes
    -----
    Tables with several rows a person go into ``.bidsignore``: the official validator takes `participant_id` for the
    only key of a phenotype table, although the standard's text does not. See ``docs/virtual_studies.md``.
    """
    root = Path(root)
    _check_truths(truths)
    if root.exists() and not root.is_dir():
        raise CannotWrite(f"{root.name} is a file; name a folder for the virtual study.")
    if root.is_dir() and any(root.iterdir()) and not overwrite:
        raise CannotWrite(f"The folder {root.name} is not empty; name another one for the virtual study.")
    used = tuple(assays)
    tables = {i.table.name: i.table for a in used for i in a.inputs if isinstance(i, TableInput)}
    rows: dict[str, list[dict[str, Value]]] = {}
    true_values: list[dict[str, Value]] = []
    samples: dict[tuple[str, str], None] = {}
    for truth in truths:
        key: dict[str, Value] = {"participant_id": truth.participant_id, "session_id": truth.session_id}
        for assay in used:
            simulated = assay.simulate(truth, sub_seed(seed, truth.participant_id, truth.session_id, assay.name))
            for table, more in simulated.rows.items():
                _check_rows(assay, tables.get(table), table, more)
                rows.setdefault(table, []).extend({**key, **row} for row in more)
            _write_files(root, truth, simulated, assay)
            for file in simulated.files:
                if file.datatype == "micr" and "sample" in file.entities:
                    samples[truth.participant_id, f"sample-{file.entities['sample']}"] = None
            for true in simulated.true_values:
                place = {"site": true.site, "side": true.side, "measure": true.measure}
                true_values.append(
                    {**key, "assay": assay.name, **place, "method": true.method or MISSING, "value": true.value}
                )
    _write_root(root, truths, name)
    if samples:
        people = [{"sample_id": s, "participant_id": p, "sample_type": "tissue"} for p, s in samples]
        _write_table(root / "samples", _SAMPLES, people)
    for table, found in rows.items():
        _write_table(root / "phenotype" / table, tables[table], found)
    repeated = sorted(table for table, found in rows.items() if _repeats(found))
    write_atomic(root / ".bidsignore", "".join(f"phenotype/{table}.*\n" for table in repeated))
    _write_table(root / "sourcedata" / "truth", TRUTH, [_truth_row(t) for t in truths])
    _write_table(root / "sourcedata" / "true_values", TRUE_VALUES, true_values)


def _check_truths(truths: Sequence[Truth]) -> None:
    if not truths:
        raise ValueError("a study has at least one person")
    visits = [(t.participant_id, t.session_id) for t in truths]
    if len(set(visits)) < len(visits):
        raise ValueError("two truths are of the same person and session")
    for person, session in visits:
        if not _PERSON.fullmatch(person) or not (session == MISSING or _SESSION.fullmatch(session)):
            raise ValueError(f"{person} {session} is not sub-<label> with ses-<label> or n/a")
    without = {p for p, s in visits if s == MISSING}
    if without & {p for p, s in visits if s != MISSING}:
        raise ValueError("a person has visits with and without a session")


def _check_rows(assay: Assay, table: Table | None, name: str, rows: Iterable[Mapping[str, Value]]) -> None:
    if table is None:
        raise ValueError(f"{assay.name} simulates rows of {name}, which is not among its inputs")
    known = set(table.names) - {"participant_id", "session_id"}
    for row in rows:
        if not set(row) <= known:
            raise ValueError(f"{assay.name} simulates columns that {name} does not have: {sorted(set(row) - known)}")


def bids_path(truth: Truth, file: SimulatedFile) -> str:
    """Return where a simulated file goes, relative to the study.

    Raises
    ------
    ValueError
        A part of the name is not a BIDS label.
    """
    labels = [*file.entities, *file.entities.values(), file.datatype, file.suffix]
    if not all(_LABEL.fullmatch(label) for label in labels) or not _EXTENSION.fullmatch(file.extension):
        raise ValueError(f"{file.datatype}/{dict(file.entities)}_{file.suffix}{file.extension} is not a BIDS name")
    visit = [truth.participant_id] + ([] if truth.session_id == MISSING else [truth.session_id])
    entities = [f"{key}-{label}" for key, label in file.entities.items()]
    stem = "_".join([*visit, *entities, file.suffix])
    return "/".join([*visit, file.datatype, stem + file.extension])


def _write_files(root: Path, truth: Truth, simulated: Simulated, assay: Assay) -> None:
    seen: set[str] = set()
    for file in simulated.files:
        path = bids_path(truth, file)
        if path in seen:
            raise ValueError(f"{assay.name} simulates {path} twice")
        seen.add(path)
        content = file.content
        if file.extension in _NAMES_ITSELF:
            stem = path.rsplit("/", 1)[-1].removesuffix(file.extension)
            content = content.replace(b"{stem}", stem.encode("ascii"))
        write_atomic(root / path, content)


def _make_folder(path: Path) -> None:
    """Make a person's folder, be it empty: without any, the validator says that participants.tsv names nobody."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{path}: cannot be made ({error.strerror or error}).") from None


def _write_table(stem: Path, table: Table, rows: Iterable[Mapping[str, Value]]) -> None:
    write_atomic(stem.with_name(stem.name + ".tsv"), table.to_tsv(rows))
    write_atomic(stem.with_name(stem.name + ".json"), to_json(table.dictionary()))


def _repeats(rows: Sequence[Mapping[str, Value]]) -> bool:
    people = [row["participant_id"] for row in rows]
    return len(set(people)) < len(people)


def _truth_row(truth: Truth) -> dict[str, Value]:
    row: dict[str, Value] = {column: getattr(truth, column) for column in (*PARTICIPANTS.names, "session_id")}
    row["response_style"] = truth.response_style
    row.update({key: truth.of(key) for key in MECHANISM_KEYS})
    return row


def _write_root(root: Path, truths: Sequence[Truth], name: str) -> None:
    description: dict[str, Any] = {
        "Name": name,
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "License": "CC0",
        "GeneratedBy": [{"Name": "nociscope", "Version": __version__, "Description": "Simulated recordings"}],
    }
    write_atomic(root / "dataset_description.json", to_json(description))
    write_atomic(
        root / "README",
        f"{name}\n\nNobody in this study exists: every value was simulated by nociscope {__version__}.\n"
        "What was put in is in sourcedata: truth.tsv holds the severity of each mechanism, true_values.tsv the\n"
        "values that a measurement should find. Effect sizes and prevalences are made up for demonstration\n"
        "and testing; they are no statement about any disease.\n",
    )
    first: dict[str, Truth] = {}
    visits: dict[str, list[str]] = {}
    for truth in truths:
        first.setdefault(truth.participant_id, truth)
        if truth.session_id != MISSING:
            visits.setdefault(truth.participant_id, []).append(truth.session_id)
    people = [{column: getattr(t, column) for column in PARTICIPANTS.names} for t in first.values()]
    _write_table(root / "participants", PARTICIPANTS, people)
    for person in first:
        _make_folder(root / person)
    for person, sessions in visits.items():
        write_atomic(root / person / f"{person}_sessions.tsv", "\n".join(["session_id", *sessions]) + "\n")
