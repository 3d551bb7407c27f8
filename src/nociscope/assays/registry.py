"""Which assays there are: ours in one tuple, others through the entry point ``nociscope.assays``."""

from __future__ import annotations

import importlib
from functools import cache

from nociscope.assays.declaration import Assay
from nociscope.problems import NociscopeError

BUILT_IN = (
    "nociscope.assays.lep",
    "nociscope.assays.ccm",
    "nociscope.assays.biopsy",
    "nociscope.assays.qst",
    "nociscope.assays.esc",
    "nociscope.assays.hrv",
    "nociscope.assays.reflexes",
    "nociscope.assays.ncs",
    "nociscope.assays.questionnaires",
    "nociscope.assays.labs",
)
"""One line an assay; their order is the order of pages and tables."""


@cache
def assays() -> tuple[Assay, ...]:
    """Return all assays: the built-in ones, then those of installed packages by name.

    Raises
    ------
    NociscopeError
        An installed package's assay cannot be loaded or takes a name that is in use.
    """
    from importlib.metadata import entry_points

    found: dict[str, Assay] = {}
    for module in BUILT_IN:
        assay: Assay = importlib.import_module(module).ASSAY
        found[assay.name] = assay
    for point in sorted(entry_points(group="nociscope.assays"), key=lambda p: p.name):
        try:
            outside = point.load()
        except Exception as error:
            raise NociscopeError(f"The assay “{point.name}” ({point.value}) cannot be loaded: {error}.") from error
        if not isinstance(outside, Assay):
            raise NociscopeError(f"The entry point “{point.name}” ({point.value}) is not an Assay.")
        if outside.name in found:
            raise NociscopeError(f"The assay name “{outside.name}” of {point.value} is in use already.")
        found[outside.name] = outside
    return tuple(found.values())


def assay_named(name: str) -> Assay:
    """Return an assay by its key.

    Raises
    ------
    KeyError
        There is no such assay.
    """
    for assay in assays():
        if assay.name == name:
            return assay
    raise KeyError(name)
