"""The page of one participant at one visit."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nociscope.assays.declaration import Assay, Figure
from nociscope.problems import Problem
from nociscope.report import page, wording
from nociscope.report.judged import course_words, findings_words, grouped
from nociscope.report.printed import Printed, parted, printed
from nociscope.report.profile import profile_words
from nociscope.report.rows import NormLink, ReadingTable, joined, reading_table, title_of, value_words
from nociscope.report.svg import UnsafeDrawing, checked, named, natural_width
from nociscope.results import COURSE, AssayResult, NormUsed, VisitResult
from nociscope.tables import Reading
from nociscope.tsv import MISSING

_CSS_PIXELS_PER_POINT = 96 / 72
_WIDE = 1.15
"""A wide figure may be drawn this much larger than its natural size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much of each kind a page shows; the rest is counted, and stands in the tables beside the page."""

    readings: int
    problems: int
    entries: int
    text: int


_ROOMS = (
    Room(readings=400, problems=40, entries=200, text=6000),
    Room(readings=100, problems=15, entries=60, text=2500),
    Room(readings=25, problems=5, entries=20, text=800),
    Room(readings=5, problems=1, entries=3, text=200),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A figure of the page: `svg` is empty when it is left out, and `notice` says why.

    `caption` is printed; `more` of it describes the drawing, and stays on the screen.
    """

    anchor: str
    title: str
    caption: str
    more: str
    svg: str
    notice: str
    width: str
    wide: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One assay on the page."""

    anchor: str
    name: str
    title: str
    status: str
    readings: int
    calls: Mapping[str, int]
    unscored: int
    problems: tuple[tuple[str, str], ...]
    problems_omitted: int
    errors: int
    drawings: tuple[Drawing, ...]
    table: ReadingTable
    printed: Printed
    files: tuple[str, ...]
    settings: str
    literature: tuple[Literature, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Literature:
    """A sentence from the register of the literature: text, and (identifier, address) of its sources."""

    text: str
    sources: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """A reading outside the limits of a norm."""

    anchor: str
    assay: str
    title: str
    place: str
    value: str
    interval: str
    limits: str
    call: str
    call_words: str
    p_beyond: str
    norm: NormLink | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A norm in the list of sources."""

    anchor: str
    key: str
    title: str
    citation: str
    doi: str
    address: str
    population: str
    status: str
    unverified: bool
    local: bool
    sha: str


def participant_page(result: VisitResult, declarations: Mapping[str, Assay] | None = None) -> str:
    """Return the report of one visit: one HTML file that loads nothing and stays under 2,000,000 bytes.

    Parameters
    ----------
    result : VisitResult
    declarations : mapping, optional
        Assay name -> declaration, for the titles and decimals of measures; the registry's when not given.

    Returns
    -------
    str
        The same for the same result.
    """
    known = _registered(result) if declarations is None else declarations
    for room in _ROOMS:
        content = _content(result, known, room)
        bare = page.render("participant.html.j2", **content)
        if page.size(bare) < page.SIZE_TARGET:
            break
    course = () if content["course_section"] is None else (content["course_section"],)
    drawn = _with_drawings((*course, *content["sections"]), result, page.SIZE_TARGET - page.size(bare))
    content["course_section"] = drawn[0] if course else None
    content["sections"] = drawn[len(course) :]
    return page.render("participant.html.j2", **content)


def _registered(result: VisitResult) -> dict[str, Assay]:
    from nociscope.assays.registry import assay_named

    found: dict[str, Assay] = {}
    for name in {a.name for a in result.assays} | {r.assay for r in result.readings}:
        try:
            found[name] = assay_named(name)
        except KeyError:
            continue  # recorded by an assay that is not installed here: its measures keep their column names
    return found


