"""Reliable change: is a person's change larger than measurement error?"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from nociscope.rules.model import Decision, Evidence, Rule, VisitEvidence
from nociscope.rules.nerves import exceeds, shown
from nociscope.tables import Reading
from nociscope.tsv import MISSING

KEY = "reliable_change"

Z = 1.96


def standard_error(sd: float, reliability: float) -> float:
    """Return the standard error of a difference: sd sqrt(2) sqrt(1 - r) (Jacobson & Truax 1991)."""
    return sd * math.sqrt(2.0) * math.sqrt(1.0 - reliability)


def wrong_settings(section: Mapping[str, Any], analytes: Collection[str] = ()) -> list[str]:
    """Return what is wrong with ``[rules.reliable_change.<measure>]`` sections, in sentences without a full stop."""
    wrong: list[str] = []
    known = _measures() | set(analytes)
    for name, values in section.items():
        where = f"[rules.{KEY}.{name}]"
        if not isinstance(values, Mapping):
            wrong.append(f"{where} is not a section")
            continue
        if name not in known:
            near = get_close_matches(name, sorted(known), 1, 0.6)
            wrong.append(f"{where}: no test yields {name}" + (f"; did you mean {near[0]}" if near else ""))
        sd, r = values.get("sd"), values.get("reliability")
        if not _number(sd) or not 0 < float(sd) < math.inf:  # type: ignore[arg-type]
            wrong.append(f"{where} sd is {_shown(sd)}, expected a number above 0")
        if not _number(r) or not 0 <= float(r) < 1:  # type: ignore[arg-type]
            wrong.append(f"{where} reliability is {_shown(r)}, expected a number from 0 to below 1")
        if values.get("better", "lower") not in ("lower", "higher"):
            wrong.append(f"{where} better is neither lower nor higher")
        wrong += [f"{where} has no setting {k}" for k in values if k not in ("sd", "reliability", "better")]
    return wrong


def _measures() -> set[str]:
    """Return every measure that an assay declares, and the analytes that the laboratory assay knows by name."""
    from nociscope.assays.labs.panel import CAUSES, TITLES
    from nociscope.assays.registry import assays

    analytes = {*TITLES, *(a for cause in CAUSES for a in cause.analytes)}
    declared = {m.name for assay in assays() for m in assay.measures}
    return declared | analytes | {f"{a}_uln_ratio" for a in analytes}


def _shown(value: Any) -> str:
    return "missing" if value is None else f"“{value}”" if isinstance(value, str) else str(value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def lower_is_better(reading: Reading, better: str = "") -> bool | None:
    """Tell whether a fall of a measure is an improvement; None when nobody says.

    The settings go first, then the direction of loss that the assay declares; of questionnaires without one, a
    fall is
    an improvement, except in RAND-36.
    """
    if better in ("lower", "higher"):
        return better == "lower"
    from nociscope.assays.registry import assay_named

    try:
        declared = assay_named(reading.assay).measure_named(reading.measure)
    except KeyError:
        declared = None
    if declared is not None and declared.loss != "none":
        return declared.loss == "high"
    if reading.assay == "questionnaires":
        return not reading.measure.startswith("rand36")
    return None


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge every configured measure that was read at all, place by place."""
    section = evidence.settings.get(KEY, {})
    if not isinstance(section, Mapping):
        return ()
    return tuple(d for name, values in section.items() for d in _of_measure(evidence, name, values))


def _of_measure(evidence: Evidence, name: str, values: Mapping[str, Any]) -> Iterator[Decision]:
    series: dict[tuple[str, str, str, str], list[tuple[str, Reading]]] = {}
    for visit in evidence.visits:
        for key, reading in _unique(visit, name).items():
            series.setdefault(key, []).append((visit.session_id, reading))
    se = standard_error(float(values["sd"]), float(values["reliability"]))
    for (_, site, side, _method), found in series.items():
        place = " ".join(x for x in (site, side) if x != MISSING)
        label = f"{name} {place}".strip()
        if len(found) < 2:
            inputs = (f"{label} at {found[0][0]}",)
            yield Decision(verdict="cannot_tell", inputs=inputs, missing=(f"{label} at a second visit",))
            continue
        (first_at, first), (last_at, last) = found[0], found[-1]
        yield _judged(label, first_at, first, last_at, last, se, str(values.get("better", "")))


def _unique(visit: VisitEvidence, measure: str) -> dict[tuple[str, str, str, str], Reading]:
    """Return the readings of a measure by place and method; a place with several is left out, as none is chosen."""
    found: dict[tuple[str, str, str, str], list[Reading]] = {}
    for r in visit.find(measure):
        found.setdefault((r.assay, r.site, r.side, r.method), []).append(r)
    return {k: v[0] for k, v in found.items() if len(v) == 1}


def _judged(
    label: str, first_at: str, first: Reading, last_at: str, last: Reading, se: float, better: str
) -> Decision:
    before, after = float(first.value or 0.0), float(last.value or 0.0)
    rci = (after - before) / se
    lower = lower_is_better(last, better)
    inputs = (
        f"{label} {shown(before)} at {first_at}",
        f"{label} {shown(after)} at {last_at}",
        f"standard error of a difference {shown(se)}",
    )
    reliable = exceeds(abs(rci), Z)
    by = (f"{label}: RCI {shown(rci)}",)
    if reliable and lower is None:
        text = f"whether a lower {label} is better: [rules.{KEY}.{last.measure}] better"
        return Decision(verdict="cannot_tell", grade="changed", decided_by=by, inputs=inputs, missing=(text,))
    improved = reliable and (rci < 0) == lower
    return Decision(
        verdict="meets" if improved else "does_not_meet",
        grade="improved" if improved else "worsened" if reliable else "unchanged",
        decided_by=by,
        inputs=inputs,
    )


RULE = Rule(
    key=KEY,
    title="Reliable change",
    citation=(
        "Jacobson NS, Truax P. Clinical significance: a statistical approach to defining meaningful change in "
        "psychotherapy research. J Consult Clin Psychol 1991;59:12-19"
    ),
    doi="10.1037/0022-006X.59.1.12",
    status="read",
    status_note=(
        "sd and reliability come from the settings: [rules.reliable_change.<measure>] sd = …, reliability = …"
    ),
    says=(
        "SE = sd sqrt(2) sqrt(1 - reliability); RCI = (last - first) / SE",
        "met by a reliable improvement: |RCI| > 1.96 in the better direction (settings: better = lower or higher)",
    ),
    accuracy="2.5 % of people who do not change seem to improve",
    evaluate=evaluate,
    scope="course",
    check=wrong_settings,
)
