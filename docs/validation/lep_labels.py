"""Raw ratio against energy-adjusted slope on 29,437 real laser pulses: what energy drift does to habituation.

Run from the repository: ``PYTHONPATH=src python docs/validation/lep_labels.py FOLDER``, with `labels_combined.csv` (trial by
trial energy and pain rating of nine open data sets) in FOLDER. It rewrites ``docs/validation/lep_labels.md``.

The EEG of these sets is not in the table, so habituation is that of the *ratings*; they pass through the same functions
as the potentials do.
"""

from __future__ import annotations

import csv
import sys
import textwrap
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nociscope.assays.lep.habituation import slope
from nociscope.assays.lep.resample import ratio_of_means

PAGE = Path(__file__).with_suffix(".md")
FEWEST = 9

READING = """
What it shows. Where the energy was one for each person (ds005284, ds005286, ds005289, ds005291) adjusting changes
nothing. In ds005473 the energy fell by a tenth of a joule: without adjustment four people in five seem to habituate, with
it about half, and one sign in four turns. In ds005293 the energy rose by a third of a joule and part of the rise of the
ratings is the laser's; the rest stays, so in these ratings it is sensitisation. (The potentials of that set rise by the raw
ratio, 1.10, and fall by the adjusted slope, -0.17 % per pulse: they and the ratings part ways, which is one more reason to
report both.) Elsewhere the adjusted interval of a single person excludes 0 in half of the people or fewer: a slope without
its interval says little about one person.
"""


@dataclass(slots=True)
class Labels:
    """The labels of all sets, and what cannot be used of them.

    `sets`: set -> person -> array (n, 3) of order, energy and rating; `missing`, `zeros`: ratings per set that are
    missing or exactly 0; `first_zeros`: zeros given to a person's first pulse; `impossible`: set, person, number of the
    pulse, rating.
    """

    sets: dict[str, dict[str, np.ndarray]]
    total: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    zeros: Counter[str] = field(default_factory=Counter)
    first_zeros: int = 0
    impossible: list[tuple[str, str, int, float]] = field(default_factory=list)


def read_labels(folder: Path) -> Labels:
    by_person: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    labels = Labels(sets=defaultdict(dict))
    with (folder / "labels_combined.csv").open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            labels.total += 1
            place = (row["dataset"], row["subject"])
            order = len(by_person[place])
            energy = float(row["laser_power"]) if row["laser_power"] not in ("", "nan") else np.nan
            rating = float(row["rating"]) if row["rating"] not in ("", "nan") else np.nan
            labels.missing[place[0]] += bool(np.isnan(rating))
            labels.zeros[place[0]] += rating == 0
            labels.first_zeros += rating == 0 and order == 0
            if not np.isnan(rating) and not 0 <= rating <= 10:
                labels.impossible.append((*place, order + 1, rating))
                rating = np.nan
            by_person[place].append((order, energy, rating))
    for (dataset, person), rows in by_person.items():
        labels.sets[dataset][person] = np.array(rows)
    return labels


def ratings_in_words(labels: Labels) -> list[str]:
    """Return the paragraph on the rating scale, and on ratings that are missing, impossible or 0."""
    missing = ", ".join(f"{n:,} of {name}" for name, n in sorted(labels.missing.items()) if n)
    wrong = "; ".join(f"{r:g} ({dataset} {person}, pulse {k})" for dataset, person, k, r in labels.impossible)
    of_293 = labels.sets["ds005293"]
    with_gaps = sum(bool(np.isnan(rows[:, 2]).any()) for rows in of_293.values())
    pulses = sum(len(rows) for rows in of_293.values())
    share = 100 * labels.missing["ds005293"] / pulses
    scale = (
        "The scale of all nine sets: 0 none, 4 pain threshold, 6 moderate, 8 severe, 10 intolerable. So a 3 is a pulse that "
        "was felt and did not hurt, and a mean rating is no share of a largest pain."
    )
    wrong_ones = (
        f"{labels.total:,} pulses. Impossible ratings, left out with their pulse kept: {wrong}. Missing ratings: {missing}. In "
        f"ds005293 these are {share:.0f} % of {pulses:,} pulses, from {with_gaps} of {len(of_293)} people (of its 95 people "
        "sub-041 has no pulse in the table); the source does not say why, so its slopes hold for the rated pulses only. "
        f"Exactly 0 are {sum(labels.zeros.values())} ratings, {labels.first_zeros} of them of a person's first pulse; they are "
        "used as they stand. A person without a slope here has too few rated pulses, or ratings near 0 at the start."
    )
    return [textwrap.fill(scale, 118), "", textwrap.fill(wrong_ones, 118)]


