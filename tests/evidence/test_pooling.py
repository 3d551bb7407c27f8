import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nociscope.evidence import dersimonian_laird_many, multiverse, pool, pool_bayes, pool_clustered
from nociscope.evidence.clustered import robust_mean
from nociscope.evidence.effects import (
    binomial_interval,
    hedges_correction,
    inverse_freeman_tukey,
    proportion,
)
from nociscope.evidence.heterogeneity import TAU2_METHODS, estimate_tau2, intercept, q_at, q_profile
from nociscope.evidence.reading import read_effects
from nociscope.evidence.studies import as_studies
from nociscope.problems import BadInput, UsageError
from tests.evidence.test_reference import HERE

BCG = HERE / "data" / "colditz1994.csv"
FM = {"study": list("ABCDE"), "events": [11, 6, 34, 18, 23], "n": [27, 20, 56, 57, 58]}


def record(data, measure="proportion", **options):
    out = pool(data, measure, **options).to_dict()
    json.dumps(out, allow_nan=False)
    return out


# --- edge cases ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["common", "random", "glmm"])
def test_one_study_is_its_own_estimate(model):
    out = record({"study": ["A"], "events": [3], "n": [10]}, model=model)
    assert out["k"] == 1
    assert out["natural"]["estimate"] == pytest.approx(0.3, abs=1e-9)
    assert out["pi_low"] is None
    assert out["pi_high"] is None
    assert out["i2"] is None
    assert out["interval"] == "z"
    assert any("One study" in note for note in out["notes"])


def test_one_study_has_no_leave_one_out_and_no_tests():
    out = record({"events": [3], "n": [10]}, leave_one_out=True, egger=True, begg=True, trim_fill=True)
    assert out["leave_one_out"] == []
    assert out["egger"] is out["begg"] is out["trim_fill"] is None


@pytest.mark.parametrize("transform", ["raw", "logit", "arcsine", "freeman-tukey"])
def test_empty_and_full_cells_are_finite_and_halves_only_go_where_needed(transform):
    data = {"study": list("ABC"), "events": [0, 5, 12], "n": [10, 12, 12]}
    out = record(data, transform=transform)
    added = [s["half_added"] for s in out["studies"]]
    assert added == ([True, False, True] if transform in ("raw", "logit") else [False] * 3)
    assert 0 < out["natural"]["estimate"] < 1


def test_glmm_takes_empty_cells_as_they_are():
    out = record({"events": [0, 5, 12], "n": [10, 12, 12]}, model="glmm")
    assert out["tau2"] > 1


@pytest.mark.parametrize("events", [[0, 0, 0], [10, 12, 12]])
def test_glmm_refuses_what_has_no_finite_logit(events):
    with pytest.raises(BadInput, match="infinite"):
        pool({"events": events, "n": [10, 12, 12]}, model="glmm")


def test_identical_studies_have_no_spread_and_the_narrow_interval_is_said():
    data = {"study": list("ABCD"), "events": [5] * 4, "n": [20] * 4}
    out = record(data, egger=True, begg=True, trim_fill=True, leave_one_out=True)
    assert out["tau2"] == 0
    assert out["q"] == pytest.approx(0, abs=1e-12)
    assert out["ci_low"] == pytest.approx(out["ci_high"])
    assert any("narrower" in note for note in out["notes"])
    assert out["egger"] is None
    assert out["trim_fill"]["k0"] == 0
    wide = record(data, interval="hk-adhoc")
    assert wide["ci_high"] - wide["ci_low"] > 0.5


def test_two_studies_work_and_hts_prediction_does_not_exist():
    data = {"events": [5, 15], "n": [20, 20]}
    out = record(data, prediction="hts")
    assert out["pi_low"] is None
    assert any("k-2" in note for note in out["notes"])
    assert record(data, prediction="t1", interval="z")["pi_low"] is not None
    # t with one degree of freedom: 12.7 standard errors to each side.
    assert out["ci_high"] - out["estimate"] == pytest.approx(12.706204736 * out["se"])


