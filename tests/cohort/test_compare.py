"""Group comparison against closed forms, a library, and its own coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.cohort.compare import auc, rank_correlation

numbers = st.lists(st.integers(-20, 20).map(float), min_size=2, max_size=30)


def test_auc_counts_pairs_and_halves_ties():
    # 3 v {1, 2, 3}: two wins and a tie; 2 v {1, 2, 3}: a win, a tie and a loss.
    assert auc([3, 2], [1, 2, 3]).value == pytest.approx((2.5 + 1.5) / 6)


@given(numbers, numbers)
def test_auc_equals_mann_whitney(x, y):
    from scipy.stats import mannwhitneyu

    assert auc(x, y).value == pytest.approx(mannwhitneyu(x, y).statistic / (len(x) * len(y)))


@given(numbers, numbers)
def test_auc_of_swapped_groups_is_the_complement(x, y):
    there, back = auc(x, y), auc(y, x)
    assert there.value == pytest.approx(1 - back.value)
    if there.low is not None:
        assert there.low == pytest.approx(1 - back.high)


def test_delong_variance_of_a_worked_table():
    from math import exp, log, sqrt

    got = auc([2, 4, 5], [1, 1.5, 3])
    area = 8 / 9
    # wins: 2 beats 1 and 1.5; 4 and 5 beat all -> x placements 2/3, 1, 1; y placements 1, 1, 2/3
    variance = 2 * (1 / 27) / 3
    half = 1.959963984540054 * sqrt(variance) / (area * (1 - area))
    assert got.value == pytest.approx(area)
    assert got.low == pytest.approx(1 / (1 + exp(-(log(area / (1 - area)) - half))))


def test_auc_interval_covers():
    rng = np.random.default_rng(3)
    truth = 0.7602499389065233  # Phi(1 / sqrt 2): unit shift between two unit normals
    hits = 0
    for _ in range(400):
        got = auc(rng.normal(1, 1, 40), rng.normal(0, 1, 40))
        hits += got.low <= truth <= got.high
    assert 0.92 <= hits / 400 <= 0.98


@pytest.mark.parametrize("groups", [([], [1.0]), ([1.0], [])])
def test_auc_without_a_group_is_missing(groups):
    assert auc(*groups).value is None


def test_separated_groups_have_no_invented_interval():
    got = auc([3, 4], [1, 2])
    assert (got.value, got.low, got.high) == (1.0, None, None)


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=5, max_size=40))
def test_rank_correlation_equals_scipy(pairs):
    from scipy.stats import spearmanr

    x, y = zip(*pairs, strict=True)
    got = rank_correlation(x, y)
    if got.value is None:
        assert len(set(x)) == 1 or len(set(y)) == 1
    else:
        assert got.value == pytest.approx(spearmanr(x, y).statistic, abs=1e-9)


def test_partial_rank_correlation_formula():
    rng = np.random.default_rng(5)
    age = rng.normal(size=80)
    x, y = age + rng.normal(size=80), age + rng.normal(size=80)
    xy, xa, ya = (rank_correlation(*p).value for p in ((x, y), (x, age), (y, age)))
    expected = (xy - xa * ya) / np.sqrt((1 - xa**2) * (1 - ya**2))
    assert rank_correlation(x, y, given=age).value == pytest.approx(expected)


def test_too_few_people_give_nothing():
    assert rank_correlation([1, 2, 3], [1, 2, 3]).value is None
    assert rank_correlation([1, 1, 1, 1, 1], [1, 2, 3, 4, 5]).value is None
