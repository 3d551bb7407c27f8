"""The output as a whole: the files that make it a BIDS derivative dataset, the group tables and the index page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nociscope import files
from nociscope._version import __version__
from nociscope.change.model import CHANGES, change_row
from nociscope.cohort.people import Person
from nociscope.cohort.study import Filled, group_tables
from nociscope.engine import manifest, store
from nociscope.problems import BadInput, CannotWrite, clean_text
from nociscope.results import COURSE, VisitResult
from nociscope.study.entities import BIDS_VERSION
from nociscope.study.records import Study
from nociscope.tables import FINDINGS, MECHANISMS, READINGS, SCORES
from nociscope.tsv import MISSING, Column, Table

GROUP_PAGE = "group/report.html"

BIDSIGNORE = """\
# Results for which BIDS has no name
/group
/index.html
*_report.html
*_readings.tsv
*_readings.json
*_scores.tsv
*_scores.json
*_findings.json
*_mechanisms.tsv
*_mechanisms.json
*_changes.tsv
*_changes.json
*_provenance.json
*_mask.png
figures
"""

README = """\
# Results of nociscope

This folder is a BIDS derivative dataset. Begin with `index.html`: it leads to one report for each participant.

- `sub-*/`: for each participant (and session) the measured values (`_readings.tsv`), their scores against published
  norms (`_scores.tsv`), what published rules say (`_findings.json`), which mechanisms the scores together point to
  (`_mechanisms.tsv`), with the last of several visits what changed (`_changes.tsv`), how they came about
  (`_provenance.json`), the figures, and the report (`_report.html`).
- `group/`: the same tables for all participants together, tables of the groups, and the report of the groups
  (`report.html`).
- `logs/`: what was wrong with the input (`problems.tsv`) and when what was run (`run.log`).

Each table has a data dictionary of the same name that ends in `.json`. A missing value is `n/a`.
For research use only; not a medical device.
"""

DESCRIPTIONS = Table(
    "descriptions",
    "What a desc label in a file name stands for",
    (
        Column("desc_id", "The entity in file names, desc-<label>", required=True, needed=True),
        Column("description", "What files with this label show"),
    ),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A visit that is recorded in the output."""

    participant_id: str
    session_id: str


def write_frame(study: Study, out: Path) -> None:
    """Write what every BIDS derivative dataset has: the same bytes whoever of the study is worked up."""
    description: dict[str, Any] = {
        "Name": f"Results of nociscope: {clean_text(study.name, 200)}",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "nociscope", "Version": __version__}],
    }
    doi = study.description.get("DatasetDOI")
    if isinstance(doi, str) and doi.strip():
        description["SourceDatasets"] = [{"DOI": clean_text(doi, 300)}]
    store.write(out, "dataset_description.json", files.to_json(description))
    store.write(out, ".bidsignore", BIDSIGNORE)
    store.write(out, "README.md", README)


def refuse_foreign(out: Path) -> None:
    """Refuse a folder that holds a dataset which is not ours: its description would be overwritten.

    Raises
    ------
    CannotWrite
        It does.
    """
    name = "dataset_description.json"
    if not (out / name).exists():
        return
    if not made_by_us(out, "derivative"):
        raise CannotWrite(f"{out}: this folder holds another dataset; name a new or empty folder for the results.")


def made_by_us(folder: Path, kind: str) -> bool:
    """Tell whether a folder is a dataset of this kind (`raw`, `derivative`) that nociscope wrote."""
    name = "dataset_description.json"
    try:
        description = files.read_json(folder / name, name)
        makers = [entry.get("Name") for entry in description.get("GeneratedBy", [])]
        return "nociscope" in makers and description.get("DatasetType") == kind
    except (BadInput, AttributeError, TypeError):
        return False


def recorded(study: Study, out: Path) -> tuple[Place, ...]:
    """Return the visits of the study that have results, in the order of ``participants.tsv``."""
    places: list[Place] = []
    for person, visits in study.visits.items():
        known = manifest.read_manifest(person, out).visits
        places += [Place(person, v.session_id) for v in visits if v.session_id in known]
    return tuple(places)


def refuse_other_people(study: Study, out: Path) -> None:
    """Refuse an output whose people are all unknown to the study: it will be the results of another study.

    Raises
    ------
    CannotWrite
        It is.
    """
    there = manifest.recorded_participants(out)
    if there and not any(p in study.participants for p in there):
        raise CannotWrite(f"{out}: this folder holds the results of other people; name another one for this study.")


