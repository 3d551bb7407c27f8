"""Forms for the quality of studies: JBI for prevalence, QUADAS-2 for accuracy. Only ratings are kept here.

The items carry short names of ours; their wording and guidance are the instruments' own and are not shipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nociscope.evidence.studies import read_studies
from nociscope.problems import BadInput, Problem, UsageError
from nociscope.tsv import Column, Table

Form = Literal["jbi-prevalence", "quadas-2"]

_JBI = {
    "frame": "Sample frame fits the target population",
    "sampling": "People were sampled in a fitting way",
    "size": "Sample size was adequate",
    "described": "People and setting are described in detail",
    "coverage": "The analysis covers the sample well",
    "identified": "The condition was identified by valid methods",
    "measured": "It was measured in a standard, reliable way for all",
    "analysed": "The statistical analysis was fitting",
    "response": "The response was adequate or handled",
}
_QUADAS = {
    "patients_risk": "Risk of bias: selection of patients",
    "index_risk": "Risk of bias: index test",
    "reference_risk": "Risk of bias: reference standard",
    "flow_risk": "Risk of bias: flow and timing",
    "patients_concern": "Concern about applicability: patients",
    "index_concern": "Concern about applicability: index test",
    "reference_concern": "Concern about applicability: reference standard",
}
_JBI_ANSWERS = {"yes": "yes", "no": "no", "unclear": "not clear from the report", "not_applicable": "does not apply"}
_QUADAS_ANSWERS = {"low": "low", "high": "high", "unclear": "not clear from the report"}


def _table(name: str, title: str, items: dict[str, str], answers: dict[str, str]) -> Table:
    study = Column("study", "The study, as in the table of studies", required=True, needed=True)
    rated = tuple(Column(key, text, "choice", choices=answers) for key, text in items.items())
    rater = Column("rater", "Who rated; two raters give two rows")
    return Table(name, title, (study, *rated, rater, Column("remark", "Reasons")), key=("study", "rater"))


FORMS: dict[str, Table] = {
    "jbi-prevalence": _table("jbi_prevalence", "One study of prevalence, rated by one person", _JBI, _JBI_ANSWERS),
    "quadas-2": _table("quadas_2", "One study of accuracy, rated by one person", _QUADAS, _QUADAS_ANSWERS),
}
"""JBI: Munn et al. 2015, doi 10.1097/XEB.0000000000000054. QUADAS-2: Whiting et al. 2011,
doi 10.7326/0003-4819-155-8-201110180-00009."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """One study rated by one person: item -> answer, empty where it was not answered."""

    study: str
    rater: str
    answers: dict[str, str]
    remark: str


def appraisal_form(form: str, studies: Sequence[str]) -> str:
    """Return an empty form as TSV, one row a study.

    Raises
    ------
    UsageError
        There is no such form.
    """
    if form not in FORMS:
        raise UsageError(f"There is no form “{form}”; there are {', '.join(FORMS)}.")
    return FORMS[form].to_tsv({"study": s} for s in studies)


def read_appraisal(path: Path, form: str) -> tuple[Rating, ...]:
    """Read a filled-in form (TSV or CSV).

    Raises
    ------
    BadInput
        An answer is none of the form's; all such cells are named.
    """
    if form not in FORMS:
        raise UsageError(f"There is no form “{form}”; there are {', '.join(FORMS)}.")
    table, layout = read_studies(path), FORMS[form]
    items = [c for c in layout.columns if c.kind == "choice"]
    wrong: list[Problem] = []
    out = []
    for i, cells in enumerate(table.cells):
        answers = {}
        for item in items:
            answer = cells.get(item.name, "").lower()
            if answer and answer not in item.choices:
                wrong.append(table.problem(i, item.name, f"is not one of {', '.join(item.choices)}"))
            answers[item.name] = answer
        out.append(
            Rating(
                study=table.names[i], rater=cells.get("rater", ""), answers=answers, remark=cells.get("remark", "")
            )
        )
    if wrong:
        raise BadInput(wrong)
    return tuple(out)
