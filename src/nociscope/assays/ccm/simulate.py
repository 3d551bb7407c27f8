"""Frames of a corneal nerve plexus with exactly known length, and what disturbs real ones.

Trunks are wavy lines across the frame, branches leave them at 25 to 50 degrees and are half as bright; the profile
is a Gaussian, beaded along the nerve. Background glow with vignetting, speckle, dendritic cells, folds and an
epithelial mosaic can be added. The detector shares none of this: it knows no sine, no speckle law and no brightness
ratio.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.detector import STANDARD_UM
from nociscope.assays.ccm.settings import EYE_SUFFIX, FRAME_METHOD
from nociscope.truth import Simulated, SimulatedFile, TrueValue, Truth

SIDE = 384
Line = NDArray[np.float64]

HEALTHY_CNFL = 22.0
"""Length density of a virtual eye of 50 years without loss, mm/mm2: between published values of automatic methods
(10.8 and 18.0) and of hand tracing (27.5); it only has to be in the range."""

AGE_SLOPE = -0.05
"""mm/mm2 per year: Dehghani 2014, doi:10.1167/iovs.14-13959."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a simulated frame holds.

    Attributes
    ----------
    trunks, branches : int
        Nerves across the frame, and nerves that leave them.
    angle : float
        Direction of the trunks, radians.
    waviness : float
        Amplitude of the trunks' waves in pixels.
    width : float
        Full width at half maximum, pixels.
    brightness, glow : float
        Grey levels of a trunk above its background, and of the background.
    beading : float
        Relative depth of brightness along a nerve.
    noise : float
        Coefficient of variation of the speckle.
    vignetting : float
        Relative darkening at the corners.
    cells, folds : int
        Dendritic cells and dark folds.
    fold_borders : int
        Soft borders of folds: dark on one side, with a faint bright rim.
    epithelium : bool
        An epithelial mosaic instead of nerves.
    """

    trunks: int = 5
    branches: int = 4
    angle: float = 1.2
    waviness: float = 6.0
    width: float = 3.6
    brightness: float = 90.0
    glow: float = 60.0
    beading: float = 0.35
    noise: float = 0.2
    vignetting: float = 0.35
    cells: int = 2
    folds: int = 0
    fold_borders: int = 0
    epithelium: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedFrame:
    """A frame and what is in it: `lines` hold x and y in pixels, cut at the frame's edge; lengths are exact.

    `length` is in pixels, `trunks` and `branch_points` are counts.
    """

    image: NDArray[np.uint8]
    lines: tuple[Line, ...]
    length: float
    trunks: int
    branch_points: int

    @property
    def cnfl(self) -> float:
        """Length over area in mm/mm2."""
        return 1000.0 * self.length / STANDARD_UM / (self.image.shape[0] * self.image.shape[1])


def simulate_frame(scene: Scene, seed: int) -> SimulatedFrame:
    """Draw a frame; the same scene and seed give the same pixels."""
    rng = np.random.default_rng(seed)
    trunks = [] if scene.epithelium else [_trunk(scene, k, rng) for k in range(scene.trunks)]
    branches = [_branch(trunks[int(rng.integers(len(trunks)))], rng) for _ in range(scene.branches if trunks else 0)]
    trunks = [c for t in trunks if len(c := inside(t)) > 1]
    cut = [c for b in branches if len(c := inside(b)) > 1]
    lines = [*trunks, *cut]
    levels = [scene.brightness * float(rng.uniform(0.75, 1.25)) for _ in trunks]
    levels += [0.6 * scene.brightness * float(rng.uniform(0.8, 1.2)) for _ in cut]
    image = render(lines, levels, scene.width, scene.beading, rng)
    image += scene.glow
    if scene.epithelium:
        image += _mosaic(scene.brightness * 0.5, rng)
    _add_cells(image, scene, rng)
    _add_folds(image, scene.folds, rng)
    _add_fold_borders(image, scene.fold_borders, rng)
    yy, xx = np.mgrid[:SIDE, :SIDE] / (SIDE - 1.0) * 2 - 1
    image *= 1 - scene.vignetting * (xx**2 + yy**2) / 2
    if scene.noise > 0:
        image *= _speckle(scene.noise, rng)
    pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    length = sum(line_length(line) for line in lines)
    return SimulatedFrame(pixels, tuple(lines), length, len(trunks), len(cut))


def density_ladder(steps: Sequence[int], seed: int, scene: Scene | None = None) -> tuple[SimulatedFrame, ...]:
    """Return frames with falling (or any) numbers of trunks, otherwise alike."""
    from dataclasses import replace

    base = scene or Scene()
    return tuple(
        simulate_frame(replace(base, trunks=n, branches=max(0, min(base.branches, 2 * n))), seed) for n in steps
    )


def line_length(line: Line) -> float:
    """Return the length of a line in pixels."""
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def inside(line: Line) -> Line:
    """Return the part of a line from its first to its last point within the frame, cut at the edge.

    Pixels reach half a pixel beyond their centres, so the frame goes from -0.5 to 383.5.
    """
    low, high = -0.5, SIDE - 0.5
    ok = np.asarray(((line >= low) & (line <= high)).all(1), bool)
    if not ok.any():
        return line[:0]
    first, last = int(np.argmax(ok)), len(ok) - 1 - int(np.argmax(ok[::-1]))
    parts = [line[first : last + 1]]
    if first > 0:
        parts.insert(0, _crossing(line[first], line[first - 1], low, high)[None])
    if last < len(line) - 1:
        parts.append(_crossing(line[last], line[last + 1], low, high)[None])
    return np.concatenate(parts)


def _crossing(within: Line, beyond: Line, low: float, high: float) -> Line:
    step = beyond - within
    reach = [((high if d > 0 else low) - x) / d for x, d in zip(within, step, strict=True) if abs(d) > 1e-12]
    return np.asarray(within + min(1.0, *reach) * step) if reach else within


def _trunk(scene: Scene, k: int, rng: np.random.Generator) -> Line:
    """Return a wavy line across the frame; trunks lie side by side with equal room and some play."""
    along = np.linspace(-330.0, 330.0, 661)
    room = SIDE / scene.trunks
    across = (k + 0.5) * room - SIDE / 2 + rng.uniform(-0.2, 0.2) * room
    period = rng.uniform(140, 260)
    wave = scene.waviness * np.sin(2 * np.pi * along / period + rng.uniform(0, 2 * np.pi))
    c, s = math.cos(scene.angle), math.sin(scene.angle)
    x = (SIDE - 1) / 2 + along * c - (across + wave) * s
    y = (SIDE - 1) / 2 + along * s + (across + wave) * c
    return np.stack([x, y], axis=1)


def _branch(trunk: Line, rng: np.random.Generator) -> Line:
    """Return a line that leaves a trunk and bends slowly."""
    visible = np.flatnonzero(((trunk > 40) & (trunk < SIDE - 40)).all(1))
    at = int(rng.choice(visible)) if len(visible) else len(trunk) // 2
    way = trunk[min(at + 3, len(trunk) - 1)] - trunk[max(at - 3, 0)]
    angle = math.atan2(way[1], way[0]) + math.radians(float(rng.uniform(25, 50))) * float(rng.choice([-1, 1]))
    turn = float(rng.uniform(-0.004, 0.004))
    headings = angle + turn * np.arange(int(rng.integers(60, 140)))
    steps = np.stack([np.cos(headings), np.sin(headings)], axis=1)
    return np.asarray(trunk[at] + np.concatenate([[[0.0, 0.0]], np.cumsum(steps, axis=0)]))


def render(
    lines: Sequence[Line],
    levels: Sequence[float],
    width: float,
    beading: float,
    rng: np.random.Generator | None = None,
) -> NDArray[np.float64]:
    """Return an image of lines with a Gaussian profile of full width `width`; the brighter of two lines shows."""
    image = np.zeros((SIDE, SIDE))
    sigma = width / 2.354820045
    reach = math.ceil(4 * sigma) + 1
    grid = np.arange(-reach, reach + 1)
    for line, level in zip(lines, levels, strict=True):
        d = np.hypot(*np.diff(line, axis=0).T)
        along = np.concatenate([[0.0], np.cumsum(d)])
        at = np.linspace(0.0, along[-1], max(2, int(along[-1] / 0.25)))
        x, y = (np.interp(at, along, line[:, k]) for k in (0, 1))
        light = np.full(len(at), level)
        if beading > 0 and rng is not None:
            phase, period = rng.uniform(0, 2 * np.pi), rng.uniform(9, 14)
            light *= 1 - beading * 0.5 * (1 + np.sin(2 * np.pi * at / period + phase))
        columns = np.rint(x).astype(int)[:, None, None] + grid[None, None, :]
        rows = np.rint(y).astype(int)[:, None, None] + grid[None, :, None]
        square = (columns - x[:, None, None]) ** 2 + (rows - y[:, None, None]) ** 2
        value = light[:, None, None] * np.exp(-0.5 * square / sigma**2)
        rows, columns = np.broadcast_arrays(rows, columns)
        ok = (rows >= 0) & (rows < SIDE) & (columns >= 0) & (columns < SIDE)
        np.maximum.at(image, (rows[ok], columns[ok]), value[ok])
    return image


def _speckle(cv: float, rng: np.random.Generator) -> NDArray[np.float64]:
    from scipy import ndimage

    shape = 1 / cv**2
    grains = rng.gamma(shape, 1 / shape, (SIDE, SIDE))
    soft = ndimage.gaussian_filter(grains, 0.6)
    return np.asarray(1 + (soft - 1) * cv / max(float(soft.std()), 1e-9))


def _mosaic(level: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return bright cell borders about 11 pixels apart."""
    from scipy import spatial

    step = 11.0
    centres = np.stack(np.meshgrid(np.arange(-step, SIDE + step, step), np.arange(-step, SIDE + step, step)), -1)
    centres[1::2, :, 0] += step / 2
    points = centres.reshape(-1, 2) + rng.normal(0, 1.6, (centres.shape[0] * centres.shape[1], 2))
    yy, xx = np.mgrid[:SIDE, :SIDE]
    near = np.asarray(spatial.cKDTree(points).query(np.stack([xx.ravel(), yy.ravel()], 1), k=2)[0])
    return np.asarray(level * np.exp(-0.5 * ((near[:, 1] - near[:, 0]) / 1.6) ** 2).reshape(SIDE, SIDE))


