"""Corneal confocal microscopy: nerves of the sub-basal plexus traced and measured."""

from nociscope.assays.ccm.derive import masks
from nociscope.assays.ccm.draw import draw
from nociscope.assays.ccm.measure import UNITS, measure
from nociscope.assays.ccm.read import EXTENSIONS, CcmRecording, Frame, read
from nociscope.assays.ccm.settings import CCM_TABLE, CcmSettings
from nociscope.assays.ccm.simulate import Scene, density_ladder, simulate, simulate_frame
from nociscope.assays.declaration import Assay, FileInput, Loss, Measure, Reference, Spread, TableInput
from nociscope.tables import Reading
from nociscope.tsv import MISSING

__all__ = [
    "ASSAY",
    "CCM_TABLE",
    "CcmRecording",
    "CcmSettings",
    "Frame",
    "Scene",
    "density_ladder",
    "draw",
    "masks",
    "measure",
    "read",
    "simulate",
    "simulate_frame",
]

_TAVAKOLI = "10.2337/dc14-2311"


def _measure(
    name: str,
    title: str,
    meaning: str,
    loss: Loss = "none",
    decimals: int = 1,
    spread: Spread = "normal",
    scored: bool = True,
    doi: str = "",
) -> Measure:
    return Measure(
        name=name,
        unit=UNITS[name],
        title=title,
        meaning=meaning,
        loss=loss,
        decimals=decimals,
        spread=spread,
        scored=scored,
        doi=doi,
    )


def is_of_eye(reading: Reading) -> bool:
    """Tell whether a reading is an eye's: those of single frames name their image, and are its parts."""
    return reading.source == MISSING or reading.source.endswith(".tsv")


ASSAY = Assay(
    name="ccm",
    title="Corneal confocal microscopy",
    inputs=(
        FileInput(datatype="micr", suffix="CONF", extensions=EXTENSIONS, title="frame of the corneal nerve plexus"),
        TableInput(CCM_TABLE),
    ),
    measures=(
        _measure(
            "cnfl",
            "Nerve fibre length density",
            "Length of all nerves over the area of the whole frame",
            "low",
            doi=_TAVAKOLI,
        ),
        _measure(
            "cnfl_usable",
            "Nerve fibre length density, usable area",
            "Length of nerves over area where the frame is neither folded nor saturated nor black",
            "low",
        ),
        _measure(
            "cnfd",
            "Nerve fibre density",
            "Main trunks per area of the frame, by this program's rule",
            "low",
            doi=_TAVAKOLI,
        ),
        _measure(
            "cnbd", "Nerve branch density", "Branch points on main trunks per area of the frame", "low", doi=_TAVAKOLI
        ),
        _measure("ctbd", "Total branch density", "All branch points per area of the frame", "low"),
        _measure("cnfa", "Nerve fibre area density", "Area covered by nerves over that of the frame", "low", 3),
        _measure("cnfw", "Nerve width", "Mean full width at half maximum: area over length of the nerves", "none"),
        _measure(
            "fractal_dimension",
            "Fractal dimension",
            "Box-counting dimension of the nerve mask; compares within one method only",
            "low",
            2,
            doi="10.1167/iovs.17-23342",
        ),
        _measure(
            "arc_chord_excess",
            "Arc-chord excess",
            "How much longer nerves are than the straight line, minus 1, on pieces of 100 µm",
            "none",
            3,
        ),
        _measure("mean_curvature", "Mean curvature", "Mean absolute curvature along the nerves", "none"),
        _measure(
            "focus",
            "Focus",
            "Contrast of fine structure relative to the mean grey level",
            "none",
            3,
            "none",
            False,
        ),
        _measure("fold_fraction", "Folded area", "Share of the frame darkened by folds", "none", 3, "none", False),
        _measure(
            "frames_used", "Frames used", "Frames that the eye's values are the mean of", "none", 0, "none", False
        ),
    ),
    read=read,
    measure=measure,
    draw=draw,
    simulate=simulate,
    compared=is_of_eye,
    derivatives=masks,
    settings=CcmSettings,
    methods=(
        "Corneal nerves were traced by the detector of this program (oriented line filters against both flanks, in "
        "units of the noise of the same frame; evidence summed along curved paths; every point of a path scored by "
        "small networks that slide along it, and the best labelling of whole paths kept). CNFL is the length of the "
        "smoothed centre lines over the area of the whole frame, "
        "without nerves shorter than {shortest_nerve_um} µm. A main trunk crosses the frame from one side to "
        "another or is at least 40 % of its side long and does not begin on another nerve. The value of an eye "
        "is the mean over its usable frames; "
        "its 95 % interval takes from registration how far frames overlap. Values compare only with values of the "
        "same method."
    ),
    references=(
        Reference(
            "Tavakoli M et al. Normative values for corneal nerve morphology assessed using corneal confocal "
            "microscopy. Diabetes Care 2015;38:838-843",
            _TAVAKOLI,
            "CNFD, CNBD, CNFL",
        ),
        Reference(
            "Dabbah MA et al. Automatic analysis of diabetic peripheral neuropathy using multi-scale quantitative "
            "morphology of nerve fibres in corneal confocal microscopy imaging. Med Image Anal 2011",
            "10.1016/j.media.2011.05.006",
            "the idea of a foreground and a background model",
        ),
        Reference(
            "Chen X et al. Invest Ophthalmol Vis Sci 2018;59:1113", "10.1167/iovs.17-23342", "fractal dimension"
        ),
        Reference(
            "Kallinikos P et al. Invest Ophthalmol Vis Sci 2004;45:418",
            "10.1167/iovs.03-0637",
            "the tortuosity coefficient that is not used here",
        ),
    ),
)
