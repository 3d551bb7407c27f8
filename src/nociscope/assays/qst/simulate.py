"""Virtual QST: a DFNS battery and yes/no trials of known thresholds and slopes.

Every number here is made up for demonstration, tests and power: chosen for plausible pictures, taken from no source,
and no norm of any kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nociscope.assays.qst.inputs import TRIALS
from nociscope.assays.qst.parameters import PARAMETERS
from nociscope.assays.qst.psychometric import proportion_yes
from nociscope.files import to_json
from nociscope.truth import Simulated, SimulatedFile, TrueValue, Truth
from nociscope.tsv import Value

DEVICE = "virtual thermode"
BASELINE_C = 32.0
YES_NO_BASELINE_C = 30.0
YES_NO_TRIALS = 36
LAPSE = 0.02
_TURNING_POINTS = 10

HEALTHY = {
    "cdt": (1.2, 2.5, 0.35),
    "wdt": (2.0, 5.0, 0.35),
    "tsl": (4.0, 9.0, 0.35),
    "cpt": (11.0, 10.0, 5.0),
    "hpt": (44.0, 45.0, 1.5),
    "ppt": (430.0, 480.0, 0.30),
    "mpt": (80.0, 95.0, 0.50),
    "mps": (0.9, 0.9, 0.60),
    "wur": (2.2, 2.2, 0.25),
    "mdt": (1.2, 3.0, 0.50),
    "vdt": (7.3, 6.6, 0.25),
}
"""Code -> typical value at the hand, at the foot, and the spread between people (natural log where the code is scored
on log10, else in its unit)."""

YES_NO = {"cdt": (1.6, 0.6, 30.0), "wdt": (5.0, 1.2, 20.0), "cpt": (19.0, 2.5, 30.0), "hpt": (15.0, 1.0, 20.0)}
"""Code -> typical threshold, sigma and largest step of the yes/no task at the forearm, degC from its baseline."""

Cells = dict[str, Value]


@dataclass(frozen=True, slots=True)
class _Place:
    site: str
    side: str
    reach: float
    """How much of a length-dependent loss shows here: 1 at the foot, less above."""


_TABLE_PLACES = (_Place("hand_dorsum", "right", 0.3), _Place("foot_dorsum", "left", 1.0))
_TRIAL_PLACE = _Place("foot_dorsum", "right", 1.0)
_YES_NO_PLACE = _Place("forearm", "left", 0.2)


def simulate(truth: Truth, seed: int) -> Simulated:
    """Return a virtual person's QST.

    Parameters
    ----------
    truth : Truth
        `distal_small_fibre_loss` (foot more than hand) and `proximal_small_fibre_loss` (forearm) raise thermal
        detection thresholds and flatten their slopes; `large_fibre_axonal_loss` raises touch and lowers vibration
        thresholds; `central_gain` lowers pain thresholds and raises ratings and wind-up; `response_style` raises
        ratings.
    seed : int

    Returns
    -------
    Simulated
        ``qst`` rows of the hand and the left foot; one file of trials with the right foot's battery and yes/no tasks
        at the forearm. True values are given for the trials: a value of the table has no interval to lie in.
    """
    rng = np.random.default_rng(seed)
    person = {code: float(rng.normal()) for code in HEALTHY}
    rows = [row for place in _TABLE_PLACES for row in _table_rows(truth, person, place, rng)]
    trials: list[Cells] = []
    truths: list[TrueValue] = []
    for code, value in _values(truth, person, _TRIAL_PLACE, rng).items():
        trials += _battery_trials(code, value, rng)
        truths.append(TrueValue(measure=code, value=value, site=_TRIAL_PLACE.site, side=_TRIAL_PLACE.side))
    for code in YES_NO:
        more, true = _yes_no_trials(code, truth, rng)
        trials += more
        truths += true
    for number, row in enumerate(trials, start=1):
        row["trial"] = number
        row["device"] = DEVICE
    sidecar = {
        "TaskName": "quantitative sensory testing",
        "Manufacturer": DEVICE,
        **TRIALS.dictionary(),
    }
    files = (
        SimulatedFile(
            datatype="beh",
            suffix="beh",
            extension=".tsv",
            entities={"task": "qst"},
            content=TRIALS.to_tsv(trials).encode(),
        ),
        SimulatedFile(
            datatype="beh",
            suffix="beh",
            extension=".json",
            entities={"task": "qst"},
            content=to_json(sidecar).encode(),
        ),
    )
    return Simulated(rows={"qst": tuple(rows)}, files=files, true_values=tuple(truths))


def _values(truth: Truth, person: dict[str, float], place: _Place, rng: np.random.Generator) -> dict[str, float]:
    """Return the true value of every parameter at a place; `dma` and `phs` are counted, not spread."""
    small = truth.of("distal_small_fibre_loss") * place.reach
    large = truth.of("large_fibre_axonal_loss") * place.reach
    gain = truth.of("central_gain")
    foot = place.site == "foot_dorsum"
    factor = {
        "cdt": 1 + 4 * small,
        "wdt": 1 + 1.2 * small,
        "tsl": 1 + 1.5 * small,
        "ppt": 1 - 0.5 * gain,
        "mpt": (1 - 0.6 * gain) * (1 + 0.5 * small),
        "mps": (1 + 4 * gain) * np.exp(0.3 * truth.response_style),
        "wur": 1 + 0.6 * gain,
        "mdt": 1 + 6 * large,
    }
    shift = {"cpt": 9 * gain - 5 * small, "hpt": 1.5 * small - 3 * gain, "vdt": -3.5 * large}
    bounds = {"cpt": (2.0, 28.0), "hpt": (35.0, 48.5), "vdt": (1.0, 7.4), "cdt": (0.2, 25.0), "wdt": (0.5, 15.0)}
    out: dict[str, float] = {}
    for code, (hand_value, foot_value, spread) in HEALTHY.items():
        typical = foot_value if foot else hand_value
        if PARAMETERS[code].log10:
            value = typical * float(np.exp(spread * person[code])) * float(factor[code])
        else:
            value = typical + spread * person[code] + shift[code]
        low, high = bounds.get(code, (0.0, np.inf))
        out[code] = float(np.clip(value, low, high))
    return out


def _table_rows(truth: Truth, person: dict[str, float], place: _Place, rng: np.random.Generator) -> Iterator[Cells]:
    values = _values(truth, person, place, rng)
    values["dma"] = 0.0 if truth.of("central_gain") < 0.7 else round(float(rng.uniform(0.2, 3.0)), 2)
    values["phs"] = float(rng.binomial(3, 0.6 * truth.of("distal_small_fibre_loss") * place.reach))
    for code, parameter in PARAMETERS.items():
        noise = 1.0 if code in ("phs", "dma") else float(np.exp(rng.normal(0.0, 0.03)))
        value = round(values[code] * noise, 3)
        yield {
            "site": place.site,
            "side": place.side,
            "parameter": code,
            "value": min(value, 8.0) if code == "vdt" else value,
            "unit": parameter.unit,
            "baseline_c": BASELINE_C if parameter.kind in ("detection", "pain", "span") else None,
            "censored": "none",
            "device": DEVICE,
            "method": "limits" if parameter.kind not in ("rating", "ratio", "count") else None,
        }


def _battery_trials(code: str, value: float, rng: np.random.Generator) -> list[Cells]:
    """Return the trials of one parameter at the right foot, scattered about its true value."""
    parameter = PARAMETERS[code]
    base: Cells = {"site": _TRIAL_PLACE.site, "side": _TRIAL_PLACE.side, "parameter": code, "unit": parameter.unit}
    if code == "wur":
        single = 3.0
        return [
            {**base, "unit": None, "direction": kind, "rating": round(float(rng.gamma(25.0, mean / 25.0)), 1)}
            for _ in range(5)
            for kind, mean in (("single", single), ("train", single * value))
        ]
    if code == "mps":
        logs = rng.normal(np.log(value + 0.1), 0.5, 35)
        return [{**base, "unit": None, "rating": round(float(np.clip(np.exp(x) - 0.1, 0, 100)), 3)} for x in logs]
    if parameter.kind == "force":
        points = value * np.exp(rng.normal(0.0, 0.35, _TURNING_POINTS))
        return [
            {
                **base,
                "intensity": round(float(x), 3),
                "direction": "up" if i % 2 == 0 else "down",
                "response": "yes" if i % 2 == 0 else "no",
            }
            for i, x in enumerate(points)
        ]
    scatter = {"cpt": 1.0, "hpt": 0.5, "vdt": 0.15}.get(code, 0.06 * value)
    readings = value + scatter * rng.normal(size=3)
    if parameter.kind == "eighths":
        readings = np.minimum(readings, 8.0)
    return [
        {
            **base,
            "intensity": round(float(x), 3),
            "response": "yes",
            "baseline_c": BASELINE_C if parameter.kind in ("detection", "pain", "span") else None,
        }
        for x in readings
    ]


def _yes_no_trials(code: str, truth: Truth, rng: np.random.Generator) -> tuple[list[Cells], list[TrueValue]]:
    """Return an up-and-down series of yes/no trials with shrinking steps, and what was put in."""
    threshold, sigma, largest = YES_NO[code]
    gain = truth.of("central_gain")
    small = max(truth.of("proximal_small_fibre_loss"), truth.of("distal_small_fibre_loss") * _YES_NO_PLACE.reach)
    threshold *= float(np.exp(rng.normal(0.0, 0.15)))
    if code in ("cdt", "wdt"):
        threshold, sigma = threshold * (1 + 1.5 * small), sigma * (1 + 1.5 * small)
    else:
        threshold *= 1 - 0.35 * gain
    threshold = min(threshold, 0.85 * largest)
    rows: list[Cells] = []
    level, step, before = largest / 2, largest / 4, None
    for _ in range(YES_NO_TRIALS):
        x = round(float(np.clip(level + rng.normal(0.0, 0.3 * step), 0.1, largest)), 2)
        yes = bool(rng.random() < float(proportion_yes(np.array(x), threshold, sigma, LAPSE)))
        rows.append(
            {
                "site": _YES_NO_PLACE.site,
                "side": _YES_NO_PLACE.side,
                "parameter": code,
                "intensity": x,
                "unit": "delta_degC",
                "direction": "constant",
                "response": "yes" if yes else "no",
                "baseline_c": YES_NO_BASELINE_C,
            }
        )
        if before is not None and yes != before:
            step = max(step / 1.6, sigma)
        before = yes
        level = float(np.clip(x - step if yes else x + step, 0.1, largest))
    parameter = PARAMETERS[code]
    value = threshold if parameter.kind == "detection" else YES_NO_BASELINE_C + parameter.step * threshold
    place = {"site": _YES_NO_PLACE.site, "side": _YES_NO_PLACE.side}
    return rows, [
        TrueValue(measure=code, value=value, **place),
        TrueValue(measure=f"{code}_slope", value=1.0 / sigma, **place),
    ]
