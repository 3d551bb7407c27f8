import gzip
import os
from pathlib import Path

import pytest

from nociscope.problems import BadInput, InputMissing, UsageError
from nociscope.study import open_study
from nociscope.study.importers.column_map import map_from, read_map
from nociscope.study.importers.sheet import MAX_CELL
from nociscope.study.importers.table import import_qualtrics, import_spss, import_table
from nociscope.tsv import split_tsv

SHARED = Path(os.environ.get("NOCISCOPE_SHARED", Path(__file__).parents[3] / "../shared"))


def rows(study, table):
    path = study / (f"{table}.tsv" if table == "participants" else f"phenotype/{table}.tsv")
    return [dict(r.cells) for r in split_tsv(path.read_text(), table)[1]]


def bring(tmp_path, text, column_map="", name="source.csv", **options):
    source = tmp_path / name
    source.write_text(text, encoding="utf-8", newline="")
    chosen = None
    if column_map:
        chosen = tmp_path / "map.toml"
        chosen.write_text(column_map)
    return import_table(source, tmp_path / "study", column_map=chosen, **options)


MAP = """
[source]
missing = ["-99"]
[participant]
id = "Nr"
[session]
column = "Visit"
values = { V1 = "baseline", V2 = "week12" }
[participants]
age = "Age"
sex = { column = "Sex", values = { w = "F", m = "M" } }
[tables.pain_nrs]
q1 = "NRS"
"""


def test_a_map_with_semicolons_decimal_commas_recodes_and_missing_codes(tmp_path):
    text = "Nr;Name;Visit;Age;Sex;NRS\n01;A;V1;44;w;6,5\n01;A;V2;44;w;-99\n02;B;V1;51;m;3\n02;B;V3;51;m;3\n"
    done = bring(tmp_path, text, MAP)
    assert rows(tmp_path / "study", "pain_nrs") == [
        {"participant_id": "sub-01", "session_id": "ses-baseline", "q1": "6.5"},
        {"participant_id": "sub-02", "session_id": "ses-baseline", "q1": "3"},
    ]
    assert rows(tmp_path / "study", "participants")[0] == {"participant_id": "sub-01", "age": "44", "sex": "F"}
    assert (done.read, done.used) == (4, 3)
    assert done.dropped == {"its visit is not among those of the map": 1}
    assert done.columns_dropped == {"names a person": ("Name",)}
    assert any("decimal commas" in c for c in done.converted)
    study = open_study(tmp_path / "study")
    assert [v.session_id for v in study.visits["sub-01"]] == ["ses-baseline"]
    assert not [p for p in study.problems if p.severity == "error"]
    assert (tmp_path / "study/phenotype/pain_nrs.json").exists()


def test_every_row_is_accounted_for_and_nothing_is_written_on_a_dry_run(tmp_path):
    done = bring(
        tmp_path, "Nr,Visit,Age,Sex,NRS\n1,V1,4,w,1\n,V1,4,w,1\n2,V1,,,\n3,V1,9\n1-,V1,4,w,2\n", MAP, dry_run=True
    )
    assert done.read == 5
    assert done.used + sum(done.dropped.values()) == 5
    assert done.dropped == {
        "the row does not fit the header": 1,
        "no participant identifier": 1,
        "no value in any mapped column": 1,
        "two identifiers would be the same label": 1,
    }
    assert not (tmp_path / "study").exists()
    assert done.written == {}
    assert done.planned["phenotype/pain_nrs.tsv"] == 1
    assert "would be written" in "\n".join(done.lines())


def test_importing_twice_adds_nothing_and_a_contradiction_keeps_the_study(tmp_path):
    first = bring(tmp_path, "Nr,Visit,Age,Sex,NRS\n1,V1,40,w,5\n", MAP)
    before = (tmp_path / "study/phenotype/pain_nrs.tsv").read_bytes()
    again = bring(tmp_path, "Nr,Visit,Age,Sex,NRS\n1,V1,40,w,5\n", MAP)
    assert first.written["phenotype/pain_nrs.tsv"] == 1
    assert again.written["phenotype/pain_nrs.tsv"] == 0
    other = bring(tmp_path, "Nr,Visit,Age,Sex,NRS\n1,V1,40,w,9\n2,V1,50,m,2\n", MAP)
    assert [p.code for p in other.problems] == ["in-study-already"]
    assert rows(tmp_path / "study", "pain_nrs")[0]["q1"] == "5"
    assert len(rows(tmp_path / "study", "pain_nrs")) == 2
    assert before != (tmp_path / "study/phenotype/pain_nrs.tsv").read_bytes()


