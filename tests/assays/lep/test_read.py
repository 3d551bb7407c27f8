import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nociscope.assays.lep import ASSAY
from nociscope.assays.lep.settings import LepSettings
from nociscope.brainvision import encode
from nociscope.problems import BadInput
from tests.assays.lep.visits import (
    CHANNELS,
    DATA,
    EVENTS,
    HEADER,
    QUICK,
    SIDECAR,
    get,
    measured,
    shared,
    simulated,
    truth,
    visit_of,
    write,
)


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text(encoding="utf-8")
    assert old in text
    write(root, path, text.replace(old, new))


def column(root: Path, name: str, change) -> None:
    """Rewrite a column of the events: change(row number from 0, cell) -> cell."""
    lines = (root / EVENTS).read_text().strip().split("\n")
    header = lines[0].split("\t")
    place = header.index(name)
    out = [lines[0]]
    for k, line in enumerate(lines[1:]):
        cells = line.split("\t")
        cells[place] = change(k, cells[place])
        out.append("\t".join(cells))
    write(root, EVENTS, "\n".join(out) + "\n")


def codes(problems) -> set[str]:
    return {p.code for p in problems}


def failure(root: Path, **settings) -> list:
    with pytest.raises(BadInput) as caught:
        ASSAY.read(visit_of(root), LepSettings(**settings))
    return list(caught.value.problems)


# --- recovery ---


def test_truth_is_recovered(tmp_path):
    made = simulated(tmp_path, replace(QUICK, pulses=20))
    recording, readings = measured(tmp_path)
    true = truth(made)
    assert not recording.problems
    for name in ("n2_latency", "p2_latency"):
        assert get(readings, name, "average:all").value == pytest.approx(true[name], abs=8)
    size = get(readings, "n2p2_amplitude", "average:all")
    assert size.value == pytest.approx(true["n2p2_amplitude"], rel=0.2)
    assert get(readings, "n2_amplitude", "average:all").value < 0 < get(readings, "p2_amplitude", "average:all").value
    assert get(readings, "response_present").value == 1
    ratio = get(readings, "habituation_ratio")
    assert ratio.low < true["habituation_ratio"] < ratio.high


def test_the_ratio_is_that_of_the_series_readings(tmp_path):
    simulated(tmp_path)
    _, readings = measured(tmp_path)
    sizes = [get(readings, "n2p2_amplitude", f"average:block-{b}").value for b in (1, 2, 3)]
    assert get(readings, "habituation_ratio").value == pytest.approx(sizes[2] / sizes[0])
    assert get(readings, "habituation_first_drop").value == pytest.approx(sizes[1] / sizes[0])
    assert get(readings, "habituation_tail").value == pytest.approx(sizes[2] / sizes[1])


def test_absent_response(tmp_path):
    simulated(tmp_path, n1_amplitude=0.0, n2_amplitude=0.0, p2_amplitude=0.0)
    _, readings = measured(tmp_path)
    assert get(readings, "response_present").value == 0
    for name in ("n1_latency", "n2_latency", "p2_latency", "n2p2_amplitude"):
        r = get(readings, name, "average:all")
        assert r.value is None
        assert r.quality != "failed"
    assert get(readings, "n2p2_noise").value > 0


def test_same_input_same_readings(tmp_path):
    simulated(tmp_path)
    assert measured(tmp_path)[1] == measured(tmp_path)[1]


def test_trigger_delay_is_taken_off_latencies(tmp_path):
    simulated(tmp_path, replace(QUICK, trigger_delay_ms=32.0))
    _, late = measured(tmp_path)
    _, right = measured(tmp_path, trigger_delay_ms=32.0)
    for name in ("n2_latency", "p2_latency"):
        shift = get(late, name, "average:all").value - get(right, name, "average:all").value
        assert shift == pytest.approx(32, abs=1.5)


def test_filter_equals_whole_record_filtering():
    from scipy.signal import butter, sosfiltfilt

    from nociscope.assays.lep.filtering import cut_epochs

    rng = np.random.default_rng(0)
    rate = 500.0
    x = np.cumsum(rng.standard_normal((2, 60_000)), axis=1) * 0.3 + 3000
    onsets = np.arange(10.0, 110.0, 7.3)
    sos = np.vstack(
        [butter(2, 0.3, "highpass", fs=rate, output="sos"), butter(4, 30, "lowpass", fs=rate, output="sos")]
    )
    whole = sosfiltfilt(sos, x, axis=1)
    times, epochs = cut_epochs(
        x, rate, onsets, start_s=-0.5, end_s=1.0, grid_rate=500.0, high_pass_hz=0.3, low_pass_hz=30.0
    )
    for k, onset in enumerate(onsets):
        start = round((onset - 0.5) * rate)
        expected = whole[:, start : start + len(times)]
        assert np.abs(epochs[k] - expected).max() < 0.02 * expected.std()


