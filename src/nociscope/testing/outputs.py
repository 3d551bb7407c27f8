"""Readings and figures."""

from __future__ import annotations

import contextlib
import math
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nociscope.assays.declaration import Assay, Figure, Measure
from nociscope.tables import READINGS, Call, Reading, Score, as_row
from nociscope.testing.promises import first_sentence, named, promise, random_state
from nociscope.truth import TrueValue, Truth
from nociscope.tsv import split_tsv


def measured(assay: Assay, recording: Any, settings: Any) -> tuple[Reading, ...]:
    """Measure a good recording whose study is gone."""
    try:
        readings = assay.measure(recording, settings)
    except Exception as error:
        raise AssertionError(
            f"{assay.name}: measure fails once the study is gone; all input belongs into read ({named(error)})."
        ) from error
    check_readings(assay, readings)
    promise(bool(readings), assay, "measure gives no reading of a simulated recording")
    return readings


def check_readings(assay: Assay, readings: Sequence[Reading]) -> None:
    """Check readings one by one, as rows of a table, and against one another."""
    promise(isinstance(readings, tuple), assay, "measure does not return a tuple of readings")
    for r in readings:
        declared = assay.measure_named(r.measure)
        promise(declared is not None, assay, f"the measure {r.measure} is not declared")
        _check_reading(assay, r, declared or assay.measures[0])
    stamped = [replace(r, participant_id="sub-01", assay=assay.name) for r in readings]
    text = READINGS.to_tsv(as_row(r) for r in stamped)
    parsed = READINGS.parse(split_tsv(text, "readings.tsv")[1])
    promise(not parsed.problems, assay, f"a reading is not valid ({first_sentence(parsed.problems)})")
    places = [(r.measure, r.site, r.side, r.method, r.device, r.source) for r in readings]
    for place in places:
        promise(places.count(place) == 1, assay, f"two readings are of the same thing ({' '.join(place)})")


def _check_reading(assay: Assay, r: Reading, declared: Measure) -> None:
    name = r.measure
    promise(declared.allows(r.unit), assay, f"{name} is in {r.unit!r} and declared in {declared.unit!r}")
    numbers = [v for v in (r.value, r.low, r.high) if v is not None]
    promise(all(math.isfinite(v) for v in numbers), assay, f"{name} has a value that is not finite; use None")
    if r.value is None:
        promise(r.low is None and r.high is None, assay, f"{name} has an interval and no value")
        promise(bool(r.remark), assay, f"{name} has no value and no remark that says why")
    else:
        promise(r.quality != "failed", assay, f"{name} has a value although its quality is failed")
        promise((r.low is None) == (r.high is None), assay, f"{name} has half an interval")
        if r.low is not None and r.high is not None:
            inside = r.low <= r.value <= r.high
            promise(
                inside, assay, f"the value {r.value:g} of {name} lies outside its interval {r.low:g} to {r.high:g}"
            )
    promise(r.n is None or r.n >= 0, assay, f"{name} has a negative n")
    outside = r.source.startswith(("/", "\\")) or ".." in r.source.split("/") or ":" in r.source[:3]
    promise(not outside, assay, f"the source of {name} is not a path relative to the study")


def check_purity(assay: Assay, recording: Any, kept: Any, settings: Any) -> None:
    """Measure twice, in an empty folder, with the global random state watched; `kept` is a copy never measured."""
    state = random_state()
    with tempfile.TemporaryDirectory(prefix="nociscope-check-") as folder, contextlib.chdir(folder):
        first = assay.measure(recording, settings)
        second = assay.measure(recording, settings)
        left = os.listdir(folder)
    promise(not left, assay, f"measure writes a file ({left[0] if left else ''})")
    promise(first == second, assay, "measure gives other readings the second time")
    promise(assay.measure(kept, settings) == first, assay, "measure changes the recording")
    same = state == random_state()
    promise(same, assay, "measure uses the global random generator")


def _scores(assay: Assay, readings: Sequence[Reading], call: Call, truth: Truth) -> tuple[Score, ...]:
    """Return made-up scores of readings, all with one call; no norm is needed."""
    scores = []
    for r in readings:
        declared = assay.measure_named(r.measure)
        if declared is None or not declared.scored:
            continue
        judged = call != "not_comparable" and r.value is not None
        scores.append(
            Score(
                participant_id=truth.participant_id,
                session_id=truth.session_id,
                assay=assay.name,
                site=r.site,
                side=r.side,
                measure=r.measure,
                value=r.value,
                unit=r.unit,
                norm="made-up" if judged else "n/a",
                z=(-2.5 if call == "loss" else 0.0) if judged else None,
                limit_low=0.8 * r.value if judged and r.value is not None else None,
                limit_high=1.2 * r.value if judged and r.value is not None else None,
                call=call if judged else "not_comparable",
                p_beyond=0.5 if judged else None,
                reason="" if judged else "made up",
            )
        )
    return tuple(scores)


