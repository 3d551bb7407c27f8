"""Small real files of every format, against MNE-Python; and what never leaves a header."""

import shutil

import numpy as np
import pytest

from nociscope import matlab
from nociscope.assays.lep import ASSAY
from nociscope.assays.lep.channels import electrode, resolve
from nociscope.assays.lep.formats import open_eeg
from nociscope.assays.lep.montage import build, recorded_against
from nociscope.assays.lep.scalp import position, thin_plate
from nociscope.problems import BadInput
from tests.assays.lep.visits import QUICK, get, measured, shared, simulated, visit_of

FILES = {
    "test_NO.vhdr": (65, 5000, 2238),
    "testbva.vhdr": (None, 200, 2112),
    "Analyzer_nV_Export.vhdr": (32, 500, 2),
    "test.edf": (16, 256, 15360),
    "test_reduced.edf": (None, 512, 3072),
    "test_utf8_annotations.edf": (None, 200, 2000),
    "test_bdf_stim_channel.bdf": (4, 500, 5000),
    "eeglab_data.set": (32, 128, 30504),
}


def by_mne(path):
    import mne

    readers = {
        ".vhdr": mne.io.read_raw_brainvision,
        ".edf": mne.io.read_raw_edf,
        ".bdf": mne.io.read_raw_bdf,
        ".set": mne.io.read_raw_eeglab,
    }
    extra = {"stim_channel": False} if path.suffix in (".edf", ".bdf") else {}
    return readers[path.suffix](path, verbose="ERROR", **extra)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FILES)
