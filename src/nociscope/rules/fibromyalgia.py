"""Criteria of fibromyalgia: ACR 1990, 2010, 2011 and 2016, and AAPT 2019, side by side.

An answer that is missing counts as every value it could have: a verdict stands when all of them give it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

from nociscope.rules.answers import Given, answers, answers_table
from nociscope.rules.logic import Fact, all_of, any_of, negate, unknown
from nociscope.rules.model import Decision, Evidence, Rule, decided
from nociscope.tsv import format_number

TABLE = answers_table("fm_criteria")
MONTHS = 3.0

REGIONS = {
    "left upper": ("shoulder_girdle_left", "upper_arm_left", "lower_arm_left"),
    "right upper": ("shoulder_girdle_right", "upper_arm_right", "lower_arm_right"),
    "left lower": ("hip_left", "upper_leg_left", "lower_leg_left"),
    "right lower": ("hip_right", "upper_leg_right", "lower_leg_right"),
    "axial": ("neck", "upper_back", "lower_back"),
}
NO_REGION = ("jaw_left", "jaw_right", "chest", "abdomen")
"""Areas that count in the widespread pain index and in no region."""
AREAS = (*(area for areas in REGIONS.values() for area in areas), *NO_REGION)

CORE = ("fatigue", "unrefreshed", "cognition")
SSS_2010 = {**dict.fromkeys(CORE, 3), "somatic": 3}
SSS_2011 = {**dict.fromkeys(CORE, 3), "headache": 1, "abdominal_pain": 1, "depression": 1}


def possible_pain(given: Given) -> frozenset[tuple[int, int]]:
    """Return every (widespread pain index, painful regions) that the answers allow."""
    found = {(0, 0)}
    for areas in (*REGIONS.values(), NO_REGION):
        painful = sum(given.value(a) == 1 for a in areas)
        open_ = sum(given.value(a) is None for a in areas)
        counts = areas is not NO_REGION
        ways = {(painful + more, int(counts and painful + more > 0)) for more in range(open_ + 1)}
        found = {(w + a, r + b) for (w, r), (a, b) in product(found, ways)}
    return frozenset(found)


def possible_sss(given: Given, parts: dict[str, int]) -> range:
    """Return every symptom severity score that the answers allow; `parts` maps item to its largest answer."""
    low = sum(int(given.value(p) or 0) for p in parts)
    return range(low, low + sum(top for p, top in parts.items() if given.value(p) is None) + 1)


def _missing(given: Given, items: Iterable[str]) -> tuple[str, ...]:
    return tuple(i for i in items if given.value(i) is None)


def _severe(
    given: Given, severe: Callable[[int, int], bool], wpi: list[int], sss: range, parts: dict[str, int]
) -> Fact:
    """Return whether index and severity suffice; unknown, with what could change it, where possible values differ."""
    outcomes = {severe(w, s) for w in wpi for s in sss}
    if len(outcomes) == 1:
        return Fact(outcomes.pop(), ("wpi", "sss"))
    lacking: tuple[str, ...] = ()
    if any(len({severe(w, s) for w in wpi}) > 1 for s in sss):
        lacking += ("wpi", *_missing(given, AREAS))
    if any(len({severe(w, s) for s in sss}) > 1 for w in wpi):
        lacking += ("sss", *_missing(given, parts))
    return unknown(*lacking)


def _severity(wpi_low: int) -> Callable[[int, int], bool]:
    return lambda wpi, sss: (wpi >= 7 and sss >= 5) or (wpi_low <= wpi <= 6 and sss >= 9)


def _duration(given: Given) -> Fact:
    return given.from_("duration_months", MONTHS)


def _shown(given: Given, parts: dict[str, int], *, regions: bool) -> tuple[str, ...]:
    """Return the inputs with their values, as far as they are known."""
    pain, sss = possible_pain(given), possible_sss(given, parts)
    out = [_span("wpi", sorted({w for w, _ in pain})), _span("sss", list(sss))]
    if regions:
        out.append(_span("regions_positive", sorted({r for _, r in pain})))
    return (*out, *_values(given, "duration_months"))


def _span(name: str, values: list[int]) -> str:
    return f"{name} {values[0]}" if len(values) == 1 else f"{name} {values[0]} to {values[-1]}, by what is missing"


def _values(given: Given, *items: str) -> tuple[str, ...]:
    return tuple(f"{i} {format_number(v)}" for i in items if (v := given.value(i)) is not None)


def _any(given: Given, items: Iterable[str]) -> bool:
    return any(given.value(i) is not None for i in items)


def acr_1990(evidence: Evidence) -> tuple[Decision, ...]:
    """Widespread pain of at least 3 months and at least 11 of 18 tender points."""
    given = answers(evidence, "fm_criteria")
    items = ("widespread_1990", "tender_points", "duration_months")
    if given is None or not _any(given, items):
        return ()
    fact = all_of(given.yes("widespread_1990"), given.from_("tender_points", 11), _duration(given))
    said = {1.0: "yes", 0.0: "no"}.get(given.value("widespread_1990") or 0.0, "")
    pain = (f"widespread_1990 {said}",) if given.value("widespread_1990") is not None else ()
    return (decided(fact, inputs=(*pain, *_values(given, "tender_points", "duration_months"))),)


def _by_index(
    evidence: Evidence, parts: dict[str, int], wpi_low: int, *, regions: bool = False, alone: bool = False
) -> tuple[Decision, ...]:
    given = answers(evidence, "fm_criteria")
    other = ("other_disorder",) if alone else ()
    if given is None or not _any(given, (*AREAS, *parts, "duration_months", *other)):
        return ()
    severe = _severity(wpi_low)
    pain, sss = possible_pain(given), possible_sss(given, parts)
    clauses = [_severe(given, severe, sorted({w for w, _ in pain}), sss, parts)]
    if regions:
        counted = tuple(a for areas in REGIONS.values() for a in areas)
        enough = {r >= 4 for _, r in pain}
        missing = ("regions_positive", *_missing(given, counted))
        clauses.append(unknown(*missing) if len(enough) > 1 else Fact(enough.pop(), ("regions_positive",)))
        if not any(severe(w, s) and r >= 4 for w, r in pain for s in sss):  # each may be, but not both together
            known_false = [c for c in clauses if c.value is False]
            clauses = known_false or [Fact(False, ("wpi", "sss", "regions_positive"))]
    clauses.append(_duration(given))
    if alone:
        clauses.append(negate(given.yes("other_disorder")))
    shown = _shown(given, parts, regions=regions)
    if alone and (explained := given.value("other_disorder")) is not None:
        shown = (*shown, f"other_disorder {'yes' if explained else 'no'}")
    return (decided(all_of(*clauses), inputs=shown),)


def acr_2010(evidence: Evidence) -> tuple[Decision, ...]:
    """Index and severity with the physician's grade of somatic symptoms, 3 months, and no other explanation."""
    return _by_index(evidence, SSS_2010, 3, alone=True)


