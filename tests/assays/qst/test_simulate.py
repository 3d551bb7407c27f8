from __future__ import annotations

import numpy as np
import pytest

from nociscope.assays.qst import ASSAY
from nociscope.assays.qst.parameters import PARAMETERS
from nociscope.truth import Truth
from tests.assays.qst.visits import simulated_visit

SETTINGS = ASSAY.settings()


def measured(root, truth: Truth, seed: int):
    simulated = ASSAY.simulate(truth, seed)
    recording = ASSAY.read(simulated_visit(root, simulated), SETTINGS)
    assert recording.problems == ()
    return simulated, {(r.measure, r.site, r.side): r for r in ASSAY.measure(recording, SETTINGS)}


def test_truth_lies_in_the_intervals(tmp_path) -> None:
    hits: list[bool] = []
    for seed in range(25):
        truth = Truth(severity={"distal_small_fibre_loss": seed % 3 / 2, "central_gain": seed % 2 * 0.6})
        simulated, readings = measured(tmp_path, truth, seed)
        for true in simulated.true_values:
            r = readings[true.measure, true.site, true.side]
            assert r.low is not None
            assert r.high is not None
            assert r.value is not None
            hits.append(r.low <= true.value <= r.high)
    assert 0.92 <= np.mean(hits) <= 0.99


def test_same_seed_same_bytes_other_seed_other() -> None:
    one, two, other = (ASSAY.simulate(Truth(), s) for s in (1, 1, 2))
    assert one == two
    assert one.files[0].content != other.files[0].content


@pytest.mark.parametrize(
    ("mechanism", "measure", "raised"),
    [
        ("distal_small_fibre_loss", "cdt", True),
        ("distal_small_fibre_loss", "wdt", True),
        ("central_gain", "hpt", False),
        ("central_gain", "ppt", False),
        ("central_gain", "cpt", True),
        ("large_fibre_axonal_loss", "mdt", True),
        ("large_fibre_axonal_loss", "vdt", False),
    ],
)
def test_a_mechanism_moves_its_measure_in_its_direction(mechanism: str, measure: str, raised: bool) -> None:
    def true(severity: float) -> float:
        simulated = ASSAY.simulate(Truth(severity={mechanism: severity}), 5)
        return next(t.value for t in simulated.true_values if t.measure == measure and t.site == "foot_dorsum")

    assert (true(0.8) > true(0.0)) == raised


def test_every_declared_measure_appears_in_its_unit(tmp_path) -> None:
    _, readings = measured(tmp_path, Truth(), 3)
    units = {(r.measure, r.unit) for r in readings.values()}
    for m in ASSAY.measures:
        assert (m.name, m.unit) in units
    assert {r.measure for r in readings.values()} <= {m.name for m in ASSAY.measures}


def test_declaration_follows_the_published_log_rule() -> None:
    identity = {code for code, p in PARAMETERS.items() if not p.log10}
    assert identity == {"phs", "cpt", "hpt", "vdt"}


def test_orientation() -> None:
    """Gain is positive: minus for thresholds, plus for cold pain, ratings, wind-up and vibration."""
    gain_is_high = {code for code, p in PARAMETERS.items() if p.loss == "low"}
    assert gain_is_high == {"cpt", "mps", "dma", "wur", "vdt"}
