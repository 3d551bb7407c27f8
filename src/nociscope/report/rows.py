"""Readings and their scores side by side, as the lines of a table for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nociscope.assays.declaration import Assay
from nociscope.report import wording
from nociscope.tables import Reading, Score
from nociscope.tsv import MISSING

Z_SHOWN = 4.0
"""The small scale of z in a table ends here; what lies beyond is drawn at its end with an arrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormLink:
    """How a table names a norm: its key, where on the page its source stands, and whether to trust it.

    `own` is one of the study's own controls: their keys are long and all alike, so tables name them in two words.
    """

    key: str
    anchor: str
    unverified: bool
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCells:
    """One score in words."""

    expected: str = ""
    limits: str = ""
    z: str = ""
    z_at: str = ""
    z_beyond: int = 0
    percentile: str = ""
    call: str = "none"
    call_words: str = ""
    p_beyond: str = ""
    norm: NormLink | None = None
    expected_for: str = ""
    footnote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One reading in words, with its scores.

    `method` is empty where the heading says it; `notes` are what must be known beyond the cells.
    """

    title: str
    method: str
    value: str
    interval: str
    n: str
    scores: tuple[ScoreCells, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The lines of one place of the body, under a heading with what they have in common.

    `norm` is the norm of all their scores when there is just one, and `expected_for` whom their expected values are
    for when it is the same for all; the lines then do not repeat them.
    """

    title: str
    common: str
    norm: NormLink | None
    expected_for: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingTable:
    """All lines of one assay.

    `footnotes` maps a mark to a reason and to the readings it concerns; `omitted` counts readings that are left to
    the readings table; the flags tell which columns hold anything.
    """

    groups: tuple[Group, ...]
    common: str
    footnotes: tuple[tuple[str, str, str], ...]
    omitted: int
    has_n: bool
    has_interval: bool
    has_expected: bool
    has_limits: bool
    has_z: bool
    has_percentile: bool
    has_call: bool
    has_probability: bool


@dataclass(slots=True)
class _Footnotes:
    """Reasons under a table; those that differ only in the names of measure, site and method are one."""

    marks: dict[str, str] = field(default_factory=dict)
    said: dict[str, list[str]] = field(default_factory=dict)
    concerned: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def mark(self, reason: str, general: str, title: str, place: str) -> str:
        """Return the mark of a reason: a, b, … z, aa, ab, …"""
        if not reason:
            return ""
        if general not in self.marks:
            number, mark = len(self.marks), ""
            while number >= 0:
                mark = chr(ord("a") + number % 26) + mark
                number = number // 26 - 1
            self.marks[general] = mark
        said = self.said.setdefault(general, [])
        if reason not in said:
            said.append(reason)
        concerned = self.concerned.setdefault(general, [])
        if (title, place) not in concerned:
            concerned.append((title, place))
        return self.marks[general]

    def lines(self, of: int) -> tuple[tuple[str, str, str], ...]:
        """Return mark, reason and whom it concerns; `of` is the number of all readings in the table."""
        out: list[tuple[str, str, str]] = []
        for general, mark in self.marks.items():
            said = self.said[general]
            reason = said[0] if len(said) == 1 else general
            reason = re.sub(r"`([^`]*)`", r"“\1”", reason)
            out.append((mark, f"{reason[:1].upper()}{reason[1:]}", _whom(self.concerned[general], of)))
        return tuple(out)


def _general(score: Score, reading: Reading | None) -> str:
    """Return a score's reason with the names of its own measure, site and method left open."""
    reason = wording.shown(score.reason)
    names = [(score.measure, "[measure]", ""), (score.site, "[site]", "")]
    if reading is not None:
        names.append((reading.method, "[method]", "by "))
    for name, word, before in names:
        if name not in ("", MISSING):
            pattern = rf"(?<![A-Za-z0-9]){re.escape(before + name)}(?![A-Za-z0-9])"
            reason = re.sub(pattern, before + word, reason)
    return reason


def _whom(names: Sequence[tuple[str, str]], of: int, most: int = 6) -> str:
    """Return whom a reason concerns: measures with their places, or, when there are many, the measures alone."""
    if len(names) == of > 2:
        return "All readings of this test"
    if len(names) <= most:
        return "; ".join(f"{t} ({p[:1].lower()}{p[1:]})" if p else t for t, p in names)
    titles = list(dict.fromkeys(t for t, _ in names))
    shown = titles if len(titles) <= 15 else [*titles[:14], f"{len(titles) - 14} more measures"]
    return f"{'; '.join(shown)}: {len(names)} readings"


