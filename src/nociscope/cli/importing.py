"""The commands that bring other formats into a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nociscope.cli.screen import complain_of, say
from nociscope.problems import EXIT_DONE, EXIT_SOME_FAILED

import_app = typer.Typer(rich_markup_mode=None, help="Bring other formats into a study.")


@import_app.callback()
def _importing() -> None:
    """Bring other formats into a study."""


@import_app.command("ccm-jpeg", epilog="Example: nociscope import ccm-jpeg export/ study/ --participant-label 01")
def ccm_jpeg(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A JPEG frame, or a folder of them.")],
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="The study; made when it does not exist.")],
    participant: Annotated[str, typer.Option("--participant-label", metavar="LABEL", help="Whose frames.")] = "",
    session: Annotated[str, typer.Option("--session-label", metavar="LABEL", help="At which visit.")] = "",
    eye: Annotated[str, typer.Option("--eye", metavar="OD|OS", help="Which eye; else from the names.")] = "",
    region: Annotated[str, typer.Option("--region", metavar="central|whorl", help="Which region.")] = "",
    pixel_um: Annotated[
        float | None, typer.Option("--pixel-um", min=0.02, max=20, help="Size of a pixel in um.")
    ] = None,
) -> int:
    """Corneal confocal frames exported as JPEG, to PNG with the same grey levels."""
    from nociscope.study.importers.ccm_jpeg import import_ccm_jpeg

    done = import_ccm_jpeg(
        source, study, participant=participant, session=session, eye=eye, region=region, pixel_um=pixel_um
    )
    complain_of(done.problems)
    already = f", {len(done.present)} there already" if done.present else ""
    say(f"{len(done.written)} frames imported{already}.")
    return EXIT_SOME_FAILED if done.problems else EXIT_DONE
