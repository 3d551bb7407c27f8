"""From a QST recording to readings; pure."""

from __future__ import annotations

from collections.abc import Sequence

from nociscope.assays.qst.parameters import PARAMETERS
from nociscope.assays.qst.psychometric import fit_many
from nociscope.assays.qst.read import QstRecording, QstValue, Trial
from nociscope.assays.qst.settings import Settings
from nociscope.assays.qst.trials import aggregate
from nociscope.assays.qst.yes_no import readings_of_fit
from nociscope.tables import Reading

_ORDER = {code: i for i, code in enumerate(PARAMETERS)}


def measure(recording: QstRecording, settings: Settings) -> tuple[Reading, ...]:
    """Return the readings of a visit: values as written, averages of trials, thresholds and slopes of yes/no trials.

    Parameters
    ----------
    recording : QstRecording
    settings : Settings

    Returns
    -------
    tuple of Reading
        By site, side, DFNS order of the parameters, and method.
    """
    readings = [_from_value(v) for v in recording.values]
    yes_no: list[tuple[Trial, ...]] = []
    for group in grouped(recording.trials):
        if group[0].task == "yes_no":
            yes_no.append(group)
        else:
            readings.append(_from_trials(group, settings))
    fits = fit_many(
        [[t.intensity or 0.0 for t in g] for g in yes_no],
        [[t.response == "yes" for t in g] for g in yes_no],
        lapse=settings.lapse,
        minimum=settings.minimum_yes_no_trials,
    )
    for group, fit in zip(yes_no, fits, strict=True):
        readings += readings_of_fit(group, fit)
    return tuple(sorted(readings, key=_key))


def grouped(trials: Sequence[Trial]) -> list[tuple[Trial, ...]]:
    """Return trials that make one value: same parameter, site, side, kind of trial, device, baseline."""
    groups: dict[tuple[object, ...], list[Trial]] = {}
    for t in trials:
        baseline = t.baseline if t.task == "yes_no" else None
        groups.setdefault((t.site, t.side, t.parameter, t.task, t.device, baseline), []).append(t)
    return [tuple(g) for g in groups.values()]


def source_of(group: Sequence[Trial]) -> str:
    """Return the file of a group of trials; several are named together."""
    return "; ".join(sorted({t.source for t in group}))


def _key(reading: Reading) -> tuple[object, ...]:
    code, _, slope = reading.measure.partition("_")
    return reading.site, reading.side, _ORDER[code], slope, reading.method, reading.device, reading.source


def _from_value(v: QstValue) -> Reading:
    return Reading(
        site=v.site,
        side=v.side,
        measure=v.parameter,
        value=v.value,
        unit=PARAMETERS[v.parameter].unit,
        censored=v.censored,
        method=v.method,
        device=v.device,
        remark=v.remark,
        source=v.source,
    )


def _from_trials(group: tuple[Trial, ...], settings: Settings) -> Reading:
    first = group[0]
    a = aggregate(first.parameter, group, settings)
    return Reading(
        site=first.site,
        side=first.side,
        measure=first.parameter,
        value=a.value,
        unit=PARAMETERS[first.parameter].unit,
        low=a.low,
        high=a.high,
        n=a.n,
        censored=a.censored,
        method=a.method,
        device=first.device,
        quality=a.quality,
        remark=a.remark,
        source=source_of(group),
    )
