"""Cases that just meet and just miss each clause, with the traps."""

from dataclasses import replace

import pytest

from nociscope.rules.criteria import load_criteria
from nociscope.rules.registry import rule_named
from nociscope.tables import Score
from tests.rules.nerves_of import changed, evidence, normal

EFNS = rule_named("efns_pns_2010")
EAN = rule_named("ean_pns_2021")
AAN = rule_named("aan_cidp")
PATTERN = rule_named("ncs_pattern")


def judged(rule, studies, **more):
    (finding,) = rule.findings(evidence(studies, **more))
    return finding


def dml(nerve, value):
    return (nerve, "motor_distal", {"onset_latency_ms": value})


def mcv(nerve, value):
    return (nerve, "motor_proximal", {"velocity_m_s": value})


def f_late(nerve, value):
    return (nerve, "f_wave", {"f_latency_ms": value})


def f_gone(nerve):
    return (nerve, "f_wave", {"f_latency_ms": None, "f_persistence": 0.0})


def prox(nerve, share):
    low = {"median": 8.0, "ulnar": 12.0, "fibular": 4.0, "tibial": 8.0}[nerve]
    return (nerve, "motor_proximal", {"amplitude": low * share})


def longer(nerve, factor):
    return (nerve, "motor_proximal", {"duration_ms": 5.0 * factor})


def wide(nerve, value, **more):
    return (nerve, "motor_distal", {"duration_ms": value, **more})


def both(nerve, **columns):
    return [(nerve, "motor_distal", columns)]