def derived_readings(assay: Assay, readings: tuple[Reading, ...], settings: Any, truth: Truth) -> tuple[Reading, ...]:
    """Return the readings that the assay makes from scores."""
    if assay.from_scores is None:
        return ()
    calls: tuple[Call, ...] = ("not_comparable", "loss", "normal")
    derived: tuple[Reading, ...] = ()
    for call in calls:
        scores = _scores(assay, readings, call, truth)
        try:
            derived = assay.from_scores(readings, scores, settings)
        except Exception as error:
            raise AssertionError(f"{assay.name}: from_scores fails ({named(error)}).") from error
        check_readings(assay, derived)
        promise(
            derived == assay.from_scores(readings, scores, settings), assay, "from_scores differs the second time"
        )
    return derived


def recover(
    assay: Assay,
    readings: Sequence[Reading],
    true_values: Iterable[TrueValue],
    tolerance: Mapping[str, float],
    tally: dict[tuple[str, str], tuple[int, int]],
) -> None:
    """Count how many true values lie within the intervals of their readings."""
    for true in true_values:
        place = f"{true.measure} at {true.site}, {true.side}"
        found = [
            r
            for r in readings
            if (r.measure, r.site, r.side) == (true.measure, true.site, true.side) and true.method in ("", r.method)
        ]
        promise(bool(found), assay, f"simulate put in {place} and measure has no reading of it")
        for r in found:
            promise(r.value is not None, assay, f"simulate put in {place} and measure gives no value ({r.remark})")
            value = r.value if r.value is not None else math.nan
            allowed = tolerance.get(r.measure, 1e-6 * (1 + abs(true.value)))
            declared = assay.measure_named(r.measure)
            if r.low is None or r.high is None:
                exempt = r.measure in tolerance or (declared is not None and declared.spread == "none")
                promise(exempt, assay, f"{r.measure} declares a spread and its reading has no interval")
                off = f"{place} is {value:g} and was put in as {true.value:g}"
                promise(abs(value - true.value) <= allowed, assay, off)
                hit = True
            else:
                hit = r.low <= true.value <= r.high
            hits, tries = tally.get((r.measure, r.method), (0, 0))
            tally[r.measure, r.method] = (hits + hit, tries + 1)


def check_figures(
    assay: Assay,
    recording: Any,
    readings: tuple[Reading, ...],
    settings: Any,
    truth: Truth,
    largest: int,
    *,
    thorough: bool,
) -> None:
    """Draw with good scores; if thorough, with scores of every kind, without scores, values, and readings too."""
    calls: tuple[Call, ...] = ("normal", "loss", "not_comparable")
    cases = [(readings, _scores(assay, readings, call, truth)) for call in calls]
    empty = tuple(replace(r, value=None, low=None, high=None, quality="failed", remark="made up") for r in readings)
    cases += [(readings, ()), (empty, _scores(assay, empty, "not_comparable", truth)), ((), ())]
    for number, (given, scores) in enumerate(cases if thorough else cases[:1]):
        try:
            figures = assay.draw(recording, given, scores, settings)
            again = assay.draw(recording, given, scores, settings) if number == 0 else figures
        except Exception as error:
            what = "good readings" if number < len(calls) else "readings without scores or values"
            raise AssertionError(f"{assay.name}: draw fails on {what} ({named(error)}).") from error
        promise(isinstance(figures, tuple), assay, "draw does not return a tuple of figures")
        promise(figures == again, assay, "draw gives another figure the second time")
        promise(bool(figures) or number > 0, assay, "draw gives no figure of a simulated recording")
        names = [f.name for f in figures]
        promise(len(set(names)) == len(names), assay, "two figures have the same name")
        for figure in figures:
            _check_figure(assay, figure, largest)


def _check_figure(assay: Assay, figure: Figure, largest: int) -> None:
    from xml.etree import ElementTree

    name = figure.name
    promise(
        bool(re.fullmatch(r"[a-z0-9-]+", name)), assay, f"the figure name {name!r} is not of letters, digits and -"
    )
    promise(bool(figure.title.strip()), assay, f"the figure {name} has no title")
    promise(len(figure.caption.split()) >= 5, assay, f"the figure {name} has no caption that says what it shows")
    size = len(figure.svg.encode())
    promise(size <= largest, assay, f"the figure {name} has {size:,} bytes where {largest:,} are allowed")
    promise("<!DOCTYPE" not in figure.svg and "<!ENTITY" not in figure.svg, assay, f"the figure {name} has a DOCTYPE")
    try:
        root = ElementTree.fromstring(figure.svg)
    except ElementTree.ParseError as error:
        raise AssertionError(f"{assay.name}: the figure {name} is not valid SVG ({error}).") from None
    promise(root.tag.endswith("}svg"), assay, f"the figure {name} is not an svg element")
    promise("viewBox" in root.attrib, assay, f"the figure {name} has no viewBox")
    for element in root.iter():
        tag = element.tag.rsplit("}", 1)[-1]
        promise(tag not in ("script", "foreignObject"), assay, f"the figure {name} holds a {tag}")
        for key, value in element.attrib.items():
            plain = key.rsplit("}", 1)[-1]
            promise(not plain.startswith("on"), assay, f"the figure {name} holds the event {plain}")
            local = plain != "href" or value.startswith(("#", "data:image/"))
            promise(local, assay, f"the figure {name} links to {value[:40]}")
