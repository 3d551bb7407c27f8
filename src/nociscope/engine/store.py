"""The recorded results of a visit on disk: tables, findings, figures, provenance, and the page made from them.

What is loaded is exactly what was saved, so a page made again later has the same bytes as the first one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nociscope import files, tables
from nociscope.assays.declaration import DerivedFile, Figure
from nociscope.change.model import CHANGES, Course, Trial, change_row, changes_from
from nociscope.mechanisms.result import mechanism_from_json
from nociscope.problems import BadInput, CannotWrite, Problem, clean_text
from nociscope.results import AssayFigure, AssayFile, AssayResult, NormUsed, Quoted, VisitResult
from nociscope.rules.model import finding_from_json
from nociscope.tables import MECHANISMS, READINGS, SCORES, Reading, Score
from nociscope.tsv import MISSING, Parsed, Table, split_tsv

LONGEST_NAME = 255
"""Bytes of the longest file name that common file systems take."""


def target(out: Path, name: str) -> Path:
    """Return where a file of the output lies, having checked that no link leads out of the output.

    Raises
    ------
    CannotWrite
        A folder on the way is a link that leads outside.
    """
    full = out / name
    if not files.inside(out, full.parent):
        raise CannotWrite(f"{out}: {name} cannot be written, because a link leads out of the output folder.")
    return full


def write(out: Path, name: str, content: str | bytes) -> str:
    """Write a file of the output unless it has this content already; return its SHA-256.

    Raises
    ------
    CannotWrite
        The disk is full or read-only, or a link leads outside.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    digest = files.sha256(data)
    if digest_of(out, name) != digest:
        files.write_atomic(target(out, name), data)
    return digest


def digest_of(out: Path, name: str) -> str:
    """Return the SHA-256 of a file of the output, empty when it is missing, a link, or cannot be read."""
    full = out / name
    if full.is_symlink() or not files.inside(out, full):
        return ""
    try:
        return files.sha256(full.read_bytes())
    except OSError:
        return ""


def names(stem: str, folder: str) -> dict[str, str]:
    """Return kind -> file name, relative to the output, of a visit's fixed files.

    >>> names("sub-01", "sub-01")["page"]
    'sub-01/sub-01_report.html'
    """
    endings = {
        "readings": "_readings.tsv",
        "readings_json": "_readings.json",
        "scores": "_scores.tsv",
        "scores_json": "_scores.json",
        "findings": "_findings.json",
        "mechanisms": "_mechanisms.tsv",
        "mechanisms_json": "_mechanisms.json",
        "changes": "_changes.tsv",
        "changes_json": "_changes.json",
        "provenance": "_provenance.json",
        "page": "_report.html",
    }
    return {kind: f"{folder}/{stem}{ending}" for kind, ending in endings.items()}


def names_of(participant_id: str, session_id: str) -> dict[str, str]:
    """Return :func:`names` of a participant at a session."""
    visit = VisitResult(participant_id=participant_id, session_id=session_id)
    return names(visit.stem, visit.folder)


def figure_name(result: VisitResult, figure: AssayFigure) -> str:
    """Return the file name of a figure relative to the output: ``sub-01/figures/sub-01_desc-qst_profile.svg``."""
    return f"{result.folder}/figures/{result.stem}_desc-{figure.assay}_{figure.figure.name}.svg"


def derived_name(result: VisitResult, file: DerivedFile) -> str:
    """Return the file name of a derived file relative to the output."""
    return f"{result.folder}/{file.name}"


def too_long(result: VisitResult) -> str:
    """Return a file name of the visit that is too long to be written, empty when all are fine."""
    every = [*names(result.stem, result.folder).values(), *(figure_name(result, f) for f in result.figures)]
    every += [derived_name(result, d.file) for d in result.derived]
    lasts = [name.rsplit("/", 1)[-1] for name in every]
    return next((name for name in lasts if len(name.encode()) > LONGEST_NAME), "")


