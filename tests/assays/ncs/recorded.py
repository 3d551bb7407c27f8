"""Recordings of known fibres as files of a study, and what is marked on them."""

from dataclasses import replace

import numpy as np

from nociscope.assays.ncs import measure, read
from nociscope.assays.ncs.virtual_recording import STEP_MS, VirtualSweep, recording
from nociscope.assays.ncs.waveform import response
from nociscope.study import open_study
from nociscope.truth import Truth
from nociscope.virtual.writer import bids_path

TIME = np.arange(0, 60, STEP_MS)
MOTOR = {"side": "right", "nerve": "median", "type": "motor", "low_cut_hz": 10.0, "temperature_c": 33.0}
SENSORY = {"side": "left", "nerve": "sural", "type": "sensory", "distance_mm": 140.0, "low_cut_hz": 20.0}
WRIST = {**MOTOR, "stimulation": "wrist", "distance_mm": 80.0}
ELBOW = {**MOTOR, "stimulation": "elbow", "distance_mm": 220.0}


def sweep(cells, velocities, distance, scale=0.02, sizes=None, residual=2.5):
    """Return one stimulus; `scale` in mV or uV of one fibre at 50 m/s."""
    kind = "sensory" if cells["type"] == "sensory" else "motor"
    shape = response(velocities, distance, TIME, kind, residual if kind == "motor" else 0.1, sizes)
    return VirtualSweep(cells=cells, response_uv=(1.0 if kind == "sensory" else 1000.0) * scale * shape)


def motor_sweeps(velocities, sizes=None, repeats=3):
    wrist, elbow = sweep(WRIST, velocities, 80, sizes=sizes), sweep(ELBOW, velocities, 300, sizes=sizes)
    return [wrist] * repeats + [elbow] * repeats


def study_of(root, *recordings, edit=None):
    """Write recordings of one person and open the study; `edit` may change files by their ending."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.11.1"}')
    (root / "participants.tsv").write_text("participant_id\tage\tsex\nsub-01\t50\tF\n")
    for files in recordings:
        for file in files:
            path = root / bids_path(Truth(participant_id="sub-01"), file)
            path.parent.mkdir(parents=True, exist_ok=True)
            content = file.content
            for ending, change in (edit or {}).items():
                if path.name.endswith(ending):
                    content = change(content)
            if content is not None:
                path.write_bytes(content)
    return open_study(root).visits["sub-01"][0]


def marked(visit, settings=None):
    found = read(visit, settings)
    return {(r.site, r.measure): r for r in measure(found, settings)}, found


def files_of(sweeps, label="a", seed=1, unit="uV"):
    return recording(sweeps, "APB", seed, label, unit)


def with_cells(sweeps, **cells):
    return [replace(s, cells={**s.cells, **cells}) for s in sweeps]
