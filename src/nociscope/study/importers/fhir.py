"""FHIR R4 and R5: JSON bundles and NDJSON into laboratory values, questionnaires, treatments and participants.

JSON only. Taken are Patient, Observation, QuestionnaireResponse and MedicationAdministration; of a patient only age
and sex. Models of a library are not used: servers send what they like, and what is not understood is counted, not
refused.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from nociscope import files
from nociscope.problems import BadInput, InputMissing, Problem, clean_text
from nociscope.study.importers.study_tables import Labels, StudyTables, forms
from nociscope.study.importers.summary import Imported, limited
from nociscope.tsv import MISSING, Table, format_number

ANALYTES = {"76039-7": "sil2r"}
"""LOINC -> analyte: the soluble interleukin-2 receptor, as two laboratory catalogues code it."""

_HEIGHT, _WEIGHT = "8302-2", "29463-7"
AGE_CAP = 89

Resource = Mapping[str, Any]


def resources_of(path: Path) -> Iterator[Resource]:
    """Yield the resources of a JSON bundle, a single resource or an NDJSON file.

    Raises
    ------
    BadInput
        The file is no JSON; an NDJSON line that is none is named by row.
    """
    if path.suffix.lower() in (".ndjson", ".jsonl"):
        for number, line in enumerate(files.read_text(path, path.name).split("\n"), start=1):
            if line.strip():
                yield from _inside(_parsed(line, path.name, number))
        return
    yield from _inside(files.read_json(path, path.name))


def _parsed(line: str, name: str, number: int) -> Any:
    if len(line) > files.MAX_JSON_BYTES:
        raise BadInput(
            Problem(what="the line is too long", remedy="split it", code="bad-json", file=name, row=number)
        )
    try:
        return json.loads(line, parse_constant=lambda c: None)
    except (ValueError, RecursionError):
        what = "is no JSON resource"
        raise BadInput(Problem(what=what, remedy="export it again", code="bad-json", file=name, row=number)) from None


def _inside(content: Any) -> Iterator[Resource]:
    if not isinstance(content, Mapping):
        return
    if content.get("resourceType") == "Bundle":
        for entry in _list(content, "entry"):
            resource = entry.get("resource") if isinstance(entry, Mapping) else None
            yield from _inside(resource)
    else:
        yield content


def _list(resource: Any, key: str) -> list[Any]:
    found = resource.get(key) if isinstance(resource, Mapping) else None
    return found if isinstance(found, list) else []


def _map(resource: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        resource = resource.get(key) if isinstance(resource, Mapping) else None
    return resource if isinstance(resource, Mapping) else {}


def _text(resource: Any, key: str) -> str:
    found = resource.get(key) if isinstance(resource, Mapping) else None
    return found if isinstance(found, str) else ""


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 else None


def _day(text: str) -> str:
    found = re.match(r"\d{4}-\d{2}-\d{2}", text)
    return found.group() if found else ""


@dataclass(slots=True)
class _Work:
    """What is gathered of each person before visits are known."""

    labels: Labels
    births: dict[str, str] = field(default_factory=dict)
    about: dict[str, dict[str, str]] = field(default_factory=dict)
    days: dict[str, set[str]] = field(default_factory=dict)
    rows: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)
    treatments: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    used: int = 0


def import_fhir(source: Path, study: Path, *, keep_ids: bool = False, dry_run: bool = False) -> Imported:
    """Bring FHIR resources into a study.

    Parameters
    ----------
    source : Path
        A file (``.json``, ``.ndjson``) or a folder of them.
    study : Path
        Made when it does not exist.
    keep_ids : bool
        Use the server's patient ids as labels; without it people are numbered in the order in which they are met.
    dry_run : bool

    Raises
    ------
    InputMissing
        There is no such file or folder.
    BadInput
        A file is no FHIR JSON, or nothing in it can be used.
    CannotWrite
        The study cannot be written.

    Notes
    -----
    Each day of observations and answers is a session of its own, ``ses-1``, ``ses-2``, … for each person, unless
    nobody has more than one. A laboratory value without unit is refused. Ages above 89 are written as 89.
    """
    if not source.exists():
        raise InputMissing(f"{source}: there is no such file or folder.")
    paths = (
        sorted(p for p in source.rglob("*") if p.suffix.lower() in (".json", ".ndjson", ".jsonl"))
        if source.is_dir()
        else [source]
    )
    work = _Work(Labels(renumber=not keep_ids))
    read = 0
    for path in paths:
        for resource in resources_of(path):
            read += 1
            why = _take(work, resource, path.name)
            if why:
                work.dropped[why] += 1
            else:
                work.used += 1
    if not work.used:
        why = ", ".join(list(work.dropped)[:4]) or "there are none"
        raise BadInput(
            Problem(
                what=f"none of its {read} resources can be used ({why})",
                remedy="give a bundle with Patient, Observation, QuestionnaireResponse or MedicationAdministration",
                code="no-resource",
                file=source.name,
            )
        )
    tables = StudyTables(study)
    _fill(tables, work)
    written = {} if dry_run else tables.write(study.resolve().name)
    converted = ["dates of birth to ages in years, visits' days to sessions"] if work.births else []
    if not keep_ids:
        converted.append(f"{len(work.labels.given)} patient ids to numbers of their own, kept nowhere")
    return Imported(
        kind="fhir",
        source=source.name,
        read=read,
        used=work.used,
        dropped=dict(work.dropped),
        converted=tuple(converted),
        people=len(tables.people),
        written=written,
        planned=tables.planned(),
        problems=tuple(limited([*work.problems, *tables.problems])),
    )


def _take(work: _Work, resource: Resource, file: str) -> str:
    """Put a resource where it belongs; return why not."""
    kind = _text(resource, "resourceType")
    takers = {
        "Patient": _patient,
        "Observation": _observation,
        "QuestionnaireResponse": _answers,
        "MedicationAdministration": _treatment,
    }
    if kind not in takers:
        return f"{clean_text(kind, 40) or 'resources without a type'} is not taken"
    if kind != "Patient" and _text(resource, "status") in ("entered-in-error", "cancelled", "not-done"):
        return "status entered-in-error, cancelled or not-done"
    return takers[kind](work, resource, file)


def _person(work: _Work, resource: Resource) -> str:
    reference = _text(_map(resource, "subject"), "reference")
    identifier = reference.rsplit("/", 1)[-1].removeprefix("urn:uuid:")
    if not identifier:
        return ""
    return work.labels.person(identifier)[0]


def _patient(work: _Work, resource: Resource, file: str) -> str:
    person, why = work.labels.person(_text(resource, "id"))
    if why:
        return why
    sex = {"female": "F", "male": "M", "other": "O"}.get(_text(resource, "gender"), "")
    work.about.setdefault(person, {}).update({"sex": sex} if sex else {})
    work.births[person] = _text(resource, "birthDate")
    return ""


def _codes(concept: Mapping[str, Any]) -> tuple[list[str], str]:
    """Return the codes of a concept and a name for it."""
    codings = [c for c in _list(concept, "coding") if isinstance(c, Mapping)]
    names = [_text(concept, "text"), *(_text(c, "display") for c in codings), *(_text(c, "code") for c in codings)]
    return [_text(c, "code") for c in codings], next((n for n in names if n), "")


def slug(name: str) -> str:
    """Return a name as a key of lower-case letters, digits and ``_``."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:60]


