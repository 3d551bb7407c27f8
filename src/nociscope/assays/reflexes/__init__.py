"""Cardiovascular reflex tests, and sweat and skin responses as table measures."""

from nociscope.assays.declaration import Assay, Measure, Reference
from nociscope.assays.reflexes.draw import draw
from nociscope.assays.reflexes.measure import measure
from nociscope.assays.reflexes.read import INPUTS, Manoeuvre, ReflexRecording, ReflexValue, read
from nociscope.assays.reflexes.settings import CONSENSUS_DOI, EWING_DOI, PROTOCOL_DOI, ZIEGLER_DOI, ReflexSettings
from nociscope.assays.reflexes.simulate import simulate
from nociscope.assays.reflexes.table import REFLEXES, TESTS

__all__ = [
    "ASSAY",
    "REFLEXES",
    "TESTS",
    "Manoeuvre",
    "ReflexRecording",
    "ReflexSettings",
    "ReflexValue",
    "draw",
    "measure",
    "read",
    "simulate",
]

ASSAY = Assay(
    name="reflexes",
    title="Autonomic reflex tests",
    inputs=INPUTS,
    measures=tuple(
        Measure(
            name=name,
            unit=test.unit,
            title=test.title,
            meaning=test.meaning,
            loss=test.loss,
            log10=test.sited or name == "deep_breathing_difference",  # Ziegler 1992; ratios need log(y - 1)
            spread="none" if test.sited else "normal",
            decimals=2 if test.unit in ("ratio", "uL", "mV", "s") else 0,
            doi=PROTOCOL_DOI,
        )
        for name, test in TESTS.items()
    ),
    read=read,
    measure=measure,
    draw=draw,
    simulate=simulate,
    settings=ReflexSettings,
    methods=(
        "Reflex tests were taken from the table, or read from ECGs and beat times of the manoeuvres with NeuroKit2 "
        "and the beat editing of the heart-rate variability. Deep breathing: mean over breaths of highest minus "
        "lowest heart rate, and longest over shortest interval (E:I). Valsalva ratio: longest interval within "
        "{after_release_s} s of release over the shortest during the strain. 30:15 ratio: longest interval of beats "
        "{longest_beats} over the shortest of beats {shortest_beats} after standing up (Ziegler 1992). The rise of "
        "heart rate on standing or tilt is the highest rate that two half-minute means at least a minute apart reach "
        "within {standing_minutes} min, over the {baseline_s} s before. Sweat volumes are bound to their device."
    ),
    references=(
        Reference("World J Diabetes 2015;6:80", PROTOCOL_DOI, "protocols; E:I limit by age"),
        Reference("World J Diabetes 2018;9:1", EWING_DOI, "limits of Ewing's battery"),
        Reference("Ziegler D et al. Diabet Med 1992;9:166-175", ZIEGLER_DOI, "beats of the 30:15 ratio"),
        Reference(
            "Freeman R et al. Consensus statement. Auton Neurosci 2011", CONSENSUS_DOI, "orthostatic definitions"
        ),
        Reference("Sletten DM et al. Muscle Nerve 2010;41:240-246", "10.1002/mus.21464", "Q-Sweat v QSART"),
    ),
)
