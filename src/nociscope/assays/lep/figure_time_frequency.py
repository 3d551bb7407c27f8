"""The power of single trials over time and frequency."""

from __future__ import annotations

import numpy as np

from nociscope.assays.declaration import Figure
from nociscope.assays.lep.figure_parts import SHOWN_MS, key_of, place, placed_figure
from nociscope.assays.lep.recording import Stimulated
from nociscope.assays.lep.single_trial import wavelet_transform
from nociscope.figures import PALETTE, figure_to_svg


def time_frequency(s: Stimulated) -> Figure:
    """Draw the power of single trials less that before the pulse (differences, not ratios, avoid a bias)."""
    assert s.vertex_uv is not None
    rate = 1.0 / float(s.times_s[1] - s.times_s[0])
    hz = np.geomspace(2.0, 30.0, 30)
    power = np.mean(np.abs(wavelet_transform(s.vertex_uv[s.kept], rate, hz)) ** 2, axis=0)
    before = (s.times_s > s.times_s[0] + 0.1) & (s.times_s < -0.1)
    change = power - power[:, before].mean(axis=1, keepdims=True) if before.any() else power
    shown = (1000 * s.times_s >= SHOWN_MS[0]) & (1000 * s.times_s <= SHOWN_MS[1])
    step = max(int(rate * 0.008), 1)
    image, t = change[:, shown][:, ::step], 1000 * s.times_s[shown][::step]
    top = float(np.quantile(np.abs(image), 0.99)) or 1.0
    fig = placed_figure(12.0, 6.5)
    ax = fig.subplots(gridspec_kw={"left": 0.1, "right": 0.84, "top": 0.9, "bottom": 0.17})
    mesh = ax.pcolormesh(t, hz, image, cmap="RdBu_r", vmin=-top, vmax=top, shading="nearest", rasterized=True)
    ax.set_yscale("log")
    ax.set_yticks([2, 4, 8, 16, 30], ["2", "4", "8", "16", "30"])
    ax.minorticks_off()
    ax.axvline(0, color=PALETTE.ink, linewidth=0.8)
    ax.set_xlabel("ms after the pulse")
    ax.set_ylabel("Hz")
    ax.set_title("Power at Cz, change from before the pulse")
    fig.colorbar(mesh, cax=fig.add_axes((0.87, 0.17, 0.025, 0.73)), label="uV²")
    key = key_of(s)
    return Figure(
        name=f"time-frequency-{key}",
        title=f"Time-frequency map, {place(s)}",
        caption="Mean power of single trials at Cz (Morlet wavelets, 3 cycles) less the mean power before the pulse, "
        "at each frequency; red more, blue less. The phase-locked response shows below 8 Hz from 200 to 400 ms.",
        svg=figure_to_svg(fig, f"lep-time-frequency-{key}"),
        wide=False,
    )
