"""Known and suspected causes of small-fibre neuropathy, and the analytes that look for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nociscope.study.records import Study

SIL2R_LOINC = "76039-7"
"""LOINC of soluble interleukin-2 receptor, seen in two laboratory catalogues; the only code that was read."""

LOINC: Mapping[str, str] = {"sil2r": SIL2R_LOINC}

TITLES: Mapping[str, str] = {
    "sil2r": "Soluble interleukin-2 receptor",
    "glucose": "Glucose",
    "hba1c": "HbA1c",
    "b12": "Vitamin B12",
    "tsh": "TSH",
    "ana": "Antinuclear antibodies",
    "ssa": "SS-A antibodies",
    "ssb": "SS-B antibodies",
    "ts_hds": "TS-HDS antibodies",
    "fgfr3": "FGFR3 antibodies",
    "hcv": "Hepatitis C",
    "crp": "C-reactive protein",
    "esr": "Erythrocyte sedimentation rate",
    "creatinine": "Creatinine",
    "ttg": "Transglutaminase antibodies",
    "ace": "Angiotensin-converting enzyme",
}

SYNONYMS: Mapping[str, str] = {
    "il2r": "sil2r",
    "s_il2r": "sil2r",
    "sil_2r": "sil2r",
    "soluble_il_2_receptor": "sil2r",
    "il_2r": "sil2r",
    "vitamin_b12": "b12",
    "cobalamin": "b12",
    "hb_a1c": "hba1c",
    "anti_ssa": "ssa",
    "ss_a": "ssa",
    "anti_ssb": "ssb",
    "ss_b": "ssb",
    "tshds": "ts_hds",
    "fgfr_3": "fgfr3",
    "hepatitis_c": "hcv",
    "anti_hcv": "hcv",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause: its name, and the analytes of which any one counts as having looked for it."""

    name: str
    analytes: tuple[str, ...]


CAUSES = (
    Cause("diabetes and prediabetes", ("hba1c", "glucose", "fasting_glucose", "ogtt_2h")),
    Cause("vitamin B12 deficiency", ("b12", "holotranscobalamin", "methylmalonic_acid")),
    Cause("thyroid disease", ("tsh",)),
    Cause("paraproteinaemia", ("protein_electrophoresis", "immunofixation", "m_protein", "kappa_lambda_ratio")),
    Cause("connective tissue disease", ("ana",)),
    Cause("Sjögren syndrome", ("ssa", "ssb")),
    Cause("TS-HDS antibodies", ("ts_hds",)),
    Cause("FGFR3 antibodies", ("fgfr3",)),
    Cause("hepatitis C", ("hcv", "hcv_rna")),
)
"""A choice of this program's, not a guideline's list: which of these tests were done is reported, and nothing follows
from them."""

QUALITATIVE = frozenset(
    {"ana", "ssa", "ssb", "ts_hds", "fgfr3", "hcv", "hcv_rna", "protein_electrophoresis", "immunofixation", "ttg"}
)
"""Analytes whose result may be given as ``positive`` or ``negative``, without a unit."""


def analyte_key(text: str) -> str:
    """Return an analyte's name as a measure: lower case letters, digits and ``_``; empty when nothing is left."""
    name = "_".join("".join(c if c.isascii() and c.isalnum() else " " for c in text.lower()).split())
    return SYNONYMS.get(name, name)


def analytes_of(study: Study) -> frozenset[str]:
    """Return the measures that the laboratory table of a study will yield: its analytes, and their ratios."""
    rows = (
        row for visits in study.visits.values() for v in visits if "labs" in v.tables for row in v.tables["labs"].rows
    )
    names = {analyte_key(row.cells.get("analyte", "")) for row in rows} - {""}
    return frozenset(names | {f"{name}_uln_ratio" for name in names})


def title(analyte: str) -> str:
    """Return an analyte's name for people."""
    return TITLES.get(analyte, analyte.replace("_", " "))


def done_and_missing(analytes: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which causes were looked for, and which were not."""
    have = set(analytes)
    done = tuple(c.name for c in CAUSES if have & set(c.analytes))
    return done, tuple(c.name for c in CAUSES if c.name not in done)
