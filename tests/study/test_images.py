import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.study.images import image_fault

from .conftest import png

PIXELS = (np.arange(64 * 48) % 251).astype(np.uint8).reshape(64, 48)


def tiff(**options) -> bytes:
    tifffile = pytest.importorskip("tifffile")
    stream = io.BytesIO()
    tifffile.imwrite(stream, PIXELS, **options)
    return stream.getvalue()


def pillow_png() -> bytes:
    image = pytest.importorskip("PIL.Image")
    stream = io.BytesIO()
    image.fromarray(PIXELS).save(stream, "PNG")
    return stream.getvalue()


def test_whole_pictures_of_common_writers():
    assert image_fault(png(), ".png") == ""
    assert image_fault(pillow_png(), ".png") == ""
    for options in (
        {},
        {"bigtiff": True},
        {"byteorder": ">"},
        {"tile": (16, 16)},
        {"ome": True},
        {"rowsperstrip": 4},
    ):
        assert image_fault(tiff(**options), ".tif") == ""


@given(st.integers(0, len(pillow_png()) - 1))
def test_a_png_cut_anywhere_is_named(length):
    assert image_fault(pillow_png()[:length], ".png")


@given(st.integers(8, len(pillow_png()) - 1), st.integers(1, 255))
def test_a_png_with_any_byte_changed_is_named(place, change):
    data = bytearray(pillow_png())
    data[place] ^= change
    assert image_fault(bytes(data), ".png")


@given(st.integers(0, len(tiff()) - 1))
def test_a_tiff_cut_anywhere_is_named(length):
    assert image_fault(tiff()[:length], ".tif")


@given(st.binary(max_size=200))
def test_any_bytes_give_an_answer(data):
    for start in (b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0", b"\x89PNG\r\n\x1a\n"):
        assert image_fault(start + data, ".png" if b"PNG" in start else ".tif")


@pytest.mark.parametrize(
    ("data", "extension", "words"),
    [
        (b"", ".png", "empty"),
        (b"GIF89a", ".png", "not a PNG"),
        (b"<xml/>", ".ome.tif", "not a TIFF"),
        (png(65000, 65000), ".png", "65000 x 65000"),
        (png(0, 5), ".png", "no size"),
    ],
)
def test_what_is_wrong(data, extension, words):
    assert words in image_fault(data, extension)


def test_pages_in_a_circle():
    page = b"\x00\x00" + b"\x08\x00\x00\x00"  # no tags, then itself again
    assert image_fault(b"II*\0\x08\0\0\0" + page, ".tif")
