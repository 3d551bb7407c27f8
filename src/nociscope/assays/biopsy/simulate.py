"""Virtual skin biopsies: sections of known fibre density."""

from __future__ import annotations

import numpy as np

from nociscope.assays.biopsy.measure import ADULT_YEARS, expected_density
from nociscope.assays.biopsy.table import SKIN_BIOPSY
from nociscope.truth import Simulated, TrueValue, Truth

# Made up for demonstration, tests and power: chosen for plausible pictures, not taken from any source.
PERSON_SPREAD = 0.25
"""Standard deviation, on the natural logarithm, of a healthy person's density about the mean for age and sex."""
LEAST_LEFT = 0.15
"""Fraction of the fibres that complete loss leaves."""
THIGH_OVER_LEG = 1.3
SECTION_SPREAD = 0.10
"""Coefficient of variation of the true density between sections of one biopsy."""
SECTIONS = 4
SHORTEST_MM, LONGEST_MM = 2.2, 3.6


def simulate(truth: Truth, seed: int) -> Simulated:
    """Return sections of the distal leg and thigh of a virtual person, bright field.

    Parameters
    ----------
    truth : Truth
        `distal_small_fibre_loss` lowers the leg, `proximal_small_fibre_loss` the thigh.
    seed : int

    Returns
    -------
    Simulated
        Rows of ``skin_biopsy``; true values of `ienfd` by site and of `axonal_loss`.

    Notes
    -----
    A person's leg has the mean density for age and sex (:func:`~nociscope.assays.biopsy.measure.expected_density`),
    times a log-normal factor, times what the loss leaves. Sections vary about it as a gamma distribution, and counts
    are Poisson given that: negative-binomial counts, so the generator differs from the model that `measure` fits.
    Effect sizes are made up.
    """
    rng = np.random.default_rng(seed)
    women_part = 0.5 if truth.sex not in ("F", "M") else float(truth.sex == "F")
    healthy = (1 - women_part) * expected_density(truth.age, "M") + women_part * expected_density(truth.age, "F")
    person = float(np.exp(rng.normal(0.0, PERSON_SPREAD)))
    densities = {
        "distal_leg": healthy * person * _left(truth.of("distal_small_fibre_loss")),
        "thigh": healthy * person * THIGH_OVER_LEG * _left(truth.of("proximal_small_fibre_loss")),
    }
    side = "right" if rng.random() < 0.5 else "left"
    rows: list[dict[str, float | int | str | None]] = []
    truths: list[TrueValue] = []
    for site, density in densities.items():
        for section in range(1, SECTIONS + 1):
            length = round(float(rng.uniform(SHORTEST_MM, LONGEST_MM)), 2)
            here = density * float(rng.gamma(1 / SECTION_SPREAD**2, SECTION_SPREAD**2))
            rows.append(
                {
                    "site": site,
                    "side": side,
                    "section": str(section),
                    "fibres": int(rng.poisson(here * length)),
                    "length_mm": length,
                    "stain": "pgp95_bf",
                }
            )
        truths.append(TrueValue(measure="ienfd", value=density, site=site, side=side))
    if truth.sex in ("F", "M") and truth.age >= ADULT_YEARS:
        loss = 100 * (1 - densities["distal_leg"] / healthy)
        truths.append(TrueValue(measure="axonal_loss", value=loss, site="distal_leg", side=side))
    return Simulated(rows={SKIN_BIOPSY.name: tuple(rows)}, true_values=tuple(truths))


def _left(severity: float) -> float:
    """Return the fraction of fibres that a loss of this severity leaves."""
    return 1 - (1 - LEAST_LEFT) * severity
