"""How many responded, with intervals, beside what placebo gave in a randomised trial."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from nociscope.change.reference import GEERTS_DOI, PLACEBO_RESPONDERS
from nociscope.tsv import Column, Table, Value

if TYPE_CHECKING:
    from nociscope.results import VisitResult

PAIN = "pain_nrs_total"

RESPONDERS = Table(
    "responders",
    "How many of a group responded, by one definition",
    (
        Column("group", "Group of the participants, all for everyone"),
        Column("definition", "Who counts as a responder, from the first to the last visit"),
        Column("responders", "How many responded", "integer", minimum=0),
        Column("n", "How many had a value at both", "integer", minimum=0),
        Column("percent", "Share that responded", "number", unit="%"),
        Column("low", "Lower end of its 95 % interval (Clopper-Pearson)", "number", unit="%"),
        Column("high", "Upper end of that interval", "number", unit="%"),
        Column("placebo_percent", "Share on placebo in a randomised trial, same definition", "number", unit="%"),
        Column("placebo_low", "Lower end of its 95 % interval", "number", unit="%"),
        Column("placebo_high", "Upper end of that interval", "number", unit="%"),
        Column("expected_on_placebo", "How many of the n would have responded at the placebo rate", "number"),
        Column("placebo_source", "The trial"),
    ),
)


def clopper_pearson(k: int, n: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a proportion (Clopper and Pearson 1934, doi 10.1093/biomet/26.4.404)."""
    from scipy.special import betaincinv

    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, 0.025))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 0.975))
    return low, high


def responder_rows(results: Iterable[VisitResult]) -> list[dict[str, Value]]:
    """Return the rows of :data:`RESPONDERS`: falls of pain from each participant's first to last rated visit."""
    pairs: dict[str, tuple[str, float, float]] = {}
    for result in results:
        if result.course is None:
            continue
        found = [c for c in result.course.changes if c.measure == PAIN]
        if found:
            group = str(result.participant.get("group") or "n/a")
            pairs[result.participant_id] = (group, found[-1].first, found[-1].last)
    groups: dict[str, list[tuple[float, float]]] = {}
    for group, first, last in pairs.values():
        groups.setdefault(group, []).append((first, last))
    if len(groups) > 1:
        groups = {"all": [(a, b) for _, a, b in pairs.values()], **dict(sorted(groups.items()))}
    return [row for group, members in groups.items() for row in _rows(group, members)]


def _rows(group: str, members: Sequence[tuple[float, float]]) -> Iterable[dict[str, Value]]:
    falls = [(first - last, (first - last) / first if first > 0 else 0.0) for first, last in members]
    yield _row(group, "pain lower by 1 point or more", sum(d >= 1 - 1e-9 for d, _ in falls), len(falls), placebo=True)
    for percent in (30, 50):
        count = sum(share >= percent / 100 - 1e-9 for _, share in falls)
        yield _row(group, f"pain lower by {percent} % or more", count, len(falls), placebo=False)


def _row(group: str, definition: str, k: int, n: int, *, placebo: bool) -> dict[str, Value]:
    low, high = clopper_pearson(k, n)
    row: dict[str, Value] = {
        "group": group,
        "definition": definition,
        "responders": k,
        "n": n,
        "percent": 100 * k / n,
        "low": 100 * low,
        "high": 100 * high,
    }
    if placebo:
        events, people = PLACEBO_RESPONDERS
        below, above = clopper_pearson(events, people)
        row |= {
            "placebo_percent": 100 * events / people,
            "placebo_low": 100 * below,
            "placebo_high": 100 * above,
            "expected_on_placebo": n * events / people,
            "placebo_source": f"Geerts 2021, 12 weeks, idiopathic small-fibre neuropathy, doi:{GEERTS_DOI}",
        }
    return row