def _content(result: VisitResult, known: Mapping[str, Assay], room: Room) -> dict[str, Any]:
    norms = sorted(result.norms, key=lambda n: n.status == "local")
    sources = _sources(norms)
    links = {
        n.key: NormLink(key=s.key, anchor=s.anchor, unverified=s.unverified, own=n.status == "local")
        for n, s in zip(norms, sources, strict=True)
    }
    anchors: dict[str, str] = {}
    sections: list[Section] = []
    for assay in _assays(result, known):
        anchors[assay.name] = _anchor("assay", assay.name, anchors.values())
        sections.append(_section(assay, anchors[assay.name], result, known, links, room))
    course_section = None
    if result.course is not None:
        of_course = AssayResult(name=COURSE, title="Change over the visits", status="done")
        course_section = _section(of_course, "course", result, known, links, room)
    visit = "" if result.session_id == MISSING else wording.shown(result.session_id, 120)
    return {
        "version": wording.shown(result.version, 60) or "of unknown version",
        "who": wording.shown(result.participant_id, 260),
        "visit": visit,
        "study": wording.shown(result.study_name, 200),
        "facts": _facts(result.participant),
        "others": _others(result),
        "sections": sections,
        "findings": grouped(findings_words(result.findings, room.entries, room.text, known)),
        "findings_omitted": max(0, len(result.findings) - room.entries),
        "profile": profile_words(result.mechanisms, room.entries, {a.name: a.title for a in result.assays}),
        "course": None if result.course is None else course_words(result.course, known, min(room.readings, 60)),
        "course_section": course_section,
        "table_problems": tuple((_WEIGHTS[p.severity], p.sentence()) for p in _weighed(result.problems))[
            : room.problems
        ],
        "beyond": _beyond(result, known, links, anchors)[: room.readings],
        "missing": _missing(result, sections),
        "totals": _totals(sections),
        "summary": _summary(sections, result),
        "statuses": wording.STATUSES,
        "sources": sources[: room.entries],
        "sources_own": sum(s.local for s in sources),
        "sources_omitted": max(0, len(sources) - room.entries),
        "references": _references(result, room),
        "methods": _methods(result, room),
        "trace": _trace(result, known, room),
        "tables": _tables(result),
    }


def _assays(result: VisitResult, known: Mapping[str, Assay]) -> tuple[AssayResult, ...]:
    """Return the assays as recorded, and one for every reading, score or figure whose assay is not among them."""
    names = {COURSE, *(a.name for a in result.assays)}
    others = [r.assay for r in result.readings] + [s.assay for s in result.scores] + [f.assay for f in result.figures]
    extra = [
        AssayResult(name=n, title=known[n].title if n in known else n, status="done")
        for n in dict.fromkeys(others)
        if n not in names
    ]
    return (*result.assays, *extra)


