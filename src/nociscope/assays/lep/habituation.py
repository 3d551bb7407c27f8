"""How the response changes over series and pulses: ratios of series, and a slope adjusted for laser energy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nociscope.assays.lep.recording import Bools, Floats
from nociscope.assays.lep.resample import NO_INTERVAL, Interval, fieller

IN_STEP = 0.98
"""Above this correlation of energy and pulse number neither slope can be told from the other."""


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
    good, adjusted, remark = _trials_to_fit(np.isfinite(amplitude) & np.isfinite(order), energy_j)
    k, energy = order[good], energy_j[good]
    n = len(k)
    columns = [np.ones(n), k]
    if adjusted:
        columns.append(energy - energy.mean())
    none = Slope(percent_per_trial=None, n=n, adjusted=adjusted)
    if n < len(columns) + 4 or np.ptp(k) == 0:
        return replace(none, remark=f"only {n} trials")
    if adjusted and abs(np.corrcoef(k, energy)[0, 1]) > IN_STEP:
        return replace(none, remark="energy changes in step with the pulse number, so the two cannot be told apart")
    beta, covariance = _least_squares_hc3(np.column_stack(columns), amplitude[good])
    df = n - len(columns)
    interval = fieller(beta[1], beta[0], covariance[1, 1], covariance[0, 0], covariance[0, 1], df)
    if interval.low is None or interval.high is None:
        unbounded = "the interval is unbounded: the fitted value at the first pulse is not distinguishable from 0"
        value = float(100 * beta[1] / beta[0]) if beta[0] > 0 else None
        return replace(none, percent_per_trial=value, remark="; ".join(r for r in (remark, unbounded) if r))
    return replace(
        none,
        percent_per_trial=float(100 * beta[1] / beta[0]),
        interval=Interval(100 * interval.low, 100 * interval.high),
        remark=remark,
    )


def _trials_to_fit(good: Bools, energy_j: Floats) -> tuple[Bools, bool, str]:
    """Return which trials (n,) enter the fit, whether it is adjusted for energy, and what is to be said of that."""
    known = good & np.isfinite(energy_j)
    if not known.any():
        return good, False, "not adjusted: the energies are not known"
    if float(np.ptp(energy_j[known])) <= 1e-9:
        return good, False, "one energy for all pulses, nothing to adjust"
    lost = int(good.sum() - known.sum())
    return known, True, f"{lost} trials without energy left out" if lost else ""


def _least_squares_hc3(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the coefficients (p,) of y (n,) on x (n, p) and their HC3 covariance (p, p)."""
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    scaled = (y - x @ beta) / np.clip(1 - leverage, 1e-6, None)
    covariance: Floats = inverse @ (x.T * scaled**2) @ x @ inverse
    return beta, covariance
