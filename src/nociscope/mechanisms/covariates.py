"""What of a person makes a test tell less: migraine, and drugs that change what is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nociscope import files
from nociscope.problems import Problem

if TYPE_CHECKING:
    from nociscope.study.records import Participant

NAMES = ("migraine", "snri", "tricyclic")

DRUGS = {
    "duloxetine": "snri",
    "milnacipran": "snri",
    "venlafaxine": "snri",
    "desvenlafaxine": "snri",
    "amitriptyline": "tricyclic",
    "nortriptyline": "tricyclic",
    "imipramine": "tricyclic",
    "clomipramine": "tricyclic",
    "doxepin": "tricyclic",
}
"""International non-proprietary name -> class."""

_YES = ("yes", "y", "1", "true")


def covariates_of(columns: Mapping[str, str], drugs: Iterable[str] = ()) -> frozenset[str]:
    """Return which covariates hold.

    Parameters
    ----------
    columns : mapping
        Further columns of ``participants.tsv``.
    drugs : iterable of str
        Current treatments, by their first word.

    >>> sorted(covariates_of({"migraine": "yes"}, ["Duloxetine 60 mg"]))
    ['migraine', 'snri']
    """
    stated = {name for name in NAMES if columns.get(name, "").strip().lower() in _YES}
    taken = {DRUGS.get((drug.split() or [""])[0].strip(",;").lower(), "") for drug in drugs}
    return frozenset((stated | taken) & set(NAMES))


def of_participants(path: Path) -> tuple[dict[str, frozenset[str]], list[Problem]]:
    """Return the covariates of everyone in a ``participants.tsv``, and what was wrong with it.

    Raises
    ------
    BadInput
        It is not such a table.
    """
    from nociscope.study.people import read_people

    people = read_people(files.read_text(path))
    return {p: _of(x) for p, x in people.participants.items()}, list(people.problems)


def _of(person: Participant) -> frozenset[str]:
    return covariates_of(person.covariates)
