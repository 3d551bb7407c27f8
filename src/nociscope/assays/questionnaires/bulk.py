"""Whole tables at once: a registry of tens of thousands of people scored in a second, without a page for anyone.

The rules are those of :mod:`nociscope.assays.questionnaires.scoring`, the same code that scores one visit; only the
rows come as columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nociscope.assays.questionnaires.answers import columns_of, parse_columns
from nociscope.assays.questionnaires.instrument import Instrument, ScoreRule
from nociscope.assays.questionnaires.scoring import Bools, Floats, score
from nociscope.problems import BadInput, Problem
from nociscope.tables import READINGS
from nociscope.tsv import MISSING, format_number

KEY = ("participant_id", "session_id")


@dataclass(frozen=True, slots=True)
class Column:
    """One measure of all people of a table."""

    measure: str
    rule: ScoreRule
    values: Floats
    answered: Sequence[int]
    methods: Sequence[str]
    applies: Bools
    """Whether the person has a reading of it at all: a form without an answer has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredTable:
    """A table of one instrument, scored.

    Attributes
    ----------
    instrument : Instrument
    file : str
    participants, sessions : sequence of str
        Of the rows that were used.
    columns : tuple of Column
    rows : int
        Rows of the file.
    used, empty, repeated, refused : int
        Rows that were scored; rows without any answer; repeats of a row (used once); rows of a visit that stands
        there with different answers, or without a participant. They add up to `rows`.
    problems : tuple of Problem
    """

    instrument: Instrument
    file: str
    participants: Sequence[str]
    sessions: Sequence[str]
    columns: tuple[Column, ...]
    rows: int
    used: int
    empty: int
    repeated: int
    refused: int
    problems: tuple[Problem, ...]

    def summary(self) -> str:
        """Return what became of every row, in one line."""
        parts = [f"{self.rows} rows", f"{self.used} scored"]
        for count, word in (
            (self.empty, "without an answer"),
            (self.repeated, "repeated and used once"),
            (self.refused, "refused"),
        ):
            if count:
                parts.append(f"{count} {word}")
        return f"{self.instrument.key}: {parts[0]}: {', '.join(parts[1:])}"


def score_columns(instrument: Instrument, columns: Mapping[str, Sequence[str]], file: str) -> ScoredTable:
    """Score a table given as columns of text.

    Parameters
    ----------
    instrument : Instrument
    columns : mapping of str to sequence of str
        All of one length; `participant_id` is needed.
    file : str
        How problems call it; its first row of data is row 2.

    Raises
    ------
    BadInput
        There is no column of people, or none of the instrument.
    """
    of_item, total_column = columns_of(instrument, columns)
    for name, there in (
        ("participant_id", "participant_id" in columns),
        (instrument.items[0].name, of_item or total_column),
    ):
        if not there:
            raise BadInput(
                Problem(
                    what="the column is missing",
                    remedy="name the columns as nociscope questionnaires show says",
                    code="missing-column",
                    file=file,
                    row=1,
                    column=name,
                )
            )
    people = [p.strip() for p in columns["participant_id"]]
    sessions = [s.strip() or MISSING for s in columns.get("session_id", [MISSING] * len(people))]
    counted = [columns[c] for c in (*of_item.values(), *([total_column] if total_column else []))]
    kept, repeated, refused, problems = _one_row_a_visit(people, sessions, counted, file)
    chosen = {name: [column[n] for n in kept] for name, column in columns.items()}
    answers = parse_columns(instrument, chosen, len(kept))
    for bad in answers.refused:
        problems.append(
            Problem(
                what=f"{bad.why}; every score that needs it is left out",
                remedy="correct the cell or write n/a",
                code="bad-cell",
                file=file,
                row=kept[bad.place] + 2,
                column=bad.column,
                value=bad.cell,
                participant_id=people[kept[bad.place]],
                session_id=sessions[kept[bad.place]],
            )
        )
    by_items = np.any(list(answers.given.values()), axis=0) if answers.given else np.zeros(len(kept), bool)
    by_total = ~by_items & answers.total_given
    return ScoredTable(
        instrument=instrument,
        file=file,
        participants=[people[n] for n in kept],
        sessions=[sessions[n] for n in kept],
        columns=_columns(instrument, answers.values, answers.given, answers.total, by_items, by_total),
        rows=len(people),
        used=int((by_items | by_total).sum()),
        empty=int((~(by_items | by_total)).sum()),
        repeated=repeated,
        refused=refused,
        problems=tuple(problems),
    )