# --- events ---


def test_value_instead_of_trial_type_with_a_map(tmp_path):
    simulated(tmp_path)
    text = (tmp_path / EVENTS).read_text()
    text = text.replace("trial_type\tsite\tside", "value\tx\ty").replace(
        "laser\thand_dorsum\tright", "condition 54\ta\tb"
    )
    text = text.replace("0.004", "n/a")
    write(tmp_path, EVENTS, "\ufeff" + text.replace("\n", "\r\n"))
    events = {"condition 54": {"trial_type": "laser", "site": "hand_dorsum", "side": "left"}}
    recording, readings = measured(tmp_path, events=events)
    assert get(readings, "response_present", site="hand_dorsum", side="left").value == 1
    assert not [p for p in recording.problems if p.severity == "error"]
    problems = failure(tmp_path)
    assert codes(problems) == {"no-laser-events"}
    assert "condition 54 (36)" in problems[0].what
    assert "nociscope.toml" in problems[0].remedy


def test_bad_rows_are_dropped_counted_and_said(tmp_path):
    simulated(tmp_path)
    column(tmp_path, "onset", lambda k, c: {3: "n/a", 5: "NaN"}.get(k, c))
    column(tmp_path, "rating", lambda k, c: {7: "18", 9: "34", 11: "n/a"}.get(k, c))
    recording, readings = measured(tmp_path)
    said = {p.code: p for p in recording.problems}
    assert "2 rows: 5, 7" in said["missing-onset"].what
    assert "2 rows: 9, 11" in said["impossible-rating"].what
    assert said["impossible-rating"].value == "18"
    assert get(readings, "trials_kept").n == 34  # the pulse of an impossible rating is kept
    assert get(readings, "pain_rating").n == 31


def test_rating_of_a_rejected_trial_counts(tmp_path):
    simulated(tmp_path, replace(QUICK, blinks=0.4))
    _, readings = measured(tmp_path)
    assert get(readings, "trials_kept").value < 34
    assert get(readings, "pain_rating").n == 36


def test_behaviour_is_aligned_by_time(tmp_path):
    simulated(tmp_path)
    lines = (tmp_path / EVENTS).read_text().strip().split("\n")
    onsets = [line.split("\t")[0] for line in lines[1:]]
    column(tmp_path, "rating", lambda k, c: "n/a")
    rows = [f"{float(o) + 0.1:.3f}\t{k / 10:.1f}" for k, o in enumerate(onsets)]
    gone = [r for k, r in enumerate(lines[1:]) if k != 4]  # one trigger is lost: row numbers shift, times do not
    write(
        tmp_path,
        EVENTS,
        "\n".join(
            [
                (tmp_path / EVENTS).read_text().split("\n")[0],
                *[
                    "\t".join(
                        [
                            "n/a" if c == lines[0].split("\t").index("rating") else v
                            for c, v in enumerate(r.split("\t"))
                        ]
                    )
                    for r in gone
                ],
            ]
        )
        + "\n",
    )
    write(tmp_path, "sub-01/beh/sub-01_task-lep_beh.tsv", "onset\trating\n" + "\n".join(rows) + "\n")
    recording, _ = measured(tmp_path)
    got = recording.stimulated[0].all_ratings
    expected = np.delete(np.arange(36) / 10, 4)
    np.testing.assert_allclose(got, expected)
    assert "unmatched-behaviour" in codes(recording.problems)


def test_behaviour_without_onset_is_refused(tmp_path):
    simulated(tmp_path)
    write(tmp_path, "sub-01/beh/sub-01_task-lep_beh.tsv", "trial\trating\n1\t5\n")
    recording, _ = measured(tmp_path)
    problem = next(p for p in recording.problems if p.code == "missing-column")
    assert problem.file.endswith("beh.tsv")
    assert "row numbers are not trusted" in problem.what


