"""The commands that bring other formats into a study."""

from __future__ import annotations

import typer

import_app = typer.Typer(rich_markup_mode=None, help="Bring other formats into a study.")


@import_app.callback()
def _importing() -> None:
    """Bring other formats into a study."""