def test_columns_called_like_items_need_no_map(tmp_path):
    header = "participant_id,Age,Gender," + ",".join(f"ISI_{n}" for n in range(1, 8)) + ",PCS_total,comment\n"
    done = bring(tmp_path, header + "sub-a1,50,female,1,2,3,4,0,1,2,31,text\n")
    assert rows(tmp_path / "study", "isi")[0]["q4"] == "4"
    assert rows(tmp_path / "study", "pcs") == [{"participant_id": "sub-a1", "session_id": "n/a", "total": "31"}]
    assert rows(tmp_path / "study", "participants")[0]["sex"] == "F"
    assert done.columns_dropped["not in the map"] == ("comment",)


LONG = """
[participant]
id = "id"
[[rows.qst]]
site = { value = "foot_dorsum" }
side = { value = "left" }
parameter = { value = "cdt" }
unit = { value = "delta_degC" }
baseline_c = { value = "32" }
value = "CDT"
[[rows.qst]]
site = { value = "foot_dorsum" }
side = { value = "left" }
parameter = { value = "ppt" }
unit = { value = "kPa" }
value = { column = "PPT_kg", scale = 9.80665 }
[[rows.qst]]
site = { value = "foot_dorsum" }
side = { value = "left" }
parameter = { value = "hpt" }
unit = { value = "degC" }
value = { column = "HPT_F", unit = "degF", to = "degC" }
"""


def test_wide_values_become_long_rows_with_units(tmp_path):
    done = bring(tmp_path, "id,CDT,PPT_kg,HPT_F\n1,-2.5,10,113\n2,,5,\n", LONG)
    found = rows(tmp_path / "study", "qst")
    assert [(r["participant_id"], r["parameter"], r["value"], r["unit"]) for r in found] == [
        ("sub-1", "cdt", "-2.5", "delta_degC"),
        ("sub-1", "ppt", "98.0665", "kPa"),
        ("sub-1", "hpt", "45", "degC"),
        ("sub-2", "ppt", "49.03325", "kPa"),
    ]
    assert any("degF to degC" in c for c in done.converted)
    assert "phenotype/qst.*" in (tmp_path / "study/.bidsignore").read_text()


def test_thresholds_without_saying_absolute_or_relative_are_refused(tmp_path):
    text = '[participant]\nid = "id"\n[[rows.qst]]\nvalue = "CDT"\nparameter = { value = "cdt" }\n'
    with pytest.raises(BadInput, match=r"absolute values are degC, differences from the baseline delta_degC"):
        bring(tmp_path, "id,CDT\n1,2\n", text)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ({"tabels": {}}, "is not understood"),
        ({"participant": {"id": "x", "name": "y"}}, "is not understood"),
        ({"tables": {"isi": {"q1": {"column": "a", "value": "b"}}}}, "either a column or a value"),
        ({"tables": {"isi": {"q1": 3}}}, "neither a column name"),
        ({"tables": {"isi": {"q1": {"column": "a", "unit": "degC"}}}}, "go together"),
        ({"tables": {"isi": {"q1": {"column": "a", "scale": "x"}}}}, "is no number"),
        ({"tables": {"../x": {"q1": "a"}}}, "no table name"),
        ({"rows": {"qst": {"value": "x"}}}, "two brackets"),
        ({"source": {"missing": [["a"]]}}, "no list of cells"),
        ({"source": {"delimiter": ";;"}}, "not one character"),
        ({"source": {"encoding": {}}}, "no plain text"),
        ({"tables": {"isi": {"q1": {"column": "a", "values": {"1": ["x"]}}}}}, "no plain text"),
        ({"tables": {"isi": {"q1": {"column": ["a"]}}}}, "no plain text"),
        ([], "no table of sections"),
    ],
)
def test_a_wrong_map_is_refused_in_words(content, what):
    with pytest.raises(BadInput, match=what):
        map_from(content)


def test_a_map_that_names_a_missing_column_says_which(tmp_path):
    with pytest.raises(
        BadInput, match=r"column NRS: the map names a column that the source does not have; write nrs"
    ):
        bring(tmp_path, "Nr,Visit,Age,Sex,nrs\n1,V1,40,w,5\n", MAP)


def test_yaml_maps_are_the_same(tmp_path):
    pytest.importorskip("yaml")
    path = tmp_path / "map.yaml"
    path.write_text("participant: {id: Nr}\ntables:\n  isi:\n    q1: a\n")
    assert read_map(path).blocks[0][1]["q1"].column == "a"
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    path.write_text(bomb + "tables:\n  isi:\n    q1: {column: x, values: {1: *a29}}\n")
    with pytest.raises(BadInput, match="no plain text"):
        read_map(path)
    path.write_text("participant: [")
    with pytest.raises(BadInput, match="is not YAML"):
        read_map(path)


