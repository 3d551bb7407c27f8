"""How much every point of a path looks like nerve: a small network that slides along the path.

Two layers of a few units look at a point and at means over windows along the path; the last is a weighted sum. There
is no direction in what goes in (:mod:`~nociscope.assays.ccm.appearance`) nor in the windows, so the score does not
change when a frame is turned or flipped. The weights are ours: ``docs/validation/ccm_train.py`` made them from
simulated frames and our own annotation of three real ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.appearance import LONG, MIDDLE, SHORT, Bundle, Values

CLIP = 4.0
"""Standardised quantities are cut at this size: nothing far from the training frames runs away."""

CERTAIN = 5.0
"""Largest score in size."""


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The network.

    Attributes
    ----------
    mean, scale : float32, shape (quantities,)
    first, second : float32, shape (inputs + 1, units)
        The last row is the constant.
    last : float32, shape (inputs + 1,)
    """

    mean: Values
    scale: Values
    first: Values
    second: Values
    last: Values


@lru_cache(maxsize=1)
def shipped() -> Weights:
    """Return the weights of this version of the detector."""
    text = files("nociscope.assays.ccm").joinpath("weights.json").read_text(encoding="utf-8")
    return Weights(**{k: np.array(v, np.float32) for k, v in json.loads(text).items()})


def scores(values: Values, along: Bundle, weights: Weights | None = None) -> NDArray[np.float64]:
    """Return the log odds of being nerve at every point.

    Parameters
    ----------
    values : float32, shape (points, quantities)
        From :func:`~nociscope.assays.ccm.appearance.appearance`.
    along : Bundle
    weights : Weights, optional
        The shipped ones by default.

    Returns
    -------
    float, shape (points,)
    """
    w = weights or shipped()
    x = np.clip((values - w.mean) / w.scale, -CLIP, CLIP)
    one = np.tanh(x @ w.first[:-1] + w.first[-1])
    seen = np.concatenate([one, along.slide(one, SHORT), along.slide(one, MIDDLE)], axis=1)
    two = np.tanh(seen @ w.second[:-1] + w.second[-1])
    seen = np.concatenate([two, along.slide(two, MIDDLE), along.slide(two, LONG)], axis=1)
    return np.clip((seen @ w.last[:-1] + w.last[-1]).astype(float), -CERTAIN, CERTAIN)
