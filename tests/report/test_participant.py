"""The page of one visit: all of it there, nothing loaded, below its size, the same every time."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nociscope.assays.declaration import Figure
from nociscope.problems import Problem
from nociscope.report.page import SECURITY_POLICY, SIZE_LIMIT, doi_address, size
from nociscope.report.participant import participant_page, visit_address
from nociscope.results import AssayFigure, AssayResult, NormUsed, VisitResult
from nociscope.tables import Reading, Score
from tests.report.example import DECLARATIONS, visit
from tests.report.reading import Page


@pytest.fixture(scope="module")
def result() -> VisitResult:
    return visit()


@pytest.fixture(scope="module")
def html(result: VisitResult) -> str:
    return participant_page(result, DECLARATIONS)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_well_formed_with_one_heading_title_language(page: Page, html: str) -> None:
    assert html.startswith("<!DOCTYPE html>")
    assert page.wrong == []
    assert page.open == []
    assert page.of("html") == [{"lang": "en"}]
    assert len(page.of("h1")) == 1
    assert len(page.of("title")) == 1
    assert len(page.ids) == len(set(page.ids))


def test_loads_nothing(page: Page, html: str) -> None:
    allowed = {"link": {"data:,"}}
    for tag, attrs in page.elements:
        for name in ("src", "srcset", "data", "action", "background"):
            assert name not in attrs or str(attrs[name]).startswith("data:")
        if "href" in attrs and tag != "a":
            assert attrs["href"] in allowed.get(tag, set()) or str(attrs["href"]).startswith("#")
    assert not {t for t, _ in page.elements} & {"script", "iframe", "object", "embed", "base", "img", "form"}
    assert "@import" not in html
    assert re.search(r"url\((?!#)", html) is None
    policies = [m["content"] for m in page.of("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [SECURITY_POLICY]


def test_links_resolve_on_the_page_or_lead_to_neighbours_and_sources(page: Page) -> None:
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert link.startswith("https://doi.org/10.") or link in (
                "../ses-2/sub-01_ses-2_report.html",
                "sub-01_ses-1_readings.tsv",
                "sub-01_ses-1_scores.tsv",
                "sub-01_ses-1_findings.json",
                "sub-01_ses-1_mechanisms.tsv",
            )
    for tag, attrs in page.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            if name in attrs:
                assert str(attrs[name]) in page.ids, (tag, attrs)


def test_every_drawing_has_a_name_or_is_hidden(page: Page) -> None:
    drawings = page.of("svg")
    assert sum(d.get("role") == "img" for d in drawings) == 2
    assert all(d.get("aria-labelledby") or d.get("aria-hidden") == "true" for d in drawings)


def test_everything_recorded_is_told(page: Page, result: VisitResult) -> None:
    text = page.text
    for words in (
        "Participant sub-01, visit ses-1",
        "Small fibres in fibromyalgia",
        "46 years",
        "female",
        "FM",
        "not recorded",
        "Research use only",
        "Not a medical device",
        "Cold detection threshold",
        "3.9 /mm",
        "3.0 to 5.1",
        "at least 5.6",
        "> 512.0 mN",
        "> 0.99",
        "not comparable",
        "No norm of this site and stain is active.",
        "Poor quality: two of three trials only",
        "sub-01/ses-1/eeg/sub-01_ses-1_task-lep_eeg.vhdr",
        "This test failed: nothing could be measured.",
        "No input at this visit: Corneal confocal microscopy.",
        "Collongues N et al. PLoS ONE 2018;13(1):e0191614.",
        "doi:10.1371/journal.pone.0191614",
        "baseline_c = 32.0",
        "nociscope, version 0.1.0",
        "9f" * 32,
    ):
        assert words in text, words
    for assay in result.assays:
        assert assay.methods in text
        for problem in assay.problems:
            assert problem.sentence() in text
    for figure in result.figures:
        assert figure.figure.caption in text


def test_counts_at_a_glance(page: Page) -> None:
    assert (
        "29 readings from 2 tests. 23 compared with a norm: 16 normal, 4 loss, 3 gain. 5 not comparable." in page.text
    )


def test_no_word_of_diagnosis(page: Page) -> None:
    said = page.text.lower().replace("not for diagnosis or treatment", "")
    assert re.search(r"diagnos|suffers|disease[sd]\b|has fibromyalgia|patholog", said) is None


def test_the_same_bytes_in_another_process(html: str, tmp_path: Path) -> None:
    code = (
        "import hashlib, sys\nfrom tests.report.example import *\n"
        "from nociscope.report.participant import participant_page\n"
        "sys.stdout.write(hashlib.sha256(participant_page(visit(), DECLARATIONS).encode()).hexdigest())"
    )
    root = Path(__file__).parents[2]
    env = os.environ | {
        "PYTHONHASHSEED": "3",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "de_DE.UTF-8",
        "PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}",
    }
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert run.stdout == hashlib.sha256(html.encode()).hexdigest(), run.stderr


def test_an_empty_visit_is_a_page() -> None:
    page = Page(participant_page(VisitResult(participant_id="sub-9"), {}))
    assert "No readings from no tests." in page.text
    assert "not recorded" in page.text
    assert page.wrong == []


def test_an_unverified_norm_is_stamped_wherever_it_is_used(result: VisitResult) -> None:
    norms = tuple(replace(n, status="unverified") if n.key == "collongues_2018" else n for n in result.norms)
    text = Page(participant_page(replace(result, norms=norms), DECLARATIONS)).text
    assert text.count("unverified norm") == 2
    assert "Not verified in its source" in text


def test_several_scores_of_one_reading_and_scores_without_one_are_all_shown(result: VisitResult) -> None:
    leg = next(s for s in result.scores if s.norm == "collongues_2018")
    second = replace(leg, norm="other_norm", limit_low=4.44)
    lost = replace(leg, value=1.11, norm="lost_norm")
    text = Page(participant_page(replace(result, scores=(*result.scores, second, lost)), DECLARATIONS)).text
    assert "norm other_norm" in text
    assert "at least 4.4" in text
    assert "norm lost_norm" in text
    assert "This score has no reading of the same value beside it." in text


def test_readings_of_an_assay_that_is_not_listed_are_shown() -> None:
    reading = Reading(participant_id="sub-9", assay="esc", measure="esc", value=71.25, unit="uS", site="hand")
    text = Page(participant_page(VisitResult(participant_id="sub-9", readings=(reading,)), {})).text
    assert "71.25 µS" in text


def test_a_figure_that_could_do_harm_is_replaced_by_a_sentence(result: VisitResult) -> None:
    bad = Figure(
        name="x", title="Trap", caption="A trap.", svg='<svg viewBox="0 0 1 1"><script>alert(1)</script></svg>'
    )
    html = participant_page(replace(result, figures=(AssayFigure(assay="qst", figure=bad),)), DECLARATIONS)
    assert "<script" not in html
    assert "This figure is not shown: it holds an element that drawings do not need." in Page(html).text


def test_figures_beyond_the_size_are_left_out_in_words(result: VisitResult) -> None:
    big = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="{"M 0 0 " * 120_000}"/></svg>'
    figures = tuple(
        AssayFigure(assay="qst", figure=Figure(name=f"f{i}", title=f"Trace {i}", caption=f"Caption {i}.", svg=big))
        for i in range(5)
    )
    html = participant_page(replace(result, figures=figures), DECLARATIONS)
    page = Page(html)
    assert size(html) < SIZE_LIMIT
    assert sum(d.get("role") == "img" for d in page.of("svg")) == 2
    assert page.text.count("is left out to keep the page below 2 MB") == 3
    assert all(f"Caption {i}." in page.text for i in range(5))


def test_a_huge_visit_stays_below_the_size_and_says_what_is_missing() -> None:
    text = "wörter & <b> " * 400
    readings, scores = [], []
    for assay in [f"assay{i}" for i in range(12)]:
        for k in range(1500):
            at = {
                "assay": assay,
                "site": f"site{k}",
                "side": "left",
                "measure": f"m{k}",
                "value": 1.0 + k,
                "unit": "ms",
            }
            readings.append(Reading(participant_id="sub-1", **at, remark=text, method=text, source=f"f{k}"))
            scores.append(
                Score(
                    participant_id="sub-1", session_id="n/a", **at,
                    call="loss" if k == 1400 else "not_comparable", reason=f"{k} {text}",
                )
            )  # fmt: skip
    result = VisitResult(
        participant_id="sub-1",
        study_name=text,
        participant={"group": text},
        readings=tuple(readings),
        scores=tuple(scores),
        assays=tuple(
            AssayResult(
                name=f"assay{i}",
                title=text,
                status="partial",
                problems=tuple(Problem(what=f"{k} {text}") for k in range(3000)),
                inputs={f"file{k}": "0" * 64 for k in range(3000)},
                settings={f"s{k}": text for k in range(500)},
                methods=text * 20,
                references=tuple((f"{k} {text}", f"10.1000/{k}") for k in range(300)),
            )
            for i in range(12)
        ),
        norms=tuple(
            NormUsed(key=f"n{k}", title=text, citation=text, doi="", status="read", population=text, sha256="")
            for k in range(500)
        ),
    )
    html = participant_page(result, {})
    assert size(html) < SIZE_LIMIT
    shown = Page(html).text
    assert "more readings are left to the readings table" in shown
    assert "more of this kind; the log has them all" in shown
    assert "1401" in shown, "a reading that is outside the limits is shown even when others are cut"


def test_addresses() -> None:
    assert visit_address("sub-01", "n/a") == "sub-01/sub-01_report.html"
    assert visit_address("sub-01", "ses-1") == "sub-01/ses-1/sub-01_ses-1_report.html"
    assert doi_address("10.1016/j.pain.2006.01.041") == "https://doi.org/10.1016/j.pain.2006.01.041"
    assert doi_address("javascript:alert(1)") == ""
    assert doi_address('10.1000/"><b>') == ""
