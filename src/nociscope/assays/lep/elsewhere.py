"""Peaks that were measured elsewhere: a table of block averages is taken as readings, as it stands."""

from __future__ import annotations

from collections.abc import Sequence

from nociscope.tables import KEY_COLUMNS, Reading
from nociscope.tsv import MISSING, Column, Row, Table

_PERSON, _SESSION = KEY_COLUMNS[:2]

PEAKS = Table(
    "lep",
    "The peaks of one average, measured elsewhere",
    (
        _PERSON,
        _SESSION,
        Column("site", "Body site of the pulses", required=True, needed=True),
        Column(
            "side",
            "Side of the pulses",
            "choice",
            choices={"left": "left", "right": "right", "both": "both together"},
        ),
        Column("block", "Series of pulses; n/a for the average over all"),
        Column("trials", "Trials in the average", "integer", minimum=1),
        Column("n1_latency", "N1 latency", "number", "ms", minimum=20, maximum=1000),
        Column("n1_amplitude", "N1 amplitude, negative", "number", "uV", minimum=-200, maximum=200),
        Column("n2_latency", "N2 latency", "number", "ms", minimum=20, maximum=1000),
        Column("n2_amplitude", "N2 amplitude, negative", "number", "uV", minimum=-200, maximum=200),
        Column("p2_latency", "P2 latency", "number", "ms", minimum=20, maximum=1000),
        Column("p2_amplitude", "P2 amplitude, positive", "number", "uV", minimum=-200, maximum=200),
        Column("n2p2_amplitude", "N2-P2 peak-to-peak amplitude", "number", "uV", minimum=0, maximum=400),
        Column("response_present", "Whether there is a response", "choice", choices={"0": "absent", "1": "present"}),
        Column("pain_rating", "Mean pain rating", "number", "0-10", minimum=0, maximum=10),
        Column("energy_j", "Mean energy of the pulses", "number", "J", minimum=0, maximum=20),
        Column("method", "How they were measured: reference, filter, laser"),
        Column("device", "Laser and amplifier"),
    ),
    key=("participant_id", "session_id", "site", "side", "block", "method"),
)

_UNITS = {
    "n1_latency": "ms",
    "n1_amplitude": "uV",
    "n2_latency": "ms",
    "n2_amplitude": "uV",
    "p2_latency": "ms",
    "p2_amplitude": "uV",
    "n2p2_amplitude": "uV",
    "pain_rating": "0-10",
}


def readings_of_peaks(rows: Sequence[Row]) -> tuple[Reading, ...]:
    """Return the readings of a table of peaks, with ratios of series where there are several; no intervals."""
    out: list[Reading] = []
    sizes: dict[tuple[str, str, str], list[tuple[str, float, Row]]] = {}
    for row in rows:
        block = row.text("block")
        kind = f"average:block-{block}" if block else "average:all"
        method = f"{kind}; measured elsewhere"
        if row.text("method"):
            method += f"; {row.text('method')}"
        base = Reading(
            site=row.text("site"),
            side=row.text("side", MISSING),
            measure="",
            value=None,
            unit="",
            n=None if row["trials"] is None else int(row["trials"]),
            method=method,
            device=row.text("device", MISSING),
            remark="no interval: only the average is known",
            source=row.file,
        )
        out += _of_row(row, base)
        size = row.number("n2p2_amplitude")
        if block and size is not None:
            sizes.setdefault((base.site, base.side, row.text("method")), []).append((block, size, row))
    for (site, side, _), blocks in sizes.items():
        out += _ratios(site, side, blocks)
    return (*out, *_energies(rows))


def _energies(rows: Sequence[Row]) -> list[Reading]:
    """Return the mean energy at each place and device: of the row of all trials, else over the rows of the series."""
    places: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if row.number("energy_j") is not None:
            place = (row.text("site"), row.text("side", MISSING), row.text("device", MISSING))
            places.setdefault(place, []).append(row)
    out = []
    for (site, side, device), given in places.items():
        chosen = [r for r in given if not r.text("block")] or given
        energies = [e for r in chosen if (e := r.number("energy_j")) is not None]
        out.append(
            Reading(
                site=site,
                side=side,
                measure="laser_energy",
                value=sum(energies) / len(energies),
                unit="J",
                method="mean over pulses; measured elsewhere",
                device=device,
                source=chosen[0].file,
            )
        )
    return out


def _of_row(row: Row, base: Reading) -> list[Reading]:
    from dataclasses import replace

    out = [
        replace(base, measure=name, unit=unit, value=row.number(name))
        for name, unit in _UNITS.items()
        if row.number(name) is not None
    ]
    if row.text("response_present"):
        out.append(replace(base, measure="response_present", value=float(row.text("response_present"))))
    return out


def _ratios(site: str, side: str, blocks: list[tuple[str, float, Row]]) -> list[Reading]:
    if len(blocks) < 2 or blocks[0][1] <= 0:
        return []
    pairs = [("habituation_ratio", blocks[-1], blocks[0]), ("habituation_first_drop", blocks[1], blocks[0])]
    return [
        Reading(
            site=site,
            side=side,
            measure=name,
            value=top[1] / bottom[1],
            unit="",
            method="average:block ratio; measured elsewhere",
            remark=f"series {top[0]} / series {bottom[0]}; no interval: only the averages are known",
            source=top[2].file,
        )
        for name, top, bottom in pairs
    ]
