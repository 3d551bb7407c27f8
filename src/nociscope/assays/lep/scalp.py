"""Where electrodes lie, for maps: the idealised 10-10 system on a sphere."""

from __future__ import annotations

import re

import numpy as np

from nociscope.assays.lep.recording import Floats

_MIDLINE = {"FP": 72.0, "AF": 54.0, "F": 36.0, "FC": 18.0, "C": 0.0, "CP": -18.0, "P": -36.0, "PO": -54.0, "O": -72.0}
_RING = {"FP": 18.0, "AF": 36.0, "F": 54.0, "FC": 72.0, "C": 90.0, "CP": 108.0, "P": 126.0, "PO": 144.0, "O": 162.0}
_TEMPORAL = {"FT": "FC", "T": "C", "TP": "CP"}


def _ring_point(row: str, left: bool) -> Floats:
    azimuth = np.deg2rad(_RING[row])
    across = np.sin(np.deg2rad(72.0))
    side = -1.0 if left else 1.0
    return np.array([side * across * np.sin(azimuth), across * np.cos(azimuth), np.cos(np.deg2rad(72.0))])


def _midline_point(row: str) -> Floats:
    angle = np.deg2rad(_MIDLINE[row])
    return np.array([0.0, np.sin(angle), np.cos(angle)])


def position(electrode: str) -> tuple[float, float] | None:
    """Return an electrode's place on the unit disc (x right, y nose), None when its name is not of the 10-10 system.

    Electrodes of a row lie at equal steps on the circle through its midline point and its two ends on the ring at 10
    % of the head's height; the sphere is laid flat by equal distances from the vertex.

    Parameters
    ----------
    electrode : str
        In upper case and newer names: ``T7``, ``FC3``.
    """
    found = re.fullmatch(r"(FP|AF|FC|FT|CP|TP|PO|F|C|T|P|O)(Z|10|[1-9])", electrode)
    if not found:
        return None
    row, column = _TEMPORAL.get(found[1], found[1]), found[2]
    if column == "Z":
        point = _midline_point(row)
        return _flat(point)
    number = int(column)
    left = number % 2 == 1
    if number >= 9:
        azimuth = np.deg2rad(_RING[row])
        return (-1.0 if left else 1.0) * float(np.sin(azimuth)), float(np.cos(azimuth))
    share = (
        1.0 if row in ("FP", "O") else {1: 0.25, 2: 0.25, 3: 0.5, 4: 0.5, 5: 0.75, 6: 0.75, 7: 1.0, 8: 1.0}[number]
    )
    return _flat(_on_circle(_midline_point(row), _ring_point(row, left), share))


def _on_circle(middle: Floats, end: Floats, share: float) -> Floats:
    """Return the point at a share of the arc from the midline to a ring end, on the circle through both ends."""
    other = end * np.array([-1.0, 1.0, 1.0])
    chord = (end + other) / 2
    axis = middle - chord
    height, half = float(np.linalg.norm(axis)), float(abs(end[0]))
    if height < 1e-9:
        return middle + share * (end - middle)
    radius = (height**2 + half**2) / (2 * height)
    centre = middle - axis / height * radius
    full = np.arctan2(half, radius - height)
    angle = share * full
    across = np.array([np.sign(end[0]), 0.0, 0.0])
    return centre + radius * (np.cos(angle) * axis / height + np.sin(angle) * across)


def _flat(point: Floats) -> tuple[float, float]:
    unit = point / np.linalg.norm(point)
    angle = float(np.arccos(np.clip(unit[2], -1, 1))) / (np.pi / 2)
    flat = float(np.hypot(unit[0], unit[1]))
    if flat < 1e-9:
        return 0.0, 0.0
    return angle * float(unit[0]) / flat, angle * float(unit[1]) / flat


def thin_plate(positions: Floats, values: Floats, at: Floats, smoothing: float = 0.01) -> Floats:
    """Interpolate values over the plane by a smoothed thin-plate spline.

    The surface of least bending through scattered points (Duchon 1977, doi:10.1007/BFb0086566): a plane and one
    r^2 log r for each point.

    Parameters
    ----------
    positions : array (c, 2)
    values : array (c,)
    at : array (m, 2)
    smoothing : float
        0 goes through every value.

    Returns
    -------
    array (m,)
    """

    def kernel(a: Floats, b: Floats) -> Floats:
        square = ((a[:, None] - b[None]) ** 2).sum(axis=2)
        bent: Floats = 0.5 * square * np.log(np.maximum(square, 1e-300))
        return bent

    count = len(positions)
    plane = np.column_stack([np.ones(count), positions])
    system = np.block(
        [[kernel(positions, positions) + smoothing * np.eye(count), plane], [plane.T, np.zeros((3, 3))]]
    )
    weights = np.linalg.lstsq(system, np.concatenate([values, np.zeros(3)]), rcond=None)[0]
    surface: Floats = (
        kernel(at, positions) @ weights[:count] + np.column_stack([np.ones(len(at)), at]) @ weights[count:]
    )
    return surface
