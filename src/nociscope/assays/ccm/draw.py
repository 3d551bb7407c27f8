"""The pictures of an eye: one frame with and without its tracing, and all frames in a strip."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.measure import Traced, traced
from nociscope.assays.ccm.metrics import is_trunk
from nociscope.assays.ccm.read import CcmRecording, Frame
from nociscope.assays.ccm.settings import CcmSettings
from nociscope.assays.ccm.tracing import Nerve, resample
from nociscope.assays.declaration import Figure
from nociscope.tables import Reading, Score

TRUNK = "#ff7a3d"
BRANCH = "#4cc9f0"
POINT = "#ffe066"

_WIDTH = 480.0
_GAP = 8.0
_SITES = {"cornea_central": "central cornea", "cornea_whorl": "inferior whorl"}


def draw(
    recording: CcmRecording, readings: Sequence[Reading], scores: Sequence[Score], settings: CcmSettings
) -> tuple[Figure, ...]:
    """Draw every eye: its middle frame beside the tracing, and the strip of its frames.

    Parameters
    ----------
    recording : CcmRecording
        Gives the frames.
    readings : sequence
        Of this visit; the frames' CNFL is written below them.
    scores : sequence
        Not used: the eye's value against norms stands in the table.
    settings : CcmSettings

    Returns
    -------
    tuple of Figure
        One an eye and region, such as ``right-central``; none without frames or readings.
    """
    cnfl = {r.source: r for r in readings if r.measure == "cnfl" and r.value is not None}
    groups: dict[tuple[str, str], list[Frame]] = {}
    for frame in recording.frames:
        if frame.source in cnfl:
            groups.setdefault((frame.site, frame.side), []).append(frame)
    figures = []
    for (site, side), frames in sorted(groups.items(), key=lambda g: (g[0][0], g[0][1] != "right", g[0][1])):
        eye = next(
            (r for r in readings if r.measure == "cnfl" and not _of_frame(r) and (r.site, r.side) == (site, side)),
            None,
        )
        figures.append(_figure(site, side, frames, cnfl, eye, settings))
    return tuple(figures)


def _of_frame(reading: Reading) -> bool:
    return reading.source.rsplit(".", 1)[-1].lower() in ("png", "tif", "tiff", "btf")


def _figure(
    site: str, side: str, frames: list[Frame], cnfl: dict[str, Reading], eye: Reading | None, settings: CcmSettings
) -> Figure:
    values = [float(cnfl[f.source].value or 0.0) for f in frames]
    good = [i for i, f in enumerate(frames) if cnfl[f.source].quality == "good"] or list(range(len(frames)))
    middle = sorted(good, key=lambda i: (values[i], i))[(len(good) - 1) // 2]
    which = f"{side} eye" if side in ("right", "left") else "eye"
    place = _SITES.get(site, site)
    svg = _svg(frames, middle, cnfl, settings)
    t = traced(frames[middle], settings)
    trunks = t.numbers.trunks
    caption = (
        f"{which.capitalize()}, {place}: {len(frames)} frame{'s' if len(frames) != 1 else ''}. Above, the frame of "
        f"middle density (outlined below) as recorded and with its tracing: {trunks} main "
        f"trunk{'s' if trunks != 1 else ''} (thick, orange), other nerves (thin, blue) and "
        f"{t.numbers.branch_points} branch points (yellow); bar 100 "
        f"µm. Below, all frames with nerve length in mm/mm² and the 95 % interval of the tracing; frames ran from "
        f"{min(values):.1f} to {max(values):.1f}."
    )
    if eye is not None and eye.value is not None:
        bounds = ""
        if eye.low is not None and eye.high is not None:
            bounds = f" (95 % interval {eye.low:.1f} to {eye.high:.1f})"
        caption += f" The eye's mean is {eye.value:.1f} mm/mm²{bounds}."
    name = f"{side.replace('/', '')}-{site.removeprefix('cornea_').replace('_', '-')}"
    return Figure(name=name, title=f"Corneal nerves, {which}, {place}", caption=caption, svg=svg)


def _svg(frames: list[Frame], middle: int, cnfl: dict[str, Reading], settings: CcmSettings) -> str:
    from nociscope.figures import FONT_STACK, PALETTE

    half = (_WIDTH - _GAP) / 2
    first = frames[middle]
    height = half * first.image.shape[0] * first.um_per_pixel[0] / (first.image.shape[1] * first.um_per_pixel[1])
    parts = [_picture(first, settings, 0.0, 0.0, half, 384, tracing=False)]
    parts.append(_picture(first, settings, half + _GAP, 0.0, half, 384, tracing=True, points=True, dim=0.75))
    bar = 100.0 * half / (first.image.shape[1] * first.um_per_pixel[1])
    parts.append(
        f'<rect x="8" y="{height - 12:.1f}" width="{bar:.1f}" height="3" fill="#ffffff"/>'
        f'<text x="8" y="{height - 16:.1f}" font-size="9" fill="#ffffff">100 µm</text>'
    )
    y = height + 8
    columns = min(max(len(frames), 4), 6)
    size = (_WIDTH - _GAP * (columns - 1)) / columns
    for k, frame in enumerate(frames):
        row, column = divmod(k, columns)
        x, top = column * (size + _GAP), y + row * (size + 28)
        parts.append(_picture(frame, settings, x, top, size, 160, tracing=True, dim=0.6))
        reading = cnfl[frame.source]
        value = f"{reading.value:.1f}" if reading.value is not None else "n/a"
        if reading.value is not None and reading.high is not None:
            value += f" ± {reading.high - reading.value:.1f}"
        note = "" if reading.quality == "good" else f" {reading.quality}"
        parts.append(
            f'<text x="{x:.1f}" y="{top + size + 12:.1f}" font-size="9" fill="{PALETTE.ink}">'
            f"{escape(value + note)}</text>"
        )
        if k == middle:
            parts.append(
                f'<rect x="{x + 0.8:.1f}" y="{top + 0.8:.1f}" width="{size - 1.6:.1f}" height="{size - 1.6:.1f}" '
                f'fill="none" stroke="{PALETTE.gain}" stroke-width="1.6"/>'
            )
    rows = -(-len(frames) // columns)
    total = y + rows * (size + 28) - 8
    stack = FONT_STACK.replace('"', "'")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {total:.1f}" font-family="{stack}" '
        f'stroke-linejoin="round" stroke-linecap="round">{"".join(parts)}</svg>'
    )


def _picture(
    frame: Frame,
    settings: CcmSettings,
    x: float,
    y: float,
    width: float,
    pixels: int,
    *,
    tracing: bool,
    points: bool = False,
    dim: float = 1.0,
) -> str:
    """Return a frame as an embedded picture of at most `pixels` on a side, with or without its tracing."""
    t = traced(frame, settings)
    image = resample(frame.image, frame.um_per_pixel)
    rows, columns = image.shape
    scale = width / columns
    height = rows * scale
    out = [
        f'<image x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'href="data:image/jpeg;base64,{_jpeg(image * np.float32(dim), pixels)}"/>'
    ]
    if tracing:
        out += _lines(t, x, y, scale, thick=2.2 if points else 1.2)
    if points:
        out += [
            f'<circle cx="{x + (c + 0.5) * scale:.1f}" cy="{y + (r + 0.5) * scale:.1f}" r="1.9" fill="{POINT}"/>'
            for r, c in _branch_points(t)
        ]
    return "".join(out)


def _jpeg(image: NDArray[np.float32], side: int) -> str:
    from PIL import Image

    pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    picture = Image.fromarray(pixels)
    if max(picture.size) > side:
        factor = side / max(picture.size)
        picture = picture.resize((max(1, round(picture.size[0] * factor)), max(1, round(picture.size[1] * factor))))
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=62)
    return base64.b64encode(buffer.getvalue()).decode()


def _lines(t: Traced, x: float, y: float, scale: float, thick: float) -> list[str]:
    trunks = [n for n in t.tracing.nerves if is_trunk(n, t.tracing.shape)]
    others = [n for n in t.tracing.nerves if not is_trunk(n, t.tracing.shape)]
    out = []
    for nerves, colour, width in ((others, BRANCH, 0.6 * thick), (trunks, TRUNK, thick)):
        if nerves:
            d = "".join(_d(n, x, y, scale) for n in nerves)
            out.append(f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{width:.1f}"/>')
    return out


def _d(nerve: Nerve, x: float, y: float, scale: float) -> str:
    keep = np.unique(np.r_[np.arange(0, len(nerve.path), 5), len(nerve.path) - 1])
    points = [f"{x + (c + 0.5) * scale:.1f},{y + (r + 0.5) * scale:.1f}" for r, c in nerve.path[keep]]
    return "M" + "L".join(points)


def _branch_points(t: Traced) -> Iterable[tuple[float, float]]:
    keys = sorted({k for n in t.tracing.nerves for k in n.roots})
    return [t.tracing.junctions[k] for k in keys if k in t.tracing.junctions]
