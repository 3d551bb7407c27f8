"""The averages with their marked peaks, the series, and every single trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nociscope.assays.declaration import Figure
from nociscope.assays.lep.figure_parts import (
    PEAKS,
    canvas,
    colour_image,
    few_ticks,
    fixed,
    in_series,
    key_of,
    level_axis,
    mean_band,
    number_of,
    panel,
    place,
    reading_of,
    series_colours,
    shown,
    time_axis,
    with_interval,
)
from nociscope.assays.lep.recording import Floats, Stimulated
from nociscope.figures import PALETTE, figure_to_svg
from nociscope.tables import Reading

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_LEFT, _LEFT_WIDTH = 1.3, 8.3
_RIGHT, _RIGHT_WIDTH = 10.6, 5.9
_LOW, _LOW_HEIGHT = 1.05, 3.4
_HIGH, _HIGH_HEIGHT = 5.45, 5.4
_AFTER = "ms after the pulse"


def waves(s: Stimulated, readings: Sequence[Reading]) -> Figure:
    """Draw the average with its peaks, the N1 derivation, the series, and all single trials."""
    fig = canvas(17.0, 11.5)
    _draw_average(fig, s, readings)
    if s.lateral_uv is not None:
        _draw_n1(fig, s, s.lateral_uv, readings)
    _draw_series(fig, s)
    _draw_trials(fig, s)
    key = key_of(s)
    return Figure(
        name=f"waves-{key}",
        title=f"Responses to laser pulses, {place(s)}",
        caption=_caption(s, readings),
        svg=figure_to_svg(fig, f"lep-waves-{key}"),
    )


def _draw_average(fig: Canvas, s: Stimulated, readings: Sequence[Reading]) -> None:
    assert s.vertex_uv is not None
    absent = number_of(reading_of(readings, "response_present")) == 0.0
    size = with_interval(reading_of(readings, "n2p2_amplitude", "average:all"), 1)
    note = "no response" if absent else f"N2-P2 {size} µV" if size else ""
    title = f"Vertex (Cz), {int(s.kept.sum())} trials"
    alone = s.lateral_uv is None
    bottom = _LOW if alone else _HIGH
    box = (_LEFT, bottom, _LEFT_WIDTH, _HIGH + _HIGH_HEIGHT - bottom)
    ax = panel(fig, box, title, x=_AFTER if alone else "", y="µV", note=note)
    t, mean = _draw_mean(ax, s, s.vertex_uv, PALETTE.loss)
    time_axis(ax, t, numbers=alone)
    for name, label in PEAKS[1:]:
        _mark(ax, t, mean, readings, name, label)
    level_axis(ax, 0.2, 0.2)


def _draw_mean(ax: Axes, s: Stimulated, epochs: Floats, colour: str) -> tuple[Floats, Floats]:
    """Draw the average of the clean trials with its interval; return its times (ms) and values."""
    t, part = shown(s)
    mean, half = mean_band(epochs[s.kept][:, part])
    ax.fill_between(t[::2], (mean - half)[::2], (mean + half)[::2], color=colour, alpha=0.18, linewidth=0)
    ax.plot(t, mean, color=colour, linewidth=1.6)
    return t, mean


def _mark(ax: Axes, t: Floats, mean: Floats, readings: Sequence[Reading], name: str, label: str) -> None:
    latency = reading_of(readings, f"{name}_latency", "average:all")
    amplitude = number_of(reading_of(readings, f"{name}_amplitude", "average:all"))
    if latency is None or latency.value is None or amplitude is None:
        return
    at = float(np.interp(latency.value, t, mean))
    up = amplitude > 0
    if latency.low is not None and latency.high is not None:
        ax.plot([latency.low, latency.high], [at, at], color=PALETTE.ink, linewidth=1.0)
    ax.plot([latency.value], [at], marker="o", color=PALETTE.ink, markersize=4.5)
    ax.annotate(
        f"{label} {latency.value:.0f} ms\n{fixed(amplitude, 1)} µV",
        (latency.value, at),
        xytext=(0, 7 if up else -7),
        textcoords="offset points",
        ha="center",
        va="bottom" if up else "top",
        fontsize=8.5,
    )


def _draw_n1(fig: Canvas, s: Stimulated, lateral_uv: Floats, readings: Sequence[Reading]) -> None:
    found = number_of(reading_of(readings, "n1_amplitude", "average:all")) is not None
    note = "" if found else "no N1 above the noise"
    ax = panel(fig, (_LEFT, _LOW, _LEFT_WIDTH, _LOW_HEIGHT), f"N1 ({s.lateral_name})", x=_AFTER, y="µV", note=note)
    t, mean = _draw_mean(ax, s, lateral_uv, PALETTE.left)
    time_axis(ax, t, numbers=True)
    _mark(ax, t, mean, readings, "n1", "N1")
    level_axis(ax, 0.42 if found else 0.05, 0.1)


def _draw_series(fig: Canvas, s: Stimulated) -> None:
    assert s.vertex_uv is not None
    title = "Series" if s.blocks else "Odd and even trials"
    ax = panel(fig, (_RIGHT, _HIGH, _RIGHT_WIDTH, _HIGH_HEIGHT), title)
    t, part = shown(s)
    labels = s.block if s.blocks else ["even" if k % 2 else "odd" for k in range(len(s.kept))]
    blocks = s.blocks or ("odd", "even")
    colours = series_colours(blocks)
    named = []
    for block, mask in in_series(blocks, labels):
        trials = s.vertex_uv[s.kept & mask][:, part]
        if len(trials):
            ax.plot(t, trials.mean(axis=0), color=colours[block], linewidth=1.3)
            named.append((colours[block], f"{'series ' if s.blocks else ''}{block} ({len(trials)})"))
    time_axis(ax, t, numbers=False)
    level_axis(ax, 0.34, 0.06)
    _name_curves(ax, named[:_MOST_NAMED])


_MOST_NAMED = 8
"""Names of so many series fit below the curves."""


def _name_curves(ax: Axes, named: Sequence[tuple[tuple[float, float, float], str]]) -> None:
    """Name curves at the lower right, in columns of four; matplotlib's legend takes as long as the rest together."""
    columns = -(-len(named) // 4)
    for k, (colour, name) in enumerate(named):
        x = 0.56 - 0.42 * (columns - 1 - k // 4)
        y = 0.07 * (min(len(named), 4) - k % 4) - 0.035
        ax.plot([x, x + 0.06], [y, y], color=colour, linewidth=1.6, transform=ax.transAxes)
        ax.text(x + 0.09, y, name, transform=ax.transAxes, fontsize=8, va="center")


def _draw_trials(fig: Canvas, s: Stimulated) -> None:
    """Draw all clean trials as an image, first pulse on top; coarse, because a page is small."""
    assert s.vertex_uv is not None
    t, part = shown(s)
    trials = s.vertex_uv[s.kept][:, part]
    width = max(len(t) // 125, 1)
    count = len(t) // width
    coarse = trials[:, : count * width].reshape(len(trials), count, width).mean(axis=2)
    top = float(np.quantile(np.abs(coarse), 0.99)) or 1.0
    note = f"blue \N{MINUS SIGN}{top:.0f}, red {top:.0f} µV"
    ax = panel(fig, (_RIGHT, _LOW, _RIGHT_WIDTH, _LOW_HEIGHT), "Single trials", x=_AFTER, note=note)
    colour_image(ax, coarse, top, (float(t[0]), float(t[-1]), len(trials) + 0.5, 0.5))
    time_axis(ax, t, numbers=True, guides=False)
    colours = series_colours(s.blocks)
    labels = [block for block, kept in zip(s.block, s.kept, strict=True) if kept]
    for block, mask in in_series(s.blocks, labels):  # a strip of the series' colour at the right edge
        rows = np.flatnonzero(mask)
        if len(rows):
            ends = [rows[0] + 0.5, rows[-1] + 1.5]
            edge = [float(t[-1]) + 22] * 2
            ax.plot(edge, ends, color=colours[block], linewidth=3, solid_capstyle="butt", clip_on=False)
    ax.set_xlim(float(t[0]), float(t[-1]))
    ax.set_ylim(len(trials) + 0.5, 0.5)
    few_ticks(ax.yaxis, 1, len(trials))


def _caption(s: Stimulated, readings: Sequence[Reading]) -> str:
    n, total = int(s.kept.sum()), len(s.kept)
    first = "Left" if s.lateral_uv is None else "Top left"
    parts = [
        f"Laser pulses to the {place(s)}: {n} of {total} trials were free of artefacts. {first}: average at Cz "
        f"against {s.reference}, negative down, with its pointwise 95 % interval; dots mark N2 and P2, bars the "
        "interval of their latency."
    ]
    if number_of(reading_of(readings, "response_present")) == 0.0:
        parts.append("No response stands out of the noise, so no peak is marked.")
    for name, label in PEAKS:
        latency, amplitude = (
            number_of(reading_of(readings, f"{name}_{what}", "average:all")) for what in ("latency", "amplitude")
        )
        if latency is not None and amplitude is not None:
            parts.append(f"{label} {latency:.0f} ms, {fixed(amplitude, 1)} µV.")
    size = reading_of(readings, "n2p2_amplitude", "average:all")
    if size is not None and size.value is not None and size.low is not None and size.high is not None:
        low, high = fixed(size.low, 1), fixed(size.high, 1)
        parts.append(f"N2-P2 {fixed(size.value, 1)} µV (95 % interval {low} to {high}).")
    series = "the averages of the series, dark first" if s.blocks else "the averages of odd and even trials"
    n1 = "There is no N1: a contralateral electrode or Fz is missing."
    if s.lateral_uv is not None:
        n1 = "Bottom left: the N1 derivation."
    parts.append(
        f"Top right: {series}. {n1} Bottom right: every clean trial as a row of colour, "
        "the first on top" + (", with the colours of the series at its edge." if s.blocks else ".")
    )
    if s.average_reference:
        parts.append("The average reference had to be used, so no norm applies.")
    return " ".join(parts)
