"""Figures of QST."""

from __future__ import annotations

from collections.abc import Sequence

from nociscope.assays.declaration import Figure
from nociscope.assays.qst.read import QstRecording
from nociscope.assays.qst.settings import Settings
from nociscope.tables import Reading, Score


def draw(
    recording: QstRecording, readings: Sequence[Reading], scores: Sequence[Score], settings: Settings
) -> tuple[Figure, ...]:
    """Return the figures."""
    return ()
