"""How numbers, units, places and verdicts are put for a reader of a page. Nothing is computed, only rounded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from nociscope.problems import clean_text
from nociscope.tsv import MISSING

TEXT_LIMIT = 600
"""Characters of one text from data that a page shows; the tables hold all of it."""

NOT_RECORDED = "not recorded"

_UNITS = {
    "degC": "°C",
    "delta_degC": "°C",
    "uS": "µS",
    "uV": "µV",
    "um": "µm",
    "ms2": "ms²",
    "/mm2": "/mm²",
    "mm/mm2": "mm/mm²",
    "mm2/mm2": "mm²/mm²",
    "n/8": "/8",
    "ratio": "",
    "count": "",
    MISSING: "",
}

_SEXES = {"F": "female", "M": "male", "O": "other"}

CALLS = {
    "normal": "normal",
    "loss": "loss",
    "gain": "gain",
    "abnormal": "abnormal",
    "not_comparable": "not comparable",
}

STATUSES = {"done": "present", "partial": "partial", "failed": "failed", "absent": "absent"}

STATUS_MEANINGS = {
    "done": "measured",
    "partial": "some rows or files were refused, the rest was measured",
    "failed": "there was input, and nothing could be measured",
    "absent": "no input at this visit",
}


def shown(text: Any, limit: int = TEXT_LIMIT) -> str:
    """Return text from data on one line, without control characters, not longer than `limit`."""
    raw = "" if text is None else str(text)
    cut = 4 * limit  # a text of megabytes is cut before it is cleaned, with room for what cleaning takes away
    return _cleaned(raw if len(raw) <= cut else f"{raw[:cut]} …", limit)


@lru_cache(maxsize=4096)
def _cleaned(text: str, limit: int) -> str:
    """Clean a text once: methods and files repeat in every reading."""
    return clean_text(text, limit)


def tied(text: str) -> str:
    """Return a text in which a number and its unit are not parted at the end of a line."""
    return re.sub(r"(?<=\d) (?=%|°C|[µmk]?[mVNsS]\b|kPa\b|/m)", "\u00a0", text)


def number(value: float | None, decimals: int | None = None) -> str:
    """Return a number for people: a true minus sign, `decimals` places, else four significant digits.

    A value that would round to zero without being zero keeps two significant digits.
    """
    if value is None:
        return "–"
    if decimals is not None and (value == 0 or abs(value) >= 0.5 * 10.0**-decimals) and abs(value) < 1e7:
        text = f"{value:.{decimals}f}"
    else:
        text = f"{value:.2g}" if decimals is not None and abs(value) < 1 else f"{value:.4g}"
    if re.fullmatch(r"-0(\.0*)?", text):
        text = text[1:]
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa} × 10^{int(exponent)}"
    return text.replace("-", "−")


def unit(name: str) -> str:
    """Return a unit as it is printed: ``uS`` is µS; none for ratios and counts."""
    return _UNITS.get(name, shown(name, 40).replace("degC", "°C"))


def with_unit(text: str, name: str) -> str:
    """Return a number with its unit, kept together; ``°C``, ``/mm`` and ``%`` as printed."""
    printed = unit(name)
    if not printed or text == "–":
        return text
    return f"{text}{printed}" if printed == "/8" else f"{text} {printed}"


def span(low: float | None, high: float | None, decimals: int | None) -> str:
    """Return an interval, ``2.9 to 5.9``; empty when neither end is known."""
    if low is None and high is None:
        return ""
    if low is None:
        return f"up to {number(high, decimals)}"
    if high is None:
        return f"from {number(low, decimals)}"
    return f"{number(low, decimals)} to {number(high, decimals)}"


def limits(low: float | None, high: float | None, decimals: int | None) -> str:
    """Return limits of normal: ``5.7 to 12.1``, ``at least 5.7``, ``at most 12.1``; empty when there is none."""
    if low is None and high is None:
        return ""
    if high is None:
        return f"at least {number(low, decimals)}"
    if low is None:
        return f"at most {number(high, decimals)}"
    return f"{number(low, decimals)} to {number(high, decimals)}"


def probability(value: float | None) -> str:
    """Return a probability with two decimals, never as 0 or 1: ``< 0.01``, ``> 0.99``."""
    if value is None:
        return ""
    if value < 0.01:
        return "< 0.01"
    return "> 0.99" if value > 0.99 else f"{value:.2f}"


def percentile(value: float | None) -> str:
    """Return a percentile: whole in the middle, one decimal in the tails, ``< 0.1`` and ``> 99.9`` beyond."""
    if value is None:
        return ""
    if value < 0.1:
        return "< 0.1"
    if value > 99.9:
        return "> 99.9"
    return f"{value:.1f}" if value < 10 or value > 90 else f"{value:.0f}"


def place(site: str, side: str) -> str:
    """Return site and side in words: ``Foot dorsum, left``; empty when both are missing."""
    words = [shown(w, 80).replace("_", " ") for w in (site, side) if w not in (MISSING, "")]
    if words and words[-1] == "both" and side == "both":
        words[-1] = "both sides"
    text = ", ".join(words)
    return text[:1].upper() + text[1:]


def years(value: Any) -> str:
    """Return an age; everyone over 89 is just that, because high ages point to a person."""
    try:
        age = float(value)
    except (TypeError, ValueError):
        return NOT_RECORDED
    if not 0 <= age <= 200:
        return NOT_RECORDED
    return "over 89" if age > 89 else f"{age:.4g}"


def size(value: Any) -> str:
    """Return a height or weight, at most four digits."""
    try:
        measured = float(value)
    except (TypeError, ValueError):
        return NOT_RECORDED
    return f"{measured:.4g}" if 0 < measured < 10_000 else NOT_RECORDED


def sex(value: Any) -> str:
    """Return the sex in words."""
    return _SEXES.get(str(value), NOT_RECORDED)


def known(value: Any) -> str:
    """Return a text of the participant, `not recorded` when it is missing."""
    text = shown(value, 120)
    return NOT_RECORDED if text in ("", MISSING) else text


def listed(words: Iterable[str], conjunction: str = "and") -> str:
    """Return words as a list in a sentence: ``a, b and c``."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {conjunction} {items[-1]}"


def counted(count: int, singular: str, plural: str = "") -> str:
    """Return ``1 reading``, ``2 readings``, ``no readings``."""
    word = singular if count == 1 else plural or f"{singular}s"
    return f"{count if count else 'no'} {word}"
