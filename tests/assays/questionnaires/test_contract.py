from nociscope.assays.questionnaires import ASSAY
from nociscope.testing import check_assay

GIVEN_ONLY = ("hads_total", "bpi_total", "rand36_total", "fm_criteria_total", "promis_total")


def test_questionnaires_keep_the_contract_of_an_assay():
    promis = [m.name for m in ASSAY.measures if m.name.startswith("promis_")]
    check_assay(ASSAY, range(6), not_simulated=(*GIVEN_ONLY, *promis))
