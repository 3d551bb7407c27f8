"""check_assay catches every broken promise. Each case breaks one verb of a sound assay."""

import builtins
import math
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nociscope.assays.biopsy import ASSAY
from nociscope.assays.declaration import HEIGHT, Assay, Measure, TableInput
from nociscope.problems import BadInput, Problem
from nociscope.testing import CONDITIONS, check_assay
from nociscope.truth import Simulated, SimulatedFile, TrueValue

PEOPLE = CONDITIONS[:1]


def readings_changed(**change: Any) -> Assay:
    def measure(recording: Any, settings: Any) -> Any:
        return tuple(replace(r, **change) for r in ASSAY.measure(recording, settings))

    return replace(ASSAY, measure=measure)


def with_covariate(**change: Any) -> Assay:
    first = replace(ASSAY.measures[0], covariates=(replace(HEIGHT, **change),))
    return replace(ASSAY, measures=(first, *ASSAY.measures[1:]))


def figures_changed(**change: Any) -> Assay:
    return replace(ASSAY, draw=lambda *given: tuple(replace(f, **change) for f in ASSAY.draw(*given)))


def simulated_changed(**change: Any) -> Assay:
    return replace(ASSAY, simulate=lambda truth, seed: replace(ASSAY.simulate(truth, seed), **change))


def measured(change: Callable[[Any, Any], Any]) -> Assay:
    return replace(ASSAY, measure=change)


@dataclass
class Thawed:
    """Settings that can be changed while a study runs."""

    fewest_sections: int = 3


class Counter:
    calls = 0


def forgets(recording: Any, settings: Any) -> Any:
    Counter.calls += 1
    return tuple(replace(r, n=Counter.calls) for r in ASSAY.measure(recording, settings))


def needs_the_study(visit: Any, settings: Any) -> Any:
    object_ = ASSAY.read(visit, settings)
    return replace(object_, sources=(str(visit.root / "participants.tsv"),))


def looks_again(recording: Any, settings: Any) -> Any:
    Path(recording.sources[0]).read_text()
    return ASSAY.measure(recording, settings)


def writes(recording: Any, settings: Any) -> Any:
    Path("cache.txt").write_text("x")
    return ASSAY.measure(recording, settings)


def draws_at_large(recording: Any, settings: Any) -> Any:
    np.random.random()
    return ASSAY.measure(recording, settings)


def changes_its_input(recording: Any, settings: Any) -> Any:
    readings = ASSAY.measure(recording, settings)
    object.__setattr__(recording, "age", 80.0)
    return readings


def swallows(visit: Any, settings: Any) -> Any:
    recording = ASSAY.read(visit, settings)
    return replace(recording, problems=())


def swallows_all(visit: Any, settings: Any) -> Any:
    try:
        return ASSAY.read(visit, settings)
    except BadInput:
        from nociscope.assays.biopsy import BiopsyRecording

        return BiopsyRecording(sections=(), sources=("phenotype/skin_biopsy.tsv",))


def stumbles(visit: Any, settings: Any) -> Any:
    table = visit.tables["skin_biopsy"]
    [float(row.cells["length_mm"]) for row in table.rows]
    return ASSAY.read(visit, settings)


def complains(visit: Any, settings: Any) -> Any:
    return replace(ASSAY.read(visit, settings), problems=(Problem(what="made up"),))


def off(recording: Any, settings: Any) -> Any:
    return tuple(
        r
        if r.value is None or r.low is None or r.high is None
        else replace(r, value=r.value + 9, low=r.low + 9, high=r.high + 9)
        for r in ASSAY.measure(recording, settings)
    )


def narrow(recording: Any, settings: Any) -> Any:
    return tuple(replace(r, low=r.value, high=r.value) for r in ASSAY.measure(recording, settings))


def only_density(recording: Any, settings: Any) -> Any:
    return tuple(r for r in ASSAY.measure(recording, settings) if r.measure == "ienfd")


def no_thigh(recording: Any, settings: Any) -> Any:
    return tuple(r for r in ASSAY.measure(recording, settings) if r.site != "thigh")


def draw_differs(*given: Any) -> Any:
    return tuple(replace(f, caption=f"{f.caption} {random.random()}") for f in ASSAY.draw(*given))


def draw_needs_values(recording: Any, readings: Any, scores: Any, settings: Any) -> Any:
    sum(r.value for r in readings)
    return ASSAY.draw(recording, readings, scores, settings)


def at_random(truth: Any, seed: int) -> Any:
    return ASSAY.simulate(truth, np.random.randint(10**6))


def differs(truth: Any, seed: int) -> Any:
    return ASSAY.simulate(truth, int(np.random.default_rng().integers(10**6)))


