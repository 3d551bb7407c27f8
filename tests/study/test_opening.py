import os
import pickle
from pathlib import Path

import pytest

from nociscope.problems import BadInput, InputMissing, InvalidStudy
from nociscope.study import open_study

from .conftest import write

SECRET = "SECRET-OF-SOMEBODY-ELSE"


def sentences(study) -> str:
    return "\n".join(p.sentence() for p in study.problems)


def walked(root: Path) -> set[str]:
    """The files a plain walk finds in the participants' datatype folders."""
    found = set()
    for folder, _, names in os.walk(root):
        place = Path(folder).relative_to(root).parts
        if place and place[0].startswith("sub-") and len(place) > 1 and not place[-1].startswith("ses-"):
            found |= {"/".join((*place, n)) for n in names}
    return found


def test_a_whole_study(study_root):
    study = open_study(study_root)
    assert study.problems == ()
    assert study.name == "Small"
    assert list(study.participants) == ["sub-01", "sub-02", "sub-03"]
    first = study.participants["sub-01"]
    assert (first.age, first.sex, first.group, first.height_cm, first.weight_kg) == (45.0, "F", "FM", 168.0, 70.5)
    assert first.covariates == {"migraine": "yes"}
    assert study.participants["sub-02"].sex == "M"
    assert [v.session_id for v in study.visits["sub-01"]] == ["ses-1", "ses-2"]
    assert {f.path for v in study.visits["sub-01"] for f in v.files} == walked(study_root)


def test_inheritance_and_tables_of_a_visit(study_root):
    one, two = open_study(study_root).visits["sub-01"]
    eeg = one.find(suffix="eeg", extensions=[".vhdr"])[0]
    assert one.metadata(eeg) == {"TaskName": "lep", "EEGReference": "nose"}
    assert one.metadata(one.find(datatype="micr")[0])["PixelSizeUnits"] == "um"
    assert [r.cells["value"] for r in one.tables["probe"].rows] == ["70", "75"]
    assert [r.cells["value"] for r in two.tables["probe"].rows] == ["71"]
    assert two.tables["sessions"].rows[0].cells["mood"] == "5"


def test_a_person_in_tables_alone_and_a_person_without_anything(study_root):
    study = open_study(study_root)
    (alone,) = study.visits["sub-02"]
    assert alone.session_id == "n/a"
    assert alone.files == ()
    assert alone.tables["probe"].rows[0].cells["value"] == "60"
    (empty,) = study.visits["sub-03"]
    assert (empty.files, dict(empty.tables)) == ((), {})


def test_it_can_be_pickled(study_root):
    study = open_study(study_root)
    copy = pickle.loads(pickle.dumps(study))
    assert copy.visits["sub-01"][0].files == study.visits["sub-01"][0].files
    assert copy.visits["sub-01"][0].tables == study.visits["sub-01"][0].tables


def test_the_place_of_the_study_does_not_matter(study_root, tmp_path, monkeypatch):
    link = tmp_path / "link"
    link.symlink_to(study_root)
    monkeypatch.chdir(tmp_path)
    here, there = open_study(Path("link")), open_study(study_root)
    assert here.root == there.root
    assert [v.files for v in here.visits["sub-01"]] == [v.files for v in there.visits["sub-01"]]


def test_nothing_is_written(study_root):
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in study_root.rglob("*")}
    open_study(study_root)
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in study_root.rglob("*")} == before


