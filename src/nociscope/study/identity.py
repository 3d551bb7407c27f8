"""Which columns and JSON keys say who a person is; they are dropped where they are read and reach no output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WHOSE = ("", "patient", "patients", "subject", "participant", "person", "proband", "volunteer")

_ABOUT = """
name fullname firstname lastname surname familyname givenname middlename maidenname forename initials nickname
birthdate dateofbirth dob birthday birthname dateofdeath address homeaddress streetaddress street postcode
postalcode zip zipcode phone phonenumber telephone telephonenumber telephonenumbers mobile mobilenumber
mobilephone cellphone fax faxnumber email emailaddress mail
"""
"""Also with one of the words above before them: ``PatientName``."""

_NUMBERS = """
id mrn medicalrecordnumber medicalrecord recordnumber recordid recordno hospitalid hospitalnumber hospitalno
casenumber caseid chartnumber accessionnumber nhsnumber nhs ssn socialsecuritynumber
socialsecurity insurancenumber insuranceid nationalid nationalnumber passport passportnumber driverslicense
drivinglicence licenceplate licenseplate taxid fiscalcode bankaccount iban patientid patientnumber patientno
otherpatientids otherpatientnames issuerofpatientid patientsid username ipaddress url homepage photo
facephoto contact contactdetails nextofkin guardian
"""

_ELSEWHERE = """
vorname nachname familienname geburtsdatum geburtstag adresse anschrift telefon telefonnummer patientennummer
nom prenom nomdefamille datedenaissance telephonefixe nss numerodesecuritesociale
nome cognome datadinascita indirizzo telefono codicefiscale
nombre apellido apellidos fechadenacimiento fechanacimiento direccion dni correoelectronico
voornaam achternaam geboortedatum adres telefoonnummer bsn personnummer cpr cprnummer
"""

_IDENTIFYING = frozenset({who + key for who in _WHOSE for key in _ABOUT.split()}) | frozenset(
    (_NUMBERS + _ELSEWHERE).split()
)


def identifies(key: str) -> bool:
    """Tell whether a column name or JSON key names a person: ``surname``, ``MRN``, ``Date of birth``.

    Names are compared without case, spaces and punctuation, and whole: ``drug_name``, ``TaskName`` and
    ``InstitutionAddress`` name no person.
    """
    return "".join(c for c in key.lower() if c.isalnum()) in _IDENTIFYING


def without_identity(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON content without identifying keys, at any depth."""
    return {key: _clean(value) for key, value in content.items() if not identifies(key)}


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_identity(value)
    if isinstance(value, list):
        return [_clean(v) for v in value]
    return value
