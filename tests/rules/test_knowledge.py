"""Rules against an independent reading of them: with all inputs known, plain boolean logic; with some unknown, the
verdict that all ways to fill them in agree on, and ``cannot_tell`` exactly where they do not.

From this follow both that more knowledge never takes a verdict back, and that a missing input which cannot change the
verdict is not asked for.
"""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.people import LARGE, MOTOR, SMALL, judged

ORDER = {
    "neurodiab_2010": ("possible", "probable", "definite"),
    "neupsig_2016": ("possible", "probable", "definite"),
}
UNKNOWN = ("cannot_tell", "")


def besta_2008(x):
    signs = (x["pinprick_loss"] and x["thermal_loss"]) or x["allodynia"] or x["hyperalgesia"]
    met = signs + (x["cdt"] or x["wdt"]) + x["ienfd"] >= 2
    return met and not any(x[n] for n in (*LARGE, *MOTOR, "sural")), ""


def besta_2019(x):
    return sum(x[n] for n in SMALL) >= 2 and (x["cdt"] or x["wdt"] or x["ienfd"]), ""


def neurodiab_2010(x):
    signs = any(x[n] for n in SMALL)
    if not (signs or x["symptoms_distal"]):
        return False, ""
    if not (signs and x["symptoms_distal"] and not x["sural"]):
        return True, "possible"
    return True, "definite" if x["cdt"] or x["wdt"] or x["ienfd"] else "probable"


def isn_2023_fm(x):
    return sum(x.values()) >= 2, ""


def neupsig_2016(x):
    if not (x["neupsig_history"] and x["neupsig_distribution"]):
        return False, ""
    return True, ("possible", "probable", "definite")[x["neupsig_sensory_signs"] + x["neupsig_confirmed"]]


def ewing(x):
    return sum(x.values()) >= 2, ""


def orthostatic(x):
    if x["systolic_fall"] or x["diastolic_fall"]:
        return True, "hypotension"
    met = x["standing_heart_rate_rise"] and x["orthostatic_symptoms_3_months"]
    return met, "tachycardia" if met else ""


ORACLES = {
    f.__name__: f for f in (besta_2008, besta_2019, neurodiab_2010, isn_2023_fm, neupsig_2016, ewing, orthostatic)
}
TESTS = ("cdt", "wdt", "ienfd")
INPUTS = {
    "besta_2008": (*SMALL, *LARGE, *MOTOR, "sural", *TESTS),
    "besta_2019": (*SMALL, *TESTS),
    "neurodiab_2010": ("symptoms_distal", *SMALL, "sural", *TESTS),
    "isn_2023_fm": ("sdnn", "n2p2_amplitude", "ienfd", "cnfl"),
    "neupsig_2016": ("neupsig_history", "neupsig_distribution", "neupsig_sensory_signs", "neupsig_confirmed"),
    "ewing": ("deep_breathing_difference", "valsalva_ratio", "ratio_30_15"),
    "orthostatic": ("systolic_fall", "diastolic_fall", "standing_heart_rate_rise", "orthostatic_symptoms_3_months"),
}
NUMBERS = {
    "deep_breathing_difference": (20.0, 5.0),
    "valsalva_ratio": (1.5, 1.05),
    "ratio_30_15": (1.2, 0.98),
    "systolic_fall": (5.0, 30.0),
    "diastolic_fall": (2.0, 15.0),
    "standing_heart_rate_rise": (12.0, 45.0),
}


def finding(key, inputs):
    values = {n: None if v is None else NUMBERS[n][v] for n, v in inputs.items() if n in NUMBERS}
    rest = {n: v for n, v in inputs.items() if n not in NUMBERS}
    return judged(key, values=values, **rest)


def said(key, inputs):
    """What the rule says; the marks of a rule that is not met are left out."""
    found = finding(key, inputs)
    return found.verdict, found.grade if found.verdict == "meets" else ""


def expected(key, inputs):
    """What all ways to fill in the unknown agree on; of grades, the lowest."""
    open_ = [n for n, v in inputs.items() if v is None]
    outcomes = set()
    for filled in product((False, True), repeat=len(open_)):
        met, grade = ORACLES[key]({**inputs, **dict(zip(open_, filled, strict=True))})
        outcomes.add(("meets", grade) if met else ("does_not_meet", ""))
    verdicts = {v for v, _ in outcomes}
    if len(verdicts) > 1 or (len(outcomes) > 1 and key not in ORDER):
        return UNKNOWN
    return min(outcomes, key=lambda o: ORDER[key].index(o[1]) if o[1] and key in ORDER else 0)


SHORT = [k for k, names in INPUTS.items() if len(names) <= 4]


@pytest.mark.parametrize("key", SHORT)
def test_every_state_of_a_short_rule(key):
    names = INPUTS[key]
    for state in product((None, False, True), repeat=len(names)):
        inputs = dict(zip(names, state, strict=True))
        if any(v is not None for v in state):
            assert said(key, inputs) == expected(key, inputs), inputs


@pytest.mark.parametrize("key", [k for k in INPUTS if k not in SHORT])
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_states_of_a_long_rule(key, data):
    names = INPUTS[key]
    inputs = {n: data.draw(st.booleans(), label=n) for n in names}
    for name in data.draw(st.lists(st.sampled_from(names), max_size=6, unique=True), label="unknown"):
        inputs[name] = None
    if all(v is None for v in inputs.values()):
        return
    assert said(key, inputs) == expected(key, inputs)


@pytest.mark.parametrize("key", INPUTS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_more_knowledge_never_takes_a_verdict_back(key, data):
    names = INPUTS[key]
    inputs = {n: data.draw(st.sampled_from((None, False, True)), label=n) for n in names}
    if all(v is None for v in inputs.values()):
        return
    before, _ = said(key, inputs)
    for name in [n for n in names if inputs[n] is None]:
        inputs[name] = data.draw(st.booleans(), label=name)
        after, _ = said(key, inputs)
        assert before in ("cannot_tell", after)
        before = after
    assert before != "cannot_tell"


@pytest.mark.parametrize("key", INPUTS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_what_is_named_missing_was_not_given(key, data):
    names = INPUTS[key]
    inputs = {n: data.draw(st.sampled_from((None, False, True)), label=n) for n in names}
    if all(v is None for v in inputs.values()):
        return
    found = finding(key, inputs)
    called = {"sural": ("sural", "ncs"), "sdnn": ("hrv",), "n2p2_amplitude": ("lep",), "cnfl": ("ccm",)}
    if key == "isn_2023_fm":
        called["ienfd"] = ("biopsy",)
    for name, value in inputs.items():
        here = any(m.startswith(called.get(name, (name,))) for m in found.missing)
        assert not (here and value is not None), (name, found.missing)
    assert (found.verdict == "cannot_tell") <= bool(found.missing)
