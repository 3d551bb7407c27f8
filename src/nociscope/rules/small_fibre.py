"""What rules on small fibres look at: signs, thermal thresholds of the foot, fibre density, nerve conduction.

Each becomes a :class:`~nociscope.rules.logic.Fact` whose words carry the value, so that a finding can be checked from
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from nociscope.assays.ncs.read import NerveStudy
from nociscope.rules.logic import NEVER, Fact, all_of, any_of, union, unknown
from nociscope.rules.model import Decision, Evidence, VisitEvidence
from nociscope.rules.nerves import Limits, exceeds, limits_of, shown
from nociscope.study.clinical import SIGNS
from nociscope.tables import Reading, Score
from nociscope.tsv import MISSING, format_number

SMALL_SIGNS = tuple(name for name, kind in SIGNS.items() if kind == "small-fibre")
LARGE_SIGNS = tuple(name for name, kind in SIGNS.items() if kind == "large-fibre")
MOTOR_SIGNS = tuple(name for name, kind in SIGNS.items() if kind == "motor")

PATHOLOGY = "pathology"
"""Grade of a rule that is not met while fibre density, and nothing else, is reduced."""

PATHOLOGY_WORDS = "only the density is reduced: small-fibre pathology, which is not neuropathy"

FOOT = "foot_dorsum"
LEG = "distal_leg"

_REASON_LENGTH = 160

Keep = Callable[[Reading], bool]


# --- signs ---


def sign(visit: VisitEvidence, name: str) -> Fact:
    """Return whether a sign is there, in words; unknown when it was not examined."""
    value = visit.signs.get(name)
    return unknown(name) if value is None else Fact(value, (f"{name}: {'yes' if value else 'no'}",))


def signs(visit: VisitEvidence, names: Iterable[str]) -> tuple[Fact, ...]:
    """Return several signs in order."""
    return tuple(sign(visit, name) for name in names)


# --- scores ---


def beyond(
    visit: VisitEvidence,
    measure: str,
    *,
    assay: str,
    site: str = "",
    keep: Keep | None = None,
    missing: str = "",
) -> Fact:
    """Tell whether a measure is lost or abnormal at any side or site.

    Parameters
    ----------
    visit : VisitEvidence
    measure, assay : str
    site : str
        Empty: any.
    keep : callable, optional
        Which readings count; a score whose reading is not recorded counts.
    missing : str
        What to call the input when nothing of it could be compared.

    Returns
    -------
    Fact
        Unknown when nothing could be compared, with the reason, and when a value within its limits is censored, so
        that the true one may be beyond.
    """
    name = missing or (f"{measure} at {site}" if site else measure)
    scores = [s for s in visit.scores if (s.assay, s.measure) == (assay, measure) and site in ("", s.site)]
    pairs = [(s, _reading_of(visit, s)) for s in scores]
    if keep is not None:
        pairs = [(s, r) for s, r in pairs if r is None or keep(r)]
    comparable = [(s, r) for s, r in pairs if s.call != "not_comparable"]
    lost = [s for s, _ in comparable if s.call in ("loss", "abnormal")]
    if lost:
        return Fact(True, tuple(_score_words(s, _reading_of(visit, s)) for s in lost))
    if not comparable:
        reasons = tuple(dict.fromkeys(s.reason for s, _ in pairs if s.reason and s.value is not None))
        return unknown(f"{name} ({_short(reasons[0])})" if reasons else name)
    if any(r is not None and _may_be_lost(s, r) for s, r in comparable):
        return unknown(f"{name} (censored: the true value may be beyond the limit)")
    return Fact(False, tuple(_score_words(s, r) for s, r in comparable))


def _reading_of(visit: VisitEvidence, score: Score) -> Reading | None:
    """Return the reading that a score was made of."""
    for r in visit.readings:
        place = (r.assay, r.measure, r.site, r.side)
        if place == (score.assay, score.measure, score.site, score.side) and r.value == score.value:
            return r
    return None


def _may_be_lost(score: Score, reading: Reading) -> bool:
    if reading.censored == "none":
        return False
    from nociscope.assays.registry import assay_named

    try:
        declared = assay_named(score.assay).measure_named(score.measure)
    except KeyError:
        declared = None
    loss = "none" if declared is None else declared.loss
    outward = "high" if reading.censored == "above" else "low"
    limit = score.limit_high if outward == "high" else score.limit_low
    return limit is not None and loss in ("none", outward)


def _score_words(score: Score, reading: Reading | None) -> str:
    """Return ``ienfd distal_leg 3.1 /mm: below 4.5 (probability 0.97)``."""
    place = " ".join(x for x in (score.site, score.side) if x != MISSING)
    value = "" if score.value is None else f" {_digits(score.value)} {score.unit}".rstrip()
    poor = ", poor quality" if reading is not None and reading.quality == "poor" else ""
    return f"{score.measure} {place}".rstrip() + value + f": {_against(score)}{_probability(score)}{poor}"


def _probability(score: Score) -> str:
    """Return how likely the true value is beyond the limit, where that is known."""
    if score.p_beyond is None:
        return ""
    beyond_it = "" if score.call in ("loss", "abnormal") else "beyond: "
    p = "> 0.99" if score.p_beyond > 0.99 else "< 0.01" if score.p_beyond < 0.01 else f"{score.p_beyond:.2f}"
    return f" (probability {beyond_it}{p})"


def _against(score: Score) -> str:
    low, high, value = score.limit_low, score.limit_high, score.value
    if score.call == "normal":
        return "within its limits"
    if score.call == "gain":
        return "no loss"
    if value is not None and low is not None and value <= low:
        return f"below {_digits(low)}"
    if value is not None and high is not None and value >= high:
        return f"above {_digits(high)}"
    return "beyond its limit"


def _digits(value: float) -> str:
    """Return a number with three digits."""
    return format_number(float(f"{value:.3g}"))


def _short(reason: str) -> str:
    """Return the first clause of a reason; the scores hold all of it."""
    text = reason.split("; ")[0]
    return text if len(text) <= _REASON_LENGTH else text[: _REASON_LENGTH - 1].rstrip() + "…"


def measured(visit: VisitEvidence, assay: str, measures: Iterable[str], site: str = "") -> bool:
    """Tell whether there is any value of these measures."""
    return any(visit.find(m, assay=assay, site=site) for m in measures)


def thermal_foot(visit: VisitEvidence) -> Fact:
    """Tell whether the cool or the warm threshold of the foot shows loss."""
    cool, warm = (beyond(visit, code, assay="qst", site=FOOT) for code in ("cdt", "wdt"))
    return any_of(cool, warm)


def density(visit: VisitEvidence) -> Fact:
    """Tell whether the fibre density of the distal leg is below its limit."""
    return beyond(visit, "ienfd", assay="biopsy", site=LEG)


def has_tests(visit: VisitEvidence) -> bool:
    """Tell whether thermal thresholds of the foot or the density of the distal leg were measured."""
    return measured(visit, "qst", ("cdt", "wdt"), FOOT) or measured(visit, "biopsy", ("ienfd",), LEG)


def has_signs(visit: VisitEvidence, names: Iterable[str]) -> bool:
    """Tell whether any of the signs was examined."""
    return any(visit.signs.get(name) is not None for name in names)


# --- nerve conduction ---


def conduction_abnormal(evidence: Evidence, rule: str) -> Fact:
    """Tell whether any nerve conduction value is beyond the laboratory's limit.

    Unknown when none is and no sensory amplitude was judged, or a distal amplitude has no limit. Latencies and
    velocities without a limit are not asked for. Where the laboratory gives no limit a published one stands in, see
    :func:`~nociscope.rules.nerves.limits_of`.
    """
    studies = evidence.visit.nerve_studies
    if not studies:
        return unknown("ncs (nerve conduction: sural and others)")
    limits = limits_of(evidence, rule)
    facts = [_study_abnormal(s, limits) for s in studies]
    if not any(s.kind == "sensory" and s.level == 0 and s.amplitude is not None for s in studies):
        facts.append(unknown("amplitude of a sensory nerve (sural)"))
    fact = any_of(*facts)
    return Fact(False, ("nerve conduction within its limits",)) if fact.value is False else fact


def sural_abnormal(evidence: Evidence, rule: str) -> Fact:
    """Tell whether the sensory response of the sural nerve is abnormal on any side that was studied."""
    studies = [s for s in evidence.visit.nerve_studies if (s.nerve, s.kind) == ("sural", "sensory")]
    if not any(s.amplitude is not None for s in studies):
        return unknown("sural (nerve conduction)")
    limits = limits_of(evidence, rule)
    fact = any_of(*(_study_abnormal(s, limits) for s in studies))
    return Fact(False, ("sural: within its limits",)) if fact.value is False else fact


def _study_abnormal(study: NerveStudy, limits: Limits) -> Fact:
    """Tell whether a value of one study is beyond its limit; unknown when its distal amplitude has none."""
    label = study.nerve if study.side == MISSING else f"{study.nerve} {study.side}"
    if study.level == 0 and study.kind != "f_wave" and study.amplitude == 0:
        return Fact(True, (f"{label}: amplitude 0, no response",))
    found: list[str] = []
    if study.level == 0 and study.kind != "f_wave":
        for column, value, latest in limits.latencies(study):
            if exceeds(value, latest):
                found.append(f"{label}: {column} {shown(value)}, above {shown(latest)}")
    slowest, latest_f = limits.of(study, "velocity_lln"), limits.of(study, "f_latency_uln")
    if study.velocity_m_s is not None and slowest is not None and exceeds(slowest, study.velocity_m_s):
        found.append(f"{label}: velocity_m_s {shown(study.velocity_m_s)}, below {shown(slowest)}")
    if study.f_latency_ms is not None and latest_f is not None and exceeds(study.f_latency_ms, latest_f):
        found.append(f"{label}: f_latency_ms {shown(study.f_latency_ms)}, above {shown(latest_f)}")
    lacks = False
    if study.level == 0 and study.kind != "f_wave" and study.amplitude is not None:
        smallest = limits.of(study, "amplitude_lln")
        lacks = smallest is None
        if smallest is not None and exceeds(smallest, study.amplitude):
            found.insert(0, f"{label}: amplitude {shown(study.amplitude)}, below {shown(smallest)}")
    if found:
        return Fact(True, tuple(found))
    return unknown(f"{label}: amplitude_lln") if lacks else NEVER


# --- what is put together from them ---


def lone_density(low: Fact, *others: Fact) -> bool:
    """Tell whether the density is reduced and all else is known to be in order."""
    return low.value is True and all(f.value is False for f in others)


def words_of(*facts: Fact) -> tuple[str, ...]:
    """Return what is known, in words: the inputs of a finding."""
    return union(f.by for f in facts if f.value is not None)


def graded(levels: Sequence[tuple[str, Fact]], inputs: tuple[str, ...]) -> Decision:
    """Return the highest grade that is reached; each grade needs the one before.

    Parameters
    ----------
    levels : sequence of (str, Fact)
        Grade and what it needs beside the grades before it, from the lowest.
    inputs : tuple of str

    Returns
    -------
    Decision
        Met from the lowest grade on. What is missing for the next grade is named as well.
    """
    reached = Fact(True)
    grade = ""
    missing: tuple[str, ...] = ()
    for name, needs in levels:
        here = all_of(reached, needs)
        if here.value is True:
            reached, grade = Fact(True, union((reached.by, here.by))), name
            continue
        if not grade:
            verdict = "cannot_tell" if here.value is None else "does_not_meet"
            return Decision(verdict=verdict, decided_by=here.by, inputs=inputs, missing=here.missing)  # type: ignore[arg-type]
        missing = tuple(f"{m} (for the grade {name})" for m in here.missing)
        break
    return Decision(verdict="meets", grade=grade, decided_by=reached.by, inputs=inputs, missing=missing)
