"""Whether the bytes of a PNG or TIFF file can be a picture, told without decoding it.

A decoder is not run, so a file that unpacks to gigabytes costs nothing. What is checked are the marks and lengths of
the container, the checksums of PNG chunks, and that what a TIFF points to lies within the file.

PNG: https://www.w3.org/TR/png-3/ ; TIFF 6.0: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
"""

from __future__ import annotations

import struct
import zlib

MAX_PIXELS = 100_000_000
"""More pixels than any frame of a confocal microscope or section scan that a test here reads."""

_PNG = b"\x89PNG\r\n\x1a\n"
_MAX_PAGES = 1000
_WIDTH, _HEIGHT, _STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES = 256, 257, 273, 279, 324, 325


def image_fault(data: bytes, extension: str) -> str:
    """Return what is wrong with the bytes of a picture, empty when nothing is.

    Parameters
    ----------
    data : bytes
        The whole file.
    extension : str
        ``.png``, ``.tif``, ``.ome.tif``, ``.ome.btf``.
    """
    if not data:
        return "the file is empty"
    return _png_fault(data) if extension == ".png" else _tiff_fault(data)


def _png_fault(data: bytes) -> str:
    if not data.startswith(_PNG):
        return "is not a PNG file"
    place = len(_PNG)
    seen: list[bytes] = []
    while place < len(data):
        if place + 12 > len(data):
            return "the PNG file is cut short"
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        if end > len(data):
            return "the PNG file is cut short"
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(memoryview(data)[place + 4 : end - 4]) != checksum:
            return "the PNG file is damaged (a checksum does not fit)"
        if not seen:
            if kind != b"IHDR" or length != 13:
                return "the PNG file has no header"
            width, height = struct.unpack_from(">II", data, place + 8)
            fault = _size_fault(width, height)
            if fault:
                return fault
        seen.append(kind)
        if kind == b"IEND":
            return "" if b"IDAT" in seen else "the PNG file holds no picture"
        place = end
    return "the PNG file is cut short"


def _size_fault(width: int, height: int) -> str:
    if width == 0 or height == 0:
        return "the picture has no size"
    if width * height > MAX_PIXELS:
        return f"the picture has {width} x {height} pixels, more than {MAX_PIXELS:,}"
    return ""


def _tiff_fault(data: bytes) -> str:
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        return "is not a TIFF file"
    (version,) = struct.unpack_from(order + "H", data, 2)
    if version not in (42, 43):
        return "is not a TIFF file"
    big = version == 43
    try:
        place = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
        seen: set[int] = set()
        while place:
            if place in seen or len(seen) >= _MAX_PAGES:
                return "the pages of the TIFF file go in a circle or are too many"
            seen.add(place)
            tags, place = _page(data, place, order, big)
            fault = _page_fault(tags, len(data))
            if fault:
                return fault
    except (struct.error, OverflowError):
        return "the TIFF file is cut short"
    return "" if seen else "the TIFF file holds no picture"


_FORMATS = {1: "B", 3: "H", 4: "I", 16: "Q"}


def _page(data: bytes, place: int, order: str, big: bool) -> tuple[dict[int, tuple[int, ...]], int]:
    """Return the integer tags of a page that matter here, and where the next page begins."""
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, place)
    place += 8 if big else 2
    size, inline = (20, 8) if big else (12, 4)
    if count > len(data) // size:
        raise struct.error
    wanted = {_WIDTH, _HEIGHT, _STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES}
    tags: dict[int, tuple[int, ...]] = {}
    for n in range(count):
        at = place + n * size
        tag, kind, number = struct.unpack_from(order + ("HHQ" if big else "HHI"), data, at)
        letter = _FORMATS.get(kind)
        if tag not in wanted or letter is None:
            continue
        if number > len(data):
            raise struct.error
        of_value = at + size - inline
        length = struct.calcsize(letter) * number
        if length > inline:
            (of_value,) = struct.unpack_from(order + ("Q" if big else "I"), data, of_value)
        tags[tag] = struct.unpack_from(f"{order}{number}{letter}", data, of_value)
    (following,) = struct.unpack_from(order + ("Q" if big else "I"), data, place + count * size)
    return tags, following


def _page_fault(tags: dict[int, tuple[int, ...]], size: int) -> str:
    width, height = tags.get(_WIDTH, (0,)), tags.get(_HEIGHT, (0,))
    if not width or not height:
        return "the picture has no size"
    fault = _size_fault(width[0], height[0])
    if fault:
        return fault
    starts = tags.get(_STRIPS) or tags.get(_TILES) or ()
    lengths = tags.get(_STRIP_BYTES) or tags.get(_TILE_BYTES) or ()
    if not starts:
        return "the TIFF file holds no picture"
    if any(start + length > size for start, length in zip(starts, lengths, strict=False)):
        return "the TIFF file is cut short"
    return ""
