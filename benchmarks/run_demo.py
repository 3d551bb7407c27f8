"""Time and memory of a run over virtual people: the first one, a rerun, and `check`.

Run: python benchmarks/run_demo.py [participants] [jobs]

Memory is the sum of the proportional set sizes of the process and its children, looked at ten times a second (Linux).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path


def family(pid: int) -> set[int]:
    """Return a process and its living descendants."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
    found, new = {pid}, {pid}
    while new:
        new = {p for p, parent in parents.items() if parent in new} - found
        found |= new
    return found


def megabytes(pids: set[int]) -> float:
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024


def measured(*arguments: object) -> tuple[float, float]:
    """Run the command line; return its seconds and the most megabytes that it held."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "nociscope", *map(str, arguments)], stdout=subprocess.DEVNULL)
    most = 0.0

    def watch() -> None:
        nonlocal most
        while process.poll() is None:
            most = max(most, megabytes(family(process.pid)))
            time.sleep(0.1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    watcher.join()
    if code:
        sys.exit(f"{arguments[0]} ended with {code}")
    return time.perf_counter() - began, most


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    jobs = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    with tempfile.TemporaryDirectory() as folder:
        study, out = Path(folder) / "study", Path(folder) / "out"
        steps = {
            "simulate": ("simulate", study, "--participants", people, "--seed", 1),
            "check": ("check", study),
            "run": ("run", study, out, "--jobs", jobs),
            "rerun": ("run", study, out, "--jobs", jobs),
        }
        print(f"{people} participants, {jobs} jobs")
        print(f"{'step':<10} {'seconds':>9} {'s a person':>11} {'peak MB':>9}")
        for name, arguments in steps.items():
            took, most = measured(*arguments)
            print(f"{name:<10} {took:9.2f} {took / people:11.3f} {most:9.0f}", flush=True)


if __name__ == "__main__":
    main()
