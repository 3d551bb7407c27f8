"""The size of every trial, and the rating of every pulse, over pulses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nociscope.assays.declaration import Figure
from nociscope.assays.lep.figure_parts import key_of, mean_band, number_of, place, placed_figure, reading_of
from nociscope.assays.lep.peaks import vertex_peaks, windows_for
from nociscope.assays.lep.recording import Floats, Stimulated
from nociscope.assays.lep.series import amplitudes_at_peaks
from nociscope.assays.lep.settings import LepSettings
from nociscope.figures import PALETTE, figure_to_svg
from nociscope.tables import Reading

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    size, order = p2 - n2, s.order[s.kept] + 1
    has_ratings = bool(np.isfinite(s.all_ratings).any())
    fig = placed_figure(17.0, 6.5)
    spec = {"left": 0.075, "right": 0.985, "top": 0.9, "bottom": 0.17, "wspace": 0.18}
    axes = fig.subplots(1, 2 if has_ratings else 1, squeeze=False, gridspec_kw=spec)[0]
    _draw_course(axes[0], s, order, size)
    axes[0].set_title("N2-P2 of each trial")
    axes[0].set_ylabel("uV")
    if has_ratings:
        _draw_ratings(axes[1], s)
    key = key_of(s)
    return Figure(
        name=f"habituation-{key}",
        title=f"Course over pulses, {place(s)}",
        caption=_course_caption(s, readings, has_ratings),
        svg=figure_to_svg(fig, f"lep-habituation-{key}"),
    )


def _draw_course(ax: Axes, s: Stimulated, order: Floats, size: Floats) -> None:
    energy = s.energy_j[s.kept]
    known = np.isfinite(energy)
    ax.scatter(order, size, s=9, color=PALETTE.muted, linewidths=0, zorder=2)
    labels = np.array(s.block, dtype=object)[s.kept]
    for block in s.blocks:
        mask = labels == block
        if mask.sum() > 1:
            mean, half = mean_band(size[mask][:, None])
            low, high = float(order[mask].min()), float(order[mask].max())
            ax.fill_between(
                [low, high],
                float(mean[0] - half[0]),
                float(mean[0] + half[0]),
                color=PALETTE.loss,
                alpha=0.18,
                linewidth=0,
            )
            ax.plot([low, high], [float(mean[0])] * 2, color=PALETTE.loss, linewidth=2.0)
    if known.all() and np.ptp(energy) > 1e-9 and len(order) > 6:
        x = np.column_stack([np.ones(len(order)), order, energy - energy.mean()])
        beta, *_ = np.linalg.lstsq(x, size, rcond=None)
        ends = np.array([order.min(), order.max()])
        ax.plot(ends, beta[0] + beta[1] * ends, color=PALETTE.gain, linewidth=1.4, linestyle=(0, (4, 2)))
    ax.axhline(0, color=PALETTE.rule, linewidth=0.8)
    ax.set_xlabel("pulse")


def _draw_ratings(ax: Axes, s: Stimulated) -> None:
    number = np.arange(len(s.all_ratings)) + 1
    ax.scatter(number, s.all_ratings, s=9, color=PALETTE.muted, linewidths=0)
    labels = np.array(s.all_rating_blocks, dtype=object)
    for block in dict.fromkeys(b for b in s.all_rating_blocks if b):
        mask = (labels == block) & np.isfinite(s.all_ratings)
        if mask.any():
            mean = float(s.all_ratings[mask].mean())
            ax.plot([number[mask].min(), number[mask].max()], [mean, mean], color=PALETTE.gain, linewidth=2.0)
    ax.set_ylim(-0.3, 10.3)
    ax.set_title("Pain rating")
    ax.set_xlabel("pulse")
    ax.set_ylabel("0-10")


def _course_caption(s: Stimulated, readings: Sequence[Reading], has_ratings: bool) -> str:
    parts = [
        f"N2-P2 of every clean trial at the {place(s)}, measured at the latencies of the average, against the "
        "number of "
        "the pulse; blue lines are the means of the series with their 95 % interval."
    ]
    if np.isfinite(s.energy_j[s.kept]).all() and np.ptp(s.energy_j[s.kept]) > 1e-9:
        parts.append("The dashed line is the trend at the mean energy.")
    for name, label, unit in (
        ("habituation_ratio", "Last / first series", ""),
        ("habituation_first_drop", "second / first series", ""),
        ("habituation_slope", "slope", " % per pulse"),
    ):
        r = reading_of(readings, name)
        if r is not None and r.value is not None and r.low is not None and r.high is not None:
            parts.append(
                f"{label[0].upper()}{label[1:]} {r.value:.2f}{unit} (95 % interval {r.low:.2f} to {r.high:.2f})."
            )
    if has_ratings:
        parts.append("Right: the pain rating of every pulse, with the means of the series.")
    return " ".join(parts)
