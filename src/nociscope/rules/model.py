"""What a rule is, what it is given, and what it says.

A rule is data and one pure function: ``evaluate(evidence)`` returns decisions, one for each thing the rule judges
(usually one), or none when it has no input at all. Who asks stamps the decisions with the rule's name and source, so
that no rule repeats them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nociscope.assays.ncs.read import NerveStudy
from nociscope.problems import clean_text
from nociscope.rules.logic import Fact, known, unknown
from nociscope.study.clinical import Treatment
from nociscope.study.records import Participant
from nociscope.tables import Reading, Score
from nociscope.tsv import MISSING, Row, Table, Value

Verdict = Literal["meets", "does_not_meet", "cannot_tell"]
RuleStatus = Literal["read", "derived", "partial", "unverified"]
Scope = Literal["visit", "course"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule says of one participant at one visit; the fields are the columns of ``tables.FINDINGS``.

    `decided_by`, `inputs` and `missing` are lists of names with free words beside them.
    """

    participant_id: str = MISSING
    session_id: str = MISSING
    rule: str
    title: str
    verdict: Verdict
    grade: str = ""
    decided_by: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    accuracy: str = ""
    source: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object; lists stay lists."""
        text = {n: clean_text(getattr(self, n)) for n in ("participant_id", "session_id", "rule", "title", "verdict")}
        text["grade"] = clean_text(self.grade)
        lists = {n: [clean_text(x) for x in getattr(self, n)] for n in ("decided_by", "inputs", "missing")}
        return {**text, **lists, "accuracy": clean_text(self.accuracy), "source": clean_text(self.source)}

    def as_row(self) -> dict[str, Value]:
        """Return the finding as a row of the findings table; lists are joined by semicolons."""
        entry = self.as_json()
        return {k: "; ".join(v) if isinstance(v, list) else v for k, v in entry.items()}


def finding_from_json(entry: Mapping[str, Any]) -> Finding:
    """Return the finding that :meth:`Finding.as_json` wrote.

    Raises
    ------
    TypeError, KeyError
        It did not.
    """
    lists = {n: tuple(str(x) for x in entry[n]) for n in ("decided_by", "inputs", "missing")}
    if entry["verdict"] not in ("meets", "does_not_meet", "cannot_tell"):
        raise KeyError(entry["verdict"])
    return Finding(**{**entry, **lists})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a rule's function returns: a :class:`Finding` without the rule's name.

    An empty `accuracy` means the rule's own.
    """

    verdict: Verdict
    grade: str = ""
    decided_by: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    accuracy: str = ""


