"""What a benchmark ran on, and how its times are taken. Used by all benchmarks here."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Timing:
    """Wall-clock seconds over repeats."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.4g} s (min {self.low:.4g}, max {self.high:.4g})"


def machine_line() -> str:
    """Return the processor, cores, system and Python in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            for line in stream:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        return platform.processor() or platform.machine() or "processor unknown"
    return platform.processor() or platform.machine() or "processor unknown"


def timed(function: Callable[[], Any], repeats: int = 5) -> Timing:
    """Call a function `repeats` times and return the times; the first call is not left out."""
    seconds: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return Timing(statistics.median(seconds), min(seconds), max(seconds))


def peak_rss_mb() -> float:
    """Return the largest resident memory of this process so far, in MB (10^6 bytes).

    Returns
    -------
    float
        NaN where the system does not tell (Windows).
    """
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
