"""Writing BrainVision files: what simulators and importers give a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def encode(
    names: Sequence[str],
    rate: float,
    signals_uv: NDArray[np.floating[Any]],
    markers: Sequence[tuple[float, str]],
    resolution_uv: float = 0.1,
) -> tuple[bytes, bytes, bytes]:
    """Return signals as BrainVision files, interleaved.

    Parameters
    ----------
    names : sequence of str
    rate : float
    signals_uv : array (c, s)
    markers : sequence of (seconds, text)
    resolution_uv : float
        Step of 16-bit integers; 0 keeps 32-bit floats.

    Returns
    -------
    header, markers, data : bytes
        ``{stem}`` stands for the final file stem in the first two.
    """
    if resolution_uv > 0:
        limit = np.iinfo(np.int16).max
        stored = np.clip(np.round(signals_uv.T / resolution_uv), -limit, limit).astype("<i2")
    else:
        stored = signals_uv.T.astype("<f4")
    lines = [
        "Brain Vision Data Exchange Header File Version 1.0",
        "",
        "[Common Infos]",
        "Codepage=UTF-8",
        "DataFile={stem}.eeg",
        "MarkerFile={stem}.vmrk",
        "DataFormat=BINARY",
        "DataOrientation=MULTIPLEXED",
        f"NumberOfChannels={len(names)}",
        f"SamplingInterval={1e6 / rate:.10g}",
        "",
        "[Binary Infos]",
        f"BinaryFormat={'INT_16' if resolution_uv > 0 else 'IEEE_FLOAT_32'}",
        "",
        "[Channel Infos]",
        *(f"Ch{k + 1}={n.replace(',', chr(92) + '1')},,{resolution_uv or 1:g},µV" for k, n in enumerate(names)),
        "",
    ]
    marks = [
        "Brain Vision Data Exchange Marker File, Version 1.0",
        "",
        "[Common Infos]",
        "Codepage=UTF-8",
        "DataFile={stem}.eeg",
        "",
        "[Marker Infos]",
        "Mk1=New Segment,,1,1,0,00000000000000000000",
        *(f"Mk{k + 2}=Stimulus,{text},{round(at * rate) + 1},1,0" for k, (at, text) in enumerate(markers)),
        "",
    ]
    return "\n".join(lines).encode(), "\n".join(marks).encode(), stored.tobytes()
