"""Virtual laboratory values."""

from __future__ import annotations

import numpy as np

from nociscope.assays.labs.read import LABS
from nociscope.truth import Simulated, TrueValue, Truth
from nociscope.tsv import Value

# Made up for demonstration: limits and spreads are round figures, not those of any laboratory.
_PANEL: tuple[tuple[str, str, float, float, float | None, float | None, int], ...] = (
    ("hba1c", "%", 5.4, 0.05, None, 6.0, 1),
    ("b12", "pmol/L", 330.0, 0.25, 145.0, 570.0, 0),
    ("tsh", "m[IU]/L", 1.9, 0.35, 0.4, 4.2, 2),
    ("crp", "mg/L", 1.8, 0.7, None, 5.0, 1),
)
_SIL2R_MEDIAN, _SIL2R_SPREAD, _SIL2R_LIMIT = 420.0, 0.25, 800.0


def simulate(truth: Truth, seed: int) -> Simulated:
    """Return laboratory values of a virtual person.

    Parameters
    ----------
    truth : Truth
        `immune_activation` raises sIL-2R.
    seed : int

    Returns
    -------
    Simulated
        Rows of ``labs``; the true value is that of sIL-2R as printed.
    """
    rng = np.random.default_rng(seed)
    raised = float(np.exp(1.0 * truth.of("immune_activation")))
    sil2r = round(_SIL2R_MEDIAN * raised * float(np.exp(rng.normal(0, _SIL2R_SPREAD))), 0)
    rows: list[dict[str, Value]] = [
        {"analyte": "sil2r", "value": sil2r, "unit": "U/mL", "upper_limit": _SIL2R_LIMIT, "method": "immunoassay"}
    ]
    for name, unit, median, spread, low, high, decimals in _PANEL:
        value = round(median * float(np.exp(rng.normal(0, spread))), decimals)
        rows.append({"analyte": name, "value": value, "unit": unit, "lower_limit": low, "upper_limit": high})
    return Simulated(
        rows={LABS.name: tuple(rows)}, true_values=(TrueValue(measure="sil2r", value=sil2r, method="immunoassay"),)
    )
