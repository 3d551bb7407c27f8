"""The tables of the documentation are those of the program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.engine.conftest import SOURCE, environment

PAGES = Path(__file__).parents[1] / "docs"


def test_tables_and_help_in_the_documentation_are_fresh():
    done = subprocess.run(
        [sys.executable, str(PAGES / "make_tables.py"), "--check"],
        env=environment(PYTHONPATH=str(SOURCE)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
