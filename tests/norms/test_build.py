"""Norms from own controls: right numbers, honest limits, and refusals that say why."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nociscope.norms.build import build_norms, build_report
from nociscope.norms.files import write_norms
from nociscope.norms.library import NormLibrary, load_library
from nociscope.norms.local import Person, contradicts, estimate
from nociscope.norms.model import NormCell
from nociscope.norms.quality import allowed
from nociscope.norms.reference import reference_for
from nociscope.norms.scoring import score
from nociscope.study.records import Participant
from nociscope.tables import Reading
from tests.norms.sample import ASSAYS, any_reading, norm, one

EMPTY = NormLibrary(())


def people(n: int, seed: int = 0, **more: Any) -> list[Participant]:
    rng = np.random.default_rng(seed)
    return [
        Participant(
            participant_id=f"sub-{i:03d}",
            age=float(rng.integers(20, 70)),
            sex="FM"[i % 2],
            **{"group": "Control", **more},
        )
        for i in range(n)
    ]


def of(person: Participant, value: float | None, measure: str = "up", **more: Any) -> Reading:
    plain = {"participant_id": person.participant_id, "method": "m", "site": "foot_dorsum"}
    return any_reading(value, measure, **{**plain, **more})


def made(values: Sequence[float | None], **more: Any) -> Any:
    who = people(len(values))
    return build_report([of(p, v, **more) for p, v in zip(who, values, strict=True)], who, EMPTY, ASSAYS)


def test_without_a_published_norm_it_is_mean_sd_and_student() -> None:
    values = [8.0, 9, 10, 11, 12, 10, 9, 11, 10, 10]
    report = made(values)
    (own,) = report.norms
    assert own.mean == pytest.approx(np.mean(values))
    assert own.sd == pytest.approx(np.std(values, ddof=1))
    assert own.sd_df == 9
    assert own.mean_se == pytest.approx(np.std(values, ddof=1) / math.sqrt(10))
    assert own.key == "own_any_up_foot_dorsum_m"
    assert (own.status, own.sites, own.methods, own.n) == ("local", ("foot_dorsum",), ("m",), 10)
    ref = reference_for(own, 40, "F")
    assert ref is not None
    # t(9) at the tail of 1.96, two-sided 4.9996 %: 2.262385, scipy.stats.t(9).ppf(scipy.stats.norm.cdf(1.96)), 1.11
    half = 2.2623 * np.std(values, ddof=1) * math.sqrt(1.1)
    assert ref.limit_high == pytest.approx(np.mean(values) + half, abs=1e-3)
    assert "built" in report.text()


def test_sides_are_repeats_and_the_difference_between_them_widens_the_limits() -> None:
    rng = np.random.default_rng(3)
    who = people(400, 3)
    readings = []
    for p in who:
        own = rng.normal(10, 2)
        readings += [of(p, own + rng.normal(0, 1), side=s) for s in ("left", "right")]
    (built,) = build_norms(readings, who, EMPTY, ASSAYS)
    assert built.n == 400
    assert built.sd == pytest.approx(math.sqrt(5), rel=0.06)
    assert built.mean_se == pytest.approx(math.sqrt(4.5 / 400), rel=0.08)
    assert built.sd_df is not None
    assert 399 < built.sd_df < 799


def test_only_the_first_session_of_controls_counts() -> None:
    who = people(8)
    patient = Participant(participant_id="sub-p", age=40, sex="F", group="FM")
    readings = [of(p, float(i), session_id="ses-1") for i, p in enumerate(who)]
    readings += [of(p, 1000.0, session_id="ses-2") for p in who] + [of(patient, 1000.0)]
    (built,) = build_norms(readings, {p.participant_id: p for p in [*who, patient]}, EMPTY, ASSAYS)
    assert built.mean == pytest.approx(3.5)
    assert "few controls" in built.status_note


@pytest.mark.parametrize(
    ("values", "more", "words"),
    [
        ([1.0, 2, 3, 4], {}, "4 controls with a usable value, and 5 are needed"),
        ([5.0] * 12, {}, "do not vary"),
        ([None] * 12, {}, "0 controls"),
        ([1.0, 2, 3, 4, 5, 6], {"quality": "failed"}, "0 controls"),
        ([1.0, 2, 3, 4, 5, 6], {"censored": "above"}, "censored"),
    ],
)
def test_what_is_not_built_says_why(values: list[float | None], more: dict[str, Any], words: str) -> None:
    report = made(values, **more)
    assert report.norms == ()
    assert words in report.entries[0].outcome
    assert words in report.text()


def test_a_few_censored_controls_are_left_out_and_said_and_many_forbid_a_norm() -> None:
    who = people(20)
    readings = [of(p, float(i), censored="above" if i == 19 else "none") for i, p in enumerate(who)]
    (built,) = build_norms(readings, who, EMPTY, ASSAYS)
    assert built.n == 19
    assert "1 left out" in built.status_note
    many = [replace(r, censored="above" if i > 16 else "none") for i, r in enumerate(readings)]
    assert build_norms(many, who, EMPTY, ASSAYS) == ()


def test_zeros_have_no_logarithm() -> None:
    who = people(12)
    readings = [
        Reading(participant_id=p.participant_id, assay="qst", measure="cdt", unit="delta_degC", value=float(i % 4))
        for i, p in enumerate(who)
    ]
    report = build_report(readings, who, EMPTY, ASSAYS)
    assert "which has no logarithm" in report.entries[0].outcome


def test_no_controls_is_said() -> None:
    report = build_report([], people(3, group="FM"), EMPTY, ASSAYS)
    assert report.warnings == ("no participant has the group control (groups: FM)",)


def test_a_log_measure_gets_a_log_norm_and_units_and_methods_stay_apart() -> None:
    who = people(12)
    rng = np.random.default_rng(1)
    readings = []
    for p in who:
        for method in ("limits", "yes_no[1]"):
            readings.append(
                Reading(
                    participant_id=p.participant_id,
                    assay="qst",
                    measure="cdt",
                    unit="delta_degC",
                    site="foot_dorsum",
                    method=method,
                    value=float(10 ** rng.normal(0.3, 0.1)),
                )
            )
    built = build_norms(readings, who, EMPTY, ASSAYS)
    assert [n.scale for n in built] == ["log10", "log10"]
    assert len({n.key for n in built}) == 2
    library = NormLibrary(built, frozenset(n.key for n in built))
    assert one(readings[1], library, who[0]).norm == "own_qst_cdt_foot_dorsum_yes_no_1"


def test_readings_without_site_method_or_sex_work_too() -> None:
    who = [replace(p, sex="", age=None) for p in people(12)]
    rng = np.random.default_rng(2)
    readings = [any_reading(float(rng.normal()), participant_id=p.participant_id) for p in who]
    (built,) = build_norms(readings, who, EMPTY, ASSAYS)
    assert "ages unknown" in built.status_note
    assert one(any_reading(0.0), NormLibrary((built,))).call == "normal"
    assert one(any_reading(0.0, site="face"), NormLibrary((built,))).call == "not_comparable"


def test_age_and_sex_enter_only_when_the_data_ask_for_them() -> None:
    def build(n: int, slope: float, woman: float, seed: int) -> Any:
        rng = np.random.default_rng(seed)
        who = people(n, seed)
        readings = [of(p, 50 + slope * (p.age or 0) + woman * (p.sex == "F") + rng.normal(0, 2)) for p in who]
        return build_norms(readings, who, EMPTY, ASSAYS)[0]

    both = build(80, -0.3, 5, 1)
    assert both.age_slope == pytest.approx(-0.3, abs=0.06)
    assert both.woman == pytest.approx(5, abs=1.5)
    assert both.sd == pytest.approx(2, rel=0.2)
    assert build(12, -0.3, 5, 1).form == "normal"
    assert sum(build(40, 0, 0, s).form == "regression" for s in range(60)) <= 12


def test_the_error_of_a_line_grows_away_from_the_controls() -> None:
    rng = np.random.default_rng(4)
    who = people(40, 4)
    readings = [of(p, 50 - 0.5 * (p.age or 0) + rng.normal(0, 2)) for p in who]
    (built,) = build_norms(readings, who, EMPTY, ASSAYS)
    x = np.array([p.age for p in who])
    y = np.array([r.value for r in readings], dtype=float)
    import statsmodels.api as sm

    fitted = sm.OLS(y, sm.add_constant(x)).fit()
    for age in (20.0, 45.0, 75.0):
        want = fitted.get_prediction([[1.0, age]])
        ref = reference_for(built, age, "F")
        assert ref is not None
        assert ref.location == pytest.approx(float(want.predicted_mean[0]))
        assert ref.se == pytest.approx(float(want.se_mean[0]), rel=1e-6)
        low, high = want.conf_int(obs=True, alpha=2 * 0.024997895148220435)[0]
        assert (ref.limit_low, ref.limit_high) == pytest.approx((low, high), rel=1e-6)


def test_the_posterior_is_the_one_that_numerical_integration_gives() -> None:
    """Grid over mean and log sd, prior N(0, s²/5) x scaled-inverse-chi²(5, 1), against the closed form."""
    values = np.random.default_rng(5).normal(0.5, 1.2, 10)
    fit = estimate([Person((float(v),), None, "") for v in values], prior_weight=5)
    assert fit is not None
    mu, log_s = np.meshgrid(np.linspace(-3, 4, 700), np.linspace(-2, 2.5, 600), indexing="ij")
    s2 = np.exp(2 * log_s)
    log_p = -(5 / 2 + 1) * np.log(s2) - 5 / (2 * s2) - 0.5 * np.log(s2) - 5 * mu**2 / (2 * s2) + np.log(2 * s2)
    for v in values:
        log_p += -0.5 * np.log(s2) - (v - mu) ** 2 / (2 * s2)
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    assert fit.coefficients[0] == pytest.approx(float((p * mu).sum()), abs=1e-3)
    assert fit.df == 15
    assert fit.df * fit.sd**2 / (fit.df - 2) == pytest.approx(float((p * s2).sum()), rel=2e-3)
    spread = float((p * mu**2).sum() - (p * mu).sum() ** 2)
    assert fit.mean_se**2 * fit.df / (fit.df - 2) == pytest.approx(spread, rel=5e-3)


PUBLISHED = norm(key="pub", status="read", doi="10.1000/x", n=100, sites=("foot_dorsum",), methods=("m*",))


def controls_of(mean: float, sd: float, n: int, seed: int = 0) -> tuple[list[Participant], list[Reading]]:
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=n)
    raw = (raw - raw.mean()) / raw.std(ddof=1)
    who = people(n, seed)
    return who, [of(p, float(mean + sd * x)) for p, x in zip(who, raw, strict=True)]


def test_location_and_spread_move_toward_the_published_norm_by_sample_size() -> None:
    for n in (10, 40):
        who, readings = controls_of(11.0, 1.5, n)
        (built,) = build_norms(readings, who, NormLibrary((PUBLISHED,)), ASSAYS)
        assert built.mean == pytest.approx((5 * 10 + n * 11) / (5 + n))
        pulled = 5 * n / (5 + n) * 1.0**2
        assert built.sd == pytest.approx(math.sqrt((5 * 4 + (n - 1) * 2.25 + pulled) / (5 + n)))
        assert built.sd_df == 5 + n
        assert "shrunk toward pub" in built.status_note


def test_a_published_line_keeps_its_slope_and_a_table_its_lines() -> None:
    line = replace(PUBLISHED, form="regression", mean=None, intercept=30.0, age_slope=-0.4)
    rng = np.random.default_rng(7)
    who = people(12, 7)
    readings = [of(p, 31 - 0.4 * (p.age or 0) + rng.normal(0, 2)) for p in who]
    (built,) = build_norms(readings, who, NormLibrary((line,)), ASSAYS)
    assert built.age_slope == pytest.approx(-0.4)
    assert 29.5 < (built.intercept or 0) < 32
    cells = (NormCell(age_low=18, age_high=44, mean=20, sd=2), NormCell(age_low=45, age_high=120, mean=10, sd=4))
    table = replace(PUBLISHED, form="table", mean=None, sd=None, cells=cells)
    readings = [of(p, (20 + rng.normal(1, 2)) if (p.age or 0) < 45 else (10 + rng.normal(2, 4))) for p in who]
    (built,) = build_norms(readings, who, NormLibrary((table,)), ASSAYS)
    young, old = built.cells
    assert (young.mean or 0) - 20 == pytest.approx(((old.mean or 0) - 10) / 2)
    assert (old.sd or 0) == pytest.approx(2 * (young.sd or 0))


@pytest.mark.parametrize(("mean", "sd", "words"), [(20.0, 2.0, "5.0 SD above it"), (10.0, 0.1, "times as wide")])
def test_a_published_norm_that_own_controls_contradict_is_not_used(mean: float, sd: float, words: str) -> None:
    who, readings = controls_of(mean, sd, 20)
    (built,) = build_norms(readings, who, NormLibrary((PUBLISHED,)), ASSAYS)
    assert built.mean == pytest.approx(mean)
    assert words in built.status_note


def test_a_contradiction_is_rare_when_there_is_none() -> None:
    """Norm and controls of one population, both drawn from the prior: about 2 % (1 % each for mean and spread)."""
    rng = np.random.default_rng(8)
    hits = 0
    for _ in range(1000):
        sd = math.sqrt(5 / rng.chisquare(5))
        mean = rng.normal(0, sd / math.sqrt(5))
        hits += bool(contradicts([Person((float(x),), None, "") for x in rng.normal(mean, sd, 10)], 5))
    assert 5 < hits < 40


@pytest.mark.parametrize("n", [5, 10, 20])
def test_healthy_people_are_called_abnormal_in_5_percent_whatever_the_number_of_controls(n: int) -> None:
    """With mean ± 1.96 sd the rate would be about 12 % for 5 controls and 8 % for 10."""
    rng = np.random.default_rng(n)
    beyond = plain = total = 0
    who = people(n, n)
    for _ in range(300):
        values = rng.normal(10, 2, n)
        (built,) = build_norms([of(p, float(v)) for p, v in zip(who, values, strict=True)], who, EMPTY, ASSAYS)
        new = [any_reading(float(v), site="foot_dorsum", method="m") for v in rng.normal(10, 2, 20)]
        scores = score(new, replace(who[0], age=40.0), NormLibrary((built,)), ASSAYS)
        beyond += sum(s.call != "normal" for s in scores)
        plain += sum(abs((s.value or 0) - values.mean()) > 1.96 * values.std(ddof=1) for s in scores)
        total += len(scores)
    assert 0.035 < beyond / total < 0.065
    assert plain > beyond


def test_built_norms_are_written_read_and_used_first(tmp_path: Path) -> None:
    who, readings = controls_of(11.0, 1.5, 12)
    report = build_report(readings, who, load_library(), ASSAYS)
    write_norms(report.norms, tmp_path)
    library = load_library(tmp_path)
    got = one(replace(readings[0], value=30.0), library, replace(who[0], age=45.0))
    assert got.norm == report.norms[0].key
    assert got.call == "gain"
    assert library.used([got])[0].status == "local"
    again = build_report(reversed(readings), reversed(who), load_library(), ASSAYS)
    assert again.norms == report.norms


def test_six_abnormal_of_sixteen_healthy_is_a_probable_measuring_error() -> None:
    assert allowed(16) == 6
    assert 7 <= allowed(40) <= 12
    who = people(16)
    for k, expected in [(5, 0), (6, 1)]:
        readings = [of(p, 30.0 if i < k else 10.0 + 0.1 * i) for i, p in enumerate(who)]
        report = build_report(readings, who, NormLibrary((PUBLISHED,)), ASSAYS)
        assert len(report.warnings) == expected
    assert "6 of 16 controls are abnormal in any up at foot_dorsum" in report.warnings[0]
    assert build_report(readings[:15], who, NormLibrary((PUBLISHED,)), ASSAYS).warnings == ()
