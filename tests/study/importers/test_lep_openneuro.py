import os
import shutil
from pathlib import Path

import pytest

from nociscope.problems import BadInput, InputMissing
from nociscope.study.importers.lep_openneuro import import_lep_openneuro
from nociscope.tsv import split_tsv

SHARED = Path(os.environ.get("NOCISCOPE_SHARED", Path(__file__).parents[3] / "../shared"))


def write(tmp_path, events, labels):
    folder = tmp_path / "study/sub-001/eeg"
    folder.mkdir(parents=True)
    (folder / "sub-001_task-lep_events.tsv").write_text("onset\tduration\tvalue\n" + events)
    (tmp_path / "labels.csv").write_text("subject,dataset,type,laser_power,rating,urevent\n" + labels)
    return tmp_path / "labels.csv", tmp_path / "study"


def found(study, person="sub-001"):
    (path,) = study.glob(f"{person}/eeg/*_events.tsv")
    return [(r.cells["energy_j"], r.cells["rating"]) for r in split_tsv(path.read_text(), path.name)[1]]


def test_an_epoch_goes_to_the_event_with_its_number_and_code(tmp_path):
    """The first event is no pulse and the second pulse has no epoch: the third event must still get its own."""
    source, study = write(
        tmp_path,
        "1\tn/a\tbutton\n2\tn/a\tlaser\n14\tn/a\tlaser\n26\tn/a\tlaser\n",
        "sub-001,x,laser,3.5,4,2\nsub-001,x,laser,3.0,18,4\nsub-001,x,laser,3.0,5,1\nsub-001,x,laser,3.0,5,99\nsub-002,x,laser,3,5,1\n",
    )
    done = import_lep_openneuro(source, study)
    assert found(study) == [("n/a", "n/a"), ("3.5", "4"), ("n/a", "n/a"), ("3", "n/a")]
    assert (done.read, done.used) == (5, 2)
    assert done.dropped == {"no event of this number and code": 2, "the study has no events of this participant": 1}
    assert [p.code for p in done.problems] == ["rating-range"]


def test_without_numbers_order_counts_only_where_every_event_has_its_epoch(tmp_path):
    labels = "sub-001,x,laser,3.5,4,\nsub-001,x,laser,3.0,5,\n"
    source, study = write(tmp_path, "1\tn/a\tlaser\n2\tn/a\tlaser\n", labels)
    assert import_lep_openneuro(source, study).used == 2
    assert found(study) == [("3.5", "4"), ("3", "5")]
    shutil.rmtree(study)
    source, study = write(tmp_path, "1\tn/a\tlaser\n2\tn/a\tlaser\n3\tn/a\tlaser\n", labels)
    assert import_lep_openneuro(source, study).used == 0


def test_dry_run_twice_and_nothing_overwritten(tmp_path):
    source, study = write(tmp_path, "1\tn/a\tlaser\n", "sub-001,x,laser,3.5,4,1\n")
    before = next(study.glob("sub-001/eeg/*_events.tsv")).read_bytes()
    assert import_lep_openneuro(source, study, dry_run=True).used == 1
    assert next(study.glob("sub-001/eeg/*_events.tsv")).read_bytes() == before
    import_lep_openneuro(source, study)
    source.write_text(source.read_text().replace("3.5,4", "2.5,9"))
    import_lep_openneuro(source, study)
    assert found(study) == [("3.5", "4")]


def test_what_cannot_be_used_is_refused(tmp_path):
    source, study = write(tmp_path, "1\tn/a\tlaser\n", "sub-001,x,laser,3.5,4,1\nsub-001,y,laser,3.5,4,1\n")
    with pytest.raises(BadInput, match="several data sets"):
        import_lep_openneuro(source, study)
    source.write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="lacks the columns"):
        import_lep_openneuro(source, study)
    with pytest.raises(InputMissing):
        import_lep_openneuro(source, tmp_path / "none")


def test_labels_of_a_real_data_set(tmp_path):
    labels, raw = SHARED / "data/lep_labels/labels_combined.csv", SHARED / "data/ds005284_text"
    if not labels.exists() or not raw.exists():
        pytest.skip("the public LEP tables are not beside the checkout")
    shutil.copytree(raw, tmp_path / "study")
    for path in (tmp_path / "study").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    done = import_lep_openneuro(labels, tmp_path / "study", dataset="ds005284")
    assert done.read == 348
    assert done.used + sum(done.dropped.values()) == 348
    assert done.used >= 340
    assert found(tmp_path / "study", "sub-002")[0] == ("3.5", "3")


def test_epochs_of_an_eeglab_file(tmp_path):
    import numpy as np
    from scipy.io import savemat

    _, study = write(tmp_path, "1\tn/a\tbutton\n2\tn/a\tlaser\n3\tn/a\tlaser\n", "")
    fields = [("type", object), ("laser_power", object), ("rating", object), ("urevent", object)]
    events = np.zeros(2, dtype=fields)
    events[0] = ("laser", 3.5, 6.0, 3)
    events[1] = ("laser", 3.0, np.nan, 2)
    (tmp_path / "derivatives").mkdir()
    savemat(tmp_path / "derivatives/sub-001_epochs.set", {"EEG": {"event": events, "srate": 1000.0}})
    (tmp_path / "derivatives/sub-002_epochs.set").write_bytes(b"broken")
    done = import_lep_openneuro(tmp_path / "derivatives", study)
    assert found(study) == [("n/a", "n/a"), ("3", "n/a"), ("3.5", "6")]
    assert (done.read, done.used) == (2, 2)
    assert [p.file for p in done.problems] == ["sub-002_epochs.set"]
