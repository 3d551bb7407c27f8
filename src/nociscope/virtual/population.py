"""Virtual people with known mechanisms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nociscope.truth import MECHANISM_KEYS, Truth
from nociscope.virtual.scenario import DEFAULT_SCENARIO, Group, Scenario, load_scenario, scenario_from
from nociscope.virtual.seeds import generator

# Body size: round figures for plausible tables, made up.
_HEIGHT_CM = {"F": (164.0, 6.5), "M": (177.0, 7.0)}
_BMI = (26.0, 4.0)


def population(n: int, seed: int, scenario: Scenario | Mapping[str, Any] | Path | None = None) -> tuple[Truth, ...]:
    """Return virtual people, each with age, sex, body size and the severity of every mechanism.

    Parameters
    ----------
    n : int
        How many, at least 1.
    seed : int
        Not negative.
    scenario : Scenario, mapping, Path or None
        Groups and prevalences: as read by :func:`~nociscope.virtual.scenario.load_scenario`, a mapping of the same
        entries, or a TOML file. Default: half fibromyalgia, half controls.

    Returns
    -------
    tuple of Truth
        ``sub-001``, ``sub-002``, ... without sessions. A larger `n` adds people and leaves the first as they are; a
        changed prevalence changes only that mechanism.

    Raises
    ------
    ValueError
        `n` is below 1 or `seed` negative.
    BadInput
        The scenario cannot be right.
    """
    if n < 1:
        raise ValueError("a population has at least one person")
    if scenario is None:
        chosen = DEFAULT_SCENARIO
    elif isinstance(scenario, Scenario):
        chosen = scenario
    elif isinstance(scenario, Path):
        chosen = load_scenario(scenario)
    else:
        chosen = scenario_from(scenario)
    return tuple(
        _person(f"sub-{number:03d}", group, chosen, seed)
        for number, group in enumerate(_groups_in_turn(chosen.groups, n), start=1)
    )


def _groups_in_turn(groups: Mapping[str, Group], n: int) -> list[str]:
    """Return the group of each person: always the one that lags most behind its share, the first where several do."""
    total = sum(g.size for g in groups.values())
    counts = dict.fromkeys(groups, 0)
    turns: list[str] = []
    for number in range(1, n + 1):
        lag = {name: g.size / total * number - counts[name] for name, g in groups.items() if g.size > 0}
        best = max(lag.values())
        name = next(k for k, v in lag.items() if v >= best - 1e-9)
        counts[name] += 1
        turns.append(name)
    return turns


def _person(participant_id: str, name: str, scenario: Scenario, seed: int) -> Truth:
    group = scenario.groups[name]
    rng = generator(seed, participant_id, "person")
    sex = "F" if rng.random() < group.women else "M"
    age = _within(rng, group.age_mean, group.age_sd, group.age_low, group.age_high)
    height = _within(rng, *_HEIGHT_CM[sex], 140.0, 210.0)
    bmi = _within(rng, *_BMI, 17.0, 45.0)
    style = float(rng.normal(group.response_style_mean, group.response_style_sd))
    severity: dict[str, float] = {}
    for mechanism in MECHANISM_KEYS:
        own = generator(seed, participant_id, mechanism)
        present = own.random() < group.prevalence.get(mechanism, 0.0)
        degree = float(own.uniform(scenario.severity_low, scenario.severity_high))
        if present:
            severity[mechanism] = round(degree, 3)
    return Truth(
        participant_id=participant_id,
        group=name,
        age=float(round(age)),
        sex=sex,
        height_cm=round(height, 0),
        weight_kg=round(bmi * (height / 100) ** 2, 1),
        severity=severity,
        response_style=round(style, 3),
    )


def _within(rng: np.random.Generator, mean: float, sd: float, low: float, high: float) -> float:
    """Return a normal number within limits, drawn again until it is; the nearest limit after a hundred draws."""
    for _ in range(100):
        value = float(rng.normal(mean, sd))
        if low <= value <= high:
            return value
    return min(max(mean, low), high)
