"""A whole run: open the study, choose who is worked up, work them up, write the group files, say what was wrong."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nociscope._version import __version__
from nociscope.assays.registry import assays as all_assays
from nociscope.engine import dataset, logs, manifest, place
from nociscope.engine.executors import Ended, Executor, Processes, Serial, WorkerLost
from nociscope.engine.lock import hold
from nociscope.engine.participant import Attempt, Job, Outcome, Task, fingerprint, measure_visit, run_participant
from nociscope.problems import (
    EXIT_DONE,
    EXIT_SOME_FAILED,
    NociscopeError,
    NothingSelected,
    Problem,
    UsageError,
    clean_text,
)
from nociscope.study.records import Study, Visit
from nociscope.tables import Reading
from nociscope.threads import one_thread
from nociscope.tsv import MISSING

if TYPE_CHECKING:
    from nociscope.study.settings import Settings

Level = Literal["participant", "group", "both"]

MOST_SHARED = 100
"""With more labels than this the whole output is held instead of each participant by a lock of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a user can ask of a run; see ``nociscope run --help``."""

    level: Level = "both"
    participants: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    assays: tuple[str, ...] = ()
    jobs: int = 1
    settings: Path | None = None
    norms: Path | None = None
    named_norms: tuple[str, ...] = ()
    pages_only: bool = False
    stop_on_error: bool = False
    debug: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What became of a run.

    Attributes
    ----------
    participants : int
        How many were looked at.
    visits, made : int
        Visits that were looked at, and those of them that were worked up; the others were done already.
    failed : tuple of str
        Participants of whom something was refused.
    problems : tuple of Problem
        In the order of the log table.
    exit_code : int
        0, or 1 when data were refused.
    index : Path or None
        The index page, None at participant level.
    """

    participants: int
    visits: int
    made: int
    failed: tuple[str, ...]
    problems: tuple[Problem, ...]
    exit_code: int
    index: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run that has been thought through and has not written anything."""

    study: Study
    job: Job
    tasks: tuple[Task, ...]
    options: Options


class Watcher:
    """What is told of a run while it goes on; does nothing."""

    def start(self, count: int) -> None:
        """Hear how many participants there are."""

    def ended(self, outcome: Outcome) -> None:
        """Hear that a participant is done."""


def plan_run(study_root: Path, out: Path, options: Options) -> Plan:
    """Open the study, load settings and norms and select; nothing is written.

    Raises
    ------
    NociscopeError
        Of the kind that tells the exit code: no such study, invalid study, nothing selected, output not possible.
    """
    from nociscope.assays.labs.panel import analytes_of
    from nociscope.mechanisms.settings import checked_priors
    from nociscope.norms.library import load_library
    from nociscope.rules.registry import check_settings
    from nociscope.study import open_study
    from nociscope.study.settings import load_settings

    root = place.resolve_study(study_root)
    full = place.resolve_out(out, root)
    dataset.refuse_foreign(full)
    names = select_assays(options.assays)
    study = open_study(root)
    dataset.refuse_other_people(study, full)
    settings = load_settings(root, options.settings)
    check_settings(settings.rules, " and ".join(settings.sources), analytes_of(study))
    checked_priors(settings.mechanisms, " and ".join(settings.sources))
    library = load_library(options.norms, options.named_norms)
    job = Job(
        out=full,
        study_name=study.name,
        settings=settings,
        library=library,
        assays=names,
        fingerprint=fingerprint(study.name, settings, library, names),
        debug=options.debug,
        pages_only=options.pages_only,
    )
    return Plan(study=study, job=job, tasks=select(study, options), options=options)


def select_assays(wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the wanted assays in registry order; all for none.

    Raises
    ------
    UsageError
        There is no such assay.
    """
    known = tuple(a.name for a in all_assays())
    for name in wanted:
        if name not in known:
            raise UsageError(f"There is no assay “{clean_text(name, 60)}”; there are {', '.join(known)}.")
    return tuple(name for name in known if not wanted or name in wanted)


def select(study: Study, options: Options) -> tuple[Task, ...]:
    """Return the tasks for the wanted participants and sessions, in the order of ``participants.tsv``.

    Raises
    ------
    NothingSelected
        No participant, or no visit of theirs, has a wanted label.
    """
    people = tuple(_with_prefix("sub-", p) for p in options.participants)
    sessions = tuple(_with_prefix("ses-", s) for s in options.sessions)
    tasks = []
    for person, participant in study.participants.items():
        if people and person not in people:
            continue
        # A visit without a session has no label that could be filtered, so it is kept.
        visits = tuple(
            v for v in study.visits[person] if not sessions or v.session_id in sessions or v.session_id == MISSING
        )
        if sessions and not any(v.session_id in sessions for v in study.visits[person]):
            continue
        tasks.append(
            Task(
                participant=participant,
                visits=visits,
                sessions=tuple(v.session_id for v in study.visits[person]),
                problems=tuple(p for p in study.problems if _touches(p, person)),
                course=study.visits[person],
            )
        )
    if not tasks:
        labels = ", ".join(clean_text(x, 60) for x in (*options.participants, *options.sessions))
        raise NothingSelected(f"Nothing in the study has the label {labels}; nothing was run.")
    return tuple(tasks)


