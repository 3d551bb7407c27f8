"""The known state behind a virtual participant, and what a simulated recording is.

Simulators turn a :class:`Truth` into recordings; what they put in is handed back as :class:`TrueValue`, so that a
test can ask whether `measure` found it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nociscope.tsv import MISSING, Value

MECHANISM_KEYS = (
    "distal_small_fibre_loss",
    "proximal_small_fibre_loss",
    "large_fibre_axonal_loss",
    "large_fibre_demyelination",
    "central_gain",
    "habituation_deficit",
    "cardiac_autonomic_shift",
    "immune_activation",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A virtual participant.

    Attributes
    ----------
    participant_id, session_id, group : str
        As in a study; `group` is ``FM`` or ``control`` (others are free).
    age : float
        Years.
    sex : {'F', 'M', 'O'}
    height_cm, weight_kg : float
    severity : mapping
        Mechanism key -> severity from 0 (absent) to 1 (complete); absent keys are 0.
    response_style : float
        Standard deviations by which this person rates everything higher than others.
    """

    participant_id: str = "sub-01"
    session_id: str = MISSING
    group: str = "control"
    age: float = 45.0
    sex: str = "F"
    height_cm: float = 168.0
    weight_kg: float = 68.0
    severity: Mapping[str, float] = field(default_factory=dict)
    response_style: float = 0.0

    def of(self, mechanism: str) -> float:
        """Return the severity of a mechanism, 0 when it is absent.

        Raises
        ------
        KeyError
            There is no such mechanism.
        """
        if mechanism not in MECHANISM_KEYS:
            raise KeyError(mechanism)
        return float(self.severity.get(mechanism, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueValue:
    """What a simulator put in: the value that `measure` should recover within its interval."""

    measure: str
    value: float
    site: str = MISSING
    side: str = MISSING
    method: str = ""
    """Where a measure is given by several methods: the one this truth is for (empty: any)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedFile:
    """One raw file of a simulated recording.

    Attributes
    ----------
    datatype : str
        BIDS folder: ``eeg``, ``beh``, ``micr``.
    entities : mapping
        Entities beyond subject and session, in BIDS order: ``{"task": "qst"}``.
    suffix, extension : str
        As in ``eeg`` and ``.vhdr``.
    content : bytes
        The whole file. ``{stem}`` inside a ``.vhdr`` or ``.vmrk`` text is replaced by the final file stem.
    """

    datatype: str
    suffix: str
    extension: str
    content: bytes
    entities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """A simulated recording: table rows, files, and the truth that went in.

    `rows` maps a phenotype table's name to rows without `participant_id` and `session_id`, which the writer adds.
    """

    rows: Mapping[str, tuple[Mapping[str, Value], ...]] = field(default_factory=dict)
    files: tuple[SimulatedFile, ...] = ()
    true_values: tuple[TrueValue, ...] = ()
