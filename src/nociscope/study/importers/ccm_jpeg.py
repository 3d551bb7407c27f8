"""JPEG exports of a corneal confocal microscope into a study, as PNG with the same grey levels.

BIDS knows no JPEG for microscopy. Every frame becomes a PNG of exactly the decoded grey levels; the original's name
and SHA-256 stand in its sidecar, so that the way back can be proved, and a frame that is in the study already is not
imported twice.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nociscope import files
from nociscope.problems import BadInput, InputMissing, Problem, UsageError, clean_text
from nociscope.study.importers.registering import add_participant, add_row, describe

MAX_SIDE = 4096
MAX_FILE_BYTES = 64 * 2**20
HRT3_SIDE = 384
HRT3_UM = 400.0
CAPTION_ROWS = 484
"""Height of exports with a caption bar below the frame."""

_EYE = re.compile(r"(?<![A-Z])(OD|OS)(?![A-Z])|(OD|OS)(?=[0-9_\-. ])", re.IGNORECASE)
_ENTITY = re.compile(r"(?:^|_)(sub|ses|sample|acq|chunk)-([A-Za-z0-9+]+)")
_LABEL = re.compile(r"[A-Za-z0-9+]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did.

    Attributes
    ----------
    written : tuple of str
        New frames, relative to the study.
    present : tuple of str
        Originals that are in the study already.
    problems : tuple of Problem
        Originals that were refused.
    """

    written: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def import_ccm_jpeg(
    source: Path,
    study: Path,
    *,
    participant: str = "",
    session: str = "",
    eye: str = "",
    region: str = "",
    pixel_um: float | None = None,
) -> Imported:
    """Bring the JPEG frames of a file or folder into a study.

    Participant, session, eye and region are taken from the arguments, else from entities in the file's or its
    folders' names (``sub-01_ses-1_sample-OD_acq-whorl``), the eye also from ``OD`` or ``OS`` in them; the region is
    central when nothing says otherwise.

    Parameters
    ----------
    source : Path
        A JPEG file, or a folder that is searched with its folders.
    study : Path
        Made when it does not exist.
    participant, session : str
        With or without ``sub-`` and ``ses-``.
    eye : {'', 'OD', 'OS'}
    region : {'', 'central', 'whorl'}
    pixel_um : float, optional
        Size of a pixel in um. Default: that of 400 um on 384 pixels, for frames of that size.

    Returns
    -------
    Imported

    Raises
    ------
    InputMissing
        `source` does not exist.
    UsageError
        An argument is not a label, eye or region.
    BadInput
        There is no JPEG, or none can be used.
    """
    given = _given(participant, session, eye, region)
    if not source.exists():
        raise InputMissing(f"{source.name}: there is no such file or folder.")
    originals = [source] if source.is_file() else sorted(p for p in source.rglob("*") if _is_jpeg(p))
    if not originals:
        raise BadInput(
            Problem(
                what="holds no .jpg file", remedy="name the folder of the export", file=source.name, code="no-jpeg"
            )
        )
    written: list[str] = []
    present: list[str] = []
    problems: list[Problem] = []
    known = _known(study)
    for original in originals:
        name = original.name if source.is_file() else original.relative_to(source).as_posix()
        try:
            place = _place(name, source.name, given)
            data = files.read_bytes(original, name, MAX_FILE_BYTES)
            digest = files.sha256(data)
            if (_head(place), digest) in known:
                present.append(name)
                continue
            written.append(_write(study, place, data, digest, original.name, pixel_um))
            known.add((_head(place), digest))
        except BadInput as error:
            problems += [p.at(file=name) for p in error.problems]
    if problems and not written and not present:
        raise BadInput(problems)
    return Imported(written=tuple(written), present=tuple(present), problems=tuple(problems))


def _is_jpeg(path: Path) -> bool:
    return path.suffix.lower() in (".jpg", ".jpeg") and path.is_file() and not path.name.startswith(".")


def _given(participant: str, session: str, eye: str, region: str) -> dict[str, str]:
    given = {
        "sub": participant.removeprefix("sub-"),
        "ses": session.removeprefix("ses-"),
        "sample": eye.upper(),
        "acq": region,
    }
    for label in given.values():
        if label and not _LABEL.fullmatch(label):
            raise UsageError(f"“{clean_text(label, 40)}” is not a label of letters and digits.")
    if given["sample"] not in ("", "OD", "OS"):
        raise UsageError("The eye is OD (right) or OS (left).")
    if region not in ("", "central", "whorl"):
        raise UsageError("The region is central or whorl.")
    return {k: v for k, v in given.items() if v}


