"""The changes of a participant's readings from the first visit to each later one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from nociscope.change.model import Change, ChangeVerdict, Course
from nociscope.change.reference import IVIG_TRIALS, Z, is_ivig, limit_for, placebo_for
from nociscope.rules.model import Evidence, VisitEvidence
from nociscope.rules.nerves import exceeds
from nociscope.rules.reliable_change import lower_is_better
from nociscope.tables import Reading
from nociscope.tsv import format_number

_Key = tuple[str, str, str, str, str, str]


def course_of(evidence: Evidence) -> Course | None:
    """Return the course of a participant, None with fewer than two visits.

    Only values measured in the same way are compared: same assay, place, measure, method and unit. Where a visit has
    several such readings (frames of one eye, repeated recordings) none is chosen, and the measure is left out.
    """
    if len(evidence.visits) < 2:
        return None
    treatments = tuple((v.session_id, t.words) for v in evidence.visits for t in v.treatments)
    ivig = any(is_ivig(t.drug) for v in evidence.visits for t in v.treatments)
    return Course(
        sessions=tuple(v.session_id for v in evidence.visits),
        treatments=treatments,
        changes=tuple(_changes(evidence)),
        trials=IVIG_TRIALS if ivig else (),
    )


def _changes(evidence: Evidence) -> Iterator[Change]:
    series: dict[_Key, list[tuple[str, Reading]]] = {}
    for visit in evidence.visits:
        for key, reading in _single(visit).items():
            series.setdefault(key, []).append((visit.session_id, reading))
    for found in series.values():
        (first_at, first), later = found[0], found[1:]
        for session, last in later:
            yield change_between(
                first, last, first_at, session, evidence.participant.participant_id, evidence.settings
            )


def _single(visit: VisitEvidence) -> Mapping[_Key, Reading]:
    groups: dict[_Key, list[Reading]] = {}
    for r in visit.readings:
        if r.value is not None and r.quality != "failed" and r.censored == "none":
            groups.setdefault((r.assay, r.site, r.side, r.measure, r.method, r.unit), []).append(r)
    return {k: v[0] for k, v in groups.items() if len(v) == 1}


def interval_of_change(first: Reading, last: Reading) -> tuple[float, float] | None:
    """Return the 95 % interval of a difference from the intervals of both values, None when one has none.

    Square-and-add: with change d, the lower end is d - sqrt((x2 - l2)^2 + (u1 - x1)^2) and the upper end is
    d + sqrt((u2 - x2)^2 + (x1 - l1)^2), which keeps the skewness of intervals of counts. It holds the error of
    counting
    or averaging at each visit, not that of placing the probe or the punch elsewhere.
    """
    ends = (first.value, first.low, first.high, last.value, last.low, last.high)
    if any(x is None for x in ends):
        return None
    x1, l1, u1, x2, l2, u2 = (float(x) for x in ends if x is not None)
    change = x2 - x1
    return change - math.hypot(x2 - l2, u1 - x1), change + math.hypot(u2 - x2, x1 - l1)


def change_between(
    first: Reading, last: Reading, first_at: str, last_at: str, participant_id: str, settings: Mapping[str, object]
) -> Change:
    """Return the change between two readings of the same thing, against measurement error."""
    before, after = float(first.value or 0.0), float(last.value or 0.0)
    change = after - before
    interval = interval_of_change(first, last)
    error = limit_for(last.measure, settings)
    limit = None if error is None else error.absolute(before, after)
    verdict: ChangeVerdict = "no_limit"
    rci: float | None = None
    if limit is not None:
        verdict = "within_error"
        if error is not None and not error.is_factor:
            rci = change / (limit / Z)
        if exceeds(abs(change), limit):
            lower = lower_is_better(last, _better(last.measure, settings))
            verdict = "changed" if lower is None else "improved" if (change < 0) == lower else "worsened"
    number = lambda x: None if x is None else float(format_number(x))  # noqa: E731 - as the table keeps it
    return Change(
        participant_id=participant_id,
        session_id=last_at,
        assay=last.assay,
        site=last.site,
        side=last.side,
        measure=last.measure,
        first_session=first_at,
        first=before,
        last=after,
        unit=last.unit,
        change=float(format_number(change)),
        low=number(None if interval is None else interval[0]),
        high=number(None if interval is None else interval[1]),
        limit=number(limit),
        rci=number(rci),
        verdict=verdict,
        method=last.method,
        limit_source="" if error is None or limit is None else error.source,
        placebo=placebo_for(last.measure, last.site),
    )


def _better(measure: str, settings: Mapping[str, object]) -> str:
    section = settings.get("reliable_change", {})
    values = section.get(measure, {}) if isinstance(section, Mapping) else {}
    return str(values.get("better", "")) if isinstance(values, Mapping) else ""


def shown_first(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return changes in the order in which a reader wants them: beyond the limit, with a limit, then the rest."""
    rank = {"improved": 0, "worsened": 0, "changed": 0, "within_error": 1, "no_limit": 2}
    return tuple(sorted(changes, key=lambda c: rank[c.verdict]))
