"""Answers to an instrument, cell by cell: a cell that cannot be right is unknown, and the others stand."""

from __future__ import annotations

from dataclasses import dataclass

from nociscope.assays.questionnaires.answers import columns_of, parse_answer
from nociscope.assays.questionnaires.form import Form
from nociscope.assays.questionnaires.instrument import instrument_named
from nociscope.rules.logic import Fact, known
from nociscope.rules.model import Evidence
from nociscope.tsv import Column, Table


def answers_table(key: str) -> Table:
    """Return the table of an instrument with every cell as text, so that one bad cell does not cost the row."""
    instrument = instrument_named(key)
    return Table(
        key,
        f"Answers of one visit: {instrument.title}",
        (
            Column("participant_id", "Participant, sub-<label>", required=True, needed=True),
            Column("session_id", "Visit, ses-<label>; n/a where the study has no sessions"),
            *(Column(item.name, item.about or item.name) for item in instrument.items),
        ),
        key=("participant_id", "session_id"),
        open=True,
    )


@dataclass(frozen=True, slots=True)
class Given:
    """The answers of the visit that is judged; an item that is not in `form` is unknown."""

    form: Form

    def value(self, item: str) -> float | None:
        """Return an answer, None when it is unknown."""
        return self.form.answers.get(item)

    def yes(self, item: str) -> Fact:
        """Return whether a yes/no item was answered yes."""
        answer = self.value(item)
        return known(None if answer is None else answer == 1, item)

    def from_(self, item: str, least: float, most: float = float("inf")) -> Fact:
        """Return whether an answer lies between two bounds, inclusive."""
        answer = self.value(item)
        return known(None if answer is None else least <= answer <= most, item)


def answers(evidence: Evidence, key: str) -> Given | None:
    """Return the answers to an instrument at the visit that is judged, None when its table has no row."""
    rows = evidence.visit.rows.get(key, ())
    if not rows:
        return None
    instrument = instrument_named(key)
    found: dict[str, float] = {}
    cells = rows[0].raw
    for name, column in columns_of(instrument, cells)[0].items():
        item = instrument.item(name)
        try:
            number = None if item is None else parse_answer(item, cells.get(column, ""))
        except ValueError:
            continue  # named where the questionnaires are read
        if number is not None:
            found[name] = number
    return Given(Form(instrument=key, answers=found, source=rows[0].file))