def save(result: VisitResult, out: Path) -> dict[str, str]:
    """Write a visit's tables, figures and provenance, and then its page.

    A file that has its content already is left alone.

    Parameters
    ----------
    result : VisitResult
    out : Path
        The output folder.

    Returns
    -------
    dict
        File name relative to `out` -> SHA-256, for every file of the visit.

    Raises
    ------
    CannotWrite
        The disk is full or read-only, or a link leads out of the output.
    """
    where = names(result.stem, result.folder)
    contents: dict[str, str | bytes] = {
        where["readings"]: READINGS.to_tsv(tables.as_row(r) for r in result.readings),
        where["readings_json"]: files.to_json(READINGS.dictionary()),
        where["scores"]: SCORES.to_tsv(tables.as_row(s) for s in result.scores),
        where["scores_json"]: files.to_json(SCORES.dictionary()),
    }
    contents[where["mechanisms"]] = MECHANISMS.to_tsv(m.as_row() for m in result.mechanisms)
    contents[where["mechanisms_json"]] = files.to_json(MECHANISMS.dictionary())
    contents[where["findings"]] = files.to_json({"findings": [f.as_json() for f in result.findings]})
    if result.course is not None:
        contents[where["changes"]] = CHANGES.to_tsv(change_row(c) for c in result.course.changes)
        contents[where["changes_json"]] = files.to_json(CHANGES.dictionary())
    contents |= {figure_name(result, f): f.figure.svg for f in result.figures}
    contents |= {derived_name(result, d.file): d.file.content for d in result.derived}
    contents[where["provenance"]] = files.to_json(provenance(result))
    written = {name: write(out, name, content) for name, content in contents.items()}
    written[where["page"]] = write_page(out, result.participant_id, result.session_id)
    return written


def write_page(out: Path, participant_id: str, session_id: str) -> str:
    """Make a visit's page from what is recorded of it; return its SHA-256.

    Raises
    ------
    BadInput
        The recorded results are missing or damaged.
    CannotWrite
        The page cannot be written.
    """
    from nociscope.report.participant import participant_page

    result = load(out, participant_id, session_id)
    return write(out, names(result.stem, result.folder)["page"], participant_page(result))


# --- provenance --------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Return a value as JSON holds it: mappings and dataclasses as objects, sequences as lists, numbers finite."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [plain(v) for v in items]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else MISSING
    return clean_text(value)


