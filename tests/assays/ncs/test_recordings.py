"""What was put into a fibre population comes out of the files; bad files fail alone, with a sentence."""

import numpy as np
import pytest

import nociscope
from nociscope.assays.ncs import NcsSettings, read
from nociscope.assays.ncs.measure import judged_studies
from nociscope.assays.ncs.simulate import fibres
from nociscope.assays.ncs.waveform import mark
from nociscope.problems import BadInput
from tests.assays.ncs.recorded import (
    ELBOW,
    MOTOR,
    SENSORY,
    TIME,
    WRIST,
    files_of,
    marked,
    motor_sweeps,
    study_of,
    sweep,
    with_cells,
)


@pytest.fixture(scope="module")
def healthy():
    return np.concatenate([fibres(np.random.default_rng(i), 55.0) for i in range(2)])


def test_marks_come_out_of_the_files(tmp_path, healthy):
    sensory = [sweep(SENSORY, healthy, 140, scale=0.1)] * 32
    motor = motor_sweeps(healthy)
    found, recording = marked(study_of(tmp_path, files_of(motor), files_of(sensory, "b")))
    assert not recording.problems
    for site, one, to_unit in (
        ("median.wrist", motor[0], 1e-3),
        ("median.elbow", motor[-1], 1e-3),
        ("sural", sensory[0], 1),
    ):
        true = mark(one.response_uv * to_unit, TIME)
        close = 0.02 if site != "sural" else 0.05
        assert found[site, "onset_latency_ms"].value == pytest.approx(true.onset_ms, abs=close)
        assert found[site, "peak_latency_ms"].value == pytest.approx(true.peak_ms, abs=close)
        assert found[site, "amplitude"].value == pytest.approx(true.amplitude, rel=0.02)
        assert found[site, "amplitude_peak_to_peak"].value == pytest.approx(true.peak_to_peak, rel=0.03)
        assert found[site, "duration_ms"].value == pytest.approx(true.duration_ms, abs=0.1)
        assert found[site, "area"].value == pytest.approx(true.area, rel=0.02)
    speed = found["median.elbow", "velocity_m_s"]
    assert speed.low < speed.value < speed.high
    assert speed.method == "motor:waveform"
    assert found["sural", "amplitude"].n == 32


def test_half_the_axons_give_half_the_amplitude_at_the_same_velocity(tmp_path, healthy):
    half = np.random.default_rng(3).permutation(healthy.size) < healthy.size // 2

    def values(name, fibre_speeds):
        sensory = [sweep(SENSORY, fibre_speeds, 140, scale=0.1)] * 32
        visit = study_of(tmp_path / name, files_of(motor_sweeps(fibre_speeds)), files_of(sensory, "b"))
        return marked(visit)[0]

    whole, left = values("whole", healthy), values("half", healthy[half])
    for site in ("median.wrist", "sural"):
        assert left[site, "amplitude"].value / whole[site, "amplitude"].value == pytest.approx(0.5, abs=0.05)
    for site in ("median.elbow", "sural"):
        assert left[site, "velocity_m_s"].value / whole[site, "velocity_m_s"].value == pytest.approx(1, abs=0.05)


def test_uniform_slowing_slows_the_velocity(tmp_path, healthy):
    whole = marked(study_of(tmp_path / "a", files_of(motor_sweeps(healthy))))[0]
    slow = marked(study_of(tmp_path / "b", files_of(motor_sweeps(0.7 * healthy))))[0]
    ratio = slow["median.elbow", "velocity_m_s"].value / whole["median.elbow", "velocity_m_s"].value
    assert ratio == pytest.approx(0.7, rel=0.01)


def test_dispersion_grows_with_distance(tmp_path, healthy):
    points = (("wrist", 80), ("elbow", 220), ("above_elbow", 340), ("axilla", 460))
    sweeps = [sweep({**MOTOR, "stimulation": p, "distance_mm": 120.0}, healthy, d) for p, d in points]
    found = marked(study_of(tmp_path, files_of(sweeps)))[0]
    durations = [found[f"median.{p}", "duration_ms"].value for p, _ in points]
    amplitudes = [found[f"median.{p}", "amplitude"].value for p, _ in points]
    assert durations == sorted(durations)
    assert amplitudes == sorted(amplitudes, reverse=True)
    assert ("median.axilla", "velocity_m_s") in found


def test_the_unit_of_the_file_and_the_delay_of_the_stimulus_do_not_matter(tmp_path, healthy):
    plain = marked(study_of(tmp_path / "a", files_of(motor_sweeps(healthy))))[0]
    milli = marked(study_of(tmp_path / "b", files_of(motor_sweeps(healthy), unit="mV")))[0]
    assert milli["median.wrist", "amplitude"].value == pytest.approx(
        plain["median.wrist", "amplitude"].value, rel=1e-3
    )
    late = NcsSettings(stimulus_delay_ms=0.5)
    moved = marked(study_of(tmp_path / "a"), late)[0]
    shift = plain["median.wrist", "onset_latency_ms"].value - moved["median.wrist", "onset_latency_ms"].value
    assert shift == pytest.approx(0.5, abs=0.01)


