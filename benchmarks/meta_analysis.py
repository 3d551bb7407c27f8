"""How long meta-analyses take on one core, beside statsmodels and PyMARE in the same run.

Run: ``OMP_NUM_THREADS=1 python benchmarks/meta_analysis.py [--sets 100000] [--repeats 5]``. PyMARE is optional
(``pip install pymare``); what is not installed is left out by name.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _machine import machine_line, timed

from nociscope.evidence.heterogeneity import intercept
from nociscope.evidence.many import dersimonian_laird_many
from nociscope.evidence.model import fit_model
from nociscope.evidence.pooling import pool
from nociscope.evidence.reading import read_effects
from nociscope.evidence.studies import read_studies

BCG = Path(__file__).parents[1] / "tests/evidence/reference/data/colditz1994.csv"
INNER = 50
"""Single fits are timed in batches, so that the clock's grain does not show."""


def per_call(function: Callable[[], object], repeats: int) -> float:
    """Return the median milliseconds of one call."""
    function()

    def batch() -> None:
        for _ in range(INNER):
            function()

    return timed(batch, repeats).median / INNER * 1e3


def single(repeats: int) -> None:
    table = read_studies(BCG)
    effects = read_effects(table, "rr")
    y, v, x = effects.yi, effects.vi, intercept(effects.k)
    ours = {m: per_call(lambda m=m: fit_model(y, v, x, tau2=m), repeats) for m in ("REML", "DL")}
    print(f"13 studies, REML fit with interval: {ours['REML']:.3f} ms; DL: {ours['DL']:.3f} ms")
    whole = per_call(lambda: pool(table, "rr").to_dict(), repeats)
    print(f"13 studies, pool(REML, Hartung-Knapp, Q-profile, prediction) from the table to JSON: {whole:.3f} ms")
    proportions = {"events": table.numbers("events"), "n": table.numbers("n")}
    print(f"13 proportions, binomial-normal: {per_call(lambda: pool(proportions, model='glmm'), repeats):.3f} ms")
    try:
        from statsmodels.stats.meta_analysis import combine_effects

        theirs = per_call(lambda: combine_effects(y, v, method_re="dl"), repeats)
        print(f"statsmodels DL: {theirs:.3f} ms; ratio to ours {theirs / ours['DL']:.2f}")
        theirs = per_call(lambda: combine_effects(y, v, method_re="iterated"), repeats)
        pm = per_call(lambda: fit_model(y, v, x, tau2="PM"), repeats)
        print(f"statsmodels PM: {theirs:.3f} ms; ours {pm:.3f} ms; ratio {theirs / pm:.2f}")
    except ImportError:
        print("statsmodels is not installed")
    try:
        from pymare import Dataset
        from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator
    except ImportError:
        print("PyMARE is not installed")
        return
    data = Dataset(y=y[:, None], v=v[:, None], X=x, add_intercept=False)
    theirs = per_call(lambda: VarianceBasedLikelihoodEstimator(method="REML").fit_dataset(data).summary(), repeats)
    print(f"PyMARE REML: {theirs:.3f} ms; ratio to ours {theirs / ours['REML']:.2f}")
    theirs = per_call(lambda: DerSimonianLaird().fit_dataset(data).summary(), repeats)
    print(f"PyMARE DL: {theirs:.3f} ms; ratio to ours {theirs / ours['DL']:.2f}")


def many(sets: int, repeats: int) -> None:
    rng = np.random.default_rng(1)
    v = rng.uniform(0.01, 0.5, (sets, 13))
    y = rng.normal(0.3, np.sqrt(v + 0.1))
    ours = timed(lambda: dersimonian_laird_many(y, v), repeats)
    print(f"{sets:,} DL analyses of 13 studies, with intervals, Q and I²: {ours}")
    try:
        from pymare import Dataset
        from pymare.estimators import DerSimonianLaird
    except ImportError:
        return
    data = Dataset(y=np.ascontiguousarray(y.T), v=np.ascontiguousarray(v.T), X=np.ones((13, 1)), add_intercept=False)
    theirs = timed(lambda: DerSimonianLaird().fit_dataset(data).summary().get_fe_stats(), repeats)
    print(f"PyMARE, the same (estimates, SE, intervals): {theirs}; ratio {theirs.median / ours.median:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    print(machine_line())
    single(arguments.repeats)
    many(arguments.sets, arguments.repeats)


if __name__ == "__main__":
    main()
