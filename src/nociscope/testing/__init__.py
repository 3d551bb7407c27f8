"""Does an assay keep the contract? One check for ours and for those of other packages.

:func:`check_assay` makes virtual studies with the assay's own simulator, reads and measures them, and then gives it
empty, damaged and wrong input. It raises :class:`AssertionError` with one sentence about the first promise that is
broken. It needs no test framework::

    def test_my_assay_keeps_the_contract():
        check_assay(my_package.ASSAY)
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nociscope.assays.declaration import Assay
from nociscope.testing.declared import check_declaration, check_import, check_simulator, true_values, virtual_visits
from nociscope.testing.inputs import check_hostile_files, check_hostile_tables, read_whole
from nociscope.testing.outputs import check_figures, check_purity, derived_readings, measured, recover
from nociscope.testing.promises import at_most, promise
from nociscope.truth import MECHANISM_KEYS, Truth

__all__ = ["CONDITIONS", "Conformance", "check_assay"]

CONDITIONS = (
    Truth(participant_id="sub-healthy", age=45, sex="F"),
    Truth(participant_id="sub-ill", group="FM", age=61, sex="M", severity=dict.fromkeys(MECHANISM_KEYS, 0.8)),
    Truth(participant_id="sub-mild", group="FM", age=29, sex="F", severity=dict.fromkeys(MECHANISM_KEYS, 0.3)),
)
"""The virtual people that an assay is checked on when none are given."""

LARGEST_SVG = 400_000
"""Bytes of a figure; a report of all assays stays below two million."""

CHANCE = 1e-4
"""How improbable the coverage of a right interval must be before it is called wrong."""


@dataclass(frozen=True, slots=True)
class Conformance:
    """What :func:`check_assay` found.

    Attributes
    ----------
    coverage : mapping
        (measure, method) -> (true values within the interval, true values tried).
    """

    coverage: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)


def check_assay(
    assay: Assay,
    seeds: Iterable[int] = range(20),
    conditions: Sequence[Truth] = CONDITIONS,
    *,
    settings: Any = None,
    tolerance: Mapping[str, float] | None = None,
    not_simulated: Iterable[str] = (),
    nominal: float = 0.95,
    largest_svg: int = LARGEST_SVG,
) -> Conformance:
    """Check that an assay keeps every promise of ``docs/adding_an_assay.md``.

    Parameters
    ----------
    assay : Assay
    seeds : iterable of int
        One virtual study per seed; with three people each, twenty give sixty true values a measure.
    conditions : sequence of Truth
        The people of each study.
    settings : object, optional
        Default: the assay's settings as they are.
    tolerance : mapping, optional
        Measure -> absolute error allowed where its readings have no interval; otherwise such a reading must be equal
        to its true value.
    not_simulated : iterable of str
        Declared measures that the simulator does not provoke.
    nominal : float
        Nominal coverage of the intervals.
    largest_svg : int
        Bytes allowed for a figure.

    Returns
    -------
    Conformance

    Raises
    ------
    AssertionError
        A promise is broken; the message is one sentence that says which and how.
    """
    all_seeds = tuple(seeds)
    assert all_seeds, "No seed was given."
    assert conditions, "No condition was given."
    chosen = assay.settings() if settings is None else settings
    check_declaration(assay)
    check_import(assay)
    check_simulator(assay, conditions, all_seeds[0])
    tally: dict[tuple[str, str], tuple[int, int]] = {}
    seen: dict[str, str] = {}
    for number, seed in enumerate(all_seeds):
        with virtual_visits(assay, conditions, seed) as (root, visits):
            recordings = {v.participant_id: read_whole(assay, v, chosen, "a simulated visit") for v in visits}
            if number == 0:
                check_hostile_tables(assay, visits[0], chosen)
                check_hostile_files(assay, root, visits[0], chosen)
        for truth in conditions:
            recording = recordings[truth.participant_id]
            kept = copy.deepcopy(recording) if number == 0 else None
            readings = measured(assay, recording, chosen)
            seen.update({r.measure: r.unit for r in (*readings, *derived_readings(assay, readings, chosen, truth))})
            recover(assay, readings, true_values(assay, truth, seed), tolerance or {}, tally)
            if number == 0:
                check_purity(assay, recording, kept, chosen)
                thorough = truth is conditions[0]
                check_figures(assay, recording, readings, chosen, truth, largest_svg, thorough=thorough)
    for measure in assay.measures:
        if measure.name not in set(not_simulated):
            promise(measure.name in seen, assay, f"the declared measure {measure.name} never appeared")
    promise(bool(tally), assay, "simulate hands back no true value, so nothing shows that measure is right")
    for (name, method), (hits, tries) in sorted(tally.items()):
        chance = at_most(hits, tries, nominal)
        text = f"only {hits} of {tries} true values of {name} ({method}) lie within {100 * nominal:g} % intervals"
        promise(chance >= CHANCE, assay, text)
    return Conformance(coverage=tally)
