"""Grey levels sampled along and across a path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.detector import Image


def sample(image: Image, points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return bilinear samples at `points` (..., 2) in rows and columns, clamped at the border."""
    h, w = image.shape
    r = np.clip(points[..., 0], 0, h - 1)
    c = np.clip(points[..., 1], 0, w - 1)
    r0 = np.minimum(r.astype(np.intp), max(h - 2, 0))
    c0 = np.minimum(c.astype(np.intp), max(w - 2, 0))
    r1, c1 = np.minimum(r0 + 1, h - 1), np.minimum(c0 + 1, w - 1)
    fr, fc = r - r0, c - c0
    top = image[r0, c0] * (1 - fc) + image[r0, c1] * fc
    bottom = image[r1, c0] * (1 - fc) + image[r1, c1] * fc
    return np.asarray(top * (1 - fr) + bottom * fr, np.float32)


def normals(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return unit vectors across a path, shape (points, 2)."""
    if len(path) < 2:
        return np.array([[1.0, 0.0]])
    along = np.empty_like(path)
    along[1:-1] = path[2:] - path[:-2]
    along[0] = path[1] - path[0]
    along[-1] = path[-1] - path[-2]
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1])[:, None], 1e-9)
    return np.stack([along[:, 1], -along[:, 0]], axis=1)
