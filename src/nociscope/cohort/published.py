"""The study beside the published ones: its own share or difference, and those of the register of the literature."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nociscope.cohort.compare import Z95
from nociscope.cohort.people import Person, groups_of
from nociscope.cohort.quantities import PersonValue
from nociscope.cohort.shares import percent_of
from nociscope.evidence.effects import standardised_difference
from nociscope.evidence.register import CONSTRUCTS, Register, Study, study_table
from nociscope.tsv import Column, Table, Value

if TYPE_CHECKING:
    from nociscope.results import VisitResult

PUBLISHED = Table(
    "published",
    "Shares and differences of this study beside those of published studies of adults with fibromyalgia",
    (
        Column("topic", "What is set side by side"),
        Column("title", "In words"),
        Column("kind", "Whose figure it is", "choice", choices={
            "own": "a group of this study", "study": "a published study", "pooled": "the published studies pooled"}),
        Column("scale", "What value, low and high are", "choice", choices={
            "percent": "share in percent", "g": "standardised difference of patients and controls"}),
        Column("name", "Group, study, or what was pooled"),
        Column("events", "People with it", "integer", minimum=0),
        Column("n", "People", "integer", minimum=0),
        Column("value", "Share or difference", "number"),
        Column("low", "Lower end of its 95 % interval (Wilson for shares of one study)", "number"),
        Column("high", "Upper end of that interval", "number"),
        Column("prediction_low", "Where a further study would be expected, lower end", "number"),
        Column("prediction_high", "Upper end of that", "number"),
        Column("rule", "What counted"),
        Column("doi", "DOI or PMID of a published study"),
        Column("citation", "Its citation"),
        Column("note", "What must be known of it"),
    ),
)  # fmt: skip

CONFLICTS = Table(
    "conflicts",
    "Where published sources on the figures set side by side contradict each other",
    (
        Column("topic", "As in the table of published figures; several are joined by semicolons"),
        Column("what", "What they disagree on"),
        Column("claim_a", "One claim"),
        Column("source_a", "Who makes it"),
        Column("claim_b", "The other"),
        Column("source_b", "Who makes that"),
        Column("reading", "The reading that the register took"),
        Column("doi", "DOI or PMID"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A share that the register has counts for.

    Attributes
    ----------
    key, title : str
    test, construct : str
        As in the register.
    published_sites : tuple of str
        Sites of the register's rows; empty for any.
    assay, measures, sites, calls : str, tuple of str
        Whose call counts in this study: loss, say, of a measure at one of these sites (empty for any).
    conflicts : tuple of str
        Keys of the register's conflicts that concern it.
    """

    key: str
    title: str
    test: str
    construct: str
    published_sites: tuple[str, ...] = ()
    assay: str
    measures: tuple[str, ...]
    sites: tuple[str, ...] = ()
    calls: tuple[str, ...] = ("loss",)
    conflicts: tuple[str, ...] = ()


_FIBRES = "small_fibre_pathology"
TOPICS = (
    Topic(key="biopsy_leg", title="Low nerve-fibre density at the distal leg", test="biopsy", construct=_FIBRES,
          published_sites=("distal_leg", "ankle"), assay="biopsy", measures=("ienfd",), sites=("distal_leg",),
          conflicts=("four_percentages", "oaklander_count", "biopsy_site", "name")),
    Topic(key="biopsy_thigh", title="Low nerve-fibre density at the thigh", test="biopsy", construct=_FIBRES,
          published_sites=("thigh",), assay="biopsy", measures=("ienfd",), sites=("thigh", "proximal_leg"),
          conflicts=("biopsy_site", "de_tommaso_biopsied")),
    Topic(key="biopsy_any", title="Low nerve-fibre density at any site", test="biopsy", construct=_FIBRES,
          published_sites=("leg_and_thigh", "any_of_several", ""), assay="biopsy", measures=("ienfd",),
          conflicts=("any_site", "name")),
    Topic(key="ccm", title="Short corneal nerves", test="ccm", construct=_FIBRES, assay="ccm", measures=("cnfl",),
          conflicts=("ccm_count",)),
    Topic(key="esc", title="Low skin conductance", test="esc", construct="sudomotor_dysfunction", assay="esc",
          measures=("esc",), conflicts=("esc_2024_p",)),
    Topic(key="lep_loss", title="Reduced laser-evoked potentials", test="lep", construct="laser_evoked_loss",
          assay="lep", measures=("n2p2_amplitude",), conflicts=("lep_amplitude", "lep_most")),
    Topic(key="lep_abnormal", title="Abnormal laser-evoked potentials of any kind", test="lep",
          construct="laser_evoked_abnormality", assay="lep",
          measures=("n2p2_amplitude", "n2_latency", "p2_latency", "n1_amplitude"),
          calls=("loss", "gain", "abnormal"), conflicts=("lep_amplitude",)),
)  # fmt: skip

