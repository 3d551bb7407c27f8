"""What a profile says: priors, likelihood ratios, contradictions, assessability, and hostile values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nociscope.mechanisms.coefficients import knowledge
from nociscope.mechanisms.laboratory import learn
from nociscope.mechanisms.observed import Visit
from nociscope.mechanisms.profile import Explainer
from nociscope.mechanisms.result import mechanism_from_json
from nociscope.truth import MECHANISM_KEYS

from .test_model import explain

KNOWN = knowledge()
TESTS = [t.key for t in KNOWN.tests]
BATTERIES = st.dictionaries(st.sampled_from(TESTS), st.floats(-12, 12), max_size=10)


def test_no_test_gives_the_prior_to_the_last_digit():
    for key, m in explain({}).items():
        assert (m.posterior, m.likelihood_ratio, m.status) == (KNOWN.priors[key].prior, 1, "not_assessable")
        assert m.contributions == ()
        assert m.flag == ""


def test_a_test_of_one_mechanism_leaves_another_of_its_group_at_the_prior():
    m = explain({"leg_ienfd": -4.0})["central_gain"]
    assert m.posterior == pytest.approx(KNOWN.priors["central_gain"].prior, abs=1e-6)
    assert m.likelihood_ratio == pytest.approx(1, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(scores=BATTERIES, prior=st.floats(0.01, 0.99))
def test_the_likelihood_ratio_does_not_depend_on_any_prior(scores, prior):
    shipped = explain(scores)
    other = explain(scores, priors={"distal_small_fibre_loss": prior, "central_gain": 1 - prior})
    for key, m in shipped.items():
        assert other[key].likelihood_ratio == pytest.approx(m.likelihood_ratio, rel=1e-9)
        odds = m.prior / (1 - m.prior) * m.likelihood_ratio
        assert m.posterior == pytest.approx(odds / (1 + odds), abs=1e-9)
        assert m.posterior_low <= m.posterior <= m.posterior_high


@settings(max_examples=60, deadline=None)
@given(scores=BATTERIES)
def test_everything_is_finite_and_in_bounds(scores):
    for m in explain(scores).values():
        row = m.as_row()
        numbers = [v for v in row.values() if isinstance(v, float)]
        assert all(math.isfinite(x) for x in numbers)
        assert 0 <= m.posterior <= 1
        assert m.severity_low <= m.severity <= m.severity_high
        assert mechanism_from_json(m.as_json()) == mechanism_from_json(mechanism_from_json(m.as_json()).as_json())


@pytest.mark.parametrize("size", [-50.0, 50.0])
def test_absurd_scores_break_nothing(size):
    for m in explain(dict.fromkeys(TESTS, size)).values():
        assert math.isfinite(m.likelihood_ratio)
        assert 0 <= m.posterior <= 1


@pytest.mark.parametrize(
    ("scores", "mechanism"),
    [
        ({"leg_ienfd": -3.0, "foot_lep_amplitude": -2.5}, "distal_small_fibre_loss"),
        ({"thigh_ienfd": -3.5, "leg_ienfd": 0.2}, "proximal_small_fibre_loss"),
        ({"sural_amplitude": -4.0, "leg_motor_amplitude": -3.5, "nerve_velocity": 0.0}, "large_fibre_axonal_loss"),
        ({"nerve_velocity": -5.0, "nerve_latency": -5.0}, "large_fibre_demyelination"),
        ({"wind_up": 2.5, "pressure_pain": 2.5, "cold_pain": 2.0}, "central_gain"),
        ({"lep_habituation": -3.5}, "habituation_deficit"),
        ({"vagal_hrv": -3.0, "total_hrv": -3.0}, "cardiac_autonomic_shift"),
        ({"sil2r": 4.0}, "immune_activation"),
    ],
)
def test_each_mechanism_is_raised_by_its_own_tests_and_not_by_their_opposite(scores, mechanism):
    assert explain(scores)[mechanism].likelihood_ratio > 3
    assert explain({k: -z for k, z in scores.items()})[mechanism].likelihood_ratio < 1


def test_thigh_loss_with_a_normal_leg_is_proximal_and_not_distal():
    found = explain({"thigh_ienfd": -3.5, "leg_ienfd": 0.2})
    assert found["proximal_small_fibre_loss"].posterior > 0.9
    assert found["distal_small_fibre_loss"].posterior < found["distal_small_fibre_loss"].prior


def test_one_test_against_all_others_is_flagged_and_named():
    m = explain({"leg_ienfd": -4.0, "foot_lep_amplitude": 0.5, "ccm_cnfl": 0.5, "foot_cdt": 0.3})
    flag = m["distal_small_fibre_loss"].flag
    assert flag.startswith("contradiction: biopsy ienfd distal_leg")
    assert "lep n2p2_amplitude" in flag


def test_tests_that_agree_are_not_flagged_however_extreme():
    agreed = explain({"leg_ienfd": -6.0, "foot_lep_amplitude": -5.0, "ccm_cnfl": -4.0})
    assert agreed["distal_small_fibre_loss"].flag == ""
    assert explain({"leg_ienfd": -9.0})["distal_small_fibre_loss"].flag == ""


def test_a_single_outlier_among_many_does_not_decide():
    normal = dict.fromkeys(("foot_lep_amplitude", "ccm_cnfl", "ccm_cnfd", "foot_cdt", "foot_esc"), 0.3)
    assert explain({**normal, "leg_ienfd": -9.0})["distal_small_fibre_loss"].posterior < 0.5


def test_what_cannot_be_assessed_depends_on_the_tests_and_not_on_their_values():
    for z in (-4.0, 0.0, 3.0):
        assert explain({"foot_wdt": z})["distal_small_fibre_loss"].status == "not_assessable"
        assert explain({"leg_ienfd": z})["distal_small_fibre_loss"].status == "assessed"


def test_the_most_telling_further_test():
    nothing = explain({})["distal_small_fibre_loss"]
    bits = [x.bits for x in nothing.further]
    assert bits == sorted(bits, reverse=True)
    assert nothing.further[0].test == "leg_ienfd"
    assert "leg_ienfd" not in [x.test for x in explain({"leg_ienfd": 0.0})["distal_small_fibre_loss"].further]


def test_covariates_make_a_test_tell_less():
    z = {KNOWN.index("lep_habituation"): -3.0}
    plain = Visit(participant_id="sub-1", z=z)
    migraine = Visit(participant_id="sub-1", z=z, covariates=frozenset({"migraine"}))
    place = MECHANISM_KEYS.index("habituation_deficit")
    a, b = (Explainer().explain([v])[0][place] for v in (plain, migraine))
    assert 1 < b.likelihood_ratio < a.likelihood_ratio
    assert b.covariates == ("migraine",)


def test_people_together_get_what_each_gets_alone():
    rng = np.random.default_rng(3)
    visits = [
        Visit(participant_id=f"sub-{i}", z={t: float(rng.normal()) for t in range(len(TESTS)) if rng.random() < 0.6})
        for i in range(12)
    ]
    together = Explainer().explain(visits)
    for visit, profile in zip(visits, together, strict=True):
        alone = Explainer().explain([visit])[0]
        for a, b in zip(alone, profile, strict=True):
            assert b.posterior == pytest.approx(a.posterior, abs=1e-12)
            assert b.severity_low == pytest.approx(a.severity_low, abs=1e-4)


def test_ten_controls_find_the_offset_and_spread_of_their_laboratory():
    rng = np.random.default_rng(4)
    found = [learn(rng.normal(0.5, 1.4, (10, len(TESTS)))) for _ in range(20)]
    assert np.mean([x.offset.mean() for x in found]) == pytest.approx(0.5, abs=0.1)
    assert np.mean([x.spread.mean() for x in found]) == pytest.approx(1.4, abs=0.12)
    assert found[0].controls == 10


def test_gross_errors_in_controls_do_not_widen_the_laboratory_much():
    rng = np.random.default_rng(5)
    z = rng.normal(size=(20, len(TESTS)))
    z[rng.random(z.shape) < 0.05] += 15  # plain standard deviations are 3.4
    assert learn(z).spread.mean() < 1.5
    assert abs(learn(z).offset.mean()) < 0.3


def test_two_controls_say_nothing():
    lab = learn(np.full((2, len(TESTS)), 3.0))
    assert (lab.offset == 0).all()
    assert (lab.spread == 1).all()


@pytest.mark.parametrize("z", [-3.0, -2.0])
def test_an_offset_that_controls_show_is_taken_off(z):
    rng = np.random.default_rng(6)
    lab = learn(rng.normal(-1.0, 1.0, (40, len(TESTS))))
    assert explain({"leg_ienfd": z}, laboratory=lab)["distal_small_fibre_loss"].posterior < (
        explain({"leg_ienfd": z})["distal_small_fibre_loss"].posterior
    )


# --- the tests of one assay together -------------------------------------------------------------------------------

# The scores of a virtual person with demyelination: every nerve reading alone seems to speak against it, because the
# other readings say the same more strongly.
DEMYELINATED = {
    "sural_amplitude": -3.37,
    "leg_motor_amplitude": 0.15,
    "nerve_velocity": -5.39,
    "nerve_latency": -7.14,
    "f_latency": -5.81,
}


def test_readings_that_each_seem_to_speak_against_it_speak_for_it_together():
    m = explain(DEMYELINATED)["large_fibre_demyelination"]
    assert all(c.factor < 1 for c in m.contributions)
    (ncs,) = m.assays
    assert (ncs.assay, ncs.tests) == ("ncs", 5)
    assert ncs.factor == pytest.approx(m.likelihood_ratio)
    assert ncs.factor > 1e6
    assert m.as_row()["assay_factors"].startswith("ncs x1.3")
    assert m.as_row()["drivers"].startswith("ncs amplitude tibial/fibular x0.0049")


@settings(max_examples=40, deadline=None)
@given(scores=BATTERIES)
def test_the_factor_of_an_assay_is_what_the_ratio_loses_without_its_tests(scores):
    whole = explain(scores)
    of = {t.key: t.assay for t in KNOWN.tests}
    for assay in {of[t] for t in scores}:
        rest = explain({t: z for t, z in scores.items() if of[t] != assay})
        for key, m in whole.items():
            for found in (a for a in m.assays if a.assay == assay and a.tests > 1):
                lost = math.log(m.likelihood_ratio) - math.log(rest[key].likelihood_ratio)
                assert math.log(found.factor) == pytest.approx(lost, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(scores=BATTERIES)
def test_an_assay_with_one_test_has_the_factor_of_that_test_and_all_that_bear_are_counted(scores):
    of = {t.key: t.assay for t in KNOWN.tests}
    for m in explain(scores).values():
        assert sum(a.tests for a in m.assays) == len(m.contributions)
        factors = [abs(math.log(a.factor)) for a in m.assay_factors]
        assert factors == sorted(factors, reverse=True)
        for a in m.assays:
            linked = [t for t in scores if of[t] == a.assay]
            if len(linked) == 1 and len({of[t] for t in scores}) > 1 and len(m.assays) > 1:
                (own,) = [c for c in m.contributions if of[c.test] == a.assay]
                assert a.factor == own.factor


def test_the_order_of_the_scores_changes_no_factor():
    scores = {**DEMYELINATED, "leg_ienfd": -2.5, "foot_esc": -1.0, "foot_cdt": -2.0, "foot_wdt": -1.0}
    backwards = dict(reversed(scores.items()))
    for key, m in explain(scores).items():
        there = {a.assay: a.factor for a in explain(backwards)[key].assays}
        assert {a.assay: a.factor for a in m.assays} == pytest.approx(there)