def _facts(participant: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    age = wording.years(participant.get("age"))
    facts = [
        ("Age", age if age == wording.NOT_RECORDED else f"{age} years"),
        ("Sex", wording.sex(participant.get("sex"))),
        ("Group", wording.known(participant.get("group"))),
    ]
    for key, title, unit in (("height_cm", "Height", "cm"), ("weight_kg", "Weight", "kg")):
        value = wording.size(participant.get(key))
        facts.append((title, value if value == wording.NOT_RECORDED else f"{value} {unit}"))
    return tuple(facts)


def visit_address(participant_id: str, session_id: str) -> str:
    """Return where a visit's page lies in the output: ``sub-01/ses-1/sub-01_ses-1_report.html``."""
    visit = VisitResult(participant_id=participant_id, session_id=session_id)
    return f"{visit.folder}/{visit.stem}_report.html"


def _plain_label(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9+-]+", text) is not None or text == MISSING


def _others(result: VisitResult) -> tuple[tuple[str, str], ...]:
    """Return the other visits and their addresses, seen from this page."""
    out: list[tuple[str, str]] = []
    for session in result.other_visits:
        address = ""
        if _plain_label(session) and _plain_label(result.participant_id) and _plain_label(result.session_id):
            address = posixpath.relpath(visit_address(result.participant_id, session), result.folder)
        out.append(("without a session" if session == MISSING else wording.shown(session, 120), address))
    return tuple(out)


def _tables(result: VisitResult) -> tuple[tuple[str, str], ...]:
    """Return the tables that lie beside the page."""
    if not (_plain_label(result.participant_id) and _plain_label(result.session_id)):
        return ()
    endings = ["readings.tsv", "scores.tsv", "findings.json", "mechanisms.tsv"] + (
        ["changes.tsv"] if result.course is not None else []
    )
    return tuple((f"{result.stem}_{ending}", f"{result.stem}_{ending}") for ending in endings)


def _anchor(prefix: str, key: str, taken: Iterable[str]) -> str:
    """Return an id for a key: the key itself where it can be one, and always one of its own."""
    base = f"{prefix}-{key}" if re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", key) else f"{prefix}-x"
    names, number, name = set(taken), 1, base
    while name in names:
        number += 1
        name = f"{base}-{number}"
    return name


def _sources(norms: Sequence[NormUsed]) -> tuple[Source, ...]:
    out: list[Source] = []
    for norm in norms:
        out.append(
            Source(
                anchor=_anchor("norm", norm.key, (s.anchor for s in out)),
                key=wording.shown(norm.key, 120),
                title=wording.shown(norm.title),
                citation=wording.shown(norm.citation),
                doi=wording.shown(norm.doi, 200),
                address=page.doi_address(norm.doi),
                population=wording.shown(norm.population),
                status="given beside the values"
                if norm.key == "laboratory_limits"
                else _NORM_STATUS.get(norm.status, wording.shown(norm.status, 60)),
                unverified=norm.status == "unverified",
                local=norm.status == "local",
                sha=wording.shown(norm.sha256, 64)[:12],
            )
        )
    return tuple(out)


_NORM_STATUS = {
    "read": "read in the cited source",
    "derived": "derived from the cited source",
    "unverified": "not verified in its source; used because the settings name it",
    "local": "estimated from this study's own controls",
}


def _section(
    assay: AssayResult,
    anchor: str,
    result: VisitResult,
    known: Mapping[str, Assay],
    links: Mapping[str, NormLink],
    room: Room,
) -> Section:
    readings = [r for r in result.readings if r.assay == assay.name]
    scores = [s for s in result.scores if s.assay == assay.name]
    figures = [f.figure for f in result.figures if f.assay == assay.name]
    calls = {call: sum(s.call == call for s in scores) for call in wording.CALLS}
    return Section(
        anchor=anchor,
        name=assay.name,
        title=wording.shown(assay.title, 120) or wording.shown(assay.name, 120),
        status=assay.status,
        readings=len(readings),
        calls=calls,
        unscored=sum(not its for reading, its in joined(readings, scores) if reading is not None),
        problems=tuple((_WEIGHTS[p.severity], p.sentence()) for p in _weighed(assay.problems)[: room.problems]),
        problems_omitted=max(0, len(assay.problems) - room.problems),
        errors=sum(p.severity == "error" for p in assay.problems),
        printed=printed(readings, scores, known.get(assay.name)),
        drawings=_drawings(figures, anchor)[: room.entries],
        table=reading_table(readings, scores, known.get(assay.name), links, room.readings),
        files=tuple(wording.shown(f, 300) for f in sorted(assay.inputs))[: room.entries],
        settings=_settings(assay.settings, room),
        literature=_literature(assay, room),
    )


def _drawings(figures: Sequence[Figure], anchor: str) -> tuple[Drawing, ...]:
    """Return the figures of a test, their drawings not yet put in."""
    out: list[Drawing] = []
    for number, figure in enumerate(figures, start=1):
        caption, more = parted(wording.tied(wording.shown(figure.caption, 1500)))
        out.append(
            Drawing(
                anchor=f"{anchor}-figure-{number}",
                title=wording.shown(figure.title, 200).rstrip("."),
                caption=caption,
                more=more,
                svg="",
                notice="left to the files",
                width="",
                wide=figure.wide,
            )
        )
    return tuple(out)


def _literature(assay: AssayResult, room: Room) -> tuple[Literature, ...]:
    """Return what the register said of the test; a test without a record at this visit has no such text."""
    return tuple(
        Literature(
            text=wording.tied(wording.shown(quoted.text, 1200)),
            sources=tuple((wording.shown(d, 120), page.doi_address(d)) for d in quoted.dois[: room.entries]),
        )
        for quoted in assay.literature[: room.entries]
    )


_WEIGHTS = {"error": "Refused", "warning": "Warning", "note": "Note"}


def _weighed(problems: Sequence[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda p: list(_WEIGHTS).index(p.severity))


def _settings(settings: Mapping[str, Any], room: Room) -> str:
    lines = [f"{k} = {json.dumps(v, ensure_ascii=False, sort_keys=True, default=str)}" for k, v in settings.items()]
    kept = [wording.shown(line, 500) for line in lines[: room.entries]]
    if len(lines) > len(kept):
        kept.append(f"… and {len(lines) - len(kept)} more, in the provenance file")
    return "\n".join(kept)


def _with_drawings(sections: Sequence[Section], result: VisitResult, left: int) -> tuple[Section, ...]:
    """Put in the figures, in order, as long as they fit; what does not fit or may not stand there is said."""
    taken = {"main"}
    out: list[Section] = []
    for section in sections:
        figures = [f.figure for f in result.figures if f.assay == section.name]
        drawings: list[Drawing] = []
        for drawing, figure in zip(section.drawings, figures, strict=False):
            try:
                svg = checked(figure.svg, taken)
            except UnsafeDrawing as error:
                drawings.append(replace(drawing, notice=f"This figure is not shown: {error}."))
                continue
            width = natural_width(svg)
            svg = named(svg, f"{drawing.anchor}-title", f"{drawing.anchor}-caption")
            cost = page.size(svg) + 200
            if cost > left:
                kilobytes = f"{page.size(svg) / 1000:.0f} kB"
                drawings.append(
                    replace(
                        drawing,
                        notice=f"This figure ({kilobytes}) is left out to keep the page below 2 MB. "
                        "Its file lies in the folder figures beside this page.",
                    )
                )
                continue
            left -= cost
            size = "" if width is None else f"{width * _CSS_PIXELS_PER_POINT * (_WIDE if figure.wide else 1):.0f}px"
            drawings.append(replace(drawing, svg=svg, notice="", width=size))
        out.append(replace(section, drawings=tuple(drawings)))
    return tuple(out)


def _beyond(
    result: VisitResult, known: Mapping[str, Assay], links: Mapping[str, NormLink], anchors: Mapping[str, str]
) -> tuple[Beyond, ...]:
    out: list[Beyond] = []
    titles = {a.name: a.title for a in result.assays}
    for reading, scores in joined(result.readings, result.scores):
        for score in scores:
            if score.call not in ("loss", "gain", "abnormal"):
                continue
            declaration = known.get(score.assay)
            declared = declaration.measure_named(score.measure) if declaration else None
            decimals = declared.decimals if declared else None
            out.append(
                Beyond(
                    anchor=anchors[score.assay],
                    assay=wording.shown(titles.get(score.assay, score.assay), 120),
                    title=title_of(score.measure, declaration),
                    place=wording.place(score.site, score.side),
                    value=value_words(reading or score, decimals),
                    interval=wording.span(reading.low, reading.high, decimals) if reading else "",
                    limits=wording.limits(score.limit_low, score.limit_high, decimals),
                    call=score.call,
                    call_words=wording.CALLS[score.call],
                    p_beyond=wording.probability(score.p_beyond),
                    norm=links.get(score.norm),
                )
            )
    return tuple(out)


def _missing(result: VisitResult, sections: Sequence[Section]) -> tuple[str, ...]:
    """Return what is missing, in sentences."""
    out: list[str] = []
    for status, words in (
        ("absent", "No input at this visit"),
        ("failed", "Input that nothing could be measured in"),
    ):
        titles = [s.title for s in sections if s.status == status]
        if titles:
            out.append(f"{words}: {wording.listed(titles)}.")
    unknown = [
        title
        for title, value in (
            ("age", wording.years(result.participant.get("age"))),
            ("sex", wording.sex(result.participant.get("sex"))),
        )
        if value == wording.NOT_RECORDED
    ]
    if unknown:
        verb = "are" if len(unknown) > 1 else "is"
        out.append(f"{wording.listed(unknown).capitalize()} {verb} not recorded; norms that need it are not applied.")
    empty = sum(r.value is None for r in result.readings)
    if empty:
        out.append(f"{wording.counted(empty, 'reading').capitalize()} without a value.")
    return tuple(out)


def _totals(sections: Sequence[Section]) -> dict[str, int]:
    totals = {call: sum(s.calls[call] for s in sections) for call in wording.CALLS}
    totals["readings"] = sum(s.readings for s in sections)
    totals["compared"] = sum(totals[c] for c in ("normal", "loss", "gain", "abnormal"))
    totals["assays"] = sum(s.status in ("done", "partial") for s in sections)
    return totals


def _summary(sections: Sequence[Section], result: VisitResult) -> dict[str, Any]:
    """Return the page in four lines: what was tested, what is beyond limits, which rules are met."""
    words = {"loss": "loss", "gain": "gain", "abnormal": "abnormal"}
    beyond = []
    for s in sections:
        counts = [f"{s.calls[call]} {word}" for call, word in words.items() if s.calls[call]]
        if counts:
            compared = s.calls["normal"] + sum(s.calls[call] for call in words)
            beyond.append((s.anchor, s.title, f"{' and '.join(counts)} of {compared}"))
    met = [(f.title, f.grade.replace("_", " ")) for f in result.findings if f.verdict == "meets"]
    return {
        "tested": tuple((s.anchor, s.title) for s in sections if s.status in ("done", "partial")),
        "failed": tuple((s.anchor, s.title) for s in sections if s.status == "failed"),
        "beyond": tuple(beyond),
        "met": tuple((wording.shown(title, 200), wording.shown(grade, 60)) for title, grade in met),
        "asked": len(result.findings),
        "unknown": sum(f.verdict == "cannot_tell" for f in result.findings),
    }


def _references(result: VisitResult, room: Room) -> tuple[tuple[str, str, str], ...]:
    """Return each work cited by methods or norms once: citation, DOI, address."""
    cited = [ref for a in result.assays if a.status != "absent" for ref in a.references]
    cited += [(n.citation, n.doi) for n in result.norms if n.doi]
    for finding in result.findings:
        citation, _, doi = finding.source.partition(". doi:")
        cited.append((citation, doi))
    moved = [c for m in result.mechanisms if m.status == "assessed" for c in m.contributions]
    cited += [(c.citation, c.doi) for c in moved if c.doi]
    if result.course is not None:
        cited += [(t.citation, t.doi) for t in result.course.trials]
    once: dict[str, tuple[str, str]] = {}
    for citation, doi in cited:
        once.setdefault(doi.lower() or citation, (citation, doi))
    kept = list(once.values())[: room.entries]
    return tuple((wording.shown(c), wording.shown(doi, 200), page.doi_address(doi)) for c, doi in kept)


_PROFILE_METHODS = (
    "The mechanism profile is an exact Bayesian calculation on the oriented scores: each mechanism shifts each test "
    "by a published or derived standardised difference with its standard error, severities are integrated over, test "
    "errors have heavy tails, and correlations of tests in healthy people are taken into account. Likelihood ratios "
    "do not depend on the prior. A mechanism is not assessed when the tests leave more than 0.85 of its prior "
    "standard deviation."
)


def _methods(result: VisitResult, room: Room) -> tuple[str, ...]:
    paragraphs = [
        wording.shown(a.methods, room.text)
        for a in result.assays
        if a.methods and a.status not in ("absent", "failed")
    ]
    last = ""
    if result.norms:
        titles = [wording.shown(n.title, 200) or wording.shown(n.key, 120) for n in result.norms[: room.entries]]
        last = f"Readings were compared with {wording.listed(titles)}. "
    if any(m.contributions for m in result.mechanisms):
        paragraphs.append(_PROFILE_METHODS)
    name = f"nociscope, version {wording.shown(result.version, 60)}" if result.version else "nociscope"
    paragraphs.append(f"{last}All readings and scores were made with {name}.")
    return tuple(paragraphs)


def _trace(result: VisitResult, known: Mapping[str, Assay], room: Room) -> tuple[dict[str, str], ...]:
    """Return for every input file its hash and what was read from it."""
    hashes: dict[str, str] = {}
    for assay in result.assays:
        hashes.update(assay.inputs)
    by_file: dict[str, list[Reading]] = {f: [] for f in sorted(hashes)}
    for reading in result.readings:
        by_file.setdefault(reading.source, []).append(reading)
    rows: list[dict[str, str]] = []
    for name, readings in by_file.items():
        titles = list(dict.fromkeys(title_of(r.measure, known.get(r.assay)) for r in readings))
        what = ", ".join(titles[:6]) + (f" and {len(titles) - 6} more" if len(titles) > 6 else "")
        rows.append(
            {
                "file": "several files, see the method" if name == MISSING else wording.shown(name, 300),
                "sha": wording.shown(hashes.get(name, ""), 64),
                "readings": wording.counted(len(readings), "reading"),
                "what": what,
            }
        )
    kept = rows[: room.entries]
    if len(rows) > len(kept):
        more = f"and {len(rows) - len(kept)} more files, in the provenance file"
        kept.append({"file": more, "sha": "", "readings": "", "what": ""})
    return tuple(kept)
