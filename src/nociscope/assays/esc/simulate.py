"""Virtual skin conductances."""

from __future__ import annotations

import numpy as np

from nociscope.assays.esc.table import ESC
from nociscope.truth import Simulated, TrueValue, Truth
from nociscope.tsv import Value

# Made up for demonstration, tests and power: chosen for plausible pictures, no norm of any kind.
HEALTHY_US = {"hand": 74.0, "foot": 81.0}
PERSON_SPREAD = 0.12
"""Standard deviation, on the natural logarithm, between people."""
SIDE_SPREAD = 0.025
"""The same between the sides of one person."""
LEFT_BY_LOSS = {"hand": 0.65, "foot": 0.40}
"""What complete loss of small fibres leaves of the conductance."""
DEVICE = "virtual conductance plates"


def simulate(truth: Truth, seed: int) -> Simulated:
    """Return the conductances of a virtual person: hands and feet, both sides.

    `distal_small_fibre_loss` lowers the feet more than the hands, `proximal_small_fibre_loss` the hands. The true
    values are those of the table: conductance has no interval to lie in.
    """
    rng = np.random.default_rng(seed)
    person = rng.normal(0.0, PERSON_SPREAD)
    loss = {
        "hand": max(truth.of("proximal_small_fibre_loss"), 0.5 * truth.of("distal_small_fibre_loss")),
        "foot": truth.of("distal_small_fibre_loss"),
    }
    rows: list[dict[str, Value]] = []
    truths: list[TrueValue] = []
    for site, healthy in HEALTHY_US.items():
        mean = healthy * np.exp(person) * (1 - (1 - LEFT_BY_LOSS[site]) * loss[site])
        sides = {}
        for side in ("left", "right"):
            sides[side] = round(float(min(mean * np.exp(rng.normal(0.0, SIDE_SPREAD)), 99.0)), 0)
            rows.append({"site": site, "side": side, "esc_us": sides[side], "device": DEVICE})
            truths.append(TrueValue(measure="esc", value=sides[side], site=site, side=side))
        middle = sum(sides.values()) / 2
        truths.append(
            TrueValue(measure="esc_per_kg", value=middle / truth.weight_kg, site=site, side="both"),
        )
        difference = 100 * abs(sides["left"] - sides["right"]) / middle
        truths.append(TrueValue(measure="esc_asymmetry", value=difference, site=site, side="both"))
    return Simulated(rows={ESC.name: tuple(rows)}, true_values=tuple(truths))
