"""A frame traced: nerves as smooth paths, with their junctions, widths and ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.chains import chains
from nociscope.assays.ccm.classifier import Weights
from nociscope.assays.ccm.detector import STANDARD_UM, Filter, Image, Mask, detect, smooth
from nociscope.assays.ccm.ends import place_ends
from nociscope.assays.ccm.graph import Graph, Path, from_skeleton, path_length, prune_spurs, smooth_path
from nociscope.assays.ccm.labelling import keep_nerves
from nociscope.assays.ccm.mend import contract_junctions, link_ends
from nociscope.assays.ccm.orientation import Orientation, orientation
from nociscope.assays.ccm.profiles import normals, sample


@dataclass(frozen=True, slots=True, eq=False)
class Nerve:
    """One nerve from end to end, through junctions as long as it goes on straight.

    Attributes
    ----------
    path : float, shape (points, 2)
        Rows and columns in pixels, smoothed.
    roots : tuple of int
        Junctions at which it begins or ends on another nerve.
    passes : frozenset of int
        Junctions it runs through.
    borders : frozenset of str
        Sides of the frame that its ends reach: ``top bottom left right``.
    width : float
        Mean full width at half maximum, pixels.
    """

    path: Path
    roots: tuple[int, ...]
    passes: frozenset[int]
    borders: frozenset[str]
    width: float

    @property
    def length(self) -> float:
        """Length in pixels."""
        return path_length(self.path)


@dataclass(frozen=True, slots=True, eq=False)
class Tracing:
    """All nerves of a frame, in pixels of :data:`~nociscope.assays.ccm.detector.STANDARD_UM`.

    Attributes
    ----------
    shape : (rows, columns)
        Of the resampled frame.
    nerves : tuple of Nerve
    junctions : dict
        Key -> (row, column).
    doubt : float
        Standard deviation of the total length, pixels.
    """

    shape: tuple[int, int]
    nerves: tuple[Nerve, ...]
    junctions: dict[int, tuple[float, float]]
    doubt: float

    @property
    def length(self) -> float:
        """Total length in pixels."""
        return sum(n.length for n in self.nerves)


def resample(image: Image, um_per_pixel: tuple[float, float]) -> Image:
    """Return the image at the detector's pixel size; unchanged when it is within 2 % of it."""
    from scipy import ndimage

    zoom = um_per_pixel[0] / STANDARD_UM, um_per_pixel[1] / STANDARD_UM
    if max(abs(z - 1) for z in zoom) < 0.02:
        return image
    shrink = [max(0.0, 0.5 * (1 / z - 1)) for z in zoom]
    soft = ndimage.gaussian_filter(image, shrink) if max(shrink) > 0 else image
    return np.asarray(ndimage.zoom(soft, zoom, order=1, mode="nearest", grid_mode=True), np.float32)


def trace(
    image: Image, shortest: float = 40.0, settings: Filter | None = None, weights: Weights | None = None
) -> Tracing:
    """Trace the nerves of a frame.

    Parameters
    ----------
    image : float32, shape (rows, columns)
        Grey levels 0 to 255 at the standard pixel size.
    shortest : float
        Least length of a connected nerve, pixels.
    settings : Filter, optional
    weights : Weights, optional
        Of the classifier; the shipped ones by default.

    Returns
    -------
    Tracing
    """
    laid = orientation(image)
    image = laid.lay(image)
    seen = detect(image, settings)
    graph = from_skeleton(thinned(seen.ridge))
    contrast = relief(image, seen.background)
    graph, doubt = keep_nerves(graph, contrast, seen, shortest, weights)
    contract_junctions(graph)
    link_ends(graph)
    place_ends(graph, contrast)
    nerves, junctions = unite(graph, contrast, laid)
    return Tracing(laid.shape, nerves, junctions, doubt)


def relief(image: Image, background: Image) -> Image:
    """Return the image, softened, minus its background."""
    return np.asarray(smooth(image, 0.8) - background, np.float32)


