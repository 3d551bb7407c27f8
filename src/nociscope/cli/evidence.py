"""``nociscope evidence``: the literature pooled, drawn, and its contradictions listed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nociscope.cli.screen import complain_of, counted, say
from nociscope.problems import EXIT_DONE, UsageError, clean_text

if TYPE_CHECKING:
    from nociscope.evidence.pooling import Pooled
    from nociscope.evidence.register import Study

evidence_app = typer.Typer(
    rich_markup_mode=None,
    help="The literature as data: pool it or a table of your own, draw it, see where it contradicts itself.",
)

Table = Annotated[
    Path | None,
    typer.Argument(metavar="[TABLE]", help="A table of studies (CSV); without it the register's prevalences."),
]
MeasureOption = Annotated[
    str, typer.Option("--measure", metavar="NAME", help="proportion rr or rd md smd rom mean generic")
]
TransformOption = Annotated[
    str, typer.Option("--transform", metavar="NAME", help="Of proportions: raw logit arcsine freeman-tukey")
]
ModelOption = Annotated[str, typer.Option("--model", metavar="NAME", help="common random glmm mh peto")]
Tau2Option = Annotated[str, typer.Option("--tau2", metavar="NAME", help="DL HE HS SJ ML REML EB PM")]
IntervalOption = Annotated[
    str, typer.Option("--interval", metavar="NAME", help="z t hk hk-adhoc. Default: hk with the random model.")
]
PredictionOption = Annotated[
    str, typer.Option("--prediction", metavar="NAME", help="z t1 hts hk. Default: hk beside hk, else t1.")
]
GlmmOption = Annotated[str, typer.Option("--glmm", metavar="NAME", help="Of odds ratios: UM.FS or CM.EL.")]
LevelOption = Annotated[float, typer.Option("--level", help="Of the intervals.")]
GroupOption = Annotated[str, typer.Option("--group", metavar="COL", help="Pool by the values of this column.")]
TestOption = Annotated[
    list[str] | None, typer.Option("--test", metavar="NAME", help="Of the register: only this test; repeatable.")
]
SiteOption = Annotated[
    list[str] | None, typer.Option("--site", metavar="NAME", help="Of the register: only this site; repeatable.")
]
PopulationOption = Annotated[
    str, typer.Option("--population", metavar="NAME", help="Of the register: adult, juvenile or all.")
]
CentreOption = Annotated[
    bool, typer.Option("--one-per-centre", help="Of the register: only the largest sample of each centre.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


def _chosen(
    test: list[str] | None, site: list[str] | None, population: str, one_per_centre: bool
) -> tuple[Study, ...]:
    """Return the register's rows for pooling.

    Raises
    ------
    UsageError
        Nothing is left, or the rows measure different things.
    """
    from nociscope.evidence.register import load_register

    register = load_register()
    if population not in ("adult", "juvenile", "all"):
        raise UsageError(f"The population is adult, juvenile or all, not “{clean_text(population, 60)}”.")
    found = register.select(
        tests=test or ("biopsy", "ccm"),
        sites=site or (),
        populations=() if population == "all" else (population,),
        one_per_centre=one_per_centre,
    )
    if not found:
        pools = sorted({s.test for s in register.studies if s.counted})
        sites = sorted({s.site for s in register.studies if s.counted and s.site})
        raise UsageError(
            f"No study of the register fits. Its tests are {', '.join(pools)}; its sites {', '.join(sites)}."
        )
    constructs = register.mixed(found)
    if len(constructs) > 1:
        raise UsageError(
            f"These studies measure different things, which are not pooled: {'; '.join(constructs)}. Name one test."
        )
    return tuple(sorted(found, key=lambda s: s.test))


def _pooled(table: Path | None, group: str, register: dict[str, Any], **options: Any) -> tuple[Pooled, str]:
    """Return the pooled result, and in words what was taken of the register."""
    from nociscope.evidence import pool
    from nociscope.evidence.register import CONSTRUCTS, study_table

    if table is not None:
        if register["test"] or register["site"] or register["one_per_centre"]:
            raise UsageError("--test, --site and --one-per-centre choose from the register; leave the table out.")
        return pool(table, group=group, **options), ""
    rows = _chosen(**register)
    several = len({s.test for s in rows}) > 1
    result = pool(study_table(rows), group=group or ("test" if several else ""), **options)
    people = f"{'' if register['population'] == 'all' else register['population'] + ' '}people with fibromyalgia"
    return result, f"{CONSTRUCTS.get(rows[0].construct, rows[0].construct)} in {people}, from the register"


@evidence_app.command(
    "pool", epilog="Example: nociscope evidence pool --measure proportion --test biopsy --group site"
)
def evidence_pool(
    table: Table = None,
    measure: MeasureOption = "proportion",
    transform: TransformOption = "logit",
    model: ModelOption = "random",
    tau2: Tau2Option = "REML",
    interval: IntervalOption = "",
    prediction: PredictionOption = "",
    glmm: GlmmOption = "UM.FS",
    level: LevelOption = 0.95,
    moderator: Annotated[str, typer.Option("--moderator", metavar="COL", help="Regress on this column.")] = "",
    group: GroupOption = "",
    leave_one_out: Annotated[bool, typer.Option("--leave-one-out", help="Without each study in turn.")] = False,
    cumulative: Annotated[str, typer.Option("--cumulative", metavar="COL", help="One more at a time.")] = "",
    egger: Annotated[bool, typer.Option("--egger", help="Egger's test.")] = False,
    begg: Annotated[bool, typer.Option("--begg", help="Begg's test.")] = False,
    trim_fill: Annotated[bool, typer.Option("--trim-fill", help="Trim-and-fill.")] = False,
    influence: Annotated[bool, typer.Option("--influence", help="What each study does to the result.")] = False,
    cluster: Annotated[
        str, typer.Option("--cluster", metavar="COL", help="Also a three-level model and CR2 errors by this column.")
    ] = "",
    bayes: Annotated[
        float, typer.Option("--bayes", metavar="SCALE", help="Also Bayes: half-normal prior of this scale on tau.")
    ] = 0.0,
    alternatives: Annotated[
        bool, typer.Option("--alternatives", help="The same studies under many choices of method.")
    ] = False,
    test: TestOption = None,
    site: SiteOption = None,
    population: PopulationOption = "adult",
    one_per_centre: CentreOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Pool studies: prevalences of the register, or a table of your own.

    Columns: study, events n [ctrl_events ctrl_n] | mean sd n [ctrl_mean ctrl_sd ctrl_n] | yi vi.
    """
    from nociscope import files
    from nociscope.cli.evidence_text import more_of, pooled_lines

    result, selection = _pooled(
        table,
        group,
        {"test": test, "site": site, "population": population, "one_per_centre": one_per_centre},
        measure=measure,
        transform=transform,
        model=model,
        tau2=tau2,
        interval=interval,
        prediction=prediction,
        glmm=glmm,
        level=level,
        moderator=moderator,
        leave_one_out=leave_one_out,
        cumulative=cumulative,
        egger=egger,
        begg=begg,
        trim_fill=trim_fill,
    )
    more = more_of(result, influence=influence, cluster=cluster, bayes=bayes, alternatives=alternatives)
    complain_of(result.problems)
    if as_json:
        print(files.to_json(result.to_dict() | more | ({"selection": selection} if selection else {})), end="")
        return EXIT_DONE
    for line in pooled_lines(result, selection, more):
        say(line)
    return EXIT_DONE


