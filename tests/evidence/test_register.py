import pytest

from nociscope.evidence import load_register, quotes
from nociscope.evidence.conversions import (
    count_of_percent,
    log_ratio_of_interval,
    mean_sd_of_quartiles,
    sd_of_interval,
    sd_of_se,
)
from nociscope.evidence.published import corneal_line, reproductions
from nociscope.evidence.register import ACTIVE, CONSTRUCTS, MARKS, TESTS

REGISTER = load_register()
EVERY = (
    *REGISTER.studies,
    *REGISTER.outcomes,
    *REGISTER.pooled,
    *REGISTER.trials,
    *REGISTER.claims,
    *REGISTER.conflicts,
    *REGISTER.references,
)


def test_every_row_has_a_mark_and_a_doi_or_says_that_none_was_read():
    for row in EVERY:
        assert row.mark in MARKS, row.key
        assert not row.doi or row.doi.startswith(("10.", "PMID:")), row.key
        if isinstance(row, type(REGISTER.studies[0])) and row.active:
            assert row.doi or (row.citation and row.read_in), row.key


def test_keys_are_unique_in_each_table_and_words_are_known():
    for table in (REGISTER.studies, REGISTER.outcomes, REGISTER.pooled, REGISTER.trials, REGISTER.claims):
        assert len({r.key for r in table}) == len(table)
    for s in (*REGISTER.studies, *REGISTER.claims):
        assert s.construct in CONSTRUCTS
    assert all(s.test in TESTS for s in REGISTER.studies)
    assert {c.verdict for c in REGISTER.claims} <= {"SUPPORT", "PARTIAL", "AGAINST"}


def test_recalled_inferred_and_second_hand_rows_are_never_pooled_or_quoted():
    inactive = [s for s in REGISTER.studies if s.mark not in ACTIVE]
    assert {s.key for s in inactive} >= {"kosmidis_2014", "ramirez_2015"}
    pooled = {s.key for s in REGISTER.select(every_row=True)}
    assert not pooled & {s.key for s in inactive}
    said = " ".join(q.text for t in TESTS for q in quotes(t))
    assert "Kosmidis" not in said
    assert "12 of 17" not in said
    assert "almost 50 %" not in said  # a claim that only a secondary article states


def test_counts_round_to_the_percentages_beside_them():
    for s in REGISTER.studies:
        if s.events is not None and s.percent is not None:
            decimals = 1 if s.percent != int(s.percent) else 0
            assert abs(100 * s.events / s.n - s.percent) <= 0.51 * 10**-decimals + (
                0.1 if s.key == "serra_2014" else 0
            )
            assert s.events <= s.n


def test_percentages_that_fit_no_single_count_have_none():
    for key in ("caro_2018", "marshall_2024", "esc_clinexp_2024", "caro_2008"):
        assert next(s for s in REGISTER.studies if s.key == key).events is None


def test_the_ready_set_of_adult_biopsies():
    found = {(s.events, s.n) for s in REGISTER.select(tests=["biopsy"], populations=["adult"])}
    assert {(11, 27), (6, 20), (34, 56), (74, 117), (18, 57), (23, 58), (19, 21), (10, 81)} == found


def test_one_per_centre_keeps_the_largest_sample_of_each():
    found = REGISTER.select(tests=["biopsy"], populations=["adult"], one_per_centre=True)
    centres = [s.overlap for s in found if s.overlap]
    assert len(centres) == len(set(centres))
    assert {"vecchio_2020_distal", "falco_2024"} <= {s.key for s in found}
    assert not {"de_tommaso_2014", "fasolino_2020"} & {s.key for s in found}


def test_a_sample_is_not_counted_at_two_sites_unless_a_site_is_named():
    keys = [s.key for s in REGISTER.select(tests=["biopsy"])]
    assert "vecchio_2020_thigh" not in keys
    assert "vecchio_2020_thigh" in [s.key for s in REGISTER.select(tests=["biopsy"], sites=["thigh"])]


def test_the_corneal_line_of_grayston_2019_is_reproduced():
    found = corneal_line()
    natural = found.to_dict()["natural"]
    assert [round(100 * natural[k]) for k in ("estimate", "ci_low", "ci_high")] == [59, 40, 78]
    assert round(found.estimate.i2) == 51


def test_the_biopsy_line_is_said_to_be_out_of_reach_with_the_reason():
    found = next(r for r in reproductions() if r.published.key == "grayston_2019_biopsy")
    assert found.ours is None
    assert "166" in found.remark
    assert all(r.remark for r in reproductions())


def test_conflicts_cover_the_contradictions_and_name_the_reading():
    topics = {c.key for c in REGISTER.conflicts}
    assert topics >= {
        "four_percentages",
        "de_tommaso_biopsied",
        "oaklander_count",
        "biopsy_site",
        "lep_amplitude",
        "ivig_fatigue",
        "ivig_effect",
        "large_fibres",
        "caro_year",
        "name",
    }
    assert all(c.reading and c.claim_a and c.claim_b for c in REGISTER.conflicts)


# --- quotes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("assay", ["biopsy", "ccm", "lep", "esc", "ncs", "questionnaires", "qst", "hrv", "reflexes"])
def test_every_quote_names_its_construct(assay):
    found = quotes(assay)
    assert found
    for q in found:
        assert q.construct in q.text
        assert q.citations


def test_a_survey_never_stands_beside_biopsies():
    assert not any("467" in q.text or "62.4" in q.text for q in quotes("biopsy"))
    symptoms = CONSTRUCTS["neuropathic_symptoms"]
    assert all(symptoms in q.text for q in quotes("questionnaires"))
    for name in TESTS:
        for q in quotes(name):
            assert sum(words in q.text for words in CONSTRUCTS.values()) == 1


def test_the_negative_study_stands_beside_the_positive_one():
    said = next(q.text for q in quotes("lep") if "amplitude" in q.text)
    assert "de Tommaso" in said
    assert "Van Assche" in said


def test_an_unknown_assay_has_no_quote():
    assert quotes("labs") == ()


# --- conversions --------------------------------------------------------------------------------------------------


def test_conversions():
    assert count_of_percent(41, 27) == 11
    assert count_of_percent(50, 33) is None  # 16 and 17 both round to 50 or 51
    assert sd_of_se(0.5, 16) == 2
    assert sd_of_interval(-1.96, 1.96, 10**9) == pytest.approx(10**4.5, rel=1e-4)
    mean, sd = mean_sd_of_quartiles(-0.6744897, 0, 0.6744897, 10**7)
    assert (mean, sd) == (pytest.approx(0), pytest.approx(1, abs=1e-5))
    value, se = log_ratio_of_interval(0.53, 4.53)
    assert value == pytest.approx(0.4377, abs=0.002)  # Geerts 2021 prints OR 1.56
    assert se == pytest.approx(0.547, abs=0.001)
