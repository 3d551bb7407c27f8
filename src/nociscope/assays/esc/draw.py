"""The figure of skin conductance: both sides of hands and feet, beside what groups of people had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nociscope.assays.declaration import Figure
from nociscope.assays.esc.measure import RAJAN_DOI, VINIK_DOI
from nociscope.assays.esc.read import EscRecording
from nociscope.tables import Reading, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAMES = {"hand": "hands", "foot": "feet"}


@dataclass(frozen=True, slots=True)
class Published:
    """Values of a published group, for orientation: never a limit.

    `spread` says what `low` and `high` are.
    """

    label: str
    low: float
    middle: float
    high: float


PUBLISHED = {
    "hand": (
        Published("healthy women, n 1,350 with men", 57, 75, 87),
        Published("healthy men, same study", 56, 76, 89),
        Published("healthy Korean women, n 22", 68.8 - 10.3, 68.8, 68.8 + 10.3),
        Published("Korean women with fibromyalgia, n 22", 57.6 - 16.2, 57.6, 57.6 + 16.2),
    ),
    "foot": (
        Published("healthy women, n 1,350 with men", 71, 83.5, 90),
        Published("healthy men, same study", 70, 82.5, 91),
        Published("healthy Korean women, n 22", 72.0 - 8.2, 72.0, 72.0 + 8.2),
        Published("Korean women with fibromyalgia, n 22", 64.9 - 11.5, 64.9, 64.9 + 11.5),
    ),
}
"""Healthy: Vinik 2016, doi 10.1089/dia.2015.0396, abstract (what its brackets are is not stated there). Korean women:
PubMed 39468927, mean and one SD."""


def draw(
    recording: EscRecording, readings: Sequence[Reading], scores: Sequence[Score], settings: Any = None
) -> tuple[Figure, ...]:
    """Draw the conductances of a visit beside published group values.

    Returns
    -------
    tuple of Figure
        One, named ``conductance``; none without a value.
    """
    from nociscope.figures import figure_to_svg, house_style, new_figure

    shown = [r for r in readings if r.measure == "esc" and r.value is not None]
    sites = [s for s in _NAMES if any(r.site == s for r in shown)]
    if not sites:
        return ()
    with house_style():
        fig = new_figure(15.5, 0.9 + 3.3 * len(sites))
        axes = fig.subplots(len(sites), 1, sharex=True, squeeze=False)[:, 0]
        for ax, site in zip(axes, sites, strict=True):
            _site(ax, site, [r for r in shown if r.site == site])
        highest = max(105.0, *(1.05 * float(r.value or 0) for r in shown))
        axes[-1].set_xlim(0, highest)
        axes[-1].set_xlabel("skin conductance, µS")
        svg = figure_to_svg(fig, "esc-conductance")
    words = " ".join(_words(s, [r for r in readings if r.site == s and r.value is not None], scores) for s in sites)
    caption = (
        f"{words} Grey bars are published groups, for orientation only: healthy adults of a large study "
        f"(doi {VINIK_DOI}; what its brackets mean is not stated in the abstract) and Korean women (mean and one "
        "standard deviation). Their ranges contradict each other and differ by ancestry, so no limit is drawn and no "
        f"score is made without own controls. Conductance is supportive at most (doi {RAJAN_DOI})."
    )
    return (Figure(name="conductance", title="Electrochemical skin conductance", caption=caption, svg=svg),)


def _site(ax: Axes, site: str, shown: Sequence[Reading]) -> None:
    from nociscope.figures import PALETTE

    groups = PUBLISHED[site]
    for place, group in enumerate(groups, start=1):
        ax.plot([group.low, group.high], [place, place], color=PALETTE.rule, linewidth=5, solid_capstyle="butt")
        ax.plot([group.middle], [place], marker="|", markersize=8, color=PALETTE.muted)
        ax.annotate(
            group.label,
            (group.low, place),
            xytext=(-5, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8,
            color=PALETTE.muted,
        )
    marks = {"left": (PALETTE.left, "<"), "right": (PALETTE.right, ">"), "both": (PALETTE.ink, "D")}
    values = sorted(float(r.value or 0) for r in shown)
    for r in shown:
        colour, marker = marks.get(r.side, (PALETTE.ink, "o"))
        ax.plot(
            [float(r.value or 0)],
            [0],
            marker=marker,
            markersize=8,
            color=colour,
            linestyle="none",
            clip_on=False,
            zorder=4,
        )
    for r in shown:
        first = float(r.value or 0) <= values[0] and (r is shown[0] or values[0] != values[-1])
        ax.annotate(
            f"{r.side} {r.value:g}",
            (float(r.value or 0), 0),
            xytext=(-9 if first else 9, 0),
            textcoords="offset points",
            ha="right" if first else "left",
            va="center",
            fontsize=9,
            fontweight="bold",
            color=marks.get(r.side, (PALETTE.ink, "o"))[0],
        )
    ax.set_ylim(len(groups) + 0.6, -0.7)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_title(_NAMES[site])


def _words(site: str, readings: Sequence[Reading], scores: Sequence[Score]) -> str:
    """Return the values of one site in a sentence."""
    sides = ", ".join(f"{r.side} {r.value:g} µS" for r in readings if r.measure == "esc")
    text = f"{_NAMES[site].capitalize()}: {sides}"
    for r in readings:
        if r.measure == "esc_asymmetry":
            text += f", difference between the sides {r.value:.0f} %"
        if r.measure == "esc_per_kg":
            text += f", {r.value:.2f} µS per kg body weight"
    judged = [s for s in scores if s.measure == "esc" and s.site == site and s.z is not None]
    if judged:
        text += "; against own controls z " + ", ".join(f"{s.z:+.1f} ({s.side})" for s in judged)
    return f"{text}."
