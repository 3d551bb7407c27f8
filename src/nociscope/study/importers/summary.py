"""What an import did with every row and column it was given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from nociscope.problems import Problem, clean_text

SHOWN = 20
"""Problems of one kind that are printed; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The account of an import.

    Attributes
    ----------
    kind, source : str
    read : int
        Rows (or resources) of the source.
    used : int
        Rows of which at least one value went into the study.
    dropped : mapping
        Reason -> rows of which nothing was used; with `used` they add up to `read`.
    converted : tuple of str
        What was changed on the way, in words.
    columns_used : tuple of str
        ``source -> table.column``.
    columns_dropped : mapping
        Reason -> source columns.
    people : int
    written : mapping
        File -> new rows in it; empty on a dry run.
    planned : mapping
        File -> new rows, whether or not they were written.
    problems : tuple of Problem
    """

    kind: str
    source: str
    read: int
    used: int
    dropped: dict[str, int] = field(default_factory=dict)
    converted: tuple[str, ...] = ()
    columns_used: tuple[str, ...] = ()
    columns_dropped: dict[str, tuple[str, ...]] = field(default_factory=dict)
    people: int = 0
    written: dict[str, int] = field(default_factory=dict)
    planned: dict[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        if self.used + sum(self.dropped.values()) != self.read:
            raise AssertionError(
                f"{self.kind}: of {self.read} rows, {self.used} and {self.dropped} are accounted for"
            )

    def lines(self) -> list[str]:
        """Return the account for people."""
        out = [f"{self.source} ({self.kind}): {self.read} rows read, {self.used} used, {self.people} participants."]
        out += [f"  dropped {count} rows: {reason}" for reason, count in self.dropped.items()]
        out += [f"  converted: {what}" for what in self.converted]
        if self.columns_used:
            out.append(f"  columns used ({len(self.columns_used)}): {_listed(self.columns_used)}")
        out += [
            f"  columns dropped ({len(names)}), {reason}: {_listed(names)}"
            for reason, names in self.columns_dropped.items()
        ]
        if self.written:
            out += [f"  written: {file}, {count} new rows" for file, count in self.written.items()]
        else:
            out += [f"  would be written: {file}, {count} new rows" for file, count in self.planned.items()]
        return [clean_text(line) if not line.startswith("  ") else f"  {clean_text(line)}" for line in out]


def _listed(names: Iterable[str], most: int = 12) -> str:
    every = [clean_text(n, 60) for n in names]
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")


def limited(problems: Iterable[Problem]) -> list[Problem]:
    """Return the first problems of each kind, and one that counts the rest: a wrong column has as many as rows."""
    counts: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], Problem] = {}
    out: list[Problem] = []
    for problem in problems:
        kind = (problem.code, problem.column)
        counts[kind] = counts.get(kind, 0) + 1
        last[kind] = problem
        if counts[kind] <= SHOWN:
            out.append(problem)
    for kind, count in counts.items():
        if count > SHOWN:
            first = last[kind]
            out.append(
                Problem(
                    what=f"{count - SHOWN} more of the same kind",
                    code=first.code,
                    severity=first.severity,
                    file=first.file,
                    column=first.column,
                )
            )
    return out
