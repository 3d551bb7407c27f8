"""The thirteen parameters of the DFNS protocol: units, direction of loss, log rule, possible values.

The protocol is that of Rolke et al., Eur J Pain 2006;10:77-88 and
Pain 2006;123:231-243 (https://doi.org/10.1016/j.pain.2006.01.041): every parameter is normal only after log10, with
the exceptions PHS, CPT, HPT and VDT.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from nociscope.assays.declaration import Loss, Measure

ROLKE = "10.1016/j.pain.2006.01.041"

Kind = Literal["detection", "span", "pain", "pressure", "force", "rating", "ratio", "count", "eighths"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One DFNS parameter.

    Attributes
    ----------
    code : str
        Lower case, as in the readings.
    title, meaning : str
    kind : str
        `detection` and `pain` are thermal thresholds, `span` the thermal limen; the others say what the unit is.
    unit : str
        Canonical unit of its readings.
    low, high : float
        Smallest and largest possible value in the canonical unit; `low` itself is impossible where `above_low`.
    above_low : bool
    loss : {'low', 'high', 'none'}
    log10 : bool
    step : int
        -1 where the stimulus goes below the baseline (cold), +1 where it rises.
    decimals : int
    fibre : str
        What carries it, for people.
    """

    code: str
    title: str
    meaning: str
    kind: Kind
    unit: str
    low: float
    high: float
    loss: Loss
    log10: bool
    above_low: bool = False
    step: int = 1
    decimals: int = 1
    fibre: str = ""

    def to_measure(self) -> Measure:
        """Return the declaration of its reading."""
        return Measure(
            name=self.code,
            unit=self.unit,
            title=self.title,
            meaning=self.meaning,
            loss=self.loss,
            log10=self.log10,
            spread="lognormal" if self.log10 else ("none" if self.kind == "count" else "normal"),
            decimals=self.decimals,
            doi=ROLKE,
        )


_LIST = (
    Parameter(
        code="cdt",
        title="Cold detection threshold",
        meaning="Smallest cooling from the baseline that is felt, as a positive magnitude",
        kind="detection",
        unit="delta_degC",
        low=0,
        high=80,
        loss="high",
        log10=True,
        step=-1,
        decimals=2,
        fibre="A-delta",
    ),
    Parameter(
        code="wdt",
        title="Warm detection threshold",
        meaning="Smallest warming from the baseline that is felt",
        kind="detection",
        unit="delta_degC",
        low=0,
        high=80,
        loss="high",
        log10=True,
        decimals=2,
        fibre="C",
    ),
    Parameter(
        code="tsl",
        title="Thermal sensory limen",
        meaning="Span between alternating warm and cold detections",
        kind="span",
        unit="delta_degC",
        low=0,
        high=80,
        loss="high",
        log10=True,
        decimals=2,
        fibre="C and A-delta",
    ),
    Parameter(
        code="phs",
        title="Paradoxical heat sensations",
        meaning="Number of coolings that were felt as warm or hot",
        kind="count",
        unit="count",
        low=0,
        high=100,
        loss="high",
        log10=False,
        decimals=0,
        fibre="A-delta and C",
    ),
    Parameter(
        code="cpt",
        title="Cold pain threshold",
        meaning="Temperature at which cooling begins to hurt",
        kind="pain",
        unit="degC",
        low=-20,
        high=60,
        loss="low",
        log10=False,
        step=-1,
        fibre="C and A-delta",
    ),
    Parameter(
        code="hpt",
        title="Heat pain threshold",
        meaning="Temperature at which warming begins to hurt",
        kind="pain",
        unit="degC",
        low=-20,
        high=60,
        loss="high",
        log10=False,
        fibre="C and A-delta",
    ),
    Parameter(
        code="ppt",
        title="Pressure pain threshold",
        meaning="Pressure at which a blunt probe begins to hurt",
        kind="pressure",
        unit="kPa",
        low=0,
        high=10_000,
        above_low=True,
        loss="high",
        log10=True,
        decimals=0,
        fibre="C and A-delta, deep",
    ),
    Parameter(
        code="mpt",
        title="Mechanical pain threshold",
        meaning="Force at which a pinprick begins to feel sharp",
        kind="force",
        unit="mN",
        low=0,
        high=10_000,
        above_low=True,
        loss="high",
        log10=True,
        decimals=1,
        fibre="A-delta and C",
    ),
    Parameter(
        code="mps",
        title="Mechanical pain sensitivity",
        meaning="Geometric mean of the pain ratings of pinpricks, 0-100",
        kind="rating",
        unit="rating",
        low=0,
        high=100,
        loss="low",
        log10=True,
        decimals=2,
        fibre="A-delta and C",
    ),
    Parameter(
        code="dma",
        title="Dynamic mechanical allodynia",
        meaning="Geometric mean of the pain ratings of light moving touch, 0-100; above 0 is allodynia",
        kind="rating",
        unit="rating",
        low=0,
        high=100,
        loss="low",
        log10=True,
        decimals=2,
        fibre="A-beta, central",
    ),
    Parameter(
        code="wur",
        title="Wind-up ratio",
        meaning="Mean rating of trains of ten pinpricks over mean rating of single pinpricks",
        kind="ratio",
        unit="ratio",
        low=0,
        high=1000,
        loss="low",
        log10=True,
        decimals=2,
        fibre="C, central",
    ),
    Parameter(
        code="mdt",
        title="Mechanical detection threshold",
        meaning="Smallest force of a von Frey filament that is felt",
        kind="force",
        unit="mN",
        low=0,
        high=10_000,
        above_low=True,
        loss="high",
        log10=True,
        decimals=2,
        fibre="A-beta",
    ),
    Parameter(
        code="vdt",
        title="Vibration detection threshold",
        meaning="Reading of the 64 Hz fork when the vibration is no longer felt, in eighths",
        kind="eighths",
        unit="n/8",
        low=0,
        high=8,
        loss="low",
        log10=False,
        decimals=1,
        fibre="A-beta",
    ),
)

PARAMETERS = MappingProxyType({p.code: p for p in _LIST})
"""Code -> parameter, in the order in which the DFNS lists them."""

SLOPE_CODES = ("cdt", "wdt", "cpt", "hpt")
"""The parameters that yes/no trials give a slope of."""


def _slope(code: str) -> Measure:
    p = PARAMETERS[code]
    return Measure(
        name=f"{code}_slope",
        unit="/degC",
        title=f"{p.title}, slope",
        meaning="1/sigma of the cumulative normal through yes/no answers: how precisely the step is told from none",
        loss="low",
        log10=True,
        spread="lognormal",
        decimals=2,
        doi="10.1101/2025.09.22.677851",
    )


MEASURES: tuple[Measure, ...] = (*(p.to_measure() for p in _LIST), *(_slope(c) for c in SLOPE_CODES))
