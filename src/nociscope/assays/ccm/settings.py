"""Settings of the assay, and the table of results that other programs give."""

from __future__ import annotations

from dataclasses import dataclass

from nociscope.assays.ccm.detector import DETECTOR, DETECTOR_VERSION
from nociscope.assays.declaration import setting
from nociscope.tsv import Column, Table

FRAME_METHOD = f"{DETECTOR}/{DETECTOR_VERSION}"
"""The detector and its version: the `method` of every reading of ours."""

EYE_SUFFIX = " mean of frames"
"""What the method of an eye's reading says beyond that of its frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CcmSettings:
    """Settings of corneal confocal microscopy."""

    shortest_nerve_um: float = setting(
        42.0,
        "A connected nerve at the border shorter than this, or a quarter more within the frame, is not counted",
        unit="um",
        source="dendritic cells are below 50 um and are told apart by their length",
    )
    fold_depth: float = setting(
        0.85,
        "A place is folded when it is darker than this share of its surroundings",
        source="measured: frames without folds give 0",
    )
    least_usable: float = setting(
        0.6, "A frame with a smaller usable share is poor", source="convention of this program"
    )
    least_focus: float = setting(
        0.03,
        "A frame with less fine structure relative to its brightness is poor",
        source="measured: 0.077 to 0.118 on 20 real frames in focus",
    )
    mask_folder: str = setting(
        "",
        "Folder of nerve masks by another tracer, relative to the study; files are named like the frames",
    )
    mask_method: str = setting("external mask", "Name and version of that tracer; the method of its readings")


CCM_TABLE = Table(
    "ccm",
    "Corneal nerve measures of one eye or frame by another program",
    (
        Column("participant_id", "Participant, sub-<label>", required=True, needed=True),
        Column("session_id", "Visit, ses-<label> or n/a"),
        Column(
            "site",
            "Region of the cornea",
            "choice",
            choices={"cornea_central": "central cornea", "cornea_whorl": "inferior whorl"},
        ),
        Column("side", "Eye", "choice", choices={"left": "left eye", "right": "right eye"}, needed=True),
        Column("method", "Program and version, such as ACCMetrics", required=True, needed=True),
        Column("device", "Microscope"),
        Column("frames_used", "Frames that were averaged", "integer", minimum=1),
        Column("cnfl", "Nerve fibre length density", "number", unit="mm/mm2", minimum=0),
        Column("cnfd", "Nerve fibre density", "number", unit="/mm2", minimum=0),
        Column("cnbd", "Nerve branch density", "number", unit="/mm2", minimum=0),
        Column("ctbd", "Total branch density", "number", unit="/mm2", minimum=0),
        Column("cnfa", "Nerve fibre area density", "number", unit="mm2/mm2", minimum=0, maximum=1),
        Column("cnfw", "Mean full nerve width", "number", unit="um", minimum=0),
        Column("fractal_dimension", "Fractal dimension", "number", minimum=0, maximum=2),
    ),
    key=("participant_id", "session_id", "site", "side", "method", "device"),
    open=True,
)