CASES = [
    ("nothing", [], "does_not_meet", "", None),
    ("I-A just met", [dml("ulnar", 4.5), dml("tibial", 9.0)], "meets", "definite", "I-A"),
    ("I-A one just missed", [dml("ulnar", 4.5), dml("tibial", 8.99)], "meets", "possible", "III"),
    ("I-A both missed", [dml("ulnar", 4.49), dml("tibial", 8.99)], "does_not_meet", "", None),
    ("I-A median at the wrist", [dml("median", 9.0)], "does_not_meet", "", None),
    ("I-A median never the second", [dml("median", 9.0), dml("ulnar", 4.5)], "meets", "possible", "III"),
    ("I-B just met", [mcv("median", 35.0), mcv("fibular", 28.0)], "meets", "definite", "I-B"),
    ("I-B one missed", [mcv("median", 35.0), mcv("fibular", 28.1)], "meets", "possible", "III"),
    ("I-C just met", [f_late("median", 39.0), f_late("tibial", 78.0)], "meets", "definite", "I-C"),
    ("I-C one missed", [f_late("median", 39.0), f_late("tibial", 77.9)], "meets", "possible", "III"),
    (
        "I-C low amplitude needs 50 %",
        [f_late("median", 39.0), f_late("tibial", 89.9), ("tibial", "motor_distal", {"amplitude": 3.19})],
        "meets",
        "possible",
        "III",
    ),
    (
        "I-C low amplitude with 50 %",
        [f_late("median", 39.0), f_late("tibial", 90.0), ("tibial", "motor_distal", {"amplitude": 3.19})],
        "meets",
        "definite",
        "I-C",
    ),
    (
        "I-C exactly 80 % of the limit is not low",
        [f_late("median", 39.0), f_late("tibial", 78.0), ("tibial", "motor_distal", {"amplitude": 3.2})],
        "meets",
        "definite",
        "I-C",
    ),
    (
        "I-D two nerves and another",
        [f_gone("median"), f_gone("tibial"), mcv("ulnar", 35.0)],
        "meets",
        "definite",
        "I-D",
    ),
    ("I-D without another", [f_gone("median"), f_gone("tibial")], "meets", "possible", "III"),
    (
        "I-D the other in the same nerve",
        [f_gone("median"), f_gone("tibial"), mcv("median", 35.0)],
        "meets",
        "possible",
        "",
    ),
    (
        "I-D three absent, the other in one of them",
        [f_gone("median"), f_gone("tibial"), f_gone("ulnar"), mcv("median", 35.0)],
        "meets",
        "definite",
        "I-D",
    ),
    (
        "I-D amplitude below 20 % of its limit",
        [
            f_gone("tibial"),
            ("tibial", "motor_distal", {"amplitude": 0.79}),
            ("tibial", "motor_proximal", {"amplitude": 0.7}),
        ],
        "does_not_meet",
        "",
        None,
    ),
    (
        "I-D amplitude exactly 20 %",
        [
            f_gone("tibial"),
            ("tibial", "motor_distal", {"amplitude": 0.8}),
            ("tibial", "motor_proximal", {"amplitude": 0.7}),
        ],
        "meets",
        "possible",
        "III",
    ),
    ("I-E just met", [prox("median", 0.5), prox("ulnar", 0.5)], "meets", "definite", "I-E"),
    ("I-E just missed is II", [prox("median", 0.501), prox("ulnar", 0.501)], "meets", "probable", "II"),
    ("I-E counts the tibial", [prox("median", 0.5), prox("tibial", 0.5)], "meets", "definite", "I-E"),
    ("II just met", [prox("median", 0.7), prox("ulnar", 0.7)], "meets", "probable", "II"),
    ("II just missed", [prox("median", 0.701), prox("ulnar", 0.701)], "does_not_meet", "", None),
    ("II never the tibial", [prox("tibial", 0.6)], "does_not_meet", "", None),
    ("II tibial is no second nerve", [prox("median", 0.7), prox("tibial", 0.6)], "does_not_meet", "", None),
    ("II one nerve and another parameter", [prox("median", 0.7), mcv("ulnar", 35.0)], "meets", "probable", "II-one"),
    ("II the other in the same nerve", [prox("median", 0.7), mcv("median", 35.0)], "meets", "possible", "III"),
    ("I-F strictly more than 30 %", [longer("median", 1.301), longer("ulnar", 1.301)], "meets", "definite", "I-F"),
    ("I-F exactly 30 %", [longer("median", 1.3), longer("ulnar", 1.3)], "does_not_meet", "", None),
    ("I-G and another", [wide("median", 6.6), mcv("ulnar", 35.0)], "meets", "definite", "I-G"),
    ("I-G just missed", [wide("median", 6.59)], "does_not_meet", "", None),
    ("I-G alone", [wide("median", 6.6)], "meets", "possible", "III"),
    ("I-G the other in the same nerve", [wide("ulnar", 6.7), mcv("ulnar", 35.0)], "meets", "possible", "III"),
    ("I-G ulnar", [wide("ulnar", 6.7), dml("tibial", 9.0)], "meets", "definite", "I-G"),
    ("I-G fibular", [wide("fibular", 7.6), dml("ulnar", 4.5)], "meets", "definite", "I-G"),
    ("I-G tibial", [wide("tibial", 8.8), dml("ulnar", 4.5)], "meets", "definite", "I-G"),
    ("I-G recorded from 2 Hz", [wide("median", 6.9, low_cut_hz=2.0)], "does_not_meet", "", None),
    ("III one nerve only", [mcv("fibular", 20.0), f_late("fibular", 95.0)], "meets", "possible", "III"),
]


@pytest.mark.parametrize(("name", "changes", "verdict", "grade", "code"), CASES, ids=[c[0] for c in CASES])
def test_efns_pns_2010_at_each_limit(name, changes, verdict, grade, code):
    found = judged(EFNS, changed(normal(), *changes))
    assert (found.verdict, found.grade) == (verdict, grade)
    if code:
        assert code in found.decided_by


def test_ulnar_latency_alone_beside_three_of_the_median():
    studies = changed(normal(), dml("median", 9.0))
    left = [replace(s, side="left") for s in changed(normal(), dml("median", 9.0))]
    assert judged(EFNS, studies + left).verdict == "does_not_meet"


def test_both_sides_of_one_nerve_are_two_nerves():
    studies = changed(normal(), mcv("fibular", 28.0))
    left = [replace(s, side="left") for s in changed(normal(), mcv("fibular", 28.0))]
    found = judged(EFNS, studies + left)
    assert found.grade == "definite"
    assert any("fibular left: velocity_m_s" in text for text in found.decided_by)


def test_possible_prints_its_false_positive_share():
    found = judged(EFNS, changed(normal(), mcv("fibular", 28.0)))
    assert "false-positive share" in found.accuracy
    assert "30.8 %" in found.accuracy
    assert "30.8 %" in found.decided_by[-1]


