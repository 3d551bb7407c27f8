"""Units at the borders: the spellings that files use, and conversion where it is safe.

Inside, every measure has one canonical unit. Conversion is by pint, loaded only when a unit is not the canonical
one; what cannot be converted (U/mL to pg/mL) is refused.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from nociscope.problems import clean_text

_SPELLINGS = {
    "°c": "degC",
    "ºc": "degC",
    "c": "degC",
    "celsius": "degC",
    "degc": "degC",
    "deg_c": "degC",
    "delta_degc": "delta_degC",
    "δ°c": "delta_degC",
    "kpa": "kPa",
    "mn": "mN",
    "us": "uS",
    "µs": "uS",
    "μs": "uS",
    "uv": "uV",
    "µv": "uV",
    "μv": "uV",
    "mv": "mV",
    "um": "um",
    "µm": "um",
    "μm": "um",
    "msec": "ms",
    "sec": "s",
    "/mm²": "/mm2",
    "/mm^2": "/mm2",
    "mm/mm²": "mm/mm2",
    "mm/mm^2": "mm/mm2",
    "1/mm": "/mm",
    "bpm": "/min",
    "1/min": "/min",
    "beats/min": "/min",
}

_KNOWABLE = re.compile(r"/?(1/)?[^\W\d]+(\^?\d)?([*/ ·][^\W\d]+(\^?\d)?){0,4}|%|°[CF]?|")
"""A product or quotient of names with powers of one digit: pint would also work out ``9**9**9``, for ever."""

_POWER = re.compile(r"(?<=[a-zA-Z])\^?(\d)")


def canonical(unit: str) -> str:
    """Return the canonical spelling of a unit: ``°C`` and ``degc`` are ``degC``; an unknown one is returned as it is.

    ``uS`` is microsiemens and ``us`` as well: no table of this program holds microseconds.
    """
    stripped = unit.strip()
    return _SPELLINGS.get(stripped.lower(), stripped)


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(cache_folder=None)


def _pint_name(unit: str) -> str:
    """Return a unit as pint writes it: ``N/cm2`` is ``N/cm**2``, ``/mm`` is ``1/mm``."""
    name = _POWER.sub(r"**\1", unit)
    return f"1{name}" if name.startswith("/") else name


def convert(value: float, unit: str, to: str) -> float:
    """Convert a value between units of the same dimension.

    Parameters
    ----------
    value : float
    unit, to : str
        Any spelling.

    Raises
    ------
    ValueError
        A unit is unknown, or the two do not measure the same thing.
    """
    source, target = canonical(unit), canonical(to)
    if source == target:
        return value
    for name in (source, target):
        if len(name) > 60 or not _KNOWABLE.fullmatch(name):
            raise ValueError(f"{clean_text(name, 60)} is not a unit that is known")
    import pint

    registry = _registry()
    try:
        quantity = registry.Quantity(value, registry.Unit(_pint_name(source)))
        return float(quantity.to(registry.Unit(_pint_name(target))).magnitude)
    except pint.DimensionalityError:
        raise ValueError(f"{unit} cannot be converted to {to}") from None
    except Exception as error:  # noqa: BLE001 - pint raises many kinds for text that is no unit
        raise ValueError(f"{unit} is not a unit that is known ({type(error).__name__})") from None
