"""Recordings of heart beats at rest, in sleep and over a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nociscope.assays.declaration import FileInput
from nociscope.assays.hrv.settings import HrvSettings, recipe_of
from nociscope.beats.physio import read_series
from nociscope.beats.series import BeatSeries
from nociscope.problems import BadInput, Problem

if TYPE_CHECKING:
    from nociscope.study.records import Visit

REFLEX_TASKS = "!deepbreathing*|valsalva*|standing*|tilt*|handgrip*|orthostatic*"
"""Recordings of the reflex tests are not of a steady state, so they are left to them."""

INPUTS = (
    FileInput(
        datatype="*",
        suffix="physio",
        extensions=(".tsv.gz", ".tsv"),
        entities={"recording": "ecg*", "task": REFLEX_TASKS},
        title="ECG",
    ),
    FileInput(
        datatype="*",
        suffix="physioevents",
        extensions=(".tsv.gz", ".tsv"),
        entities={"recording": "rr*", "task": REFLEX_TASKS},
        title="beat times",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HrvRecording:
    """The beats of the recordings of one visit.

    Attributes
    ----------
    series : tuple of BeatSeries
        By file.
    problems : tuple of Problem
    sources : tuple of str
    """

    series: tuple[BeatSeries, ...] = ()
    problems: tuple[Problem, ...] = field(default=())
    sources: tuple[str, ...] = ()


def read(visit: Visit, settings: HrvSettings | None = None) -> HrvRecording:
    """Read the ECGs and beat times of a visit; the beats of an ECG are found here.

    Raises
    ------
    BadInput
        No file can be used, or a setting is wrong.
    """
    try:
        recipe_of(settings or HrvSettings())
    except ValueError as error:
        wrong = Problem(
            what=str(error), remedy="correct the section [hrv]", code="bad-setting", file="code/nociscope.toml"
        )
        raise BadInput(wrong.at(assay="hrv")) from None
    here = {"participant_id": visit.participant_id, "session_id": visit.session_id, "assay": "hrv"}
    records = sorted(
        (
            record
            for wanted in INPUTS
            for record in visit.find(suffix=wanted.suffix, extensions=wanted.extensions, **dict(wanted.entities))
        ),
        key=lambda r: r.path,
    )
    series: list[BeatSeries] = []
    problems: list[Problem] = []
    for record in records:
        try:
            found, said = read_series(visit, record, "hrv")
        except BadInput as error:
            problems += [p.at(**here) for p in error.problems]
            continue
        series.append(found)
        problems += said
    if not series:
        nothing = Problem(
            what="there is no ECG and no file of beat times at this visit",
            remedy="add one under beh/",
            code="no-recording",
        )
        raise BadInput(problems or [nothing.at(**here)])
    return HrvRecording(series=tuple(series), problems=tuple(problems), sources=tuple(s.source for s in series))
