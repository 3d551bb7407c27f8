"""The section ``[mechanisms]`` of the settings: priors in place of the shipped ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nociscope.problems import BadInput, Problem
from nociscope.truth import MECHANISM_KEYS

_KNOWN = f"known are {', '.join(MECHANISM_KEYS)}"


def checked_priors(section: Mapping[str, Any], where: str = "the settings") -> dict[str, float]:
    """Return the priors of a settings section ``[mechanisms.prior]``.

    Raises
    ------
    BadInput
        An entry is no mechanism, or its prior is not a number between 0 and 1.
    """

    def wrong(key: str, what: str, remedy: str) -> Problem:
        return Problem(what=what, remedy=remedy, code="bad-settings", file=where, column=key)

    problems = [
        wrong(f"mechanisms.{key}", "is not a setting of the mechanisms", "write [mechanisms.prior]")
        for key in section
        if key != "prior"
    ]
    given = section.get("prior", {})
    if not isinstance(given, Mapping):
        raise BadInput([wrong("mechanisms.prior", "is not a section", "write [mechanisms.prior]"), *problems])
    priors: dict[str, float] = {}
    for key, value in given.items():
        if key not in MECHANISM_KEYS:
            problems.append(
                wrong(f"mechanisms.prior.{key}", "is not a mechanism", f"known are {', '.join(MECHANISM_KEYS)}")
            )
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            problems.append(wrong(f"mechanisms.prior.{key}", "is not a number between 0 and 1", "correct the entry"))
        else:
            priors[key] = float(value)
    if problems:
        raise BadInput(problems)
    return priors
