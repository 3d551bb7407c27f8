"""Figures of the reflex tests: the battery beside its printed limits, and heart rate during manoeuvres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nociscope.assays.declaration import Figure
from nociscope.assays.reflexes.manoeuvres import beats_of, results
from nociscope.assays.reflexes.read import Manoeuvre, ReflexRecording
from nociscope.assays.reflexes.settings import ReflexSettings
from nociscope.assays.reflexes.table import TESTS
from nociscope.tables import Reading, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TASK_WORDS = {
    "deepbreathing": "deep breathing",
    "valsalva": "Valsalva manoeuvre",
    "standing": "standing up",
    "tilt": "head-up tilt",
}


@dataclass(frozen=True, slots=True)
class Zones:
    """The printed zones of one test, and the axis that shows them.

    `abnormal` and `normal` are the limits that belong to these zones; between them is borderline.
    """

    abnormal: float
    normal: float
    start: float
    end: float


ZONES = {
    "deep_breathing_difference": Zones(10, 15, 0, 40),
    "valsalva_ratio": Zones(1.10, 1.21, 0.9, 2.2),
    "ratio_30_15": Zones(1.00, 1.04, 0.85, 1.5),
    "systolic_fall": Zones(30, 10, 50, -20),
    "handgrip_diastolic_rise": Zones(10, 16, -5, 45),
}
"""Ewing's battery as printed in World J Diabetes 2018;9:1, table 5, doi 10.4239/wjd.v9.i1.1; axes run bad to good."""


def draw(
    recording: ReflexRecording,
    readings: Sequence[Reading],
    scores: Sequence[Score],
    settings: ReflexSettings | None = None,
) -> tuple[Figure, ...]:
    """Draw the battery, and each recorded manoeuvre.

    Returns
    -------
    tuple of Figure
        ``battery`` where a test of Ewing's battery has a value, and ``trace-1``, ``trace-2``, ...
    """
    chosen = settings or ReflexSettings()
    figures = _battery(readings, scores)
    valued = {r.source for r in readings if r.value is not None}
    shown = [m for m in recording.manoeuvres if m.series.source in valued]
    figures += [_trace(m, chosen, k) for k, m in enumerate(shown[:4], start=1)]
    return tuple(figures)


def _battery(readings: Sequence[Reading], scores: Sequence[Score]) -> list[Figure]:
    from nociscope.figures import figure_to_svg, house_style, new_figure

    shown = [r for name in ZONES for r in readings if r.measure == name and r.value is not None]
    if not shown:
        return []
    with house_style():
        fig = new_figure(15.0, 1.1 + 1.15 * len(shown))
        ax = fig.subplots()
        for place, reading in enumerate(shown):
            _strip(ax, place, reading, _score_of(reading, scores))
        ax.set_xlim(-0.01, 1.14)
        ax.set_ylim(len(shown) - 0.4, -0.75)
        ax.set_yticks(range(len(shown)), [_label(r) for r in shown])
        ax.set_xticks([])
        ax.tick_params(axis="y", length=0)
        for side in ("left", "bottom"):
            ax.spines[side].set_visible(False)
        ax.text(0.0, -0.62, "abnormal", fontsize=8, ha="left")
        ax.text(1.0, -0.62, "normal", fontsize=8, ha="right")
        svg = figure_to_svg(fig, "reflexes-battery")
    words = " ".join(_words(r, _score_of(r, scores)) for r in shown)
    caption = (
        f"{words} Each strip runs from bad to good: dark is abnormal, middle grey borderline and light normal as "
        "printed for Ewing's battery (doi 10.4239/wjd.v9.i1.1). The limits are the same for all ages although every "
        "heart-rate test falls with age; the E:I ratio is scored by age."
    )
    return [Figure(name="battery", title="Cardiovascular reflex tests", caption=caption, svg=svg)]


def _label(reading: Reading) -> str:
    title = TESTS[reading.measure].title
    return f"{title}\n({reading.method.split(',')[0]})" if reading.method != "table" else title


