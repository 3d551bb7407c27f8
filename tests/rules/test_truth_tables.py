"""One truth table a rule: every branch and every missing input, each row as its source prints the rule."""

import pytest

from tests.rules.people import LARGE, MOTOR, SMALL, judged, none_of, sural

NO_SIGNS = none_of(*SMALL)
TWO = {**NO_SIGNS, "pinprick_loss": True, "thermal_loss": True}
ONE = {**NO_SIGNS, "allodynia": True}
NO_LARGE = none_of(*LARGE, *MOTOR)
PURE = {**NO_LARGE, "sural": False}
FINE = {"cdt": False, "wdt": False}


def without(inputs, *names):
    return {k: v for k, v in inputs.items() if k not in names}


BESTA_2008 = "Devigili 2008, doi:10.1093/brain/awn093"
BESTA_2019 = "Devigili 2019, Brain 142:3728, abstract"
TORONTO = "Tesfaye 2010, doi:10.2337/dc10-1303, wording of BMJ Best Practice"
TORONTO_OR = "Tesfaye 2010 as worded in the thesis of Raasing (review jnd200490)"
ISN = "Italian Society of Neurology 2023, doi:10.1007/s10072-023-06836-3"
PATHOLOGY = "Oudejans 2016: pathology kept apart from neuropathy"
NEUPSIG = "Finnerup 2016, doi:10.1097/j.pain.0000000000000492"
FALCO = "Falco 2025, doi:10.3390/biomedicines13092109"
EWING = "World J Diabetes 2018;9:1, table 5"
EI = "World J Diabetes 2015;6:80, table 1"
STANDING = "Freeman 2011, doi:10.1016/j.autneu.2011.02.004"
KLEENE = "an input that could change the verdict is missing"

