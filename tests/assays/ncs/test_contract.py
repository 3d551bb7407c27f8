from nociscope.assays.ncs import ASSAY
from nociscope.testing import check_assay


def test_it_keeps_the_contract():
    found = check_assay(ASSAY, range(6), tolerance={"velocity_m_s": 3.0})
    assert found.coverage["velocity_m_s", "motor"][1] >= 24
