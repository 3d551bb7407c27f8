"""Sections of skin biopsies from ``phenotype/skin_biopsy.tsv``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nociscope.assays.biopsy.table import (
    MOST_PER_MM,
    SKIN_BIOPSY,
    SKIN_SITES,
    STAINS,
    canonical_name,
    canonical_stain,
    suggestion,
)
from nociscope.problems import BadInput, Problem
from nociscope.tsv import MISSING, RawRow, Row, format_number

if TYPE_CHECKING:
    from nociscope.study.records import Visit

_UNNAMED = "\0row "
"""Marks, between here and :func:`_section`, a section that the table does not name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of a biopsy.

    Attributes
    ----------
    site, side : str
    label : str
        As in the table; empty where it has none.
    fibres : int or None
        Crossings of the dermal-epidermal junction; None when the count is lost.
    length_mm : float or None
        Epidermis they were counted on, in mm; given whenever `fibres` is.
    density_per_mm : float or None
        As stated in the table, in /mm; None when it is not, and when there is a count.
    stain : str
        ``pgp95_bf``, ``pgp95_if`` or ``n/a``.
    device, source : str
    """

    site: str
    side: str = MISSING
    label: str = ""
    fibres: int | None = None
    length_mm: float | None = None
    density_per_mm: float | None = None
    stain: str = MISSING
    device: str = MISSING
    source: str = MISSING

    @property
    def density(self) -> float | None:
        """Fibres per millimetre of this section alone, None when nothing was recorded."""
        if self.fibres is not None and self.length_mm is not None:
            return self.fibres / self.length_mm
        return self.density_per_mm


@dataclass(frozen=True, slots=True, kw_only=True)
class BiopsyRecording:
    """The sections of one visit, and what the expected density of this person depends on.

    Attributes
    ----------
    sections : tuple of Section
        In file order.
    age : float or None
        Years.
    sex : {'F', 'M', 'O', ''}
    problems : tuple of Problem
    sources : tuple of str
    """

    sections: tuple[Section, ...]
    age: float | None = None
    sex: str = ""
    problems: tuple[Problem, ...] = ()
    sources: tuple[str, ...] = ()


def read(visit: Visit, settings: Any = None) -> BiopsyRecording:
    """Read the biopsy sections of a visit.

    Parameters
    ----------
    visit : Visit
    settings : BiopsySettings, optional
        Not used: nothing about reading can be set.

    Returns
    -------
    BiopsyRecording
        With a problem for every row that could not be used.

    Raises
    ------
    BadInput
        No row is left, or the table lacks the columns of counts and of densities.
    """
    here = {"participant_id": visit.participant_id, "session_id": visit.session_id, "assay": "biopsy"}
    raw = visit.tables.get(SKIN_BIOPSY.name)
    if raw is None or not raw.rows:
        raise BadInput(visit.no_rows(SKIN_BIOPSY, "add one row per section").at(**here))
    _check_columns(raw.columns, raw.rows[0].file, here)
    rows, problems = _canonical(raw.rows)
    parsed = replace(visit, tables={SKIN_BIOPSY.name: replace(raw, rows=rows)}).table(SKIN_BIOPSY)
    problems += [_with_suggestion(p) for p in parsed.problems]
    sections: list[Section] = []
    unstained: dict[tuple[str, str], Row] = {}
    for row in parsed.rows:
        section, wrong = _section(row)
        problems += wrong
        if section is not None:
            sections.append(section)
            if section.stain == MISSING:
                unstained.setdefault((section.site, section.side), row)
    problems += [_without_stain(row) for row in unstained.values()]
    placed = tuple(replace(p, value="") if p.value.startswith(_UNNAMED) else p for p in problems)
    placed = tuple(p.at(**here) for p in placed)
    if not sections:
        raise BadInput(placed)
    return BiopsyRecording(
        sections=tuple(sections),
        age=visit.participant.age,
        sex=visit.participant.sex,
        problems=placed,
        sources=tuple(sorted({s.source for s in sections})),
    )


def _check_columns(columns: Iterable[str], file: str, here: dict[str, str]) -> None:
    have = set(columns)
    if "density_per_mm" in have or {"fibres", "length_mm"} <= have:
        return
    lacking = [c for c in ("fibres", "length_mm") if c not in have]
    raise BadInput(
        Problem(
            what=f"the columns {' and '.join(lacking)} are missing" if len(lacking) > 1 else "the column is missing",
            remedy="add fibres and length_mm for each section, or density_per_mm where the counts are lost",
            code="missing-column",
            file=file,
            row=1,
            column=lacking[0],
        ).at(**here)
    )


def _canonical(rows: Iterable[RawRow]) -> tuple[tuple[RawRow, ...], list[Problem]]:
    """Spell stain, site and side as the table does; give sections without a name one of their own.

    Rows without a section label cannot be told apart from repeats, so where there are several they are counted as
    different sections and a warning says so.
    """
    out: list[RawRow] = []
    unnamed: list[tuple[tuple[str, ...], RawRow]] = []
    for row in rows:
        cells = dict(row.cells)
        if "stain" in cells:
            cells["stain"] = canonical_stain(cells["stain"])
        for column in ("site", "side"):
            if column in cells:
                cells[column] = canonical_name(cells[column])
        if cells.get("section", "").strip() in ("", MISSING):
            unnamed.append((tuple(cells.get(c, "") for c in ("site", "side", "stain")), row))
            cells["section"] = f"{_UNNAMED}{row.row}"
        out.append(RawRow(row.file, row.row, cells))
    problems: list[Problem] = []
    for place, count in Counter(place for place, _ in unnamed).items():
        if count > 1:
            first = next(row for at, row in unnamed if at == place)
            problems.append(
                Problem(
                    what=f"{count} rows of this site have no section label and were taken as {count} sections",
                    remedy="number the sections",
                    severity="warning",
                    code="unnamed-sections",
                    file=first.file,
                    row=first.row,
                    column="section",
                )
            )
    return tuple(out), problems


def _with_suggestion(problem: Problem) -> Problem:
    """Add “did you mean” to a problem with a name that is not known."""
    known = {"stain": tuple(STAINS), "site": SKIN_SITES, "side": ("left", "right")}.get(problem.column)
    if known is None or not problem.value or "is not one of" not in problem.what:
        return problem
    close = suggestion(problem.value, known)
    return replace(problem, remedy=f"did you mean {close}?") if close else problem


def _without_stain(row: Row) -> Problem:
    """Say that the sections of a site, of which `row` is the first, can be measured but not compared."""
    return row.problem(
        "stain",
        "the stain is missing, so the density is given but no norm can be used (bright field and immunofluorescence "
        "counts differ)",
        f"write {' or '.join(STAINS)}",
        severity="warning",
        code="no-stain",
    )


def _section(row: Row) -> tuple[Section | None, list[Problem]]:
    """Return a row as a section, or what is wrong with it."""
    fibres, length, stated = row.number("fibres"), row.number("length_mm"), row.number("density_per_mm")
    problems: list[Problem] = []
    if fibres is not None and length is None:
        missing = "the count has no length of epidermis"
        if stated is None:
            return None, [row.problem("length_mm", missing, "give length_mm, or density_per_mm", code="no-length")]
        problems.append(
            row.problem("length_mm", f"{missing}; density_per_mm was taken", "give length_mm", severity="warning")
        )
        fibres = None
    if fibres is not None and length is not None:
        density = fibres / length
        if density > MOST_PER_MM:
            return None, [
                row.problem(
                    "fibres",
                    f"gives {format_number(density)} fibres/mm, more than fit side by side",
                    "correct fibres or length_mm (in mm)",
                    code="impossible-density",
                )
            ]
        if stated is not None and abs(stated - density) > 0.06 + 0.01 * density:
            problems.append(
                row.problem(
                    "density_per_mm",
                    f"is not fibres / length_mm = {density:.2f}; the counts were taken",
                    "correct one of them",
                    severity="warning",
                    code="density-differs",
                )
            )
        stated = None
    label = row.text("section")
    section = Section(
        site=row.text("site"),
        side=row.text("side", MISSING),
        label="" if row.raw.get("section", "").startswith(_UNNAMED) else label,
        fibres=None if fibres is None else int(fibres),
        length_mm=length if fibres is not None else None,
        density_per_mm=stated,
        stain=row.text("stain", MISSING),
        device=row.text("device", MISSING),
        source=row.file,
    )
    return section, problems
