"""One instrument as one person answered it, and its scores with what they lack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from nociscope.assays.questionnaires.instrument import Instrument, Variant
from nociscope.assays.questionnaires.scoring import gated, score
from nociscope.tsv import MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One instrument as it was answered at a visit.

    Attributes
    ----------
    instrument : str
        Its key.
    answers : mapping
        Item -> number; missing and refused items are not in it. Times are hours after midnight, yes is 1 and no 0.
    refused : tuple of str
        Items (and ``total``) whose cell cannot be an answer.
    total : float or None
        A bare total.
    source : str
    """

    instrument: str
    answers: Mapping[str, float] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    total: float | None = None
    source: str = MISSING

    @property
    def empty(self) -> bool:
        """Whether nothing was answered at all."""
        return not self.answers and not self.refused and self.total is None


@dataclass(frozen=True, slots=True)
class FormScore:
    """One score of one form.

    Attributes
    ----------
    value : float or None
    answered, items : int
        Items answered, of those it rests on.
    lacking : tuple of str
        Items it rests on that are missing or refused.
    variant : str
        Which variant made it; empty where there is one only.
    """

    value: float | None
    answered: int
    items: int
    lacking: tuple[str, ...]
    variant: str = ""


def scored_form(instrument: Instrument, form: Form) -> dict[str, FormScore]:
    """Return every score of a form, hidden ones included."""
    answers = {i.name: np.array([form.answers.get(i.name, np.nan)]) for i in instrument.items}
    given = {i.name: np.array([i.name in form.answers or i.name in form.refused]) for i in instrument.items}
    points = gated(instrument, answers)
    chosen: dict[str, Variant] = {}
    out: dict[str, FormScore] = {}
    for name, scored in score(instrument, answers, given).items():
        rule = instrument.score(name)
        number = int(scored.variant[0])
        if rule is not None and number >= 0:
            chosen[name] = rule.variants[number]
        lacking = tuple(leaf for leaf in _leaves(instrument, name, chosen) if np.isnan(points[leaf][0]))
        value = float(scored.values[0])
        out[name] = FormScore(
            value=None if np.isnan(value) else value,
            answered=int(scored.answered[0]),
            items=int(scored.items[0]),
            lacking=lacking,
            variant=chosen[name].name if name in chosen else "",
        )
    return out


def _leaves(instrument: Instrument, name: str, chosen: Mapping[str, Variant]) -> tuple[str, ...]:
    """Return the items that a score rests on, by the variants that were chosen."""
    rule = instrument.score(name)
    if rule is None:
        return (name,)
    parts = (chosen[name].of,) if name in chosen else rule.of
    return tuple(dict.fromkeys(leaf for part in parts for leaf in _leaves(instrument, part, chosen)))
