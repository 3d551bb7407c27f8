"""Which tests of small fibres agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.cohort.agreement import agreement_rows, kappa, pattern_rows, small_fibre_rows, states_of
from nociscope.cohort.quantities import values_of

from .made import people, reading, score, visit


def test_kappa_of_a_worked_example():
    # 20 yes/yes, 5 and 10 unlike, 15 no/no: observed 0.70, by chance 0.50, kappa 0.40
    k, low, high = kappa(20, 5, 10, 15)
    assert k == pytest.approx(0.4)
    assert low < 0.4 < high


@given(*[st.integers(0, 40)] * 4)
def test_kappa_equals_a_library(a, b, c, d):
    from statsmodels.stats.inter_rater import cohens_kappa

    found = kappa(a, b, c, d)
    if found is None:
        assert 0 in (a + b, c + d, a + c, b + d)
        return
    theirs = cohens_kappa([[a, b], [c, d]])
    assert found[0] == pytest.approx(theirs.kappa)
    assert found[1] == pytest.approx(max(-1, theirs.kappa_low), abs=1e-6)
    assert found[2] == pytest.approx(min(1, theirs.kappa_upp), abs=1e-6)


def judged(person: str, **calls: str):
    made = {
        "biopsy": reading("ienfd", 5.0, assay="biopsy"),
        "qst": reading("cdt", 5.0, assay="qst"),
        "lep": reading("n2p2_amplitude", 5.0, assay="lep"),
        "none": reading("response_present", 0.0, assay="lep"),
    }
    own = {k: made[k] for k in calls}
    scores = [score(made[k], call) for k, call in calls.items() if k != "none"]
    return visit(person, *own.values(), scores=scores)


STUDY = [
    judged("sub-a", biopsy="loss", qst="loss"),
    judged("sub-b", biopsy="loss", qst="gain"),
    judged("sub-c", biopsy="normal", qst="not_comparable"),
    judged("sub-d", biopsy="normal", qst="normal"),
    judged("sub-e", none="absent"),
    visit("sub-f"),
]
WHO = people(a="FM", b="FM", c="FM", d="control", e="FM", f="FM")


def states():
    return states_of(values_of(STUDY, {}, {}), STUDY)


def test_a_test_that_was_not_compared_is_unknown_and_an_absent_response_is_loss():
    found = states()
    assert found["biopsy"] == {"sub-a": True, "sub-b": True, "sub-c": False, "sub-d": False}
    assert found["qst"] == {"sub-a": True, "sub-b": False, "sub-d": False}
    assert found["lep"] == {"sub-e": True}


def test_shares_patterns_and_pairs():
    shares = {(r["test"], r["group"]): r for r in small_fibre_rows(WHO, states())}
    assert (shares["biopsy", "all"]["loss"], shares["biopsy", "all"]["judged"]) == (2, 4)
    assert ("ccm", "all") not in shares
    patterns = [r for r in pattern_rows(WHO, states()) if r["group"] == "all"]
    assert sum(r["people"] for r in patterns) == 5  # sub-f was judged by nothing
    assert {"biopsy": "loss", "qst": "no_loss", "lep": "unknown"}.items() <= next(
        r for r in patterns if r["biopsy"] == "loss" and r["qst"] == "no_loss"
    ).items()
    pair = next(r for r in agreement_rows(WHO, states()) if r["group"] == "all" and r["other"] == "qst")
    assert (pair["judged"], pair["both"], pair["test_only"], pair["other_only"], pair["neither"]) == (3, 1, 1, 0, 1)


def test_nobody_tested_gives_nothing():
    none = states_of((), ())
    assert small_fibre_rows(WHO, none) == pattern_rows(WHO, none) == agreement_rows(WHO, none) == []
