"""The coefficient tables: what each mechanism does to each test, how sure that is, and where it was read.

The numbers lie in ``data/*.tsv``, one source a row; nothing else in the program knows one.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nociscope.mechanisms.files import DATA
from nociscope.truth import MECHANISM_KEYS

GRADES = {
    "good": "several sources agree, or one is large and direct",
    "fair": "one source, or another population",
    "weak": "derived from unlike sources; wide",
    "contested": "sources disagree about the direction; centred on 0 and wide",
    "direction": "only the direction was read; 0.5 ± 0.5 by convention",
}
"""How sure a coefficient is, in words."""

FLOORS = {"good": 0.15, "fair": 0.30, "weak": 0.50}
"""Smallest SE as a fraction of the shift, for how it may differ elsewhere; the others have an SE of 0.5.

A convention, not an estimate: the sampling error of one study says nothing of other centres and populations.
"""


_FEW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """What one mechanism at severity 1 does to one test.

    Attributes
    ----------
    test, mechanism : str
        Keys.
    shift : float
        Change of the oriented z score, in standard deviations of healthy people.
    se : float
        Its standard error, the floor of its grade included; also how much it differs from person to person.
    n, population, citation, doi, grade, date, mark, derivation, conflict : str
        Where it was read and when, how it was derived, and what speaks against it.
    """

    test: str
    mechanism: str
    shift: float
    se: float
    sampling_se: float | None
    n: str
    population: str
    citation: str
    doi: str
    grade: str
    date: str
    mark: str
    derivation: str
    conflict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One test of the model: the mean z of one assay's measures over sites and sides.

    An empty `sites` means any site; `words` is the test as tables name it.
    """

    key: str
    title: str
    words: str
    assay: str
    measures: tuple[str, ...]
    sites: tuple[str, ...]

    def takes(self, assay: str, measure: str, site: str) -> bool:
        """Tell whether a score belongs to this test."""
        return assay == self.assay and measure in self.measures and (not self.sites or site in self.sites)


def _words(assay: str, measures: Sequence[str], sites: Sequence[str]) -> str:
    """Return a test as tables name it: ``biopsy ienfd distal_leg``; no site where there are many."""
    places = list(dict.fromkeys(site.split(".")[0] for site in sites))
    if assay != "ncs":
        places = places[:1] if len(places) <= _FEW else []
    return " ".join([assay, measures[0], *(["/".join(places)] if 0 < len(places) <= _FEW else [])])


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """How common a mechanism is before any test, with a range of plausible values, and where that was read."""

    mechanism: str
    title: str
    meaning: str
    prior: float
    low: float
    high: float
    citation: str
    doi: str
    grade: str
    date: str
    mark: str
    derivation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariate:
    """A property of a person that widens a test by `sd`."""

    covariate: str
    test: str
    sd: float
    citation: str
    doi: str
    mark: str
    derivation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """All coefficient tables together.

    Attributes
    ----------
    tests : tuple of Test
        T of them.
    coefficients : tuple of Coefficient
    priors : mapping
        Mechanism -> Prior, in the order of :data:`~nociscope.truth.MECHANISM_KEYS` (K = 8).
    covariates : tuple of Covariate
    shift, se : ndarray, (T, K)
    residual : ndarray, (T, T)
        Correlation of the tests in healthy people; the nuisance of response style is part of it.
    """

    tests: tuple[Test, ...]
    coefficients: tuple[Coefficient, ...]
    priors: Mapping[str, Prior]
    covariates: tuple[Covariate, ...]
    shift: NDArray[np.float64]
    se: NDArray[np.float64]
    residual: NDArray[np.float64]

    def index(self, test: str) -> int:
        """Return the place of a test by key."""
        return next(i for i, t in enumerate(self.tests) if t.key == test)

    def of(self, mechanism: str, test: str) -> Coefficient | None:
        """Return the coefficient of a mechanism on a test, None where there is none."""
        return next((c for c in self.coefficients if c.mechanism == mechanism and c.test == test), None)

    def bearing_on(self, mechanism: str) -> tuple[Coefficient, ...]:
        """Return the coefficients of a mechanism."""
        return tuple(c for c in self.coefficients if c.mechanism == mechanism)


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return [
            {k: "" if v == "n/a" else v for k, v in row.items()}
            for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


def _fields(row: Mapping[str, str], numbers: tuple[str, ...], left_out: tuple[str, ...] = ()) -> dict[str, Any]:
    return {k: float(v) if k in numbers else v for k, v in row.items() if k not in left_out}


def _tests(rows: list[dict[str, str]]) -> tuple[Test, ...]:
    tests: dict[str, Test] = {}
    for row in rows:
        measures = tuple(row["measure"].split("|"))
        sites = () if row["site"] == "*" else tuple(row["site"].split("|"))
        test = Test(
            key=row["test"],
            title=row["title"],
            words=_words(row["assay"], measures, sites),
            assay=row["assay"],
            measures=measures,
            sites=sites,
        )
        if tests.setdefault(test.key, test) != test:
            raise ValueError(f"coefficients.tsv describes the test {test.key} in two ways")
    return tuple(tests.values())


@cache
def knowledge() -> Knowledge:
    """Return the shipped coefficient tables."""
    rows = _rows("coefficients.tsv")
    tests = _tests(rows)
    place = {t.key: i for i, t in enumerate(tests)}
    coefficients = tuple(
        Coefficient(
            **_fields(row, ("shift", "se"), ("assay", "measure", "site", "title", "sampling_se")),
            sampling_se=float(row["sampling_se"]) if row["sampling_se"] else None,
        )
        for row in rows
    )
    found = {row["mechanism"]: Prior(**_fields(row, ("prior", "low", "high"))) for row in _rows("priors.tsv")}
    priors = {k: found[k] for k in MECHANISM_KEYS}
    shift = np.zeros((len(tests), len(priors)))
    se = np.zeros_like(shift)
    for c in coefficients:
        at = place[c.test], MECHANISM_KEYS.index(c.mechanism)
        shift[at], se[at] = c.shift, c.se
    residual = np.eye(len(tests))
    for row in _rows("correlations.tsv"):
        i, j = place[row["test"]], place[row["other"]]
        residual[i, j] = residual[j, i] = float(row["r"])
    covariates = tuple(Covariate(**_fields(row, ("sd",))) for row in _rows("covariates.tsv"))
    for array in (shift, se, residual):
        array.flags.writeable = False
    return Knowledge(
        tests=tests,
        coefficients=coefficients,
        priors=priors,
        covariates=covariates,
        shift=shift,
        se=se,
        residual=residual,
    )
