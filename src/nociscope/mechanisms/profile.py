"""The mechanism profile of a visit: what the model says, what drove it, what contradicts it, what would tell more."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from nociscope.mechanisms import model
from nociscope.mechanisms.coefficients import Knowledge, knowledge
from nociscope.mechanisms.laboratory import Laboratory, as_the_norms
from nociscope.mechanisms.model import Fit, Floats, Group
from nociscope.mechanisms.observed import Visit
from nociscope.mechanisms.result import AssayFactor, Contribution, Further, Mechanism
from nociscope.truth import MECHANISM_KEYS

NOT_ASSESSABLE = 0.85
"""A mechanism cannot be assessed while the tests leave more of its prior standard deviation than this."""

SURPRISE = 0.01
"""A test is surprising when the others predicted a value as far out or further with less than this probability."""

HEALTHY_LIMIT = 2.0
"""Scores further on the side where no mechanism moves a test count as this many standard deviations."""

_OPPOSED = math.log(2)
_NAMED = 5


@dataclass
class Explainer:
    """The model with its coefficients, priors and laboratory, ready to explain visits.

    Attributes
    ----------
    priors : mapping
        Mechanism -> prior, in place of the shipped one. Likelihood ratios average the other mechanisms over the
        shipped priors, so they stay the same; with the shipped priors the posterior odds are prior odds times the
        ratio.
    laboratory : Laboratory or None
        None: the norms are taken as they are.
    """

    knowledge: Knowledge = field(default_factory=knowledge)
    priors: Mapping[str, float] = field(default_factory=dict)
    laboratory: Laboratory | None = None

    def __post_init__(self) -> None:
        """Lay out the arrays."""
        known = self.knowledge
        self._laboratory = self.laboratory or as_the_norms(len(known.tests))
        self._covariance = self._laboratory.covariance(known.residual)
        self._shipped = np.array([p.prior for p in known.priors.values()])
        self._prior = np.array([self.priors.get(k, p.prior) for k, p in known.priors.items()])
        self._groups: dict[tuple[tuple[int, ...], frozenset[str]], Group] = {}
        self._batteries: dict[tuple[tuple[int, ...], frozenset[str]], model.Battery] = {}

    @cached_property
    def coefficients(self) -> dict[tuple[int, int], dict[str, Any]]:
        """What a contribution records of its coefficient, by the places of test and mechanism."""
        tests = {t.key: (i, t) for i, t in enumerate(self.knowledge.tests)}
        out: dict[tuple[int, int], dict[str, Any]] = {}
        for c in self.knowledge.coefficients:
            place, test = tests[c.test]
            out[place, MECHANISM_KEYS.index(c.mechanism)] = {
                "test": c.test,
                "title": test.title,
                "words": test.words,
                "shift": c.shift,
                "se": c.se,
                "grade": c.grade,
                "citation": c.citation,
                "doi": c.doi,
                "derivation": c.derivation,
                "conflict": c.conflict,
            }
        return out

    @cached_property
    def _components(self) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
        return model.components(self.knowledge.shift, self.knowledge.se, self.knowledge.residual)

    def _extra(self, covariates: frozenset[str]) -> Floats:
        extra = self._laboratory.offset_variance.copy()
        for c in self.knowledge.covariates:
            if c.covariate in covariates:
                extra[self.knowledge.index(c.test)] += c.sd**2
        return extra

    def group(self, tests: tuple[int, ...], mechanisms: tuple[int, ...], covariates: frozenset[str]) -> Group:
        """Return the model of some tests of one component."""
        key = tests, covariates
        if key not in self._groups:
            k = self.knowledge
            self._groups[key] = model.make_group(
                tests, mechanisms, k.shift, k.se, self._covariance, self._extra(covariates)
            )
        return self._groups[key]

    def offset(self, tests: tuple[int, ...]) -> Floats:
        """Return how far the laboratory's healthy scores lie off the norms, (m,)."""
        return self._laboratory.offset[list(tests)]

    def taken(self, tests: tuple[int, ...], z: Floats) -> Floats:
        """Return scores as the model takes them, (N, m): the offset taken off, and cut on the healthy side.

        People who have a mechanism vary more than those who do not, so a score far on the *healthy* side would count
        as a sign of it. There, beyond 2 SD of the laboratory, a score counts as 2 SD.
        """
        at = list(tests)
        shift, spread = self.knowledge.shift[at], self._laboratory.spread[at]
        above = np.where((shift.max(1) <= 0) & (shift.min(1) < 0), HEALTHY_LIMIT * spread, np.inf)
        below = np.where((shift.min(1) >= 0) & (shift.max(1) > 0), -HEALTHY_LIMIT * spread, -np.inf)
        return np.clip(z - self.offset(tests), below, above)

    def battery(self, tests: tuple[int, ...], covariates: frozenset[str]) -> model.Battery:
        """Return how much some tests can tell, whatever their values."""
        key = tests, covariates
        if key not in self._batteries:
            k = self.knowledge
            self._batteries[key] = model.assess(tests, k.shift, k.se, self._covariance, self._extra(covariates))
        return self._batteries[key]

    def explain(self, visits: Sequence[Visit]) -> tuple[tuple[Mechanism, ...], ...]:
        """Return the profile of every visit: all mechanisms, in the order of their keys."""
        done = [tuple(v.z) for v in visits]
        found: list[list[Mechanism | None]] = [[None] * len(MECHANISM_KEYS) for _ in visits]
        told: list[tuple[_Told, list[int]]] = []
        for tests, mechanisms in self._components:
            alike: dict[tuple[tuple[int, ...], frozenset[str]], list[int]] = {}
            members = frozenset(tests)
            for number, (visit, its) in enumerate(zip(visits, done, strict=True)):
                alike.setdefault((tuple(t for t in its if t in members), visit.covariates), []).append(number)
            for (its, covariates), numbers in alike.items():
                if its:
                    z = np.array([[visits[number].z[t] for t in its] for number in numbers])
                    told.append((_Told(self, self.group(its, mechanisms, covariates), z, covariates), numbers))
                    continue
                for number, k in product(numbers, mechanisms):
                    found[number][k] = self._untested(visits[number], k, self.battery(done[number], covariates))
        _set_severity_limits([t for t, _ in told])
        for its_told, numbers in told:
            for row, number in enumerate(numbers):
                battery = self.battery(done[number], visits[number].covariates)
                for column, k in enumerate(its_told.group.mechanisms):
                    found[number][k] = its_told.mechanism(row, column, visits[number], battery)
        return tuple(tuple(m for m in row if m is not None) for row in found)

    def untested(self, participant_id: str, session_id: str) -> tuple[Mechanism, ...]:
        """Return the profile of a visit without any test: the priors."""
        return self.explain([Visit(participant_id=participant_id, session_id=session_id)])[0]

    def _range(self, k: int) -> tuple[float, float]:
        """Return the plausible priors of a mechanism; a prior that the user gave is taken as known."""
        key = MECHANISM_KEYS[k]
        if key in self.priors:
            return self.priors[key], self.priors[key]
        prior = self.knowledge.priors[key]
        return prior.low, prior.high

    def described(self, k: int) -> dict[str, Any]:
        """Return what a profile says of a mechanism whatever the tests: its name, and where the prior comes from."""
        key = MECHANISM_KEYS[k]
        known = self.knowledge.priors[key]
        low, high = self._range(k)
        given = key in self.priors
        return {
            "title": known.title,
            "meaning": known.meaning,
            "prior_low": low,
            "prior_high": high,
            "prior_source": "given in the settings" if given else f"{known.citation}: {known.derivation}",
            "prior_doi": "" if given else known.doi,
        }

    def further(self, k: int, battery: model.Battery) -> tuple[Further, ...]:
        """Return the tests that were not done and bear on a mechanism, the most telling first."""
        bits = battery.bits[:, k]
        order = [int(i) for i in np.argsort(-bits, kind="stable") if bits[i] > 0]
        tests = self.knowledge.tests
        return tuple(
            Further(test=tests[i].key, title=tests[i].title, words=tests[i].words, bits=float(bits[i]))
            for i in order[:_NAMED]
        )

    def _untested(self, visit: Visit, k: int, battery: model.Battery) -> Mechanism:
        low, high = self._range(k)
        prior = float(self._prior[k])
        width = 1.6448536269514722 * model.SEVERITY_SD
        return Mechanism(
            participant_id=visit.participant_id,
            session_id=visit.session_id,
            mechanism=MECHANISM_KEYS[k],
            **self.described(k),
            prior=prior,
            posterior=prior,
            likelihood_ratio=1.0,
            severity=model.SEVERITY_MEAN,
            severity_low=model.SEVERITY_MEAN - width,
            severity_high=model.SEVERITY_MEAN + width,
            status="not_assessable",
            flag="",
            posterior_low=low,
            posterior_high=high,
            spread_left=float(battery.spread[k]),
            further=self.further(k, battery),
            controls=self._laboratory.controls,
            covariates=tuple(sorted(visit.covariates)),
        )


