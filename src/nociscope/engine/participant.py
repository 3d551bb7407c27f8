"""One participant: every assay at every visit read, measured, scored, drawn and recorded.

Nothing here touches a file of anybody else, so participants can be worked up side by side. An assay that fails does
so alone: it is named in the report, in the problems and in the exit code, and the others go on.
"""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nociscope._version import __version__
from nociscope.assays.declaration import Assay, FileInput, OwnLimit, TableInput
from nociscope.assays.registry import assay_named
from nociscope.engine import manifest, store
from nociscope.engine.judging import all_problems, explain_visit, judge_course, judge_visit, without_course
from nociscope.engine.manifest import Key, Manifest, VisitRecord
from nociscope.evidence.register import register_digest
from nociscope.mechanisms.files import fingerprint as coefficients
from nociscope.problems import BadInput, CannotWrite, Problem
from nociscope.results import AssayFigure, AssayFile, AssayResult, Quoted, Status, VisitResult
from nociscope.rules.evidence import visit_evidence
from nociscope.rules.model import Evidence
from nociscope.study.records import Participant, Visit
from nociscope.tables import Reading, Score
from nociscope.tsv import MISSING, format_number

if TYPE_CHECKING:
    from nociscope.norms.library import NormLibrary
    from nociscope.study.settings import Settings

T = TypeVar("T")

_HUGE = 1e300
"""No measurement reaches this; beyond it, rounding to the digits of a table could overflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is the same for every participant of a run.

    Attributes
    ----------
    out : Path
        The output folder, absolute.
    study_name : str
    settings : Settings
    library : NormLibrary
    assays : tuple of str
        Names, in registry order.
    fingerprint : str
        See :func:`fingerprint`.
    debug : bool
        Whether tracebacks are written to ``logs/``.
    pages_only : bool
        Whether only the pages are made, from what is recorded.
    """

    out: Path
    study_name: str
    settings: Settings
    library: NormLibrary
    assays: tuple[str, ...]
    fingerprint: str
    debug: bool = False
    pages_only: bool = False


