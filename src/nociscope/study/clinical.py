"""Tables that rules and reports read and no assay measures: clinical signs, and treatments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nociscope.problems import BadInput, Problem
from nociscope.tsv import MISSING, Column, Row, Table

if TYPE_CHECKING:
    from nociscope.study.records import Visit

SIGNS = {
    "pinprick_loss": "small-fibre",
    "thermal_loss": "small-fibre",
    "allodynia": "small-fibre",
    "hyperalgesia": "small-fibre",
    "touch_loss": "large-fibre",
    "vibration_loss": "large-fibre",
    "proprioception_loss": "large-fibre",
    "reflexes_absent": "large-fibre",
    "weakness": "motor",
    "wasting": "motor",
    "symptoms_distal": "symptom",
    "orthostatic_symptoms_3_months": "symptom",
    "neupsig_history": "NeuPSIG",
    "neupsig_distribution": "NeuPSIG",
    "neupsig_sensory_signs": "NeuPSIG",
    "neupsig_confirmed": "NeuPSIG",
}
"""Sign -> kind. Other names are allowed; a near one is taken for a slip and named."""

CLINICAL_SIGNS = Table(
    "clinical_signs",
    "One sign or symptom of one participant at one visit",
    (
        Column("participant_id", "Participant, sub-<label>", required=True, needed=True),
        Column("session_id", "Visit, ses-<label>; n/a where the study has no sessions"),
        Column("sign", f"The sign: {', '.join(SIGNS)}", required=True, needed=True),
        Column(
            "value",
            "Whether it is there; a sign without a row is unknown, not absent",
            "choice",
            choices={"yes": "present", "no": "examined and absent"},
            required=True,
        ),
    ),
    key=("participant_id", "session_id", "sign"),
)

TREATMENTS = Table(
    "treatments",
    "One treatment of one participant, current at a visit",
    (
        Column("participant_id", "Participant, sub-<label>", required=True, needed=True),
        Column("session_id", "Visit, ses-<label>; n/a where the study has no sessions"),
        Column("drug", "The drug or procedure", required=True, needed=True),
        Column("dose", "Dose in the unit", "number", minimum=0),
        Column("unit", "Unit of the dose: mg/day, g/kg"),
        Column("start", "First day", "date"),
        Column("stop", "Last day; n/a while it goes on", "date"),
    ),
)

CLINICAL_TABLES = (CLINICAL_SIGNS, TREATMENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """A treatment at a visit; `start` and `stop` are ISO dates or empty, `dose` None when not given."""

    drug: str
    dose: float | None = None
    unit: str = ""
    start: str = ""
    stop: str = ""

    @property
    def words(self) -> str:
        """The treatment in one phrase: drug, dose and dates."""
        from nociscope.tsv import format_number

        text = self.drug
        if self.dose is not None:
            text += f" {format_number(self.dose)}" + (f" {self.unit}" if self.unit else "")
        if self.start or self.stop:
            text += f", {self.start or 'start not given'} to {self.stop or 'now'}"
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinical:
    """The signs and treatments of one visit.

    Attributes
    ----------
    signs : mapping
        Sign -> True, False, or None where it was not examined; a sign that is not here is unknown as well.
    treatments : tuple of Treatment
    problems : tuple of Problem
        Rows that were refused or look wrong.
    """

    signs: Mapping[str, bool | None]
    treatments: tuple[Treatment, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_clinical(visit: Visit) -> Clinical:
    """Read the signs and treatments of a visit; what cannot be read is a problem, and the rest is used."""
    problems: list[Problem] = []
    rows: dict[str, tuple[Row, ...]] = {}
    for table in CLINICAL_TABLES:
        try:
            parsed = visit.table(table)
        except BadInput as error:
            problems += error.problems
            continue
        rows[table.name] = parsed.rows
        problems += parsed.problems
    signs: dict[str, bool | None] = {}
    for row in rows.get(CLINICAL_SIGNS.name, ()):
        name = row.text("sign").lower().replace(" ", "_").replace("-", "_")
        problems += _unknown_sign(name, row)
        signs[name] = {"yes": True, "no": False}.get(row.text("value"))
    treatments: list[Treatment] = []
    for row in rows.get(TREATMENTS.name, ()):
        start, stop = row.text("start")[:10], row.text("stop")[:10]
        if start and stop and stop < start:
            problems.append(
                row.problem("stop", f"lies before the start {start}", "correct the dates", code="dates-reversed")
            )
            continue
        treatments.append(
            Treatment(
                drug=row.text("drug"),
                dose=row.number("dose"),
                unit=row.text("unit"),
                start=start,
                stop=stop,
            )
        )
    who = {"participant_id": visit.participant_id}
    if visit.session_id != MISSING:
        who["session_id"] = visit.session_id
    return Clinical(signs=signs, treatments=tuple(treatments), problems=tuple(p.at(**who) for p in problems))


def _unknown_sign(name: str, row: Row) -> list[Problem]:
    """Return a warning for a sign that no rule knows."""
    if name in SIGNS:
        return []
    import difflib

    near = difflib.get_close_matches(name, tuple(SIGNS), n=1, cutoff=0.75)
    what = "is not a sign that any rule reads"
    remedy = f"did you mean {near[0]}?" if near else f"rules read {', '.join(SIGNS)}"
    return [row.problem("sign", what, remedy, severity="warning" if near else "note", code="unknown-sign")]