NERVES = Topic(
    key="large_fibres",
    title="Polyneuropathy of large fibres",
    test="ncs",
    construct="large_fibre_polyneuropathy",
    assay="ncs",
    measures=(),
    conflicts=("large_fibres", "caro_year", "caro_sample"),
)
SYMPTOMS = Topic(
    key="neuropathic_symptoms",
    title="Severe neuropathic symptoms, NPSI 50 or more of 100",
    test="questionnaires",
    construct="neuropathic_symptoms",
    assay="questionnaires",
    measures=("npsi_total",),
    conflicts=("four_percentages", "survey_journal"),
)
SEVERE_NPSI = 50.0
"""The rule of the survey (Viceconti 2021, doi 10.1016/j.jbspin.2021.105153)."""

OUTCOMES = {
    "caro_2014_calf": ("ienfd_g", "Nerve-fibre density, leg", "biopsy", "ienfd", ("distal_leg",)),
    "esc_2024_hands": ("esc_hand_g", "Skin conductance, hands", "esc", "esc", ("hand",)),
    "esc_2024_feet": ("esc_foot_g", "Skin conductance, feet", "esc", "esc", ("foot",)),
}
"""Row of the register's outcomes -> topic, title, and the assay, measure and sites of this study."""

_FEWEST_POOLED = 3


def published_rows(
    people: Sequence[Person],
    values: Sequence[PersonValue],
    results: Iterable[VisitResult],
    comparisons: Iterable[Mapping[str, Value]],
    register: Register,
) -> list[dict[str, Value]]:
    """Return the rows of :data:`PUBLISHED`, for what this study and the register both have.

    Parameters
    ----------
    people : sequence of Person
    values : sequence of PersonValue
    results : iterable of VisitResult
        For the pattern of nerve conduction.
    comparisons : iterable of mapping
        Rows of the table of comparisons, whose g is set beside published differences.
    register : Register
    """
    shares = [(t, _called(t, values)) for t in TOPICS]
    shares += [(NERVES, _patterns(results)), (SYMPTOMS, _symptoms(values))]
    rows: list[dict[str, Value]] = []
    for topic, states in shares:
        studies = _studies(topic, register)
        if states and studies:
            rows += _own_shares(topic, people, states)
            rows += [_study_row(topic, s) for s in studies]
            rows += _pooled(topic, studies)
    return [*rows, *_differences(comparisons, register)]


def _called(topic: Topic, values: Iterable[PersonValue]) -> dict[str, bool]:
    states: dict[str, bool] = {}
    for v in values:
        q = v.quantity
        fits = q.assay == topic.assay and q.measure in topic.measures and not q.of_part
        if fits and v.call != "not_comparable" and (not topic.sites or q.site in topic.sites):
            states[v.participant_id] = states.get(v.participant_id, False) or v.call in topic.calls
    return states


def _patterns(results: Iterable[VisitResult]) -> dict[str, bool]:
    """Return who has a pattern of polyneuropathy; an uncertain pattern is neither."""
    first: dict[str, str] = {}
    for result in results:
        for f in result.findings:
            if f.rule == "ncs_pattern":
                first.setdefault(result.participant_id, f.grade)
    said = {"normal": False, "axonal": True, "demyelinating": True, "mixed": True}
    return {person: said[grade] for person, grade in first.items() if grade in said}


def _symptoms(values: Iterable[PersonValue]) -> dict[str, bool]:
    return {v.participant_id: v.value >= SEVERE_NPSI for v in values if v.quantity.measure == "npsi_total"}


def _studies(topic: Topic, register: Register) -> list[Study]:
    """Return the register's adult samples of a topic: at its sites, or each sample's main row."""
    return [
        s
        for s in register.studies
        if s.counted and s.test == topic.test and s.construct == topic.construct and s.population == "adult"
        and (s.site in topic.published_sites and (s.site or s.main) if topic.published_sites else s.main)
    ]  # fmt: skip


def _unlike(studies: Sequence[Study]) -> list[Study]:
    """Return the largest of those samples that may share people."""
    largest: dict[str, Study] = {}
    for s in studies:
        place = s.overlap or s.key
        if place not in largest or (s.n or 0) > (largest[place].n or 0):
            largest[place] = s
    return [s for s in studies if s in largest.values()]


def _own_shares(topic: Topic, people: Sequence[Person], states: Mapping[str, bool]) -> list[dict[str, Value]]:
    rows = []
    for group in groups_of(people):
        members = {p.participant_id for p in people if p.group == group}
        said = [state for person, state in states.items() if person in members]
        if said:
            cells = percent_of(sum(said), len(said))
            shown = {"value": cells["percent"], "low": cells["low"], "high": cells["high"]}
            rows.append(_row(topic, "own", group) | {"events": sum(said), "n": len(said)} | shown)
    return rows