def _with_prefix(prefix: str, label: str) -> str:
    return label if label.startswith(prefix) else prefix + label


def _touches(problem: Problem, person: str) -> bool:
    """Tell whether a problem of the study concerns a participant's data: their row, or a whole table."""
    if problem.participant_id:
        return problem.participant_id == person
    return problem.severity == "error" and problem.file.startswith("phenotype/") and problem.row in (None, 1)


def _unmatched(study: Study, options: Options) -> Iterator[Problem]:
    """Yield a warning for each wanted label that the study does not have."""
    known = {v.session_id for visits in study.visits.values() for v in visits}
    for label in options.participants:
        if _with_prefix("sub-", label) not in study.participants:
            yield Problem(
                what=f"the study has no participant “{clean_text(label, 60)}”",
                remedy="check --participant-label",
                code="unknown-label",
                severity="warning",
            )
    for label in options.sessions:
        if _with_prefix("ses-", label) not in known:
            yield Problem(
                what=f"the study has no session “{clean_text(label, 60)}”",
                remedy="check --session-label",
                code="unknown-label",
                severity="warning",
            )


def run_study(
    study_root: Path | str, out: Path | str, options: Options | None = None, watcher: Watcher | None = None
) -> RunSummary:
    """Work a study up.

    Parameters
    ----------
    study_root, out : Path
        The study, and the folder for the results.
    options : Options, optional
    watcher : Watcher, optional
        Told of the progress.

    Returns
    -------
    RunSummary

    Raises
    ------
    NociscopeError
        Nothing could be run; its `exit_code` tells why.
    """
    one_thread()
    options = options or Options()
    plan = plan_run(Path(study_root), Path(out), options)
    place.keep_caches_in(plan.job.out)
    people = tuple(t.participant.participant_id for t in plan.tasks)
    shared = options.level == "participant" and bool(options.participants) and len(people) <= MOST_SHARED
    place.make(plan.job.out)
    with hold(plan.job.out, people if shared else ()):
        folders = people if shared else None
        place.sweep(plan.job.out, folders)
        try:
            return _run(plan, watcher or Watcher())
        finally:
            place.sweep(plan.job.out, folders)


def _run(plan: Plan, watcher: Watcher) -> RunSummary:
    out, study, options = plan.job.out, plan.study, plan.options
    started = datetime.datetime.now(datetime.UTC)
    dataset.write_frame(study, out)
    problems: list[Problem] = [*_of_selected(plan), *_unmatched(study, options)]
    outcomes: list[Outcome] = []
    if options.level != "group":
        outcomes = _participants(plan, watcher)
        problems += [p for o in outcomes for p in o.problems]
    index = None
    if options.level != "participant":
        if not outcomes:
            problems += _recorded_problems(plan.tasks, out)
            problems += _without_results(study, out)
        problems += _strangers(study, out)
        index = dataset.write_group(study, out)
    ordered = logs.in_order(problems, tuple(study.participants))
    failed = tuple(p for p in study.participants if any(_is_error(x, p) for x in ordered))
    code = EXIT_SOME_FAILED if any(p.severity == "error" for p in ordered) else EXIT_DONE
    logs.write_problems(out, ordered)
    summary = RunSummary(
        participants=len(plan.tasks),
        visits=sum(len(t.visits) for t in plan.tasks),
        made=sum(o.made for o in outcomes),
        failed=failed,
        problems=ordered,
        exit_code=code,
        index=index,
    )
    logs.write_log(out, _log_lines(plan, summary, outcomes, started))
    return summary


def _of_selected(plan: Plan) -> Iterator[Problem]:
    """Yield what was wrong with the study, without what concerns only people who are not selected."""
    from nociscope.assays.registry import assays
    from nociscope.study.checks import unread

    selected = {t.participant.participant_id for t in plan.tasks}
    for problem in plan.study.problems:
        if problem.participant_id not in plan.study.participants or problem.participant_id in selected:
            yield problem
    yield from unread(plan.study, assays())


def _is_error(problem: Problem, person: str) -> bool:
    return problem.severity == "error" and problem.participant_id == person


def _executor(options: Options, tasks: int) -> Executor:
    jobs = min(options.jobs, tasks)
    return Processes(jobs) if jobs > 1 else Serial()


