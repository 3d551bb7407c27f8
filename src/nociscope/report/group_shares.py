"""Shares on the group page: who was studied, who meets which rule, whose tests show what and agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nociscope.report import group_figures as figures
from nociscope.report import wording
from nociscope.report.group_words import (
    ALL,
    Row,
    Tables,
    count_in,
    group_of_all,
    group_word,
    number_in,
    percent_span,
    with_span,
    word_of,
)
from nociscope.tsv import MISSING

_MOST_COMBINATIONS = 14


def people_words(row: Row) -> dict[str, Any]:
    """Return a row of the table of people in words."""
    age = wording.number(number_in(row, "age_mean"), 1)
    sd = number_in(row, "age_sd")
    return {
        "group": group_word(str(row["group"])),
        "reference": row.get("reference") == "yes",
        **{
            k: count_in(row, k)
            for k in ("people", "worked_up", "visits", "several_visits", "female", "male", "other_sex")
        },
        "age": age if sd is None else f"{age} ± {wording.number(sd, 1)}",
        "age_missing": count_in(row, "people") - count_in(row, "age_n"),
    }


def everyone_words(rows: Sequence[Row]) -> dict[str, str]:
    """Return the study in figures: people, groups, visits."""
    last = rows[-1] if rows else {}
    groups = sum(r["group"] not in (ALL, MISSING) for r in rows)
    return {
        "people": wording.counted(count_in(last, "people"), "participant"),
        "groups": wording.counted(groups, "group"),
        "visits": wording.counted(count_in(last, "visits"), "visit"),
        "without": wording.counted(count_in(last, "people") - count_in(last, "worked_up"), "participant"),
        "lacking": str(count_in(last, "people") - count_in(last, "worked_up") or ""),
    }


def tests_words(rows: Sequence[Row], groups: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Return each test that somebody had, with its people by group."""
    by = {(str(r["assay"]), str(r["group"])): r for r in rows}
    return tuple(
        {"title": title, "cells": tuple(_test_cell(by.get((assay, g))) for g in groups)}
        for assay, title in {str(r["assay"]): word_of(r, "title") for r in rows if _was_done(r)}.items()
    )


def _was_done(row: Row) -> bool:
    return any(count_in(row, k) for k in ("done", "partial", "failed"))


def not_done(rows: Sequence[Row]) -> list[str]:
    """Return the tests that nobody had, in words."""
    done = {str(r["assay"]) for r in rows if _was_done(r)}
    return list(dict.fromkeys(word_of(r, "title").lower() for r in rows if r["assay"] not in done))


def _test_cell(row: Row | None) -> dict[str, str]:
    if row is None:
        return {"people": "–", "more": ""}
    words = {"partial": "in part", "failed": "failed", "absent": "not done"}
    more = [f"{count_in(row, k)} {w}" for k, w in words.items() if count_in(row, k)]
    return {"people": str(count_in(row, "people")), "more": ", ".join(more)}


