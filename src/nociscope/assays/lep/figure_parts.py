"""What the figures of this assay share: their size, time axis, names, and the readings that they show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nociscope.assays.lep.recording import Floats, Stimulated
from nociscope.assays.lep.resample import t_quantile
from nociscope.figures import PALETTE, new_figure
from nociscope.tables import MISSING, Reading

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN_MS = (-200.0, 800.0)
PEAKS = (("n1", "N1"), ("n2", "N2"), ("p2", "P2"))


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


def mean_band(trials: Floats) -> tuple[Floats, Floats]:
    """Return the average and half its pointwise 95 % interval."""
    n = len(trials)
    if n < 2:
        return trials.mean(axis=0), np.zeros(trials.shape[1])
    half: Floats = t_quantile(n - 1) * trials.std(axis=0, ddof=1) / np.sqrt(n)
    return trials.mean(axis=0), half


def placed_figure(width_cm: float, height_cm: float) -> Any:
    """Return a figure whose axes are placed by hand: working the layout out takes longer than the whole drawing."""
    fig = new_figure(width_cm, height_cm)
    fig.set_layout_engine("none")
    return fig


def make_room(ax: Axes, below: float, above: float) -> None:
    """Make room for labels below and above the curves, as shares of their range."""
    low, high = ax.dataLim.intervaly
    span = max(float(high - low), 1e-6)
    ax.set_ylim(float(low) - below * span, float(high) + above * span)


def frame(ax: Axes, s: Stimulated, label: str = "uV") -> None:
    """Draw the zero lines, and show the time from before the pulse to after the response."""
    ax.axvline(0, color=PALETTE.muted, linewidth=0.8)
    ax.axhline(0, color=PALETTE.rule, linewidth=0.8)
    ax.set_xlim(max(SHOWN_MS[0], 1000 * s.times_s[0]), min(SHOWN_MS[1], 1000 * s.times_s[-1]))
    ax.set_ylabel(label)
