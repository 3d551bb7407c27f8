import gzip
import json
import math
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope import files
from nociscope.problems import BadInput, CannotWrite

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_json_round_trip(value):
    text = files.to_json(value)
    assert text.endswith("\n")
    assert json.loads(text) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf]])
def test_json_that_is_not_finite_is_refused(value):
    with pytest.raises(ValueError):
        files.to_json(value)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"a": NaN}', b"[Infinity]", b"[1e999]", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe{\x00}\x00",
     b"[" + b"9" * 5000 + b"]", b'{"a": 1,}'],
)  # fmt: skip
def test_json_that_is_none(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(BadInput, match=r"^x\.json"):
        files.read_json(tmp_path / "x.json")


def test_brackets_within_strings_are_no_nesting(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps({"a": "[" * 500 + '\\"' + "{" * 500}))
    assert files.read_json(tmp_path / "x.json")["a"].startswith("[[")


def test_json_with_a_byte_order_mark(tmp_path):
    (tmp_path / "x.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert files.read_json(tmp_path / "x.json") == {"a": 1}


def test_a_missing_file_a_folder_and_a_name_with_nul(tmp_path):
    with pytest.raises(BadInput, match="missing"):
        files.read_bytes(tmp_path / "none")
    with pytest.raises(BadInput, match="not a regular file"):
        files.read_bytes(tmp_path)
    with pytest.raises(BadInput, match="missing"):
        files.read_bytes(tmp_path / "a\0b")


def test_no_descriptor_is_left_open(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        with pytest.raises(BadInput):
            files.read_bytes(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    caught = []

    def read():
        try:
            files.read_bytes(tmp_path / "pipe")
        except BadInput as error:
            caught.append(str(error))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(20)
    assert caught
    assert "not a regular file" in caught[0]


def test_devices_are_refused():
    with pytest.raises(BadInput, match="not a regular file"):
        files.read_bytes(files.Path("/dev/zero"))


def test_a_file_beyond_the_limit(tmp_path):
    with (tmp_path / "big").open("wb") as stream:
        stream.truncate(2**40)  # sparse: nothing is on the disk
    with pytest.raises(BadInput, match="larger than"):
        files.read_bytes(tmp_path / "big")
    (tmp_path / "small").write_bytes(b"12345")
    assert files.read_bytes(tmp_path / "small", limit=5) == b"12345"
    with pytest.raises(BadInput, match="larger than 4 bytes"):
        files.read_bytes(tmp_path / "small", limit=4)


@pytest.mark.parametrize("text", ["a\tb\n", "Gøransson\n", ""])
def test_utf8_with_and_without_a_mark(tmp_path, text):
    for start in (b"", b"\xef\xbb\xbf"):
        (tmp_path / "x").write_bytes(start + text.encode())
        assert files.read_text(tmp_path / "x") == text


@pytest.mark.parametrize("data", ["ab".encode("utf-16"), "ä".encode("latin-1"), b"a\0b"])
def test_what_is_not_utf8(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(BadInput, match="UTF-8"):
        files.read_text(tmp_path / "x")


def test_gzip(tmp_path):
    path = tmp_path / "x.tsv.gz"
    whole = gzip.compress(b"1\t2\n" * 1000)
    path.write_bytes(whole)
    assert files.read_gzip_text(path) == "1\t2\n" * 1000
    for bad in (whole[:40], whole[:-4], b"plain", b"", whole[:20] + b"\xff" + whole[21:]):
        path.write_bytes(bad)
        with pytest.raises(BadInput, match=r"^x\.tsv\.gz"):
            files.read_gzip_text(path)


def test_a_gzip_bomb_stops_at_the_limit(tmp_path):
    path = tmp_path / "x.tsv.gz"
    path.write_bytes(gzip.compress(bytes(5_000_000)))
    with pytest.raises(BadInput, match="unpacks to more than"):
        files.read_gzip_text(path, limit=1_000_000)


def test_inside(tmp_path):
    root = tmp_path / "study"
    root.mkdir()
    (root / "a").write_text("")
    (root / "in").symlink_to(root / "a")
    (root / "out").symlink_to(tmp_path)
    (root / "loop").symlink_to("loop")
    assert files.inside(root, root / "a")
    assert files.inside(root, root / "in")
    assert files.inside(root, root / "not-there")
    assert not files.inside(root, root / "out" / "x")
    assert not files.inside(root, root / ".." / "study2")
    assert not files.inside(root, root / "a\0b")
    (tmp_path / "study-2").mkdir()
    assert not files.inside(root, tmp_path / "study-2")


def test_atomic_writing(tmp_path):
    path = tmp_path / "new" / "x.tsv"
    files.write_atomic(path, "a\tb\n")
    files.write_atomic(path, b"c\n")
    assert path.read_bytes() == b"c\n"
    assert os.listdir(path.parent) == ["x.tsv"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~files._UMASK


def test_a_link_with_the_name_is_replaced_not_followed(tmp_path):
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "x").symlink_to(target)
    files.write_atomic(tmp_path / "x", "new")
    assert target.read_text() == "mine"
    assert not (tmp_path / "x").is_symlink()


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite):
        files.write_atomic(tmp_path / "file" / "x", "a")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CannotWrite):
        files.write_atomic(tmp_path / "folder", "a")
    with pytest.raises(CannotWrite):
        files.write_atomic(tmp_path / ("a" * 300), "a")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_an_interrupt_leaves_no_part_behind(tmp_path, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        files.write_atomic(tmp_path / "x", "a")
    assert os.listdir(tmp_path) == []


def test_half_characters_do_not_stop_writing(tmp_path):
    files.write_atomic(tmp_path / "x", "a\udc80b")
    assert (tmp_path / "x").read_text() == "a?b"
    assert files.to_json({"f": "a\udc80b"}) == '{\n  "f": "a?b"\n}\n'


def test_sha256():
    # FIPS 180-2, appendix B.1
    assert files.sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
