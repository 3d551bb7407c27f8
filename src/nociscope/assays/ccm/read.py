"""Frames of both eyes from a study: decoded within bounds, cropped, and with the size of their pixels."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nociscope import files
from nociscope.assays.ccm.detector import STANDARD_UM, Image
from nociscope.assays.ccm.settings import CCM_TABLE, CcmSettings
from nociscope.problems import BadInput, Problem, clean_text
from nociscope.study.records import FileRecord, Visit
from nociscope.tsv import MISSING, Row

MAX_SIDE = 4096
MAX_FILE_BYTES = 128 * 2**20
LEAST_SIDE_UM = 80.0
"""A smaller field holds no piece of nerve long enough to be measured."""

EXTENSIONS = (".png", ".tif", ".tiff", ".ome.tif", ".ome.btf")

_SIDES = {"OD": "right", "OS": "left", "RIGHT": "right", "LEFT": "left", "R": "right", "L": "left"}
_UM = {"um": 1.0, "µm": 1.0, "μm": 1.0, "mm": 1000.0, "nm": 0.001}


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame.

    Attributes
    ----------
    source : str
        File, relative to the study.
    image : float32, shape (rows, columns)
        Grey levels 0 to 255.
    um_per_pixel : (float, float)
        Size of a pixel, rows and columns.
    site : {'cornea_central', 'cornea_whorl'}
    side : {'right', 'left', 'n/a'}
    device : str
    mask : bool array or None
        Nerves by another tracer.
    """

    source: str
    image: Image
    um_per_pixel: tuple[float, float]
    site: str
    side: str
    device: str = MISSING
    mask: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CcmRecording:
    """The frames of a visit, by file name, and rows of results by other programs."""

    frames: tuple[Frame, ...] = ()
    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()
    sources: tuple[str, ...] = field(default=())


def read(visit: Visit, settings: CcmSettings) -> CcmRecording:
    """Read the frames and result rows of a visit.

    Every frame that cannot be used is refused by name, alone.

    Raises
    ------
    BadInput
        Nothing is left.
    """
    records = [f for f in visit.find(datatype="micr", suffix="CONF") if f.extension in EXTENSIONS]
    frames: list[Frame] = []
    problems: list[Problem] = []
    sources: list[str] = []
    for record in records:
        sources.append(record.path)
        try:
            frame, remarks = _frame(visit, record, settings)
        except BadInput as error:
            problems += [p.at(file=record.path) for p in error.problems]
            continue
        frames.append(frame)
        problems += remarks
    rows: tuple[Row, ...] = ()
    if CCM_TABLE.name in visit.tables:
        parsed = visit.table(CCM_TABLE)
        rows = parsed.rows
        problems += parsed.problems
        sources += sorted({r.file for r in visit.tables[CCM_TABLE.name].rows})
    if not frames and not rows and problems:
        raise BadInput(problems)
    return CcmRecording(
        frames=tuple(frames), rows=rows, problems=tuple(problems), sources=tuple(dict.fromkeys(sources))
    )


def _refuse(what: str, remedy: str, code: str) -> BadInput:
    return BadInput(Problem(what=what, remedy=remedy, code=code))


def _frame(visit: Visit, record: FileRecord, settings: CcmSettings) -> tuple[Frame, list[Problem]]:
    data = files.read_bytes(visit.path(record), record.path, MAX_FILE_BYTES)
    image = decode_image(data, record.extension)
    meta = visit.metadata(record)
    if image.shape == (484, 384):
        image = image[:384]
    um = pixel_size(meta, (image.shape[0], image.shape[1]))
    field_um = [n * u for n, u in zip(image.shape, um, strict=True)]
    if min(field_um) < LEAST_SIDE_UM:
        raise _refuse(
            f"the frame measures {field_um[1]:.0f} x {field_um[0]:.0f} um, and nerves need {LEAST_SIDE_UM:.0f} um",
            "check PixelSize and PixelSizeUnits",
            "frame-too-small",
        )
    if max(field_um) > MAX_SIDE * STANDARD_UM:
        raise _refuse(
            f"the frame measures {field_um[1]:.0f} x {field_um[0]:.0f} um, more than a confocal frame can",
            "check PixelSize and PixelSizeUnits",
            "frame-too-large",
        )
    label = record.entities.get("sample", "")
    side = _SIDES.get(label.upper(), MISSING)
    remarks = []
    if side == MISSING:
        remarks.append(
            Problem(
                what=f"the sample “{label}” does not say which eye it is",
                remedy="name the sample OD or OS",
                severity="warning",
                code="unknown-eye",
                file=record.path,
            )
        )
    site = "cornea_whorl" if "whorl" in record.entities.get("acq", "").lower() else "cornea_central"
    device = clean_text(meta.get("ManufacturersModelName") or meta.get("Manufacturer") or MISSING, 80) or MISSING
    mask = _external_mask(visit, record, settings, (image.shape[0], image.shape[1]))
    return Frame(record.path, image, um, site, side, device, mask), remarks


