"""Turn way points placed by eye into centre lines: rewrite ``Frames`` in ``ccm_annotations.json`` from ``WayPoints``.

    python docs/validation/ccm_annotate.py FRAMES

FRAMES is the folder of the real frames (see ``ccm.md``). Consecutive way points are joined by the path of least cost
over the ridge of the smoothed frame (the greater of its second derivatives, by the Hessian at 1.8 px), the path is
smoothed (2 px) and thinned to one point in about 4 px. Nothing of the detector is used. Frames that have no way points on
record stay as they are.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage, sparse

ANNOTATIONS = Path(__file__).parent / "ccm_annotations.json"
RIDGE, SMOOTH, STEP = 1.8, 2.0, 4
MARGIN = 12
"""How far, in pixels, a path may leave the box around its two way points."""


def cost(image: np.ndarray) -> np.ndarray:
    """Return what a pixel costs: 1 away from ridges, down to 0.04 on strong ones; shape (rows, columns)."""
    rr, cc, rc = (ndimage.gaussian_filter(image, RIDGE, order=o, mode="nearest") for o in ((2, 0), (0, 2), (1, 1)))
    ridge = np.maximum(-((rr + cc) / 2 - np.hypot((rr - cc) / 2, rc)), 0)
    spread = np.sqrt(ndimage.gaussian_filter(ridge * ridge, 30)) + 1e-6
    return 1 / (1 + 3 * ridge / spread) ** 2 + 0.04


def joined(price: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Return the path of least cost between two places (row, column), shape (points, 2); eight neighbours a pixel."""
    low = np.maximum(np.minimum(start, stop) - MARGIN, 0)
    high = np.minimum(np.maximum(start, stop) + MARGIN + 1, price.shape)
    box = price[low[0] : high[0], low[1] : high[1]]
    number = np.arange(box.size).reshape(box.shape)
    rows, columns, values = [], [], []
    for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = (slice(0, box.shape[0] - dr), slice(max(0, -dc), box.shape[1] - max(0, dc)))
        there = (slice(dr, None), slice(max(0, dc), box.shape[1] + min(0, dc)))
        rows.append(number[here].ravel())
        columns.append(number[there].ravel())
        values.append((np.hypot(dr, dc) * (box[here] + box[there]) / 2).ravel())
    ways = sparse.csr_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(box.size, box.size)
    )
    first, last = (int(number[tuple(p - low)]) for p in (start, stop))
    _, before = sparse.csgraph.dijkstra(ways, directed=False, indices=first, return_predecessors=True)
    path = [last]
    while path[-1] != first:
        path.append(int(before[path[-1]]))
    return np.stack(np.unravel_index(path[::-1], box.shape), 1) + low


def centre_line(price: np.ndarray, way_points: list[list[float]]) -> list[list[float]]:
    """Return the smoothed centre line through way points; x, y in pixels."""
    last = np.array(price.shape) - 1
    at = np.clip(np.rint(np.array(way_points, float)[:, ::-1]).astype(int), 0, last)
    parts = [joined(price, a, b) for a, b in itertools.pairwise(at) if (a != b).any()]
    path = np.concatenate([parts[0][:1], *(p[1:] for p in parts)]).astype(float)
    smooth = ndimage.gaussian_filter1d(path, SMOOTH, axis=0, mode="nearest")
    smooth[[0, -1]] = path[[0, -1]]
    kept = smooth[np.unique([*range(0, len(smooth), STEP), len(smooth) - 1])]
    return [[round(float(c), 1), round(float(r), 1)] for r, c in kept]


def written(annotated: dict) -> str:
    """Return the annotations as JSON, one row for a line."""
    parts = []
    for key, value in annotated.items():
        text = json.dumps(value)
        if key in ("Frames", "WayPoints"):
            frames = (
                f'"{name}": [\n' + ",\n".join(json.dumps(line) for line in lines) + "\n]"
                for name, lines in value.items()
            )
            text = "{\n" + ",\n".join(frames) + "\n}"
        parts.append(f'"{key}": {text}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames", type=Path)
    given = parser.parse_args()
    annotated = json.loads(ANNOTATIONS.read_text())
    for name, lines in annotated["WayPoints"].items():
        with Image.open(next(given.frames.rglob(f"*{name}.jpg"))) as picture:
            price = cost(np.asarray(picture.convert("L"), float))
        annotated["Frames"][name] = [
            {"class": line["class"], "points": centre_line(price, line["points"])} for line in lines
        ]
    ANNOTATIONS.write_text(written(annotated), encoding="utf-8")


if __name__ == "__main__":
    main()
