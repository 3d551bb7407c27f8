"""The settings of the laser-evoked potential assay, with their units and where the defaults come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nociscope.assays.declaration import setting

_HABIT = "laboratory habit as recalled; a setting, not a published default"


@dataclass(frozen=True, slots=True, kw_only=True)
class LepSettings:
    """How laser-evoked potentials are read and measured."""

    trigger_delay_ms: float = setting(
        0.0,
        "Time by which the pulse reaches the skin after its marker; subtracted from every latency",
        unit="ms",
        source="a property of the laser and its cable; measure it with a photodiode",
    )
    events: Mapping[str, Mapping[str, Any]] = setting(
        {},
        "What event codes mean: trial_type (or value) -> trial_type, site, side, laser, energy_j, block",
        source='[lep.events."CODE"] in code/nociscope.toml',
    )
    laser: str = setting(
        "", "Laser of pulses whose row has no column `laser`: nd_yap, co2, thulium", source="norms are bound to it"
    )
    windows: Mapping[str, Mapping[str, Any]] = setting(
        {},
        "Peak search windows in ms that replace the built-in ones: site (or site.laser) -> n1, n2, p2 -> [from, to]",
        unit="ms",
        source="see docs/assays/lep.md",
    )
    high_pass_hz: float = setting(
        0.3, "High-pass, zero phase (Butterworth, order 2 each way)", unit="Hz", source=_HABIT
    )
    low_pass_hz: float = setting(
        30.0, "Low-pass, zero phase (Butterworth, order 4 each way)", unit="Hz", source=_HABIT
    )
    epoch_start_s: float = setting(-0.5, "Begin of an epoch", unit="s", source=_HABIT)
    epoch_end_s: float = setting(1.0, "End of an epoch", unit="s", source=_HABIT)
    baseline_start_s: float = setting(-0.5, "Begin of the baseline, which ends at 0", unit="s", source=_HABIT)
    reject_uv: float = setting(
        100.0, "A trial is rejected when an EEG derivation leaves its baseline by more", unit="uV", source=_HABIT
    )
    reject_blink_uv: float = setting(
        100.0, "A trial is rejected when the peak-to-peak of an eye channel is larger", unit="uV", source=_HABIT
    )
    n1_derivation: str = setting(
        "temporal",
        "Where N1 is measured: `temporal` (T7 or T8 against Fz) or `central` (C3 or C4 against Fz)",
        source="Hu L et al. 2010 (NeuroImage) compare the two",
    )
    block_size: int = setting(
        0, "Pulses in a series, when the events have no column `block`; 0: no series", unit="pulses"
    )
    minimum_trials: int = setting(5, "Fewest clean trials in an average that is measured", source="to be printed")
    rating_maximum: float = setting(10.0, "Upper end of the rating scale in the files; readings are on 0-10")
    rating_tolerance_s: float = setting(
        0.5, "Largest distance between a pulse and the row of the behaviour table that describes it", unit="s"
    )
    absent_alpha: float = setting(
        0.01, "Chance of calling pure noise a response", source="a false-alarm rate, chosen"
    )
    resamples: int = setting(1000, "Resamples behind each interval and each noise estimate")
    seed: int = setting(2026, "Seed of the resampling")
    single_trial: bool = setting(
        True,
        "Also estimate peaks in single trials, by multiple linear regression with dispersion",
        source="doi:10.1152/jn.00220.2011",
    )
    wavelet_filter: bool = setting(
        False,
        "Filter single trials by wavelets before the regression; it shrinks the response by about a quarter",
        source="doi:10.1152/jn.00220.2011",
    )
    wavelet_share: float = setting(
        0.85,
        "Share of time-frequency pixels that the wavelet filter takes away",
        source="recalled, not read in the source; used only with wavelet_filter",
    )
    time_frequency: bool = setting(
        False, "Also draw a time-frequency map of each site: power at Cz against before the pulse, 3 to 30 Hz"
    )