@pytest.mark.parametrize(
    ("data", "measure", "words"),
    [
        ({"study": ["A"], "events": [5], "n": [3]}, "proportion", "more than n"),
        ({"study": ["A"], "events": [-1], "n": [3]}, "proportion", "negative count"),
        ({"study": ["A"], "events": [1.5], "n": [3]}, "proportion", "whole number"),
        ({"study": ["A"], "events": [0], "n": [0]}, "proportion", "at least 1"),
        ({"study": ["A"], "events": ["x"], "n": [3]}, "proportion", "not a number"),
        ({"study": ["A"], "events": [1], "n": [3], "ctrl_events": [4], "ctrl_n": [3]}, "or", "more than ctrl_n"),
        ({"study": ["A"], "events": [1], "n": [3]}, "or", "ctrl_events"),
        ({"study": ["A"], "mean": [1], "sd": [-1], "n": [3]}, "mean", "negative standard deviation"),
        ({"study": ["A"], "mean": [1], "sd": [1], "n": [3]}, "smd", "ctrl_mean"),
        ({"study": ["A"], "yi": [1], "vi": [0]}, "generic", "positive variance"),
        ({"study": ["A"], "percent": [130], "n": [3]}, "proportion", "percentage"),
    ],
)
def test_wrong_data_are_refused_with_a_sentence_that_names_the_study(data, measure, words):
    with pytest.raises(BadInput, match=words) as caught:
        pool(data, measure)
    assert caught.value.exit_code == 65
    assert "\n" not in str(caught.value)


def test_every_wrong_cell_is_named():
    with pytest.raises(BadInput) as caught:
        pool({"study": ["A", "B"], "events": [5, -2], "n": [3, 9]})
    assert "study A" in str(caught.value)
    assert "study B" in str(caught.value)


def test_a_study_with_a_missing_cell_is_left_out_by_name():
    out = record({"study": ["A", "B", "C"], "events": [5, None, 4], "n": [10, 10, 10]})
    assert out["k"] == 2
    assert [s["study"] for s in out["studies"]] == ["A", "C"]
    assert len(out["left_out"]) == 1
    assert "study B" in out["left_out"][0]


def test_halves_are_not_added_for_mantel_haenszel_and_peto():
    data = {"events": [0, 4], "n": [20, 20], "ctrl_events": [3, 6], "ctrl_n": [20, 20]}
    out = record(data, "or", model="mh")
    assert out["estimate"] == pytest.approx(math.log((0 * 17 / 40 + 4 * 14 / 40) / (20 * 3 / 40 + 16 * 6 / 40)))


def test_ratios_of_events_in_one_group_alone_are_refused():
    data = {"events": [0, 0], "n": [20, 20], "ctrl_events": [3, 6], "ctrl_n": [20, 20]}
    for model in ("mh", "glmm"):
        with pytest.raises(BadInput):
            pool(data, "or", model=model)


@pytest.mark.parametrize(
    "options",
    [
        {"model": "mh"},
        {"model": "common", "interval": "hk"},
        {"tau2": "XX"},
        {"interval": "wald"},
        {"transform": "probit"},
        {"model": "glmm", "transform": "raw"},
        {"moderator": "no_such"},
        {"no_such_option": 1},
        {"level": 2.0},
    ],
)
def test_options_that_do_not_exist_or_go_together_are_refused(options):
    with pytest.raises(UsageError):
        pool(FM, **options)


def test_a_percentage_is_used_as_it_is_and_said():
    out = record({"study": ["A", "B"], "percent": [51, None], "events": [None, 12], "n": [39, 17]}, transform="raw")
    assert out["studies"][0]["yi"] == pytest.approx(0.51)
    assert [s["source"] for s in out["studies"]] == ["percent", "counts"]
    assert any("percentage" in note for note in out["notes"])


def test_cumulative_keeps_file_order_in_ties():
    data = {**FM, "year": [2014, 2013, 2014, 2013, 2014]}
    assert [s["study"] for s in record(data, cumulative="year")["cumulative"]] == ["B", "D", "A", "C", "E"]
    last = record(data, cumulative="year")
    assert last["cumulative"][-1]["estimate"] == pytest.approx(last["estimate"])


def test_groups_have_their_own_tau2_and_are_compared():
    data = {**FM, "site": ["leg", "leg", "thigh", "thigh", "thigh"]}
    out = record(data, group="site", interval="z")
    alone = record({k: v[:2] for k, v in FM.items()}, interval="z")
    assert out["groups"][0]["estimate"] == pytest.approx(alone["estimate"])
    assert out["between"]["df"] == 1
    w = [1 / g["se"] ** 2 for g in out["groups"]]
    e = [g["estimate"] for g in out["groups"]]
    middle = np.average(e, weights=w)
    assert out["between"]["q"] == pytest.approx(sum(a * (b - middle) ** 2 for a, b in zip(w, e, strict=True)))


# --- what defines the estimators ----------------------------------------------------------------------------------


