r"""The psychometric function of yes/no answers: threshold, slope, and their 95 % intervals.

Model
-----
With stimulus :math:`x`, threshold :math:`\alpha`, spread :math:`\sigma` and a fixed share :math:`\epsilon` of answers
that have nothing to do with the stimulus (half of them yes),

.. math:: P(\mathrm{yes} \mid x) = \epsilon / 2 + (1 - \epsilon)\,\Phi\{(x - \alpha) / \sigma\},

so :math:`\alpha` is the 50 % point whatever :math:`\epsilon`, and the slope is :math:`1/\sigma`. The threshold is a
magnitude, so :math:`\alpha \ge 0`: without this bound a single "no" to a strong stimulus in someone who feels
everything makes the curve shallow and moves its threshold below no stimulus at all.

Estimate
--------
The likelihood is penalised by Jeffreys' prior, the root of the determinant of the Fisher information of intercept and
slope (Firth 1993, https://doi.org/10.1093/biomet/80.1.27; Kosmidis & Firth 2021,
https://doi.org/10.1093/biomet/asaa052). It needs no tuning constant, keeps the slope finite when yes and no are
perfectly separated, reduces the bias of the slope, and does not change with the unit of the stimulus.

Intervals are the values whose profile penalised likelihood lies within 1.92 (half the 95 % point of chi-squared with
one degree of freedom) of its maximum (Heinze & Schemper 2002, https://doi.org/10.1002/sim.1047).

All functions of a study are fitted side by side: a grid over threshold and slope finds the highest peak, so that no
start value and no local optimum matters; golden-section search refines it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from nociscope.tables import Censored

Array = npt.NDArray[np.float64]
Columns = npt.NDArray[np.intp]
State = Literal["fitted", "all_yes", "all_no", "too_few", "flat"]

_DROP = 1.920729410347062  # half of the 95 % point of chi-squared with one degree of freedom
_THRESHOLDS = np.linspace(0.0, 1.5, 31)
_MIDDLES = 24
_LOG_SLOPES = np.linspace(np.log(0.2), np.log(500.0), 27)
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
_CHUNK = 72  # functions that are refined together: enough to hide the cost of a call
_BLOCK = 6  # of these, whose grids are computed together: few enough to stay in the processor's cache
_COARSE, _MEDIUM, _FINE = 8, 13, 21  # golden-section steps: a bracket shrinks to 1/50, 1/500, 1/24,000
_BISECTIONS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A fitted psychometric function.

    Attributes
    ----------
    state : {'fitted', 'all_yes', 'all_no', 'too_few', 'flat'}
        `flat`: yes does not become more frequent with intensity, so there is no threshold.
    threshold, threshold_low, threshold_high : float or None
        The 50 % point and its interval, in the unit of the intensities. A threshold outside the intensities that were
        given is replaced by their end, and `censored` says so.
    slope, slope_low, slope_high : float or None
        1/sigma, per unit of intensity. An open end is None.
    censored : {'none', 'below', 'above'}
    n : int
        Answered trials.
    alpha, sigma : float or None
        The function as fitted, before censoring, for drawing.
    """

    state: State
    n: int
    threshold: float | None = None
    threshold_low: float | None = None
    threshold_high: float | None = None
    slope: float | None = None
    slope_low: float | None = None
    slope_high: float | None = None
    censored: Censored = "none"
    alpha: float | None = None
    sigma: float | None = None


def proportion_yes(x: Array, alpha: float, sigma: float, lapse: float) -> Array:
    """Return the probability of yes at intensities `x` (any shape)."""
    from scipy.special import ndtr

    return lapse / 2.0 + (1.0 - lapse) * np.asarray(ndtr((np.asarray(x) - alpha) / sigma), dtype=np.float64)


