import pytest

from nociscope.study.identity import identifies, without_identity


@pytest.mark.parametrize(
    "key",
    ["name", "Surname", "first_name", "PatientName", "patient name", "date of birth", "DOB", "MRN",
     "record_number", "e-mail", "Phone", "home address", "PatientID", "PatientBirthDate", "Geburtsdatum", "cognome",
     "id", "zip_code"],
)  # fmt: skip
def test_what_identifies(key):
    assert identifies(key)


@pytest.mark.parametrize(
    "key",
    ["participant_id", "session_id", "age", "TaskName", "drug_name", "InstitutionName", "InstitutionAddress",
     "device", "ManufacturersModelName", "site", "PixelSize", "nerve", "sample_id", "group", "height_cm", "fatigue"],
)  # fmt: skip
def test_what_does_not(key):
    assert not identifies(key)


def test_nested_content_is_cleaned():
    assert without_identity({"a": [{"PatientName": "x", "b": 1}], "dob": "2000"}) == {"a": [{"b": 1}]}
