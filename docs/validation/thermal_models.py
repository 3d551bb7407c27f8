"""How far the group figures of the thermal example depend on the psychometric model; writes thermal_models.md.

    python docs/validation/thermal_models.py

The same 15,120 answers are fitted by a handful of models that a careful person could have chosen, each by a plain
optimiser independent of the program, and the group figures are compared with those of `nociscope run`.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.stats import norm

from nociscope.assays.qst import ASSAY
from nociscope.cohort.compare import auc, rank_correlation
from nociscope.study import open_study

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "examples" / "thermal_study"))
import make_study  # noqa: E402

HEAD = """# The thermal example under other models

The group figures of [`examples/thermal_study`](../../examples/thermal_study/README.md) rest on one psychometric model.
This page, made by `docs/validation/thermal_models.py`, fits the same answers by other defensible ones, with a plain
optimiser that shares no code with the program, and shows how far the figures move. AUC: area under the curve, 33 people
with neuropathy against 75 healthy people ("47+": against the 41 of 47 years or more). Correlations: rank, healthy
people, age held constant.

"""


@dataclass(frozen=True)
class Model:
    """A cumulative normal with a fixed lapse rate and a normal prior on the log of its width."""

    title: str
    lapse: float
    prior_sd: float
    prior_centre: float = float(np.log(1.5))
    bounds: tuple[float, float] | None = None

    def fit(self, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
        """Return threshold and width by maximum a posteriori from six starts."""

        def cost(p: np.ndarray) -> float:
            q = self.lapse + (1 - 2 * self.lapse) * norm.cdf((x - p[0]) / np.exp(p[1]))
            q = np.clip(q, 1e-9, 1 - 1e-9)
            prior = 0.5 * ((p[1] - self.prior_centre) / self.prior_sd) ** 2
            return float(prior - (y * np.log(q) + (1 - y) * np.log(1 - q)).sum())

        starts = [(a, b) for a in np.percentile(x, [20, 50, 80]) for b in (-0.5, 1.0)]
        limits = [self.bounds or (None, None), (-5, 4)]
        best = min((minimize(cost, s, method="L-BFGS-B", bounds=limits) for s in starts), key=lambda r: r.fun)
        return float(best.x[0]), float(np.exp(best.x[1]))


MODELS = (
    Model("no lapse, weak prior on the width", 0.0, 1.0),
    Model("lapse 0.02, weak prior", 0.02, 1.0),
    Model("lapse 0.05, weak prior", 0.05, 1.0),
    Model("no lapse, weaker prior", 0.0, 2.0),
    Model("no lapse, weak prior, threshold held within 0 to 30", 0.0, 1.0, bounds=(0.0, 30.0)),
    Model(
        "no lapse, prior centred on a width of 4.5, within 0 to 30", 0.0, 1.0, prior_centre=1.5, bounds=(0.0, 30.0)
    ),
)

COLUMNS = (
    "model",
    "AUC cold slope",
    "AUC cold threshold",
    "47+",
    "AUC warm threshold",
    "AUC heat pain",
    "cold pain v heat pain",
    "cold v warm detection",
)
INDEPENDENT = ("0.746", "0.697", "0.627", "0.694", "0.496", "0.56", "0.13")
"""What another fit of these data gave, made before this program and without it; its code is not public."""

Fits = dict[tuple[str, str], tuple[float, float]]


def answers() -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """Return (person, parameter) -> intensities and answers."""
    rows = defaultdict(list)
    for person, trials in make_study.trials_by_person().items():
        for trial in trials:
            if trial[7] != "n/a" and person not in make_study.LEFT_OUT:
                rows[person, trial[2]].append((float(trial[4]), float(trial[7] == "yes")))
    return {key: (np.array(v)[:, 0], np.array(v)[:, 1]) for key, v in rows.items()}


def figures(fits: Fits, people: dict[str, dict[str, str]]) -> list[str]:
    """Return the cells of one row; thresholds are magnitudes of the step."""
    ids = sorted({person for person, _ in fits})
    patients = [p for p in ids if people[p]["group"] == "5"]
    healthy = [p for p in ids if people[p]["group"] != "5"]
    older = [p for p in healthy if float(people[p]["age"]) >= 47]
    ages = [float(people[p]["age"]) for p in healthy]

    def pick(code: str, who: list[str], index: int = 0) -> list[float]:
        return [fits[p, code][index] for p in who]

    def area(code: str, who: list[str], index: int = 0) -> str:
        return f"{auc(pick(code, patients, index), pick(code, who, index)).value:.3f}"

    return [
        area("cdt", healthy, 1),
        area("cdt", healthy),
        area("cdt", older),
        area("wdt", healthy),
        area("hpt", healthy),
        f"{rank_correlation(pick('cpt', healthy), pick('hpt', healthy), ages).value:.2f}",
        f"{rank_correlation(pick('cdt', healthy), pick('wdt', healthy), ages).value:.2f}",
    ]


def program_fits(folder: Path) -> Fits:
    """Return what nociscope measures, as magnitudes of the step and widths."""
    make_study.write_study(folder)
    fits: Fits = {}
    for person, visits in open_study(folder).visits.items():
        settings = ASSAY.settings()
        values = {r.measure: r for r in ASSAY.measure(ASSAY.read(visits[0], settings), settings)}
        for code in ("cdt", "wdt", "cpt", "hpt"):
            value, slope = values[code].value, values[f"{code}_slope"].value
            if value is None:
                raise SystemExit(f"{person} {code}: no value")
            step = abs(value - make_study.BASELINE_C) if code in ("cpt", "hpt") else value
            # All answers "no" leave the width open; no figure of this page uses the width of such a task.
            fits[person.removeprefix("sub-"), code] = (step, 1 / slope if slope else float("nan"))
    return fits


def main() -> None:
    """Fit, compare, write the page."""
    import tempfile

    people = {row["ID"]: row for row in csv.DictReader((make_study.DATA / "demographics.csv").open(encoding="utf-8"))}
    with tempfile.TemporaryDirectory() as folder:
        ours = figures(program_fits(Path(folder) / "study"), people)
    rows = [["**nociscope** (thresholds never leave the intensities given)", *ours]]
    data = answers()
    for model in MODELS:
        rows.append([model.title, *figures({key: model.fit(*xy) for key, xy in data.items()}, people)])
    rows.append(["an earlier independent fit, weak prior", *INDEPENDENT])
    lines = [
        "| " + " | ".join(COLUMNS) + " |",
        "|---" * len(COLUMNS) + "|",
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
    page = HEAD + "\n".join(lines) + TAIL
    (Path(__file__).with_suffix(".md")).write_text(page, encoding="utf-8")
    print("\n".join(lines))


TAIL = """

What follows. Every model says the same: the slope of cold detection separates best, cold and warm thresholds less, heat
pain not at all. The second decimal belongs to the model, not to the data: with 30 answers a person the slope's AUC moves
by 0.06 with the model's treatment of lapses and of the range alone, while its 95 % interval is 0.2 wide. Nothing in the
program was fitted to these figures.
"""

if __name__ == "__main__":
    main()
