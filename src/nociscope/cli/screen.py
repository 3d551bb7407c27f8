"""What reaches the screen: plain lines, or bars and tables on a terminal.

Text from data is cleaned of control characters and never read as markup.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from nociscope.problems import Problem

if TYPE_CHECKING:
    from nociscope.engine import Watcher
    from nociscope.engine.participant import Outcome


def say(text: str = "") -> None:
    """Print lines on stdout."""
    for line in text.split("\n"):
        print(_clean(line))


def complain(text: str) -> None:
    """Print lines on stderr."""
    for line in text.split("\n"):
        print(_clean(line), file=sys.stderr)


def _clean(line: str) -> str:
    """Return the line without control characters; unlike in tables, runs of spaces stay, for columns."""
    return "".join(c if c.isprintable() else " " for c in line)


def is_terminal() -> bool:
    """Tell whether a person watches stdout."""
    return sys.stdout.isatty()


def complain_of(problems: Iterable[Problem]) -> None:
    """Print problems on stderr, one a line, with a word for how bad each is."""
    for problem in problems:
        complain(f"{problem.severity.capitalize()}: {problem.sentence()}")


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun.

    >>> counted(1, "participant"), counted(2, "participant")
    ('1 participant', '2 participants')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def state_of(outcome: Outcome) -> str:
    """Return in words what became of a participant."""
    errors = sum(p.severity == "error" for p in outcome.problems)
    state = "worked up" if outcome.made else "done already"
    return f"{state}, {counted(errors, 'problem')}" if errors else state


@contextlib.contextmanager
def watching() -> Iterator[Watcher]:
    """Show the progress of a run: a bar on a terminal, a line for each participant elsewhere."""
    from nociscope.engine import Watcher

    if not is_terminal():

        class Lines(Watcher):
            count = total = 0

            def start(self, count: int) -> None:
                self.total = count

            def ended(self, outcome: Outcome) -> None:
                self.count += 1
                say(f"[{self.count}/{self.total}] {outcome.participant_id}: {state_of(outcome)}")
                sys.stdout.flush()

        yield Lines()
        return

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("Participants"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as progress:

        class Bar(Watcher):
            def start(self, count: int) -> None:
                self.task = progress.add_task("", total=count)

            def ended(self, outcome: Outcome) -> None:
                progress.advance(self.task)

        yield Bar()
