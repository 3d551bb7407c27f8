"""Laser energies and pain ratings of the OpenNeuro LEP data sets, from their derivative EEGLAB files into events.tsv.

The raw ``events.tsv`` of these data sets (Zhao et al., Sci Data 2025, doi 10.1038/s41597-025-05900-1) hold neither
energy nor rating; the derivatives' epochs do, beside the number of the original event (``urevent``). An epoch goes
to the event with that number and code, never to the one with its place in the list: epochs were rejected, and one
lost would shift all.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nociscope import files
from nociscope.problems import BadInput, InputMissing, Problem, clean_text
from nociscope.study.importers.sheet import read_text
from nociscope.study.importers.summary import Imported, limited
from nociscope.tsv import MISSING, format_number, parse_number, split_tsv

RATING_TOP = 10.0
ENERGY_TOP = 50.0


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch of a derivative.

    `event` is the number of the original event, from 1; None when it is not told.
    """

    person: str
    event: int | None
    code: str
    energy_j: float | None
    rating: float | None


def import_lep_openneuro(source: Path, study: Path, *, dataset: str = "", dry_run: bool = False) -> Imported:
    """Write energies and ratings into the events of a study.

    Parameters
    ----------
    source : Path
        A folder that holds the derivatives' ``sub-*.set`` files, or a CSV with the columns ``subject type
        laser_power rating urevent`` (and ``dataset``).
    study : Path
        The raw data set; its ``*_events.tsv`` are completed.
    dataset : str
        Which data set of a CSV that holds several.
    dry_run : bool

    Raises
    ------
    InputMissing
        The source or the study does not exist.
    BadInput
        The source holds no epochs.
    """
    if not source.exists():
        raise InputMissing(f"{source}: there is no such file or folder.")
    if not study.is_dir():
        raise InputMissing(f"{study}: there is no such study folder.")
    problems: list[Problem] = []
    epochs = (
        _from_csv(source, dataset)
        if source.is_file() and source.suffix.lower() == ".csv"
        else _from_sets(source, problems)
    )
    if not epochs:
        remedy = "name the derivatives' folder"
        none = Problem(
            what="holds no epochs with energies or ratings", remedy=remedy, code="no-epochs", file=source.name
        )
        raise BadInput([none, *problems])
    by_person: dict[str, list[Epoch]] = {}
    for epoch in epochs:
        by_person.setdefault(epoch.person, []).append(epoch)
    dropped: Counter[str] = Counter()
    written: dict[str, int] = {}
    used = people = 0
    for person, own in sorted(by_person.items()):
        tables = sorted(p for p in study.glob(f"{person}/**/eeg/*_events.tsv") if files.inside(study, p))
        if len(tables) != 1:
            why = (
                "the study has no events of this participant"
                if not tables
                else "the participant has several recordings"
            )
            dropped[why] += len(own)
            continue
        name = tables[0].relative_to(study).as_posix()
        text, matched = _completed(tables[0], name, own, dropped, problems)
        used += matched
        if matched:
            people += 1
            written[name] = matched
            if not dry_run:
                files.write_atomic(tables[0], text)
    if not dry_run and written:
        _describe(study)
    return Imported(
        kind="lep-openneuro",
        source=source.name,
        read=len(epochs),
        used=used,
        dropped=dict(dropped),
        converted=("laser_power to energy_j (J), rating as given (0-10)",),
        people=people,
        written={} if dry_run else written,
        planned=written,
        problems=tuple(limited(problems)),
    )


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        return parse_number(str(value))
    except ValueError:
        return None


def _from_csv(source: Path, dataset: str) -> list[Epoch]:
    rows = list(csv.DictReader(io.StringIO(read_text(source), newline="")))
    needed = {"subject", "type", "laser_power", "rating"}
    if rows and not needed <= set(rows[0]):
        what = f"lacks the columns {', '.join(sorted(needed - set(rows[0])))}"
        raise BadInput(
            Problem(what=what, remedy="name the derivatives' folder", code="missing-column", file=source.name, row=1)
        )
    sets = sorted({r.get("dataset", "") for r in rows})
    if len(sets) > 1 and not dataset:
        what = f"holds several data sets ({', '.join(sets[:12])})"
        raise BadInput(
            Problem(what=what, remedy="name one with --dataset", code="several-datasets", file=source.name)
        )
    return [_epoch(r["subject"], r) for r in rows if not dataset or r.get("dataset", "") == dataset]


