"""The Italian rule of 2023 for fibromyalgia: two of heart-rate variability, laser potentials, biopsy, cornea."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from nociscope.rules.logic import Fact, any_of, at_least, unknown
from nociscope.rules.model import Decision, Evidence, Rule, VisitEvidence, decided
from nociscope.rules.small_fibre import PATHOLOGY, Keep, beyond, measured, words_of
from nociscope.tables import Reading

KEY = "isn_2023_fm"

_PICTURES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One of the four tests.

    Attributes
    ----------
    key : str
        The assay.
    title : str
    measures : tuple of str
        The test is abnormal when one of them shows loss.
    beside : tuple of (str, str)
        Assay and measure that count where they were done and are not asked for.
    absent : str
        A measure that is 0 where there is no response, which is abnormal without a norm.
    structural : bool
        Whether it shows fibres and no function.
    """

    key: str
    title: str
    measures: tuple[str, ...]
    beside: tuple[tuple[str, str], ...] = ()
    absent: str = ""
    structural: bool = False


@cache
def load_tests() -> tuple[Test, ...]:
    """Return the four tests as shipped."""
    content = tomllib.loads((files("nociscope.rules") / "data" / f"{KEY}.toml").read_text("utf-8"))
    return tuple(
        Test(
            key=t["key"],
            title=t["title"],
            measures=tuple(t["measures"]),
            beside=tuple((a, m) for a, m in t.get("beside", ())),
            absent=t.get("absent", ""),
            structural=t.get("structural", False),
        )
        for t in content["test"]
    )


def tests_of(evidence: Evidence) -> tuple[Test, ...]:
    """Return the four tests with the measures that the settings name."""
    return tuple(replace(t, measures=tuple(evidence.setting(KEY, t.key, None) or t.measures)) for t in load_tests())


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge a visit; nothing when none of the four tests has a value."""
    tests = tests_of(evidence)
    visit = evidence.visit
    if not any(_done(visit, t) for t in tests):
        return ()
    facts = [_abnormal(visit, t) for t in tests]
    decision = decided(at_least(2, facts), inputs=words_of(*facts))
    alone = [t for t, f in zip(tests, facts, strict=True) if f.value]
    complete = all(f.value is not None for f in facts)
    if decision.verdict == "does_not_meet" and complete and len(alone) == 1 and alone[0].structural:
        found = next(f for f in facts if f.value)
        words = f"{alone[0].title} alone is abnormal: small-fibre pathology, which is not neuropathy"
        decision = replace(decision, grade=PATHOLOGY, decided_by=(words, *found.by, *decision.decided_by))
    if decision.verdict == "meets":
        count = f"{len(alone)} of {sum(f.value is not None for f in facts)} tests that could be judged"
        decision = replace(decision, decided_by=(*decision.decided_by, count))
    return (decision,)


def _done(visit: VisitEvidence, test: Test) -> bool:
    return measured(visit, test.key, (*test.measures, *([test.absent] if test.absent else [])))


def _keep(test: Test) -> Keep:
    """Return which readings stand for the person: the average of all pulses, a whole eye."""

    def keep(reading: Reading) -> bool:
        if test.key == "lep":
            return "average:all" in reading.method
        if test.key == "ccm":
            return not reading.source.lower().endswith(_PICTURES)
        return True

    return keep


def _abnormal(visit: VisitEvidence, test: Test) -> Fact:
    """Tell whether a test is abnormal: known from any of its measures that could be compared."""
    facts = [beyond(visit, m, assay=test.key, keep=_keep(test), missing=m) for m in test.measures]
    facts += [beyond(visit, measure, assay=assay) for assay, measure in test.beside]
    if test.absent:
        gone = [r for r in visit.find(test.absent, assay=test.key) if r.value == 0]
        places = dict.fromkeys(" ".join(x for x in (r.site, r.side) if x != "n/a") for r in gone)
        facts += [Fact(True, (f"no response {p}".rstrip(),)) for p in places]
    known = [f for f in facts if f.value is not None]
    if known:
        fact = any_of(*known)
        return Fact(fact.value, tuple(f"{test.key}: {x}" for x in fact.by))
    why = next((m for f in facts for m in f.missing if "(" in m), "")
    if not _done(visit, test):
        return unknown(f"{test.key} ({test.title} not done)")
    return unknown(
        f"{test.key}: {why}" if why else f"{test.key} ({' and '.join(test.measures)} not compared with a norm)"
    )


def wrong_settings(section: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with ``[rules.isn_2023_fm]``."""
    wrong = []
    for test in load_tests():
        names = section.get(test.key, list(test.measures))
        if not isinstance(names, list) or not names or not all(isinstance(n, str) and n for n in names):
            wrong.append(f"[rules.{KEY}] {test.key} is no list of measures")
    return wrong


RULE = Rule(
    key=KEY,
    title="Small-fibre involvement in fibromyalgia, Italian Society of Neurology 2023",
    citation="Neuropathic Pain Study Group of the Italian Society of Neurology. Neurol Sci 2023",
    doi="10.1007/s10072-023-06836-3",
    status="read",
    status_note=(
        "The statement names tests and no measures. Counted here: loss of SDNN or RMSSD, or of a skin response "
        "where there is one; "
        "smaller or later laser potentials; fibre density at any site with a norm; corneal nerves of an eye. The "
        "settings "
        'name other measures: hrv, lep, biopsy, ccm = ["measure", …].'
    ),
    says=(
        "at least 2 of 4 abnormal: heart-rate variability with sympathetic skin response, laser-evoked "
        "potentials, skin biopsy, "
        "corneal confocal microscopy; to be repeated after a year",
        "not met with biopsy or cornea alone, the others in order: grade pathology",
    ),
    accuracy=(
        "of the rule not published. Single tests for small-fibre neuropathy in 245 people "
        "(doi:10.3389/fneur.2020.00342): biopsy "
        "sensitivity 58 %, specificity 91 %; laser potentials 66 %, 89 %; cardiovascular tests 15 %, 99 %. In 18 "
        "% of healthy women the "
        "density was reduced at some site (doi:10.1002/ana.25565)"
    ),
    evaluate=evaluate,
    settings=("hrv", "lep", "biopsy", "ccm"),
    check=lambda section, _: wrong_settings(section),
)
