"""The quantities that are shown first beside pain: rank correlations in each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nociscope.cohort.compare import rank_correlation
from nociscope.cohort.contrasts import ranked
from nociscope.cohort.people import Person, groups_of
from nociscope.cohort.quantities import QUANTITY_COLUMNS, PersonValue, Quantity
from nociscope.tsv import Column, Table, Value

PAIN_MEASURES = ("pain_nrs_total", "bpi_severity", "npsi_total", "rand36_pain")
"""Questionnaires of pain; the first two that somebody filled in are taken."""

MOST_MEASURES = 2

FEWEST = 5
"""People below which no correlation is given."""

CORRELATIONS = Table(
    "correlations",
    "Spearman's rank correlation of a quantity with pain, within one group",
    (
        Column("group", "Group; groups are never put together, because a difference between them is no correlation"),
        Column("pain", "The pain measure"),
        *QUANTITY_COLUMNS,
        Column("n", "People with both", "integer", minimum=0),
        Column("rho", "Rank correlation; n/a where one of them does not vary", "number", minimum=-1, maximum=1),
        Column("low", "Lower end of its 95 % interval", "number", minimum=-1, maximum=1),
        Column("high", "Upper end of that interval", "number", minimum=-1, maximum=1),
    ),
)


def correlation_rows(
    people: Sequence[Person], values: Mapping[Quantity, Sequence[PersonValue]], keys: Sequence[Quantity]
) -> list[dict[str, Value]]:
    """Return the rows of :data:`CORRELATIONS` for the quantities that are shown first, questionnaires left out."""
    measures = [m for m in PAIN_MEASURES if any(_is_pain(q, m) for q in values)][:MOST_MEASURES]
    rows: list[dict[str, Value]] = []
    for measure in measures:
        pain = {v.participant_id: v for q, own in values.items() if _is_pain(q, measure) for v in own}
        for quantity in keys:
            if quantity.assay == "questionnaires":
                continue
            for group in groups_of(people):
                own = [v for v in values[quantity] if v.group == group and v.participant_id in pain]
                if len(own) < FEWEST:
                    continue
                found = rank_correlation(list(ranked(own)), list(ranked([pain[v.participant_id] for v in own])))
                row: dict[str, Value] = {"group": group, "pain": measure, **quantity.cells(), "n": found.n}
                rows.append(row | {"rho": found.value, "low": found.low, "high": found.high})
    return rows


def _is_pain(quantity: Quantity, measure: str) -> bool:
    return (quantity.assay, quantity.measure) == ("questionnaires", measure)