class _Told:
    """What one group says of the visits that have the same tests of it."""

    def __init__(self, explainer: Explainer, group: Group, z: Floats, covariates: frozenset[str]) -> None:
        self.explainer = explainer
        self.covariates = covariates
        self.group = group
        self.z = z
        of = list(group.mechanisms)
        taken = explainer.taken(group.tests, z)
        self.fit: Fit = model.fit(group, taken)
        states = group.states
        self.shipped, self.prior = explainer._shipped[of], explainer._prior[of]
        self.weights = model.weights_of(self.fit.log_likelihood, states, self.prior)
        self.posterior = self.weights @ states
        self.log_ratio = model.log_ratio(self.fit.log_likelihood, states, self.shipped)
        without = np.moveaxis(self.fit.without, 2, 1)  # (N, m, S)
        self.log_factor = self.log_ratio[:, None, :] - model.log_ratio(without, states, self.shipped)  # (N, m, k)
        self.assay_log_factor = self._assay_log_factors(taken)
        left = model.weights_of(without, states, self.prior)
        standardised = np.moveaxis(self.fit.residual / self.fit.residual_sd, 2, 1)
        below = (left * model.normal_cdf(standardised)).sum(-1)
        self.surprise = 2 * np.minimum(below, 1 - below)
        residual = np.moveaxis(self.fit.residual, 2, 1)
        shift = (left * residual).sum(-1)
        self.expected = taken - shift + explainer.offset(group.tests)
        spread = self.fit.residual_sd.T + 0 * residual
        self.expected_sd = np.sqrt((left * (spread**2 + (residual - shift[..., None]) ** 2)).sum(-1))
        self.error = np.einsum("ns,nsm->nm", self.weights, self.fit.error)
        self.factor = np.exp(np.clip(self.log_factor, -690, 690))
        self.surprise, self.error = np.clip(self.surprise, 0, 1), np.clip(self.error, 0, 1)
        self.components = [self._components(k) for k in range(states.shape[1])]
        self.severity = np.stack([(w * mean).sum(-1) for w, mean, _ in self.components], axis=1)
        self.low = self.high = np.empty((0, 0))  # set for all groups together

    def _assay_log_factors(self, taken: Floats) -> dict[str, Floats]:
        """Return for each assay the log factor, (N, k), of all its tests given those of the other assays.

        It is the log likelihood ratio of all tests less that of the tests of the other assays.
        """
        tests, of = self.group.tests, self.explainer.knowledge.tests
        out: dict[str, Floats] = {}
        for assay in dict.fromkeys(of[t].assay for t in tests):
            own = [i for i, t in enumerate(tests) if of[t].assay == assay]
            rest = [i for i in range(len(tests)) if i not in own]
            if not rest:
                out[assay] = self.log_ratio
            elif len(own) == 1:
                out[assay] = self.log_factor[:, own[0]]
            else:
                places = tuple(tests[i] for i in rest)
                others = self.explainer.group(places, self.group.mechanisms, self.covariates)
                likelihood = model.fit(others, taken[:, rest]).log_likelihood
                out[assay] = self.log_ratio - model.log_ratio(likelihood, others.states, self.shipped)
        return out

    def _components(self, k: int) -> tuple[Floats, Floats, Floats]:
        """Return weight, mean and standard deviation of a present mechanism's severity in each set, (N, S/2)."""
        on = self.group.states[:, k] > 0
        weight = self.weights[:, on] + 1e-300
        weight = weight / weight.sum(-1, keepdims=True)
        return weight, self.fit.severity[:, on, k], self.fit.severity_sd[:, on, k]

    def mechanism(self, row: int, column: int, visit: Visit, battery: model.Battery) -> Mechanism:
        """Return one mechanism of one visit."""
        k = self.group.mechanisms[column]
        ratio = float(np.exp(np.clip(self.log_ratio[row, column], -690, 690)))
        low, high = (_updated(p, ratio) for p in self.explainer._range(k))
        contributions = self._contributions(row, column)
        spread = float(battery.spread[k])
        posterior = min(max(float(self.posterior[row, column]), 0.0), 1.0)
        return Mechanism(
            participant_id=visit.participant_id,
            session_id=visit.session_id,
            mechanism=MECHANISM_KEYS[k],
            **self.explainer.described(k),
            prior=float(self.prior[column]),
            posterior=posterior,
            likelihood_ratio=ratio,
            severity=float(self.severity[row, column]),
            severity_low=float(self.low[row, column]),
            severity_high=float(self.high[row, column]),
            status="assessed" if spread <= NOT_ASSESSABLE else "not_assessable",
            flag=self._flag(row, column, contributions),
            posterior_low=min(low, posterior),
            posterior_high=max(high, posterior),
            spread_left=spread,
            contributions=contributions,
            assays=self._assays(row, column, contributions),
            further=self.explainer.further(k, battery),
            controls=self.explainer._laboratory.controls,
            covariates=tuple(sorted(visit.covariates)),
        )

    def _contributions(self, row: int, column: int) -> tuple[Contribution, ...]:
        known = self.explainer.knowledge
        k = self.group.mechanisms[column]
        bears = [i for i, t in enumerate(self.group.tests) if known.shift[t, k] != 0 or known.se[t, k] != 0]
        numbers = (
            self.z[row, bears].tolist(),
            self.factor[row, bears, column].tolist(),
            self.expected[row, bears].tolist(),
            self.expected_sd[row, bears].tolist(),
            self.surprise[row, bears].tolist(),
            self.error[row, bears].tolist(),
        )
        names = ("z", "factor", "expected", "expected_sd", "surprise", "error")
        sources = [self.explainer.coefficients[self.group.tests[i], k] for i in bears]
        return tuple(
            Contribution(**source, **dict(zip(names, values, strict=True)))
            for source, values in zip(sources, zip(*numbers, strict=True), strict=True)
        )

    def _assays(self, row: int, column: int, contributions: Iterable[Contribution]) -> tuple[AssayFactor, ...]:
        """Return the factor of each assay with a test that bears on the mechanism."""
        tests = {t.key: t.assay for t in self.explainer.knowledge.tests}
        bears = [tests[c.test] for c in contributions]
        return tuple(
            AssayFactor(
                assay=assay,
                tests=bears.count(assay),
                factor=float(np.exp(np.clip(self.assay_log_factor[assay][row, column], -690, 690))),
            )
            for assay in dict.fromkeys(bears)
        )

    def _flag(self, row: int, column: int, contributions: Iterable[Contribution]) -> str:
        """Return which single tests the others contradict: surprising, and pointing the other way."""
        said = tuple(contributions)
        total = float(self.log_ratio[row, column])
        out = []
        for c in said:
            own = math.log(c.factor)
            rest = total - own
            if c.surprise < SURPRISE and own * rest < 0 and min(abs(own), abs(rest)) > _OPPOSED:
                against = [o for o in said if o is not c and math.log(o.factor) * own < 0]
                against.sort(key=lambda o: -abs(math.log(o.factor)))
                named = ", ".join(f"{o.words} ({o.z:+.1f})" for o in against[:_NAMED])
                out.append(f"{c.words} ({c.z:+.1f}) against {named or 'the other tests'}")
        return f"contradiction: {'; '.join(out)}" if out else ""


