from dataclasses import replace

import pytest

from nociscope.assays.ccm import ASSAY
from nociscope.tables import Reading
from nociscope.testing import check_assay


@pytest.mark.slow
def test_the_assay_keeps_the_contract_on_many_seeds():
    check_assay(ASSAY, seeds=range(6))


def test_the_assay_keeps_the_contract():
    check_assay(ASSAY, seeds=(1,))


def test_single_frames_are_not_held_against_norms() -> None:
    frame = Reading(assay="ccm", site="cornea_central", side="left", measure="cnfl", value=20.0, unit="mm/mm2")
    assert ASSAY.compares(frame)
    assert not ASSAY.compares(replace(frame, source="sub-01/micr/sub-01_sample-OD_chunk-1_CONF.png"))
    assert ASSAY.compares(replace(frame, source="phenotype/ccm.tsv"))
