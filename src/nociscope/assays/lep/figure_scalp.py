"""The average over the scalp at N2 and P2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nociscope.assays.declaration import Figure
from nociscope.assays.lep.figure_parts import PEAKS, canvas, colour_image, key_of, number_of, panel, place, reading_of
from nociscope.assays.lep.recording import Floats, Stimulated
from nociscope.assays.lep.scalp import thin_plate
from nociscope.figures import PALETTE, figure_to_svg
from nociscope.tables import Reading

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def scalp_map(s: Stimulated, readings: Sequence[Reading]) -> Figure | None:
    """Draw the average over the scalp at N2 and P2, where there are electrodes enough."""
    if s.scalp is None or len(s.scalp.bins_uv) != len(s.kept):
        return None
    average = s.scalp.bins_uv[s.kept].mean(axis=0)
    at = [(label, number_of(reading_of(readings, f"{name}_latency", "average:all"))) for name, label in PEAKS[1:]]
    chosen = [(label, v) for label, v in at if v is not None]
    if not chosen:
        return None
    maps = [
        (f"{label}, {v:.0f} ms", average[:, int(np.abs(1000 * s.scalp.times_s - v).argmin())].astype(float))
        for label, v in chosen
    ]
    top = max(float(np.abs(m).max()) for _, m in maps) or 1.0
    fig = canvas(_WIDTH * len(maps), 6.6)
    for k, (title, values) in enumerate(maps):
        note = f"blue \N{MINUS SIGN}{top:.0f}, red {top:.0f} µV" if k == len(maps) - 1 else ""
        ax = panel(fig, (_WIDTH * k + 0.3, 0.2, _WIDTH - 0.6, 5.8), title, note=note)
        _draw_head(ax, s.scalp.positions, values, top)
    key = key_of(s)
    reference = "average reference" if s.average_reference else "reference of the recording"
    return Figure(
        name=f"scalp-{key}",
        title=f"Scalp map, {place(s)}",
        caption=f"Average over the scalp in the 20 ms around {' and '.join(t for t, _ in maps)} ({reference}), seen "
        "from above with the nose up; blue negative, red positive, dots are electrodes placed by the 10-10 system.",
        svg=figure_to_svg(fig, f"lep-scalp-{key}"),
        wide=False,
    )


_WIDTH = 6.4
_PIXELS = 101


def _draw_head(ax: Axes, positions: Floats, values: Floats, top: float) -> None:
    """Draw one map: an image of the interpolated field inside the outline of the head."""
    from matplotlib.patches import Circle, Polygon

    grid = np.linspace(-1.0, 1.0, _PIXELS)
    x, y = np.meshgrid(grid, grid)
    z = thin_plate(positions, values, np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
    image = colour_image(ax, np.clip(z, -top, top)[::-1], top, (-1.0, 1.0, -1.0, 1.0))
    head = ax.add_patch(Circle((0, 0), 1.0, fill=False, edgecolor=PALETTE.ink, linewidth=1.2))
    image.set_clip_path(head)
    ax.add_patch(Polygon([(-0.12, 0.99), (0, 1.13), (0.12, 0.99)], fill=False, edgecolor=PALETTE.ink, linewidth=1.2))
    ax.plot(positions[:, 0], positions[:, 1], ".", color=PALETTE.ink, markersize=2.2)
    ax.set_xlim(-1.1, 1.1)
    ax.set_ylim(-1.05, 1.18)
    ax.set_aspect("equal")
    ax.set_axis_off()
