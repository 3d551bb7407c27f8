"""A frame laid the way its own brightness decides, so that a turned or flipped frame is traced as the same frame.

The filters have no preferred direction, but thinning a mask removes pixels from one side first, and that decides now
and then whether a faint stretch is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.detector import Image


@dataclass(frozen=True, slots=True)
class Orientation:
    """What is done to a frame, in this order.

    Attributes
    ----------
    rows, columns : bool
        Their order is reversed.
    swapped : bool
        Rows and columns are exchanged.
    shape : (rows, columns)
        Of the frame as given.
    """

    rows: bool
    columns: bool
    swapped: bool
    shape: tuple[int, int]

    def lay(self, image: Image) -> Image:
        """Return a frame in the standard orientation."""
        out = image[:: -1 if self.rows else 1, :: -1 if self.columns else 1]
        return np.ascontiguousarray(out.T if self.swapped else out)

    def back(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return points (..., 2) of the laid frame in rows and columns of the frame as given."""
        out = points[..., ::-1].copy() if self.swapped else points.copy()
        if self.rows:
            out[..., 0] = self.shape[0] - 1 - out[..., 0]
        if self.columns:
            out[..., 1] = self.shape[1] - 1 - out[..., 1]
        return np.asarray(out)


def orientation(image: Image) -> Orientation:
    """Return how to lay a frame: the brighter half at the bottom and on the right, the larger surplus at the bottom.

    Parameters
    ----------
    image : float32, shape (rows, columns)
    """
    h, w = image.shape
    down = float(image.sum(1, dtype=float) @ (np.arange(h) - (h - 1) / 2)) / h
    across = float(image.sum(0, dtype=float) @ (np.arange(w) - (w - 1) / 2)) / w
    return Orientation(down < 0, across < 0, abs(across) > abs(down), (h, w))
