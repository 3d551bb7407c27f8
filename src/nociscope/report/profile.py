"""The mechanism profile in words and marks for the page; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nociscope.mechanisms.result import AssayFactor, Contribution, Mechanism
from nociscope.report import page, wording
from nociscope.tsv import format_number

_CLAIM = 0.9
_DRIVERS = 3
_GRADES = {
    "good": "good",
    "fair": "fair",
    "weak": "weak",
    "contested": "contested: sources disagree about the direction",
    "direction": "only the direction was read; size by convention",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TestWords:
    """One reading behind a mechanism: what the model calls a test is the mean of an assay's readings of one kind."""

    title: str
    z: str
    factor: str
    expected: str
    unexpected: bool
    coefficient: str
    grade: str
    derivation: str
    conflict: str
    citation: str
    doi: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssayWords:
    """One assay behind a mechanism: what its readings say together, and each of them."""

    title: str
    factor: str
    together: bool
    tests: tuple[TestWords, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismWords:
    """One mechanism: `*_at` are places on a scale from 0 to 100."""

    anchor: str
    title: str
    meaning: str
    says: str
    kind: str
    prior: str
    posterior: str
    span: str
    prior_at: str
    posterior_at: str
    low_at: str
    width_at: str
    ratio: str
    severity: str
    drivers: tuple[str, ...]
    flag: str
    next_test: str
    prior_source: str
    prior_doi: str
    prior_address: str
    assays: tuple[AssayWords, ...]
    conflicts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileWords:
    """The profile: what was assessed, what could not be, and on what it rests."""

    assessed: tuple[MechanismWords, ...]
    others: tuple[MechanismWords, ...]
    pointed: tuple[str, ...]
    flags: int
    controls: str
    covariates: str


def profile_words(
    mechanisms: Sequence[Mechanism], most: int, titles: Mapping[str, str] | None = None
) -> ProfileWords | None:
    """Return the profile for the page; None when there is none.

    Parameters
    ----------
    mechanisms : sequence of Mechanism
    most : int
        How many readings each mechanism may show.
    titles : mapping, optional
        Assay name -> name for people.
    """
    if not mechanisms:
        return None
    words = [_mechanism(m, number, most, titles or {}) for number, m in enumerate(mechanisms, start=1)]
    first = mechanisms[0]
    assessed = [w for w, m in zip(words, mechanisms, strict=True) if m.status == "assessed"]
    order = {"toward": 0, "open": 1, "away": 2}
    covariates = sorted({c for m in mechanisms for c in m.covariates})
    return ProfileWords(
        assessed=tuple(sorted(assessed, key=lambda w: order[w.kind])),
        others=tuple(w for w, m in zip(words, mechanisms, strict=True) if m.status != "assessed"),
        pointed=tuple(w.title.lower() for w in assessed if w.kind == "toward"),
        flags=sum(bool(m.flag) for m in mechanisms),
        controls=wording.counted(first.controls, "local control") if first.controls else "",
        covariates=wording.listed(covariates) if covariates else "",
    )


def pointed(mechanisms: Sequence[Mechanism]) -> tuple[str, ...]:
    """Return the titles of the mechanisms that a profile points to."""
    return tuple(m.title for m in mechanisms if _verdict(m)[1] == "toward")


def _mechanism(m: Mechanism, number: int, most: int, titles: Mapping[str, str]) -> MechanismWords:
    kept = m.contributions[:most]
    says, kind = _verdict(m)
    limits = f"({_signed(m.severity_low)} to {_signed(m.severity_high)})"
    return MechanismWords(
        anchor=f"mechanism-{number}",
        title=wording.shown(m.title, 80),
        meaning=wording.shown(m.meaning, 200),
        says=says,
        kind=kind,
        prior=_probability(m.prior),
        posterior=_probability(m.posterior),
        span=f"{_probability(m.posterior_low)} to {_probability(m.posterior_high)}",
        prior_at=f"{100 * m.prior:.1f}",
        posterior_at=f"{100 * m.posterior:.1f}",
        low_at=f"{100 * m.posterior_low:.1f}",
        width_at=f"{max(0.6, 100 * (m.posterior_high - m.posterior_low)):.1f}",
        ratio=_factor(m.likelihood_ratio),
        severity=f"{m.severity:.1f} {limits}" if m.contributions else "",
        drivers=tuple(f"{_assay_title(a, titles)} {_factor(a.factor)}" for a in m.assay_factors[:_DRIVERS]),
        flag=wording.shown(_flag(m), 600),
        next_test=f"{wording.shown(m.further[0].title, 80)}, {m.further[0].bits:.2f} bits" if m.further else "",
        prior_source=wording.shown(m.prior_source, 400).rstrip("."),
        prior_doi=wording.shown(m.prior_doi, 200),
        prior_address=page.doi_address(m.prior_doi),
        assays=_assays(m, kept, titles),
        conflicts=any(c.conflict for c in kept),
    )


def _assay_title(a: AssayFactor, titles: Mapping[str, str]) -> str:
    return wording.shown(titles.get(a.assay, a.assay), 80)


def _assays(m: Mechanism, kept: Sequence[Contribution], titles: Mapping[str, str]) -> tuple[AssayWords, ...]:
    """Return the assays, that which moved the mechanism most first, each with its readings."""
    of = {c.test: c.words.split(" ")[0] for c in kept}
    return tuple(
        AssayWords(
            title=_assay_title(a, titles),
            factor=_factor(a.factor),
            together=a.tests > 1,
            tests=tuple(_test(c) for c in kept if of[c.test] == a.assay),
        )
        for a in m.assay_factors
    )


def _verdict(m: Mechanism) -> tuple[str, str]:
    """Return what the profile says of a mechanism, and its kind."""
    if m.status != "assessed":
        return "not assessable", "none"
    if m.posterior_low > _CLAIM:
        return "pattern consistent with it, whatever the prior", "toward"
    if m.posterior > _CLAIM:
        return "pattern consistent with it, if the prior holds", "toward"
    if m.posterior < 1 - _CLAIM:
        return "pattern speaks against it", "away"
    return "open", "open"


def _flag(m: Mechanism) -> str:
    """Return the recorded flag with the tests by title."""
    text = m.flag
    for c in sorted(m.contributions, key=lambda c: -len(c.words)):
        text = text.replace(c.words, c.title)
    return text[:1].upper() + text[1:]


def _test(c: Contribution) -> TestWords:
    return TestWords(
        title=wording.shown(c.title, 100),
        z=_signed(c.z),
        factor=_factor(c.factor),
        expected=f"{_signed(c.expected)} ± {c.expected_sd:.1f}",
        unexpected=c.surprise < 0.01,
        coefficient=f"{_signed(c.shift, 2)} ± {c.se:.2f} SD",
        grade=_GRADES.get(c.grade, wording.shown(c.grade, 40)),
        derivation=wording.tied(wording.shown(c.derivation, 500)).rstrip("."),
        conflict=wording.tied(wording.shown(c.conflict, 400)).rstrip("."),
        citation=wording.shown(c.citation, 300).rstrip("."),
        doi=wording.shown(c.doi, 200),
        address=page.doi_address(c.doi),
    )


def _probability(p: float) -> str:
    if p > 0.99:
        return "> 0.99"
    return "< 0.01" if p < 0.01 else f"{p:.2f}"


def _factor(x: float) -> str:
    if x >= 1000:
        return "× > 1000"
    if x < 0.001:
        return "× < 0.001"
    return f"× {format_number(float(f'{x:.2g}'))}"


def _signed(x: float, decimals: int = 1) -> str:
    text = f"{x:+.{decimals}f}"
    return (text[1:] if float(text) == 0 else text).replace("-", "−")
