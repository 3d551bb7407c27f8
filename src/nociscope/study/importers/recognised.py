"""Columns that need no map: those that are called like an instrument's items, and what describes a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from nociscope.study.importers.column_map import Block, CellRule
from nociscope.study.importers.study_tables import forms, known_table

_SEX_WORDS = {
    "f": "F", "female": "F", "woman": "F", "w": "F", "weiblich": "F", "femmina": "F", "femme": "F",
    "m": "M", "male": "M", "man": "M", "maennlich": "M", "männlich": "M", "maschio": "M", "homme": "M",
    "o": "O", "other": "O", "diverse": "O", "intersex": "O",
}  # fmt: skip
_PEOPLE = {
    "age": ("age", "age_years"),
    "height_cm": ("height_cm",),
    "weight_kg": ("weight_kg",),
    "group": ("group", "study_group"),
}


def recognised_tables(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return instrument -> item -> column, for columns called ``fiqr_q1``, ``FIQR_1``, ``fiqr1`` or ``fiqr_total``.

    Parameters
    ----------
    names : iterable of str
    """
    lower: dict[str, str] = {}
    for name in names:
        lower.setdefault(re.sub(r"[^a-z0-9]", "", name.lower()), name)
    out: dict[str, dict[str, str]] = {}
    for table in forms():
        key = table.name.replace("_", "")
        found: dict[str, str] = {}
        for item in table.names:
            if item in table.key:
                continue
            plain = item.replace("_", "")
            ways = [f"{key}{plain}"] + ([f"{key}{plain[1:]}"] if re.fullmatch(r"q\d+[a-z]?", plain) else [])
            column = next((lower[w] for w in ways if w in lower), None)
            if column is not None:
                found[item] = column
        if found:
            out[table.name] = found
    return out


def blocks_of(tables: Mapping[str, Mapping[str, str]]) -> tuple[tuple[str, Block], ...]:
    """Return recognised tables as the blocks of a column map."""
    return tuple(
        (table, {item: CellRule(column=column) for item, column in columns.items()})
        for table, columns in tables.items()
        if known_table(table) is not None
    )


def recognised_people(names: Iterable[str], labels: Mapping[str, Mapping[str, str]]) -> dict[str, CellRule]:
    """Return the columns that describe a person: age, sex (by words or its codes' labels), height, weight, group.

    Parameters
    ----------
    names : iterable of str
    labels : mapping
        Column -> code -> label.
    """
    lower = {name.lower(): name for name in names}
    out: dict[str, CellRule] = {}
    for target, ways in _PEOPLE.items():
        column = next((lower[w] for w in ways if w in lower), None)
        if column is not None:
            codes = labels.get(column, {}) if target == "group" else {}
            out[target] = CellRule(column=column, values=dict(codes))
    column = lower.get("sex") or lower.get("gender")
    if column is not None:
        codes = {code: _SEX_WORDS.get(label.strip().lower(), "") for code, label in labels.get(column, {}).items()}
        if codes and all(codes.values()):
            out["sex"] = CellRule(column=column, values=codes)
        elif not codes:
            words = {
                form: letter
                for word, letter in _SEX_WORDS.items()
                for form in (word, word.capitalize(), word.upper())
            }
            out["sex"] = CellRule(column=column, values=words)
    return out