def decided(fact: Fact, *, grade: str = "", inputs: tuple[str, ...] = (), accuracy: str = "") -> Decision:
    """Return a fact as a decision; the grade is kept when the rule is met."""
    verdict: Verdict = "cannot_tell" if fact.value is None else "meets" if fact.value else "does_not_meet"
    return Decision(
        verdict=verdict,
        grade=grade if fact.value else "",
        decided_by=fact.by,
        inputs=inputs,
        missing=fact.missing,
        accuracy=accuracy,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEvidence:
    """All that rules may look at of one visit.

    Attributes
    ----------
    session_id : str
    readings, scores : tuple
        Of every assay.
    signs : mapping
        Sign -> True, False or None; a sign that is not here is unknown.
    treatments : tuple of Treatment
    nerve_studies : tuple of NerveStudy
    rows : mapping
        Name of a table that a rule asks for -> its typed rows.
    """

    session_id: str = MISSING
    readings: tuple[Reading, ...] = ()
    scores: tuple[Score, ...] = ()
    signs: Mapping[str, bool | None] = field(default_factory=dict)
    treatments: tuple[Treatment, ...] = ()
    nerve_studies: tuple[NerveStudy, ...] = ()
    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)

    def sign(self, name: str) -> Fact:
        """Return whether a sign is there, unknown when it was not examined."""
        return known(self.signs.get(name), name)

    def find(self, measure: str, *, assay: str = "", site: str = "", side: str = "") -> tuple[Reading, ...]:
        """Return the readings of a measure that have a value; an empty assay, site or side fits all."""
        return tuple(
            r
            for r in self.readings
            if r.measure == measure
            and r.value is not None
            and assay in ("", r.assay)
            and site in ("", r.site)
            and side in ("", r.side)
        )

    def scored(self, measure: str, *, assay: str = "", site: str = "", side: str = "") -> tuple[Score, ...]:
        """Return the comparable scores of a measure."""
        return tuple(
            s
            for s in self.scores
            if s.measure == measure
            and s.call != "not_comparable"
            and assay in ("", s.assay)
            and site in ("", s.site)
            and side in ("", s.side)
        )

    def lost(self, measure: str, *, assay: str = "", site: str = "") -> Fact:
        """Tell whether a measure is lost or abnormal on any side; unknown when no side could be compared."""
        scores = self.scored(measure, assay=assay, site=site)
        if not scores:
            return unknown(measure)
        return Fact(any(s.call in ("loss", "abnormal") for s in scores), (measure,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a rule is given.

    Attributes
    ----------
    participant : Participant
    visits : tuple of VisitEvidence
        In order, at least one. The last is the one that is judged; a rule of one visit looks at it alone.
    settings : mapping
        The section ``[rules]`` of the settings: rule key -> values.
    """

    participant: Participant
    visits: tuple[VisitEvidence, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def visit(self) -> VisitEvidence:
        """The visit that is judged."""
        return self.visits[-1]

    def setting(self, rule: str, name: str, default: Any) -> Any:
        """Return a setting of a rule, or its default."""
        section = self.settings.get(rule, {})
        return section.get(name, default) if isinstance(section, Mapping) else default


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A published decision rule.

    Attributes
    ----------
    key, title, citation, doi : str
    status : {'read', 'derived', 'partial', 'unverified'}
        `partial`: some clauses were read and are on, the others are off; an `unverified` rule is inactive
        unless named
        in ``[rules] named = [...]``.
    status_note : str
        What was read where.
    says : tuple of str
        The rule in words, one line each.
    accuracy : str
        Published accuracy, as printed beside every finding.
    evaluate : callable
        ``evaluate(evidence) -> tuple of Decision``; empty when the rule has none of its inputs. Pure.
    scope : {'visit', 'course'}
        A rule over several visits is evaluated once, with the last visit.
    tables : tuple of Table
        Tables whose typed rows it wants in ``VisitEvidence.rows``.
    settings : tuple of str
        Names that it reads from its section of the settings; empty means that any are allowed.
    check : callable, optional
        ``check(section, analytes) -> list of str``: what is wrong with its section, in sentences without a full stop.
        `analytes` are the laboratory values that the study names.
    version : str
        Raised when the same evidence could give another finding.
    """

    key: str
    title: str
    citation: str
    doi: str
    status: RuleStatus
    evaluate: Callable[[Evidence], tuple[Decision, ...]]
    status_note: str = ""
    says: tuple[str, ...] = ()
    accuracy: str = ""
    scope: Scope = "visit"
    tables: tuple[Table, ...] = ()
    settings: tuple[str, ...] = ()
    check: Callable[[Mapping[str, Any], Collection[str]], list[str]] | None = None
    version: str = "1"

    @property
    def source(self) -> str:
        """Citation, version of the rule as it is held here, and DOI."""
        text = f"{self.citation} (rule version {self.version})"
        return f"{text}. doi:{self.doi}" if self.doi else text

    def findings(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield what the rule says of the visit that is judged."""
        title = f"{self.title} (partial)" if self.status == "partial" else self.title
        for decision in self.evaluate(evidence):
            yield Finding(
                participant_id=evidence.participant.participant_id,
                session_id=evidence.visit.session_id,
                rule=self.key,
                title=f"{title} (unverified)" if self.status == "unverified" else title,
                verdict=decision.verdict,
                grade=decision.grade,
                decided_by=decision.decided_by,
                inputs=decision.inputs,
                missing=decision.missing,
                accuracy=decision.accuracy or self.accuracy,
                source=self.source,
            )
