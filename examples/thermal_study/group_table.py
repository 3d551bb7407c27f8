"""Print the group table of the thermal study from the results of a run.

    python examples/thermal_study/make_study.py STUDY
    nociscope run STUDY OUT
    python examples/thermal_study/group_table.py STUDY OUT

For each quantity: medians by group, the area under the curve for telling people with neuropathy from healthy people
(0.5 is chance, 1 is perfect), and the same against healthy people of 47 years or more, the age at which the patients
begin. An age-blind comparison flatters every test, because the patients are older.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from nociscope.cohort.compare import Estimate, auc, rank_correlation
from nociscope.files import read_text
from nociscope.tsv import parse_number, split_tsv

YOUNGEST_PATIENT = 47

# (title, measure, whether patients are expected to be higher)
ROWS = (
    ("cold detection threshold", "cdt", True),
    ("cold detection slope", "cdt_slope", False),
    ("warm detection threshold", "wdt", True),
    ("warm detection slope", "wdt_slope", False),
    ("cold pain threshold", "cpt", False),
    ("cold pain slope", "cpt_slope", False),
    ("heat pain threshold", "hpt", True),
    ("heat pain slope", "hpt_slope", False),
)

Values = Mapping[str, float]


def read_rows(path: Path) -> list[Mapping[str, str]]:
    """Return the rows of a TSV file as mappings of text."""
    return [row.cells for row in split_tsv(read_text(path), path.name)[1]]


def values_of(readings: list[Mapping[str, str]], measure: str) -> dict[str, float]:
    """Return participant -> value of a measure; people without a value are absent."""
    found = {}
    for row in readings:
        value = parse_number(row["value"])
        if row["measure"] == measure and value is not None:
            found[row["participant_id"]] = value
    return found


def separation(values: Values, patients: set[str], healthy: set[str], patients_higher: bool) -> Estimate:
    """Return the area under the curve of patients against healthy people, above 0.5 when it is as expected."""
    a = [v for p, v in values.items() if p in patients]
    b = [v for p, v in values.items() if p in healthy]
    return auc(a, b) if patients_higher else auc(b, a)


def main(study: Path, out: Path) -> None:
    """Print the table."""
    people = {row["participant_id"]: row for row in read_rows(study / "participants.tsv")}
    age = {p: float(row["age"]) for p, row in people.items()}
    healthy = {p for p, row in people.items() if row["group"] == "control"}
    patients = set(people) - healthy
    older = {p for p in healthy if age[p] >= YOUNGEST_PATIENT}
    readings = read_rows(out / "group" / "readings.tsv")

    of_age = f"{len(older)} of them of {YOUNGEST_PATIENT} years or more"
    print(f"{len(healthy)} healthy people, {of_age}; {len(patients)} patients.")
    print(f"\n{'':26}{'median':>9}{'median':>10}   {'area under the curve (95 % interval)'}")
    print(f"{'':26}{'healthy':>9}{'patients':>10}   {'v all healthy':24}v healthy of 47 or more")
    for title, measure, higher in ROWS:
        values = values_of(readings, measure)
        middle = [median([v for p, v in values.items() if p in group]) for group in (healthy, patients)]
        areas = [separation(values, patients, group, higher).text() for group in (healthy, older)]
        print(f"{title:26}{middle[0]:9.2f}{middle[1]:10.2f}   {areas[0]:24}{areas[1]:24}")

    print("\nIn healthy people, rank correlation with age held constant:")
    for a, b, title in (("cpt", "hpt", "cold pain with heat pain"), ("cdt", "wdt", "cold with warm detection")):
        x, y = values_of(readings, a), values_of(readings, b)
        both = sorted(healthy & set(x) & set(y))
        # In degC a higher cold-pain threshold is more sensitive, a higher heat-pain threshold less: turn cold round.
        sign = -1 if a == "cpt" else 1
        found = rank_correlation([sign * x[p] for p in both], [y[p] for p in both], given=[age[p] for p in both])
        print(f"  {title}: {found.text(2)}, n = {found.n}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
