"""Published slopes of age around own controls: off unless asked for, with their errors, for their methods only."""

import math
from typing import Any

import numpy as np
import pytest

from nociscope.assays.registry import assay_named
from nociscope.norms.build import build_report
from nociscope.norms.files import read_norms, write_norms
from nociscope.norms.library import NormLibrary, describe
from nociscope.norms.local import GivenSlopes, Person, estimate_around
from nociscope.norms.model import Norm
from nociscope.norms.published_slopes import slope_sources, slopes_in_settings, slopes_named
from nociscope.norms.reference import reference_for
from nociscope.norms.scoring import score
from nociscope.problems import InvalidStudy, UsageError
from nociscope.study.records import Participant
from nociscope.tables import Reading

CCM = assay_named("ccm")
BOTH = slopes_named(("tavakoli2015", "dehghani2014"))


def controls(n: int, seed: int = 1, **more: Any) -> list[Participant]:
    rng = np.random.default_rng(seed)
    return [
        Participant(
            participant_id=f"sub-{i:02d}",
            group="control",
            **{"age": float(rng.uniform(25, 45)), "sex": "FM"[i % 2], **more},
        )
        for i in range(n)
    ]


def report(people: list[Participant], method: str, measure: str = "cnfl", slopes: Any = BOTH, seed: int = 2) -> Any:
    rng = np.random.default_rng(seed)
    unit = {"cnfl": "mm/mm2", "cnfd": "/mm2", "cnbd": "/mm2"}[measure]
    readings = [
        Reading(
            participant_id=p.participant_id,
            assay="ccm",
            measure=measure,
            site="cornea_central",
            method=method,
            unit=unit,
            value=float(rng.normal(25, 3)),
            source="phenotype/ccm.tsv",
        )
        for p in people
    ]
    return build_report(readings, people, NormLibrary(()), (CCM,), slopes=slopes)


def test_the_shipped_slopes_are_those_of_the_abstract_and_their_errors_follow_from_the_printed_p() -> None:
    from statistics import NormalDist

    tavakoli = {s.key: s for s in slope_sources()}["tavakoli2015"]
    assert tavakoli.doi == "10.2337/dc14-2311"
    printed = {"cnfl": (-0.045, 0.07, -0.060, 0.02), "cnfd": (-0.164, 0.01, -0.161, 0.01)}
    assert {s.measure for s in tavakoli.slope} == set(printed)
    for slope in tavakoli.slope:
        men, p_men, women, p_women = printed[slope.measure]
        assert (slope.men, slope.women) == (men, women)
        assert slope.men_se == pytest.approx(abs(men) / NormalDist().inv_cdf(1 - p_men / 2), rel=0.005)
        assert slope.women_se == pytest.approx(abs(women) / NormalDist().inv_cdf(1 - p_women / 2), rel=0.005)
    dehghani = {s.key: s for s in slope_sources()}["dehghani2014"]
    mean = (29 * 17.7 + 35 * 18.2) / 64
    assert dehghani.slope[0].men == pytest.approx(-0.05 / mean, rel=0.002)
    assert dehghani.slope[0].men_se == pytest.approx(0.05 / NormalDist().inv_cdf(0.99) / mean, rel=0.005)


def test_slopes_are_off_unless_asked_for() -> None:
    (plain,) = report(controls(12), "CCMetrics manual", slopes=()).norms
    assert plain.form == "normal"
    assert "slope" not in plain.status_note


def test_a_traced_norm_takes_the_slope_of_each_sex_and_says_so(tmp_path: Any) -> None:
    people = controls(12)
    (own,) = report(people, "CCMetrics manual").norms
    assert (own.age_slope, own.age_slope_women) == (-0.045, -0.060)
    assert "age slope of tavakoli2015 (doi 10.2337/dc14-2311), in its own unit" in own.status_note
    assert "0.045·age of men − 0.06·age of women" in describe(own)
    assert read_norms(write_norms([own], tmp_path)) == (own,)
    for sex, slope in (("M", -0.045), ("F", -0.060)):
        young, old = (reference_for(own, age, sex) for age in (30, 60))
        assert young is not None
        assert old is not None
        assert (old.location or 0) - (young.location or 0) == pytest.approx(30 * slope)
    assert reference_for(own, 30, "O") is None
    person = Participant(participant_id="sub-x", age=50, sex="F")
    reading = Reading(
        assay="ccm",
        measure="cnfl",
        site="cornea_central",
        method="CCMetrics manual",
        unit="mm/mm2",
        value=24.0,
        source="a.tsv",
    )
    (got,) = score([reading], person, NormLibrary((own,), frozenset([own.key])), (CCM,))
    assert got.expected_for == "50 y, woman"


def test_an_automatic_norm_takes_its_slope_as_a_share_of_the_own_mean() -> None:
    (own,) = report(controls(12), "oriented-path/1 mean of frames").norms
    mean = own.intercept + own.age_slope * 35
    assert own.age_slope == pytest.approx(-0.00278 * mean, rel=0.03)
    assert own.age_slope_women is None
    assert "as a share of the mean of own controls" in own.status_note


