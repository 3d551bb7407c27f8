"""The commands that bring other formats into a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nociscope.cli.screen import complain_of, counted, say
from nociscope.problems import EXIT_DONE, EXIT_SOME_FAILED

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