def _place(name: str, top: str, given: dict[str, str]) -> dict[str, str]:
    """Return the entities of a frame.

    Raises
    ------
    BadInput
        It is not known whose frame or which eye it is.
    """
    found: dict[str, str] = {}
    for part in (top, *name.split("/")):
        stem = part.rsplit(".", 1)[0] if part == name.split("/")[-1] else part
        found.update(dict(_ENTITY.findall(stem)))
        eye = _EYE.search(stem)
        if eye is not None and "sample" not in dict(_ENTITY.findall(stem)):
            found["sample"] = eye.group().upper()
    found.update(given)
    found.setdefault("acq", "central")
    if "sub" not in found:
        raise BadInput(
            Problem(
                what="the name does not say whose frame it is",
                remedy="give --participant-label, or put sub-<label> into the file's or folder's name",
                code="no-participant",
            )
        )
    if found.get("sample", "").upper() not in ("OD", "OS"):
        raise BadInput(
            Problem(
                what="the name does not say which eye it is",
                remedy="give --eye, or put OD or OS into the file's or folder's name",
                code="no-eye",
            )
        )
    found["sample"] = found["sample"].upper()
    return found


def _head(place: dict[str, str]) -> str:
    """Return what the names of an eye's frames begin with."""
    person, session = f"sub-{place['sub']}", [f"ses-{place['ses']}"] if "ses" in place else []
    return "_".join([person, *session, f"sample-{place['sample']}", f"acq-{place['acq']}"])


def _known(study: Path) -> set[tuple[str, str]]:
    """Return of the originals that were imported before whose they are and their SHA-256."""
    known = set()
    for path in study.glob("sub-*/**/micr/*_CONF.json"):
        try:
            known.add((path.name.split("_chunk-")[0], str(files.read_json(path).get("SourceSHA256"))))
        except (BadInput, AttributeError):
            continue
    return known


def _write(
    study: Path, place: dict[str, str], data: bytes, digest: str, original: str, pixel_um: float | None
) -> str:
    png, size = to_png(data)
    if pixel_um is None and size not in ((HRT3_SIDE, HRT3_SIDE), (HRT3_SIDE, CAPTION_ROWS)):
        raise BadInput(
            Problem(
                what=f"the frame has {size[0]} x {size[1]} pixels, not 384 x 384, so their size is not known",
                remedy="give --pixel-um",
                code="no-pixel-size",
            )
        )
    um = HRT3_UM / HRT3_SIDE if pixel_um is None else pixel_um
    person, session = f"sub-{place['sub']}", f"ses-{place['ses']}" if "ses" in place else ""
    folder = study / person / session / "micr" if session else study / person / "micr"
    head = _head(place)
    stem = f"{head}_chunk-{_next_chunk(folder, head):03d}_CONF"
    sidecar: dict[str, Any] = {
        "PixelSize": [round(um, 6), round(um, 6)],
        "PixelSizeUnits": "um",
        "SampleEnvironment": "in vivo",
        "BodyPart": "EYE",
        "BodyPartDetails": f"sub-basal nerve plexus, {'inferior whorl' if place['acq'] == 'whorl' else 'central'}",
        "SourceFile": clean_text(original, 200),
        "SourceSHA256": digest,
    }
    describe(study)
    add_participant(study, person)
    sample = {"sample_id": f"sample-{place['sample']}", "participant_id": person, "sample_type": "tissue"}
    add_row(study / "samples.tsv", tuple(sample), sample)
    files.write_atomic(folder / f"{stem}.json", files.to_json(sidecar))
    files.write_atomic(folder / f"{stem}.png", png)
    return (folder / f"{stem}.png").relative_to(study).as_posix()


def _next_chunk(folder: Path, head: str) -> int:
    numbers = [
        int(found.group(1))
        for path in folder.glob(f"{head}_chunk-*_CONF.*")
        if (found := re.search(r"_chunk-(\d+)_", path.name))
    ]
    return max(numbers, default=0) + 1


def to_png(data: bytes) -> tuple[bytes, tuple[int, int]]:
    """Return a JPEG's grey levels as PNG, and width and height.

    Raises
    ------
    BadInput
        It is no JPEG, damaged, larger than 4096 x 4096, or in colour.
    """
    import numpy as np
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
                if max(picture.size) > MAX_SIDE:
                    raise _refused(
                        f"the picture has {picture.size[0]} x {picture.size[1]} pixels", "is it one frame?"
                    )
                if picture.mode == "RGB":
                    colours = np.asarray(picture).astype(np.int16)
                    spread = colours.max(2) - colours.min(2)
                    if spread.mean() > 4 or np.quantile(spread, 0.99) > 24:
                        raise _refused("the picture is in colour, and a confocal frame is grey", "leave it out")
                elif picture.mode != "L":
                    raise _refused(f"the picture has the colour mode {picture.mode}", "export it as grey JPEG")
                grey = picture.convert("L")
    except BadInput:
        raise
    except Exception:  # noqa: BLE001 - decoders raise many kinds on damaged data
        raise _refused("is not a whole JPEG file", "export it again") from None
    buffer = io.BytesIO()
    grey.save(buffer, format="PNG", compress_level=9)
    return buffer.getvalue(), grey.size


def _refused(what: str, remedy: str) -> BadInput:
    return BadInput(Problem(what=what, remedy=remedy, code="bad-image"))
