"""The example of docs/adding_an_assay.md keeps the contract, so that the page cannot go stale."""

import importlib
from pathlib import Path

import pytest

from nociscope.testing import check_assay

ROOT = Path(__file__).parents[1]


def test_the_example_keeps_the_contract(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    example = importlib.import_module("pinprick_assay")
    found = check_assay(example.ASSAY)
    assert found.coverage["pinprick_felt", "pinprick"][1] == 60


def test_the_page_shows_this_file():
    page = (ROOT / "docs" / "adding_an_assay.md").read_text(encoding="utf-8")
    assert "../examples/pinprick_assay.py" in page
