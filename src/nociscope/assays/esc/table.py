"""The input table of electrochemical skin conductance: one row per side of hands and feet."""

from __future__ import annotations

from nociscope.tsv import Column, Table

ESC_SITES = {"hand": "palms", "foot": "soles"}
ESC_SIDES = {"left": "left", "right": "right", "both": "mean of the two sides, where only that was kept"}

LARGEST_US = 200.0
"""Twice what healthy people reach: a number above it is another unit or a slip."""

ESC = Table(
    "esc",
    "Electrochemical skin conductance of one hand or foot",
    (
        Column("participant_id", "Participant, sub-<label>", required=True, needed=True),
        Column("session_id", "Visit, ses-<label>; n/a where the study has no sessions"),
        Column("site", "Palm or sole", "choice", choices=ESC_SITES, required=True, needed=True),
        Column("side", "Side of the body", "choice", choices=ESC_SIDES, required=True, needed=True),
        Column(
            "esc_us",
            "Electrochemical skin conductance",
            "number",
            unit="uS",
            minimum=0,
            maximum=LARGEST_US,
            required=True,
        ),
        Column("device", "Instrument"),
    ),
    key=("participant_id", "session_id", "site", "side", "device"),
)
"""``phenotype/esc.tsv``."""

ANTICHOLINERGICS = frozenset(
    (
        "amitriptyline",
        "nortriptyline",
        "imipramine",
        "desipramine",
        "clomipramine",
        "trimipramine",
        "doxepin",
        "dosulepin",
        "dothiepin",
        "protriptyline",
        "lofepramine",
        "cyclobenzaprine",
        "oxybutynin",
        "tolterodine",
        "fesoterodine",
        "solifenacin",
        "darifenacin",
        "trospium",
        "propiverine",
        "propantheline",
        "glycopyrronium",
        "glycopyrrolate",
        "hyoscine",
        "scopolamine",
        "atropine",
        "biperiden",
        "trihexyphenidyl",
        "benztropine",
        "procyclidine",
    )
)
"""Tricyclics and antimuscarinics: they block the receptor of the sweat gland. Names only, no doses."""
