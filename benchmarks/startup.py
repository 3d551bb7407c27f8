"""How long ``nociscope --help`` takes, beside an interpreter that does nothing.

Run: python benchmarks/startup.py [rounds]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import nociscope": ["-c", "import nociscope"],
    "import typer": ["-c", "import typer"],
    "nociscope --version": ["-m", "nociscope", "--version"],
    "nociscope --help": ["-m", "nociscope", "--help"],
    "nociscope run --help": ["-m", "nociscope", "run", "--help"],
}


def seconds(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    # Turn by turn, so that a busy moment of the machine hits all of them.
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            found[name].append(seconds(arguments))
    print(f"{'command':<24} {'median s':>9} {'least s':>9}   ({rounds} rounds)")
    for name, times in found.items():
        print(f"{name:<24} {statistics.median(times):9.3f} {min(times):9.3f}")


if __name__ == "__main__":
    main()