def _strip(ax: Axes, place: int, reading: Reading, score: Score | None) -> None:
    """Draw one test: its zones, its value and interval."""
    from nociscope.figures import PALETTE

    zones = ZONES[reading.measure]

    def at(value: float) -> float:
        return float(np.clip((value - zones.start) / (zones.end - zones.start), 0.0, 1.0))

    for start, end, colour in (
        (zones.start, zones.abnormal, PALETTE.rule),
        (zones.abnormal, zones.normal, PALETTE.band),
        (zones.normal, zones.end, PALETTE.wash),
    ):
        ax.barh(place, at(end) - at(start), left=at(start), height=0.44, color=colour, linewidth=0)
    for limit in (zones.abnormal, zones.normal):
        ax.text(at(limit), place + 0.26, f"{limit:g}", fontsize=7.5, ha="center", va="top", color=PALETTE.muted)
    colour = PALETTE.call(score.call if score else "not_comparable")
    value = float(reading.value or 0.0)
    if reading.low is not None and reading.high is not None:
        ax.plot([at(reading.low), at(reading.high)], [place, place], color=colour, linewidth=2.5)
    ax.plot([at(value)], [place], marker="o", markersize=8, color=colour, clip_on=False, zorder=4)
    ax.text(1.02, place, _number(reading), fontsize=9, fontweight="bold", va="center", color=colour)


def _number(reading: Reading) -> str:
    unit = TESTS[reading.measure].unit
    if unit == "ratio":
        return f"{reading.value:.2f}"
    return f"{reading.value:.0f}{unit}" if unit.startswith("/") else f"{reading.value:.0f} {unit}"


def _score_of(reading: Reading, scores: Sequence[Score]) -> Score | None:
    of_test = [s for s in scores if s.measure == reading.measure and s.value == reading.value]
    return min(of_test, key=lambda s: s.call == "not_comparable", default=None)


def _words(reading: Reading, score: Score | None) -> str:
    zones = ZONES[reading.measure]
    value = float(reading.value or 0.0)
    good_is_high = zones.end > zones.start
    if value >= zones.normal if good_is_high else value <= zones.normal:
        zone = "normal"
    elif value <= zones.abnormal if good_is_high else value >= zones.abnormal:
        zone = "abnormal"
    else:
        zone = "borderline"
    return f"{TESTS[reading.measure].title}: {_number(reading)}, {zone}."


def _trace(manoeuvre: Manoeuvre, settings: ReflexSettings, number: int) -> Figure:
    """Draw heart rate during a manoeuvre, its phases and the beats that its numbers were read from."""
    from nociscope.figures import PALETTE, figure_to_svg, house_style, new_figure

    beats = beats_of(manoeuvre, settings)
    found = results(manoeuvre, settings)
    times, rate = beats.times_s[1:][beats.normal], 60.0 / beats.nn_s[beats.normal]
    with house_style():
        fig = new_figure(15.5, 6.0)
        ax = fig.subplots()
        step = max(1, times.size // 1500)
        size = 2.0 if times.size < 250 else 0.0
        ax.plot(times[::step], rate[::step], color=PALETTE.loss, linewidth=1.0, marker="o", markersize=size)
        marks = [m for f in found[:1] for m in f.marks]
        if marks:
            ax.plot(
                [m[0] for m in marks],
                [60.0 / m[1] for m in marks],
                linestyle="none",
                marker="o",
                markersize=6,
                markerfacecolor="none",
                markeredgecolor=PALETTE.gain,
                markeredgewidth=1.3,
            )
        top = float(rate.max()) if rate.size else 100.0
        for event in manoeuvre.events[:60]:
            if event.duration_s is not None and event.phase != "expiration":
                ax.axvspan(event.onset_s, event.onset_s + event.duration_s, facecolor=PALETTE.band, zorder=0)
            elif event.duration_s is None:
                ax.axvline(event.onset_s, color=PALETTE.muted, linewidth=0.9, linestyle=(0, (4, 3)))
            if event.phase in ("strain", "stand", "tilt"):
                ax.text(event.onset_s, top * 1.02, f" {event.phase}", fontsize=8, color=PALETTE.muted, va="bottom")
        ax.set_xlabel("seconds")
        ax.set_ylabel("heart rate, /min")
        svg = figure_to_svg(fig, f"reflexes-trace-{number}")
    said = "; ".join(
        f"{TESTS[f.test].title} {f.value:.{2 if TESTS[f.test].unit == 'ratio' else 0}f}"
        + ("" if TESTS[f.test].unit == "ratio" else TESTS[f.test].unit)
        + (f" ({f.low:.2f} to {f.high:.2f})" if f.low is not None and f.high is not None else "")
        for f in found
        if f.value is not None
    )
    edited = f" {len(beats.kinds)} beats were edited." if beats.kinds else ""
    caption = (
        f"Heart rate from beat to beat during {TASK_WORDS[manoeuvre.kind]}: {said or 'no value'}. Rings: the beats "
        f"that these numbers were read from; grey or dashed: the phases that were marked.{edited}"
    )
    title = f"Heart rate during {TASK_WORDS[manoeuvre.kind]}"
    return Figure(name=f"trace-{number}", title=title, caption=caption, svg=svg)
