"""Whether a frame can be trusted: contrast, focus, saturation, folds, and the area that can be used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nociscope.assays.ccm.detector import Image, Mask, smooth

SATURATED = 254.0
BLACK = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class FrameQuality:
    """The quality of one frame.

    Attributes
    ----------
    focus : float
        Root mean square of structures of about 2 to 6 pixels, relative to the mean grey level.
    saturated : float
        Share of pixels at the top of the scale.
    fold_fraction : float
        Share of the frame darkened by folds (K-structures).
    usable : bool, shape of the frame
        Neither fold nor saturated nor black.
    empty : bool
        The frame holds no picture: black, white or one grey.
    """

    focus: float
    saturated: float
    fold_fraction: float
    usable: Mask
    empty: bool

    @property
    def usable_share(self) -> float:
        """Share of the frame that can be used."""
        return float(self.usable.mean())


def judge(image: Image, fold_depth: float = 0.8) -> FrameQuality:
    """Judge a frame.

    Parameters
    ----------
    image : float32
        Grey levels 0 to 255 at the standard pixel size.
    fold_depth : float
        A place is folded when its level over about 6 pixels is below this share of the level over about 40 pixels:
        pressure lines are broad dark bands in an even glow.
    """
    mean = float(image.mean())
    saturated = float((image >= SATURATED).mean())
    middle = np.partition(image.ravel(), [int(0.005 * image.size), int(0.995 * image.size) - 1])
    span = float(middle[int(0.995 * image.size) - 1] - middle[int(0.005 * image.size)])
    empty = span < 3.0 or saturated > 0.5 or mean < 1.0
    near, wide = smooth(image, 8.0), smooth(image, 40.0)
    folded = (near < fold_depth * wide) & (wide > 8.0)
    band = smooth(image, 1.0) - smooth(image, 3.0)
    focus = float(np.sqrt(np.mean(band * band))) / max(mean, 1.0)
    usable = ~folded & (near < SATURATED) & (near > BLACK)
    return FrameQuality(focus, saturated, float(folded.mean()), usable, empty)
