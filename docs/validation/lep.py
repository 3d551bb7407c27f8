"""How well laser-evoked potentials are measured: simulated recordings through the whole of read and measure.

Run from the repository: ``PYTHONPATH=src python docs/validation/lep.py`` (about half an hour on one core). It rewrites
``docs/validation/lep.md``. ``--runs 20`` gives a quick look, ``--only NAME`` one condition, and neither writes.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from nociscope.assays.lep import ASSAY
from nociscope.assays.lep.settings import LepSettings
from nociscope.assays.lep.simulate import files_of
from nociscope.assays.lep.synthesis import Design, Response, Session, session
from nociscope.study.records import FileRecord, Participant, Visit
from nociscope.tables import Reading

PAGE = Path(__file__).with_suffix(".md")
BASE = Design(interval_s=(3.0, 4.0))
HAND = Response()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One simulated situation; `slope` is the true slope in % per pulse, None where it is not linear."""

    name: str
    title: str
    design: Design = BASE
    response: Response = HAND
    slope: float | None = None


def scaled(factor: float) -> Response:
    """Return the hand's response with all amplitudes multiplied."""
    return replace(
        HAND,
        n1_amplitude=HAND.n1_amplitude * factor,
        n2_amplitude=HAND.n2_amplitude * factor,
        p2_amplitude=HAND.p2_amplitude * factor,
    )


def n1_of(amplitude: float) -> Response:
    """Return the hand's response with another N1; at T7-Fz the slope of N2 takes about 2 uV from it."""
    return replace(HAND, n1_amplitude=amplitude)


CONDITIONS = (
    Condition(name="steady", title="no habituation", slope=0.0),
    Condition(
        name="habituation 20 %",
        title="series at 100, 85 and 80 %",
        design=replace(BASE, habituation=(1.0, 0.85, 0.8)),
    ),
    Condition(
        name="habituation 50 %",
        title="series at 100, 60 and 50 %, the first pulse half as large again",
        design=replace(BASE, habituation=(1.0, 0.6, 0.5), first_extra=0.5),
    ),
    Condition(name="linear", title="0.6 % less with every pulse", design=replace(BASE, slope=0.006), slope=-0.6),
    Condition(
        name="energy drift",
        title="energy rises by 0.5 J (response +50 % per J), no habituation",
        design=replace(BASE, energy_drift_j=0.5, energy_spread_j=0.15),
        slope=0.0,
    ),
    Condition(
        name="trials all alike",
        title="no variation of size or latency from pulse to pulse",
        design=replace(BASE, trial_cv=0.0, jitter_ms=0.0),
        slope=0.0,
    ),
    Condition(
        name="short",
        title="three series of 10 pulses, series at 100, 85 and 80 %",
        design=replace(BASE, pulses=10, habituation=(1.0, 0.85, 0.8)),
    ),
    Condition(
        name="16 pulses",
        title="one series of 16 pulses, no habituation",
        design=replace(BASE, blocks=1, pulses=16, habituation=(1.0,)),
        slope=0.0,
    ),
    Condition(name="small", title="a response of 40 % size (N2-P2 about 9 uV)", response=scaled(0.4), slope=0.0),
    Condition(name="tiny", title="a response of 20 % size (N2-P2 under 5 uV)", response=scaled(0.2), slope=0.0),
    *(
        Condition(name=f"N1 of {-size:g} uV", title="the vertex response of full size", response=n1_of(size))
        for size in (-1.5, -3.0, -4.5, -9.0)
    ),
    Condition(name="absent", title="no response", response=scaled(0.0)),
)


@dataclass(slots=True)
class Tally:
    """Estimates of one measure over runs, with the truth and whether the interval held it."""

    values: list[float] = field(default_factory=list)
    truths: list[float] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)
    missing: int = 0

    def add(self, reading: Reading | None, truth: float) -> None:
        if reading is None or reading.value is None:
            self.missing += 1
            return
        self.values.append(reading.value)
        self.truths.append(truth)
        if reading.low is not None and reading.high is not None:
            self.held.append(reading.low <= truth <= reading.high)


