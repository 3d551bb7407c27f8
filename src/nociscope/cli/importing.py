"""The commands that bring other formats into a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nociscope.cli.screen import complain_of, counted, say
from nociscope.problems import EXIT_DONE

import_app = typer.Typer(rich_markup_mode=None, help="Bring other formats into a study.")


@import_app.callback()
def _importing() -> None:
    """Bring other formats into a study."""


@import_app.command("rr", epilog="Example: nociscope import rr sub-01_task-rest_rr.txt study/")
def rr(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="Intervals as text; its name carries the entities.")],
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="The study; made when it does not exist.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be imported; write nothing.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a recording of the same name.")] = False,
) -> int:
    """Intervals from beat to beat (seconds or milliseconds, many dialects), to BIDS beat times."""
    from nociscope.study.importers.rr import import_rr

    done = import_rr(source, study, dry_run=dry_run, overwrite=overwrite)
    complain_of(done.skipped)
    say(
        f"{counted(done.beats, 'beat')} in {done.duration_s:.0f} s ({done.dialect}); intervals taken for "
        f"{'milliseconds' if done.unit == 'ms' else 'seconds'}, median {done.median_ms:.0f} ms."
    )
    say(f"{'Would write' if dry_run else 'Wrote'} {done.written[0]}")
    return EXIT_DONE