class _Batch:
    """Trials of many functions side by side, intensities as fractions of the largest one.

    Attributes
    ----------
    x, yes, weight : Array, shape (fits, trials)
        Intensity; whether the answer was yes; 1, or 0 where the row is padded.
    """

    def __init__(self, x: list[Array], yes: list[npt.NDArray[np.bool_]], lapse: float) -> None:
        longest = max(len(v) for v in x)
        self.x = np.zeros((len(x), longest))
        self.yes = np.zeros((len(x), longest), dtype=bool)
        self.weight = np.zeros((len(x), longest))
        for i, (v, a) in enumerate(zip(x, yes, strict=True)):
            self.x[i, : len(v)] = v
            self.yes[i, : len(v)] = a
            self.weight[i, : len(v)] = 1.0
        self.lapse = lapse

    def part(self, rows: slice) -> _Batch:
        """Return some of the functions."""
        out = object.__new__(_Batch)
        out.x, out.yes, out.weight, out.lapse = self.x[rows], self.yes[rows], self.weight[rows], self.lapse
        return out

    def objective(self, a: Array, s: Array) -> Array:
        """Return the penalised log-likelihood at thresholds `a` and log slopes `s`.

        Parameters
        ----------
        a, s : Array, shape (fits, ...)
            The same number of dimensions; they broadcast.

        Returns
        -------
        Array, the broadcast shape
        """
        from scipy.special import ndtr

        extra = (slice(None), *([None] * (a.ndim - 1)), slice(None))
        x, yes, weight = self.x[extra], self.yes[extra], self.weight[extra]
        eta = np.exp(s)[..., None] * (x - a[..., None])
        half = self.lapse / 2.0
        p_yes = half + (1.0 - self.lapse) * ndtr(eta)
        p_yes = np.clip(p_yes, 1e-15, 1.0 - 1e-15)
        log_likelihood = (weight * np.log(np.where(yes, p_yes, 1.0 - p_yes))).sum(-1)
        density = (1.0 - self.lapse) ** 2 / (2.0 * np.pi) * np.exp(-np.minimum(eta * eta, 600.0))
        information = weight * density / (p_yes * (1.0 - p_yes))
        total = information.sum(-1)
        centred = x - ((information * x).sum(-1) / np.maximum(total, 1e-300))[..., None]
        determinant = total * (information * centred * centred).sum(-1)
        return np.asarray(log_likelihood + 0.5 * np.log(np.maximum(determinant, 1e-300)))


