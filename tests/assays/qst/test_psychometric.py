from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nociscope.assays.qst.psychometric import Fit, fit, fit_many, proportion_yes

LAPSE = 0.02


def trials(seed: int, alpha: float, sigma: float, largest: float, n: int = 36) -> tuple[list[float], list[bool]]:
    """Return yes/no answers of an up-and-down series."""
    rng = np.random.default_rng(seed)
    x, yes = [], []
    level, step = largest / 2, largest / 4
    for i in range(n):
        x.append(float(np.clip(level, 0.05, largest)))
        yes.append(bool(rng.random() < proportion_yes(np.array(x[-1]), alpha, sigma, LAPSE)))
        if i and yes[-1] != yes[-2]:
            step = max(step / 1.5, sigma / 2)
        level = x[-1] - step if yes[-1] else x[-1] + step
    return x, yes


def naive(x: list[float], yes: list[bool]) -> Callable[[np.ndarray], float]:
    """Return minus the penalised log-likelihood, written out trial by trial from the definition."""
    scale = max(x)

    def value(theta: np.ndarray) -> float:
        alpha, log_slope = theta
        b = math.exp(log_slope)
        total, info = 0.0, np.zeros((2, 2))
        for u, answer in zip(np.array(x) / scale, yes, strict=True):
            eta = b * (u - alpha)
            p = LAPSE / 2 + (1 - LAPSE) * 0.5 * math.erfc(-eta / math.sqrt(2))
            total += math.log(p if answer else 1 - p)
            density = (1 - LAPSE) * math.exp(-(eta**2) / 2) / math.sqrt(2 * math.pi)
            row = np.array([1.0, u])
            info += density**2 / (p * (1 - p)) * np.outer(row, row)
        return -(total + 0.5 * math.log(np.linalg.det(info)))

    return value


@pytest.mark.parametrize("seed", range(4))
def test_the_peak_is_that_of_a_plain_optimiser(seed: int) -> None:
    from scipy.optimize import minimize

    x, yes = trials(seed, 2.5, 0.8, 8.0)
    found = fit(x, yes)
    assert found.alpha is not None
    assert found.sigma is not None
    start = np.array([found.alpha / max(x) + 0.03, math.log(max(x) / found.sigma) - 0.2])
    best = minimize(naive(x, yes), start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-10})
    assert found.alpha == pytest.approx(best.x[0] * max(x), rel=1e-3)
    assert 1 / found.sigma == pytest.approx(math.exp(best.x[1]) / max(x), rel=2e-3)


def test_the_interval_ends_where_the_profile_has_fallen_by_1_92() -> None:
    from scipy.optimize import minimize_scalar

    x, yes = trials(11, 2.5, 0.8, 8.0)
    found = fit(x, yes)
    value = naive(x, yes)
    scale = max(x)
    assert found.alpha is not None
    assert found.sigma is not None
    assert found.slope_low is not None
    assert found.threshold_low is not None
    peak = value(np.array([found.alpha / scale, math.log(scale / found.sigma)]))
    low_a = found.threshold_low / scale
    at_low = minimize_scalar(lambda s: value(np.array([low_a, s])), bounds=(0, 5), method="bounded").fun
    assert at_low - peak == pytest.approx(1.9207, abs=0.02)
    low_s = math.log(found.slope_low * scale)
    at_slope = minimize_scalar(lambda a: value(np.array([a, low_s])), bounds=(0, 1), method="bounded").fun
    assert at_slope - peak == pytest.approx(1.9207, abs=0.02)


@settings(max_examples=25)
@given(st.integers(0, 500), st.floats(0.05, 40.0))
def test_threshold_and_slope_follow_the_unit(seed: int, c: float) -> None:
    x, yes = trials(seed, 2.5, 0.8, 8.0, 30)
    one, other = fit_many([x, [v * c for v in x]], [yes, yes])
    assert one.state == other.state
    assert one.censored == other.censored
    for name, power in (
        ("threshold", 1),
        ("threshold_low", 1),
        ("threshold_high", 1),
        ("slope", -1),
        ("slope_low", -1),
    ):
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None)
        if a is not None:
            assert b == pytest.approx(a * c**power, rel=2e-3, abs=1e-4 * c**power)


@settings(max_examples=20)
@given(st.integers(0, 500), st.randoms(use_true_random=False))
def test_the_order_of_trials_does_not_matter(seed: int, random) -> None:
    x, yes = trials(seed, 5.0, 1.0, 12.0, 30)
    pairs = list(zip(x, yes, strict=True))
    random.shuffle(pairs)
    assert fit([p[0] for p in pairs], [p[1] for p in pairs]) == fit(x, yes)