def of_set(people: dict[str, np.ndarray]) -> dict[str, float]:
    """Return medians and shares over the people of a set."""
    ratios, raw, adjusted, drift, significant = [], [], [], [], 0
    for rows in people.values():
        order, energy, rating = rows.T
        good = np.isfinite(rating)
        if good.sum() < FEWEST or rating[good].mean() <= 0:
            continue
        third = len(rows) / 3
        first, last = rating[good & (order < third)], rating[good & (order >= 2 * third)]
        if len(first) < 3 or len(last) < 3 or first.mean() <= 0:
            continue
        ratio, _ = ratio_of_means(last, first)
        without = slope(rating, order, np.full(len(order), np.nan))
        within = slope(rating, order, energy)
        if without.interval.low is None or within.interval.low is None:  # not distinguishable from 0 at the start
            continue
        if without.percent_per_trial is None or within.percent_per_trial is None:
            continue
        ratios.append(ratio)
        raw.append(without.percent_per_trial)
        adjusted.append(within.percent_per_trial)
        drift.append(energy[order >= 2 * third].mean() - energy[order < third].mean())
        limits = within.interval
        significant += limits.low is not None and limits.high is not None and (limits.low > 0 or limits.high < 0)
    values = np.array(adjusted)
    return {
        "people": len(ratios),
        "drift": float(np.mean(drift)),
        "ratio": float(np.median(ratios)),
        "raw": float(np.median(raw)),
        "adjusted": float(np.median(values)),
        "raw_negative": float(100 * np.mean(np.array(raw) < 0)),
        "negative": float(100 * np.mean(values < 0)),
        "flips": float(100 * np.mean(np.sign(raw) != np.sign(values))),
        "sure": float(100 * significant / max(len(ratios), 1)),
    }


def page(folder: Path) -> str:
    labels = read_labels(folder)
    sets = labels.sets
    lines = [
        "# Energy drift and habituation: 29,437 real laser pulses",
        "",
        "Made by `docs/validation/lep_labels.py` from the trial-by-trial laser energies and pain ratings of nine open data",
        "sets (Zhao et al., Sci Data 2025;12:1536, CC0). The potentials themselves are not in the table, so this is the",
        "habituation of the *ratings*, computed by the functions that measure the potentials: ratio of the last to the",
        "first third of a person's pulses, slope over pulses, and slope adjusted for energy (both in % of the fitted value",
        "at the first pulse). Medians over people.",
        "",
        *ratings_in_words(labels),
        "",
        "| set | people | energy, last less first third (J) | ratio last/first | slope, not adjusted (%/pulse) | falling | "
        "slope, adjusted (%/pulse) | falling | sign changed by adjusting | adjusted interval excludes 0 |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in sorted(sets):
        f = of_set(sets[name])
        lines.append(
            f"| {name} | {f['people']:.0f} | {f['drift']:+.3f} | {f['ratio']:.3f} | {f['raw']:+.3f} | "
            f"{f['raw_negative']:.0f} % | {f['adjusted']:+.3f} | {f['negative']:.0f} % | {f['flips']:.0f} % | "
            f"{f['sure']:.0f} % |"
        )
    return "\n".join(lines) + "\n" + READING


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    text = page(Path(sys.argv[1]))
    print(text)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
