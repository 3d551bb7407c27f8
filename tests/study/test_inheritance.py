import pickle
from pathlib import Path

import pytest

from nociscope.problems import BadInput
from nociscope.study.inheritance import Sidecars, applicable, inherited
from nociscope.study.records import FileRecord


def record(path: str, suffix: str = "bold", extension: str = ".nii.gz", **entities: str) -> FileRecord:
    name = path.rpartition("/")[2]
    session = next((f"ses-{p[4:]}" for p in name.split("_") if p.startswith("ses-")), "n/a")
    return FileRecord(
        path=path,
        participant_id=name.split("_")[0],
        session_id=session,
        datatype=path.split("/")[-2],
        entities=entities,
        suffix=suffix,
        extension=extension,
    )


def test_the_example_of_the_specification_one_file_in_many_levels():
    # Example 2 of "The Inheritance Principle": the file of the participant overrides that of the study
    sidecars = {
        "task-rest_acq-default_bold.json": {"EchoTime": 0.04, "RepetitionTime": 1.0},
        "sub-01/func/sub-01_task-rest_acq-default_bold.json": {"EchoTime": 0.05},
        "sub-01/func/sub-01_task-xyz_acq-test1_run-1_bold.json": {"EchoTime": 9.0},
        "task-xyz_acq-test1_bold.json": {"EchoTime": 8.0},
    }
    data = record("sub-01/func/sub-01_task-rest_acq-default_run-1_bold.nii.gz", task="rest", acq="default", run="1")
    assert inherited(data, sidecars) == {"EchoTime": 0.05, "RepetitionTime": 1.0}
    other = record("sub-01/func/sub-01_task-xyz_acq-test1_run-2_bold.nii.gz", task="xyz", acq="test1", run="2")
    assert inherited(other, sidecars) == {"EchoTime": 8.0}


def test_a_json_with_an_entity_the_file_lacks_does_not_apply():
    data = record("sub-01/func/sub-01_task-rest_bold.nii.gz", task="rest")
    assert applicable(data, ["task-rest_acq-x_bold.json", "ses-1_task-rest_bold.json", "task-rest_sbref.json"]) == ()


def test_a_json_of_another_folder_does_not_apply():
    data = record("sub-01/ses-1/eeg/sub-01_ses-1_task-a_eeg.vhdr", "eeg", ".vhdr", task="a")
    paths = [
        "sub-02/task-a_eeg.json",
        "sub-01/ses-2/sub-01_ses-2_task-a_eeg.json",
        "sub-01/ses-10/task-a_eeg.json",
        "sub-0/task-a_eeg.json",
        "sub-01/ses-1/beh/sub-01_ses-1_task-a_eeg.json",
    ]
    assert applicable(data, paths) == ()


def test_order_from_far_to_near_and_few_to_many_entities():
    data = record("sub-01/ses-1/eeg/sub-01_ses-1_task-a_eeg.vhdr", "eeg", ".vhdr", task="a")
    nearest_last = (
        "eeg.json",
        "task-a_eeg.json",
        "sub-01/sub-01_task-a_eeg.json",
        "sub-01/ses-1/sub-01_ses-1_task-a_eeg.json",
        "sub-01/ses-1/eeg/sub-01_ses-1_task-a_eeg.json",
    )
    assert applicable(data, reversed(nearest_last)) == nearest_last


def test_a_root_json_without_entities_applies_to_all():
    data = record("sub-01/micr/sub-01_sample-OD_CONF.png", "CONF", ".png", sample="OD")
    assert inherited(data, {"CONF.json": {"PixelSize": [1, 1]}}) == {"PixelSize": [1, 1]}


def test_files_are_read_when_asked_for_and_only_those_that_apply(tmp_path: Path):
    (tmp_path / "task-a_eeg.json").write_text('{"EEGReference": "nose", "PatientName": "x", "Device": {"MRN": 3}}')
    (tmp_path / "task-b_eeg.json").write_text("not JSON")
    sidecars = Sidecars(tmp_path, ["task-a_eeg.json", "task-b_eeg.json"])
    data = record("sub-01/eeg/sub-01_task-a_eeg.vhdr", "eeg", ".vhdr", task="a")
    assert inherited(data, sidecars) == {"EEGReference": "nose", "Device": {}}
    copy = pickle.loads(pickle.dumps(sidecars))
    assert inherited(data, copy) == inherited(data, sidecars)
    assert list(copy) == list(sidecars)
    with pytest.raises(KeyError):
        sidecars["other.json"]


@pytest.mark.parametrize("content", ["not JSON", "[1]", '{"a": NaN}', "[" * 100_000, ""])
def test_a_broken_json_that_applies_is_not_passed_over(tmp_path: Path, content: str):
    (tmp_path / "task-a_eeg.json").write_text(content)
    data = record("sub-01/eeg/sub-01_task-a_eeg.vhdr", "eeg", ".vhdr", task="a")
    with pytest.raises(BadInput, match=r"task-a_eeg\.json"):
        inherited(data, Sidecars(tmp_path, ["task-a_eeg.json"]))


def test_a_json_outside_the_study_is_not_read(tmp_path: Path):
    study = tmp_path / "study"
    study.mkdir()
    (tmp_path / "outside.json").write_text('{"secret": 1}')
    (study / "eeg.json").symlink_to(tmp_path / "outside.json")
    data = record("sub-01/eeg/sub-01_task-a_eeg.vhdr", "eeg", ".vhdr", task="a")
    with pytest.raises(BadInput, match="leads out of the study"):
        inherited(data, Sidecars(study, ["eeg.json"]))
