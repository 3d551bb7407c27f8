import pytest

from nociscope.study import open_study

from .conftest import PROBE_TABLE, write

HEADER = "participant_id\tsession_id\tsite\tvalue\n"


def values(study, person="sub-02"):
    """(session, site, value) of all rows of the probe of a person."""
    found = []
    for visit in study.visits[person]:
        found += [(visit.session_id, r.text("site"), r.number("value")) for r in visit.table(PROBE_TABLE).rows]
    return sorted(found)


WANTED = [("ses-a", "hand", 1.0), ("ses-b", "hand", 2.0)]


def one_table(root):
    write(root, "phenotype/probe.tsv", HEADER + "sub-02\tses-a\thand\t1\nsub-02\tses-b\thand\t2\n")


def file_per_session(root):
    (root / "phenotype/probe.tsv").unlink()
    write(root, "phenotype/probe_ses-a.tsv", "participant_id\tsite\tvalue\nsub-02\thand\t1\n")
    write(root, "phenotype/probe_ses-b.tsv", "participant_id\tsite\tvalue\nsub-02\thand\t2\n")


def folder_per_session(root):
    (root / "phenotype/probe.tsv").unlink()
    write(root, "phenotype/ses-a/probe.tsv", HEADER + "sub-02\tn/a\thand\t1\n")
    write(root, "phenotype/ses-b/probe.tsv", "participant_id\tsite\tvalue\nsub-02\thand\t2\n")


@pytest.mark.parametrize("layout", [one_table, file_per_session, folder_per_session])
def test_the_layouts_are_one(study_root, layout):
    layout(study_root)
    study = open_study(study_root)
    assert study.problems == ()
    assert values(study) == WANTED


def test_columns_of_a_sessions_table_are_the_table_sessions(study_root):
    write(study_root, "sub-02/sub-02_sessions.tsv", "session_id\tmood\nses-a\t1\nses-b\t2\n")
    (study_root / "phenotype/probe.tsv").unlink()
    visits = open_study(study_root).visits["sub-02"]
    rows = [(v.session_id, v.tables["sessions"].rows[0].cells["mood"]) for v in visits]
    assert rows == [("ses-a", "1"), ("ses-b", "2")]
    assert {"participant_id", "session_id", "mood"} <= set(visits[0].tables["sessions"].columns)
    assert visits[0].tables["sessions"].rows[0].cells["participant_id"] == "sub-02"


def test_rows_without_a_session_join_the_only_one(study_root):
    write(study_root, "phenotype/probe.tsv", HEADER + "sub-02\tses-a\thand\t1\nsub-02\tn/a\tfoot\t2\n")
    study = open_study(study_root)
    assert values(study) == [("ses-a", "foot", 2.0), ("ses-a", "hand", 1.0)]
    assert {r.cells["session_id"] for r in study.visits["sub-02"][0].tables["probe"].rows} == {"ses-a"}


def test_rows_without_a_session_are_a_visit_of_their_own_beside_several(study_root):
    rows = "sub-02\tses-a\thand\t1\nsub-02\tses-b\thand\t2\nsub-02\tn/a\tfoot\t3\n"
    write(study_root, "phenotype/probe.tsv", HEADER + rows)
    study = open_study(study_root)
    assert values(study) == [("n/a", "foot", 3.0), *WANTED]
    assert study.visits["sub-02"][0].session_id == "n/a"


