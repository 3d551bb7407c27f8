"""The energy adjustment on the real trial labels of nine sets: what docs/validation/lep_labels.md says."""

import importlib.util
import sys
from pathlib import Path

import pytest

from tests.assays.lep.visits import shared

SCRIPT = Path(__file__).parents[3] / "docs/validation/lep_labels.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("lep_labels", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # a dataclass looks its module up
    spec.loader.exec_module(module)
    return module


def test_all_labels_go_through(script):
    labels = script.read_labels(shared("lep_labels"))
    sets = labels.sets
    assert labels.total == 29_437
    assert {k: n for k, n in labels.missing.items() if n} == {"ds005289": 2, "ds005291": 6, "ds005293": 1_046}
    assert sorted(labels.impossible) == [("ds005291", "sub-027", 10, 18), ("ds005292", "sub-129", 29, 34)]
    assert len(sets["ds005293"]) == 94  # of 95 people: sub-041 has no trials
    assert sum(len(people) for people in sets.values()) > 650
    drifting = script.of_set(sets["ds005473"])
    assert drifting["drift"] < -0.05
    assert drifting["flips"] > 10  # the sign of the slope hangs on the energy
    assert drifting["adjusted"] > drifting["raw"]
    steady = script.of_set(sets["ds005291"])
    assert steady["flips"] == 0
    assert steady["adjusted"] == pytest.approx(steady["raw"])


def test_the_page_is_what_the_script_writes(script):
    assert script.page(shared("lep_labels")) == script.PAGE.read_text(encoding="utf-8")
