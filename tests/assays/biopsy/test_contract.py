from nociscope.assays.biopsy import ASSAY
from nociscope.testing import check_assay


def test_it_keeps_the_contract():
    found = check_assay(ASSAY)
    assert found.coverage["ienfd", "pgp95_bf"][1] == 120
    assert found.coverage["axonal_loss", "pgp95_bf"][1] == 60
