"""Readings of every frame and every eye."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.detector import STANDARD_UM
from nociscope.assays.ccm.metrics import Frame as Measured
from nociscope.assays.ccm.metrics import measure_frame, nerve_mask
from nociscope.assays.ccm.overlap import mean_interval, overlaps
from nociscope.assays.ccm.quality import FrameQuality, judge
from nociscope.assays.ccm.read import CcmRecording, Frame
from nociscope.assays.ccm.settings import EYE_SUFFIX, FRAME_METHOD, CcmSettings
from nociscope.assays.ccm.tracing import Tracing, from_mask, resample, trace
from nociscope.tables import Quality, Reading
from nociscope.tsv import MISSING, Row

UNITS = {
    "cnfl": "mm/mm2",
    "cnfl_usable": "mm/mm2",
    "cnfd": "/mm2",
    "cnbd": "/mm2",
    "ctbd": "/mm2",
    "cnfa": "mm2/mm2",
    "cnfw": "um",
    "fractal_dimension": "",
    "arc_chord_excess": "",
    "mean_curvature": "/mm",
    "focus": "",
    "fold_fraction": "",
    "frames_used": "",
}
"""Unit of every measure, in the order of the tables."""

COUNTS = ("cnfd", "cnbd", "ctbd")
LENGTH_ERROR = 0.02
"""Relative error of a traced length, from simulated frames (0.5 % through the frame, 2 % with ends and branches)."""


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """A frame traced, judged and measured; arrays are at the detector's pixel size.

    `mask` has the nerves at their width; `sd` is the standard deviation of CNFL; `quality` and `remark` go into the
    readings.
    """

    tracing: Tracing
    mask: NDArray[np.bool_]
    numbers: Measured
    judged: FrameQuality
    sd: float
    usable_cnfl: float | None
    quality: Quality
    remark: str
    method: str


@lru_cache(maxsize=48)
def traced(frame: Frame, settings: CcmSettings) -> Traced:
    """Trace and measure a frame; what was made for one frame object is kept for the drawing and the mask.

    Parameters
    ----------
    frame : Frame
    settings : CcmSettings
    """
    image = resample(frame.image, frame.um_per_pixel)
    judged = judge(image, settings.fold_depth)
    if frame.mask is not None:
        scaled = resample(frame.mask.astype(np.float32), frame.um_per_pixel) >= 0.5
        tracing = from_mask(scaled, image)
        method = settings.mask_method
    else:
        tracing = trace(image, settings.shortest_nerve_um / STANDARD_UM)
        method = FRAME_METHOD
    mask = nerve_mask(tracing)
    numbers = measure_frame(tracing, mask)
    cnfl = numbers.length / numbers.area
    sd = math.hypot(tracing.doubt * STANDARD_UM / 1000 / numbers.area, LENGTH_ERROR * cnfl)
    quality, remark = _quality(judged, settings)
    usable = _usable_cnfl(tracing, judged) if judged.usable_share > 0.05 else None
    return Traced(tracing, mask, numbers, judged, sd, usable, quality, remark, method)


def _quality(judged: FrameQuality, settings: CcmSettings) -> tuple[Quality, str]:
    if judged.empty:
        return "failed", "the frame is black, white or of one grey"
    reasons = []
    if judged.usable_share < settings.least_usable:
        reasons.append(f"only {100 * judged.usable_share:.0f} % of the frame is usable")
    if judged.focus < settings.least_focus:
        reasons.append("no fine structure: out of focus or not in the nerve plexus")
    if judged.saturated > 0.05:
        reasons.append(f"{100 * judged.saturated:.0f} % of the pixels are saturated")
    return ("poor", "; ".join(reasons)) if reasons else ("good", "")


def _usable_cnfl(tracing: Tracing, judged: FrameQuality) -> float:
    """Return the length of nerve in the usable area over that area, mm/mm2."""
    inside = 0.0
    for nerve in tracing.nerves:
        middle = 0.5 * (nerve.path[1:] + nerve.path[:-1])
        step = np.hypot(*np.diff(nerve.path, axis=0).T)
        rows = np.clip(np.rint(middle[:, 0]).astype(int), 0, tracing.shape[0] - 1)
        columns = np.clip(np.rint(middle[:, 1]).astype(int), 0, tracing.shape[1] - 1)
        inside += float(step[judged.usable[rows, columns]].sum())
    return 1000.0 * inside / STANDARD_UM / float(judged.usable.sum())


def values_of(t: Traced) -> dict[str, float | None]:
    """Return measure -> value of a frame."""
    n = t.numbers
    return {
        "cnfl": n.length / n.area,
        "cnfl_usable": t.usable_cnfl,
        "cnfd": n.trunks / n.area,
        "cnbd": n.trunk_branch_points / n.area,
        "ctbd": n.branch_points / n.area,
        "cnfa": n.nerve_area / n.area,
        "cnfw": n.width,
        "fractal_dimension": n.fractal_dimension,
        "arc_chord_excess": n.arc_chord_excess,
        "mean_curvature": n.mean_curvature,
        "focus": t.judged.focus,
        "fold_fraction": t.judged.fold_fraction,
    }


def measure(recording: CcmRecording, settings: CcmSettings) -> tuple[Reading, ...]:
    """Measure every frame, average every eye, and pass on the results of other programs.

    An eye's value is the mean over its frames of good quality (of its poor ones when there is no good one); its
    interval takes the overlap of frames into account.
    """
    of_frames: list[Reading] = []
    readings: list[Reading] = []
    eyes: dict[tuple[str, str, str], list[Frame]] = {}
    for frame in recording.frames:
        of_frames += _frame_readings(frame, traced(frame, settings))
        eyes.setdefault((frame.site, frame.side, frame.device), []).append(frame)
    for (site, side, device), frames in sorted(eyes.items()):
        readings += _eye_readings(frames, [traced(f, settings) for f in frames], site, side, device)
    for row in recording.rows:
        readings += _row_readings(row)
    return (*readings, *of_frames)


def _frame_readings(frame: Frame, t: Traced) -> list[Reading]:
    failed = t.quality == "failed"
    out = []
    for name, value in values_of(t).items():
        low, high = (None, None) if failed or value is None else _frame_interval(name, value, t)
        missing = "" if value is not None or failed else "no nerve to measure it on"
        out.append(
            Reading(
                site=frame.site,
                side=frame.side,
                measure=name,
                value=None if failed else value,
                unit=UNITS[name],
                low=low,
                high=high,
                n=1,
                method=t.method,
                device=frame.device,
                quality="failed" if failed else t.quality,
                remark=t.remark or missing,
                source=frame.source,
            )
        )
    return out


def _frame_interval(name: str, value: float, t: Traced) -> tuple[float | None, float | None]:
    """Return the 95 % interval of a frame's own value.

    Lengths: doubt about pieces and error of length. Counts: Jeffreys' interval of a Poisson count (Brown, Cai,
    DasGupta 2003). None for the others.
    """
    if name in ("cnfl", "cnfl_usable"):
        half = 1.959964 * t.sd
        return max(0.0, value - half), value + half
    if name in COUNTS:
        from scipy import stats

        count = round(value * t.numbers.area)
        low = float(stats.gamma.ppf(0.025, count + 0.5)) if count else 0.0
        return min(low / t.numbers.area, value), float(stats.gamma.ppf(0.975, count + 0.5)) / t.numbers.area
    return None, None


def _eye_readings(
    frames: Sequence[Frame], all_traced: Sequence[Traced], site: str, side: str, device: str
) -> list[Reading]:
    best: Quality = "good" if any(t.quality == "good" for t in all_traced) else "poor"
    used = [(f, t) for f, t in zip(frames, all_traced, strict=True) if t.quality == best]
    method = all_traced[0].method + EYE_SUFFIX
    left_out = len(frames) - len(used)
    notes = [f"{left_out} of {len(frames)} frames left out"] if left_out and used else []
    quality: Quality = best if used else "failed"
    if not used:
        notes = ["no frame can be used"]
    elif len(used) == 1:
        notes.append("one frame: the interval holds its own error only, not the variation of the eye")
    share = np.eye(1)
    if len(used) > 1:
        share = overlaps([resample(f.image, f.um_per_pixel) for f, _ in used])
    out = []
    for name in values_of(all_traced[0]):
        pairs = [(v, t) for _, t in used if (v := values_of(t)[name]) is not None]
        value: float | None = None
        low: float | None = None
        high: float | None = None
        missing = "" if pairs or not used else "no nerve to measure it on"
        if pairs:
            value, low, high = _eye_value(name, pairs, share if len(pairs) == len(used) else np.eye(len(pairs)))
        out.append(
            Reading(
                site=site,
                side=side,
                measure=name,
                value=value,
                unit=UNITS[name],
                low=low,
                high=high,
                n=len(pairs),
                method=method,
                device=device,
                quality=quality,
                remark="; ".join([*notes, missing] if missing else notes),
            )
        )
    number = float(len(used))
    count = replace(out[0], measure="frames_used", unit="", value=number, low=None, high=None, n=len(frames))
    if not used:
        count = replace(count, quality="poor")
    return [*out, count]


def _eye_value(
    name: str, pairs: Sequence[tuple[float, Traced]], share: NDArray[np.float64]
) -> tuple[float, float | None, float | None]:
    """Return the mean of an eye and its interval, which never leaves the possible values."""
    values = [v for v, _ in pairs]
    if len(pairs) == 1:
        low, high = _frame_interval(name, values[0], pairs[0][1])
        return values[0], low, high
    own = [t.sd if name in ("cnfl", "cnfl_usable") else 0.0 for _, t in pairs]
    mean, low, high, _ = mean_interval(values, own, share)
    if name in COUNTS and mean == 0:
        from scipy import stats

        area = sum(t.numbers.area for _, t in pairs)
        return 0.0, 0.0, float(stats.gamma.ppf(0.975, 0.5)) / area
    if name in ("focus", "fold_fraction"):
        return mean, None, None
    return mean, max(0.0, low), high


def _row_readings(row: Row) -> list[Reading]:
    frames = row.number("frames_used")
    out = []
    for name, unit in UNITS.items():
        value = row.number(name) if name in row.cells and name != "frames_used" else None
        if value is None:
            continue
        out.append(
            Reading(
                site=row.text("site", "cornea_central"),
                side=row.text("side", MISSING),
                measure=name,
                value=value,
                unit=unit,
                n=None if frames is None else int(frames),
                method=row.text("method", MISSING),
                device=row.text("device", MISSING),
                source=row.file,
            )
        )
    return out
