"""Norms of variability: the shipped numbers are those printed, windows are never mixed, unverified ones sleep."""

import math

import pytest

from nociscope.assays.hrv import ASSAY
from nociscope.norms.library import load_library
from nociscope.norms.scoring import score
from nociscope.study.records import Participant
from nociscope.tables import Reading, Score

LIBRARY = load_library()
FIVE = "task:rest window:5min nn"
SDNN = {
    "F": ((48.7, 19.0), (45.4, 20.5), (36.9, 13.8), (30.6, 12.4), (27.8, 11.8)),
    "M": ((50.0, 20.9), (44.6, 16.8), (36.8, 14.6), (32.8, 14.7), (29.6, 13.2)),
}
LOW_95 = {"F": (24.4, 20.4, 19.1, 14.9, 13.1), "M": (23.8, 22.9, 18.2, 14.8, 13.4)}


def judged(measure: str, value: float, method: str = FIVE, age: float = 40, sex: str = "F", *named: str) -> Score:
    unit = ASSAY.measure_named(measure).unit  # type: ignore[union-attr]
    reading = Reading(assay="hrv", measure=measure, value=value, unit=unit, method=method)
    library = load_library(named=named) if named else LIBRARY
    return score([reading], Participant(participant_id="sub-1", age=age, sex=sex), library, (ASSAY,))[0]


@pytest.mark.parametrize("sex", ["F", "M"])
@pytest.mark.parametrize("decade", range(5))
def test_voss_is_the_printed_table_on_the_log_scale(sex: str, decade: int) -> None:
    mean, sd = SDNN[sex][decade]
    age = 25 + 10 * decade + 4
    got = judged("sdnn", mean, age=age, sex=sex)
    assert got.norm == "voss2015_sdnn_5min"
    assert got.expected == pytest.approx(math.exp(math.log(mean) - 0.5 * math.log(1 + (sd / mean) ** 2)), rel=1e-4)
    fifth = judged("sdnn", LOW_95[sex][decade], age=age, sex=sex)
    assert fifth.percentile == pytest.approx(5.0, abs=0.15)
    assert fifth.call == "normal"
    assert judged("sdnn", 0.6 * LOW_95[sex][decade], age=age, sex=sex).call == "loss"


@pytest.mark.parametrize("method", [FIVE.replace("5min", w) for w in ("under4min", "over6min", "night", "24h")])
def test_a_five_minute_norm_is_for_five_minutes_only(method: str) -> None:
    assert judged("sdnn", 40, method).norm != "voss2015_sdnn_5min"


def test_a_preset_and_another_task_are_not_compared() -> None:
    assert judged("sdnn", 40, "task:rest window:5min nn, smoothness priors 500 detrend").call == "not_comparable"
    assert judged("sdnn", 40, "task:stress window:5min nn").call == "not_comparable"


def test_rmssd_sleeps_until_it_is_named() -> None:
    asleep = judged("rmssd", 11)
    assert asleep.call == "not_comparable"
    assert "only when named" in asleep.reason
    awake = judged("rmssd", 11, FIVE, 40, "F", "voss2015_rmssd_5min")
    assert awake.call == "loss"
    assert "unverified" in awake.reason


@pytest.mark.parametrize(("value", "call"), [(114, "loss"), (115, "normal")])
def test_the_night_flag(value: float, call: str) -> None:
    got = judged("sdnn", value, "task:sleep window:night nn")
    assert (got.norm, got.call, got.z) == ("lerma2011_sdnn_night", call, None)
    assert judged("sdnn", value, "task:sleep window:night nn", sex="M").call == "not_comparable"


def test_the_day_has_norms_of_its_own() -> None:
    got = judged("sdnn", 60, "task:holter window:24h nn")
    assert got.norm == "taskforce1996_sdnn_24h"
    assert got.call == "loss"


@pytest.mark.parametrize("measure", ["lf_hf", "lf", "hf", "lf_nu", "pnn50", "total"])
def test_nothing_spectral_is_judged_by_a_shipped_norm(measure: str) -> None:
    assert judged(measure, 5.0).call == "not_comparable"
    assert not [n for n in LIBRARY.all if n.assay == "hrv" and n.measure == measure]
