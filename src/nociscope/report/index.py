"""The page of a whole study: who was tested by what, and where each report is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from nociscope.problems import Problem
from nociscope.report import page, wording
from nociscope.report.participant import visit_address
from nociscope.report.profile import pointed
from nociscope.results import VisitResult
from nociscope.tsv import MISSING

_FULL_ROWS = (4000, 1000, 200, 0)
"""How many visits get a full row; the others a link, so that a page of any study stays under its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """One visit on the study's page.

    Attributes
    ----------
    participant_id, session_id, group, sex : str
    age : float or None
        Years.
    statuses : mapping
        Assay name -> `done`, `partial`, `failed` or `absent`.
    titles : mapping
        Assay name -> name for people.
    readings, normal, loss, gain, abnormal, not_comparable, problems : int
    met : tuple of str
        Keys of the rules that are met.
    cannot_tell : int
        Rules of which it cannot be told.
    mechanisms : tuple of str
        Titles of the mechanisms that the tests point to.
    contradictions : int
        Mechanisms of which tests contradict each other.
    href : str
        The report, relative to the index.
    """

    participant_id: str
    session_id: str = MISSING
    group: str = ""
    age: float | None = None
    sex: str = ""
    statuses: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    readings: int = 0
    normal: int = 0
    loss: int = 0
    gain: int = 0
    abnormal: int = 0
    not_comparable: int = 0
    problems: int = 0
    met: tuple[str, ...] = ()
    cannot_tell: int = 0
    mechanisms: tuple[str, ...] = ()
    contradictions: int = 0
    href: str = ""


def index_entry(result: VisitResult) -> IndexEntry:
    """Return a visit's line of the study's page."""
    age = result.participant.get("age")
    calls = {call: sum(s.call == call for s in result.scores) for call in wording.CALLS}
    return IndexEntry(
        participant_id=result.participant_id,
        session_id=result.session_id,
        group=str(result.participant.get("group") or ""),
        age=age if isinstance(age, int | float) and not isinstance(age, bool) else None,
        sex=str(result.participant.get("sex") or ""),
        statuses={a.name: a.status for a in result.assays},
        titles={a.name: a.title for a in result.assays},
        readings=len(result.readings),
        problems=sum(len(a.problems) for a in result.assays),
        met=tuple(dict.fromkeys(f.rule for f in result.findings if f.verdict == "meets")),
        cannot_tell=sum(f.verdict == "cannot_tell" for f in result.findings),
        mechanisms=pointed(result.mechanisms),
        contradictions=sum(bool(m.flag) for m in result.mechanisms),
        href=visit_address(result.participant_id, result.session_id),
        **calls,
    )


def index_page(
    study_name: str,
    entries: Sequence[IndexEntry],
    *,
    problems: Sequence[Problem] = (),
    version: str = "",
    group_page: str = "",
) -> str:
    """Return the page of a study: one HTML file that loads nothing and stays under 2,000,000 bytes.

    Parameters
    ----------
    study_name : str
    entries : sequence of IndexEntry
        In the order in which they are shown.
    problems : sequence of Problem
        Those of the study as a whole; those of a visit stand in its report.
    version : str
        Of the program; the running one when empty.
    group_page : str
        Address of the report of the groups; empty for none.
    """
    if not version:
        from nociscope._version import __version__ as version
    content = _content(study_name, entries, problems, version) | {"group_page": _address(group_page)}
    for most in _FULL_ROWS:
        made = page.render(
            "index.html.j2", full=entries_shown(entries[:most]), brief=_brief(entries[most:]), **content
        )
        if page.size(made) < page.SIZE_TARGET:
            break
    return made


def entries_shown(entries: Sequence[IndexEntry]) -> tuple[dict[str, Any], ...]:
    """Return the rows of the table in words."""
    return tuple(
        {
            "who": wording.shown(e.participant_id, 260),
            "visit": "" if e.session_id == MISSING else wording.shown(e.session_id, 120),
            "href": _address(e.href),
            "group": wording.shown(e.group, 60) or "–",
            "age": "–" if wording.years(e.age) == wording.NOT_RECORDED else wording.years(e.age),
            "sex": "–" if wording.sex(e.sex) == wording.NOT_RECORDED else wording.sex(e.sex),
            "statuses": e.statuses,
            "met": tuple(wording.shown(rule, 60).replace("_", " ") for rule in e.met),
            "mechanisms": tuple(wording.shown(title, 80).lower() for title in e.mechanisms),
            "entry": e,
        }
        for e in entries
    )


def _brief(entries: Sequence[IndexEntry]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            wording.shown(e.participant_id if e.session_id == MISSING else f"{e.participant_id} {e.session_id}", 260),
            _address(e.href),
        )
        for e in entries
    )


def _address(href: str) -> str:
    """Return a relative address that cannot leave the output or name a scheme; empty when it would."""
    parts = href.split("/")
    if not href or href.startswith("/") or "" in parts or ".." in parts or "." in parts:
        return ""
    return quote(href, safe="/-_.~+")


def _content(
    study_name: str, entries: Sequence[IndexEntry], problems: Sequence[Problem], version: str
) -> dict[str, Any]:
    assays: dict[str, str] = {}
    for entry in entries:
        for name in entry.statuses:
            assays.setdefault(name, wording.shown(entry.titles.get(name, name), 80))
    assays = dict(list(assays.items())[:40])
    groups: dict[str, list[IndexEntry]] = {}
    for entry in entries:
        groups.setdefault(entry.group if entry.group not in ("", MISSING) else "group not recorded", []).append(entry)
    return {
        "version": wording.shown(version, 60),
        "study": wording.shown(study_name, 200) or "Study without a name",
        "assays": tuple(assays.items()),
        "groups": tuple(_group_row(name, members, assays) for name, members in sorted(groups.items())[:30]),
        "people": wording.counted(len({e.participant_id for e in entries}), "participant"),
        "visits": wording.counted(len(entries), "visit"),
        "has_sessions": any(e.session_id != MISSING for e in entries),
        "has_findings": any(e.met or e.cannot_tell or e.mechanisms for e in entries),
        "has_abnormal": any(e.abnormal for e in entries),
        "failed": sum("failed" in e.statuses.values() for e in entries),
        "problems": tuple(p.sentence() for p in problems[:40]),
        "problems_omitted": max(0, len(problems) - 40),
        "words": {"done": "done", "partial": "partial", "failed": "failed", "absent": "–"},
        "meanings": tuple((wording.STATUSES[k], k, v) for k, v in wording.STATUS_MEANINGS.items()),
    }


def _group_row(name: str, members: Sequence[IndexEntry], assays: Mapping[str, str]) -> dict[str, Any]:
    people = {e.participant_id: e for e in members}
    measured = ("done", "partial")
    return {
        "name": wording.shown(name, 60),
        "people": len(people),
        "female": sum(e.sex == "F" for e in people.values()),
        "male": sum(e.sex == "M" for e in people.values()),
        "visits": len(members),
        "measured": tuple(sum(e.statuses.get(a) in measured for e in members) for a in assays),
    }
