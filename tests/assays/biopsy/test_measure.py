from typing import Any

import pytest
from scipy.stats import gamma

from nociscope.assays.biopsy import BiopsySettings, measure, read
from nociscope.assays.biopsy.measure import expected_density
from nociscope.tables import Reading
from tests.assays.biopsy.conftest import MakeVisit


def sections(counts: list[int], **more: Any) -> list[dict[str, Any]]:
    return [{"fibres": c, "length_mm": 3.0, **more} for c in counts]


def by_measure(readings: tuple[Reading, ...]) -> dict[str, Reading]:
    return {r.measure: r for r in readings}


def test_density_is_fibres_over_length(visit_of: MakeVisit):
    rows = [{"fibres": 9, "length_mm": 3.0}, {"fibres": 20, "length_mm": 5.0}, {"fibres": 7, "length_mm": 2.0}]
    density = by_measure(measure(read(visit_of(rows))))["ienfd"]
    assert density.value == pytest.approx(36 / 10)
    assert density.low == pytest.approx(gamma.ppf(0.025, 36.5) / 10)
    assert (density.site, density.side, density.method, density.n, density.unit) == (
        "distal_leg",
        "right",
        "pgp95_bf",
        3,
        "/mm",
    )
    assert (density.quality, density.remark, density.source) == ("good", "", "phenotype/skin_biopsy.tsv")


def test_goransson_line():
    # Y = 13.92 + 2.25 gender - 0.06 age (Neurology 2004;62:774)
    assert expected_density(50, "F") == pytest.approx(13.17)
    assert expected_density(50, "M") == pytest.approx(10.92)


def test_axonal_loss_and_its_interval(visit_of: MakeVisit):
    found = by_measure(measure(read(visit_of(sections([12, 12, 12]), age=50, sex="M"))))
    loss, density = found["axonal_loss"], found["ienfd"]
    assert loss.value == pytest.approx(100 * (1 - 4 / 10.92))
    assert density.low is not None
    assert density.high is not None
    assert loss.low == pytest.approx(100 * (1 - density.high / 10.92))
    assert loss.high == pytest.approx(100 * (1 - density.low / 10.92))
    assert "assumed" in loss.remark
    assert loss.unit == "%"


@pytest.mark.parametrize(
    ("age", "sex", "stain", "words"),
    [
        (None, "F", "pgp95_bf", "age is not stated"),
        (45, "", "pgp95_bf", "sex is not stated"),
        (45, "O", "pgp95_bf", "women and men only"),
        (12, "F", "pgp95_bf", "adults"),
        (45, "F", "pgp95_if", "bright field only"),
        (45, "F", "n/a", "stain is not stated"),
    ],
)
def test_axonal_loss_is_absent_with_a_reason(
    visit_of: MakeVisit, age: float | None, sex: str, stain: str, words: str
):
    found = by_measure(measure(read(visit_of(sections([12, 12, 12], stain=stain), age=age, sex=sex))))
    assert found["ienfd"].value == 4.0
    assert found["axonal_loss"].value is None
    assert found["axonal_loss"].quality == "failed"
    assert words in found["axonal_loss"].remark


def test_axonal_loss_is_given_at_the_distal_leg_only(visit_of: MakeVisit):
    assert [r.measure for r in measure(read(visit_of(sections([9, 9, 9], site="thigh"))))] == ["ienfd"]


def test_a_missing_stain_is_said(visit_of: MakeVisit):
    density = measure(read(visit_of(sections([9, 9, 9], stain="n/a"))))[0]
    assert density.method == "n/a"
    assert "stain is not stated" in density.remark


@pytest.mark.parametrize(("counts", "quality"), [([9], "poor"), ([9, 9], "poor"), ([9, 9, 9], "good")])
def test_fewer_than_three_sections_are_poor(visit_of: MakeVisit, counts: list[int], quality: str):
    density = measure(read(visit_of(sections(counts))))[0]
    assert density.quality == quality
    assert ("at least 3" in density.remark) == (quality == "poor")


def test_the_number_of_sections_can_be_set(visit_of: MakeVisit):
    assert measure(read(visit_of(sections([9, 9]))), BiopsySettings(fewest_sections=2))[0].quality == "good"


def test_disagreeing_sections_widen_the_interval_and_say_so(visit_of: MakeVisit):
    wide = measure(read(visit_of(sections([3, 9, 15]))))[0]
    plain = measure(read(visit_of(sections([9, 9, 9]))))[0]
    assert wide.value == plain.value
    assert wide.low is not None
    assert plain.low is not None
    assert wide.low < plain.low
    assert "dispersion 4.0" in wide.remark
    assert plain.remark == ""


def test_no_fibre(visit_of: MakeVisit):
    found = by_measure(measure(read(visit_of(sections([0, 0, 0])))))
    assert (found["ienfd"].value, found["ienfd"].low) == (0.0, 0.0)
    assert found["ienfd"].high == pytest.approx(gamma.ppf(0.975, 0.5) / 9)
    assert found["axonal_loss"].value == 100.0


def test_stains_are_never_mixed(visit_of: MakeVisit):
    rows = sections([9, 9, 9]) + sections([18, 18, 18], stain="pgp95_if")
    found = [r for r in measure(read(visit_of(rows))) if r.measure == "ienfd"]
    assert [(r.method, r.value) for r in found] == [("pgp95_bf", 3.0), ("pgp95_if", 6.0)]


def test_sides_and_sites_are_kept_apart(visit_of: MakeVisit):
    rows = sections([9], side="left") + sections([18], side="right") + sections([27], site="thigh")
    found = [r for r in measure(read(visit_of(rows))) if r.measure == "ienfd"]
    assert [(r.site, r.side, r.value) for r in found] == [
        ("distal_leg", "left", 3.0),
        ("distal_leg", "right", 6.0),
        ("thigh", "right", 9.0),
    ]


def test_densities_without_counts_have_a_mean_and_no_interval(visit_of: MakeVisit):
    rows = [{"density_per_mm": d} for d in (3.0, 4.0, 8.0)]
    found = by_measure(measure(read(visit_of(rows))))
    assert found["ienfd"].value == 5.0
    assert found["ienfd"].low is None
    assert found["ienfd"].n == 3
    assert "no interval" in found["ienfd"].remark
    assert found["axonal_loss"].low is None
    assert found["axonal_loss"].value == pytest.approx(100 * (1 - 5 / expected_density(45, "F")))


def test_counts_are_used_and_densities_without_counts_left_out_aloud(visit_of: MakeVisit):
    density = measure(read(visit_of([*sections([9, 9, 9]), {"density_per_mm": 30.0}, {}])))[0]
    assert density.value == 3.0
    assert density.n == 3
    assert "1 section with a density but no count left out" in density.remark
    assert "1 section without a count or a density" in density.remark


def test_a_biopsy_without_any_value_is_said(visit_of: MakeVisit):
    density = measure(read(visit_of([{}, {}])))[0]
    assert (density.value, density.low, density.quality, density.n) == (None, None, "failed", 0)
    assert "no section has a count or a density" in density.remark
