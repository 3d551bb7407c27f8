import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.study.entities import format_name, is_identifier, is_label, parse_name

LABEL = st.text(string.ascii_letters + string.digits + "+", min_size=1, max_size=12)
KEY = st.text(string.ascii_lowercase, min_size=1, max_size=8)
SUFFIX = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)
EXTENSION = st.sampled_from(["", ".tsv", ".tsv.gz", ".ome.tif", ".nii.gz", ".vhdr", ".json"])


@given(st.dictionaries(KEY, LABEL, max_size=6), SUFFIX, EXTENSION)
def test_a_name_made_of_parts_gives_the_parts_back(entities, suffix, extension):
    parts = parse_name(format_name(entities, suffix, extension))
    assert parts is not None
    assert dict(parts.entities) == entities
    assert list(parts.entities) == list(entities)
    assert (parts.suffix, parts.extension) == (suffix, extension)


@given(st.text(max_size=40))
def test_any_text_either_is_no_name_or_is_made_of_its_parts(text):
    parts = parse_name(text)
    if parts is not None:
        assert format_name(parts.entities, parts.suffix, parts.extension) == text
        assert all(is_label(label) for label in parts.entities.values())


@pytest.mark.parametrize(
    "name",
    [
        "",
        "sub-01_",
        "sub-_eeg.vhdr",
        "sub_eeg.vhdr",
        "sub-01_sub-02_eeg.vhdr",
        "sub-ä_eeg.vhdr",
        "sub-<b>_eeg.vhdr",
        "sub-01_task-a-b_eeg.vhdr",
        "sub-01_task-٣_eeg.vhdr",
        "../sub-01_eeg.vhdr",
        "sub-01 _eeg.vhdr",
    ],
)
def test_what_is_no_bids_name(name):
    assert parse_name(name) is None


def test_an_extension_begins_at_the_first_dot():
    parts = parse_name("sub-01_sample-OD_chunk-01_CONF.ome.tif")
    assert parts is not None
    assert (parts.suffix, parts.extension) == ("CONF", ".ome.tif")
    assert dict(parts.entities) == {"sub": "01", "sample": "OD", "chunk": "01"}


def test_identifiers():
    assert is_identifier("sub-01+a", "sub")
    assert is_identifier("sub-" + "a" * 230, "sub")
    for wrong in ("01", "sub-", "sub-../x", "/sub-01", "sub-a b", "sub-é", "sub-" + "a" * 300, "sub-01\n"):
        assert not is_identifier(wrong, "sub")
