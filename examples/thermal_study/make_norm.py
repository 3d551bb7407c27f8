"""Make the open thermal norm that nociscope ships from the 75 healthy people of the thermal study.

    python examples/thermal_study/make_norm.py > src/nociscope/norms/data/thermal_forearm_open.toml

The healthy people's thresholds, as `nociscope` measures them from the trials, are regressed on age and, where it
earns its place (corrected Akaike criterion), on sex. A threshold beyond the intensities that were given is known only
to lie beyond them; it enters by the probability of that (Tobin 1958, doi 10.2307/1907382), not as a number. Slopes
get no norm: the 13 people of 75 whose cold threshold lies outside the steps have no slope worth the name, and leaving
them out would bias it.
"""

from __future__ import annotations

import contextlib
import io
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_ndtr

from nociscope.assays.qst import ASSAY
from nociscope.study import open_study
from nociscope.tables import Reading

sys.path.insert(0, str(Path(__file__).parent))
import make_study

MEASURES = ("cdt", "wdt", "cpt", "hpt")


@dataclass(frozen=True)
class Person:
    """A healthy person's reading, on the norm's scale."""

    age: float
    woman: bool
    value: float
    censored: str


@dataclass(frozen=True)
class Line:
    """A fitted line: intercept, slope on age, shift for women (0 when left out), and the residual spread."""

    intercept: float
    age_slope: float
    woman: float
    sd: float
    aicc: float


def fit_line(people: Sequence[Person], with_sex: bool) -> Line:
    """Return the maximum-likelihood line with the spread freed of its small-sample bias, n / (n - terms)."""
    y = np.array([p.value for p in people])
    terms = [np.ones(y.size), np.array([p.age - 50 for p in people])]
    if with_sex:
        terms.append(np.array([float(p.woman) for p in people]))
    design = np.column_stack(terms)
    sign = np.array([{"none": 0, "below": -1, "above": 1}[p.censored] for p in people])

    def cost(parameters: np.ndarray) -> float:
        sd = math.exp(parameters[-1])
        r = (y - design @ parameters[:-1]) / sd
        seen = -0.5 * r[sign == 0] ** 2 - math.log(sd)
        beyond = log_ndtr(-sign[sign != 0] * r[sign != 0])
        return -float(seen.sum() + beyond.sum())

    start = np.append(np.linalg.lstsq(design, y, rcond=None)[0], math.log(y.std()))
    best = minimize(cost, start, method="Nelder-Mead", options={"maxiter": 20000, "xatol": 1e-10, "fatol": 1e-10})
    n, k = y.size, len(best.x)
    sd = math.exp(best.x[-1]) * math.sqrt(n / (n - design.shape[1]))
    constant, age_slope, *woman = best.x[:-1]
    aicc = 2 * best.fun + n * math.log(2 * math.pi) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
    return Line(constant - 50 * age_slope, age_slope, woman[0] if woman else 0.0, sd, aicc)


def healthy_readings(folder: Path) -> list[tuple[float, bool, Reading]]:
    """Return age, sex and readings of the healthy people."""
    with contextlib.redirect_stdout(io.StringIO()):
        make_study.write_study(folder)
    study = open_study(folder)
    settings = ASSAY.settings()
    found = []
    for person, visits in study.visits.items():
        who = study.participants[person]
        if who.group == "control" and who.age is not None:
            recording = ASSAY.read(visits[0], settings)
            found += [(who.age, who.sex == "F", r) for r in ASSAY.measure(recording, settings)]
    return found


def norm_text(measure: str, readings: Sequence[tuple[float, bool, Reading]]) -> str:
    """Return one ``[[norm]]`` of the file."""
    declared = ASSAY.measure_named(measure)
    assert declared is not None
    people = []
    for age, woman, reading in readings:
        if reading.measure == measure:
            assert reading.value is not None, "every healthy person has all four thresholds"
            value = math.log10(reading.value) if declared.log10 else reading.value
            people.append(Person(age, woman, value, reading.censored))
    plain, by_sex = fit_line(people, with_sex=False), fit_line(people, with_sex=True)
    line = min(plain, by_sex, key=lambda made: made.aicc)
    censored = sum(p.censored != "none" for p in people)
    title = f"{declared.title}, forearm, yes/no trials"
    earns = "earns" if line is by_sex else "does not earn"
    note = f"# {censored} of {len(people)} censored; sex {earns} its place"
    rows = [
        "[[norm]]",
        note,
        f'key = "mit_thermal_forearm_{measure}"',
        f'title = "{title}"',
        f'measure = "{measure}"',
        f'unit = "{declared.unit}"',
        *(['scale = "log10"'] if declared.log10 else []),
        f"n = {len(people)}",
        f"intercept = {line.intercept:.4f}",
        f"age_slope = {line.age_slope:.5f}",
        *([f"woman = {line.woman:.4f}"] if line is by_sex else []),
        f"sd = {line.sd:.4f}",
    ]
    return "\n".join(rows)


HEAD = """# Thermal thresholds from yes/no trials; regressions on age of 75 healthy people.
# Made by examples/thermal_study/make_norm.py; do not edit by hand.
citation = "Courtin AS, et al. bioRxiv 2025.09.22.677851; open trial data (MIT licence, commit 448c276b)"
doi = "10.1101/2025.09.22.677851"
status = "derived"
status_note = "{note}"
population = "75 healthy people of 21-80 years, one laboratory"
device = "thermode of one laboratory; model not stated in the data"
assay = "qst"
sites = ["forearm"]
methods = ["yes_no*"]
age_low = 21
age_high = 80
form = "regression"
"""

NOTE = (
    "Derived from the open trials of 75 healthy people by the program's own psychometric fit and a regression on age "
    "that counts censored thresholds as such. The site is the forearm as inferred from an exclusion note, and the "
    "baseline 30 degC as inferred from the range of the steps; neither is stated in the data. Thirty to forty yes/no "
    "trials a quality. Not a DFNS norm, not for the method of limits, not for the foot."
)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        everyone = healthy_readings(Path(place) / "study")
    print("\n\n".join([HEAD.format(note=NOTE).rstrip(), *(norm_text(m, everyone) for m in MEASURES)]))
