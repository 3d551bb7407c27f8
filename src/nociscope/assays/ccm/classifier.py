"""How much every point of a path looks like nerve: three small networks that slide along the path.

Two layers of a few units look at a point and at means over windows along the path; the last is a weighted sum. The
three differ only in where their training began; their mean depends less on chance than each of them. There
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
    """The networks.

    Attributes
    ----------
    mean, scale : float32, shape (quantities,)
    first, second : float32, shape (networks, inputs + 1, units)
        The last row is the constant.
    last : float32, shape (networks, inputs + 1)
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
    total = np.zeros(len(x))
    for first, second, last in zip(w.first, w.second, w.last, strict=True):
        one = np.tanh(x @ first[:-1] + first[-1])
        seen = np.concatenate([one, along.slide(one, SHORT), along.slide(one, MIDDLE)], axis=1)
        two = np.tanh(seen @ second[:-1] + second[-1])
        seen = np.concatenate([two, along.slide(two, MIDDLE), along.slide(two, LONG)], axis=1)
        total += seen @ last[:-1] + last[-1]
    return np.clip(total / len(w.first), -CERTAIN, CERTAIN)
