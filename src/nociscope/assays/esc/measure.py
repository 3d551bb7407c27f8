"""Conductance by site and side, per kilogram, and the difference between the sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nociscope.assays.esc.read import Conductance, EscRecording
from nociscope.tables import Quality, Reading
from nociscope.tsv import MISSING

NOVAK_DOI = "10.3389/fnagi.2016.00199"
VINIK_DOI = "10.1089/dia.2015.0396"
RAJAN_DOI = "10.1007/s10286-018-0540-0"


def measure(recording: EscRecording, settings: Any = None) -> tuple[Reading, ...]:
    """Return the conductances as recorded, and per site the mean of the sides per kg and the asymmetry.

    Parameters
    ----------
    recording : EscRecording
    settings : object, optional
        Not used: nothing can be set.

    Returns
    -------
    tuple of Reading
        `esc` in uS per site and side; `esc_per_kg` in uS/kg (mean of the sides over body weight, Novak 2016, doi
        10.3389/fnagi.2016.00199) and `esc_asymmetry` in % (100 |L - R| over the mean of the sides), side ``both``.

    Notes
    -----
    There is no interval: no test-retest study of the method could be read, so its error is not known here.
    """
    remark = f"covariates: {', '.join(recording.covariates)}" if recording.covariates else ""
    readings = [_reading(c, remark) for c in recording.conductances]
    for group in _places(recording.conductances):
        readings += _of_site(group, recording.weight_kg, remark)
    return tuple(readings)


def _places(conductances: Sequence[Conductance]) -> list[list[Conductance]]:
    """Return the conductances with a value by site and device, in the order in which they first appear."""
    groups: dict[tuple[str, str], list[Conductance]] = {}
    for c in conductances:
        if c.value_us is not None:
            groups.setdefault((c.site, c.device), []).append(c)
    return list(groups.values())


def _reading(c: Conductance, remark: str) -> Reading:
    return Reading(
        site=c.site,
        side=c.side,
        measure="esc",
        value=c.value_us,
        unit="uS",
        n=0 if c.value_us is None else 1,
        device=c.device,
        quality="failed" if c.value_us is None else "good",
        remark="no value in the table" if c.value_us is None else remark,
        source=c.source,
    )


def _of_site(group: Sequence[Conductance], weight_kg: float | None, remark: str) -> list[Reading]:
    """Return what is made from both sides of one site."""
    by_side = {c.side: float(c.value_us or 0.0) for c in group}
    left, right = by_side.get("left"), by_side.get("right")
    readings: list[Reading] = []
    both = [v for v in (left, right) if v is not None]
    stated = not both
    values = both or [by_side["both"]]
    mean = sum(values) / len(values)
    if weight_kg:
        one_side = len(both) == 1
        quality: Quality = "poor" if one_side else "good"
        readings.append(
            _joint(
                group,
                "esc_per_kg",
                mean / weight_kg,
                "uS/kg",
                1 if stated else len(both),
                quality,
                "; ".join(r for r in ("one side only" if one_side else "", remark) if r),
            )
        )
    if left is not None and right is not None:
        if mean > 0:
            readings.append(_joint(group, "esc_asymmetry", 100 * abs(left - right) / mean, "%", 2, "good", remark))
        else:
            why = "both sides are 0, so there is no ratio"
            readings.append(_joint(group, "esc_asymmetry", None, "%", 2, "failed", why))
    return readings


def _joint(
    group: Sequence[Conductance], name: str, value: float | None, unit: str, n: int, quality: Quality, remark: str
) -> Reading:
    return Reading(
        site=group[0].site,
        side="both",
        measure=name,
        value=value,
        unit=unit,
        n=n,
        device=group[0].device,
        quality=quality,
        remark=remark,
        source=" ".join(sorted({c.source for c in group})) or MISSING,
    )
