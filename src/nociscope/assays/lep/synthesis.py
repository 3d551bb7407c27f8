"""The signals of a virtual recording of laser pulses, and what is true of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nociscope.assays.lep.recording import Floats
from nociscope.truth import TrueValue

CHANNELS = ("Fz", "Cz", "Pz", "T7", "T8", "C3", "C4", "A1", "A2", "VEOG")

_SPREAD = {  # share of the vertex N2-P2 and of the contralateral and ipsilateral N1 at each electrode
    "Fz": (0.70, 0.0, 0.0),
    "Cz": (1.00, 0.0, 0.0),
    "Pz": (0.75, 0.0, 0.0),
    "T7": (0.25, 1.0, 0.2),
    "T8": (0.25, 0.2, 1.0),
    "C3": (0.85, 0.6, 0.1),
    "C4": (0.85, 0.1, 0.6),
    "A1": (0.0, 0.0, 0.0),
    "A2": (0.0, 0.0, 0.0),
    "VEOG": (0.0, 0.0, 0.0),
}
_RIGHT_STIMULUS = 1  # index into the triplets: N1 of a right-sided pulse is over the left hemisphere


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The response of one site and side to a pulse of the nominal energy, before habituation.

    Latencies in ms (peak of each Gaussian), amplitudes in uV (N1 and N2 negative), widths (SD) in ms.
    """

    site: str = "hand_dorsum"
    side: str = "right"
    n1_latency: float = 160.0
    n1_amplitude: float = -6.0
    n1_width: float = 14.0
    n2_latency: float = 200.0
    n2_amplitude: float = -12.0
    n2_width: float = 26.0
    p2_latency: float = 350.0
    p2_amplitude: float = 12.0
    p2_width: float = 45.0
    rating: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How pulses are given and what disturbs them.

    Attributes
    ----------
    blocks, pulses : int
        Series, and pulses in each.
    interval_s : (float, float)
        Range of the interval between pulses.
    habituation : tuple of float
        Mean gain of each series relative to the first.
    slope : float
        Gain lost per pulse, as a share of the first; instead of, or on top of, `habituation`.
    first_extra : float
        Extra gain of the very first pulse.
    trial_cv : float
        SD of the gain from pulse to pulse.
    jitter_ms : float
        SD of the latency from pulse to pulse.
    energy_j, energy_drift_j, energy_spread_j : float
        First energy, its rise over the whole recording, and its random SD.
    energy_gain : float
        Relative change of the response per J.
    noise_uv : float
        SD of the 1/f background at each electrode.
    alpha_uv : float
        Amplitude of the 10 Hz rhythm.
    mains_uv : float
        Amplitude at 50 Hz.
    blinks : float
        Share of pulses followed by a blink within the epoch.
    blink_uv : float
    trigger_delay_ms : float
        By how much the pulse comes after its marker.
    rate : float
        Sampling rate in Hz.
    """

    blocks: int = 3
    pulses: int = 20
    interval_s: tuple[float, float] = (8.0, 12.0)
    habituation: tuple[float, ...] = (1.0, 1.0, 1.0)
    slope: float = 0.0
    first_extra: float = 0.0
    trial_cv: float = 0.3
    jitter_ms: float = 8.0
    energy_j: float = 3.0
    energy_drift_j: float = 0.0
    energy_spread_j: float = 0.0
    energy_gain: float = 0.5
    noise_uv: float = 5.0
    alpha_uv: float = 3.0
    mains_uv: float = 5.0
    blinks: float = 0.05
    blink_uv: float = 250.0
    trigger_delay_ms: float = 0.0
    rate: float = 250.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One simulated pulse."""

    marker_s: float
    response: Response
    block: int
    order: int
    energy_j: float
    gain: float
    expected_gain: float
    rating: float
    blink: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A simulated recording before it becomes a file: signals (c, s) in uV and its pulses."""

    channels: tuple[str, ...]
    rate: float
    signals_uv: Floats
    trials: tuple[Trial, ...]
    true_values: tuple[TrueValue, ...] = field(default=())


def _pink(shape: tuple[int, int], rate: float, rng: np.random.Generator) -> Floats:
    """Return noise (c, s) of SD 1 whose power falls as 1/f above 0.5 Hz."""
    count = shape[1]
    hz = np.fft.rfftfreq(count, 1 / rate)
    gain = 1 / np.sqrt(np.maximum(hz, 0.5))
    gain[0] = 0
    noise: Floats = np.fft.irfft(np.fft.rfft(rng.standard_normal(shape), axis=1) * gain, count, axis=1)
    return noise / noise.std(axis=1, keepdims=True)


def _waves(r: Response, times_s: Floats, widen_ms: float = 0.0) -> tuple[Floats, Floats]:
    """Return the vertex wave and N1 at times after the pulse; `widen_ms` blurs both as latency jitter does."""

    def bump(latency: float, amplitude: float, width: float) -> Floats:
        wide = np.hypot(width, widen_ms)
        wave: Floats = amplitude * width / wide * np.exp(-0.5 * ((1000 * times_s - latency) / wide) ** 2)
        return wave

    return (
        bump(r.n2_latency, r.n2_amplitude, r.n2_width) + bump(r.p2_latency, r.p2_amplitude, r.p2_width),
        bump(r.n1_latency, r.n1_amplitude, r.n1_width),
    )


def _plan(responses: Sequence[Response], d: Design, rng: np.random.Generator) -> list[Trial]:
    """Place the pulses: series by series, the sites one after the other within a series' turn."""
    trials: list[Trial] = []
    now = 3.0
    total = d.blocks * d.pulses
    for response in responses:
        order = 0
        for block in range(d.blocks):
            for _ in range(d.pulses):
                energy = d.energy_j + d.energy_drift_j * order / max(total - 1, 1)
                energy += d.energy_spread_j * rng.standard_normal()
                level = d.habituation[min(block, len(d.habituation) - 1)] - d.slope * order
                level += d.first_extra if order == 0 else 0.0
                expected = max(level * (1 + d.energy_gain * (energy - d.energy_j)), 0.0)
                gain = expected * max(1 + d.trial_cv * rng.standard_normal(), 0.0)
                rating = float(np.clip(np.round(response.rating * expected + rng.normal(0, 0.8), 1), 0, 10))
                trials.append(
                    Trial(
                        marker_s=float(np.round(now * d.rate) / d.rate),
                        response=response,
                        block=block + 1,
                        order=order,
                        energy_j=float(np.round(energy, 2)),
                        gain=gain,
                        expected_gain=expected,
                        rating=rating,
                        blink=bool(rng.random() < d.blinks),
                    )
                )
                now += rng.uniform(*d.interval_s)
                order += 1
    return trials


