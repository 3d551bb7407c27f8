"""The difference between left and right of one site."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nociscope.assays.lep.recording import Floats
from nociscope.assays.lep.resample import NO_INTERVAL, Interval, t_interval
from nociscope.tables import Reading


@dataclass(frozen=True, slots=True)
class Measured:
    """What the side difference needs of a site and side: its readings, the signed size and its resampled copies."""

    readings: tuple[Reading, ...]
    present: bool | None
    size_uv: float
    copies_uv: Floats
    threshold_uv: float
    n: int
    template: Reading


def side_difference(left: Measured, right: Measured) -> Reading:
    """Return 100 |L - R| / mean of the N2-P2 amplitudes.

    Where one side is absent its amplitude is only known to be below the noise: the difference is then a lower bound.
    """
    shared = right.template
    base = replace(shared, side="both", measure="side_difference", unit="%", n=None, quality="good", remark="")
    if left.present is None or right.present is None:
        return replace(base, quality="failed", remark=f"no usable signal on the {_where(left.present is None)} side")
    if not left.present and not right.present:
        return replace(base, remark="no response on either side")
    n = min(left.n, right.n)
    if left.present and right.present:
        copies = min(len(left.copies_uv), len(right.copies_uv))
        a, b = left.copies_uv[:copies], right.copies_uv[:copies]
        value = 200 * (left.size_uv - right.size_uv) / (left.size_uv + right.size_uv)
        interval = _folded(t_interval(value, 200 * (a - b) / (a + b), n))
        larger = "left larger" if value > 0 else "right larger"
        return replace(base, value=abs(value), low=interval.low, high=interval.high, n=n, remark=larger)
    there, absent = (left, right) if left.present else (right, left)
    bound = min(absent.threshold_uv, there.size_uv)
    value = 200 * (there.size_uv - bound) / (there.size_uv + bound)
    remark = f"no response on the {_where(absent is left)} side: at least this"
    return replace(base, value=value, n=n, censored="above", remark=remark)


def _where(is_left: bool) -> str:
    return "left" if is_left else "right"


def _folded(interval: Interval) -> Interval:
    """Return the interval of an absolute value from that of the signed one."""
    if interval.low is None or interval.high is None:
        return NO_INTERVAL
    low, high = sorted((abs(interval.low), abs(interval.high)))
    return Interval(0.0 if interval.low <= 0 <= interval.high else low, high)
