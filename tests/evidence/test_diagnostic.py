import json

import numpy as np
import pytest

from nociscope.evidence import accuracy
from nociscope.evidence.diagnostic import _deviance, bivariate_reml
from nociscope.problems import BadInput
from tests.evidence.test_reference import HERE

FOUR = {
    "study": list("ABCD"),
    "tp": [20, 30, 15, 40],
    "fp": [3, 5, 2, 9],
    "fn": [5, 9, 6, 11],
    "tn": [30, 50, 22, 70],
}


def test_the_gradient_is_that_of_the_deviance():
    rng = np.random.default_rng(1)
    y, v = rng.normal(size=(6, 2)), rng.uniform(0.1, 0.5, (6, 2))
    at = np.array([0.6, -0.2, 0.4])
    gradient = _deviance(at, y, v)[1]
    for i in range(3):
        step = np.eye(3)[i] * 1e-6
        slope = (_deviance(at + step, y, v)[0] - _deviance(at - step, y, v)[0]) / 2e-6
        assert gradient[i] == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_independent_margins_are_univariate_reml_when_nothing_links_them():
    from nociscope.evidence.heterogeneity import estimate_tau2, intercept

    x = np.array([1.0, -1.0, 1.0, -1.0, 0.5, 0.5, -0.5, -0.5])
    z = np.array([1.0, 1.0, -1.0, -1.0, 0.5, -0.5, 0.5, -0.5])
    v = np.full((8, 2), 0.1)
    _, _, between = bivariate_reml(np.column_stack([x, z]), v)
    assert between[0, 1] == pytest.approx(0, abs=1e-5)
    assert between[0, 0] == pytest.approx(estimate_tau2("REML", x, v[:, 0], intercept(8)), abs=1e-5)


def test_json_is_strict_and_complete():
    record = accuracy(FOUR).to_dict()
    json.dumps(record, allow_nan=False)
    for name in ("sensitivity", "specificity"):
        assert record[f"{name}_low"] < record[name] < record[f"{name}_high"]


def test_halves_go_into_every_study_if_any_cell_is_empty():
    record = accuracy({**FOUR, "fp": [3, 0, 2, 9]}).to_dict()
    assert record["half_added"]
    assert record["studies"][0]["yi"][0] == pytest.approx(np.log(20.5 / 5.5))
    assert not accuracy(FOUR).to_dict()["half_added"]


@pytest.mark.parametrize("k", [1, 2, 3])
def test_few_studies_are_pooled_one_by_one(k):
    record = accuracy({n: v[:k] for n, v in FOUR.items()}).to_dict()
    assert record["model"] == "univariate"
    assert record["auc"] is None
    if k == 1:
        assert record["sensitivity"] == pytest.approx(20 / 25)


def test_summary_curve_runs_through_the_summary_point():
    found = accuracy(HERE / "data" / "kearon1998.csv")
    assert float(found.sroc(np.array(1 - found.specificity[1]))) == pytest.approx(found.sensitivity[1])
    assert 0.5 < found.area() < 1


@pytest.mark.parametrize(
    ("change", "words"),
    [({"tp": [-1, 1, 1, 1]}, "no count"), ({"tn": [1.5, 1, 1, 1]}, "no count"), ({"tp": ["x", 1, 1, 1]}, "number")],
)
def test_wrong_counts_are_refused(change, words):
    with pytest.raises(BadInput, match=words):
        accuracy({**FOUR, **change})


def test_a_missing_cell_leaves_the_study_out_and_a_missing_column_is_named():
    found = accuracy({**FOUR, "tp": [None, 30, 15, 40]})
    assert found.k == 3
    assert "study A" in found.problems[0].sentence()
    with pytest.raises(BadInput, match="tn"):
        accuracy({n: v for n, v in FOUR.items() if n != "tn"})
