"""The commands that bring other formats into a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nociscope.cli.screen import complain_of, say
from nociscope.problems import EXIT_DONE

import_app = typer.Typer(rich_markup_mode=None, help="Bring other formats into a study.")


@import_app.callback()
def _importing() -> None:
    """Bring other formats into a study."""


@import_app.command("letswave", epilog="Example: nociscope import letswave sub-01_task-lep.lw6 study/ --pulse S77")
def letswave(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="The header, .lw6; its .mat lies beside it.")],
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="The study; made when it does not exist.")],
    participant: Annotated[str, typer.Option("--participant-label", metavar="LABEL", help="Whose recording.")] = "",
    session: Annotated[str, typer.Option("--session-label", metavar="LABEL", help="At which visit.")] = "",
    task: Annotated[str, typer.Option("--task", metavar="LABEL", help="Task; else from the name, else lep.")] = "",
    pulse: Annotated[
        list[str] | None, typer.Option("--pulse", metavar="CODE", help="An event code that is a laser pulse.")
    ] = None,
    site: Annotated[str, typer.Option("--site", metavar="SITE", help="Where: hand_dorsum, foot_dorsum, …")] = "",
    side: Annotated[str, typer.Option("--side", metavar="left|right", help="On which side.")] = "",
    reference: Annotated[str, typer.Option("--reference", help="What the EEG was recorded against.")] = "n/a",
) -> int:
    """Letswave data sets (continuous, epochs or averages), to BrainVision."""
    from nociscope.study.importers.letswave import import_letswave

    done = import_letswave(
        source,
        study,
        participant=participant,
        session=session,
        task=task,
        pulses=tuple(pulse or ()),
        site=site,
        side=side,
        reference=reference,
    )
    complain_of(done.problems)
    say(f"{len(done.written)} files written: {done.written[0]}")
    return EXIT_DONE