def _observation(work: _Work, resource: Resource, file: str) -> str:
    person = _person(work, resource)
    if not person:
        return "names no patient"
    codes, _ = _codes(_map(resource, "code"))
    quantity = _map(resource, "valueQuantity")
    if _HEIGHT in codes or _WEIGHT in codes:
        return _size(work, person, "height_cm" if _HEIGHT in codes else "weight_kg", quantity)
    categories = (
        {c for entry in _list(resource, "category") for c in _codes(entry)[0]}
        if _list(resource, "category")
        else set()
    )
    if categories and "laboratory" not in categories:
        return "not a laboratory observation"
    day = _day(_text(resource, "effectiveDateTime") or _text(_map(resource, "effectivePeriod"), "start"))
    parts = [resource, *(c for c in _list(resource, "component") if isinstance(c, Mapping))]
    rows = [row for part in parts if (row := _lab_row(work, part, person, file)) is not None]
    if not rows:
        return "no number with a unit"
    for row in rows:
        work.rows.append(("labs", person, day, row))
    work.days.setdefault(person, set()).add(day)
    return ""


def _size(work: _Work, person: str, column: str, quantity: Mapping[str, Any]) -> str:
    from nociscope.units import convert

    value, unit = _number(quantity.get("value")), _text(quantity, "code") or _text(quantity, "unit")
    try:
        if value is None or not unit:
            return "no number with a unit"
        wanted = "cm" if column == "height_cm" else "kg"
        number = convert(value, {"[in_i]": "inch", "[lb_av]": "pound"}.get(unit, unit), wanted)
    except ValueError:
        return "no number with a unit"
    work.about.setdefault(person, {}).setdefault(column, format_number(round(number, 1)))
    return ""


