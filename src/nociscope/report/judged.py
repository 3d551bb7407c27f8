"""What rules say, and what changed over visits, in words for a page. Nothing is computed, only put into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nociscope.assays.declaration import Assay
from nociscope.change.model import Change, Course
from nociscope.report import page, wording
from nociscope.report.rows import title_of
from nociscope.rules.model import Finding
from nociscope.tables import MISSING

VERDICTS = {"meets": "meets", "does_not_meet": "does not meet", "cannot_tell": "cannot tell"}

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


def findings_words(findings: Sequence[Finding], most: int, text: int) -> tuple[FindingWords, ...]:
    """Return findings for the page, at most so many, with texts of at most so many characters."""
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
                decided_by=_listed(f.decided_by, text),
                missing=_listed(f.missing, text),
                inputs=_listed(f.inputs, text),
                accuracy=wording.tied(wording.shown(f.accuracy, 600)),
                source=wording.shown(citation, 400).rstrip("."),
                doi=wording.shown(doi, 200),
                address=page.doi_address(doi),
            )
        )
    return tuple(out)


def _listed(names: Sequence[str], text: int) -> str:
    return wording.tied(wording.shown("; ".join(names), max(200, min(text, 1200))))


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