def thinned(mask: Mask) -> Mask:
    """Return the centre lines of a mask; at the frame's border they go on outward and do not bend into a corner."""
    from skimage.morphology import skeletonize

    around = 8
    return np.asarray(skeletonize(np.pad(mask, around, mode="edge"))[around:-around, around:-around], bool)


def from_mask(mask: Mask, image: Image) -> Tracing:
    """Trace a mask that another program made: thinned, cleaned of spurs, measured like our own."""
    from skimage.morphology import skeletonize

    graph = from_skeleton(skeletonize(mask))
    prune_spurs(graph, 6)
    contract_junctions(graph)
    as_given = Orientation(False, False, False, graph.shape)
    nerves, junctions = unite(graph, relief(image, smooth(image, 15.0)), as_given)
    return Tracing(graph.shape, nerves, junctions, 0.0)


def unite(
    graph: Graph, contrast: Image, laid: Orientation
) -> tuple[tuple[Nerve, ...], dict[int, tuple[float, float]]]:
    """Make a nerve of every chain of edges that continue each other.

    Parameters
    ----------
    graph : Graph
    contrast : float32, shape (rows, columns)
        Image minus background.
    laid : Orientation
        How graph and contrast lie; what is returned lies as the frame was given.

    Returns
    -------
    nerves : tuple of Nerve
    junctions : dict
        Key -> (row, column).
    """
    degree = graph.degrees()
    nerves = []
    for chain in chains(graph, contrast):
        path = smooth_path(chain.path)
        roots = tuple(k for k in (chain.head, chain.tail) if degree[k] >= 3 and k not in chain.passes)
        width = _width(path, contrast)
        own = laid.back(path)
        nerves.append(Nerve(own, roots, frozenset(chain.passes), _borders(own, laid.shape), width))
    places = {k: laid.back(np.array(graph.nodes[k])) for k, d in degree.items() if d >= 3}
    return tuple(nerves), {k: (float(p[0]), float(p[1])) for k, p in places.items()}


def _borders(path: Path, shape: tuple[int, int]) -> frozenset[str]:
    h, w = shape
    sides = set()
    for r, c in (path[0], path[-1]):
        near = {"top": r, "bottom": h - 1 - r, "left": c, "right": w - 1 - c}
        side = min(near, key=lambda k: near[k])
        if near[side] < 4:
            sides.add(side)
    return frozenset(sides)


def _width(path: Path, contrast: Image) -> float:
    """Return the mean full width at half maximum, in pixels, of the profiles of pieces of 30 points."""
    offsets = np.arange(-9, 9.01, 0.75)
    some = path[::2]
    profile = sample(contrast, some[:, None] + offsets[None, :, None] * normals(path)[::2][:, None])
    cuts = np.linspace(0, len(some), max(1, len(some) // 15) + 1).astype(int)
    counts = np.diff(cuts)
    means = np.add.reduceat(profile.astype(float), cuts[:-1], axis=0) / counts[:, None]
    widths = [(_half_width(mean, offsets), int(n)) for mean, n in zip(means, counts, strict=True)]
    found = [(width, n) for width, n in widths if width is not None]
    return sum(width * n for width, n in found) / sum(n for _, n in found) if found else 3.0


def _half_width(profile: NDArray[np.float64], offsets: NDArray[np.float64]) -> float | None:
    """Return the full width at half maximum of one profile, the blur of 0.8 pixels taken off; None if it has none."""
    middle = np.abs(offsets) <= 2
    step = float(offsets[1] - offsets[0])
    peak = int(np.argmax(np.where(middle, profile, -np.inf)))
    sides = []
    for direction in (-1, 1):
        side = profile[peak::direction]
        base = float(side.min())
        half = 0.5 * (profile[peak] + base)
        below = np.flatnonzero(side < half)
        if profile[peak] - base <= 0 or not len(below):
            return None
        k = int(below[0])
        sides.append(step * (k - 1 + float((side[k - 1] - half) / max(side[k - 1] - side[k], 1e-9))))
    full = min(sum(sides), 12.0)
    return float(np.sqrt(max(full**2 - (2.355 * 0.8) ** 2, 1.0)))
