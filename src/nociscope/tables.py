"""The contract: the sites and sides, and the columns of readings, scores, findings and mechanisms."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from nociscope.tsv import (
    MISSING,
    Column,
    Parsed,
    Row,
    Table,
    Value,
)

SITES = (
    "hand_dorsum",
    "foot_dorsum",
    "face",
    "knee",
    "chest",
    "thigh",
    "distal_leg",
    "proximal_leg",
    "forearm",
    "trunk",
    "cornea_central",
    "cornea_whorl",
)
"""Body sites that tables may name (hands and feet of the sweat test are `hand` and `foot`; nerves are sites too)."""

SIDES = ("left", "right", "both", MISSING)

_PARTICIPANT = Column("participant_id", "Participant, sub-<label>", required=True, needed=True)
_SESSION = Column("session_id", "Visit, ses-<label>; n/a where the study has no sessions")

KEY_COLUMNS = (
    _PARTICIPANT,
    _SESSION,
    Column("assay", "The test"),
    Column("site", "Body site, nerve or eye region"),
    Column(
        "side",
        "Side of the body",
        "choice",
        choices={"left": "left", "right": "right", "both": "both sides together"},
    ),
    Column("measure", "The measured quantity"),
)
"""The columns that say what a reading or score is of, and of whom."""

READINGS = Table(
    "readings",
    "One measured quantity of one participant at one visit",
    (
        *KEY_COLUMNS,
        Column("value", "The value", "number"),
        Column("unit", "Unit of value, low and high"),
        Column("low", "Lower end of the 95 % interval", "number"),
        Column("high", "Upper end of the 95 % interval", "number"),
        Column("n", "Number of observations behind the value", "integer", minimum=0),
        Column(
            "censored",
            "Whether the true value lies beyond what the device could give",
            "choice",
            choices={"none": "no", "below": "true value is lower", "above": "true value is higher"},
        ),
        Column("method", "How it was measured; norms are bound to it"),
        Column("device", "Instrument, as given"),
        Column(
            "quality",
            "Whether the value can be trusted",
            "choice",
            choices={"good": "as intended", "poor": "usable with care, see remark", "failed": "no value"},
        ),
        Column("remark", "What a reader of the value must know"),
        Column("source", "Input file, relative to the study"),
    ),
)

SCORES = Table(
    "scores",
    "One reading against one norm",
    (
        *KEY_COLUMNS,
        Column("value", "The value, as in the readings", "number"),
        Column("unit", "Unit of the value"),
        Column("norm", "Key of the norm; `nociscope norms show KEY` prints its source"),
        Column("expected", "The norm's mean or median for this person, in the unit of the value", "number"),
        Column("sd", "The norm's standard deviation, on the norm's own scale (log10 where it says so)", "number"),
        Column("z", "Oriented standard score: negative is loss of function, positive is gain", "number"),
        Column(
            "percentile",
            "Percentage of the reference population with a lower value",
            "number",
            minimum=0,
            maximum=100,
        ),
        Column("limit_low", "Lower limit of normal for this person", "number"),
        Column("limit_high", "Upper limit of normal for this person", "number"),
        Column(
            "call",
            "Verdict against the limits",
            "choice",
            choices={
                "normal": "within the limits",
                "loss": "beyond the limit on the side of lost function",
                "gain": "beyond the limit on the side of increased function",
                "abnormal": "beyond a limit that has no direction",
                "not_comparable": "no norm fits; see reason",
            },
        ),
        Column(
            "p_beyond",
            "Probability that the true value lies beyond the nearer limit, given the reading's uncertainty",
            "number",
            minimum=0,
            maximum=1,
        ),
        Column("reason", "Why it is not comparable, or what limits the comparison"),
        Column(
            "expected_for",
            "Whom the expected value and limits are for: the age, sex, height and conditions of the test that the "
            "norm takes into account",
        ),
    ),
)

MECHANISMS = Table(
    "mechanisms",
    "One mechanism of one participant at one visit",
    (
        _PARTICIPANT,
        _SESSION,
        Column("mechanism", "The mechanism"),
        Column("prior", "Probability before any test", "number", minimum=0, maximum=1),
        Column("posterior", "Probability after the tests", "number", minimum=0, maximum=1),
        Column(
            "likelihood_ratio",
            "How much the tests changed the odds; does not depend on the prior",
            "number",
            minimum=0,
        ),
        Column("severity", "Expected severity if present", "number"),
        Column("severity_low", "Lower end of its 90 % interval", "number"),
        Column("severity_high", "Upper end of its 90 % interval", "number"),
        Column(
            "status",
            "Whether any test bears on it",
            "choice",
            choices={
                "assessed": "yes",
                "not_assessable": "no test bears on it, or those done leave more than 0.85 of its prior SD",
            },
        ),
        Column(
            "assay_factors",
            "Each assay with the factor by which its tests together multiply the odds, given the other assays",
        ),
        Column("drivers", "The tests that moved it most, each with the factor by which it multiplies the odds"),
        Column("flag", "contradiction, with the tests concerned; empty for none"),
        Column("posterior_low", "Posterior at the lower end of the plausible priors", "number", minimum=0, maximum=1),
        Column("posterior_high", "Posterior at their upper end", "number", minimum=0, maximum=1),
        Column(
            "spread_left",
            "Share of its prior standard deviation that the tests done leave, whatever their values",
            "number",
            minimum=0,
            maximum=1,
        ),
        Column("tests", "All tests that bear on it, with their scores"),
        Column("next_test", "The single further test that would tell most"),
        Column("next_test_bits", "What it would tell, in bits", "number", minimum=0),
    ),
)

FINDINGS = Table(
    "findings",
    "What one published rule says of one participant at one visit",
    (
        _PARTICIPANT,
        _SESSION,
        Column("rule", "Key of the rule; `nociscope rules show KEY` prints its source"),
        Column("title", "The rule's name"),
        Column(
            "verdict",
            "What the rule says",
            "choice",
            choices={
                "meets": "the rule is met",
                "does_not_meet": "it is not met",
                "cannot_tell": "an input is missing",
            },
        ),
        Column("grade", "Grade, where the rule has grades"),
        Column("decided_by", "The inputs that decided"),
        Column("inputs", "All inputs that the rule used"),
        Column("missing", "Inputs that were missing"),
        Column("accuracy", "The rule's published accuracy"),
        Column("source", "Citation"),
    ),
)

Censored = Literal["none", "below", "above"]
Quality = Literal["good", "poor", "failed"]
Call = Literal["normal", "loss", "gain", "abnormal", "not_comparable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measured quantity; the fields are the columns of :data:`READINGS`.

    `measure` functions leave `participant_id`, `session_id` and `assay` alone: whoever called them knows.
    """

    participant_id: str = MISSING
    session_id: str = MISSING
    assay: str = MISSING
    site: str = MISSING
    side: str = MISSING
    measure: str
    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    n: int | None = None
    censored: Censored = "none"
    method: str = MISSING
    device: str = MISSING
    quality: Quality = "good"
    remark: str = ""
    source: str = MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One reading against one norm; the fields are the columns of :data:`SCORES`."""

    participant_id: str
    session_id: str
    assay: str
    site: str
    side: str
    measure: str
    value: float | None
    unit: str
    norm: str = MISSING
    expected: float | None = None
    sd: float | None = None
    z: float | None = None
    percentile: float | None = None
    limit_low: float | None = None
    limit_high: float | None = None
    call: Call
    p_beyond: float | None = None
    reason: str = ""
    expected_for: str = ""


def as_row(record: Reading | Score) -> dict[str, Value]:
    """Return a typed row as a mapping for :meth:`Table.to_tsv`."""
    return {f.name: getattr(record, f.name) for f in fields(record)}


def _typed(cls: type[Any], row: Row) -> Any:
    """Build a Reading or Score from a parsed row; text that is missing becomes ``n/a`` or empty."""
    values: dict[str, Any] = {}
    free_text = {"remark", "reason", "expected_for"}
    for f in fields(cls):
        value = row.cells.get(f.name)
        if value is None and "str" in str(f.type) and "None" not in str(f.type):
            value = "" if f.name in free_text else MISSING
        elif value is None and f.name in ("censored", "quality", "call"):
            value = {"censored": "none", "quality": "good", "call": "not_comparable"}[f.name]
        values[f.name] = value
    return cls(**values)


def readings_from(parsed: Parsed) -> tuple[Reading, ...]:
    """Return typed readings from parsed rows of a readings table."""
    return tuple(_typed(Reading, row) for row in parsed.rows)


def scores_from(parsed: Parsed) -> tuple[Score, ...]:
    """Return typed scores from parsed rows of a scores table."""
    return tuple(_typed(Score, row) for row in parsed.rows)
