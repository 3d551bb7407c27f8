"""Skin biopsy: density of intraepidermal nerve fibres from counts in sections."""

from nociscope.assays.biopsy.draw import draw
from nociscope.assays.biopsy.measure import FALCO_DOI, GORANSSON_DOI, LAURIA_DOI, BiopsySettings, measure
from nociscope.assays.biopsy.pattern import EVDOKIMOV_DOI, from_scores, loss_pattern
from nociscope.assays.biopsy.read import BiopsyRecording, Section, read
from nociscope.assays.biopsy.simulate import simulate
from nociscope.assays.biopsy.table import SKIN_BIOPSY
from nociscope.assays.declaration import Assay, Measure, Reference, TableInput

__all__ = [
    "ASSAY",
    "SKIN_BIOPSY",
    "BiopsyRecording",
    "BiopsySettings",
    "Section",
    "draw",
    "from_scores",
    "loss_pattern",
    "measure",
    "read",
    "simulate",
]

ASSAY = Assay(
    name="biopsy",
    title="Skin biopsy",
    inputs=(TableInput(SKIN_BIOPSY),),
    measures=(
        Measure(
            name="ienfd",
            unit="/mm",
            title="Intraepidermal nerve fibre density",
            meaning="Fibres that cross into the epidermis, per millimetre of its length, over all sections of a site",
            loss="low",
            spread="count",
            decimals=1,
            doi=LAURIA_DOI,
        ),
        Measure(
            name="axonal_loss",
            unit="%",
            title="Axonal loss",
            meaning="How far the distal-leg density lies below the mean for age and sex; negative above it",
            loss="high",
            spread="normal",
            decimals=0,
            scored=False,
            doi=FALCO_DOI,
        ),
        Measure(
            name="loss_pattern",
            unit="",
            title="Pattern of fibre loss",
            meaning="0 none, 1 distal (leg below its limit), 2 proximal (thigh below its own), 3 both",
            spread="none",
            decimals=0,
            scored=False,
            doi=EVDOKIMOV_DOI,
        ),
    ),
    read=read,
    measure=measure,
    draw=draw,
    simulate=simulate,
    settings=BiopsySettings,
    from_scores=from_scores,
    methods=(
        "Intraepidermal nerve fibre density is the number of fibres that cross the dermal-epidermal junction divided "
        "by the length of epidermis, both summed over the sections of one biopsy; fewer than {fewest_sections} "
        "sections are marked. Its 95 % interval is Jeffreys' interval for a Poisson rate, widened by Pearson's "
        "dispersion where sections differ more than counting explains. Stains are never pooled. Axonal loss is the "
        "percentage below the mean for age and sex of Gøransson 2004, for bright field only."
    ),
    references=(
        Reference(
            "Lauria G et al. Intraepidermal nerve fiber density at the distal leg: a worldwide normative reference "
            "study. J Peripher Nerv Syst 2010;15:202-207",
            LAURIA_DOI,
            "three 50-µm sections",
        ),
        Reference(
            "Gøransson et al. Neurology 2004;62:774",
            GORANSSON_DOI,
            "mean density by age and sex",
        ),
        Reference("Falco P et al. Biomedicines 2025;13:2109", FALCO_DOI, "axonal loss density"),
        Reference("Evdokimov D et al. Ann Neurol 2019", EVDOKIMOV_DOI, "four patterns; base rate in healthy women"),
        Reference(
            "Brown LD, Cai TT, DasGupta A. Interval estimation in exponential families. Stat Sinica 2003;13:19-49",
            "",
            "Jeffreys' interval of a Poisson rate",
        ),
    ),
)
