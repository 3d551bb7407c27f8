"""Time, memory and agreement of our corneal tracing and of SuperCCM on the same frames, one core each.

SuperCCM (GPL-3, doi:10.1167/tvst.14.11.27) runs as a separate program in an environment of its own; nothing of it is
imported here. Make one with ``python -m venv superccm && superccm/bin/pip install superccm``.

    python benchmarks/ccm_vs_superccm.py FRAMES --peer superccm/bin/python [--annotations FILE]

FRAMES is a folder of 384 x 384 frames (JPEG or PNG). With an annotation file (see docs/validation/ccm.md) precision,
recall and F1 at 3 pixels are printed for both.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

OURS = """
import json, resource, statistics, sys, time
import numpy as np
from pathlib import Path
from PIL import Image
from nociscope.assays.ccm.metrics import centre_lines, measure_frame, nerve_mask
from nociscope.assays.ccm.quality import judge
from nociscope.assays.ccm.tracing import trace
out, names = Path(sys.argv[1]), sys.argv[2:]
times, cnfl = [], {}
for turn in range(2):
    for name in names:
        image = np.asarray(Image.open(name).convert("L"), np.float32)
        start = time.perf_counter()
        traced = trace(image)
        judged = judge(image)
        numbers = measure_frame(traced, nerve_mask(traced))
        if turn:
            times.append(time.perf_counter() - start)
        cnfl[Path(name).stem] = numbers.length / numbers.area
        np.save(out / f"{Path(name).stem}.npy", centre_lines(traced))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"median_s": statistics.median(times), "max_s": max(times), "peak_mb": peak, "cnfl": cnfl}))
"""

PEER = """
import json, resource, statistics, sys, time
import numpy as np
from pathlib import Path
from superccm.api import api
out, names = Path(sys.argv[1]), sys.argv[2:]
times, cnfl = [], {}
for turn in range(2):
    for name in names:
        start = time.perf_counter()
        image, mask, area = api.read(name)
        binary = api.seg(image)
        skeleton = api.skel(binary, mask, 400 / 384)
        graph, trunks = api.trunk(api.grfy(image, skeleton), mask)
        numbers = api.meas(graph, binary, trunks, area, 400 / 384)
        if turn:
            times.append(time.perf_counter() - start)
        cnfl[Path(name).stem] = float(numbers["CNFL (mm/mm2)"])
        np.save(out / f"{Path(name).stem}.npy", np.asarray(skeleton) > 0)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"median_s": statistics.median(times), "max_s": max(times), "peak_mb": peak, "cnfl": cnfl}))
"""


def run(python: str, program: str, out: Path, frames: list[Path]) -> dict:
    out.mkdir()
    command = [python, "-c", program, str(out), *map(str, frames)]
    if hasattr(os, "sched_setaffinity"):
        core = sorted(os.sched_getaffinity(0))[-1]
        done = subprocess.run(
            command,
            env={**os.environ, **ONE_CORE},
            stdout=subprocess.PIPE,
            check=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
    else:
        done = subprocess.run(command, env={**os.environ, **ONE_CORE}, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.decode().strip().splitlines()[-1])


def drawn(lines: list[dict], classes: tuple[str, ...]) -> np.ndarray:
    mask = np.zeros((384, 384), bool)
    for line in lines:
        if line["class"] in classes:
            points = np.array(line["points"], float)
            for (x0, y0), (x1, y1) in itertools.pairwise(points):
                n = max(2, int(2 * np.hypot(x1 - x0, y1 - y0)) + 1)
                rows, columns = np.rint(np.linspace(y0, y1, n)), np.rint(np.linspace(x0, x1, n))
                mask[rows.astype(int).clip(0, 383), columns.astype(int).clip(0, 383)] = True
    return mask


def agreement(found: np.ndarray, lines: list[dict], ignore_faint: bool) -> tuple[float, float, float]:
    from scipy.ndimage import distance_transform_edt as distance

    clear, faint = drawn(lines, ("clear",)), drawn(lines, ("faint",))
    wanted = clear if ignore_faint else clear | faint
    to_wanted = distance(~wanted)
    counted = found.copy()
    if ignore_faint and faint.any():
        counted &= ~((distance(~faint) <= 3) & (to_wanted > 3))
    precision = float((to_wanted[counted] <= 3).mean()) if counted.any() else 0.0
    recall = float((distance(~found)[wanted] <= 3).mean()) if found.any() else 0.0
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames", type=Path)
    parser.add_argument("--peer", help="python of the environment that holds superccm")
    parser.add_argument("--annotations", type=Path)
    given = parser.parse_args()
    frames = sorted(p for p in given.frames.rglob("*") if p.suffix.lower() in (".jpg", ".png"))
    programs = {"ours": (sys.executable, OURS)}
    if given.peer:
        programs["SuperCCM"] = (given.peer, PEER)
    annotated = json.loads(given.annotations.read_text()) if given.annotations else None
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (python, program) in programs.items():
            result = results[name] = run(python, program, Path(folder) / name, frames)
            values = np.array(list(result["cnfl"].values()))
            print(
                f"{name}: median {result['median_s']:.3f} s, slowest {result['max_s']:.3f} s, "
                f"peak {result['peak_mb']:.0f} MB, CNFL {values.mean():.1f} +- {values.std(ddof=1):.1f} mm/mm2"
            )
            for group in ("Tuning", "HeldOut", "Later") if annotated else ():
                for ignore in (False, True):
                    rows = []
                    for frame in annotated[group]:
                        path = next(Path(folder, name).glob(f"*{frame}.npy"), None)
                        if path is not None:
                            rows.append(agreement(np.load(path), annotated["Frames"][frame], ignore))
                    p, r, f = np.mean(rows, axis=0)
                    note = "faint ones not counted" if ignore else "faint ones counted"
                    print(f"  {group}, {note}: precision {p:.3f}, recall {r:.3f}, F1 {f:.3f}")
    if len(results) == 2:
        print(f"speed: {results['SuperCCM']['median_s'] / results['ours']['median_s']:.1f} times")


if __name__ == "__main__":
    main()
