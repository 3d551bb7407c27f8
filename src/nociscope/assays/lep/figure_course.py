"""The size of every trial, and the rating of every pulse, over pulses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nociscope.assays.declaration import Figure
from nociscope.assays.lep.figure_parts import (
    canvas,
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
    with_interval,
)
from nociscope.assays.lep.peaks import vertex_peaks, windows_for
from nociscope.assays.lep.recording import Floats, Stimulated
from nociscope.assays.lep.series import amplitudes_at_peaks
from nociscope.assays.lep.settings import LepSettings
from nociscope.figures import PALETTE, figure_to_svg
from nociscope.tables import Reading

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_LEFT, _BOTTOM, _HEIGHT = 1.3, 1.1, 4.6
_WIDE, _NARROW = 15.5, 8.3
_RIGHT, _RIGHT_WIDTH = 10.6, 5.9


def course(s: Stimulated, readings: Sequence[Reading], settings: LepSettings) -> Figure | None:
    """Draw the size of every trial over pulses with series means and the fitted line."""
    assert s.vertex_uv is not None
    if number_of(reading_of(readings, "response_present")) != 1.0:
        return None
    windows = windows_for(s.site, s.laser, settings.windows)
    vertex = vertex_peaks(s.vertex_uv[s.kept].mean(axis=0)[None], s.times_s, windows)
    if not np.isfinite(vertex.peak_to_peak[0]):
        return None
    n2, p2 = amplitudes_at_peaks(s, vertex)
    has_ratings = bool(np.isfinite(s.all_ratings).any())
    fig = canvas(17.0, 6.4)
    box = (_LEFT, _BOTTOM, _NARROW if has_ratings else _WIDE, _HEIGHT)
    _draw_course(fig, box, s, readings, p2 - n2)
    if has_ratings:
        _draw_ratings(fig, s, readings)
    key = key_of(s)
    return Figure(
        name=f"habituation-{key}",
        title=f"Course over pulses, {place(s)}",
        caption=_caption(s, readings, has_ratings),
        svg=figure_to_svg(fig, f"lep-habituation-{key}"),
    )


def _draw_course(
    fig: Canvas,
    box_cm: tuple[float, float, float, float],
    s: Stimulated,
    readings: Sequence[Reading],
    size: Floats,
) -> None:
    ratio = with_interval(reading_of(readings, "habituation_ratio"), 2)
    slope = with_interval(reading_of(readings, "habituation_slope"), 2)
    note = f"last / first {ratio}" if ratio else f"slope {slope} %/pulse" if slope else ""
    ax = panel(fig, box_cm, "N2-P2 of each trial", x="pulse", y="µV", note=note)
    order = s.order[s.kept] + 1
    labels = [block for block, kept in zip(s.block, s.kept, strict=True) if kept]
    _dots(ax, order, size, s.blocks, labels)
    colours = series_colours(s.blocks)
    for block, mask in in_series(s.blocks, labels):
        if mask.sum() > 1:
            mean, half = (float(v[0]) for v in mean_band(size[mask][:, None]))
            ends = [float(order[mask].min()), float(order[mask].max())]
            ax.fill_between(ends, mean - half, mean + half, color=colours[block], alpha=0.16, linewidth=0)
            ax.plot(ends, [mean, mean], color=colours[block], linewidth=2.2)
    energy = s.energy_j[s.kept]
    if _energy_varies(s) and len(order) > 6:
        x = np.column_stack([np.ones(len(order)), order, energy - energy.mean()])
        beta, *_ = np.linalg.lstsq(x, size, rcond=None)
        line = np.array([order.min(), order.max()])
        ax.plot(line, beta[0] + beta[1] * line, color=PALETTE.ink, linewidth=1.2, linestyle=(0, (4, 2)))
    _pulse_axis(ax, len(s.all_ratings))
    ax.update_datalim([(1.0, 0.0)])  # sizes and their ratios are judged from 0
    level_axis(ax, 0.04, 0.04)


def _pulse_axis(ax: Axes, count: int) -> None:
    ax.set_xlim(0, count + 1)
    few_ticks(ax.xaxis, 1, count + 0.5)


def _dots(ax: Axes, x: Floats, y: Floats, blocks: Sequence[str], labels: Sequence[str]) -> None:
    """Draw a dot for each pulse in the colour of its series."""
    colours: dict[str, Any] = {**series_colours(blocks), "": PALETTE.muted}
    for block, mask in in_series((*blocks, ""), labels):
        known = mask & np.isfinite(y)
        if known.any():
            _dots_of_one_colour(ax, x[known], y[known], colours[block])


def _dots_of_one_colour(ax: Axes, x: Floats, y: Floats, colour: Any) -> None:
    """Draw dots as one path of lines without length and with round ends: a fifth of the bytes of markers."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    ends = np.repeat(np.column_stack([x, y]), 2, axis=0)
    codes = np.tile([Path.MOVETO, Path.LINETO], len(x))
    dots = {"capstyle": "round", "edgecolor": colour, "linewidth": 3.0, "alpha": 0.8}
    ax.add_patch(PathPatch(Path(ends, codes), fill=False, **dots))


def _energy_varies(s: Stimulated) -> bool:
    energy = s.energy_j[s.kept]
    return bool(np.isfinite(energy).all() and np.ptp(energy) > 1e-9)


def _draw_ratings(fig: Canvas, s: Stimulated, readings: Sequence[Reading]) -> None:
    mean = number_of(reading_of(readings, "pain_rating"))
    note = f"0-10, mean {mean:.1f}" if mean is not None else "0-10"
    box = (_RIGHT, _BOTTOM, _RIGHT_WIDTH, _HEIGHT)
    ax = panel(fig, box, "Pain rating", x="pulse", note=note)
    number = np.arange(1, len(s.all_ratings) + 1, dtype=np.float64)
    blocks = tuple(dict.fromkeys(b for b in s.all_rating_blocks if b))
    _dots(ax, number, s.all_ratings, blocks, s.all_rating_blocks)
    colours = series_colours(blocks)
    for block, mask in in_series(blocks, s.all_rating_blocks):
        known = mask & np.isfinite(s.all_ratings)
        if known.any():
            level = float(s.all_ratings[known].mean())
            ends = [float(number[known].min()), float(number[known].max())]
            ax.plot(ends, [level, level], color=colours[block], linewidth=2.2)
    _pulse_axis(ax, len(number))
    ax.set_ylim(-0.3, 10.3)
    ax.set_yticks([0, 5, 10], ["0", "5", "10"])


def _caption(s: Stimulated, readings: Sequence[Reading], has_ratings: bool) -> str:
    parts = [
        f"N2-P2 of every clean trial at the {place(s)}, measured at the latencies of the average, against the "
        "number of the pulse"
        + ("; bars are the means of the series with their 95 % interval, dark first." if s.blocks else ".")
    ]
    if _energy_varies(s):
        parts.append("The dashed line is the trend at the mean energy.")
    for name, label, unit in (
        ("habituation_ratio", "Last / first series", ""),
        ("habituation_first_drop", "Second / first series", ""),
        ("habituation_slope", "Slope", " % per pulse"),
    ):
        r = reading_of(readings, name)
        if r is not None and r.value is not None and r.low is not None and r.high is not None:
            value, low, high = (fixed(v, 2) for v in (r.value, r.low, r.high))
            parts.append(f"{label} {value}{unit} (95 % interval {low} to {high}).")
    if has_ratings:
        means = ", with the means of the series" if s.blocks else ""
        parts.append(f"Right: the pain rating of every pulse{means}.")
    return " ".join(parts)
