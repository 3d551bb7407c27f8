"""EDF files: what is written is read, and damaged headers are refused with a sentence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nociscope import edf
from nociscope.problems import BadInput

RNG = np.random.default_rng(0)
SIGNALS = np.stack([50 * RNG.normal(size=2500), 4000 * np.sin(np.arange(2500) / 40)])


def written(tmp_path, content):
    path = tmp_path / "x.edf"
    path.write_bytes(content)
    return path


def test_what_is_written_is_read(tmp_path):
    path = written(tmp_path, edf.encode(["APB", "ankle"], 10_000, SIGNALS, "uV"))
    header = edf.read_header(path, "x.edf")
    assert [(c.label, c.unit, c.rate) for c in header.channels] == [("APB", "uV", 10_000), ("ankle", "uV", 10_000)]
    assert header.seconds == pytest.approx(0.3)
    assert not header.cut_short
    for label, signal in zip(("APB", "ankle"), SIGNALS, strict=True):
        read = 1e6 * edf.open_channel(path, "x.edf", label)(100, 2400)
        assert np.abs(read - signal[100:2400]).max() <= np.abs(signal).max() / 32000


def test_a_file_that_is_cut_short_says_so(tmp_path):
    path = written(tmp_path, edf.encode(["APB"], 10_000, SIGNALS[:1], "mV")[:-3000])
    assert edf.read_header(path, "x.edf").cut_short == "it holds 1 of 3 data records"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"0" + b" " * 100, "is not an EDF"),
        (b"what" * 200, "is not an EDF"),
        (edf.encode(["A"], 1000, SIGNALS[:1], "uV")[:600], "no whole data record"),
        (edf.encode(["A"], 1000, SIGNALS[:1], "uV").replace(b"1000    ", b"-9      ", 1), "damaged"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, content, word):
    with pytest.raises(BadInput, match=word):
        edf.read_header(written(tmp_path, content), "x.edf")


def test_an_interrupted_file_is_refused(tmp_path):
    whole = edf.encode(["A"], 1000, SIGNALS[:1], "uV")
    with pytest.raises(BadInput, match="interrupted"):
        edf.read_header(written(tmp_path, whole[:192] + b"EDF+D" + whole[197:]), "x.edf")


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 511), byte=st.integers(0, 255))
def test_no_byte_of_a_header_brings_it_down(tmp_path_factory, place, byte):
    content = bytearray(edf.encode(["A"], 1000, SIGNALS[:1, :1000], "uV"))
    content[place] = byte
    path = tmp_path_factory.mktemp("edf") / "x.edf"
    path.write_bytes(bytes(content))
    try:
        header = edf.read_header(path, "x.edf")
    except BadInput:
        return
    assert header.seconds > 0
