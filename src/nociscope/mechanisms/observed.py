"""From scores to what the model is given: one z for each test of each visit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from nociscope.mechanisms.coefficients import Knowledge
from nociscope.mechanisms.model import Floats
from nociscope.tsv import MISSING

LARGEST = 50.0
"""Scores beyond this are taken as this: nothing measured in a person lies further out."""


class ScoreLike(Protocol):
    """What is needed of a score."""

    @property
    def participant_id(self) -> str:
        """Whose it is."""

    @property
    def session_id(self) -> str:
        """At which visit."""

    @property
    def assay(self) -> str:
        """Of which test."""

    @property
    def site(self) -> str:
        """Where on the body."""

    @property
    def measure(self) -> str:
        """Of which quantity."""

    @property
    def z(self) -> float | None:
        """The oriented score; None where not tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One participant at one session.

    Attributes
    ----------
    participant_id, session_id : str
    z : mapping
        Place of a test -> mean of its scores over measures, sites and sides.
    covariates : frozenset of str
        Which of `migraine`, `snri`, `tricyclic` hold.
    """

    participant_id: str
    session_id: str = MISSING
    z: Mapping[int, float] = field(default_factory=dict)
    covariates: frozenset[str] = frozenset()


def visits_of(
    scores: Iterable[ScoreLike], knowledge: Knowledge, covariates: Mapping[str, frozenset[str]] | None = None
) -> tuple[Visit, ...]:
    """Return the visits in a table of scores, in the order of their first rows, those without any z included."""
    found: dict[tuple[str, str], dict[int, list[float]]] = {}
    places: dict[tuple[str, str, str], int | None] = {}
    for score in scores:
        tests = found.setdefault((score.participant_id, score.session_id), {})
        if score.z is None or not math.isfinite(score.z):
            continue
        kind = (score.assay, score.measure, score.site)
        if kind not in places:
            places[kind] = next((i for i, t in enumerate(knowledge.tests) if t.takes(*kind)), None)
        place = places[kind]
        if place is not None:
            tests.setdefault(place, []).append(min(max(score.z, -LARGEST), LARGEST))
    known = covariates or {}
    return tuple(
        Visit(
            participant_id=person,
            session_id=session,
            z={place: math.fsum(values) / len(values) for place, values in sorted(tests.items())},
            covariates=known.get(person, frozenset()),
        )
        for (person, session), tests in found.items()
    )


def as_matrix(visits: Sequence[Visit], tests: int) -> Floats:
    """Return the z of visits, (N, T), NaN where a test was not done."""
    out = np.full((len(visits), tests), np.nan)
    for row, visit in zip(out, visits, strict=True):
        row[list(visit.z)] = list(visit.z.values())
    return out
