"""What rules say, and what changed over visits, in words for a page. Nothing is computed, only put into words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nociscope.assays.declaration import Assay
from nociscope.change.model import Change, Course
from nociscope.report import page, wording
from nociscope.report.rows import title_of
from nociscope.rules.model import Finding
from nociscope.study.clinical import SIGNS
from nociscope.tsv import MISSING

VERDICTS = {"meets": "meets", "does_not_meet": "does not meet", "cannot_tell": "cannot tell"}

HEADINGS = {"meets": "Met", "does_not_meet": "Not met", "cannot_tell": "Cannot tell"}

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

_SHORT_NAMES = frozenset({"cdt", "wdt", "ienfd", "sdnn", "rmssd", "cnfl", "cnfd", "cnbd"})
"""Measures whose name is no word; others are shown by title when they have an underscore."""

_UNIT_WORDS = {"delta_degC": "°C", "degC": "°C", "uV": "µV", "mm2": "mm²"}

CHANGED = {
    "improved": "improved beyond measurement error",
    "worsened": "worsened beyond measurement error",
    "changed": "changed beyond measurement error",
    "within_error": "measurement error explains it",
    "no_limit": "measurement error not known",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingWords:
    """One finding in words; `verdict_kind` is the recorded verdict."""

    anchor: str
    title: str
    key: str
    verdict_kind: str
    verdict: str
    grade: str
    decided_by: str
    missing: str
    inputs: str
    accuracy: str
    source: str
    doi: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeWords:
    """One change in words."""

    title: str
    place: str
    first: str
    last: str
    change: str
    interval: str
    limit: str
    rci: str
    kind: str
    verdict: str
    placebo: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseWords:
    """A course in words; `omitted` counts changes that are left to the table."""

    sessions: str
    treatments: tuple[tuple[str, str], ...]
    changes: tuple[ChangeWords, ...]
    omitted: int
    trials: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingGroup:
    """Findings of one verdict: `kind` is the recorded verdict, `heading` its word."""

    kind: str
    heading: str
    findings: tuple[FindingWords, ...]


def grouped(findings: Sequence[FindingWords]) -> tuple[FindingGroup, ...]:
    """Return findings by verdict, those that are met first; within a verdict the order stays."""
    groups = ((kind, [f for f in findings if f.verdict_kind == kind]) for kind in VERDICTS)
    return tuple(
        FindingGroup(kind=kind, heading=HEADINGS[kind], findings=tuple(members))
        for kind, members in groups
        if members
    )


def findings_words(
    findings: Sequence[Finding], most: int, text: int, known: Mapping[str, Assay] | None = None
) -> tuple[FindingWords, ...]:
    """Return findings for the page, at most so many, with texts of at most so many characters."""
    names = _names(known or {})
    out: list[FindingWords] = []
    for number, f in enumerate(findings[:most], start=1):
        citation, _, doi = f.source.partition(" doi:")
        out.append(
            FindingWords(
                anchor=f"rule-{number}",
                title=wording.shown(f.title, 200),
                key=wording.shown(f.rule, 80),
                verdict_kind=f.verdict,
                verdict=VERDICTS[f.verdict],
                grade=wording.shown(f.grade, 60).replace("_", " "),
                decided_by=_listed(f.decided_by, text, names),
                missing=_listed(f.missing, text, names),
                inputs=_listed(f.inputs, text, names),
                accuracy=wording.tied(wording.shown(f.accuracy, 600)),
                source=wording.shown(citation, 400).rstrip("."),
                doi=wording.shown(doi, 200),
                address=page.doi_address(doi),
            )
        )
    return tuple(out)


def _names(known: Mapping[str, Assay]) -> dict[str, str]:
    """Return what a reader calls the measures that findings name; the rest is put into words by :func:`_plain`."""
    words = dict(_UNIT_WORDS)
    for assay in known.values():
        for m in assay.measures:
            if "_" in m.name or m.name in _SHORT_NAMES:
                words[m.name] = _within_sentence(m.title)
    return words


def _within_sentence(title: str) -> str:
    """Return a title without its capital, unless that is a name or an abbreviation."""
    named = title.startswith("Valsalva") or not title[1:2].islower()
    return title if named else title[0].lower() + title[1:]


def _plain(text: str, names: Mapping[str, str]) -> str:
    return _WORD.sub(lambda m: names.get(m.group(), m.group().replace("_", " ")), text)


def _listed(items: Sequence[str], text: int, names: Mapping[str, str]) -> str:
    """Return items as one text; signs are gathered into those there and those not there."""
    answers: dict[str, list[str]] = {"yes": [], "no": []}
    rest: list[str] = []
    for item in items:
        sign, _, answer = item.partition(": ")
        if sign in SIGNS and answer in answers:
            answers[answer].append(sign.removeprefix("neupsig_").replace("_", " "))
        else:
            rest.append(_plain(item, names))
    gathered = [f"{', '.join(answers['yes'])}: yes"] if answers["yes"] else []
    gathered += [f"{', '.join(answers['no'])}: no"] if answers["no"] else []
    return wording.tied(wording.shown("; ".join((*gathered, *rest)), max(200, min(text, 1200))))


def course_words(course: Course, known: Mapping[str, Assay], most: int) -> CourseWords:
    """Return a course for the page: what lies beyond its error limit, then what has one; the rest is left to
    the table.

    A change whose measurement error is not known is not shown: a reader would take it for one.
    """
    limited = [c for c in course.changes if c.verdict != "no_limit"]
    kept = sorted(limited, key=lambda c: c.verdict == "within_error")[:most]
    return CourseWords(
        sessions=wording.listed([wording.shown(s, 120) for s in course.sessions]),
        treatments=tuple((wording.shown(s, 120), wording.shown(t, 200)) for s, t in course.treatments[:most]),
        changes=tuple(_change(c, known.get(c.assay)) for c in kept),
        omitted=len(course.changes) - len(kept),
        trials=tuple(
            {
                "name": wording.shown(t.name, 80),
                "design": wording.shown(t.design, 300),
                "outcome": wording.shown(t.outcome, 200),
                "treated": wording.tied(wording.shown(t.treated, 200)),
                "placebo": wording.tied(wording.shown(t.placebo, 200)),
                "difference": wording.shown(t.difference, 200),
                "citation": wording.shown(t.citation, 300),
                "doi": wording.shown(t.doi, 200),
                "address": page.doi_address(t.doi),
            }
            for t in course.trials
        ),
    )


def _change(c: Change, declaration: Assay | None) -> ChangeWords:
    declared = declaration.measure_named(c.measure) if declaration else None
    decimals = declared.decimals if declared else None

    def words(value: float | None) -> str:
        return "" if value is None else wording.number(value, decimals)

    sign = "+" if c.change > 0 else ""
    return ChangeWords(
        title=title_of(c.measure, declaration),
        place=wording.place(c.site, c.side),
        first=f"{words(c.first)} ({_visit(c.first_session)})",
        last=f"{wording.with_unit(words(c.last), c.unit)} ({_visit(c.session_id)})",
        change=wording.with_unit(sign + words(c.change), c.unit),
        interval=wording.span(c.low, c.high, decimals),
        limit="" if c.limit is None else f"± {wording.with_unit(words(c.limit), c.unit)}",
        rci="" if c.rci is None else wording.number(c.rci, 2),
        kind=c.verdict,
        verdict=CHANGED[c.verdict],
        placebo=wording.tied(wording.shown(c.placebo, 400)),
        source=wording.shown(c.limit_source, 300),
    )


def _visit(session: str) -> str:
    return "no session" if session == MISSING else wording.shown(session, 60).removeprefix("ses-")
