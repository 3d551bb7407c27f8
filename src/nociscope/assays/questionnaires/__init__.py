"""Questionnaires: answers scored as each instrument's authors published."""

from nociscope.assays.declaration import Assay, Measure, Reference, TableInput
from nociscope.assays.questionnaires.draw import draw
from nociscope.assays.questionnaires.instrument import Instrument, instrument_named, instruments
from nociscope.assays.questionnaires.measure import measure
from nociscope.assays.questionnaires.read import Form, QuestionnaireRecording, read
from nociscope.assays.questionnaires.simulate import simulate

__all__ = [
    "ASSAY",
    "Form",
    "Instrument",
    "QuestionnaireRecording",
    "draw",
    "instrument_named",
    "instruments",
    "measure",
    "read",
    "simulate",
]

_NOT_SCORED = ("regions_positive", "fm_criteria_total")


def _measures() -> tuple[Measure, ...]:
    return tuple(
        Measure(
            name=name,
            unit=rule.unit,
            title=rule.title,
            meaning=rule.meaning,
            spread="none",
            decimals=rule.decimals,
            scored=name not in _NOT_SCORED,
            doi=instrument.doi,
        )
        for instrument in instruments()
        for name, rule in instrument.measures
    )


ASSAY = Assay(
    name="questionnaires",
    title="Questionnaires",
    inputs=tuple(TableInput(i.table()) for i in instruments()),
    measures=_measures(),
    read=read,
    measure=measure,
    draw=draw,
    simulate=simulate,
    methods=(
        "Questionnaires were scored from item codes by the published rules. A score with a missing item is missing, "
        "except where the instrument publishes a rule: FIQR domains are prorated, and RAND-36 scales are the mean of "
        "the items answered. COMPASS-31 domains are weighted and not rounded; skipped questions behind a “no” count "
        "0. PSQI sleep efficiency is rounded to a whole percent before it is banded."
    ),
    references=tuple(Reference(i.citation, i.doi, i.title) for i in instruments()),
)
