r"""The forward model and its exact posterior.

The oriented scores :math:`z` of one person at one visit, for :math:`m` tests and :math:`K` mechanisms:

.. math:: z = \sum_k a_k (s_k \lambda_k + \sigma_k \circ \epsilon_k) + e,

`a_k` is 1 where mechanism k is present, `s_k` ~ N(1, 0.5²) its severity, `lambda_k` its shifts, `sigma_k` their
standard errors (each test of each person departs from the shift by that much), and `e` ~ N(0, D R D) the variation of
healthy people: R their correlation, which holds the nuisance of response style, D the spread of the laboratory (1
unless its controls say otherwise). With a probability of 0.021 a test carries a further, larger error, as a Student t
with four degrees of freedom has it: its gamma-distributed precision is put on two points, cut where the spread is
three times the usual one. This makes the sum over which tests are in error finite, so the posterior is a sum of
Gaussian terms, and no sampling, mode or approximation by reweighting is needed. At most three tests that belong
together are taken to be in error at once.

One departure is deliberate: a score beyond 2 SD on the side where no mechanism moves its test counts as 2 SD (see
:meth:`nociscope.mechanisms.profile.Explainer.taken`).

Mechanisms and tests fall into groups without a link; the sum over all 2^8 sets of mechanisms is the product of the
groups' sums, and is made so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

SEVERITY_MEAN = 1.0
SEVERITY_SD = 0.5

# A Student t with 4 degrees of freedom is N(0, 1/w) with w ~ Gamma(2, rate 2). Cut at w = 1/9 (a spread of 3):
_CUT = 1 / 9
OUTLIER_PROBABILITY = 1 - math.exp(-2 * _CUT) * (1 + 2 * _CUT)
_VARIANCE_BELOW = 2 * (1 - math.exp(-2 * _CUT)) / OUTLIER_PROBABILITY
_VARIANCE_ABOVE = 2 * math.exp(-2 * _CUT) / (1 - OUTLIER_PROBABILITY)
OUTLIER_VARIANCE = _VARIANCE_BELOW / _VARIANCE_ABOVE - 1
"""Variance that an error adds, in units of the usual variance (10.5: such a test has 3.4 times the usual spread)."""

MOST_OUTLIERS = 3


@dataclass(frozen=True)
class Group:
    """Tests and mechanisms that are linked to each other and to no others.

    Attributes
    ----------
    tests : tuple of int
        m of them, places in the model.
    mechanisms : tuple of int
        k of them.
    states : ndarray, (S, k)
        Every set of present mechanisms, S = 2^k; row 0 is none.
    shift : ndarray, (m, k)
    covariance : ndarray, (S, m, m)
        Covariance of z in each state.
    error : ndarray, (m,)
        Variance that an error adds to each test.
    """

    tests: tuple[int, ...]
    mechanisms: tuple[int, ...]
    states: Floats
    shift: Floats
    covariance: Floats
    error: Floats

    @cached_property
    def mean(self) -> Floats:
        """Expected z in each state, (S, m)."""
        return SEVERITY_MEAN * self.states @ self.shift.T

    @cached_property
    def precision(self) -> Floats:
        """Inverse covariance, (S, m, m)."""
        return np.asarray(np.linalg.inv(self.covariance), dtype=np.float64)

    @cached_property
    def log_determinant(self) -> Floats:
        """Log determinant of the covariance, (S,)."""
        return np.asarray(np.linalg.slogdet(self.covariance)[1], dtype=np.float64)

    @cached_property
    def error_sets(self) -> tuple[Ints, ...]:
        """Sets of tests in error, by size from one up: (C, size) each."""
        m = len(self.tests)
        return tuple(
            np.array(list(combinations(range(m), size)), dtype=np.int64)
            for size in range(1, min(MOST_OUTLIERS, m) + 1)
        )

    @cached_property
    def error_cores(self) -> tuple[tuple[Floats, Floats], ...]:
        """For each size: (1/E + P)^-1 of every set, (S, C, size, size), and log |E| + log |1/E + P|, (S, C)."""
        cores = []
        for sets in self.error_sets:
            core = self.precision[:, sets[:, :, None], sets[:, None, :]].copy()
            size = sets.shape[1]
            core[..., range(size), range(size)] += 1 / self.error[sets]
            inverse, determinant = _small_inverse(core)
            cores.append((inverse, np.log(determinant) + np.log(self.error[sets]).sum(1)))
        return tuple(cores)


def _small_inverse(a: Floats) -> tuple[Floats, Floats]:
    """Return inverse and determinant of stacks of 1x1, 2x2 or 3x3 symmetric matrices, by Cramer's rule."""
    size = a.shape[-1]
    if size == 1:
        return 1 / a, a[..., 0, 0]
    out = np.empty_like(a)
    if size == 2:
        det = a[..., 0, 0] * a[..., 1, 1] - a[..., 0, 1] ** 2
        out[..., 0, 0], out[..., 1, 1] = a[..., 1, 1], a[..., 0, 0]
        out[..., 0, 1] = out[..., 1, 0] = -a[..., 0, 1]
        return out / det[..., None, None], det
    for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)):
        (r, s), (t, u) = [x for x in range(3) if x != i], [x for x in range(3) if x != j]
        minor = a[..., r, t] * a[..., s, u] - a[..., r, u] * a[..., s, t]
        out[..., i, j] = out[..., j, i] = (-1) ** (i + j) * minor
    det = (a[..., 0, :] * out[..., 0, :]).sum(-1)
    return out / det[..., None, None], det


