"""The input table of reflex tests: one row per value, and what each test is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nociscope.tables import SITES
from nociscope.tsv import Column, Table


@dataclass(frozen=True, slots=True)
class ReflexTest:
    """One test.

    Attributes
    ----------
    unit : str
        Canonical unit.
    title, meaning : str
    loss : {'low', 'high', 'none'}
    low, high : float
        Values outside are slips.
    sited : bool
        Whether it belongs to a place of the body (sweat and skin responses).
    """

    unit: str
    title: str
    meaning: str
    loss: Literal["low", "high", "none"]
    low: float
    high: float
    sited: bool = False


TESTS = {
    "deep_breathing_difference": ReflexTest(
        "/min", "Deep breathing, max - min", "Mean over breaths of highest minus lowest heart rate", "low", 0, 150
    ),
    "ei_ratio": ReflexTest(
        "ratio", "E:I ratio", "Longest interval in expiration over shortest in inspiration", "low", 0.8, 4
    ),
    "valsalva_ratio": ReflexTest(
        "ratio", "Valsalva ratio", "Longest interval after release over shortest during the strain", "low", 0.5, 5
    ),
    "ratio_30_15": ReflexTest(
        "ratio",
        "30:15 ratio",
        "Longest interval about beat 30 over shortest about beat 15 of standing",
        "low",
        0.5,
        4,
    ),
    "systolic_fall": ReflexTest(
        "mmHg",
        "Systolic fall on standing",
        "Fall of systolic pressure on standing; negative: a rise",
        "high",
        -100,
        200,
    ),
    "diastolic_fall": ReflexTest(
        "mmHg",
        "Diastolic fall on standing",
        "Fall of diastolic pressure on standing; negative: a rise",
        "high",
        -100,
        150,
    ),
    "standing_heart_rate_rise": ReflexTest(
        "/min",
        "Heart-rate rise on standing",
        "Sustained rise of heart rate within ten minutes of standing",
        "none",
        -60,
        150,
    ),
    "handgrip_diastolic_rise": ReflexTest(
        "mmHg", "Diastolic rise on handgrip", "Rise of diastolic pressure under sustained handgrip", "low", -60, 150
    ),
    "tilt_systolic_fall": ReflexTest(
        "mmHg",
        "Systolic fall on tilt",
        "Fall of systolic pressure on head-up tilt; negative: a rise",
        "high",
        -100,
        200,
    ),
    "tilt_diastolic_fall": ReflexTest(
        "mmHg",
        "Diastolic fall on tilt",
        "Fall of diastolic pressure on head-up tilt; negative: a rise",
        "high",
        -100,
        150,
    ),
    "tilt_heart_rate_rise": ReflexTest(
        "/min", "Heart-rate rise on tilt", "Sustained rise of heart rate within ten minutes of tilt", "none", -60, 150
    ),
    "qsart_volume": ReflexTest(
        "uL",
        "Sweat volume (QSART, Q-Sweat)",
        "Sweat evoked by iontophoresis at a site; bound to the device",
        "low",
        0,
        50,
        True,
    ),
    "ssr_amplitude": ReflexTest(
        "mV", "Sympathetic skin response, amplitude", "Size of the skin potential; 0 where absent", "low", 0, 50, True
    ),
    "ssr_latency": ReflexTest(
        "s", "Sympathetic skin response, latency", "Time to the skin potential", "high", 0.3, 10, True
    ),
}
"""Test -> what it is, in the order of tables and figures."""

_SITES = {"hand": "palm", "foot": "sole", **{s: s.replace("_", " ") for s in SITES if not s.startswith("cornea")}}

REFLEXES = Table(
    "reflexes",
    "One value of one autonomic reflex test",
    (
        Column("participant_id", "Participant, sub-<label>", required=True, needed=True),
        Column("session_id", "Visit, ses-<label>; n/a where the study has no sessions"),
        Column(
            "test",
            "The test",
            "choice",
            choices={name: f"{t.meaning} ({t.unit})" for name, t in TESTS.items()},
            required=True,
            needed=True,
        ),
        Column("value", "The value", "number", required=True),
        Column("unit", "Unit of the value: /min, mmHg, ratio, uL, mV, s", required=True, needed=True),
        Column("site", "Place of a sweat or skin response; n/a for the heart", "choice", choices=_SITES),
        Column("side", "Side of the body", "choice", choices={"left": "left", "right": "right"}),
        Column("device", "Instrument; sweat volumes of different devices are not comparable"),
    ),
    key=("participant_id", "session_id", "test", "site", "side", "device"),
)
"""``phenotype/reflexes.tsv``."""

EVENTS = Table(
    "events",
    "One phase of a manoeuvre",
    (
        Column("onset", "Beginning from the start of the recording", "number", unit="s", required=True, needed=True),
        Column("duration", "Length", "number", unit="s", minimum=0),
        Column("trial_type", "Phase: inspiration, expiration, strain, stand, tilt", required=True, needed=True),
    ),
    open=True,
)
"""``beh/*_events.tsv`` beside a recording."""
