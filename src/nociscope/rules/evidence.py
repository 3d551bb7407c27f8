"""From a visit and its recorded results to what rules are given."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nociscope.assays.ncs.measure import judged_studies
from nociscope.assays.ncs.read import NerveStudy
from nociscope.assays.ncs.read import read as read_ncs
from nociscope.assays.ncs.settings import NcsSettings
from nociscope.problems import BadInput, Problem
from nociscope.rules.model import VisitEvidence
from nociscope.study.clinical import read_clinical
from nociscope.tables import Reading, Score
from nociscope.tsv import Row

if TYPE_CHECKING:
    from nociscope.study.records import Visit


def visit_evidence(
    visit: Visit, readings: Sequence[Reading], scores: Sequence[Score], ncs: NcsSettings | None = None
) -> tuple[VisitEvidence, tuple[Problem, ...]]:
    """Return the evidence of a visit, and what was wrong with the tables that no assay reads.

    Parameters
    ----------
    visit : Visit
    readings, scores : sequence
        Of every assay.
    ncs : NcsSettings, optional
        With these are nerve conduction waveforms marked, as they were for the readings.

    Notes
    -----
    Rows of other tables that cannot be right are left out here without a word: the assay that reads them says so.
    """
    from nociscope.rules.registry import rules

    clinical = read_clinical(visit)
    studies: tuple[NerveStudy, ...] = ()
    with contextlib.suppress(BadInput):  # no usable row: the assay says which and why
        studies = judged_studies(read_ncs(visit, ncs), ncs)
    rows: dict[str, tuple[Row, ...]] = {}
    for table in {t.name: t for rule in rules() for t in rule.tables}.values():
        try:
            rows[table.name] = visit.table(table).rows
        except BadInput:
            rows[table.name] = ()
    evidence = VisitEvidence(
        session_id=visit.session_id,
        readings=tuple(readings),
        scores=tuple(scores),
        signs=clinical.signs,
        treatments=clinical.treatments,
        nerve_studies=studies,
        rows=rows,
    )
    return evidence, clinical.problems
