"""The exact sum against sums made in the plainest way."""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nociscope.mechanisms import model
from nociscope.mechanisms.coefficients import knowledge
from nociscope.mechanisms.observed import Visit
from nociscope.mechanisms.profile import Explainer
from nociscope.truth import MECHANISM_KEYS

KNOWN = knowledge()
EXTRA = np.zeros(len(KNOWN.tests))


def density(z, mean, covariance):
    r = z - mean
    sign, logdet = np.linalg.slogdet(covariance)
    assert sign > 0
    return -0.5 * (r @ np.linalg.solve(covariance, r) + logdet + len(z) * math.log(2 * math.pi))


def brute(z, tests, most=model.MOST_OUTLIERS):
    """Sum all 2^8 sets of mechanisms and all sets of at most `most` tests in error, over all tests at once."""
    at = np.array(tests)
    shift, se, residual = KNOWN.shift[at], KNOWN.se[at], KNOWN.residual[np.ix_(at, at)]
    prior = np.array([p.prior for p in KNOWN.priors.values()])
    q = model.OUTLIER_PROBABILITY
    total, present = 0.0, np.zeros(len(MECHANISM_KEYS))
    errors = [set(c) for size in range(most + 1) for c in combinations(range(len(at)), size)]
    for on in product((0.0, 1.0), repeat=len(MECHANISM_KEYS)):
        a = np.array(on)
        log_prior = float(a @ np.log(prior) + (1 - a) @ np.log1p(-prior))
        base = residual + 0.25 * (shift * a) @ (shift * a).T + np.diag((se**2) @ a)
        for wrong in errors:
            extra = np.array([model.OUTLIER_VARIANCE if i in wrong else 0.0 for i in range(len(at))])
            log_chance = len(wrong) * math.log(q) + (len(at) - len(wrong)) * math.log(1 - q)
            weight = math.exp(log_prior + log_chance + density(z, shift @ a, base + np.diag(extra)))
            total += weight
            present += weight * a
    return present / total


def explain(scores, **options):
    visit = Visit(participant_id="sub-01", z={KNOWN.index(k): z for k, z in sorted(scores.items(), key=_place)})
    return {m.mechanism: m for m in Explainer(**options).explain([visit])[0]}


def _place(item):
    return KNOWN.index(item[0])


@pytest.mark.parametrize(
    "scores",
    [
        {"leg_ienfd": -3.0, "foot_lep_amplitude": 0.4},
        {"leg_ienfd": -6.0, "foot_cdt": 0.5, "wind_up": 2.0},
        {"sural_amplitude": -3.0, "nerve_velocity": -2.0, "sil2r": 2.0},
    ],
)
def test_the_groups_give_what_the_sum_over_all_256_sets_gives(scores):
    tests = sorted(KNOWN.index(k) for k in scores)
    z = np.array([scores[KNOWN.tests[t].key] for t in tests])
    expected = brute(z, tests)
    found = explain(scores)
    for k, key in enumerate(MECHANISM_KEYS):
        assert found[key].posterior == pytest.approx(expected[k], abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(z=st.lists(st.floats(-8, 8), min_size=4, max_size=4))
def test_leaving_a_test_out_is_what_not_having_it_gives(z):
    tests = tuple(KNOWN.index(k) for k in ("leg_ienfd", "foot_cdt", "foot_wdt", "foot_lep_amplitude"))
    group = model.make_group(tests, (0, 4), KNOWN.shift, KNOWN.se, KNOWN.residual, EXTRA)
    values = np.array([z])
    without = model.fit(group, values).without[0]
    for i in range(4):
        rest = [j for j in range(4) if j != i]
        fewer = model.make_group(tuple(tests[j] for j in rest), (0, 4), KNOWN.shift, KNOWN.se, KNOWN.residual, EXTRA)
        at_most_one = _at_most_one(fewer, values[0, rest])
        assert without[:, i] == pytest.approx(at_most_one, abs=1e-8)


def _at_most_one(group, z):
    q, out = model.OUTLIER_PROBABILITY, []
    for state, mean in enumerate(group.mean):
        terms = [len(z) * math.log(1 - q) + density(z, mean, group.covariance[state])]
        for i in range(len(z)):
            wider = group.covariance[state].copy()
            wider[i, i] += group.error[i]
            terms.append((len(z) - 1) * math.log(1 - q) + math.log(q) + density(z, mean, wider))
        out.append(float(np.logaddexp.reduce(terms)))
    return out


def test_small_inverses():
    rng = np.random.default_rng(1)
    for size in (1, 2, 3):
        a = rng.normal(size=(5, 4, size, size))
        a = a @ a.swapaxes(-1, -2) + np.eye(size)
        inverse, determinant = model._small_inverse(a)
        assert inverse == pytest.approx(np.linalg.inv(a))
        assert determinant == pytest.approx(np.linalg.det(a))


def test_the_two_points_keep_the_variance_of_student_t():
    # t with 4 degrees of freedom has variance 2
    q = model.OUTLIER_PROBABILITY
    assert q * model._VARIANCE_BELOW + (1 - q) * model._VARIANCE_ABOVE == pytest.approx(2)


def test_normal_distribution_function():
    from scipy.stats import norm

    x = np.linspace(-9, 9, 181)
    assert model.normal_cdf(x) == pytest.approx(norm.cdf(x), abs=2e-7)


def test_quantiles_of_a_mixture():
    from scipy.stats import norm

    weight, mean, sd = np.array([[0.3, 0.7]]), np.array([[0.0, 2.0]]), np.array([[1.0, 0.5]])
    x = model.mixture_quantile(weight, mean, sd, 0.05)[0]
    assert 0.3 * norm.cdf(x) + 0.7 * norm.cdf((x - 2) / 0.5) == pytest.approx(0.05, abs=1e-5)


def test_residual_correlations_are_positive_definite():
    assert np.linalg.eigvalsh(KNOWN.residual).min() > 0.1