def _add_cells(image: NDArray[np.float64], scene: Scene, rng: np.random.Generator) -> None:
    for _ in range(scene.cells):
        start = rng.uniform(25, SIDE - 25, 2)
        way = float(rng.uniform(0, 2 * np.pi))
        arms = [way, way + float(rng.uniform(1.5, 2.6))]
        lines = [np.stack([start, start + rng.uniform(6, 11) * np.array([math.cos(a), math.sin(a)])]) for a in arms]
        np.maximum(image, scene.glow + render(lines, [1.3 * scene.brightness] * 2, 5.0, 0.0), out=image)


def _add_folds(image: NDArray[np.float64], folds: int, rng: np.random.Generator) -> None:
    """Darken broad bands, each with a brighter ridge in the middle, as pressure folds (K-structures) have."""
    yy, xx = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    for _ in range(folds):
        angle, offset = float(rng.uniform(0, np.pi)), float(rng.uniform(-110, 110))
        bend = float(rng.uniform(-0.0006, 0.0006))
        u = xx * math.cos(angle) + yy * math.sin(angle)
        v = yy * math.cos(angle) - xx * math.sin(angle) - offset - bend * u**2
        image *= 1 - 0.5 * np.exp(-0.5 * (v / 16.0) ** 2) + 0.22 * np.exp(-0.5 * (v / 6.0) ** 2)