def pixel_size(meta: Mapping[str, Any], shape: tuple[int, int]) -> tuple[float, float]:
    """Return the size of a pixel in um, rows and columns, from a sidecar.

    Without `PixelSize`, a frame of 384 x 384 pixels is taken for the 400 x 400 um of the Rostock cornea module.

    Raises
    ------
    BadInput
        It is missing for another size, not positive, or in a unit that is not known.
    """
    given = meta.get("PixelSize")
    if given is None:
        if shape == (384, 384):
            return (STANDARD_UM, STANDARD_UM)
        raise _refuse(
            f"PixelSize is missing, and the frame is {shape[1]} x {shape[0]} pixels, not 384 x 384",
            "write PixelSize and PixelSizeUnits into the JSON beside the frame",
            "no-pixel-size",
        )
    numbers = list(given) if isinstance(given, list | tuple) else [given]
    unit = meta.get("PixelSizeUnits", "um")
    scale = _UM.get(str(unit))
    wrong = [x for x in numbers if isinstance(x, bool) or not isinstance(x, int | float)]
    if scale is None or wrong or not 1 <= len(numbers) <= 3:
        raise _refuse(
            f"PixelSize {clean_text(given, 40)} {clean_text(unit, 20)} is not understood",
            "give two numbers and the unit um, mm or nm",
            "bad-pixel-size",
        )
    sizes = [_as_float(x) * scale for x in numbers]
    columns, rows = (sizes[0], sizes[0]) if len(sizes) == 1 else (sizes[0], sizes[1])
    if not all(math.isfinite(s) and 0.02 <= s <= 20 for s in (rows, columns)):
        raise _refuse(
            f"PixelSize {clean_text(given, 40)} {clean_text(unit, 20)} cannot be right (0.02 to 20 um is possible)",
            "correct PixelSize",
            "bad-pixel-size",
        )
    return (rows, columns)


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def decode_image(data: bytes, extension: str) -> Image:
    """Decode a PNG or TIFF into grey levels 0 to 255; its declared size is checked first.

    Grey of 8 or 16 bits is taken, also when it is stored as RGB or a palette. Sixteen bits are scaled by the smallest
    of 10, 12, 14 and 16 bits that holds the brightest pixel.

    Raises
    ------
    BadInput
        It is not such a picture, damaged, larger than 4096 x 4096, has several pages, or is in colour.
    """
    from PIL import Image as Pictures
    from PIL import UnidentifiedImageError

    from nociscope.study.images import image_fault

    fault = image_fault(data, ".png" if extension == ".png" else ".tif")
    if fault:
        raise _refuse(fault, "export the frame again", "bad-image")
    import io

    formats = ("PNG",) if extension == ".png" else ("TIFF",)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pictures.DecompressionBombWarning)
            with Pictures.open(io.BytesIO(data), formats=formats) as picture:
                width, height = picture.size
                if max(width, height) > MAX_SIDE:
                    raise _refuse(
                        f"the picture has {width} x {height} pixels, and at most {MAX_SIDE} x {MAX_SIDE} are read",
                        "put in the single frame, not a mosaic",
                        "image-too-large",
                    )
                pages = int(getattr(picture, "n_frames", 1))
                if pages > 1:
                    raise _refuse(
                        f"the file holds {pages} pages, and one frame a file is expected",
                        "save every frame as a file of its own",
                        "several-pages",
                    )
                return _grey(picture)
    except BadInput:
        raise
    except (Pictures.DecompressionBombError, Pictures.DecompressionBombWarning):
        raise _refuse("the picture is too large", "put in the single frame", "image-too-large") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, MemoryError):
        raise _refuse("the picture cannot be decoded", "export the frame again", "bad-image") from None
    except Exception as error:  # noqa: BLE001 - decoders raise many kinds on damaged data
        raise _refuse(
            f"the picture cannot be decoded ({type(error).__name__})", "export the frame again", "bad-image"
        ) from None


def _grey(picture: Any) -> Image:
    mode = picture.mode
    if mode in ("1", "L", "LA"):
        return np.asarray(picture.convert("L"), np.float32)
    if mode.startswith("I;16") or mode == "I":
        deep = np.asarray(picture).astype(np.float32)
        top = float(deep.max(initial=0.0))
        if float(deep.min(initial=0.0)) < 0 or top > 65535:
            raise _refuse("the grey levels are not of 8 or 16 bits", "save it with 8 or 16 bits", "bad-depth")
        full = next(full for full in (1023.0, 4095.0, 16383.0, 65535.0) if top <= full)
        return np.asarray(deep * np.float32(255.0 / full), np.float32)
    if mode in ("RGB", "RGBA", "P", "PA"):
        colours = np.asarray(picture.convert("RGB"), np.float32)
        spread = colours.max(2) - colours.min(2)
        if float(spread.mean()) > 4.0 or float(np.quantile(spread, 0.99)) > 24.0:
            raise _refuse(
                "the picture is in colour, and a confocal frame is grey",
                "put in the frame as the microscope gave it",
                "colour-image",
            )
        return np.asarray(colours.mean(2), np.float32)
    raise _refuse(
        f"the picture has the colour mode {mode}, and grey of 8 or 16 bits is expected",
        "save it as grey PNG",
        "bad-depth",
    )


def _external_mask(
    visit: Visit, record: FileRecord, settings: CcmSettings, shape: tuple[int, int]
) -> NDArray[np.bool_] | None:
    """Return the mask another tracer made of this frame; None when no folder is set.

    Raises
    ------
    BadInput
        A folder is set and holds no fitting mask of this frame.
    """
    if not settings.mask_folder:
        return None
    stem = record.stem
    short = stem.removesuffix("_CONF")
    for name in (f"{stem}.png", f"{short}_mask.png", f"{short}_desc-nerves_mask.png"):
        relative = f"{settings.mask_folder.strip('/')}/{name}"
        path = visit.path(relative)
        if not path.is_file():
            continue
        mask = decode_image(files.read_bytes(path, relative, MAX_FILE_BYTES), ".png") > 0
        if mask.shape != shape:
            raise _refuse(
                f"the mask {relative} has {mask.shape[1]} x {mask.shape[0]} pixels, not those of the frame",
                "make it anew",
                "bad-mask",
            )
        return mask
    raise _refuse(f"{settings.mask_folder} holds no mask of this frame", f"put {short}_mask.png there", "no-mask")
