"""Five minutes, a night and a day are different scales: which of them a recording is."""

from __future__ import annotations

from dataclasses import dataclass

from nociscope.assays.hrv.settings import HrvSettings
from nociscope.beats.series import BeatSeries

FIVE_MINUTES_S = (240.0, 360.0)
DAY_S = 18 * 3600.0
LEAST_NIGHT_S = 3 * 3600.0
LONGEST_SLEEP_S = 14 * 3600.0
HOURS_24_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a recording.

    Attributes
    ----------
    name : {'under4min', '5min', 'over6min', 'night', '24h'}
        Values of different windows are never held against the same norm.
    start_s, end_s : float
    remark : str
    """

    name: str
    start_s: float
    end_s: float
    remark: str = ""

    @property
    def length_s(self) -> float:
        """Length in s."""
        return self.end_s - self.start_s


def windows_of(series: BeatSeries, settings: HrvSettings) -> tuple[Window, ...]:
    """Return the windows of a recording.

    Notes
    -----
    18 hours or more are a day; its night is cut out by the clock where the recording says when it began. A recording
    of sleep (task ``sleep`` or ``night``, 3 to 14 hours) is a night, cut by the clock where that is known. All else
    is one window: `5min` from 4 to 6 minutes, shorter or longer by name, after `start_s` and `length_s` of the
    settings were applied.
    """
    first, last = float(series.times_s[0]), float(series.times_s[-1])
    length = max(series.duration_s, last)
    if length >= DAY_S:
        day = Window("24h", 0.0, length)
        night = _night(series, settings, length)
        return (day, night) if night else (day,)
    asleep = any(word in series.task.lower() for word in ("sleep", "night"))
    if asleep and LEAST_NIGHT_S <= length <= LONGEST_SLEEP_S:
        night = _night(series, settings, length) if series.clock_s is not None else None
        if night:
            return (night,)
        return (Window("night", 0.0, length, "no clock time given: the whole recording was taken for the night"),)
    start, end = 0.0, length
    if length < LEAST_NIGHT_S:
        start = min(settings.start_s, length)
        end = min(start + settings.length_s, length) if settings.length_s else length
    spanned = min(end, last) - max(start, first if start == 0 else start)
    name = "under4min" if spanned < FIVE_MINUTES_S[0] else "5min" if spanned <= FIVE_MINUTES_S[1] else "over6min"
    return (Window(name, start, end),)


def _night(series: BeatSeries, settings: HrvSettings, length: float) -> Window | None:
    """Return the first whole or longest part of the night hours in a recording, None when under three hours."""
    if series.clock_s is None:
        return None
    span = ((settings.night_end_h - settings.night_start_h) % 24 or 24) * 3600.0
    best: Window | None = None
    start = settings.night_start_h * 3600.0 - series.clock_s
    for day in range(-1, 3):
        low, high = max(start + day * HOURS_24_S, 0.0), min(start + day * HOURS_24_S + span, length)
        if high - low >= LEAST_NIGHT_S and (best is None or high - low > best.length_s + 60):
            best = Window("night", low, high)
    return best
