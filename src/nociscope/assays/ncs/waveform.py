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
"""An onset is marked where the response reaches this part of its peak, and its end where it falls to it."""

COUNTED_FRACTION = 0.1
"""A negative peak counts when it reaches this part of the largest."""

SHORTEST_MS = 0.2
"""And when it lasts so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What is marked on a response: times in ms, amplitudes in the waveform's unit, area in unit times ms.

    Attributes
    ----------
    onset_ms : float
        First departure from the baseline towards negative.
    peak_ms : float
        Of the negative peak.
    amplitude : float
        Baseline to negative peak.
    peak_to_peak : float
        Negative peak to the lowest point of the positive phase that follows.
    duration_ms : float
        Onset to the return of the last negative peak to the baseline.
    area : float
        Of all that is negative between them.
    """

    onset_ms: float
    peak_ms: float
    amplitude: float
    peak_to_peak: float
    duration_ms: float
    area: float

    @property
    def end_ms(self) -> float:
        """Return of the last negative peak."""
        return self.onset_ms + self.duration_ms


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
    """Mark onset, negative peak, amplitudes, duration and area of a response.

    Parameters
    ----------
    signal : array, shape (samples,)
        Negative up, baseline at 0, without the stimulus artefact.
    time_ms : array, shape (samples,)
    noise : float
        A response whose peak is not above it is absent; onset and end are not looked for below it.

    Returns
    -------
    Marks or None
        None when there is no response.

    Notes
    -----
    A negative peak is a stretch above the level of onset and end (5 % of the largest peak, or the noise) that lasts
    0.2 ms and reaches 10 % of the largest peak: smaller ones before or after the response are not part of it. Onset
    and end are interpolated between samples. The peak is the vertex of a parabola through the samples above 90 % of
    it, and the lowest point likewise, so that noise does not enlarge them.
    """
    if signal.size < 3:
        return None
    top = int(np.argmax(signal))
    peak = float(signal[top])
    if not peak > max(noise, 0.0):
        return None
    level = max(ONSET_FRACTION * peak, noise)
    starts, ends = _stretches(signal, time_ms, level, peak)
    if starts.size == 0:
        return None
    first, last = int(starts[0]), int(ends[-1])
    onset = _crossing(time_ms, signal, first - 1, level) if first > 0 else float(time_ms[0])
    end = _crossing(time_ms, signal, last, level) if last + 1 < signal.size else float(time_ms[-1])
    peak_ms, peak = _vertex(signal, time_ms, top)
    tail = signal[top : int(np.searchsorted(time_ms, end + 2 * (end - onset))) + 1]
    step = float(time_ms[1] - time_ms[0])
    return Marks(
        onset_ms=onset,
        peak_ms=peak_ms,
        amplitude=peak,
        peak_to_peak=peak + max(0.0, _vertex(-tail, time_ms[top : top + tail.size], int(np.argmin(tail)))[1]),
        duration_ms=end - onset,
        area=float(np.clip(signal[first : last + 1], 0, None).sum() * step),
    )


def _stretches(signal: Array, time_ms: Array, level: float, peak: float) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Return first and last sample of each negative peak that counts."""
    above = np.concatenate(([False], signal > level, [False]))
    edges = np.flatnonzero(np.diff(above.astype(np.int8)))
    starts, ends = edges[::2], edges[1::2] - 1
    step = float(time_ms[1] - time_ms[0])
    tall = [
        (e - s + 1) * step >= SHORTEST_MS and signal[s : e + 1].max() >= COUNTED_FRACTION * peak
        for s, e in zip(starts, ends, strict=True)
    ]
    return starts[tall], ends[tall]


def _vertex(signal: Array, time_ms: Array, top: int) -> tuple[float, float]:
    """Return time and height of the vertex of a parabola around the largest sample; that sample where none fits."""
    high = signal >= 0.9 * signal[top]
    left = top - int(np.argmin(high[top::-1])) + 1 if not high[: top + 1].all() else 0
    right = top + int(np.argmin(high[top:])) if not high[top:].all() else signal.size
    if right - left < 5:
        return float(time_ms[top]), float(signal[top])
    x = time_ms[left:right] - time_ms[top]
    a, b, c = np.polyfit(x, signal[left:right], 2)
    if a >= 0 or not x[0] <= -b / (2 * a) <= x[-1]:
        return float(time_ms[top]), float(signal[top])
    return float(time_ms[top] - b / (2 * a)), float(c - b * b / (4 * a))


def _crossing(time_ms: Array, signal: Array, i: int, level: float) -> float:
    """Return the time between samples i and i + 1 at which the signal is at a level, by a straight line."""
    a, b = float(signal[i]), float(signal[i + 1])
    part = 0.5 if a == b else (level - a) / (b - a)
    return float(time_ms[i] + min(max(part, 0.0), 1.0) * (time_ms[i + 1] - time_ms[i]))