def _epoch(person: str, event: Mapping[str, Any]) -> Epoch:
    number = _number(event.get("urevent"))
    return Epoch(
        person if person.startswith("sub-") else f"sub-{person}",
        None if number is None else int(number),
        clean_text(event.get("type", ""), 60),
        _number(event.get("laser_power")),
        _number(event.get("rating")),
    )


def _from_sets(source: Path, problems: list[Problem]) -> list[Epoch]:
    from nociscope.matlab import load, records

    paths = sorted(source.rglob("*.set")) if source.is_dir() else [source]
    out: list[Epoch] = []
    for path in paths:
        match = re.search(r"sub-[A-Za-z0-9]+", path.name)
        if match is None:
            continue
        try:
            content = load(path, path.name)
        except BadInput as error:
            problems += error.problems
            continue
        head = content.get("EEG", content)
        if not isinstance(head, Mapping):
            continue
        out += [
            _epoch(match.group(), event)
            for event in records(head.get("event"))
            if "laser_power" in event or "rating" in event
        ]
    return out


def _completed(
    path: Path, name: str, epochs: Sequence[Epoch], dropped: Counter[str], problems: list[Problem]
) -> tuple[str, int]:
    """Return the events with energies and ratings, and how many epochs found their event."""
    header, rows, wrong = split_tsv(files.read_text(path, name), name)
    if wrong:
        problems += wrong
        dropped["the study's events cannot be read"] += len(epochs)
        return "", 0
    column = "trial_type" if "trial_type" in header and "value" not in header else "value"
    codes = [r.cells.get(column, "").strip() for r in rows]
    places = _places(epochs, codes)
    cells = [dict(r.cells) for r in rows]
    matched = 0
    for epoch, place in zip(epochs, places, strict=True):
        if place is None:
            dropped["no event of this number and code"] += 1
            continue
        rating = epoch.rating
        if rating is not None and not 0 <= rating <= RATING_TOP:
            problems.append(
                Problem(
                    what=f"the rating {format_number(rating)} lies outside 0-10, so it is missing",
                    code="rating-range", severity="warning", file=name, row=rows[place].row, column="rating",
                    participant_id=epoch.person,
                )
            )  # fmt: skip
            rating = None
        energy = epoch.energy_j if epoch.energy_j is not None and 0 < epoch.energy_j <= ENERGY_TOP else None
        for key, value in (("energy_j", energy), ("rating", rating)):
            if cells[place].get(key, MISSING) in ("", MISSING):
                cells[place][key] = MISSING if value is None else format_number(value)
        matched += 1
    columns = [*header, *(c for c in ("energy_j", "rating") if c not in header)]
    lines = ["\t".join(columns)] + ["\t".join(row.get(c, MISSING) for c in columns) for row in cells]
    return "\n".join(lines) + "\n", matched


def _places(epochs: Sequence[Epoch], codes: Sequence[str]) -> list[int | None]:
    """Return the event of each epoch, from 0.

    By its number where it is told and the code there is the same. Without numbers by order, and only where every
    event of the code has its epoch.
    """
    out: list[int | None] = []
    of_code: dict[str, list[int]] = {}
    for number, code in enumerate(codes):
        of_code.setdefault(code, []).append(number)
    unnumbered = Counter(e.code for e in epochs if e.event is None)
    taken: Counter[str] = Counter()
    used: set[int] = set()
    for epoch in epochs:
        place: int | None = None
        if epoch.event is not None:
            at = epoch.event - 1
            place = at if 0 <= at < len(codes) and codes[at] == epoch.code else None
        elif len(of_code.get(epoch.code, ())) == unnumbered[epoch.code]:
            place = of_code[epoch.code][taken[epoch.code]]
            taken[epoch.code] += 1
        if place in used:
            place = None
        if place is not None:
            used.add(place)
        out.append(place)
    return out


def _describe(study: Path) -> None:
    """Say what the new columns are, for all events of the study, where nothing says so yet."""
    entries = {
        "energy_j": {"Description": "Laser energy", "Units": "J"},
        "rating": {"Description": "Pain rating, 0 to 10"},
    }
    for path in sorted(study.glob("task-*_events.json")) or [study / "events.json"]:
        before = files.read_json(path, path.name) if path.exists() else {}
        if isinstance(before, dict) and not set(entries) <= set(before):
            files.write_atomic(
                path, files.to_json({**before, **{k: v for k, v in entries.items() if k not in before}})
            )
