"""What of a test's readings is printed: what lies outside limits and what matters most; the rest is on the screen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nociscope.assays.declaration import Assay
from nociscope.cohort.quantities import KEY_MEASURES, Quantity
from nociscope.report import wording
from nociscope.report.rows import joined, title_of, value_words
from nociscope.tables import Reading, Score

MOST_ROWS = 18
"""Readings of one test on paper, unless more lie outside limits: with the figures they fill about a sheet."""

MOST_BEYOND = 48
"""Readings of one test outside limits on paper."""

_BEYOND = ("loss", "gain", "abnormal")
_KEYS = frozenset(KEY_MEASURES)
_SENTENCE = re.compile(r"(?<=[.;:])\s+(?=[A-Z])")
_CAPTION = 170


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedRow:
    """One reading on paper."""

    title: str
    place: str
    value: str
    interval: str
    limits: str
    z: str
    call: str
    call_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """The readings of a test on paper: those outside limits first; `left` counts the others."""

    beyond: tuple[PrintedRow, ...]
    others: tuple[PrintedRow, ...]
    left: int
    left_beyond: int


def printed(readings: Sequence[Reading], scores: Sequence[Score], declaration: Assay | None) -> Printed:
    """Return what of a test is printed: outside limits, then what groups are compared in first, then what was scored.

    Readings of parts of a recording (blocks, single trials) come after those of the whole.
    """
    pairs = [(reading, its[0] if its else None) for reading, its in joined(readings, scores)]
    order = sorted(range(len(pairs)), key=lambda i: (_rank(*pairs[i]), i))
    outside = {i for i in order if _is_beyond(pairs[i][1])}
    most = max(MOST_ROWS, min(MOST_BEYOND, len(outside)))
    kept = sorted(order[:most])
    rows = {i: _row(*pairs[i], declaration) for i in kept}
    named = [(r.title, r.place) for r in rows.values()]
    for i, row in rows.items():
        reading = pairs[i][0]
        if named.count((row.title, row.place)) > 1 and reading is not None:
            rows[i] = replace(row, place=f"{row.place}; {wording.shown(reading.method, 40)}".strip("; "))
    return Printed(
        beyond=tuple(row for i, row in rows.items() if i in outside),
        others=tuple(row for i, row in rows.items() if i not in outside),
        left=len(pairs) - len(kept),
        left_beyond=len(outside - set(kept)),
    )


def _is_beyond(score: Score | None) -> bool:
    return score is not None and score.call in _BEYOND


def _rank(reading: Reading | None, score: Score | None) -> int:
    if _is_beyond(score):
        return 0
    if score is None or score.call == "not_comparable":
        return 4 if score is not None else 5
    if (
        reading is not None
        and Quantity(reading.assay, reading.site, reading.measure, reading.method, reading.unit).of_part
    ):
        return 3
    return 1 if (score.assay, score.measure) in _KEYS else 2


def _row(reading: Reading | None, score: Score | None, declaration: Assay | None) -> PrintedRow:
    record = reading or score
    assert record is not None  # a pair has one of them
    declared = declaration.measure_named(record.measure) if declaration else None
    decimals = declared.decimals if declared else None
    call = "" if score is None else score.call
    return PrintedRow(
        title=title_of(record.measure, declaration),
        place=wording.place(record.site, record.side),
        value=value_words(record, decimals),
        interval=wording.span(reading.low, reading.high, decimals) if reading else "",
        limits="" if score is None else wording.limits(score.limit_low, score.limit_high, decimals),
        z="" if score is None or score.z is None else wording.number(score.z, 1),
        call=call or "none",
        call_words=wording.CALLS.get(call, ""),
    )


def parted(caption: str) -> tuple[str, str]:
    """Return a caption as what is printed, its first sentence or two, and the rest, which describes the drawing."""
    sentences = _SENTENCE.split(caption)
    kept = 1
    while kept < len(sentences) and len(" ".join(sentences[: kept + 1])) <= _CAPTION:
        kept += 1
    return " ".join(sentences[:kept]), " ".join(sentences[kept:])
