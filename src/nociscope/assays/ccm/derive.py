"""The nerve masks that are saved beside the results."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ccm.measure import traced
from nociscope.assays.ccm.read import CcmRecording
from nociscope.assays.ccm.settings import CcmSettings
from nociscope.assays.declaration import DerivedFile
from nociscope.tables import Reading


def masks(recording: CcmRecording, readings: Sequence[Reading], settings: CcmSettings) -> tuple[DerivedFile, ...]:
    """Return for every frame its nerves as a picture of the frame's size: 255 on a nerve, 0 elsewhere."""
    out = []
    for frame in recording.frames:
        stem = frame.source.rsplit("/", 1)[-1].split(".", 1)[0].removesuffix("_CONF")
        mask = _of_shape(traced(frame, settings).mask, (frame.image.shape[0], frame.image.shape[1]))
        out.append(
            DerivedFile(
                name=f"{stem}_desc-nerves_mask.png",
                content=_png(mask),
                description="Nerves traced in the corneal frame of the same name: 255 on a nerve, 0 elsewhere",
            )
        )
    return tuple(out)


def _of_shape(mask: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_]:
    if mask.shape == shape:
        return mask
    rows = np.minimum((np.arange(shape[0]) + 0.5) * mask.shape[0] / shape[0], mask.shape[0] - 1).astype(int)
    columns = np.minimum((np.arange(shape[1]) + 0.5) * mask.shape[1] / shape[1], mask.shape[1] - 1).astype(int)
    return mask[rows][:, columns]


def _png(mask: NDArray[np.bool_]) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).save(buffer, format="PNG", compress_level=9)
    return buffer.getvalue()
