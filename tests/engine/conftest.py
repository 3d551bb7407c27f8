"""Studies of a few rows, the misbehaving assay, and the command line in a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nociscope.assays import registry

PLUGIN = Path(__file__).parent / "plugin"
SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture(autouse=True)
def _touch(monkeypatch):
    monkeypatch.syspath_prepend(str(PLUGIN))
    registry.assays.cache_clear()
    yield
    registry.assays.cache_clear()


def write_study(root: Path, rows, *, people=None, sessions=False, name="Small study") -> Path:
    """Write a study; `rows` are (participant, site, value[, behaviour[, session]])."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "dataset_description.json").write_text(json.dumps({"Name": name, "BIDSVersion": "1.10.1"}))
    rows = [(*row, *("n/a", "n/a")[len(row) - 3 :]) for row in rows]
    if people is None:
        people = sorted({row[0] for row in rows})
    lines = ["participant_id\tage\tsex\tgroup"]
    lines += [f"{p}\t{40 + i}\t{'FM'[i // 2 % 2]}\t{('FM', 'control')[i % 2]}" for i, p in enumerate(people)]
    (root / "participants.tsv").write_text("\n".join(lines) + "\n")
    (root / "phenotype").mkdir(exist_ok=True)
    table = ["participant_id\tsession_id\tsite\tvalue\tbehaviour"]
    table += [f"{p}\t{s}\t{site}\t{value}\t{b}" for p, site, value, b, s in rows]
    (root / "phenotype" / "touch.tsv").write_text("\n".join(table) + "\n")
    return root


SMALL = [("sub-01", "face", 1.5), ("sub-01", "chest", 2.5), ("sub-02", "face", 3.25), ("sub-03", "face", 4.125)]


@pytest.fixture
def study(tmp_path) -> Path:
    return write_study(tmp_path / "study", SMALL)


def contents(out: Path) -> dict[str, str]:
    """Return file -> hash of what must have the same bytes: all but logs/ and hidden folders at the top."""
    found = {}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        top = name.split("/")[0]
        if path.is_file() and top != "logs" and not (top.startswith(".") and (out / top).is_dir()):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def times(out: Path) -> dict[str, int]:
    return {p.relative_to(out).as_posix(): p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}


def environment(**more: str) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "LC_", "LANG", "COV_"))}
    return {**env, "PYTHONPATH": f"{SOURCE}{os.pathsep}{PLUGIN}", **more}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "nociscope", *map(str, arguments)]


def nociscope(*arguments: object, cwd: Path | None = None, timeout: float = 120, **env: str):
    """Run the command line; the caller looks at returncode, stdout and stderr."""
    return subprocess.run(
        command(*arguments), cwd=cwd, env=environment(**env), capture_output=True, text=True, timeout=timeout
    )