def test_paule_mandel_and_q_profile_solve_their_equations_where_metafors_defaults_stop_early():
    """metafor 3.8-1: rma(measure="RR", ..., method="PM") and confint(rma(..., method="REML")), default tolerances."""
    effects = read_effects(as_studies(BCG), "rr")
    y, v, x = effects.yi, effects.vi, intercept(effects.k)
    tau2 = estimate_tau2("PM", y, v, x)
    assert q_at(tau2, y, v, x) == pytest.approx(12, abs=1e-10)
    low, high = q_profile(y, v, x)
    from scipy.stats import chi2

    assert q_at(low, y, v, x) == pytest.approx(chi2.ppf(0.975, 12), abs=1e-9)
    assert q_at(high, y, v, x) == pytest.approx(chi2.ppf(0.025, 12), abs=1e-9)
    defaults = {"tau2": 0.318093711863, "low": 0.119695312817, "high": 1.11148626222}
    for ours, theirs in ((tau2, defaults["tau2"]), (low, defaults["low"]), (high, defaults["high"])):
        assert ours == pytest.approx(theirs, abs=2e-4)
    assert abs(q_at(defaults["low"], y, v, x) - chi2.ppf(0.975, 12)) > 1e-4


studies = st.integers(3, 9).flatmap(
    lambda k: st.tuples(
        st.lists(st.floats(-3, 3), min_size=k, max_size=k), st.lists(st.floats(0.01, 2), min_size=k, max_size=k)
    )
)


@settings(max_examples=60, deadline=None)
@given(studies, st.floats(-5, 5), st.floats(0.1, 10))
def test_estimates_move_with_the_scale(data, shift, factor):
    y, v = (np.array(a) for a in data)
    x = intercept(y.size)
    for method in TAU2_METHODS:
        tau2 = estimate_tau2(method, y, v, x)
        assert tau2 >= 0
        moved = estimate_tau2(method, factor * y + shift, factor**2 * v, x)
        assert moved == pytest.approx(factor**2 * tau2, rel=1e-4, abs=1e-5 * factor**2)


@settings(max_examples=40, deadline=None)
@given(studies)
def test_reml_is_the_highest_likelihood_of_a_fine_grid(data):
    from nociscope.evidence.heterogeneity import likelihood

    y, v = (np.array(a) for a in data)
    x = intercept(y.size)
    tau2 = estimate_tau2("REML", y, v, x)
    grid = np.linspace(0, 4 * (np.var(y) + v.mean()), 400)
    best = likelihood(np.array([tau2]), y, v, x)[0]
    assert best >= likelihood(grid, y, v, x).max() - 1e-9


@given(st.integers(1, 500), st.data())
def test_freeman_tukey_turns_back_exactly_for_one_study(n, data):
    x = data.draw(st.integers(0, n))
    y, _ = proportion(x, n, "freeman-tukey")
    assert float(inverse_freeman_tukey(y, n)) == pytest.approx(x / n, abs=1e-7)


def test_exact_binomial_and_wilson_intervals_of_published_examples():
    """81/263 and 15/148 of Newcombe 1998, doi 10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E."""
    assert binomial_interval(81, 263) == pytest.approx((0.2527, 0.3676), abs=5e-5)
    assert binomial_interval(15, 148) == pytest.approx((0.0578, 0.1617), abs=5e-5)
    assert binomial_interval(81, 263, method="wilson") == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert binomial_interval(0, 20)[0] == 0
    assert binomial_interval(20, 20)[1] == 1


def test_hedges_correction_is_the_exact_one():
    assert float(hedges_correction(10)) == pytest.approx(math.gamma(5) / (math.sqrt(5) * math.gamma(4.5)), rel=1e-12)
    assert abs(float(hedges_correction(10)) - (1 - 3 / 39)) > 1e-4  # not the usual approximation


def test_many_analyses_agree_with_one():
    effects = read_effects(as_studies(BCG), "rr")
    many = dersimonian_laird_many(np.tile(effects.yi, (3, 1)), np.tile(effects.vi, (3, 1)))
    one = record(BCG, "rr", tau2="DL", interval="z")
    for name in ("estimate", "se", "tau2", "q", "ci_low", "ci_high"):
        assert many[name][2] == pytest.approx(one[name])
    assert many["i2"][0] == pytest.approx(one["i2_q"])
    with pytest.raises(ValueError):
        dersimonian_laird_many([[1.0]], [[1.0]])


def test_multiverse_holds_the_defaults():
    found = {a.name: a for a in multiverse(FM)}
    assert found["logit, random REML, hk"].estimate.estimate == pytest.approx(record(FM)["estimate"])
    assert len(found) == 4 * 17 + 1


# --- clusters -----------------------------------------------------------------------------------------------------


