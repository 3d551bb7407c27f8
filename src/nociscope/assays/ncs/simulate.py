"""Virtual nerve conduction: fibres with a distribution of velocities, their responses, and what is marked on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.ncs.table import LEG_NERVES, NERVE_CONDUCTION
from nociscope.assays.ncs.virtual_recording import STEP_MS as FILE_STEP_MS
from nociscope.assays.ncs.virtual_recording import VirtualSweep, recording
from nociscope.assays.ncs.waveform import Array, Marks, mark, response
from nociscope.truth import Simulated, SimulatedFile, TrueValue, Truth
from nociscope.tsv import Value

FIBRES = 240
STEP_MS = 0.05
SPREAD_M_S = 0.06
"""Half the standard deviation by which fibres are slower than the fastest, relative to it: one in twenty is slower by
more than 24 %. This and the other numbers of this module are made up for plausible tables; healthy means are near
those of Buschbacher's series (doi 10.1002/mus.25203)."""


@dataclass(frozen=True, slots=True)
class Nerve:
    """A healthy nerve: fastest velocity (m/s), amplitude, terminal delay (ms), lengths (mm), limits as printed."""

    name: str
    kind: Literal["motor", "sensory"]
    velocity: float
    amplitude: float
    residual_ms: float
    distance_mm: float
    segment_mm: float = 0.0
    f_path: float = 0.0
    points: tuple[str, str] = ("wrist", "elbow")
    amplitude_lln: float | None = None
    latency_uln: float | None = None
    velocity_lln: float | None = None
    f_uln: float | None = None


NERVES = (
    Nerve("median", "motor", 58, 10.5, 2.25, 80, 220, 0.395, ("wrist", "elbow"), 4.1, 4.5, 49, 31.6),
    Nerve("ulnar", "motor", 61, 11.6, 1.6, 80, 220, 0.40, ("wrist", "below_elbow"), 7.9, 3.7, 52, 31.5),
    Nerve("fibular", "motor", 49, 6.0, 3.0, 80, 300, 0.62, ("ankle", "fibular_head"), 1.3, 6.5, 38, 61.2),
    Nerve("tibial", "motor", 49, 13.0, 2.6, 80, 380, 0.64, ("ankle", "knee"), 4.4, 6.1, 39, 61.4),
    Nerve("median", "sensory", 57, 41, 0.1, 140),
    Nerve("ulnar", "sensory", 57, 36, 0.1, 140),
    Nerve("radial", "sensory", 58, 30, 0.1, 100),
    Nerve("sural", "sensory", 48, 17, 0.1, 140),
)
"""Limits are those of Chen 2016 (doi 10.1002/mus.25203), motor nerves only: sensory rows show shipped norms at
work.
"""


F_WIDTH_MS = 3.0
"""Width of one phase of an F wave: made up."""


def fibres(rng: np.random.Generator, velocity: float, slowing: float = 0.0, uneven: float = 0.0) -> Array:
    """Return fibre velocities whose fastest are at `velocity` m/s times 1 - `slowing`.

    `uneven` slows each fibre by a random part of its own, up to that fraction (segmental demyelination).
    """
    base = velocity * (1 - slowing)
    drawn = base * (1 - np.abs(rng.normal(0, 2 * SPREAD_M_S, FIBRES)).clip(0, 0.5))
    return np.asarray(drawn * (1 - uneven * rng.random(FIBRES)))


def simulate(truth: Truth, seed: int) -> Simulated:
    """Return the nerve conduction table of a virtual person, right side.

    Parameters
    ----------
    truth : Truth
        `large_fibre_axonal_loss` takes fibres away, most in the legs; `large_fibre_demyelination` slows them,
        unevenly,
        and blocks some on their way.
    seed : int

    Returns
    -------
    Simulated
        Rows of ``nerve_conduction`` with the velocities of the fast fibres as true values; and recordings of the
        median nerve (motor, F waves) and the sural nerve, whose true values are the marks of the responses without
        noise.
    """
    rng = np.random.default_rng(seed)
    axonal, demyelinated = truth.of("large_fibre_axonal_loss"), truth.of("large_fibre_demyelination")
    person = float(np.exp(rng.normal(0, 0.18)))
    speed = float(rng.normal(1.0, 0.03)) - 0.0008 * (truth.age - 40)
    rows: list[dict[str, Value]] = []
    truths: list[TrueValue] = []
    recorded: list[SimulatedFile] = []
    for nerve in NERVES:
        leg = nerve.name in LEG_NERVES
        kept = 1 - axonal * (0.85 if leg else 0.55)
        fading = 1 - 0.004 * max(0.0, truth.age - 40) * (1.5 if leg else 1.0)
        velocity = nerve.velocity * speed
        slowing = 0.45 * demyelinated
        speeds = fibres(rng, velocity, slowing, 0.45 * demyelinated)
        alive = rng.random(FIBRES) < kept
        passes = rng.random(FIBRES) >= 0.6 * demyelinated
        scale = nerve.amplitude * person * fading
        temperature = round(float(rng.normal(33.0 if not leg else 31.6, 0.5)), 1)
        residual = nerve.residual_ms * (1 + 0.9 * demyelinated)
        body = _Body(nerve, speeds, alive, scale, residual, temperature)
        own = body.rows(passes, truth.height_cm, demyelinated, rng)
        rows += own
        if nerve.kind == "motor":
            truths += body.truths(kept, demyelinated)
        if (nerve.name, nerve.kind) in RECORDED:
            files, marks = body.recorded(passes, truth.height_cm, own[-1].get("f_persistence"), seed)
            recorded += files
            truths += marks
    return Simulated(rows={NERVE_CONDUCTION.name: tuple(rows)}, files=tuple(recorded), true_values=tuple(truths))


