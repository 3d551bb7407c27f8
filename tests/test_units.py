import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.units import canonical, convert


@pytest.mark.parametrize(
    ("unit", "name"),
    [("°C", "degC"), ("degc", "degC"), ("Celsius", "degC"), ("µV", "uV"), ("μV", "uV"), ("KPA", "kPa"), ("µS", "uS"),
     ("mm/mm²", "mm/mm2"), ("1/mm", "/mm"), ("bpm", "/min"), (" ms ", "ms"), ("U/mL", "U/mL"), ("", "")],
)  # fmt: skip
def test_spellings(unit, name):
    assert canonical(unit) == name
    assert canonical(name) == name


@pytest.mark.parametrize(
    ("value", "unit", "to", "result"),
    [
        (1.5, "V", "mV", 1500.0),
        (1.0, "N/cm2", "kPa", 10.0),
        (5.0, "/mm", "/cm", 50.0),
        (60.0, "bpm", "/s", 1.0),
        (1.0, "mS", "µS", 1000.0),
        (104.0, "degF", "degC", 40.0),
        (9.0, "delta_degF", "delta_degC", 5.0),
        (1.0, "mm/mm2", "um/um2", 0.001),
        (2.0, "s2", "ms2", 2e6),
        (100.0, "mg/dL", "g/L", 1.0),
    ],
)
def test_conversions(value, unit, to, result):
    assert convert(value, unit, to) == pytest.approx(result, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "to"),
    [("U/mL", "pg/mL"), ("degC", "delta_degC"), ("delta_degC", "degC"), ("mV", "ms"), ("", "mV"), ("rating", "mV"),
     ("9**9**9", "m"), ("m**99999999", "m"), ("__import__('os')", "m"), ("x" * 10_000, "m"), ("5 m", "m"),
     ("nan", "m")],
)  # fmt: skip
def test_what_cannot_be_converted_is_refused(unit, to):
    with pytest.raises(ValueError, match=r"cannot be converted|not a unit that is known"):
        convert(1.0, unit, to)


@given(st.floats(-1e6, 1e6), st.sampled_from([("mV", "uV"), ("kPa", "N/cm2"), ("/mm", "/cm"), ("degC", "degF")]))
def test_there_and_back(value, units):
    one, other = units
    assert convert(convert(value, one, other), other, one) == pytest.approx(value, rel=1e-9, abs=1e-9)


@given(st.text(max_size=30))
def test_any_text_as_a_unit_gives_an_answer(text):
    try:
        convert(1.0, text, "mV")
    except ValueError:
        return
    assert canonical(text)


def test_the_same_unit_is_not_touched():
    assert convert(0.1, "U/mL", "U/mL") == 0.1
