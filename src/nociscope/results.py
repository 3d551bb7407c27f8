"""The recorded results of one visit: what the engine writes and the report reads.

Between the two lies only this: tables, figures and a provenance file. A page can be made again from them at any
time without touching a measurement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nociscope.assays.declaration import DerivedFile, Figure
from nociscope.change.model import Course
from nociscope.mechanisms.result import Mechanism
from nociscope.problems import Problem
from nociscope.rules.model import Finding
from nociscope.tables import Reading, Score
from nociscope.tsv import MISSING

COURSE = "change"
"""What figures of change over the visits have in place of an assay."""

Status = Literal["done", "partial", "failed", "absent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """What the register of the literature says of a test; `dois` may hold ``PMID:number``."""

    text: str
    construct: str
    dois: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssayResult:
    """What became of one assay at one visit.

    Attributes
    ----------
    name, title : str
    status : {'done', 'partial', 'failed', 'absent'}
        `partial`: some rows or files were refused, the rest was measured; `absent`: no input.
    problems : tuple of Problem
    inputs : mapping
        File relative to the study -> SHA-256 of what was read of it (a whole file, or this visit's rows of a table).
    settings : mapping
        As used.
    methods : str
        Text for a methods section; empty when absent.
    references : tuple of (citation, doi)
    literature : tuple of Quoted
        What the register of the literature said of this test when the visit was worked up.
    """

    name: str
    title: str
    status: Status
    problems: tuple[Problem, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    methods: str = ""
    references: tuple[tuple[str, str], ...] = ()
    literature: tuple[Quoted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NormUsed:
    """A norm that scored something: enough to find its source.

    `status` is `read`, `derived`, `unverified` or `local` (made from a study's own controls).
    """

    key: str
    title: str
    citation: str
    doi: str
    status: str
    population: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssayFigure:
    """A figure and the assay it is of."""

    assay: str
    figure: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class AssayFile:
    """A file beside the results and the assay that made it."""

    assay: str
    file: DerivedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitResult:
    """All that is recorded of one participant at one session.

    `participant` holds age, sex, group, height_cm, weight_kg as text or numbers for the page's header; `other_visits`
    the session ids of the same person's other reports. `findings` are what rules say; those of rules over
    several visits,
    and the `course`, stand with the last visit. `mechanisms` is the profile of the
    visit's scores. `problems` are those of tables that no assay reads.
    """

    participant_id: str
    session_id: str = MISSING
    study_name: str = ""
    participant: Mapping[str, Any] = field(default_factory=dict)
    assays: tuple[AssayResult, ...] = ()
    readings: tuple[Reading, ...] = ()
    scores: tuple[Score, ...] = ()
    norms: tuple[NormUsed, ...] = ()
    figures: tuple[AssayFigure, ...] = ()
    derived: tuple[AssayFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    course: Course | None = None
    mechanisms: tuple[Mechanism, ...] = ()
    problems: tuple[Problem, ...] = ()
    other_visits: tuple[str, ...] = ()
    version: str = ""

    @property
    def stem(self) -> str:
        """``sub-01`` or ``sub-01_ses-1``: how its files begin."""
        return self.participant_id if self.session_id == MISSING else f"{self.participant_id}_{self.session_id}"

    @property
    def folder(self) -> str:
        """``sub-01`` or ``sub-01/ses-1``: where its files lie in the output."""
        return self.participant_id if self.session_id == MISSING else f"{self.participant_id}/{self.session_id}"