def test_no_such_study(tmp_path):
    with pytest.raises(InputMissing) as caught:
        open_study(tmp_path / "none")
    assert caught.value.exit_code == 66
    (tmp_path / "file").write_text("")
    with pytest.raises(InputMissing):
        open_study(tmp_path / "file")


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("dataset_description.json", None, "dataset_description.json: the file is missing"),
        ("dataset_description.json", "{", "is not JSON"),
        ("dataset_description.json", "[" * 100_000, "nested more than"),
        ("dataset_description.json", '{"a":' * 100_000, "nested more than"),
        ("dataset_description.json", "[]", "not a JSON object"),
        ("dataset_description.json", '{"BIDSVersion": "1.11.0"}', "Name is missing"),
        ("dataset_description.json", '{"Name": "x"}', "BIDSVersion is missing"),
        ("dataset_description.json", '{"Name": 3, "BIDSVersion": "1"}', "Name is missing or no text"),
        ("participants.tsv", None, "participants.tsv: the file is missing"),
        ("participants.tsv", "", "the table is empty"),
        ("participants.tsv", "id\tage\nsub-01\t3\n", "participant_id is missing"),
        ("participants.tsv", "participant_id\tage\n", "no participant"),
        ("participants.tsv", "participant_id\n01\n02\n", "no participant"),
        ("participants.tsv", "participant_id\tage\nsub-01\t3\nsub-01\t4\n", "rows 2 and 3"),
        ("participants.tsv", "participant_id\tage\tage\nsub-01\t3\t4\n", "stands twice"),
        ("participants.tsv", "participant_id\tage\nsub-01\t3\n".encode("utf-16"), "not UTF-8"),
        ("participants.tsv", b"participant_id\tgroup\nsub-01\tf\xfcr\n", "not UTF-8 text (row 2)"),
        ("participants.tsv", b"\0\1\2", "NUL"),
    ],
)
def test_a_study_that_cannot_be_used(study_root, path, content, words):
    (study_root / path).unlink()
    if content is not None:
        write(study_root, path, content)
    with pytest.raises(InvalidStudy) as caught:
        open_study(study_root)
    assert words in str(caught.value)
    assert path in str(caught.value)
    assert caught.value.exit_code == 16


@pytest.mark.parametrize("path", ["dataset_description.json", "participants.tsv"])
def test_outward_links_of_the_two_needed_files(study_root, tmp_path, path):
    outside = tmp_path / "outside"
    outside.write_text(SECRET)
    (study_root / path).unlink()
    (study_root / path).symlink_to(outside)
    with pytest.raises(InvalidStudy, match="leads out of the study") as caught:
        open_study(study_root)
    assert SECRET not in str(caught.value)


def test_a_pipe_for_participants_does_not_block(study_root):
    (study_root / "participants.tsv").unlink()
    os.mkfifo(study_root / "participants.tsv")
    with pytest.raises(InvalidStudy, match="not a regular file"):
        open_study(study_root)


def test_links_within_the_study_are_followed(study_root):
    store = write(study_root, ".git/annex/objects/ab/key.png", b"x")
    link = study_root / "sub-01/ses-1/micr/sub-01_ses-1_sample-OD_chunk-2_CONF.png"
    link.symlink_to(store)
    folder = study_root / "sourcedata/session3/eeg"
    folder.mkdir(parents=True)
    (folder / "sub-01_ses-3_task-lep_eeg.edf").write_bytes(b"x")
    (study_root / "sub-01/ses-3").symlink_to(study_root / "sourcedata/session3")
    study = open_study(study_root)
    assert study.problems == ()
    paths = {f.path for v in study.visits["sub-01"] for f in v.files}
    assert "sub-01/ses-1/micr/sub-01_ses-1_sample-OD_chunk-2_CONF.png" in paths
    assert "sub-01/ses-3/eeg/sub-01_ses-3_task-lep_eeg.edf" in paths


@pytest.mark.parametrize(
    "where",
    [
        "sub-02",
        "sub-01/ses-3",
        "sub-01/ses-1/beh",
        "sub-01/ses-1/eeg/sub-01_ses-1_task-x_eeg.edf",
        "sub-01/ses-1/sub-01_ses-1_eeg.json",
        "phenotype/isi.tsv",
        "phenotype/ses-1",
        "task-x_eeg.json",
    ],
)
def test_links_out_of_the_study_are_named_and_not_followed(study_root, tmp_path, where):
    outside = tmp_path / "outside" / "eeg"
    outside.mkdir(parents=True)
    (outside / "isi.tsv").write_text(f"participant_id\ttotal\nsub-01\t{SECRET}\n")
    is_file = "." in where
    target = outside / "isi.tsv" if is_file else outside.parent
    (study_root / where).symlink_to(target)
    study = open_study(study_root)
    (problem,) = study.problems
    assert (problem.file, problem.code, problem.severity) == (where, "outside-study", "error")
    assert SECRET not in repr(study)
    if where.startswith("sub-01"):
        assert problem.participant_id == "sub-01"


