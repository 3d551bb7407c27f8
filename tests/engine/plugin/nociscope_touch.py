"""An outside assay that misbehaves on request: the engine's tests need failures that no real assay has."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from nociscope.assays.declaration import Assay, Figure, Measure, TableInput, setting
from nociscope.problems import BadInput, Problem
from nociscope.tables import Reading
from nociscope.truth import Simulated
from nociscope.tsv import Column, Table

TOUCH = Table(
    "touch",
    "One touch",
    (
        Column("participant_id", "Participant", required=True, needed=True),
        Column("session_id", "Visit"),
        Column("site", "Site", required=True, needed=True),
        Column("value", "Force", "number", "mN", minimum=0),
        Column("behaviour", "What the assay shall do"),
    ),
    key=("site",),
)


@dataclass(frozen=True, slots=True)
class Settings:
    factor: float = setting(1.0, "what values are multiplied by")


@dataclass(frozen=True)
class Recording:
    rows: tuple
    problems: tuple
    sources: tuple


def read(visit, settings):
    parsed = visit.table(TOUCH)
    if not parsed.rows:
        raise BadInput(parsed.problems or Problem(what="nothing to read"))
    for row in parsed.rows:
        if row.text("behaviour") == "crash-read":
            raise RuntimeError("secret words of the file")
    return Recording(parsed.rows, parsed.problems, tuple(sorted({r.file for r in parsed.rows})))


def measure(recording, settings):
    return tuple(_one(row, settings) for row in recording.rows)


def _one(row, settings):
    behaviour, _, argument = row.text("behaviour").partition(":")
    if behaviour == "crash":
        raise RuntimeError("secret words of the file")
    if behaviour == "kill" and (not argument or not Path(argument).exists()):
        if argument:
            Path(argument).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour == "sleep":
        Path(argument).touch()
        time.sleep(60)
    value = row.number("value") or 0.0
    return Reading(
        measure="unheard" if behaviour == "undeclared" else "force",
        value=float("nan") if behaviour == "nan" else value * settings.factor,
        unit="kg" if behaviour == "unit" else "mN",
        low=value * 0.9,
        high=value * 1.1,
        n=1,
        site=row.text("site"),
        method="finger",
        device="Bürste – α [/x]",
        source=row.file,
    )


def draw(recording, readings, scores, settings):
    bars = "".join(f'<rect x="{i}" y="0" width="1" height="{r.value:g}"/>' for i, r in enumerate(readings))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">{bars}</svg>\n'
    return (Figure(name="bars", title="Forces", caption="A bar for each site.", svg=svg),)


def simulate(truth, seed):
    return Simulated(rows={"touch": ({"site": "face", "value": float(seed % 7)},)})


ASSAY = Assay(
    name="touch",
    title="Touch",
    inputs=(TableInput(TOUCH),),
    measures=(Measure(name="force", unit="mN", title="Force", meaning="How hard"),),
    read=read,
    measure=measure,
    draw=draw,
    simulate=simulate,
    settings=Settings,
    methods="Touched with factor {factor}.",
)
