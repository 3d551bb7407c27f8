"""Readings of laboratory values: the value, its ratio to the upper limit, and which causes were looked for."""

from __future__ import annotations

from dataclasses import dataclass

from nociscope.assays.declaration import Measure, OwnLimit
from nociscope.assays.labs.panel import CAUSES, LOINC, done_and_missing, title
from nociscope.assays.labs.read import LabRecording, LabValue
from nociscope.tables import Reading

RATIO = "_uln_ratio"

GOTTSCHALK = "Gottschalk 1999, Clin Lab 45:59"


@dataclass(frozen=True, slots=True)
class LabsSettings:
    """The laboratory assay has no settings."""


def open_measure(name: str) -> Measure | None:
    """Return the declaration of an analyte, or of its ratio to the upper limit; None for a name that is neither."""
    if not name or not name.replace("_", "a").isalnum():
        return None
    if name.endswith(RATIO):
        analyte = name.removesuffix(RATIO)
        return Measure(
            name=name,
            unit="ratio",
            title=f"{title(analyte)}, ratio to upper limit",
            meaning="The value divided by the laboratory's upper limit of normal",
            spread="none",
            scored=False,
        )
    code = LOINC.get(name, "")
    return Measure(
        name=name,
        unit="",
        other_units=("*",),
        title=title(name),
        meaning="As the laboratory gave it" + (f"; LOINC {code}" if code else ""),
        spread="none",
    )


def measure(recording: LabRecording, settings: LabsSettings | None = None) -> tuple[Reading, ...]:
    """Return the laboratory values of a visit as readings.

    Parameters
    ----------
    recording : LabRecording
    settings : LabsSettings, optional

    Returns
    -------
    tuple of Reading
        Each analyte in the unit given; ``<analyte>_uln_ratio`` where the row has an upper limit above 0; and
        `causes_looked_for`, the number of causes in the panel of which a test was done.
    """
    readings: list[Reading] = []
    for v in recording.values:
        readings.append(_reading(v))
        if v.upper_limit is not None and v.upper_limit > 0:
            readings.append(
                Reading(
                    measure=v.analyte + RATIO,
                    value=v.value / v.upper_limit,
                    unit="ratio",
                    censored=v.censored,
                    method=v.method,
                    remark=f"upper limit {v.upper_limit:g} {v.unit}",
                    source=v.source,
                )
            )
    if recording.values:
        readings.append(_panel(recording))
    return tuple(readings)


def _reading(v: LabValue) -> Reading:
    remark = ""
    if not v.unit:
        remark = "positive" if v.value else "negative"
    elif v.analyte == "sil2r":
        remark = "assays of sIL-2R differ by factors: compare the ratio to the laboratory's own limit, not the value"
    return Reading(
        measure=v.analyte,
        value=v.value,
        unit=v.unit,
        censored=v.censored,
        method=v.method,
        remark=remark,
        source=v.source,
    )


def _panel(recording: LabRecording) -> Reading:
    done, missing = done_and_missing(v.analyte for v in recording.values)
    remark = f"looked for: {', '.join(done) or 'none'}; not done: {', '.join(missing) or 'none'}"
    return Reading(
        measure="causes_looked_for",
        value=float(len(done)),
        unit="count",
        n=len(CAUSES),
        method="panel",
        remark=remark,
        source=" ".join(recording.sources),
    )


def limits(recording: LabRecording, settings: LabsSettings | None = None) -> tuple[OwnLimit, ...]:
    """Return the laboratory's limits that stand beside the values."""
    return tuple(
        OwnLimit(measure=v.analyte, unit=v.unit, method=v.method, low=v.lower_limit, high=v.upper_limit)
        for v in recording.values
        if v.lower_limit is not None or v.upper_limit is not None
    )
