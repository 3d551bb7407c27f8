"""Every coefficient has a source, and its standard error is what its grade says."""

from __future__ import annotations

import csv
import math

import pytest

from nociscope.mechanisms.coefficients import FLOORS, GRADES, knowledge
from nociscope.mechanisms.files import DATA, fingerprint
from nociscope.truth import MECHANISM_KEYS

KNOWN = knowledge()


@pytest.mark.parametrize("c", KNOWN.coefficients, ids=lambda c: f"{c.test}-{c.mechanism}")
def test_coefficient(c):
    assert c.mechanism in MECHANISM_KEYS
    assert c.grade in GRADES
    assert c.mark in ("READ", "DERIVED")
    assert c.citation
    assert c.derivation
    assert c.doi == "" or c.doi.startswith("10.")
    if c.grade in FLOORS:
        assert c.sampling_se is not None
        assert c.se == pytest.approx(math.hypot(c.sampling_se, FLOORS[c.grade] * abs(c.shift)), abs=0.006)
    else:
        assert (c.se, c.sampling_se) == (0.5, None)
        assert abs(c.shift) == (0.0 if c.grade == "contested" else 0.5)


def test_every_mechanism_has_a_prior_and_a_coefficient():
    for key in MECHANISM_KEYS:
        prior = KNOWN.priors[key]
        assert 0 < prior.low <= prior.prior <= prior.high < 1
        assert prior.derivation
        assert KNOWN.bearing_on(key)


@pytest.mark.parametrize("name", ["coefficients", "priors", "correlations", "covariates"])
def test_tables_are_rectangular_and_have_no_empty_cell(name):
    with (DATA / f"{name}.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len({len(row) for row in rows}) == 1
    assert all(cell.strip() for row in rows for cell in row)
    assert f"{name}.tsv" in fingerprint()


def test_worked_examples_of_derived_shifts():
    from scipy.stats import norm

    shift = {(c.test, c.mechanism): c.shift for c in KNOWN.coefficients}
    assert shift["leg_ienfd", MECHANISM_KEYS[0]] == pytest.approx(-(norm.ppf(0.91) + norm.ppf(0.58)), abs=0.006)
    assert shift["foot_lep_amplitude", MECHANISM_KEYS[0]] == pytest.approx(
        -(norm.ppf(0.89) + norm.ppf(0.66)), abs=0.006
    )
    assert shift["ccm_cnfl", MECHANISM_KEYS[0]] == pytest.approx(
        -math.sqrt(2) * (norm.ppf(0.74) + norm.ppf(0.88)) / 2, abs=0.006
    )
    assert shift["thigh_ienfd", MECHANISM_KEYS[1]] == pytest.approx(-(1.645 + norm.ppf(0.85)), abs=0.006)
    assert shift["wind_up", "central_gain"] == pytest.approx(0.53 / 0.55, abs=0.006)
    assert shift["vagal_hrv", "cardiac_autonomic_shift"] == pytest.approx(-0.41 / 0.45, abs=0.006)
