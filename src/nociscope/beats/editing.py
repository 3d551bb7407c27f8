"""From beats as found to intervals between normal beats: ectopic, missed and extra beats, and gaps.

Nothing is invented: an interval that touches a beat which is not normal is left out of the time-domain measures, and
so is every difference across it; only the spectrum bridges the place. Thresholds that follow the variability of the
person are those of Lipponen and Tarvainen 2019 (doi 10.1080/03091902.2019.1640306).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LIPPONEN_DOI = "10.1080/03091902.2019.1640306"

QUARTILE_BEATS = 91
MEDIAN_BEATS = 11
ECTOPIC_SLOPE, ECTOPIC_OFFSET = 0.13, 0.17
"""Windows and lines of the published classification."""

PUBLISHED_MULTIPLE = 5.2
DEFAULT_MULTIPLE = 7.0
"""Threshold in quartile deviations. For Gaussian variability the published 5.2 is 3.5 standard deviations and marks
one beat in 2,000; 7 is 4.7 and marks one in 400,000, so that healthy variability is not edited away."""

GAP, MISSED = 3.5, 1.7
"""An interval longer than this many local medians is a gap in the recording, or holds missed beats."""
EARLY, LATE = 0.8, 1.15
"""A beat more than 20 % early, followed by a pause that makes up for it, is ectopic whatever the variability."""
FAR = 0.4
"""An interval that is this share of the local median away from it is no NN interval, even beside an edited place."""
LEAST_S = 0.02
"""No threshold is below this: smaller irregularities are those of clocks and peak placement."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edited:
    """Beats after editing.

    Attributes
    ----------
    times_s : ndarray, shape (n,)
        Beats that remain (extra beats are gone), in s.
    nn_s : ndarray, shape (n - 1,)
        Intervals between them, in s.
    normal : ndarray of bool, shape (n - 1,)
        Whether both ends of the interval are normal beats and none was missed between: a true NN interval.
    edited_s : ndarray, shape (k,)
        Times of the beats, or ends of the intervals, that were edited.
    kinds : tuple of str, length k
        ``ectopic``, ``missed``, ``extra`` or ``irregular`` for each of them.
    gaps_s : tuple of (float, float)
        Start and end of each gap in the recording.
    fraction : float
        Edited beats over all beats that there should be, 0 to 1. Gaps are not counted.
    """

    times_s: np.ndarray
    nn_s: np.ndarray
    normal: np.ndarray
    edited_s: np.ndarray
    kinds: tuple[str, ...]
    gaps_s: tuple[tuple[float, float], ...]
    fraction: float

    def within(self, start_s: float, end_s: float) -> Edited:
        """Return the part between two times; intervals that cross an end are left out."""
        keep = (self.times_s >= start_s) & (self.times_s < end_s)
        first, last = (int(np.argmax(keep)), int(keep.size - np.argmax(keep[::-1]))) if keep.any() else (0, 0)
        marks = (self.edited_s >= start_s) & (self.edited_s < end_s)
        beats = max(last - first, 0)
        return Edited(
            times_s=self.times_s[first:last],
            nn_s=self.nn_s[first : max(last - 1, first)],
            normal=self.normal[first : max(last - 1, first)],
            edited_s=self.edited_s[marks],
            kinds=tuple(k for k, m in zip(self.kinds, marks, strict=True) if m),
            gaps_s=tuple(g for g in self.gaps_s if start_s <= g[0] < end_s),
            fraction=float(marks.sum()) / beats if beats else 0.0,
        )


def running_median(x: np.ndarray, width: int) -> np.ndarray:
    """Return the median of `width` values around each, fewer at the ends.

    Parameters
    ----------
    x : ndarray, shape (n,)
    width : int
        Odd.
    """
    if x.size <= width:
        return np.full(x.size, np.median(x) if x.size else 0.0)
    half = width // 2
    windows = np.lib.stride_tricks.sliding_window_view(x, width)
    middle = np.partition(windows, half, axis=1)[:, half]
    return np.concatenate([np.full(half, middle[0]), middle, np.full(half, middle[-1])])