def _one_row_a_visit(
    people: Sequence[str], sessions: Sequence[str], counted: Sequence[Sequence[str]], file: str
) -> tuple[list[int], int, int, list[Problem]]:
    """Return the rows to use, how many repeat one of them, how many were refused, and what is wrong."""
    seen: dict[tuple[str, str], list[int]] = {}
    problems: list[Problem] = []
    refused = repeated = 0
    for n, key in enumerate(zip(people, sessions, strict=True)):
        if key[0] in ("", MISSING):
            refused += 1
            what = "the row names no participant"
            problems.append(Problem(what=what, remedy="write sub-…", code="bad-label", file=file, row=n + 2))
            continue
        seen.setdefault(key, []).append(n)
    kept: list[int] = []
    for (person, session), rows in seen.items():
        if len({tuple(column[n].strip() for column in counted) for n in rows}) == 1:
            kept.append(rows[0])
            repeated += len(rows) - 1
            continue
        refused += len(rows)
        lines = ", ".join(str(n + 2) for n in rows[:5])
        problems.append(
            Problem(
                what=f"rows {lines} are the same visit with different answers, so none is used",
                remedy="keep one row a visit",
                code="duplicate-row",
                file=file,
                row=rows[0] + 2,
                participant_id=person,
                session_id=session,
            )
        )
    return kept, repeated, refused, problems


def _columns(
    instrument: Instrument,
    values: Mapping[str, Floats],
    given: Mapping[str, Bools],
    total: Floats,
    by_items: Bools,
    by_total: Bools,
) -> tuple[Column, ...]:
    out: list[Column] = []
    size = len(total)
    if by_items.any():
        for name, found in score(instrument, values, given).items():
            rule = instrument.score(name)
            if rule is None or rule.hidden:
                continue
            ways = [w.name for w in rule.variants]
            methods = [ways[k] for k in found.variant] if ways else ["items"] * size
            measure = f"{instrument.prefix}{name}"
            out.append(Column(measure, rule, found.values, found.answered.tolist(), methods, by_items))
    if by_total.any() and instrument.total is not None:
        given_total = ["total as given"] * size
        out.append(Column(instrument.total_measure, instrument.total, total, [0] * size, given_total, by_total))
    return tuple(out)


def readings_tsv(tables: Sequence[ScoredTable]) -> str:
    """Return scored tables as one readings table (TSV), by table and person."""
    lines = ["\t".join(READINGS.names)]
    for table in tables:
        for column in table.columns:
            middle = f"questionnaires\tn/a\tn/a\t{column.measure}"
            unit = column.rule.unit or MISSING
            cut = column.rule.cut_offs if column.rule.cut_offs is not None and column.rule.cut_offs.active else None
            for n in np.flatnonzero(column.applies).tolist():
                value = float(column.values[n])
                known = value == value
                number = format_number(value) if known else MISSING
                remark = (cut.label(value) if cut is not None else "") if known else "an answer is missing or refused"
                method = column.methods[n]
                count = MISSING if method == "total as given" else str(column.answered[n])
                lines.append(
                    f"{table.participants[n]}\t{table.sessions[n]}\t{middle}\t{number}\t{unit}\tn/a\tn/a\t{count}\tnone\t"
                    f"{method}\tn/a\t{'good' if known else 'failed'}\t{remark or MISSING}\t{table.file}"
                )
    return "\n".join(lines) + "\n"