def acr_2011(evidence: Evidence) -> tuple[Decision, ...]:
    """The same cut-offs by self-report: three symptoms instead of the physician's grade."""
    return _by_index(evidence, SSS_2011, 3)


def acr_2016(evidence: Evidence) -> tuple[Decision, ...]:
    """The 2016 revision: an index of at least 4, and at least 4 of 5 regions; other disorders do not matter."""
    return _by_index(evidence, SSS_2011, 4, regions=True)


def aapt_2019(evidence: Evidence) -> tuple[Decision, ...]:
    """At least 6 of 9 sites, with moderate to severe fatigue or unrefreshing sleep, for at least 3 months."""
    given = answers(evidence, "fm_criteria")
    items = ("aapt_sites", "fatigue", "unrefreshed", "duration_months")
    if given is None or not _any(given, items):
        return ()
    tired = any_of(given.from_("fatigue", 2), given.from_("unrefreshed", 2))
    fact = all_of(given.from_("aapt_sites", 6), tired, _duration(given))
    return (decided(fact, inputs=_values(given, *items)),)


_READ = "Clauses read in sources that print them as a table."

RULES = (
    Rule(
        key="acr_1990",
        title="Fibromyalgia, ACR 1990",
        citation="Wolfe F et al. Arthritis Rheum 1990;33:160-172",
        doi="10.1002/art.1780330203",
        status="read",
        status_note=_READ,
        says=(
            "all of:",
            "  widespread_1990: pain left and right, above and below the waist, and axial",
            "  tender_points >= 11 of 18 at 4 kg/cm2",
            "  duration_months >= 3",
        ),
        accuracy="accuracy not read in a source",
        evaluate=acr_1990,
        tables=(TABLE,),
    ),
    Rule(
        key="acr_2010",
        title="Fibromyalgia, ACR 2010",
        citation="Wolfe F et al. Arthritis Care Res 2010;62:600-610",
        doi="10.1002/acr.20140",
        status="read",
        status_note=_READ,
        says=(
            "all of:",
            "  (WPI >= 7 and SSS >= 5) or (WPI 3-6 and SSS >= 9); SSS with the physician's grade of somatic symptoms",
            "  duration_months >= 3",
            "  other_disorder no: nothing else explains the pain",
        ),
        accuracy="accuracy not read in a source",
        evaluate=acr_2010,
        tables=(TABLE,),
    ),
    Rule(
        key="acr_2011",
        title="Fibromyalgia, modified ACR 2011 (self-report)",
        citation="Wolfe F et al. J Rheumatol 2011;38:1113-1122",
        doi="10.3899/jrheum.100594",
        status="read",
        status_note=_READ,
        says=(
            "all of:",
            "  (WPI >= 7 and SSS >= 5) or (WPI 3-6 and SSS >= 9); SSS with headache, abdominal pain and depression",
            "  duration_months >= 3",
        ),
        accuracy="accuracy not read in a source",
        evaluate=acr_2011,
        tables=(TABLE,),
    ),
    Rule(
        key="acr_2016",
        title="Fibromyalgia, 2016 revision",
        citation="Wolfe F et al. Semin Arthritis Rheum 2016;46:319-329",
        doi="10.1016/j.semarthrit.2016.08.012",
        status="read",
        status_note=_READ,
        says=(
            "all of:",
            "  (WPI >= 7 and SSS >= 5) or (WPI 4-6 and SSS >= 9); SSS with headache, abdominal pain and depression",
            "  regions_positive >= 4 of 5; jaw, chest and abdomen belong to no region",
            "  duration_months >= 3",
            "other disorders do not matter",
        ),
        accuracy="accuracy not read in a source",
        evaluate=acr_2016,
        tables=(TABLE,),
    ),
    Rule(
        key="aapt_2019",
        title="Fibromyalgia, AAPT 2019",
        citation="Arnold LM et al. J Pain 2019;20:611-628",
        doi="10.1016/j.jpain.2018.10.008",
        status="read",
        status_note=f"{_READ} The nine sites cannot be derived from the 19 areas, so their number is asked for.",
        says=(
            "all of:",
            "  aapt_sites >= 6 of 9",
            "  fatigue >= 2 or unrefreshed >= 2 (moderate to severe)",
            "  duration_months >= 3",
        ),
        accuracy="accuracy not read in a source",
        evaluate=aapt_2019,
        tables=(TABLE,),
    ),
)
