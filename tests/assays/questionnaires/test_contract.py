from dataclasses import replace

import pytest

from nociscope.assays.questionnaires import ASSAY, instruments
from nociscope.testing import check_assay

GIVEN_ONLY = ("hads_total", "bpi_total", "rand36_total", "fm_criteria_total", "promis_total")
PROMIS = tuple(m.name for m in ASSAY.measures if m.name.startswith("promis_"))
ONE_OF_EACH_KIND = ("fm_criteria", "fiqr", "paindetect", "compass31", "psqi")


def few(truth, seed):
    """Simulate only instruments that differ in how they are scored: every cell of every column is spoilt in turn."""
    whole = ASSAY.simulate(truth, seed)
    names = {m for i in instruments() if i.key in ONE_OF_EACH_KIND for m, _ in i.measures}
    return replace(
        whole,
        rows={k: v for k, v in whole.rows.items() if k in ONE_OF_EACH_KIND},
        true_values=tuple(t for t in whole.true_values if t.measure in names),
    )


def test_questionnaires_keep_the_contract_of_an_assay():
    others = [m for i in instruments() if i.key not in ONE_OF_EACH_KIND for m, _ in i.measures]
    check_assay(replace(ASSAY, simulate=few), range(6), not_simulated=(*GIVEN_ONLY, *others))


@pytest.mark.slow
def test_every_instrument_keeps_the_contract_of_an_assay():
    check_assay(ASSAY, range(20), not_simulated=(*GIVEN_ONLY, *PROMIS))


def test_simulated_answers_of_every_instrument_give_the_scores_that_were_put_in():
    from nociscope.testing.declared import true_values, virtual_visits
    from nociscope.truth import Truth

    people = [Truth(participant_id=f"sub-{n}", group=g) for n, g in enumerate(("FM", "control", "other"))]
    for seed in range(5):
        with virtual_visits(ASSAY, people, seed) as (_, visits):
            for truth, visit in zip(people, visits, strict=True):
                recording = ASSAY.read(visit, None)
                assert not recording.problems
                found = {r.measure: r.value for r in ASSAY.measure(recording, None)}
                expected = {t.measure: t.value for t in true_values(ASSAY, truth, seed)}
                assert found == pytest.approx(expected)
