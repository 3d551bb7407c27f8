"""Whether the mechanism model is right: ranks, coverage, claims, the empty battery, and an independent sampler.

Run ``PYTHONPATH=src python docs/validation/mechanisms.py``; it writes the numbers into ``mechanisms.md`` (some minutes).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
from mechanisms_simulators import KEYS, KNOWN, PRIOR, K, People, T, from_bodies, from_model
from scipy import stats

from nociscope.mechanisms import model
from nociscope.mechanisms.laboratory import learn
from nociscope.mechanisms.observed import Visit
from nociscope.mechanisms.profile import Explainer, Mechanism
from nociscope.truth import MECHANISM_KEYS

BINS = 20
ASSAYS = sorted({t.assay for t in KNOWN.tests})
Simulator = Callable[..., People]


def visits(z: np.ndarray) -> list[Visit]:
    """Return people as visits; NaN is a test that was not done."""
    return [
        Visit(participant_id=f"sub-{i}", z={t: float(x) for t, x in enumerate(row) if np.isfinite(x)})
        for i, row in enumerate(z)
    ]


def with_gaps(rng: np.random.Generator, z: np.ndarray) -> np.ndarray:
    """Leave out each assay of each person with a probability of 0.3."""
    out = z.copy()
    for assay in ASSAYS:
        members = [i for i, t in enumerate(KNOWN.tests) if t.assay == assay]
        out[np.ix_(rng.random(len(z)) < 0.3, members)] = np.nan
    return out


def ranks(explainer: Explainer, people: People, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the rank of each true effective severity within its posterior, 0 to 1, ties broken at random: (N, K).

    The posterior of a mechanism that is absent with probability 1 - p is a point at 0, and for the rest the mixture over
    sets of mechanisms and of tests in error, each term of it by itself.
    """
    out = rng.random((len(z), K))
    for i, row in enumerate(z):
        for tests, mechanisms in explainer._components:
            its = tuple(t for t in tests if np.isfinite(row[t]))
            for column, k in enumerate(mechanisms):
                true = people.effective[i, k]
                if its:
                    group = explainer.group(its, mechanisms, frozenset())
                    taken = explainer.taken(its, row[None, list(its)])[0]
                    weight, mean, sd, states = terms(group, taken, PRIOR[list(mechanisms)], column)
                    on = states[:, column] > 0
                    absent = weight[~on].sum()
                    below = (weight[on] * stats.norm.cdf((true - mean[on]) / sd[on])).sum()
                else:
                    absent = 1 - PRIOR[k]
                    below = PRIOR[k] * stats.norm.cdf((true - model.SEVERITY_MEAN) / model.SEVERITY_SD)
                if true == 0:
                    out[i, k] = below + absent * out[i, k]
                else:
                    out[i, k] = below + absent * (true > 0)
    return out