# source, inputs, verdict, grade, in decided_by, in missing
ROWS = {
    "besta_2008": [
        (BESTA_2008, {**TWO, **FINE, **PURE, "ienfd": True}, "meets", "", ("thermal_loss", "ienfd"), ()),
        (BESTA_2008, {**TWO, **PURE, "cdt": True, "wdt": False, "ienfd": False}, "meets", "", ("cdt",), ()),
        (BESTA_2008, {**TWO, **PURE, "cdt": False, "wdt": True, "ienfd": False}, "meets", "", ("wdt",), ()),
        (BESTA_2008, {**NO_SIGNS, **PURE, "cdt": True, "ienfd": True}, "meets", "", ("cdt", "ienfd"), ()),
        (BESTA_2008, {**TWO, **PURE, "wdt": True, "ienfd": True}, "meets", "", ("wdt", "ienfd"), ()),
        (BESTA_2008, {**ONE, **FINE, **PURE, "ienfd": True}, "meets", "", ("allodynia",), ()),
        (BESTA_2008, {**NO_SIGNS, "hyperalgesia": True, **FINE, **PURE, "ienfd": True}, "meets", "", (), ()),
        (BESTA_2008, {**TWO, **FINE, **PURE, "ienfd": False}, "does_not_meet", "", ("cdt", "ienfd"), ()),
        (BESTA_2008, {**NO_SIGNS, **PURE, "cdt": True, "ienfd": False}, "does_not_meet", "", ("ienfd",), ()),
        # pinprick loss without thermal loss is no "pinprick and thermal loss"
        (
            BESTA_2008,
            {**NO_SIGNS, "pinprick_loss": True, **FINE, **PURE, "ienfd": True},
            "does_not_meet",
            "pathology",
            ("thermal_loss",),
            (),
        ),
        (PATHOLOGY, {**NO_SIGNS, **FINE, **PURE, "ienfd": True}, "does_not_meet", "pathology", ("pathology",), ()),
        *(
            (BESTA_2008, {**TWO, **PURE, "ienfd": True, **FINE, s: True}, "does_not_meet", "", (s,), ())
            for s in (*LARGE, *MOTOR)
        ),
        (BESTA_2008, {**TWO, **PURE, "sural": True, "ienfd": True}, "does_not_meet", "", ("sural",), ()),
        (BESTA_2008, {**TWO, "weakness": True, "ienfd": True}, "does_not_meet", "", ("weakness",), ()),
        *(
            (KLEENE, {**TWO, **without(PURE, s), "ienfd": True}, "cannot_tell", "", (), (s,))
            for s in (*LARGE, *MOTOR)
        ),
        (KLEENE, {**TWO, **NO_LARGE, "ienfd": True}, "cannot_tell", "", (), ("ncs",)),
        (KLEENE, {**TWO, **PURE}, "cannot_tell", "", (), ("cdt", "wdt", "ienfd")),
        (KLEENE, {**TWO, **PURE, **FINE}, "cannot_tell", "", (), ("ienfd",)),
        (KLEENE, {**TWO, **PURE, "ienfd": False}, "cannot_tell", "", (), ("cdt", "wdt")),
        (KLEENE, {**TWO, **PURE, "cdt": False, "ienfd": False}, "cannot_tell", "", (), ("wdt",)),
        (KLEENE, {**PURE, **FINE, "ienfd": True}, "cannot_tell", "", (), SMALL),
        (KLEENE, {**without(TWO, "thermal_loss"), **PURE, **FINE, "ienfd": True}, "cannot_tell", "", (), SMALL[1:2]),
        # what cannot change the verdict is not asked for
        (BESTA_2008, {**without(TWO, "allodynia"), **PURE, "ienfd": True}, "meets", "", (), ()),
        (BESTA_2008, {**NO_SIGNS, **FINE}, "does_not_meet", "", (), ()),
        (BESTA_2008, {"vibration_loss": True}, "does_not_meet", "", ("vibration_loss",), ()),
    ],
    "besta_2019": [
        (BESTA_2019, {**TWO, "cdt": True, "wdt": False, "ienfd": True}, "meets", "", ("cdt", "ienfd"), ()),
        (BESTA_2019, {**TWO, "cdt": True, "wdt": False, "ienfd": False}, "meets", "", ("cdt",), ()),
        (BESTA_2019, {**TWO, "wdt": True, "ienfd": False}, "meets", "", ("wdt", "pinprick_loss"), ()),
        (BESTA_2019, {**TWO, **FINE, "ienfd": True}, "meets", "", ("ienfd",), ()),
        (BESTA_2019, {**TWO, "ienfd": True}, "meets", "", ("ienfd",), ()),
        (BESTA_2019, {**TWO, "cdt": True}, "meets", "", ("cdt",), ()),
        (BESTA_2019, {"allodynia": True, "hyperalgesia": True, "ienfd": True}, "meets", "", ("allodynia",), ()),
        (BESTA_2019, {**TWO, **FINE, "ienfd": False}, "does_not_meet", "", ("cdt", "wdt", "ienfd"), ()),
        (BESTA_2019, {**ONE, "cdt": True, "ienfd": True}, "does_not_meet", "", ("thermal_loss",), ()),
        (BESTA_2019, {**NO_SIGNS, "cdt": True, "ienfd": True}, "does_not_meet", "probable", ("follow up",), ()),
        (BESTA_2019, {**NO_SIGNS, "cdt": True, "ienfd": False}, "does_not_meet", "", ("thermal_loss",), ()),
        (BESTA_2019, {**NO_SIGNS, **FINE, "ienfd": False}, "does_not_meet", "", (), ()),
        (BESTA_2019, NO_SIGNS, "does_not_meet", "", SMALL, ()),
        (BESTA_2019, ONE, "does_not_meet", "", (), ()),
        (PATHOLOGY, {**NO_SIGNS, **FINE, "ienfd": True}, "does_not_meet", "pathology", ("not neuropathy",), ()),
        (PATHOLOGY, {**ONE, **FINE, "ienfd": True}, "does_not_meet", "pathology", ("pathology",), ()),
        (PATHOLOGY, {**NO_SIGNS, "ienfd": True}, "does_not_meet", "", ("pathology",), ()),
        (KLEENE, {**TWO, "ienfd": False}, "cannot_tell", "", (), ("cdt", "wdt")),
        (KLEENE, {**TWO, "cdt": False, "ienfd": False}, "cannot_tell", "", (), ("wdt",)),
        (KLEENE, {**TWO, **FINE}, "cannot_tell", "", (), ("ienfd",)),
        (KLEENE, TWO, "cannot_tell", "", (), ("cdt", "wdt", "ienfd")),
        (KLEENE, {"ienfd": True}, "cannot_tell", "", (), SMALL),
        (KLEENE, {**without(ONE, "thermal_loss"), "ienfd": True}, "cannot_tell", "", (), ("thermal_loss",)),
        (
            KLEENE,
            {**NO_SIGNS, "allodynia": None, "hyperalgesia": None, "cdt": True},
            "cannot_tell",
            "",
            (),
            SMALL[2:],
        ),
        # one unknown sign cannot make two
        (BESTA_2019, {**without(NO_SIGNS, "allodynia"), "ienfd": True}, "does_not_meet", "", (), ()),
        # no sign, but no abnormal test either: unknown signs cannot change it
        (BESTA_2019, {**FINE, "ienfd": False}, "does_not_meet", "", ("cdt", "ienfd"), ()),
    ],
    "neurodiab_2010": [
        (
            TORONTO,
            {"symptoms_distal": True, **NO_SIGNS, "sural": False},
            "meets",
            "possible",
            ("symptoms_distal",),
            (),
        ),
        (TORONTO, {"symptoms_distal": False, **ONE, "sural": False}, "meets", "possible", ("allodynia",), ()),
        (
            TORONTO,
            {"symptoms_distal": True, **ONE, "sural": False, **FINE, "ienfd": False},
            "meets",
            "probable",
            (),
            (),
        ),
        (
            TORONTO,
            {"symptoms_distal": True, **ONE, "sural": False, "ienfd": True},
            "meets",
            "definite",
            ("ienfd",),
            (),
        ),
        (TORONTO, {"symptoms_distal": True, **ONE, "sural": False, "wdt": True}, "meets", "definite", ("wdt",), ()),
        (TORONTO, {"symptoms_distal": True, **ONE, "sural": True, "ienfd": True}, "meets", "possible", (), ()),
        (TORONTO, {"symptoms_distal": True, **ONE, "ienfd": True}, "meets", "possible", (), ("sural",)),
        (TORONTO, {"symptoms_distal": True, **ONE, "sural": False}, "meets", "probable", (), ("cdt", "wdt", "ienfd")),
        (TORONTO, {"symptoms_distal": True, "sural": False}, "meets", "possible", (), SMALL),
        (TORONTO, {**ONE, "sural": False}, "meets", "possible", (), ("symptoms_distal",)),
        (TORONTO, {"symptoms_distal": False, **NO_SIGNS, "cdt": True}, "does_not_meet", "", ("symptoms_distal",), ()),
        (
            PATHOLOGY,
            {"symptoms_distal": False, **NO_SIGNS, **FINE, "sural": False, "ienfd": True},
            "does_not_meet",
            "pathology",
            ("pathology",),
            (),
        ),
        (KLEENE, {**NO_SIGNS, "sural": False}, "cannot_tell", "", (), ("symptoms_distal",)),
        (KLEENE, {"symptoms_distal": False}, "cannot_tell", "", (), SMALL),
        (KLEENE, {"symptoms_distal": False, **without(NO_SIGNS, "allodynia")}, "cannot_tell", "", (), ("allodynia",)),
        (KLEENE, {"ienfd": True}, "cannot_tell", "", (), ("symptoms_distal", *SMALL)),
    ],
    "isn_2023_fm": [
        (ISN, {"sdnn": True, "n2p2_amplitude": True}, "meets", "", ("hrv", "lep"), ()),
        (ISN, {"sdnn": True, "ienfd": True}, "meets", "", ("hrv", "biopsy"), ()),
        (ISN, {"sdnn": True, "cnfl": True}, "meets", "", ("hrv", "ccm"), ()),
        (ISN, {"n2p2_amplitude": True, "ienfd": True}, "meets", "", ("lep", "biopsy"), ()),
        (ISN, {"n2_latency": True, "cnfl": True}, "meets", "", ("lep", "ccm"), ()),
        (ISN, {"ienfd": True, "cnfl": True, "sdnn": False}, "meets", "", ("biopsy", "ccm"), ()),
        (ISN, {"ienfd_thigh": True, "rmssd": True}, "meets", "", ("thigh", "rmssd"), ()),
        (ISN, {"sdnn": False, "n2p2_amplitude": False, "ienfd": False}, "does_not_meet", "", ("hrv", "lep"), ()),
        (
            ISN,
            {"sdnn": True, "n2p2_amplitude": False, "ienfd": False, "cnfl": False},
            "does_not_meet",
            "",
            ("lep",),
            (),
        ),
        (
            PATHOLOGY,
            {"sdnn": False, "n2p2_amplitude": False, "ienfd": True, "cnfl": False},
            "does_not_meet",
            "pathology",
            ("pathology",),
            (),
        ),
        (KLEENE, {"sdnn": True}, "cannot_tell", "", (), ("lep", "biopsy", "ccm")),
        (KLEENE, {"ienfd": True, "n2p2_amplitude": False}, "cannot_tell", "", (), ("hrv", "ccm")),
        (KLEENE, {"ienfd": True, "n2p2_amplitude": False, "sdnn": False}, "cannot_tell", "", (), ("ccm",)),
        (KLEENE, {"ienfd": False, "cnfl": False}, "cannot_tell", "", (), ("hrv", "lep")),
        (KLEENE, {"cnfl": False}, "cannot_tell", "", (), ("hrv", "lep", "biopsy")),
    ],
    "neupsig_2016": [
        (NEUPSIG, {"history": 1, "distribution": 1, "sensory_signs": 0, "confirmed": 0}, "meets", "possible", (), ()),
        (NEUPSIG, {"history": 1, "distribution": 1, "sensory_signs": 1, "confirmed": 0}, "meets", "probable", (), ()),
        (NEUPSIG, {"history": 1, "distribution": 1, "sensory_signs": 0, "confirmed": 1}, "meets", "probable", (), ()),
        (NEUPSIG, {"history": 1, "distribution": 1, "sensory_signs": 1, "confirmed": 1}, "meets", "definite", (), ()),
        (NEUPSIG, {"history": 0, "distribution": 1, "confirmed": 1}, "does_not_meet", "", ("neupsig_history",), ()),
        (NEUPSIG, {"history": 1, "distribution": 0}, "does_not_meet", "", ("neupsig_distribution",), ()),
        (NEUPSIG, {"distribution": 0}, "does_not_meet", "", ("neupsig_distribution",), ()),
        (
            KLEENE,
            {"history": 1, "sensory_signs": 1, "confirmed": 1},
            "cannot_tell",
            "",
            (),
            ("neupsig_distribution",),
        ),
        (KLEENE, {"distribution": 1}, "cannot_tell", "", (), ("neupsig_history",)),
        (KLEENE, {"confirmed": 1}, "cannot_tell", "", (), ("neupsig_history", "neupsig_distribution")),
        (NEUPSIG, {"history": 1, "distribution": 1}, "meets", "possible", (), ("sensory_signs", "confirmed")),
        (NEUPSIG, {"history": 1, "distribution": 1, "confirmed": 1}, "meets", "probable", (), ("sensory_signs",)),
        (NEUPSIG, {"history": 1, "distribution": 1, "sensory_signs": 1}, "meets", "probable", (), ("confirmed",)),
        (NEUPSIG, {"history": 1, "distribution": 1, "sensory_signs": 0}, "meets", "possible", (), ("confirmed",)),
    ],
}


