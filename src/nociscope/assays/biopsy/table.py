"""The input table of skin biopsies: one row per section."""

from __future__ import annotations

from nociscope.tables import SITES
from nociscope.tsv import MISSING, Column, Table

STAINS = {
    "pgp95_bf": "PGP 9.5, bright field",
    "pgp95_if": "PGP 9.5, immunofluorescence",
}
"""Stain code -> meaning. Norms are bound to it: the two kinds of counts are never compared."""

SKIN_SITES = tuple(site for site in SITES if not site.startswith("cornea"))

MOST_PER_MM = 1000.0
"""A fibre is about a micrometre thick, so no epidermis holds more crossings than this on a millimetre."""

SKIN_BIOPSY = Table(
    "skin_biopsy",
    "One section of a skin biopsy: intraepidermal nerve fibres counted on a length of epidermis",
    (
        Column("participant_id", "Participant, sub-<label>", required=True, needed=True),
        Column("session_id", "Visit, ses-<label>; n/a where the study has no sessions"),
        Column(
            "site",
            "Where the biopsy was taken",
            "choice",
            choices={site: site.replace("_", " ") for site in SKIN_SITES},
            required=True,
            needed=True,
        ),
        Column("side", "Side of the body", "choice", choices={"left": "left", "right": "right"}),
        Column("section", "Label of the section within the biopsy"),
        Column("fibres", "Fibres that cross the dermal-epidermal junction", "integer", minimum=0, maximum=100_000),
        Column(
            "length_mm",
            "Length of the epidermis they were counted on",
            "number",
            unit="mm",
            minimum=0.1,
            maximum=200,
        ),
        Column("stain", "Stain and microscopy; the reading's method", "choice", choices=STAINS),
        Column(
            "density_per_mm",
            "Fibres per millimetre, where the counts are lost; used only when they are",
            "number",
            unit="/mm",
            minimum=0,
            maximum=MOST_PER_MM,
        ),
        Column("device", "Microscope, as the laboratory names it"),
    ),
    key=("participant_id", "session_id", "site", "side", "section", "stain"),
)
"""``phenotype/skin_biopsy.tsv``.

Lengths below 0.1 mm (a thirtieth of a 3-mm punch) or above 200 mm (more than sixty sections of one) are refused:
they are zeros, or another unit.
"""

STAIN_SPELLINGS = {
    "pgp95bf": "pgp95_bf",
    "pgp95brightfield": "pgp95_bf",
    "pgp95if": "pgp95_if",
    "pgp95immunofluorescence": "pgp95_if",
    "pgp95fluorescence": "pgp95_if",
}
"""Letters and digits of a spelling -> code. Spellings that leave open antibody or microscopy are not here."""


def plain(text: str) -> str:
    """Return the letters and digits of a text in lower case: ``PGP 9.5 (bright field)`` is ``pgp95brightfield``."""
    return "".join(c for c in text.lower() if c.isalnum())


def canonical_stain(text: str) -> str:
    """Return the code of a stain; a spelling that is not known is returned as it is."""
    return STAIN_SPELLINGS.get(plain(text), text)


def canonical_name(text: str) -> str:
    """Return a site or side as the table names it: ``Distal leg`` is ``distal_leg``; ``n/a`` stays."""
    name = text.strip().lower().replace(" ", "_").replace("-", "_")
    return text.strip() if name in ("", MISSING) else name


def suggestion(text: str, known: tuple[str, ...]) -> str:
    """Return the known name closest to a text, empty when none is close."""
    import difflib

    by_plain = {plain(name): name for name in known}
    close = difflib.get_close_matches(plain(text), tuple(by_plain), n=1, cutoff=0.5)
    return by_plain[close[0]] if close else ""