RECORDED = (("median", "motor"), ("sural", "sensory"))
"""Nerves whose waveforms are simulated as well."""

SWEEPS = {"motor": 3, "sensory": 32, "f_wave": 10}

CERTAIN = {"motor": 1.0, "sensory": 12.0}
"""Smallest amplitude (mV, uV) whose marks are handed back as truth: below, noise alone moves an onset."""


@cache
def _whole_height(nerve: Nerve, step_ms: float, count: int) -> float:
    """Return the height of the distal response of all fibres of a healthy nerve, each of size 1 at 50 m/s."""
    whole = fibres(np.random.default_rng(0), nerve.velocity)
    time = np.arange(count, dtype=np.float64) * step_ms
    return float(response(whole, nerve.distance_mm, time, nerve.kind, nerve.residual_ms).max())


@dataclass(frozen=True, slots=True)
class _Body:
    """One nerve of one person, ready to be stimulated."""

    nerve: Nerve
    speeds: Array
    alive: NDArray[np.bool_]
    scale: float
    residual_ms: float
    temperature: float

    def waveform(self, distance_mm: float, time: Array, passes: NDArray[np.bool_] | None = None) -> Array:
        """Return the response at times from the stimulus on, in mV or uV, negative up."""
        carry = self.alive if passes is None else self.alive & passes
        unit = response(self.speeds, distance_mm, time, self.nerve.kind, self.residual_ms, carry.astype(float))
        return unit * self.scale / _whole_height(self.nerve, float(time[1]), time.size)

    def _stimulated(self, distance_mm: float, passes: NDArray[np.bool_] | None = None) -> Marks | None:
        time = np.arange(0, 60.0, STEP_MS)
        return mark(self.waveform(distance_mm, time, passes), time, 0.02 if self.nerve.kind == "motor" else 0.4)

    def rows(
        self, passes: NDArray[np.bool_], height_cm: float, demyelinated: float, rng: np.random.Generator
    ) -> list[dict[str, Value]]:
        """Return the rows of this nerve: sensory one; motor distal, proximal and F waves."""
        nerve = self.nerve
        distal = self._stimulated(nerve.distance_mm)
        if nerve.kind == "sensory":
            return [self._row("sensory", "", distal, nerve.distance_mm, None)]
        proximal = self._stimulated(nerve.distance_mm + nerve.segment_mm, passes)
        velocity: float | None = None
        if distal is not None and proximal is not None:
            velocity = nerve.segment_mm / (proximal.onset_ms - distal.onset_ms)
        f_row: dict[str, Value] = {
            "side": "right",
            "nerve": nerve.name,
            "type": "f_wave",
            "stimulation": nerve.points[0],
            "f_latency_uln": nerve.f_uln,
            "temperature_c": self.temperature,
        }
        persistence = 0.0 if distal is None else float(rng.binomial(10, max(0.0, 0.9 - 0.95 * demyelinated))) * 10
        f_row["f_persistence"] = persistence
        if distal is not None and persistence > 0:
            fastest = float(np.percentile(self.speeds[self.alive], 95))
            f_row["f_latency_ms"] = round(distal.onset_ms + self._detour_ms(fastest, height_cm), 1)
        return [
            self._row("motor", nerve.points[0], distal, nerve.distance_mm, None),
            self._row("motor", nerve.points[1], proximal, nerve.segment_mm, velocity),
            f_row,
        ]

    def _detour_ms(self, speed: float, height_cm: float) -> float:
        """Return how much later than the direct response a fibre's F wave is: to the cord and back, 1 ms there."""
        nerve = self.nerve
        return 1 + 2 * nerve.f_path * 10 * height_cm / speed - nerve.distance_mm / speed

    def recorded(
        self, passes: NDArray[np.bool_], height_cm: float, persistence: Value, seed: int
    ) -> tuple[tuple[SimulatedFile, ...], list[TrueValue]]:
        """Return the waveforms of this nerve as files, and what is marked on them when there is no noise."""
        nerve = self.nerve
        rng = np.random.default_rng([seed, 31, len(nerve.name)])
        time = np.arange(0, 60.0 if nerve.kind == "motor" else 30.0, FILE_STEP_MS)
        to_uv = 1000.0 if nerve.kind == "motor" else 1.0
        sweeps: list[VirtualSweep] = []
        truths: list[TrueValue] = []
        shapes = {"": (self.waveform(nerve.distance_mm, time), nerve.distance_mm)}
        if nerve.kind == "motor":
            far = self.waveform(nerve.distance_mm + nerve.segment_mm, time, passes)
            shapes = {nerve.points[0]: shapes[""], nerve.points[1]: (far, nerve.segment_mm)}
        for point, (shape, distance) in shapes.items():
            cells = self._cells(nerve.kind, point, distance)
            sweeps += [VirtualSweep(cells=cells, response_uv=to_uv * shape)] * SWEEPS[nerve.kind]
            truths += _true_marks(mark(shape, time), nerve.kind, f"{nerve.name}.{point}".rstrip("."))
        if nerve.kind == "motor" and self.alive.any():
            wanted = int(rng.binomial(SWEEPS["f_wave"], float(persistence or 0.0) / 100))
            sweeps += self._f_sweeps(wanted, height_cm, rng)
        channel = {"median": "APB", "sural": "ankle"}[nerve.name]
        return recording(sweeps, channel, seed, f"{nerve.name}right"), truths

    def _f_sweeps(self, wanted: int, height_cm: float, rng: np.random.Generator) -> list[VirtualSweep]:
        """Return sweeps with the direct response and, in so many of them, an F wave of one fast motor unit."""
        time = np.arange(0, 120.0, FILE_STEP_MS)
        direct = self.waveform(self.nerve.distance_mm, time)
        quick = self.speeds[self.alive & (self.speeds >= np.median(self.speeds[self.alive]))]
        with_f = rng.permutation(SWEEPS["f_wave"]) < wanted
        cells = self._cells("f_wave", self.nerve.points[0], None)
        sweeps = []
        for has in with_f:
            shape = direct.copy()
            if has:
                speed = float(rng.choice(quick))
                late = self.residual_ms + self.nerve.distance_mm / speed + self._detour_ms(speed, height_cm)
                x = (time - late) / F_WIDTH_MS
                wave = np.where((x > 0) & (x < 2), np.sin(np.pi * x), 0.0)
                shape += self.scale * rng.uniform(0.02, 0.04) * wave
            sweeps.append(VirtualSweep(cells=cells, response_uv=1000 * shape))
        return sweeps

    def _cells(self, kind: str, point: str, distance_mm: float | None) -> dict[str, Value]:
        cells: dict[str, Value] = {
            "side": "right",
            "nerve": self.nerve.name,
            "type": kind,
            "stimulation": point or None,
            "distance_mm": distance_mm,
            "temperature_c": self.temperature,
            "low_cut_hz": 20.0 if kind == "sensory" else 10.0,
        }
        return cells

    def _row(
        self, kind: str, point: str, marks: Marks | None, distance_mm: float, velocity: float | None
    ) -> dict[str, Value]:
        nerve = self.nerve
        motor = kind == "motor"
        row: dict[str, Value] = {
            "side": "right",
            "nerve": nerve.name,
            "type": kind,
            "stimulation": point or None,
            "amplitude": 0.0 if marks is None else round(marks.amplitude, 2 if motor else 1),
            "amplitude_unit": "mV" if motor else "uV",
            "distance_mm": distance_mm,
            "temperature_c": self.temperature,
            "low_cut_hz": 10.0 if motor else 20.0,
            "amplitude_lln": nerve.amplitude_lln,
            "velocity_lln": nerve.velocity_lln,
            "latency_uln": nerve.latency_uln if point == nerve.points[0] else None,
        }
        if marks is not None:
            row["onset_latency_ms"] = round(marks.onset_ms, 2)
            row["duration_ms"] = round(marks.duration_ms, 1) if motor else None
            row["peak_latency_ms"] = None if motor else round(marks.peak_ms, 2)
            if not motor:
                velocity = distance_mm / marks.onset_ms
            row["velocity_m_s"] = None if velocity is None else round(velocity, 1)
        return row

    def truths(self, kept: float, demyelinated: float) -> list[TrueValue]:
        """Return the velocity of the fast fibres (85th centile); none where few are left or their speeds
        differ widely.

        A marked onset is where 5 % of the peak is reached, so it is that of the fast fibres, not of the single
        fastest.
        """
        if kept < 0.35 or demyelinated > 0:
            return []
        fastest = float(np.percentile(self.speeds, 85))
        site = f"{self.nerve.name}.{self.nerve.points[1]}"
        return [TrueValue(measure="velocity_m_s", value=fastest, site=site, side="right", method="motor")]


def _true_marks(marks: Marks | None, kind: str, site: str) -> list[TrueValue]:
    """Return the marks of a response without noise as true values; none of one that noise could move."""
    if marks is None or marks.amplitude < CERTAIN[kind]:
        return []
    method = f"{kind}:waveform"
    cut = f"{method}:low-cut-{20 if kind == 'sensory' else 10}-Hz"
    values = {
        ("onset_latency_ms", method): marks.onset_ms,
        ("peak_latency_ms", method): marks.peak_ms,
        ("amplitude", method): marks.amplitude,
        ("amplitude_peak_to_peak", method): marks.peak_to_peak,
        ("duration_ms", cut): marks.duration_ms,
        ("area", cut): marks.area,
    }
    return [TrueValue(measure=m, value=v, site=site, side="right", method=how) for (m, how), v in values.items()]
