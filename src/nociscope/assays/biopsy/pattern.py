"""Which way fibres are lost: not, distally, proximally, or both; decided by the limits of norms, so after scoring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nociscope.assays.biopsy.measure import BiopsySettings
from nociscope.tables import Reading, Score
from nociscope.tsv import MISSING

PATTERNS = {0: "none", 1: "distal", 2: "proximal", 3: "both"}

EVDOKIMOV_DOI = "10.1002/ana.25565"

State = Literal["below", "within", "unknown"]


@dataclass(frozen=True, slots=True)
class Pattern:
    """What the scores say of distal leg and thigh.

    Attributes
    ----------
    value : int or None
        0 none, 1 distal, 2 proximal, 3 both; None when leg or thigh could not be judged.
    leg, thigh : {'below', 'within', 'unknown'}
    sites : int
        Biopsies that were judged.
    remark : str
    """

    value: int | None
    leg: State
    thigh: State
    sites: int
    remark: str


def chance_of_false_loss(sites: int, percent: float = 5.0) -> float:
    """Return the probability that a healthy person is below the limit at one or more of several sites.

    1 - (1 - percent/100)^sites, for independent sites; sites of one person go together, so it is an upper value.
    """
    return 1 - (1 - percent / 100) ** sites


def _state(calls: Sequence[str]) -> State:
    """Return what the scores of one region say together.

    Below when a biopsy there is below its limit, on either side; within when one is within and none below: the sides
    of a person hardly differ (Provitera 2015, r 0.95 to 0.97). Where several norms judge one biopsy and disagree the
    caller passes ``mixed``.
    """
    if "loss" in calls:
        return "below"
    return "unknown" if "mixed" in calls or "within" not in calls else "within"


def _judge(scores: Sequence[Score], site: str) -> tuple[State, int, list[str]]:
    """Return the state of a site, how many biopsies were judged, and what stood in the way."""
    by_side: dict[str, list[Score]] = {}
    for score in scores:
        if score.measure == "ienfd" and score.site == site:
            by_side.setdefault(score.side, []).append(score)
    calls: list[str] = []
    reasons: list[str] = []
    judged = 0
    for of_side in by_side.values():
        comparable = {("loss" if s.call == "loss" else "within") for s in of_side if s.call != "not_comparable"}
        if not comparable:
            calls.append("not_comparable")
            reasons += [s.reason for s in of_side if s.reason]
        elif len(comparable) > 1:
            calls.append("mixed")
            reasons.append("its norms disagree")
        else:
            judged += 1
            calls.append(comparable.pop())
    if not by_side:
        reasons.append("no biopsy")
    return _state(calls), judged, reasons


def loss_pattern(scores: Sequence[Score]) -> Pattern:
    """Return the pattern of fibre loss that scores of `ienfd` show.

    Parameters
    ----------
    scores : sequence of Score
        Of one visit; all but those of `ienfd` at the distal leg and the thigh are ignored.

    Returns
    -------
    Pattern
        Its value is None unless both regions were judged: each that is missing would change the answer (a low leg is
        `distal` or `both`). The remark then says what is known.

    Notes
    -----
    Distal: the leg below its limit; proximal: the thigh below its own, which comes from the study's own controls, as
    no published norm of the thigh is active. The four classes are those of Evdokimov 2019 (doi 10.1002/ana.25565),
    where 18 % of healthy women were reduced at one site or more: the more sites, the more often by chance.
    """
    leg, legs, leg_reasons = _judge(scores, "distal_leg")
    thigh, thighs, thigh_reasons = _judge(scores, "thigh")
    remarks: list[str] = []
    value: int | None = None
    if leg != "unknown" and thigh != "unknown":
        value = (leg == "below") + 2 * (thigh == "below")
        remarks.append(PATTERNS[value])
    else:
        for name, state, reasons in (("distal leg", leg, leg_reasons), ("thigh", thigh, thigh_reasons)):
            if state == "unknown":
                why = "; ".join(dict.fromkeys(reasons))
                remarks.append(f"{name} not judged" + (f" ({why})" if why else ""))
            else:
                remarks.append(f"{name} {state} its limit" if state == "below" else f"{name} within its limits")
    sites = legs + thighs
    if sites > 1:
        remarks.append(
            f"with {sites} biopsies, and if each limit is a 5th centile, up to "
            f"{100 * chance_of_false_loss(sites):.0f} % of healthy people are below one by chance; "
            f"18 % of healthy women were (doi {EVDOKIMOV_DOI})"
        )
    return Pattern(value, leg, thigh, sites, "; ".join(remarks))


def from_scores(
    readings: Sequence[Reading], scores: Sequence[Score], settings: BiopsySettings | None = None
) -> tuple[Reading, ...]:
    """Return the reading of `loss_pattern`, once the densities of a visit have been scored.

    Parameters
    ----------
    readings : sequence of Reading
        Of this assay at this visit.
    scores : sequence of Score
        Of these readings.
    settings : BiopsySettings, optional
        Not used.

    Returns
    -------
    tuple of Reading
        One, of site and side ``n/a``; none when neither leg nor thigh was biopsied.
    """
    used = [r for r in readings if r.measure == "ienfd" and r.site in ("distal_leg", "thigh")]
    if not used:
        return ()
    found = loss_pattern(scores)
    methods = {r.method for r in used}
    poor = any(r.quality != "good" for r in used)
    return (
        Reading(
            participant_id=used[0].participant_id,
            session_id=used[0].session_id,
            assay=used[0].assay,
            measure="loss_pattern",
            value=None if found.value is None else float(found.value),
            unit="",
            n=found.sites,
            method=methods.pop() if len(methods) == 1 else MISSING,
            quality="failed" if found.value is None else ("poor" if poor else "good"),
            remark=found.remark,
            source=" ".join(sorted({r.source for r in used})),
        ),
    )
