"""A small whole BIDS study, and an assay that reads a table and BrainVision headers of it."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from nociscope.assays.declaration import Assay, FileInput, TableInput, setting
from nociscope.problems import Problem
from nociscope.study.settings import Settings, load_settings
from nociscope.tsv import Column, Table

PROBE_TABLE = Table(
    "probe",
    "One value of a probe",
    (
        Column("participant_id", "Participant", required=True, needed=True),
        Column("session_id", "Visit"),
        Column("site", "Body site"),
        Column("value", "The value", "number", "uS", required=True, minimum=0),
    ),
    key=("participant_id", "session_id", "site"),
)


@dataclass(frozen=True, slots=True)
class Event:
    side: str = "left"
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    delay_ms: float = setting(0.0, "Delay of the marker", unit="ms", source="assumed")
    repeats: int = setting(3, "Repeats")
    bands: tuple[float, ...] = setting((1.0, 2.0), "Edges", unit="Hz")
    kind: Literal["a", "b"] = setting("a", "Kind")
    events: Mapping[str, Mapping[str, str]] = setting({}, "What event codes mean")
    typed: Mapping[str, Event] = setting({}, "The same, typed")


@dataclass(frozen=True)
class ProbeRecording:
    values: tuple[float, ...]
    problems: tuple[Problem, ...]
    sources: tuple[str, ...] = ()


def read_probe(visit, settings):
    parsed = visit.table(PROBE_TABLE)
    if any(row.text("site") == "explode" for row in parsed.rows):
        raise RuntimeError(f"a library's own words about {visit.root} and someone's name")
    return ProbeRecording(tuple(row.number("value") or 0.0 for row in parsed.rows), parsed.problems)


def _nothing(*_):
    return ()


PROBE = Assay(
    name="probe",
    title="Probe",
    inputs=(
        TableInput(PROBE_TABLE),
        FileInput(datatype="eeg", suffix="eeg", extensions=(".vhdr",), title="EEG", entities={"task": "lep"}),
    ),
    measures=(),
    read=read_probe,
    measure=_nothing,
    draw=_nothing,
    simulate=_nothing,  # type: ignore[arg-type]
    settings=ProbeSettings,
)


def png(width: int = 2, height: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(width) for _ in range(min(height, 8)))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def vhdr(stem: str) -> str:
    return (
        "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\n"
        f"DataFile={stem}.eeg\nMarkerFile={stem}.vmrk\nNumberOfChannels=1\nSamplingInterval=2000\n"
    )


def write(root: Path, path: str, content: str | bytes) -> Path:
    full = root / path
    full.parent.mkdir(parents=True, exist_ok=True)
    full.write_bytes(content.encode() if isinstance(content, str) else content)
    return full


def write_study(root: Path) -> Path:
    write(root, "dataset_description.json", json.dumps({"Name": "Small", "BIDSVersion": "1.11.0"}))
    write(root, "README", "A small study.\n" * 20)
    write(
        root,
        "participants.tsv",
        "participant_id\tage\tsex\tgroup\theight_cm\tweight_kg\tmigraine\n"
        "sub-01\t45\tF\tFM\t168\t70.5\tyes\n"
        "sub-02\t52\tmale\tcontrol\tn/a\tn/a\tn/a\n"
        "sub-03\tn/a\tn/a\tn/a\tn/a\tn/a\tn/a\n",
    )
    write(root, "participants.json", json.dumps({"age": {"Description": "Age", "Units": "year"}}))
    write(root, "samples.tsv", "sample_id\tparticipant_id\tsample_type\nsample-OD\tsub-01\ttissue\n")
    write(root, "CONF.json", '{"PixelSize": [1.04, 1.04], "PixelSizeUnits": "um"}')
    write(
        root,
        "phenotype/probe.tsv",
        "participant_id\tsession_id\tsite\tvalue\n"
        "sub-01\tses-1\thand\t70\nsub-01\tses-1\tfoot\t75\nsub-01\tses-2\thand\t71\nsub-02\tn/a\thand\t60\n",
    )
    write(root, "phenotype/probe.json", json.dumps({"value": {"Format": "number", "Minimum": 0, "Maximum": 200}}))
    write(root, "sub-01/sub-01_sessions.tsv", "session_id\tacq_time\tmood\nses-1\tn/a\t3\nses-2\tn/a\t5\n")
    stem = "sub-01_ses-1_task-lep"
    write(root, f"sub-01/ses-1/eeg/{stem}_eeg.vhdr", vhdr(f"{stem}_eeg"))
    write(root, f"sub-01/ses-1/eeg/{stem}_eeg.vmrk", "Brain Vision Data Exchange Marker File\n")
    write(root, f"sub-01/ses-1/eeg/{stem}_eeg.eeg", b"\0\0")
    write(root, f"sub-01/ses-1/eeg/{stem}_eeg.json", '{"TaskName": "lep", "EEGReference": "nose"}')
    write(root, f"sub-01/ses-1/eeg/{stem}_events.tsv", "onset\tduration\n1\t0\n")
    write(root, "sub-01/ses-1/micr/sub-01_ses-1_sample-OD_chunk-1_CONF.png", png())
    write(root, "sourcedata/secret.txt", "not read\n")
    write(root, "derivatives/earlier/x.txt", "not read\n")
    return root


@pytest.fixture
def study_root(tmp_path: Path) -> Path:
    """A small whole study; nothing is wrong with it."""
    return write_study(tmp_path / "study").resolve()


@pytest.fixture
def probe_settings() -> Settings:
    return load_settings(None, assays=[PROBE])
