import json
import os

import pytest

from nociscope.study import open_study
from nociscope.study.checks import check_study

from .conftest import PROBE, png, vhdr, write
from .test_opening import SECRET

PNG = "sub-01/ses-1/micr/sub-01_ses-1_sample-OD_chunk-1_CONF.png"
HEADER = "sub-01/ses-1/eeg/sub-01_ses-1_task-lep_eeg.vhdr"


def check(root, settings):
    return check_study(open_study(root), settings, assays=[PROBE])


def test_a_clean_study(study_root, probe_settings):
    report = check(study_root, probe_settings)
    assert report.problems == ()
    assert report.exit_code == 0
    lines = [(x.participant_id, x.session_id, x.group, dict(x.assays)) for x in report.lines]
    assert lines == [
        ("sub-01", "ses-1", "FM", {"probe": "yes"}),
        ("sub-01", "ses-2", "FM", {"probe": "yes"}),
        ("sub-02", "n/a", "control", {"probe": "yes"}),
        ("sub-03", "n/a", "", {"probe": "-"}),
    ]


def samples_gone(root):
    (root / "samples.tsv").unlink()


def stranger_in_a_table(root):
    with (root / "phenotype/probe.tsv").open("a") as stream:
        stream.write("sub-99\tn/a\thand\t1\n")


def data_file_gone(root):
    (root / HEADER.replace(".vhdr", ".eeg")).unlink()


def marker_file_gone(root):
    (root / HEADER.replace(".vhdr", ".vmrk")).unlink()


def corrupt_png(root):
    data = bytearray((root / PNG).read_bytes())
    data[45] ^= 255
    (root / PNG).write_bytes(data)


def beyond_the_maximum(root):
    with (root / "phenotype/probe.tsv").open("a") as stream:
        stream.write("sub-02\tn/a\tfoot\t201\n")


def text_in_a_number_column(root):
    write(root, "phenotype/free.tsv", "participant_id\tscore\nsub-02\thigh\n")
    write(root, "phenotype/free.json", '{"score": {"Format": "number"}}')


def derivative_without_a_maker(root):
    write(root, "derivatives/old/dataset_description.json", '{"Name": "Old", "BIDSVersion": "1.11.0"}')


def too_old(root):
    text = (root / "participants.tsv").read_text().replace("\t52\t", "\t95\t")
    write(root, "participants.tsv", text)


@pytest.mark.parametrize(
    ("fault", "code", "file", "person"),
    [
        (samples_gone, "samples-missing", "samples.tsv", ""),
        (stranger_in_a_table, "unknown-participant", "phenotype/probe.tsv", "sub-99"),
        (data_file_gone, "vhdr-companion-missing", HEADER, "sub-01"),
        (marker_file_gone, "vhdr-companion-missing", HEADER, "sub-01"),
        (corrupt_png, "bad-picture", PNG, "sub-01"),
        (beyond_the_maximum, "against-dictionary", "phenotype/probe.tsv", "sub-02"),
        (text_in_a_number_column, "against-dictionary", "phenotype/free.tsv", "sub-02"),
        (derivative_without_a_maker, "generated-by-missing", "derivatives/old/dataset_description.json", ""),
        (too_old, "age-above-89", "participants.tsv", "sub-02"),
    ],
)
def test_the_faults_that_the_official_validator_lets_pass(study_root, probe_settings, fault, code, file, person):
    fault(study_root)
    report = check(study_root, probe_settings)
    (problem,) = (p for p in report.problems if p.severity != "note")
    assert (problem.code, problem.file, problem.participant_id) == (code, file, person)
    assert report.exit_code == 1
    assert file in problem.sentence()
    assert person in problem.sentence()


def test_a_study_of_derivatives_must_say_what_made_it(study_root, probe_settings):
    description = {"Name": "Small", "BIDSVersion": "1.11.0", "DatasetType": "derivative"}
    write(study_root, "dataset_description.json", json.dumps(description))
    assert [p.code for p in check(study_root, probe_settings).problems] == ["generated-by-missing"]
    description["GeneratedBy"] = [{"Name": "nociscope"}]
    write(study_root, "dataset_description.json", json.dumps(description))
    assert check(study_root, probe_settings).problems == ()


def tiff_that_is_none(root):
    write(root, PNG.replace("chunk-1_CONF.png", "chunk-2_CONF.tif"), b"II*\0\xff\xff\xff\xff")
    return "bad-picture"


def bomb(root):
    write(root, PNG, png(65000, 65000))
    return "bad-picture"


def header_that_points_out(root):
    write(root, HEADER, vhdr("../../../../../etc/passwd"))
    return "vhdr-companion-missing"


def header_that_is_none(root):
    write(root, HEADER, b"\0\1\2\3")
    return "vhdr-companion-missing"


def broken_sidecar(root):
    write(root, HEADER.replace(".vhdr", ".json"), "{")
    return "bad-json"


def deep_sidecar(root):
    write(root, HEADER.replace(".vhdr", ".json"), "[" * 100_000)
    return "bad-json"


def bad_cell(root):
    with (root / "phenotype/probe.tsv").open("a") as stream:
        stream.write("sub-01\tses-1\tknee\t1e999\n")
    return "bad-cell"


def column_missing(root):
    write(root, "phenotype/probe.tsv", "participant_id\tsite\nsub-01\thand\n")
    return "missing-column"


