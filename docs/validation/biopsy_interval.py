"""Coverage of the interval of a fibre density, by simulation.

Run ``python docs/validation/biopsy_interval.py`` from the checkout with the package installed; it writes
``biopsy_interval.md`` beside itself. About two minutes on one core.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.special import gammaincinv
from scipy.stats import t as student

from nociscope.assays.biopsy.interval import rate

DRAWS = 20_000
SECTIONS = (2, 3, 4, 6)
DENSITIES = (2.0, 8.0)
SPREADS = (0.0, 0.1, 0.2, 0.3, 0.4)
MEAN_MM = 2.9

Array = np.ndarray
Rule = Callable[[Array, int], Array]


def draw(rng: np.random.Generator, k: int, density: float, spread: float, n: int) -> tuple[Array, Array]:
    """Return counts and lengths, shape (n, k): gamma densities between sections, Poisson counts within."""
    lengths = rng.uniform(2.2, 3.6, (n, k))
    true = density * (rng.gamma(spread**-2, spread**2, (n, k)) if spread else np.ones((n, k)))
    return rng.poisson(true * lengths), lengths


def chi_squared(counts: Array, lengths: Array) -> Array:
    """Return Pearson's chi-squared of each biopsy, shape (n,)."""
    pooled = counts.sum(1, keepdims=True) / lengths.sum(1, keepdims=True)
    expected = np.maximum(pooled * lengths, 1e-12)
    return np.where(counts.sum(1) > 0, ((counts - expected) ** 2 / expected).sum(1), 0.0)


def interval(counts: Array, lengths: Array, phi: Array) -> tuple[Array, Array]:
    """Return the ends of the gamma interval for given dispersions."""
    total, length = counts.sum(1), lengths.sum(1)
    shape = total / phi + 0.5
    low = np.where(total == 0, 0.0, gammaincinv(shape, 0.025) * phi / length)
    return low, gammaincinv(shape, 0.975) * phi / length


RULES: dict[str, Rule] = {
    "Poisson alone": lambda x, k: np.ones_like(x),
    "shrunk, 2 degrees": lambda x, k: np.maximum(1, (2 + x) / (2 + k - 1)),
    "**used**": lambda x, k: np.maximum(1, x / (k - 1)),
    "excess times Student": lambda x, k: (
        1 + (np.maximum(1, x / (k - 1)) - 1) * (student.ppf(0.975, k - 1) / 1.959964) ** 2
    ),
}


def check_same_as_package(rng: np.random.Generator) -> None:
    """Make sure that the rule called “used” is what the package computes."""
    counts, lengths = draw(rng, 3, 5.0, 0.2, 200)
    low, high = interval(counts, lengths, RULES["**used**"](chi_squared(counts, lengths), 3))
    for c, length, a, b in zip(counts, lengths, low, high, strict=True):
        found = rate(c.tolist(), length.tolist())
        if not (np.isclose(found.low, a) and np.isclose(found.high, b)):
            raise SystemExit("the package's interval is not the one that is validated")


def main() -> None:
    """Write the page."""
    rng = np.random.default_rng(20240601)
    check_same_as_package(rng)
    lines = []
    for k in SECTIONS:
        for density in DENSITIES:
            for spread in SPREADS:
                counts, lengths = draw(rng, k, density, spread, DRAWS)
                x = chi_squared(counts, lengths)
                cells = []
                for rule in RULES.values():
                    low, high = interval(counts, lengths, rule(x, k))
                    inside = float(((low <= density) & (density <= high)).mean())
                    cells.append(f"{100 * inside:.1f} ({float((high - low).mean()):.1f})")
                true_phi = 1 + spread**2 * density * MEAN_MM
                lines.append(f"| {k} | {density:g} | {spread:g} | {true_phi:.2f} | {' | '.join(cells)} |")
    page = Path(__file__).with_suffix(".md")
    text = page.read_text(encoding="utf-8")
    start, end = "<!-- table -->\n", "<!-- end of table -->"
    head = f"| sections | density /mm | spread | true dispersion | {' | '.join(RULES)} |\n"
    head += f"|{'---|' * (4 + len(RULES))}\n"
    before, rest = text.split(start)
    table = "\n".join(lines)
    page.write_text(f"{before}{start}{head}{table}\n{end}{rest.split(end)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