def test_submaximal_sweeps_are_left_out_and_counted(tmp_path, healthy):
    sweeps = [sweep(WRIST, healthy, 80, scale=x) for x in (0.01, 0.02, 0.02)]
    reading = marked(study_of(tmp_path, files_of(sweeps)))[0]["median", "amplitude"]
    assert reading.n == 2
    assert "1 of 3 sweeps left out as submaximal" in reading.remark


def test_an_inverted_export_is_doubted(tmp_path, healthy):
    found = marked(study_of(tmp_path, files_of(motor_sweeps(healthy))), NcsSettings(inverted=True))[0]
    assert found["median.wrist", "amplitude"].quality == "poor"
    assert "inverted" in found["median.wrist", "amplitude"].remark


def test_no_response_is_an_amplitude_of_zero(tmp_path):
    visit = study_of(tmp_path, files_of([sweep(SENSORY, np.array([50.0]), 140, scale=0.0)] * 16))
    found = marked(visit)[0]
    assert found["sural", "amplitude"].value == 0
    assert ("sural", "onset_latency_ms") not in found


def test_f_waves_are_counted_and_the_earliest_is_taken(tmp_path, healthy):
    cells = {**MOTOR, "type": "f_wave", "stimulation": "wrist"}
    direct = sweep(cells, healthy, 80)
    time = np.arange(direct.response_uv.size) * (TIME[1] - TIME[0])
    sweeps = []
    for number in range(10):
        shape = direct.response_uv.copy()
        if number >= 3:
            at = 26.0 + 0.3 * number
            shape += 250 * np.where((time > at) & (time < at + 6), np.sin(np.pi * (time - at) / 3), 0)
        sweeps.append(type(direct)(cells=cells, response_uv=shape))
    found = marked(study_of(tmp_path, files_of(sweeps)))[0]
    assert found["median", "f_persistence"].value == 70
    assert found["median", "f_persistence"].low < 70 < found["median", "f_persistence"].high
    assert found["median", "f_latency_ms"].value == pytest.approx(26.9, abs=0.3)


def test_no_f_wave_after_one_stimulus_is_not_judged_absent(tmp_path, healthy):
    cells = {**MOTOR, "type": "f_wave", "stimulation": "wrist"}
    sweeps = [sweep(cells, healthy, 80)]
    visit = study_of(tmp_path, files_of([*motor_sweeps(healthy), *sweeps]))
    assert marked(visit)[0]["median", "f_persistence"].quality == "poor"
    assert {s.kind for s in judged_studies(read(visit))} == {"motor"}


def test_rules_use_the_table_where_it_has_the_nerve(tmp_path, healthy):
    visit = study_of(
        tmp_path, files_of(motor_sweeps(healthy)), files_of([sweep(SENSORY, healthy, 140, 0.1)] * 8, "b")
    )
    (tmp_path / "phenotype").mkdir()
    (tmp_path / "phenotype/nerve_conduction.tsv").write_text(
        "participant_id\tside\tnerve\ttype\tstimulation\tamplitude\tamplitude_unit\n"
        "sub-01\tright\tmedian\tmotor\twrist\t3\tmV\n"
    )
    visit = study_of(tmp_path)
    found = judged_studies(read(visit))
    assert [(s.nerve, s.origin) for s in found] == [("median", "table"), ("sural", "waveform")]
    both, _ = marked(visit)
    assert both["median.elbow", "amplitude"].remark == "rules use the row of the table"


# --- what is wrong is said, and the rest is used ------------------------------------------------------------


def drop_column(name):
    def change(content):
        lines = [line.split("\t") for line in content.decode().rstrip("\n").split("\n")]
        at = lines[0].index(name)
        return ("\n".join("\t".join(c for i, c in enumerate(row) if i != at) for row in lines) + "\n").encode()

    return change


def replaced(old, new):
    return lambda content: content.replace(old.encode(), new.encode())