def test_without_blocks_a_slope_but_no_ratio(tmp_path):
    simulated(tmp_path)
    column(tmp_path, "block", lambda k, c: "n/a")
    _, readings = measured(tmp_path)
    assert get(readings, "habituation_slope").value is not None
    assert not [r for r in readings if r.measure == "habituation_ratio"]
    _, readings = measured(tmp_path, block_size=12)
    assert get(readings, "habituation_ratio").value is not None


# --- channels and reference ---


def rename(root: Path, names: dict[str, str]) -> None:
    for path in (HEADER, CHANNELS):
        text = (root / path).read_text(encoding="utf-8")
        for old, new in names.items():
            text = re.sub(rf"(?m)(^|=){old}(,|\t)", rf"\g<1>{new}\g<2>", text)
        write(root, path, text)


@pytest.mark.parametrize(
    ("names", "reference"),
    [
        ({}, "ears (A1, A2)"),
        ({"Cz": "CZ", "T7": "T3", "T8": "T4", "Fz": "FZ"}, "ears (A1, A2)"),
        ({"A1": "M1", "A2": "M2"}, "mastoids (M1, M2)"),
        ({"A1": "NOSE", "A2": "O1"}, "nose (NOSE)"),
    ],
)
def test_reference_and_names(tmp_path, names, reference):
    simulated(tmp_path)
    rename(tmp_path, names)
    recording, readings = measured(tmp_path)
    assert recording.stimulated[0].reference == reference
    assert get(readings, "n2p2_amplitude", "average:all").value > 15
    assert recording.stimulated[0].lateral_name.upper() in ("T7-FZ", "T3-FZ")


def test_average_reference_is_said(tmp_path):
    simulated(tmp_path)
    rename(tmp_path, {"A1": "P3", "A2": "P4"})
    edit(tmp_path, SIDECAR, '"nose"', '"CMS/DRL"')
    recording, readings = measured(tmp_path)
    assert "average-reference" in codes(recording.problems)
    r = get(readings, "n2p2_amplitude", "average:all")
    assert "average reference" in r.method
    assert "norms do not apply" in r.remark


def test_recorded_against_ears_is_used_as_recorded(tmp_path):
    simulated(tmp_path)
    rename(tmp_path, {"A1": "P3", "A2": "P4"})
    edit(tmp_path, SIDECAR, '"nose"', '"linked earlobes"')
    recording, _ = measured(tmp_path)
    assert recording.stimulated[0].reference == "ears, as recorded"
    assert not recording.stimulated[0].average_reference


def test_channels_tsv_wins_by_position(tmp_path):
    simulated(tmp_path)
    text = (tmp_path / HEADER).read_text(encoding="utf-8")
    for k in range(10):
        text = re.sub(rf"Ch{k + 1}=[^,]*", f"Ch{k + 1}=B{k + 1}", text)
    write(tmp_path, HEADER, text)
    recording, readings = measured(tmp_path)
    assert get(readings, "response_present").value == 1
    assert "channels-renamed" in codes(recording.problems)
    (tmp_path / CHANNELS).unlink()
    recording, readings = measured(tmp_path)
    problem = next(p for p in recording.problems if p.severity == "error")
    assert problem.code == "no-vertex"
    assert "channels.tsv" in problem.remedy
    assert get(readings, "n2_latency").quality == "failed"


def test_channels_of_the_whole_study_are_inherited(tmp_path):
    simulated(tmp_path)
    shutil.move(tmp_path / CHANNELS, tmp_path / "task-lep_channels.tsv")
    rename_header_only = re.sub(r"Ch2=Cz", "Ch2=E2", (tmp_path / HEADER).read_text(encoding="utf-8"))
    write(tmp_path, HEADER, rename_header_only)
    recording, readings = measured(tmp_path)
    assert get(readings, "response_present").value == 1
    assert "task-lep_channels.tsv" in recording.sources


def test_bad_cz_is_refused_by_name(tmp_path):
    simulated(tmp_path)
    text = (tmp_path / CHANNELS).read_text().replace("name\ttype\tunits", "name\ttype\tunits\tstatus")
    lines = [
        line if k == 0 else f"{line}\t{'bad' if line.startswith('Cz') else 'good'}"
        for k, line in enumerate(text.split("\n"))
        if line
    ]
    write(tmp_path, CHANNELS, "\n".join(lines) + "\n")
    recording, readings = measured(tmp_path)
    assert "bad-vertex" in codes(recording.problems)
    assert get(readings, "n2_latency").quality == "failed"
    assert get(readings, "pain_rating").value is not None


