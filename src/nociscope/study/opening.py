"""Opening a study: the walk, the participants, the tables, put together into visits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nociscope import files
from nociscope.problems import BadInput, InputMissing, InvalidStudy, Problem
from nociscope.study.ignore import Pattern, parse_ignore
from nociscope.study.inheritance import Sidecars
from nociscope.study.people import FILE, read_people
from nociscope.study.phenotype import MAX_TABLE_BYTES, Gathered, gather_sessions, gather_tables
from nociscope.study.records import FileRecord, Participant, Study, Visit
from nociscope.study.walk import Folder, Tree, walk
from nociscope.tsv import MISSING

DESCRIPTION = "dataset_description.json"

_FIRST = ("screening", "base", "baseline", "bl", "pre", "before")


def open_study(root: Path | str) -> Study:
    """Open a BIDS study: walk it, read who takes part and all tables, and sort everything into visits.

    No data file and no JSON sidecar is read. Nothing is written.

    A row of a table without a session belongs to the participant's only session where there is exactly one, and
    otherwise to a visit of its own, ``n/a``. Visits stand in the order of ``sub-*_sessions.tsv`` (by ``acq_time``
    where all have one); without that table `n/a` comes first, then labels that say baseline (``base``, ``pre`` …),
    then the others with their numbers in order.

    Parameters
    ----------
    root : Path or str
        The study folder.

    Raises
    ------
    InputMissing
        There is no such folder.
    InvalidStudy
        ``dataset_description.json`` or ``participants.tsv`` is missing or cannot be used.
    """
    given = Path(root)
    try:
        if not given.is_dir():
            raise InputMissing(f"{given}: there is no such study folder.")
        root = given.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        raise InputMissing(f"{given}: there is no such study folder.") from None
    description = read_description(root)
    people = read_people(_text_of_people(root))
    patterns, problems = read_ignore(root)
    tree = walk(root, patterns)
    gathered = gather_tables(root, tree.tables, people.participants)
    for person, folder in tree.folders.items():
        if folder.sessions_table and person in people.participants:
            gather_sessions(gathered, root, folder.sessions_table, person)
    problems += [*people.problems, *tree.problems, *gathered.problems, *_strangers(tree, people.participants)]
    in_tables: dict[str, set[str]] = {}
    for person, session in gathered.rows:
        in_tables.setdefault(person, set()).add(session)
    visits = {
        person: _visits(root, participant, tree, gathered, in_tables.get(person, set()))
        for person, participant in people.participants.items()
    }
    if tree.ignored:
        problems.append(_ignored(tree.ignored))
    return Study(
        root=root,
        name=description["Name"],
        description=description,
        participants=dict(people.participants),
        visits=visits,
        problems=tuple(problems),
    )


def read_description(root: Path) -> dict[str, Any]:
    """Read and check ``dataset_description.json``.

    Raises
    ------
    InvalidStudy
        It is missing, links out of the study, is not a JSON object, or has no Name or BIDSVersion.
    """
    path = root / DESCRIPTION
    _inside(root, DESCRIPTION)
    try:
        content = files.read_json(path, DESCRIPTION)
    except BadInput as error:
        raise InvalidStudy(error.problems) from None
    if not isinstance(content, dict):
        raise InvalidStudy(
            Problem(what="is not a JSON object", remedy="write it as {…}", code="bad-json", file=DESCRIPTION)
        )
    for key in ("Name", "BIDSVersion"):
        value = content.get(key)
        if not isinstance(value, str) or not value.strip():
            raise InvalidStudy(
                Problem(
                    what=f"{key} is missing or no text",
                    remedy=f"add “{key}” as BIDS requires",
                    code="bad-description",
                    file=DESCRIPTION,
                )
            )
    return content


def _inside(root: Path, name: str) -> None:
    if (root / name).is_symlink() and not files.inside(root, root / name):
        raise InvalidStudy(
            Problem(
                what="the link leads out of the study, so it is not followed",
                remedy="put the file itself into the study",
                code="outside-study",
                file=name,
            )
        )


def _text_of_people(root: Path) -> str:
    _inside(root, FILE)
    try:
        return files.read_text(root / FILE, FILE, MAX_TABLE_BYTES)
    except BadInput as error:
        raise InvalidStudy(error.problems) from None


def read_ignore(root: Path) -> tuple[tuple[Pattern, ...], list[Problem]]:
    """Return the patterns of ``.bidsignore``, none where there is no such file, and what is wrong with it."""
    path = root / ".bidsignore"
    if not path.exists():
        return (), []
    try:
        if not files.inside(root, path):
            raise BadInput(
                Problem(
                    what="the link leads out of the study, so it is not followed",
                    remedy="put the file itself into the study",
                    code="outside-study",
                    file=".bidsignore",
                )
            )
        return parse_ignore(files.read_text(path, ".bidsignore", limit=2**20)), []
    except BadInput as error:
        return (), list(error.problems)


def _ignored(count: int) -> Problem:
    one = count == 1
    return Problem(
        what=f"{count} {'entry is' if one else 'entries are'} listed there and {'was' if one else 'were'} not read",
        remedy="take them off the list if they should be",
        code="ignored",
        severity="note",
        file=".bidsignore",
    )


def _strangers(tree: Tree, participants: Mapping[str, Participant]) -> list[Problem]:
    return [
        Problem(
            what="the folder belongs to nobody in participants.tsv, so it is not processed",
            remedy="add the participant there or remove the folder",
            code="unknown-participant",
            file=person,
            participant_id=person,
        )
        for person in tree.folders
        if person not in participants
    ]


def _visits(
    root: Path, participant: Participant, tree: Tree, gathered: Gathered, in_tables: set[str]
) -> tuple[Visit, ...]:
    person = participant.participant_id
    folder = tree.folders.get(person, Folder())
    with_files = {session for session, found in folder.files.items() if found}
    named = sorted((with_files | in_tables) - {MISSING})
    if len(named) == 1 and MISSING in in_tables and MISSING not in with_files:
        gathered.move(person, MISSING, named[0])
        in_tables = in_tables - {MISSING}
    sessions = _in_order(with_files | in_tables, gathered.session_order.get(person, []))
    shared = (*tree.sidecars, *folder.sidecars.get(MISSING, ()))
    return tuple(
        Visit(
            root=root,
            participant=participant,
            session_id=session,
            files=_by_path(folder.files.get(session, ())),
            sidecars=Sidecars(root, shared if session == MISSING else (*shared, *folder.sidecars.get(session, ()))),
            tables=gathered.tables(person, session),
        )
        for session in sessions or [MISSING]
    )


def _by_path(records: list[FileRecord] | tuple[()]) -> tuple[FileRecord, ...]:
    return tuple(sorted(records, key=lambda r: r.path))


def _in_order(sessions: set[str], listed: list[str]) -> list[str]:
    """Return sessions in the order of time, as far as it is known."""
    if len(sessions) < 2:
        return list(sessions)

    def key(session: str) -> tuple[Any, ...]:
        label = session.removeprefix("ses-").lower()
        place = listed.index(session) if session in listed else len(listed)
        return (session != MISSING, place, label not in _FIRST, _natural(label), session)

    return sorted(sessions, key=key)


def _natural(label: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key in which ``week2`` stands before ``week10``."""
    pieces: list[str] = []
    for c in label:
        if pieces and pieces[-1][-1].isdigit() == c.isdigit():
            pieces[-1] += c
        else:
            pieces.append(c)
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in pieces)