def _golden(function: Callable[[Array], Array], low: Array, high: Array, steps: int) -> tuple[Array, Array]:
    """Return where and what the maximum of a function of one variable is, for many brackets at once."""
    c = high - _GOLDEN * (high - low)
    d = low + _GOLDEN * (high - low)
    fc, fd = function(c), function(d)
    for _ in range(steps):
        left = fc > fd
        low, high = np.where(left, low, c), np.where(left, d, high)
        new = np.where(left, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        value = function(new)
        c, d, fc, fd = (
            np.where(left, new, d),
            np.where(left, c, new),
            np.where(left, value, fd),
            np.where(left, fc, value),
        )
    best = fc >= fd
    return np.where(best, c, d), np.where(best, fc, fd)


def fit(x: Sequence[float], yes: Sequence[bool], *, lapse: float = 0.02, minimum: int = 8) -> Fit:
    """Fit one psychometric function; see :func:`fit_many`."""
    return fit_many([x], [yes], lapse=lapse, minimum=minimum)[0]


def fit_many(
    x: Sequence[Sequence[float]], yes: Sequence[Sequence[bool]], *, lapse: float = 0.02, minimum: int = 8
) -> tuple[Fit, ...]:
    """Fit a psychometric function to each of several sets of yes/no answers.

    Parameters
    ----------
    x : sequence of sequences of float
        Intensities, not negative.
    yes : sequence of sequences of bool
        The answers.
    lapse : float
        Share of answers unrelated to the stimulus, 0 to 0.2.
    minimum : int
        Fewer answers give `too_few`.

    Raises
    ------
    ValueError
        An intensity is negative or not finite, or the lapse rate is out of range.
    """
    if not 0.0 <= lapse <= 0.2:
        raise ValueError(f"a lapse rate of {lapse} is not between 0 and 0.2")
    out: list[Fit | None] = []
    arrays: list[tuple[Array, npt.NDArray[np.bool_]]] = []
    for intensities, answers in zip(x, yes, strict=True):
        order = np.lexsort((np.asarray(answers, dtype=bool), np.asarray(intensities, dtype=np.float64)))
        v = np.asarray(intensities, dtype=np.float64)[order]
        a = np.asarray(answers, dtype=bool)[order]
        if not np.all(np.isfinite(v)) or np.any(v < 0):
            raise ValueError("an intensity is negative or not finite")
        state = _without_fit(v, a, minimum)
        out.append(state)
        if state is None:
            arrays.append((v, a))
    fitted: list[Fit] = []
    for start in range(0, len(arrays), _CHUNK):
        fitted += _fit_chunk(arrays[start : start + _CHUNK], lapse)
    rest = iter(fitted)
    return tuple(next(rest) if f is None else f for f in out)


def _without_fit(x: Array, yes: npt.NDArray[np.bool_], minimum: int) -> Fit | None:
    """Return what can be said without a fit, None when a fit is possible."""
    n = len(x)
    if n < max(minimum, 2) or x[-1] <= 0:
        return Fit(state="too_few", n=n)
    if not yes.any():
        return Fit(state="all_no", n=n, threshold=float(x[-1]), censored="above")
    if x[0] == x[-1]:
        if yes.all():
            return Fit(state="all_yes", n=n, threshold=float(x[0]), censored="below")
        return Fit(state="flat", n=n)
    return None


def _fit_chunk(arrays: Sequence[tuple[Array, npt.NDArray[np.bool_]]], lapse: float) -> list[Fit]:
    scale = np.array([v[-1] for v, _ in arrays])
    scaled = [v / s for (v, _), s in zip(arrays, scale, strict=True)]
    batch = _Batch(scaled, [a for _, a in arrays], lapse)
    grid = _threshold_grid(scaled)
    surface = np.concatenate(
        [
            batch.part(slice(i, i + _BLOCK)).objective(grid[i : i + _BLOCK, :, None], _LOG_SLOPES[None, None, :])
            for i in range(0, len(arrays), _BLOCK)
        ]
    )
    peak = _Peak(batch, grid, surface)
    return [_result(peak, i, float(scale[i]), v, bool(a.all())) for i, (v, a) in enumerate(arrays)]


def _threshold_grid(scaled: Sequence[Array]) -> Array:
    """Return thresholds to try: a regular grid, and the middle between neighbouring intensities.

    The middles matter where yes and no are separated by a gap narrower than the regular grid.
    """
    grid = np.empty((len(scaled), len(_THRESHOLDS) + _MIDDLES))
    for i, v in enumerate(scaled):
        middles = np.unique((v[1:] + v[:-1]) / 2.0)
        places = np.linspace(0.0, len(middles) - 1.0, _MIDDLES)
        grid[i] = np.sort(np.concatenate([_THRESHOLDS, np.interp(places, np.arange(len(middles)), middles)]))
    return grid


class _Peak:
    """The highest point and the profile interval of each function of a batch, in normalised units.

    Attributes
    ----------
    alpha, log_slope : Array, shape (fits,)
        Where the penalised likelihood is highest.
    flat : Array of bool
        The highest point lies at the smallest slope that is tried.
    alpha_low, alpha_high, slope_low, slope_high : Array
        Ends of the profile intervals (slopes as logarithms); NaN where the interval has no end.
    """

    def __init__(self, batch: _Batch, grid: Array, surface: Array) -> None:
        bottom, top = float(_LOG_SLOPES[0]), float(_LOG_SLOPES[-1])
        step = float(_LOG_SLOPES[1] - _LOG_SLOPES[0])
        rows = np.arange(len(grid))
        slopes = np.broadcast_to(_LOG_SLOPES, (len(grid), len(_LOG_SLOPES)))

        def over_slope(a: Array, low: Array, high: Array, steps: int) -> tuple[Array, Array]:
            ends = np.maximum(low - step, bottom), np.minimum(high + step, top)
            return _golden(lambda s: batch.objective(a, s), *ends, steps)

        nearest = slopes[rows[:, None], surface.argmax(2)]
        best_s, profile_a = over_slope(grid, nearest, nearest, _COARSE)
        best_a = surface.argmax(1)
        lower = grid[rows[:, None], np.maximum(best_a - 1, 0)]
        upper = grid[rows[:, None], np.minimum(best_a + 1, grid.shape[1] - 1)]
        _, profile_s = _golden(lambda a: batch.objective(a, slopes), lower, upper, _COARSE)

        def height_at_alpha(a: Array, i: Columns, j: Columns) -> Array:
            return over_slope(a, *_span(best_s, rows, i, j), _MEDIUM)[1]

        def over_alpha(s: Array, i: Columns, j: Columns, steps: int) -> tuple[Array, Array]:
            bracket = np.minimum(lower[rows, i], lower[rows, j]), np.maximum(upper[rows, i], upper[rows, j])
            return _golden(lambda a: batch.objective(a, s), *bracket, steps)

        # Two peaks occur; each profile may miss the narrower one, so both are climbed and the higher is taken.
        before, after = _neighbours(profile_a)
        span = _span(best_s, rows, before, after)
        alpha_1, height_1 = _golden(
            lambda a: over_slope(a, *span, _FINE)[1], grid[rows, before], grid[rows, after], _FINE
        )
        slope_1, _ = over_slope(alpha_1, *span, _FINE)
        before, after = _neighbours(profile_s)
        slope_2, height_2 = _golden(
            lambda s: over_alpha(s, before, after, _FINE)[1], slopes[rows, before], slopes[rows, after], _FINE
        )
        alpha_2, _ = over_alpha(slope_2, before, after, _FINE)
        self.alpha = np.where(height_1 >= height_2, alpha_1, alpha_2)
        self.log_slope = np.where(height_1 >= height_2, slope_1, slope_2)
        self.flat = self.log_slope <= bottom + 1e-3
        peak = np.maximum(np.maximum(height_1, height_2), np.maximum(profile_a.max(1), profile_s.max(1)))
        self.alpha_low, self.alpha_high = _ends(grid, profile_a, peak - _DROP, height_at_alpha)
        self.slope_low, self.slope_high = _ends(
            slopes, profile_s, peak - _DROP, lambda s, i, j: over_alpha(s, i, j, _MEDIUM)[1]
        )


def _neighbours(profile: Array) -> tuple[Columns, Columns]:
    """Return the columns before and after the highest one."""
    k = profile.argmax(1)
    return np.maximum(k - 1, 0), np.minimum(k + 1, profile.shape[1] - 1)


def _span(values: Array, rows: Columns, i: Columns, j: Columns) -> tuple[Array, Array]:
    """Return the smaller and the larger of two columns' values."""
    first, second = values[rows, i], values[rows, j]
    return np.minimum(first, second), np.maximum(first, second)


def _ends(
    points: Array, profile: Array, level: Array, height: Callable[[Array, Columns, Columns], Array]
) -> tuple[Array, Array]:
    """Return where the profile crosses `level`, outermost on either side; NaN where it does not within the grid.

    `height(point, i, j)` is the profile at points between columns `i` and `j` of the grid.
    """
    rows = np.arange(len(points))
    inside = profile >= level[:, None]
    inside[rows, profile.argmax(1)] = True
    n = points.shape[1]
    ends = []
    for first, outward in ((inside.argmax(1), -1), (n - 1 - inside[:, ::-1].argmax(1), 1)):
        beyond = first + outward
        is_open = (beyond < 0) | (beyond >= n)
        outer = np.clip(beyond, 0, n - 1)
        low, high = points[rows, outer], points[rows, first]
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2.0
            above = height(middle, first, outer) >= level
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        ends.append(np.where(is_open, np.nan, (low + high) / 2.0))
    return ends[0], ends[1]


def _result(peak: _Peak, i: int, scale: float, x: Array, all_yes: bool) -> Fit:
    n = len(x)
    if peak.flat[i]:
        if all_yes:
            return Fit(state="all_yes", n=n, threshold=float(x[x > 0][0]), censored="below")
        return Fit(state="flat", n=n)

    def finite(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    alpha, sigma = float(peak.alpha[i]) * scale, scale / float(np.exp(peak.log_slope[i]))
    low, high = finite(peak.alpha_low[i] * scale), finite(peak.alpha_high[i] * scale)
    low = None if low is None else max(0.0, low)
    threshold, censored = alpha, "none"
    smallest, largest = float(x[x > 0][0]), float(x[-1])
    if alpha > largest:
        threshold, censored, high = largest, "above", None
        low = None if low is None else min(low, largest)
    elif alpha < smallest:
        threshold, censored, low = smallest, "below", None
        high = None if high is None else max(high, smallest)
    return Fit(
        state="all_yes" if all_yes else "fitted",
        n=n,
        threshold=threshold,
        threshold_low=low,
        threshold_high=high,
        slope=1.0 / sigma,
        slope_low=finite(np.exp(peak.slope_low[i]) / scale),
        slope_high=None if all_yes else finite(np.exp(peak.slope_high[i]) / scale),
        censored=censored,  # type: ignore[arg-type]
        alpha=alpha,
        sigma=sigma,
    )
