"""Two groups beside each other: effect sizes, bounds, adjusted p."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.cohort.contrasts import adjusted, contrast, ranked
from nociscope.cohort.multiplicity import benjamini_hochberg, holm

from .test_describe import WIDTH, of

P = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def compared(x, y, scale="linear"):
    return contrast(WIDTH, x, y, scale, ("FM", "control"), None)


def test_hedges_g_of_a_worked_example():
    # means 5 and 3, both SD 1, n 5 and 5: d = 2, J(8) = 0.9027 (Hedges 1981), variance 2/5 + g²/20
    row = compared(of(*[5 + d for d in (-1.264911, -0.632456, 0, 0.632456, 1.264911)]),
                   of(*[3 + d for d in (-1.264911, -0.632456, 0, 0.632456, 1.264911)]))  # fmt: skip
    g = 2 * 0.902704
    assert row["g"] == pytest.approx(g, abs=1e-4)
    assert row["g_high"] - row["g"] == pytest.approx(1.959964 * (2 / 5 + g * g / 20) ** 0.5, abs=1e-3)
    assert row["auc"] == pytest.approx(24 / 25)


def test_a_bound_takes_the_ranks_and_leaves_no_g():
    row = compared([*of(1, 2, 3), *of(512, censored="above")], of(4, 5, 512))
    assert "g" not in row
    assert "ranks alone" in row["remark"]
    assert row["auc"] == pytest.approx(3 / 12)  # the bound beats even a measured 512
    low, same, high = ranked([*of(5, censored="below"), *of(5), *of(5, censored="above")])
    assert low < same < high


def test_few_or_equal_people_are_not_tested():
    assert compared(of(1, 2), of(3, 4, 5))["p"] is None
    assert compared(of(1, 1, 1), of(1, 1, 1))["p"] is None
    assert "g" not in compared(of(1, 1, 1), of(1, 1, 1))
    assert compared(of(1), of(2))["auc"] == 0.0


def test_swapped_groups_have_the_opposite_effect():
    there, back = compared(of(1, 4, 2), of(3, 5, 9)), compared(of(3, 5, 9), of(1, 4, 2))
    assert there["g"] == pytest.approx(-back["g"])
    assert there["p"] == pytest.approx(back["p"])


@given(P)
def test_adjusted_p_equal_those_of_libraries(p):
    from scipy.stats import false_discovery_control
    from statsmodels.stats.multitest import multipletests

    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p))


@given(P)
def test_adjusting_never_lowers_p_and_keeps_the_order(p):
    for method in (holm, benjamini_hochberg):
        found = method(p)
        assert all(b >= a - 1e-12 and b <= 1 for a, b in zip(p, found, strict=True))
        ordered = [b for _, b in sorted(zip(p, found, strict=True))]
        assert ordered == sorted(ordered)


def test_what_is_shown_first_is_a_family_of_its_own():
    rows = [
        {"key": k, "p": p} for k, p in ((1, 0.01), (2, 0.04), (None, 0.01), (None, None), (None, 0.5), (None, 0.6))
    ]
    found = adjusted(rows)
    assert [r.get("p_holm") for r in found] == [0.02, 0.04, 0.03, None, 1.0, 1.0]
    assert [r.get("comparisons") for r in found] == [2, 2, 3, None, 3, 3]
    assert "p_holm" not in rows[0]  # what was given is left alone