def components(shift: Floats, se: Floats, residual: Floats) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Return the tests and mechanisms that are linked with each other, each as places in the model.

    Parameters
    ----------
    shift, se : ndarray, (T, K)
    residual : ndarray, (T, T)
    """
    bears = (shift != 0) | (se != 0)
    found: list[tuple[set[int], set[int]]] = []
    for t in range(shift.shape[0]):
        own = {int(k) for k in np.flatnonzero(bears[t])}
        linked = [g for g in found if g[1] & own or any(residual[t, u] for u in g[0])]
        found = [g for g in found if g not in linked]
        found.append(({t}.union(*(g[0] for g in linked)), own.union(*(g[1] for g in linked))))
    return tuple((tuple(sorted(t)), tuple(sorted(k))) for t, k in sorted(found, key=lambda g: min(g[0])))


def make_group(
    tests: tuple[int, ...], mechanisms: tuple[int, ...], shift: Floats, se: Floats, covariance: Floats, extra: Floats
) -> Group:
    """Return the model of some tests of a component.

    Parameters
    ----------
    tests, mechanisms : tuple of int
        Places in the model.
    shift, se : ndarray, (T, K)
    covariance : ndarray, (T, T)
        Of healthy people in this laboratory.
    extra : ndarray, (T,)
        Further variance of each test: covariates, the uncertainty of a laboratory's offset.
    """
    at, of = np.array(tests), np.array(mechanisms)
    states = np.array(list(product((0.0, 1.0), repeat=len(of))))
    own_shift, own_se = shift[np.ix_(at, of)], se[np.ix_(at, of)]
    base = covariance[np.ix_(at, at)]
    varied = SEVERITY_SD**2 * np.einsum("sk,ik,jk->sij", states, own_shift, own_shift)
    varied[:, range(len(at)), range(len(at))] += states @ (own_se**2).T + extra[at]
    return Group(tests, mechanisms, states, own_shift, base + varied, OUTLIER_VARIANCE * np.diag(base))


@dataclass(frozen=True)
class Fit:
    """What a group's model says of N people.

    Attributes
    ----------
    log_likelihood : ndarray, (N, S)
        Of each set of mechanisms.
    severity, severity_sd : ndarray, (N, S, k)
        Mean and standard deviation of each mechanism's severity in each set (as before the tests where it is absent).
    without : ndarray, (N, S, m)
        Log likelihood of the other tests, each test left out.
    residual : ndarray, (N, S, m)
        What is left of each test's z once the others have predicted it.
    residual_sd : ndarray, (S, m)
    error : ndarray, (N, S, m)
        Probability that a test carries a larger error.
    """

    log_likelihood: Floats
    severity: Floats
    severity_sd: Floats
    without: Floats
    residual: Floats
    residual_sd: Floats
    error: Floats


_AT_ONCE = 100


def fit(group: Group, z: Floats) -> Fit:
    """Return the exact likelihoods of a group for N people with the same tests.

    Parameters
    ----------
    group : Group
    z : ndarray, (N, m)
        Oriented scores, the laboratory's offset taken off.
    """
    parts = [_fit(group, z[i : i + _AT_ONCE]) for i in range(0, len(z), _AT_ONCE)]
    joined = {
        name: np.concatenate([getattr(p, name) for p in parts])
        for name in ("log_likelihood", "severity", "severity_sd", "without", "residual", "error")
    }
    return Fit(**joined, residual_sd=parts[0].residual_sd)


def _fit(group: Group, z: Floats) -> Fit:
    n, m = z.shape
    p, shift = group.precision, group.shift
    on = group.states[:, None, :] * shift  # (S, m, k)
    r = z[:, None, :] - group.mean
    u = np.einsum("sij,nsj->nsi", p, r)
    clean = m * math.log(1 - OUTLIER_PROBABILITY)
    odds = math.log(OUTLIER_PROBABILITY / (1 - OUTLIER_PROBABILITY))
    base = -0.5 * ((r * u).sum(-1) + group.log_determinant + m * math.log(2 * math.pi)) + clean
    projected = np.einsum("smk,smj->skj", on, p)  # (S, k, m): shifts through the precision
    first = np.einsum("smk,nsm->nsk", on, u)
    second = np.einsum("skj,sjl->skl", projected, on)[:, range(on.shape[2]), range(on.shape[2])]
    terms = [base[..., None]]
    means = [first[:, :, None, :]]
    bends = [np.broadcast_to(second, (n, *second.shape))[:, :, None, :]]
    for (inverse, log_factor), sets in zip(group.error_cores, group.error_sets, strict=True):
        us = u[:, :, sets]  # (N, S, C, size)
        solved = sum(inverse[..., i] * us[..., i, None] for i in range(sets.shape[1]))
        terms.append(base[..., None] + sets.shape[1] * odds - 0.5 * log_factor + 0.5 * (us * solved).sum(-1))
        own = projected[:, :, sets]  # (S, k, C, size)
        moved = sum(solved[..., i, None] * own[..., i].swapaxes(1, 2) for i in range(sets.shape[1]))
        means.append(first[:, :, None, :] - moved)
        bend = second[:, None, :] - (own[..., None, :] @ inverse[:, None] @ own[..., None])[..., 0, 0].swapaxes(1, 2)
        bends.append(np.broadcast_to(bend, (n, *bend.shape)))
    logs = np.concatenate(terms, axis=2)
    top = logs.max(2, keepdims=True)
    weights = np.exp(logs - top)
    total = weights.sum(2, keepdims=True)
    weights /= total
    spread = SEVERITY_SD**2
    mean = SEVERITY_MEAN + spread * np.concatenate(means, axis=2)
    variance = spread - spread**2 * np.concatenate(bends, axis=2)
    average = (weights[..., None] * mean).sum(2)
    second_moment = (weights[..., None] * (variance + mean**2)).sum(2)
    diagonal = p[:, range(m), range(m)]
    return Fit(
        log_likelihood=(top + np.log(total))[..., 0],
        severity=average,
        severity_sd=np.sqrt(np.maximum(second_moment - average**2, 0)),
        without=_without(group, u, base, odds),
        residual=u / diagonal,
        residual_sd=1 / np.sqrt(diagonal),
        error=_in_error(group, weights),
    )


def _in_error(group: Group, weights: Floats) -> Floats:
    m = len(group.tests)
    out = np.zeros((*weights.shape[:2], m))
    start = 1
    for sets in group.error_sets:
        part = weights[:, :, start : start + len(sets)]
        start += len(sets)
        member = np.zeros((len(sets), m))
        member[np.arange(len(sets))[:, None], sets] = 1
        out += part @ member
    return out


def _without(group: Group, u: Floats, base: Floats, odds: float) -> Floats:
    """Return the log likelihood of all tests but one, for each one; at most one of the others is in error."""
    m = u.shape[-1]
    p = group.precision
    a = p[:, range(m), range(m)]
    clean = base[..., None] - math.log(1 - OUTLIER_PROBABILITY) + 0.5 * math.log(2 * math.pi)
    alone = clean - 0.5 * np.log(a) + 0.5 * u**2 / a
    if m == 1:
        return np.zeros_like(alone)
    b = a + 1 / group.error  # (S, m): of the test in error
    det = a[:, :, None] * b[:, None, :] - p**2  # (S, t left out, j in error)
    ut, uj = u[..., :, None], u[..., None, :]
    gain = (b[:, None, :] * ut**2 - 2 * p * ut * uj + a[:, :, None] * uj**2) / det
    pairs = clean[..., None] + odds - 0.5 * np.log(det * group.error) + 0.5 * gain
    pairs[..., range(m), range(m)] = -np.inf
    every = np.concatenate([alone[..., None], pairs], axis=-1)
    top = every.max(-1, keepdims=True)
    return (top + np.log(np.exp(every - top).sum(-1, keepdims=True)))[..., 0]


def log_prior(states: Floats, priors: Floats) -> Floats:
    """Return the log probability of each set of mechanisms, (S,), for independent priors, (k,)."""
    return states @ np.log(priors) + (1 - states) @ np.log1p(-priors)


def log_ratio(log_likelihood: Floats, states: Floats, priors: Floats) -> Floats:
    """Return the log likelihood ratio of each mechanism, (..., k), averaged over the others."""
    joint = log_likelihood[..., :, None] + log_prior(states, priors)[:, None]
    own = np.where(states > 0, np.log(priors), np.log1p(-priors))  # its own prior is taken out again
    joint = joint - own
    top = joint.max(-2, keepdims=True)
    weight = np.exp(joint - top)
    present = (weight * states).sum(-2)
    absent = (weight * (1 - states)).sum(-2)
    tiny = np.finfo(float).tiny
    return np.log(np.maximum(present, tiny)) - np.log(np.maximum(absent, tiny))


def weights_of(log_likelihood: Floats, states: Floats, priors: Floats) -> Floats:
    """Return the posterior probability of each set of mechanisms, (N, S)."""
    joint = log_likelihood + log_prior(states, priors)
    joint = np.exp(joint - joint.max(-1, keepdims=True))
    return joint / joint.sum(-1, keepdims=True)


def normal_cdf(x: Floats) -> Floats:
    """Return the standard normal distribution function to 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26)."""
    y = np.abs(x) / math.sqrt(2)
    t = 1 / (1 + 0.3275911 * y)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    upper = 0.5 * poly * np.exp(-(y**2))
    return np.where(x > 0, 1 - upper, upper)


def mixture_quantile(weights: Floats, mean: Floats, sd: Floats, level: float) -> Floats:
    """Return a quantile of normal mixtures, (N,), by bisection; the components are along the last axis."""
    sd = np.maximum(sd, 1e-9)
    low, high = (mean - 8 * sd).min(-1), (mean + 8 * sd).max(-1)
    for _ in range(30):
        middle = (low + high) / 2
        above = (weights * normal_cdf((middle[..., None] - mean) / sd)).sum(-1) > level
        high = np.where(above, middle, high)
        low = np.where(above, low, middle)
    return (low + high) / 2


@dataclass(frozen=True)
class Battery:
    """How much a set of tests can tell, whatever their values.

    Attributes
    ----------
    spread : ndarray, (K,)
        Standard deviation that is left of a severity whose prior is N(0, 1).
    bits : ndarray, (T, K)
        Expected information of each further test on it; 0 for tests that were done.
    """

    spread: Floats
    bits: Floats


def assess(tests: tuple[int, ...], shift: Floats, se: Floats, covariance: Floats, extra: Floats) -> Battery:
    """Return how much a battery can tell, in the linear Gaussian form of the model (severities ~ N(0, 1)).

    A shift that is known only to ± SE is taken as a test with that much more noise, so the answer depends on the
    tests and not on what they showed.
    """
    full = covariance + np.diag((se**2).sum(1) + extra)
    total = shift @ shift.T + full
    k = shift.shape[1]
    joint = np.block([[np.eye(k), shift.T], [shift, total]])
    done = k + np.array(tests, dtype=np.int64)
    if len(done):
        across = joint[:, done]
        joint = joint - across @ np.linalg.solve(joint[np.ix_(done, done)], across.T)
    left = np.clip(np.diag(joint)[:k], 1e-12, 1)
    variance = np.diag(joint)[k:]
    explained = np.zeros_like(shift)
    new = np.array([t for t in range(shift.shape[0]) if t not in tests], dtype=np.int64)
    if len(new):
        explained[new] = joint[:k, k + new].T ** 2 / (variance[new, None] * left)
    bits = -0.5 * np.log2(1 - np.clip(explained, 0, 1 - 1e-12))
    return Battery(np.sqrt(left), np.where(bits < 1e-6, 0, bits))
