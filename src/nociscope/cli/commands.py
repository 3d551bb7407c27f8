"""The commands. Each calls one verb of :mod:`nociscope.verbs` and shows what came of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nociscope.cli.evidence import evidence_app
from nociscope.cli.importing import import_app
from nociscope.cli.importing_tables import add_to as add_table_imports
from nociscope.cli.questionnaires import questionnaires_app
from nociscope.cli.screen import complain_of, counted, is_terminal, say, watching
from nociscope.problems import EXIT_DONE, EXIT_SOME_FAILED, UsageError, clean_text

if TYPE_CHECKING:
    from nociscope.study.checks import CheckReport

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="A reproducible work-up of the pain-sensing nervous system, from a BIDS study to a report.",
    epilog="Begin with: nociscope demo. For research use only; not a medical device.",
)
norms_app = typer.Typer(rich_markup_mode=None, help="Norms: which there are, what one says, and building your own.")
app.add_typer(norms_app, name="norms")
app.add_typer(evidence_app, name="evidence")
app.add_typer(import_app, name="import")
add_table_imports(import_app)
app.add_typer(questionnaires_app, name="questionnaires")

rules_app = typer.Typer(rich_markup_mode=None, help="Rules: which there are, and what one says.")
app.add_typer(rules_app, name="rules")

StudyArgument = Annotated[Path, typer.Argument(metavar="STUDY", help="The study: a BIDS dataset.")]
SettingsOption = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", help="Settings (TOML) that go before the study's own.")
]
NormsOption = Annotated[
    Path | None, typer.Option("--norms", metavar="DIR", help="Your own norms; they go before the shipped ones.")
]
NormOption = Annotated[
    list[str] | None,
    typer.Option("--norm", metavar="KEY", help="Use this norm before all others, also an unverified one."),
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks, and write those of assays to logs/.")]


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _split(words: list[str] | None) -> tuple[str, ...]:
    """Return labels that came one by one or joined by commas.

    Raises
    ------
    UsageError
        A filter was given and names nothing: taking that for no filter would run everybody.
    """
    parts = tuple(part for word in words or () for part in word.replace(",", " ").split())
    if words and not parts:
        raise UsageError("A list of labels is empty; name at least one, or leave the option out.")
    return parts


@app.command(epilog="Example: nociscope run study results --participant-label 01 02 --jobs 4")
def run(
    study: StudyArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder for the results.")],
    level: Annotated[
        str, typer.Argument(metavar="participant|group", help="One level alone; both when none is named.")
    ] = "both",
    participant_label: Annotated[
        list[str] | None,
        typer.Option("--participant-label", metavar="LABEL...", help="Only these, with or without sub-."),
    ] = None,
    session_label: Annotated[
        list[str] | None,
        typer.Option("--session-label", metavar="LABEL...", help="Only these sessions, with or without ses-."),
    ] = None,
    assay: Annotated[list[str] | None, typer.Option("--assay", metavar="NAME...", help="Only these assays.")] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Worker processes. Default: one for each core.")
    ] = None,
    settings: SettingsOption = None,
    norms: NormsOption = None,
    norm: NormOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run; write nothing.")] = False,
    reports_only: Annotated[
        bool, typer.Option("--reports-only", help="Make the pages again from recorded results.")
    ] = False,
    stop_on_error: Annotated[
        bool,
        typer.Option("--stop-on-error/--keep-going", help="Stop at the first participant with a problem."),
    ] = False,
    debug: DebugOption = False,
) -> int:
    """Work a study up: readings, scores and a report for each participant, and the group tables."""
    from nociscope import verbs
    from nociscope.engine import Options

    if level not in ("participant", "group", "both"):
        raise UsageError(f"The level is participant or group, not “{clean_text(level, 60)}”.")
    options = Options(
        level=level,  # type: ignore[arg-type]
        participants=_split(participant_label),
        sessions=_split(session_label),
        assays=_split(assay),
        jobs=jobs or cores(),
        settings=settings,
        norms=norms,
        named_norms=_split(norm),
        pages_only=reports_only,
        stop_on_error=stop_on_error,
        debug=debug,
    )
    if dry_run:
        return _dry_run(study, out, options)
    with watching() as watcher:
        summary = verbs.run(study, out, watcher=watcher, **{n: getattr(options, n) for n in options.__slots__})
    _conclude(summary)
    return summary.exit_code


def _dry_run(study: Path, out: Path, options: Any) -> int:
    from nociscope.assays.registry import assay_named
    from nociscope.engine import plan_run

    plan = plan_run(study, out, options)
    for task in plan.tasks:
        for visit in task.visits:
            present = [name for name in plan.job.assays if assay_named(name).present(visit)]
            session = "" if visit.session_id == "n/a" else f" {visit.session_id}"
            say(f"{visit.participant_id}{session}: {', '.join(present) or 'no data'}")
    say(f"{counted(len(plan.tasks), 'participant')} would be run; nothing was written.")
    complain_of(plan.study.problems)
    return EXIT_DONE


def _conclude(summary: Any) -> None:
    complain_of(summary.problems)
    failed = f", {counted(len(summary.failed), 'participant')} with problems" if summary.failed else ""
    done = summary.visits - summary.made
    already = f", {done} done already" if done else ""
    worked = f"{counted(summary.made, 'visit')} worked up{already}"
    say(f"{counted(summary.participants, 'participant')}: {worked}{failed}.")
    if summary.index is not None:
        say(f"Results: {summary.index}")


@app.command(epilog="Example: nociscope check study")
def check(study: StudyArgument, settings: SettingsOption = None, debug: DebugOption = False) -> int:
    """Look what a study holds, what is missing and what is wrong, for each participant; nothing is written."""
    from nociscope import verbs

    report = verbs.check(study, settings=settings)
    if is_terminal():
        _check_table(report)
    else:
        for line in report.lines:
            session = "" if line.session_id == "n/a" else f" {line.session_id}"
            states = " ".join(f"{name}={state}" for name, state in line.assays.items())
            say(f"{line.participant_id}{session}: {states}")
    complain_of(report.problems)
    wrong = sum(p.severity != "note" for p in report.problems)
    say(f"{counted(len(report.lines), 'visit')}, {counted(wrong, 'problem')}.")
    return report.exit_code


def _check_table(report: CheckReport) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    names = list(report.lines[0].assays) if report.lines else []
    for name in ("participant", "session", "group", *names):
        table.add_column(name)
    colours = {"yes": "green", "wrong": "bold red"}
    for line in report.lines:
        cells = [Text(clean_text(x)) for x in (line.participant_id, line.session_id, line.group)]
        table.add_row(*cells, *(Text(s, style=colours.get(s, "dim")) for s in line.assays.values()))
    Console().print(table)


@norms_app.command("list", epilog="Example: nociscope norms list")
def norms_list(norms: NormsOption = None, norm: NormOption = None, debug: DebugOption = False) -> int:
    """List all norms, one line each: key, status, title."""
    from nociscope.norms.library import load_library

    library = load_library(norms, _split(norm))
    width = max(len(n.key) for n in library.all)
    for n in library.all:
        status = n.status if library.is_active(n) else f"{n.status}, inactive"
        say(f"{n.key:<{width}}  {status:<20}  {n.title}")
    return EXIT_DONE


@norms_app.command("show", epilog="Example: nociscope norms show KEY, with a key of norms list")
def norms_show(
    key: Annotated[str, typer.Argument(metavar="KEY", help="As in the list.")],
    norms: NormsOption = None,
    debug: DebugOption = False,
) -> int:
    """Show a norm: citation with DOI, whom it holds for, its form and its numbers."""
    from difflib import get_close_matches

    from nociscope.norms.library import load_library

    library = load_library(norms)
    try:
        found = library.get(key)
    except KeyError:
        near = get_close_matches(key, [n.key for n in library.all], 1, 0.5)
        hint = f"Did you mean {near[0]}?" if near else "See nociscope norms list."
        raise UsageError(f"There is no norm “{clean_text(key, 80)}”. {hint}") from None
    from nociscope.cli.norm_text import norm_lines

    for line in norm_lines(found, active=library.is_active(found)):
        say(line)
    return EXIT_DONE


@norms_app.command("build", epilog="Example: nociscope norms build study my-norms")
def norms_build(
    study: StudyArgument,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder for the norms.")],
    settings: SettingsOption = None,
    age_slopes: Annotated[
        list[str] | None,
        typer.Option(
            "--age-slopes",
            metavar="KEY",
            help="Where controls are too few for a slope of age, use that of tavakoli2015 or dehghani2014.",
        ),
    ] = None,
    debug: DebugOption = False,
) -> int:
    """Build norms from a study's own controls (group is control), for run --norms DIR."""
    from nociscope import verbs

    built = verbs.build_norms(study, folder, settings=settings, age_slopes=_split(age_slopes))
    complain_of(built.problems)
    say(built.report.text().rstrip())
    say(f"From {counted(built.controls, 'control')}; use them with: nociscope run STUDY OUT --norms {folder}")
    return EXIT_SOME_FAILED if any(p.severity == "error" for p in built.problems) else EXIT_DONE


