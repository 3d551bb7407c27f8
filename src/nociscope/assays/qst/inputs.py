"""The tables that this assay reads: values, and trials."""

from __future__ import annotations

from nociscope.assays.declaration import FileInput, TableInput
from nociscope.assays.qst.parameters import PARAMETERS
from nociscope.tables import SITES
from nociscope.tsv import Column, Table

QST_SITES = tuple(s for s in SITES if not s.startswith("cornea"))
SIDES = {"left": "left side", "right": "right side", "both": "both sides together"}
_CENSORED = {
    "none": "the value was measured",
    "below": "the true value is lower than the device could give",
    "above": "the true value is higher than the device could give",
}
_DIRECTIONS = {
    "up": "rising: the first stimulus that was felt, sharp or painful; for tsl a warm detection",
    "down": "falling: the first stimulus that was not; for tsl a cold detection",
    "single": "one pinprick of the wind-up test",
    "train": "a train of ten pinpricks of the wind-up test",
    "constant": "a stimulus of set size that was answered with yes or no",
}

_SITE = Column(
    "site", f"Body site: {', '.join(QST_SITES)}", "text", required=True, needed=True
)  # checked here, to suggest the nearest
_SIDE = Column("side", "Side of the body: left, right, both or n/a")
_PARAMETER = Column(
    "parameter", f"DFNS code in lower case: {', '.join(PARAMETERS)}", "text", required=True, needed=True
)
_BASELINE = Column(
    "baseline_c",
    "Skin temperature from which a thermal stimulus started; n/a: the setting baseline_c",
    "number",
    "degC",
    minimum=10,
    maximum=45,
)
_DEVICE = Column("device", "Instrument")

VALUES = Table(
    "qst",
    "One value of one QST parameter at one site of one participant at one visit",
    (
        Column("participant_id", "Participant, sub-<label>", required=True, needed=True),
        Column("session_id", "Visit, ses-<label>; n/a where the study has no sessions"),
        _SITE,
        _SIDE,
        _PARAMETER,
        Column("value", "The value; n/a: not measured", "number", required=True),
        Column(
            "unit",
            "degC (absolute), delta_degC (from baseline_c, either sign), kPa, mN, rating, ratio, count or n/8",
            required=True,
        ),
        _BASELINE,
        Column(
            "censored", "Whether the true value lies beyond what the device could give", "choice", choices=_CENSORED
        ),
        _DEVICE,
        Column("method", "How it was measured (limits, levels, ...); norms are bound to it; n/a: table"),
    ),
)

TRIALS = Table(
    "qst_trials",
    "One QST trial",
    (
        _SITE,
        _SIDE,
        _PARAMETER,
        Column("trial", "Number of the trial", "number"),
        Column("intensity", "The stimulus, or the intensity reached", "number"),
        Column("unit", "Unit of intensity: degC, delta_degC, kPa, mN, n/8"),
        Column("direction", "What kind of trial", "choice", choices=_DIRECTIONS),
        Column(
            "response",
            "Whether it was felt, sharp or painful",
            "choice",
            choices={"yes": "it was", "no": "it was not"},
        ),
        Column("rating", "Pain rating", "number", minimum=0, maximum=100),
        _BASELINE,
        _DEVICE,
    ),
)

TRIAL_FILES = FileInput(
    datatype="beh",
    suffix="beh",
    extensions=(".tsv",),
    entities={"task": "qst"},
    title="QST trials",
)

INPUTS = (TableInput(VALUES), TRIAL_FILES)
