"""Text from data changes no element, attribute or address of a page, whatever field it comes in."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nociscope.assays.declaration import Figure
from nociscope.problems import Problem
from nociscope.report.index import IndexEntry, index_page
from nociscope.report.participant import participant_page
from nociscope.results import AssayFigure, AssayResult, NormUsed, VisitResult
from nociscope.tables import Reading, Score
from tests.report.reading import Page

TRAPS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style></table><h1>x</h1>",
    "javascript:alert(1)",
    "{{ 7*7 }}{% raw %}",
    "<!-- --><svg onload=alert(1)>",
    "&lt;b&gt;&amp;",
    "]]><![CDATA[",
    "\x00\x1b[31m\u202e\u2028",
    "http://example.org/x.css",
    "../../../etc/passwd",
)
hostile = st.sampled_from(TRAPS) | st.text(max_size=40).map(lambda t: f"x{t}<b>")
PLAIN = "x<b>"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g/></svg>'


def filled(cls: type[Any], text: str, **given: Any) -> Any:
    """Return a record with the text in every field that takes text."""
    return cls(**({f.name: text for f in fields(cls) if str(f.type).strip("'\"") == "str"} | given))


def hostile_visit(text: str) -> VisitResult:
    problem = Problem(what=text, remedy=text, file=text, row=2, column=text, value=text, participant_id=text)
    reading = filled(Reading, text, value=1.0, assay="a", measure="m", n=3, low=0.5, high=2.0, quality="poor")
    score = filled(Score, text, value=1.0, assay="a", measure="m", call="loss", z=-3.0, limit_low=2.0, norm="k")
    return filled(
        VisitResult,
        text,
        participant={"age": text, "sex": text, "group": text, "height_cm": text, "weight_kg": text},
        assays=(
            AssayResult(
                name="a", title=text, status="failed", problems=(problem,), inputs={text: text},
                settings={text: text}, methods=text, references=((text, text),),
            ),
            filled(AssayResult, text, status="done"),
        ),
        readings=(reading, replace(reading, assay=text, measure=text)),
        scores=(score, replace(score, assay=text, norm=text, call="not_comparable")),
        norms=(filled(NormUsed, text, key="k", status="unverified"), filled(NormUsed, text)),
        figures=(
            AssayFigure(assay="a", figure=filled(Figure, text, svg=SVG)),
            AssayFigure(assay="a", figure=filled(Figure, text)),
        ),
        other_visits=(text,),
    )  # fmt: skip


def assert_harmless(html: str) -> Page:
    page = Page(html)
    assert page.wrong == []
    assert page.open == []
    for tag, attrs in page.elements:
        assert tag not in ("script", "img", "iframe", "object", "base", "embed")
        assert not any(name.startswith("on") for name in attrs)
        for name in ("href", "src"):
            address = str(attrs.get(name, "#"))
            assert address.startswith(("#", "https://doi.org/10.", "data:,")) or ":" not in address, (tag, attrs)
            assert ".." not in address.replace("../ses-", "")
    assert page.text.find("\x1b") < 0
    return page


@settings(max_examples=60, deadline=None)
@given(hostile)
def test_participant_page(text: str) -> None:
    page = assert_harmless(participant_page(hostile_visit(text), {}))
    assert len(page.of("h1")) == 1
    tame = Page(participant_page(hostile_visit(PLAIN), {}))
    known = set(tame.shape())
    assert {key for key in page.shape() if key[0] in ("b", "svg", "g", "section", "meta", "link", "style")} <= known


@settings(max_examples=60, deadline=None)
@given(hostile)
def test_index_page(text: str) -> None:
    entry = filled(IndexEntry, text, statuses={text: text, "qst": "done"}, titles={text: text, "qst": text})
    page = assert_harmless(index_page(text, [entry], problems=[Problem(what=text, file=text, value=text)]))
    tame = filled(IndexEntry, PLAIN, statuses={PLAIN: PLAIN, "qst": "done"}, titles={PLAIN: PLAIN, "qst": PLAIN})
    shape = Page(index_page(PLAIN, [tame], problems=[Problem(what=PLAIN, file=PLAIN, value=PLAIN)])).shape()
    assert set(page.shape()) <= set(shape) | {("th", ("scope",)), ("a", ("href",))}


def test_every_trap_is_shown_as_text() -> None:
    for text in TRAPS[:4]:
        assert text in Page(participant_page(hostile_visit(text), {})).text
