"""Evoked responses as waveforms: made from a distribution of velocities, and marked as a reader marks them.

Making and marking are apart: the simulator makes a waveform from single fibres, and only what is marked on it, as on
a recording, becomes a value of the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

AMPLITUDE_POWER: dict[str, float] = {"motor": 0.0, "sensory": 1.5}
"""Power of a fibre's velocity with which its potential grows. Sensory: sural fibres, amplitude as CV^1.5
(J Neurol Neurosurg Psychiatry 1981;44:476). A motor unit's potential comes from muscle and does not depend on it."""

WIDTH_POWER = -0.5
"""Power of a sensory fibre's velocity with which its potential's width grows (same source)."""

UNIT_WIDTH_MS: dict[str, float] = {"motor": 5.0, "sensory": 1.1}
"""Width of the negative phase of one fibre's potential: made up for plausible healthy durations."""

WIDTH_AT_M_S = 50.0
"""Velocity at which a sensory fibre's potential has the width above."""

ONSET_FRACTION = 0.05
"""An onset is marked where the response reaches this part of its peak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What is marked on a response: times in ms, amplitude in the waveform's unit, area in unit times ms.

    `duration_ms` runs from the onset to the return of the last negative peak; `area` is that of the negative phase.
    """

    onset_ms: float
    peak_ms: float
    amplitude: float
    duration_ms: float
    area: float


def response(
    velocities: Array,
    distance_mm: float,
    time_ms: Array,
    kind: Literal["motor", "sensory"],
    residual_ms: float = 0.0,
    sizes: Array | None = None,
) -> Array:
    """Return the compound response of fibres at a distance, negative up, each fibre of size 1 at 50 m/s.

    Parameters
    ----------
    velocities : array, shape (fibres,)
        In m/s (mm/ms), above 0.
    distance_mm : float
    time_ms : array, shape (samples,)
        Evenly spaced, from the stimulus.
    kind : {'motor', 'sensory'}
    residual_ms : float
        Time that does not depend on the distance: terminal branches and the neuromuscular junction.
    sizes : array, shape (fibres,), optional
        Factor of each fibre's potential.

    Returns
    -------
    array, shape (samples,)

    Notes
    -----
    A fibre's potential begins at distance/velocity + residual. It is two half sines: a negative phase and a positive
    one of 0.4 times its height and 1.6 times its width, so that late fibres cancel early ones (phase cancellation).
    """
    v = np.asarray(velocities, dtype=float)
    start = distance_mm / v + residual_ms
    width = np.full_like(v, UNIT_WIDTH_MS[kind])
    if kind == "sensory":
        width = width * (v / WIDTH_AT_M_S) ** WIDTH_POWER
    height = (v / WIDTH_AT_M_S) ** AMPLITUDE_POWER[kind] * (1.0 if sizes is None else sizes)
    out = np.zeros_like(time_ms)
    step = float(time_ms[1] - time_ms[0])
    for s, w, h in zip(start, width, height, strict=True):
        first = max(0, int(np.searchsorted(time_ms, s)))
        last = min(len(time_ms), first + int(2.6 * w / step) + 2)
        x = (time_ms[first:last] - s) / w
        negative = np.where(x < 1, np.sin(np.pi * np.clip(x, 0, 1)), 0.0)
        positive = np.where(x >= 1, -0.4 * np.sin(np.pi * np.clip((x - 1) / 1.6, 0, 1)), 0.0)
        out[first:last] += h * (negative + positive)
    return out


def mark(signal: Array, time_ms: Array, noise: float = 0.0) -> Marks | None:
    """Mark onset, negative peak, amplitude, duration and area of a response.

    Parameters
    ----------
    signal : array, shape (samples,)
        Negative up, baseline at 0.
    time_ms : array, shape (samples,)
    noise : float
        A response whose peak is not above it is absent.

    Returns
    -------
    Marks or None
        None when there is no response. The amplitude is from baseline to negative peak. Onset and end are
        interpolated
        between samples.
    """
    if signal.size < 3:
        return None
    top = int(np.argmax(signal))
    peak = float(signal[top])
    if not peak > max(noise, 0.0):
        return None
    level = max(ONSET_FRACTION * peak, noise)
    above = np.flatnonzero(signal > level)
    first = int(above[0])
    zero = np.flatnonzero(signal > 0.02 * peak)
    last = int(zero[-1])
    onset = _crossing(time_ms, signal, first - 1, level) if first > 0 else float(time_ms[0])
    end = _crossing(time_ms, signal, last, 0.02 * peak) if last + 1 < signal.size else float(time_ms[-1])
    inside = slice(first, last + 1)
    area = float(np.clip(signal[inside], 0, None).sum() * (time_ms[1] - time_ms[0]))
    return Marks(
        onset_ms=onset,
        peak_ms=float(time_ms[top]),
        amplitude=peak,
        duration_ms=end - onset,
        area=area,
    )


def _crossing(time_ms: Array, signal: Array, i: int, level: float) -> float:
    """Return the time between samples i and i + 1 at which the signal is at a level, by a straight line."""
    a, b = float(signal[i]), float(signal[i + 1])
    part = 0.5 if a == b else (level - a) / (b - a)
    return float(time_ms[i] + min(max(part, 0.0), 1.0) * (time_ms[i + 1] - time_ms[i]))