def _quartile_deviation(x: np.ndarray, width: int) -> np.ndarray:
    """Return half the distance of the quartiles of `width` values around each; every tenth window, lines between."""
    if x.size <= width:
        low, high = np.quantile(x, [0.25, 0.75]) if x.size else (0.0, 0.0)
        return np.full(x.size, (high - low) / 2)
    starts = np.unique(np.append(np.arange(0, x.size - width + 1, 10), x.size - width))
    windows = np.lib.stride_tricks.sliding_window_view(x, width)[starts]
    quarter = width // 4
    parted = np.partition(windows, [quarter, width - 1 - quarter], axis=1)
    deviation = (parted[:, width - 1 - quarter] - parted[:, quarter]) / 2
    return np.interp(np.arange(x.size), starts + width // 2, deviation)


def edit(times_s: np.ndarray, odd_shape: np.ndarray | None = None, multiple: float = DEFAULT_MULTIPLE) -> Edited:
    """Classify beats and mark the intervals between normal ones.

    Parameters
    ----------
    times_s : ndarray, shape (n,)
        Beat times, strictly increasing, in s.
    odd_shape : ndarray of bool, shape (n,), optional
        Beats whose complex is not that of a normal beat: ectopic, whenever they come.
    multiple : float
        Threshold in quartile deviations; 5.2 is the published one.

    Notes
    -----
    In this order: an interval of more than 3.5 local medians is a gap; two short intervals that together make one are
    an extra beat, which is taken out; an interval of 1.7 to 3.5 medians not preceded by an early beat holds missed
    beats; an early beat with a full compensatory pause, a beat of odd shape, and the patterns of Lipponen and
    Tarvainen (there: ectopic, long, short) are ectopic or irregular. The quartile deviation is taken at every tenth
    beat and lines between.
    """
    times = np.asarray(times_s, dtype=float)
    odd = np.zeros(times.size, dtype=bool) if odd_shape is None else np.asarray(odd_shape, dtype=bool)
    if times.size < 4:
        nothing = np.zeros(0)
        intervals = np.diff(times)
        return Edited(
            times_s=times,
            nn_s=intervals,
            normal=np.ones(intervals.size, dtype=bool),
            edited_s=nothing,
            kinds=(),
            gaps_s=(),
            fraction=0.0,
        )
    marks: list[tuple[float, str]] = []
    extra = _extra(times)
    marks += [(float(t), "extra") for t in times[extra]]
    times, odd = times[~extra], odd[~extra]
    rr = np.diff(times)
    usual = running_median(rr, MEDIAN_BEATS)
    gap = rr > GAP * usual
    early = rr < EARLY * usual
    missed = (rr > MISSED * usual) & ~gap & ~np.concatenate([[False], early[:-1]])
    ectopic = _ectopic(rr, usual, odd, gap | missed, multiple)
    bad = np.zeros(rr.size, dtype=bool)
    bad[np.flatnonzero(ectopic[1:])] = True  # the interval before the beat
    after = np.flatnonzero(ectopic[:-1])  # and the one after it
    bad[after] = True
    irregular = _irregular(rr, usual, bad | gap | missed, multiple)
    marks += [(float(t), "ectopic") for t in times[ectopic]]
    marks += [(float(t), "missed") for t in times[1:][missed]]
    marks += [(float(t), "irregular") for t in times[1:][irregular]]
    marks.sort()
    lost = int(np.round(rr[missed] / usual[missed] - 1).sum()) if missed.any() else 0
    beats = times.size + int(extra.sum()) + lost
    count = int(extra.sum()) + int(ectopic.sum()) + int(irregular.sum()) + lost
    return Edited(
        times_s=times,
        nn_s=rr,
        normal=~(bad | gap | missed | irregular),
        edited_s=np.asarray([t for t, _ in marks]),
        kinds=tuple(k for _, k in marks),
        gaps_s=tuple((float(times[i]), float(times[i + 1])) for i in np.flatnonzero(gap)),
        fraction=count / beats,
    )


def _extra(times: np.ndarray) -> np.ndarray:
    """Tell which beats are one too many: two short intervals that together are one of the usual length."""
    rr = np.diff(times)
    usual = running_median(rr, MEDIAN_BEATS)
    extra = np.zeros(times.size, dtype=bool)
    together = rr[:-1] + rr[1:]
    pair = (np.minimum(rr[:-1], rr[1:]) < 0.7 * usual[:-1]) & (np.abs(together - usual[:-1]) < 0.2 * usual[:-1])
    for i in np.flatnonzero(pair):
        if not extra[i]:  # the pair before may have taken this beat already
            extra[i + 1] = True
    return extra


def _ectopic(rr: np.ndarray, usual: np.ndarray, odd: np.ndarray, broken: np.ndarray, multiple: float) -> np.ndarray:
    """Tell which beats are ectopic, shape (n,) for n - 1 intervals."""
    before, after = rr[:-1], rr[1:]
    m = usual[1:]
    whole = ~(broken[:-1] | broken[1:])
    pause = (before < EARLY * m) & (after > LATE * m) & (np.abs(before + after - 2 * m) < 0.3 * m)
    shaped = odd[1:-1]
    step = after - before
    threshold = _threshold(np.diff(rr), multiple)
    relative = step / threshold
    previous = np.concatenate([[0.0], relative[:-1]])
    following = np.concatenate([relative[1:], [0.0]])
    up = (relative > 1) & (np.maximum(previous, following) < -ECTOPIC_SLOPE * relative - ECTOPIC_OFFSET)
    down = (relative < -1) & (np.minimum(previous, following) > -ECTOPIC_SLOPE * relative + ECTOPIC_OFFSET)
    inner = whole & (pause | shaped | up | down)
    return np.concatenate([[False], inner, [False]])


def _threshold(x: np.ndarray, multiple: float) -> np.ndarray:
    return np.maximum(multiple * _quartile_deviation(x, QUARTILE_BEATS), LEAST_S)


def _irregular(rr: np.ndarray, usual: np.ndarray, known: np.ndarray, multiple: float) -> np.ndarray:
    """Tell which intervals are long or short by themselves (the published "long" and "short")."""
    step = np.diff(rr)
    relative = np.concatenate([[0.0], step / _threshold(step, multiple)])
    deviation = rr - usual
    deviation = np.where(deviation < 0, 2 * deviation, deviation)
    relative_deviation = deviation / _threshold(deviation, multiple)
    one = np.concatenate([relative[1:], [0.0]])
    two = np.concatenate([relative[2:], [0.0, 0.0]])[: rr.size]
    long = ((relative > 1) & (np.minimum(one, two) < -1)) | (relative_deviation > 3)
    short = ((relative < -1) & (np.maximum(one, two) > 1)) | (relative_deviation < -3)
    beside = known.copy()  # what comes right after an edited place is irregular because of it
    beside[1:] |= known[:-1]
    beside[:-1] |= known[1:]
    far = np.abs(rr - usual) > FAR * usual
    return ((long | short) & ~beside) | (far & ~known)
