"""What the figures of this assay share: panels, the time axis, colours, names, and the readings that they show.

Panels are placed by hand, with their titles and labels at fixed places: to let matplotlib work these out takes longer
than the drawing itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nociscope.assays.lep.recording import Floats, Stimulated
from nociscope.assays.lep.resample import t_quantile
from nociscope.figures import PALETTE, new_figure
from nociscope.tables import Reading
from nociscope.tsv import MISSING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure as Canvas
    from matplotlib.image import AxesImage

SHOWN_MS = (-200.0, 800.0)
PEAKS = (("n1", "N1"), ("n2", "N2"), ("p2", "P2"))
COLOUR_STEPS = 17
"""Steps of the blue-white-red scale; an image of few colours is a quarter of the bytes and as easy to read."""


def place(s: Stimulated) -> str:
    """Return a site and side in words: ``right hand dorsum``."""
    site = s.site.replace("_", " ") if s.site != MISSING else "unknown site"
    return f"{s.side} {site}" if s.side not in (MISSING, "both") else site


def key_of(s: Stimulated) -> str:
    """Return a site and side as a part of names and ids."""
    return re.sub(r"[^a-z0-9]+", "-", f"{s.site}-{s.side}".lower()).strip("-")


def reading_of(readings: Sequence[Reading], measure: str, kind: str = "") -> Reading | None:
    """Return the first reading of a measure whose method begins with `kind`."""
    return next((r for r in readings if r.measure == measure and r.method.startswith(kind)), None)


def number_of(reading: Reading | None) -> float | None:
    """Return the value of a reading, None where there is no reading."""
    return None if reading is None else reading.value


def with_interval(reading: Reading | None, decimals: int) -> str:
    """Return ``21.0 (18.1 to 23.4)``; empty when there is no value, without brackets when there is no interval."""
    if reading is None or reading.value is None:
        return ""
    text = fixed(reading.value, decimals)
    if reading.low is None or reading.high is None:
        return text
    return f"{text} ({fixed(reading.low, decimals)} to {fixed(reading.high, decimals)})"


def fixed(value: float, decimals: int) -> str:
    """Return a number with its decimals and a true minus sign."""
    return f"{value:.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def mean_band(trials: Floats) -> tuple[Floats, Floats]:
    """Return the average and half its pointwise 95 % interval."""
    n = len(trials)
    if n < 2:
        return trials.mean(axis=0), np.zeros(trials.shape[1])
    half: Floats = t_quantile(n - 1) * trials.std(axis=0, ddof=1) / np.sqrt(n)
    return trials.mean(axis=0), half


def canvas(width_cm: float, height_cm: float) -> Canvas:
    """Return a figure without a layout engine."""
    fig = new_figure(width_cm, height_cm)
    fig.set_layout_engine(None)
    return fig


def panel(
    fig: Canvas, box_cm: tuple[float, float, float, float], title: str, *, x: str = "", y: str = "", note: str = ""
) -> Axes:
    """Add axes.

    Parameters
    ----------
    fig : matplotlib Figure
    box_cm : (float, float, float, float)
        Left, bottom, width and height of the axes.
    title : str
    x, y : str
        Labels of the axes.
    note : str
        A short result, in plain type on the right above the axes.
    """
    width, height = (inches * 2.54 for inches in fig.get_size_inches())
    left, bottom, wide, high = box_cm
    ax: Axes = fig.add_axes((left / width, bottom / height, wide / width, high / height))
    ax.set_title(title, y=1.0)
    if note:
        ax.text(1.0, 1 + 0.22 / high, note, transform=ax.transAxes, ha="right", va="bottom", color=PALETTE.muted)
    if x:
        ax.set_xlabel(x)
        ax.xaxis.set_label_coords(0.5, -0.62 / high)
    if y:
        ax.set_ylabel(y)
        ax.yaxis.set_label_coords(-0.95 / wide, 0.5)
    return ax


def shown(s: Stimulated) -> tuple[Floats, slice]:
    """Return the times in ms that figures show, and which samples of an epoch these are; 4 ms apart or more."""
    t = 1000 * s.times_s
    first, last = (int(np.searchsorted(t, edge)) for edge in (SHOWN_MS[0] - 1e-6, SHOWN_MS[1] + 1e-6))
    step = max(round(4.0 / float(t[1] - t[0])), 1)
    part = slice(first, last, step)
    return t[part], part


def time_axis(ax: Axes, t: Floats, numbers: bool, guides: bool = True) -> None:
    """Show the time from before the pulse to after the response, with lines at the pulse and every 200 ms."""
    ticks = [v for v in range(-200, 801, 200) if t[0] - 12 <= v <= t[-1] + 12]
    ax.set_xticks(ticks if numbers else [], [plain(v) for v in ticks] if numbers else [])
    ax.set_xlim(float(t[0]), float(t[-1]))
    if guides:  # their height is a share of the axes: the curves alone set the scale
        upright = ax.get_xaxis_transform()
        ax.vlines([v for v in ticks if v], 0, 1, color=PALETTE.band, linewidth=0.8, zorder=0.4, transform=upright)
    ax.axvline(0, color=PALETTE.muted, linewidth=0.8)


def level_axis(ax: Axes, below: float, above: float) -> None:
    """Scale the height to the curves with room for labels (shares of their range); few ticks, and a line at 0."""
    low, high = (float(v) for v in ax.dataLim.intervaly)
    span = max(high - low, 1e-6)
    low, high = low - below * span, high + above * span
    ax.set_ylim(low, high)
    few_ticks(ax.yaxis, low, high)
    ax.axhline(0, color=PALETTE.rule, linewidth=0.8, zorder=0.5)


def few_ticks(axis: Axis, low: float, high: float) -> None:
    """Set three to six ticks between two values."""
    from matplotlib.ticker import MaxNLocator

    inside = [v for v in MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, high) if low <= v <= high]
    axis.set_ticks(inside, labels=[plain(v) for v in inside])


def plain(value: float) -> str:
    """Return a number as a tick shows it."""
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def series_colours(blocks: Sequence[str]) -> dict[str, tuple[float, float, float]]:
    """Return a colour for each series from dark blue (first) to orange (last), telling by lightness as well."""
    dark, light = np.array([0.05, 0.18, 0.36]), np.array([0.88, 0.50, 0.12])
    out = {}
    for block, share in zip(blocks, np.linspace(0.0, 1.0, max(len(blocks), 2)), strict=False):
        red, green, blue = dark + (light - dark) * share
        out[block] = float(red), float(green), float(blue)
    return out


def in_series(blocks: Sequence[str], labels: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each series with a mask of its members among `labels`."""
    of = np.array(labels, dtype=object)
    for block in blocks:
        yield block, of == block


def colour_image(ax: Axes, values: Floats, top: float, extent: tuple[float, float, float, float]) -> AxesImage:
    """Draw values (rows, columns) from -`top` (blue) to `top` (red) as an image of few colours."""
    from matplotlib import colormaps

    scale = colormaps["RdBu_r"].resampled(COLOUR_STEPS)
    return ax.imshow(values, aspect="auto", cmap=scale, vmin=-top, vmax=top, extent=extent)
