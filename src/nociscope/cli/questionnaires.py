"""The commands about instruments: which there are, how one is scored, and a whole table at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nociscope.cli.screen import complain_of, say
from nociscope.problems import EXIT_DONE, EXIT_SOME_FAILED, UsageError, clean_text

if TYPE_CHECKING:
    from nociscope.assays.questionnaires.instrument import Instrument

questionnaires_app = typer.Typer(
    rich_markup_mode=None, help="Questionnaires: which there are, and a table scored alone."
)

DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


@questionnaires_app.command("list", epilog="Example: nociscope questionnaires list")
def list_instruments(debug: DebugOption = False) -> int:
    """List all instruments, one line each: key, status, title."""
    from nociscope.assays.questionnaires.instrument import instruments

    for i in instruments():
        say(f"{i.key:<15} {i.status:<11} {i.title}")
    return EXIT_DONE


def _named(key: str) -> Instrument:
    from difflib import get_close_matches

    from nociscope.assays.questionnaires.instrument import instrument_named, instruments

    try:
        return instrument_named(key)
    except KeyError:
        near = get_close_matches(key, [i.key for i in instruments()], 1, 0.5)
        hint = f"Did you mean {near[0]}?" if near else "See nociscope questionnaires list."
        raise UsageError(f"There is no instrument “{clean_text(key, 60)}”. {hint}") from None


@questionnaires_app.command("show", epilog="Example: nociscope questionnaires show psqi")
def show(
    key: Annotated[str, typer.Argument(metavar="KEY", help="As in the list.")], debug: DebugOption = False
) -> int:
    """Show an instrument: source, columns, scores, missing rule, cut-offs."""
    from nociscope.assays.questionnaires.words import instrument_lines

    for line in instrument_lines(_named(key)):
        say(line)
    return EXIT_DONE


@questionnaires_app.command(
    "score", epilog="Example: nociscope questionnaires score phenotype/fiqr.tsv -o readings.tsv"
)
def score(
    tables: Annotated[list[Path], typer.Argument(metavar="TABLE...", help="Tables named like their instruments.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="READINGS", help="The table to write.")],
    instrument: Annotated[str, typer.Option("--instrument", metavar="KEY", help="Of a table of another name.")] = "",
    debug: DebugOption = False,
) -> int:
    """Score whole tables of answers without a study, tens of thousands of rows a second."""
    from nociscope.assays.questionnaires.bulk import readings_tsv, score_columns
    from nociscope.files import write_atomic
    from nociscope.study.importers.sheet import read_sheet
    from nociscope.study.importers.summary import limited

    if any(t.resolve() == output.resolve() for t in tables):
        raise UsageError(f"{output}: the output is one of the inputs; name another file.")
    scored = []
    for path in tables:
        sheet = read_sheet(path)
        scored.append(score_columns(_named(instrument or path.stem), sheet.columns, path.name))
        complain_of(sheet.problems)
    write_atomic(output, readings_tsv(scored))
    problems = [p for table in scored for p in table.problems]
    complain_of(limited(problems))
    for table in scored:
        say(table.summary())
    return EXIT_SOME_FAILED if problems else EXIT_DONE