def _without_defaults(record: Any) -> dict[str, Any]:
    """Return a dataclass as a mapping without the fields that have their default.

    Text counts as it is written: what is blank becomes empty, and so the default of most fields.
    """
    written = {f.name: plain(getattr(record, f.name)) for f in dataclasses.fields(record)}
    return {
        f.name: written[f.name]
        for f in dataclasses.fields(record)
        if f.default is dataclasses.MISSING or written[f.name] != plain(f.default)
    }


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON, without what is empty."""
    return _without_defaults(problem)


def problem_from_json(entry: Mapping[str, Any]) -> Problem:
    """Return the problem that :func:`problem_to_json` wrote."""
    return Problem(**entry)


def provenance(result: VisitResult) -> dict[str, Any]:
    """Return all that is recorded of a visit beside its readings and scores, as JSON."""
    return {
        "program": "nociscope",
        "version": result.version,
        "study": clean_text(result.study_name),
        "participant_id": result.participant_id,
        "session_id": result.session_id,
        "participant": plain(result.participant),
        "other_visits": list(result.other_visits),
        "assays": [
            {
                **{k: plain(getattr(a, k)) for k in ("name", "title", "status", "inputs", "settings", "methods")},
                "references": plain(a.references),
                "literature": plain(a.literature),
                "problems": [problem_to_json(p) for p in a.problems],
            }
            for a in result.assays
        ],
        "norms": [plain(n) for n in result.norms],
        "problems": [problem_to_json(p) for p in result.problems],
        "mechanisms": [m.as_json() for m in result.mechanisms],
        "course": None
        if result.course is None
        else {k: plain(getattr(result.course, k)) for k in ("sessions", "treatments", "trials")},
        "figures": [
            {
                "assay": f.assay,
                **{k: plain(getattr(f.figure, k)) for k in ("name", "title", "caption", "wide")},
                "file": figure_name(result, f).removeprefix(f"{result.folder}/"),
            }
            for f in result.figures
        ],
        "derived": [
            {"assay": d.assay, "file": d.file.name, "description": clean_text(d.file.description)}
            for d in result.derived
        ],
    }


def damaged(name: str) -> BadInput:
    """Return the error for a recorded file that is not as it was written."""
    return BadInput(
        Problem(
            what="the recorded results are damaged",
            remedy="run the participant again",
            code="damaged-results",
            file=name,
        )
    )


def _read_rows(out: Path, name: str, table: Table) -> Parsed:
    _header, rows, problems = split_tsv(files.read_text(out / name, name), name)
    parsed = table.parse(rows)
    if problems or parsed.problems:
        raise BadInput([*problems, *parsed.problems])
    return parsed


def load_tables(out: Path, participant_id: str, session_id: str) -> tuple[tuple[Reading, ...], tuple[Score, ...]]:
    """Return the readings and scores that are recorded of a visit.

    Raises
    ------
    BadInput
        A table is missing or damaged.
    """
    where = names_of(participant_id, session_id)
    readings = tables.readings_from(_read_rows(out, where["readings"], READINGS))
    scores = tables.scores_from(_read_rows(out, where["scores"], SCORES))
    return readings, scores


def load(out: Path, participant_id: str, session_id: str = MISSING, *, figures: bool = True) -> VisitResult:
    """Return what is recorded of a visit.

    Parameters
    ----------
    out : Path
        The output folder.
    participant_id, session_id : str
        ``sub-…``; ``ses-…`` or ``n/a``.
    figures : bool
        Whether the figures are read as well.

    Returns
    -------
    VisitResult
        Numbers have the ten digits of the tables.

    Raises
    ------
    BadInput
        A file is missing or damaged.
    """
    where = names_of(participant_id, session_id)
    name = where["provenance"]
    record = files.read_json(out / name, name)
    readings, scores = load_tables(out, participant_id, session_id)
    folder = name.rsplit("/", 1)[0]
    try:
        if (record["participant_id"], record["session_id"]) != (participant_id, session_id):
            raise damaged(name)
        return VisitResult(
            participant_id=participant_id,
            session_id=session_id,
            study_name=record["study"],
            participant=record["participant"],
            assays=tuple(_assay_from(entry) for entry in record["assays"]),
            readings=readings,
            scores=scores,
            norms=tuple(NormUsed(**entry) for entry in record["norms"]),
            findings=tuple(
                finding_from_json(e) for e in files.read_json(out / where["findings"], where["findings"])["findings"]
            ),
            mechanisms=tuple(mechanism_from_json(e) for e in record["mechanisms"]),
            course=_course_from(out, where["changes"], record["course"]),
            problems=tuple(problem_from_json(p) for p in record["problems"]),
            figures=tuple(_figures_from(out, folder, record["figures"])) if figures else (),
            derived=tuple(_derived_from(out, folder, record.get("derived", []))) if figures else (),
            other_visits=tuple(record["other_visits"]),
            version=record["version"],
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise damaged(name) from None


def _assay_from(entry: Mapping[str, Any]) -> AssayResult:
    return AssayResult(
        **{k: entry[k] for k in ("name", "title", "status", "inputs", "settings", "methods")},
        references=tuple((citation, doi) for citation, doi in entry["references"]),
        literature=tuple(
            Quoted(text=q["text"], construct=q["construct"], dois=tuple(q["dois"]))
            for q in entry.get("literature", ())
        ),
        problems=tuple(problem_from_json(p) for p in entry["problems"]),
    )


def _course_from(out: Path, name: str, entry: Mapping[str, Any] | None) -> Course | None:
    if entry is None:
        return None
    return Course(
        sessions=tuple(entry["sessions"]),
        treatments=tuple((session, text) for session, text in entry["treatments"]),
        changes=changes_from(_read_rows(out, name, CHANGES)),
        trials=tuple(Trial(**t) for t in entry["trials"]),
    )


def _figures_from(out: Path, folder: str, entries: Iterable[Mapping[str, Any]]) -> Iterable[AssayFigure]:
    for entry in entries:
        name = f"{folder}/{entry['file']}"
        if not files.inside(out / folder, out / name):
            raise ValueError(name)
        svg = files.read_text(out / name, name)
        fields = {k: entry[k] for k in ("name", "title", "caption", "wide")}
        yield AssayFigure(assay=entry["assay"], figure=Figure(svg=svg, **fields))


def _derived_from(out: Path, folder: str, entries: Iterable[Mapping[str, Any]]) -> Iterable[AssayFile]:
    for entry in entries:
        name = f"{folder}/{entry['file']}"
        if not files.inside(out / folder, out / name):
            raise ValueError(name)
        content = files.read_bytes(out / name, name)
        file = DerivedFile(name=entry["file"], content=content, description=entry["description"])
        yield AssayFile(assay=entry["assay"], file=file)