def test_a_json_outside_is_not_passed_over_for_a_farther_one(study_root, tmp_path):
    write(study_root, "task-lep_eeg.json", '{"EEGReference": "ears"}')
    outside = write(tmp_path, "outside.json", f'{{"EEGReference": "{SECRET}"}}')
    path = study_root / "sub-01/ses-1/eeg/sub-01_ses-1_task-lep_eeg.json"
    path.unlink()
    path.symlink_to(outside)
    visit = open_study(study_root).visits["sub-01"][0]
    with pytest.raises(BadInput, match="leads out of the study") as caught:
        visit.metadata(visit.find(extensions=[".vhdr"])[0])
    assert SECRET not in str(caught.value)


def test_link_loops_end(study_root):
    (study_root / "sub-01/ses-1/eeg/loop").symlink_to(study_root / "sub-01")
    (study_root / "sub-01/ses-9").symlink_to(study_root / "sub-01")
    (study_root / "sub-02").symlink_to("sub-02")
    (study_root / "phenotype/ses-1").symlink_to(study_root / "phenotype")
    study = open_study(study_root)
    assert {p.code for p in study.problems} == {"link-loop", "dead-link"}
    assert [v.session_id for v in study.visits["sub-01"]] == ["ses-1", "ses-2"]


def test_a_dead_link_is_named_with_the_person(study_root):
    name = "sub-01/ses-1/eeg/sub-01_ses-1_task-rest_eeg.edf"
    (study_root / name).symlink_to("../../../.git/annex/objects/not-fetched")
    (problem,) = open_study(study_root).problems
    assert (problem.file, problem.participant_id, problem.session_id) == (name, "sub-01", "ses-1")
    assert "leads to no file" in problem.sentence()


def test_pipes_in_the_tree_do_not_block(study_root):
    for path in ("phenotype/isi.tsv", "sub-01/ses-1/eeg/sub-01_ses-1_task-x_eeg.edf", "sub-02"):
        os.mkfifo(study_root / path)
    problems = open_study(study_root).problems
    assert [p.code for p in problems] == ["not-a-file"] * 3


@pytest.mark.parametrize(
    "label", ["sub-../../etc", "/etc/passwd", "sub-<script>", "sub-[/x]", "sub-é", "sub-" + "a" * 300, "01", "n/a"]
)
def test_a_label_that_is_none_in_participants(study_root, label):
    with (study_root / "participants.tsv").open("a") as stream:
        stream.write(f"{label}\t40\tF\tFM\tn/a\tn/a\tn/a\n")
    study = open_study(study_root)
    (problem,) = study.problems
    assert (problem.file, problem.row, problem.code) == ("participants.tsv", 5, "bad-label")
    assert list(study.participants) == ["sub-01", "sub-02", "sub-03"]


@pytest.mark.parametrize("name", ["sub-a_b", "sub-é", "sub-a b", "sub-[red]x", "sub-"])
def test_a_folder_that_is_no_label(study_root, name):
    write(study_root, f"{name}/eeg/{name}_task-x_eeg.edf", "x")
    (problem,) = open_study(study_root).problems
    assert (problem.file, problem.code) == (name, "bad-label")


def test_a_session_folder_that_is_no_label(study_root):
    write(study_root, "sub-01/ses-a_b/eeg/sub-01_ses-a_b_task-x_eeg.edf", "x")
    (problem,) = open_study(study_root).problems
    assert (problem.file, problem.participant_id) == ("sub-01/ses-a_b", "sub-01")


def test_a_long_label_works(study_root):
    person = "sub-" + "a" * 230
    with (study_root / "participants.tsv").open("a") as stream:
        stream.write(f"{person}\t40\tF\tFM\tn/a\tn/a\tn/a\n")
    write(study_root, f"{person}/eeg/{person}_eeg.edf", "x")
    study = open_study(study_root)
    assert study.problems == ()
    assert len(study.visits[person][0].files) == 1


