import re

import pytest

from nociscope.evidence import accuracy, load_register, pool
from nociscope.evidence.draw import baujat, draw, forest, funnel, sroc
from nociscope.evidence.register import study_table
from nociscope.figures import figure_to_svg
from nociscope.problems import UsageError
from tests.evidence.test_reference import HERE

DATA = HERE / "data"


def svg(drawn):
    return figure_to_svg(drawn.figure, "e")


def text(drawn):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", svg(drawn)))


def test_forest_prints_the_numbers_of_the_result_and_ratios_not_logs():
    result = pool(DATA / "colditz1994.csv", "rr")
    natural = result.to_dict()["natural"]
    words = text(forest(result))
    assert f"{natural['estimate']:.2f} ({natural['ci_low']:.2f} to {natural['ci_high']:.2f})" in words
    assert f"{natural['pi_low']:.2f} to {natural['pi_high']:.2f}" in words
    for name in ("Aronson 1948", "4/123 v 11/139"):
        assert name in words


def test_forest_by_group_uses_the_register():
    register = load_register()
    result = pool(study_table(register.select(tests=["biopsy", "ccm"])), group="test")
    words = text(forest(result))
    assert "skin biopsy" in words
    assert "corneal confocal microscopy" in words


@pytest.mark.parametrize("options", [{"transform": "raw"}, {"model": "glmm"}, {"model": "common"}])
def test_forest_of_extreme_proportions_stays_within_0_and_100(options):
    result = pool({"study": ["A", "B"], "events": [0, 20], "n": [10, 20]}, **options)
    drawn = forest(result)
    assert drawn.figure.axes[1].get_xlim() == (0, 1)
    if options.get("transform") == "raw":
        assert "cuts them there" in drawn.caption


def test_one_study_can_be_drawn():
    assert "One study" in pool({"events": [1], "n": [4]}).notes[0]
    assert "1/4" in text(forest(pool({"events": [1], "n": [4]})))


def test_peto_draws_a_study_without_events_as_a_gap():
    data = {"study": ["A", "B"], "events": [0, 4], "n": [20, 20], "ctrl_events": [0, 6], "ctrl_n": [20, 20]}
    assert "no events" in text(forest(pool(data, "or", model="peto")))


def test_funnel_and_baujat():
    result = pool(DATA / "hackshaw1998.csv", "generic", egger=True, trim_fill=True)
    drawn = funnel(result)
    assert "7 studies that trim-and-fill adds on the left" in drawn.caption
    assert "effect as given" in text(drawn)
    assert "Most telling" in baujat(result).caption
    assert draw(result, "baujat").title == "Baujat plot"


def test_what_would_mislead_is_refused():
    raw = pool({"events": [3, 5, 9], "n": [10, 12, 20]}, transform="raw")
    with pytest.raises(UsageError, match="lopsided"):
        funnel(raw)
    with pytest.raises(UsageError, match="three studies"):
        baujat(pool({"events": [3, 5], "n": [10, 12]}))
    with pytest.raises(UsageError, match="no figure"):
        draw(raw, "pie")


def test_summary_roc():
    drawn = sroc(accuracy(DATA / "kearon1998.csv"))
    assert "Sensitivity 75 (64 to 83) percent" in drawn.caption
    assert "summary ROC curve" in text(drawn)


def test_the_same_result_gives_the_same_bytes():
    table = DATA / "zhou1999.csv"
    assert svg(forest(pool(table))) == svg(forest(pool(table)))
