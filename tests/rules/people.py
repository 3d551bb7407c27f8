"""People as rules see them, built from a few words: ``person(pinprick_loss=True, ienfd=True, sural=False)``.

For signs True is present; for tests True is beyond the limit and False within it. None, or no name, is unknown.
"""

from typing import Any

from nociscope.assays.ncs.read import NerveStudy
from nociscope.rules.model import Evidence, VisitEvidence
from nociscope.rules.registry import rule_named
from nociscope.study.clinical import SIGNS
from nociscope.study.records import Participant
from nociscope.tables import Reading, Score

TESTS: dict[str, tuple[str, str, str, str, float, float, str]] = {
    # name: assay, measure, site, unit, a value within the limit, one beyond, side of the limit
    "cdt": ("qst", "cdt", "foot_dorsum", "delta_degC", 2.0, 9.0, "high"),
    "wdt": ("qst", "wdt", "foot_dorsum", "delta_degC", 4.0, 12.0, "high"),
    "ienfd": ("biopsy", "ienfd", "distal_leg", "/mm", 9.0, 2.0, "low"),
    "ienfd_thigh": ("biopsy", "ienfd", "thigh", "/mm", 12.0, 4.0, "low"),
    "sdnn": ("hrv", "sdnn", "n/a", "ms", 50.0, 12.0, "low"),
    "rmssd": ("hrv", "rmssd", "n/a", "ms", 40.0, 6.0, "low"),
    "n2p2_amplitude": ("lep", "n2p2_amplitude", "foot_dorsum", "uV", 20.0, 3.0, "low"),
    "n2_latency": ("lep", "n2_latency", "foot_dorsum", "ms", 220.0, 320.0, "high"),
    "cnfl": ("ccm", "cnfl", "cornea_central", "mm/mm2", 20.0, 8.0, "low"),
}

METHODS = {"lep": "average:all", "biopsy": "pgp95_bf", "qst": "limits"}


def scored(name: str, beyond: bool, **more: Any) -> tuple[Reading, Score]:
    """Return a reading and its score."""
    assay, measure, site, unit, good, bad, side = TESTS[name]
    common: dict[str, Any] = {"assay": assay, "measure": measure, "site": site, "unit": unit}
    common |= {"participant_id": "sub-01", "session_id": "n/a"}
    common["side"] = more.pop("at", "n/a")
    value = more.pop("value", bad if beyond else good)
    reading = Reading(value=value, method=METHODS.get(assay, "n/a"), **common, **more)
    limit = {"limit_high" if side == "high" else "limit_low": (good + bad) / 2}
    return reading, Score(value=value, norm="n", call="loss" if beyond else "normal", **common, **limit)


def sural(abnormal: bool | None, **more: Any) -> NerveStudy:
    """Return a sural study; None: without a limit."""
    columns: dict[str, Any] = {
        "nerve": "sural",
        "side": "right",
        "kind": "sensory",
        "amplitude": 2.0 if abnormal else 12.0,
        "amplitude_unit": "uV",
        "amplitude_lln": None if abnormal is None else 6.0,
    }
    return NerveStudy(**{**columns, **more})


def person(
    *,
    age: float | None = 50.0,
    settings: dict[str, Any] | None = None,
    studies: tuple[NerveStudy, ...] = (),
    readings: tuple[Reading, ...] = (),
    scores: tuple[Score, ...] = (),
    values: dict[str, float | None] | None = None,
    **known: bool | None,
) -> Evidence:
    """Return the evidence of one visit."""
    found_readings, found_scores, found_studies = list(readings), list(scores), list(studies)
    signs: dict[str, bool | None] = {}
    for name, value in known.items():
        if name in SIGNS:
            signs[name] = value
        elif value is None:
            continue
        elif name == "sural":
            found_studies.append(sural(value))
        else:
            reading, score = scored(name, value)
            found_readings.append(reading)
            found_scores.append(score)
    for name, number in (values or {}).items():
        if number is not None:
            found_readings.append(Reading(assay="reflexes", measure=name, value=number, unit=""))
    visit = VisitEvidence(
        signs=signs,
        readings=tuple(found_readings),
        scores=tuple(found_scores),
        nerve_studies=tuple(found_studies),
    )
    who = Participant(participant_id="sub-01", age=age, sex="F")
    return Evidence(participant=who, visits=(visit,), settings=settings or {})


def judged(key: str, **more: Any):
    """Return the one finding of a rule."""
    (finding,) = rule_named(key).findings(person(**more))
    return finding


def none_of(*names: str) -> dict[str, bool]:
    return dict.fromkeys(names, False)


SMALL = ("pinprick_loss", "thermal_loss", "allodynia", "hyperalgesia")
LARGE = ("touch_loss", "vibration_loss", "proprioception_loss", "reflexes_absent")
MOTOR = ("weakness", "wasting")
