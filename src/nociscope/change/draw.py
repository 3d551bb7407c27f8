"""The figure of a course: values over visits, with their intervals and the range that measurement error explains."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from nociscope.assays.declaration import Figure
from nociscope.change.model import Change, Course
from nociscope.change.reference import placebo_change_for
from nociscope.rules.model import VisitEvidence
from nociscope.tables import Reading
from nociscope.tsv import MISSING, format_number

MOST_PANELS = 9

PANEL_CHARACTERS = 34
"""Longest line of a title that fits above one panel."""

_WORDS = {
    "improved": "improved beyond measurement error",
    "worsened": "worsened beyond measurement error",
    "changed": "changed beyond measurement error",
    "within_error": "within measurement error",
    "no_limit": "no limit known",
}


def draw_course(course: Course, visits: Sequence[VisitEvidence]) -> tuple[Figure, ...]:
    """Draw each measure that has an error limit over the visits.

    Parameters
    ----------
    course : Course
    visits : sequence of VisitEvidence
        In order; they give the values and intervals between the first and the last.

    Returns
    -------
    tuple of Figure
        One, named ``course``; none when no measure has a limit.
    """
    from nociscope.figures import PALETTE, figure_to_svg, house_style, new_figure

    last = {_key(c): c for c in course.changes if c.limit is not None}
    shown = list(last.values())[:MOST_PANELS]
    if not shown:
        return ()
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    with house_style():
        fig = new_figure(5.6 * columns + 0.6, 5.0 * rows + 0.4)
        axes: Any = fig.subplots(rows, columns, squeeze=False)
        for place, ax in enumerate(axes.flat):
            if place >= len(shown):
                ax.set_visible(False)
                continue
            _panel(ax, shown[place], course, visits, PALETTE)
        svg = figure_to_svg(fig, "change-course")
    captions = [_sentence(c) for c in shown]
    left = len(last) - len(shown)
    more = f" {left} more measures are in the table." if left > 0 else ""
    treated = "; ".join(f"{s}: {t}" for s, t in course.treatments)
    caption = (
        f"Dots and bars: value and 95 % interval at each visit; shaded: what measurement error alone explains "
        f"around the first value. {' '.join(captions)}{more}"
        + (f" Triangles above mark visits with a treatment: {treated}." if treated else "")
    )
    return (
        Figure(
            name="course",
            title="Values over the visits, and what measurement error explains",
            caption=caption,
            svg=svg,
            wide=columns > 1,
        ),
    )


def _key(c: Change) -> tuple[str, ...]:
    return (c.assay, c.site, c.side, c.measure, c.method, c.unit)


def _panel(ax: Any, c: Change, course: Course, visits: Sequence[VisitEvidence], palette: Any) -> None:
    found: Mapping[str, Reading] = {
        v.session_id: r
        for v in visits
        for r in v.readings
        if (r.assay, r.site, r.side, r.measure, r.method, r.unit) == _key(c) and r.value is not None
    }
    places = [i for i, s in enumerate(course.sessions) if s in found]
    values = [float(found[course.sessions[i]].value or 0.0) for i in places]
    limit = c.limit or 0.0
    ax.axhspan(c.first - limit, c.first + limit, color=palette.band, linewidth=0)
    ax.axhline(c.first, color=palette.rule, linewidth=0.8)
    colour = {"improved": palette.series[2], "worsened": palette.series[1]}.get(c.verdict, palette.normal)
    ax.plot(places, values, color=colour, linewidth=1.4)
    for i, value in zip(places, values, strict=True):
        r = found[course.sessions[i]]
        if r.low is not None and r.high is not None:
            ax.plot([i, i], [r.low, r.high], color=colour, linewidth=2.2)
        ax.plot([i], [value], marker="o", markersize=6, color=colour)
    labels = [s.removeprefix("ses-") for s in course.sessions]
    last = len(labels)
    placebo = placebo_change_for(c.measure, c.site)
    if placebo is not None:
        middle = c.first + placebo.mean
        ax.plot([last] * 2, [middle - placebo.sd, middle + placebo.sd], color=palette.muted, linewidth=1.6)
        ax.plot([last], [middle], marker="D", markersize=5.5, color=palette.muted, markerfacecolor=palette.white)
        labels.append("placebo")
    treated = [i for i, s in enumerate(course.sessions) if any(s == at for at, _ in course.treatments)]
    top = ax.get_xaxis_transform()
    ax.plot(
        treated, [0.97] * len(treated), marker="v", markersize=5, color=palette.ink, linestyle="none", transform=top
    )
    ax.set_xticks(range(len(labels)), labels)
    ax.set_xlim(-0.4, len(labels) - 0.6)
    ax.margins(y=0.12)
    unit = "" if c.unit in ("", MISSING, "count", "ratio") else f" ({c.unit})"
    place = ", ".join(w.replace("_", " ") for w in (c.site, c.side) if w != MISSING)
    title = "\n".join(textwrap.wrap(_title(c), PANEL_CHARACTERS))
    ax.set_title(f"{title}\n{place}{unit}" if place else f"{title}{unit}", fontsize=8.5)


def _title(c: Change) -> str:
    """Return the name of a measure for people, as its assay declares it."""
    from nociscope.assays.registry import assay_named

    try:
        declared = assay_named(c.assay).measure_named(c.measure)
    except KeyError:
        declared = None
    return c.measure.removesuffix("_total").replace("_", " ") if declared is None else declared.title


def _name(c: Change) -> str:
    words = [w.replace("_", " ") for w in (c.site, c.side) if w != MISSING]
    return ", ".join([_title(c), *words])


def _number(value: float) -> str:
    return format_number(round(value, 2)).replace("-", "−")


def _sentence(c: Change) -> str:
    text = f"{_name(c)}: {_number(c.first)} to {_number(c.last)}"
    interval = ""
    if c.low is not None and c.high is not None:
        ends = (_number(x) for x in (c.low, c.high))
        interval = f" (95 % interval of the change {' to '.join(ends)})"
    placebo = placebo_change_for(c.measure, c.site)
    beside = ""
    if placebo is not None:
        beside = (
            f" On placebo it changed by {placebo.mean:+g}".replace("-", "−")
            + f" (SD {placebo.sd:g}) in {placebo.months} months (diamond)."
        )
    return f"{text[:1].upper()}{text[1:]}{interval}, {_WORDS[c.verdict]}.{beside}"
