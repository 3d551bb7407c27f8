"""Cells of a questionnaire table as numbers, or why they cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nociscope.assays.questionnaires.instrument import Instrument, Item
from nociscope.assays.questionnaires.scoring import Bools, Floats
from nociscope.tsv import MISSING, format_number, parse_number

_TIME = re.compile(r"(\d{1,2})[:hH](\d{2})(?::(\d{2}))?\s*([aApP])?\.?[mM]?\.?")
_WORDS = {"yes": 1.0, "no": 0.0}
_EMPTY = ("", MISSING)


def parse_answer(item: Item, text: str) -> float | None:
    """Return the answer a cell holds, None when it is missing.

    A 0/1 item may also be answered ``yes`` or ``no``, and a yes/no item ``1`` or ``0``.

    Raises
    ------
    ValueError
        The cell cannot be an answer; the message says what was expected.
    """
    cell = text.strip()
    if cell in _EMPTY or item.kind == "free":
        return None
    if item.kind == "time":
        return _time(cell)
    binary = item.kind == "yes_no" or (item.kind == "code" and (item.minimum, item.maximum) == (0, 1))
    if binary and cell.lower() in _WORDS:
        return _WORDS[cell.lower()]
    if item.kind == "yes_no" and cell not in ("0", "1"):
        if cell.lower() in ("na", "nan"):
            return None
        raise ValueError("is not yes, no or n/a")
    try:
        number = parse_number(cell)
    except ValueError as error:
        raise ValueError(f"is {error}; expected {_expected(item)}") from None
    if number is None:
        return None
    if not item.minimum <= number <= item.maximum:
        raise ValueError(f"is outside the range of the item, {_expected(item)}")
    if item.kind == "code" and number != int(number):
        raise ValueError(f"is not a whole number; expected {_expected(item)}")
    return number


def _expected(item: Item) -> str:
    return f"{format_number(item.minimum)} to {format_number(item.maximum)}"


def _time(cell: str) -> float | None:
    if cell.lower() in ("na", "nan"):
        return None
    match = _TIME.fullmatch(cell)
    if match is None:
        raise ValueError("is not a time of day like 23:15")
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:
        if not 1 <= hour <= 12:
            raise ValueError("is not a time of day like 23:15")
        hour = hour % 12 + (12 if match[4].lower() == "p" else 0)
    if hour == 24 and minute == second == 0:
        hour = 0
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("is not a time of day like 23:15")
    return hour + minute / 60 + second / 3600


def parse_total(instrument: Instrument, text: str) -> float | None:
    """Return the total a cell holds, None when it is missing.

    Raises
    ------
    ValueError
        It is no number, or outside the instrument's range.
    """
    cell = text.strip()
    if cell in _EMPTY or instrument.total is None:
        return None
    low, high = instrument.total.minimum, instrument.total.maximum
    expected = f"expected a total of {format_number(low)} to {format_number(high)}"
    try:
        number = parse_number(cell)
    except ValueError as error:
        raise ValueError(f"is {error}; {expected}") from None
    if number is not None and not low <= number <= high:
        raise ValueError(f"is outside the range of the instrument; {expected}")
    return number


def columns_of(instrument: Instrument, header: Iterable[str]) -> tuple[dict[str, str], str]:
    """Return item -> column of a table, and the column of a bare total (empty for none).

    A column is called like the item, or with the instrument's key before it (``fiqr_q1``), in any case; the total is
    ``total`` or ``<instrument>_total``.
    """
    lower: dict[str, str] = {}
    for name in header:
        lower.setdefault(name.strip().lower(), name)
    found: dict[str, str] = {}
    for item in instrument.items:
        column = lower.get(item.name) or lower.get(f"{instrument.key}_{item.name}")
        if column is not None:
            found[item.name] = column
    total = lower.get("total") or lower.get(f"{instrument.key}_total") or ""
    return found, total if instrument.total is not None else ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A cell that cannot be an answer: its place in the columns, the column, the cell, and why."""

    place: int
    column: str
    cell: str
    why: str


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of n people to one instrument.

    Attributes
    ----------
    values : mapping
        Item -> numbers, shape (n,), NaN where missing or refused.
    given : mapping
        Item -> whether the cell held anything, shape (n,).
    total : array, shape (n,)
        The bare total, NaN where there is none.
    total_given : array of bool, shape (n,)
    refused : tuple of Refused
    """

    values: Mapping[str, Floats]
    given: Mapping[str, Bools]
    total: Floats
    total_given: Bools
    refused: tuple[Refused, ...] = field(default_factory=tuple)


def parse_columns(instrument: Instrument, columns: Mapping[str, Sequence[str]], size: int) -> Answers:
    """Return the answers of a table given as columns of text, each different cell being parsed once.

    Parameters
    ----------
    instrument : Instrument
    columns : mapping of str to sequence of str, each of length `size`
    size : int
    """
    of_item, total_column = columns_of(instrument, columns)
    refused: list[Refused] = []
    values: dict[str, Floats] = {}
    given: dict[str, Bools] = {}
    for name, column in of_item.items():
        item = instrument.item(name)
        if item is not None:
            values[name], given[name] = _column(
                columns[column], column, lambda t, i=item: parse_answer(i, t), refused
            )
    total, total_given = np.full(size, np.nan), np.zeros(size, dtype=bool)
    if total_column:
        total, total_given = _column(
            columns[total_column], total_column, lambda t: parse_total(instrument, t), refused
        )
    return Answers(values, given, total, total_given, tuple(sorted(refused, key=lambda r: r.place)))


def _column(cells: Sequence[str], column: str, parse, refused: list[Refused]) -> tuple[Floats, Bools]:  # type: ignore[no-untyped-def]
    known: dict[str, tuple[float, bool, str]] = {}
    out = np.empty(len(cells))
    there = np.empty(len(cells), dtype=bool)
    for place, cell in enumerate(cells):
        found = known.get(cell)
        if found is None:
            try:
                number = parse(cell)
                found = (np.nan if number is None else number, number is not None, "")
            except ValueError as error:
                found = (np.nan, True, str(error))
            known[cell] = found
        out[place], there[place], why = found
        if why:
            refused.append(Refused(place, column, cell, why))
    return out, there
