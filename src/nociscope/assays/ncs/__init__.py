"""Nerve conduction studies: motor and sensory responses and F waves, from a table or marked on waveforms."""

from nociscope.assays.declaration import HEIGHT, Assay, Measure, Reference, TableInput
from nociscope.assays.ncs.draw import draw
from nociscope.assays.ncs.measure import limits, measure
from nociscope.assays.ncs.read import NcsRecording, NerveStudy, read
from nociscope.assays.ncs.recordings import EMG
from nociscope.assays.ncs.settings import CHEN_DOI, NcsSettings
from nociscope.assays.ncs.simulate import simulate
from nociscope.assays.ncs.table import NERVE_CONDUCTION

__all__ = [
    "ASSAY",
    "NERVE_CONDUCTION",
    "NcsRecording",
    "NcsSettings",
    "NerveStudy",
    "draw",
    "limits",
    "measure",
    "read",
    "simulate",
]


def _measure(name: str, unit: str, title: str, meaning: str, **more: object) -> Measure:
    return Measure(name=name, unit=unit, title=title, meaning=meaning, **more)  # type: ignore[arg-type]


ASSAY = Assay(
    name="ncs",
    title="Nerve conduction",
    inputs=(TableInput(NERVE_CONDUCTION), EMG),
    measures=(
        _measure(
            "amplitude",
            "mV",
            "Amplitude",
            "Baseline to negative peak: how many fibres respond, and how well together",
            loss="low",
            log10=True,
            other_units=("uV",),
        ),
        _measure(
            "amplitude_peak_to_peak",
            "mV",
            "Amplitude, peak to peak",
            "Negative peak to the positive one after it; from waveforms",
            loss="low",
            log10=True,
            other_units=("uV",),
        ),
        _measure(
            "area",
            "mV.ms",
            "Area",
            "Of the negative phase, less sensitive to dispersion than the amplitude; from waveforms",
            loss="low",
            log10=True,
            other_units=("uV.ms",),
        ),
        _measure(
            "onset_latency_ms",
            "ms",
            "Onset latency",
            "Stimulus to onset: the fastest fibres",
            loss="high",
            decimals=1,
        ),
        _measure("peak_latency_ms", "ms", "Peak latency", "Stimulus to negative peak", loss="high", decimals=1),
        _measure(
            "velocity_m_s",
            "m/s",
            "Conduction velocity",
            "Of the fastest fibres of a segment",
            loss="low",
            decimals=1,
            covariates=(HEIGHT,),
        ),
        _measure("duration_ms", "ms", "Duration", "How far the fibres' arrivals are spread", loss="high", decimals=1),
        _measure(
            "f_latency_ms",
            "ms",
            "F-wave latency",
            "To the spinal cord and back, shortest",
            loss="high",
            decimals=1,
            covariates=(HEIGHT,),
        ),
        _measure("f_persistence", "%", "F-wave persistence", "Stimuli that gave an F wave", scored=False, decimals=0),
        _measure("distance_mm", "mm", "Distance", "Length that was measured", scored=False, decimals=0),
        _measure("temperature_c", "degC", "Skin temperature", "Cold slows conduction", scored=False, decimals=1),
        _measure(
            "amplitude_fall",
            "%",
            "Fall of the amplitude",
            "By how much the response from a proximal point is smaller than from the distal one",
            scored=False,
            decimals=0,
        ),
        _measure(
            "duration_rise",
            "%",
            "Rise of the duration",
            "By how much the response from a proximal point is longer than from the distal one",
            scored=False,
            decimals=0,
        ),
    ),
    read=read,
    measure=measure,
    draw=draw,
    simulate=simulate,
    settings=NcsSettings,
    limits=limits,
    methods=(
        "Nerve conduction values were taken from the laboratory's table and held against the limits printed beside "
        "them; where a value had none, against published limits. On waveforms the onset was marked at 5 % of the "
        "negative peak, from {blank_ms} ms after the stimulus on: on each motor sweep of at least {supramaximal} of "
        "the largest, and on the average of sensory sweeps; amplitudes are from baseline to negative peak. Latencies "
        "and velocities from skin below {warm_hand_c} °C (arm) or {warm_leg_c} °C (leg) are marked."
    ),
    references=(
        Reference(
            "Chen S et al. Electrodiagnostic reference values for upper and lower limb nerve conduction "
            "studies in adult "
            "populations. Muscle Nerve 2016;54:371-377",
            CHEN_DOI,
            "published limits",
        ),
    ),
)
