"""Skin conductances from ``phenotype/esc.tsv``, and what the literature says confounds them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nociscope.assays.esc.table import ANTICHOLINERGICS, ESC
from nociscope.problems import BadInput, Problem, clean_text
from nociscope.tsv import MISSING, RawRow, format_number, parse_number

if TYPE_CHECKING:
    from nociscope.study.records import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Conductance:
    """One conductance.

    Attributes
    ----------
    site : {'hand', 'foot'}
    side : {'left', 'right', 'both'}
    value_us : float or None
        In microsiemens; None where the cell is ``n/a``.
    device, source : str
    """

    site: str
    side: str
    value_us: float | None
    device: str = MISSING
    source: str = MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class EscRecording:
    """The conductances of one visit.

    Attributes
    ----------
    conductances : tuple of Conductance
        In file order.
    weight_kg : float or None
    covariates : tuple of str
        What may explain a low value without a nerve being lost, in words: drugs, a depression score.
    problems : tuple of Problem
    sources : tuple of str
    """

    conductances: tuple[Conductance, ...]
    weight_kg: float | None = None
    covariates: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    sources: tuple[str, ...] = ()


def read(visit: Visit, settings: Any = None) -> EscRecording:
    """Read the conductances of a visit.

    Raises
    ------
    BadInput
        No row is left, or a column is missing.
    """
    here = {"participant_id": visit.participant_id, "session_id": visit.session_id, "assay": "esc"}
    parsed = visit.table(ESC, change=lambda r: RawRow(r.file, r.row, {k: _plain(k, v) for k, v in r.cells.items()}))
    problems = [p.at(**here) for p in parsed.problems]
    found = tuple(
        Conductance(
            site=row.text("site"),
            side=row.text("side"),
            value_us=row.number("esc_us"),
            device=row.text("device", MISSING),
            source=row.file,
        )
        for row in parsed.rows
    )
    if not found:
        nothing = Problem(
            what="no row of this visit can be used",
            remedy="add a row for each hand and foot",
            code="no-rows",
            file=f"phenotype/{ESC.name}.tsv",
        ).at(**here)
        raise BadInput(problems or [nothing])
    return EscRecording(
        conductances=found,
        weight_kg=visit.participant.weight_kg,
        covariates=(*_drugs(visit), *_depression(visit)),
        problems=tuple(problems),
        sources=tuple(sorted({c.source for c in found})),
    )


def _plain(column: str, cell: str) -> str:
    """Spell a site or side as the table does: ``Feet`` is ``foot``."""
    if column not in ("site", "side"):
        return cell
    name = cell.strip().lower()
    return {"hands": "hand", "palm": "hand", "palms": "hand", "feet": "foot", "sole": "foot", "soles": "foot"}.get(
        name, name if name else cell
    )


def _drugs(visit: Visit) -> tuple[str, ...]:
    """Return the drugs of ``phenotype/treatments.tsv`` that block sweating at the gland."""
    table = visit.tables.get("treatments")
    taken: dict[str, None] = {}
    for row in table.rows if table else ():
        words = re.findall(r"[a-z]+", row.cells.get("drug", "").lower())
        taken.update(dict.fromkeys(w for w in words if w in ANTICHOLINERGICS))
    return tuple(f"{drug} (anticholinergic)" for drug in taken)


def _depression(visit: Visit) -> tuple[str, ...]:
    """Return depression scores: columns of ``participants.tsv`` so named, and the HADS of the visit."""
    found = []
    for name, cell in visit.participant.covariates.items():
        if "depress" in name.lower() and cell.strip() not in ("", MISSING):
            found.append(f"{clean_text(name, 40)} {clean_text(cell, 40)}")
    hads = visit.tables.get("hads")
    if hads is not None and len(hads.rows) == 1:
        try:
            items = [parse_number(hads.rows[0].cells.get(f"q{n}", "")) for n in range(2, 15, 2)]
        except ValueError:
            items = [None]
        scored = [x for x in items if x is not None and 0 <= x <= 3]
        if len(scored) == len(items):
            found.append(f"HADS depression {format_number(sum(scored))}")
    return tuple(found)
