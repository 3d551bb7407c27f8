from nociscope.assays.questionnaires import ASSAY
from tests.assays.questionnaires.forms import items, visit
from tests.assays.questionnaires.test_instruments import AREAS


def figures(tables):
    recording = ASSAY.read(visit(tables), None)
    return {f.name: f for f in ASSAY.draw(recording, ASSAY.measure(recording, None), (), None)}


def fm(**changes):
    return {"fm_criteria": {**dict.fromkeys(AREAS, 0), **changes}}


def test_the_body_map_says_in_words_where_it_hurts_and_what_was_not_answered():
    found = figures(fm(neck=1, hip_left=1, jaw_right=1, abdomen="n/a"))["pain-areas"]
    assert "in 3 of 19 areas" in found.caption
    assert "right jaw, left hip, neck" in found.caption
    assert "Not answered: abdomen." in found.caption
    assert "2 of 5 regions" in found.caption
    assert "not answered" in found.svg


def test_a_painful_area_is_drawn_on_the_side_it_belongs_to():
    """Front view: the person's left is on the viewer's right; the two pictures of one side must not be the same."""
    left, right = (figures(fm(**{f"lower_arm_{side}": 1}))["pain-areas"].svg for side in ("left", "right"))
    none = figures(fm())["pain-areas"].svg
    assert len({left, right, none}) == 3
    assert left.count("#b3420f") == right.count("#b3420f") > none.count("#b3420f")


def test_bars_show_cut_offs_that_were_read_and_no_others():
    found = figures({"psqi": {"total": 7}, "sfnsl": {"total": 50}})["scores"]
    assert "PSQI total 7 (poor sleep (above 5))" in found.caption
    assert "SFNSL total 50, " in found.caption  # its cut-offs were recalled, not read
    assert ">6<" in found.svg


def test_nothing_is_drawn_of_what_has_no_value():
    assert "scores" not in figures({"isi": items(1, 7, 2, q1="n/a")})
    assert set(figures(fm())) == {"pain-areas", "scores"}


def test_a_value_beyond_the_end_of_a_shortened_scale_stays_on_the_bar():
    assert "400 of 460" in figures({"midas": {"total": 400}})["scores"].svg
