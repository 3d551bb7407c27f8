"""Nerve conduction studies from ``phenotype/nerve_conduction.tsv``, and waveforms from ``emg/``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nociscope import units
from nociscope.assays.ncs.recordings import SweepSeries, read_recordings
from nociscope.assays.ncs.settings import NcsSettings
from nociscope.assays.ncs.table import NERVE_CONDUCTION, STIMULATIONS, canonical
from nociscope.problems import BadInput, Problem
from nociscope.tsv import MISSING, RawRow, Row

if TYPE_CHECKING:
    from nociscope.study.records import Visit

Kind = Literal["motor", "sensory", "f_wave"]

_NAMING = ("side", "nerve", "type", "stimulation")
_VALUES = (
    "amplitude",
    "onset_latency_ms",
    "peak_latency_ms",
    "velocity_m_s",
    "duration_ms",
    "f_latency_ms",
    "f_persistence",
)
_CONDITIONS = ("distance_mm", "temperature_c", "low_cut_hz", "latency_uln", "velocity_lln", "f_latency_uln")


@dataclass(frozen=True, slots=True, kw_only=True)
class NerveStudy:
    """One row: a nerve stimulated at one point.

    Attributes
    ----------
    nerve, side, kind, stimulation : str
        `side` and `stimulation` are ``n/a`` when not given.
    amplitude, amplitude_lln : float or None
        In `amplitude_unit` (``mV`` or ``uV``); 0 is an absent response, None not studied.
    onset_latency_ms, peak_latency_ms, velocity_m_s, duration_ms, f_latency_ms, f_persistence, distance_mm,
    temperature_c, low_cut_hz : float or None
    latency_uln, velocity_lln, f_latency_uln : float or None
        The laboratory's limits.
    device, source : str
    origin : {'table', 'waveform'}
        Whether the laboratory marked the response, or this program.
    """

    nerve: str
    kind: Kind
    side: str = MISSING
    stimulation: str = MISSING
    amplitude: float | None = None
    amplitude_unit: str = ""
    onset_latency_ms: float | None = None
    peak_latency_ms: float | None = None
    velocity_m_s: float | None = None
    duration_ms: float | None = None
    f_latency_ms: float | None = None
    f_persistence: float | None = None
    distance_mm: float | None = None
    temperature_c: float | None = None
    low_cut_hz: float | None = None
    amplitude_lln: float | None = None
    latency_uln: float | None = None
    velocity_lln: float | None = None
    f_latency_uln: float | None = None
    device: str = MISSING
    source: str = MISSING
    origin: Literal["table", "waveform"] = "table"

    @property
    def level(self) -> int:
        """How far along the nerve it was stimulated: 0 distal, larger more proximal."""
        known = STIMULATIONS.get(self.stimulation)
        if known is not None:
            return known
        return 1 if self.kind == "motor" and self.velocity_m_s is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NcsRecording:
    """The nerve conduction studies of one visit, in file order, with what was wrong.

    Attributes
    ----------
    studies : tuple of NerveStudy
        The rows of the table.
    series : tuple of SweepSeries
        The waveforms, not marked yet.
    problems, sources
        As every recording.
    """

    studies: tuple[NerveStudy, ...] = ()
    series: tuple[SweepSeries, ...] = ()
    problems: tuple[Problem, ...] = ()
    sources: tuple[str, ...] = ()


def read(visit: Visit, settings: NcsSettings | None = None) -> NcsRecording:
    """Read the nerve conduction rows and waveforms of a visit.

    Parameters
    ----------
    visit : Visit
    settings : NcsSettings, optional
        Of the waveforms; the table needs none.

    Returns
    -------
    NcsRecording
        With a problem for every row, amplitude, file or sweep that could not be used.

    Raises
    ------
    BadInput
        Nothing is left.
    """
    here = {"participant_id": visit.participant_id, "session_id": visit.session_id, "assay": "ncs"}
    problems: list[Problem] = []
    studies: list[NerveStudy] = []
    try:
        studies, problems = _read_table(visit)
    except BadInput as error:
        problems += error.problems
    series, wrong = read_recordings(visit, settings or NcsSettings())
    placed = tuple(p.at(**here) for p in (*problems, *wrong))
    if not studies and not series:
        nothing = visit.no_rows(NERVE_CONDUCTION, "add one row per nerve and point of stimulation")
        raise BadInput(placed or nothing.at(**here))
    used = {s.source for s in studies} | {name for s in series for name in (s.source, *s.beside)}
    return NcsRecording(studies=tuple(studies), series=series, problems=placed, sources=tuple(sorted(used)))


def _read_table(visit: Visit) -> tuple[list[NerveStudy], list[Problem]]:
    """Read the rows of the table; none where it is absent.

    Raises
    ------
    BadInput
        A required column is missing.
    """
    parsed = visit.table(NERVE_CONDUCTION, change=_canonical)
    problems = list(parsed.problems)
    studies: list[NerveStudy] = []
    for row in parsed.rows:
        study, wrong = _study(row)
        problems += wrong
        if study is not None:
            studies.append(study)
    return studies, problems


def _canonical(row: RawRow) -> RawRow:
    """Return a row with the naming columns in the table's own spelling."""
    return RawRow(row.file, row.row, {c: canonical(c, v) if c in _NAMING else v for c, v in row.cells.items()})


def _study(row: Row) -> tuple[NerveStudy | None, list[Problem]]:
    """Return a row as a study, or what is wrong with it; an amplitude without a usable unit costs itself alone."""
    problems: list[Problem] = []
    amplitude, limit, unit = row.number("amplitude"), row.number("amplitude_lln"), ""
    if amplitude is not None or limit is not None:
        try:
            factor, unit = _unit(row.text("amplitude_unit"), row.text("type"))
            amplitude = None if amplitude is None else amplitude * factor
            limit = None if limit is None else limit * factor
        except ValueError as error:
            what = f"{error}; the amplitude is not used"
            problems.append(row.problem("amplitude_unit", what, "write mV or uV", code="bad-unit"))
            amplitude = limit = None
    kind: Any = row.text("type")
    study = NerveStudy(
        nerve=row.text("nerve"),
        kind=kind,
        side=row.text("side", MISSING),
        stimulation=row.text("stimulation", MISSING),
        amplitude=amplitude,
        amplitude_unit=unit,
        amplitude_lln=limit,
        device=row.text("device", MISSING),
        source=row.file,
        **{name: row.number(name) for name in (*_VALUES[1:], *_CONDITIONS)},  # type: ignore[arg-type]
    )
    if all(getattr(study, name) is None for name in _VALUES):
        if not problems:
            problems.append(
                row.problem(
                    "",
                    "holds no value",
                    "fill it in or remove the row; 0 is an absent response",
                    severity="warning",
                    code="empty-row",
                )
            )
        return None, problems
    return study, problems


def _unit(text: str, kind: str) -> tuple[float, str]:
    """Return the factor to, and the name of, the unit an amplitude is kept in: as given where it is mV or uV.

    Raises
    ------
    ValueError
        There is no unit, or it is not one of voltage.
    """
    unit = units.canonical(text)
    if not unit or unit == MISSING:
        raise ValueError("the amplitude has no unit")
    if unit in ("mV", "uV"):
        return 1.0, unit
    to = "uV" if kind == "sensory" else "mV"
    try:
        return units.convert(1.0, unit, to), to
    except ValueError:
        raise ValueError("is not a unit of voltage") from None
