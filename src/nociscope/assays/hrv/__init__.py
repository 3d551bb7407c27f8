"""Heart-rate variability from an ECG or beat times."""

from nociscope.assays.declaration import Assay, Loss, Measure, Reference, Spread
from nociscope.assays.hrv.draw import draw
from nociscope.assays.hrv.measure import measure
from nociscope.assays.hrv.read import INPUTS, HrvRecording, read
from nociscope.assays.hrv.settings import (
    TARVAINEN_DOI,
    TASK_FORCE_DOI,
    WELCH_DOI,
    HrvSettings,
    Recipe,
    recipe_of,
)
from nociscope.assays.hrv.simulate import simulate
from nociscope.beats.detect import MAKOWSKI_DOI
from nociscope.beats.editing import LIPPONEN_DOI

__all__ = ["ASSAY", "HrvRecording", "HrvSettings", "Recipe", "draw", "measure", "read", "recipe_of", "simulate"]


def _measure(
    name: str,
    unit: str,
    title: str,
    meaning: str,
    *,
    loss: Loss = "low",
    spread: Spread = "lognormal",
    log10: bool = True,
    decimals: int = 1,
    scored: bool = True,
) -> Measure:
    return Measure(
        name=name,
        unit=unit,
        title=title,
        meaning=meaning,
        loss=loss,
        log10=log10,
        spread=spread,
        decimals=decimals,
        scored=scored,
        doi=TASK_FORCE_DOI,
    )


MEASURES = (
    _measure("mean_nn", "ms", "Mean NN interval", "Mean interval between normal beats", decimals=0, spread="normal"),
    _measure(
        "heart_rate",
        "/min",
        "Heart rate",
        "60,000 over the mean NN interval",
        loss="none",
        decimals=0,
        spread="normal",
        log10=False,
    ),
    _measure("sdnn", "ms", "SDNN", "Standard deviation of NN intervals (n - 1)"),
    _measure("rmssd", "ms", "RMSSD", "Root mean square of differences of neighbouring NN intervals"),
    _measure("sdsd", "ms", "SDSD", "Standard deviation of these differences (n - 1)"),
    _measure(
        "pnn50",
        "%",
        "pNN50",
        "Percentage of these differences of more than 50 ms",
        log10=False,
        spread="normal",
    ),
    _measure("sd1", "ms", "SD1", "Width of the Poincaré plot: SDSD over the root of 2", scored=False),
    _measure("sd2", "ms", "SD2", "Length of the Poincaré plot", scored=False),
    _measure("vlf", "ms2", "VLF power", "Power from 0.0033 to 0.04 Hz", decimals=0),
    _measure("lf", "ms2", "LF power", "Power from 0.04 to 0.15 Hz", decimals=0),
    _measure("hf", "ms2", "HF power", "Power from 0.15 to 0.40 Hz", decimals=0),
    _measure("total", "ms2", "Total power", "VLF + LF + HF", decimals=0),
    _measure(
        "lf_nu", "nu", "LF, normalised", "LF as a percentage of LF + HF", loss="none", log10=False, spread="normal"
    ),
    _measure(
        "hf_nu", "nu", "HF, normalised", "HF as a percentage of LF + HF", loss="none", log10=False, spread="normal"
    ),
    _measure("lf_hf", "", "LF/HF", "Ratio of the powers; weak evidence, never alone", loss="none", decimals=2),
    _measure(
        "lf_lomb",
        "ms2",
        "LF power, Lomb-Scargle",
        "The same without interpolation: a check of the Welch value",
        spread="none",
        decimals=0,
        scored=False,
    ),
    _measure(
        "hf_lomb",
        "ms2",
        "HF power, Lomb-Scargle",
        "The same without interpolation: a check of the Welch value",
        spread="none",
        decimals=0,
        scored=False,
    ),
    _measure("sdann", "ms", "SDANN", "Standard deviation of the means of five minutes (24 h)", spread="none"),
    _measure(
        "triangular_index",
        "",
        "Triangular index",
        "NN intervals over the height of their histogram, bins of 7.8125 ms (24 h)",
        spread="none",
    ),
    _measure(
        "artefact_fraction",
        "",
        "Share of edited beats",
        "Ectopic, missed, extra and irregular beats over all beats, 0 to 1",
        loss="none",
        spread="none",
        log10=False,
        decimals=3,
        scored=False,
    ),
)

ASSAY = Assay(
    name="hrv",
    title="Heart-rate variability",
    inputs=INPUTS,
    measures=MEASURES,
    read=read,
    measure=measure,
    draw=draw,
    simulate=simulate,
    settings=HrvSettings,
    methods=(
        "R peaks were found with NeuroKit2 (Makowski et al. 2021), compared with a second detector. Ectopic, "
        "missed and extra beats were found by the classification of Lipponen and Tarvainen (2019), threshold "
        "{artefact_multiple} quartile deviations, by full compensatory pauses and, in an ECG, by the shape of the "
        "complex; intervals beside them were left out. Measures follow the Task Force (1996). Powers are in ms2 from "
        "a cubic spline at {resampling_hz} Hz, Welch's method with Hann segments of {segment_s} s, half "
        "overlap and removal of a straight line (preset {preset}), checked by a Lomb-Scargle periodogram. Values of "
        "five minutes, of a night and of 24 hours were never compared with one another's norms."
    ),
    references=(
        Reference("Task Force. Circulation 1996;93:1043-1065", TASK_FORCE_DOI, "measures and bands"),
        Reference("Makowski D et al. Behav Res Methods 2021;53:1689-1696", MAKOWSKI_DOI, "R peaks"),
        Reference("Lipponen JA, Tarvainen MP. J Med Eng Technol 2019;43:173-181", LIPPONEN_DOI, "beat editing"),
        Reference("Welch PD. IEEE Trans Audio Electroacoust 1967;15:70-73", WELCH_DOI, "spectrum"),
        Reference("Scargle JD. Astrophys J 1982;263:835-853", "10.1086/160554", "spectrum of uneven samples"),
        Reference("Tarvainen MP et al. IEEE Trans Biomed Eng 2002;49:172-175", TARVAINEN_DOI, "kubios preset"),
        Reference("Lerma C et al. Arthritis Res Ther 2011;13:R185", "10.1186/ar3513", "night 00:00 to 06:00"),
    ),
)
