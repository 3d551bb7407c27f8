from nociscope.assays.qst import ASSAY
from nociscope.testing import check_assay


def test_it_keeps_the_contract():
    found = check_assay(ASSAY, range(4))
    assert found.coverage["cdt", "limits"][1] == 12
