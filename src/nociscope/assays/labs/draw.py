"""The figure of laboratory values: each beside its own limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nociscope.assays.declaration import Figure
from nociscope.assays.labs.measure import LabsSettings
from nociscope.assays.labs.panel import title
from nociscope.assays.labs.read import LabRecording
from nociscope.tables import Reading, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 24
_FAR = 4.0


@dataclass(frozen=True, slots=True)
class _Shown:
    """One value as a multiple of its upper limit; `low` is the lower limit as such a multiple."""

    reading: Reading
    ratio: float
    low: float | None
    call: str


def draw(
    recording: LabRecording,
    readings: Sequence[Reading],
    scores: Sequence[Score],
    settings: LabsSettings | None = None,
) -> tuple[Figure, ...]:
    """Draw each value as a multiple of its upper limit of normal.

    Parameters
    ----------
    recording : LabRecording
        Not used.
    readings, scores : sequence
        Of this visit.
    settings : LabsSettings, optional

    Returns
    -------
    tuple of Figure
        One, named ``limits``; none when no value has an upper limit.
    """
    shown = _shown(readings, scores)[:MOST]
    if not shown:
        return ()
    from nociscope.figures import PALETTE, figure_to_svg, house_style, new_figure

    end = max(1.6, min(_FAR, 1.15 * max(s.ratio for s in shown)))
    with house_style():
        fig = new_figure(14.0, 1.9 + 0.6 * len(shown))
        ax = fig.subplots()
        ax.axvspan(1.0, end, color=PALETTE.band, linewidth=0)
        ax.axvline(1.0, color=PALETTE.ink, linewidth=1.0)
        for place, one in enumerate(shown):
            _value(ax, place, one, end, PALETTE)
        ax.set_yticks(range(len(shown)), [title(s.reading.measure) for s in shown])
        ax.set_ylim(len(shown) - 0.5, -0.5)
        ax.set_xlim(0, end)
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel("multiple of the laboratory's upper limit")
        svg = figure_to_svg(fig, "labs-limits")
    return (
        Figure(
            name="limits",
            title="Laboratory values beside their own limits",
            caption=_caption(shown),
            svg=svg,
            wide=True,
        ),
    )


def _shown(readings: Sequence[Reading], scores: Sequence[Score]) -> list[_Shown]:
    """Return the values that have an upper limit above 0, in the order of the readings."""
    found: list[_Shown] = []
    for reading in readings:
        if reading.value is None:
            continue
        for s in scores:
            same = (s.measure, s.value) == (reading.measure, reading.value) and s.call != "not_comparable"
            if same and s.limit_high is not None and s.limit_high > 0:
                low = None if s.limit_low is None else s.limit_low / s.limit_high
                found.append(_Shown(reading, reading.value / s.limit_high, low, s.call))
                break
    return found


def _value(ax: Axes, place: int, one: _Shown, end: float, palette: Any) -> None:
    """Draw one value in its row, with the bar of what is normal; an arrow where it lies beyond the axis."""
    colour = palette.call(one.call)
    if one.low is not None:
        ax.plot([max(one.low, 0), 1.0], [place, place], color=palette.rule, linewidth=7, solid_capstyle="butt")
    ax.plot(
        [min(max(one.ratio, 0), end * 0.985)],
        [place],
        marker=">" if one.ratio > end else "o",
        markersize=7,
        color=colour,
        markerfacecolor=palette.white if one.call == "normal" else colour,
        markeredgewidth=1.4,
        clip_on=False,
    )


def _caption(shown: Sequence[_Shown]) -> str:
    words = [
        f"{title(s.reading.measure)} {s.reading.value:g} {s.reading.unit}, {s.ratio:.2g} times the upper limit"
        + (" (beyond its limits)" if s.call != "normal" else "")
        for s in shown
    ]
    legend = "Each value as a multiple of its upper limit; grey bars reach from the lower to the upper limit."
    return f"{legend} {'; '.join(words)}."
