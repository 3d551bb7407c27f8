"""Two groups beside each other in one quantity: effect size, area under the curve, and p adjusted for the number.

Nothing is adjusted for age or sex; the table of people says how groups differ in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nociscope.cohort.compare import Z95, auc
from nociscope.cohort.describe import Scale, scaled
from nociscope.cohort.multiplicity import benjamini_hochberg, holm
from nociscope.cohort.quantities import QUANTITY_COLUMNS, PersonValue, Quantity
from nociscope.evidence.effects import standardised_difference
from nociscope.tsv import Column, Table, Value

COMPARISONS = Table(
    "comparisons",
    "Each quantity in one group beside a reference group; not adjusted for age or sex",
    (
        *QUANTITY_COLUMNS,
        Column("group", "Group"),
        Column("reference", "The group it is compared with"),
        Column("key", "Place among the quantities that are shown first; n/a for the others", "integer", minimum=1),
        Column("n", "People of the group with a value", "integer", minimum=0),
        Column("reference_n", "People of the reference group with a value", "integer", minimum=0),
        Column("scale", "Scale of Hedges' g", "choice",
               choices={"linear": "that of the values", "log10": "decimal logarithm"}),
        Column("g", "Hedges' g, group minus reference; n/a where a value is only a bound", "number"),
        Column("g_low", "Lower end of its 95 % interval", "number"),
        Column("g_high", "Upper end of that interval", "number"),
        Column("auc", "Chance that a person of the group has a higher value than one of the reference", "number",
               minimum=0, maximum=1),
        Column("auc_low", "Lower end of its 95 % interval (DeLong)", "number", minimum=0, maximum=1),
        Column("auc_high", "Upper end of that interval", "number", minimum=0, maximum=1),
        Column("p", "Of the Mann-Whitney test; n/a under three people in a group", "number", minimum=0, maximum=1),
        Column("comparisons", "Number of tests that p was adjusted for: of the quantities shown first, or of all "
               "others", "integer", minimum=0),
        Column("p_holm", "p adjusted by Holm: no false claim among them", "number", minimum=0, maximum=1),
        Column("p_bh", "p adjusted by Benjamini and Hochberg: few false claims among those made", "number", minimum=0,
               maximum=1),
        Column("remark", "What limits the comparison"),
    ),
)  # fmt: skip

FEWEST = 3
"""People in each group below which nothing is tested."""

_RANKS_ONLY = "some values are only known to be lower or higher: compared by ranks alone"


def ranked(values: Sequence[PersonValue]) -> np.ndarray:
    """Return numbers whose order is that of the true values, as far as it is known, (n,).

    A value known only to be higher than 512 comes after a measured 512; several such are ties.
    """
    away = {"below": -np.inf, "above": np.inf}
    return np.array([np.nextafter(v.value, away.get(v.censored, v.value)) for v in values], dtype=float)


def contrast(
    quantity: Quantity,
    values: Sequence[PersonValue],
    reference: Sequence[PersonValue],
    scale: Scale,
    names: tuple[str, str],
    key: int | None,
) -> dict[str, Value]:
    """Return the row of :data:`COMPARISONS` of one quantity, p not yet adjusted."""
    x, y = ranked(values), ranked(reference)
    area = auc(list(x), list(y))
    bounded = any(v.censored != "none" for v in (*values, *reference))
    row: dict[str, Value] = {
        **quantity.cells(),
        "group": names[0],
        "reference": names[1],
        "key": key,
        "n": len(values),
        "reference_n": len(reference),
        "scale": scale,
        "auc": area.value,
        "auc_low": area.low,
        "auc_high": area.high,
        "p": _mann_whitney(x, y),
        "remark": _RANKS_ONLY if bounded else "",
    }
    if not bounded:
        row |= _hedges(scaled(values, scale), scaled(reference, scale))
    return row


def _mann_whitney(x: np.ndarray, y: np.ndarray) -> float | None:
    if min(x.size, y.size) < FEWEST or np.ptp(np.concatenate([x, y])) == 0:
        return None
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(x, y).pvalue)


def _hedges(x: np.ndarray, y: np.ndarray) -> dict[str, Value]:
    """Return Hedges' g with its interval by the variance of :func:`~nociscope.evidence.effects`."""
    if min(x.size, y.size) < 2 or x.std() + y.std() == 0:
        return {}
    g, variance = standardised_difference(x.mean(), x.std(ddof=1), x.size, y.mean(), y.std(ddof=1), y.size)
    half = Z95 * float(np.sqrt(variance))
    return {"g": float(g), "g_low": float(g) - half, "g_high": float(g) + half}


def adjusted(rows: Sequence[Mapping[str, Value]]) -> list[dict[str, Value]]:
    """Return comparisons with adjusted p: the quantities shown first are one family, all others another."""
    out = [dict(row) for row in rows]
    for first in (True, False):
        family = [row for row in out if (row["key"] is not None) == first and isinstance(row["p"], float)]
        p = [float(str(row["p"])) for row in family]
        for row, by_holm, by_bh in zip(family, holm(p), benjamini_hochberg(p), strict=True):
            row |= {"comparisons": len(family), "p_holm": by_holm, "p_bh": by_bh}
    return out
