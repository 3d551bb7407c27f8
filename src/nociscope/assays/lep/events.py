"""Which events are laser pulses, and what is known of each: site, side, energy, series, rating.

Every row that is not used is counted, and the count is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nociscope.assays.lep.recording import Pulse
from nociscope.assays.lep.settings import LepSettings
from nociscope.problems import Problem, Severity, clean_text
from nociscope.tables import SIDES, SITES
from nociscope.tsv import MISSING, RawRow, parse_number

_MISSING = ("", "n/a", "nan", "na")
MAX_ENERGY_J = 50.0
"""Largest energy that is believed; Nd:YAP pulses for pain have 1 to 5 J."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulses:
    """The laser pulses of one recording in the order of time.

    Attributes
    ----------
    pulses : tuple of Pulse
        With `onset_s` of the *marker*; the trigger delay is added by whoever cuts the epochs.
    codes : mapping
        Every event code found -> how often; for the message when no pulse is among them.
    problems : tuple of Problem
    """

    pulses: tuple[Pulse, ...]
    codes: Mapping[str, int]
    problems: tuple[Problem, ...]


class Tally:
    """Counts what was dropped, and remembers the first case of each kind."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: dict[str, list[RawRow]] = {}
        self.said: dict[str, tuple[str, str, Severity, str]] = {}

    def add(self, code: str, row: RawRow, what: str, remedy: str, severity: Severity, column: str) -> None:
        """Count a row."""
        self.found.setdefault(code, []).append(row)
        self.said.setdefault(code, (what, remedy, severity, column))

    def problems(self) -> list[Problem]:
        """Return one problem for each kind, with its rows."""
        out = []
        for code, rows in self.found.items():
            what, remedy, severity, column = self.said[code]
            times = f"{len(rows)} rows" if len(rows) > 1 else "1 row"
            lines = ", ".join(str(r.row) for r in rows[:5]) + (", …" if len(rows) > 5 else "")
            out.append(
                Problem(
                    what=f"{what} ({times}: {lines})",
                    remedy=remedy,
                    severity=severity,
                    code=code,
                    file=rows[0].file or self.file,
                    row=rows[0].row,
                    column=column,
                    value=clean_text(rows[0].cells.get(column, ""), 60),
                )
            )
        return out


def cell(row: RawRow, column: str) -> str:
    """Return the text of a cell, empty when it is missing."""
    text = row.cells.get(column, "").strip()
    return "" if text.lower() in _MISSING else text


def _meaning(row: RawRow, settings: LepSettings) -> tuple[str, Mapping[str, object]]:
    """Return the event's code and what the study's map says of it."""
    kind, value = cell(row, "trial_type"), cell(row, "value")
    for code in (kind, value):
        if code and code in settings.events:
            return code, settings.events[code]
    return kind or value, {"trial_type": kind} if kind else {}


def find_pulses(rows: Sequence[RawRow], file: str, settings: LepSettings) -> Pulses:
    """Find the laser pulses among the rows of an events table.

    Parameters
    ----------
    rows : sequence of RawRow
        Columns: `onset`, `trial_type` or `value`; `site side energy_j block rating laser` where known.
    file : str
        For messages.
    settings : LepSettings
        `events` maps codes; `rating_maximum` is the scale; `laser` and `block_size` fill in.
    """
    tally = Tally(file)
    codes: Counter[str] = Counter()
    pulses: list[Pulse] = []
    for row in rows:
        code, meaning = _meaning(row, settings)
        codes[code or MISSING] += 1
        if str(meaning.get("trial_type", "")).strip().lower() != "laser":
            continue
        pulse = _pulse(row, meaning, settings, tally)
        if pulse is not None:
            pulses.append(pulse)
    pulses.sort(key=lambda p: p.onset_s)
    if settings.block_size > 0 and not any(p.block for p in pulses):
        pulses = _into_series(pulses, settings.block_size)
    return Pulses(pulses=tuple(pulses), codes=dict(codes), problems=tuple(tally.problems()))


def _pulse(row: RawRow, meaning: Mapping[str, object], settings: LepSettings, tally: Tally) -> Pulse | None:
    try:
        onset = parse_number(row.cells.get("onset", ""))
    except ValueError:
        tally.add(
            "bad-onset", row, "the onset is not a number, so the pulse is dropped", "correct it", "error", "onset"
        )
        return None
    if onset is None:
        tally.add(
            "missing-onset", row, "the onset is missing, so the pulse is dropped", "fill it in", "warning", "onset"
        )
        return None

    def known(column: str) -> str:
        text = cell(row, column)
        return text or str(meaning.get(column, "") or "").strip()

    site = known("site").lower() or MISSING
    if site != MISSING and site not in SITES:
        remedy = f"use one of {', '.join(SITES[:10])}"
        tally.add("unknown-site", row, "is no known site, so the pulse is dropped", remedy, "error", "site")
        return None
    side = known("side").lower() or MISSING
    if side not in SIDES:
        tally.add("unknown-side", row, "is no side, so the pulse is dropped", "write left or right", "error", "side")
        return None
    return Pulse(
        onset_s=onset,
        site=site,
        side=side,
        laser=known("laser") or settings.laser,
        energy_j=read_energy(row, known("energy_j"), tally),
        rating=read_rating(row, known("rating"), settings, tally),
        block=clean_text(known("block"), 20),
    )


def read_energy(row: RawRow, text: str, tally: Tally) -> float | None:
    """Return an energy in J; None, and counted, when it is none that a laser for pain has."""
    try:
        energy = parse_number(text)
    except ValueError:
        energy = -1.0
    if energy is not None and not 0 < energy <= MAX_ENERGY_J:
        what = f"is no energy from 0 to {MAX_ENERGY_J:g} J, so it counts as unknown"
        tally.add("bad-energy", row, what, "correct it or write n/a", "error", "energy_j")
        return None
    return energy


def read_rating(row: RawRow, text: str, settings: LepSettings, tally: Tally) -> float | None:
    """Return a rating on 0-10; None, and counted, when it lies outside its scale."""
    top = settings.rating_maximum
    try:
        rating = parse_number(text)
    except ValueError:
        tally.add("bad-rating", row, "is no number, so the rating is missing", "correct it", "error", "rating")
        return None
    if rating is not None and not 0 <= rating <= top:
        what = f"is outside 0-{top:g}, so the rating is missing; its pulse is kept"
        tally.add("impossible-rating", row, what, "correct it or write n/a", "warning", "rating")
        return None
    return None if rating is None else 10.0 * rating / top


def _into_series(pulses: Sequence[Pulse], size: int) -> list[Pulse]:
    """Number series of `size` pulses within each site and side."""
    seen: Counter[tuple[str, str]] = Counter()
    out = []
    for pulse in pulses:
        place = seen[pulse.site, pulse.side]
        seen[pulse.site, pulse.side] += 1
        out.append(replace(pulse, block=str(place // size + 1)))
    return out
