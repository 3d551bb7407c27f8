"""What demyelination criteria say of sensory nerves: a supportive criterion, and how many must be abnormal."""

from __future__ import annotations

from nociscope.assays.ncs.read import NerveStudy
from nociscope.rules.criteria import Sensory
from nociscope.rules.logic import Fact, all_of, any_of, at_least, unknown
from nociscope.rules.nerves import Limits, exceeds, reaches, shown
from nociscope.tsv import MISSING


def _small_and_slow(study: NerveStudy, limits: Limits, rule: Sensory) -> tuple[Fact, Fact]:
    """Return whether a sensory response is below its limit, and whether its velocity is below the rule's part of it.

    The part is another where the amplitude is below `rule.small` of its limit.
    """
    label = study.nerve if study.side == MISSING else f"{study.nerve} {study.side}"
    limit = limits.of(study, "amplitude_lln")
    if study.amplitude is None or limit is None:
        small = unknown(f"{label}: {'amplitude' if study.amplitude is None else 'amplitude_lln'}")
        share = None
    else:
        small = Fact(study.amplitude < limit * (1 - 1e-9), (f"{label}: amplitude {shown(study.amplitude)}",))
        share = study.amplitude / limit if limit else None
    slow_limit = limits.of(study, "velocity_lln")
    if study.amplitude == 0:
        return small, Fact(False)
    if study.velocity_m_s is None or slow_limit is None:
        return small, unknown(f"{label}: {'velocity_m_s' if study.velocity_m_s is None else 'velocity_lln'}")
    ratio = study.velocity_m_s / slow_limit
    by = (f"{label}: velocity_m_s {shown(study.velocity_m_s)}",)
    if ratio < (rule.velocity_small or 0) - 1e-9:
        return small, Fact(True, by)
    if ratio >= (rule.velocity or 0) - 1e-9:
        return small, Fact(False, by)
    if share is None:
        return small, unknown(f"{label}: amplitude_lln")
    return small, Fact(reaches(share, rule.small), by)


def supportive_sensory(studies: tuple[NerveStudy, ...], limits: Limits, rule: Sensory) -> Fact:
    """Tell whether the supportive sensory criterion is met: a nerve is spared where others are lost, or one is slow.

    Carpal tunnel syndrome is excluded by the reader of the study.
    """
    sensory = [s for s in studies if s.kind == "sensory"]
    if not sensory:
        return unknown("sensory nerves")
    pairs = {id(s): _small_and_slow(s, limits, rule) for s in sensory}
    sural = [pairs[id(s)][0] for s in sensory if s.nerve == rule.spared]
    arm = [pairs[id(s)][0] for s in sensory if s.nerve in rule.lost]
    spared = (
        unknown(rule.spared)
        if not sural
        else Fact(
            None if any(f.value is None for f in sural) else not any(f.value for f in sural),
            (f"{rule.spared} normal",),
            (rule.spared,),
        )
    )
    lost = any_of(*arm) if arm else unknown(f"{' or '.join(rule.lost)} sensory amplitude")
    return any_of(all_of(spared, lost), *(slow for _, slow in pairs.values()))


def abnormal_sensory(studies: tuple[NerveStudy, ...], limits: Limits, rule: Sensory) -> Fact:
    """Tell whether enough sensory nerves have an amplitude, latency or velocity outside its limit."""
    groups: dict[tuple[str, str], list[Fact]] = {}
    for s in studies:
        if s.kind == "sensory":
            groups.setdefault((s.nerve, s.side), []).append(_abnormal(s, limits))
    if not groups:
        return unknown("sensory nerves")
    each = [any_of(*facts) for facts in groups.values()]
    if len(groups) < rule.nerves:
        if any_of(*each).value:
            return unknown("a second sensory nerve" if rule.nerves == 2 else f"{rule.nerves} sensory nerves")
        return Fact(False, ("sensory nerves normal",))
    found = at_least(rule.nerves, each)
    few = "two" if rule.nerves == 2 else str(rule.nerves)
    return Fact(False, (f"fewer than {few} abnormal sensory nerves",)) if found.value is False else found


def _abnormal(s: NerveStudy, limits: Limits) -> Fact:
    """Tell whether a sensory study is outside one of its limits; a value without a limit is unknown."""
    label = s.nerve if s.side == MISSING else f"{s.nerve} {s.side}"
    low, slow = limits.of(s, "amplitude_lln"), limits.of(s, "velocity_lln")
    facts = [Fact(exceeds(value, late), (f"{label}: latency",)) for _, value, late in limits.latencies(s)]
    if s.amplitude is not None and low is not None:
        facts.append(Fact(exceeds(low, s.amplitude), (f"{label}: amplitude",)))
    if s.velocity_m_s is not None and slow is not None:
        facts.append(Fact(exceeds(slow, s.velocity_m_s), (f"{label}: velocity_m_s",)))
    if s.amplitude is None or low is None:
        facts.append(unknown(f"{label}: {'amplitude' if s.amplitude is None else 'amplitude_lln'}"))
    return any_of(*facts)