@rules_app.command("list", epilog="Example: nociscope rules list")
def rules_list(debug: DebugOption = False) -> int:
    """List all rules, one line each: key, status, title."""
    from nociscope.rules.registry import rules

    width = max(len(r.key) for r in rules())
    for r in rules():
        status = "unverified, inactive" if r.status == "unverified" else r.status
        say(f"{r.key:<{width}}  {status:<20}  {r.title}")
    return EXIT_DONE


@rules_app.command("show", epilog="Example: nociscope rules show efns_pns_2010")
def rules_show(
    key: Annotated[str, typer.Argument(metavar="KEY", help="As in the list.")], debug: DebugOption = False
) -> int:
    """Show a rule: citation with DOI, what it says, and how often it is right."""
    from nociscope.cli.rule_text import rule_lines
    from nociscope.rules.registry import nearest, rule_named

    try:
        found = rule_named(key)
    except KeyError:
        near = nearest(key)
        hint = f"Did you mean {near}?" if near else "See nociscope rules list."
        raise UsageError(f"There is no rule “{clean_text(key, 80)}”. {hint}") from None
    for line in rule_lines(found):
        say(line)
    return EXIT_DONE


@app.command(epilog="Example: nociscope score readings.tsv participants.tsv -o scores.tsv")
def score(
    readings: Annotated[Path, typer.Argument(metavar="READINGS", help="A table with the columns of readings.tsv.")],
    participants: Annotated[
        Path, typer.Argument(metavar="PARTICIPANTS", help="Age, sex and height: a participants.tsv.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="SCORES", help="The table to write.")],
    norms: NormsOption = None,
    norm: NormOption = None,
    debug: DebugOption = False,
) -> int:
    """Score a table of readings from anywhere against the norms."""
    from nociscope import verbs
    from nociscope.files import write_atomic
    from nociscope.tables import SCORES, as_row

    if output.resolve() in (readings.resolve(), participants.resolve()):
        raise UsageError(f"{output}: the output is one of the inputs; name another file.")
    scored = verbs.score(readings, participants, norms=norms, named_norms=_split(norm))
    write_atomic(output, SCORES.to_tsv(as_row(s) for s in scored.scores))
    complain_of(scored.problems)
    say(f"{counted(len(scored.scores), 'score')}: {output}")
    return EXIT_SOME_FAILED if any(p.severity == "error" for p in scored.problems) else EXIT_DONE


@app.command(epilog="Example: nociscope explain scores.tsv -o mechanisms.tsv --controls our-controls.tsv")
def explain(
    scores: Annotated[
        Path,
        typer.Argument(
            metavar="SCORES",
            help="Oriented z scores: a table with participant_id, session_id, assay, site, side, measure and z.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="MECHANISMS", help="The table to write.")],
    controls: Annotated[
        Path | None,
        typer.Option("--controls", metavar="FILE", help="Such a table of your own healthy controls."),
    ] = None,
    participants: Annotated[
        Path | None,
        typer.Option("--participants", metavar="FILE", help="A participants.tsv with migraine, snri or tricyclic."),
    ] = None,
    settings: SettingsOption = None,
    debug: DebugOption = False,
) -> int:
    """Say which mechanisms the scores of a table point to, what drove it and what contradicts it."""
    from nociscope import verbs
    from nociscope.files import write_atomic
    from nociscope.tables import MECHANISMS

    inputs = [x.resolve() for x in (scores, controls, participants, settings) if x is not None]
    if output.resolve() in inputs:
        raise UsageError(f"{output}: the output is one of the inputs; name another file.")
    explained = verbs.explain(scores, controls=controls, participants=participants, settings=settings)
    write_atomic(output, MECHANISMS.to_tsv(m.as_row() for m in explained.mechanisms))
    complain_of(explained.problems)
    people = len({(m.participant_id, m.session_id) for m in explained.mechanisms})
    lab = f", with {counted(explained.controls, 'local control')}" if controls is not None else ""
    say(f"{counted(people, 'profile')}{lab}: {output}")
    return EXIT_SOME_FAILED if any(p.severity == "error" for p in explained.problems) else EXIT_DONE


@app.command(epilog="Example: nociscope simulate virtual-study --participants 20 --seed 7")
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder for the study.")],
    participants: Annotated[int, typer.Option("--participants", min=1, help="How many people.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")],
    scenario: Annotated[
        Path | None, typer.Option("--scenario", metavar="FILE", help="Groups and prevalences (TOML).")
    ] = None,
    debug: DebugOption = False,
) -> int:
    """Write a virtual study with known truth."""
    from nociscope import verbs

    root = verbs.simulate(out, participants, seed, scenario=scenario)
    say(f"{counted(participants, 'virtual participant')}: {root}")
    return EXIT_DONE


@app.command(epilog="Example: nociscope demo my-demo")
def demo(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder for study and results.")] = Path(
        "nociscope-demo"
    ),
    participants: Annotated[int, typer.Option("--participants", min=1, help="How many people, half controls.")] = 24,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Worker processes.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Remove an earlier demo and make it anew.")] = False,
    debug: DebugOption = False,
) -> int:
    """Simulate a small study, work it up, and say where the report is."""
    from nociscope import verbs

    with watching() as watcher:
        done = verbs.demo(out, participants=participants, jobs=jobs or cores(), overwrite=overwrite, watcher=watcher)
    say(f"Virtual study: {done.study}")
    _conclude(done.summary)
    return done.summary.exit_code