def as_inputs(key, inputs):
    if key != "neupsig_2016":
        return inputs
    return {f"neupsig_{k}": bool(v) for k, v in inputs.items()}


@pytest.mark.parametrize(
    ("key", "source", "inputs", "verdict", "grade", "by", "missing"),
    [(key, *row) for key, rows in ROWS.items() for row in rows],
)
def test_truth_table(key, source, inputs, verdict, grade, by, missing):
    found = judged(key, **as_inputs(key, inputs))
    assert (found.verdict, found.grade) == (verdict, grade), (source, found)
    for name in by:
        assert name in "; ".join(found.decided_by), source
    for name in missing:
        assert name in "; ".join(found.missing), source
    if verdict == "cannot_tell":
        assert len(found.missing) == len(missing), found.missing
    if not missing:
        assert not found.missing
    assert "doi:10." in found.source
    assert found.accuracy


# source, age, values, symptoms, verdict, grade, in decided_by, in missing
DB, VAL, R30, EIR = "deep_breathing_difference", "valsalva_ratio", "ratio_30_15", "ei_ratio"
SYS, DIA, RISE = "systolic_fall", "diastolic_fall", "standing_heart_rate_rise"
NUMBERS = {
    "ewing": [
        (EWING, 50, {DB: 10, VAL: 1.10, R30: 1.04}, None, "meets", "", (DB, VAL), ()),
        (EWING, 50, {DB: 10.1, VAL: 1.10, R30: 1.00}, None, "meets", "", (VAL, R30), ()),
        (EWING, 50, {DB: 10, VAL: 1.11, R30: 1.00}, None, "meets", "", (DB, R30), ()),
        (EWING, 50, {DB: 10, VAL: 1.05}, None, "meets", "", (DB, VAL), ()),
        (EWING, 50, {DB: 8, VAL: 1.0, R30: 0.9}, None, "meets", "", (DB, VAL, R30), ()),
        (EWING, 50, {DB: 11, VAL: 1.11, R30: 1.00}, None, "does_not_meet", "", ("borderline",), ()),
        (EWING, 50, {DB: 20, VAL: 1.5, R30: 1.2}, None, "does_not_meet", "", ("normal",), ()),
        (EWING, 50, {DB: 20, VAL: 1.5}, None, "does_not_meet", "", (DB, VAL), ()),
        (EI, 50, {EIR: 1.069, VAL: 1.10}, None, "meets", "", (EIR, VAL), ()),
        (EI, 50, {EIR: 1.07, VAL: 1.10, R30: 1.2}, None, "does_not_meet", "", (EIR,), ()),
        (EI, 24.9, {EIR: 1.16, VAL: 1.10}, None, "meets", "", (EIR,), ()),
        (EI, 25, {EIR: 1.16, VAL: 1.10, R30: 1.2}, None, "does_not_meet", "", (EIR,), ()),
        (EI, 75, {EIR: 1.01, VAL: 1.10}, None, "meets", "", (EIR,), ()),
        (KLEENE, 76, {EIR: 1.01, VAL: 1.10}, None, "cannot_tell", "", (), (EIR, "age", R30)),
        (KLEENE, None, {EIR: 1.01, VAL: 1.10, R30: 1.2}, None, "cannot_tell", "", (), (EIR, "age")),
        (EWING, None, {DB: 9, VAL: 1.10, EIR: 1.5}, None, "meets", "", (DB,), ()),
        (KLEENE, 50, {DB: 9}, None, "cannot_tell", "", (), (VAL, R30)),
        (KLEENE, 50, {DB: 20}, None, "cannot_tell", "", (), (VAL, R30)),
        (KLEENE, 50, {DB: 9, VAL: 1.5}, None, "cannot_tell", "", (), (R30,)),
        (KLEENE, 50, {VAL: 1.0, R30: 1.2}, None, "cannot_tell", "", (), (DB,)),
    ],
    "orthostatic": [
        (STANDING, 50, {SYS: 20, DIA: 0, RISE: 5}, False, "meets", "hypotension", (SYS,), ()),
        (STANDING, 50, {SYS: 0, DIA: 10, RISE: 5}, False, "meets", "hypotension", (DIA,), ()),
        (STANDING, 50, {SYS: 20}, None, "meets", "hypotension", (SYS,), ()),
        (STANDING, 50, {SYS: 25, DIA: 12, RISE: 40}, True, "meets", "hypotension", (SYS, DIA), ()),
        (STANDING, 50, {SYS: 19.9, DIA: 9.9, RISE: 29.9}, True, "does_not_meet", "", (RISE,), ()),
        (STANDING, 50, {SYS: 5, DIA: 2, RISE: 30}, True, "meets", "tachycardia", (RISE, "symptoms"), ()),
        (STANDING, 20, {SYS: 5, DIA: 2, RISE: 30}, True, "meets", "tachycardia", (RISE,), ()),
        (STANDING, 19, {SYS: 5, DIA: 2, RISE: 39}, True, "does_not_meet", "", (RISE,), ()),
        (STANDING, 19, {SYS: 5, DIA: 2, RISE: 40}, True, "meets", "tachycardia", (RISE,), ()),
        (STANDING, 50, {SYS: 5, DIA: 2, RISE: 35}, False, "does_not_meet", "", ("symptoms",), ()),
        (STANDING, 50, {SYS: 5, DIA: 2}, False, "does_not_meet", "", (), ()),
        (STANDING, 50, {"tilt_systolic_fall": 22}, None, "meets", "hypotension", ("tilt",), ()),
        (KLEENE, 50, {SYS: 5, DIA: 2, RISE: 35}, None, "cannot_tell", "", (), ("orthostatic_symptoms_3_months",)),
        (KLEENE, 50, {SYS: 5, RISE: 35}, True, "cannot_tell", "", (), (DIA,)),
        (KLEENE, 50, {DIA: 5, RISE: 10}, True, "cannot_tell", "", (), (SYS,)),
        (KLEENE, 50, {RISE: 35}, True, "cannot_tell", "", (), (SYS, DIA)),
        (KLEENE, 50, {SYS: 5, DIA: 2}, True, "cannot_tell", "", (), (RISE,)),
        (KLEENE, None, {SYS: 5, DIA: 2, RISE: 35}, True, "cannot_tell", "", (), ("age",)),
        (STANDING, None, {SYS: 5, DIA: 2, RISE: 41}, True, "meets", "tachycardia", (RISE,), ()),
        (STANDING, None, {SYS: 5, DIA: 2, RISE: 29}, True, "does_not_meet", "", (RISE,), ()),
        (KLEENE, 50, {}, True, "cannot_tell", "", (), (SYS, DIA, RISE)),
        (KLEENE, 50, {}, False, "cannot_tell", "", (), (SYS, DIA)),
    ],
}


