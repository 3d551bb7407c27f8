"""One value for each person and quantity: the unit of every comparison of groups.

A quantity is a measure at one site by one method in one unit; values of different methods never meet. Left and right
are averaged. Of several visits the first with a value counts, so that a person counts once and treatment later does
not mix in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from nociscope.tables import Reading, Score
from nociscope.tsv import MISSING, Column, Table
from nociscope.tsv import Value as Cell

if TYPE_CHECKING:
    from nociscope.assays.declaration import Assay, Measure
    from nociscope.results import VisitResult

QUANTITY_COLUMNS = (
    Column("assay", "The test"),
    Column("site", "Body site, nerve or eye region"),
    Column("measure", "The measured quantity"),
    Column("method", "How it was measured; other methods are other quantities"),
    Column("unit", "Unit of the values"),
)

VALUES = Table(
    "values",
    "One value for each person and quantity: the first visit with a value, left and right averaged",
    (
        Column("participant_id", "Participant, sub-<label>", required=True, needed=True),
        Column("session_id", "The visit it is from"),
        Column("group", "Group in participants.tsv"),
        *QUANTITY_COLUMNS,
        Column("value", "The value", "number"),
        Column("censored", "Whether a true value lies beyond what the device could give", "choice",
               choices={"none": "no", "below": "the true value is lower", "above": "it is higher"}),
        Column("sides", "How many readings were averaged", "integer", minimum=1),
        Column("z", "Oriented standard score, averaged likewise: negative is loss of function", "number"),
        Column("call", "Verdict against the norm on either side, loss before all others", "choice",
               choices={"normal": "within the limits", "loss": "beyond them, loss", "gain": "beyond them, gain",
                        "abnormal": "beyond limits without direction", "not_comparable": "no norm fits"}),
    ),
)  # fmt: skip

KEY_MEASURES = (
    ("biopsy", "ienfd"),
    ("ccm", "cnfl"),
    ("lep", "n2p2_amplitude"),
    ("lep", "habituation_ratio"),
    ("qst", "cdt"),
    ("qst", "wdt"),
    ("qst", "ppt"),
    ("esc", "esc"),
    ("hrv", "rmssd"),
    ("ncs", "amplitude"),
    ("questionnaires", "pain_nrs_total"),
    ("questionnaires", "fiqr_total"),
    ("reflexes", "deep_breathing_difference"),
    ("labs", "sil2r"),
)
"""What a group report shows first, chosen before any data: one or two of each test, in this order."""

KEY_SITES = ("distal_leg", "foot_dorsum", "foot", "sural", "cornea_central", "hand_dorsum", "hand")
"""Which site of a key measure is taken where several have as many people."""

MOST_KEYS = 12

Censored = Literal["none", "below", "above"]
_CALLS = ("loss", "gain", "abnormal", "normal", "not_comparable")


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """A measure at one site by one method in one unit."""

    assay: str
    site: str
    measure: str
    method: str
    unit: str

    @property
    def of_part(self) -> bool:
        """Whether its method is one of a part of a recording (a block, single trials), not of the whole."""
        return "block-" in self.method or self.method.startswith("single:")

    def cells(self) -> dict[str, Cell]:
        """Return its cells in a table."""
        return {c.name: getattr(self, c.name) for c in QUANTITY_COLUMNS}


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonValue:
    """One person's value of one quantity."""

    participant_id: str
    session_id: str
    group: str
    quantity: Quantity
    value: float
    censored: Censored
    sides: int
    z: float | None
    call: str


def values_of(
    results: Iterable[VisitResult], groups: Mapping[str, str], known: Mapping[str, Assay]
) -> tuple[PersonValue, ...]:
    """Return every person's value of every quantity that a norm could apply to.

    Parameters
    ----------
    results : iterable of VisitResult
        The visits of a person in order.
    groups : mapping
        Participant -> group.
    known : mapping
        Assay name -> declaration; of an assay that is not here every reading is taken.
    """
    found: dict[tuple[str, Quantity], PersonValue] = {}
    for result in results:
        person = result.participant_id
        scores: dict[tuple[object, ...], list[Score]] = {}
        for score in result.scores:
            scores.setdefault(_key(score), []).append(score)
        for quantity, readings in _by_quantity(result.readings, known).items():
            if (person, quantity) not in found:
                own = [_telling(scores.get(_key(r), [])) for r in readings]
                found[person, quantity] = _person_value(result, groups.get(person, MISSING), quantity, readings, own)
    return tuple(found.values())


