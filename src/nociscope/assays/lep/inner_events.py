"""Events that stand inside a signal file, as rows of an events table."""

from __future__ import annotations

import numpy as np

from nociscope.assays.lep.formats import Opened
from nociscope.tsv import RawRow


def inner_rows(opened: Opened, file: str) -> list[RawRow]:
    """Return the events inside a signal file as rows of an events table; of an epoch, those at zero."""
    rows = []
    for k, event in enumerate(opened.events):
        onset = event.onset_s
        if opened.epochs:
            if abs(onset) > 0.1:
                continue
            onset = event.epoch * opened.samples / opened.rate - opened.epoch_start_s + event.onset_s
        cells = {"onset": f"{onset:.6f}", "trial_type": event.label}
        for column, names in (
            ("rating", ("rating",)),
            ("energy_j", ("laser_power", "energy_j", "energy")),
            ("block", ("block",)),
            ("site", ("site",)),
            ("side", ("side",)),
        ):
            value = next((event.fields[n] for n in names if n in event.fields), None)
            text = value if isinstance(value, str) else f"{value:g}" if _is_number(value) else ""
            cells[column] = text
        rows.append(RawRow(file, k + 1, cells))
    return rows


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(np.isfinite(value))
