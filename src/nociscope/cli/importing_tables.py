"""The commands that bring tables of other systems into a study, and empty ones to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nociscope.cli.screen import complain_of, counted, say
from nociscope.problems import EXIT_DONE, EXIT_SOME_FAILED

if TYPE_CHECKING:
    from nociscope.study.importers.summary import Imported

StudyArgument = Annotated[Path, typer.Argument(metavar="STUDY", help="The study; made when it does not exist.")]
MapOption = Annotated[
    Path | None,
    typer.Option("--map", metavar="FILE", help="Which column goes where (TOML or YAML); see docs/importing.md."),
]
RenumberOption = Annotated[
    bool, typer.Option("--renumber", help="Number participants anew; the source's numbers stay out.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be imported; write nothing.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


def _told(done: Imported) -> int:
    """Print the account of an import and return the exit code."""
    for line in done.lines():
        say(line)
    complain_of(done.problems)
    wrong = any(p.severity == "error" for p in done.problems)
    return EXIT_SOME_FAILED if wrong else EXIT_DONE


def redcap(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="The records: CSV, raw codes.")],
    study: StudyArgument,
    dictionary: Annotated[Path, typer.Option("--dictionary", metavar="FILE", help="The data dictionary: CSV.")],
    column_map: MapOption = None,
    renumber: RenumberOption = False,
    keep_text: Annotated[bool, typer.Option("--keep-text", help="Take free text too; it can name a person.")] = False,
    keep_dates: Annotated[bool, typer.Option("--keep-dates", help="Take dates too; they can identify.")] = False,
    dry_run: DryRunOption = False,
    debug: DebugOption = False,
) -> int:
    """A REDCap project: records and data dictionary; fields marked as identifiers are dropped."""
    from nociscope.study.importers.redcap import import_redcap

    return _told(
        import_redcap(
            source,
            study,
            dictionary=dictionary,
            column_map=column_map,
            renumber=renumber,
            keep_text=keep_text,
            keep_dates=keep_dates,
            dry_run=dry_run,
        )
    )


def table(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A spreadsheet: CSV, TSV or XLSX.")],
    study: StudyArgument,
    column_map: MapOption = None,
    renumber: RenumberOption = False,
    encoding: Annotated[str, typer.Option("--encoding", help="Of text: utf-8, cp1252, utf-16, …")] = "",
    dry_run: DryRunOption = False,
    debug: DebugOption = False,
) -> int:
    """A spreadsheet with a column map; without one, columns called like items (fiqr_q1) are taken."""
    from nociscope.study.importers.table import import_table

    return _told(
        import_table(source, study, column_map=column_map, renumber=renumber, encoding=encoding, dry_run=dry_run)
    )


def spss(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="An SPSS file: .sav.")],
    study: StudyArgument,
    column_map: MapOption = None,
    renumber: RenumberOption = False,
    dry_run: DryRunOption = False,
    debug: DebugOption = False,
) -> int:
    """An SPSS file with a column map; values it declares missing are missing."""
    from nociscope.study.importers.table import import_spss

    return _told(import_spss(source, study, column_map=column_map, renumber=renumber, dry_run=dry_run))


def qualtrics(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A Qualtrics export: CSV or XLSX, numeric values.")
    ],
    study: StudyArgument,
    column_map: MapOption = None,
    renumber: RenumberOption = False,
    dry_run: DryRunOption = False,
    debug: DebugOption = False,
) -> int:
    """A Qualtrics export; previews and columns that name people or places are dropped."""
    from nociscope.study.importers.table import import_qualtrics

    return _told(import_qualtrics(source, study, column_map=column_map, renumber=renumber, dry_run=dry_run))


def fhir(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A JSON bundle, an NDJSON file, or a folder of them.")
    ],
    study: StudyArgument,
    keep_ids: Annotated[bool, typer.Option("--keep-ids", help="Use the server's patient ids as labels.")] = False,
    dry_run: DryRunOption = False,
    debug: DebugOption = False,
) -> int:
    """FHIR R4 or R5: laboratory values, questionnaires and treatments; of a patient only age and sex."""
    from nociscope.study.importers.fhir import import_fhir

    return _told(import_fhir(source, study, keep_ids=keep_ids, dry_run=dry_run))


def lep_openneuro(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="The derivatives' folder (.set files), or a CSV of labels.")
    ],
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="The raw data set, whose events are completed.")],
    dataset: Annotated[str, typer.Option("--dataset", metavar="KEY", help="Which one of a CSV of several.")] = "",
    dry_run: DryRunOption = False,
    debug: DebugOption = False,
) -> int:
    """Energies and ratings of the OpenNeuro LEP data sets, into events.tsv."""
    from nociscope.study.importers.lep_openneuro import import_lep_openneuro

    return _told(import_lep_openneuro(source, study, dataset=dataset, dry_run=dry_run))


def template(
    name: Annotated[str, typer.Argument(metavar="ASSAY", help="An assay, or one table: biopsy, fiqr, labs, …")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write.")] = Path("phenotype"),
    debug: DebugOption = False,
) -> int:
    """Empty tables of an assay with their data dictionaries, to be filled in."""
    from nociscope.study.importers.template import write_templates

    written = write_templates(name, folder)
    say(f"{counted(len(written), 'file')} in {folder}: {', '.join(written[:6])}{' …' if len(written) > 6 else ''}")
    return EXIT_DONE


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command `import`."""
    app.command("redcap", epilog="Example: nociscope import redcap records.csv study --dictionary dictionary.csv")(
        redcap
    )
    app.command("table", epilog="Example: nociscope import table registry.csv study --map map.toml")(table)
    app.command("spss", epilog="Example: nociscope import spss data.sav study --map map.toml")(spss)
    app.command("qualtrics", epilog="Example: nociscope import qualtrics survey.csv study --map map.toml")(qualtrics)
    app.command("fhir", epilog="Example: nociscope import fhir bundle.json study")(fhir)
    app.command("lep-openneuro", epilog="Example: nociscope import lep-openneuro derivatives ds005284")(lep_openneuro)
    app.command("template", epilog="Example: nociscope import template biopsy study/phenotype")(template)
