from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from nociscope.rules.logic import Fact, all_of, any_of, at_least, known, negate

VALUES = st.sampled_from([True, False, None])


def facts(values):
    return [known(v, f"x{i}") for i, v in enumerate(values)]


@given(st.lists(VALUES, max_size=6), st.integers(0, 4))
def test_unknown_is_said_only_where_it_could_change_the_answer(values, count):
    found = at_least(count, facts(values))
    filled = {sum(choice) >= count for choice in product(*([v] if v is not None else [False, True] for v in values))}
    assert found.value is (filled.pop() if len(filled) == 1 else None)
    assert bool(found.missing) == (found.value is None)
    assert set(found.missing) == (
        {f"x{i}" for i, v in enumerate(values) if v is None} if found.value is None else set()
    )


@given(st.lists(VALUES, max_size=6))
def test_all_is_not_any_not(values):
    assert all_of(*facts(values)).value is negate(any_of(*(negate(f) for f in facts(values)))).value


def test_a_false_part_decides_and_is_named():
    assert all_of(Fact(False, ("duration",)), Fact(None, (), ("cdt",))) == Fact(False, ("duration",))
