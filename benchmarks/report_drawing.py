"""How long a participant's page and its figures take, and how much memory: a usual visit and a very large one.

Run: ``python benchmarks/report_drawing.py``
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from _machine import machine_line, peak_rss_mb, timed

sys.path.insert(0, str(Path(__file__).parents[1]))  # the visit that is drawn is the one the tests look at
from tests.report.example import DECLARATIONS, bars, profile, visit

from nociscope.report.page import size
from nociscope.report.participant import participant_page
from nociscope.results import AssayFigure


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
    print(machine_line())
    print(f"figure (sensory profile): {timed(profile, 9)}")
    print(f"figure (densities): {timed(bars, 9)}")
    for name, result in (("small", small), ("large", large)):
        page = participant_page(result, DECLARATIONS)
        seconds = timed(lambda result=result: participant_page(result, DECLARATIONS), 9)
        print(
            f"page, {name} ({len(result.readings)} readings, {len(result.figures)} figures): {seconds}, "
            f"{size(page) / 1000:.0f} kB"
        )
    print(f"peak memory: {peak_rss_mb():.0f} MB")


if __name__ == "__main__":
    main()
