import pytest

from nociscope.assays.ccm import ASSAY
from nociscope.testing import check_assay


@pytest.mark.slow
def test_the_assay_keeps_the_contract_on_many_seeds():
    check_assay(ASSAY, seeds=range(6))


def test_the_assay_keeps_the_contract():
    check_assay(ASSAY, seeds=(1,))
