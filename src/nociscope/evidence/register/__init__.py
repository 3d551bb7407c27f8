"""The register: what was read of the literature on small fibres in fibromyalgia, as data with marks and sources.

Marks: ``R`` read in the source (most often its abstract), ``R2`` read in a named secondary source, ``D`` derived by
arithmetic from what was read; ``I`` inferred, ``N`` recalled and ``S`` stated by a secondary article only. The last
three are inactive: they are listed, and never pooled or quoted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from nociscope import files
from nociscope.evidence.studies import StudyTable
from nociscope.tsv import MISSING, parse_number, split_tsv

DATA = Path(__file__).parent / "data"
ACTIVE = ("R", "R2", "D")
MARKS = {
    "R": "read",
    "R2": "read in a secondary source",
    "D": "derived from what was read",
    "I": "inferred",
    "N": "recalled",
    "S": "stated by a secondary article only",
}
CONSTRUCTS = {
    "small_fibre_pathology": "small-fibre pathology (nerve fibres fewer than a norm)",
    "nociceptor_hyperexcitability": "hyperexcitable C nociceptors (their function, not their number)",
    "sudomotor_dysfunction": "sudomotor dysfunction (low skin conductance)",
    "autonomic_dysfunction": "autonomic small-fibre impairment (heart rate variability, skin response, tilt)",
    "neuropathic_symptoms": "severe neuropathic symptoms (a questionnaire, not a test of nerves)",
    "laser_evoked_abnormality": "abnormal laser-evoked potentials of any kind",
    "laser_evoked_loss": "reduced laser-evoked potentials",
    "habituation_deficit": "reduced habituation of laser-evoked potentials",
    "small_fibre_function": "function of small fibres (thresholds, not nerve fibres)",
    "large_fibre_polyneuropathy": "polyneuropathy of large fibres",
    "treatment": "effect of a treatment",
}
TESTS = {
    "biopsy": "skin biopsy",
    "biopsy_or_autonomic": "skin biopsy or an autonomic test",
    "ccm": "corneal confocal microscopy",
    "microneurography": "microneurography",
    "esc": "electrochemical skin conductance",
    "lep": "laser-evoked potentials",
    "ncs": "nerve conduction",
    "questionnaires": "questionnaires",
    "qst": "sensory testing",
    "hrv": "heart rate variability",
    "biopsy_and_ccm": "skin biopsy and corneal confocal microscopy",
    "biopsy_ccm_microneurography": "skin biopsy, corneal confocal microscopy and microneurography",
    "hrv_ssr_esc_tilt": "heart rate variability, sympathetic skin response, skin conductance and tilt",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What every row of the register has; `doi` is a DOI, ``PMID:number``, or empty where none was read."""

    key: str
    mark: str
    doi: str

    @property
    def active(self) -> bool:
        """Whether the row may be pooled and quoted."""
        return self.mark in ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Study(Entry):
    """How many people of a study were abnormal by one test at one site; missing text is empty, missing numbers None.

    `main` tells whether the row stands for its sample where the same people appear in several; `overlap` names the
    group of samples that may share people (mostly a centre).
    """

    study: str
    year: int | None
    construct: str
    test: str
    site: str
    population: str
    recruitment: str
    rule: str
    centre: str
    overlap: str
    design: str
    events: int | None
    n: int | None
    percent: float | None
    ctrl_events: int | None
    ctrl_n: int | None
    main: bool
    citation: str
    read_in: str
    note: str

    @property
    def counted(self) -> bool:
        """Whether the count was read or derived, so that the row can be pooled."""
        return self.active and self.events is not None and self.n is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Entry):
    """Means of one outcome in patients and controls."""

    study: str
    year: int | None
    test: str
    outcome: str
    unit: str
    people: str
    mean: float | None
    sd: float | None
    n: int | None
    ctrl_mean: float | None
    ctrl_sd: float | None
    ctrl_n: int | None
    citation: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPool(Entry):
    """A pooled prevalence as published, in percent."""

    source: str
    year: int | None
    construct: str
    test: str
    k: int | None
    n: int | None
    percent: float | None
    low: float | None
    high: float | None
    i2: float | None
    citation: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial(Entry):
    """A study of a treatment."""

    study: str
    year: int | None
    treatment: str
    condition: str
    design: str
    outcome: str
    events: int | None
    n: int | None
    ctrl_events: int | None
    ctrl_n: int | None
    citation: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Entry):
    """What one study says on one claim: ``SUPPORT``, ``PARTIAL`` or ``AGAINST``."""

    claim: str
    verdict: str
    study: str
    construct: str
    test: str
    citation: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict(Entry):
    """Where sources contradict each other, and the reading that the register took."""

    topic: str
    claim_a: str
    source_a: str
    claim_b: str
    source_b: str
    reading: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Background(Entry):
    """A cited text without numbers of its own."""

    citation: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """All tables of the register."""

    studies: tuple[Study, ...]
    outcomes: tuple[Outcome, ...]
    pooled: tuple[PublishedPool, ...]
    trials: tuple[Trial, ...]
    claims: tuple[Claim, ...]
    conflicts: tuple[Conflict, ...]
    references: tuple[Background, ...]

    def select(
        self,
        *,
        tests: Iterable[str] = (),
        constructs: Iterable[str] = (),
        sites: Iterable[str] = (),
        populations: Iterable[str] = (),
        centres: Iterable[str] = (),
        every_row: bool = False,
        one_per_centre: bool = False,
    ) -> tuple[Study, ...]:
        """Return the studies that can be pooled: active rows with counts, in file order.

        Parameters
        ----------
        tests, constructs, sites, populations, centres : iterable of str
            Only these; empty for all.
        every_row : bool
            Whether rows that repeat a sample (another site of the same people) are taken too.
        one_per_centre : bool
            Whether only the largest sample of each overlap group is kept.
        """
        wanted = {
            "test": set(tests),
            "construct": set(constructs),
            "site": set(sites),
            "population": set(populations),
            "centre": set(centres),
        }
        found = [
            s
            for s in self.studies
            if s.counted
            and (s.main or every_row or wanted["site"])
            and all(not v or getattr(s, name) in v for name, v in wanted.items())
        ]
        if not one_per_centre:
            return tuple(found)
        largest: dict[str, Study] = {}
        for s in found:
            group = s.overlap or s.key
            if group not in largest or (s.n or 0) > (largest[group].n or 0):
                largest[group] = s
        return tuple(s for s in found if s in largest.values())

    def mixed(self, studies: Iterable[Study]) -> tuple[str, ...]:
        """Return the constructs that studies measure, in words; more than one should not share an axis."""
        return tuple(dict.fromkeys(CONSTRUCTS.get(s.construct, s.construct) for s in studies))


