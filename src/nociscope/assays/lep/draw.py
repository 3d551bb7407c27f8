"""Figures on which every peak can be checked by eye: average, series, single trials, habituation, scalp map."""

from __future__ import annotations

from collections.abc import Sequence

from nociscope.assays.declaration import Figure
from nociscope.assays.lep.figure_course import course
from nociscope.assays.lep.figure_scalp import scalp_map
from nociscope.assays.lep.figure_time_frequency import time_frequency
from nociscope.assays.lep.figure_waves import waves
from nociscope.assays.lep.recording import LepRecording
from nociscope.assays.lep.settings import LepSettings
from nociscope.figures import house_style
from nociscope.tables import Reading, Score


def draw(
    recording: LepRecording, readings: Sequence[Reading], scores: Sequence[Score], settings: LepSettings
) -> tuple[Figure, ...]:
    """Draw each stimulated site and side.

    Parameters
    ----------
    recording : LepRecording
    readings : sequence of Reading
        As measured of it: the peaks that are marked.
    scores : sequence of Score
    settings : LepSettings

    Returns
    -------
    tuple of Figure
        Per site and side: the average with its interval and marked peaks beside N1, series and single trials; the
        course over pulses; a scalp map where there are electrodes enough; a time-frequency map when asked for.
    """
    figures: list[Figure] = []
    for s in recording.stimulated:
        if s.vertex_uv is None or s.failed or not s.kept.any():
            continue
        own = [r for r in readings if r.site == s.site and r.side == s.side]
        with house_style():
            made = [waves(s, own), course(s, own, settings), scalp_map(s, own)]
            if settings.time_frequency:
                made.append(time_frequency(s))
        figures += [figure for figure in made if figure is not None]
    return tuple(figures)