def test_an_unknown_low_cut_is_named_only_where_it_matters():
    unknown = judged(EFNS, changed(normal(), wide("median", 6.6, low_cut_hz=None)))
    assert unknown.verdict == "cannot_tell"
    assert any("low_cut_hz" in m for m in unknown.missing)
    assert judged(EFNS, changed(normal(), wide("median", 6.5, low_cut_hz=None))).verdict == "does_not_meet"


def test_missing_limits_are_named():
    studies = [
        replace(s, amplitude_lln=None, latency_uln=None, velocity_lln=None, f_latency_uln=None) for s in normal()
    ]
    found = judged(EFNS, studies)
    assert found.verdict == "cannot_tell"
    for column in ("latency_uln", "velocity_lln", "f_latency_uln"):
        assert any(column in m for m in found.missing)


def test_a_published_limit_that_stands_in_is_said():
    studies = changed(normal(), mcv("median", 33.0), mcv("ulnar", 33.0))
    studies = [replace(s, velocity_lln=None) if s.nerve == "median" else s for s in studies]
    score = Score(
        participant_id="sub-01",
        session_id="n/a",
        assay="ncs",
        site="median.proximal",
        side="right",
        measure="velocity_m_s",
        value=33.0,
        unit="m/s",
        norm="printed",
        limit_low=49.0,
        call="loss",
    )
    found = judged(EFNS, studies, scores=(score,))
    assert found.grade == "definite"
    assert any("fallback" in text and "printed" in text for text in found.inputs)
    strict = judged(EFNS, studies, scores=(score,), settings={"efns_pns_2010": {"fallback": False}})
    assert strict.grade == "possible"
    assert any("velocity_lln" in m for m in strict.missing)


def test_a_recalled_rider_is_off_until_it_is_named():
    studies = changed(normal(), prox("median", 0.5), mcv("ulnar", 35.0))
    assert judged(EFNS, studies).grade == "probable"
    named = judged(EFNS, studies, settings={"efns_pns_2010": {"clauses": ["I-E-one"]}})
    assert named.grade == "definite"


def test_an_absent_response_is_no_demyelination():
    gone = {"amplitude": 0.0, "onset_latency_ms": None, "duration_ms": None, "velocity_m_s": None}
    studies = changed(
        normal(), ("tibial", "motor_distal", gone), ("tibial", "motor_proximal", gone), f_gone("tibial")
    )
    assert judged(EFNS, studies).verdict == "does_not_meet"


def test_the_ulnar_across_the_elbow_is_left_out():
    studies = [
        replace(s, stimulation="below_elbow") if s.stimulation == "proximal" and s.nerve == "ulnar" else s
        for s in normal()
    ]
    above = next(s for s in studies if s.stimulation == "below_elbow")
    studies.append(replace(above, stimulation="above_elbow", velocity_m_s=20.0, amplitude=4.0))
    found = judged(EFNS, studies)
    assert found.verdict == "does_not_meet"
    assert any("above_elbow" in text for text in found.inputs)


def test_f_waves_not_studied_leave_it_open():
    studies = [s for s in normal() if s.kind != "f_wave"]
    found = judged(EFNS, studies)
    assert found.verdict == "cannot_tell"
    assert any("f_latency_ms" in m for m in found.missing)
    slow = changed(studies, mcv("median", 35.0), mcv("ulnar", 35.0))
    assert judged(EFNS, slow).grade == "definite"


EAN_SENSORY = [("sural", "sensory", {"amplitude": 2.0}), ("ulnar", "sensory", {"amplitude": 2.0})]

