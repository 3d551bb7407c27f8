"""What a recording of heart beats is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nociscope.tsv import MISSING


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeatSeries:
    """The beats of one recording, as found.

    Attributes
    ----------
    times_s : ndarray, shape (n,)
        Beat times from the start of the recording, strictly increasing, in s.
    odd_shape : ndarray of bool, shape (n,)
        Beats whose complex does not look like the others of this recording; all False where there is no ECG.
    duration_s : float
        Length of the recording.
    task : str
        Label of the BIDS entity; empty for none.
    origin : {'ecg', 'beat times'}
    source : str
        The file, relative to the study.
    clock_s : float or None
        Seconds after midnight at which the recording began; None where it is not stated.
    resolution_s : float
        Step of the clock that the times lie on where it is 4 ms or coarser, else 0.
    agreement : float or None
        Share of beats that two detectors found within 100 ms of each other (the harmonic mean of the two shares).
    remarks : tuple of str
        What a reader of any value of it must know.
    """

    times_s: np.ndarray
    odd_shape: np.ndarray
    duration_s: float
    task: str = ""
    origin: str = "beat times"
    source: str = MISSING
    clock_s: float | None = None
    resolution_s: float = 0.0
    agreement: float | None = None
    remarks: tuple[str, ...] = ()

    @property
    def intervals_s(self) -> np.ndarray:
        """All intervals from beat to beat, shape (n - 1,), in s."""
        return np.diff(self.times_s)


COARSE_STEPS_S = (1 / 32, 0.02, 1 / 64, 0.01, 1 / 100, 1 / 128, 0.005, 1 / 200, 1 / 256, 0.004)


def clock_step(times_s: np.ndarray) -> float:
    """Return the step of the clock that beat times lie on where it is 4 ms or coarser, else 0.

    Parameters
    ----------
    times_s : ndarray, shape (n,)
        In s.

    Notes
    -----
    Every interval must lie within 1.1 ms of a multiple of the step (files round to a millisecond), all but 3 % of
    them. Fewer than 20 intervals tell nothing.
    """
    intervals = np.diff(times_s)
    if intervals.size < 20:
        return 0.0
    for step in COARSE_STEPS_S:
        off = np.abs(intervals - step * np.round(intervals / step))
        if np.quantile(off, 0.97) <= 0.0011:
            return float(step)
    return 0.0
