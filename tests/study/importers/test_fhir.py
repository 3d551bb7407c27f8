import json

import pytest

from nociscope.problems import BadInput
from nociscope.study import open_study
from nociscope.study.importers.fhir import import_fhir
from tests.study.importers.test_table import rows


def patient(identifier, birth="1980-05-05", gender="female"):
    name = [{"family": "Doe", "given": ["Jane"]}]
    return {"resourceType": "Patient", "id": identifier, "birthDate": birth, "gender": gender, "name": name}


def lab(who, value, unit="U/mL", day="2026-01-10", code="76039-7", **more):
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": "Interleukin 2 receptor"}]},
        "subject": {"reference": f"Patient/{who}"},
        "effectiveDateTime": f"{day}T08:00:00Z",
        "valueQuantity": {"value": value, **({"unit": unit, "code": unit} if unit else {})},
        "referenceRange": [{"low": {"value": 137, "unit": "U/mL"}, "high": {"value": 838, "unit": "U/mL"}}],
        **more,
    }


def answers(who, day="2026-01-10"):
    item = [{"linkId": f"/isi/{n}", "answer": [{"valueInteger": 2}]} for n in range(1, 7)]
    item.append({"linkId": "group", "item": [{"linkId": "q7", "answer": [{"valueCoding": {"code": "3"}}]}]})
    return {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "questionnaire": "http://example.org/Questionnaire/ISI|1.0",
        "subject": {"reference": f"urn:uuid:{who}"},
        "authored": f"{day}T10:00:00Z",
        "item": item,
    }


IVIG = {
    "resourceType": "MedicationAdministration",
    "status": "completed",
    "medicationCodeableConcept": {"text": "IVIg"},
    "subject": {"reference": "Patient/a"},
    "effectivePeriod": {"start": "2026-02-01", "end": "2026-02-02"},
    "dosage": {"dose": {"value": 2, "unit": "g/kg"}},
}
IVIG_R5 = {
    "resourceType": "MedicationAdministration",
    "status": "completed",
    "medication": {"concept": {"text": "IVIg"}},
    "subject": {"reference": "Patient/a"},
    "occurenceDateTime": "2026-03-01T09:00:00Z",
}


def write(tmp_path, *resources):
    path = tmp_path / "bundle.json"
    entries = [{"resource": r} for r in resources]
    path.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    return path


def test_a_bundle_becomes_a_study_without_names_and_birth_dates(tmp_path):
    source = write(
        tmp_path,
        patient("a"),
        patient("b", "1930", "male"),
        lab("a", 650),
        answers("a"),
        lab("b", 300),
        IVIG,
        IVIG_R5,
    )
    done = import_fhir(source, tmp_path / "study")
    study = tmp_path / "study"
    assert rows(study, "participants") == [
        {"participant_id": "sub-00001", "age": "45", "sex": "F"},
        {"participant_id": "sub-00002", "age": "89", "sex": "M"},
    ]
    first = rows(study, "labs")[0]
    assert (first["analyte"], first["value"], first["unit"]) == ("sil2r", "650", "U/mL")
    assert (first["lower_limit"], first["upper_limit"]) == ("137", "838")
    assert rows(study, "isi")[0]["q7"] == "3"
    treatments = rows(study, "treatments")
    assert treatments[0]["dose"] == "2"
    assert (treatments[0]["start"], treatments[0]["stop"]) == ("2026-02-01", "2026-02-02")
    assert treatments[1]["drug"] == "IVIg"
    every = "".join(p.read_text() for p in study.rglob("*") if p.is_file())
    assert "Doe" not in every
    assert "1980" not in every
    assert (done.read, done.used) == (7, 7)
    open_study(study)


def test_days_become_sessions(tmp_path):
    source = write(tmp_path, patient("a"), lab("a", 650), lab("a", 500, day="2026-06-01"), IVIG)
    import_fhir(source, tmp_path / "study", keep_ids=True)
    assert [(r["session_id"], r["value"]) for r in rows(tmp_path / "study", "labs")] == [
        ("ses-1", "650"),
        ("ses-2", "500"),
    ]
    assert rows(tmp_path / "study", "treatments")[0]["session_id"] == "ses-1"


def test_what_is_not_taken_is_counted_by_reason(tmp_path):
    odd = lab("a", 1)
    del odd["subject"]
    source = write(
        tmp_path, patient("a"), lab("a", 650), lab("a", 600, unit=""), odd, {"resourceType": "Encounter"},
        lab("a", 5, status="entered-in-error"), lab("a", 5, category=[{"coding": [{"code": "vital-signs"}]}]),
        {**answers("a"), "questionnaire": "http://x/PHQ-9"},
    )  # fmt: skip
    done = import_fhir(source, tmp_path / "study")
    assert done.used == 2
    assert sum(done.dropped.values()) == 6
    assert done.dropped["no number with a unit"] == 1
    assert done.dropped["Encounter is not taken"] == 1
    assert any("has no unit" in p.what for p in done.problems)


def test_ndjson_and_folders(tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "Patient.ndjson").write_text(json.dumps(patient("a")) + "\n\n")
    (folder / "Observation.ndjson").write_text(json.dumps(lab("a", 650)) + "\n")
    assert import_fhir(folder, tmp_path / "study").used == 2


def test_a_height_in_inches_and_a_component(tmp_path):
    height = lab("a", 65, unit="[in_i]", code="8302-2")
    panel = lab("a", 1)
    del panel["valueQuantity"]
    panel["component"] = [
        {"code": {"text": "Hb A1c"}, "valueQuantity": {"value": 5.4, "unit": "%"}},
        {"code": {"text": "x"}, "valueQuantity": {"value": 5.4}},
    ]
    import_fhir(write(tmp_path, patient("a"), height, panel), tmp_path / "study")
    assert rows(tmp_path / "study", "participants")[0]["height_cm"] == "165.1"
    assert [r["analyte"] for r in rows(tmp_path / "study", "labs")] == ["hb_a1c"]


@pytest.mark.parametrize(
    "text",
    ["", "[", "[]", "3", '{"resourceType": "Bundle", "entry": [3, {"resource": null}]}', "[" * 100_000, '{"a": NaN}',
     '{"resourceType": "Observation", "code": 3, "subject": "x", "valueQuantity": []}',
     '{"resourceType": "QuestionnaireResponse", "item": {"a": 1}, "subject": {"reference": 5}}',
     '{"resourceType": "Patient", "id": {"x": 1}}'],
)  # fmt: skip
@pytest.mark.parametrize("name", ["x.json", "x.ndjson"])
def test_hostile_json_is_refused_in_words(tmp_path, text, name):
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput) as error:
        import_fhir(tmp_path / name, tmp_path / "study")
    assert str(error.value).isprintable()
    assert not (tmp_path / "study").exists()


def test_hostile_text_in_resources_is_neutralised(tmp_path):
    nasty = lab("a", 1, code="")
    nasty["code"] = {"text": "=cmd|' /C calc'!A0\n<script>"}
    drug = {**IVIG, "medicationCodeableConcept": {"text": "=1+1\t\x1b[31m"}}
    import_fhir(write(tmp_path, patient("a"), nasty, drug), tmp_path / "study")
    assert rows(tmp_path / "study", "labs")[0]["analyte"] == "cmd_c_calc_a0_script"
    assert rows(tmp_path / "study", "treatments")[0]["drug"].startswith("'=1+1")
