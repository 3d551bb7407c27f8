"""Ratings and energies from a behaviour table.

They are given to the pulse at their time, never to the pulse with their row number: one lost trigger would shift all
of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nociscope.assays.lep.events import Tally, cell, read_energy, read_rating
from nociscope.assays.lep.recording import Pulse
from nociscope.assays.lep.settings import LepSettings
from nociscope.problems import Problem, clean_text
from nociscope.tsv import RawRow, parse_number


def add_behaviour(
    pulses: Sequence[Pulse], rows: Sequence[RawRow], columns: Sequence[str], file: str, settings: LepSettings
) -> tuple[tuple[Pulse, ...], list[Problem]]:
    """Fill in ratings, energies and series from a behaviour table, by time.

    A row belongs to the pulse nearest to its onset, if that is nearer than `rating_tolerance_s` and no other row is
    nearer still. What events.tsv says already is kept.

    Parameters
    ----------
    pulses : sequence of Pulse
    rows : sequence of RawRow
        `onset` in seconds on the clock of the recording; `rating energy_j block`.
    columns : sequence of str
        Of the table.
    file : str
    settings : LepSettings
    """
    if "onset" not in columns:
        return tuple(pulses), [
            Problem(
                what="has no column onset, so its ratings cannot be given to pulses (row numbers are not trusted)",
                remedy="add the time of each pulse",
                code="missing-column",
                file=file,
                column="onset",
            )
        ]
    tally = Tally(file)
    nearest, unused = _nearest_rows(pulses, rows, settings.rating_tolerance_s, tally)
    out = list(pulses)
    for place, row in nearest.items():
        out[place] = _filled(out[place], row, settings, tally)
    problems = tally.problems()
    if unused:
        problems.append(
            Problem(
                what=f"{unused} of {len(rows)} rows have no pulse within {settings.rating_tolerance_s:g} s and are "
                "not used",
                remedy="check that both clocks start together",
                severity="warning",
                code="unmatched-behaviour",
                file=file,
            )
        )
    return tuple(out), problems


def _nearest_rows(
    pulses: Sequence[Pulse], rows: Sequence[RawRow], tolerance_s: float, tally: Tally
) -> tuple[dict[int, RawRow], int]:
    """Return for the place of a pulse the row nearest in time, and how many rows belong to no pulse."""
    onsets = np.array([p.onset_s for p in pulses])
    best: dict[int, tuple[float, RawRow]] = {}
    unused = 0
    for row in rows:
        at = _onset(row, tally)
        if at is None:
            continue
        place = int(np.abs(onsets - at).argmin()) if len(onsets) else -1
        distance = abs(float(onsets[place]) - at) if place >= 0 else np.inf
        if distance > tolerance_s:
            unused += 1
        elif place not in best or distance < best[place][0]:
            unused += place in best
            best[place] = (distance, row)
        else:
            unused += 1
    return {place: row for place, (_, row) in best.items()}, unused


def _onset(row: RawRow, tally: Tally) -> float | None:
    try:
        at = parse_number(row.cells.get("onset", ""))
    except ValueError:
        at = None
    if at is None:
        what = "has no usable onset, so the row is dropped"
        tally.add("missing-onset", row, what, "fill it in", "warning", "onset")
    return at


def _filled(pulse: Pulse, row: RawRow, settings: LepSettings, tally: Tally) -> Pulse:
    """Return a pulse with what its row says, where the pulse itself says nothing."""
    rating, energy = pulse.rating, pulse.energy_j
    if rating is None:
        rating = read_rating(row, cell(row, "rating"), settings, tally)
    if energy is None:
        energy = read_energy(row, cell(row, "energy_j"), tally)
    block = pulse.block or clean_text(cell(row, "block"), 20)
    return replace(pulse, rating=rating, energy_j=energy, block=block)
