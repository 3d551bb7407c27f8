"""How long a registry of 21,659 people takes: through a column map into a study, and its scales scored.

Run: ``python benchmarks/registry.py [--source pain.csv.gz] [--repeats 3]``. The source is the public pain registry
(Alter et al., PLoS ONE 2021;16:e0254862, CC BY 4.0); without it a table of the same size is made up.
"""

from __future__ import annotations

import argparse
import gzip
import os
import tempfile
from pathlib import Path

import numpy as np
from _machine import machine_line, peak_rss_mb, timed

from nociscope.assays.questionnaires.bulk import readings_tsv, score_columns
from nociscope.assays.questionnaires.instrument import instrument_named
from nociscope.files import write_atomic
from nociscope.study.importers.sheet import read_sheet
from nociscope.study.importers.table import import_table

ROWS = 21_659
MAP = """
[source]
missing = ["NA"]
[participant]
id = "PATIENT_NUM"
renumber = true
[participants]
age = "AGE_AT_CONTACT"
sex = { column = "PAT_SEX", values = { male = "M", female = "F" } }
bmi = "BMI"
[tables.pain_nrs]
q1 = "PAIN_INTENSITY_AVERAGE"
[tables.promis]
physical_function = "PROMIS_PHYSICAL_FUNCTION"
pain_behaviour = "PROMIS_PAIN_BEHAVIOR"
pain_interference = "PROMIS_PAIN_INTERFERENCE"
depression = "PROMIS_DEPRESSION"
anxiety = "PROMIS_ANXIETY"
sleep_disturbance = "PROMIS_SLEEP_DISTURB_V1_0"
global_mental = "GH_MENTAL_SCORE"
global_physical = "GH_PHYSICAL_SCORE"
"""


def made_up() -> str:
    rng = np.random.default_rng(1)
    names = [f"X{n}" for n in range(101, 137)] + [f"X{n}" for n in range(201, 239)]
    scales = [
        "PROMIS_PHYSICAL_FUNCTION", "PROMIS_PAIN_BEHAVIOR", "PROMIS_DEPRESSION", "PROMIS_ANXIETY",
        "PROMIS_SLEEP_DISTURB_V1_0", "PROMIS_PAIN_INTERFERENCE", "GH_MENTAL_SCORE", "GH_PHYSICAL_SCORE",
    ]  # fmt: skip
    header = ["PATIENT_NUM", *names, "PAIN_INTENSITY_AVERAGE", *scales, "AGE_AT_CONTACT", "BMI", "PAT_SEX"]
    areas = rng.integers(0, 2, (ROWS, len(names)))
    scores = rng.normal(55, 9, (ROWS, len(scales))).clip(20, 85)
    lines = [",".join(header)]
    for n in range(ROWS):
        cells = [str(n + 1), *map(str, areas[n]), str(rng.integers(0, 11)), *(f"{s:.2f}" for s in scores[n])]
        lines.append(",".join([*cells, str(rng.integers(18, 90)), f"{rng.normal(29, 5):.2f}", "female"]))
    return "\n".join(lines) + "\n"


def source_text(given: Path | None) -> tuple[str, str]:
    shared = Path(os.environ.get("NOCISCOPE_SHARED", Path(__file__).parents[1] / "../shared"))
    path = given or shared / "data/pain_registry/pain.csv.gz"
    if path.exists():
        return gzip.decompress(path.read_bytes()).decode("utf-8"), path.name
    return made_up(), "made up"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    text, name = source_text(arguments.source)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "registry.csv").write_text(text)
        (root / "map.toml").write_text(MAP)
        runs = 0
        account: list[str] = []

        def bring_in() -> None:
            nonlocal runs, account
            runs += 1
            done = import_table(root / "registry.csv", root / f"study{runs}", column_map=root / "map.toml")
            account = done.lines()

        def score() -> None:
            tables = []
            for key in ("pain_nrs", "promis"):
                sheet = read_sheet(root / f"study{runs}/phenotype/{key}.tsv")
                tables.append(score_columns(instrument_named(key), sheet.columns, f"phenotype/{key}.tsv"))
            write_atomic(root / "readings.tsv", readings_tsv(tables))
            account.extend(t.summary() for t in tables)

        imported = timed(bring_in, arguments.repeats)
        scored = timed(score, arguments.repeats)
        print(machine_line())
        print(f"source: {name}")
        print(f"import into a study: {imported}")
        print(f"scoring {sum(1 for _ in (root / 'readings.tsv').open()) - 1} readings: {scored}")
        print(f"together, medians: {imported.median + scored.median:.2f} s; peak memory {peak_rss_mb():.0f} MB")
        print("\n".join(dict.fromkeys(account)))


if __name__ == "__main__":
    main()
