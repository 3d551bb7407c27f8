"""Nerve conduction of a person whose values are all in the middle of normal, to be changed one by one."""

from dataclasses import replace
from typing import Any

from nociscope.assays.ncs.read import NerveStudy
from nociscope.rules.model import Evidence, VisitEvidence
from nociscope.study.records import Participant

LIMITS = {
    "median": (4.0, 4.0, 50.0, 30.0),
    "ulnar": (6.0, 3.0, 50.0, 30.0),
    "fibular": (2.0, 6.0, 40.0, 60.0),
    "tibial": (4.0, 6.0, 40.0, 60.0),
}
"""Amplitude LLN, latency ULN, velocity LLN, F-latency ULN: round, so that thresholds are exact."""

SENSORY = ("sural", "median", "ulnar")


def normal(sensory: bool = True) -> list[NerveStudy]:
    studies: list[NerveStudy] = []
    for nerve, (low, late, slow, f_late) in LIMITS.items():
        limits: dict[str, Any] = {
            "amplitude_unit": "mV",
            "amplitude_lln": low,
            "latency_uln": late,
            "velocity_lln": slow,
            "f_latency_uln": f_late,
            "low_cut_hz": 10.0,
        }
        common: dict[str, Any] = {"nerve": nerve, "side": "right", **limits}
        distal = {"amplitude": 2 * low, "onset_latency_ms": 0.8 * late, "duration_ms": 5.0}
        proximal = {
            "amplitude": 1.9 * low,
            "onset_latency_ms": 2 * late,
            "duration_ms": 5.2,
            "velocity_m_s": 1.2 * slow,
        }
        studies += [
            NerveStudy(kind="motor", stimulation="distal", **common, **distal),
            NerveStudy(kind="motor", stimulation="proximal", **common, **proximal),
            NerveStudy(kind="f_wave", stimulation="distal", f_latency_ms=0.9 * f_late, f_persistence=80.0, **common),
        ]
    if sensory:
        studies += [
            NerveStudy(
                nerve=nerve,
                side="right",
                kind="sensory",
                amplitude=12.0,
                amplitude_unit="uV",
                amplitude_lln=5.0,
                onset_latency_ms=2.5,
                latency_uln=3.5,
                velocity_m_s=50.0,
                velocity_lln=40.0,
            )
            for nerve in SENSORY
        ]
    return studies


def changed(studies: list[NerveStudy], *changes: tuple[str, str, dict[str, Any]]) -> list[NerveStudy]:
    """Change studies: (nerve, motor_distal | motor_proximal | f_wave | sensory, columns)."""
    out = list(studies)
    for nerve, which, columns in changes:
        kind, _, point = which.partition("_")
        kind = "f_wave" if which == "f_wave" else kind
        found = False
        for i, s in enumerate(out):
            if s.nerve == nerve and s.kind == kind and (kind != "motor" or s.stimulation == point):
                out[i], found = replace(s, **columns), True
        assert found, (nerve, which)
    return out


def evidence(studies: list[NerveStudy], **more: Any) -> Evidence:
    settings = more.pop("settings", {})
    visit = VisitEvidence(nerve_studies=tuple(studies), **more)
    return Evidence(participant=Participant(participant_id="sub-01"), visits=(visit,), settings=settings)
