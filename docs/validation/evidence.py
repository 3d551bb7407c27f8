"""Compare the pooling library with stored values of R, and its intervals with the truth of simulated studies.

Run: python docs/validation/evidence.py [--sets 2000]; needs a checkout, because the stored values lie with the tests.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.evidence.test_reference import CASES, TOLERANCE, expected_values, look_up, ours

from nociscope.evidence.pooling import Options, estimate_of
from nociscope.evidence.reading import read_effects
from nociscope.evidence.studies import as_studies
from nociscope.problems import BadInput

WORDS = {
    "closed": "closed forms (DL, HE, HS, SJ, common effect, Mantel-Haenszel, Peto, effect sizes)",
    "iterative": "iterative (ML, REML, EB, PM, Q-profile, Hartung-Knapp on REML, regression, trim-and-fill, three levels)",
    "glmm": "binomial-normal models",
    "dta": "bivariate accuracy",
}


def agreement() -> None:
    worst: dict[str, tuple[float, str]] = defaultdict(lambda: (0.0, ""))
    count: dict[str, int] = defaultdict(int)
    sets: dict[str, set[str]] = defaultdict(set)
    for name, case in CASES.items():
        record = ours(case)
        for quantity, value in expected_values()[name].items():
            difference = abs(look_up(record, quantity) - value) / max(1.0, abs(value))
            count[case["kind"]] += 1
            sets[case["kind"]].add(case["data"])
            worst[case["kind"]] = max(worst[case["kind"]], (difference, f"{name}, {quantity}"))
    print("| kind | data sets | values | tolerance | largest difference | where |\n|---|---|---|---|---|---|")
    for kind, words in WORDS.items():
        difference, where = worst[kind]
        print(f"| {words} | {len(sets[kind])} | {count[kind]} | {TOLERANCE[kind]:g} | {difference:.1e} | {where} |")


METHODS = {
    "raw, DL, z": {"transform": "raw", "tau2": "DL", "interval": "z"},
    "Freeman-Tukey, DL, z": {"transform": "freeman-tukey", "tau2": "DL", "interval": "z"},
    "logit, REML, z": {"transform": "logit", "interval": "z"},
    "**logit, REML, hk** (default)": {"transform": "logit"},
    "binomial-normal, z": {"model": "glmm", "prediction": "t1"},
    "binomial-normal, t": {"model": "glmm", "interval": "t", "prediction": "t1"},
}


def one(rng: np.random.Generator, k: int, tau: float, centre: float) -> tuple[dict[str, np.ndarray], float]:
    n = rng.integers(15, 120, k)
    p = 1 / (1 + np.exp(-(centre + tau * rng.normal(size=k + 1))))
    return {"events": rng.binomial(n, p[:k]), "n": n}, float(p[k])


def coverage(sets: int) -> None:
    print("| k | tau | method | median in interval | next study in prediction interval | width, points |")
    print("|---|---|---|---|---|---|")
    for k in (3, 5, 10):
        for tau in (0.0, 0.5, 1.0):
            rng = np.random.default_rng(7)
            centre = float(np.log(0.4 / 0.6))
            drawn = [one(rng, k, tau, centre) for _ in range(sets)]
            for name, options in METHODS.items():
                print(f"| {k} | {tau:g} | {name} | {line(drawn, options)} |")


def line(drawn: list[tuple[dict[str, np.ndarray], float]], options: dict[str, str]) -> str:
    chosen = Options(measure="proportion", **options).settled()
    inside, following, widths = [], [], []
    for table, new in drawn:
        effects = read_effects(as_studies(table), "proportion", chosen.transform)
        try:
            e = estimate_of(effects, chosen)
        except BadInput:
            inside.append(False)
            continue
        low, high = effects.natural(np.array([e.low, e.high]))
        inside.append(low <= 0.4 <= high)
        widths.append(100 * (min(high, 1) - max(low, 0)))
        if e.prediction is not None:
            a, b = effects.natural(np.array(e.prediction))
            following.append(a <= new <= b)
    return f"{100 * np.mean(inside):.1f} % | {100 * np.mean(following):.1f} % | {np.median(widths):.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=2000)
    arguments = parser.parse_args()
    agreement()
    print()
    coverage(arguments.sets)


if __name__ == "__main__":
    main()
