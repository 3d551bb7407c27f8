"""A scenario: which groups a virtual study has, how old its people are, and how common each mechanism is."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nociscope import files
from nociscope.problems import BadInput, Problem
from nociscope.truth import MECHANISM_KEYS

# The defaults below describe a plausible study, not a population: they are made up for demonstration and tests.


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group of a virtual study.

    Attributes
    ----------
    size : float
        Relative to the other groups: sizes 2 and 1 make two of three people members of the first.
    age_mean, age_sd, age_low, age_high : float
        Years; a normal distribution cut at the two ends.
    women : float
        Fraction of women, 0 to 1.
    response_style_mean, response_style_sd : float
        Standard deviations by which its people rate higher than others.
    prevalence : mapping
        Mechanism -> fraction of the group that has it, 0 to 1; absent ones are 0.
    """

    size: float = 1.0
    age_mean: float = 48.0
    age_sd: float = 11.0
    age_low: float = 20.0
    age_high: float = 80.0
    women: float = 0.9
    response_style_mean: float = 0.0
    response_style_sd: float = 1.0
    prevalence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Groups, and how severe a mechanism is in those who have it.

    Attributes
    ----------
    groups : mapping
        Name -> Group, in order.
    severity_low, severity_high : float
        Severity of a mechanism that is present, uniform between the two, 0 to 1.
    """

    groups: Mapping[str, Group]
    severity_low: float = 0.4
    severity_high: float = 1.0


DEFAULT_SCENARIO = Scenario(
    groups={
        "FM": Group(
            response_style_mean=0.6,
            prevalence={
                "distal_small_fibre_loss": 0.35,
                "proximal_small_fibre_loss": 0.35,
                "large_fibre_axonal_loss": 0.05,
                "large_fibre_demyelination": 0.03,
                "central_gain": 0.5,
                "habituation_deficit": 0.4,
                "cardiac_autonomic_shift": 0.4,
                "immune_activation": 0.25,
            },
        ),
        "control": Group(
            prevalence={
                "distal_small_fibre_loss": 0.03,
                "proximal_small_fibre_loss": 0.03,
                "large_fibre_axonal_loss": 0.01,
                "central_gain": 0.05,
                "habituation_deficit": 0.05,
                "cardiac_autonomic_shift": 0.05,
                "immune_activation": 0.03,
            },
        ),
    }
)
"""Half fibromyalgia, half controls; used when no scenario is given."""

_BOUNDS = {
    "size": (0.0, 1e6),
    "age_mean": (0.0, 120.0),
    "age_sd": (0.0, 60.0),
    "age_low": (0.0, 120.0),
    "age_high": (0.0, 120.0),
    "women": (0.0, 1.0),
    "response_style_mean": (-10.0, 10.0),
    "response_style_sd": (0.0, 10.0),
    "severity_low": (0.0, 1.0),
    "severity_high": (0.0, 1.0),
}


def load_scenario(path: Path) -> Scenario:
    """Read a scenario from a TOML file.

    Raises
    ------
    BadInput
        The file is missing or not TOML, or an entry cannot be right; all that is wrong is named.
    """
    text = files.read_text(path, path.name, files.MAX_JSON_BYTES)
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(
            Problem(what=f"is not TOML ({error})", remedy="correct the file", code="bad-toml", file=path.name)
        ) from None
    return scenario_from(content, path.name)


def scenario_from(content: Mapping[str, Any], name: str = "scenario") -> Scenario:
    """Return a scenario from a mapping as read from TOML.

    Parameters
    ----------
    content : mapping
        ``groups.<name>`` with the fields of :class:`Group`, ``severity_low``, ``severity_high``.
    name : str
        How problems call it.

    Raises
    ------
    BadInput
        An entry is unknown or out of bounds, or there is no group; all that is wrong is named.
    """
    reader = _Reader(name)
    reader.known(content, "", ("groups", "severity_low", "severity_high"))
    low = reader.number(content, "", "severity_low", 0.4)
    high = reader.number(content, "", "severity_high", 1.0)
    if low > high:
        reader.wrong("severity_low", str(low), f"is above severity_high ({high:g})")
    raw_groups = content.get("groups")
    groups: dict[str, Group] = {}
    if not isinstance(raw_groups, Mapping) or not raw_groups:
        reader.wrong("groups", "", "no group is given", "write a section such as [groups.FM]")
    else:
        for label, entry in raw_groups.items():
            groups[label] = reader.group(label, entry)
        if not any(g.size > 0 for g in groups.values()) and not reader.problems:
            reader.wrong("groups", "", "no group has a size above 0")
    if reader.problems:
        raise BadInput(reader.problems)
    return Scenario(groups=groups, severity_low=low, severity_high=high)


class _Reader:
    """Collects what is wrong with a scenario while its entries are read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []

    def wrong(self, key: str, value: str, what: str, remedy: str = "correct the entry") -> None:
        self.problems.append(
            Problem(what=what, remedy=remedy, code="bad-scenario", file=self.name, column=key, value=value)
        )

    def known(self, entry: Mapping[str, Any], place: str, names: tuple[str, ...]) -> None:
        for key in entry:
            if key not in names:
                close = difflib.get_close_matches(str(key), names, n=1)
                remedy = f"did you mean {close[0]}?" if close else f"known are {', '.join(names)}"
                self.wrong(f"{place}{key}", "", "is not an entry of a scenario", remedy)

    def number(self, entry: Mapping[str, Any], place: str, key: str, default: float) -> float:
        value = entry.get(key, default)
        low, high = _BOUNDS.get(key, (0.0, 1.0))
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.wrong(f"{place}{key}", str(value), f"is not a number from {low:g} to {high:g}")
            return default
        return float(value)

    def group(self, label: str, entry: Any) -> Group:
        place = f"groups.{label}."
        if not isinstance(entry, Mapping):
            self.wrong(f"groups.{label}", str(entry), "is not a section")
            return Group()
        plain = tuple(k for k in _BOUNDS if not k.startswith("severity"))
        self.known(entry, place, (*plain, "prevalence"))
        default = Group()
        numbers = {k: self.number(entry, place, k, getattr(default, k)) for k in plain}
        if not numbers["age_low"] <= numbers["age_mean"] <= numbers["age_high"]:
            self.wrong(f"{place}age_mean", f"{numbers['age_mean']:g}", "does not lie from age_low to age_high")
        prevalence: dict[str, float] = {}
        raw = entry.get("prevalence", {})
        if not isinstance(raw, Mapping):
            self.wrong(f"{place}prevalence", str(raw), "is not a section")
        else:
            self.known(raw, f"{place}prevalence.", MECHANISM_KEYS)
            for key in raw:
                prevalence[key] = self.number(raw, f"{place}prevalence.", key, 0.0)
        return Group(**numbers, prevalence=prevalence)
