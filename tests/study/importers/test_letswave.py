import json

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from nociscope.assays.lep import ASSAY
from nociscope.assays.lep.synthesis import Design, Response, session
from nociscope.problems import BadInput, InputMissing, UsageError
from nociscope.study import open_study
from nociscope.study.importers.letswave import import_letswave


def write_set(folder, data, start, step, labels, events, stem="sub-01_task-lep", hdf5=True):
    """Write a data set as Letswave does: header in the classic format, data in HDF5 with MATLAB's axes reversed."""
    header = {
        "name": "secret name",
        "datasize": [data.shape[0], data.shape[1], 1, 1, 1, data.shape[2]],
        "xstart": start,
        "xstep": step,
        "chanlocs": [{"labels": x, "topo_enabled": 0} for x in labels],
        "events": [{"code": c, "latency": t, "epoch": e} for c, t, e in events],
    }
    savemat(folder / f"{stem}.lw6", {"header": header}, appendmat=False)
    six = data[:, :, None, None, None, :].astype(np.float32)
    if hdf5:
        with h5py.File(folder / f"{stem}.mat", "w", userblock_size=512) as file:
            file["data"] = six.T
            file["data"].attrs["MATLAB_class"] = np.bytes_("single")
    else:
        savemat(folder / f"{stem}.mat", {"data": six})
    return folder / f"{stem}.lw6"


def epochs_of(made, before=0.5, after=1.0):
    rate = int(made.rate)
    cut = [
        made.signals_uv[:, round((t.marker_s - before) * rate) : round((t.marker_s + after) * rate)]
        for t in made.trials
    ]
    return np.stack(cut)


@pytest.mark.parametrize("hdf5", [True, False])
def test_epochs_give_the_same_peaks_as_the_simulation(tmp_path, hdf5):
    made = session([Response()], Design(interval_s=(3.0, 4.0)), 1)
    epochs = epochs_of(made)
    events = [("S 77", 0.0, k + 1) for k in range(len(epochs))] + [("lost", 9.0, 1)]
    source = write_set(tmp_path, epochs, -0.5, 1 / 250, made.channels, events, hdf5=hdf5)
    study = tmp_path / "study"
    done = import_letswave(source, study, pulses=["S 77"], site="hand_dorsum", side="right", reference="nose")
    assert [p.code for p in done.problems] == ["event-outside"]
    sidecar = json.loads((study / "sub-01/eeg/sub-01_task-lep_eeg.json").read_text())
    assert (sidecar["RecordingType"], sidecar["EpochLength"]) == ("epoched", 1.5)
    visit = open_study(study).visits["sub-01"][0]
    recording = ASSAY.read(visit, ASSAY.settings())
    assert not recording.problems
    readings = ASSAY.measure(recording, ASSAY.settings())
    true = {v.measure: v.value for v in made.true_values}
    for name, margin in (("n2_latency", 8), ("p2_latency", 12), ("n2p2_amplitude", 5)):
        got = next(r for r in readings if r.measure == name and r.method.startswith("average:all"))
        assert got.value == pytest.approx(true[name], abs=margin)
    assert not any(b"secret" in p.read_bytes() for p in study.rglob("*") if p.is_file())


def test_continuous_one_channel_one_event(tmp_path):
    data = np.arange(500.0)[None, None, :]
    source = write_set(tmp_path, data, -1.0, 0.002, ["Cz"], [("a", -0.5, 1)])
    import_letswave(source, tmp_path / "study")
    events = (tmp_path / "study/sub-01/eeg/sub-01_task-lep_events.tsv").read_text().split("\n")
    assert events[1].split("\t")[:4] == ["0.500000", "n/a", "n/a", "a"]
    stored = np.fromfile(tmp_path / "study/sub-01/eeg/sub-01_task-lep_eeg.eeg", "<f4")
    np.testing.assert_array_equal(stored, np.arange(500.0))


def test_refusals(tmp_path):
    with pytest.raises(InputMissing):
        import_letswave(tmp_path / "no.lw6", tmp_path / "study")
    source = write_set(tmp_path, np.zeros((1, 2, 50)), 0.0, 0.01, ["Cz", "Fz"], [], stem="x")
    with pytest.raises(UsageError, match="whose"):
        import_letswave(source, tmp_path / "study")
    with pytest.raises(UsageError, match="letters"):
        import_letswave(source, tmp_path / "study", participant="../x")
    (tmp_path / "x.mat").unlink()
    with pytest.raises(BadInput, match="missing"):
        import_letswave(source, tmp_path / "study", participant="01")
    (tmp_path / "y.lw6").write_bytes(b"\x80\x04junk")
    with pytest.raises(BadInput, match="not a MATLAB file"):
        import_letswave(tmp_path / "y.lw6", tmp_path / "study", participant="01")
    assert not (tmp_path / "study").exists()


def test_not_twice(tmp_path):
    source = write_set(tmp_path, np.ones((1, 1, 500)), 0.0, 0.002, ["Cz"], [])
    import_letswave(source, tmp_path / "study")
    with pytest.raises(UsageError, match="already"):
        import_letswave(source, tmp_path / "study")


def test_an_hdf5_link_to_another_file_is_refused(tmp_path):
    source = write_set(tmp_path, np.ones((1, 1, 500)), 0.0, 0.002, ["Cz"], [])
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = np.ones((500, 1, 1, 1, 1, 1))
    (tmp_path / "sub-01_task-lep.mat").unlink()
    with h5py.File(tmp_path / "sub-01_task-lep.mat", "w") as file:
        file["data"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "data")
    with pytest.raises(BadInput, match="another file"):
        import_letswave(source, tmp_path / "study")


def test_a_bomb_is_refused(tmp_path):
    """A classic file of 1 MB that would unpack to more than 1 GiB."""
    import struct
    import zlib

    worker = zlib.compressobj(9)
    packed = b"".join(worker.compress(bytes(2**20)) for _ in range(1100)) + worker.flush()
    head = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    (tmp_path / "sub-01.lw6").write_bytes(head + struct.pack("<II", 15, len(packed)) + packed)
    with pytest.raises(BadInput, match="unpacks to more"):
        import_letswave(tmp_path / "sub-01.lw6", tmp_path / "study")
