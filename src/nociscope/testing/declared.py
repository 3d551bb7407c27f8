"""What an assay declares, imports and simulates."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from nociscope.assays.declaration import HEIGHT, Assay, Loss, Measure, Spread
from nociscope.study import Visit, open_study
from nociscope.testing.promises import first_sentence, named, promise, random_state
from nociscope.truth import TrueValue, Truth
from nociscope.virtual.seeds import sub_seed
from nociscope.virtual.writer import bids_path, write_study

HEAVY = ("jinja2", "matplotlib", "mne", "pandas", "pint", "pydantic", "scipy", "skimage", "statsmodels")
"""What importing an assay must not import: it belongs inside the functions that use it."""


def check_declaration(assay: Assay) -> None:
    """Check names, titles and settings."""
    name = re.compile(r"[a-z][a-z0-9_]*")
    promise(bool(name.fullmatch(assay.name)), assay, f"the name {assay.name!r} is not of lower case letters")
    promise(bool(assay.title), assay, "it has no title")
    promise(bool(assay.inputs), assay, "it declares no input")
    promise(bool(assay.measures), assay, "it declares no measure")
    names = [m.name for m in assay.measures]
    for m in assay.measures:
        promise(bool(name.fullmatch(m.name)), assay, f"the measure name {m.name!r} is not of lower case letters")
        promise(names.count(m.name) == 1, assay, f"the measure {m.name} is declared twice")
        promise(bool(m.title and m.meaning), assay, f"the measure {m.name} has no title or meaning")
        promise(m.loss in get_args(Loss), assay, f"the measure {m.name} has the unknown loss {m.loss!r}")
        promise(m.spread in get_args(Spread), assay, f"the measure {m.name} has the unknown spread {m.spread!r}")
        _check_covariates(assay, m)
    promise(dataclasses.is_dataclass(assay.settings), assay, "its settings are no dataclass")
    try:
        default = assay.settings()
        assay.methods_text(default)
    except Exception as error:
        raise AssertionError(f"{assay.name}: its settings or methods text fail ({named(error)}).") from error
    frozen = getattr(assay.settings, "__dataclass_params__", None)
    promise(frozen is not None and frozen.frozen, assay, "its settings are not frozen")


def _check_covariates(assay: Assay, measure: Measure) -> None:
    """Check that what a measure depends on can be found: the height, or a measure of this assay in its unit."""
    for c in measure.covariates:
        source = assay.measure_named(c.name)
        known = c.unit == HEIGHT.unit if c.name == HEIGHT.name else source is not None and source.allows(c.unit)
        promise(known, assay, f"the covariate {c.name} ({c.unit}) of {measure.name} is no measure in this unit")
        sound = bool(c.title) and c.least_spread > 0 and c.margin >= 0
        promise(sound, assay, f"the covariate {c.name} has no title or spread")


def check_import(assay: Assay) -> None:
    """Import the assay's modules in a fresh interpreter and see what came along."""
    modules = sorted({v.__module__ for v in (assay.read, assay.measure, assay.draw, assay.simulate)})
    if "__main__" in modules:
        return
    code = f"import sys; [__import__(m) for m in {modules!r}]; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p or os.getcwd() for p in sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    last = (done.stderr.strip().splitlines() or [""])[-1]
    promise(done.returncode == 0, assay, f"its modules cannot be imported ({last})")
    heavy = done.stdout.split()
    text = f"importing it imports {', '.join(heavy)}; import them inside the functions that use them"
    promise(not heavy, assay, text)


def check_simulator(assay: Assay, conditions: Sequence[Truth], seed: int) -> None:
    """Check that data depend on truth and seed alone, and that files have names that BIDS allows."""
    from bidsschematools.rules import regexify_filename_rules
    from bidsschematools.schema import load_schema

    before = random_state()
    first = [assay.simulate(t, seed) for t in conditions]
    promise(first == [assay.simulate(t, seed) for t in conditions], assay, "simulate gives other data for one seed")
    promise(
        any(assay.simulate(t, seed + 1) != s for t, s in zip(conditions, first, strict=True)),
        assay,
        "simulate gives the same data for every seed",
    )
    promise(
        before == random_state(),
        assay,
        "simulate uses the global random generator; make one with numpy.random.default_rng(seed)",
    )
    schema = load_schema()
    rules = [re.compile(r["regex"]) for r in regexify_filename_rules(schema.rules.files.raw, schema, level=2)]
    for truth, simulated in zip(conditions, first, strict=True):
        for file in simulated.files:
            try:
                path = bids_path(truth, file)
            except ValueError as error:
                raise AssertionError(f"{assay.name}: {error}.") from None
            promise(any(r.fullmatch(path) for r in rules), assay, f"{path} is not a name that BIDS allows")


def true_values(assay: Assay, truth: Truth, seed: int) -> tuple[TrueValue, ...]:
    """Return what the simulator put into a person of a study with this seed."""
    return assay.simulate(truth, sub_seed(seed, truth.participant_id, truth.session_id, assay.name)).true_values


@contextlib.contextmanager
def virtual_visits(assay: Assay, conditions: Sequence[Truth], seed: int) -> Iterator[tuple[Path, list[Visit]]]:
    """Write a virtual study, open it, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="nociscope-check-") as folder:
        root = Path(folder) / "study"
        try:
            write_study(root, conditions, seed, (assay,))
        except ValueError as error:
            raise AssertionError(f"{assay.name}: what it simulates cannot be written ({error}).") from None
        study = open_study(root)
        promise(not study.problems, assay, f"its simulated study has a problem ({first_sentence(study.problems)})")
        visits = [study.visits[t.participant_id][0] for t in conditions]
        for visit in visits:
            promise(assay.present(visit), assay, "what it simulates holds none of its declared inputs")
        yield root, visits
