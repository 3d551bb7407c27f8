"""Cells of tables against what the JSON beside the table says of its columns.

The official validator does not look at ``Minimum``, ``Maximum`` and ``Format`` of tables in ``phenotype/``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nociscope.problems import Problem
from nociscope.tsv import RawRow, format_number, parse_number

_NUMERIC = ("number", "integer", "index")


def check_cells(rows: Iterable[RawRow], dictionary: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each cell that its column's description rules out.

    Parameters
    ----------
    rows : iterable of RawRow
    dictionary : mapping
        Column -> its description, as in a BIDS data dictionary.
    """
    rules = {name: rule for name, entry in dictionary.items() if (rule := _rule(entry)) is not None}
    if not rules:
        return
    for row in rows:
        for column, (kind, low, high) in rules.items():
            cell = row.cells.get(column, "").strip()
            what = _fault(cell, kind, low, high)
            if what:
                yield Problem(
                    what=what,
                    remedy="correct the cell or write n/a",
                    code="against-dictionary",
                    file=row.file,
                    row=row.row,
                    column=column,
                    value=cell,
                    participant_id=row.cells.get("participant_id", "").strip(),
                    session_id=row.cells.get("session_id", "").strip().replace("n/a", ""),
                )


def _rule(entry: Any) -> tuple[str, float | None, float | None] | None:
    """Return what a description demands of a cell: its format, smallest and largest value."""
    if not isinstance(entry, Mapping):
        return None
    low, high = (_limit(entry.get(key)) for key in ("Minimum", "Maximum"))
    kind = str(entry.get("Format", ""))
    if kind not in _NUMERIC:
        kind = "number" if low is not None or high is not None else ""
    return (kind, low, high) if kind else None


def _limit(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _fault(cell: str, kind: str, low: float | None, high: float | None) -> str:
    try:
        number = parse_number(cell)
    except ValueError:
        return "is no number, although the JSON beside the table says that the column holds numbers"
    if number is None:
        return ""
    if kind in ("integer", "index") and number != int(number):
        return "is no whole number, although the JSON beside the table says that the column holds whole numbers"
    if low is not None and number < low:
        return f"is below {format_number(low)}, the Minimum in the JSON beside the table"
    if high is not None and number > high:
        return f"is above {format_number(high)}, the Maximum in the JSON beside the table"
    return ""