def visit_of(made: Session, root: Path) -> Visit:
    """Write a session as BIDS files and return the visit that holds them."""
    records = []
    for f in files_of(made):
        stem = f"sub-01_task-lep_{f.suffix}"
        path = f"sub-01/eeg/{stem}{f.extension}"
        content = f.content
        if f.extension in (".vhdr", ".vmrk"):
            content = content.replace(b"{stem}", stem.encode())
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
        records.append(
            FileRecord(
                path=path,
                participant_id="sub-01",
                session_id="n/a",
                datatype="eeg",
                entities=dict(f.entities),
                suffix=f.suffix,
                extension=f.extension,
            )
        )
    sidecars = {r.path: json.loads((root / r.path).read_text()) for r in records if r.extension == ".json"}
    return Visit(root=root, participant=Participant(participant_id="sub-01"), files=tuple(records), sidecars=sidecars)


def find(readings: Sequence[Reading], measure: str, method: str) -> Reading | None:
    return next((r for r in readings if r.measure == measure and r.method.startswith(method)), None)


WANTED = (
    ("n1_latency", "average:all"),
    ("n1_amplitude", "average:all"),
    ("n1_amplitude", "unselected"),
    ("n2_latency", "average:all"),
    ("n2_amplitude", "average:all"),
    ("p2_latency", "average:all"),
    ("p2_amplitude", "average:all"),
    ("n2p2_amplitude", "average:all"),
    ("habituation_ratio", ""),
    ("habituation_first_drop", ""),
)


def run(condition: Condition, runs: int) -> tuple[dict[str, Tally], int, int]:
    """Return tallies by measure, how often a response was found, and the number of peaks on a window edge."""
    settings = LepSettings()
    tallies: dict[str, Tally] = {}
    present = edges = 0
    first = zlib.crc32(condition.name.encode()) % 1_000_000 * 10_000  # no two conditions share their noise
    for seed in range(first, first + runs):
        made = session([condition.response], condition.design, seed)
        with tempfile.TemporaryDirectory() as folder:
            recording = ASSAY.read(visit_of(made, Path(folder)), settings)
            readings = ASSAY.measure(recording, settings)
        truth = {v.measure: v.value for v in made.true_values}
        for measure, method in WANTED:
            if measure in truth:
                name = f"{measure} {method}" if method == "unselected" else measure
                tallies.setdefault(name, Tally()).add(find(readings, measure, method), truth[measure])
        if condition.slope is not None:
            tallies.setdefault("habituation_slope", Tally()).add(
                find(readings, "habituation_slope", ""), condition.slope
            )
        if "n2p2_amplitude" in truth:
            tallies.setdefault("n2p2 single:mlr", Tally()).add(
                find(readings, "n2p2_amplitude", "single:"), truth["n2p2_amplitude"]
            )
        found = find(readings, "response_present", "")
        present += found is not None and found.value == 1.0
        edges += on_edge(readings)
    return tallies, present, edges


def on_edge(readings: Sequence[Reading]) -> int:
    """Count latencies that lie within half a sample of an edge of the hand's windows."""
    limits = {"n1_latency": (100.0, 200.0), "n2_latency": (150.0, 300.0), "p2_latency": (280.0, 500.0)}
    count = 0
    for r in readings:
        if r.measure in limits and r.value is not None and r.method.startswith("average"):
            low, high = limits[r.measure]
            count += abs(r.value - low) < 1e-6 or abs(r.value - high) < 1e-6 or not low - 4 < r.value < high + 4
    return count


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    z, p = 1.959964, hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


def line(name: str, tally: Tally) -> str:
    values, truths = np.array(tally.values), np.array(tally.truths)
    if not len(values):
        return f"| {name} | | | | | 0 of {tally.missing} |"
    error = values - truths
    scale = abs(truths.mean())
    relative = "" if scale < 1e-9 or "latency" in name else f" ({100 * error.mean() / scale:+.1f} %)"
    spread = f"{error.std(ddof=1):.3g}" if len(error) > 1 else ""
    cover = ""
    if tally.held:
        low, high = wilson(sum(tally.held), len(tally.held))
        cover = f"{100 * np.mean(tally.held):.1f} % ({100 * low:.0f}-{100 * high:.0f})"
    total = len(values) + tally.missing
    return (
        f"| {name} | {truths.mean():.3g} | {error.mean():+.3g}{relative} | {spread} | {cover} | "
        f"{len(values)} of {total} |"
    )


