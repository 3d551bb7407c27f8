from pathlib import Path

import pytest

from nociscope.assays.ncs import NERVE_CONDUCTION, limits, measure, read
from nociscope.problems import BadInput
from nociscope.study import Participant, RawTable, Visit
from nociscope.tsv import RawRow

COLUMNS = NERVE_CONDUCTION.names


def visit_of(*rows):
    raw = [
        RawRow(
            "phenotype/nerve_conduction.tsv",
            number,
            {c: str({"participant_id": "sub-01", "side": "right", **row}.get(c, "n/a")) for c in COLUMNS},
        )
        for number, row in enumerate(rows, start=2)
    ]
    table = RawTable(name="nerve_conduction", columns=COLUMNS, rows=tuple(raw))
    person = Participant(participant_id="sub-01", age=50, sex="F")
    return Visit(root=Path("/nowhere"), participant=person, tables={"nerve_conduction": table})


SURAL = {"nerve": "sural", "type": "sensory", "amplitude": 12, "amplitude_unit": "uV", "amplitude_lln": 5}
WRIST = {
    "nerve": "median",
    "type": "motor",
    "stimulation": "wrist",
    "amplitude": 8,
    "amplitude_unit": "mV",
    "onset_latency_ms": 3.5,
    "latency_uln": 4.4,
    "duration_ms": 5,
    "low_cut_hz": 10,
}
ELBOW = {**WRIST, "stimulation": "elbow", "amplitude": 6, "duration_ms": 6, "velocity_m_s": 55, "velocity_lln": 50}


def values(visit):
    return {(r.site, r.measure, r.method): r for r in measure(read(visit))}


def test_sites_carry_the_point_only_where_there_are_several():
    found = values(visit_of(SURAL, WRIST, ELBOW))
    assert found["sural", "amplitude", "sensory"].value == 12
    assert found["median.wrist", "amplitude", "motor"].unit == "mV"
    assert found["median.elbow", "velocity_m_s", "motor"].value == 55
    assert found["median.elbow", "amplitude_fall", "motor"].value == 25
    assert found["median.elbow", "duration_rise", "motor"].value == pytest.approx(20)
    assert ("median.wrist", "duration_ms", "motor:low-cut-10-Hz") in found


def test_an_absent_response_is_zero_not_missing():
    reading = values(visit_of({**SURAL, "amplitude": 0}))["sural", "amplitude", "sensory"]
    assert reading.value == 0
    assert reading.remark == "no response"


@pytest.mark.parametrize("unit", ["n/a", "", "furlong", "ms", "pg/mL"])
def test_an_amplitude_without_a_unit_costs_itself_alone(unit):
    recording = read(visit_of({**WRIST, "amplitude_unit": unit}, SURAL))
    assert [p.column for p in recording.problems] == ["amplitude_unit"]
    found = {(r.site, r.measure) for r in measure(recording)}
    assert ("median", "amplitude") not in found
    assert ("median", "onset_latency_ms") in found
    assert ("sural", "amplitude") in found


def test_volts_are_converted_and_spellings_understood():
    found = values(visit_of({**SURAL, "amplitude": 0.000012, "amplitude_unit": "V", "amplitude_lln": "n/a"}))
    assert found["sural", "amplitude", "sensory"].value == pytest.approx(12)
    peroneal = read(visit_of({**WRIST, "nerve": "Peroneal", "type": "Motor", "stimulation": "Ankle"}))
    assert (peroneal.studies[0].nerve, peroneal.studies[0].stimulation) == ("fibular", "ankle")


def test_the_laboratorys_limits_are_handed_over_but_not_for_a_proximal_latency():
    found = {(x.measure, x.site): (x.low, x.high) for x in limits(read(visit_of(SURAL, WRIST, ELBOW)))}
    assert found["amplitude", "sural"] == (5, None)
    assert found["onset_latency_ms", "median.wrist"] == (None, 4.4)
    assert found["velocity_m_s", "median.elbow"] == (50, None)
    assert ("onset_latency_ms", "median.elbow") not in found


def test_cold_skin_marks_what_it_slows():
    found = values(visit_of({**WRIST, "temperature_c": 29}))
    assert found["median", "onset_latency_ms", "motor"].quality == "poor"
    assert found["median", "amplitude", "motor"].quality == "good"


def test_a_row_given_twice_with_other_values_is_not_used():
    recording = read(visit_of(WRIST, {**WRIST, "amplitude": 3}, SURAL))
    assert [s.nerve for s in recording.studies] == ["sural"]
    assert recording.problems[0].code == "duplicate-row"


def test_nothing_left_is_said():
    with pytest.raises(BadInput, match="holds no value"):
        read(visit_of({"nerve": "sural", "type": "sensory"}))
