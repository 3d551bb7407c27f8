from nociscope.assays.labs import ASSAY
from nociscope.testing import check_assay


def test_it_keeps_the_contract():
    found = check_assay(ASSAY)
    assert found.coverage["sil2r", "immunoassay"] == (60, 60)
