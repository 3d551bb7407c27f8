"""Electrochemical skin conductance of palms and soles."""

from nociscope.assays.declaration import Assay, Measure, Reference, TableInput
from nociscope.assays.esc.draw import draw
from nociscope.assays.esc.measure import NOVAK_DOI, RAJAN_DOI, VINIK_DOI, measure
from nociscope.assays.esc.read import Conductance, EscRecording, read
from nociscope.assays.esc.simulate import simulate
from nociscope.assays.esc.table import ESC

__all__ = ["ASSAY", "ESC", "Conductance", "EscRecording", "draw", "measure", "read", "simulate"]

ASSAY = Assay(
    name="esc",
    title="Electrochemical skin conductance",
    inputs=(TableInput(ESC),),
    measures=(
        Measure(
            name="esc",
            unit="uS",
            title="Electrochemical skin conductance",
            meaning="Conductance of the sweat glands of a palm or sole; no interval: repeatability unknown",
            loss="low",
            spread="none",
            decimals=0,
            doi=VINIK_DOI,
        ),
        Measure(
            name="esc_per_kg",
            unit="uS/kg",
            title="Skin conductance per body weight",
            meaning="Mean of the two sides divided by the body weight",
            loss="low",
            spread="none",
            doi=NOVAK_DOI,
        ),
        Measure(
            name="esc_asymmetry",
            unit="%",
            title="Difference of skin conductance between the sides",
            meaning="100 |left - right| / mean of the sides; the sides correlate at 0.96, so a large one informs",
            loss="none",
            spread="none",
            decimals=0,
            doi=VINIK_DOI,
        ),
    ),
    read=read,
    measure=measure,
    draw=draw,
    simulate=simulate,
    methods=(
        "Electrochemical skin conductance was taken from the device as given. The mean of the sides was also divided "
        "by body weight, and the difference of the sides by their mean. Published reference ranges contradict each "
        "other and differ by ancestry, so scores were made against own controls only; the maker's limits were not "
        "used. Anticholinergic drugs and depression, which explain low values without loss of fibres, stand beside "
        "the values."
    ),
    references=(
        Reference("Vinik AI et al. Diabetes Technol Ther 2016;18:391-398", VINIK_DOI, "group values; left v right"),
        Reference("Novak P. Front Aging Neurosci 2016;8:199", NOVAK_DOI, "conductance per body weight"),
        Reference("Porubcin MG, Novak P. Front Neurol 2020;11:273", "10.3389/fneur.2020.00273", "accuracy"),
        Reference("Rajan S et al. Clin Auton Res 2019;29:31-39", RAJAN_DOI, "values do not agree between studies"),
    ),
)
