"""Whether a cell is plainly a value: free text can hold a name, a number or a time of day cannot."""

from __future__ import annotations

import re

from nociscope.tsv import parse_number

_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
MANY_DIGITS = 9
"""A whole number of so many digits is more likely a telephone or record number than a measurement."""


def is_number_or_time(cell: str) -> bool:
    """Tell whether a cell is empty, a number of fewer than nine digits, or a time of day."""
    text = cell.strip()
    if _TIME.fullmatch(text):
        return True
    try:
        parse_number(text)
    except ValueError:
        return False
    return not (text.isdigit() and len(text) >= MANY_DIGITS)