@settings(max_examples=25)
@given(st.integers(0, 500), st.integers(0, 29))
def test_one_more_yes_never_raises_the_threshold_much(seed: int, place: int) -> None:
    """A yes in place of a no says that the person feels more."""
    x, yes = trials(seed, 5.0, 1.0, 12.0, 30)
    nearer = list(yes)
    nearer[place] = True
    before, after = fit_many([x, x], [yes, nearer])
    assert before.threshold is not None
    assert after.threshold is not None
    if min(x) * 3 < before.threshold < max(x) * 0.9 and abs(x[place] - before.threshold) < 1.0:
        assert after.threshold <= before.threshold + 1e-3


def test_neighbours_do_not_change_a_fit() -> None:
    sets = [trials(s, 2.0 + s, 0.5, 15.0, 30 + s % 7) for s in range(11)]
    together = fit_many([s[0] for s in sets], [s[1] for s in sets])
    for (x, yes), one in zip(sets, together, strict=True):
        alone = fit(x, yes)
        assert alone.threshold == pytest.approx(one.threshold, rel=1e-3)
        assert alone.slope == pytest.approx(one.slope, rel=1e-2)


def inside(low: float | None, true: float, high: float | None) -> bool:
    return (low is None or low <= true) and (high is None or true <= high)


def test_intervals_hold_their_level() -> None:
    runs = [trials(s, 2.5, 0.8, 10.0) for s in range(300)]
    fits = fit_many([r[0] for r in runs], [r[1] for r in runs])
    threshold = np.mean([inside(f.threshold_low, 2.5, f.threshold_high) for f in fits])
    slope = np.mean([inside(f.slope_low, 1 / 0.8, f.slope_high) for f in fits])
    assert 0.92 <= threshold <= 0.98
    assert 0.91 <= slope <= 0.99
    assert abs(np.mean([f.alpha - 2.5 for f in fits if f.alpha is not None])) < 0.05
    assert abs(np.median([math.log(f.slope * 0.8) for f in fits if f.slope is not None])) < 0.2


STEPS = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12]


def test_all_no_is_censored_at_the_end_of_the_range() -> None:
    found = fit(STEPS, [False] * 10)
    assert (found.state, found.threshold, found.censored, found.slope) == ("all_no", 12, "above", None)


def test_all_yes_is_censored_at_the_smallest_step() -> None:
    found = fit(STEPS, [True] * 10)
    assert (found.state, found.threshold, found.censored, found.slope_high) == ("all_yes", 0.5, "below", None)


def test_a_threshold_beyond_the_range_is_its_end() -> None:
    found = fit(STEPS * 3, ([False] * 9 + [True]) * 1 + [False] * 20)
    assert (found.censored, found.threshold, found.threshold_high) == ("above", 12, None)


def test_perfect_separation_gives_a_finite_slope_and_a_threshold_in_the_gap() -> None:
    found = fit(
        [4.9, 5.0, 4.8, 4.7, 5.1, 5.2, 5.3, 5.4, 1.0, 9.0], [False, False, False, False] + [True] * 4 + [False, True]
    )
    assert found.threshold is not None
    assert 5.0 <= found.threshold <= 5.1
    assert found.slope is not None
    assert math.isfinite(found.slope)


def test_fewer_yes_at_stronger_stimuli_is_no_threshold_or_an_open_one() -> None:
    found = fit(STEPS * 3, ([True] * 5 + [False] * 5) * 3)
    assert found.state == "flat"
    assert found.threshold is None
    assert found.slope is None


def test_too_few_answers() -> None:
    assert fit([1, 2, 3], [False, True, True]) == Fit(state="too_few", n=3)
    assert fit([], []).state == "too_few"
    assert fit([0.0] * 10, [False] * 10).state == "too_few"


def test_one_intensity_says_nothing() -> None:
    assert fit([3.0] * 12, [True, False] * 6).state == "flat"


@pytest.mark.parametrize(("x", "lapse"), [([math.nan] * 9, 0.02), ([-1.0] * 9, 0.02), ([1.0] * 9, 0.5)])
def test_wrong_input_is_refused(x: list[float], lapse: float) -> None:
    with pytest.raises(ValueError):
        fit(x, [True] * 9, lapse=lapse)


@given(st.lists(st.tuples(st.floats(0, 60), st.booleans()), max_size=30))
@settings(max_examples=60)
def test_any_answers_give_finite_ordered_numbers(pairs: list[tuple[float, bool]]) -> None:
    found = fit([p[0] for p in pairs], [p[1] for p in pairs])
    for low, value, high in (
        (found.threshold_low, found.threshold, found.threshold_high),
        (found.slope_low, found.slope, found.slope_high),
    ):
        assert all(v is None or math.isfinite(v) for v in (low, value, high))
        if low is not None and value is not None:
            assert low <= value * (1 + 1e-2) + 1e-9
        if high is not None and value is not None:
            assert value <= high * (1 + 1e-2) + 1e-9
    if found.threshold is not None:
        assert 0 <= found.threshold <= max(p[0] for p in pairs)
