from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nociscope.study import Participant, RawTable, Visit
from nociscope.tsv import RawRow, format_cell

COLUMNS = (
    "participant_id",
    "session_id",
    "site",
    "side",
    "section",
    "fibres",
    "length_mm",
    "stain",
    "density_per_mm",
)

MakeVisit = Callable[..., Visit]


@pytest.fixture
def visit_of() -> MakeVisit:
    """Make a visit from rows that differ from a plain right distal-leg section."""

    def make(
        rows: list[dict[str, Any]], age: float | None = 45, sex: str = "F", columns: tuple[str, ...] = COLUMNS
    ) -> Visit:
        plain = {
            "participant_id": "sub-01",
            "site": "distal_leg",
            "side": "right",
            "stain": "pgp95_bf",
        }
        raw = []
        for number, row in enumerate(rows):
            cells: dict[str, Any] = {**plain, "section": str(number + 1), **row}
            texts = {c: v if isinstance(v := cells.get(c), str) else format_cell(v) for c in columns}
            raw.append(RawRow("phenotype/skin_biopsy.tsv", number + 2, texts))
        table = RawTable(name="skin_biopsy", columns=columns, rows=tuple(raw))
        person = Participant(participant_id="sub-01", age=age, sex=sex)
        return Visit(root=Path("/nowhere"), participant=person, tables={"skin_biopsy": table})

    return make