def rule_words(rows: Sequence[Row], groups: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Return each rule with a bar and a share for every group."""
    by = {(str(r["rule"]), word_of(r, "title", 200), str(r["group"])): r for r in rows}
    names = dict.fromkeys((rule, title) for rule, title, _ in by)
    return tuple(
        {
            "title": title,
            "key": rule,
            "cells": tuple(_rule_cell(by.get((rule, title, g)), i) for i, g in enumerate(groups)),
        }
        for rule, title in names
    )


def _rule_cell(row: Row | None, place: int) -> dict[str, str]:
    people = 0 if row is None else count_in(row, "people")
    if row is None or not people:
        return {"bar": "", "share": "", "span": "", "unknown": "", "grades": ""}
    meets, unknown = count_in(row, "meets"), count_in(row, "cannot_tell")
    told = people - unknown
    return {
        "bar": figures.share_bar(meets, unknown, people, figures.colour_of(place)),
        "share": f"{meets} of {told}" if told else "none can be told",
        "span": percent_span(row) if told else "",
        "unknown": f"cannot tell {unknown}" if unknown else "",
        "grades": word_of(row, "grades", 200).replace("_", " "),
    }


def profile_words(tables: Tables, groups: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Return each mechanism that somebody could be assessed for, with everyone as a point."""
    group_of = {str(r["participant_id"]): str(r["group"]) for r in tables["values"]}
    points: dict[str, dict[str, dict[str, float]]] = {}
    for r in tables.get("mechanisms", ()):
        value = number_in(r, "posterior")
        person = str(r["participant_id"])
        if r.get("status") == "assessed" and value is not None and person in group_of:
            points.setdefault(str(r["mechanism"]), {}).setdefault(group_of[person], {}).setdefault(person, value)
    by: dict[str, dict[str, Row]] = {}
    for r in tables["profiles"]:
        by.setdefault(str(r["mechanism"]), {})[str(r["group"])] = r
    by = {m: own for m, own in by.items() if any(count_in(r, "assessed") for r in own.values())}
    out: list[dict[str, Any]] = []
    for mechanism, own in by.items():
        title = word_of(next(iter(own.values())), "title", 80)
        posteriors = {g: list(points.get(mechanism, {}).get(g, {}).values()) for g in groups}
        out.append(
            {
                "title": title,
                "svg": figures.probability_strip(posteriors, f"Posterior probabilities of {title.lower()} by group"),
                "cells": tuple(_profile_cell(own.get(g)) for g in groups),
            }
        )
    return tuple(out)


def _profile_cell(row: Row | None) -> dict[str, str]:
    assessed = 0 if row is None else count_in(row, "assessed")
    if row is None or not assessed:
        return {"toward": "not assessable", "span": "", "median": "", "left": ""}
    left = count_in(row, "not_assessable")
    return {
        "toward": f"{count_in(row, 'toward')} of {assessed}",
        "span": percent_span(row),
        "median": wording.probability(number_in(row, "median")),
        "left": f"not assessable {left}" if left else "",
    }


def fibre_words(tables: Tables, groups: Sequence[str]) -> dict[str, Any] | None:
    """Return the tests of small fibres: shares by group, and which show loss together; None where there are none."""
    rows = tables["small_fibres"]
    if not rows:
        return None
    names = [str(r["group"]) for r in tables["people"]]
    whole = group_of_all([n for n in names if n != ALL])
    tests = [r for r in rows if r["group"] == whole]
    by = {(str(r["test"]), str(r["group"])): r for r in rows}
    table = tuple(
        {
            "title": word_of(r, "title"),
            "measures": word_of(r, "measures"),
            "cells": tuple(_fibre_cell(by.get((str(r["test"]), g)), i) for i, g in enumerate(groups)),
        }
        for r in tests
    )
    words = [(word_of(r, "title"), f"loss in {count_in(r, 'loss')} of {count_in(r, 'judged')}") for r in tests]
    found, left = _combinations(tables["patterns"], [str(r["test"]) for r in tests], groups, whole)
    label = "Combinations of tests of small fibres that show loss, by number of people"
    return {
        "table": table,
        "svg": figures.combinations(words, found, [group_word(g) for g in groups], label) if found else "",
        "left": left,
    }


def _fibre_cell(row: Row | None, place: int) -> dict[str, str]:
    judged = 0 if row is None else count_in(row, "judged")
    if row is None or not judged:
        return {"bar": "", "share": "–", "span": ""}
    loss = count_in(row, "loss")
    return {
        "bar": figures.share_bar(loss, 0, judged, figures.colour_of(place)),
        "share": f"{loss} of {judged}",
        "span": percent_span(row),
    }


def _combinations(
    rows: Sequence[Row], tests: Sequence[str], groups: Sequence[str], whole: str
) -> tuple[list[figures.Combination], int]:
    """Return the most frequent combinations with their people by group, and in how many people others are."""
    patterns = [r for r in rows if r["group"] == whole]
    by = {(tuple(str(r[t]) for t in tests), str(r["group"])): count_in(r, "people") for r in rows}
    found = []
    for r in patterns[:_MOST_COMBINATIONS]:
        states = tuple(str(r[t]) for t in tests)
        found.append(figures.Combination(states=states, people=[by.get((states, g), 0) for g in groups]))
    return found, sum(count_in(r, "people") for r in patterns[_MOST_COMBINATIONS:])


def agreement_words(row: Row, tables: Tables) -> dict[str, str]:
    """Return how often two tests say the same in words."""
    titles = {str(r["test"]): word_of(r, "title") for r in tables["small_fibres"]}
    return {
        "pair": f"{titles[str(row['test'])]} and {titles[str(row['other'])]}",
        "judged": str(count_in(row, "judged")),
        **{k: str(count_in(row, k)) for k in ("both", "test_only", "other_only", "neither")},
        "agree": percent_span(row),
        "kappa": with_span(row, "kappa", 2),
    }