def remove_strangers(study: Study, out: Path) -> dict[str, bool]:
    """Remove the results of people who are no longer in the study.

    Returns
    -------
    dict
        Participant -> whether all of the results are gone; files that were altered since stay.
    """
    gone: dict[str, bool] = {}
    for person in manifest.recorded_participants(out):
        if person in study.participants:
            continue
        outputs = {n: d for v in manifest.read_manifest(person, out).visits.values() for n, d in v.outputs.items()}
        gone[person] = manifest.remove_outputs(out, outputs)
        manifest.remove_manifest(person, out)
    return gone


def write_group(study: Study, out: Path) -> Path:
    """Write the group tables and page, ``descriptions.tsv`` and the index from the participants' recorded results.

    Parameters
    ----------
    study : Study
        Who belongs to the study, and in which order.
    out : Path

    Returns
    -------
    Path
        The index page.

    Raises
    ------
    BadInput
        A recorded result is damaged.
    CannotWrite
        The disk is full or read-only.
    """
    places = recorded(study, out)
    for table, kind in ((READINGS, "readings"), (SCORES, "scores"), (MECHANISMS, "mechanisms")):
        _write_table(out, table, _joined(out, places, table, kind))
    results = [store.load(out, p.participant_id, p.session_id, figures=False) for p in places]
    _write_table(out, FINDINGS, FINDINGS.to_tsv(f.as_row() for r in results for f in r.findings))
    courses = [r.course for r in results if r.course is not None]
    _write_table(out, CHANGES, CHANGES.to_tsv(change_row(c) for course in courses for c in course.changes))
    filled = _group_tables(study, results)
    for f in filled:
        _write_table(out, f.table, f.table.to_tsv(f.rows))
    _write_descriptions(out, results)
    store.write(out, GROUP_PAGE, _group_page(study, results, filled))
    store.write(out, "index.html", _index(study, results))
    return out / "index.html"


def _write_table(out: Path, table: Table, text: str) -> None:
    """Write a table of the whole study with its data dictionary."""
    store.write(out, f"group/{table.name}.tsv", text)
    store.write(out, f"group/{table.name}.json", files.to_json(table.dictionary()))


def _group_tables(study: Study, results: Sequence[VisitResult]) -> tuple[Filled, ...]:
    from nociscope.assays.registry import assays
    from nociscope.evidence.register import load_register

    people = [
        Person(participant_id=p.participant_id, group=p.group or MISSING, age=p.age, sex=p.sex)
        for p in study.participants.values()
    ]
    return group_tables(people, results, {a.name: a for a in assays()}, load_register())


def _group_page(study: Study, results: Sequence[VisitResult], filled: Sequence[Filled]) -> str:
    """Return the page of the groups, drawn from their tables and from the mechanism profiles."""
    from nociscope.report.group import group_page

    tables = {f.table.name: f.rows for f in filled}
    tables[MECHANISMS.name] = [m.as_row() for r in results for m in r.mechanisms]
    return group_page(study.name, tables)


def _joined(out: Path, places: Iterable[Place], table: Table, kind: str) -> str:
    """Return the participants' tables as one."""
    header = "\t".join(table.names) + "\n"
    parts = [header]
    for place in places:
        name = store.names_of(place.participant_id, place.session_id)[kind]
        text = files.read_text(out / name, name)
        if not text.startswith(header):
            raise store.damaged(name)
        parts.append(text[len(header) :])
    return "".join(parts)


def _write_descriptions(out: Path, results: Sequence[VisitResult]) -> None:
    titles: dict[str, str] = {a.name: a.title for r in results for a in r.assays}
    if any(r.course is not None for r in results):
        titles[COURSE] = "change over the visits"
    rows = [{"desc_id": f"desc-{name}", "description": f"Figures of {title}"} for name, title in titles.items()]
    store.write(out, "descriptions.tsv", DESCRIPTIONS.to_tsv(rows))
    store.write(out, "descriptions.json", files.to_json(DESCRIPTIONS.dictionary()))


def _index(study: Study, results: Sequence[VisitResult]) -> str:
    from nociscope.report.index import index_entry, index_page

    of_study = [p for p in study.problems if p.participant_id not in study.participants]
    return index_page(study.name, [index_entry(r) for r in results], problems=of_study, group_page=GROUP_PAGE)
