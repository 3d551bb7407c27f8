"""Fibre density and axonal loss from the sections of a biopsy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nociscope.assays.biopsy.interval import rate
from nociscope.assays.biopsy.read import BiopsyRecording, Section
from nociscope.assays.declaration import setting
from nociscope.tables import Reading
from nociscope.tsv import MISSING

LAURIA_DOI = "10.1111/j.1529-8027.2010.00271.x"
GORANSSON_DOI = "10.1212/01.wnl.0000113732.41127.8f"
FALCO_DOI = "10.3390/biomedicines13092109"

ADULT_YEARS = 18.0
"""The ages of Gøransson's 106 people are known to us only as 49.0 ± 19.6 years: the line is used for adults."""


@dataclass(frozen=True, slots=True)
class BiopsySettings:
    """Settings of the biopsy assay."""

    fewest_sections: int = setting(
        3,
        "Sections of a site below which a density is marked as poor",
        source=f"three 50-µm sections, Lauria 2010, doi {LAURIA_DOI}",
    )


def expected_density(age: float, sex: Literal["F", "M"]) -> float:
    """Return the mean fibre density at the distal leg of healthy people of this age and sex, in /mm.

    13.92 + 2.25 [woman] - 0.06 age, from 106 healthy people (Gøransson 2004, doi 10.1212/01.wnl.0000113732.41127.8f);
    PGP 9.5, 50-µm sections. The paper's line says “gender”; that woman is 1 is assumed (its women had more fibres).
    """
    return 13.92 + 2.25 * (sex == "F") - 0.06 * age


def measure(recording: BiopsyRecording, settings: BiopsySettings | None = None) -> tuple[Reading, ...]:
    """Return the density of each site, side and stain, and the axonal loss at the distal leg.

    Parameters
    ----------
    recording : BiopsyRecording
    settings : BiopsySettings, optional

    Returns
    -------
    tuple of Reading
        `ienfd` in /mm (fibres over epidermal length, both summed over sections) and `axonal_loss` in %. `n` is the
        number of sections used.

    Notes
    -----
    Where some sections have counts and others only a density, the counts are used and the remark says what was left
    out. Stains are never pooled. `loss_pattern` needs limits and is made from scores: see
    :func:`nociscope.assays.biopsy.pattern.from_scores`.
    """
    chosen = settings or BiopsySettings()
    readings: list[Reading] = []
    for sections in _biopsies(recording.sections):
        density = _ienfd(sections, chosen)
        readings.append(density)
        if density.site == "distal_leg":
            readings.append(_axonal_loss(density, recording.age, recording.sex))
    return tuple(readings)


def _biopsies(sections: Sequence[Section]) -> list[list[Section]]:
    """Return sections by site, side and stain, in the order in which they first appear."""
    groups: dict[tuple[str, str, str], list[Section]] = {}
    for section in sections:
        groups.setdefault((section.site, section.side, section.stain), []).append(section)
    return list(groups.values())


def _ienfd(sections: Sequence[Section], settings: BiopsySettings) -> Reading:
    """Return the density of one biopsy."""
    counted = [s for s in sections if s.fibres is not None]
    stated = [s.density_per_mm for s in sections if s.density_per_mm is not None]
    empty = len(sections) - len(counted) - len(stated)
    remarks: list[str] = []
    low: float | None = None
    high: float | None = None
    value: float | None = None
    used = len(counted) or len(stated)
    if counted:
        found = rate([s.fibres or 0 for s in counted], [s.length_mm or 0.0 for s in counted])
        value, low, high = found.value, found.low, found.high
        if found.dispersion > 1:
            remarks.append(
                f"interval widened for sections that differ more than counting explains "
                f"(dispersion {found.dispersion:.1f})"
            )
        if stated:
            remarks.append(f"{_sections(len(stated))} with a density but no count left out")
    elif stated:
        value = sum(stated) / len(stated)
        remarks.append(f"counts lost: mean density of {_sections(len(stated))}, no interval")
    else:
        remarks.append("no section has a count or a density")
    if empty and used:
        remarks.append(f"{_sections(empty)} without a count or a density")
    if 0 < used < settings.fewest_sections:
        remarks.append(
            f"{_sections(used)} where at least {settings.fewest_sections} are asked for (doi {LAURIA_DOI})"
        )
    first = sections[0]
    if first.stain == MISSING:
        remarks.append("the stain is not stated, so no norm applies")
    quality: Literal["good", "poor", "failed"] = "good" if used >= settings.fewest_sections else "poor"
    return Reading(
        site=first.site,
        side=first.side,
        measure="ienfd",
        value=value,
        unit="/mm",
        low=low,
        high=high,
        n=used,
        method=first.stain,
        device=" + ".join(sorted({s.device for s in sections} - {MISSING})) or MISSING,
        quality="failed" if value is None else quality,
        remark="; ".join(remarks),
        source=" ".join(sorted({s.source for s in sections})),
    )


def _sections(count: int) -> str:
    return f"{count} section" if count == 1 else f"{count} sections"


def _why_not_comparable(density: Reading, age: float | None, sex: str) -> str:
    """Return why the expected density does not hold for this reading, empty when it does."""
    if density.value is None:
        return "there is no density"
    if density.method == MISSING:
        return "the stain is not stated"
    if density.method != "pgp95_bf":
        return "the expected density (Gøransson 2004) is used for bright field only, whose counts differ"
    if age is None:
        return "the age is not stated"
    if sex not in ("F", "M"):
        return "the expected density is given for women and men only" if sex else "the sex is not stated"
    if age < ADULT_YEARS:
        return "the expected density is for adults"
    if expected_density(age, "F" if sex == "F" else "M") <= 0:
        return "the line of expected densities does not hold at this age"
    return ""


def _axonal_loss(density: Reading, age: float | None, sex: str) -> Reading:
    """Return the percentage by which a density lies below the mean for age and sex (Falco 2025).

    Below 0 where the density lies above that mean. The interval is that of the density; the uncertainty of the
    expected mean is not stated in its source and not in it.
    """
    reason = _why_not_comparable(density, age, sex)
    value: float | None = None
    low: float | None = None
    high: float | None = None
    remark = f"no value: {reason}"
    if not reason and age is not None and density.value is not None:
        mean = expected_density(age, "F" if sex == "F" else "M")
        value = 100 * (1 - density.value / mean)
        low = None if density.high is None else 100 * (1 - density.high / mean)
        high = None if density.low is None else 100 * (1 - density.low / mean)
        remark = (
            f"mean for age and sex {mean:.2f}/mm (Gøransson 2004, doi {GORANSSON_DOI}; that its gender term "
            "is that of women is assumed)"
        )
    if density.remark and value is not None:
        remark += f"; {density.remark}"
    return Reading(
        site=density.site,
        side=density.side,
        measure="axonal_loss",
        value=value,
        unit="%",
        low=low,
        high=high,
        n=density.n,
        method=density.method,
        device=density.device,
        quality="failed" if value is None else density.quality,
        remark=remark,
        source=density.source,
    )
