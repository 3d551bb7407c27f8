"""Thousands of small meta-analyses at once: simulations, bootstraps, voxels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nociscope.evidence.effects import Array


def dersimonian_laird_many(y: ArrayLike, v: ArrayLike) -> dict[str, Array]:
    """Return DerSimonian-Laird analyses of many data sets of the same number of studies.

    Parameters
    ----------
    y, v : array (m, k)
        Effects and variances, one data set a row; at least two studies.

    Returns
    -------
    dict
        `estimate`, `se`, `tau2`, `q`, `i2` (percent), `ci_low`, `ci_high` (normal), each (m,).

    References
    ----------
    DerSimonian and Laird 1986, doi 10.1016/0197-2456(86)90046-2.
    """
    effects, variances = (
        np.atleast_2d(np.asarray(y, dtype=np.float64)),
        np.atleast_2d(np.asarray(v, dtype=np.float64)),
    )
    if effects.shape != variances.shape or effects.shape[1] < 2:
        raise ValueError("y and v need the same shape (m, k), with at least two studies")
    if not (np.isfinite(effects).all() and np.isfinite(variances).all() and (variances > 0).all()):
        raise ValueError("effects must be finite, variances finite and positive")
    df = effects.shape[1] - 1
    w = 1.0 / variances
    total, square = w.sum(axis=1), np.einsum("mk,mk->m", w, w)
    common = np.einsum("mk,mk->m", w, effects) / total
    q = np.einsum("mk,mk->m", w, (effects - common[:, None]) ** 2)
    tau2 = np.maximum(0.0, (q - df) / (total - square / total))
    w = 1.0 / (variances + tau2[:, None])
    total = w.sum(axis=1)
    estimate, se = np.einsum("mk,mk->m", w, effects) / total, 1.0 / np.sqrt(total)
    half = 1.959963984540054 * se
    with np.errstate(divide="ignore", invalid="ignore"):
        i2 = np.where(q > df, 100.0 * (q - df) / q, 0.0)
    return {
        "estimate": estimate,
        "se": se,
        "tau2": tau2,
        "q": q,
        "i2": i2,
        "ci_low": estimate - half,
        "ci_high": estimate + half,
    }