def session(responses: Sequence[Response], design: Design, seed: int) -> Session:
    """Simulate the signals of one recording.

    Parameters
    ----------
    responses : sequence of Response
        One per site and side, stimulated one after the other.
    design : Design
    seed : int
        The same seed gives the same signals.

    Returns
    -------
    Session
        With the truth: peaks of the expected average (habituation, latency jitter and energies averaged, no noise, no
        filter), the expected ratio of last and first series, and the linear slope where only a slope was put in.
    """
    rng = np.random.default_rng(seed)
    trials = _plan(responses, design, rng)
    samples = int((trials[-1].marker_s + 4.0) * design.rate)
    shared, own = 0.5, np.sqrt(1 - 0.5**2)
    common = _pink((1, samples), design.rate, rng)
    signals = design.noise_uv * (shared * common + own * _pink((len(CHANNELS), samples), design.rate, rng))
    t = np.arange(samples) / design.rate
    envelope = np.abs(_pink((1, samples), design.rate, rng))[0]
    posterior = np.array([{"Pz": 1.0, "Cz": 0.6, "C3": 0.6, "C4": 0.6, "Fz": 0.4}.get(c, 0.2) for c in CHANNELS])
    rhythm = np.sin(2 * np.pi * 10.0 * t + np.cumsum(rng.normal(0, 0.05, samples)))
    signals += design.alpha_uv * posterior[:, None] * envelope * rhythm
    signals += design.mains_uv * np.sin(2 * np.pi * 50.0 * t)[None] * rng.uniform(0.5, 1.5, (len(CHANNELS), 1))
    span = np.arange(-int(0.1 * design.rate), int(1.2 * design.rate))
    for trial in trials:
        _add_trial(signals, trial, design, span, rng)
    return Session(
        channels=CHANNELS,
        rate=design.rate,
        signals_uv=signals,
        trials=tuple(trials),
        true_values=tuple(v for r in responses for v in _truth(r, trials, design)),
    )


