"""Write the tables of the documentation that the program itself knows: result columns, and each command's help.

Run: python docs/make_tables.py [--check]
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from nociscope.assays.questionnaires.words import cut_offs_markdown, instruments_markdown
from nociscope.change.model import CHANGES
from nociscope.cohort.responders import RESPONDERS
from nociscope.cohort.study import TABLES
from nociscope.engine.logs import PROBLEMS
from nociscope.rules.registry import markdown
from nociscope.tables import FINDINGS, MECHANISMS, READINGS, SCORES
from nociscope.tsv import Table

HERE = Path(__file__).parent
COMMANDS = (
    ("run",),
    ("check",),
    ("score",),
    ("explain",),
    ("norms", "list"),
    ("norms", "show"),
    ("norms", "build"),
    ("evidence", "list"),
    ("evidence", "conflicts"),
    ("evidence", "pool"),
    ("evidence", "forest"),
    ("evidence", "accuracy"),
    ("rules", "list"),
    ("rules", "show"),
    ("import", "letswave"),
    ("import", "lep-openneuro"),
    ("import", "rr"),
    ("import", "ccm-jpeg"),
    ("import", "redcap"),
    ("import", "table"),
    ("import", "spss"),
    ("import", "qualtrics"),
    ("import", "fhir"),
    ("import", "template"),
    ("simulate",),
    ("demo",),
)


def between(text: str, name: str, made: str) -> str:
    """Return the text with what stands between a pair of marks replaced."""
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n{made}\n{end}{tail}"


def usage(command: tuple[str, ...]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "nociscope", *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "100"},
    )
    return f"```text\n{done.stdout.strip()}\n```\n"


def group_table(table: Table) -> str:
    return f"### {table.name}\n\n{table.title}.\n\n{table.markdown().strip()}\n"


def pages() -> dict[str, str]:
    """Return page -> its text with fresh tables."""
    outputs = (HERE / "outputs.md").read_text(encoding="utf-8")
    for table in (READINGS, SCORES, FINDINGS, MECHANISMS, CHANGES, RESPONDERS, PROBLEMS):
        outputs = between(outputs, table.name, table.markdown())
    outputs = between(outputs, "groups", "\n".join(group_table(t) for t in TABLES if t is not RESPONDERS))
    commands = (HERE / "commands.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        commands = between(commands, " ".join(command), usage(command))
    rules = between((HERE / "rules.md").read_text(encoding="utf-8"), "rules", markdown())
    forms = (HERE / "assays/questionnaires.md").read_text(encoding="utf-8")
    forms = between(forms, "instruments", instruments_markdown())
    forms = between(forms, "cut_offs", cut_offs_markdown())
    return {
        "outputs.md": outputs,
        "commands.md": commands,
        "rules.md": rules,
        "assays/questionnaires.md": forms,
    }


def main() -> int:
    stale = [name for name, text in pages().items() if (HERE / name).read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        print(f"stale: {', '.join(stale)}" if stale else "all tables are fresh")
        return 1 if stale else 0
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
