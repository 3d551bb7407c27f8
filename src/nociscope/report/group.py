"""The page of the groups of a study, drawn from the group tables alone. Nothing is computed, only put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nociscope.assays.declaration import Assay
from nociscope.report import group_figures as figures
from nociscope.report import page, wording
from nociscope.report.group_beside import (
    conflict_words,
    correlation_words,
    course_words,
    known_limit,
    published_words,
    responder_words,
)
from nociscope.report.group_measures import blocks, by_assay, heat, strips, telling
from nociscope.report.group_shares import (
    agreement_words,
    everyone_words,
    fibre_words,
    not_done,
    people_words,
    profile_words,
    rule_words,
    tests_words,
)
from nociscope.report.group_words import (
    ALL,
    Tables,
    count_in,
    group_of_all,
    group_word,
    word_of,
)

_MOST_GROUPS = 6
_FEW = 3
"""A quantity with fewer people than this in every group is left to the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much a page shows; the tables hold the rest."""

    quantities: int
    people: int


_ROOMS = (Room(quantities=1200, people=800), Room(quantities=150, people=800), Room(quantities=40, people=300))


def group_page(
    study_name: str, tables: Tables, declarations: Mapping[str, Assay] | None = None, version: str = ""
) -> str:
    """Return the report of a study's groups: one HTML file that loads nothing and stays under 2,000,000 bytes.

    Parameters
    ----------
    study_name : str
    tables : mapping
        Name of a group table -> its rows, as recorded.
    declarations : mapping, optional
        Assay name -> declaration, for titles and decimals; the registry's when not given.
    version : str
        Of the program; the running one when empty.
    """
    if not version:
        from nociscope._version import __version__ as version
    if declarations is None:
        from nociscope.assays.registry import assays

        declarations = {a.name: a for a in assays()}
    made = ""
    for room in _ROOMS:
        content = _content(study_name, tables, declarations, room)
        made = page.render("group.html.j2", version=wording.shown(version, 60), **content)
        if page.size(made) < page.SIZE_TARGET:
            break
    return made


def _content(study_name: str, tables: Tables, known: Mapping[str, Assay], room: Room) -> dict[str, Any]:
    groups = [word_of(r, "group") for r in tables["people"] if r["group"] != ALL]
    shown = groups[:_MOST_GROUPS]
    found = blocks(tables, shown, known)
    keys = [b for b, key in found if key is not None]
    others = [b for b, key in found if key is None]
    kept = [b for b in others if max((int(g.n.split()[0]) for g in b.groups), default=0) >= _FEW]
    titles = {str(r["assay"]): word_of(r, "title") for r in tables["tests"]}
    return {
        "study": wording.shown(study_name, 200) or "Study without a name",
        "groups": tuple((group_word(g), figures.colour_of(i)) for i, g in enumerate(shown)),
        "groups_omitted": len(groups) - len(shown),
        "people": tuple(people_words(r) for r in tables["people"]),
        "everyone": everyone_words(tables["people"]),
        "tests": tests_words(tables["tests"], shown),
        "not_done": wording.listed(not_done(tables["tests"])),
        "strips": strips(tables, shown, keys),
        "keys": keys,
        "others": by_assay(kept[: room.quantities], titles),
        "others_left": len(others) - min(len(kept), room.quantities),
        "quantities": len(found),
        "telling": telling(tables["comparisons"], keys, {str(r["group"]): r for r in tables["people"]}),
        "compared": bool(tables["comparisons"]),
        "heat": heat(tables, groups, known, room.people),
        "rules": rule_words(tables["rules"], shown),
        "profiles": profile_words(tables, shown),
        "not_assessable": wording.listed(
            word_of(r, "title").lower()
            for r in tables["profiles"]
            if r["group"] == group_of_all(groups) and not count_in(r, "assessed")
        ),
        "fibres": fibre_words(tables, shown),
        "agreement": tuple(
            agreement_words(r, tables) for r in tables["agreement"] if r["group"] == group_of_all(groups)
        ),
        "correlations": correlation_words(tables["correlations"], shown, known),
        "courses": tuple(course_words(r, known) for r in tables["courses"] if known_limit(r))[:200],
        "courses_left": sum(not known_limit(r) for r in tables["courses"]),
        "responders": tuple(responder_words(r) for r in tables["responders"]),
        "published": published_words(tables["published"], groups),
        "conflicts": tuple(conflict_words(r) for r in tables["conflicts"]),
        "files": tuple(f"{name}.tsv" for name in tables),
    }