def _row(topic: Topic, kind: str, name: str) -> dict[str, Value]:
    rule = f"{' or '.join(topic.calls)} of {', '.join(topic.measures)}" if topic.measures else "pattern of conduction"
    if topic is SYMPTOMS:
        rule = "npsi_total of 50 or more"
    row: dict[str, Value] = {"topic": topic.key, "title": topic.title, "kind": kind, "scale": "percent", "name": name}
    return row | {"rule": rule if kind == "own" else CONSTRUCTS.get(topic.construct, topic.construct)}


def _study_row(topic: Topic, s: Study) -> dict[str, Value]:
    cells = percent_of(s.events or 0, s.n or 1)
    controls = f"controls by the same rule {s.ctrl_events} of {s.ctrl_n}" if s.ctrl_events is not None else ""
    return _row(topic, "study", s.study) | {
        "events": s.events,
        "n": s.n,
        "value": cells["percent"],
        "low": cells["low"],
        "high": cells["high"],
        "rule": s.rule or CONSTRUCTS.get(s.construct, s.construct),
        "doi": s.doi,
        "citation": s.citation,
        "note": "; ".join(x for x in (controls, s.recruitment, s.note) if x),
    }


def _pooled(topic: Topic, studies: Sequence[Study]) -> list[dict[str, Value]]:
    """Return the studies pooled where there are enough of them (random effects on the logit scale, REML).

    Of samples that may share people only the largest is pooled.
    """
    studies = _unlike(studies)
    if len(studies) < _FEWEST_POOLED or not any(s.events for s in studies):
        return []
    from nociscope.evidence.pooling import pool

    found = pool(study_table(studies), "proportion").to_dict()["natural"]
    percent = {k: None if found[k] is None else 100 * found[k] for k in found if k != "scale"}
    return [
        _row(topic, "pooled", f"{len(studies)} studies pooled")
        | {
            "n": sum(s.n or 0 for s in studies),
            "value": percent["estimate"],
            "low": percent["ci_low"],
            "high": percent["ci_high"],
            "prediction_low": percent["pi_low"],
            "prediction_high": percent["pi_high"],
        }
    ]


def _differences(comparisons: Iterable[Mapping[str, Value]], register: Register) -> list[dict[str, Value]]:
    """Return own differences beside those of the register's outcomes with means and deviations in both groups."""
    own = list(comparisons)
    rows: list[dict[str, Value]] = []
    for o in register.outcomes:
        numbers = (o.mean, o.sd, o.n, o.ctrl_mean, o.ctrl_sd, o.ctrl_n)
        if o.key not in OUTCOMES or not o.active or None in numbers:
            continue
        topic, title, assay, measure, sites = OUTCOMES[o.key]
        same = [c for c in own if c["assay"] == assay and c["measure"] == measure and c["site"] in sites and "g" in c]
        if not same:
            continue
        base: dict[str, Value] = {"topic": topic, "title": title, "scale": "g"}
        for c in same:
            n = int(str(c["n"])) + int(str(c["reference_n"]))
            ends = {"value": c["g"], "low": c["g_low"], "high": c["g_high"]}
            rows.append({**base, "kind": "own", "name": f"{c['group']} v {c['reference']}", "n": n, **ends})
        g, variance = standardised_difference(*(np.float64(x) for x in numbers if x is not None))
        half = Z95 * float(np.sqrt(variance))
        ends = {"value": float(g), "low": float(g) - half, "high": float(g) + half}
        cells: dict[str, Value] = {"kind": "study", "name": o.study, "n": (o.n or 0) + (o.ctrl_n or 0), **ends}
        rows.append({**base, **cells, "rule": o.outcome, "doi": o.doi, "citation": o.citation, "note": o.note})
    return rows


def conflict_rows(published: Iterable[Mapping[str, Value]], register: Register) -> list[dict[str, Value]]:
    """Return the rows of :data:`CONFLICTS` that concern the figures set side by side."""
    shown = {row["topic"] for row in published}
    topics = [t for t in (*TOPICS, NERVES, SYMPTOMS) if t.key in shown]
    return [
        {
            "topic": "; ".join(t.key for t in topics if c.key in t.conflicts),
            "what": c.topic,
            "claim_a": c.claim_a,
            "source_a": c.source_a,
            "claim_b": c.claim_b,
            "source_b": c.source_b,
            "reading": c.reading,
            "doi": c.doi,
        }
        for c in register.conflicts
        if c.active and any(c.key in t.conflicts for t in topics)
    ]