def _participants(plan: Plan, watcher: Watcher) -> list[Outcome]:
    """Work up the participants; the outcomes come in the order of the tasks."""
    tasks = [(t.participant.participant_id, t) for t in plan.tasks]
    watcher.start(len(tasks))
    outcomes: dict[str, Outcome] = {}
    ends: Any = _executor(plan.options, len(tasks)).run(run_participant, plan.job, tasks)
    with contextlib.closing(ends):
        for ended in ends:
            outcome = _outcome(ended)
            outcomes[ended.key] = outcome
            watcher.ended(outcome)
            if plan.options.stop_on_error and any(p.severity == "error" for p in outcome.problems):
                break
    return [outcomes[key] for key, _ in tasks if key in outcomes]


def _outcome(ended: Ended) -> Outcome:
    """Return what became of a participant; an error that nobody foresaw fails this participant alone.

    Raises
    ------
    NociscopeError
        The error concerns the whole run: the output cannot be written.
    """
    if ended.error is None:
        outcome: Outcome = ended.value
        return outcome
    if isinstance(ended.error, NociscopeError):
        raise ended.error
    if isinstance(ended.error, WorkerLost):
        what, code = "the process that worked this participant up was killed, twice", "worker-lost"
        remedy = "run again; if it recurs, look whether the memory suffices"
    else:
        what = f"working up this participant stopped with an internal error ({type(ended.error).__name__})"
        code, remedy = "internal-error", "please report it; the other participants were worked up"
    problem = Problem(what=what, remedy=remedy, code=code, participant_id=ended.key)
    return Outcome(participant_id=ended.key, problems=(problem,))


def _recorded_problems(tasks: Iterable[Task], out: Path) -> Iterator[Problem]:
    """Yield the problems of the participants' results that a group run builds on."""
    for task in tasks:
        for record in manifest.read_manifest(task.participant.participant_id, out).visits.values():
            yield from record.problems


def _without_results(study: Study, out: Path) -> Iterator[Problem]:
    """Yield a warning for each participant whom the group files lack."""
    there = {visit.participant_id for visit in dataset.recorded(study, out)}
    for person in study.participants:
        if person not in there:
            yield Problem(
                what="there are no results of this participant, so the group files lack them",
                remedy="run the participant level first",
                code="no-results",
                severity="warning",
                participant_id=person,
            )


def _strangers(study: Study, out: Path) -> Iterator[Problem]:
    """Remove the results of people who left the study, and yield a note for each."""
    for person, gone in dataset.remove_strangers(study, out).items():
        rest = "" if gone else "; files that were altered since are left"
        yield Problem(
            what=f"{person} is no longer in participants.tsv, so the results were removed{rest}",
            code="left-study",
            severity="note",
        )


def _log_lines(
    plan: Plan, summary: RunSummary, outcomes: Iterable[Outcome], started: datetime.datetime
) -> Iterator[str]:
    ended = datetime.datetime.now(datetime.UTC)
    yield f"nociscope {__version__}, level {plan.options.level}, assays {', '.join(plan.job.assays)}"
    yield f"began {started:%Y-%m-%dT%H:%M:%SZ}, ended {ended:%Y-%m-%dT%H:%M:%SZ}, exit code {summary.exit_code}"
    for outcome in outcomes:
        state = "worked up" if outcome.made else "done already"
        count = sum(p.severity == "error" for p in outcome.problems)
        yield f"{outcome.participant_id}: {state}, {count} problem{'' if count == 1 else 's'}"
    for problem in summary.problems:
        yield f"{problem.severity}: {problem.sentence()}"


def measure_study(
    study: Study, settings: Settings, participants: Callable[[str], bool] | None = None
) -> tuple[tuple[Reading, ...], tuple[Problem, ...]]:
    """Read and measure every visit, in memory: what norms are built from.

    Parameters
    ----------
    study : Study
    settings : Settings
    participants : callable, optional
        ``participants(participant_id) -> bool`` chooses; default all.

    Returns
    -------
    readings : tuple of Reading
    problems : tuple of Problem
        What could not be measured.
    """
    readings: list[Reading] = []
    problems: list[Problem] = []
    for person, visits in study.visits.items():
        if participants is not None and not participants(person):
            continue
        for visit in visits:
            for found, wrong in _measured(visit, settings):
                readings += found
                problems += wrong
    return tuple(readings), tuple(problems)


def _measured(visit: Visit, settings: Settings) -> Iterator[tuple[tuple[Reading, ...], list[Problem]]]:
    for assay in all_assays():
        if assay.present(visit):
            attempt = Attempt(assay, visit)
            _recording, readings = measure_visit(visit, assay, settings.assay(assay.name), attempt)
            yield readings, attempt.problems
