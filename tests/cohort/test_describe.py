"""Means and medians with their intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.cohort.describe import described, mean_interval, median_ranks, scale_of
from nociscope.cohort.quantities import PersonValue, Quantity

from .made import KNOWN

WIDTH = Quantity("touch", "foot", "width", "table", "mm")
FORCE = replace(WIDTH, measure="force")


def of(*numbers: float, censored: str = "none", call: str = "normal") -> list[PersonValue]:
    return [
        PersonValue(participant_id=f"sub-{i}", session_id="n/a", group="FM", quantity=WIDTH, value=x,
                    censored=censored, sides=1, z=None, call=call)
        for i, x in enumerate(numbers)
    ]  # fmt: skip


def test_the_interval_of_a_mean_is_that_of_a_library():
    from scipy.stats import ttest_1samp

    x = np.array([4.1, 5.2, 3.3, 6.8, 4.9])
    mean, low, high, sd = mean_interval(x)
    expected = ttest_1samp(x, 0).confidence_interval()
    assert (mean, sd) == (pytest.approx(x.mean()), pytest.approx(x.std(ddof=1)))
    assert (low, high) == (pytest.approx(expected.low), pytest.approx(expected.high))


@pytest.mark.parametrize(("n", "ranks"), [(1, None), (5, None), (6, (0, 5)), (8, (0, 7)), (9, (1, 7)), (20, (5, 14))])
def test_order_statistics_of_the_median(n, ranks):
    # Tables of the sign test: n = 9 gives the 2nd and 8th value, n = 20 the 6th and 15th.
    assert median_ranks(n) == ranks


@given(st.integers(6, 400))
def test_the_interval_of_a_median_covers_95_percent_and_no_smaller_one_does(n):
    from scipy.stats import binom

    low, high = median_ranks(n)
    assert low + high == n - 1
    assert binom.cdf(high, n, 0.5) - binom.cdf(low, n, 0.5) >= 0.95
    assert binom.cdf(high - 1, n, 0.5) - binom.cdf(low + 1, n, 0.5) < 0.95


def test_a_measure_scored_on_logarithms_has_a_geometric_mean():
    values = [replace(v, quantity=FORCE) for v in of(1, 10, 100)]
    assert scale_of(FORCE, values, KNOWN) == "log10"
    row = described(FORCE, values, "log10", 4, 1, "FM")
    assert (row["mean"], row["sd"], row["n"], row["missing"], row["key"]) == (pytest.approx(10), 1, 3, 1, 1)
    assert scale_of(FORCE, [*values, *of(0.0)], KNOWN) == "linear"
    assert scale_of(WIDTH, values, KNOWN) == "linear"


def test_a_value_that_is_only_a_bound_leaves_no_mean():
    row = described(WIDTH, [*of(1, 2, 3), *of(9, 9, 9, 9, censored="above")], "linear", 7, None, "FM")
    assert "mean" not in row
    assert (row["above"], row["median"], row["median_censored"]) == (4, 9, "above")
    low = described(WIDTH, [*of(1, censored="below"), *of(2, 3, 4, 5)], "linear", 5, None, "FM")
    assert (low["median"], low["median_censored"], low["below"]) == (3, "none", 1)


def test_calls_are_counted_and_nobody_is_a_row():
    row = described(WIDTH, [*of(1, 2, call="loss"), *of(3), *of(4, call="not_comparable")], "linear", 4, None, "FM")
    assert (row["compared"], row["loss"], row["gain"], row["abnormal"]) == (3, 2, 0, 0)
    assert described(WIDTH, [], "linear", 4, None, "FM")["missing"] == 4
    alone = described(WIDTH, of(3.5), "linear", 1, None, "FM")
    assert (alone["mean"], alone["mean_low"], alone["sd"], alone["median_low"]) == (3.5, None, None, None)