@pytest.mark.parametrize(
    ("key", "source", "age", "values", "symptoms", "verdict", "grade", "by", "missing"),
    [(key, *row) for key, rows in NUMBERS.items() for row in rows],
)
def test_truth_table_of_numbers(key, source, age, values, symptoms, verdict, grade, by, missing):
    found = judged(key, age=age, values=values, orthostatic_symptoms_3_months=symptoms)
    assert (found.verdict, found.grade) == (verdict, grade), (source, found)
    for name in by:
        assert name in "; ".join(found.decided_by), source
    for name in missing:
        assert name in "; ".join(found.missing), source
    if not missing:
        assert not found.missing


@pytest.mark.parametrize(("key", "n"), [("besta_2008", 1), ("neurodiab_2010", 1)])
def test_conduction_without_a_limit_is_unknown(key, n):
    inputs = {**TWO, **NO_LARGE, "symptoms_distal": True, "ienfd": True}
    found = judged(key, **inputs, studies=(sural(None),))
    assert "amplitude_lln" in found.missing[0]
    assert (found.verdict, found.grade) in (("cannot_tell", ""), ("meets", "possible"))


def test_an_absent_response_is_abnormal_without_a_limit():
    found = judged("besta_2008", **TWO, **NO_LARGE, ienfd=True, studies=(sural(None, amplitude=0.0),))
    assert found.verdict == "does_not_meet"
    assert "no response" in found.decided_by[0]


