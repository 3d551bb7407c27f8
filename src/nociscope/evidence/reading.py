"""From a table of studies to effects: which columns a measure needs, what is refused, what is left out and said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from nociscope.evidence import effects
from nociscope.evidence.effects import Array
from nociscope.evidence.studies import StudyTable
from nociscope.problems import BadInput, Problem, UsageError

Measure = Literal["proportion", "rr", "or", "rd", "md", "smd", "rom", "mean", "generic"]
MEASURES: tuple[str, ...] = get_args(Measure)
TRANSFORMS: tuple[str, ...] = get_args(effects.Transform)
COUNT_MEASURES = ("or", "rr", "rd")

SCALES = {
    "raw": "proportion",
    "logit": "logit of the proportion",
    "arcsine": "arcsine of the root of the proportion",
    "freeman-tukey": "Freeman-Tukey double arcsine (half angle) of the proportion",
    "or": "log odds ratio",
    "rr": "log risk ratio",
    "rd": "risk difference",
    "md": "difference of means",
    "smd": "standardised mean difference (Hedges g)",
    "rom": "log ratio of means",
    "mean": "mean",
    "generic": "effect as given",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """The studies that can be pooled.

    Attributes
    ----------
    measure, transform : str
        `transform` is empty beside proportions.
    scale : str
        What `yi` is, in words.
    table : StudyTable
        The studies kept.
    yi, vi : array (k,)
    counts : tuple of array
        (events, n) or (events, n, ctrl_events, ctrl_n); empty for other measures.
    sizes : array (k,) or None
        People per study, where known.
    adjusted : tuple of bool
        Whether one half was added to the cells of a study.
    source : tuple of str
        ``counts``, ``percent``, ``means`` or ``generic``: what each study gave.
    problems : tuple of Problem
        What was left out, or used with a word.
    """

    measure: str
    transform: str
    scale: str
    table: StudyTable
    yi: Array
    vi: Array
    counts: tuple[Array, ...] = ()
    sizes: Array | None = None
    adjusted: tuple[bool, ...] = ()
    source: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """How the studies are called."""
        return self.table.names

    @property
    def k(self) -> int:
        """How many studies there are."""
        return int(self.yi.size)

    def only(self, keep: Sequence[int]) -> Effects:
        """Return these studies alone, in this order."""
        index = np.asarray(keep, dtype=int)
        return Effects(
            measure=self.measure,
            transform=self.transform,
            scale=self.scale,
            table=self.table.only(list(keep)),
            yi=self.yi[index],
            vi=self.vi[index],
            counts=tuple(c[index] for c in self.counts),
            sizes=None if self.sizes is None else self.sizes[index],
            adjusted=tuple(self.adjusted[i] for i in keep),
            source=tuple(self.source[i] for i in keep),
        )

    def natural(self, values: Array) -> Array:
        """Return values of the pooling scale on the natural one: a proportion, ratio, difference or mean."""
        if self.measure in ("or", "rr", "rom") or self.transform == "log":
            return np.exp(values)
        if self.transform == "logit":
            return effects.inverse_logit(values)
        if self.transform == "arcsine":
            return effects.inverse_arcsine(values)
        if self.transform == "freeman-tukey" and self.sizes is not None:
            return effects.inverse_freeman_tukey(values, float(self.k / (1.0 / self.sizes).sum()))
        return np.asarray(values, dtype=np.float64)

    @property
    def natural_name(self) -> str:
        """What the natural scale is called."""
        names = {"proportion": "proportion", "or": "odds ratio", "rr": "risk ratio", "rom": "ratio of means"}
        return names.get(self.measure, self.scale)


@dataclass(slots=True)
class _Reader:
    """Collects columns, what is wrong, and which studies stay."""

    table: StudyTable
    wrong: list[Problem] = field(default_factory=list)
    left_out: list[Problem] = field(default_factory=list)
    dropped: set[int] = field(default_factory=set)

    def need(self, measure: str, *columns: str) -> list[Array]:
        """Return columns as arrays with NaN for missing; a study with a missing cell is left out by name."""
        absent = [c for c in columns if c not in self.table.header]
        if absent:
            raise BadInput(
                Problem(
                    what=f"the column {absent[0]} is missing; the measure {measure} needs {', '.join(columns)}",
                    remedy="add the column, or name another measure",
                    code="missing-column",
                    file=self.table.file,
                    row=1,
                    column=absent[0],
                )
            )
        out = []
        for column in columns:
            values = self.table.numbers(column)
            for i, value in enumerate(values):
                if value is None:
                    self.leave_out(i, column)
            out.append(np.array([np.nan if v is None else v for v in values], dtype=np.float64))
        return out

    def leave_out(self, i: int, column: str) -> None:
        if i not in self.dropped:
            self.left_out.append(
                self.table.problem(
                    i, column, "the cell is missing, so the study is left out", "fill it in", code="left-out",
                    severity="warning",
                )
            )  # fmt: skip
        self.dropped.add(i)

    def refuse(self, bad: np.ndarray, column: str, what: str) -> None:
        """Note every study where `bad` holds (NaN compares false)."""
        for i in np.flatnonzero(bad):
            self.wrong.append(self.table.problem(int(i), column, what))

    def counts(self, events: Array, n: Array, names: tuple[str, str]) -> None:
        e, m = names
        self.refuse(n < 1, m, "is no group size; expected at least 1")
        self.refuse(events < 0, e, "is a negative count")
        self.refuse((n >= 1) & (events > n), e, f"is more than {m}")
        self.refuse(np.isfinite(n) & (n != np.floor(n)), m, "is not a whole number")

    def whole(self, events: Array, column: str) -> None:
        fraction = np.isfinite(events) & (events != np.floor(events))
        self.refuse(fraction, column, "is not a whole number; a percentage belongs in a column percent")

    def groups(self, mean: Array, sd: Array, n: Array, names: tuple[str, str, str]) -> None:
        self.refuse(sd < 0, names[1], "is a negative standard deviation")
        self.refuse(sd == 0, names[1], "is zero, so that the study's weight is infinite")
        self.refuse(n < 2, names[2], "is too small a group; expected at least 2")

    def kept(self) -> list[int]:
        """Return the studies that stay.

        Raises
        ------
        BadInput
            A cell is wrong, or no study is left.
        """
        if self.wrong:
            raise BadInput(self.wrong)
        keep = [i for i in range(len(self.table)) if i not in self.dropped]
        if not keep:
            nothing = Problem(
                what="no study has all the cells that the measure needs",
                remedy="fill in the missing cells",
                code="no-study",
                file=self.table.file,
            )
            raise BadInput([*self.left_out, nothing])
        return keep


def read_effects(table: StudyTable, measure: str, transform: str = "logit") -> Effects:
    """Return the effects of a table's studies.

    Parameters
    ----------
    table : StudyTable
        With the columns of the measure: ``events n``, or ``percent n`` (a rounded percentage is used as it is, and
        the result says so), and ``ctrl_events ctrl_n`` for `or`, `rr`, `rd`; ``mean sd n`` and ``ctrl_mean ctrl_sd
        ctrl_n`` for `md`, `smd`, `rom`; ``mean sd n`` alone for `mean`; ``yi`` with ``vi`` or ``sei`` for `generic`.
    measure, transform : str

    Raises
    ------
    UsageError
        There is no such measure or transform.
    BadInput
        A column is missing, a cell cannot be right, or nothing is left.
    """
    if measure not in MEASURES:
        raise UsageError(f"There is no measure “{measure}”; there are {', '.join(MEASURES)}.")
    if transform not in TRANSFORMS:
        raise UsageError(f"There is no transform “{transform}”; there are {', '.join(TRANSFORMS)}.")
    reader = _Reader(table)
    if measure == "proportion":
        return _proportions(reader, transform)
    if measure in COUNT_MEASURES:
        return _two_groups(reader, measure)
    if measure == "generic":
        return _generic(reader)
    return _means(reader, measure)


def _made(
    reader: _Reader,
    measure: str,
    transform: str,
    pair: effects.Pair,
    keep: list[int],
    *,
    counts: tuple[Array, ...] = (),
    sizes: Array | None = None,
    adjusted: np.ndarray | None = None,
    source: Sequence[str] = (),
    more: Sequence[Problem] = (),
) -> Effects:
    """Return effects of the studies that stay; everything given covers these alone."""
    table = reader.table.only(keep)
    yi, vi = pair
    scale = SCALES[transform if measure == "proportion" else measure]
    infinite = [
        table.problem(i, "", "its effect or variance is zero or infinite", "check its numbers")
        for i in range(len(keep))
        if not (np.isfinite(yi[i]) and np.isfinite(vi[i]) and vi[i] > 0)
    ]
    if infinite:
        raise BadInput(infinite)
    return Effects(
        measure=measure,
        transform=transform,
        scale=scale if transform != "log" else f"log of the {scale}",
        table=table,
        yi=yi,
        vi=vi,
        counts=counts,
        sizes=sizes,
        adjusted=tuple(bool(b) for b in adjusted) if adjusted is not None else (False,) * len(keep),
        source=tuple(source) or ("generic",) * len(keep),
        problems=(*reader.left_out, *more),
    )


def _proportions(reader: _Reader, transform: str) -> Effects:
    table = reader.table
    source = ["counts"] * len(table)
    if table.has("percent"):
        n = reader.need("proportion", "n")[0]
        given = table.numbers("events") if "events" in table.header else (None,) * len(table)
        percent = table.numbers("percent")
        events = np.full(len(table), np.nan)
        for i, (count, share) in enumerate(zip(given, percent, strict=True)):
            if count is not None:
                events[i] = count
            elif share is not None:
                source[i] = "percent"
                if not 0 <= share <= 100:
                    reader.wrong.append(table.problem(i, "percent", "is no percentage from 0 to 100"))
                else:
                    events[i] = share / 100 * n[i]
            else:
                reader.leave_out(i, "events")
        counted = np.where(np.array(source) == "counts", events, np.nan)
        reader.whole(counted, "events")
        reader.counts(counted, n, ("events", "n"))
    else:
        events, n = reader.need("proportion", "events", "n")
        reader.whole(events, "events")
        reader.counts(events, n, ("events", "n"))
    keep = reader.kept()
    x, m = events[keep], n[keep]
    adjusted = ((x <= 0) | (x >= m)) & (transform in ("raw", "logit"))
    return _made(
        reader,
        "proportion",
        transform,
        effects.proportion(x, m, transform),  # type: ignore[arg-type]
        keep,
        counts=(x, m),
        sizes=m,
        adjusted=adjusted,
        source=[source[i] for i in keep],
    )


def _two_groups(reader: _Reader, measure: str) -> Effects:
    columns = ("events", "n", "ctrl_events", "ctrl_n")
    cells = reader.need(measure, *columns)
    for e, m in ((0, 1), (2, 3)):
        reader.whole(cells[e], columns[e])
        reader.counts(cells[e], cells[m], (columns[e], columns[m]))
    keep = reader.kept()
    a, n1, c, n2 = (cell[keep] for cell in cells)
    adjusted = effects.halved_cells(a, n1, c, n2)[4]
    silent = np.flatnonzero((a + c == 0) | (a + c == n1 + n2))
    table = reader.table.only(keep)
    more = [
        table.problem(
            int(i),
            "",
            "nobody, or everybody, had the event in both groups, so the study says nothing about a ratio",
            "inverse-variance models give it weight through the added halves alone; mh, peto and glmm give it none",
            severity="warning",
            code="double-zero",
        )
        for i in silent
        if measure != "rd"
    ]
    pair = effects.two_groups(a, n1, c, n2, measure)  # type: ignore[arg-type]
    return _made(
        reader,
        measure,
        "",
        pair,
        keep,
        counts=(a, n1, c, n2),
        sizes=n1 + n2,
        adjusted=adjusted,
        source=["counts"] * len(keep),
        more=more,
    )


def _means(reader: _Reader, measure: str) -> Effects:
    single = ("mean", "sd", "n")
    names = tuple(f"ctrl_{s}" for s in single)
    alone = measure == "mean" or not any(c in reader.table.header for c in names)
    if alone and measure == "smd":
        reader.need("smd", *single, *names)
    mean, sd, n = reader.need(measure, *single)
    reader.groups(mean, sd, n, single)
    if alone:
        if measure == "rom":
            reader.refuse(mean <= 0, "mean", "is not positive, so it has no logarithm")
        keep = reader.kept()
        pair = effects.one_mean(mean[keep], sd[keep], n[keep], log=measure == "rom")
        transform = "log" if measure == "rom" else ""
        return _made(reader, "mean", transform, pair, keep, sizes=n[keep], source=["means"] * len(keep))
    m2, s2, n2 = reader.need(measure, *names)
    reader.groups(m2, s2, n2, names)  # type: ignore[arg-type]
    if measure == "rom":
        reader.refuse(
            mean * m2 <= 0, "mean", "and ctrl_mean are not of the same sign, so their ratio has no logarithm"
        )
    keep = reader.kept()
    function = {
        "md": effects.mean_difference,
        "smd": effects.standardised_difference,
        "rom": effects.ratio_of_means,
    }[measure]
    pair = function(*(values[keep] for values in (mean, sd, n, m2, s2, n2)))
    return _made(reader, measure, "", pair, keep, sizes=(n + n2)[keep], source=["means"] * len(keep))


def _generic(reader: _Reader) -> Effects:
    if "vi" not in reader.table.header and "sei" in reader.table.header:
        y, error = reader.need("generic", "yi", "sei")
        reader.refuse(error <= 0, "sei", "is not a positive standard error")
        v = error**2
    else:
        y, v = reader.need("generic", "yi", "vi")
        reader.refuse(v <= 0, "vi", "is not a positive variance")
    keep = reader.kept()
    sizes = None
    if reader.table.has("n"):
        people = np.array([np.nan if x is None else x for x in reader.table.numbers("n")])[keep]
        sizes = people if np.isfinite(people).all() and (people > 0).all() else None
    return _made(reader, "generic", "", (y[keep], v[keep]), keep, sizes=sizes)
