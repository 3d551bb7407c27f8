"""Measurement errors and placebo changes as published, and the randomised trials of intravenous immunoglobulin.

Every number was read in its source, or is computed from numbers that were; the docstrings say which.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nociscope.change.model import Trial

GEERTS_DOI = "10.1212/WNL.0000000000011919"
GIBBONS_DOI = "10.1002/mus.27745"
Z = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorLimit:
    """The smallest change of one person that measurement error does not explain.

    Attributes
    ----------
    limit : float
        In the unit of the measure; a factor where `is_factor`.
    source : str
    is_factor : bool
        The limit is on the logarithm: the value must be multiplied or divided by more than it.
    """

    limit: float
    source: str
    is_factor: bool = False

    def absolute(self, first: float, last: float) -> float | None:
        """Return the limit as a difference in the direction of the change; None where a factor has no meaning."""
        if not self.is_factor:
            return self.limit
        if first <= 0 or last <= 0:
            return None
        return first * (self.limit - 1) if last >= first else first * (1 - 1 / self.limit)


PUBLISHED: Mapping[str, ErrorLimit] = {
    "pain_nrs_total": ErrorLimit(
        limit=2.8,
        source=(
            "95 % limit of one person printed as 1.6 to 2.8 points; the larger is used "
            "(doi:10.1016/j.jpain.2025.105528)"
        ),
    ),
    "ienfd": ErrorLimit(
        limit=round(Z * math.sqrt(2) * 0.5 * (2.81 + 2.30) * math.sqrt(1 - 0.97), 2),
        source=(
            "computed from side-to-side r 0.97 and SD 2.81 and 2.3 /mm of healthy people (“Side and time "
            "variability of "
            "intraepidermal nerve fiber density”, Neurology 2015); one reader, same day: a minimum"
        ),
    ),
    "rmssd": ErrorLimit(
        limit=2.6,
        source="factor over months, from intraclass correlations of 0.49 to 0.64 (Uhlig 2020, Biol Psychol)",
        is_factor=True,
    ),
}
"""Measure -> limit. Rules of the settings go before these."""

PLACEBO: Mapping[tuple[str, str], str] = {
    ("ienfd", "distal_leg"): (
        f"on placebo it rose by 0.5 (SD 0.8) /mm in 6 months, n = 9 (Gibbons 2022, doi:{GIBBONS_DOI})"
    ),
    ("pain_nrs_total", ""): (
        f"on placebo 9 of 30 (30 %) fell by 1 point or more in 12 weeks (Geerts 2021, doi:{GEERTS_DOI}); "
        f"-1.9 (SD 2.6) points in 6 months, n = 9 (Gibbons 2022, doi:{GIBBONS_DOI})"
    ),
}
"""(measure, site, empty for any) -> what it did on placebo."""


@dataclass(frozen=True, slots=True)
class PlaceboChange:
    """The mean change of a measure on placebo and its standard deviation, in the measure's unit, and of how many."""

    mean: float
    sd: float
    n: int
    months: int


PLACEBO_CHANGES: Mapping[tuple[str, str], PlaceboChange] = {
    ("ienfd", "distal_leg"): PlaceboChange(0.5, 0.8, 9, 6),
    ("pain_nrs_total", ""): PlaceboChange(-1.9, 2.6, 9, 6),
}
"""(measure, site, empty for any) -> the numbers among :data:`PLACEBO` that can be drawn (Gibbons 2022)."""

IVIG_TRIALS = (
    Trial(
        name="Geerts 2021",
        design="30 v 30, idiopathic painful small-fibre neuropathy, 2 g/kg then 3 x 1 g/kg v saline, 12 weeks",
        outcome="pain lower by 1 point or more",
        treated="12 of 30 (40 %)",
        placebo="9 of 30 (30 %)",
        difference="odds ratio 1.56 (0.53 to 4.53), p 0.588: no effect shown",
        citation="Geerts M et al. Neurology 2021;96:e2534-e2545",
        doi=GEERTS_DOI,
    ),
    Trial(
        name="Gibbons 2022",
        design=(
            "8 v 9 completed of 20, small-fibre neuropathy with TS-HDS or FGFR-3 antibodies, 6 infusions, 6 months"
        ),
        outcome="fibre density at the distal leg; pain",
        treated="+0.6 (SD 0.6) /mm; -1.7 (SD 0.9) points",
        placebo="+0.5 (SD 0.8) /mm; -1.9 (SD 2.6) points",
        difference="no difference shown",
        citation="Gibbons CH et al. Muscle Nerve 2023;67:363-370",
        doi=GIBBONS_DOI,
    ),
)
"""The two randomised trials; open series are not shown here, because they have no placebo to compare with."""

PLACEBO_RESPONDERS = (9, 30)
"""People on placebo whose pain fell by 1 point or more, and all (Geerts 2021)."""

_IVIG = re.compile(r"\b(ivig|ivigg|iv ?ig|intravenous immune? ?globulins?|immune ?globulins?|immunoglobulins?)\b")


def is_ivig(drug: str) -> bool:
    """Tell whether a drug's name is one of intravenous immunoglobulin; brand names are not guessed at."""
    return _IVIG.search(" ".join("".join(c if c.isalnum() else " " for c in drug.lower()).split())) is not None


def limit_for(measure: str, settings: Mapping[str, Any]) -> ErrorLimit | None:
    """Return the error limit of a measure: from ``[rules.reliable_change.<measure>]``, else published, else None."""
    own = settings.get("reliable_change", {})
    values = own.get(measure) if isinstance(own, Mapping) else None
    if isinstance(values, Mapping):
        se = float(values["sd"]) * math.sqrt(2) * math.sqrt(1 - float(values["reliability"]))
        text = f"settings: SD {values['sd']:g}, reliability {values['reliability']:g}"
        return ErrorLimit(limit=Z * se, source=text)
    return PUBLISHED.get(measure)


def placebo_change_for(measure: str, site: str) -> PlaceboChange | None:
    """Return the mean change of a measure on placebo, None when no trial is known."""
    return PLACEBO_CHANGES.get((measure, site)) or PLACEBO_CHANGES.get((measure, ""))


def placebo_for(measure: str, site: str) -> str:
    """Return what a measure did on placebo, empty when no trial is known."""
    return PLACEBO.get((measure, site)) or PLACEBO.get((measure, ""), "")