def fingerprint(study_name: str, settings: Settings, library: NormLibrary, assays: Sequence[str]) -> str:
    """Return a hash of everything beyond the input that decides a participant's outputs."""
    return manifest.hash_json(
        {
            "version": __version__,
            "study": study_name,
            "assays": assays,
            "settings": {name: settings.assay(name) for name in assays},
            "rules": settings.rules,
            "mechanisms": [settings.mechanisms, coefficients()],
            "norms": [library.all, sorted(library.named), sorted(library.own)],
            "literature": register_digest(),
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One participant to be worked up.

    Attributes
    ----------
    participant : Participant
    visits : tuple of Visit
        The selected ones.
    sessions : tuple of str
        All sessions of this participant in the study.
    problems : tuple of Problem
        What was wrong with the study's tables and touches this participant.
    course : tuple of Visit
        All visits of this participant in the study; the selected ones when not given.
    """

    participant: Participant
    visits: tuple[Visit, ...]
    sessions: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    course: tuple[Visit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a participant; `made` counts the visits that were not simply found done."""

    participant_id: str
    made: int = 0
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Attempt:
    """The steps of one assay at one visit, each of which may fail without hurting anything else."""

    assay: Assay
    visit: Visit
    trace_to: Path | None = None
    problems: list[Problem] = field(default_factory=list)

    def note(self, problems: Iterable[Problem]) -> None:
        """Record problems, saying whose they are."""
        where = {
            "participant_id": self.visit.participant_id,
            "session_id": self.visit.session_id,
            "assay": self.assay.name,
        }
        for problem in problems:
            placed = problem.at(**where)
            if placed not in self.problems:
                self.problems.append(placed)

    def step(self, what: str, function: Callable[..., T], *arguments: Any) -> T | None:
        """Call a verb of the assay; None when it failed, with the reason among the problems."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return function(*arguments)
        except BadInput as error:
            self.note(error.problems)
        except CannotWrite:
            raise
        except Exception as error:  # noqa: BLE001 - whatever an assay raises, the other assays go on
            self.fault(f"{what} stopped with an internal error ({type(error).__name__})")
            if self.trace_to is not None:
                _write_trace(self.trace_to, self.visit, self.assay.name)
        return None

    def fault(self, what: str) -> None:
        """Record a fault that is ours, not the user's."""
        remedy = "please report it; the other assays were worked up"
        self.note([Problem(what=f"{self.assay.name}: {what}", remedy=remedy, code="internal-error")])


def _write_trace(out: Path, visit: Visit, assay: str) -> None:
    stem = VisitResult(participant_id=visit.participant_id, session_id=visit.session_id).stem
    store.write(out, f"logs/{stem}_{assay}.traceback.txt", traceback.format_exc())


@dataclass(frozen=True, slots=True)
class _Part:
    """What one assay gave at one visit."""

    result: AssayResult
    readings: tuple[Reading, ...] = ()
    scores: tuple[Score, ...] = ()
    figures: tuple[AssayFigure, ...] = ()
    derived: tuple[AssayFile, ...] = ()


def checked(readings: Iterable[Reading], assay: Assay, fault: Callable[[str], None]) -> tuple[Reading, ...]:
    """Return the readings that keep the contract; each other one is reported to `fault`.

    Kept is what has a declared measure in its declared unit and finite numbers.
    """
    good: list[Reading] = []
    for reading in readings:
        declared = assay.measure_named(reading.measure)
        numbers = [x for x in (reading.value, reading.low, reading.high) if x is not None]
        if declared is None:
            fault(f"the measure {reading.measure} is not declared")
        elif not declared.allows(reading.unit):
            fault(f"{reading.measure} has the unit “{reading.unit}” instead of “{declared.unit}”")
        elif not all(abs(x) < _HUGE for x in numbers):
            fault(f"{reading.measure} has a value or interval that is not finite")
        else:
            good.append(_plain_numbers(reading))
    return tuple(good)


def _plain_numbers(reading: Reading) -> Reading:
    """Return the reading with plain Python numbers, of the digits that the tables keep.

    So what is scored and drawn is what is recorded, and scoring a recorded table gives the same scores.
    """

    def number(x: float | None) -> float | None:
        return None if x is None else float(format_number(float(x)))

    n = None if reading.n is None else int(reading.n)
    return replace(reading, value=number(reading.value), low=number(reading.low), high=number(reading.high), n=n)


def measure_visit(visit: Visit, assay: Assay, settings: Any, attempt: Attempt) -> tuple[Any, tuple[Reading, ...]]:
    """Read and measure one assay at a visit.

    Returns
    -------
    recording : object or None
        None when nothing could be read.
    readings : tuple of Reading
        Stamped with participant, session and assay.
    """
    recording = attempt.step("reading", assay.read, visit, settings)
    if recording is None:
        return None, ()
    attempt.note(recording.problems)
    readings = attempt.step("measuring", assay.measure, recording, settings)
    return recording, _stamped(readings or (), visit, assay, attempt)


def _stamped(readings: Iterable[Reading], visit: Visit, assay: Assay, attempt: Attempt) -> tuple[Reading, ...]:
    person, session = visit.participant_id, visit.session_id
    return tuple(
        replace(r, participant_id=person, session_id=session, assay=assay.name)
        for r in checked(readings, assay, attempt.fault)
    )


def _score(
    readings: Sequence[Reading],
    participant: Participant,
    library: NormLibrary,
    assay: Assay,
    limits: Sequence[OwnLimit] = (),
    beside: Sequence[Reading] = (),
) -> Any:
    """Score readings; the covariates of norms are looked for among them and those `beside` them."""
    from nociscope.norms.covariates import Surroundings
    from nociscope.norms.scoring import score

    return score(readings, participant, library, (assay,), limits, Surroundings.of((*readings, *beside)))


def _inputs(visit: Visit, assay: Assay, recording: Any) -> dict[str, str]:
    """Return what was read -> its hash; where reading failed, what should have been read."""
    sources = _declared(visit, assay) if recording is None else tuple(recording.sources)
    tables = {f: name for name in visit.tables for f in _table_files(visit, name)}
    return {
        name: manifest.hash_rows(visit, tables[name]) if name in tables else manifest.hash_regular(visit, name)
        for name in sorted(set(sources))
    }


def _declared(visit: Visit, assay: Assay) -> tuple[str, ...]:
    """Return the files of a visit that an assay declares as its inputs."""
    return tuple(
        name
        for wanted in assay.inputs
        for name in (
            _table_files(visit, wanted.table.name) if isinstance(wanted, TableInput) else _found(visit, wanted)
        )
    )


def _table_files(visit: Visit, name: str) -> tuple[str, ...]:
    table = visit.tables.get(name)
    return tuple(sorted({row.file for row in table.rows})) if table else ()


def _found(visit: Visit, wanted: FileInput) -> tuple[str, ...]:
    found = visit.find(
        datatype=wanted.datatype, suffix=wanted.suffix, extensions=wanted.extensions, **dict(wanted.entities)
    )
    return tuple(f.path for f in found)


def _study_problems(assay: Assay, visit: Visit, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return what was wrong with the study's tables that this assay reads and that touches this visit.

    A problem without a row and without a person concerns everyone: the whole table could not be read.
    """
    names = {i.table.name for i in assay.inputs if isinstance(i, TableInput)}

    def touches(p: Problem) -> bool:
        folder, _, name = p.file.rpartition("/")
        if folder != "phenotype" or name.split(".")[0].split("_ses-")[0] not in names:
            return False
        if p.session_id not in ("", MISSING, visit.session_id):
            return False
        return p.participant_id == visit.participant_id or (not p.participant_id and p.row in (None, 1))

    return tuple(p for p in problems if touches(p))


def _one_assay(assay: Assay, visit: Visit, job: Job, problems: tuple[Problem, ...]) -> _Part:
    """Work up one assay at one visit."""
    settings = job.settings.assay(assay.name)
    attempt = Attempt(assay, visit, job.out if job.debug else None)
    attempt.problems += _study_problems(assay, visit, problems)
    if not assay.present(visit):
        status: Status = "failed" if _errors(attempt.problems) else "absent"
        return _Part(AssayResult(name=assay.name, title=assay.title, status=status, problems=tuple(attempt.problems)))
    recording, readings = measure_visit(visit, assay, settings, attempt)
    limits: tuple[OwnLimit, ...] = ()
    if assay.limits is not None and recording is not None:
        limits = attempt.step("taking limits", assay.limits, recording, settings) or ()
    scores = attempt.step("scoring", _score, readings, visit.participant, job.library, assay, limits) or ()
    if assay.from_scores is not None and readings:
        more = attempt.step("deriving", assay.from_scores, readings, scores, settings) or ()
        derived = _stamped(more, visit, assay, attempt)
        scores += attempt.step("scoring", _score, derived, visit.participant, job.library, assay, (), readings) or ()
        readings += derived
    figures = None
    if recording is not None and readings:
        figures = attempt.step("drawing", assay.draw, recording, readings, scores, settings)
    beside: tuple[AssayFile, ...] = ()
    if assay.derivatives is not None and recording is not None:
        made = attempt.step("deriving files", assay.derivatives, recording, readings, settings) or ()
        beside = tuple(AssayFile(assay=assay.name, file=f) for f in made if _plain_name(f.name, visit, attempt))
    methods = attempt.step("describing", assay.methods_text, settings)
    result = AssayResult(
        name=assay.name,
        title=assay.title,
        status=_status(readings, attempt.problems),
        problems=tuple(attempt.problems),
        inputs=_inputs(visit, assay, recording),
        settings=store.plain(settings),
        methods=methods or "",
        references=tuple((r.citation, r.doi) for r in assay.references),
        literature=_literature(assay.name),
    )
    drawn = tuple(AssayFigure(assay=assay.name, figure=f) for f in figures or ())
    return _Part(result, readings, scores, drawn, beside)


def _plain_name(name: str, visit: Visit, attempt: Attempt) -> bool:
    """Tell whether a derived file may have this name: its visit's, without a folder, and none of the engine's own."""
    stem = VisitResult(participant_id=visit.participant_id, session_id=visit.session_id).stem
    own = {n.rsplit("/", 1)[-1] for n in store.names_of(visit.participant_id, visit.session_id).values()}
    if name.startswith(f"{stem}_") and name not in own and not set(name) & set("/\\\0"):
        return True
    attempt.fault(f"the file name {name} is not one of this visit")
    return False


def _literature(name: str) -> tuple[Quoted, ...]:
    """Return what the register of the literature says of a test, to stand in the record and the report."""
    from nociscope.evidence import quotes

    return tuple(Quoted(text=q.text, construct=q.construct, dois=q.dois) for q in quotes(name))


def _errors(problems: Iterable[Problem]) -> bool:
    return any(p.severity == "error" for p in problems)


def _status(readings: Sequence[Reading], problems: Iterable[Problem]) -> Status:
    if not _errors(problems):
        return "done"
    return "partial" if any(r.value is not None for r in readings) else "failed"


def work_up(visit: Visit, job: Job, problems: tuple[Problem, ...] = (), others: tuple[str, ...] = ()) -> VisitResult:
    """Work up one visit: every assay, in registry order.

    Parameters
    ----------
    visit : Visit
    job : Job
    problems : tuple of Problem
        What was wrong with the study's tables and touches this participant.
    others : tuple of str
        Sessions of this person's other reports.

    Returns
    -------
    VisitResult
        Not yet written.
    """
    parts = [_one_assay(assay_named(name), visit, job, problems) for name in job.assays]
    readings = tuple(r for part in parts for r in part.readings)
    scores = tuple(s for part in parts for s in part.scores)
    person = visit.participant
    findings, wrong = judge_visit(visit, readings, scores, job.settings, problems)
    mechanisms, faults = explain_visit(visit, scores, job.settings.mechanisms)
    return VisitResult(
        participant_id=person.participant_id,
        session_id=visit.session_id,
        study_name=job.study_name,
        participant={
            "age": person.age,
            "sex": person.sex or None,
            "group": person.group or None,
            "height_cm": person.height_cm,
            "weight_kg": person.weight_kg,
        },
        assays=tuple(part.result for part in parts),
        readings=readings,
        scores=scores,
        findings=findings,
        mechanisms=mechanisms,
        problems=(*wrong, *faults),
        norms=tuple(job.library.used(scores)),
        figures=tuple(f for part in parts for f in part.figures),
        derived=tuple(f for part in parts for f in part.derived),
        other_visits=others,
        version=__version__,
    )


def run_participant(job: Job, task: Task) -> Outcome:
    """Work up a participant's visits and write what came out, unless it is there already.

    Parameters
    ----------
    job : Job
    task : Task

    Returns
    -------
    Outcome
        The problems include those of visits that were found done.

    Raises
    ------
    CannotWrite
        The disk is full or read-only, or a link leads out of the output.
    """
    person = task.participant.participant_id
    before = manifest.read_manifest(person, job.out)
    if job.pages_only:
        return _pages(job, task, before)
    selected = {v.session_id for v in task.visits}
    sessions = tuple(s for s in task.sessions if s in selected or s in before.visits)
    records = {s: v for s, v in before.visits.items() if s in task.sessions}
    fresh: dict[str, tuple[VisitResult, Key]] = {}
    problems: list[Problem] = []
    made = 0
    for visit in task.visits:
        key = manifest.key_of(visit, [job.fingerprint, task.problems])
        record = records.get(visit.session_id)
        if record is not None and record.holds(key, job.out):
            problems += record.problems
            continue
        made += 1
        records.pop(visit.session_id, None)
        result = work_up(visit, job, task.problems, tuple(s for s in sessions if s != visit.session_id))
        problems += all_problems(result)
        long_name = store.too_long(result)
        if long_name:
            problems.append(_too_long(visit, long_name))
        else:
            fresh[visit.session_id] = (result, key)
    done = tuple(s for s in sessions if s in records or s in fresh)
    records = _record(job, task, done, records, fresh, relink=set(sessions) != set(before.visits))
    manifest.write_manifest(Manifest(person, records), job.out)
    _remove_stale(job.out, before, records)
    return Outcome(participant_id=person, made=made, problems=tuple(problems))


def _record(
    job: Job,
    task: Task,
    done: tuple[str, ...],
    records: dict[str, VisitRecord],
    fresh: dict[str, tuple[VisitResult, Key]],
    *,
    relink: bool,
) -> dict[str, VisitRecord]:
    """Write the visits that are new, and those whose links or rules over several visits are out of date.

    The last visit carries what the rules over several visits say. It is judged again when any visit was, and loses it
    when another visit becomes the last.
    """
    keys = {s: fresh[s][1] if s in fresh else records[s].key for s in done}
    whole = manifest.hash_json([(s, keys[s].content) for s in done])
    written = dict(records)
    for session in done:
        wanted = whole if session == done[-1] else ""
        if session in fresh:
            result = fresh[session][0]
        elif relink or records[session].course != wanted:
            try:
                result = store.load(job.out, task.participant.participant_id, session)
            except BadInput:
                continue  # altered since; a run that selects this visit makes it again
        else:
            continue
        result = replace(without_course(result), other_visits=tuple(s for s in done if s != session))
        if wanted:
            result = judge_course(result, _evidence(job, task, done, {s: r for s, (r, _) in fresh.items()}))
        written[session] = VisitRecord(
            key=keys[session], outputs=store.save(result, job.out), problems=all_problems(result), course=wanted
        )
    return written


def _evidence(job: Job, task: Task, done: tuple[str, ...], fresh: dict[str, VisitResult]) -> Evidence:
    """Return what the rules over several visits are given: every visit that is done, new or recorded."""
    visits = []
    for visit in task.course or task.visits:
        session = visit.session_id
        if session not in done:
            continue
        if session in fresh:
            readings, scores = fresh[session].readings, fresh[session].scores
        else:
            try:
                readings, scores = store.load_tables(job.out, visit.participant_id, session)
            except BadInput:
                continue
        visits.append(visit_evidence(visit, readings, scores, job.settings.assays.get("ncs"))[0])
    return Evidence(participant=task.participant, visits=tuple(visits), settings=job.settings.rules)


def _too_long(visit: Visit, name: str) -> Problem:
    return Problem(
        what=f"the labels make a result's file name of {len(name)} characters, and {store.LONGEST_NAME} are possible",
        remedy="shorten the label",
        code="name-too-long",
        file="participants.tsv",
        participant_id=visit.participant_id,
        session_id=visit.session_id,
    )


def _remove_stale(out: Path, before: Manifest, records: dict[str, VisitRecord]) -> None:
    """Remove what earlier runs wrote for this participant and this one did not: a figure, a visit that is gone."""
    kept = {name for record in records.values() for name in record.outputs}
    old = {n: d for record in before.visits.values() for n, d in record.outputs.items() if n not in kept}
    manifest.remove_outputs(out, old)


def _pages(job: Job, task: Task, before: Manifest) -> Outcome:
    """Make the pages again from what is recorded."""
    person = task.participant.participant_id
    records = dict(before.visits)
    problems: list[Problem] = []
    made = 0
    for visit in task.visits:
        record = records.get(visit.session_id)
        page = store.names_of(person, visit.session_id)["page"]
        try:
            digest = store.write_page(job.out, person, visit.session_id)
        except BadInput as error:
            problems += [p.at(participant_id=person, session_id=visit.session_id) for p in error.problems]
            continue
        made += 1
        if record is not None:
            records[visit.session_id] = replace(record, outputs={**record.outputs, page: digest})
            problems += record.problems
    manifest.write_manifest(Manifest(person, records), job.out)
    return Outcome(participant_id=person, made=made, problems=tuple(problems))
