import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gamma

from nociscope.assays.biopsy.interval import dispersion, rate

COUNTS = st.lists(st.integers(0, 60), min_size=1, max_size=8)


def test_worked_example():
    # 12 + 9 + 15 = 36 fibres on 3 + 3 + 3 mm: 4 /mm. chi2 = (0 + 9 + 9) / 12 = 1.5 on 2 degrees: phi < 1, so 1.
    found = rate([12, 9, 15], [3.0, 3.0, 3.0])
    assert found.value == 4.0
    assert found.dispersion == 1.0
    assert found.low == pytest.approx(gamma.ppf(0.025, 36.5) / 9)
    assert found.high == pytest.approx(gamma.ppf(0.975, 36.5) / 9)


def test_worked_example_where_sections_disagree():
    # 4 + 12 + 20 on equal lengths: chi2 = (64 + 0 + 64) / 12 = 10.667 on 2 degrees: phi = 5.333.
    found = rate([4, 12, 20], [3.0, 3.0, 3.0])
    assert found.dispersion == pytest.approx(16 / 3)
    assert found.low == pytest.approx(gamma.ppf(0.025, 36 / (16 / 3) + 0.5) * (16 / 3) / 9)
    agree = rate([12, 12, 12], [3.0, 3.0, 3.0])
    assert found.value == agree.value
    assert found.low < agree.low < agree.high < found.high


def test_no_fibre_gives_zero_with_an_upper_end():
    found = rate([0, 0, 0], [3.0, 2.5, 3.5])
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(gamma.ppf(0.975, 0.5) / 9)


@given(COUNTS, st.floats(0.2, 20))
def test_the_value_lies_within_its_interval_and_scales_with_length(counts: list[int], length: float):
    found = rate(counts, [length] * len(counts))
    doubled = rate(counts, [2 * length] * len(counts))
    assert 0 <= found.low <= found.value <= found.high
    assert math.isfinite(found.high)
    assert doubled.value == pytest.approx(found.value / 2)
    assert doubled.high == pytest.approx(found.high / 2)
    assert doubled.dispersion == pytest.approx(found.dispersion)


@given(COUNTS, st.randoms(use_true_random=False))
def test_the_order_of_sections_does_not_matter(counts: list[int], random: object):
    lengths = [1.0 + 0.1 * i for i in range(len(counts))]
    turned = rate(counts[::-1], lengths[::-1])
    assert turned.value == pytest.approx(rate(counts, lengths).value)
    assert turned.high == pytest.approx(rate(counts, lengths).high)


def test_one_section_has_no_dispersion():
    assert dispersion([7], [3.0]) == 1.0


@pytest.mark.parametrize(
    ("counts", "lengths"), [([], []), ([1], [1.0, 2.0]), ([-1], [1.0]), ([1], [0.0]), ([1], [-1.0])]
)
def test_what_is_no_count_is_refused(counts: list[int], lengths: list[float]):
    with pytest.raises(ValueError):
        rate(counts, lengths)


@pytest.mark.parametrize(("spread", "least"), [(0.0, 0.945), (0.1, 0.93), (0.2, 0.88)])
def test_coverage_with_three_sections(spread: float, least: float):
    """A small version of docs/validation/biopsy_interval.md; its Monte Carlo error is 0.7 %."""
    rng = np.random.default_rng(7)
    density, hits, tries = 6.0, 0, 1000
    for _ in range(tries):
        lengths = rng.uniform(2.2, 3.6, 3)
        true = density * (rng.gamma(spread**-2, spread**2, 3) if spread else np.ones(3))
        found = rate(rng.poisson(true * lengths).tolist(), lengths.tolist())
        hits += found.low <= density <= found.high
    assert hits / tries > least
