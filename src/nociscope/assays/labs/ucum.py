"""Units of laboratory values: which spellings are units (UCUM, and the everyday ones), and conversion between them.

A unit is kept as it was given. Here is decided only whether it is one, whether two of them measure the same kind of
thing, and, through pint, what a value is in the other. International units, arbitrary units and titres have
dimensions
of their own, so that U/mL is never turned into pg/mL.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_PREFIXES = {
    "": "",
    "k": "kilo",
    "d": "deci",
    "c": "centi",
    "m": "milli",
    "u": "micro",
    "n": "nano",
    "p": "pico",
    "f": "femto",
    "M": "mega",
    "G": "giga",
}

_METRIC = {
    "g": "gram",
    "L": "liter",
    "l": "liter",
    "m": "meter",
    "mol": "mole",
    "s": "second",
    "U": "catalytic_unit",
    "kat": "katal",
    "[IU]": "international_unit",
    "IU": "international_unit",
    "[arb'U]": "arbitrary_unit",
    "AU": "arbitrary_unit",
    "eq": "chemical_equivalent",
    "osm": "chemical_osmole",
    "Osm": "chemical_osmole",
    "Pa": "pascal",
    "bar": "bar",
    "cal": "calorie",
    "J": "joule",
    "V": "volt",
    "Hz": "hertz",
}

_WHOLE = {
    "%": "percent_part",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "wk": "week",
    "mo": "month_of_year",
    "a": "year",
    "Cel": "degC",
    "K": "kelvin",
    "mm[Hg]": "millimeter_Hg",
    "mmHg": "millimeter_Hg",
    "[pH]": "acidity",
    "1": "",
    "10*3": "(1000)",
    "10*6": "(1000000)",
    "10*9": "(1000000000)",
    "10*12": "(1000000000000)",
}

_BRACED = {"titer": "titre_step", "ratio": "", "index": "index_step", "titre": "titre_step"}

_SPELLINGS = (("µ", "u"), ("μ", "u"), ("mcg", "ug"), ("10^", "10*"), ("x10*", "10*"), ("×10*", "10*"), ("m^2", "m2"))

_ATOM = re.compile(
    r"(?P<name>10\*\d+|[A-Za-z%\[\]'1]+(?:\[[A-Za-z]+\])?)(?P<power>-?[1-3])?(?P<note>\{[^{}]{0,40}\})?"
)

LONGEST = 40


def canonical(unit: str) -> str:
    """Return a unit in the spelling in which two rows are compared: ``µg/l`` is ``ug/L``, ``IU/ml`` is ``IU/mL``."""
    text = unit.strip()
    for old, new in _SPELLINGS:
        text = text.replace(old, new)
    return re.sub(r"(?<![A-Za-z])([dcmunpf]?)l(?![A-Za-z])", r"\1L", text.replace(" ", ""))


@cache
def pint_name(unit: str) -> str:
    """Return a unit as an expression for pint.

    Raises
    ------
    ValueError
        It is not a unit that is known.
    """
    text = canonical(unit)
    unknown = ValueError("is not a unit that is known; use UCUM, as in mmol/L, ng/mL, U/mL, {titer}")
    if not text or len(text) > LONGEST:
        raise unknown
    parts: list[str] = []
    for number, group in enumerate(re.split(r"/(?![^{}]*\})", text)):
        if not group and number == 0:
            parts.append("1")
            continue
        factors = [_factor(atom, unknown) for atom in re.split(r"\.(?![^{}]*\})", group)]
        product = " * ".join(f for f in factors if f) or "1"
        parts.append(f"({product})")
    return " / ".join(parts)


def _factor(atom: str, unknown: ValueError) -> str:
    """Return one factor of a unit for pint, empty for a plain number."""
    braced = re.fullmatch(r"\{([^{}]{1,40})\}", atom)
    if braced:
        return _BRACED.get(braced.group(1).lower(), "")
    found = _ATOM.fullmatch(atom)
    if found is None:
        raise unknown
    name, power = found.group("name"), found.group("power")
    base = _base(name)
    if base is None:
        raise unknown
    return f"{base}**{power}" if base and power else base


def _base(name: str) -> str | None:
    if name in _WHOLE:
        return _WHOLE[name]
    for length in (0, 1):
        prefix, rest = name[:length], name[length:]
        if prefix in _PREFIXES and rest in _METRIC:
            return _PREFIXES[prefix] + _METRIC[rest]
    return None


@cache
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry(cache_folder=None)
    for name in (
        "international_unit",
        "arbitrary_unit",
        "titre_step",
        "index_step",
        "acidity",
        "chemical_equivalent",
        "chemical_osmole",
        "catalytic_unit",
    ):
        registry.define(f"{name} = [{name}]")
    registry.define("percent_part = 0.01")
    registry.define("month_of_year = year / 12")
    return registry


def convert(value: float, unit: str, to: str) -> float:
    """Return a value in another unit of the same kind.

    Raises
    ------
    ValueError
        A unit is unknown, or the two do not measure the same kind of thing (U/mL and pg/mL).
    """
    if canonical(unit) == canonical(to):
        return value
    source, target = pint_name(unit), pint_name(to)
    import pint

    registry = _registry()
    try:
        # Both expressions are built above from known names alone, so nothing a table says is evaluated.
        ratio = value * registry.parse_expression(source) / registry.parse_expression(target)
        return float(registry.Quantity(ratio).to("dimensionless").magnitude)
    except (pint.DimensionalityError, pint.OffsetUnitCalculusError):
        raise ValueError(f"{unit} cannot be converted to {to}") from None


def same_kind(unit: str, other: str) -> bool:
    """Tell whether values in two units can be compared."""
    try:
        convert(1.0, unit, other)
    except ValueError:
        return False
    return True