def table(condition: Condition, tallies: dict[str, Tally], present: int, edges: int, runs: int) -> str:
    lines = [
        f"### {condition.name}: {condition.title}",
        "",
        f"Response found in {present} of {runs} ({100 * present / runs:.1f} %); peaks on a window edge: {edges}.",
        "",
    ]
    if tallies:
        lines += [
            "| measure | truth (mean) | mean error | SD of error | interval holds the truth (95 % interval) | "
            "measured |",
            "|---|---|---|---|---|---|",
            *(line(name, tally) for name, tally in tallies.items()),
            "",
        ]
    return "\n".join(lines)


SIZES = ("n1_amplitude", "n1_amplitude unselected", "n2_amplitude", "p2_amplitude", "n2p2_amplitude")
BY_SIZE = ("tiny", "small", "N1 of 1.5 uV", "N1 of 3 uV", "N1 of 4.5 uV", "steady", "N1 of 9 uV")


def bias_by_size(done: dict[str, dict[str, Tally]]) -> str:
    """Return the error of each amplitude against its true size, from the conditions that differ only in size."""
    lines = [
        "## Error of amplitudes against their true size",
        "",
        "| measure | true size (uV) | given in | mean error (uV) | interval holds the truth |",
        "|---|---|---|---|---|",
    ]
    for measure in SIZES:
        found = [done[name][measure] for name in BY_SIZE if measure in done[name]]
        if not measure.startswith("n1"):
            found = [done[name][measure] for name in ("tiny", "small", "steady")]
        for tally in sorted((t for t in found if t.values), key=lambda t: abs(float(np.mean(t.truths)))):
            error = np.array(tally.values) - np.array(tally.truths)
            given = 100 * len(tally.values) / (len(tally.values) + tally.missing)
            held = f"{100 * np.mean(tally.held):.1f} % of {len(tally.held)}" if tally.held else ""
            # a size is too large when the error has the sign of the truth
            size = math.copysign(1.0, float(np.mean(tally.truths)))
            words = f"{error.mean():+.2f} ({'too large' if error.mean() * size > 0 else 'too small'})"
            lines.append(f"| {measure} | {np.mean(tally.truths):.2f} | {given:.0f} % | {words} | {held} |")
    return "\n".join([*lines, "", *SIZE_NOTES, ""])


SIZE_NOTES = (
    "An N1 that does not stand out of its noise has no `average:all` amplitude; those that do are the lucky ones, so a",
    "small N1 that is shown at all is shown too large. That is selection, not peak picking: without the selection",
    '(`method` begins with "unselected average") the mean error is a few tenths of a microvolt at any size. The',
    "interval of the shown amplitude knows of the selection and reaches to 0 where the N1 barely stands out; use the",
    "unselected amplitude for group means. N2-P2 is practically never selected; peak picking adds half a microvolt to",
    "a response of 5 uV and nothing that matters to one of 10 uV or more.",
)

INTRODUCTION = """# Laser-evoked potentials: what is recovered, and how often the intervals are right

Made by `docs/validation/lep.py`, {runs} simulated recordings a condition, each written as BrainVision files and taken
through `read` and `measure` with the default settings; every condition has noise of its own. Unless said otherwise: 3
series of 20 pulses to the hand, N2 -12 uV at 200 ms, P2 +12 uV at 350 ms, N1 -6 uV at 160 ms; size varies from pulse
to pulse by 30 % (SD), latency by 8 ms; 1/f noise of 5 uV at each electrode, alpha of 3 uV, mains of 5 uV, blinks after
5 % of pulses, 250 Hz.

The truth is what an average of infinitely many such pulses would show, before any filter: the expected size of the
response, blurred by the latency jitter. A single recording's realised mean is *not* the truth: the trial-to-trial
variation of a person is part of the uncertainty that the interval has to carry.

"mean error" of amplitudes includes what the 0.3-30 Hz filter and the baseline do to the wave. `n2p2 single:mlr` is
the mean of single-trial estimates; it is aligned to each trial's own latency and has a larger expectation than the
average, so its error against the truth of the *average* is printed, not its coverage of anything. It needs norms of
its own.

"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    wanted = [c for c in CONDITIONS if options.only in ("", c.name)]
    parts, done = [], {}
    for condition in wanted:
        done[condition.name], present, edges = run(condition, options.runs)
        parts.append(table(condition, done[condition.name], present, edges, options.runs))
        print(parts[-1], flush=True)
    if not options.only and options.runs >= 300:
        sizes = bias_by_size(done)
        PAGE.write_text(INTRODUCTION.format(runs=options.runs) + sizes + "\n" + "\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
