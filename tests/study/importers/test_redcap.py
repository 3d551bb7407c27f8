import pytest

from nociscope.problems import BadInput
from nociscope.study import open_study
from nociscope.study.importers.redcap import choices_of, import_redcap, plain
from tests.study.importers.test_table import rows

HEADER = (
    'Variable / Field Name,Form Name,Section Header,Field Type,Field Label,"Choices, Calculations, OR Slider Labels",'
    "Field Note,Text Validation Type OR Show Slider Number,Text Validation Min,Text Validation Max,Identifier?,"
    "Branching Logic (Show field only if...),Required Field?,Custom Alignment,Question Number (surveys only),"
    "Matrix Group Name,Matrix Ranking?,Field Annotation\n"
)


def line(name, form="base", kind="text", label="Label", choices="", validation="", identifier=""):
    cells = [name, form, "", kind, label, choices, "", validation, "", "", identifier, "", "", "", "", "", "", ""]
    return ",".join('"' + c.replace('"', '""') + '"' for c in cells) + "\n"


DICTIONARY = HEADER + "".join(
    [
        line("record_id"),
        line("surname", identifier="y"),
        line("phone", validation="phone"),
        line("dob", validation="date_ymd", identifier="y"),
        line("visit_date", validation="date_ymd"),
        line("age", validation="integer"),
        line("sex", kind="radio", choices="1, Female | 2, Male"),
        line("remarks", kind="notes"),
        line("nickname_free"),
        line("sleep_hours"),
        *(
            line(
                f"isi_{n}",
                "isi_form",
                "radio",
                '<div class="rich-text-field-label"><p>Item</p></div>',
                "0, none|4, all",
            )
            for n in range(1, 8)
        ),
        line("pain_where", "pain", "checkbox", "Where?", "1, Head | 2, Arm | -9, Elsewhere"),
        line("qst", "qst", "radio", "Done?", "1, yes|0, no"),
        line("scan", "pain", "file"),
    ]
)
ISI = ",".join(f"isi_{n}" for n in range(1, 8))
RECORDS = (
    "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,redcap_data_access_group,surname,phone,dob,"
    f"visit_date,age,sex,remarks,nickname_free,sleep_hours,{ISI},pain_where___1,pain_where___2,pain_where____9,qst,scan,"
    "isi_form_complete,stray\n"
    "7,baseline_arm_1,,,site_a,Doe,+4912345,1980-01-01,2026-01-02,45,1,call Ms Doe,Janie,6.5,1,2,3,4,0,1,2,1,0,1,1,"
    "s.pdf,2,x\n"
    "7,week_12_arm_1,,,site_a,,,,2026-04-02,,,,,7,0,0,0,0,0,0,0,0,0,0,,,2,\n"
    "7,week_12_arm_1,isi_form,2,site_a,,,,,,,,,,1,1,1,1,1,1,1,,,,,,2,\n"
    "8,baseline_arm_2,,,site_b,Roe,,,,51,2,,,8,,,,,,,,,,,,,0,\n"
)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "dictionary.csv").write_text(DICTIONARY)
    (tmp_path / "records.csv").write_text(RECORDS)
    return tmp_path


def bring(project, **options):
    return import_redcap(project / "records.csv", project / "study", dictionary=project / "dictionary.csv", **options)


def test_a_project_becomes_a_study_without_what_identifies(project):
    done = bring(project)
    study = project / "study"
    assert rows(study, "participants") == [
        {"participant_id": "sub-7", "age": "45", "sex": "F"},
        {"participant_id": "sub-8", "age": "51", "sex": "M"},
    ]
    assert [r["session_id"] for r in rows(study, "isi")] == ["ses-baseline", "ses-week12", "ses-week12r2"]
    assert rows(study, "isi")[0]["q4"] == "4"
    assert rows(study, "pain")[0] == {
        "participant_id": "sub-7", "session_id": "ses-baseline", "pain_where___1": "1", "pain_where___2": "0",
        "pain_where____9": "1",
    }  # fmt: skip
    assert rows(study, "base")[0]["sleep_hours"] == "6.5"
    assert (study / "phenotype/redcap_qst.tsv").exists()  # a form called like a table of ours is not mistaken for it
    every = "".join(p.read_text() for p in study.rglob("*") if p.is_file())
    for secret in ("Doe", "Roe", "Janie", "4912345", "1980", "2026", "s.pdf", "site_a"):
        assert secret not in every
    why = {column: reason for reason, columns in done.columns_dropped.items() for column in columns}
    assert why["surname"] == why["dob"] == "marked Identifier in the dictionary"
    assert why["phone"] == "names a person"
    assert why["visit_date"].startswith("dates")
    assert why["remarks"].startswith("free text")
    assert why["nickname_free"].startswith("free text")
    assert why["stray"] == "not in the dictionary"
    assert why["scan"] == "files and signatures"
    assert (done.read, done.used, done.dropped) == (4, 4, {})
    opened = open_study(study)
    assert not [p for p in opened.problems if p.severity == "error"]


def test_an_identifying_record_number_is_numbered_anew(project):
    (project / "dictionary.csv").write_text(DICTIONARY.replace(line("record_id"), line("record_id", identifier="y")))
    done = bring(project)
    assert [r["participant_id"] for r in rows(project / "study", "participants")] == ["sub-00001", "sub-00002"]
    assert any("kept nowhere" in c for c in done.converted)


def test_text_and_dates_come_in_when_asked_for_but_never_identifiers(project):
    bring(project, keep_text=True, keep_dates=True)
    found = rows(project / "study", "base")[0]
    assert found["remarks"] == "call Ms Doe"
    assert found["visit_date"] == "2026-01-02"
    assert "surname" not in found
    assert "dob" not in found


def test_checkboxes_by_map_to_pain_areas(project):
    (project / "map.toml").write_text('[tables.fm_criteria]\njaw_left = "pain_where___1"\nneck = "pain_where___2"\n')
    bring(project, column_map=project / "map.toml")
    assert rows(project / "study", "fm_criteria")[0]["jaw_left"] == "1"


def test_choices_and_labels_are_plain_text():
    assert choices_of("1, Yup | 2, <b>Nope</b> | 3, Other, or not") == {"1": "Yup", "2": "Nope", "3": "Other, or not"}
    assert plain('<div onclick="x()">A &amp; <script>b</script></div>') == "A & b"


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", HEADER, "\x00"])
def test_what_is_no_dictionary_is_refused(project, text):
    (project / "dictionary.csv").write_text(text)
    with pytest.raises(BadInput, match=r"dictionary.csv"):
        bring(project)
    assert not (project / "study").exists()


def test_records_of_another_project_are_refused(project):
    (project / "records.csv").write_text("id,x\n1,2\n")
    with pytest.raises(BadInput, match="record identifier record_id"):
        bring(project)


def test_a_dictionary_of_thousands_of_variables(project):
    """Width; the time is taken by ``benchmarks/redcap_width.py``."""
    names = [f"v{n}" for n in range(3000)]
    text = (
        HEADER
        + line("record_id")
        + "".join(line(n, f"form{k // 100}", "radio", "L", "0, a|1, b") for k, n in enumerate(names))
    )
    (project / "dictionary.csv").write_text(text)
    (project / "records.csv").write_text(
        ",".join(["record_id", *names]) + "\n" + "\n".join("1,"[:0] + f"{r}" + ",1" * 3000 for r in range(5))
    )
    done = bring(project)
    assert done.used == 5
    assert len(done.planned) == 31