def _add_fold_borders(image: NDArray[np.float64], borders: int, rng: np.random.Generator) -> None:
    """Darken one side of a bent line: steeply within a few pixels, fading over some tens, with a rim on the other."""
    yy, xx = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    for _ in range(borders):
        angle, offset = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(-130, 130))
        bend = float(rng.uniform(-0.0015, 0.0015))
        depth, rim = float(rng.uniform(0.25, 0.6)), float(rng.uniform(0.0, 0.25))
        edge, fade = float(rng.uniform(2.5, 6.0)), float(rng.uniform(15, 60))
        u = xx * math.cos(angle) + yy * math.sin(angle)
        v = yy * math.cos(angle) - xx * math.sin(angle) - offset - bend * u**2
        dark = np.exp(-np.maximum(v, 0) / fade) / (1 + np.exp(-1.7 * v / edge))
        image *= 1 - depth * dark + rim * np.exp(-0.5 * ((v + 1.5 * edge) / edge) ** 2)


def png_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """Return pixels as a grey PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


def simulate(truth: Truth, seed: int) -> Simulated:
    """Draw three central frames of each eye.

    Small-fibre loss takes nerves away, the distal kind more than the proximal: at full severity 60 and 30 %. The true
    value of an eye is the exact length over area of its frames.
    """
    rng = np.random.default_rng([seed, 7])
    loss = (1 - 0.6 * truth.of("distal_small_fibre_loss")) * (1 - 0.3 * truth.of("proximal_small_fibre_loss"))
    aim = max(2.0, (HEALTHY_CNFL + AGE_SLOPE * (truth.age - 50)) * loss * float(np.exp(rng.normal(0, 0.12))))
    sidecar = {
        "PixelSize": [round(STANDARD_UM, 6), round(STANDARD_UM, 6)],
        "PixelSizeUnits": "um",
        "SampleEnvironment": "in vivo",
        "BodyPart": "EYE",
        "BodyPartDetails": "sub-basal nerve plexus, central",
        "Manufacturer": "nociscope",
        "ManufacturersModelName": "virtual confocal microscope",
    }
    out: list[SimulatedFile] = []
    true: list[TrueValue] = []
    for eye, side in (("OD", "right"), ("OS", "left")):
        cnfl = []
        base = float(rng.uniform(0.9, 1.9))
        for chunk in range(1, 4):
            total = aim * float(np.exp(rng.normal(0, 0.08))) * SIDE * SIDE * STANDARD_UM / 1000
            trunks = max(1, round(0.75 * total / 390))
            branches = max(0, round((total - 390 * trunks) / 90))
            scene = Scene(
                trunks=trunks,
                branches=branches,
                angle=base + float(rng.normal(0, 0.05)),
                cells=int(rng.integers(0, 3)),
                folds=int(rng.random() < 0.15),
            )
            frame = simulate_frame(scene, int(rng.integers(2**31)))
            cnfl.append(frame.cnfl)
            entities = {"sample": eye, "acq": "central", "chunk": f"{chunk:02d}"}
            out.append(
                SimulatedFile(
                    datatype="micr",
                    suffix="CONF",
                    extension=".png",
                    content=png_bytes(frame.image),
                    entities=entities,
                )
            )
            text = (json.dumps(sidecar, indent=2) + "\n").encode()
            out.append(
                SimulatedFile(datatype="micr", suffix="CONF", extension=".json", content=text, entities=entities)
            )
        value = float(np.mean(cnfl))
        true.append(
            TrueValue(measure="cnfl", value=value, site="cornea_central", side=side, method=FRAME_METHOD + EYE_SUFFIX)
        )
    return Simulated(files=tuple(out), true_values=tuple(true))
