"""Readings of the reflex tests, from the table and from recordings."""

from __future__ import annotations

from nociscope.assays.reflexes.manoeuvres import results
from nociscope.assays.reflexes.read import ReflexRecording, ReflexValue
from nociscope.assays.reflexes.settings import ReflexSettings
from nociscope.assays.reflexes.table import TESTS
from nociscope.tables import Quality, Reading


def measure(recording: ReflexRecording, settings: ReflexSettings | None = None) -> tuple[Reading, ...]:
    """Return one reading per value of the table and per test of a recording.

    Returns
    -------
    tuple of Reading
        `method` is ``table``, or says how the recording was read. Site and side are ``n/a`` for tests of the heart.
        A value of the table has no interval: how often the manoeuvre was repeated is not in it.
    """
    chosen = settings or ReflexSettings()
    readings = [_from_table(v) for v in recording.values]
    for manoeuvre in recording.manoeuvres:
        series = manoeuvre.series
        poor = series.agreement is not None and series.agreement < 0.8
        for found in results(manoeuvre, chosen):
            quality: Quality = (
                "failed" if found.value is None else "poor" if poor or "fewer" in found.remark else "good"
            )
            readings.append(
                Reading(
                    measure=found.test,
                    value=found.value,
                    unit=TESTS[found.test].unit,
                    low=found.low,
                    high=found.high,
                    n=found.n,
                    method=found.method,
                    quality=quality,
                    remark="; ".join(r for r in (found.remark, *series.remarks) if r),
                    source=series.source,
                )
            )
    return tuple(readings)


def _from_table(v: ReflexValue) -> Reading:
    return Reading(
        site=v.site,
        side=v.side,
        measure=v.test,
        value=v.value,
        unit=TESTS[v.test].unit,
        n=0 if v.value is None else 1,
        method="table",
        device=v.device,
        quality="failed" if v.value is None else "good",
        remark="no value in the table" if v.value is None else "",
        source=v.source,
    )
