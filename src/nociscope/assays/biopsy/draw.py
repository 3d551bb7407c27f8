"""The figure of a biopsy: density by site, its interval, its sections and the limit of normal."""

from __future__ import annotations

from collections.abc import Sequence

from nociscope.assays.biopsy.measure import BiopsySettings
from nociscope.assays.biopsy.read import BiopsyRecording
from nociscope.assays.declaration import Figure
from nociscope.tables import Reading, Score


def draw(
    recording: BiopsyRecording,
    readings: Sequence[Reading],
    scores: Sequence[Score],
    settings: BiopsySettings | None = None,
) -> tuple[Figure, ...]:
    return ()