@evidence_app.command("forest", epilog="Example: nociscope evidence forest studies.csv --measure or -o forest.svg")
def evidence_forest(
    table: Table = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The figure: .svg, .png or .pdf.")
    ] = Path("forest.svg"),
    kind: Annotated[str, typer.Option("--kind", metavar="NAME", help="forest, funnel or baujat.")] = "forest",
    measure: MeasureOption = "proportion",
    transform: TransformOption = "logit",
    model: ModelOption = "random",
    tau2: Tau2Option = "REML",
    interval: IntervalOption = "",
    prediction: PredictionOption = "",
    glmm: GlmmOption = "UM.FS",
    level: LevelOption = 0.95,
    group: GroupOption = "",
    test: TestOption = None,
    site: SiteOption = None,
    population: PopulationOption = "adult",
    one_per_centre: CentreOption = False,
    debug: DebugOption = False,
) -> int:
    """Draw studies and their pooled value; also a funnel or Baujat plot."""
    from nociscope.evidence.draw import draw

    funnel = kind == "funnel"
    result, _ = _pooled(
        table,
        group,
        {"test": test, "site": site, "population": population, "one_per_centre": one_per_centre},
        measure=measure,
        transform=transform,
        model=model,
        tau2=tau2,
        interval=interval,
        prediction=prediction,
        glmm=glmm,
        level=level,
        egger=funnel,
        trim_fill=funnel and model in ("random", "common"),
    )
    complain_of(result.problems)
    _write_figure(draw(result, kind), output)
    return EXIT_DONE


