"""The public yes/no thermal trials of healthy people and people with diabetic polyneuropathy."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from nociscope.assays.qst.psychometric import Fit, fit_many

CONDITIONS = {"1": "cdt", "2": "wdt", "3": "cpt", "4": "hpt"}
LEFT_OUT = {"3019"}  # by the authors of the data


@pytest.fixture(scope="module")
def fits(shared_data: Path) -> tuple[dict[tuple[str, str], Fit], dict[str, float]]:
    groups: dict[tuple[str, str], tuple[list[float], list[bool]]] = {}
    with open(shared_data / "thermal_qst" / "aggregated_results.csv", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["subject"] not in LEFT_OUT and row["response"] in ("0", "1", "0.0", "1.0"):
                x, yes = groups.setdefault((CONDITIONS[row["condition"]], row["subject"]), ([], []))
                x.append(float(row["recorded_intensity"]))
                yes.append(float(row["response"]) == 1.0)
    with open(shared_data / "thermal_qst" / "demographics.csv", encoding="utf-8") as stream:
        ages = {row["ID"]: float(row["age"]) for row in csv.DictReader(stream)}
    found = fit_many([g[0] for g in groups.values()], [g[1] for g in groups.values()])
    return dict(zip(groups, found, strict=True)), ages


def auc(patients: list[float], healthy: list[float]) -> float:
    """Return the chance that a patient's value is the larger one."""
    p, h = np.array(patients)[:, None], np.array(healthy)[None, :]
    return float(((p > h) + 0.5 * (p == h)).mean())


def values(fits: dict[tuple[str, str], Fit], code: str, name: str, people: list[str]) -> list[float]:
    found = [getattr(fits[code, s], name) for s in people]
    return [float(v) for v in found if v is not None]


def test_everyone_is_fitted(fits) -> None:
    found, _ = fits
    assert len(found) == 4 * 108
    assert all(f.threshold is not None for f in found.values())


def test_cold_detection_precision_discriminates_best_and_heat_pain_does_not(fits) -> None:
    """The direction of the authors' result (https://doi.org/10.1101/2025.09.22.677851).

    An independent plain fit gave AUC 0.697 (0.593-0.794) for the cold threshold, 0.627 against healthy people of 47
    years and more, 0.746 for its slope and 0.496 for heat pain.
    """
    found, ages = fits
    people = sorted({s for _, s in found})
    patients = [s for s in people if s >= "5000"]
    healthy = [s for s in people if s < "5000"]
    older = [s for s in healthy if ages[s] >= 47]
    assert (len(patients), len(healthy), len(older)) == (33, 75, 41)
    cold = auc(values(found, "cdt", "threshold", patients), values(found, "cdt", "threshold", healthy))
    cold_older = auc(values(found, "cdt", "threshold", patients), values(found, "cdt", "threshold", older))
    heat_pain = auc(values(found, "hpt", "threshold", patients), values(found, "hpt", "threshold", healthy))
    slope = 1 - auc(values(found, "cdt", "slope", patients), values(found, "cdt", "slope", healthy))
    assert 0.593 <= cold <= 0.794
    assert cold_older < cold
    assert 0.378 <= heat_pain <= 0.621
    assert slope > cold
    assert slope == pytest.approx(0.746, abs=0.03)
