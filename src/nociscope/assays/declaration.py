"""What an assay declares: the inputs it takes, the measures it yields, its settings, and its four verbs.

Every assay is a folder of one shape; its ``__init__`` holds ``ASSAY = Assay(...)``. Nothing here reads a file or
computes a number.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from nociscope.problems import Problem
from nociscope.study.inputs import FileInput, TableInput
from nociscope.tables import Reading, Score
from nociscope.truth import Simulated, Truth
from nociscope.tsv import MISSING

if TYPE_CHECKING:
    from nociscope.study.records import Visit

Loss = Literal["low", "high", "none"]
Spread = Literal["normal", "lognormal", "count", "none"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A published source.

    `doi` is without the resolver's address; `note` says what was taken from it.
    """

    citation: str
    doi: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariate:
    """What a measure depends on beside age and sex, so that norms of own controls may allow for it.

    Attributes
    ----------
    name : str
        ``height_cm``, of the participant; else a measure of the same assay, whose reading at the same visit, site
        and side is taken.
    title, unit : str
        For people; the unit in which norms keep it. A reading in another unit is converted, or not used.
    least_spread : float
        Standard deviation among the controls below which no slope is asked for.
    margin : float
        How far beyond the controls' values a score is still made.
    relative : bool
        Whether `least_spread` and `margin` are shares of the controls' mean, and not in `unit`.
    binds : bool
        Whether a norm holds for the controls' values of it only, even where it shows no slope: a condition of the
        test (the energy of a stimulus), not a trait of the person.
    """

    name: str
    title: str
    unit: str
    least_spread: float
    margin: float
    relative: bool = False
    binds: bool = False


HEIGHT = Covariate(name="height_cm", title="height", unit="cm", least_spread=5.0, margin=5.0)
"""The height of a participant, for what travels along nerves.

A slope is asked for from a spread (SD) of 5 cm, and used up to 5 cm beyond the controls. Both are choices.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One quantity that an assay yields.

    Attributes
    ----------
    name : str
        As in the readings table.
    unit : str
        Canonical unit of its readings; empty for none.
    title : str
        For people: axis and table label.
    meaning : str
        One line.
    loss : {'low', 'high', 'none'}
        Which direction of the value is loss of function; `none`: it has no direction and is never oriented.
    log10 : bool
        Whether scores are made on log10 of the value.
    spread : {'normal', 'lognormal', 'count', 'none'}
        The family of the interval in `low`, `high`, from which the probability of lying beyond a limit is had:
        `count` is a gamma posterior of a rate (Jeffreys), `none` has no interval.
    decimals : int
        Decimals shown to people (tables keep all digits).
    scored : bool
        Whether a norm could apply; counts of trials and the like are not scored.
    doi : str
        Source of the definition.
    covariates : tuple of Covariate
        What it is known to depend on beside age and sex; only these may enter a norm of own controls.
    """

    name: str
    unit: str
    title: str
    meaning: str
    loss: Loss = "none"
    log10: bool = False
    spread: Spread = "normal"
    decimals: int = 2
    scored: bool = True
    doi: str = ""
    covariates: tuple[Covariate, ...] = ()
    other_units: tuple[str, ...] = ()
    """Further units that its readings may have, ``("*",)`` for any: a laboratory's values keep the unit given."""

    def allows(self, unit: str) -> bool:
        """Tell whether a reading may be in this unit."""
        return unit == self.unit or unit in self.other_units or "*" in self.other_units


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLimit:
    """Limits of normal that came with a value, as a laboratory prints them beside it.

    `measure`, `site`, `side` and `method` say which reading; `low` and `high` are in `unit`, which may differ from
    the reading's. A value that equals a limit is normal.
    """

    measure: str
    unit: str
    site: str = MISSING
    side: str = MISSING
    method: str = MISSING
    low: float | None = None
    high: float | None = None


@runtime_checkable
class Recording(Protocol):
    """What `read` returns: any frozen dataclass that also carries these two."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was refused or looked wrong while reading; the rest of the recording is usable."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The files that were read, relative to the study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawn figure.

    Attributes
    ----------
    name : str
        Short, unique within the assay, letters digits and ``-``; part of the file name.
    title : str
        Heading.
    caption : str
        The figure in words, complete enough for someone who cannot see it.
    svg : str
        A whole ``<svg>`` element: no scripts, no links, no raster larger than needed.
    wide : bool
        Whether the page should give it the full width.
    """

    name: str
    title: str
    caption: str
    svg: str
    wide: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedFile:
    """A file that is saved beside a visit's results: a mask, a cleaned signal.

    Attributes
    ----------
    name : str
        File name without folder; begins with the visit's ``sub-…[_ses-…]`` and keeps to BIDS-Derivatives.
    content : bytes
        The whole file; the same recording and settings give the same bytes.
    description : str
        One line.
    """

    name: str
    content: bytes
    description: str = ""