def test_real_files_are_read_as_mne_reads_them(name):
    root = shared("eeg_files")
    opened = open_eeg(root, name)
    channels, rate, samples = FILES[name]
    assert (opened.rate, opened.samples) == (pytest.approx(rate), samples)
    assert channels in (None, len(opened.labels))
    picks = [0, len(opened.labels) // 2, len(opened.labels) - 1]
    expected = by_mne(root / name).get_data(picks=picks) * 1e6
    np.testing.assert_allclose(opened.load(picks), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(opened.load(picks, 1, 2), expected[:, 1:2], rtol=1e-6, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_real_epochs():
    import mne

    root = shared("eeg_files")
    opened = open_eeg(root, "test_epochs_onefile.set")
    expected = mne.read_epochs_eeglab(root / "test_epochs_onefile.set", verbose="ERROR").get_data() * 1e6
    assert opened.epochs == len(expected)
    np.testing.assert_allclose(opened.load([0, 1]), expected, rtol=1e-6)


def test_real_hdf5_set_with_and_without_its_fdt(tmp_path):
    root = shared("eeg_files")
    shutil.copy(root / "test_raw_h5.set", tmp_path)
    with pytest.raises(BadInput, match=r"test_raw\.fdt is missing"):
        open_eeg(tmp_path, "test_raw_h5.set")
    shutil.copy(root / "eeglab_data.fdt", tmp_path / "test_raw.fdt")
    opened = open_eeg(tmp_path, "test_raw_h5.set")
    classic = open_eeg(root, "eeglab_data.set")
    assert (len(opened.labels), opened.rate, opened.samples) == (32, 128.0, 30504)
    assert opened.labels[:3] == (
        "channel 1",
        "channel 2",
        "channel 3",
    )  # it holds no chanlocs: channels.tsv names them
    assert len(opened.events) == len(classic.events) == 154
    assert opened.events[5].onset_s == pytest.approx(classic.events[5].onset_s)
    np.testing.assert_array_equal(opened.load([4]), classic.load([4]))


def test_a_real_recording_goes_through_read_and_measure(tmp_path):
    """Not laser pulses (a visual task), so no response is expected; every step must take it."""
    root = shared("eeg_files")
    folder = tmp_path / "sub-01/eeg"
    folder.mkdir(parents=True)
    shutil.copy(root / "eeglab_data.set", folder / "sub-01_task-lep_eeg.set")
    shutil.copy(root / "eeglab_data.fdt", folder / "sub-01_task-lep_eeg.fdt")
    events = {"square": {"trial_type": "laser", "site": "hand_dorsum", "side": "left"}}
    recording, readings = measured(tmp_path, events=events)
    assert get(readings, "trials_kept").n == 80
    assert recording.stimulated[0].average_reference
    assert ASSAY.draw(recording, readings, (), ASSAY.settings())


def test_edf_identity_reaches_nothing(tmp_path):
    """Patient, birth date and recording fields of an EDF header stay in the file, whatever happens to it."""
    names = ["Cz", "Fz", "T7", "A1", "A2"]
    made = simulated(tmp_path / "made", QUICK)
    folder = tmp_path / "study/sub-01/eeg"
    folder.mkdir(parents=True)
    rate, count = 250, len(names)
    signals = np.stack([made.signals_uv[made.channels.index(n)] for n in names])
    records = signals.shape[1] // rate
    head = "0".ljust(8) + "MRN123 F 05-MAY-1980 Quirk_Zebediah".ljust(80) + "Startdate X Ward7 Nurse9".ljust(80)
    head += "05.05.2001.01.00" + str(256 * (count + 1)).ljust(8) + " " * 44 + str(records).ljust(8) + "1".ljust(8)
    head += str(count).ljust(4)
    for texts, width in (
        (names, 16), (["Zebediah"] * count, 80), (["uV"] * count, 8), (["-3276.8"] * count, 8),
        (["3276.7"] * count, 8), (["-32768"] * count, 8), (["32767"] * count, 8), ([""] * count, 80),
        ([str(rate)] * count, 8), ([""] * count, 32),
    ):  # fmt: skip
        head += "".join(t.ljust(width) for t in texts)
    data = np.round(signals[:, : records * rate] * 10).clip(-32768, 32767).astype("<i2")
    body = data.reshape(count, records, rate).transpose(1, 0, 2).tobytes()
    path = folder / "sub-01_task-lep_eeg.edf"
    path.write_bytes(head.encode().ljust(256 * (count + 1)) + body)
    shutil.copy(tmp_path / "made/sub-01/eeg/sub-01_task-lep_events.tsv", folder)
    recording, readings = measured(tmp_path / "study")
    assert get(readings, "response_present").value == 1
    path.write_bytes(path.read_bytes()[: 256 * (count + 1) + 100_000])
    shorter, fewer = measured(tmp_path / "study")
    assert any(p.code == "truncated" for p in shorter.problems)
    said = repr((recording.problems, readings, shorter.problems, fewer, recording.sources))
    for secret in ("Zebediah", "Quirk", "MRN123", "MAY", "Ward7", "Nurse9", "05.05"):
        assert secret not in said


def test_electrode_names():
    assert [electrode(x) for x in ("CZ", "EEG Cz-LE", "t3", "T4", "Cz ", "EEG Fp1-REF", "T8")] == [
        "CZ", "CZ", "T7", "T8", "CZ", "FP1", "T8",
    ]  # fmt: skip


def test_biosemi_labels_are_no_ears():
    labels = [f"A{k}" for k in range(1, 33)] + ["Cz"]
    channels, _ = resolve(labels, [], "x")
    montage = build(channels, "CMS/DRL", "temporal", "x")
    assert montage.average_reference


def test_ears_among_many_electrodes_are_ears():
    labels = "A1 A2 Cz Fz F1 F2 F3 F4 F5 F6 F7 F8 C1 C2 C3 C4 C5 C6".split()  # noqa: SIM905
    channels, _ = resolve(labels, [], "x")
    montage = build(channels, "nose", "temporal", "x")
    assert montage.reference_name == "ears (A1, A2)"
    assert montage.reference == (0, 1)


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("linked earlobes", "ears"),
        ("A1+A2", "ears"),
        ("average of M1 and M2", "mastoids"),
        ("nose", "nose"),
        ("CMS/DRL", ""),
        ("Cz", "Cz"),
        ("n/a", ""),
        ("Average", "average"),
    ],
)
def test_what_the_sidecar_says_of_the_reference(said, means):
    assert recorded_against(said) == means


def test_the_ten_ten_system():
    assert position("CZ") == (0.0, 0.0)
    x, y = position("T7")
    assert (x, y) == (pytest.approx(-0.8), pytest.approx(0.0, abs=1e-9))
    assert position("C3")[0] == pytest.approx(-0.4)
    left, right = position("FC5"), position("FC6")
    assert left[0] == pytest.approx(-right[0])
    assert left[1] == pytest.approx(right[1])
    assert position("OZ")[1] == pytest.approx(-0.8)
    assert position("XX") is None


def test_thin_plate_gives_planes_back_and_goes_through_points():
    rng = np.random.default_rng(0)
    points, at = rng.uniform(-1, 1, (20, 2)), rng.uniform(-1, 1, (50, 2))
    plane = thin_plate(points, 2 + points @ [3.0, -1.0], at)
    np.testing.assert_allclose(plane, 2 + at @ [3.0, -1.0], atol=1e-8)
    values = rng.standard_normal(20)
    np.testing.assert_allclose(thin_plate(points, values, points, smoothing=0.0), values, atol=1e-6)


def test_matlab_structs(tmp_path):
    from scipy.io import savemat

    savemat(tmp_path / "x.mat", {"s": {"a": 1.5, "b": "text", "c": [{"k": 1}, {"k": 2}]}})
    content = matlab.load(tmp_path / "x.mat")
    assert matlab.number(content["s"]["a"]) == 1.5
    assert [matlab.number(r["k"]) for r in matlab.records(content["s"]["c"])] == [1, 2]
    whole = (tmp_path / "x.mat").read_bytes()
    for cut in (0, 10, 130, len(whole) - 5):
        (tmp_path / "y.mat").write_bytes(whole[:cut])
        with pytest.raises(BadInput):
            matlab.load(tmp_path / "y.mat")


def test_a_set_that_names_a_file_elsewhere(tmp_path):
    from scipy.io import savemat

    folder = tmp_path / "study/sub-01/eeg"
    folder.mkdir(parents=True)
    (tmp_path / "secret.fdt").write_bytes(bytes(4000))
    eeg = {"srate": 250.0, "nbchan": 1, "pnts": 1000, "trials": 1, "xmin": 0.0, "data": "../../../secret.fdt"}
    savemat(folder / "sub-01_task-lep_eeg.set", {"EEG": eeg}, appendmat=False)
    with pytest.raises(BadInput) as caught:
        ASSAY.read(visit_of(tmp_path / "study"), ASSAY.settings())
    assert caught.value.problems[0].code == "outside-study"
