"""The register in a participant's record and page."""

import re

import pytest

from nociscope.engine import store
from nociscope.engine.participant import _literature
from nociscope.evidence import quotes
from nociscope.report.participant import participant_page
from nociscope.results import AssayResult, Quoted, VisitResult
from nociscope.tables import Reading


def visit(*literature, name="biopsy"):
    reading = Reading(
        participant_id="sub-1", assay=name, site="distal_leg", side="left", measure="ienfd", value=5.0, unit="/mm"
    )
    assay = AssayResult(name=name, title="Skin biopsy", status="done", literature=literature)
    return VisitResult(participant_id="sub-1", assays=(assay,), readings=(reading,), version="0")


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ")


def test_the_page_prints_what_is_recorded_with_links_to_the_sources():
    page = participant_page(visit(*_literature("biopsy")))
    text = words(page)
    for quote in quotes("biopsy"):
        assert quote.text.replace("“", "“") in text
        for doi in quote.dois:
            assert f'href="https://doi.org/{doi}"' in page
    assert "say nothing about one person" in text


def test_a_visit_without_a_record_of_it_has_no_such_text():
    assert "Studies of this test" not in participant_page(visit())


def test_the_record_survives_saving(tmp_path):
    result = visit(*_literature("biopsy"))
    store.save(result, tmp_path)
    again = store.load(tmp_path, "sub-1")
    assert again.assays[0].literature == result.assays[0].literature


def test_recorded_text_is_escaped():
    page = participant_page(visit(Quoted(text="<script>x</script>", construct="c", dois=("10.1/<b>",))))
    assert "<script>x" not in page
    assert "10.1/<b>" not in page


@pytest.mark.parametrize("assay", ["biopsy", "ccm", "lep", "qst", "esc", "ncs", "hrv", "questionnaires"])
def test_no_quote_states_a_diagnosis(assay):
    text = " ".join(q.text for q in quotes(assay)).lower()
    for phrase in ("diagnosed with", "probable diagnosis", "diagnosis:", "has fibromyalgia"):
        assert phrase not in text