def study_table(studies: Iterable[Study]) -> StudyTable:
    """Return register rows as a table that can be pooled."""
    columns = ("study", "year", "events", "n", "ctrl_events", "ctrl_n", "construct", "test", "site", "population",
               "recruitment", "centre", "overlap", "design", "mark", "doi")  # fmt: skip
    rows = tuple(studies)
    cells = tuple({c: "" if getattr(s, c) is None else str(getattr(s, c)) for c in columns} for s in rows)
    return StudyTable(file="the register", header=columns, cells=cells, rows=tuple(range(2, len(cells) + 2)))


E_ = TypeVar("E_", bound=Entry)


def _load(kind: type[E_], name: str) -> tuple[E_, ...]:
    from typing import get_type_hints

    hints = get_type_hints(kind)
    _header, rows, problems = split_tsv(files.read_text(DATA / f"{name}.tsv"), f"{name}.tsv")
    if problems:
        raise ValueError(problems[0].sentence())
    return tuple(kind(**{f: _typed(hints[f], row.cells[f]) for f in hints}) for row in rows)


def _typed(hint: Any, cell: str) -> Any:
    text = "" if cell.strip() == MISSING else cell.strip()
    if hint is bool:
        return text == "yes"
    if hint is str:
        return text
    number = parse_number(text)
    return None if number is None else (int(number) if hint == int | None else number)


@cache
def load_register() -> Register:
    """Return the register that ships with the program."""
    return Register(
        studies=_load(Study, "studies"),
        outcomes=_load(Outcome, "outcomes"),
        pooled=_load(PublishedPool, "pooled"),
        trials=_load(Trial, "trials"),
        claims=_load(Claim, "claims"),
        conflicts=_load(Conflict, "conflicts"),
        references=_load(Background, "references"),
    )


def register_digest() -> str:
    """Return a hash of the register's files: what is quoted changes with it."""
    return files.sha256(b"\0".join(files.read_bytes(path) for path in sorted(DATA.glob("*.tsv"))))
