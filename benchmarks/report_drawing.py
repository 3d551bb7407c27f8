"""Time and memory of a participant's page and of its figures.

Run ``PYTHONPATH=src:. python benchmarks/report_drawing.py``; prints one line for each of a small and a large visit.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nociscope.report.page import size
from nociscope.report.participant import participant_page
from nociscope.results import AssayFigure
from tests.report.example import DECLARATIONS, bars, profile, visit


def median_seconds(work: Callable[[], Any], repeats: int = 9) -> float:
    """Return the median time of a call, after one that warms up."""
    work()
    times: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def megabytes() -> float:
    """Return the largest memory of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    small = visit()
    readings = tuple(replace(r, site=f"site_{k}") for k in range(40) for r in small.readings)
    scores = tuple(replace(s, site=f"site_{k}") for k in range(40) for s in small.scores)
    svg = profile()
    figures = tuple(
        AssayFigure(assay="qst", figure=replace(svg, name=f"f{k}", svg=svg.svg.replace("qst-profile", f"f{k}")))
        for k in range(20)
    )
    large = replace(small, readings=readings, scores=scores, figures=figures)
    print(f"figure (sensory profile): {median_seconds(profile):.3f} s")
    print(f"figure (densities): {median_seconds(bars):.3f} s")
    for name, result in (("small", small), ("large", large)):
        page = participant_page(result, DECLARATIONS)
        seconds = median_seconds(lambda result=result: participant_page(result, DECLARATIONS))
        print(
            f"page, {name} ({len(result.readings)} readings, {len(result.figures)} figures): {seconds:.3f} s, "
            f"{size(page) / 1000:.0f} kB"
        )
    print(f"peak memory: {megabytes():.0f} MB")


if __name__ == "__main__":
    main()
