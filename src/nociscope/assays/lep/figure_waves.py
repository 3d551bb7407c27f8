"""The averages with their marked peaks, the series, and every single trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nociscope.assays.declaration import Figure
from nociscope.assays.lep.figure_parts import (
    PEAKS,
    SHOWN_MS,
    frame,
    key_of,
    make_room,
    mean_band,
    number_of,
    place,
    placed_figure,
    reading_of,
)
from nociscope.assays.lep.recording import Floats, Stimulated
from nociscope.figures import PALETTE, figure_to_svg
from nociscope.tables import Reading

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def waves(s: Stimulated, readings: Sequence[Reading]) -> Figure:
    """Draw the average with its peaks, the N1 derivation, the series, and all single trials."""
    assert s.vertex_uv is not None
    fig = placed_figure(17.0, 11.5)
    spec = {"left": 0.075, "right": 0.985, "top": 0.95, "bottom": 0.09, "wspace": 0.2, "hspace": 0.22}
    grid = fig.subplots(2, 2, sharex=True, width_ratios=(1.35, 1.0), height_ratios=(1.55, 1.0), gridspec_kw=spec)
    _draw_average(grid[0, 0], s, readings)
    _draw_n1(grid[1, 0], s, readings)
    _draw_series(grid[0, 1], s)
    _draw_trials(grid[1, 1], s)
    key = key_of(s)
    return Figure(
        name=f"waves-{key}",
        title=f"Responses to laser pulses, {place(s)}",
        caption=_caption(s, readings),
        svg=figure_to_svg(fig, f"lep-waves-{key}"),
    )


def _draw_average(ax: Axes, s: Stimulated, readings: Sequence[Reading]) -> None:
    assert s.vertex_uv is not None
    mean, half = mean_band(s.vertex_uv[s.kept])
    t = 1000 * s.times_s
    ax.fill_between(t, mean - half, mean + half, color=PALETTE.loss, alpha=0.18, linewidth=0)
    ax.plot(t, mean, color=PALETTE.loss, linewidth=1.6)
    frame(ax, s)
    ax.set_title(f"Vertex (Cz), average of {int(s.kept.sum())} trials")
    for name, label in PEAKS[1:]:
        _mark(ax, t, mean, readings, name, label)
    if number_of(reading_of(readings, "response_present")) == 0.0:
        ax.text(0.98, 0.96, "no response", transform=ax.transAxes, ha="right", va="top", color=PALETTE.gain)
    make_room(ax, 0.2, 0.2)


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
        f"{label} {latency.value:.0f} ms\n{amplitude:.1f} uV",
        (latency.value, at),
        xytext=(0, 7 if up else -7),
        textcoords="offset points",
        ha="center",
        va="bottom" if up else "top",
        fontsize=8.5,
    )


def _draw_n1(ax: Axes, s: Stimulated, readings: Sequence[Reading]) -> None:
    frame(ax, s)
    ax.set_xlabel("ms after the pulse")
    if s.lateral_uv is None:
        ax.set_title("N1")
        ax.text(0.5, 0.5, "no contralateral electrode and Fz", transform=ax.transAxes, ha="center", va="center")
        ax.set_yticks([])
        return
    mean, half = mean_band(s.lateral_uv[s.kept])
    t = 1000 * s.times_s
    ax.fill_between(t, mean - half, mean + half, color=PALETTE.left, alpha=0.18, linewidth=0)
    ax.plot(t, mean, color=PALETTE.left, linewidth=1.4)
    ax.set_title(f"N1 derivation ({s.lateral_name})")
    _mark(ax, t, mean, readings, "n1", "N1")
    make_room(ax, 0.42, 0.1)


def _draw_series(ax: Axes, s: Stimulated) -> None:
    assert s.vertex_uv is not None
    labels = np.array(s.block, dtype=object)
    t = 1000 * s.times_s
    frame(ax, s)
    blocks = s.blocks
    ax.set_title("Series" if blocks else "Odd and even trials")
    if not blocks:
        groups = [("odd", np.arange(len(s.kept)) % 2 == 0), ("even", np.arange(len(s.kept)) % 2 == 1)]
    else:
        groups = [(f"series {b}", labels == b) for b in blocks]
    shades = np.linspace(0.0, 1.0, max(len(groups), 2))
    for (name, mask), shade in zip(groups, shades, strict=False):
        trials = s.vertex_uv[s.kept & mask]
        if len(trials):
            ax.plot(
                t, trials.mean(axis=0), color=_shade(float(shade)), linewidth=1.2, label=f"{name} ({len(trials)})"
            )
    make_room(ax, 0.34, 0.06)
    ax.legend(loc="lower right", fontsize=8, ncols=1 if len(groups) <= 3 else 2, handlelength=1.2, labelspacing=0.25)


def _shade(share: float) -> tuple[float, float, float]:
    """Return a colour from dark blue (first series) to orange (last), telling by lightness as well."""
    dark, light = np.array([0.05, 0.18, 0.36]), np.array([0.88, 0.50, 0.12])
    mixed = dark + (light - dark) * share
    return float(mixed[0]), float(mixed[1]), float(mixed[2])


def _draw_trials(ax: Axes, s: Stimulated) -> None:
    """Draw all clean trials as an image, first pulse on top; coarse, because a page is small."""
    assert s.vertex_uv is not None
    shown = (1000 * s.times_s >= SHOWN_MS[0]) & (1000 * s.times_s <= SHOWN_MS[1])
    trials, t = s.vertex_uv[s.kept][:, shown], 1000 * s.times_s[shown]
    width = max(len(t) // 125, 1)
    count = len(t) // width
    coarse = trials[:, : count * width].reshape(len(trials), count, width).mean(axis=2)
    top = float(np.quantile(np.abs(coarse), 0.99)) or 1.0
    ax.imshow(
        coarse,
        aspect="auto",
        cmap="RdBu_r",
        vmin=-top,
        vmax=top,
        extent=(float(t[0]), float(t[count * width - 1]), len(trials) + 0.5, 0.5),
    )
    ax.axvline(0, color=PALETTE.ink, linewidth=0.8)
    ax.set_title(f"Single trials (±{top:.0f} uV)")
    ax.set_xlabel("ms after the pulse")
    ax.set_ylabel("trial")


def _caption(s: Stimulated, readings: Sequence[Reading]) -> str:
    n, total = int(s.kept.sum()), len(s.kept)
    parts = [
        f"Laser pulses to the {place(s)}: {n} of {total} trials were free of artefacts. Top left: average at Cz "
        "against "
        f"{s.reference}, negative down, with its pointwise 95 % interval; dots mark N2 and P2, bars the interval of "
        "their latency."
    ]
    present = reading_of(readings, "response_present")
    if present is not None and present.value == 0.0:
        parts.append("No response stands out of the noise, so no peak is marked.")
    for name, label in PEAKS:
        latency, amplitude = (
            number_of(reading_of(readings, f"{name}_{what}", "average:all")) for what in ("latency", "amplitude")
        )
        if latency is not None and amplitude is not None:
            parts.append(f"{label} {latency:.0f} ms, {amplitude:.1f} uV.")
    size = reading_of(readings, "n2p2_amplitude", "average:all")
    if size is not None and size.value is not None and size.low is not None and size.high is not None:
        parts.append(f"N2-P2 {size.value:.1f} uV (95 % interval {size.low:.1f} to {size.high:.1f}).")
    parts.append(
        "Top right: the averages of the series, dark first. Bottom left: the N1 derivation. Bottom right: every "
        "clean "
        "trial as a row of colour, the first on top, blue negative, red positive."
    )
    if s.average_reference:
        parts.append("The average reference had to be used, so no norm applies.")
    return " ".join(parts)
