"""How long it takes to index a study of 500 participants x 20 files, beside a bare walk over the same folders.

Run: ``python benchmarks/index_study.py [--participants 500] [--repeats 7]``
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from _machine import machine_line, peak_rss_mb, timed

from nociscope.study import open_study
from nociscope.study.entities import parse_name

PER_PERSON = (
    *(f"eeg/task-lep_{end}" for end in ("eeg.vhdr", "eeg.vmrk", "eeg.eeg", "eeg.json", "events.tsv", "channels.tsv")),
    *(f"micr/sample-{eye}_chunk-{n:02d}_CONF.png" for eye in ("OD", "OS") for n in (1, 2, 3, 4, 5)),
    "beh/task-rest_recording-ecg_physio.tsv.gz",
    "beh/task-rest_recording-ecg_physio.json",
    "beh/task-qst_beh.tsv",
    "beh/task-qst_beh.json",
)


def write_study(root: Path, participants: int) -> None:
    people = [f"sub-{n:04d}" for n in range(1, participants + 1)]
    (root / "dataset_description.json").write_text(json.dumps({"Name": "Index", "BIDSVersion": "1.11.0"}))
    (root / "participants.tsv").write_text(
        "participant_id\tage\tsex\tgroup\n" + "".join(f"{p}\t45\tF\tFM\n" for p in people)
    )
    (root / "CONF.json").write_text('{"PixelSize": [1.04, 1.04], "PixelSizeUnits": "um"}')
    (root / "phenotype").mkdir()
    for table in ("skin_biopsy", "esc", "labs"):
        rows = "".join(f"{p}\tses-1\tx\t1\n" for p in people)
        (root / "phenotype" / f"{table}.tsv").write_text("participant_id\tsession_id\tsite\tvalue\n" + rows)
    for person in people:
        for entry in PER_PERSON:
            datatype, _, name = entry.partition("/")
            folder = root / person / "ses-1" / datatype
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{person}_ses-1_{name}").write_bytes(b"{}" if name.endswith(".json") else b"")


def bare_walk(root: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(root))


def open_cold(root: Path) -> object:
    parse_name.cache_clear()
    return open_study(root)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        write_study(root, options.participants)
        count = bare_walk(root)
        floor = timed(lambda: bare_walk(root), options.repeats)
        before = peak_rss_mb()
        index = timed(lambda: open_cold(root), options.repeats)
        study = open_study(root)
        records = sum(len(v.files) for visits in study.visits.values() for v in visits)
    print(machine_line())
    print(f"{options.participants} participants, {count} files in all, {records} indexed, {options.repeats} repeats")
    print(f"bare os.walk   {floor}")
    print(f"open_study     {index}")
    print(f"ratio          {index.median / floor.median:.2f}")
    print(f"peak memory    {peak_rss_mb():.0f} MB ({before:.0f} MB before indexing)")


if __name__ == "__main__":
    main()
