"""Readings of what is known of the pulses beside the signals: pain ratings and laser energy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nociscope.assays.lep.recording import Stimulated
from nociscope.assays.lep.resample import mean_interval
from nociscope.assays.lep.series import ratio_reading
from nociscope.tables import Reading


def rating_readings(s: Stimulated, base: Reading) -> list[Reading]:
    """Return the mean rating of all pulses and the ratio of the last series to the first."""
    known = np.isfinite(s.all_ratings)
    if not known.any():
        return []
    values = s.all_ratings[known]
    interval = mean_interval(values)
    # A rating belongs to its laser as the potential does, so norms must not mix two of them.
    laser = f"; laser {s.laser}" if s.laser else ""
    clear = replace(base, quality="good", remark="", method=f"rating of every pulse{laser}")
    out = [
        replace(
            clear,
            measure="pain_rating",
            value=float(values.mean()),
            unit="0-10",
            low=None if interval.low is None else max(interval.low, 0.0),
            high=None if interval.high is None else min(interval.high, 10.0),
            n=len(values),
            remark="" if known.all() else f"{int((~known).sum())} pulses without a usable rating",
        )
    ]
    labels = np.array(s.all_rating_blocks, dtype=object)
    blocks = list(dict.fromkeys(b for b in s.all_rating_blocks if b))
    if len(blocks) >= 2:
        first, last = (s.all_ratings[(labels == b) & known] for b in (blocks[0], blocks[-1]))
        out.append(
            ratio_reading(
                replace(clear, method=f"mean rating, last / first series{laser}"),
                "rating_habituation_ratio",
                last,
                first,
                2,
                f"series {blocks[-1]} / series {blocks[0]}",
            )
        )
    return out


def energy_readings(s: Stimulated, base: Reading) -> list[Reading]:
    """Return the mean energy of the pulses."""
    known = s.energy_j[np.isfinite(s.energy_j)]
    if not len(known):
        return []
    spread = "" if np.ptp(known) == 0 else f"from {known.min():g} to {known.max():g} J"
    return [
        replace(
            base,
            measure="laser_energy",
            unit="J",
            value=float(known.mean()),
            n=len(known),
            method="mean over pulses",
            quality="good",
            remark=spread,
        )
    ]
