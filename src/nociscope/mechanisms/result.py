"""What is recorded of a mechanism profile: plain values, their table row and their JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from nociscope.tsv import Value, format_number

Status = Literal["assessed", "not_assessable"]

_TOLD = math.log(1.25)
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one test says of one mechanism, and on which coefficient that rests.

    Attributes
    ----------
    test, title, words : str
        Key in the coefficient table; for people; assay, measure and site as in the scores table.
    z : float
        The observed score; over several measures, sites and sides their mean.
    factor : float
        By how much this test multiplies the odds, given all others; does not depend on the mechanism's prior.
    expected, expected_sd : float
        What the other tests predicted.
    surprise : float
        Probability of a value as far from that or further.
    error : float
        Probability that the test carries a gross error.
    shift, se : float
        What the mechanism does to the test, in SD, and its standard error.
    grade, citation, doi, derivation, conflict : str
        Of the coefficient.
    """

    test: str
    title: str
    words: str
    z: float
    factor: float
    expected: float
    expected_sd: float
    surprise: float
    error: float
    shift: float
    se: float
    grade: str
    citation: str
    doi: str
    derivation: str
    conflict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssayFactor:
    """What all tests of one assay together say of one mechanism.

    Attributes
    ----------
    assay : str
        Its key.
    tests : int
        How many tests of it bear on the mechanism.
    factor : float
        By how much they together multiply the odds, given the other assays. Tests that say the same thing each add
        little to the rest, so this is not the product of their own factors, and may be large where those are not.
    """

    assay: str
    tests: int
    factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Further:
    """A test that was not done, and how much it would tell: bits of information, whatever its value."""

    test: str
    title: str
    words: str
    bits: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """One mechanism of one visit; :meth:`as_row` gives its row of ``tables.MECHANISMS``.

    Attributes
    ----------
    title, meaning : str
        For people.
    prior, prior_low, prior_high : float
        Probability before any test, and the range of plausible ones; `prior_source`, `prior_doi` say from where.
    posterior, posterior_low, posterior_high : float
        After the tests, for each of the three priors.
    likelihood_ratio : float
        Does not depend on the prior.
    severity, severity_low, severity_high : float
        If present, with a 90 % interval; 1 is the severity that the coefficients are for.
    status : {'assessed', 'not_assessable'}
    flag : str
        Begins with ``contradiction`` and names the tests, or is empty.
    spread_left : float
        Share of its prior standard deviation that the tests done leave, whatever their values.
    contributions, further : tuple
        Of the tests that bear on it: those done, and the most telling of the others.
    assays : tuple of AssayFactor
        The tests done, those of one assay together.
    controls : int
        How many local controls this rests on.
    covariates : tuple of str
        What widened some tests.
    """

    participant_id: str
    session_id: str
    mechanism: str
    title: str
    meaning: str
    prior: float
    prior_low: float
    prior_high: float
    prior_source: str
    prior_doi: str
    posterior: float
    posterior_low: float
    posterior_high: float
    likelihood_ratio: float
    severity: float
    severity_low: float
    severity_high: float
    status: Status
    flag: str
    spread_left: float
    contributions: tuple[Contribution, ...] = ()
    further: tuple[Further, ...] = ()
    controls: int = 0
    covariates: tuple[str, ...] = ()
    assays: tuple[AssayFactor, ...] = ()

    @property
    def drivers(self) -> tuple[Contribution, ...]:
        """The tests that moved it most, most first."""
        moved = [c for c in self.contributions if abs(math.log(c.factor)) > _TOLD]
        return tuple(sorted(moved, key=lambda c: -abs(math.log(c.factor)))[:_SHOWN])

    @property
    def assay_factors(self) -> tuple[AssayFactor, ...]:
        """The assays, that which moved it most first."""
        return tuple(sorted(self.assays, key=lambda a: -abs(math.log(a.factor))))

    def as_row(self) -> dict[str, Value]:
        """Return the row of the mechanisms table."""
        row: dict[str, Value] = {name: getattr(self, name) for name in _PLAIN}
        row["assay_factors"] = "; ".join(f"{a.assay} x{a.factor:.3g}" for a in self.assay_factors)
        row["drivers"] = "; ".join(f"{c.words} x{c.factor:.3g}" for c in self.drivers)
        row["tests"] = "; ".join(f"{c.words} ({c.z:.2f})" for c in self.contributions)
        best = self.further[0] if self.further else None
        row["next_test"] = best.words if best else None
        row["next_test_bits"] = best.bits if best else None
        return row

    def as_json(self) -> dict[str, Any]:
        """Return all of it as JSON; numbers have the digits of tables."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}


_PLAIN = (
    "participant_id",
    "session_id",
    "mechanism",
    "prior",
    "posterior",
    "likelihood_ratio",
    "severity",
    "severity_low",
    "severity_high",
    "status",
    "flag",
    "posterior_low",
    "posterior_high",
    "spread_left",
)


def _plain(value: Any) -> Any:
    if isinstance(value, Contribution | Further | AssayFactor):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return float(format_number(value)) if isinstance(value, float) else value


def mechanism_from_json(entry: Mapping[str, Any]) -> Mechanism:
    """Return the mechanism that :meth:`Mechanism.as_json` wrote.

    Raises
    ------
    TypeError, KeyError
        It did not.
    """
    return Mechanism(
        **{
            **entry,
            "contributions": tuple(Contribution(**c) for c in entry["contributions"]),
            "further": tuple(Further(**x) for x in entry["further"]),
            "covariates": tuple(entry["covariates"]),
            "assays": tuple(AssayFactor(**a) for a in entry.get("assays", ())),
        }
    )