def terms(
    group: model.Group, z: np.ndarray, priors: np.ndarray, column: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return weight, mean and SD of one severity in each set of mechanisms: the collapsed terms of the model."""
    fit = model.fit(group, z[None, :])
    weight = model.weights_of(fit.log_likelihood, group.states, priors)[0]
    return weight, fit.severity[0, :, column], fit.severity_sd[0, :, column], group.states


def rank_section(people: int) -> list[str]:
    """Check rank histograms and the coverage of the severity intervals."""
    rng = np.random.default_rng(101)
    drawn = from_model(rng, people)
    z = with_gaps(rng, drawn.z)
    place = ranks(Explainer(), drawn, z, rng)
    lines = ["| mechanism | chi-square p | 90 % central interval of the severity holds it |", "|---|---|---|"]
    expected = people / BINS
    for k, key in enumerate(MECHANISM_KEYS):
        counts = np.histogram(place[:, k], BINS, (0, 1))[0]
        p = stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), BINS - 1)
        inside = ((place[:, k] > 0.05) & (place[:, k] < 0.95)).mean()
        lines.append(f"| {key} | {p:.3f} | {100 * inside:.1f} % |")
    counts = np.histogram(place.ravel(), BINS, (0, 1))[0]
    p = stats.chi2.sf(((counts - expected * K) ** 2 / (expected * K)).sum(), BINS - 1)
    inside = ((place > 0.05) & (place < 0.95)).mean()
    lines.append(f"| all {K * people:,} ranks | {p:.3f} | {100 * inside:.1f} % |")
    return lines


def coverage_section(people: int) -> list[str]:
    """Check the printed interval of the severity of mechanisms that are present."""
    rng = np.random.default_rng(102)
    drawn = from_model(rng, people, np.full(K, 0.5))
    profiles = Explainer(priors=dict.fromkeys(MECHANISM_KEYS, 0.5)).explain(visits(with_gaps(rng, drawn.z)))
    lines = ["| mechanism | people who have it | interval holds the severity |", "|---|---|---|"]
    all_hits: list[bool] = []
    for k, key in enumerate(MECHANISM_KEYS):
        have = np.flatnonzero(drawn.present[:, k])
        hits = [profiles[i][k].severity_low <= drawn.effective[i, k] <= profiles[i][k].severity_high for i in have]
        all_hits += hits
        lines.append(f"| {key} | {len(have)} | {100 * np.mean(hits):.1f} % |")
    lines.append(f"| all | {len(all_hits)} | {100 * np.mean(all_hits):.1f} % |")
    return lines


WORSE: dict[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    "clean": lambda rng, z: z,
    "5 % gross outliers (SD 4)": lambda rng, z: z + (rng.random(z.shape) < 0.05) * rng.normal(0, 4, z.shape),
    "local noise x 1.4": lambda rng, z: z + rng.normal(0, np.sqrt(1.4**2 - 1), z.shape),
    "offset +0.5 SD": lambda rng, z: z + 0.5,
    "offset -0.5 SD": lambda rng, z: z - 0.5,
    "prevalence 0.4 x assumed": lambda rng, z: z,
}


def claims(simulator: Simulator, name: str, labs: int, n: int, controls: int) -> list[list[tuple[Mechanism, bool]]]:
    """Return what is said of whom, with whether it is true, over several laboratories."""
    rng = np.random.default_rng(103)
    prior = PRIOR * (0.4 if name.startswith("prevalence") else 1.0)
    out: list[list[tuple[Mechanism, bool]]] = []
    for _ in range(labs):
        patients, healthy = simulator(rng, n, prior), simulator(rng, max(controls, 1), np.zeros(K))
        z, own = WORSE[name](rng, patients.z), WORSE[name](rng, healthy.z)
        explainer = Explainer(laboratory=learn(own) if controls else None)
        for profile, present in zip(explainer.explain(visits(z)), patients.present, strict=True):
            out.append([(m, bool(p)) for m, p in zip(profile, present, strict=True)])
    return out


def claims_section(labs: int, n: int) -> list[str]:
    """Check how often what is said with more than 0.9 is true."""
    lines = [
        "| simulator | condition | local controls | claims | true | 95 % interval | true where the whole prior range "
        "gives > 0.9 | flagged visits |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for simulator, title in ((from_model, "model"), (from_bodies, "second")):
        for name, controls in product(WORSE, (10, 0)):
            found = claims(simulator, name, labs, n, controls)
            said = [p for profile in found for m, p in profile if m.posterior > 0.9]
            sure = [p for profile in found for m, p in profile if m.posterior_low > 0.9]
            flagged = np.mean([any(m.flag for m, _ in profile) for profile in found])
            low, high = stats.beta(sum(said) + 0.5, len(said) - sum(said) + 0.5).ppf([0.025, 0.975])
            lines.append(
                f"| {title} | {name} | {controls or 'none'} | {len(said)} | **{np.mean(said):.3f}** | {low:.3f}-{high:.3f} "
                f"| {np.mean(sure):.3f} of {len(sure)} | {100 * flagged:.0f} % |"
            )
            print(lines[-1], flush=True)
    return lines


def empty_section() -> list[str]:
    """Check that no test, and tests of something else, give the prior."""
    nobody = Explainer().explain([Visit(participant_id="sub-none")])[0]
    worst = max(abs(m.posterior - KNOWN.priors[m.mechanism].prior) for m in nobody)
    elsewhere = Explainer().explain([Visit(participant_id="sub-labs", z={KEYS.index("sil2r"): 3.0})])[0]
    worst_other = max(
        abs(m.posterior - KNOWN.priors[m.mechanism].prior) for m in elsewhere if m.mechanism != "immune_activation"
    )
    linked = Explainer().explain([Visit(participant_id="sub-leg", z={KEYS.index("leg_ienfd"): -3.0})])[0]
    summed = next(m for m in linked if m.mechanism == "central_gain")
    by_sum = abs(summed.posterior - KNOWN.priors["central_gain"].prior)
    return [
        f"No test: largest difference of posterior and prior {worst:.1e}. "
        f"A test of another mechanism: {worst_other:.1e}. A mechanism that is summed together with another one, whose "
        f"tests alone were done: {by_sum:.1e}, likelihood ratio 1 {summed.likelihood_ratio - 1:+.1e}."
    ]


# --- an independent sampler --------------------------------------------------------------------------------------


def blocks() -> list[tuple[list[int], list[int]]]:
    """Return tests and mechanisms that hang together, by following the tables anew."""
    left, out = set(range(T)), []
    while left:
        tests, mechanisms = {left.pop()}, set()
        while True:
            more = {k for k in range(K) if any(KNOWN.shift[t, k] or KNOWN.se[t, k] for t in tests)}
            linked = {t for t in left if any(KNOWN.residual[t, u] for u in tests)}
            linked |= {t for t in left if any(KNOWN.shift[t, k] or KNOWN.se[t, k] for k in more)}
            mechanisms |= more
            if not linked:
                break
            tests |= linked
            left -= linked
        out.append((sorted(tests), sorted(mechanisms)))
    return out


def importance(z: np.ndarray, tests: list[int], mechanisms: list[int], rng: np.random.Generator, draws: int):
    """Return mean, SD and effective sample size of each effective severity by plain importance sampling.

    Drawn: which mechanisms are present (even odds), how severe (half from the prior, half from a wide normal), and which
    tests are in error (more often where z is large). Any number of tests may be in error.
    """
    k, m = len(mechanisms), len(tests)
    on = rng.random((draws, k)) < 0.5
    wide = rng.random((draws, k)) < 0.5
    severity = np.where(wide, rng.normal(1.2, 1.2, (draws, k)), rng.normal(1, 0.5, (draws, k)))
    chance = np.where(np.abs(z) > 2.2, 0.3, 0.03)
    error = rng.random((draws, m)) < chance
    prior = PRIOR[mechanisms]
    q = model.OUTLIER_PROBABILITY
    log_weight = np.where(on, np.log(prior / 0.5), np.log((1 - prior) / 0.5)).sum(1)
    narrow = stats.norm.pdf(severity, 1, 0.5)
    log_weight += np.log(narrow / (0.5 * narrow + 0.5 * stats.norm.pdf(severity, 1.2, 1.2))).sum(1)
    log_weight += np.where(error, np.log(q / chance), np.log((1 - q) / (1 - chance))).sum(1)
    effective = on * severity
    residual = z - effective @ KNOWN.shift[np.ix_(tests, mechanisms)].T
    code = np.concatenate([on, error], axis=1)
    kinds, which = np.unique(code, axis=0, return_inverse=True)
    which = which.ravel()
    variance = kinds[:, :k] @ (KNOWN.se[np.ix_(tests, mechanisms)] ** 2).T + kinds[:, k:] * model.OUTLIER_VARIANCE
    covariance = KNOWN.residual[np.ix_(tests, tests)] + variance[:, None, :] * np.eye(m)
    inverse, logdet = np.linalg.inv(covariance), np.linalg.slogdet(covariance)[1]
    order = np.argsort(which, kind="stable")
    starts = np.searchsorted(which[order], np.arange(len(kinds) + 1))
    square = np.empty(draws)
    for i in range(len(kinds)):
        rows = order[starts[i] : starts[i + 1]]
        square[rows] = np.einsum("ni,ij,nj->n", residual[rows], inverse[i], residual[rows])
    log_weight += -0.5 * square - 0.5 * logdet[which]
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mean = weight @ effective
    sd = np.sqrt(weight @ (effective - mean) ** 2)
    return mean, sd, 1 / (weight**2).sum()


def sampler_section(people: int, draws: int) -> list[str]:
    """Compare posterior means of the effective severity with those of the importance sampler, person by person."""
    rng = np.random.default_rng(104)
    drawn = from_model(rng, people)
    explainer = Explainer()
    worst = np.zeros((people, K))
    sizes = np.full((people, K), np.inf)
    for tests, mechanisms in blocks():
        group = explainer.group(tuple(tests), tuple(mechanisms), frozenset())
        z = explainer.taken(tuple(tests), drawn.z[:, tests])
        fit = model.fit(group, z)
        weight = model.weights_of(fit.log_likelihood, group.states, PRIOR[mechanisms])
        exact = np.einsum("ns,nsk,sk->nk", weight, fit.severity, group.states)
        for i in range(people):
            mean, sd, size = importance(z[i], tests, mechanisms, rng, draws)
            worst[i, mechanisms] = np.abs(mean - exact[i]) / np.maximum(sd, 1e-3)
            sizes[i, mechanisms] = size
    return [
        f"{people} people with all {T} tests, {draws:,} draws each: largest difference of the posterior means over all people "
        f"and mechanisms **{worst.max():.3f}** posterior SD, 99th centile {np.quantile(worst, 0.99):.3f}, median "
        f"{np.median(worst):.4f} (an SD below 0.001 counts as 0.001). Smallest effective sample {sizes.min():.0f}, "
        f"1st centile {np.quantile(sizes, 0.01):.0f}."
    ]


def put(page: Path, name: str, lines: list[str]) -> None:
    """Write a section between its marks."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, rest = page.read_text(encoding="utf-8").split(start)
    body = "\n".join(lines)
    page.write_text(f"{before}{start}{body}\n{end}{rest.split(end)[1]}", encoding="utf-8")


def main() -> None:
    """Write the sections."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true", help="a quick try that does not write")
    parser.add_argument("sections", nargs="*", help="empty, ranks, coverage, sampler, claims; all when none is named")
    options = parser.parse_args()
    small = options.small
    made: dict[str, Callable[[], list[str]]] = {
        "empty": empty_section,
        "ranks": lambda: rank_section(100 if small else 1000),
        "coverage": lambda: coverage_section(200 if small else 4000),
        "sampler": lambda: sampler_section(10 if small else 300, 20_000 if small else 150_000),
        "claims": lambda: claims_section(2 if small else 40, 100 if small else 150),
    }
    for name in options.sections or made:
        lines = made[name]()
        print("\n".join(["", f"## {name}", *lines]), flush=True)
        if not small:
            put(Path(__file__).with_suffix(".md"), name, lines)


if __name__ == "__main__":
    main()
