"""The settings of heart-rate variability, and the presets of the spectrum."""

from __future__ import annotations

from dataclasses import dataclass

from nociscope.assays.declaration import setting
from nociscope.beats.editing import DEFAULT_MULTIPLE, LIPPONEN_DOI, PUBLISHED_MULTIPLE

TASK_FORCE_DOI = "10.1161/01.CIR.93.5.1043"
WELCH_DOI = "10.1109/TAU.1967.1161901"
TARVAINEN_DOI = "10.1109/10.979357"


@dataclass(frozen=True, slots=True)
class HrvSettings:
    """What a laboratory may set."""

    preset: str = setting(
        "task_force",
        "Recipe: task_force (the values below), or kubios (smoothness-priors trend removal before everything, "
        "300 s segments, editing at the published threshold)",
        source="the figures of the kubios preset are recalled, not read in its guide: compare with your version",
    )
    resampling_hz: float = setting(
        4.0,
        "Rate at which intervals are interpolated (cubic spline) for the spectrum",
        unit="Hz",
        source="convention",
    )
    segment_s: float = setting(
        256.0,
        "Length of Welch segments (Hann window, half overlap, straight line removed)",
        unit="s",
        source="the longest power of two of samples at 4 Hz that fits five minutes",
    )
    artefact_multiple: float = setting(
        DEFAULT_MULTIPLE,
        f"Threshold of beat editing in quartile deviations; {PUBLISHED_MULTIPLE:g} is the published one",
        source=f"doi {LIPPONEN_DOI}; 7 edits one beat in 400,000 of Gaussian variability, 5.2 one in 2,000",
    )
    poor_artefact_fraction: float = setting(
        0.05, "Share of edited beats above which values are marked poor", source="a convention of this program"
    )
    start_s: float = setting(0.0, "Where the analysed part of a resting recording begins", unit="s")
    length_s: float = setting(0.0, "Length of the analysed part of a resting recording; 0: all of it", unit="s")
    night_start_h: float = setting(
        0.0, "Beginning of the night window, hour of the day", unit="h", source="10.1186/ar3513"
    )
    night_end_h: float = setting(6.0, "End of the night window, hour of the day", unit="h", source="10.1186/ar3513")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a spectrum is made: what stands beside each of its values."""

    resampling_hz: float
    segment_s: float
    priors_lambda: float
    """Smoothness-priors regularisation; 0: no trend removal before the spectrum."""
    multiple: float

    @property
    def name(self) -> str:
        """As in `method`: enough to make the spectrum again."""
        trend = f"smoothness priors {self.priors_lambda:g}" if self.priors_lambda else "linear"
        return f"welch {self.resampling_hz:g} Hz cubic, {self.segment_s:g} s hann 50 %, {trend} detrend"

    @property
    def time_name(self) -> str:
        """The same for the time-domain measures."""
        return f"nn, smoothness priors {self.priors_lambda:g} detrend" if self.priors_lambda else "nn"


def recipe_of(settings: HrvSettings) -> Recipe:
    """Return the recipe of the settings.

    Raises
    ------
    ValueError
        The preset is not known, or a rate or length cannot be right.
    """
    if settings.preset == "kubios":
        return Recipe(4.0, 300.0, 500.0, PUBLISHED_MULTIPLE)
    if settings.preset != "task_force":
        raise ValueError(f"preset is {settings.preset!r}; it is task_force or kubios")
    if not 1 <= settings.resampling_hz <= 20 or not 60 <= settings.segment_s <= 3600:
        raise ValueError("resampling_hz must lie between 1 and 20 Hz and segment_s between 60 and 3600 s")
    if not 2 <= settings.artefact_multiple <= 100:
        raise ValueError("artefact_multiple must lie between 2 and 100")
    return Recipe(settings.resampling_hz, settings.segment_s, 0.0, settings.artefact_multiple)
