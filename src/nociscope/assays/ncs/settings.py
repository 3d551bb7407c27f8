"""Settings of the nerve conduction assay."""

from __future__ import annotations

from dataclasses import dataclass

from nociscope.assays.declaration import setting

CHEN_DOI = "10.1002/mus.25203"
_OURS = "convention of this program"


@dataclass(frozen=True, slots=True)
class NcsSettings:
    """Settings of the nerve conduction assay; those from `stimulus_delay_ms` on are for waveforms alone."""

    warm_hand_c: float = setting(
        32.0,
        "Skin temperature of the arm below which latencies and velocities are marked as poor",
        unit="degC",
        source=f"the reference series required it, Chen 2016, doi {CHEN_DOI}",
    )
    warm_leg_c: float = setting(
        30.0,
        "Skin temperature of the leg below which latencies and velocities are marked as poor",
        unit="degC",
        source="at the malleolus, EAN/PNS guideline 2021 as summarised by a secondary source",
    )
    stimulus_delay_ms: float = setting(0.0, "From an event's onset to the stimulus itself", unit="ms", source=_OURS)
    before_ms: float = setting(5.0, "Before the stimulus, for the baseline and its noise", unit="ms", source=_OURS)
    blank_ms: float = setting(
        0.8, "After the stimulus, in which nothing is marked: the stimulus artefact", unit="ms", source=_OURS
    )
    motor_ms: float = setting(60.0, "Length of a motor sweep that is looked at", unit="ms", source=_OURS)
    sensory_ms: float = setting(20.0, "Length of a sensory sweep that is looked at", unit="ms", source=_OURS)
    f_wave_ms: float = setting(100.0, "Length of an F-wave sweep that is looked at", unit="ms", source=_OURS)
    f_from_arm_ms: float = setting(18.0, "Earliest F wave of an arm nerve", unit="ms", source=_OURS)
    f_from_leg_ms: float = setting(30.0, "Earliest F wave of a leg nerve", unit="ms", source=_OURS)
    least_f_uv: float = setting(40.0, "Smallest F wave, baseline to peak", unit="uV", source=_OURS)
    least_motor_mv: float = setting(0.02, "Smallest motor response", unit="mV", source=_OURS)
    least_sensory_uv: float = setting(0.4, "Smallest sensory response of an average", unit="uV", source=_OURS)
    supramaximal: float = setting(
        0.9, "Motor sweeps smaller than this part of the largest are left out as submaximal", source=_OURS
    )
    inverted: bool = setting(
        False, "Whether the files store a negative wave at the active electrode as positive numbers", source=_OURS
    )

    def __post_init__(self) -> None:
        """Refuse values that cannot be right."""
        for name in ("before_ms", "blank_ms", "least_f_uv", "least_motor_mv", "least_sensory_uv"):
            if not 0 <= getattr(self, name) < 1e4:
                raise ValueError(f"{name} is negative or beyond all measure")
        for name in ("motor_ms", "sensory_ms", "f_wave_ms"):
            if not self.blank_ms + 5 <= getattr(self, name) <= 500:
                raise ValueError(f"{name} is not from 5 ms after blank_ms to 500 ms")
        if not 0 < self.supramaximal <= 1:
            raise ValueError("supramaximal is not above 0 and at most 1")
