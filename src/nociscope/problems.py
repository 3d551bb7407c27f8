"""What is wrong with the input, said in one sentence that a stranger can act on.

A :class:`Problem` knows where it is (person, file, row, column), what was found and what to do.
Readers collect problems and go on; only what nothing can be done with is raised, as :class:`BadInput`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]

EXIT_DONE = 0
EXIT_SOME_FAILED = 1
EXIT_INVALID_STUDY = 16
EXIT_NOTHING_SELECTED = 18
EXIT_USAGE = 64
EXIT_WRONG_DATA = 65
EXIT_INPUT_MISSING = 66
EXIT_CANNOT_WRITE = 73


def clean_text(text: object, limit: int | None = None) -> str:
    """Return text from data as one line without control characters, cut at `limit` characters.

    Control, format and line-separator characters become a space: they could forge log lines, drive a
    terminal, or reverse the reading order of a report.
    """
    out = str(text)
    longer = limit is not None and len(out) > 4 * limit + 100
    if limit is not None and longer:
        out = out[: 4 * limit + 100]  # a cell of megabytes is not cleaned whole to show sixty characters
    if not (out.isascii() and out.isprintable()):  # most cells are plain, and tables have many
        out = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else c for c in out)
    out = re.sub(r" {2,}", " ", out).strip()
    if limit is not None and (longer or len(out) > limit):
        out = out[: limit - 1].rstrip() + "…"
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with the input.

    Attributes
    ----------
    what : str
        What is wrong and what was expected, without a full stop.
    remedy : str
        What to do about it, an imperative without a full stop.
    severity : {'error', 'warning', 'note'}
        `error`: data were refused (a run ends with 1); `warning`: data were used but look wrong
        (named by `check`); `note`: worth knowing, nothing is wrong.
    code : str
        A short stable name in kebab case, for tests and filters.
    file : str
        Relative to the study, with forward slashes.
    row : int or None
        Line of the file; the header is row 1, so that it is the row a spreadsheet shows.
    column, value : str
        The column and the cell as found.
    participant_id, session_id, assay : str
        Whom and what it concerns; empty for the study as a whole.
    """

    what: str
    remedy: str = ""
    severity: Severity = "error"
    code: str = "bad-input"
    file: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""
    participant_id: str = ""
    session_id: str = ""
    assay: str = ""

    def at(self, **where: Any) -> Problem:
        """Return a copy with the given places filled in where they are still empty."""
        empty = {k: v for k, v in where.items() if getattr(self, k) in ("", None)}
        return replace(self, **empty)

    def sentence(self) -> str:
        """Return the problem as one sentence: person, file, row, column, value, expectation, remedy."""
        person = self.participant_id
        if person and self.session_id not in ("", "n/a"):
            person += f" {self.session_id}"
        where = [person, self.file]
        if self.row is not None:
            where.append(f"row {self.row}")
        if self.column:
            where.append(f"column {self.column}")
        place = ", ".join(clean_text(w, 200) for w in where if w)
        found = f"“{clean_text(self.value, 60)}” " if self.value.strip() not in ("", "n/a") else ""
        body = f"{found}{clean_text(self.what, 600)}"
        if self.remedy:
            body += f"; {clean_text(self.remedy, 400)}"
        return f"{place}: {body}." if place else f"{body[0].upper()}{body[1:]}."


class NociscopeError(Exception):
    """An error with a message for the user and an exit code; never shown as a traceback."""

    exit_code = EXIT_SOME_FAILED


class BadInput(NociscopeError):
    """Input of one recording, file or table that nothing can be done with.

    Parameters
    ----------
    problems : Problem or iterable of Problem
        At least one; the message is their sentences.
    """

    exit_code = EXIT_WRONG_DATA

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(p.sentence() for p in self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the problems, so that the error crosses from a worker process whole."""
        return type(self), (self.problems,)


class InvalidStudy(BadInput):
    """The study as a whole cannot be used: exit code 16."""

    exit_code = EXIT_INVALID_STUDY


class InputMissing(NociscopeError):
    """A path the user named does not exist: exit code 66."""

    exit_code = EXIT_INPUT_MISSING


class NothingSelected(NociscopeError):
    """The filters selected no participant: exit code 18."""

    exit_code = EXIT_NOTHING_SELECTED


class UsageError(NociscopeError):
    """A wrong option or argument: exit code 64."""

    exit_code = EXIT_USAGE


class CannotWrite(NociscopeError):
    """The output cannot be written: exit code 73."""

    exit_code = EXIT_CANNOT_WRITE
