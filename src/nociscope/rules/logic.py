"""Yes, no and unknown: an unknown part makes the whole unknown only where it could change it.

This is Kleene's three-valued logic, carried out on facts that remember what decided them and what was missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is so, is not so, or is unknown.

    Attributes
    ----------
    value : bool or None
        None is unknown.
    by : tuple of str
        What decided it, by the names of columns, signs, measures or clauses.
    missing : tuple of str
        What would have to be known; empty unless the value is None.
    """

    value: bool | None
    by: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


NEVER = Fact(False)


def known(value: bool | None, *names: str) -> Fact:
    """Return a fact of one input: decided by the names, or, when it is None, missing them."""
    return Fact(None, (), names) if value is None else Fact(value, names)


def unknown(*names: str) -> Fact:
    """Return an unknown fact and what is missing."""
    return Fact(None, (), names)


def negate(fact: Fact) -> Fact:
    """Return the opposite; unknown stays unknown."""
    return fact if fact.value is None else Fact(not fact.value, fact.by)


def union(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return all names of several groups once, in order."""
    return tuple(dict.fromkeys(name for group in groups for name in group))


def at_least(count: int, facts: Iterable[Fact]) -> Fact:
    """Tell whether at least so many of the facts are true.

    True is decided by the true ones, false by the false ones; unknown misses what the unknown ones miss.
    """
    yes: list[Fact] = []
    no: list[Fact] = []
    open_: list[Fact] = []
    for f in facts:
        (open_ if f.value is None else yes if f.value else no).append(f)
    if len(yes) >= count:
        return Fact(True, union(f.by for f in yes))
    if len(yes) + len(open_) < count:
        return Fact(False, union(f.by for f in no))
    return Fact(None, union(f.by for f in yes), union(f.missing for f in open_))


def any_of(*facts: Fact) -> Fact:
    """Tell whether one of the facts is true; of nothing, false."""
    return at_least(1, facts)


def all_of(*facts: Fact) -> Fact:
    """Tell whether all facts are true; of nothing, true. One false fact decides, whatever is unknown."""
    wrong = tuple(f for f in facts if f.value is False)
    if wrong:
        return Fact(False, union(f.by for f in wrong))
    return at_least(len(facts), facts)