# --- hostile --------------------------------------------------------------------------------------------------------

HOSTILE = [
    '=HYPERLINK("http://x","y")',
    "+1+1",
    "@SUM(A1)",
    "-cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "a\x1b[31mred\x07",
    "\u202egnp.exe",
    "line\nbreak\tand tab",
]


@pytest.mark.parametrize("cell", HOSTILE)
def test_hostile_cells_arrive_neutralised(tmp_path, cell):
    quoted = '"' + cell.replace('"', '""') + '"'
    column_map = '[participant]\nid = "id"\n[tables.mine]\nnote = "note"\n[participants]\ngroup = "note"\n'
    done = bring(tmp_path, f"id,note\n1,{quoted}\n2,plain\n", column_map)
    text = (tmp_path / "study/phenotype/mine.tsv").read_text()
    assert len(text.splitlines()) == 3
    assert all(line.count("\t") == 2 for line in text.splitlines())
    written = rows(tmp_path / "study", "mine")[0]["note"]
    assert written.isprintable()
    assert written[0] not in "=+-@"
    people = (tmp_path / "study/participants.tsv").read_text()
    assert people.splitlines()[1].split("\t")[1][0] not in "=+-@"
    assert all(line.isprintable() for line in done.lines())
    open_study(tmp_path / "study")


def test_a_megabyte_in_a_cell_is_refused_by_row_and_column(tmp_path):
    done = bring(tmp_path, f"Nr,Visit,Age,Sex,NRS\n1,V1,40,w,{'9' * 2**20}\n2,V1,40,w,4\n", MAP)
    (problem,) = [p for p in done.problems if p.code == "cell-too-long"]
    assert (problem.row, problem.column) == (2, "NRS")
    assert len(problem.sentence()) < 500
    assert rows(tmp_path / "study", "pain_nrs") == [
        {"participant_id": "sub-2", "session_id": "ses-baseline", "q1": "4"}
    ]
    assert f"{MAX_CELL:,}" in problem.what


def test_a_number_column_with_text_is_named_by_row_and_column(tmp_path):
    done = bring(tmp_path, "Nr,Visit,Age,Sex,NRS\n1,V1,40,w,=1+1\n2,V1,40,w,11\n", MAP)
    assert [(p.row, p.column) for p in done.problems] == [(2, "NRS"), (3, "NRS")]
    assert rows(tmp_path / "study", "pain_nrs")[0]["q1"] == "'=1+1"


def test_wrong_encodings_are_refused_with_the_row_or_read_when_named(tmp_path):
    source = tmp_path / "latin.csv"
    source.write_bytes("participant_id,group,isi_1\n1,Müller,2\n".encode("latin-1"))
    with pytest.raises(BadInput, match=r"latin.csv: is not UTF-8 text \(row 2\)"):
        import_table(source, tmp_path / "study")
    import_table(source, tmp_path / "study", encoding="cp1252")
    assert rows(tmp_path / "study", "participants")[0]["group"] == "Müller"
    wide = tmp_path / "wide.csv"
    wide.write_bytes("participant_id,isi_1\n1,2\n".encode("utf-16"))
    with pytest.raises(BadInput, match="UTF-8"):
        import_table(wide, tmp_path / "other")
    import_table(wide, tmp_path / "other", encoding="utf-16")
    with pytest.raises(UsageError, match="is not an encoding"):
        import_table(wide, tmp_path / "other", encoding="nonsense")


@pytest.mark.parametrize("identifier", ["../../etc", "sub-../x", "a/b", "<b>", "=1+1", "x" * 300, "ü"])
def test_identifiers_never_become_paths(tmp_path, identifier):
    done = bring(tmp_path, f'Nr,Visit,Age,Sex,NRS\n"{identifier}",V1,40,w,4\nok,V1,40,w,4\n', MAP)
    people = [r["participant_id"] for r in rows(tmp_path / "study", "participants")]
    assert all(p.replace("sub-", "", 1).isalnum() and len(p) < 80 for p in people)
    assert done.used + sum(done.dropped.values()) == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["map.toml", "source.csv", "study"]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\x00\x01\x02", b'a,"b\n1,2', b"PK\x03\x04broken"])
@pytest.mark.parametrize("name", ["x.csv", "x.xlsx", "x.sav"])
def test_broken_sources_are_refused_in_words(tmp_path, data, name):
    if name.endswith(".sav"):
        pytest.importorskip("pyreadstat")
    if name.endswith(".xlsx"):
        pytest.importorskip("openpyxl")
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadInput) as error:
        import_table(tmp_path / name, tmp_path / "study")
    assert name in str(error.value)
    assert not (tmp_path / "study").exists()
    with pytest.raises(InputMissing):
        import_table(tmp_path / "nothing.csv", tmp_path / "study")


