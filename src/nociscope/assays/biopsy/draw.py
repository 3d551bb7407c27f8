"""The figure of a biopsy: density by site, its interval, its sections and the limit of normal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nociscope.assays.biopsy.measure import BiopsySettings
from nociscope.assays.biopsy.pattern import chance_of_false_loss
from nociscope.assays.biopsy.read import BiopsyRecording, Section
from nociscope.assays.biopsy.table import STAINS
from nociscope.assays.declaration import Figure
from nociscope.tables import Reading, Score
from nociscope.tsv import MISSING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BAR = 0.30
"""Half height of a row's limit line, in rows."""


def draw(
    recording: BiopsyRecording,
    readings: Sequence[Reading],
    scores: Sequence[Score],
    settings: BiopsySettings | None = None,
) -> tuple[Figure, ...]:
    """Draw the density of every biopsy of a visit.

    Parameters
    ----------
    recording : BiopsyRecording
        Gives the sections.
    readings, scores : sequence
        Of this visit; those of other assays and measures are ignored.
    settings : BiopsySettings, optional
        Not used.

    Returns
    -------
    tuple of Figure
        One, named ``density``; none when no biopsy has a value.
    """
    from nociscope.figures import figure_to_svg, house_style, new_figure

    shown = [r for r in readings if r.measure == "ienfd" and r.value is not None]
    if not shown:
        return ()
    names = [_name(r, shown) for r in shown]
    of_reading = [_score_of(r, scores) for r in shown]
    with house_style():
        fig = new_figure(13.0, 2.1 + 1.35 * len(shown))
        ax = fig.subplots()
        for place, (reading, score) in enumerate(zip(shown, of_reading, strict=True)):
            _row(ax, place, reading, score, _sections_of(reading, recording.sections))
        ax.set_yticks(range(len(shown)), names)
        ax.set_ylim(len(shown) - 0.45, -0.55)
        ends = [v for r in shown for v in (r.value, r.high) if v is not None]
        ends += [d for s in recording.sections if (d := s.density) is not None]
        ends += [s.limit_low for s in of_reading if s is not None and s.limit_low is not None]
        ax.set_xlim(0, 1.08 * max(max(ends), 0.5))
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel("fibres per mm of epidermis")
        svg = figure_to_svg(fig, "biopsy-density")
    caption = " ".join(_words(n, r, s) for n, r, s in zip(names, shown, of_reading, strict=True))
    judged = sum(s is not None and s.call != "not_comparable" for s in of_reading)
    legend = "Large dot and bar: density and 95 % interval; open dots: single sections."
    if any(s is not None and s.limit_low is not None for s in of_reading):
        legend += " Shaded: below the limit of normal."
    if judged > 1:
        legend += (
            f" With {judged} biopsies judged, and if each limit is a 5th centile, up to "
            f"{100 * chance_of_false_loss(judged):.0f} % of healthy people have one below its limit by chance."
        )
    return (
        Figure(
            name="density",
            title="Intraepidermal nerve fibre density",
            caption=f"{caption} {legend}",
            svg=svg,
            wide=True,
        ),
    )


def _row(ax: Axes, place: int, reading: Reading, score: Score | None, sections: Sequence[Section]) -> None:
    """Draw one biopsy: the region below its limit, its sections, its interval and its density."""
    from nociscope.figures import PALETTE

    colour = PALETTE.call(score.call if score else "not_comparable")
    limit = score.limit_low if score else None
    if limit is not None:
        ax.fill_betweenx([place - _BAR, place + _BAR], 0, limit, color=PALETTE.band, linewidth=0, zorder=0.5)
        ax.plot([limit, limit], [place - _BAR, place + _BAR], color=PALETTE.ink, linewidth=1.2, zorder=1)
        ax.annotate(
            f"limit {limit:.1f}",
            (limit, place - _BAR),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8,
            color=PALETTE.muted,
        )
    dots = [s.density for s in sections if s.density is not None]
    ax.plot(
        dots,
        [place + 0.17] * len(dots),
        linestyle="none",
        marker="o",
        markersize=4.2,
        markerfacecolor=PALETTE.white,
        markeredgecolor=PALETTE.muted,
        markeredgewidth=0.8,
        clip_on=False,
        zorder=2,
    )
    if reading.low is not None and reading.high is not None:
        ax.plot([reading.low, reading.high], [place, place], color=colour, linewidth=3.0, zorder=3)
    value = float(reading.value or 0.0)
    ax.plot([value], [place], marker="o", markersize=8, color=colour, clip_on=False, zorder=4)
    ax.annotate(
        f"{value:.1f}" + (" below" if score and score.call == "loss" else ""),
        (value, place),
        xytext=(0, 7),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=9,
        fontweight="bold",
        color=colour,
    )


def _score_of(reading: Reading, scores: Sequence[Score]) -> Score | None:
    """Return the score of a reading, one against a norm before one without; matched by value where stains differ."""
    of_place = [
        s
        for s in scores
        if (s.measure, s.site, s.side) == (reading.measure, reading.site, reading.side)
        and (s.value is None or reading.value is None or abs(s.value - reading.value) <= 1e-6 * (1 + reading.value))
    ]
    return min(of_place, key=lambda s: s.call == "not_comparable", default=None)


def _sections_of(reading: Reading, sections: Sequence[Section]) -> list[Section]:
    """Return the sections that a reading was made from."""
    of_place = [s for s in sections if (s.site, s.side, s.stain) == (reading.site, reading.side, reading.method)]
    counted = [s for s in of_place if s.fibres is not None]
    return counted or of_place


def _name(reading: Reading, shown: Sequence[Reading]) -> str:
    """Return how a biopsy is called: its site, its side where known, its stain where the stains differ."""
    name = reading.site.replace("_", " ")
    if reading.side != MISSING:
        name = f"{name}, {reading.side}"
    if len({r.method for r in shown}) > 1:
        stain = STAINS.get(reading.method, "stain not stated")
        name += f"\n{stain.removeprefix('PGP 9.5, ')}"
    return name


def _words(name: str, reading: Reading, score: Score | None) -> str:
    """Return one biopsy in a sentence."""
    sections = "1 section" if reading.n == 1 else f"{reading.n} sections"
    text = f"{name[0].upper()}{name[1:]}: {reading.value:.1f} fibres/mm".replace("\n", ", ")
    if reading.low is not None and reading.high is not None:
        text += f" ({reading.low:.1f} to {reading.high:.1f}, {sections})"
    else:
        text += f" ({sections}, no interval)"
    if score is None or score.call == "not_comparable":
        reason = score.reason if score else ""
        return f"{text}, not compared with a norm" + (f": {reason}." if reason else ".")
    side = {"loss": "below", "normal": "not below", "gain": "above"}.get(score.call, "beyond")
    if score.limit_low is not None:
        text += f", {side} the limit of {score.limit_low:.1f} for this person"
    if score.p_beyond is not None:
        percent = 100 * score.p_beyond
        chance = "less than 1 %" if percent < 1 else "more than 99 %" if percent > 99 else f"{percent:.0f} %"
        text += f"; the probability that the true density lies below it is {chance}"
    return f"{text}."
