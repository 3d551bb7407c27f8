from nociscope.assays.ncs import ASSAY
from nociscope.testing import check_assay


def test_it_keeps_the_contract():
    found = check_assay(ASSAY, range(4), tolerance={"velocity_m_s": 3.0})
    assert found.coverage["velocity_m_s", "motor"][1] >= 16
    for measure in ("onset_latency_ms", "peak_latency_ms", "amplitude", "amplitude_peak_to_peak"):
        assert found.coverage[measure, "motor:waveform"][1] >= 24
        assert found.coverage[measure, "sensory:waveform"][1] >= 4
