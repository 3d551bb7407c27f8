"""From the signals of one recording to epochs: the derivations that an LEP needs, cut around each pulse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nociscope.assays.lep.filtering import cut_epochs, low_pass, remove_baseline, usable
from nociscope.assays.lep.formats import Opened
from nociscope.assays.lep.montage import Montage
from nociscope.assays.lep.recording import Floats, Pulse, Scalp
from nociscope.assays.lep.scalp import position
from nociscope.assays.lep.settings import LepSettings
from nociscope.problems import BadInput, Problem

if TYPE_CHECKING:
    from nociscope.study.records import FileRecord

_CONTRALATERAL = {"left": "right", "right": "left"}
_SCALP_BIN_S = 0.02
_FEWEST_SCALP = 16


@dataclass(frozen=True, slots=True)
class Found:
    """A recording with its laser pulses, not yet opened for its signals."""

    record: FileRecord
    opened: Opened
    pulses: tuple[Pulse, ...]
    metadata: Mapping[str, object]


def epoch_length(one: Found) -> float:
    """Return the length of the epochs of a recording that was stored epoch after epoch, 0 otherwise."""
    if one.opened.epochs or str(one.metadata.get("RecordingType", "")).lower() != "epoched":
        return 0.0
    length = one.metadata.get("EpochLength")
    return float(length) if isinstance(length, int | float) and length > 0 else 0.0


def derive(one: Found, montage: Montage) -> tuple[Floats, tuple[tuple[str, str], ...]]:
    """Load and combine channels: raw Cz, vertex, N1 of each stimulated side, then the eyes; (…, d, s).

    Returns
    -------
    signals : array (d, samples) or (epochs, d, samples)
    lateral_names : tuple of (side of the pulse, name)
        In the order of the N1 derivations.
    """
    opened = one.opened
    sides = [s for s in ("left", "right") if any(p.side == s for p in one.pulses)]
    lateral = [
        (side, *montage.lateral[_CONTRALATERAL[side]])
        for side in sides
        if montage.frontal is not None and _CONTRALATERAL[side] in montage.lateral
    ]
    few = montage.reference if not montage.average_reference else ()
    wanted = [montage.vertex, montage.frontal if lateral else None, *few, *(c for _, c, _ in lateral), *montage.eyes]
    picks = sorted({c for c in wanted if c is not None})
    loaded = opened.load(picks)
    place = {c: k for k, c in enumerate(picks)}
    axis = loaded.ndim - 2

    def channel(index: int) -> Floats:
        taken: Floats = np.take(loaded, place[index], axis=axis)
        return taken

    if montage.average_reference:
        reference = _mean_of(opened, montage.reference)
    elif montage.reference:
        reference = np.mean([channel(c) for c in montage.reference], axis=0)
    else:
        reference = np.zeros(1)
    raw = channel(montage.vertex) if montage.vertex is not None else -1.0 * reference
    vertex = channel(montage.vertex) - reference if montage.vertex is not None else -1.0 * reference
    rows = [raw, vertex]
    rows += [channel(c) - channel(montage.frontal) for _, c, _ in lateral if montage.frontal is not None]
    rows += [channel(c) for c in montage.eyes]
    return np.stack(rows, axis=axis), tuple((side, name) for side, _, name in lateral)


def _mean_of(opened: Opened, picks: Sequence[int]) -> Floats:
    """Return the mean of many channels, a few at a time so that they are never all in memory."""
    total: Floats | None = None
    for first in range(0, len(picks), 8):
        part = opened.load(list(picks[first : first + 8]))
        summed = part.sum(axis=part.ndim - 2)
        total = summed if total is None else total + summed
    if total is None:
        return np.zeros(1)
    return total / len(picks)


def from_continuous(
    one: Found, signals: Floats, delay: float, settings: LepSettings
) -> tuple[Floats, Floats, np.ndarray]:
    """Cut band-passed epochs; returns times, epochs (kept pulses, d, t), and which pulses (n,) are kept."""
    onsets = np.array([p.onset_s for p in one.pulses]) + delay
    rate, start, end = one.opened.rate, settings.epoch_start_s, settings.epoch_end_s
    kept = np.asarray(usable(onsets, rate, one.opened.samples, start, end), dtype=bool)
    if not kept.any():
        seconds = one.opened.samples / rate
        raise BadInput(
            Problem(
                what=f"none of {len(onsets)} pulses lies within the recording, which lasts {seconds:.1f} s"
                + (f" ({one.opened.cut_short})" if one.opened.cut_short else ""),
                remedy="copy the whole file, and check that onsets are in seconds from its start",
                code="truncated",
                file=one.record.path,
            )
        )
    times, epochs = cut_epochs(
        signals,
        rate,
        onsets[kept],
        start_s=start,
        end_s=end,
        grid_rate=500.0,
        high_pass_hz=settings.high_pass_hz,
        low_pass_hz=settings.low_pass_hz,
    )
    return times, remove_baseline(epochs, times, settings.baseline_start_s), kept


def from_epochs(
    one: Found, signals: Floats, epoch_length: float, delay: float, settings: LepSettings
) -> tuple[Floats, Floats, np.ndarray]:
    """Take epochs that were cut before: low-pass only, because their edges allow no slow filter."""
    rate = one.opened.rate
    length = one.opened.samples if signals.ndim == 3 else round(epoch_length * rate)
    if signals.ndim == 2:
        whole = signals.shape[1] // length
        signals = signals[:, : whole * length].reshape(len(signals), whole, length).transpose(1, 0, 2)
    onsets = np.array([p.onset_s for p in one.pulses])
    number = np.floor(onsets * rate / length + 1e-6).astype(int)
    zero = onsets - number * length / rate
    kept = (number >= 0) & (number < len(signals)) & (np.abs(zero - np.median(zero)) < 0.5 / rate + 1e-6)
    if not kept.any():
        what = "none of the pulses lies in an epoch of the recording"
        raise BadInput(Problem(what=what, remedy="check its events", code="no-epoch", file=one.record.path))
    times = np.arange(length) / rate - float(np.median(zero)) - delay
    epochs = low_pass(signals[number[kept]], rate, settings.low_pass_hz)
    if times[0] > -0.05 or times[-1] < 0.5:
        what = f"the epochs run from {times[0]:.2f} to {times[-1]:.2f} s around the pulse"
        remedy = "give epochs from at least -0.1 to 0.6 s"
        raise BadInput(Problem(what=what, remedy=remedy, code="short-epochs", file=one.record.path))
    inside = (times >= settings.epoch_start_s - 1e-9) & (times <= settings.epoch_end_s + 1e-9)
    return times[inside], remove_baseline(epochs[..., inside], times[inside], settings.baseline_start_s), kept


def scalp_bins(one: Found, montage: Montage, pulses: np.ndarray, delay: float) -> Scalp | None:
    """Return 20 ms means of all scalp electrodes from -200 to 700 ms of each pulse, where a map can be drawn."""
    placed = [(c, p) for c in montage.scalp if (p := position(c.electrode)) is not None]
    if len(placed) < _FEWEST_SCALP:
        return None
    rate = one.opened.rate
    width = max(round(_SCALP_BIN_S * rate), 1)
    before, after = round(0.2 * rate / width), round(0.7 * rate / width)
    picks = [c.index for c, _ in placed]
    bins = np.empty((len(pulses), len(picks), before + after), dtype=np.float32)
    for k, pulse in enumerate(pulses):
        start = round((one.pulses[pulse].onset_s + delay) * rate) - before * width
        part = one.opened.load(picks, start, start + (before + after) * width)
        means = part.reshape(len(picks), before + after, width).mean(axis=2)
        bins[k] = means - means[:, :before].mean(axis=1, keepdims=True)
    bins -= bins.mean(axis=1, keepdims=True) if montage.average_reference else np.float32(0)
    times = (np.arange(before + after, dtype=np.float64) - before + 0.5) * (width / rate)
    return Scalp(
        names=tuple(c.electrode for c, _ in placed),
        positions=np.array([p for _, p in placed]),
        times_s=times,
        bins_uv=bins,
    )