def joined(readings: Sequence[Reading], scores: Sequence[Score]) -> list[tuple[Reading | None, tuple[Score, ...]]]:
    """Return every reading with its scores; a score without a reading comes last, with None.

    Several readings may share assay, place and measure (several methods); their scores are told apart by the value,
    and where values agree as well, by their order.
    """
    waiting: dict[tuple[object, ...], list[Score]] = {}
    for score in scores:
        waiting.setdefault(_key(score), []).append(score)
    sharing: dict[tuple[object, ...], int] = {}
    for reading in readings:
        sharing[_key(reading)] = sharing.get(_key(reading), 0) + 1
    pairs: list[tuple[Reading | None, tuple[Score, ...]]] = []
    for reading in readings:
        key = _key(reading)
        left = waiting.get(key, [])
        take = -(-len(left) // sharing[key])
        sharing[key] -= 1
        pairs.append((reading, tuple(left[:take])))
        waiting[key] = left[take:]
    return pairs + [(None, (score,)) for left in waiting.values() for score in left]


def _key(record: Reading | Score) -> tuple[object, ...]:
    return (record.assay, record.site, record.side, record.measure, record.value, record.unit)


def reading_table(
    readings: Sequence[Reading],
    scores: Sequence[Score],
    declaration: Assay | None,
    norms: Mapping[str, NormLink],
    most: int,
) -> ReadingTable:
    """Return the readings of one assay as a table of at most `most` lines; when it is cut, scores go first."""
    pairs = joined(readings, scores)
    kept = _kept(pairs, most)
    footnotes = _Footnotes()
    shared = _shared([r for r, _ in kept if r is not None])
    groups: dict[tuple[str, str], list[tuple[Reading | None, tuple[Score, ...]]]] = {}
    for reading, its in kept:
        record = reading or its[0]
        groups.setdefault((record.site, record.side), []).append((reading, its))
    made: list[Group] = []
    for (site, side), members in groups.items():
        here = {k: v for k, v in _shared([r for r, _ in members if r is not None]).items() if k not in shared}
        place = wording.place(site, side)
        lines = tuple(_line(r, s, declaration, norms, footnotes, {**shared, **here}, place) for r, s in members)
        used = {s.norm for line in lines for s in line.scores if s.norm is not None}
        many = 2 * sum(any(s.norm for s in line.scores) for line in lines) >= len(lines)
        norm = used.pop() if len(used) == 1 and many else None
        if norm is not None:
            lines = tuple(replace(x, scores=tuple(replace(s, norm=None) for s in x.scores)) for x in lines)
        lines, whom = _without_shared_whom(lines)
        title = place or "Person as a whole"
        made.append(Group(title=title, common=_sentence(here), norm=norm, expected_for=whom, lines=lines))
    cells = [s for g in made for line in g.lines for s in line.scores]
    return ReadingTable(
        groups=tuple(made),
        common=_sentence(shared),
        footnotes=footnotes.lines(len(kept)),
        omitted=len(pairs) - len(kept),
        has_n=any(line.n for g in made for line in g.lines),
        has_interval=any(line.interval for g in made for line in g.lines),
        has_expected=any(s.expected for s in cells),
        has_limits=any(s.limits for s in cells),
        has_z=any(s.z for s in cells),
        has_percentile=any(s.percentile for s in cells),
        has_probability=any(s.p_beyond for s in cells),
        has_call=any(s.call != "none" for s in cells),
    )


def _without_shared_whom(lines: tuple[Line, ...]) -> tuple[tuple[Line, ...], str]:
    """Return the lines without whom their expected values are for, and that, where all of several agree."""
    said = [s.expected_for for line in lines for s in line.scores if s.expected or s.limits]
    if len(said) < 2 or len(set(said)) > 1:
        return lines, ""
    return tuple(replace(x, scores=tuple(replace(s, expected_for="") for s in x.scores)) for x in lines), said[0]


def _kept(
    pairs: list[tuple[Reading | None, tuple[Score, ...]]], most: int
) -> list[tuple[Reading | None, tuple[Score, ...]]]:
    if len(pairs) <= most:
        return pairs
    compared = [i for i, (_, its) in enumerate(pairs) if any(s.call != "not_comparable" for s in its)]
    others = [i for i in range(len(pairs)) if i not in set(compared)]
    return [pairs[i] for i in sorted((compared + others)[:most])]


_SHARED: Mapping[str, tuple[str, Callable[[Reading], str]]] = {
    "method": ("method", lambda r: r.method),
    "device": ("device", lambda r: r.device),
    "source": ("from", lambda r: r.source),
}


def _shared(readings: Sequence[Reading]) -> dict[str, str]:
    """Return method, device and source where all readings agree on them (``n/a`` says that none is given)."""
    out: dict[str, str] = {}
    for name, (_, get) in _SHARED.items():
        values = {get(r) for r in readings}
        if len(values) == 1:
            out[name] = values.pop()
    return out


def _sentence(facts: Mapping[str, str]) -> str:
    parts = [f"{_SHARED[k][0]} {wording.shown(v, 300)}" for k, v in facts.items() if v not in ("", MISSING)]
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def title_of(measure: str, declaration: Assay | None) -> str:
    """Return a measure's name for people, as its assay declares it."""
    declared = declaration.measure_named(measure) if declaration else None
    return declared.title if declared else wording.shown(measure, 80).replace("_", " ")


def _line(
    reading: Reading | None,
    scores: tuple[Score, ...],
    declaration: Assay | None,
    norms: Mapping[str, NormLink],
    footnotes: _Footnotes,
    said: Mapping[str, str],
    place: str,
) -> Line:
    record = reading or scores[0]
    declared = declaration.measure_named(record.measure) if declaration else None
    decimals = declared.decimals if declared else None
    title = title_of(record.measure, declaration)
    own = "" if reading is None or "method" in said else reading.method
    return Line(
        title=title,
        method="" if own == MISSING else wording.shown(own, 80),
        value=value_words(record, decimals),
        interval=wording.span(reading.low, reading.high, decimals) if reading else "",
        n="" if reading is None or reading.n is None else str(reading.n),
        scores=tuple(
            _cells(s, decimals, norms, footnotes.mark(wording.shown(s.reason), _general(s, reading), title, place))
            for s in scores
        )
        or (ScoreCells(),),
        notes=_notes(reading, said),
    )


def value_words(record: Reading | Score, decimals: int | None) -> str:
    """Return a value with its unit; a censored one as ``> 512 mN``, a missing one as ``no value``."""
    if record.value is None:
        return "no value"
    censored = record.censored if isinstance(record, Reading) else "none"
    sign = {"below": "< ", "above": "> "}.get(censored, "")
    return sign + wording.with_unit(wording.number(record.value, decimals), record.unit)


def _cells(score: Score, decimals: int | None, norms: Mapping[str, NormLink], footnote: str) -> ScoreCells:
    z_at, beyond = "", 0
    if score.z is not None:
        beyond = (score.z > Z_SHOWN) - (score.z < -Z_SHOWN)
        z_at = f"{max(-Z_SHOWN, min(Z_SHOWN, score.z)):.2f}"
    norm = norms.get(score.norm)
    if norm is None and score.norm not in ("", MISSING):
        norm = NormLink(key=wording.shown(score.norm, 120), anchor="", unverified=False)
    return ScoreCells(
        expected="" if score.expected is None else wording.number(score.expected, decimals),
        limits=wording.limits(score.limit_low, score.limit_high, decimals),
        z="" if score.z is None else wording.number(round(score.z, 1), 1),
        z_at=z_at,
        z_beyond=beyond,
        percentile=wording.percentile(score.percentile),
        call=score.call if score.call in wording.CALLS else "none",
        call_words=wording.CALLS.get(score.call, ""),
        p_beyond=wording.probability(score.p_beyond),
        norm=norm,
        expected_for=wording.shown(score.expected_for, 120),
        footnote=footnote,
    )


def _notes(reading: Reading | None, said: Mapping[str, str]) -> tuple[str, ...]:
    if reading is None:
        return ("This score has no reading of the same value beside it.",)
    notes: list[str] = []
    remark = wording.tied(wording.shown(reading.remark))
    remark = f"{remark[:1].upper()}{remark[1:]}" if reading.quality == "good" else remark
    if reading.quality == "good":
        if remark:
            notes.append(remark)
    else:
        word = "No value" if reading.quality == "failed" else "Poor quality"
        notes.append(f"{word}: {remark}" if remark else f"{word}.")
    own = {k: get(reading) for k, (_, get) in _SHARED.items() if k not in said and k != "method"}
    sentence = _sentence(own)
    if sentence:
        notes.append(sentence)
    return tuple(notes)
