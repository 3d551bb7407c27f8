"""How long a REDCap project with a very wide dictionary takes to import.

Run: ``python benchmarks/redcap_width.py [--variables 35000] [--records 50] [--repeats 3]``
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from _machine import machine_line, peak_rss_mb, timed

from nociscope.study.importers.redcap import import_redcap

HEADERS = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note", "Text Validation Type OR Show Slider Number",
    "Text Validation Min", "Text Validation Max", "Identifier?", "Branching Logic (Show field only if...)",
    "Required Field?", "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip


def row(name: str, form: str, kind: str, choices: str = "", validation: str = "", identifier: str = "") -> str:
    cells = [name, form, "", kind, f"<p>{name}</p>", choices, "", validation, "", "", identifier, *[""] * 7]
    return ",".join(f'"{c}"' for c in cells)


def write_project(root: Path, variables: int, records: int) -> None:
    rng = np.random.default_rng(1)
    lines = [",".join(f'"{h}"' for h in HEADERS), row("record_id", "form0", "text")]
    columns = ["record_id"]
    cells: list[list[str]] = [[str(n) for n in range(1, records + 1)]]
    for n in range(variables - 1):
        name, form = f"var_{n:05d}", f"form{n // 200}"
        kind = n % 10
        if kind == 0:
            lines.append(row(name, form, "checkbox", "1, One | 2, Two | 3, Three"))
            for code in (1, 2, 3):
                columns.append(f"{name}___{code}")
                cells.append([str(x) for x in rng.integers(0, 2, records)])
            continue
        identifier = "y" if kind == 1 else ""
        lines.append(row(name, form, "text", "", "number" if kind < 6 else "", identifier) if kind < 8 else row(name, form, "radio", "0, no | 1, yes"))  # fmt: skip # noqa: E501
        columns.append(name)
        cells.append([str(x) for x in rng.integers(0, 2, records)])
    (root / "dictionary.csv").write_text("\n".join(lines) + "\n")
    body = [",".join(c[n] for c in cells) for n in range(records)]
    (root / "records.csv").write_text("\n".join([",".join(columns), *body]) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variables", type=int, default=35_000)
    parser.add_argument("--records", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_project(root, arguments.variables, arguments.records)
        runs = 0
        account: list[str] = []

        def bring_in() -> None:
            nonlocal runs, account
            runs += 1
            done = import_redcap(root / "records.csv", root / f"study{runs}", dictionary=root / "dictionary.csv")
            account = done.lines()[:4]

        print(machine_line())
        print(f"{arguments.variables} variables, {arguments.records} records: {timed(bring_in, arguments.repeats)}")
        print(f"peak memory {peak_rss_mb():.0f} MB")
        print("\n".join(account))


if __name__ == "__main__":
    main()
