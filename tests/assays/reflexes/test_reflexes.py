"""Reflex tests: values of the table, recordings with events, Ewing's limits inclusive as printed, refusals."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nociscope.assays.reflexes import ASSAY, Manoeuvre, ReflexRecording, ReflexSettings, measure, read
from nociscope.assays.reflexes.draw import ZONES
from nociscope.assays.reflexes.read import Event
from nociscope.beats.series import BeatSeries
from nociscope.norms.library import load_library
from nociscope.norms.scoring import score
from nociscope.problems import BadInput
from nociscope.study.records import Participant, RawTable, Visit
from nociscope.tables import Reading, Score
from nociscope.testing import check_assay
from nociscope.tsv import RawRow
from tests.assays.hrv.studies import beats, onsets, study, visit

COLUMNS = ("participant_id", "test", "value", "unit", "site", "device")
LIBRARY = load_library()


def table_visit(*rows: Sequence[str]) -> Visit:
    raw = tuple(
        RawRow("phenotype/reflexes.tsv", n, dict(zip(COLUMNS, ("sub-01", *r, *["n/a"] * (5 - len(r))), strict=True)))
        for n, r in enumerate(rows, 2)
    )
    table = RawTable(name="reflexes", columns=COLUMNS, rows=raw)
    return Visit(root=Path("/nowhere"), participant=Participant(participant_id="sub-01"), tables={"reflexes": table})


def judged(test: str, value: float, unit: str, age: float | None = 45.0, **more: str) -> Score:
    reading = Reading(assay="reflexes", measure=test, value=value, unit=unit, method="table", **more)  # type: ignore[arg-type]
    (found,) = score([reading], Participant(participant_id="sub-01", age=age, sex="F"), LIBRARY, (ASSAY,))
    return found


def from_rates(rates: np.ndarray, step: float = 0.01) -> np.ndarray:
    """Beats of a heart whose rate (per minute) is given on an even grid."""
    grid = np.arange(rates.size) * step
    times = [0.3]
    while times[-1] < grid[-1] - 1.5:
        middle = times[-1] + 30.0 / np.interp(times[-1], grid, rates)
        times.append(times[-1] + 60.0 / np.interp(middle, grid, rates))
    return np.asarray(times)


def manoeuvre(kind: str, times: np.ndarray, *events: Event) -> Manoeuvre:
    series = BeatSeries(
        times_s=times, odd_shape=np.zeros(times.size, dtype=bool), duration_s=float(times[-1]), task=kind, source="x"
    )
    return Manoeuvre(kind=kind, series=series, events=events)


def found(m: Manoeuvre, settings: ReflexSettings | None = None) -> dict[str, Reading]:
    return {r.measure: r for r in measure(ReflexRecording(manoeuvres=(m,)), settings)}


# --- the table ----------------------------------------------------------------------------------------------------


def test_values_of_the_table_are_passed_on() -> None:
    recording = read(table_visit(("valsalva_ratio", "1.35", "ratio"), ("systolic_fall", "12", "mmHg")))
    assert recording.problems == ()
    first, second = measure(recording)
    assert (first.measure, first.value, first.unit, first.site, first.method) == (
        "valsalva_ratio",
        1.35,
        "ratio",
        "n/a",
        "table",
    )
    assert (second.value, second.unit) == (12.0, "mmHg")


@pytest.mark.parametrize(
    ("row", "value"),
    [
        (("deep_breathing_difference", "18", "bpm"), 18.0),
        (("Deep breathing difference", "18", "1/min"), 18.0),
        (("systolic_fall", "2", "kPa"), 15.0012),
        (("ratio_30_15", "1,04", "1"), 1.04),
        (("ssr_latency", "1500", "ms", "hand"), 1.5),
    ],
)
def test_units_are_understood(row: Sequence[str], value: float) -> None:
    (reading,) = measure(read(table_visit(row)))
    assert reading.value == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("moonwalk", "1", "ratio"), "not one of"),
        (("valsalva_ratio", "1.2", ""), "empty"),
        (("valsalva_ratio", "1.2", "mmHg"), "no unit of valsalva_ratio"),
        (("valsalva_ratio", "120", "ratio"), "cannot be right"),
        (("systolic_fall", "abc", "mmHg"), "expected a number"),
        (("qsart_volume", "1.2", "uL"), "needs its site"),
    ],
)
def test_a_row_that_cannot_be_right_costs_itself_alone(row: Sequence[str], words: str) -> None:
    recording = read(table_visit(row, ("ei_ratio", "1.2", "ratio")))
    (problem,) = recording.problems
    assert words in problem.sentence()
    assert problem.row == 2
    assert [v.test for v in recording.values] == ["ei_ratio"]


def test_a_missing_value_is_missing() -> None:
    (reading,) = measure(read(table_visit(("valsalva_ratio", "n/a", "ratio"))))
    assert (reading.value, reading.quality) == (None, "failed")


def test_contradicting_rows_are_not_chosen_between() -> None:
    with pytest.raises(BadInput, match="different values"):
        read(table_visit(("ei_ratio", "1.2", "ratio"), ("ei_ratio", "1.3", "ratio")))


# --- limits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "unit", "at", "beyond"),
    [
        ("valsalva_ratio", "ratio", 1.10, 1.11),
        ("deep_breathing_difference", "/min", 10, 11),
        ("ratio_30_15", "ratio", 1.00, 1.01),
        ("systolic_fall", "mmHg", 30, 29),
        ("handgrip_diastolic_rise", "mmHg", 10, 11),
    ],
)
def test_ewings_limits_are_inclusive_as_printed(test: str, unit: str, at: float, beyond: float) -> None:
    abnormal = judged(test, at, unit)
    assert abnormal.norm == f"ewing_{test}"
    assert abnormal.call == "loss"
    assert judged(test, beyond, unit).call == "normal"
    assert ZONES[test].abnormal == at


@pytest.mark.parametrize(
    ("age", "limit"),
    [
        *((20, 1.17), (24.9, 1.17), (27, 1.15), (33, 1.13), (39, 1.12), (44, 1.10), (45, 1.08), (52, 1.07)),
        *((57, 1.06), (61, 1.04), (69, 1.03), (75.5, 1.02)),
    ],
)
def test_the_ei_limit_goes_by_age(age: float, limit: float) -> None:
    got = judged("ei_ratio", limit - 0.01, "ratio", age)
    assert (got.call, got.limit_low) == ("loss", limit)
    assert judged("ei_ratio", limit, "ratio", age).call == "normal"


@pytest.mark.parametrize("age", [None, 19, 80])
def test_no_ei_limit_outside_its_ages(age: float | None) -> None:
    got = judged("ei_ratio", 1.0, "ratio", age)
    assert got.call == "not_comparable"
    assert "age" in got.reason


@pytest.mark.parametrize(
    ("test", "value", "unit", "age", "call"),
    [
        ("diastolic_fall", 10, "mmHg", 45, "loss"),
        ("diastolic_fall", 9, "mmHg", 45, "normal"),
        ("standing_heart_rate_rise", 30, "/min", 45, "abnormal"),
        ("standing_heart_rate_rise", 29, "/min", 45, "normal"),
        ("standing_heart_rate_rise", 35, "/min", 17, "normal"),
        ("standing_heart_rate_rise", 40, "/min", 17, "abnormal"),
        ("tilt_systolic_fall", 20, "mmHg", 45, "loss"),
    ],
)
def test_orthostatic_limits(test: str, value: float, unit: str, age: float, call: str) -> None:
    assert judged(test, value, unit, age).call == call


def test_sweat_volumes_are_bound_to_the_device_and_sleep_until_named() -> None:
    asleep = judged("qsart_volume", 0.05, "uL", site="distal_leg", device="Q-Sweat")
    assert asleep.call == "not_comparable"
    assert "only when named" in asleep.reason
    library = load_library(named=["qsweat2015_distal_leg"])
    reading = Reading(
        assay="reflexes", measure="qsart_volume", value=0.05, unit="uL", site="distal_leg", device="Q-Sweat"
    )
    woman = Participant(participant_id="sub-01", age=45, sex="F")
    assert score([reading], woman, library, (ASSAY,))[0].call == "loss"
    other = score([replace(reading, device="Mayo QSART")], woman, library, (ASSAY,))[0]
    assert other.call == "not_comparable"


# --- recordings ---------------------------------------------------------------------------------------------------

GRID = np.arange(0, 100, 0.01)


def test_deep_breathing_without_events() -> None:
    rates = 70 + 11 * np.sin(2 * np.pi * GRID / 10)
    got = found(manoeuvre("deepbreathing", from_rates(rates)))
    difference, ratio = got["deep_breathing_difference"], got["ei_ratio"]
    assert difference.value == pytest.approx(22, rel=0.06)
    assert ratio.value == pytest.approx(81 / 59, rel=0.03)
    assert difference.n == 9
    assert "breaths of 10 s" in difference.method


@pytest.mark.parametrize("start", [0.0, 2.5, 5.0, 7.5])
def test_it_does_not_matter_where_in_the_breath_a_recording_begins(start: float) -> None:
    rates = 70 + 11 * np.sin(2 * np.pi * (GRID + start) / 10)
    assert found(manoeuvre("deepbreathing", from_rates(rates)))["deep_breathing_difference"].value == pytest.approx(
        22, rel=0.08
    )


def test_deep_breathing_with_events_uses_only_the_breaths_they_mark() -> None:
    rates = np.where(GRID < 40, 70, 70 + 11 * np.sin(2 * np.pi * (GRID - 40) / 8))
    events = [Event(phase="inspiration", onset_s=40 + 8 * k, duration_s=4) for k in range(6)]
    events += [Event(phase="expiration", onset_s=44 + 8 * k, duration_s=4) for k in range(6)]
    got = found(manoeuvre("deepbreathing", from_rates(rates), *sorted(events, key=lambda e: e.onset_s)))
    assert got["deep_breathing_difference"].n == 6
    assert got["deep_breathing_difference"].value == pytest.approx(22, rel=0.08)
    assert "by events" in got["ei_ratio"].method


def test_an_ectopic_beat_does_not_make_a_difference() -> None:
    rates = 70 + 8 * np.sin(2 * np.pi * GRID / 10)
    times = from_rates(rates)
    clean = found(manoeuvre("deepbreathing", times))["deep_breathing_difference"].value
    times = times.copy()
    times[40] -= 0.3
    dirty = found(manoeuvre("deepbreathing", times))["deep_breathing_difference"].value
    assert dirty == pytest.approx(clean, rel=0.1)


def test_too_short_for_a_breath() -> None:
    got = found(manoeuvre("deepbreathing", from_rates(np.full(900, 70.0))))
    assert got["ei_ratio"].value is None
    assert "no breath" in got["ei_ratio"].remark


def valsalva_rates(top: float = 100, bottom: float = 55) -> np.ndarray:
    return np.interp(GRID, [0, 20, 33, 37, 44, 48, 60, 100], [70, 70, top, top, bottom, bottom, 70, 70])


def test_the_valsalva_ratio() -> None:
    got = found(manoeuvre("valsalva", from_rates(valsalva_rates()), Event(phase="strain", onset_s=20, duration_s=15)))
    assert got["valsalva_ratio"].value == pytest.approx(100 / 55, rel=0.02)
    assert got["valsalva_ratio"].n == 1
    assert got["valsalva_ratio"].low is None


def test_a_strain_without_a_duration_has_no_ratio() -> None:
    got = found(manoeuvre("valsalva", from_rates(valsalva_rates()), Event(phase="strain", onset_s=20)))
    assert got["valsalva_ratio"].value is None
    assert "no strain has a duration" in got["valsalva_ratio"].remark


def standing(rest: float, peak: float, trough: float, later: float, seconds: float = 800.0) -> np.ndarray:
    grid = np.arange(0, seconds, 0.01)
    return np.interp(grid, [0, 120, 132, 146, 170, seconds], [rest, rest, peak, trough, later, later])


def test_standing_gives_30_15_and_the_sustained_rise() -> None:
    times = from_rates(standing(65, 98, 76, 86))
    got = found(manoeuvre("standing", times, Event(phase="stand", onset_s=120)))
    assert got["ratio_30_15"].value == pytest.approx(98 / 76, rel=0.02)
    assert got["standing_heart_rate_rise"].value == pytest.approx(21, abs=0.5)
    assert got["standing_heart_rate_rise"].remark == ""


def test_a_brief_peak_is_no_sustained_rise() -> None:
    times = from_rates(standing(65, 120, 70, 72))
    assert found(manoeuvre("standing", times, Event(phase="stand", onset_s=120)))[
        "standing_heart_rate_rise"
    ].value == pytest.approx(7, abs=1)


def test_standing_cut_short_says_so() -> None:
    times = from_rates(standing(65, 98, 76, 86, 300))
    got = found(manoeuvre("standing", times, Event(phase="stand", onset_s=120)))
    assert "only 3.0 min" in got["standing_heart_rate_rise"].remark
    short = found(manoeuvre("standing", times[times < 135], Event(phase="stand", onset_s=120)))
    assert short["ratio_30_15"].value is None
    assert short["standing_heart_rate_rise"].value is None
    late = found(manoeuvre("standing", times, Event(phase="stand", onset_s=0.0)))
    assert "no rest" in late["standing_heart_rate_rise"].remark


def test_tilt_gives_the_rise_alone() -> None:
    got = found(manoeuvre("tilt", from_rates(standing(65, 98, 76, 100)), Event(phase="tilt", onset_s=120)))
    assert list(got) == ["tilt_heart_rate_rise"]
    assert got["tilt_heart_rate_rise"].value == pytest.approx(35, abs=1)


# --- files --------------------------------------------------------------------------------------------------------


def events_file(root: Path, task: str, text: str) -> None:
    (root / f"sub-01/beh/sub-01_task-{task}_events.tsv").write_text(text)


def test_a_recording_with_its_events_is_read_from_files(tmp_path: Path) -> None:
    root = study(tmp_path)
    beats(root, onsets(from_rates(valsalva_rates())), task="valsalva")
    events_file(root, "valsalva", "onset\tduration\ttrial_type\n20\t15\tstrain\n")
    recording = read(visit(root))
    assert recording.problems == ()
    assert any("events.tsv" in s for s in recording.sources)
    assert measure(recording)[0].value == pytest.approx(100 / 55, rel=0.02)


@pytest.mark.parametrize("text", [None, "onset\tduration\ttrial_type\n20\t15\tsneeze\n"])
def test_a_manoeuvre_without_its_events_is_one_sentence(tmp_path: Path, text: str | None) -> None:
    root = study(tmp_path)
    beats(root, onsets(from_rates(valsalva_rates())), task="valsalva")
    if text is not None:
        events_file(root, "valsalva", text)
    with pytest.raises(BadInput, match="no event “strain”") as error:
        read(visit(root))
    assert "\n" not in str(error.value)


def test_events_without_their_columns_are_named(tmp_path: Path) -> None:
    root = study(tmp_path)
    beats(root, onsets(from_rates(valsalva_rates())), task="standing")
    events_file(root, "standing", "when\twhat\n1\tstand\n")
    with pytest.raises(BadInput, match="column onset is missing"):
        read(visit(root))


def test_deep_breathing_from_a_file_needs_no_events(tmp_path: Path) -> None:
    root = study(tmp_path)
    beats(root, onsets(from_rates(70 + 11 * np.sin(2 * np.pi * GRID / 10))), task="deepbreathing")
    (first, _) = measure(read(visit(root)))
    assert first.value == pytest.approx(22, rel=0.06)


def test_one_bad_manoeuvre_leaves_the_others(tmp_path: Path) -> None:
    root = study(tmp_path)
    beats(root, onsets(from_rates(70 + 11 * np.sin(2 * np.pi * GRID / 10))), task="deepbreathing")
    beats(root, onsets(from_rates(valsalva_rates())), task="valsalva")
    recording = read(visit(root))
    assert [m.kind for m in recording.manoeuvres] == ["deepbreathing"]
    assert recording.problems[0].code == "no-event"


def test_it_keeps_the_contract() -> None:
    table = ("valsalva_ratio", "ratio_30_15", "systolic_fall", "diastolic_fall", "standing_heart_rate_rise")
    check_assay(
        ASSAY,
        seeds=range(4),
        tolerance=dict.fromkeys((*table, "handgrip_diastolic_rise"), 1e-9),
        not_simulated=(
            "tilt_systolic_fall",
            "tilt_diastolic_fall",
            "tilt_heart_rate_rise",
            "ssr_amplitude",
            "ssr_latency",
        ),
    )