def setting(default: Any, meaning: str, *, unit: str = "", source: str = "") -> Any:
    """Return a dataclass field for a setting, with what a user needs to know about it.

    Parameters
    ----------
    default : Any
        The default; a mapping, list or set is copied for every instance.
    meaning : str
        One line.
    unit : str
        Unit of a number.
    source : str
        DOI or reason of the default.
    """
    metadata = {"meaning": meaning, "unit": unit, "source": source}
    if isinstance(default, dict | list | set):
        return dataclasses.field(default_factory=lambda: type(default)(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class NoSettings:
    """For an assay without settings."""


ReadVerb = Callable[["Visit", Any], Recording]
MeasureVerb = Callable[[Any, Any], tuple[Reading, ...]]
DrawVerb = Callable[[Any, Sequence[Reading], Sequence[Score], Any], tuple[Figure, ...]]
SimulateVerb = Callable[[Truth, int], Simulated]
DerivativesVerb = Callable[[Any, Sequence[Reading], Any], tuple[DerivedFile, ...]]
LimitsVerb = Callable[[Any, Any], tuple[OwnLimit, ...]]
FromScoresVerb = Callable[[Sequence[Reading], Sequence[Score], Any], tuple[Reading, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assay:
    """The declaration of an assay.

    Attributes
    ----------
    name, title : str
        Key and name for people.
    inputs : tuple
        Any one of them present makes the assay present at a visit.
    measures : tuple of Measure
    read : callable
        ``read(visit, settings) -> Recording``. All input happens here. Rows or files that cannot be used are refused
        one by one and reported in the recording's `problems`; :class:`~nociscope.problems.BadInput` is raised only
        when nothing is left.
    measure : callable
        ``measure(recording, settings) -> tuple of Reading``. Pure: no paths, no plots, no globals, and any random
        numbers come from a generator seeded by a setting.
    draw : callable
        ``draw(recording, readings, scores, settings) -> tuple of Figure``.
    simulate : callable
        ``simulate(truth, seed) -> Simulated``. The same truth and seed give the same bytes.
    settings : type
        A frozen dataclass whose fields are made by :func:`setting`.
    from_scores : callable or None
        ``from_scores(readings, scores, settings) -> tuple of Reading``: readings that can be made only once the
        visit's other readings have been scored (a pattern over limits). All are of this assay and one visit. Pure.
    compared : callable or None
        ``compared(reading) -> bool``: which readings of scored measures are held against norms; default all. For
        assays that give parts as well as their sum (single frames and the eye).
    derivatives : callable or None
        ``derivatives(recording, readings, settings) -> tuple of DerivedFile``: files to be saved in the visit's
        output folder beside its tables.
    limits : callable or None
        ``limits(recording, settings) -> tuple of OwnLimit``: limits that the input itself gives for its values.
        They go before every shipped norm and after the norms that a user named for the run. Pure.
    open_measure : callable or None
        ``open_measure(name) -> Measure or None``: the declaration of a measure that the data name and `measures` does
        not list, such as a laboratory's analyte.
    methods : str
        Text for a methods section, with ``{name}`` of settings filled in.
    references : tuple of Reference
        What `methods` cites.
    """

    name: str
    title: str
    inputs: tuple[TableInput | FileInput, ...]
    measures: tuple[Measure, ...]
    read: ReadVerb
    measure: MeasureVerb
    draw: DrawVerb
    simulate: SimulateVerb
    settings: type = NoSettings
    from_scores: FromScoresVerb | None = None
    derivatives: DerivativesVerb | None = None
    compared: Callable[[Reading], bool] | None = None
    limits: LimitsVerb | None = None
    open_measure: Callable[[str], Measure | None] | None = None
    methods: str = ""
    references: tuple[Reference, ...] = ()

    def measure_named(self, name: str) -> Measure | None:
        """Return the declaration of a measure, None when it is unknown."""
        listed = next((m for m in self.measures if m.name == name), None)
        return self.open_measure(name) if listed is None and self.open_measure is not None else listed

    def compares(self, reading: Reading) -> bool:
        """Tell whether a reading is one that is held against norms, its measure being scored."""
        return self.compared is None or self.compared(reading)

    def present(self, visit: Visit) -> bool:
        """Tell whether a visit holds any input of this assay."""
        return any(visit.holds(i) for i in self.inputs)

    def methods_text(self, settings: Any) -> str:
        """Return the methods text with the settings filled in."""
        values = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings)}
        return self.methods.format(**values)