def file(**change: Any) -> Any:
    whole = SimulatedFile(datatype="beh", suffix="beh", extension=".tsv", content=b"a\n1\n", entities={"task": "x"})
    return (replace(whole, **change),)


NEEDLESS = Measure(name="needless", unit="", title="Needless", meaning="Never measured")

BROKEN = {
    "name": (replace(ASSAY, name="My Assay"), "not of lower case"),
    "title": (replace(ASSAY, title=""), "has no title"),
    "inputs": (replace(ASSAY, inputs=()), "declares no input"),
    "measures": (replace(ASSAY, measures=()), "declares no measure"),
    "measure twice": (replace(ASSAY, measures=ASSAY.measures * 2), "declared twice"),
    "measure without meaning": (
        replace(ASSAY, measures=(replace(ASSAY.measures[0], meaning=""), *ASSAY.measures[1:])),
        "no title or meaning",
    ),
    "unknown covariate": (with_covariate(name="energy"), "the covariate energy (cm) of ienfd is no measure"),
    "height in metres": (with_covariate(unit="m"), "the covariate height_cm (m) of ienfd is no measure in this unit"),
    "covariate without spread": (with_covariate(least_spread=0.0), "has no title or spread"),
    "methods": (replace(ASSAY, methods="{nothing}"), "methods text fail"),
    "thawed settings": (replace(ASSAY, settings=Thawed), "not frozen"),
    "measure never seen": (replace(ASSAY, measures=(*ASSAY.measures, NEEDLESS)), "needless never appeared"),
    "measure lost": (measured(only_density), "axonal_loss"),
    "pattern lost": (replace(ASSAY, from_scores=None), "loss_pattern never appeared"),
    "measure undeclared": (replace(ASSAY, measures=ASSAY.measures[:1] + ASSAY.measures[2:]), "is not declared"),
    "unit": (readings_changed(unit="mm"), "is in 'mm' and declared in '/mm'"),
    "infinite": (readings_changed(high=math.inf), "not finite"),
    "hidden value": (readings_changed(quality="failed"), "although its quality is failed"),
    "silent gap": (readings_changed(value=None, low=None, high=None, remark=""), "no remark that says why"),
    "interval without value": (readings_changed(value=None), "an interval and no value"),
    "half an interval": (readings_changed(low=None), "half an interval"),
    "outside its interval": (readings_changed(value=-1000.0), "outside its interval"),
    "interval missing": (readings_changed(low=None, high=None), "declares a spread and its reading has no interval"),
    "choice": (readings_changed(censored="maybe"), "a reading is not valid"),
    "absolute source": (readings_changed(source="/etc/passwd"), "not a path relative"),
    "same twice": (measured(lambda r, s: ASSAY.measure(r, s) * 2), "two readings are of the same thing"),
    "list": (measured(lambda r, s: list(ASSAY.measure(r, s))), "does not return a tuple"),
    "nothing": (measured(lambda r, s: ()), "no reading"),
    "wrong": (measured(off), "lie within 95 % intervals"),
    "too narrow": (measured(narrow), "lie within 95 % intervals"),
    "site lost": (measured(no_thigh), "has no reading of it"),
    "forgets": (measured(forgets), "the second time"),
    "reads in measure": (
        replace(ASSAY, read=needs_the_study, measure=looks_again),
        "all input belongs into read",
    ),
    "writes in measure": (measured(writes), "writes a file"),
    "global random measure": (measured(draws_at_large), "measure uses the global random generator"),
    "changes its input": (measured(changes_its_input), "changes the recording"),
    "swallows problems": (replace(ASSAY, read=swallows_all), "says nothing about"),
    "stumbles": (replace(ASSAY, read=stumbles), "not BadInput"),
    "complains": (replace(ASSAY, read=complains), "finds a problem in a simulated visit"),
    "draw nothing": (replace(ASSAY, draw=lambda *given: ()), "gives no figure"),
    "draw differs": (replace(ASSAY, draw=draw_differs), "another figure the second time"),
    "draw fails": (replace(ASSAY, draw=draw_needs_values), "draw fails on readings without scores or values"),
    "figure name": (figures_changed(name="My figure"), "figure name"),
    "figure title": (figures_changed(title=" "), "has no title"),
    "caption": (figures_changed(caption="A figure."), "no caption"),
    "broken svg": (figures_changed(svg="<svg"), "not valid SVG"),
    "no svg": (figures_changed(svg="<div xmlns='x'/>"), "not an svg element"),
    "no viewBox": (figures_changed(svg="<svg xmlns='http://www.w3.org/2000/svg'/>"), "no viewBox"),
    "script": (
        figures_changed(svg="<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'><script/></svg>"),
        "holds a script",
    ),
    "event": (
        figures_changed(svg="<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1' onload='x'/>"),
        "holds the event",
    ),
    "link": (
        figures_changed(svg="<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'><a href='http://x'/></svg>"),
        "links to",
    ),
    "heavy svg": (figures_changed(svg="<svg>" + "x" * 500_000), "bytes where"),
    "global random simulate": (replace(ASSAY, simulate=at_random), "simulate"),
    "simulate differs": (replace(ASSAY, simulate=differs), "gives other data for one seed"),
    "simulate is fixed": (
        replace(ASSAY, simulate=lambda truth, seed: ASSAY.simulate(truth, 1)),
        "the same data for every seed",
    ),
    "no truth": (simulated_changed(true_values=()), "hands back no true value"),
    "unreachable truth": (
        simulated_changed(true_values=(TrueValue(measure="ienfd", value=1.0, site="face"),)),
        "has no reading of it",
    ),
    "file name": (simulated_changed(files=file(entities={"task": "a_b"})), "not a BIDS name"),
    "unknown suffix": (simulated_changed(files=file(suffix="zzz")), "not a name that BIDS allows"),
    "unknown column": (simulated_changed(rows={"skin_biopsy": ({"colour": "red"},)}), "cannot be written"),
    "nothing simulated": (simulated_changed(rows={}), "none of its declared inputs"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_promise_is_caught(case: str):
    assay, words = BROKEN[case]
    with pytest.raises(AssertionError) as error:
        check_assay(assay, range(4), PEOPLE)
    message = str(error.value)
    assert words in message
    assert "\n" not in message
    assert message.endswith(".")


def test_a_heavy_import_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "heavy_assay.py").write_text(
        "import scipy\nfrom nociscope.assays.biopsy import ASSAY\n\n"
        "def measure(r, s):\n    return ASSAY.measure(r, s)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    module = builtins.__import__("heavy_assay")
    with pytest.raises(AssertionError, match="importing it imports scipy"):
        check_assay(replace(ASSAY, measure=module.measure), range(1), PEOPLE)
    sys.modules.pop("heavy_assay", None)


def test_from_scores_is_checked():
    broken = replace(ASSAY, from_scores=lambda readings, scores, settings: 1 / 0)
    with pytest.raises(AssertionError, match="from_scores fails"):
        check_assay(broken, range(1), PEOPLE)


def test_an_empty_check_is_refused():
    with pytest.raises(AssertionError, match="No seed"):
        check_assay(ASSAY, ())
    with pytest.raises(AssertionError, match="No condition"):
        check_assay(ASSAY, conditions=())


def test_files_are_emptied_cut_and_overwritten():
    """An assay of files: read must complain of what is damaged, and a verb that does not is caught."""
    from nociscope.assays.declaration import FileInput

    def simulate(truth: Any, seed: int) -> Simulated:
        plain = ASSAY.simulate(truth, seed)
        return replace(plain, files=file(content=f"trial\n{seed}\n".encode()))

    taken = FileInput(datatype="beh", suffix="beh", extensions=(".tsv",), title="Trials")

    def careful(visit: Any, settings: Any) -> Any:
        from nociscope import files

        recording = ASSAY.read(visit, settings)
        for found in visit.find(suffix="beh", extensions=(".tsv",)):
            text = files.read_text(visit.path(found), found.path)
            if not text.startswith("trial\n"):
                raise BadInput(Problem(what="is no table of trials", file=found.path))
        return recording

    def careless(visit: Any, settings: Any) -> Any:
        from nociscope import files

        for found in visit.find(suffix="beh", extensions=(".tsv",)):
            files.read_bytes(visit.path(found), found.path)
        return ASSAY.read(visit, settings)

    def fragile(visit: Any, settings: Any) -> Any:
        for found in visit.find(suffix="beh", extensions=(".tsv",)):
            visit.path(found).read_text(encoding="utf-8").splitlines()[1]
        return ASSAY.read(visit, settings)

    inputs = (TableInput(ASSAY.inputs[0].table), taken) if isinstance(ASSAY.inputs[0], TableInput) else ()
    whole = replace(ASSAY, inputs=inputs, simulate=simulate, read=careful)
    check_assay(whole, range(8), PEOPLE)
    with pytest.raises(AssertionError, match=r"says nothing about an empty \.tsv file"):
        check_assay(replace(whole, read=careless), range(1), PEOPLE)
    with pytest.raises(AssertionError, match=r"fails on an empty \.tsv file with IndexError"):
        check_assay(replace(whole, read=fragile), range(1), PEOPLE)
