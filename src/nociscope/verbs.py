"""The commands as Python functions: what ``nociscope.run`` and its companions are.

The command line calls these and adds only what a terminal needs.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nociscope import files
from nociscope.problems import BadInput, CannotWrite, InputMissing, Problem, UsageError

if TYPE_CHECKING:
    from nociscope.engine import RunSummary, Watcher
    from nociscope.mechanisms.result import Mechanism
    from nociscope.norms.build import BuildReport
    from nociscope.study.checks import CheckReport
    from nociscope.study.records import Participant
    from nociscope.tables import Reading, Score
    from nociscope.tsv import Table

DEMO_PEOPLE = 24
DEMO_SEED = 1


def run(study: Path | str, out: Path | str, *, watcher: Watcher | None = None, **options: Any) -> RunSummary:
    """Work a study up into a folder of results.

    Parameters
    ----------
    study, out : Path or str
    watcher : Watcher, optional
        Told of the progress.
    **options
        The fields of :class:`nociscope.engine.Options`: `level`, `participants`, `sessions`, `assays`, `jobs`,
        `settings`, `norms`, `named_norms`, `pages_only`, `stop_on_error`, `debug`. More than one job starts worker
        processes, so a script that asks for them needs the usual ``if __name__ == "__main__":``.

    Returns
    -------
    RunSummary

    Raises
    ------
    NociscopeError
        Nothing could be run; `exit_code` tells the kind.
    """
    from nociscope.engine import Options, run_study

    known = {f.name for f in fields(Options)}
    for name in options:
        if name not in known:
            raise UsageError(f"There is no option {name}; there are {', '.join(sorted(known))}.")
    return run_study(study, out, Options(**options), watcher)


def check(study: Path | str, *, settings: Path | None = None) -> CheckReport:
    """Look what a study holds, what is missing and what is wrong; nothing is written.

    Raises
    ------
    InputMissing
        There is no such study.
    InvalidStudy
        It cannot be used as a whole.
    """
    from nociscope.assays.labs.panel import analytes_of
    from nociscope.engine.place import resolve_study
    from nociscope.mechanisms.settings import checked_priors
    from nociscope.rules.registry import settings_problems
    from nociscope.study import open_study
    from nociscope.study.checks import check_study
    from nociscope.study.settings import load_settings

    root = resolve_study(Path(study))
    opened, chosen = open_study(root), load_settings(root, settings)
    sources = " and ".join(chosen.sources)
    wrong = list(settings_problems(chosen.rules, sources, analytes_of(opened)))
    try:
        checked_priors(chosen.mechanisms, sources)
    except BadInput as error:
        wrong += error.problems
    return check_study(opened, chosen, further=wrong)


def simulate(out: Path | str, participants: int, seed: int, *, scenario: Path | None = None) -> Path:
    """Write a virtual study with known truth.

    Parameters
    ----------
    out : Path or str
        A folder that is empty or does not exist.
    participants : int
        At least 1.
    seed : int
        At least 0; the same seed gives the same bytes.
    scenario : Path, optional
        A TOML file of groups and prevalences.

    Returns
    -------
    Path
        The study.

    Raises
    ------
    CannotWrite
        The folder holds something already, or cannot be written.
    """
    from nociscope.assays.registry import assays
    from nociscope.virtual.population import population
    from nociscope.virtual.writer import write_study

    if participants < 1 or seed < 0:
        raise UsageError("There must be at least 1 participant, and the seed must not be negative.")
    if scenario is not None and not scenario.is_file():
        raise InputMissing(f"{scenario}: there is no such scenario file.")
    truths = population(participants, seed, scenario)
    root = empty_folder(Path(out))
    # Made beside it and then renamed: an interrupted simulation never looks like a study.
    unfinished = root.with_name(f".{root.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        write_study(unfinished, truths, seed, assays())
        unfinished.replace(root)
    except OSError as error:
        raise CannotWrite(f"{out}: cannot be written ({error.strerror or error}).") from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return root


def empty_folder(folder: Path) -> Path:
    """Return a folder's absolute path, having checked that nothing in it could be lost.

    Raises
    ------
    CannotWrite
        It is a file, or holds something already.
    """
    from nociscope.engine.place import make, resolve_out

    full = resolve_out(folder)
    if full.is_dir() and any(full.iterdir()):
        raise CannotWrite(f"{folder}: the folder is not empty; name a new one.")
    make(full)
    return full


@dataclass(frozen=True, slots=True)
class Demo:
    """Where a demonstration lies, and how its run ended."""

    study: Path
    summary: RunSummary


def demo(
    out: Path | str = "nociscope-demo",
    *,
    participants: int = DEMO_PEOPLE,
    jobs: int = 1,
    overwrite: bool = False,
    watcher: Watcher | None = None,
) -> Demo:
    """Simulate a small study, make norms of its controls, and work it up: ``out/study``, ``norms``, ``results``.

    A second call finds the study there and does nothing that is done already.

    Parameters
    ----------
    out : Path or str
    participants : int
        How many people a new study gets, half of them controls; norms need five controls.
    jobs : int
        Worker processes.
    overwrite : bool
        Whether an earlier demonstration is removed and made anew.
    watcher : Watcher, optional
        Told of the progress.

    Raises
    ------
    CannotWrite
        The folder holds something else.
    """
    from nociscope.engine.dataset import made_by_us
    from nociscope.engine.place import make, resolve_out
    from nociscope.norms.files import BUILT_FILE

    root = resolve_out(Path(out))
    study, norms, results = root / "study", root / "norms", root / "results"
    if overwrite:
        for folder, kind in ((study, "raw"), (results, "derivative")):
            if made_by_us(folder, kind) and not folder.is_symlink():
                shutil.rmtree(folder)
    fresh = not made_by_us(study, "raw")
    if fresh:
        make(root)
        simulate(study, participants, DEMO_SEED)
    if fresh or not (norms / BUILT_FILE).is_file():
        build_norms(study, norms)
    return Demo(study, run(study, results, norms=norms, jobs=jobs, watcher=watcher))


@dataclass(frozen=True, slots=True)
class Built:
    """Norms built from a study's own controls, and what of the study could not be used."""

    report: BuildReport
    controls: int
    problems: tuple[Problem, ...]


