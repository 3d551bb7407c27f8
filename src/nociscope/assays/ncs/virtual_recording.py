"""Virtual nerve conduction recordings: sweeps of a known response, with noise and artefact, as files of a study."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nociscope import edf
from nociscope.assays.ncs.recordings import EVENTS
from nociscope.assays.ncs.waveform import Array
from nociscope.truth import SimulatedFile
from nociscope.tsv import Value

RATE_HZ = 20_000
STEP_MS = 1000 / RATE_HZ

NOISE_UV = {"motor": 5.0, "f_wave": 5.0, "sensory": 1.0}
"""Standard deviation of a sweep's noise, and below the height of the artefact at the stimulus: made up."""

ARTEFACT_UV = {"motor": 3000.0, "f_wave": 3000.0, "sensory": 60.0}
ARTEFACT_MS = 0.12
"""Time in which the artefact falls to 37 %."""

GAP_MS = {"motor": 100.0, "f_wave": 130.0, "sensory": 45.0}
"""Between stimuli, shorter than anybody would stimulate: it keeps the files small."""

LEAD_MS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualSweep:
    """One stimulus: its cells in the events table, and the response in uV from the stimulus on, negative up."""

    cells: dict[str, Value]
    response_uv: Array


def recording(
    sweeps: Sequence[VirtualSweep], channel: str, seed: int, label: str, unit: str = "uV"
) -> tuple[SimulatedFile, ...]:
    """Return sweeps of one channel as an EDF file with its sidecar, channels and events tables.

    Parameters
    ----------
    sweeps : sequence of VirtualSweep
        In order; `cells` need not hold `onset`.
    channel : str
        Its name, as the muscle.
    seed : int
    label : str
        The ``acq-`` label.
    unit : str
        In which the file holds its signal: ``uV`` or ``mV``.
    """
    rng = np.random.default_rng(seed)
    gaps = [round(GAP_MS[str(s.cells["type"])] / STEP_MS) for s in sweeps]
    starts = np.cumsum([round(LEAD_MS / STEP_MS), *gaps[:-1]])
    signal = np.zeros(int(starts[-1]) + gaps[-1])
    for sweep, start, gap in zip(sweeps, starts, gaps, strict=True):
        kind = str(sweep.cells["type"])
        span = slice(int(start), int(start) + gap)
        time = np.arange(gap) * STEP_MS
        shown = sweep.response_uv[:gap]
        signal[span][: shown.size] -= shown
        signal[span] += ARTEFACT_UV[kind] * np.exp(-time / ARTEFACT_MS)
        signal[span] += rng.normal(0, NOISE_UV[kind], gap)
    lead = slice(0, int(starts[0]))
    signal[lead] += rng.normal(0, NOISE_UV[str(sweeps[0].cells["type"])], int(starts[0]))
    rows = [
        {**s.cells, "onset": int(start) / RATE_HZ, "duration": 0.0002}
        for s, start in zip(sweeps, starts, strict=True)
    ]
    scaled = signal / (1000.0 if unit == "mV" else 1.0)
    return _files(edf.encode([channel], RATE_HZ, scaled[None], unit), rows, channel, label, unit)


def _files(
    content: bytes, rows: Sequence[dict[str, Value]], channel: str, label: str, unit: str
) -> tuple[SimulatedFile, ...]:
    entities = {"task": "ncs", "acq": label}

    def file(suffix: str, extension: str, data: bytes) -> SimulatedFile:
        return SimulatedFile(datatype="emg", suffix=suffix, extension=extension, content=data, entities=entities)

    sidecar = {
        "TaskName": "ncs",
        "TaskDescription": "Nerve conduction study: electrical stimuli to a nerve (simulated)",
        "EMGPlacementScheme": "Other",
        "EMGPlacementSchemeDescription": "Active electrode over the muscle belly or nerve, reference distal to it",
        "EMGReference": "ChannelSpecific",
        "SamplingFrequency": RATE_HZ,
        "PowerLineFrequency": 50,
        "RecordingType": "continuous",
        "SoftwareFilters": "n/a",
        "Manufacturer": "simulated",
    }
    channels = f"name\ttype\tunits\n{channel}\tEMG\t{unit}\n"
    used = [c for c in EVENTS.columns if any(c.name in row for row in rows) and c.name not in ("onset", "duration")]
    names = ["onset", "duration", *(c.name for c in used)]
    described = {c.name: c.dictionary() for c in used}
    table = "\n".join(["\t".join(names), *("\t".join(_cell(row.get(n)) for n in names) for row in rows)]) + "\n"
    return (
        file("emg", ".edf", content),
        file("emg", ".json", (json.dumps(sidecar, indent=2) + "\n").encode()),
        file("channels", ".tsv", channels.encode()),
        file("events", ".tsv", table.encode()),
        file("events", ".json", (json.dumps(described, indent=2, ensure_ascii=False) + "\n").encode()),
    )


def _cell(value: Value) -> str:
    return "n/a" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)