# --- broken recordings ---


def test_missing_data_file(tmp_path):
    simulated(tmp_path)
    (tmp_path / DATA).unlink()
    (problem,) = failure(tmp_path)
    assert problem.file == HEADER
    assert "missing" in problem.what
    assert problem.remedy


def test_truncated_data_gives_the_true_smaller_n(tmp_path):
    simulated(tmp_path)
    whole = (tmp_path / DATA).read_bytes()
    (tmp_path / DATA).write_bytes(whole[: len(whole) // 2 + 3])
    recording, readings = measured(tmp_path)
    problem = next(p for p in recording.problems if p.code == "truncated")
    assert problem.severity == "error"
    n = get(readings, "trials_kept").n
    assert 12 <= n <= 18
    assert f"{36 - n} of 36 pulses are lost" in problem.what
    (tmp_path / DATA).write_bytes(whole[:200])
    recording, readings = measured(tmp_path)
    assert "truncated" in codes(recording.problems)
    assert get(readings, "n2_latency").quality == "failed"


def test_flat_cz_fails_and_is_not_absent(tmp_path):
    simulated(tmp_path)
    data = np.frombuffer((tmp_path / DATA).read_bytes(), "<i2").reshape(-1, 10).copy()
    data[:, 1] = 7
    (tmp_path / DATA).write_bytes(data.tobytes())
    recording, readings = measured(tmp_path)
    assert "flat-vertex" in codes(recording.problems)
    r = get(readings, "response_present")
    assert (r.value, r.quality) == (None, "failed")
    assert "flat" in r.remark


def test_wrong_sampling_rate(tmp_path):
    simulated(tmp_path)
    edit(tmp_path, SIDECAR, "250.0", "500.0")
    (problem,) = failure(tmp_path)
    assert "500 Hz" in problem.what
    assert "250 Hz" in problem.what


def test_all_trials_rejected(tmp_path):
    simulated(tmp_path)
    recording, readings = measured(tmp_path, reject_uv=2.0)
    problem = next(p for p in recording.problems if p.code == "all-rejected")
    assert "36 of 36" in problem.what
    assert "reject_uv" in problem.remedy
    assert get(readings, "n2_latency").value is None
    assert get(readings, "trials_kept").value == 0
    assert get(readings, "pain_rating").value is not None


def test_one_bad_recording_leaves_the_others(tmp_path):
    simulated(tmp_path)
    for extension in ("eeg.vhdr", "eeg.eeg", "eeg.json", "events.tsv", "channels.tsv"):
        shutil.copy(
            tmp_path / f"sub-01/eeg/sub-01_task-lep_{extension}",
            tmp_path / f"sub-01/eeg/sub-01_task-other_{extension}",
        )
    write(tmp_path, "sub-01/eeg/sub-01_task-other_eeg.vhdr", b"\0\1\2")
    recording, readings = measured(tmp_path)
    (problem,) = [p for p in recording.problems if p.severity == "error"]
    assert problem.file.endswith("task-other_eeg.vhdr")
    assert get(readings, "response_present").value == 1


@pytest.mark.parametrize("name", ["../../secret.eeg", "/etc/passwd", "sub/x.eeg", "..\\x.eeg", "..", ""])
def test_the_header_leads_nowhere(tmp_path, name):
    root = tmp_path / "study"
    simulated(root)
    write(tmp_path, "secret.eeg", b"\1" * 4000)
    text = re.sub("DataFile=.*", lambda m: f"DataFile={name}", (root / HEADER).read_text(encoding="utf-8"))
    write(root, HEADER, text)
    (problem,) = failure(root)
    assert problem.code in ("outside-study", "bad-recording", "missing-file")


def test_a_link_out_of_the_study_is_not_followed(tmp_path):
    root = tmp_path / "study"
    simulated(root)
    outside = tmp_path / "outside.eeg"
    shutil.move(root / DATA, outside)
    (root / DATA).symlink_to(outside)
    (problem,) = failure(root)
    assert problem.code == "outside-study"


@pytest.mark.parametrize("extension", [".set", ".edf", ".bdf", ".vhdr"])
@pytest.mark.parametrize("content", ["pickle", "empty", "noise", "text"])
def test_hostile_files_are_refused_by_name(tmp_path, extension, content):
    import pickle

    simulated(tmp_path)
    (tmp_path / HEADER).unlink()
    data = {
        "pickle": pickle.dumps({"EEG": {"srate": 250}}),
        "empty": b"",
        "noise": np.random.default_rng(0).bytes(5000),
        "text": b"0       hello",
    }[content]
    write(tmp_path, f"sub-01/eeg/sub-01_task-lep_eeg{extension}", data)
    (problem,) = failure(tmp_path)
    assert problem.file.endswith(extension)
    assert problem.sentence().isprintable()


def test_text_only_study_says_that_its_signals_are_missing(tmp_path):
    source = shared("ds005284_text") / "sub-001/eeg"
    for path in source.iterdir():
        write(tmp_path, f"sub-01/eeg/{path.name.replace('sub-001', 'sub-01')}", path.read_bytes())
    (problem,) = failure(tmp_path)
    assert problem.code == "missing-signals"
    assert "the signals are missing" in problem.what
    assert problem.file.endswith("_events.tsv")
    assert problem.remedy


def test_real_events_and_channels_with_simulated_signals(tmp_path):
    """The traps of ds005284: value only, upper case names, no reference, A1 to B32 in the file."""
    source = shared("ds005284_text") / "sub-001/eeg"
    for path in source.iterdir():
        write(tmp_path, f"sub-01/eeg/{path.name.replace('sub-001', 'sub-01')}", path.read_bytes())
    rng = np.random.default_rng(0)
    labels = [f"A{k}" for k in range(1, 33)] + [f"B{k}" for k in range(1, 33)]
    signals = rng.normal(0, 4, (64, 1024 * 328))
    events = {"condition 54": {"trial_type": "laser", "site": "hand_dorsum", "side": "left"}}
    stem = "sub-01/eeg/sub-01_task-26ByBiosemi_eeg"
    header, _, data = encode(labels, 1024.0, signals, [])
    write(tmp_path, f"{stem}.vhdr", header.replace(b"{stem}", b"sub-01_task-26ByBiosemi_eeg"))
    write(tmp_path, f"{stem}.eeg", data)
    recording, readings = measured(tmp_path, events=events)
    assert {"channels-renamed", "average-reference"} <= codes(recording.problems)
    assert get(readings, "trials_kept").n == 16
    assert recording.stimulated[0].scalp is not None
    assert get(readings, "response_present").value == 0


@pytest.mark.parametrize(("size", "energy", "problems"), [("25", 2.7, []), ("x", 2.5, ["bad-cell"])])
def test_a_table_of_peaks_measured_elsewhere(size, energy, problems):
    """The row of all trials gives the energy; where it cannot be used, the mean of the series does."""
    from nociscope.study.records import Participant, RawTable, Visit
    from nociscope.tsv import RawRow

    columns = (
        "participant_id",
        "session_id",
        "site",
        "side",
        "block",
        "n2_latency",
        "n2p2_amplitude",
        "method",
        "energy_j",
    )
    rows = tuple(
        RawRow("phenotype/lep.tsv", k + 2, dict(zip(columns, cells, strict=True)))
        for k, cells in enumerate(
            [
                ("sub-01", "n/a", "hand_dorsum", "left", "1", "212", "24", "Cz-A1A2", "2.4"),
                ("sub-01", "n/a", "hand_dorsum", "left", "3", "215", "18", "Cz-A1A2", "2.6"),
                ("sub-01", "n/a", "hand_dorsum", "left", "n/a", "213", size, "Cz-A1A2", "2.7"),
            ]
        )
    )
    visit = Visit(
        root=Path(),
        participant=Participant(participant_id="sub-01"),
        tables={"lep": RawTable(name="lep", columns=columns, rows=rows)},
    )
    recording = ASSAY.read(visit, LepSettings())
    readings = ASSAY.measure(recording, LepSettings())
    assert get(readings, "habituation_ratio").value == 0.75
    assert get(readings, "laser_energy").value == energy
    assert get(readings, "n2_latency", "average:block-1").value == 212
    assert [p.code for p in recording.problems] == problems


def test_json_of_the_simulation_is_strict(tmp_path):
    simulated(tmp_path)

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    assert json.loads((tmp_path / SIDECAR).read_text(), parse_constant=refuse)["SamplingFrequency"] > 0
