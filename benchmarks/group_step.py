"""How long the group step takes for a study whose participants are worked up: loading, tables, page; and its sizes.

Run: ``OMP_NUM_THREADS=1 python benchmarks/group_step.py STUDY OUT`` after ``nociscope run STUDY OUT participant``.
Time per participant must not grow with their number.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from _machine import machine_line

from nociscope.assays.registry import assays
from nociscope.cohort.people import Person
from nociscope.cohort.study import group_tables
from nociscope.engine import dataset, store
from nociscope.evidence.register import load_register
from nociscope.report.group import group_page
from nociscope.report.page import size
from nociscope.study import open_study
from nociscope.tsv import MISSING


def main() -> None:
    """Print processor seconds of each part, for everyone and for one participant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    study, known, register = open_study(asked.study), {a.name: a for a in assays()}, load_register()
    people = [
        Person(participant_id=p.participant_id, group=p.group or MISSING, age=p.age, sex=p.sex)
        for p in study.participants.values()
    ]
    print(machine_line())
    start = time.process_time()
    places = dataset.recorded(study, asked.out)
    results = [store.load(asked.out, p.participant_id, p.session_id, figures=False) for p in places]
    loaded = time.process_time()
    filled = group_tables(people, results, known, register)
    computed = time.process_time()
    tables = {f.table.name: f.rows for f in filled}
    tables["mechanisms"] = [m.as_row() for r in results for m in r.mechanisms]
    page = group_page(study.name, tables, known)
    drawn = time.process_time()
    parts = {"load": loaded - start, "tables": computed - loaded, "page": drawn - computed}
    for name, seconds in parts.items():
        print(f"{name:>7}: {seconds:6.2f} s, {1000 * seconds / max(1, len(people)):6.1f} ms a participant")
    print(f"{len(people)} participants, page {size(page):,} bytes")


if __name__ == "__main__":
    main()
