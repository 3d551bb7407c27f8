"""All group tables of small studies: nobody, one person, one group, several, several visits."""

from __future__ import annotations

import pytest

from nociscope.change.model import Change, Course
from nociscope.cohort.pain import correlation_rows
from nociscope.cohort.quantities import by_quantity, key_quantities, values_of
from nociscope.cohort.study import TABLES, group_tables
from nociscope.evidence.register import load_register

from .made import KNOWN, finding, people, reading, score, visit


def tables(who, results):
    return {f.table.name: list(f.rows) for f in group_tables(who, results, KNOWN, load_register())}


def person(name: str, width: float, call: str = "normal", **more):
    r = reading("width", width)
    return visit(name, r, scores=[score(r, call, -1.0)], findings=[finding("meets")], **more)


@pytest.mark.parametrize(
    ("who", "results"),
    [
        ([], []),
        (people(a="FM"), []),
        (people(a="FM"), [person("sub-a", 3.0)]),
        (people(a="n/a", b="n/a"), [person("sub-a", 3.0), person("sub-b", 4.0)]),
        (people(a="FM", b="control"), [visit("sub-a"), visit("sub-b")]),
    ],
)
def test_every_table_can_be_written_for_any_study(who, results):
    for filled in group_tables(who, results, KNOWN, load_register()):
        text = filled.table.to_tsv(filled.rows)
        assert text.startswith("\t".join(filled.table.names))
        assert "nan" not in text.lower().split()


def test_names_and_columns_are_unique():
    assert len({t.name for t in TABLES}) == len(TABLES)
    for table in TABLES:
        assert len(set(table.names)) == len(table.names)
        assert all(c.description for c in table.columns)


def test_groups_are_described_and_compared():
    who = people(**{f"f{i}": "FM" for i in range(6)}, **{f"c{i}": "control" for i in range(6)})
    results = [person(p.participant_id, 10 + i + 5 * (p.group == "FM")) for i, p in enumerate(who)]
    made = tables(who, results)
    (row,) = made["comparisons"]
    assert (row["group"], row["reference"], row["n"], row["key"], row["comparisons"]) == ("FM", "control", 6, 1, 1)
    assert row["p_holm"] == row["p"]
    assert [r["n"] for r in made["descriptives"]] == [6, 6]
    assert [r["group"] for r in made["rules"]] == ["FM", "control", "all"]
    assert len(made["values"]) == 12


def test_the_order_of_participants_changes_no_figure():
    who = people(a="FM", b="FM", c="FM", d="control", e="control", f="control")
    results = [person(p.participant_id, float(i * i)) for i, p in enumerate(who)]
    there, back = tables(who, results), tables(who[::-1], results[::-1])
    for name in ("descriptives", "comparisons", "rules", "patterns", "agreement"):
        assert there[name] == back[name]


def change(first: float, last: float, verdict: str, session: str = "ses-2", side: str = "left") -> Change:
    return Change(participant_id="x", session_id=session, assay="touch", site="foot", side=side, measure="width",
                  first_session="ses-1", first=first, last=last, unit="mm", change=last - first, verdict=verdict,
                  method="table")  # fmt: skip


def test_change_is_from_the_first_to_the_last_visit_of_each_person():
    courses = {
        "sub-a": (
            change(1, 9, "improved"),
            change(1, 3, "improved", "ses-3"),
            change(1, 5, "worsened", "ses-3", "right"),
        ),
        "sub-b": (change(2, 2, "within_error"),),
    }
    results = [
        visit(p, session="ses-3", course=Course(sessions=("ses-1", "ses-2", "ses-3"), changes=c))
        for p, c in courses.items()
    ]
    (row,) = tables(people(a="FM", b="FM"), results)["courses"]
    assert (row["n"], row["first"], row["last"], row["change"]) == (2, 1.5, 3.0, 1.5)
    assert (row["changed"], row["within_error"], row["improved"]) == (1, 1, 0)  # unlike sides are named as such


def test_correlations_stay_within_groups():
    def of(name: str, width: float, pain: float):
        nrs = reading("pain_nrs_total", pain, assay="questionnaires", site="n/a", side="n/a", unit="n/a")
        return visit(name, reading("width", width), nrs)

    who = people(**{f"a{i}": "FM" for i in range(6)}, **{f"c{i}": "control" for i in range(4)})
    results = [of(p.participant_id, i, 2 * i) for i, p in enumerate(who)]
    values = by_quantity(values_of(results, {p.participant_id: p.group for p in who}, {}))
    (row,) = correlation_rows(who, values, key_quantities(values))
    assert (row["group"], row["measure"], row["n"], row["rho"]) == ("FM", "width", 6, 1.0)  # four are too few
