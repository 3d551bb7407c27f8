"""What holds for every instrument, whatever its file says."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nociscope.assays.questionnaires.instrument import instrument_named, instruments, names_of, read_instrument
from nociscope.assays.questionnaires.scoring import points_of, score

KEYS = [i.key for i in instruments() if i.shown]
DESIGN = (
    "fm_criteria fiqr npsi paindetect dn4 lanss slanss sfnsl sfn_siq compass31 hit6 midas migraine_ichd3 hads pcs "
    "bpi isi psqi rand36 pain_nrs pgic"
)


def codes(item):
    if item.kind == "time":
        return st.floats(0, 23.99, allow_nan=False)
    if item.kind in ("number", "free"):
        return st.floats(item.minimum, item.maximum, allow_nan=False)
    return st.integers(int(item.minimum), int(item.maximum)).map(float)


def forms(instrument, with_gaps):
    gap = st.just(math.nan)
    return st.fixed_dictionaries({i.name: codes(i) | gap if with_gaps else codes(i) for i in instrument.items})


def columns(answers):
    return {name: np.array([value]) for name, value in answers.items()}


def test_the_instruments_of_the_design_are_all_there():
    assert set(DESIGN.split()) <= {i.key for i in instruments()}


@pytest.mark.parametrize("key", [i.key for i in instruments()])
def test_each_file_names_its_source_and_ships_no_wording(key):
    instrument = instrument_named(key)
    assert instrument.citation
    assert instrument.copyright
    assert instrument.status_note
    assert instrument.doi or key == "bpi"
    assert all("?" not in i.about and len(i.about) < 80 for i in instrument.items)
    for rule in instrument.shown:
        if rule.cut_offs is not None and rule.cut_offs.active:
            assert rule.cut_offs.doi or rule.cut_offs.note
            assert list(rule.cut_offs.lower) == sorted(rule.cut_offs.lower)


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_scores_lie_within_their_range(key, data):
    instrument = instrument_named(key)
    answers = data.draw(forms(instrument, with_gaps=True))
    for name, found in score(instrument, columns(answers)).items():
        rule = instrument.score(name)
        value = found.values[0]
        assert math.isnan(value) or rule.minimum - 1e-9 <= value <= rule.maximum + 1e-9
        assert 0 <= found.answered[0] <= found.items[0]


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_ends_of_each_scale_can_be_reached_by_nothing_outside_it_and_one_item_moves_it_one_way(key, data):
    """More points on one item never lower a sum or mean, times and hours of sleep aside."""
    instrument = instrument_named(key)
    answers = data.draw(forms(instrument, with_gaps=False))
    item = data.draw(
        st.sampled_from([i for i in instrument.items if i.kind != "time" and (key, i.name) != ("psqi", "q4")])
    )
    other = data.draw(codes(item))
    before, after = (float(points_of(item, np.array([v]))[0]) for v in (answers[item.name], other))
    if item.name in {g.item for g in instrument.gates}:
        return  # opening a gate also lets its followers count
    low, high = (
        (answers, {**answers, item.name: other}) if before <= after else ({**answers, item.name: other}, answers)
    )
    first, second = score(instrument, columns(low)), score(instrument, columns(high))
    for name in first:
        assert second[name].values[0] >= first[name].values[0] - 1e-9 or math.isnan(first[name].values[0])


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_many_people_at_once_score_as_each_alone(key, data):
    instrument = instrument_named(key)
    people = data.draw(st.lists(forms(instrument, with_gaps=True), min_size=2, max_size=5))
    together = score(instrument, {i.name: np.array([p[i.name] for p in people]) for i in instrument.items})
    for n, person in enumerate(people):
        alone = score(instrument, columns(person))
        for name, found in alone.items():
            np.testing.assert_allclose(found.values[0], together[name].values[n], rtol=1e-12)  # sums of decimals
            assert found.answered[0] == together[name].answered[n]
            assert found.variant[0] == together[name].variant[n]


def test_names_of_ranges():
    assert names_of("q1-q3 q5b-q5d neck") == ("q1", "q2", "q3", "q5b", "q5c", "q5d", "neck")


HEAD = 'key = "x"\ntitle = "X"\nabout = ""\ncitation = ""\n'
ONE = f'{HEAD}items = [{{names = "q1"}}]\n[[scores]]\nname = "t"\n'


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('key = "other"', "the key is"),
        (f'{HEAD}items = [{{names = "q1 q1"}}]', "an item stands twice"),
        (f'{ONE}sum = "q2"', "not defined"),
        (f'{ONE}sum = "q1"', "no title"),
    ],
)
def test_a_wrong_instrument_file_is_refused_in_words(text, wrong):
    with pytest.raises(ValueError, match=wrong):
        read_instrument(text, "x")


def test_a_new_instrument_is_a_new_file():
    text = """
key = "mine"
title = "Mine"
about = "Two items"
citation = "nobody"
items = [{ names = "q1 q2", maximum = 4 }]
[[scores]]
name = "total"
title = "Mine total"
meaning = "Sum"
sum = "q1 q2"
maximum = 8
"""
    mine = read_instrument(text, "mine")
    assert mine.measures[0][0] == "mine_total"
    assert score(mine, {"q1": np.array([4.0]), "q2": np.array([3.0])})["total"].values[0] == 7