def _set_severity_limits(told: Sequence[_Told]) -> None:
    """Set the 5 and 95 % points of every severity, all groups and both ends at once."""
    parts = [(t, k) for t in told for k in range(t.posterior.shape[1])]
    if not parts:
        return
    widest = max(t.components[k][0].shape[1] for t, k in parts)

    def stacked(place: int) -> Floats:
        filled = [t.components[k][place] for t, k in parts]
        return np.concatenate([np.pad(x, ((0, 0), (0, widest - x.shape[1])), mode="edge") for x in filled])

    weight, mean, sd = (stacked(i) for i in range(3))
    counts = np.concatenate([np.full(len(t.z), t.components[k][0].shape[1]) for t, k in parts])
    weight = np.where(np.arange(widest) < counts[:, None], weight, 0.0)
    low, high = model.mixture_quantile(weight, mean, sd, 0.05), model.mixture_quantile(weight, mean, sd, 0.95)
    for t in told:
        t.low, t.high = np.empty(t.posterior.shape), np.empty(t.posterior.shape)
    start = 0
    for t, k in parts:
        stop = start + len(t.z)
        t.low[:, k], t.high[:, k] = low[start:stop], high[start:stop]
        start = stop


def _updated(prior: float, ratio: float) -> float:
    """Return a probability after evidence of a likelihood ratio."""
    if prior in (0.0, 1.0):
        return prior
    odds = prior / (1 - prior) * ratio
    return odds / (1 + odds) if math.isfinite(odds) else 1.0
