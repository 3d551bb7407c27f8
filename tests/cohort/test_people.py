"""Who was studied, and who is compared with whom."""

from __future__ import annotations

import pytest

from nociscope.cohort.people import Person, groups_of, pairs_of, people_rows, reference_of, rows_of_tests

from .made import people, visit


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (("FM", "control"), (("FM", "control"),)),
        (("FM", "SFN", "Healthy controls"), (("FM", "Healthy controls"), ("SFN", "Healthy controls"))),
        (("a", "b", "c"), (("a", "b"), ("a", "c"), ("b", "c"))),
        (("FM",), ()),
        (("FM", "n/a"), ()),
        ((), ()),
    ],
)
def test_groups_are_compared_with_the_healthy_or_with_each_other(names, pairs):
    assert pairs_of(names) == pairs


def test_the_reference_comes_last_and_people_without_a_group_after_it():
    assert groups_of(people(a="control", b="FM", c="n/a", d="AAA")) == ("AAA", "FM", "control", "n/a")
    assert reference_of(["FM", "SFN"]) is None


def test_people_are_counted_with_and_without_results():
    who = [
        Person(participant_id="sub-1", group="FM", age=40, sex="F"),
        Person(participant_id="sub-2", group="FM", age=95, sex="M"),
        Person(participant_id="sub-3", group="control"),
    ]
    fm, control, everyone = people_rows(who, [visit("sub-1"), visit("sub-1", session="ses-2"), visit("sub-3")])
    assert (fm["people"], fm["worked_up"], fm["visits"], fm["several_visits"]) == (2, 1, 2, 1)
    assert (fm["female"], fm["male"], fm["other_sex"], fm["reference"]) == (1, 1, 0, "no")
    assert fm["age_mean"] == 65  # ages beyond 89 count as 90
    assert (control["age_n"], control["age_mean"], control["reference"]) == (0, None, "yes")
    assert (everyone["group"], everyone["people"]) == ("all", 3)


def test_one_group_has_no_row_for_everyone():
    assert [r["group"] for r in people_rows(people(a="FM", b="FM"), [])] == ["FM"]
    assert people_rows([], [])[0]["people"] == 0


def test_states_of_a_test_are_counted_by_group():
    who = people(a="FM", b="FM", c="control")
    made = [visit("sub-a"), visit("sub-a", session="ses-2", status="failed"), visit("sub-b", status="absent")]
    made.append(visit("sub-c", status="partial"))
    fm, control = rows_of_tests(who, made)
    assert (fm["people"], fm["done"], fm["failed"], fm["absent"], fm["partial"]) == (1, 1, 1, 1, 0)
    assert (control["people"], control["partial"]) == (1, 1)
