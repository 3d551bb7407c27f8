"""The page of the groups: what stands in it, escaped and within its size, for any study."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nociscope.change.model import Change, Course
from nociscope.cohort.people import Person
from nociscope.cohort.study import group_tables
from nociscope.evidence.register import load_register
from nociscope.figures import PALETTE
from nociscope.report import group_figures as figures
from nociscope.report.group import group_page
from nociscope.report.page import SIZE_LIMIT, size
from nociscope.tables import Reading, Score
from tests.cohort.made import KNOWN, finding, people, reading, score, visit
from tests.report.reading import Page

HOSTILE = "<script>alert(1)</script>\"'&"


def page_of(who, results, name="Small fibres") -> str:
    filled = group_tables(who, results, KNOWN, load_register())
    rows = {f.table.name: f.rows for f in filled}
    rows["mechanisms"] = [m.as_row() for r in results for m in r.mechanisms]
    return group_page(name, rows, KNOWN)


def measured(person: str, width: float, call: str = "normal", verdict: str = "meets"):
    thigh = reading("ienfd", width, assay="biopsy", site="distal_leg", unit="/mm")
    r = reading("width", width)
    return visit(person, r, thigh, scores=[score(r, call, -width), score(thigh, call)], findings=[finding(verdict)])


def study(patients: int = 8, controls: int = 7):
    who = people(**{f"f{i}": "FM" for i in range(patients)}, **{f"c{i}": "control" for i in range(controls)})
    results = [measured(p.participant_id, 1 + 0.3 * i, "loss" if i < 3 else "normal") for i, p in enumerate(who)]
    return who, results


def test_the_page_says_who_was_studied_what_differs_and_what_was_published():
    html = page_of(*study())
    page = Page(html)
    assert (page.wrong, page.open) == ([], [])
    assert "15 participants in 2 groups, 15 visits" in page.text
    assert "FM beside control" in page.text
    assert "Of 2 comparisons shown first" in page.text
    assert "8 of 8 100 % (68 to 100)" in page.text  # everyone meets the rule
    assert "Oaklander 2013" in html
    assert "loss in 3 of 15" in page.text
    assert "Research use only" in page.text
    assert "Not a medical device" in page.text
    assert "diagnos" not in page.text.lower().replace("not for diagnosis", "").replace("diagnostic biopsies", "")
    assert html == page_of(*study())


def test_every_link_leads_to_a_table_a_source_or_this_page():
    page = Page(page_of(*study()))
    for link in page.links:
        assert link.startswith(("#", "https://doi.org/", "../index.html")) or link.endswith(".tsv")
    inside = {link[1:] for link in page.links if link.startswith("#")}
    assert inside <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    for attrs in page.of("svg"):
        assert "aria-label" in attrs or attrs.get("aria-hidden") == "true"


@pytest.mark.parametrize(
    ("who", "results", "said"),
    [
        ([], [], "Nothing was measured"),
        (people(a="FM"), [], "Nothing was measured"),
        (people(a="FM"), [measured("sub-a", 3.0)], "There are no two groups to compare"),
        (people(a="n/a", b="n/a"), [measured("sub-a", 3.0), measured("sub-b", 4.0)], "group not recorded"),
        (people(a="FM", b="control"), [visit("sub-a"), visit("sub-b")], "Nothing was measured"),
        (
            people(a="A", b="B", c="C"),
            [measured(f"sub-{k}", 2.0, verdict="cannot_tell") for k in "abc"],
            "B beside C",
        ),
    ],
)
def test_any_study_has_a_page(who, results, said):
    html = page_of(who, results)
    page = Page(html)
    assert (page.wrong, page.open) == ([], [])
    assert said in page.text
    assert "nan" not in html.lower().replace("nano", "").split()


def test_change_over_visits_stands_beside_placebo():
    def course(person: str, first: float, last: float):
        of = {"participant_id": person, "session_id": "ses-2", "first_session": "ses-1"}
        more = {"first": first, "last": last, "change": last - first}
        width = Change(**of, **more, assay="touch", site="foot", measure="width", unit="mm", verdict="improved")
        unknown = replace(width, measure="force", verdict="no_limit")
        pain = replace(width, assay="questionnaires", measure="pain_nrs_total", site="n/a", unit="0-10")
        both = Course(sessions=("ses-1", "ses-2"), changes=(width, unknown, pain))
        return visit(person, session="ses-2", participant={"group": "FM"}, course=both)

    text = Page(page_of(people(a="FM", b="FM"), [course("sub-a", 8, 4), course("sub-b", 6, 6)])).text
    assert "pain lower by 30 % or more responded 1 of 2 share 50 %" in text
    assert "Geerts 2021" in text
    assert "Width Foot group FM n 2 first 7.0 last 5.0 mm change −2.0" in text
    assert "1 changes of measures" not in text
    assert "1 change of a measure whose measurement error is not known is in courses.tsv" in text


def test_text_from_data_is_escaped():
    who = [Person(participant_id="sub-1", group=HOSTILE), Person(participant_id="sub-2", group="control")]
    r = reading("width", 3.0, method=HOSTILE, site=HOSTILE, unit=HOSTILE)
    bad = [finding("meets", rule=HOSTILE, title=HOSTILE, grade=HOSTILE)]
    results = [visit("sub-1", r, scores=[score(r, "loss", -2.0)], findings=bad), visit("sub-2", r)]
    results = [replace(results[0], assays=(replace(results[0].assays[0], title=HOSTILE),)), results[1]]
    html = page_of(who, results, HOSTILE)
    assert "<script" not in html
    shape = Page(html).shape()
    assert not any(
        tag in ("script", "iframe", "object") or any(a.startswith("on") for a in attrs) for tag, attrs in shape
    )


def test_a_large_study_with_many_measures_stays_below_the_size():
    who = people(**{f"f{i}": "FM" for i in range(250)}, **{f"c{i}": "control" for i in range(250)})
    results = []
    for i, p in enumerate(who):
        own: list[Reading] = [reading("width", 1 + i % 17 + j, method=f"method {j}") for j in range(60)]
        scores: list[Score] = [score(r, "normal", (i % 9 - 4) / 2) for r in own]
        results.append(visit(p.participant_id, *own, scores=scores))
    assert size(page_of(who, results)) < SIZE_LIMIT / 2


def test_points_keep_their_group_and_bounds_are_triangles():
    clouds = [
        figures.Cloud(name="FM", values=[(1.0, "none"), (2.0, "above")], median=1.5, low=1.0, high=2.0),
        figures.Cloud(name="control", values=[], median=None, low=None, high=None),
    ]
    svg = figures.strip(clouds, "mm", "a strip", logarithmic=True)
    assert svg.count("h0") == 1
    assert "h6l-3 -5z" in svg
    assert figures.strip([replace(clouds[0], values=[])], "mm", "none", logarithmic=False) == ""


def test_bands_of_the_heat_map_keep_to_their_limits():
    z = [-4.0, -1.96, -1.95, -0.99, 0.0, 0.99, 1.0, 1.96, 3.0, None]
    svg = figures.heat_map([figures.HeatRow(name="sub-1", group="FM", z=z)], ["m"] * 10, ["a"] * 10, "map")
    of_band = {tint: svg.count(f'fill="{tint}"') for tint in figures._TINTS}
    assert [figures._band(x) for x in z if x is not None] == [0, 1, 2, 3, 3, 3, 4, 5, 6]
    assert of_band[PALETTE.band] == 2  # one path of cells, one square of the legend


@pytest.mark.parametrize(
    ("low", "high", "logarithmic"), [(0, 1, False), (3.1, 3.2, False), (0.02, 700, True), (2, 9, True)]
)
def test_ticks_are_round_and_inside(low, high, logarithmic):
    found = figures.ticks(low, high, logarithmic)
    assert 2 <= len(found) <= 12
    assert all(low <= t <= high for t in found)
    assert list(found) == sorted(found)
