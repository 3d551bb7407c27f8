"""How long ``nociscope explain`` takes for 300 participants on one core, start-up and both files included.

Three tables: everyone has all 32 tests; everyone lacks some assays; everyone lacks tests at random, so that no two
people have the same battery. Also: the explaining alone, and one person alone as in a run.

Run: ``OMP_NUM_THREADS=1 python benchmarks/mechanisms.py [--participants 300] [--repeats 5]``
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from _machine import machine_line, timed

from nociscope.mechanisms.coefficients import knowledge
from nociscope.mechanisms.observed import Visit
from nociscope.mechanisms.profile import Explainer

KNOWN = knowledge()
ASSAYS = sorted({t.assay for t in KNOWN.tests})


def people(kind: str, n: int) -> list[Visit]:
    """Return visits with scores of healthy people."""
    rng = np.random.default_rng(7)
    out = []
    for i in range(n):
        z = rng.normal(size=len(KNOWN.tests))
        left_out = {a for a in ASSAYS if kind == "some assays" and rng.random() < 0.3}
        kept = {
            t: float(z[t])
            for t, test in enumerate(KNOWN.tests)
            if test.assay not in left_out and (kind != "at random" or rng.random() < 0.7)
        }
        out.append(Visit(participant_id=f"sub-{i:03d}", session_id="ses-1", z=kept))
    return out


def write(path: Path, visits: list[Visit]) -> None:
    """Write visits as a table of scores, both sides of each test."""
    lines = ["participant_id\tsession_id\tassay\tsite\tside\tmeasure\tz"]
    for v in visits:
        for t, z in v.z.items():
            test = KNOWN.tests[t]
            site = test.sites[0] if test.sites else "n/a"
            lines += [
                f"{v.participant_id}\t{v.session_id}\t{test.assay}\t{site}\t{side}\t{test.measures[0]}\t{z:.4f}"
                for side in ("left", "right")
            ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def child_seconds() -> float:
    """Return the processor time of all commands so far: what the time is when nothing else uses the core."""
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--participants", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(machine_line())
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("all tests", "some assays", "at random"):
            visits = people(kind, options.participants)
            scores = Path(folder) / "scores.tsv"
            write(scores, visits)
            command = [sys.executable, "-m", "nociscope", "explain", str(scores), "-o", str(scores) + ".out"]
            before = child_seconds()
            run = timed(
                lambda command=command: subprocess.run(command, check=True, capture_output=True, env=environment),
                options.repeats,
            )
            used = (child_seconds() - before) / options.repeats
            alone = timed(lambda visits=visits: Explainer().explain(visits), options.repeats)
            print(
                f"{len(visits)} people, {kind}: command {run}, processor time {used:.3f} s; explaining alone {alone}"
            )
    explainer = Explainer()
    one = people("all tests", 1)
    explainer.explain(one)
    print(f"one person, all tests, model ready: {timed(lambda: explainer.explain(one), 20)}")


if __name__ == "__main__":
    main()
