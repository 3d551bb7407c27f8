"""What ``.bidsignore`` lists: the common part of its pattern language.

Understood are comments, ``!`` to take back, ``*`` and ``?`` within a name, ``**`` over folders, a leading ``/`` for
the top, and a trailing ``/`` for folders. Character classes are taken as :mod:`fnmatch` takes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

MAX_PATTERNS = 1000


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line: its name patterns from the top, and whether it takes back."""

    parts: tuple[str, ...]
    takes_back: bool


def parse_ignore(text: str) -> tuple[Pattern, ...]:
    """Return the patterns of a ``.bidsignore``, at most 1000."""
    patterns: list[Pattern] = []
    for line in text.splitlines()[: 10 * MAX_PATTERNS]:
        rule = line.strip()
        if not rule or rule.startswith("#") or len(rule) > 300:
            continue
        takes_back = rule.startswith("!")
        rule = rule.removeprefix("!").rstrip("/")
        anchored = "/" in rule
        parts = tuple(p for p in rule.split("/") if p)
        if not parts:
            continue
        patterns.append(Pattern(parts if anchored else ("**", *parts), takes_back))
        if len(patterns) == MAX_PATTERNS:
            break
    return tuple(patterns)


def ignored(path: str, patterns: Sequence[Pattern]) -> bool:
    """Tell whether a path, or a folder above it, is listed; the last pattern that fits decides."""
    names = tuple(path.split("/"))
    verdict = False
    for pattern in patterns:
        if pattern.takes_back != verdict:
            continue
        if any(_fits(names[:n], pattern.parts) for n in range(1, len(names) + 1)):
            verdict = not pattern.takes_back
    return verdict


@lru_cache(maxsize=4096)
def _fits(names: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Match names against name patterns; ``**`` stands for any number of folders."""
    if not parts:
        return not names
    if parts[0] == "**":
        rest = parts[1:]
        if not rest:
            return bool(names)
        return any(_fits(names[n:], rest) for n in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], parts[0]) and _fits(names[1:], parts[1:])
