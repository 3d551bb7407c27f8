"""Falco 2025: how much of the fibres is lost tells small-fibre neuropathy from the milder loss in fibromyalgia."""

from __future__ import annotations

from nociscope.rules.logic import Fact, any_of, unknown
from nociscope.rules.model import Decision, Evidence, Rule, decided
from nociscope.rules.nerves import reaches, shown
from nociscope.rules.small_fibre import LEG, words_of
from nociscope.tables import Reading
from nociscope.tsv import MISSING

KEY = "falco_2025_ald"

THRESHOLD = 37.6
"""Per cent below the mean for age and sex."""

ALONE = "by itself a measure of small-fibre pathology, which is not neuropathy"


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge the distal-leg biopsy of a visit; nothing without one."""
    visit = evidence.visit
    found = visit.find("axonal_loss", assay="biopsy", site=LEG)
    if found:
        fact = any_of(*(_judged(r) for r in found))
        by = (*fact.by, ALONE)
        return (decided(Fact(fact.value, by, fact.missing), inputs=words_of(*(_judged(r) for r in found))),)
    densities = visit.find("ienfd", assay="biopsy", site=LEG)
    if not densities:
        return ()
    tried = [r for r in visit.readings if (r.assay, r.measure, r.site) == ("biopsy", "axonal_loss", LEG)]
    why = next((r.remark for r in tried if r.remark), "needs stain, age and sex")
    inputs = tuple(f"ienfd {r.site} {shown(r.value or 0.0)} {r.unit}" for r in densities)
    return (decided(unknown(f"axonal_loss ({why.removeprefix('no value: ')})"), inputs=inputs),)


def _judged(reading: Reading) -> Fact:
    value = float(reading.value or 0.0)
    side = "" if reading.side == MISSING else f" {reading.side}"
    words = f"axonal_loss{side} {shown(round(value, 1))} %"
    if reading.low is not None and reading.high is not None:
        words += f" (95 % interval {shown(round(reading.low, 1))} to {shown(round(reading.high, 1))})"
        if reading.low < THRESHOLD <= reading.high:
            words += ", on both sides of 37.6 %"
    return Fact(reaches(value, THRESHOLD), (words,))


RULE = Rule(
    key=KEY,
    title="Fibre loss as large as in small-fibre neuropathy, Falco 2025",
    citation="Falco P et al. Biomedicines 2025;13:2109",
    doi="10.3390/biomedicines13092109",
    status="read",
    status_note=(
        "Cut-off read in the source. The mean for age and sex is that of Gøransson 2004 "
        "(doi:10.1212/01.wnl.0000113732.41127.8f); "
        "whether the study used the same one is not known."
    ),
    says=(
        "density at the distal leg at least 37.6 % below the mean for age and sex",
        "met: as large as in small-fibre neuropathy; not met: as mild as the small-fibre pathology of "
        "fibromyalgia, or none",
    ),
    accuracy=(
        "good specificity, says its abstract, without a figure that was read; 73 people with fibromyalgia and "
        "small-fibre "
        "pathology, 134 with small-fibre neuropathy, cut-off chosen on the same people"
    ),
    evaluate=evaluate,
)
