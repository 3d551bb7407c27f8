"""How the response changes over series and pulses: ratios of series, and a slope adjusted for laser energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nociscope.assays.lep.recording import Floats
from nociscope.assays.lep.resample import NO_INTERVAL, Interval, fieller


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """A linear trend over pulses.

    Attributes
    ----------
    percent_per_trial : float or None
        Change per pulse in % of the fitted value at the first pulse; None when it cannot be had.
    interval : Interval
    n : int
        Trials in the fit.
    adjusted : bool
        Whether laser energy was in the model.
    remark : str
        What a reader must know, or why there is no slope.
    """

    percent_per_trial: float | None
    interval: Interval = NO_INTERVAL
    n: int = 0
    adjusted: bool = False
    remark: str = ""


def slope(amplitude: Floats, order: Floats, energy_j: Floats) -> Slope:
    """Fit amplitude = b0 + b1 order + b2 (energy - mean energy), and return 100 b1 / b0.

    Parameters
    ----------
    amplitude : array (n,)
        One value per trial, from a linear estimator (no maximum is taken, so noise does not bias it).
    order : array (n,)
        Number of the pulse within its site and side, from 0; gaps where trials were rejected.
    energy_j : array (n,)
        NaN where unknown.

    Returns
    -------
    Slope
        With Fieller's interval on the heteroscedasticity-consistent covariance HC3 (MacKinnon and White, J
        Econometrics 1985;29:305-325, doi:10.1016/0304-4076(85)90158-7).

    Notes
    -----
    Energy drifts with order in the largest open data set, where the unadjusted ratio shows sensitisation and the
    adjusted slope habituation; hence the adjustment (Zhao et al., Sci Data 2025;12:1536).
    """
    good = np.isfinite(amplitude) & np.isfinite(order)
    known = good & np.isfinite(energy_j)
    remark = ""
    adjusted = False
    if known.any() and float(np.ptp(energy_j[known])) > 1e-9:
        adjusted = True
        if known.sum() < good.sum():
            remark = f"{int(good.sum() - known.sum())} trials without energy left out"
        good = known
    elif known.any():
        remark = "one energy for all pulses, nothing to adjust"
    else:
        remark = "not adjusted: the energies are not known"
    y, k = amplitude[good], order[good]
    n = len(y)
    columns = [np.ones(n), k - 0.0]
    if adjusted:
        columns.append(energy_j[good] - energy_j[good].mean())
    if n < len(columns) + 4 or np.ptp(k) == 0:
        return Slope(percent_per_trial=None, n=n, adjusted=adjusted, remark=f"only {n} trials")
    if adjusted and abs(np.corrcoef(k, columns[2])[0, 1]) > 0.98:
        return Slope(
            percent_per_trial=None,
            n=n,
            adjusted=True,
            remark="energy changes in step with the pulse number, so the two cannot be told apart",
        )
    x = np.column_stack(columns)
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    scaled = (y - x @ beta) / np.clip(1 - leverage, 1e-6, None)
    covariance = inverse @ (x.T * scaled**2) @ x @ inverse
    df = n - x.shape[1]
    interval = fieller(beta[1], beta[0], covariance[1, 1], covariance[0, 0], covariance[0, 1], df)
    if interval.low is None or interval.high is None:
        unbounded = "the interval is unbounded: the fitted value at the first pulse is not distinguishable from 0"
        return Slope(
            percent_per_trial=float(100 * beta[1] / beta[0]) if beta[0] > 0 else None,
            n=n,
            adjusted=adjusted,
            remark=f"{remark}; {unbounded}" if remark else unbounded,
        )
    return Slope(
        percent_per_trial=float(100 * beta[1] / beta[0]),
        interval=Interval(100 * interval.low, 100 * interval.high),
        n=n,
        adjusted=adjusted,
        remark=remark,
    )