def test_bom_and_crlf_are_read_like_plain_files(study_root):
    plain = open_study(study_root).visits["sub-01"][0].tables
    text = (study_root / "phenotype/probe.tsv").read_text()
    write(study_root, "phenotype/probe.tsv", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert open_study(study_root).visits["sub-01"][0].tables == plain


@pytest.mark.parametrize(
    ("row", "words", "column"),
    [
        ("sub-02\tses-<b>\thand\t1", "is no BIDS session", "session_id"),
        ("sub-02\t1\thand\t1", "write ses-", "session_id"),
        ("sub-99\tses-1\thand\t1", "is not in participants.tsv", "participant_id"),
        ("02\tses-1\thand\t1", "write sub-", "participant_id"),
        ("../x\tses-1\thand\t1", "is no BIDS participant", "participant_id"),
        ("n/a\tses-1\thand\t1", "row 2 names no participant", "participant_id"),
        ("sub-02\tses-1\thand", "has 3 cells", ""),
        ("sub-02\tses-1\thand\t1\t", "has 5 cells", ""),
    ],
)
def test_a_row_that_cannot_be_used_leaves_the_others_alone(study_root, row, words, column):
    write(study_root, "phenotype/probe.tsv", HEADER + row + "\nsub-01\tses-1\thand\t70\n")
    study = open_study(study_root)
    (problem,) = study.problems
    assert words in problem.sentence()
    assert (problem.file, problem.row, problem.column) == ("phenotype/probe.tsv", 2, column)
    assert values(study, "sub-01") == [("ses-1", "hand", 70.0)]
    assert values(study) == []


def test_a_stranger_is_named_once(study_root):
    write(study_root, "phenotype/probe.tsv", HEADER + "sub-99\tses-1\thand\t1\n" * 9)
    (problem,) = open_study(study_root).problems
    assert "rows 2, 3, 4, 5, 6, …" in problem.sentence()
    assert problem.participant_id == "sub-99"


def test_the_session_of_cell_and_file_must_agree(study_root):
    write(study_root, "phenotype/probe_ses-a.tsv", HEADER + "sub-02\tses-b\thand\t1\n")
    (problem,) = open_study(study_root).problems
    assert problem.code == "sessions-differ"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the table is empty"),
        ((HEADER + "sub-02\tn/a\thand\t1\n").encode("utf-16"), "not UTF-8"),
        (b"participant_id\tdevice\nsub-02\tf\xfcr\n", "not UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not UTF-8"),
        (b"id\tvalue\nsub-02\t1\n", "the column participant_id is missing"),
        (b"participant_id\t\tvalue\nsub-02\t\t1\n", "column name is empty"),
    ],
)
def test_a_table_that_cannot_be_read_is_named_and_the_rest_goes_on(study_root, content, words):
    write(study_root, "phenotype/other.tsv", content)
    study = open_study(study_root)
    (problem,) = study.problems
    assert words in problem.sentence()
    assert problem.file == "phenotype/other.tsv"
    assert values(study, "sub-01")


def test_a_table_with_a_header_alone_is_fine(study_root):
    write(study_root, "phenotype/probe.tsv", HEADER)
    study = open_study(study_root)
    assert study.problems == ()
    assert "probe" not in study.visits["sub-02"][0].tables


def test_identifying_columns_are_dropped_and_said(study_root):
    table = "participant_id\tsurname\tsite\tvalue\nsub-02\tSomebody\thand\t1\n"
    write(study_root, "phenotype/probe.tsv", table)
    study = open_study(study_root)
    (note,) = study.problems
    assert note.severity == "note"
    assert "surname" in note.sentence()
    assert "Somebody" not in repr(study)


@pytest.mark.parametrize("name", ["x.csv", "x.xlsx", "a b.tsv", "ä.tsv"])
def test_what_is_no_table_is_named(study_root, name):
    write(study_root, f"phenotype/{name}", "participant_id\nsub-02\n")
    (problem,) = open_study(study_root).problems
    assert problem.file == f"phenotype/{name}"


def test_a_broken_sessions_table_costs_itself(study_root):
    write(study_root, "sub-01/sub-01_sessions.tsv", "session\nses-1\n")
    study = open_study(study_root)
    (problem,) = study.problems
    assert (problem.file, problem.participant_id) == ("sub-01/sub-01_sessions.tsv", "sub-01")
    assert [v.session_id for v in study.visits["sub-01"]] == ["ses-1", "ses-2"]


def test_a_bad_session_in_a_sessions_table(study_root):
    write(study_root, "sub-01/sub-01_sessions.tsv", "session_id\tmood\nses-1\t1\nses-../x\t2\n1\t3\n")
    study = open_study(study_root)
    assert [(p.row, p.code) for p in study.problems] == [(3, "bad-label"), (4, "bad-label")]
    assert [v.session_id for v in study.visits["sub-01"]] == ["ses-1", "ses-2"]
