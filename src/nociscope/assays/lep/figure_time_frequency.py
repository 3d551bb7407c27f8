"""The power of single trials over time and frequency: what is drawn only when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nociscope.assays.declaration import Figure
from nociscope.assays.lep.figure_parts import canvas, colour_image, key_of, panel, place, shown, time_axis
from nociscope.assays.lep.recording import Floats, Stimulated
from nociscope.assays.lep.single_trial import wavelet_transform
from nociscope.figures import PALETTE, figure_to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CYCLES = 3.0
BASELINE_S = (-0.4, -0.1)
_HZ = (3.0, 30.0)
_ROWS = 56
_RATE = 125.0
"""Enough for 30 Hz; the transform of every sample would take ten times as long."""

_TOP_DB = 6.0
"""End of the colour scale: the same for every person and site, so that maps can be compared."""

BANDS = (
    ("theta: evoked", (0.1, 0.4), (4.0, 8.0)),
    ("alpha, beta: fall", (0.5, 0.9), (8.0, 30.0)),
)
"""Where the response to a laser pulse is expected: the evoked wave below 8 Hz (phase-locked, 200 to 400 ms, and its
rise), and less alpha from 500 to 900 ms (Chien JH et al., J Neurophysiol 2014;112:824-833); places to look at, no
results. The same box is drawn up to 30 Hz because beta falls with alpha."""


def power_change(epochs_uv: Floats, times_s: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the mean power of single trials against the mean power before the pulse, in dB.

    Powers are averaged over trials first, and the averages divided. To divide every trial by its own baseline would
    make the map too positive, because a trial whose baseline happens to be low weighs most.

    Parameters
    ----------
    epochs_uv : array (n, t)
        Baseline-corrected trials.
    times_s : array (t,)
        From -0.4 s or before.

    Returns
    -------
    times_s : array (c,)
    hz : array (f,)
        Logarithmic steps.
    change : array (f, c)
        In dB: phase-locked and other power together; 0 where there is no time before the pulse.
    """
    step = max(int(1.0 / (_RATE * float(times_s[1] - times_s[0])) + 1e-6), 1)
    coarse, rate = times_s[::step], 1.0 / float(times_s[step] - times_s[0])
    hz = np.geomspace(*_HZ, _ROWS)
    power = np.zeros((len(hz), len(coarse)))
    for trial in epochs_uv[:, ::step]:  # one after the other: a long session would fill the memory
        power += np.abs(wavelet_transform(trial[None], rate, hz, CYCLES)[0]) ** 2
    before = (coarse >= BASELINE_S[0]) & (coarse <= BASELINE_S[1])
    level = power[:, before].mean(axis=1, keepdims=True) if before.any() else power
    ratio = np.maximum(power, 1e-12) / np.maximum(level, 1e-12)
    return coarse, hz, 10.0 * np.log10(ratio)


def time_frequency(s: Stimulated) -> Figure:
    """Draw the change of power at Cz, with the bands in which a response is expected."""
    assert s.vertex_uv is not None
    times, hz, change = power_change(s.vertex_uv[s.kept], s.times_s)
    t, _ = shown(s)
    inside = (1000 * times >= t[0]) & (1000 * times <= t[-1])
    image, t = change[::-1, inside], 1000 * times[inside]
    fig = canvas(12.0, 7.4)
    note = f"blue \N{MINUS SIGN}{_TOP_DB:.0f} dB or less, red {_TOP_DB:.0f} dB or more"
    ax = panel(fig, (1.2, 1.1, 10.4, 5.5), "Power at Cz", x="ms after the pulse", y="Hz", note=note)
    colour_image(ax, image, _TOP_DB, (float(t[0]), float(t[-1]), float(np.log2(hz[0])), float(np.log2(hz[-1]))))
    time_axis(ax, t, numbers=True, guides=False)
    ax.set_ylim(np.log2(hz[0]), np.log2(hz[-1]))
    ax.set_yticks(np.log2([4.0, 8.0, 16.0, 30.0]), ["4", "8", "16", "30"])
    for band in BANDS:
        _mark_band(ax, *band)
    key = key_of(s)
    return Figure(
        name=f"time-frequency-{key}",
        title=f"Time-frequency map, {place(s)}",
        caption=f"Mean power of {int(s.kept.sum())} single trials at Cz (Morlet wavelets, {CYCLES:g} cycles; "
        "phase-locked and other power together) against their mean power from "
        f"{1000 * BASELINE_S[0]:.0f} to {1000 * BASELINE_S[1]:.0f} ms, at each frequency; both are averaged over "
        "trials before they are divided. Red is more, blue less. Boxes show where to look, not what was found: the "
        "evoked wave at 4-8 Hz from 100 to 400 ms, and falling alpha and beta (8-30 Hz) from 500 to 900 ms (Chien "
        f"2014). A wavelet is longer at low frequencies: {_wavelet_ms(4.0):.0f} ms (two SD) at 4 Hz, "
        f"{_wavelet_ms(16.0):.0f} ms at 16 Hz.",
        svg=figure_to_svg(fig, f"lep-time-frequency-{key}"),
        wide=False,
    )


def _wavelet_ms(hz: float) -> float:
    """Return the length of a wavelet: two standard deviations of its envelope."""
    return 1000.0 * CYCLES / (np.pi * hz)


def _mark_band(ax: Axes, name: str, seconds: tuple[float, float], hz: tuple[float, float]) -> None:
    left, right = 1000 * seconds[0], min(1000 * seconds[1], ax.get_xlim()[1])
    low, high = np.log2(hz)
    edges = ([left, right, right, left, left], [low, low, high, high, low])
    ax.plot(*edges, color=PALETTE.ink, linewidth=1.0, linestyle=(0, (3, 2)), clip_on=True)
    room = high + 0.3 < ax.get_ylim()[1]
    ax.text(left + 8, high + (0.05 if room else -0.06), name, fontsize=8, va="bottom" if room else "top")