def test_wordings_of_neurodiab():
    inputs = {"symptoms_distal": True, **NO_SIGNS, "sural": False, "ienfd": True}
    assert judged("neurodiab_2010", **inputs).grade == "possible"
    either = {"neurodiab_2010": {"signs_and_symptoms": "or"}}
    assert judged("neurodiab_2010", **inputs, settings=either).grade == "definite", TORONTO_OR
    assert any("symptoms or signs" in x for x in judged("neurodiab_2010", **inputs, settings=either).inputs)
    both = {"neurodiab_2010": {"signs_and_symptoms": "or", "tests": "and"}}
    assert judged("neurodiab_2010", **inputs, **FINE, settings=both).grade == "probable"
    inputs["sural"] = True
    lax = {"neurodiab_2010": {"signs_and_symptoms": "or", "sural": "any"}}
    assert judged("neurodiab_2010", **inputs, settings=lax).grade == "definite"


def test_any_sign_as_a_setting_of_besta_2008():
    inputs = {**NO_SIGNS, "pinprick_loss": True, **PURE, **FINE, "ienfd": True}
    assert judged("besta_2008", **inputs).verdict == "does_not_meet"
    assert judged("besta_2008", **inputs, settings={"besta_2008": {"signs": "any"}}).verdict == "meets"
