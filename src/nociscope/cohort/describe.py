"""Each quantity in each group: how many, where the middle lies, how far values spread, how many are beyond norms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from nociscope.cohort.quantities import QUANTITY_COLUMNS, PersonValue, Quantity
from nociscope.tsv import Column, Table, Value

if TYPE_CHECKING:
    from nociscope.assays.declaration import Assay

Scale = Literal["linear", "log10"]

DESCRIPTIVES = Table(
    "descriptives",
    "Each quantity in each group",
    (
        *QUANTITY_COLUMNS,
        Column("group", "Group"),
        Column("key", "Place among the quantities that are shown first; n/a for the others", "integer", minimum=1),
        Column("n", "People with a value", "integer", minimum=0),
        Column("missing", "People of the group without one", "integer", minimum=0),
        Column("below", "Values known only to be lower", "integer", minimum=0),
        Column("above", "Values known only to be higher", "integer", minimum=0),
        Column("scale", "Scale of mean and standard deviation", "choice",
               choices={"linear": "that of the values",
                        "log10": "decimal logarithm: a geometric mean, a deviation of logarithms"}),
        Column("mean", "Mean; n/a where a value is only known to be lower or higher", "number"),
        Column("mean_low", "Lower end of its 95 % interval (t)", "number"),
        Column("mean_high", "Upper end of that interval", "number"),
        Column("sd", "Standard deviation on that scale", "number", minimum=0),
        Column("median", "Median", "number"),
        Column("median_low", "Lower end of its 95 % interval (order statistics); n/a under six people", "number"),
        Column("median_high", "Upper end of that interval", "number"),
        Column("median_censored", "Whether the median itself is only a bound", "choice",
               choices={"none": "it is a value", "below": "the true median is lower", "above": "it is higher"}),
        Column("q1", "Lower quartile", "number"),
        Column("q3", "Upper quartile", "number"),
        Column("compared", "People whose value was held against a norm", "integer", minimum=0),
        Column("loss", "Of them beyond the limit of loss, on either side", "integer", minimum=0),
        Column("gain", "Beyond the limit of gain", "integer", minimum=0),
        Column("abnormal", "Beyond a limit without direction", "integer", minimum=0),
    ),
)  # fmt: skip


def scale_of(quantity: Quantity, values: Sequence[PersonValue], known: Mapping[str, Assay]) -> Scale:
    """Return the scale on which means are made: that of the measure's scores, unless a value is not positive."""
    assay = known.get(quantity.assay)
    declared = assay.measure_named(quantity.measure) if assay else None
    logarithmic = declared is not None and declared.log10 and all(v.value > 0 for v in values)
    return "log10" if logarithmic else "linear"


def scaled(values: Sequence[PersonValue], scale: Scale) -> np.ndarray:
    """Return the values on a scale, (n,)."""
    numbers = np.array([v.value for v in values], dtype=float)
    return np.log10(numbers) if scale == "log10" else numbers


def mean_interval(x: np.ndarray) -> tuple[float, float | None, float | None, float | None]:
    """Return mean, the ends of its 95 % interval by Student's t, and the standard deviation."""
    if x.size < 2:
        return float(x.mean()), None, None, None
    from scipy.special import stdtrit

    sd = float(x.std(ddof=1))
    half = float(stdtrit(x.size - 1, 0.975)) * sd / math.sqrt(x.size)
    return float(x.mean()), float(x.mean()) - half, float(x.mean()) + half, sd


def median_ranks(n: int) -> tuple[int, int] | None:
    """Return the places (from 0) of the order statistics that hold the median with 95 % or more; None under six.

    The number of values below the median is binomial with one half, whatever the distribution (Conover 1999,
    Practical Nonparametric Statistics, section 3.2).
    """
    from scipy.special import bdtr

    below = -1
    while bdtr(below + 1, n, 0.5) <= 0.025:
        below += 1
    return None if below < 0 else (below, n - 1 - below)


def described(
    quantity: Quantity, values: Sequence[PersonValue], scale: Scale, people: int, key: int | None, group: str
) -> dict[str, Value]:
    """Return the row of :data:`DESCRIPTIVES` of one quantity in one group of so many people."""
    row: dict[str, Value] = {
        **quantity.cells(),
        "group": group,
        "key": key,
        "n": len(values),
        "missing": max(0, people - len(values)),
        "below": sum(v.censored == "below" for v in values),
        "above": sum(v.censored == "above" for v in values),
        "scale": scale,
        "compared": sum(v.call != "not_comparable" for v in values),
        **{call: sum(v.call == call for v in values) for call in ("loss", "gain", "abnormal")},
    }
    if not values:
        return row
    if not (row["below"] or row["above"]):
        *middle, sd = mean_interval(scaled(values, scale))
        back = [x if x is None or scale == "linear" else 10.0**x for x in middle]
        row |= {"mean": back[0], "mean_low": back[1], "mean_high": back[2], "sd": sd}
    return row | _quantiles(values)


def _quantiles(values: Sequence[PersonValue]) -> dict[str, Value]:
    order = {"below": -1, "none": 0, "above": 1}
    ranked = sorted(values, key=lambda v: (v.value, order[v.censored]))
    numbers = np.array([v.value for v in ranked])
    middle = {ranked[(len(ranked) - 1) // 2].censored, ranked[len(ranked) // 2].censored} - {"none"}
    ends = median_ranks(len(ranked))
    return {
        "median": float(np.median(numbers)),
        "median_low": None if ends is None else float(numbers[ends[0]]),
        "median_high": None if ends is None else float(numbers[ends[1]]),
        "median_censored": min(middle) if middle else "none",
        "q1": float(np.quantile(numbers, 0.25)),
        "q3": float(np.quantile(numbers, 0.75)),
    }