def test_xlsx_formulae_numbers_and_times(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    import datetime

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["participant_id", "age", "psqi_q1", "psqi_q4", "isi_1", "group"])
    sheet.append(["a1", 44, datetime.time(23, 15), 6.5, 3.0, "=HYPERLINK(1)"])
    sheet.append(["a2", 45])
    book.save(tmp_path / "x.xlsx")
    import_table(tmp_path / "x.xlsx", tmp_path / "study")
    assert rows(tmp_path / "study", "psqi") == [
        {"participant_id": "sub-a1", "session_id": "n/a", "q1": "23:15", "q4": "6.5"}
    ]
    assert rows(tmp_path / "study", "isi")[0]["q1"] == "3"
    assert rows(tmp_path / "study", "participants")[0].get("group", "n/a") in ("n/a", "")


def test_spss_codes_labels_and_user_missing(tmp_path):
    pyreadstat = pytest.importorskip("pyreadstat")
    import pandas as pd

    frame = pd.DataFrame(
        {"id": ["p1", "p2", "p3"], "geschl": [1.0, 2.0, 1.0], "nrs": [4.0, 99.0, 7.5], "name": list("abc")}
    )
    pyreadstat.write_sav(
        frame,
        str(tmp_path / "x.sav"),
        variable_value_labels={"geschl": {1: "weiblich", 2: "männlich"}},
        missing_ranges={"nrs": [99]},
    )
    (tmp_path / "map.toml").write_text(
        '[participant]\nid = "id"\n[participants]\n'
        'sex = { column = "geschl", values = { "weiblich" = "F", "männlich" = "M" } }\n'
        '[tables.pain_nrs]\nq1 = "nrs"\n'
    )
    done = import_spss(tmp_path / "x.sav", tmp_path / "study", column_map=tmp_path / "map.toml")
    assert [r["sex"] for r in rows(tmp_path / "study", "participants")] == ["F", "M", "F"]
    assert [r["q1"] for r in rows(tmp_path / "study", "pain_nrs")] == ["4", "7.5"]
    assert done.columns_dropped == {"names a person": ("name",)}


QUALTRICS = (
    "ResponseId,Status,IPAddress,RecipientLastName,isi_1,isi_2\n"
    '"Response ID","Response Type","IP Address","Recipient Last Name","First wording, please?","Second one?"\n'
)
IDS = '"{""ImportId"":""_recordId""}","{""ImportId"":""status""}","x","x","{""ImportId"":""QID1""}","y"\n'


@pytest.mark.parametrize("head", [QUALTRICS + IDS, QUALTRICS])
def test_qualtrics_headers_previews_and_persons(tmp_path, head):
    body = "R_1abc,IP Address,1.2.3.4,Doe,2,3\nR_2def,Survey Preview,1.2.3.4,Roe,2,3\n"
    (tmp_path / "q.csv").write_text(head + body)
    done = import_qualtrics(tmp_path / "q.csv", tmp_path / "study")
    assert rows(tmp_path / "study", "isi") == [
        {"participant_id": "sub-R1abc", "session_id": "n/a", "q1": "2", "q2": "3"}
    ]
    assert done.dropped == {"a preview, test or spam answer": 1}
    every = "".join(p.read_text() for p in (tmp_path / "study").rglob("*") if p.is_file())
    assert "Doe" not in every
    assert "1.2.3.4" not in every
    assert "wording" not in every


def test_the_registry_goes_through_a_map_row_by_row(tmp_path):
    source = SHARED / "data/pain_registry/pain.csv.gz"
    if not source.exists():
        pytest.skip("the public pain registry is not beside the checkout")
    from nociscope.assays.questionnaires.bulk import score_columns
    from nociscope.assays.questionnaires.instrument import instrument_named
    from nociscope.study.importers.sheet import read_sheet

    column_map = (
        '[source]\nmissing = ["NA"]\n[participant]\nid = "PATIENT_NUM"\nrenumber = true\n'
        '[tables.pain_nrs]\nq1 = "PAIN_INTENSITY_AVERAGE"\n'
    )
    done = bring(tmp_path, gzip.decompress(source.read_bytes()).decode(), column_map)
    assert done.read == 21_659
    assert done.used + sum(done.dropped.values()) == 21_659
    table = tmp_path / "study/phenotype/pain_nrs.tsv"
    scored = score_columns(instrument_named("pain_nrs"), read_sheet(table).columns, "phenotype/pain_nrs.tsv")
    assert scored.rows == scored.used + scored.empty + scored.repeated + scored.refused == done.used
    values = sorted(scored.columns[0].values)
    assert values[len(values) // 2] == 7  # the median that its authors print
