"""The figure of a course: values over visits, with their intervals and the range that measurement error explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nociscope.assays.declaration import Figure
from nociscope.change.model import Change, Course
from nociscope.rules.model import VisitEvidence
from nociscope.tables import MISSING, Reading, format_number

MOST_PANELS = 9

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
        fig = new_figure(5.6 * columns + 0.6, 4.6 * rows + 0.4)
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
        f"around the "
        f"first value. {' '.join(captions)}{more}" + (f" Treatments: {treated}." if treated else "")
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
    colour = palette.gain if c.verdict == "improved" else palette.loss if c.verdict == "worsened" else palette.normal
    ax.plot(places, values, color=colour, linewidth=1.4)
    for i, value in zip(places, values, strict=True):
        r = found[course.sessions[i]]
        if r.low is not None and r.high is not None:
            ax.plot([i, i], [r.low, r.high], color=colour, linewidth=2.2)
        ax.plot([i], [value], marker="o", markersize=6, color=colour)
    ax.set_xticks(range(len(course.sessions)), [s.removeprefix("ses-") for s in course.sessions])
    ax.set_xlim(-0.4, len(course.sessions) - 0.6)
    unit = "" if c.unit in ("", MISSING, "count", "ratio") else f" ({c.unit})"
    ax.set_title(f"{_name(c)}{unit}")
    ax.set_xlabel("visit")


def _name(c: Change) -> str:
    words = [c.measure.removesuffix("_total").replace("_", " ")]
    words += [w.replace("_", " ") for w in (c.site, c.side) if w != MISSING]
    return ", ".join(words)


def _sentence(c: Change) -> str:
    text = f"{_name(c)}: {format_number(round(c.first, 3))} to {format_number(round(c.last, 3))}"
    return f"{text[:1].upper()}{text[1:]}, {_WORDS[c.verdict]}."
