"""How long 432 psychometric fits with intervals take on one core, beside a plain optimiser without intervals.

Run: ``OMP_NUM_THREADS=1 python benchmarks/psychometric.py [--fits 432] [--repeats 3]``
"""

from __future__ import annotations

import argparse

import numpy as np
from _machine import machine_line, timed

from nociscope.assays.qst.psychometric import fit_many, proportion_yes

Answers = tuple[np.ndarray, np.ndarray]


def people(n: int) -> list[Answers]:
    """Return answers like those of the public thermal trials: 30 or 40 each."""
    rng = np.random.default_rng(1)
    out = []
    for i in range(n):
        alpha, sigma, trials = rng.uniform(1, 15), rng.uniform(0.4, 3), 30 + 10 * (i % 2)
        x = np.clip(alpha + sigma * rng.normal(0, 1.5, trials), 0.05, 30)
        out.append((x, rng.random(trials) < proportion_yes(x, alpha, sigma, 0.02)))
    return out


def plain(answers: list[Answers]) -> list[tuple[float, float]]:
    """Return maximum-likelihood threshold and sigma by Nelder-Mead, one person after the other, no intervals."""
    from scipy.optimize import minimize
    from scipy.stats import norm

    out = []
    for x, yes in answers:

        def loss(theta: np.ndarray, x: np.ndarray = x, yes: np.ndarray = yes) -> float:
            p = 0.01 + 0.98 * norm.cdf((x - theta[0]) / np.exp(theta[1]))
            return -float(np.log(np.where(yes, p, 1 - p)).sum())

        best = minimize(loss, np.array([np.median(x), 0.0]), method="Nelder-Mead").x
        out.append((float(best[0]), float(np.exp(best[1]))))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fits", type=int, default=432)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    answers = people(arguments.fits)
    fit_many([answers[0][0]], [answers[0][1]])
    plain(answers[:1])
    ours = timed(lambda: fit_many([a[0] for a in answers], [a[1] for a in answers]), arguments.repeats)
    theirs = timed(lambda: plain(answers), arguments.repeats)
    print(machine_line())
    print(f"{arguments.fits} fits with 95 % intervals: {ours}")
    print(f"{arguments.fits} plain fits without intervals (scipy Nelder-Mead): {theirs}")
    print(f"ratio of medians, plain to ours: {theirs.median / ours.median:.2f}")


if __name__ == "__main__":
    main()
