"""From the units that files use to the canonical unit of each parameter, refusing what cannot be right.

A detection threshold is a positive magnitude from the baseline; a pain threshold is an absolute temperature, because
its direction of loss is only right on that scale (a cold pain threshold as a *difference* grows with loss, as a
*temperature* it falls).
"""

from __future__ import annotations

from dataclasses import dataclass

from nociscope import units
from nociscope.assays.qst.parameters import Parameter
from nociscope.tsv import format_number

_ALIASES = {
    "delta degc": "delta_degC",
    "delta °c": "delta_degC",
    "delta_c": "delta_degC",
    "/8": "n/8",
    "x/8": "n/8",
    "ratings": "rating",
    "nrs": "rating",
    "counts": "count",
}

_ACCEPTED = {
    "detection": "degC (absolute) or delta_degC",
    "span": "delta_degC",
    "pain": "degC or delta_degC",
    "pressure": "kPa, or a unit of pressure",
    "force": "mN, or a unit of force",
    "rating": "rating",
    "ratio": "ratio",
    "count": "count",
    "eighths": "n/8",
}

LOWEST_C, HIGHEST_C = -20.0, 60.0
"""No contact thermode goes beyond these."""


class Refused(ValueError):
    """A cell that cannot be right: its column, what is wrong, and what to do."""

    def __init__(self, column: str, what: str, remedy: str, code: str) -> None:
        super().__init__(what)
        self.column, self.what, self.remedy, self.code = column, what, remedy, code


@dataclass(frozen=True, slots=True)
class Converted:
    """A value in its canonical unit and what a reader of it must know."""

    value: float
    remark: str = ""


def spelled(unit: str) -> str:
    """Return the canonical spelling of a unit of this assay."""
    stripped = " ".join(unit.split())
    return _ALIASES.get(stripped.lower(), units.canonical(stripped))


def _unit_refused(parameter: Parameter, unit: str) -> Refused:
    return Refused(
        "unit",
        f"is not a unit of {parameter.code}; expected {_ACCEPTED[parameter.kind]}"
        if unit
        else f"the unit is missing; {parameter.code} needs {_ACCEPTED[parameter.kind]}",
        "write the unit that was measured in",
        "wrong-unit",
    )


def _value_refused(column: str, what: str, remedy: str = "correct the cell or write n/a") -> Refused:
    return Refused(column, what, remedy, "impossible-value")


def within(parameter: Parameter, value: float, column: str) -> float:
    """Return a canonical value that is possible for the parameter.

    Raises
    ------
    Refused
        It is not.
    """
    low, high, unit = parameter.low, parameter.high, parameter.unit
    if value < low or value > high or (parameter.above_low and value == low):
        first = f"above {format_number(low)}" if parameter.above_low else f"at least {format_number(low)}"
        raise _value_refused(
            column,
            f"is impossible for {parameter.code}; expected {first} and at most {format_number(high)} {unit}",
        )
    if parameter.kind == "count" and value != int(value):
        raise _value_refused(column, f"is not a whole number; {parameter.code} is a count")
    return value


def _absolute(value: float, column: str) -> float:
    if not LOWEST_C <= value <= HIGHEST_C:
        raise _value_refused(
            column,
            f"degC is impossible for skin; expected {format_number(LOWEST_C)} to {format_number(HIGHEST_C)}",
            "correct the cell; write a difference from the baseline with the unit delta_degC",
        )
    return value


def _temperature(
    parameter: Parameter, value: float, unit: str, baseline: float | None, default: float, column: str
) -> Converted:
    """Convert a detection or pain threshold; `baseline` None means that the row does not say."""
    base = default if baseline is None else baseline
    assumed = f"baseline not stated, taken as {format_number(base)} degC" if baseline is None else ""
    if unit == "delta_degC":
        absolute = _absolute_from_step(parameter, abs(value), base, column)
        if parameter.kind == "detection":
            return Converted(abs(value))
        return Converted(absolute, "; ".join(t for t in ("converted from a difference", assumed) if t))
    _absolute(value, column)
    if parameter.kind == "pain":
        return Converted(value)
    magnitude = parameter.step * (value - base)
    if magnitude < 0:
        side = "above" if parameter.step < 0 else "below"
        raise _value_refused(
            column,
            f"degC lies {side} the baseline of {format_number(base)} degC, where {parameter.code} cannot be",
            "correct the cell or baseline_c; write a difference from the baseline with the unit delta_degC",
        )
    return Converted(magnitude, assumed)


def _absolute_from_step(parameter: Parameter, step: float, base: float, column: str) -> float:
    absolute = base + parameter.step * step
    if not LOWEST_C <= absolute <= HIGHEST_C:
        raise _value_refused(
            column,
            f"delta_degC from {format_number(base)} degC is {format_number(absolute)} degC, impossible for skin; "
            f"expected {format_number(LOWEST_C)} to {format_number(HIGHEST_C)}",
            "correct the cell; write an absolute temperature with the unit degC",
        )
    return absolute


def to_canonical(
    parameter: Parameter, value: float, unit: str, baseline: float | None, default: float, column: str = "value"
) -> Converted:
    """Return a value in the parameter's canonical unit.

    Parameters
    ----------
    parameter : Parameter
    value : float
        As found.
    unit : str
        As found; may be empty for ratings, ratios and counts, which have only one unit.
    baseline : float or None
        Of the row, degC.
    default : float
        The baseline where the row has none, degC.
    column : str
        Which column a refusal names.

    Raises
    ------
    Refused
        The unit is wrong for the parameter, or the value is impossible.
    """
    name = spelled(unit)
    kind = parameter.kind
    if kind in ("detection", "pain"):
        if name not in ("degC", "delta_degC"):
            raise _unit_refused(parameter, unit)
        return _temperature(parameter, value, name, baseline, default, column)
    if kind == "span":
        if name not in ("degC", "delta_degC"):
            raise _unit_refused(parameter, unit)
        return Converted(within(parameter, abs(value) if name == "delta_degC" else value, column))
    if kind in ("pressure", "force"):
        if not name:
            raise _unit_refused(parameter, unit)
        try:
            return Converted(within(parameter, units.convert(value, name, parameter.unit), column))
        except Refused:
            raise
        except ValueError:
            raise _unit_refused(parameter, unit) from None
    if name != parameter.unit and not (name == "" and kind != "eighths"):
        raise _unit_refused(parameter, unit)
    return Converted(within(parameter, value, column))
