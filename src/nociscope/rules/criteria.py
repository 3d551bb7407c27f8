"""Demyelination criteria as versioned data: the parameters of one nerve, and the clauses that count nerves.

One file in ``data/`` holds one rule whole: citation, status, the rule in words, every limit and count. The engine
that judges by it is ``demyelination.py``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from nociscope.rules.model import RuleStatus

Kind = Literal["latency", "velocity", "f_latency", "f_absent", "block", "dispersion", "duration"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A demyelinating parameter of one nerve.

    Attributes
    ----------
    code, title : str
    kind : str
    factor : float or None
        Of the limit of normal (latency, velocity, F latency), or the fall or rise in % (block, dispersion).
    factor_low : float or None
        Latency, velocity, F latency: the factor where the distal amplitude is below `low_amplitude` of its limit.
    low_amplitude : float or None
    absent_counts : bool
        F latency: whether absent F waves meet it as well.
    duration_change : float or None
        Block: a fall with a smaller rise of the duration (%) is called block, with a larger one dispersion; a rise of
        exactly this is neither.
    least_amplitude : float or None
        The distal amplitude must be at least this part of its lower limit.
    exclude : tuple of str
        Nerves for which it never counts.
    only : tuple of str
        Nerves for which alone it counts; empty for all.
    tibial_factor : float or None
        Dispersion: the rise in % that the tibial nerve must reach.
    inclusive : bool
        Whether a value that equals the threshold counts.
    durations : mapping
        Low cut in Hz (as text) -> nerve -> ms.
    least_low_cut_hz : float or None
        Below this low cut the durations do not hold.
    """

    code: str
    title: str
    kind: Kind
    factor: float | None = None
    factor_low: float | None = None
    low_amplitude: float | None = None
    absent_counts: bool = False
    duration_change: float | None = None
    least_amplitude: float | None = None
    exclude: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    tibial_factor: float | None = None
    inclusive: bool = True
    durations: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    durations_off: tuple[str, ...] = ()
    least_low_cut_hz: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A clause: so many nerves with a parameter (``any``: with any of the main ones), perhaps with another one
    beside.

    `mark` is what the reference says of it (R read, R2 read in one secondary source, M recalled); a recalled
    clause is
    off unless the settings name it in ``clauses``.
    """

    code: str
    grade: str
    parameter: str
    nerves: int
    plus_other: bool = False
    not_other: tuple[str, ...] = ()
    on: bool = True
    mark: str = "R"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensory:
    """What a rule says of sensory nerves.

    Attributes
    ----------
    nerves : int
        Abnormal sensory nerves that are needed beside the motor criteria; 0: none, it is only said.
    spared : str
        A nerve whose normal amplitude counts, beside a small one of any of `lost`; empty: not asked.
    lost : tuple of str
    velocity, velocity_small : float or None
        Part of its limit below which a velocity counts; the second where the amplitude is below `small` of its limit.
    small : float
    """

    nerves: int = 0
    spared: str = ""
    lost: tuple[str, ...] = ()
    velocity: float | None = None
    velocity_small: float | None = None
    small: float = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """A rule as its file holds it.

    Attributes
    ----------
    key, version : str
    title, citation, doi, status, status_note, accuracy : str
        As in :class:`~nociscope.rules.model.Rule`.
    says : tuple of str
    parameters : tuple of Parameter
    others : tuple of str
        Codes of the parameters that count as “another”.
    clauses : tuple of Clause
        From the highest grade.
    clauses_needed : int
        Clauses of a grade that must be met.
    false_positive : float or None
        Per cent of people without the disease who meet the lowest grade.
    sensory : Sensory or None
    """

    key: str
    version: str
    title: str
    citation: str
    doi: str
    status: RuleStatus
    status_note: str
    accuracy: str
    says: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    others: tuple[str, ...] = ()
    clauses: tuple[Clause, ...]
    clauses_needed: int = 1
    false_positive: float | None = None
    sensory: Sensory | None = None

    def parameter(self, code: str) -> Parameter:
        """Return a parameter by its code."""
        return next(p for p in self.parameters if p.code == code)

    @property
    def grades(self) -> tuple[str, ...]:
        """The grades, highest first."""
        return tuple(dict.fromkeys(c.grade for c in self.clauses))


def _tuples(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}


@cache
def load_criteria(key: str) -> Criteria:
    """Return a shipped set of criteria."""
    text = (files("nociscope.rules") / "data" / f"{key}.toml").read_text("utf-8")
    content = tomllib.loads(text)
    parameters = tuple(Parameter(**_tuples(p)) for p in content.pop("parameter"))
    clauses = tuple(Clause(**_tuples(c)) for c in content.pop("clause"))
    sensory = content.pop("sensory", None)
    return Criteria(
        parameters=parameters,
        clauses=clauses,
        sensory=None if sensory is None else Sensory(**_tuples(sensory)),
        **_tuples(content),
    )


def wrong_settings(key: str, section: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the clauses that ``[rules.<key>]`` names, in sentences without a full stop."""
    named = section.get("clauses", [])
    if not isinstance(named, list) or not all(isinstance(c, str) for c in named):
        return [f"[rules.{key}] clauses is no list of codes"]
    off = [c.code for c in load_criteria(key).clauses if not c.on]
    known = ", ".join(off) or "none"
    return [f"[rules.{key}] clauses: {c} is no clause that is off ({known})" for c in named if c not in off]
