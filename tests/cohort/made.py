"""Small studies for the tests of groups. No number here is anyone's measurement."""

from __future__ import annotations

from nociscope.assays.declaration import Assay, Measure
from nociscope.cohort.people import Person
from nociscope.results import AssayResult, VisitResult
from nociscope.rules.model import Finding
from nociscope.tables import Reading, Score

TOUCH = Assay(
    name="touch",
    title="Touch",
    inputs=(),
    measures=(
        Measure(name="force", unit="mN", title="Force", meaning="Force felt", loss="high", log10=True, decimals=1),
        Measure(name="width", unit="mm", title="Width", meaning="Width felt", loss="low", decimals=1),
        Measure(name="trials", unit="count", title="Trials", meaning="How many", scored=False),
    ),
    read=None,  # type: ignore[arg-type]
    measure=None,  # type: ignore[arg-type]
    draw=None,  # type: ignore[arg-type]
    simulate=None,  # type: ignore[arg-type]
)
KNOWN = {"touch": TOUCH}


def reading(measure: str, value: float | None, **more) -> Reading:
    given = {"assay": "touch", "site": "foot", "side": "left", "unit": "mm", "method": "table", **more}
    return Reading(measure=measure, value=value, **given)


def score(of: Reading, call: str, z: float | None = None) -> Score:
    names = ("assay", "site", "side", "measure", "value", "unit")
    who = {"participant_id": "n/a", "session_id": "n/a"}
    return Score(**who, **{n: getattr(of, n) for n in names}, call=call, z=z)


def finding(verdict: str, rule: str = "besta_2019", grade: str = "", title: str = "Besta 2019") -> Finding:
    return Finding(rule=rule, title=title, verdict=verdict, grade=grade)


def visit(person: str, *readings: Reading, session: str = "n/a", scores=(), findings=(), status="done", **more):
    assays = (AssayResult(name="touch", title="Touch", status=status),)
    return VisitResult(
        participant_id=person,
        session_id=session,
        readings=readings,
        scores=tuple(scores),
        findings=tuple(findings),
        assays=assays,
        **more,
    )


def people(**groups: str) -> list[Person]:
    """Return people; ``people(a="FM", b="control")``."""
    return [Person(participant_id=f"sub-{k}", group=g) for k, g in groups.items()]
