"""Small studies of one person with heart-beat recordings, for tests."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from nociscope.study import Visit, open_study

STEM = "sub-01/beh/sub-01_task-{task}_recording-{kind}"


def study(root: Path, age: str = "40") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "dataset_description.json").write_text(json.dumps({"Name": "t", "BIDSVersion": "1.10.0"}))
    (root / "participants.tsv").write_text(f"participant_id\tage\tsex\tgroup\nsub-01\t{age}\tF\tcontrol\n")
    (root / "sub-01" / "beh").mkdir(parents=True, exist_ok=True)
    return root


def visit(root: Path) -> Visit:
    return open_study(root).visits["sub-01"][0]


def beats(root: Path, text: str, task: str = "rest", **more: Any) -> Path:
    stem = root / STEM.format(task=task, kind="rr")
    content = {"Columns": ["onset"], **more}
    Path(f"{stem}_physioevents.json").write_text(json.dumps(content))
    path = Path(f"{stem}_physioevents.tsv.gz")
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return path


def onsets(times: np.ndarray, decimals: int = 6) -> str:
    return "".join(f"{t:.{decimals}f}\n" for t in times)


def ecg(root: Path, signal: np.ndarray, task: str = "rest", rate: float | None = 250.0, **more: Any) -> Path:
    stem = root / STEM.format(task=task, kind="ecg")
    content: dict[str, Any] = {"StartTime": 0, "Columns": ["ecg"], "ecg": {"Units": "mV"}, **more}
    if rate is not None:
        content["SamplingFrequency"] = rate
    Path(f"{stem}_physio.json").write_text(json.dumps(content))
    path = Path(f"{stem}_physio.tsv.gz")
    text = "".join("n/a\n" if np.isnan(x) else f"{x:.4f}\n" for x in signal)
    path.write_bytes(gzip.compress(text.encode(), compresslevel=1, mtime=0))
    return path
