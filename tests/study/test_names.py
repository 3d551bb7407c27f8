import pytest

from nociscope.study.names import check_names, is_legal, nearest


@pytest.mark.parametrize(
    "path",
    [
        "participants.tsv", "README.md", "samples.tsv", "CONF.json", "task-lep_eeg.json",
        "phenotype/skin_biopsy.tsv", "phenotype/qst_ses-base.tsv", "phenotype/qst.json",
        "sub-01/sub-01_sessions.tsv", "sub-01/ses-a/sub-01_ses-a_scans.tsv",
        "sub-01/ses-a/eeg/sub-01_ses-a_task-lep_eeg.vhdr", "sub-01/eeg/sub-01_task-lep_events.tsv",
        "sub-01/eeg/sub-01_electrodes.tsv", "sub-01/beh/sub-01_task-qst_beh.tsv",
        "sub-01/beh/sub-01_task-rest_recording-ecg_physio.tsv.gz",
        "sub-01/beh/sub-01_task-rest_recording-rr_physioevents.tsv.gz",
        "sub-01/micr/sub-01_sample-OD_chunk-01_CONF.png", "sub-01/micr/sub-01_sample-leg_stain-PGP95_BF.ome.tif",
        "sub-0+1/emg/sub-0+1_task-ncs_emg.edf",
    ],
)  # fmt: skip
def test_legal_names(path):
    assert is_legal(path)


@pytest.mark.parametrize(
    ("path", "idea"),
    [
        ("sub-01/micr/sub-01_chunk-01_sample-OD_CONF.png", "sub-01_sample-OD_chunk-01_CONF.png"),
        ("sub-01/micr/sub-01_sample-OD_chunk-a1_conf.PNG", "sub-01_sample-OD_chunk-1_CONF.png"),
        ("sub-01/ses-1/eeg/sub-01_ses-1_task-lep_EEG.vhdr", "sub-01_ses-1_task-lep_eeg.vhdr"),
        ("sub-01/eeg/sub-01_eeg.edf", "sub-01_task-rest_eeg.edf"),
        ("sub-01/eeg/sub-01_task-lep_desc-x_eeg.edf", ""),
        ("sub-01/micr/sub-01_sample-OD_CONF.jpg", ""),
        ("phenotype/ses-1/x.tsv", ""),
        ("notes.docx", ""),
        ("extra/", ""),
        ("sub-01/eeg/sub-02_task-lep_eeg.edf", ""),
    ],
)
def test_illegal_names_and_the_nearest_legal_one(path, idea):
    assert not is_legal(path)
    assert nearest(path) == idea
    (problem,) = check_names([path])
    assert problem.severity == "warning"
    assert problem.file == path.rstrip("/")
    assert problem.remedy
    assert idea in problem.sentence()


def test_a_jpeg_is_told_what_to_become():
    (problem,) = check_names(["sub-01/micr/sub-01_sample-OD_CONF.jpg"])
    assert ".png or .tif" in problem.sentence()
