"""Height, stimulus energy and device in norms of own controls: right lines, honest limits, refusals that say why."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nociscope.assays.declaration import HEIGHT, Covariate
from nociscope.norms.build import build_report
from nociscope.norms.covariates import Surroundings
from nociscope.norms.files import read_norms, write_norms
from nociscope.norms.library import NormLibrary, describe
from nociscope.norms.local import Person, estimate
from nociscope.norms.model import Norm, NormCovariate
from nociscope.norms.reference import coefficients, reference_for
from nociscope.norms.scoring import score
from nociscope.problems import BadInput
from nociscope.study.records import Participant
from nociscope.tables import Reading, Score
from tests.norms.sample import assay, measure, norm

ENERGY = Covariate(
    name="energy", title="laser energy", unit="J", least_spread=0.05, margin=0.02, relative=True, binds=True
)
EVOKED = assay(
    "evoked",
    measure("latency", "ms", "high", covariates=(HEIGHT, ENERGY)),
    measure("size", "uV", "low"),
    measure("energy", "J", "none", scored=False),
)
EMPTY = NormLibrary(())
Visit = tuple[Participant, list[Reading]]


def visit(i: int, latency: Sequence[float], energy: Sequence[float | None], **more: Any) -> Visit:
    """Return a control with a latency and an energy for each side; `device` and `method` are of the latencies."""
    place = {k: more.pop(k) for k in ("device", "method") if k in more}
    person = Participant(participant_id=f"sub-{i:03d}", group="control", **{"age": 40.0, "sex": "FM"[i % 2], **more})
    readings = []
    for side, value, joules in zip(("left", "right"), latency, energy, strict=False):
        here: dict[str, Any] = {
            "participant_id": person.participant_id,
            "assay": "evoked",
            "site": "hand",
            "side": side,
        }
        readings.append(Reading(measure="latency", value=value, unit="ms", **here, **place))
        if joules is not None:
            readings.append(Reading(measure="energy", value=joules, unit="J", method="mean over pulses", **here))
    return person, readings


def simulated(n: int, rng: np.random.Generator, per_cm: float = 0.6, per_joule: float = -25.0) -> list[Visit]:
    """Latency 220 ms at 170 cm and 2.5 J, SD 6 ms between people and 3 ms between sides."""
    visits = []
    for i in range(n):
        height = float(np.clip(rng.normal(170, 9), 150, 192))
        own = rng.normal(0, 6)
        energy = [float(x) for x in rng.uniform(2.0, 3.0, 2)]
        values = [
            220 + per_cm * (height - 170) + per_joule * (e - 2.5) + own + float(rng.normal(0, 3)) for e in energy
        ]
        visits.append(visit(i, values, energy, height_cm=height, age=float(rng.uniform(20, 70))))
    return visits


def built(visits: Sequence[Visit], **more: Any) -> Any:
    return build_report([r for _, rs in visits for r in rs], [p for p, _ in visits], EMPTY, (EVOKED,), **more)


def scored(visit: Visit, norms: Sequence[Norm]) -> list[Score]:
    library = NormLibrary(tuple(norms), frozenset(n.key for n in norms))
    return list(score(visit[1], visit[0], library, (EVOKED,)))


def test_known_slopes_are_found_within_their_own_errors_and_the_line_is_least_squares() -> None:
    import statsmodels.api as sm

    visits = simulated(120, np.random.default_rng(15))
    (own,) = built(visits).norms
    height, energy = own.covariates
    errors = [math.sqrt(own.covariance[i][i]) for i in (3, 4)]
    assert abs((height.slope or 0) - 0.6) < 3 * errors[0]
    assert abs((energy.slope or 0) + 25) < 3 * errors[1]
    assert own.sd == pytest.approx(math.sqrt(45), rel=0.15)
    assert (own.age_slope, own.woman) == (None, None)
    y = [np.mean([r.value for r in rs if r.measure == "latency"]) for _, rs in visits]
    joules = [np.mean([r.value for r in rs if r.measure == "energy"]) for _, rs in visits]
    x = np.column_stack([[p.height_cm for p, _ in visits], joules])
    fitted = sm.OLS(y, sm.add_constant(x)).fit()
    for person in ((155.0, 2.1), (171.0, 2.5), (188.0, 2.9)):
        want = fitted.get_prediction([[1.0, *person]])
        got = reference_for(own, 40, "F", dict(zip(("height_cm", "energy"), person, strict=True)))
        assert got is not None
        assert got.location == pytest.approx(float(want.predicted_mean[0]), rel=1e-8)
        assert got.se == pytest.approx(float(want.se_mean[0]), rel=1e-5)


def test_new_people_score_alike_at_every_height_and_energy() -> None:
    """Mean 0, SD 1 and 5 % beyond the limits, over all and in each third of height and of energy."""
    rng = np.random.default_rng(2)
    rows = []
    for _ in range(25):
        (own,) = built(simulated(45, rng)).norms
        for new in simulated(60, rng):
            for s, joules in zip(scored(new, [own]), [r for r in new[1] if r.measure == "energy"], strict=True):
                if s.call != "not_comparable":
                    rows.append((s.z, new[0].height_cm, joules.value, s.call != "normal"))
    z, height, energy, beyond = np.array(rows, dtype=float).T
    assert len(z) > 2500
    for x in (height, energy):
        for low, high in ((0, 33), (33, 67), (67, 100)):
            part = (x >= np.percentile(x, low)) & (x <= np.percentile(x, high))
            assert abs(z[part].mean()) < 0.15
            assert z[part].std() == pytest.approx(1, abs=0.1)
            assert 0.025 < beyond[part].mean() < 0.08
    assert 0.035 < beyond.mean() < 0.065


def test_without_the_slope_tall_people_would_be_called_slow() -> None:
    """The check of the check: a norm that ignores height and energy is wrong at the ends."""
    rng = np.random.default_rng(3)
    visits = simulated(200, rng)
    plain = [(replace(p, height_cm=None), [r for r in rs if r.measure != "energy"]) for p, rs in visits]
    (blind,) = built(plain).norms
    assert blind.form == "normal"
    assert "height unknown; laser energy unknown, so any is scored" in blind.status_note
    tall = [s.z for v in simulated(300, rng) if (v[0].height_cm or 0) > 182 for s in scored(v, [blind])]
    assert np.mean([z for z in tall if z is not None]) < -0.5


def test_an_outsider_is_not_comparable_and_the_reason_names_value_and_range() -> None:
    visits = simulated(60, np.random.default_rng(4))
    (own,) = built(visits).norms
    height, energy = own.covariates

    def call(cm: float | None, joules: float | None, unit: str = "J") -> Score:
        person, readings = visit(999, [220.0], [joules], height_cm=cm)
        readings = [replace(r, unit=unit) if r.measure == "energy" else r for r in readings]
        return scored((person, readings), [own])[0]

    assert call(170, 2.5).call == "normal"
    assert call(170, 2.5).expected_for == "170 cm, 2.5 J"
    assert call(170, 2500, "mJ").expected_for == "170 cm, 2.5 J"
    beyond = call(round(height.high) + 4, 2.5)
    assert beyond.call != "not_comparable"
    assert f"height {round(height.high) + 4} cm lies beyond the" in beyond.reason
    for got, words in (
        (call(203, 2.5), f"height 203 cm is outside the {height.low:.4g}-{height.high:.4g} cm of the norm {own.key}"),
        (call(1.7, 2.5), "height 1.7 cm is outside"),
        (call(170, 3.5), f"laser energy 3.5 J is outside the {energy.low:.4g}-{energy.high:.4g} J of the norm"),
        (call(170, 2500), "laser energy 2500 J is outside"),
        (call(170, 2.5, "%"), "laser energy is given in %, not in J"),
        (call(None, 2.5), "height is missing and the norm"),
        (call(170, None), "laser energy is missing at hand left and the norm"),
    ):
        assert got.call == "not_comparable"
        assert got.z is None
        assert words in got.reason


def test_a_norm_of_one_energy_holds_for_that_energy_only() -> None:
    """No slope can be had from one energy, and still another energy is another test."""
    rng = np.random.default_rng(5)
    (own,) = built([visit(i, [220 + float(rng.normal(0, 6))], [2.5], height_cm=170) for i in range(12)]).norms
    assert own.form == "normal"
    assert own.covariates == (
        NormCovariate(name="energy", title="laser energy", unit="J", low=2.5, high=2.5, margin=0.05),
    )
    calls = {e: scored(visit(99, [220.0], [e]), [own])[0] for e in (2.44, 2.46, 2.5, 2.54, 2.56, None)}
    assert {e: s.call for e, s in calls.items() if s.call != "normal"} == dict.fromkeys(
        (2.44, 2.56, None), "not_comparable"
    )
    assert "laser energy 2.56 J is outside the 2.5 J of the norm" in calls[2.56].reason
    assert "holds for 2.5 J only" in calls[None].reason
    assert calls[2.46].expected_for == ""


def test_two_energies_at_one_place_are_not_guessed_between() -> None:
    (own,) = built([visit(i, [220.0 + i], [2.5]) for i in range(12)]).norms
    person, readings = visit(99, [220.0], [2.5])
    twice = [*readings, replace(readings[1], value=3.5)]
    assert "laser energy has several values at hand left" in scored((person, twice), [own])[0].reason
    same = [*readings, replace(readings[1], method="again")]
    assert scored((person, same), [own])[0].call == "normal"
    other_device = [replace(readings[0], device="A"), replace(readings[1], device="A"), replace(twice[2], device="B")]
    assert scored((person, other_device), [own])[0].call == "normal"


def test_a_failed_or_censored_reading_is_no_covariate() -> None:
    person, readings = visit(1, [220.0], [2.5])
    for bad in ({"quality": "failed"}, {"censored": "above"}, {"value": None}):
        around = Surroundings.of([readings[0], replace(readings[1], **bad)])
        assert around.covariate("energy", "J", readings[0], person).value is None
    other = replace(readings[0], session_id="ses-2")
    assert Surroundings.of(readings).covariate("energy", "J", other, person).value is None


def test_controls_with_a_missing_height_forbid_the_slope_and_it_is_said() -> None:
    visits = simulated(60, np.random.default_rng(6))
    visits[7] = (replace(visits[7][0], height_cm=None), visits[7][1])
    (own,) = built(visits).norms
    assert [c.name for c in own.slopes] == ["energy"]
    assert "height unknown for 1 of them, so no slope was asked for" in own.status_note


def test_few_controls_or_little_spread_ask_for_no_slope() -> None:
    few = simulated(19, np.random.default_rng(7), per_cm=3)
    assert built(few).norms[0].slopes == ()
    alike = [
        (replace(p, height_cm=170 + 0.4 * ((p.height_cm or 0) - 170)), rs)
        for p, rs in simulated(60, np.random.default_rng(8))
    ]
    assert "height_cm" not in {c.name for c in built(alike).norms[0].slopes}


def test_controls_of_two_lasers_make_two_norms_and_a_third_laser_none() -> None:
    rng = np.random.default_rng(9)
    visits = [
        visit(i, [(220 if i < 12 else 250) + float(rng.normal(0, 5))], [2.5], device="Nd:YAP" if i < 12 else "CO2")
        for i in range(24)
    ]
    visits += [visit(i, [220.0], [2.5]) for i in (30, 31)]
    report = built(visits)
    assert [n.devices for n in report.norms] == [("CO2",), ("Nd:YAP",)]
    assert [round(n.mean or 0, -1) for n in report.norms] == [250, 220]
    assert all("2 readings without a device left out" in n.status_note for n in report.norms)
    assert "Nd:YAP" in report.text()
    same = scored(visit(99, [222.0], [2.5], device="nd:yap"), report.norms)[0]
    assert (same.call, same.norm) == ("normal", report.norms[1].key)
    third = scored(visit(99, [222.0], [2.5], device="thulium"), report.norms)[0]
    assert third.call == "not_comparable"
    assert "measured with thulium, and the norm own_evoked_latency_hand_CO2 with CO2" in third.reason
    unknown = scored(visit(99, [222.0], [2.5]), report.norms)[0]
    assert unknown.call == "not_comparable"
    assert (
        "the device is missing, and there is a norm for each of several: own_evoked_latency_hand_CO2"
        in unknown.reason
    )


def test_too_few_controls_of_a_device_are_refused_not_lent_from_the_other() -> None:
    visits = [visit(i, [220.0 + i], [2.5], device="A" if i < 10 else "B") for i in range(13)]
    report = built(visits)
    assert [n.devices for n in report.norms] == [("A",)]
    assert [(e.device, e.outcome[:10]) for e in report.entries if not e.key] == [("B", "3 controls")]


def test_one_device_beside_readings_that_name_none_is_one_norm_for_that_device() -> None:
    (own,) = built([visit(i, [220.0 + i], [2.5], **({"device": "A"} if i < 8 else {})) for i in range(12)]).norms
    assert own.devices == ("A",)
    assert own.n == 12
    assert "taken as those of A" in own.status_note


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), centre=st.floats(100, 220), spread=st.floats(5.1, 20))
def test_an_irrelevant_covariate_that_is_not_chosen_changes_nothing(seed: int, centre: float, spread: float) -> None:
    rng = np.random.default_rng(seed)
    heights = rng.normal(centre, spread, 40)
    people = [
        Person((float(v),), float(a), "FM"[i % 2], {"height_cm": (float(h),)})
        for i, (v, a, h) in enumerate(zip(rng.normal(10, 2, 40), rng.uniform(20, 70, 40), heights, strict=True))
    ]
    without, beside = estimate(people), estimate(people, covariates=(HEIGHT,))
    assert without is not None
    assert beside is not None
    if "height_cm" not in beside.terms:
        assert beside.coefficients == without.coefficients
        assert beside.sd == without.sd
        assert np.array_equal(beside.covariance, without.covariance)


def test_an_irrelevant_covariate_is_rarely_chosen() -> None:
    rng = np.random.default_rng(10)
    chosen = 0
    for _ in range(200):
        people = [
            Person((float(rng.normal(10, 2)),), 40.0, "", {"height_cm": (float(rng.normal(170, 9)),)})
            for _ in range(40)
        ]
        made = estimate(people, covariates=(HEIGHT,))
        chosen += made is not None and bool(made.terms)
    assert chosen <= 20  # P(chi-square with 1 degree of freedom > about 4) is 4 %, or 8 of 200


@settings(max_examples=25, deadline=None)
@given(shift=st.floats(-100, 100), scale=st.floats(0.2, 5), seed=st.integers(0, 1000))
def test_scores_do_not_depend_on_the_zero_or_unit_of_a_covariate(shift: float, scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    heights, values = rng.normal(170, 9, 40), rng.normal(0, 2, 40)
    values += 0.5 * (heights - 170)

    def at(move: float, stretch: float) -> Any:
        people = [
            Person((float(v),), 40.0, "", {"x": (float(stretch * (h + move)),)})
            for v, h in zip(values, heights, strict=True)
        ]
        return estimate(people, covariates=(replace(HEIGHT, name="x", least_spread=0.1),))

    plain, moved = at(0, 1), at(shift, scale)
    assert plain.terms == moved.terms == ("x",)
    assert moved.sd == pytest.approx(plain.sd)
    assert moved.coefficients[1] * scale == pytest.approx(plain.coefficients[1])
    assert moved.covariance[1, 1] * scale**2 == pytest.approx(plain.covariance[1, 1])


def test_sex_and_height_that_cannot_be_told_apart_do_not_both_enter() -> None:
    rng = np.random.default_rng(11)
    people = [
        Person(
            (float(rng.normal(10 if i % 2 else 14, 1)),), 40.0, "FM"[i % 2], {"height_cm": (160.0 + 20 * (i % 2),)}
        )
        for i in range(60)
    ]
    made = estimate(people, covariates=(HEIGHT,))
    assert made is not None
    assert len(made.terms) == 1


def test_sides_measured_with_different_energies_do_not_widen_the_spread() -> None:
    rng = np.random.default_rng(12)
    visits = []
    for i in range(200):
        own, energy = rng.normal(0, 2), [2.0, 3.0] if i % 3 else [3.2, 2.6]
        visits.append(visit(i, [220 - 20 * e + own + float(rng.normal(0, 1)) for e in energy], energy))
    (built_norm,) = built(visits).norms
    assert built_norm.sd == pytest.approx(math.sqrt(5), rel=0.12)


def test_a_published_line_with_a_covariate_is_kept_and_moved() -> None:
    published = norm(
        key="pub",
        status="read",
        doi="10.1000/x",
        n=100,
        assay="evoked",
        measure="latency",
        unit="ms",
        form="regression",
        mean=None,
        sd=6.0,
        intercept=220.0,
        covariates=(NormCovariate(name="height_cm", unit="cm", low=140, high=200, centre=170, slope=0.6),),
    )
    rng = np.random.default_rng(13)
    visits = [
        visit(i, [223 + 0.6 * (160 + 2 * i - 170) + float(rng.normal(0, 6))], [2.5], height_cm=160.0 + 2 * i)
        for i in range(12)
    ]
    report = build_report(
        [r for _, rs in visits for r in rs], [p for p, _ in visits], NormLibrary((published,)), (EVOKED,)
    )
    (own,) = report.norms
    assert "shrunk toward pub" in own.status_note
    height, energy = own.covariates
    assert (height.slope, height.low, height.high) == (0.6, 160, 182)
    assert (energy.slope, energy.low) == (None, 2.5)
    got = reference_for(own, 40, "F", {"height_cm": 180.0})
    assert got is not None
    assert 225 < (got.location or 0) < 231


# --- files ---


def test_norms_with_covariates_are_written_and_read_back(tmp_path: Path) -> None:
    report = built(simulated(60, np.random.default_rng(14)))
    path = write_norms(report.norms, tmp_path)
    assert read_norms(path) == report.norms
    assert path.read_text(encoding="utf-8").splitlines()[1] == "format = 2"
    (own,) = report.norms
    assert "·(height − " in describe(own)
    assert "·(laser energy − " in describe(own)
    assert len(coefficients(own)) == 5


OLD = """
key = "old"
title = "t"
citation = "c"
status = "local"
assay = "any"
measure = "up"
unit = "u"
form = "regression"
intercept = 10.0
age_slope = -0.1
woman = 2.0
sd = 1.0
sd_df = 20
covariance = [[1.0, 0.1, 0.2], [0.1, 2.0, 0.3], [0.2, 0.3, 3.0]]
"""


def test_a_file_of_the_first_form_means_what_it_meant(tmp_path: Path) -> None:
    path = tmp_path / "old.toml"
    path.write_text(OLD, encoding="utf-8")
    (old,) = read_norms(path)
    got = reference_for(old, 50, "F")
    assert got is not None
    assert got.location == pytest.approx(10 - 5 + 2)
    assert got.se == pytest.approx(math.sqrt(1 + 2 * 2500 + 3 + 2 * (0.1 * 50 + 0.2 + 0.3 * 50)))


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("format = 3\n", "is not a form of norm files that this program reads (it reads up to 2)"),
        ("format = true\n", "is not a form"),
        (
            'covariates = [{ name = "height_cm", unit = "m", low = 1.5, high = 1.9, slope = 3 }]\n',
            "write cm, and numbers",
        ),
        ('covariates = [{ name = "e", unit = "J", low = 3, high = 2 }]\n', "is above high 2"),
        ('covariates = [{ name = "e", unit = "J", low = 1, high = 2, margin = -1 }]\n', "must not be negative"),
        ('covariates = [{ name = "e", unit = "J", low = 1, high = 2, slope = nan }]\n', "is not a finite number"),
        ('covariates = [{ name = "e", unit = "J", low = 1 }]\n', "is missing and is needed"),
        ('covariates = [{ name = "e", unit = "J", low = 1, high = 2, slop = 3 }]\n', "use slope"),
        ('covariates = [{ name = "e", unit = "J", low = 1, high = 2, slope = 3 }]\n', "is not 4 by 4"),
        ("age_slope_women = 0.1\n", "is not 4 by 4"),
    ],
)
def test_a_wrong_covariate_is_refused_by_name(tmp_path: Path, extra: str, words: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(extra + OLD, encoding="utf-8")
    with pytest.raises(BadInput) as error:
        read_norms(path)
    assert any(words in str(p) for p in error.value.problems)
