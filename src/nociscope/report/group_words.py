"""Cells of the group tables in words: numbers with their intervals, groups, quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nociscope.assays.declaration import Assay
from nociscope.cohort.quantities import Quantity
from nociscope.report import wording
from nociscope.report.rows import title_of
from nociscope.tsv import MISSING, Value

Row = Mapping[str, Value]
Tables = Mapping[str, Sequence[Row]]

ALL = "all"
"""What stands in place of a group for everyone together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A quantity in words."""

    quantity: Quantity
    title: str
    place: str
    method: str
    unit: str
    decimals: int | None
    loss: str


def word_of(row: Row, name: str, limit: int = 120) -> str:
    """Return a cell as text on one line, empty when it is missing."""
    value = row.get(name)
    return "" if value is None else wording.shown(value, limit)


def number_in(row: Row, name: str) -> float | None:
    """Return a cell as a number, None when it is missing."""
    value = row.get(name)
    return float(value) if isinstance(value, int | float) else None


def count_in(row: Row, name: str) -> int:
    """Return a cell as a count, 0 when it is missing."""
    value = row.get(name)
    return int(value) if isinstance(value, int | float) else 0


def group_word(name: str) -> str:
    """Return a group as a reader calls it."""
    if name == MISSING:
        return "group not recorded"
    return "everyone" if name == ALL else wording.shown(name, 60)


def group_of_all(groups: Sequence[str]) -> str:
    """Return the group that stands for everyone: tables have no row for all where there is one group."""
    return groups[0] if len(groups) == 1 else ALL


def span_words(low: float | None, high: float | None, decimals: int | None) -> str:
    """Return ``1.4 to 3.3``, empty unless both ends are known."""
    if low is None or high is None:
        return ""
    return f"{wording.number(low, decimals)} to {wording.number(high, decimals)}"


def percent_word(value: float | None) -> str:
    """Return a percentage without decimals."""
    return "" if value is None else f"{value:.0f}"


def percent_span(row: Row) -> str:
    """Return ``42 % (19 to 68)`` of a row with a share in percent."""
    share, low, high = (percent_word(number_in(row, k)) for k in ("percent", "low", "high"))
    return f"{share} % ({low} to {high})"


def with_span(row: Row, name: str, decimals: int | None, low: str = "", high: str = "") -> str:
    """Return ``2.9 (1.4 to 3.3)``."""
    value = number_in(row, name)
    if value is None:
        return ""
    span = span_words(number_in(row, low or f"{name}_low"), number_in(row, high or f"{name}_high"), decimals)
    return wording.number(value, decimals) + (f" ({span})" if span else "")


def quantity_of(row: Row) -> Quantity:
    """Return the quantity that a row is of."""
    return Quantity(*(str(row[c]) for c in ("assay", "site", "measure", "method", "unit")))


def named(q: Quantity, known: Mapping[str, Assay]) -> Named:
    """Return a quantity in words."""
    assay = known.get(q.assay)
    declared = assay.measure_named(q.measure) if assay else None
    return Named(
        quantity=q,
        title=title_of(q.measure, assay),
        place=wording.place(q.site, MISSING),
        method="" if q.method == MISSING else wording.shown(q.method, 120),
        unit=wording.unit(q.unit),
        decimals=declared.decimals if declared else None,
        loss={"low": "lower is loss", "high": "higher is loss"}.get(declared.loss if declared else "", ""),
    )
