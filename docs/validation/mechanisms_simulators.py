"""Two simulators of oriented z scores with known mechanisms, for ``mechanisms.py``.

The first draws from the inference model itself: it tests the computation. The second is built otherwise: fibres are lost as
fractions and counted, sweat conductance saturates, large fibres are a population of velocities whose potentials cancel,
pain is a gain on a stimulus-response curve, habituation a sequence of responses. It tests whether the model's claims
hold when its assumptions do not. Its constants were chosen once for plausible healthy values and were not changed after
the first comparison.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nociscope.mechanisms import model
from nociscope.mechanisms.coefficients import knowledge
from nociscope.truth import MECHANISM_KEYS

KNOWN = knowledge()
T, K = KNOWN.shift.shape
PRIOR = np.array([p.prior for p in KNOWN.priors.values()])
KEYS = [t.key for t in KNOWN.tests]


@dataclass(frozen=True)
class People:
    """N people: z (N, T), present (N, K) and effective severity (N, K), 0 where absent."""

    z: np.ndarray
    present: np.ndarray
    effective: np.ndarray


def draw_states(rng: np.random.Generator, n: int, prior: np.ndarray) -> np.ndarray:
    """Return which mechanisms are present, (n, K)."""
    return (rng.random((n, K)) < prior).astype(float)


def from_model(rng: np.random.Generator, n: int, prior: np.ndarray = PRIOR, *, errors: bool = True) -> People:
    """Return people drawn from the inference model; without `errors` no test carries a larger one."""
    present = draw_states(rng, n, prior)
    severity = present * rng.normal(model.SEVERITY_MEAN, model.SEVERITY_SD, (n, K))
    z = severity @ KNOWN.shift.T
    z += (present[:, None, :] * KNOWN.se * rng.normal(size=(n, T, K))).sum(2)
    z += rng.normal(size=(n, T)) @ np.linalg.cholesky(KNOWN.residual).T
    if errors:
        hit = rng.random((n, T)) < model.OUTLIER_PROBABILITY
        z += hit * rng.normal(size=(n, T)) * np.sqrt(model.OUTLIER_VARIANCE)
    return People(z, present, severity)


def _raw(rng: np.random.Generator, present: np.ndarray) -> dict[str, np.ndarray]:
    """Return raw values whose loss is downwards and whose gain is upwards, before norms."""
    n = len(present)
    on = dict(zip(MECHANISM_KEYS, present.T, strict=True))

    def lost(key: str, a: float, b: float) -> np.ndarray:
        return on[key] * rng.beta(a, b, n)

    def spread(sd: float) -> np.ndarray:
        return np.exp(rng.normal(0, sd, n))

    out: dict[str, np.ndarray] = {}
    distal, proximal = lost("distal_small_fibre_loss", 5, 4), lost("proximal_small_fibre_loss", 5, 4)
    small = spread(0.15)  # how many small fibres a healthy person has everywhere
    for key, mean, loss in (("leg_ienfd", 11.0, distal), ("thigh_ienfd", 14.0, proximal)):
        length = rng.uniform(7, 11, n)
        out[key] = rng.poisson(mean * small * spread(0.22) * (1 - loss) * length) / length
    for key, share, half in (("foot_esc", 1.0, 0.25), ("hand_esc", 0.5, 0.15)):
        sweat = small * (1 - share * distal)
        out[key] = 95 * sweat / (sweat + half) * spread(0.13)
    for key, power, sd in (("foot_cdt", 0.8, 0.55), ("foot_wdt", 0.5, 0.5)):
        out[key] = -np.log((1 - 0.95 * distal) ** -power * spread(sd))
    style = rng.normal(0, 1, n)
    gain = np.exp(on["central_gain"] * rng.gamma(4, 0.2, n))
    out["foot_lep_amplitude"] = 22 * (1 - distal) ** 1.1 * gain**0.15 * spread(0.35)
    out["foot_lep_latency"] = -(230 + 40 * distal + rng.normal(0, 20, n))
    out["lep_amplitude"] = 25 * gain**0.15 * spread(0.35)
    frames = spread(0.12)
    cornea = (1 - 0.7 * distal * rng.beta(6, 3, n)) * small * frames
    out["ccm_cnfl"] = 18 * cornea * spread(0.12)
    out["ccm_cnfd"] = rng.poisson(25 * cornea * 2) / 2.0
    out["ccm_cnbd"] = rng.poisson(35 * cornea * spread(0.25))
    _nerves(rng, on, out, n)
    ceiling = 1.6 * gain**0.45
    out["wind_up"] = np.log(1 + ceiling * spread(0.35))
    out["pressure_pain"] = np.log(gain) * 0.9 + 0.18 * style + rng.normal(0, 0.33, n)
    out["heat_pain"] = np.log(gain) * 2.0 + 1.6 * style + rng.normal(0, 1.9, n)
    out["cold_pain"] = np.log(gain) * 5.0 + 4.0 * style + rng.normal(0, 5.0, n)
    out["pinprick_rating"] = np.log(12 * gain**0.8) + 0.4 * style + rng.normal(0, 0.6, n)
    out["pinprick_threshold"] = np.log(gain) * 0.5 + 0.25 * style + rng.normal(0, 0.6, n)
    deficit = on["habituation_deficit"] * rng.beta(5, 3, n)
    settled = np.clip(rng.normal(0.6, 0.18, n), 0.1, 1.2)
    settled = settled + deficit * (1.05 - settled)
    blocks = rng.normal(1, 0.08, (n, 3))
    first, last = blocks[:, 0], (settled * 0.95) * blocks[:, 2]
    out["lep_habituation"] = -np.log(np.maximum(last / first, 0.05))
    out["rating_habituation"] = -np.log(np.maximum(0.8 + 0.15 * deficit + rng.normal(0, 0.2, n), 0.05))
    vagal = 1 - on["cardiac_autonomic_shift"] * rng.beta(4, 5, n)
    base = rng.normal(0, 0.35, n)
    out["vagal_hrv"] = np.log(30) + base + np.log(vagal) + rng.normal(0, 0.33, n)
    out["total_hrv"] = np.log(42) + 0.7 * base + 0.8 * np.log(vagal) + rng.normal(0, 0.25, n)
    out["lf_hf"] = rng.normal(0.5, 0.8, n) - 0.1 * np.log(vagal)
    for key, share in (("deep_breathing", 0.5), ("valsalva", 0.35), ("standing_ratio", 0.35)):
        out[key] = base * 0.4 + share * np.log(vagal) + rng.normal(0, 0.4, n)
    out["sil2r"] = on["immune_activation"] * rng.gamma(4, 0.08, n) + rng.normal(0, 0.3, n)
    return out


def _nerves(rng: np.random.Generator, on: dict[str, np.ndarray], out: dict[str, np.ndarray], n: int) -> None:
    """Add nerve conduction: a population of fibres with a velocity each, whose potentials add up with their phases."""
    fibres = 300
    kept = 1 - on["large_fibre_axonal_loss"] * rng.beta(5, 5, n)
    slowing = 1 - on["large_fibre_demyelination"] * rng.beta(6, 12, n)
    person = np.exp(rng.normal(0, 0.07, n))
    for key, distance, mean, mm in (("sural_amplitude", 0.14, 50.0, 0.9), ("leg_motor_amplitude", 0.08, 48.0, 3.5)):
        alive = rng.random((n, fibres)) < kept[:, None]
        own = 1 - (1 - slowing)[:, None] * rng.uniform(0.5, 1.5, (n, fibres))
        velocity = mean * person[:, None] * np.clip(own, 0.3, 1) * np.exp(rng.normal(0, 0.08, (n, fibres)))
        arrival = 1000 * distance / velocity
        phase = 2 * np.pi * (arrival - arrival.mean(1, keepdims=True)) / (2 * mm)
        total = np.abs((alive * np.exp(1j * phase)).sum(1)) / fibres
        out[key] = np.log(np.maximum(total * np.exp(rng.normal(0, 0.38, n)), 1e-3))
        if key == "leg_motor_amplitude":
            fastest = np.quantile(np.where(alive, velocity, np.nan_to_num(velocity.min(1))[:, None]), 0.97, axis=1)
            out["nerve_velocity"] = fastest + rng.normal(0, 2.5, n)
            out["nerve_latency"] = -(1000 * 0.08 / fastest + 2.2 + rng.normal(0, 0.3, n))
            out["f_latency"] = -(1000 * 1.5 / fastest + 18 + rng.normal(0, 2.0, n))


def _reference() -> dict[str, tuple[float, float]]:
    healthy = _raw(np.random.default_rng(20_001), np.zeros((4000, K)))
    return {key: (float(x.mean()), float(x.std())) for key, x in healthy.items()}


REFERENCE = _reference()


def from_bodies(rng: np.random.Generator, n: int, prior: np.ndarray = PRIOR) -> People:
    """Return people of the second simulator, scored against 4,000 healthy ones; severity is not defined and NaN."""
    present = draw_states(rng, n, prior)
    raw = _raw(rng, present)
    z = np.stack([(raw[k] - REFERENCE[k][0]) / REFERENCE[k][1] for k in KEYS], axis=1)
    return People(z, present, np.full((n, K), np.nan))
