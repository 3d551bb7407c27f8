from nociscope.assays.lep import ASSAY
from nociscope.testing import check_assay


def test_it_keeps_the_contract():
    found = check_assay(ASSAY, range(2))
    assert sum(tries for _, tries in found.coverage.values()) > 20


def test_directions_of_loss():
    loss = {m.name: m.loss for m in ASSAY.measures}
    assert loss["n2_latency"] == loss["p2_latency"] == "high"  # late
    assert loss["n1_amplitude"] == loss["n2_amplitude"] == "high"  # negative waves, towards 0
    assert loss["p2_amplitude"] == loss["n2p2_amplitude"] == "low"
    assert loss["habituation_ratio"] == loss["habituation_slope"] == "high"  # less habituation