def _write_figure(drawn: Any, output: Path) -> None:
    import io

    from nociscope import files
    from nociscope.figures import figure_to_svg, house_style

    suffix = output.suffix.lower()
    if suffix not in (".svg", ".png", ".pdf"):
        raise UsageError(f"A figure is written as .svg, .png or .pdf, not as “{clean_text(output.name, 60)}”.")
    if suffix == ".svg":
        files.write_atomic(output, figure_to_svg(drawn.figure, "evidence"))
    else:
        buffer = io.BytesIO()
        empty = {"Software": None} if suffix == ".png" else {"Creator": None, "Producer": None, "CreationDate": None}
        with house_style():
            drawn.figure.savefig(buffer, format=suffix[1:], dpi=200, metadata=empty)
        files.write_atomic(output, buffer.getvalue())
    say(f"{drawn.title}: {output}")
    say(drawn.caption)


@evidence_app.command("accuracy", epilog="Example: nociscope evidence accuracy studies.csv --json")
def evidence_accuracy(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A table with the columns tp fp fn tn.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Also draw the summary ROC figure.")
    ] = None,
    level: LevelOption = 0.95,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Pool sensitivity and specificity together (bivariate model), with the summary ROC curve."""
    from nociscope import files
    from nociscope.cli.evidence_text import accuracy_lines
    from nociscope.evidence import accuracy

    result = accuracy(table, level=level)
    complain_of(result.problems)
    if as_json:
        print(files.to_json(result.to_dict()), end="")
    else:
        for line in accuracy_lines(result):
            say(line)
    if output is not None:
        from nociscope.evidence.draw import sroc

        drawn = sroc(result)
        if as_json:
            from contextlib import redirect_stdout
            from io import StringIO

            with redirect_stdout(StringIO()):
                _write_figure(drawn, output)
        else:
            _write_figure(drawn, output)
    return EXIT_DONE


@evidence_app.command("list", epilog="Example: nociscope evidence list --test biopsy")
def evidence_list(
    test: TestOption = None,
    claims: Annotated[bool, typer.Option("--claims", help="The claims, with what speaks for and against.")] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """List the register: every study with its construct, counts, mark and source; inactive rows say so."""
    from nociscope.cli.evidence_text import claim_lines, register_lines
    from nociscope.evidence.register import load_register

    register = load_register()
    known = {s.test for s in register.studies}
    for name in test or ():
        if name not in known:
            raise UsageError(f"The register has no test “{clean_text(name, 60)}”; it has {', '.join(sorted(known))}.")
    if as_json:
        from nociscope.engine.store import plain
        from nociscope.files import to_json

        print(to_json(plain(register)), end="")
        return EXIT_DONE
    lines = claim_lines(register) if claims else register_lines(register, test or ())
    for line in lines:
        say(line)
    return EXIT_DONE


@evidence_app.command("conflicts", epilog="Example: nociscope evidence conflicts")
def evidence_conflicts(as_json: JsonOption = False, debug: DebugOption = False) -> int:
    """List where studies or secondary sources contradict each other, and which reading the register took."""
    from nociscope.cli.evidence_text import conflict_lines
    from nociscope.evidence.register import load_register

    register = load_register()
    if as_json:
        from nociscope.engine.store import plain
        from nociscope.files import to_json

        print(to_json(plain(register.conflicts)), end="")
        return EXIT_DONE
    for line in conflict_lines(register):
        say(line)
    return EXIT_DONE


@evidence_app.command("published", epilog="Example: nociscope evidence published")
def evidence_published(debug: DebugOption = False) -> int:
    """List published pooled prevalences, reproduced where that can be done, with the reason where it cannot."""
    from nociscope.cli.evidence_text import published_lines
    from nociscope.evidence.published import reproductions

    for line in published_lines(reproductions()):
        say(line)
    return EXIT_DONE


@evidence_app.command("screen", epilog="Example: nociscope evidence screen search.ris -o new.tsv")
def evidence_screen(
    sources: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Search results: .bib, .ris or .csv.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the new ones as a screening log.")
    ] = None,
    debug: DebugOption = False,
) -> int:
    """Sort search results for an update: duplicates, what the register has, possible overlap, what is new."""
    from nociscope import files
    from nociscope.evidence.literature import read_citations, screen
    from nociscope.evidence.register import load_register
    from nociscope.tsv import format_cell

    found = screen([c for path in sources for c in read_citations(path)], load_register())
    for copy, first in found.duplicates:
        again = f"{first.name} ({first.file}, row {first.place})"
        say(f"duplicate  {copy.name} ({copy.file}, row {copy.place}) is {again}")
    for citation, key in found.known:
        say(f"known      {citation.name}: {key} of the register")
    for citation, key in found.overlaps:
        say(f"overlap?   {citation.name}: the same first author as {key}; may share people")
    total = len(found.new) + len(found.duplicates) + len(found.known)
    say(
        f"{counted(total, 'record')}: {len(found.new)} new, {counted(len(found.duplicates), 'duplicate')}, "
        f"{len(found.known)} in the register already."
    )
    if output is not None:
        head = ("study", "title", "year", "doi", "journal", "stage", "reason")
        rows = [(c.name, c.title, c.year, c.doi, c.journal, "", "") for c in found.new]
        text = "".join("\t".join(format_cell(x) for x in row) + "\n" for row in (head, *rows))
        files.write_atomic(output, text)
        say(f"Screening log: {output}")
    return EXIT_DONE


@evidence_app.command("flow", epilog="Example: nociscope evidence flow screening.tsv")
def evidence_flow(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="The screening log, with the column stage filled in.")],
    debug: DebugOption = False,
) -> int:
    """Count a screening log into the boxes of a PRISMA 2020 flow diagram."""
    from nociscope.evidence.literature import flow_of

    flow = flow_of(log)
    for name in ("identified", "duplicates", "screened", "excluded", "sought", "not_retrieved", "assessed"):
        say(f"{name.replace('_', ' '):<14}{getattr(flow, name):>6}")
    for reason, number in sorted(flow.excluded_reasons.items()):
        say(f"  excluded: {reason}: {number}")
    say(f"{'included':<14}{flow.included:>6}")
    for fault in flow.faults():
        say(f"Does not add up: {fault}.")
    return EXIT_DONE


@evidence_app.command("form", epilog="Example: nociscope evidence form quadas-2 studies.csv -o quadas.tsv")
def evidence_form(
    form: Annotated[str, typer.Argument(metavar="FORM", help="jbi-prevalence or quadas-2.")],
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="The table of studies.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The form to fill in.")],
    debug: DebugOption = False,
) -> int:
    """Write an empty appraisal form with one row a study."""
    from nociscope import files
    from nociscope.evidence import appraisal_form
    from nociscope.evidence.studies import read_studies

    text = appraisal_form(form, read_studies(table).names)
    files.write_atomic(output, text)
    say(f"Form: {output}")
    return EXIT_DONE