def _add_trial(signals: Floats, trial: Trial, d: Design, span: NDArray[np.int_], rng: np.random.Generator) -> None:
    start = trial.marker_s + d.trigger_delay_ms / 1000.0
    first = int(np.round(start * d.rate))
    within = (first + span >= 0) & (first + span < signals.shape[1])
    places = first + span[within]
    after = places / d.rate - start - d.jitter_ms / 1000.0 * rng.standard_normal()
    vertex, n1 = _waves(trial.response, after)
    contralateral = _RIGHT_STIMULUS if trial.response.side == "right" else 2
    for c, name in enumerate(CHANNELS):
        signals[c, places] += trial.gain * (_SPREAD[name][0] * vertex + _SPREAD[name][contralateral] * n1)
    if trial.blink:
        at = rng.uniform(0.05, 0.7)
        blink = d.blink_uv * np.exp(-0.5 * ((places / d.rate - start - at) / 0.06) ** 2)
        for name, share in (("VEOG", 1.0), ("Fz", 0.3), ("Cz", 0.15)):
            signals[CHANNELS.index(name), places] += share * blink


def _truth(r: Response, trials: Sequence[Trial], d: Design) -> list[TrueValue]:
    """Return what an average without noise would show for one site and side."""
    own = [t for t in trials if t.response is r]
    mean_gain = float(np.mean([t.expected_gain for t in own]))
    fine = np.arange(0.0, 0.7, 0.0002)
    vertex, n1 = _waves(r, fine, d.jitter_ms)
    vertex, n1 = mean_gain * vertex, mean_gain * n1
    lateral = n1 + (_SPREAD["T7"][0] - _SPREAD["Fz"][0]) * vertex
    present = float(mean_gain * (r.p2_amplitude - r.n2_amplitude) > 0)
    out: dict[tuple[str, str], float] = {("response_present", ""): present}
    if present:
        early = fine < (r.n2_latency + r.p2_latency) / 2000.0
        before = fine < r.n2_latency / 1000.0
        n2, p2 = int(np.where(early, vertex, 0).argmin()), int(np.where(early, -np.inf, vertex).argmax())
        at = int(np.where(before, lateral, np.inf).argmin())
        peaks = {"n2": (fine[n2], vertex[n2]), "p2": (fine[p2], vertex[p2])}
        if r.n1_amplitude < 0:
            peaks["n1"] = (fine[at], lateral[at])
        for name, (latency, amplitude) in peaks.items():
            out[f"{name}_latency", "average:all"] = 1000 * float(latency)
            out[f"{name}_amplitude", "average:all"] = float(amplitude)
        out["n2p2_amplitude", "average:all"] = float(vertex[p2] - vertex[n2])
        of_block = [float(np.mean([t.expected_gain for t in own if t.block == b + 1])) for b in range(d.blocks)]
        if d.blocks > 1 and of_block[0] > 0:
            out["habituation_ratio", ""] = of_block[-1] / of_block[0]
            out["habituation_first_drop", ""] = of_block[1] / of_block[0]
    return [TrueValue(measure=m, value=v, site=r.site, side=r.side, method=method) for (m, method), v in out.items()]