def test_a_folder_of_a_stranger(study_root):
    write(study_root, "sub-99/eeg/sub-99_task-x_eeg.edf", "x")
    study = open_study(study_root)
    (problem,) = study.problems
    assert problem.participant_id == "sub-99"
    assert "sub-99" not in study.visits


def test_a_file_of_another_person_or_session_is_not_used(study_root):
    write(study_root, "sub-01/ses-1/eeg/sub-02_ses-1_task-x_eeg.edf", "x")
    write(study_root, "sub-01/ses-1/eeg/sub-01_ses-2_task-x_eeg.edf", "x")
    study = open_study(study_root)
    assert [p.code for p in study.problems] == ["name-and-folder-differ"] * 2
    assert not any(f.extension == ".edf" for v in study.visits["sub-01"] for f in v.files)


def test_a_name_without_its_session_is_that_of_its_folder(study_root):
    write(study_root, "sub-01/ses-1/eeg/sub-01_task-x_eeg.edf", "x")
    study = open_study(study_root)
    (found,) = study.visits["sub-01"][0].find(extensions=[".edf"])
    assert (found.session_id, dict(found.entities)) == ("ses-1", {"task": "x"})


@pytest.mark.parametrize("name", ["recording.edf", "sub-01_ses-1_task-é_eeg.edf", "sub-01_ses-1_<b>.png", "a\nb.edf"])
def test_a_name_that_is_not_of_bids_is_a_warning(study_root, name):
    write(study_root, f"sub-01/ses-1/eeg/{name}", "x")
    (problem,) = open_study(study_root).problems
    assert (problem.code, problem.severity) == ("bad-name", "warning")
    assert "\n" not in problem.sentence()


def test_bidsignore_is_kept_to_but_for_tables(study_root):
    write(study_root, ".bidsignore", "*.vmrk\nsub-02/\nphenotype/probe.tsv\n")
    write(study_root, "sub-02/eeg/sub-02_task-x_eeg.edf", "x")
    study = open_study(study_root)
    (note,) = study.problems
    assert note.severity == "note"
    assert "2 entries" in note.sentence()
    assert study.visits["sub-02"][0].files == ()
    assert study.visits["sub-02"][0].tables["probe"].rows


def test_sessions_stand_in_the_order_of_time(study_root):
    header = "participant_id\tsession_id\tsite\tvalue\n"
    for sessions, order in (
        (("week10", "week2", "base"), ["ses-base", "ses-week2", "ses-week10"]),
        (("post", "pre"), ["ses-pre", "ses-post"]),
    ):
        rows = "".join(f"sub-02\tses-{s}\thand\t1\n" for s in sessions)
        write(study_root, "phenotype/probe.tsv", header + rows)
        assert [v.session_id for v in open_study(study_root).visits["sub-02"]] == order
    write(study_root, "sub-02/sub-02_sessions.tsv", "session_id\nses-post\nses-pre\n")
    assert [v.session_id for v in open_study(study_root).visits["sub-02"]] == ["ses-post", "ses-pre"]
    times = "session_id\tacq_time\nses-post\t2021-02-03T00:00:00\nses-pre\t2021-01-03T00:00:00\n"
    write(study_root, "sub-02/sub-02_sessions.tsv", times)
    assert [v.session_id for v in open_study(study_root).visits["sub-02"]] == ["ses-pre", "ses-post"]


def test_the_real_laser_study(shared_data):
    root = shared_data / "ds005284_text"
    study = open_study(root)
    assert len(study.participants) == 26
    assert {p.severity for p in study.problems} <= {"note"}
    assert {f.path for visits in study.visits.values() for v in visits for f in v.files} == walked(root)
    visit = study.visits["sub-001"][0]
    assert visit.participant.sex == "M"
    (events,) = visit.find(suffix="events", extensions=[".tsv"])
    assert "onset" in visit.metadata(events)
    assert visit.metadata(visit.find(suffix="eeg")[0])["SamplingFrequency"] > 0