BAD = [
    ("truncated", {"a_emg.edf": lambda c: c[:20000]}, "cut-short", "1_000"),
    ("no events", {"a_events.tsv": lambda c: None}, "no-events", "events"),
    ("events without rows", {"a_events.tsv": lambda c: c.split(b"\n")[0] + b"\n"}, "no-stimulus", "onset"),
    ("no nerve", {"a_events.tsv": drop_column("nerve")}, "no-stimulus", "nerve"),
    ("no distance", {"a_events.tsv": drop_column("distance_mm")}, "no-distance", "velocity"),
    ("flat", {"a_emg.edf": lambda c: c[:512] + bytes(len(c) - 512)}, "flat", "flat"),
    ("wrong unit in the header", {"a_emg.edf": replaced("uV      ", "furlong ")}, "bad-unit", "furlong"),
    ("units disagree", {"a_channels.tsv": replaced("uV", "mV")}, "units-disagree", "mV"),
    ("not an EDF", {"a_emg.edf": lambda c: b"what" * 1000}, "bad-recording", "EDF"),
    ("empty", {"a_emg.edf": lambda c: b""}, "empty-file", "empty"),
    ("beyond the end", {"a_events.tsv": replaced("0.01\t", "9000\t")}, "outside-recording", "outside"),
    ("another channel", {"a_events.tsv": replaced("duration", "channel")}, "no-such-channel", "APB"),
    (
        "a bad channel",
        {"a_channels.tsv": lambda c: b"name\ttype\tunits\tstatus\nAPB\tEMG\tuV\tbad\n"},
        "bad-channel",
        "APB",
    ),
    ("a ragged channels table", {"a_channels.tsv": lambda c: c + b"x\ty\n"}, "ragged-row", "row 3"),
    ("an unknown nerve", {"a_events.tsv": replaced("median", "medium")}, "bad-cell", "medium"),
]


@pytest.mark.parametrize(("name", "edit", "code", "word"), BAD, ids=[b[0] for b in BAD])
def test_a_bad_file_fails_alone(tmp_path, healthy, name, edit, code, word):
    good = files_of([sweep(SENSORY, healthy, 140, 0.1)] * 8, "good")
    found, recording = marked(study_of(tmp_path, files_of(motor_sweeps(healthy)), good, edit=edit))
    assert code in {p.code for p in recording.problems}
    problem = next(p for p in recording.problems if p.code == code)
    assert word.replace("1_000", "data records") in problem.sentence()
    assert problem.file.startswith("sub-01/emg/")
    assert ("sural", "amplitude") in found


def test_nothing_left_is_said(tmp_path, healthy):
    visit = study_of(tmp_path, files_of(motor_sweeps(healthy)), edit={"_events.tsv": lambda c: None})
    with pytest.raises(BadInput, match="no events table"):
        read(visit)


def test_one_response_in_two_files_is_used_of_neither(tmp_path, healthy):
    sensory = files_of([sweep(SENSORY, healthy, 140, 0.1)] * 8, "good")
    visit = study_of(tmp_path, files_of(motor_sweeps(healthy)), files_of(motor_sweeps(healthy), "b"), sensory)
    found, recording = marked(visit)
    assert {p.code for p in recording.problems} == {"recorded-twice"}
    assert {site for site, _ in found} == {"sural"}


def test_a_limit_without_a_unit_is_refused_alone(tmp_path, healthy):
    sweeps = with_cells(motor_sweeps(healthy), amplitude_lln=4.0)
    found, recording = marked(study_of(tmp_path, files_of(sweeps)))
    assert {p.code for p in recording.problems} == {"bad-unit"}
    assert found["median.wrist", "amplitude"].value > 0


def test_what_is_the_same_for_a_channel_may_stand_there(tmp_path, healthy):
    def to_channels(content):
        lines = content.decode().rstrip("\n").split("\n")
        return f"{lines[0]}\tnerve\tside\tlow_cutoff\n{lines[1]}\tPeroneal\tleft\t3\n".encode()

    edit = {
        "a_channels.tsv": to_channels,
        "a_events.tsv": lambda c: drop_column("nerve")(drop_column("side")(drop_column("low_cut_hz")(c))),
    }
    recording = read(study_of(tmp_path, files_of(motor_sweeps(healthy)), edit=edit))
    assert {(s.nerve, s.side, s.low_cut_hz) for s in recording.series} == {("fibular", "left", 3.0)}
    assert ELBOW["stimulation"] in {s.stimulation for s in recording.series}


def test_an_emg_recording_of_another_task_is_noted_not_read(tmp_path, healthy):
    study_of(tmp_path, files_of(motor_sweeps(healthy)))
    for path in sorted((tmp_path / "sub-01/emg").iterdir()):
        path.rename(path.with_name(path.name.replace("task-ncs", "task-walking")))
    said = [p for p in nociscope.check(tmp_path).problems if p.code == "unread-recording"]
    assert [p.severity for p in said] == ["note"]
    assert "task-ncs*" in said[0].sentence()


def test_check_names_the_settings_of_rules(tmp_path, healthy):
    study_of(tmp_path, files_of(motor_sweeps(healthy)))
    (tmp_path / "code").mkdir()
    (tmp_path / "code/nociscope.toml").write_text("[rules.reliable_change.isi_totl]\nsd = 0\nreliability = 2\n")
    report = nociscope.check(tmp_path)
    assert report.exit_code == 1
    assert len([p for p in report.problems if p.code == "bad-settings"]) == 3
    assert [line.assays["ncs"] for line in report.lines] == ["yes"]
