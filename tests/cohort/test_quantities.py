"""One value a person: methods apart, sides averaged, the first visit."""

from __future__ import annotations

from nociscope.cohort.quantities import Quantity, by_quantity, key_quantities, value_rows, values_of

from .made import KNOWN, reading, score, visit


def only(values):
    (value,) = values
    return value


def test_sides_are_averaged_and_loss_on_either_side_counts():
    left, right = reading("width", 4.0), reading("width", 6.0, side="right")
    scores = [score(left, "loss", -2.5), score(right, "normal", -0.5)]
    value = only(values_of([visit("sub-1", left, right, scores=scores)], {"sub-1": "FM"}, KNOWN))
    assert (value.value, value.sides, value.z, value.call, value.group) == (5.0, 2, -1.5, "loss", "FM")


def test_methods_sites_and_units_never_meet():
    made = [
        reading("width", 1.0),
        reading("width", 2.0, method="other"),
        reading("width", 3.0, site="hand"),
        reading("width", 4.0, unit="cm"),
    ]
    values = values_of([visit("sub-1", *made)], {}, KNOWN)
    assert sorted(v.value for v in values) == [1.0, 2.0, 3.0, 4.0]
    assert len({v.quantity for v in values}) == 4


def test_the_first_visit_with_a_value_counts():
    made = [
        visit("sub-1", reading("width", None), reading("force", 9.0), session="ses-1"),
        visit("sub-1", reading("width", 2.0), reading("force", 1.0), session="ses-2"),
        visit("sub-1", reading("width", 3.0), session="ses-3"),
    ]
    values = {v.quantity.measure: v for v in values_of(made, {}, KNOWN)}
    assert (values["width"].value, values["width"].session_id) == (2.0, "ses-2")
    assert values["force"].value == 9.0


def test_what_no_norm_could_apply_to_is_left_out():
    assert values_of([visit("sub-1", reading("trials", 12.0))], {}, KNOWN) == ()
    assert len(values_of([visit("sub-1", reading("trials", 12.0))], {}, {})) == 1  # of an unknown test all is taken


def test_a_bound_on_one_side_makes_the_value_a_bound():
    made = [reading("force", 512.0, censored="above"), reading("force", 256.0, side="right")]
    value = only(values_of([visit("sub-1", *made)], {}, KNOWN))
    assert (value.value, value.censored, value.call, value.z) == (384.0, "above", "not_comparable", None)
    assert value_rows([value])[0]["method"] == "table"


def test_what_is_shown_first_is_chosen_by_measure_and_number_of_people():
    legs = [
        reading("ienfd", 5.0, assay="biopsy", site="distal_leg"),
        reading("ienfd", 9.0, assay="biopsy", site="thigh"),
    ]
    block = reading("n2p2_amplitude", 9.0, assay="lep", method="average:block-1; Cz")
    whole = reading("n2p2_amplitude", 9.0, assay="lep", method="average:all; Cz")
    made = [
        visit("sub-1", *legs, block, whole, reading("width", 1.0)),
        visit("sub-2", legs[0], block, reading("width", 2.0), reading("force", 2.0)),
    ]
    values = by_quantity(values_of(made, {}, {}))
    keys = key_quantities(values)
    assert keys[:2] == (
        Quantity("biopsy", "distal_leg", "ienfd", "table", "mm"),
        Quantity("lep", "foot", "n2p2_amplitude", "average:all; Cz", "mm"),
    )
    assert [q.measure for q in keys[2:]] == ["width", "ienfd", "force"]


def test_no_reading_gives_nothing():
    assert values_of([visit("sub-1")], {}, KNOWN) == ()
    assert key_quantities({}) == ()