def _by_quantity(readings: Iterable[Reading], known: Mapping[str, Assay]) -> dict[Quantity, list[Reading]]:
    out: dict[Quantity, list[Reading]] = {}
    measures: dict[tuple[str, str], Measure | None] = {}
    for r in readings:
        assay = known.get(r.assay)
        if r.value is None or (assay is not None and not assay.compares(r)):
            continue
        if assay is not None:
            if (r.assay, r.measure) not in measures:
                measures[r.assay, r.measure] = assay.measure_named(r.measure)
            declared = measures[r.assay, r.measure]
            if declared is not None and not declared.scored:
                continue
        out.setdefault(Quantity(r.assay, r.site, r.measure, r.method, r.unit), []).append(r)
    return out


def _key(record: Reading | Score) -> tuple[object, ...]:
    return record.assay, record.site, record.side, record.measure, record.value, record.unit


def _telling(scores: Sequence[Score]) -> Score | None:
    """Return the first score of a reading that says something, else the first."""
    return next((s for s in scores if s.call != "not_comparable"), scores[0] if scores else None)


def _person_value(
    result: VisitResult, group: str, quantity: Quantity, readings: Sequence[Reading], scores: Sequence[Score | None]
) -> PersonValue:
    z = [s.z for s in scores if s is not None and s.z is not None]
    calls = {s.call for s in scores if s is not None}
    beyond = {r.censored for r in readings} - {"none"}
    censored: Censored = "none"
    if beyond:
        censored = "above" if "above" in beyond else "below"
    return PersonValue(
        participant_id=result.participant_id,
        session_id=result.session_id,
        group=group,
        quantity=quantity,
        value=fmean(r.value for r in readings if r.value is not None),
        censored=censored,
        sides=len(readings),
        z=fmean(z) if z else None,
        call=next((c for c in _CALLS if c in calls), "not_comparable"),
    )


def value_rows(values: Iterable[PersonValue]) -> list[dict[str, Cell]]:
    """Return the rows of :data:`VALUES`."""
    return [
        {
            "participant_id": v.participant_id,
            "session_id": v.session_id,
            "group": v.group,
            **v.quantity.cells(),
            "value": v.value,
            "censored": v.censored,
            "sides": v.sides,
            "z": v.z,
            "call": v.call,
        }
        for v in values
    ]


def by_quantity(values: Iterable[PersonValue], order: Sequence[str] = ()) -> dict[Quantity, list[PersonValue]]:
    """Return values by quantity; assays come in the order given, the quantities of one as they were met."""
    found: dict[Quantity, list[PersonValue]] = {}
    for v in values:
        found.setdefault(v.quantity, []).append(v)
    rank = {name: i for i, name in enumerate(order)}
    return dict(sorted(found.items(), key=lambda item: rank.get(item[0].assay, len(rank))))


def key_quantities(values: Mapping[Quantity, Sequence[PersonValue]]) -> tuple[Quantity, ...]:
    """Return the quantities that are shown first, at most :data:`MOST_KEYS`.

    They are chosen by what was measured in how many people, never by what came out: :data:`KEY_MEASURES` in their
    order, each where most people have it; then the quantities that most people have.
    """

    def rank(q: Quantity) -> tuple[object, ...]:
        site = KEY_SITES.index(q.site) if q.site in KEY_SITES else len(KEY_SITES)
        return q.of_part, -len(values[q]), site, q

    chosen: list[Quantity] = []
    for assay, measure in KEY_MEASURES:
        same = [q for q in values if (q.assay, q.measure) == (assay, measure)]
        chosen += sorted(same, key=rank)[:1]
    if len(chosen) < MOST_KEYS:
        others = [q for q in values if q not in chosen and not q.of_part]
        chosen += sorted(others, key=lambda q: -len(values[q]))[: MOST_KEYS - len(chosen)]
    return tuple(chosen[:MOST_KEYS])