@pytest.mark.parametrize(
    ("method", "measure", "n", "more", "words"),
    [
        ("some program", "cnfl", 12, {}, "is not used: the slopes are of tracing by hand"),
        ("oriented-path/1 mean of frames", "cnfd", 12, {}, "is not used: the slopes are of tracing by hand"),
        ("CCMetrics manual", "cnfl", 30, {}, "enough controls for a slope of age of their own"),
        ("CCMetrics manual", "cnfl", 12, {"sex": "O"}, "age or sex of some controls is missing"),
        ("CCMetrics manual", "cnfl", 12, {"age": None}, "age or sex of some controls is missing"),
    ],
)
def test_where_a_slope_does_not_hold_it_is_not_used_and_that_is_said(
    method: str, measure: str, n: int, more: dict[str, Any], words: str
) -> None:
    (own,) = report(controls(n, **more), method, measure, slopes=slopes_named(("tavakoli2015",))).norms
    assert own.age_slope_women is None
    assert words in own.status_note


def test_branches_have_no_slope() -> None:
    (own,) = report(controls(12), "CCMetrics manual", "cnbd").norms
    assert "slope" not in own.status_note


def test_many_controls_of_one_age_still_need_the_published_slope() -> None:
    (own,) = report(controls(40, age=30.0), "CCMetrics manual").norms
    assert own.age_slope == -0.045


def norm_of(people: list[Person], given: GivenSlopes) -> tuple[Norm, Any]:
    from nociscope.norms.lines import line_of
    from nociscope.norms.samples import Sample

    made = estimate_around(people, given)
    assert made is not None
    return line_of(made, None, Sample(tuple(people), ("n/a",), 0, 0), ()), made


def test_the_error_of_the_slope_is_carried_away_from_the_controls() -> None:
    """Against drawing the slopes from their errors a hundred thousand times."""
    rng = np.random.default_rng(3)
    people = [
        Person((float(v),), float(a), s)
        for v, a, s in zip(rng.normal(25, 3, 12), rng.uniform(25, 45, 12), "FFFFFFFFMMMM", strict=True)
    ]
    given = GivenSlopes(men=-0.05, men_se=0.03, women=-0.09, women_se=0.02)
    norm, _ = norm_of(people, given)
    y = np.array([p.mean for p in people])
    a = np.array([p.age for p in people], dtype=float)
    woman = np.array([p.sex == "F" for p in people])
    men_b, women_b = rng.normal(-0.05, 0.03, 100_000), rng.normal(-0.09, 0.02, 100_000)
    d = a - a.mean()
    moved = y.mean() - men_b * d[~woman].sum() / 12 - women_b * d[woman].sum() / 12
    plain = y - np.where(woman, -0.09, -0.05) * d
    sampling = plain.var(ddof=1) / 12
    for age in (20.0, 35.0, 70.0):
        for sex, b in (("M", men_b), ("F", women_b)):
            drawn = moved + b * (age - a.mean())
            ref = reference_for(norm, age, sex)
            assert ref is not None
            assert ref.location == pytest.approx(drawn.mean(), abs=0.02)
            assert ref.se == pytest.approx(math.sqrt(drawn.var() + sampling), rel=0.01)
    assert norm.sd == pytest.approx(plain.std(ddof=1))


def test_scores_of_old_people_are_right_when_controls_are_young() -> None:
    """Truth: a slope drawn from its error. Around the published slope z is right; without it, z lies low."""
    rng = np.random.default_rng(4)
    z_with, z_without = [], []
    for _ in range(400):
        slope = rng.normal(-0.10, 0.03)
        ages = rng.uniform(25, 40, 12)
        people = [Person((float(25 + slope * a + rng.normal(0, 2)),), float(a), "F") for a in ages]
        value = 25 + slope * 70 + rng.normal(0, 2)
        norm, _ = norm_of(people, GivenSlopes(men=-0.10, men_se=0.03))
        ref = reference_for(norm, 70, "F")
        assert ref is not None
        z_with.append((value - (ref.location or 0)) / (ref.width or 1))
        means = np.array([p.mean for p in people])
        z_without.append((value - means.mean()) / means.std(ddof=1))
    assert abs(np.mean(z_with)) < 0.15
    assert np.std(z_with) == pytest.approx(1, abs=0.15)  # Student's t with 11 degrees of freedom: 1.1
    assert np.mean(z_without) < -1


def test_settings_name_slopes_and_wrong_names_are_refused() -> None:
    assert slopes_in_settings({}, "f") == ()
    assert slopes_in_settings({"age_slopes": "tavakoli2015"}, "f") == ("tavakoli2015",)
    assert slopes_in_settings({"age_slopes": ["dehghani2014"]}, "f") == ("dehghani2014",)
    for section in ({"age_slope": "tavakoli2015"}, {"age_slopes": "tavakoli"}, {"age_slopes": 3}):
        with pytest.raises(InvalidStudy):
            slopes_in_settings(section, "code/nociscope.toml")
    with pytest.raises(UsageError, match="Did you mean tavakoli2015"):
        slopes_named(("tavakoli2016",))