def conflict(root):
    with (root / "phenotype/probe.tsv").open("a") as stream:
        stream.write("sub-01\tses-1\thand\t71\n")
    return "duplicate-row"


def reader_that_fails(root):
    with (root / "phenotype/probe.tsv").open("a") as stream:
        stream.write("sub-01\tses-1\texplode\t71\n")
    return "unexpected"


def unknown_name(root):
    write(root, "sub-01/ses-1/eeg/sub-01_ses-1_EEG.edf", "x")
    return "name-not-bids"


def unlisted_sample(root):
    write(root, PNG.replace("sample-OD", "sample-OS"), png())
    return "sample-unlisted"


def outward_link(root):
    outside = root.parent / "outside.png"
    outside.write_text(SECRET)
    (root / PNG).unlink()
    (root / PNG).symlink_to(outside)
    return "outside-study"


def outward_samples(root):
    outside = root.parent / "outside.tsv"
    outside.write_text(SECRET)
    (root / "samples.tsv").unlink()
    (root / "samples.tsv").symlink_to(outside)
    return "outside-study"


def pipe(root):
    (root / PNG).unlink()
    os.mkfifo(root / PNG)
    return "not-a-file"


def bad_dictionary(root):
    write(root, "phenotype/probe.json", '{"value": {"Minimum": NaN}}')
    return "bad-json"


@pytest.mark.parametrize(
    "fault",
    [
        tiff_that_is_none, bomb, header_that_points_out, header_that_is_none, broken_sidecar, deep_sidecar, bad_cell,
        column_missing, conflict, reader_that_fails, unknown_name, unlisted_sample, outward_link, outward_samples,
        pipe, bad_dictionary,
    ],
)  # fmt: skip
def test_other_faults_are_named(study_root, probe_settings, fault):
    code = fault(study_root)
    report = check(study_root, probe_settings)
    assert code in {p.code for p in report.problems}
    assert report.exit_code == 1
    text = "\n".join(p.sentence() for p in report.problems)
    assert SECRET not in text
    assert str(study_root) not in text


def test_a_wrong_assay_is_marked_for_its_person_alone(study_root, probe_settings):
    reader_that_fails(study_root)
    report = check(study_root, probe_settings)
    assert [x.assays["probe"] for x in report.lines] == ["wrong", "yes", "yes", "-"]
    (problem,) = report.problems
    assert (problem.participant_id, problem.session_id, problem.assay) == ("sub-01", "ses-1", "probe")
    assert "name" not in problem.sentence()


def test_a_cell_is_named_once_in_the_words_of_the_assay(study_root, probe_settings):
    with (study_root / "phenotype/probe.tsv").open("a") as stream:
        stream.write("sub-01\tses-1\tknee\t-5\n")
    (problem,) = check(study_root, probe_settings).problems
    assert (problem.assay, problem.code) == ("probe", "bad-cell")


def test_columns_that_nothing_reads_are_noted_and_misspelt_ones_named(study_root, probe_settings):
    write(
        study_root,
        "phenotype/probe.tsv",
        "participant_id\tsession_id\tsites\tvalue\tmood\nsub-01\tses-1\tknee\t5\tfine\n",
    )
    misspelt, extra = sorted(check(study_root, probe_settings).problems, key=lambda p: p.severity, reverse=True)
    assert (misspelt.severity, misspelt.column, misspelt.row) == ("warning", "sites", 1)
    assert "should be site" in misspelt.sentence()
    assert (extra.severity, extra.column) == ("note", "mood")
    assert extra.sentence() == "phenotype/probe.tsv, row 1, column mood: no test reads the column mood."


def test_repeated_rows_and_misspelt_tables(study_root, probe_settings):
    write(study_root, "phenotype/probes.tsv", "participant_id\tx\nsub-02\t1\nsub-02\t1\n")
    report = check(study_root, probe_settings)
    repeated, unread = sorted(report.problems, key=lambda p: p.severity, reverse=True)
    assert (repeated.code, repeated.row) == ("duplicate-row", 3)
    assert unread.severity == "note"
    assert "should be probe" in unread.sentence()


def test_notes_alone_are_no_fault(study_root, probe_settings):
    write(study_root, "phenotype/zzz.tsv", "participant_id\tx\nsub-02\t1\n")
    report = check(study_root, probe_settings)
    assert [p.severity for p in report.problems] == ["note"]
    assert report.exit_code == 0


def test_a_sessions_dictionary_holds_for_sessions_tables(study_root, probe_settings):
    write(study_root, "sessions.json", '{"mood": {"Format": "integer", "Maximum": 4}}')
    (problem,) = check(study_root, probe_settings).problems
    assert (problem.file, problem.row, problem.column) == ("sub-01/sub-01_sessions.tsv", 3, "mood")


def test_nothing_is_written(study_root, probe_settings):
    before = {p: p.stat().st_mtime_ns for p in study_root.rglob("*")}
    check(study_root, probe_settings)
    assert {p: p.stat().st_mtime_ns for p in study_root.rglob("*")} == before


def test_the_real_laser_study_is_readable(shared_data, probe_settings):
    report = check(shared_data / "ds005284_text", probe_settings)
    assert len(report.lines) == 26
    assert all(x.assays == {"probe": "-"} for x in report.lines)  # no signal files in this copy
    assert {p.code for p in report.problems} == {"identifying-columns"}
