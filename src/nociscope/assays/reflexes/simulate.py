"""A virtual reflex battery: values of the table, and an ECG of deep breathing with known swings of heart rate."""

from __future__ import annotations

import numpy as np

from nociscope.assays.reflexes.table import REFLEXES
from nociscope.beats.virtual import ecg, ecg_files
from nociscope.truth import Simulated, TrueValue, Truth
from nociscope.tsv import Value

# Made up for demonstration, tests and power: chosen for plausible pictures, no norm of any kind.
BREATHS = 8
BREATH_S = 10.0
RATE = 70.0
SWING = 22.0
"""Swing of heart rate in deep breathing at 45 years, per minute; it falls by 0.25 a year."""
BREATH_SPREAD = 0.12
DEVICE = "virtual sweat capsule"
HEALTHY = {
    "valsalva_ratio": (1.65, 0.15, -0.35),
    "ratio_30_15": (1.22, 0.06, -0.16),
    "systolic_fall": (2.0, 5.0, 8.0),
    "diastolic_fall": (-4.0, 4.0, 5.0),
    "standing_heart_rate_rise": (14.0, 5.0, 10.0),
    "handgrip_diastolic_rise": (22.0, 4.0, -6.0),
}
"""Test -> mean, spread between people, and what a complete shift of the heart's control adds."""
UNITS = {"systolic_fall": "mmHg", "diastolic_fall": "mmHg", "handgrip_diastolic_rise": "mmHg"}
UNITS |= {"standing_heart_rate_rise": "/min"}
SWEAT = {"forearm": 1.4, "proximal_leg": 1.2, "distal_leg": 1.3, "foot_dorsum": 0.9}


def simulate(truth: Truth, seed: int) -> Simulated:
    """Return the battery of a virtual person.

    `cardiac_autonomic_shift` lowers the vagal tests and raises the falls; `distal_small_fibre_loss` lowers the sweat
    of the legs. Heart-rate tests fall with age. True values of the table are the values themselves.
    """
    rng = np.random.default_rng(seed)
    shift = truth.of("cardiac_autonomic_shift")
    years = truth.age - 45.0
    rows: list[dict[str, Value]] = []
    truths: list[TrueValue] = []
    for test, (mean, spread, change) in HEALTHY.items():
        ratio = test in ("valsalva_ratio", "ratio_30_15")
        value = mean + change * shift + rng.normal(0.0, spread) - (0.004 * years if ratio else 0.0)
        value = round(float(max(value, 0.9) if ratio else value), 2 if ratio else 0)
        rows.append({"test": test, "value": value, "unit": UNITS.get(test, "ratio")})
        truths.append(TrueValue(measure=test, value=value, method="table"))
    for site, volume in SWEAT.items():
        loss = truth.of("distal_small_fibre_loss") if site in ("distal_leg", "foot_dorsum") else 0.0
        sweat = round(volume * float(np.exp(rng.normal(0.0, 0.4))) * (1 - 0.8 * loss), 2)
        rows.append(
            {"test": "qsart_volume", "value": sweat, "unit": "uL", "site": site, "side": "left", "device": DEVICE}
        )
        truths.append(TrueValue(measure="qsart_volume", value=sweat, site=site, side="left"))
    swing = max((SWING - 0.25 * years) * (1 - 0.65 * shift) * float(np.exp(rng.normal(0.0, 0.2))), 2.0)
    times = _deep_breathing(rng, swing)
    length = BREATHS * BREATH_S + 1.0
    files = ecg_files(ecg(times, np.zeros(0), length, rng), "deepbreathing", "supine, six breaths a minute")
    truths.append(TrueValue(measure="deep_breathing_difference", value=swing))
    truths.append(TrueValue(measure="ei_ratio", value=(RATE + swing / 2) / (RATE - swing / 2)))
    return Simulated(rows={REFLEXES.name: tuple(rows)}, files=files, true_values=tuple(truths))


def _deep_breathing(rng: np.random.Generator, swing: float) -> np.ndarray:
    """Return beats whose rate swings once a breath, each breath by its own amount about `swing`."""
    amounts = swing * (1 + BREATH_SPREAD * rng.standard_normal(BREATHS + 2)).clip(0.5, 1.5)
    times = [0.4]
    phase = 0.0
    while times[-1] < BREATHS * BREATH_S + 0.6:
        t = times[-1]
        rate = RATE
        for _ in range(3):
            middle = t + 30.0 / rate
            breath = min(int(middle // BREATH_S), BREATHS + 1)
            rate = RATE + 0.5 * amounts[breath] * np.sin(2 * np.pi * middle / BREATH_S) + phase
        phase = 0.5 * phase + rng.normal(0.0, 0.35)
        times.append(t + 60.0 / rate)
    return np.asarray(times[:-1])