def _lab_row(work: _Work, part: Resource, person: str, file: str) -> dict[str, str] | None:
    """Return a laboratory value; None without a number or unit."""
    quantity = _map(part, "valueQuantity")
    value = _number(quantity.get("value"))
    if value is None:
        return None
    codes, name = _codes(_map(part, "code"))
    analyte = next((ANALYTES[c] for c in codes if c in ANALYTES), "") or slug(name)
    unit = _text(quantity, "code") or _text(quantity, "unit")
    problem = ""
    if not analyte:
        problem = "a value without a name is not used"
    elif not unit:
        problem = f"{analyte} has no unit, so it is not used"
    elif _text(quantity, "comparator"):
        problem = f"{analyte} is given as {_text(quantity, 'comparator')} a limit, so it is not used"
    if problem:
        work.problems.append(
            Problem(
                what=problem, remedy="correct it at the source", code="lab-refused", file=file, participant_id=person
            )
        )
        return None
    row = {"analyte": analyte, "value": format_number(value), "unit": unit}
    for bound in _list(part, "referenceRange")[:1]:
        for key, column in (("low", "lower_limit"), ("high", "upper_limit")):
            limit = _map(bound, key)
            number = _number(limit.get("value"))
            own = _text(limit, "code") or _text(limit, "unit") or unit
            if number is not None and own == unit:
                row[column] = format_number(number)
    return row


def _answers(work: _Work, resource: Resource, file: str) -> str:
    person = _person(work, resource)
    if not person:
        return "names no patient"
    name = _text(resource, "questionnaire").split("|")[0].rstrip("/").rsplit("/", 1)[-1]
    key = slug(name).replace("_", "")
    form = next((t for t in forms() if t.name.replace("_", "") == key), None)
    if form is None:
        return f"no instrument is called {clean_text(name, 40) or 'so (no questionnaire is named)'}"
    row: dict[str, str] = {}
    for link, answer in _flat(resource, 0):
        item = _item_of(link, form)
        value = _answer(answer)
        if item and value:
            row[item] = value
    if not row:
        return "no answer to a known item"
    day = _day(_text(resource, "authored"))
    work.rows.append((form.name, person, day, row))
    work.days.setdefault(person, set()).add(day)
    return ""


