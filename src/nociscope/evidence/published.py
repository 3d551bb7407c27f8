"""Published pooled figures beside what the register gives: reproduced, or the reason why they cannot be."""

from __future__ import annotations

from dataclasses import dataclass

from nociscope.evidence.pooling import Pooled, pool
from nociscope.evidence.register import PublishedPool, load_register


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """A published figure, and ours by the same method (None where it cannot be made) with a word on it."""

    published: PublishedPool
    ours: Pooled | None
    remark: str


_REASONS = {
    "grayston_2019_all": "not reproducible: the abstract does not list the eight studies",
    "grayston_2019_biopsy": (
        "not reproducible: 222 - 56 = 166 people in six biopsy studies are left; which six was not read, and several "
        "choices of studies add up to 166"
    ),
    "galosi_2022_somatic": "not reproducible: the list of studies was not read",
    "galosi_2022_autonomic": "not reproducible: the list of studies was not read",
}


def corneal_line() -> Pooled:
    """Return the pooled CCM line of Grayston 2019 made again.

    Raw proportions, inverse variance, DerSimonian-Laird, from the rounded 51 % of 39 (Oudejans 2016) and 12 of 17
    (Ramirez 2015). The 12 is inferred from the published line itself, so that this shows the method, not the data;
    the register pools neither.
    """
    rows = {s.key: s for s in load_register().studies}
    percent, inferred = rows["oudejans_2016"], rows["ramirez_2015"]
    table = {
        "study": [percent.study, inferred.study],
        "percent": [percent.percent, None],
        "events": [None, inferred.events],
        "n": [percent.n, inferred.n],
    }
    return pool(table, "proportion", transform="raw", tau2="DL", interval="z")


def reproductions() -> tuple[Reproduction, ...]:
    """Return every published figure of the register with what can be said of it."""
    out = []
    for published in load_register().pooled:
        if published.key == "grayston_2019_ccm":
            remark = "reproduced from 51 % of 39 and an inferred 12 of 17; 20 of 39 instead gives 41 to 78, I² 50 %"
            out.append(Reproduction(published=published, ours=corneal_line(), remark=remark))
        else:
            out.append(Reproduction(published=published, ours=None, remark=_REASONS[published.key]))
    return tuple(out)
