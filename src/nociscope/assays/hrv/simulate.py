"""Virtual ECGs at rest: beats of a known spectrum, drawn as an ECG with noise and a few ectopic beats."""

from __future__ import annotations

import numpy as np

from nociscope.beats.virtual import ecg, ecg_files, tachogram, with_ectopics
from nociscope.truth import Simulated, TrueValue, Truth

# Made up for demonstration, tests and power: chosen for plausible pictures, no norm of any kind.
LENGTH_S = 300.0
LF_MS2, HF_MS2, VLF_MS2 = 600.0, 550.0, 500.0
AGE_FALL = 0.02
"""Fall of the natural logarithm of LF and HF power per year above 45."""
PERSON_SPREAD = 0.5
HF_LEFT = 0.35
"""What the complete shift to sympathetic predominance leaves of HF power."""
RR_S = (0.92, 0.72)
"""Mean interval of a healthy person and at complete shift."""


def simulate(truth: Truth, seed: int) -> Simulated:
    """Return five minutes of a virtual person's ECG at rest.

    `cardiac_autonomic_shift` shortens the mean interval and lowers HF more than LF power. True values are those of
    the process: a recording differs from them by chance, which the intervals must cover.
    """
    rng = np.random.default_rng(seed)
    shift = truth.of("cardiac_autonomic_shift")
    common = np.exp(rng.normal(0.0, PERSON_SPREAD) - AGE_FALL * (truth.age - 45.0))
    power = {
        "vlf": VLF_MS2 * common,
        "lf": LF_MS2 * common * (1 - 0.3 * shift),
        "hf": HF_MS2 * common * np.exp(rng.normal(0.0, 0.3)) * (1 - (1 - HF_LEFT) * shift),
    }
    mean = RR_S[0] + (RR_S[1] - RR_S[0]) * shift + rng.normal(0.0, 0.05)
    beats = tachogram(rng, LENGTH_S, mean, power)
    normal, ectopic = with_ectopics(beats.times_s, int(rng.integers(0, 4)), rng)
    files = ecg_files(ecg(normal, ectopic, LENGTH_S, rng), "rest", "supine")
    lf, hf = power["lf"], power["hf"]
    values = {
        "lf": lf,
        "hf": hf,
        "lf_hf": lf / hf,
        "lf_nu": 100 * lf / (lf + hf),
        "hf_nu": 100 * hf / (lf + hf),
        "sdnn": np.sqrt(sum(power.values())),
        "mean_nn": 1000 * mean,
        "artefact_fraction": ectopic.size / beats.times_s.size,
    }
    return Simulated(files=files, true_values=tuple(TrueValue(measure=m, value=float(v)) for m, v in values.items()))