def _flat(resource: Any, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if depth > 20:
        return
    for item in _list(resource, "item"):
        for answer in _list(item, "answer"):
            if isinstance(answer, Mapping):
                yield _text(item, "linkId"), answer
                yield from _flat(answer, depth + 1)
        yield from _flat(item, depth + 1)


def _item_of(link: str, form: Table) -> str:
    """Return the item that a linkId means: ``q3``, ``3``, ``/3``, ``isi.3`` or ``isi_q3``; empty for none."""
    last = re.split(r"[/.#]", link.strip().strip("/"))[-1].lower().removeprefix(f"{form.name}_").replace("-", "_")
    for name in (last, f"q{last}"):
        if name in form.names and name not in form.key:
            return name
    return ""


def _answer(answer: Mapping[str, Any]) -> str:
    for key in ("valueInteger", "valueDecimal"):
        number = _number(answer.get(key))
        if number is not None:
            return format_number(number)
    if isinstance(answer.get("valueBoolean"), bool):
        return "1" if answer["valueBoolean"] else "0"
    if _text(answer, "valueTime"):
        return _text(answer, "valueTime")[:5]
    coding = _map(answer, "valueCoding")
    ordinal = [_number(e.get("valueDecimal")) for e in _list(coding, "extension") if isinstance(e, Mapping)]
    worth = next((o for o in ordinal if o is not None), None)
    if worth is not None:
        return format_number(worth)
    code = _text(coding, "code")
    if re.fullmatch(r"-?\d{1,4}(\.\d+)?|yes|no", code):
        return code
    quantity = _number(_map(answer, "valueQuantity").get("value"))
    return "" if quantity is None else format_number(quantity)


def _treatment(work: _Work, resource: Resource, file: str) -> str:
    person = _person(work, resource)
    if not person:
        return "names no patient"
    concept = _map(resource, "medicationCodeableConcept") or _map(resource, "medication", "concept")
    drug = _codes(concept)[1]
    if not drug:
        return "names no medication"
    row = {"drug": clean_text(drug, 100)}
    dose = _map(resource, "dosage", "dose")
    value, unit = _number(dose.get("value")), _text(dose, "code") or _text(dose, "unit")
    if value is not None and unit:
        row |= {"dose": format_number(value), "unit": unit}
    moment = _day(_text(resource, "effectiveDateTime") or _text(resource, "occurenceDateTime"))
    period = _map(resource, "effectivePeriod") or _map(resource, "occurencePeriod")
    start, stop = _day(_text(period, "start")) or moment, _day(_text(period, "end")) or moment
    row |= {k: v for k, v in (("start", start), ("stop", stop)) if v}
    work.treatments.append((person, start, row))
    return ""


def _fill(tables: StudyTables, work: _Work) -> None:
    several = any(len(days) > 1 for days in work.days.values())
    sessions = {p: {d: f"ses-{n}" for n, d in enumerate(sorted(days), start=1)} for p, days in work.days.items()}
    for person in dict.fromkeys([*work.about, *work.days, *(t[0] for t in work.treatments)]):
        cells = dict(work.about.get(person, {}))
        age = _age(work.births.get(person, ""), min((d for d in work.days.get(person, ()) if d), default=""))
        tables.person(person, {"age": age, **cells} if age else cells)
    for table, person, day, row in work.rows:
        session = sessions[person][day] if several else MISSING
        tables.add(table, {"participant_id": person, "session_id": session, **row})
    for person, start, row in work.treatments:
        session = _last_before(sessions.get(person, {}), start) if several else MISSING
        tables.add("treatments", {"participant_id": person, "session_id": session, **row})


def _last_before(sessions: Mapping[str, str], day: str) -> str:
    """Return the last visit that is not after a day, else the first."""
    if not sessions:
        return MISSING
    earlier = [s for d, s in sorted(sessions.items()) if d <= day]
    return earlier[-1] if earlier and day else sessions[min(sessions)]


def _age(birth: str, day: str) -> str:
    """Return the age in whole years at a day; empty when either is unknown."""
    if not re.match(r"\d{4}", birth) or not day:
        return ""
    try:
        born = date.fromisoformat(birth) if len(birth) == 10 else date(int(birth[:4]), 7, 1)
        seen = date.fromisoformat(day)
    except ValueError:
        return ""
    years = seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))
    return str(min(years, AGE_CAP)) if 0 <= years < 130 else ""