EAN_CASES = [
    ("a", [dml("ulnar", 4.5), dml("tibial", 9.0)], "meets", "strong"),
    ("b", [mcv("median", 35.0), mcv("ulnar", 35.0)], "meets", "strong"),
    ("c at 20 %", [f_late("median", 36.0), f_late("tibial", 72.0)], "meets", "strong"),
    ("c below 20 %", [f_late("median", 35.9), f_late("tibial", 71.9)], "does_not_meet", ""),
    ("e not tibial", [prox("median", 0.7), prox("tibial", 0.3)], "meets", "weak"),
    ("e", [prox("median", 0.7), prox("ulnar", 0.7)], "meets", "strong"),
    ("e one nerve and another: rider off", [prox("median", 0.7), mcv("ulnar", 35.0)], "meets", "weak"),
    ("f", [longer("median", 1.31), longer("ulnar", 1.31)], "meets", "strong"),
    ("f tibial below 100 %", [longer("tibial", 1.99)], "does_not_meet", ""),
    ("f tibial at 100 %", [longer("tibial", 2.0)], "meets", "weak"),
    ("g at 10 Hz", [wide("median", 7.81), mcv("ulnar", 35.0)], "meets", "strong"),
    ("g exactly", [wide("median", 7.8)], "does_not_meet", ""),
    ("g at 2 Hz", [wide("median", 8.3, low_cut_hz=2.0)], "does_not_meet", ""),
    ("g at 3 Hz uses the row of 2 Hz", [wide("median", 8.5, low_cut_hz=3.0)], "meets", "weak"),
    ("g at 20 Hz was not read", [wide("median", 7.5, low_cut_hz=20.0)], "cannot_tell", ""),
    ("g at 20 Hz, short", [wide("median", 7.3, low_cut_hz=20.0)], "does_not_meet", ""),
]


@pytest.mark.parametrize(("name", "changes", "verdict", "grade"), EAN_CASES, ids=[c[0] for c in EAN_CASES])
def test_ean_pns_2021(name, changes, verdict, grade):
    found = judged(EAN, changed(normal(), *EAN_SENSORY, *changes))
    assert (found.verdict, found.grade) == (verdict, grade)
    assert "partial" in found.title


def test_ean_pns_2021_needs_two_sensory_nerves():
    slow = [mcv("median", 35.0), mcv("ulnar", 35.0)]
    assert judged(EAN, changed(normal(), *slow)).verdict == "does_not_meet"
    unstudied = judged(EAN, changed(normal(sensory=False), *slow))
    assert unstudied.verdict == "cannot_tell"
    assert "sensory nerves" in unstudied.missing


AAN_CASES = [
    (
        "three",
        [mcv("ulnar", 39.9), mcv("fibular", 31.9), dml("ulnar", 3.76), dml("tibial", 7.51), prox("median", 0.79)],
        "meets",
    ),
    ("two", [mcv("ulnar", 39.9), mcv("fibular", 31.9), dml("ulnar", 3.76), dml("tibial", 7.51)], "does_not_meet"),
    (
        "exactly 80 %",
        [mcv("ulnar", 40.0), mcv("fibular", 32.0), dml("ulnar", 3.76), dml("tibial", 7.51), prox("median", 0.79)],
        "does_not_meet",
    ),
    (
        "a fall of exactly 20 %",
        [mcv("ulnar", 39.9), mcv("fibular", 31.9), dml("ulnar", 3.76), dml("tibial", 7.51), prox("median", 0.8)],
        "does_not_meet",
    ),
    (
        "block of the tibial",
        [mcv("ulnar", 39.9), mcv("fibular", 31.9), dml("ulnar", 3.76), dml("tibial", 7.51), prox("tibial", 0.5)],
        "does_not_meet",
    ),
    (
        "F waves",
        [mcv("ulnar", 39.9), mcv("fibular", 31.9), f_late("median", 36.1), f_gone("tibial"), prox("median", 0.79)],
        "meets",
    ),
]


@pytest.mark.parametrize(("name", "changes", "verdict"), AAN_CASES, ids=[c[0] for c in AAN_CASES])
def test_aan(name, changes, verdict):
    assert judged(AAN, changed(normal(), *changes)).verdict == verdict


def small(nerve, which="motor_distal"):
    return (nerve, which, {"amplitude": 1.5 if which.startswith("motor") else 2.0})


PATTERNS = [
    ("normal", [], "normal", "does_not_meet"),
    (
        "axonal",
        [
            small("fibular"),
            small("tibial"),
            ("fibular", "motor_proximal", {"amplitude": 1.4}),
            ("tibial", "motor_proximal", {"amplitude": 1.4}),
        ],
        "axonal",
        "meets",
    ),
    ("demyelinating", [mcv("median", 35.0), mcv("ulnar", 35.0)], "demyelinating", "meets"),
    (
        "mixed",
        [
            mcv("median", 35.0),
            mcv("ulnar", 35.0),
            small("sural", "sensory"),
            small("tibial"),
            ("tibial", "motor_proximal", {"amplitude": 1.4}),
        ],
        "mixed",
        "meets",
    ),
    ("one small response", [small("sural", "sensory")], "uncertain", "meets"),
    ("mild slowing", [mcv("ulnar", 39.0)], "uncertain", "meets"),
    ("one nerve demyelinated", [mcv("ulnar", 35.0)], "uncertain", "meets"),
    ("carpal tunnel", [dml("median", 9.0), small("median", "sensory")], "normal", "does_not_meet"),
]


