from __future__ import annotations

import pytest

from nociscope.assays.qst import ASSAY
from nociscope.testing import check_assay


@pytest.mark.slow
def test_the_assay_keeps_the_contract() -> None:
    check_assay(ASSAY)
