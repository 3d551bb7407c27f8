"""Scores: orientation, scale, limits, censoring, probabilities."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.assays.declaration import OwnLimit
from nociscope.norms.library import NormLibrary
from nociscope.norms.model import NormCell
from nociscope.norms.probability import gamma_of, p_below
from nociscope.norms.scoring import score
from nociscope.study.records import Participant
from nociscope.tables import SCORES, Reading, as_row
from tests.norms.sample import ASSAYS, MAN, WOMAN, any_reading, norm, one

# A table that no laboratory ever measured: round numbers, so that every z can be checked in the head.
INVENTED = norm(
    key="invented_cdt",
    assay="qst",
    measure="cdt",
    unit="delta_degC",
    scale="log10",
    form="table",
    mean=None,
    sd=None,
    age_low=20,
    age_high=39,
    cells=(
        NormCell(sex="F", age_low=20, age_high=29, mean=0.0, sd=0.1),
        NormCell(sex="F", age_low=30, age_high=39, mean=0.1, sd=0.1),
        NormCell(sex="M", age_low=20, age_high=39, mean=0.2, sd=0.2),
    ),
)


def qst(measure: str, value: float, unit: str, **more: Any) -> Reading:
    return Reading(assay="qst", measure=measure, value=value, unit=unit, **{"site": "hand_dorsum", **more})


def person(age: float | None, sex: str) -> Participant:
    return Participant(participant_id="sub-01", age=age, sex=sex)


# --- the traps of invented norms, missing logs and missing signs ---


def test_a_threshold_is_scored_on_log10_and_loss_is_negative() -> None:
    got = one(qst("cdt", 10**0.3, "delta_degC"), INVENTED, person(25, "F"))
    assert got.z == pytest.approx(-3)
    assert got.call == "loss"
    assert got.sd == 0.1
    assert got.expected == pytest.approx(1.0)
    assert got.limit_high == pytest.approx(10**0.196)
    assert got.limit_low == pytest.approx(10**-0.196)
    assert got.percentile == pytest.approx(99.865, abs=0.001)


@pytest.mark.parametrize(("age", "sex", "z"), [(29.9, "F", -3), (30, "F", -2), (39.99, "F", -2), (25, "M", -0.5)])
def test_the_line_of_a_table_follows_sex_and_whole_years(age: float, sex: str, z: float) -> None:
    assert one(qst("cdt", 10**0.3, "delta_degC"), INVENTED, person(age, sex)).z == pytest.approx(z)


@pytest.mark.parametrize(("age", "sex"), [(19, "F"), (40, "F"), (25, "O"), (25, ""), (None, "F")])
def test_who_is_not_in_the_table_is_not_scored(age: float | None, sex: str) -> None:
    got = one(qst("cdt", 1.0, "delta_degC"), INVENTED, person(age, sex))
    assert got.call == "not_comparable"
    assert got.reason


@pytest.mark.parametrize(
    ("measure", "unit", "scale", "value", "sign"),
    [
        ("cdt", "delta_degC", "log10", 100.0, -1),
        ("hpt", "degC", "identity", 100.0, -1),
        ("ppt", "kPa", "log10", 100.0, -1),
        ("cpt", "degC", "identity", 100.0, 1),
        ("mps", "rating", "log10", 100.0, 1),
        ("wur", "ratio", "log10", 100.0, 1),
    ],
)
def test_each_parameter_is_turned_so_that_loss_is_negative(
    measure: str, unit: str, scale: Any, value: float, sign: int
) -> None:
    mean, sd = (1.0, 0.2) if scale == "log10" else (50.0, 10.0)
    reference = norm(assay="qst", measure=measure, unit=unit, scale=scale, mean=mean, sd=sd)
    got = one(qst(measure, value, unit), reference)
    assert got.z == pytest.approx(sign * 5)
    assert got.call == ("loss" if sign < 0 else "gain")


def test_a_measure_without_direction_is_abnormal_on_both_sides() -> None:
    flat = norm(measure="flat")
    assert one(any_reading(15, "flat"), flat).call == "abnormal"
    assert one(any_reading(5, "flat"), flat).call == "abnormal"
    assert one(any_reading(5, "flat"), flat).z == pytest.approx(-2.5)


# --- limits ---


def test_a_value_is_beyond_the_limit_only_strictly() -> None:
    assert one(any_reading(10 + 1.96 * 2), norm()).call == "normal"
    assert one(any_reading(10 + 1.97 * 2), norm()).call == "gain"
    assert one(any_reading(10 - 1.96 * 2), norm()).call == "normal"
    one_sided = norm(form="limit", mean=None, sd=None, limit_low=1.1)
    assert one(any_reading(1.1), one_sided).call == "normal"
    assert one(any_reading(1.1), replace(one_sided, limit_belongs="abnormal")).call == "loss"
    assert one(any_reading(1.11), replace(one_sided, limit_belongs="abnormal")).call == "normal"


def test_printed_limits_go_before_the_standard_deviation() -> None:
    got = one(any_reading(7.5), norm(limit_low=8.0))
    assert (got.call, got.limit_low, got.limit_high) == ("loss", 8.0, None)
    assert got.z == pytest.approx(-1.25)


def test_an_upper_centile_line_is_an_upper_limit() -> None:
    upper = norm(form="percentile_line", percentile=95, intercept=10.0, age_slope=0.1, mean=None, sd=None)
    got = one(any_reading(15), upper)
    assert (got.limit_low, got.limit_high, got.call) == (None, 14.5, "gain")


def test_zero_on_a_log_scale_has_a_call_and_no_z() -> None:
    got = one(qst("cdt", 0.0, "delta_degC"), INVENTED, person(25, "F"))
    assert (got.z, got.call) == (None, "gain")
    assert "no z" in got.reason
    negative = one(qst("cdt", -1.0, "delta_degC"), INVENTED, person(25, "F"))
    assert negative.call == "not_comparable"


def test_units_are_converted_where_they_can_be_and_a_change_is_never_a_temperature() -> None:
    pressure = norm(assay="qst", measure="ppt", unit="kPa", mean=2.5, sd=0.1, scale="log10")
    got = one(qst("ppt", 10**2.5 * 1000, "Pa"), pressure)
    assert got.z == pytest.approx(0, abs=1e-9)
    assert got.expected == pytest.approx(10**2.5 * 1000)
    warm = norm(assay="qst", measure="hpt", unit="degC", mean=45.0)
    assert "unit" in one(qst("hpt", 13.0, "delta_degC"), warm).reason


def test_an_age_that_the_norm_does_not_use_may_be_missing_and_is_said() -> None:
    got = one(any_reading(10), norm(), person(None, "F"))
    assert got.call == "normal"
    assert "age is missing" in got.reason


def test_ages_in_the_margin_are_scored_and_said() -> None:
    own = norm(age_low=30, age_high=50, age_margin=10)
    assert (
        one(any_reading(10), own, person(58, "F")).reason == "age 58 y lies beyond the 30-50 y of the reference group"
    )
    assert one(any_reading(10), own, person(61, "F")).call == "not_comparable"


def test_a_norm_of_one_sex_scores_nobody_else() -> None:
    assert "holds for sex F only" in one(any_reading(10), norm(sexes=("F",)), MAN).reason


def test_a_known_device_must_be_the_norms_device() -> None:
    tied = norm(devices=("MSA*",))
    assert one(any_reading(10, device="msa thermotest"), tied).call == "normal"
    assert one(any_reading(10), tied).call == "normal"
    assert "measured with TSA" in one(any_reading(10, device="TSA 2"), tied).reason


def test_own_norms_go_first_then_the_more_specific_then_the_key() -> None:
    a, b = norm(key="a"), norm(key="b", sites=("hand_dorsum",))
    c = norm(key="c", status="read", doi="10.1000/x", sites=("hand_dorsum",), methods=("*",))
    reading = any_reading(10, site="hand_dorsum", method="m")
    assert one(reading, NormLibrary((a, b, c))).norm == "c"
    assert one(reading, NormLibrary((a, b))).norm == "b"
    assert one(reading, NormLibrary((a, b, c), own=frozenset("a"))).norm == "a"
    assert one(reading, NormLibrary((norm(key="z"), norm(key="y")))).norm == "y"


def test_a_named_norm_goes_before_all_others_and_the_score_says_so() -> None:
    own = norm(key="own1", sites=("hand_dorsum",), methods=("*",))
    plain = norm(key="plain", status="read", doi="10.1000/x")
    asleep = norm(key="asleep", status="unverified")
    reading = any_reading(10, site="hand_dorsum", method="m")
    shelf = NormLibrary((own, plain, asleep), own=frozenset(["own1"]))
    assert one(reading, shelf).norm == "own1"
    assert one(reading, shelf).reason == ""
    for key in ("plain", "asleep", "own1"):
        got = one(reading, replace(shelf, named=frozenset([key])))
        assert got.norm == key
        assert f"the norm {key} was named by the user, so it goes before all others" in got.reason
    both = one(reading, replace(shelf, named=frozenset(["plain", "own1"])))
    assert both.norm == "own1"
    elsewhere = replace(plain, sites=("face",))
    assert one(reading, NormLibrary((own, elsewhere), named=frozenset(["plain"]))).norm == "own1"


def test_a_named_norm_goes_before_the_limits_of_the_laboratory() -> None:
    limit = OwnLimit(measure="up", unit="u", low=9.0)
    shelf = NormLibrary((norm(key="pub", status="read", doi="10.1000/x"),))
    assert score([any_reading(8.0)], WOMAN, shelf, ASSAYS, [limit])[0].norm == "laboratory_limits"
    named = replace(shelf, named=frozenset(["pub"]))
    assert score([any_reading(8.0)], WOMAN, named, ASSAYS, [limit])[0].norm == "pub"


def test_poor_readings_are_scored_and_say_so_and_unscored_measures_are_left_out() -> None:
    assert one(any_reading(10, quality="poor", remark="few"), norm()).reason == "the reading is of poor quality: few"
    readings = [Reading(assay="biopsy", measure="axonal_loss", value=3.0, unit="%"), any_reading(10)]
    assert [s.measure for s in score(readings, WOMAN, NormLibrary((norm(),)), ASSAYS)] == ["up"]
    assert score([Reading(assay="x", measure="y", value=1.0, unit="")], WOMAN, NormLibrary(()), ASSAYS) == ()


# --- censoring: the true value lies beyond the bound ---


@pytest.mark.parametrize(
    ("measure", "value", "censored", "call", "p", "words"),
    [
        ("up", 20.0, "above", "gain", 1.0, "even higher"),
        ("up", 0.0, "below", "loss", 1.0, "even lower"),
        ("down", 20.0, "above", "loss", 1.0, "even higher"),
        ("down", 0.0, "below", "gain", 1.0, "even lower"),
        ("flat", 20.0, "above", "abnormal", 1.0, "even higher"),
        ("up", 10.0, "above", "normal", None, "cannot exclude gain beyond the upper limit"),
        ("up", 10.0, "below", "normal", None, "cannot exclude loss beyond the lower limit"),
        ("down", 10.0, "above", "normal", None, "cannot exclude loss beyond the upper limit"),
        ("down", 10.0, "below", "normal", None, "cannot exclude gain beyond the lower limit"),
        ("up", 0.0, "above", "not_comparable", None, "says nothing about them"),
        ("up", 20.0, "below", "not_comparable", None, "says nothing about them"),
    ],
)
def test_censoring(measure: str, value: float, censored: Any, call: str, p: float | None, words: str) -> None:
    got = one(any_reading(value, measure, censored=censored, low=value - 1, high=value + 1), norm(measure=measure))
    assert (got.call, got.p_beyond) == (call, p)
    assert words in got.reason
    assert (got.z is None) == (call == "not_comparable")


def test_censoring_on_the_side_without_a_limit_is_certain() -> None:
    lower = norm(form="limit", mean=None, sd=None, limit_low=5.0)
    got = one(any_reading(6.0, censored="above"), lower)
    assert got.call == "normal"
    assert "does not touch" in got.reason
    assert one(any_reading(4.0, censored="above"), lower).call == "not_comparable"
    assert one(any_reading(4.0, censored="below"), lower).call == "loss"
    assert "cannot exclude loss" in one(any_reading(6.0, censored="below"), lower).reason


# --- probability ---


def test_a_count_interval_gives_back_the_count_and_the_length() -> None:
    from scipy.special import gammaincinv

    for k, length in [(0, 9.0), (1, 5.0), (12, 3.0), (80, 9.5)]:
        low, high = (float(gammaincinv(k + 0.5, q)) / length for q in (0.025, 0.975))
        assert gamma_of(low, high) == pytest.approx((k + 0.5, length), rel=1e-6)
    assert gamma_of(0.0, float(gammaincinv(0.5, 0.975)) / 9) == pytest.approx((0.5, 9.0))
    assert gamma_of(3.0, 2.0) is None
    assert gamma_of(-1.0, 2.0) is None


def test_the_probability_of_a_count_is_the_gamma_tail() -> None:
    """30 fibres on 6 mm; P(rate < 5.7057) from scipy.stats.gamma(30.5, scale=1/6).cdf(5.7057), scipy 1.11."""
    from scipy.special import gammaincinv
    from scipy.stats import gamma

    low, high = (float(gammaincinv(30.5, q)) / 6 for q in (0.025, 0.975))
    assert p_below(5.7057, 5.0, low, high, "count") == pytest.approx(gamma(30.5, scale=1 / 6).cdf(5.7057), abs=1e-6)


interval = st.floats(0.05, 5.0)


@given(value=st.floats(0.5, 50), below=interval, above=interval, limit=st.floats(-10, 80))
def test_probabilities_lie_between_0_and_1_and_grow_with_the_limit(
    value: float, below: float, above: float, limit: float
) -> None:
    for spread in ("normal", "lognormal", "count"):
        low, high = max(value - below, 0.0), value + above
        p, q = (p_below(x, value, low, high, spread) for x in (limit, limit + 0.5))
        if p is None or q is None:
            continue
        assert 0 <= p <= q <= 1


@given(value=st.floats(0.5, 50), below=st.floats(0.05, 0.4), above=interval)
def test_at_the_limit_it_is_a_toss(value: float, below: float, above: float) -> None:
    for spread in ("normal", "lognormal"):
        for limit in (value * (1 - 1e-9), value, value * (1 + 1e-9)):
            assert p_below(limit, value, value - below, value + above, spread) == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("k", [5, 30, 200])
def test_a_count_at_the_limit_is_nearly_a_toss(k: int) -> None:
    from scipy.special import gammaincinv

    low, high = (float(gammaincinv(k + 0.5, q)) / 5 for q in (0.025, 0.975))
    p = p_below(k / 5, k / 5, low, high, "count")
    assert p is not None
    assert 0.42 < p <= 0.5


def test_an_interval_that_cannot_be_gives_no_probability() -> None:
    assert p_below(1, 5, 6, 7, "normal") is None
    assert p_below(1, -5, -6, -4, "lognormal") is None
    assert p_below(1, 5, 4, 6, "none") is None
    assert p_below(5, 5, 5, 5, "normal") == 0.5
    assert p_below(6, 5, 5, 5, "normal") == 1.0


def test_the_limit_exceeded_or_the_nearer_one_is_meant() -> None:
    def p(value: float) -> float:
        got = one(any_reading(value, low=value - 1.96, high=value + 1.96), norm()).p_beyond
        assert got is not None
        return got

    assert p(13.0) == pytest.approx(0.5 * math.erfc(0.92 / math.sqrt(2)), abs=1e-4)
    assert p(7.0) == pytest.approx(p(13.0))
    assert p(16.0) > 0.97
    assert one(any_reading(16.0), norm()).p_beyond is None


def test_the_norms_own_uncertainty_draws_the_probability_toward_a_half() -> None:
    known = norm(mean=10.0, sd=2.0)
    local = replace(known, sd_df=9.0, mean_se=2 / math.sqrt(10))
    limit = one(any_reading(10), local).limit_high
    assert limit is not None
    at = one(any_reading(limit, low=limit - 1, high=limit + 1), local).p_beyond
    assert at == pytest.approx(0.5, abs=1e-6)
    off = limit + 2
    wide = one(any_reading(off, low=off - 1, high=off + 1), local).p_beyond
    sharp = one(any_reading(off, low=off - 1, high=off + 1), known).p_beyond
    assert wide is not None
    assert sharp is not None
    assert 0.5 < wide < sharp


# --- z ---


@given(a=st.floats(-50, 50), b=st.floats(-50, 50), name=st.sampled_from(["up", "down"]))
def test_z_is_monotone_and_beyond_1_96_exactly_when_called(a: float, b: float, name: str) -> None:
    local = norm(measure=name, sd_df=9.0, mean_se=0.6)
    for reference in (norm(measure=name), local):
        za, zb = (one(any_reading(x, name), reference).z for x in (a, b))
        assert za is not None
        assert zb is not None
        if a < b:
            assert (za <= zb) if name == "up" else (za >= zb)
        got = one(any_reading(a, name), reference)
        assert (got.call in ("loss", "gain")) == (round(abs(za), 9) > 1.96)
        if got.call in ("loss", "gain"):
            assert got.call == ("loss" if za < 0 else "gain")
            assert got.limit_low is not None
            assert got.limit_high is not None
            assert not got.limit_low < a < got.limit_high


def test_a_score_table_can_be_written() -> None:
    got = one(any_reading(10.0, low=9.0, high=11.0), norm())
    text = SCORES.to_tsv([as_row(got)])
    assert "nan" not in text.lower()
    assert "inf" not in text.lower()