def test_cr2_of_single_studies_is_hc2():
    rng = np.random.default_rng(3)
    y, v = rng.normal(size=8), rng.uniform(0.1, 1, 8)
    estimate, se, _ = robust_mean(y, v, np.arange(8))
    w = 1 / v
    leverage = w / w.sum()
    residual = y - estimate
    assert se == pytest.approx(np.sqrt((w**2 * residual**2 / (1 - leverage)).sum()) / w.sum())


def test_cr2_of_equal_single_studies_has_k_minus_one_degrees_of_freedom():
    rng = np.random.default_rng(4)
    y = rng.normal(size=7)
    _, se, df = robust_mean(y, np.full(7, 0.3), np.arange(7))
    assert df == pytest.approx(6)
    assert se == pytest.approx(y.std(ddof=1) / np.sqrt(7))


def test_one_cluster_is_refused_and_a_missing_one_stands_alone():
    data = {"yi": [1, 2, 3], "vi": [1, 1, 1], "centre": ["a", "a", "a"]}
    with pytest.raises(BadInput, match="one cluster"):
        pool_clustered(read_effects(as_studies(data), "generic"), "centre")
    data["centre"] = ["a", "", ""]
    assert pool_clustered(read_effects(as_studies(data), "generic"), "centre").count == 3


# --- Bayes --------------------------------------------------------------------------------------------------------

SCHOOLS = {"yi": [28, 8, -3, 7, -1, 1, 18, 12], "sei": [15, 10, 16, 11, 9, 11, 10, 18]}
"""Rubin 1981, doi 10.3102/10769986006004377: coaching in eight schools."""


def test_bayes_agrees_with_the_published_eight_schools():
    """The bayesmeta vignette (Röver 2020, doi 10.18637/jss.v093.i06): about 8, 95 % from -2 to 18."""
    effects = read_effects(as_studies(SCHOOLS), "generic")
    found = pool_bayes(effects, tau_prior="half-cauchy", tau_scale=25, mean=0, sd=50)
    assert round(found.mean) == 8
    assert round(found.low) == -2
    assert round(found.high) == 18


def test_bayes_agrees_with_plain_integration():
    from scipy.integrate import quad
    from scipy.stats import norm

    effects = read_effects(as_studies(SCHOOLS), "generic")
    y, v = effects.yi, effects.vi

    def weight(t):
        w = 1 / (v + t * t)
        m = (w * y).sum() / w.sum()
        return np.exp(
            -0.5 * (t / 5) ** 2 - 0.5 * (np.log(v + t * t).sum() + np.log(w.sum()) + (w * (y - m) ** 2).sum())
        )

    def below(t, q):
        w = 1 / (v + t * t)
        return weight(t) * norm.cdf(q, (w * y).sum() / w.sum(), w.sum() ** -0.5)

    found = pool_bayes(effects, tau_scale=5)
    total = quad(weight, 0, 60, epsabs=0, epsrel=1e-10, limit=200)[0]
    for q, share in ((found.low, 0.025), (found.median, 0.5), (found.high, 0.975)):
        assert quad(below, 0, 60, (q,), epsabs=0, epsrel=1e-10, limit=200)[0] / total == pytest.approx(
            share, abs=1e-7
        )


# --- on its own ---------------------------------------------------------------------------------------------------


def test_pool_needs_numpy_and_scipy_only():
    code = (
        "import sys; from nociscope.evidence import pool; pool({'events':[3,5,9],'n':[10,12,20]}, model='glmm');"
        "pool({'events':[3,5,9],'n':[10,12,20]}, egger=True, begg=True, trim_fill=True).to_dict();"
        "bad=[m for m in ('pandas','matplotlib','statsmodels','pydantic','pint','jinja2','mne','typer') "
        "if m in sys.modules]; assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys; import nociscope.evidence; "
        "assert not [m for m in ('numpy','scipy','matplotlib') if m in sys.modules]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_tables_come_from_memory_in_several_shapes():
    import pandas as pd

    rows = [dict(zip(FM, row, strict=True)) for row in zip(*FM.values(), strict=True)]
    one = record(FM)
    assert record(rows) == one
    assert record(pd.DataFrame(FM)) == one
    frame = pd.DataFrame(FM).astype({"events": "float"})
    frame.loc[1, "events"] = np.nan
    assert record(frame)["k"] == 4


def test_the_conditional_model_refuses_counts_that_would_fill_the_memory():
    data = {"events": [900_000] * 3, "n": [2_000_000] * 3, "ctrl_events": [800_000] * 3, "ctrl_n": [2_000_000] * 3}
    with pytest.raises(BadInput, match="too large"):
        pool(data, "or", model="glmm", glmm="CM.EL")
    assert record(data, "or", model="glmm")["k"] == 3
