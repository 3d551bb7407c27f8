"""Figures of heart-rate variability: intervals with edited beats, Poincaré plot, spectrum with its bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nociscope.assays.declaration import Figure
from nociscope.assays.hrv.measure import Part, parts_of
from nociscope.assays.hrv.read import HrvRecording
from nociscope.assays.hrv.settings import HrvSettings, recipe_of
from nociscope.assays.hrv.spectrum import BANDS, NoSpectrum, Spectrum, spectrum, without_trend
from nociscope.tables import Reading, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_FIGURES = 4
MOST_POINTS = 700
WINDOW_WORDS = {
    "under4min": "less than four minutes",
    "5min": "five minutes",
    "over6min": "more than six minutes",
    "night": "night",
    "24h": "24 hours",
}


def draw(
    recording: HrvRecording,
    readings: Sequence[Reading],
    scores: Sequence[Score],
    settings: HrvSettings | None = None,
) -> tuple[Figure, ...]:
    """Draw each window of each recording.

    Returns
    -------
    tuple of Figure
        ``beats-1``, ``beats-2``, ... at most four; none where no window has a value.
    """
    chosen = settings or HrvSettings()
    figures: list[Figure] = []
    for series in recording.series:
        for part in parts_of(series, chosen):
            own = {
                r.measure: r
                for r in readings
                if r.source == series.source and f"window:{part.window.name} " in r.method and r.value is not None
            }
            if own and part.nn_ms.size >= 2 and len(figures) < MOST_FIGURES:
                figures.append(_figure(part, own, scores, chosen, len(figures) + 1))
    return tuple(figures)


def _figure(
    part: Part, own: dict[str, Reading], scores: Sequence[Score], settings: HrvSettings, number: int
) -> Figure:
    from nociscope.figures import figure_to_svg, house_style, new_figure

    recipe = recipe_of(settings)
    try:
        found = spectrum(part.times_s, without_trend(part.nn_ms, recipe.priors_lambda), recipe)
    except NoSpectrum:
        found = None
    with house_style():
        fig = new_figure(16.5, 11.5)
        grid = fig.add_gridspec(2, 5, height_ratios=(1, 1.15))
        _tachogram(fig.add_subplot(grid[0, :]), part)
        _poincare(fig.add_subplot(grid[1, :2]), part)
        _bands(fig.add_subplot(grid[1, 2:]), found)
        svg = figure_to_svg(fig, f"hrv-beats-{number}")
    window = WINDOW_WORDS[part.window.name]
    task = f", {part.series.task}" if part.series.task else ""
    return Figure(
        name=f"beats-{number}",
        title=f"Heart beats: {window}{task}",
        caption=_caption(part, own, scores, found, window),
        svg=svg,
    )


def _axis_unit(length_s: float) -> tuple[float, str]:
    return (3600.0, "hours") if length_s > 7200 else (60.0, "minutes")


def _tachogram(ax: Axes, part: Part) -> None:
    """Draw intervals over time; a long recording as the median and range of short pieces."""
    from nociscope.figures import PALETTE

    divisor, unit = _axis_unit(part.window.length_s)
    times, nn = part.times_s / divisor, part.nn_ms
    if times.size > 2 * MOST_POINTS:
        edges = np.array_split(np.arange(times.size), MOST_POINTS // 2)
        middle = [float(np.median(times[e])) for e in edges]
        low, half, high = (np.asarray([np.quantile(nn[e], q) for e in edges]) for q in (0.05, 0.5, 0.95))
        ax.fill_between(middle, low, high, color=PALETTE.rule, linewidth=0)
        ax.plot(middle, half, color=PALETTE.loss, linewidth=0.8)
    else:
        holes = np.flatnonzero(np.diff(part.times_s) > 2.5 * np.median(np.diff(part.times_s))) + 1
        broken = np.insert(nn, holes, np.nan)
        ax.plot(np.insert(times, holes, np.nan), broken, color=PALETTE.loss, linewidth=0.9)
    low_y, high_y = float(np.min(nn)), float(np.max(nn))
    room = 0.12 * max(high_y - low_y, 40.0)
    edited = part.beats.edited_s / divisor
    shown = edited[:: max(1, edited.size // 300)]
    ax.plot(
        shown, np.full(shown.size, high_y + room), linestyle="none", marker="v", markersize=4.5, color=PALETTE.gain
    )
    for start, end in part.beats.gaps_s[:40]:
        ax.axvspan(start / divisor, end / divisor, facecolor=PALETTE.band, edgecolor="none", zorder=0)
    ax.set_ylim(low_y - room, high_y + 1.9 * room)
    ax.set_xlabel(unit)
    ax.set_ylabel("interval, ms")
    ax.set_title("Intervals between normal beats" + (" (▼ edited)" if edited.size else ""))


def _poincare(ax: Axes, part: Part) -> None:
    """Draw each interval against the next."""
    from nociscope.figures import PALETTE

    both = part.beats.normal[1:] & part.beats.normal[:-1]
    ms = 1000.0 * part.beats.nn_s
    x, y = ms[:-1][both], ms[1:][both]
    step = max(1, x.size // MOST_POINTS)
    ax.plot(x[::step], y[::step], linestyle="none", marker="o", markersize=2.2, color=PALETTE.loss, alpha=0.55)
    ends = (float(min(x.min(), y.min())), float(max(x.max(), y.max()))) if x.size else (600.0, 1000.0)
    ax.plot(ends, ends, color=PALETTE.muted, linewidth=0.7, linestyle=(0, (4, 3)), zorder=0)
    ax.set_aspect("equal", adjustable="datalim")
    ax.locator_params(nbins=5)
    ax.set_xlabel("interval, ms")
    ax.set_ylabel("next interval, ms")
    ax.set_title("Poincaré plot")


def _bands(ax: Axes, found: Spectrum | None) -> None:
    """Draw the spectrum, its three bands shaded and named."""
    from nociscope.figures import PALETTE

    ax.set_title("Spectrum")
    ax.set_xlabel("frequency, Hz")
    ax.set_ylabel("density, ms²/Hz")
    ax.set_xlim(0, 0.42)
    if found is None:
        ax.text(0.21, 0.5, "too short", ha="center", color=PALETTE.muted)
        return
    seen = found.frequency_hz <= 0.42
    f, density = found.frequency_hz[seen], found.density[seen]
    top = 1.1 * float(density[f >= BANDS["lf"][0]].max()) or 1.0
    colours = {"vlf": PALETTE.rule, "lf": PALETTE.gain, "hf": PALETTE.left}
    for name, (low, high) in BANDS.items():
        grid = np.union1d(np.asarray([low, high]), f[(f > low) & (f < high)])
        height = np.minimum(np.interp(grid, f, density), 1.03 * top)
        ax.fill_between(grid, 0, height, color=colours[name], alpha=0.25, linewidth=0)
        power = found.power[name]
        ax.text(
            0.5 * (low + high) if name != "vlf" else 0.003,
            1.07 * top,
            f"{name.upper()}\n{power:.0f} ms²",
            ha="left" if name == "vlf" else "center",
            va="bottom",
            fontsize=8,
            color=PALETTE.muted if name == "vlf" else colours[name],
        )
    ax.plot(f[f >= 0.0033], np.minimum(density[f >= 0.0033], 1.03 * top), color=PALETTE.ink, linewidth=1.0)
    ax.set_ylim(0, 1.32 * top)


def _caption(
    part: Part, own: dict[str, Reading], scores: Sequence[Score], found: Spectrum | None, window: str
) -> str:
    def of(name: str, decimals: int = 0) -> str:
        reading = own.get(name)
        return "n/a" if reading is None or reading.value is None else f"{reading.value:.{decimals}f}"

    edited = len(part.beats.kinds)
    text = (
        f"Upper: {part.nn_ms.size} intervals between normal beats ({window}), mean {of('mean_nn')} ms, "
        f"SDNN {of('sdnn')} ms, RMSSD {of('rmssd', 1)} ms"
    )
    if edited:
        text += f"; {edited} place{'s were' if edited > 1 else ' was'} edited and left out"
    if part.beats.gaps_s:
        text += f"; grey: {len(part.beats.gaps_s)} gap(s) in the recording"
    text += f". Lower left: each interval against the next (SD1 {of('sd1', 1)}, SD2 {of('sd2', 1)} ms)."
    if found is not None:
        text += (
            f" Lower right: power spectrum with the bands VLF 0.0033-0.04, LF 0.04-0.15 and HF 0.15-0.40 Hz "
            "(VLF cut off where it is higher than the rest); LF "
            f"{of('lf')} and HF {of('hf')} ms². LF/HF ({of('lf_hf', 1)}) depends on the recipe and on breathing and "
            "is no measure of sympathetic tone by itself."
        )
    if "sdnn" in own and own["sdnn"].method.startswith(f"task:{part.series.task}"):
        judged = [s for s in scores if s.measure == "sdnn" and s.value == own["sdnn"].value and s.norm != "n/a"]
        for s in judged[:1]:
            text += f" SDNN against {s.norm}: {s.call}" + (f", z {s.z:+.1f}." if s.z is not None else ".")
    return text
