"""The figure of laboratory values: each beside its own limits."""

from __future__ import annotations

from collections.abc import Sequence

from nociscope.assays.declaration import Figure
from nociscope.assays.labs.measure import LabsSettings
from nociscope.assays.labs.panel import title
from nociscope.assays.labs.read import LabRecording
from nociscope.tables import Reading, Score

MOST = 24
_FAR = 4.0


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
    from nociscope.figures import PALETTE, figure_to_svg, house_style, new_figure

    shown: list[tuple[Reading, float, float | None, str]] = []
    for reading in readings:
        if reading.value is None:
            continue
        for s in scores:
            same = (s.measure, s.value) == (reading.measure, reading.value) and s.call != "not_comparable"
            if same and s.limit_high is not None and s.limit_high > 0:
                low = None if s.limit_low is None else s.limit_low / s.limit_high
                shown.append((reading, reading.value / s.limit_high, low, s.call))
                break
    shown = shown[:MOST]
    if not shown:
        return ()
    end = max(1.6, min(_FAR, 1.15 * max(x for _, x, _, _ in shown)))
    with house_style():
        fig = new_figure(14.0, 1.9 + 0.6 * len(shown))
        ax = fig.subplots()
        ax.axvspan(1.0, end, color=PALETTE.band, linewidth=0)
        ax.axvline(1.0, color=PALETTE.ink, linewidth=1.0)
        for place, (_, ratio, low, call) in enumerate(shown):
            colour = PALETTE.call(call)
            if low is not None:
                ax.plot([max(low, 0), 1.0], [place, place], color=PALETTE.rule, linewidth=7, solid_capstyle="butt")
            ax.plot(
                [min(max(ratio, 0), end * 0.985)],
                [place],
                marker=">" if ratio > end else "o",
                markersize=7,
                color=colour,
                markerfacecolor=PALETTE.white if call == "normal" else colour,
                markeredgewidth=1.4,
                clip_on=False,
            )
        ax.set_yticks(range(len(shown)), [title(r.measure) for r, _, _, _ in shown])
        ax.set_ylim(len(shown) - 0.5, -0.5)
        ax.set_xlim(0, end)
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel("multiple of the laboratory's upper limit")
        svg = figure_to_svg(fig, "labs-limits")
    words = [
        f"{title(r.measure)} {r.value:g} {r.unit}, {ratio:.2g} times the upper limit"
        + (" (beyond its limits)" if call != "normal" else "")
        for r, ratio, _, call in shown
    ]
    legend = "Each value as a multiple of its upper limit; grey bars reach from the lower to the upper limit."
    caption = f"{legend} {'; '.join(words)}."
    return (
        Figure(
            name="limits",
            title="Laboratory values beside their own limits",
            caption=caption,
            svg=svg,
            wide=True,
        ),
    )
