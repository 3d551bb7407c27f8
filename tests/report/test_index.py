"""The page of a study."""

from __future__ import annotations

from dataclasses import replace

from nociscope.problems import Problem
from nociscope.report.index import IndexEntry, index_entry, index_page
from nociscope.report.page import SIZE_LIMIT, size
from tests.report.example import visit
from tests.report.reading import Page


def test_every_visit_has_a_line_with_its_link_states_and_counts() -> None:
    entry = index_entry(visit())
    other = replace(entry, participant_id="sub-02", age=93.0, group="control", href="sub-02/sub-02_report.html")
    html = index_page("Small fibres", [entry, other], problems=[Problem(what="a file is odd", file="x.tsv")])
    page = Page(html)
    assert page.wrong == []
    assert page.open == []
    assert [link for link in page.links if not link.startswith("#")] == [
        "sub-01/ses-1/sub-01_ses-1_report.html",
        "sub-02/sub-02_report.html",
    ]
    assert "2 participants, 2 visits. At 2 visits a test failed" in page.text
    assert "4 3 16 5 29 3 done partial failed –" in page.text
    assert "over 89" in page.text
    assert "93" not in page.text
    assert "x.tsv: a file is odd." in page.text
    assert "Research use only" in page.text
    assert "Not a medical device" in page.text
    assert html == index_page("Small fibres", [entry, other], problems=[Problem(what="a file is odd", file="x.tsv")])


def test_a_study_without_anyone_is_a_page() -> None:
    page = Page(index_page("", []))
    assert "Study without a name" in page.text
    assert "No participant has been worked up yet." in page.text


def test_a_large_study_stays_below_the_size_and_links_everyone() -> None:
    entry = index_entry(visit())
    entries = [
        replace(entry, participant_id=f"sub-{i:05d}", href=f"sub-{i:05d}/sub-{i:05d}_report.html")
        for i in range(9000)
    ]
    html = index_page("Large", entries)
    assert size(html) < SIZE_LIMIT
    assert set(Page(html).links) >= {e.href for e in entries}


def test_an_address_that_leaves_the_output_is_no_link() -> None:
    for href in ("../x.html", "/etc/x", "javascript:alert(1)", "https://example.org/x", "a//b", ""):
        links = Page(index_page("S", [IndexEntry(participant_id="sub-1", href=href)])).links
        assert all(link.startswith("#") or "%3A" in link for link in links), (href, links)
