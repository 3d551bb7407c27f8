"""What of a test is printed."""

from __future__ import annotations

from nociscope.report.printed import MOST_BEYOND, MOST_ROWS, parted, printed
from tests.cohort.made import TOUCH, reading, score


def test_what_lies_outside_limits_comes_first_and_the_rest_is_counted():
    readings = [reading("width", float(i), method=f"m{i}") for i in range(40)]
    scores = [score(r, "loss" if i in (7, 30) else "normal", -0.5) for i, r in enumerate(readings)]
    found = printed(readings, scores, TOUCH)
    assert [r.value for r in found.beyond] == ["7.0 mm", "30.0 mm"]
    assert len(found.others) == MOST_ROWS - 2
    assert (found.left, found.left_beyond) == (40 - MOST_ROWS, 0)
    assert found.beyond[0].place.endswith("m7")  # the same measure twice: the method tells them apart


def test_many_outside_limits_are_printed_up_to_a_sheet():
    readings = [reading("width", float(i)) for i in range(60)]
    found = printed(readings, [score(r, "gain") for r in readings], TOUCH)
    assert (len(found.beyond), found.left, found.left_beyond) == (MOST_BEYOND, 60 - MOST_BEYOND, 60 - MOST_BEYOND)


def test_parts_of_a_recording_come_after_the_whole_and_unscored_last():
    block = reading("width", 1.0, method="average:block-1; Cz")
    whole, unscored = reading("width", 2.0, method="average:all; Cz"), reading("trials", 9.0)
    many = [reading("force", float(i), site=f"s{i}") for i in range(MOST_ROWS - 1)]
    scores = [score(r, "normal") for r in (block, whole, *many)]
    titles = [r.title for r in printed([unscored, block, *many, whole], scores, TOUCH).others]
    assert titles == ["Force"] * len(many) + ["Width"]
    assert "Trials" in [r.title for r in printed([unscored, block], scores[:1], TOUCH).others]


def test_nothing_to_print():
    found = printed([], [], None)
    assert (found.beyond, found.others, found.left) == ((), (), 0)


def test_a_caption_is_printed_up_to_its_first_sentences():
    caption = "Left foot. " + "Points are single trials; " * 12 + "Lines are means."
    head, rest = parted(caption)
    assert head.startswith("Left foot.")
    assert f"{head} {rest}" == caption
    assert parted("One sentence only") == ("One sentence only", "")