def build_norms(
    study: Path | str, folder: Path | str, *, settings: Path | None = None, age_slopes: Sequence[str] = ()
) -> Built:
    """Build norms from a study's own controls (`group` is ``control``) and write them into a folder.

    Parameters
    ----------
    study, folder : Path or str
    settings : Path, optional
        A file that overrides the study's own settings.
    age_slopes : sequence of str
        Published slopes of age for measures whose controls are too few for one of their own: ``tavakoli2015``,
        ``dehghani2014``. They go before those that ``[norms] age_slopes`` of the settings names.

    Raises
    ------
    BadInput
        The study has no controls.
    UsageError
        There are no such slopes.
    CannotWrite
        The folder cannot be written.
    """
    from nociscope.assays.registry import assays
    from nociscope.engine import measure_study
    from nociscope.engine.place import make, resolve_out, resolve_study
    from nociscope.norms.build import build_report
    from nociscope.norms.files import write_norms
    from nociscope.norms.library import load_library
    from nociscope.norms.published_slopes import slopes_in_settings, slopes_named
    from nociscope.study import open_study
    from nociscope.study.settings import load_settings

    root = resolve_study(Path(study))
    full = resolve_out(Path(folder), root)
    opened = open_study(root)
    controls = {p: x for p, x in opened.participants.items() if x.group.strip().lower() == "control"}
    if not controls:
        raise BadInput(
            Problem(
                what="no participant has the group control, so no norms can be built",
                remedy="write control in the column group",
                code="no-controls",
                file="participants.tsv",
                column="group",
            )
        )
    chosen = load_settings(root, settings)
    slopes = slopes_named((*age_slopes, *slopes_in_settings(chosen.norms, " and ".join(chosen.sources))))
    readings, problems = measure_study(opened, chosen, controls.__contains__)
    report = build_report(readings, controls, load_library(), assays(), slopes=slopes)
    make(full)
    write_norms(report.norms, full)
    general = tuple(p for p in opened.problems if p.participant_id in controls or not p.participant_id)
    return Built(report, len(controls), (*general, *problems))


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of a table, and what of the table could not be used."""

    scores: tuple[Score, ...]
    problems: tuple[Problem, ...]


def score(
    readings: Path | str, participants: Path | str, *, norms: Path | None = None, named_norms: Sequence[str] = ()
) -> Scored:
    """Score a table of readings from anywhere.

    Parameters
    ----------
    readings : Path or str
        A table with the columns of ``readings.tsv``; `participant_id`, `assay`, `measure` and `value` are needed.
    participants : Path or str
        A ``participants.tsv`` with age, sex and, for norms that ask for it, height.
    norms : Path, optional
        A folder of norms that go before the shipped ones.
    named_norms : sequence of str
        Norms to use before all others, also unverified ones.

    Raises
    ------
    InputMissing
        A file does not exist.
    BadInput
        A file is not such a table.
    """
    from nociscope.assays.registry import assays
    from nociscope.norms.covariates import Surroundings
    from nociscope.norms.library import load_library
    from nociscope.norms.scoring import score as score_readings
    from nociscope.study.people import read_people
    from nociscope.study.records import Participant

    table, problems = _read_readings(Path(readings))
    place = _existing(Path(participants))
    try:
        people = read_people(files.read_text(place))
    except BadInput as error:
        raise BadInput(error.problems) from None
    library = load_library(norms, named_norms)
    registered = assays()
    around = Surroundings.of(table)
    scores: list[Score] = []
    strangers: dict[str, Participant] = {}
    for reading in table:
        person = people.participants.get(reading.participant_id) or strangers.setdefault(
            reading.participant_id, Participant(participant_id=reading.participant_id)
        )
        scores += score_readings([reading], person, library, registered, around=around)
    problems += [
        Problem(
            what=f"the participant has readings but no row in {place.name}, so age and sex are unknown",
            remedy="add the row",
            code="unknown-participant",
            severity="warning",
            file=Path(readings).name,
            participant_id=person,
        )
        for person in strangers
    ]
    return Scored(tuple(scores), (*people.problems, *problems))


@dataclass(frozen=True, slots=True)
class Explained:
    """The mechanism profiles of a table, and what of the table could not be used.

    `controls` is how many local controls the profiles rest on.
    """

    mechanisms: tuple[Mechanism, ...]
    problems: tuple[Problem, ...]
    controls: int = 0


def explain(
    scores: Path | str,
    *,
    controls: Path | str | None = None,
    participants: Path | str | None = None,
    settings: Path | None = None,
) -> Explained:
    """Say which mechanisms the scores of a table from anywhere point to.

    Parameters
    ----------
    scores : Path or str
        A table with `participant_id`, `session_id`, `assay`, `site`, `side`, `measure` and `z` (oriented; ``n/a`` is
        not tested). Other columns are not looked at.
    controls : Path or str, optional
        Such a table of the laboratory's own healthy controls, from which its offset and spread are learned.
    participants : Path or str, optional
        A ``participants.tsv`` with any of the columns `migraine`, `snri`, `tricyclic` (yes or no).
    settings : Path, optional
        A settings file; its section ``[mechanisms.prior]`` gives priors in place of the shipped ones.

    Returns
    -------
    Explained
        All mechanisms of every participant and session.

    Raises
    ------
    InputMissing
        A file does not exist.
    BadInput
        A file is not such a table.
    """
    from nociscope.mechanisms.covariates import of_participants
    from nociscope.mechanisms.laboratory import learn
    from nociscope.mechanisms.observed import as_matrix, visits_of
    from nociscope.mechanisms.profile import Explainer
    from nociscope.mechanisms.settings import checked_priors
    from nociscope.mechanisms.table import read_scores
    from nociscope.study.settings import load_settings

    # Settings need the assays, which take long to import.
    priors = {} if settings is None else checked_priors(load_settings(None, settings).mechanisms, settings.name)
    rows, problems = read_scores(_existing(Path(scores)))
    explainer = Explainer(priors=priors)
    known: dict[str, frozenset[str]] = {}
    if participants is not None:
        known, wrong = of_participants(_existing(Path(participants)))
        problems += wrong
    if controls is not None:
        own, wrong = read_scores(_existing(Path(controls)))
        problems += wrong
        people = visits_of(own, explainer.knowledge)
        explainer = Explainer(priors=priors, laboratory=learn(as_matrix(people, len(explainer.knowledge.tests))))
    found = explainer.explain(visits_of(rows, explainer.knowledge, known))
    laboratory = explainer.laboratory
    return Explained(
        tuple(m for profile in found for m in profile),
        tuple(problems),
        0 if laboratory is None else laboratory.controls,
    )


def _existing(path: Path) -> Path:
    if not path.exists():
        raise InputMissing(f"{path}: there is no such file.")
    return path


def _read_readings(path: Path) -> tuple[tuple[Reading, ...], list[Problem]]:
    from nociscope.tables import READINGS, readings_from

    rows, problems = _read_table(_existing(path), READINGS, ("participant_id", "assay", "measure", "value"))
    return readings_from(rows), problems


def _read_table(path: Path, table: Table, needed: Sequence[str]) -> tuple[Any, list[Problem]]:
    from nociscope.tsv import split_tsv

    header, raw, problems = split_tsv(files.read_text(path), path.name)
    missing = [name for name in needed if name not in header]
    if missing:
        raise BadInput(
            Problem(
                what=f"the column {missing[0]} is missing",
                remedy=f"give the table the columns {', '.join(needed)}",
                code="missing-column",
                file=path.name,
                row=1,
                column=missing[0],
            )
        )
    parsed = table.parse(raw)
    return parsed, [*problems, *parsed.problems]