@pytest.mark.parametrize(("name", "changes", "grade", "verdict"), PATTERNS, ids=[p[0] for p in PATTERNS])
def test_pattern(name, changes, grade, verdict):
    found = judged(PATTERN, changed(normal(), *changes))
    assert (found.grade, found.verdict) == (grade, verdict)


def test_pattern_needs_judged_amplitudes():
    studies = [replace(s, amplitude_lln=None) for s in normal()]
    found = judged(PATTERN, studies)
    assert found.verdict == "cannot_tell"
    assert any("amplitude_lln" in m for m in found.missing)


def score_of(nerve, measure, value, limit, kind="high"):
    limits = {"limit_high": limit} if kind == "high" else {"limit_low": limit}
    return Score(
        participant_id="sub-01",
        session_id="n/a",
        assay="ncs",
        site=nerve,
        side="right",
        measure=measure,
        value=value,
        unit="ms",
        norm="printed",
        call="normal",
        **limits,
    )


def test_an_onset_is_never_held_against_a_limit_of_the_peak():
    # onset 5.2, peak 5.4; a published limit for the peak alone: 4.0. 5.2 > 1.25 x 4.0 would be called slow.
    studies = [
        replace(s, latency_uln=None, onset_latency_ms=5.2, peak_latency_ms=4.9) if s.nerve == "sural" else s
        for s in normal()
    ]
    peak = score_of("sural", "peak_latency_ms", 4.9, 4.0)
    assert judged(PATTERN, studies, scores=(peak,)).grade == "normal"
    late = [replace(s, peak_latency_ms=5.1) if s.nerve == "sural" else s for s in studies]
    assert judged(PATTERN, late, scores=(score_of("sural", "peak_latency_ms", 5.1, 4.0),)).grade == "uncertain"


@pytest.mark.parametrize("rule", [EFNS, AAN], ids=lambda r: r.key)
def test_a_motor_latency_without_a_limit_of_its_onset_is_unknown(rule):
    far = {"onset_latency_ms": 9.0, "peak_latency_ms": 12.0, "latency_uln": None}
    studies = changed(normal(), ("ulnar", "motor_distal", far), ("tibial", "motor_distal", far))
    scores = tuple(score_of(f"{n}.distal", "peak_latency_ms", 12.0, 5.0) for n in ("ulnar", "tibial"))
    found = judged(rule, studies, scores=scores)
    assert "I-A" not in found.decided_by
    assert "item 3" not in found.decided_by
    onset = tuple(score_of(f"{n}.distal", "onset_latency_ms", 9.0, 5.0) for n in ("ulnar", "tibial"))
    assert any("fallback" in text for text in judged(rule, studies, scores=(*scores, *onset)).inputs)


def test_the_version_of_the_criteria_stands_in_the_source():
    for rule in (EFNS, EAN, AAN):
        assert rule.version == load_criteria(rule.key).version
        assert f"rule version {rule.version}). doi:" in judged(rule, normal()).source


def test_aan_tells_block_from_dispersion_and_counts_neither_at_15_percent():
    met = [mcv("ulnar", 39.9), mcv("fibular", 31.9), dml("ulnar", 3.76), dml("tibial", 7.51)]
    for factor, word in ((1.1, "block"), (1.2, "dispersion"), (1.15, None)):
        fallen = ("median", "motor_proximal", {"amplitude": 6.0, "duration_ms": 5.0 * factor})
        found = judged(AAN, changed(normal(), *met, fallen))
        assert found.verdict == ("meets" if word else "does_not_meet")
        assert word is None or any(word in text for text in found.decided_by)


def test_waveforms_that_were_judged_are_named():
    studies = [replace(s, origin="waveform") if s.nerve == "ulnar" else s for s in normal()]
    assert "marked on waveforms by this program: ulnar right" in judged(EFNS, studies).inputs
