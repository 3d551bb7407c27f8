"""Scores from answers, as an instrument's file says, for one person or a hundred thousand alike.

Answers are columns: one number a person, NaN where it is missing or was refused. Nothing is imputed beyond the
missing rule that the instrument publishes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nociscope.assays.questionnaires.instrument import Instrument, Item, ScoreRule

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_TINY = 1e-9
"""Differences of rounding (8.45 hours of 10 are 84.5 %, not 84.499…)."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A score of n people.

    Attributes
    ----------
    values : array, shape (n,)
        NaN where there is no value.
    answered, items : array of int, shape (n,)
        How many items were answered, of how many it rests on; an item that its gate answers counts.
    variant : array of int, shape (n,)
        Which variant made it; -1 where the score has none.
    """

    values: Floats
    answered: npt.NDArray[np.int64]
    items: npt.NDArray[np.int64]
    variant: npt.NDArray[np.int64]


def points_of(item: Item, answers: Floats) -> Floats:
    """Return the points of answers that lie within the item's range; NaN stays.

    Parameters
    ----------
    item : Item
    answers : array, shape (n,)
    """
    out = np.asarray(answers, dtype=float)
    if item.points is not None:
        points = np.where(np.isnan(out), np.nan, 0.0)
        for code, worth in item.points.items():
            points[out == code] = worth
        out = points
    if item.cap is not None:
        out = np.minimum(out, item.cap)
    return out


def gated(instrument: Instrument, answers: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the points of all items, those behind a gate that says no being 0.

    A missing gate leaves its followers missing: whether they apply is unknown.
    """
    size = len(next(iter(answers.values()))) if answers else 0
    nothing = np.full(size, np.nan)
    out = {i.name: points_of(i, answers.get(i.name, nothing)) for i in instrument.items}
    for gate in instrument.gates:
        answer = np.asarray(answers.get(gate.item, nothing), dtype=float)
        for name in gate.followers:
            out[name] = np.where(answer == gate.code, 0.0, np.where(np.isnan(answer), np.nan, out[name]))
    return out


def score(
    instrument: Instrument, answers: Mapping[str, Floats], given: Mapping[str, Bools] | None = None
) -> dict[str, Scored]:
    """Return every score of an instrument, hidden ones included.

    Parameters
    ----------
    instrument : Instrument
    answers : mapping of str to array, shape (n,)
        Item -> raw codes, times as hours after midnight; items that are not in it are missing.
    given : mapping of str to array of bool, shape (n,), optional
        Whether a cell held anything at all, be it refused; chooses between variants, and a score that would make do
        without a missing answer has no value where one was refused. Default: where there is an answer.

    Returns
    -------
    dict
        Score name -> :class:`Scored`, in the order of the file.
    """
    values = gated(instrument, answers)
    size = len(next(iter(values.values())))
    if given is None:
        given = {name: ~np.isnan(v) for name, v in answers.items()}
    counts = {name: ((~np.isnan(v)).astype(np.int64), np.ones(size, dtype=np.int64)) for name, v in values.items()}
    out: dict[str, Scored] = {}
    for rule in instrument.scores:
        variant = np.full(size, -1, dtype=np.int64)
        if rule.operation == "variants":
            made, variant = _variants(rule, values, given, size)
            ways = [counts[way.of] for way in rule.variants]
            answered, items = (np.choose(variant, [w[k] for w in ways]) for k in (0, 1))
        else:
            made = _combined(rule, [values[name] for name in rule.of])
            if rule.missing != "none":  # a rule for missing answers does not excuse one that cannot be right
                made = np.where(np.any([_refused(name, values, given) for name in rule.of], axis=0), np.nan, made)
            answered, items = (np.sum([counts[name][k] for name in rule.of], axis=0) for k in (0, 1))
        made = _banded(rule, made)
        values[rule.name] = made
        counts[rule.name] = (answered, items)
        out[rule.name] = Scored(made, answered, items, variant)
    return out


def _refused(name: str, values: Mapping[str, Floats], given: Mapping[str, Bools]) -> Bools:
    """Tell whose cell held something that was not used; nobody's where a gate made the answer not needed."""
    missing = np.isnan(values[name])
    return missing & given[name] if name in given else np.zeros_like(missing)


def _combined(rule: ScoreRule, parts: list[Floats]) -> Floats:
    """Return the value of a rule from its parts; a missing part costs it unless the rule says otherwise."""
    if rule.operation == "percent":
        share = np.divide(100.0 * parts[0], parts[1], out=np.full_like(parts[0], np.nan), where=parts[1] > 0)
        made = np.where(share > 100.0 + _TINY, np.nan, share)
    elif rule.operation == "hours_between":
        made = np.mod(parts[1] - parts[0], 24.0)
        made = np.where(made < _TINY, np.nan, made)  # getting up at bed time: no time in bed is meant
    elif rule.operation == "any":
        stack = np.stack(parts)
        made = np.where((stack == 1).any(axis=0), 1.0, np.where(np.isnan(stack).any(axis=0), np.nan, 0.0))
    else:
        made = _summed(rule, np.stack(parts))
    made = made * rule.times / rule.divide
    return np.floor(made + 0.5 + _TINY) if rule.whole else made


def _summed(rule: ScoreRule, stack: Floats) -> Floats:
    if rule.missing == "none":
        return stack.sum(axis=0) if rule.operation == "sum" else stack.mean(axis=0)
    count = (~np.isnan(stack)).sum(axis=0)
    mean = np.divide(np.nansum(stack, axis=0), count, out=np.full(stack.shape[1], np.nan), where=count > 0)
    return mean * len(stack) if rule.operation == "sum" else mean


def _banded(rule: ScoreRule, made: Floats) -> Floats:
    """Return the points of the band that each value lies in."""
    if rule.upto:
        edges = np.array([edge for edge, _ in rule.upto]) + _TINY
        worth = np.array([points for _, points in rule.upto] + [np.nan if rule.above is None else rule.above])
        return np.where(np.isnan(made), np.nan, worth[np.searchsorted(edges, made, side="left").clip(max=len(edges))])
    if rule.starting:
        edges = np.array([edge for edge, _ in rule.starting]) - _TINY
        worth = np.array([np.nan, *(points for _, points in rule.starting)])
        return np.where(np.isnan(made), np.nan, worth[np.searchsorted(edges, made, side="right")])
    return made


def _variants(
    rule: ScoreRule, values: Mapping[str, Floats], given: Mapping[str, Bools], size: int
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return the values of the first variant whose items were given, and which variant that was."""
    made = np.full(size, np.nan)
    chosen = np.full(size, -1, dtype=np.int64)
    for number, way in enumerate(rule.variants):
        applies = np.full(size, not way.when_any)
        for name in way.when_any:
            if name in given:
                applies = applies | given[name]
        use = applies & (chosen < 0)
        made = np.where(use, values[way.of], made)
        chosen[use] = number
    return made, chosen
