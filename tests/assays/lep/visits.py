"""Hand-made visits: a simulated session written as BIDS files, open to damage."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from nociscope.assays.lep import ASSAY
from nociscope.assays.lep.recording import LepRecording
from nociscope.assays.lep.settings import LepSettings
from nociscope.assays.lep.simulate import files_of
from nociscope.assays.lep.synthesis import Design, Response, Session, session
from nociscope.study.entities import parse_name
from nociscope.study.records import FileRecord, Participant, Visit
from nociscope.tables import Reading

SHARED = Path(os.environ.get("NOCISCOPE_SHARED", Path(__file__).parents[3] / "../shared")) / "data"

QUICK = Design(interval_s=(3.0, 4.0), pulses=12)


def shared(name: str) -> Path:
    """Return a folder of real data, skipping the test where it is absent."""
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the real data {name} are not beside the checkout")
    return folder


def write(root: Path, path: str, content: str | bytes) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content.encode() if isinstance(content, str) else content)


def visit_of(root: Path) -> Visit:
    """Return the visit of sub-01 that a folder holds."""
    records, sidecars = [], {}
    for path in sorted((root / "sub-01").rglob("*")):
        name = path.relative_to(root).as_posix()
        parts = parse_name(path.name)
        if parts is None or path.is_dir():
            continue
        entities = {k: v for k, v in parts.entities.items() if k not in ("sub", "ses")}
        records.append(
            FileRecord(
                path=name,
                participant_id="sub-01",
                session_id="n/a",
                datatype=name.split("/")[1],
                entities=entities,
                suffix=parts.suffix,
                extension=parts.extension,
            )
        )
        if parts.extension == ".json":
            sidecars[name] = json.loads(path.read_text())
    return Visit(root=root, participant=Participant(participant_id="sub-01"), files=tuple(records), sidecars=sidecars)


def write_session(root: Path, made: Session, task: str = "lep") -> None:
    for f in files_of(made, task):
        stem = f"sub-01_task-{task}_{f.suffix}"
        content = f.content
        if f.extension in (".vhdr", ".vmrk"):
            content = content.replace(b"{stem}", stem.encode())
        write(root, f"sub-01/eeg/{stem}{f.extension}", content)


def simulated(root: Path, design: Design = QUICK, seed: int = 1, **response: object) -> Session:
    made = session([Response(**response)], design, seed)  # type: ignore[arg-type]
    write_session(root, made)
    return made


def measured(root: Path, **settings: object) -> tuple[LepRecording, tuple[Reading, ...]]:
    chosen = LepSettings(**settings)  # type: ignore[arg-type]
    recording = ASSAY.read(visit_of(root), chosen)
    return recording, ASSAY.measure(recording, chosen)


def get(readings: tuple[Reading, ...], measure: str, method: str = "", **where: str) -> Reading:
    return next(
        r
        for r in readings
        if r.measure == measure and r.method.startswith(method) and all(getattr(r, k) == v for k, v in where.items())
    )


def truth(made: Session) -> Mapping[str, float]:
    return {v.measure: v.value for v in made.true_values}


EVENTS = "sub-01/eeg/sub-01_task-lep_events.tsv"
HEADER = "sub-01/eeg/sub-01_task-lep_eeg.vhdr"
DATA = "sub-01/eeg/sub-01_task-lep_eeg.eeg"
SIDECAR = "sub-01/eeg/sub-01_task-lep_eeg.json"
CHANNELS = "sub-01/eeg/sub-01_task-lep_channels.tsv"
