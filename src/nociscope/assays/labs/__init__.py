"""Laboratory values with their units and limits, and which causes of small-fibre neuropathy were looked for."""

from nociscope.assays.declaration import Assay, Measure, TableInput
from nociscope.assays.labs.draw import draw
from nociscope.assays.labs.measure import LabsSettings, limits, measure, open_measure
from nociscope.assays.labs.read import LABS, LabRecording, LabValue, read
from nociscope.assays.labs.simulate import simulate

__all__ = [
    "ASSAY",
    "LABS",
    "LabRecording",
    "LabValue",
    "LabsSettings",
    "draw",
    "limits",
    "measure",
    "read",
    "simulate",
]

ASSAY = Assay(
    name="labs",
    title="Laboratory",
    inputs=(TableInput(LABS),),
    measures=(
        Measure(
            name="causes_looked_for",
            unit="count",
            title="Causes looked for",
            meaning="Known causes of small-fibre neuropathy of which a test was done; n is how many there are",
            spread="none",
            decimals=0,
            scored=False,
        ),
    ),
    read=read,
    measure=measure,
    draw=draw,
    simulate=simulate,
    settings=LabsSettings,
    limits=limits,
    open_measure=open_measure,
    methods=(
        "Laboratory values are given in the laboratory's own units and held against its own limits; nothing "
        "was converted "
        "and no value without a unit was used."
    ),
)
