"""Demyelination criteria as versioned data: the parameters of one nerve, and the clauses that count nerves."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

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
        F latency: the factor where the distal amplitude is below `low_amplitude` of its limit.
    low_amplitude : float or None
    least_amplitude : float or None
        The distal amplitude must be at least this part of its lower limit.
    exclude : tuple of str
        Nerves for which it never counts.
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
    least_amplitude: float | None = None
    exclude: tuple[str, ...] = ()
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
class Criteria:
    """A set of criteria: its parameters, which of them count as “another”, and its clauses from the highest grade."""

    key: str
    version: str
    parameters: tuple[Parameter, ...]
    others: tuple[str, ...]
    clauses: tuple[Clause, ...]

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
    return Criteria(
        key=content["key"],
        version=content["version"],
        parameters=tuple(Parameter(**_tuples(p)) for p in content["parameter"]),
        others=tuple(content["others"]),
        clauses=tuple(Clause(**_tuples(c)) for c in content["clause"]),
    )
