"""Figures of questionnaires: where it hurts, and each score on its own scale with its cut-offs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nociscope.assays.declaration import Figure
from nociscope.assays.questionnaires.body_map import areas_of, draw_view
from nociscope.assays.questionnaires.instrument import Instrument, ScoreRule, instrument_named, instruments
from nociscope.assays.questionnaires.read import QuestionnaireRecording
from nociscope.tables import Reading, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AREAS = 19
"""The first items of ``fm_criteria`` are the areas of the widespread pain index."""

_MAIN_WITHOUT_TOTAL = ("hads", "bpi", "rand36", "promis")


def draw(
    recording: QuestionnaireRecording, readings: Sequence[Reading], scores: Sequence[Score], settings: Any = None
) -> tuple[Figure, ...]:
    """Draw the body map and the scores of a visit.

    Parameters
    ----------
    recording : QuestionnaireRecording
        Gives the pain areas.
    readings : sequence of Reading
        Of this visit; those of other assays are ignored.
    scores : sequence of Score
        Not used: cut-offs are those of the instruments.
    settings : NoSettings, optional
        Not used.

    Returns
    -------
    tuple of Figure
        ``pain-areas`` where areas were marked, ``scores`` and ``subscales`` where there are values.
    """
    values = {r.measure: r.value for r in readings if r.value is not None}
    figures = [_body(recording, values)]
    main, parts = _shown(values)
    figures.append(_bars("scores", "Questionnaire scores", main, values))
    figures.append(_bars("subscales", "Parts of the questionnaires", parts, values))
    return tuple(f for f in figures if f is not None)


Row = tuple[Instrument, str, ScoreRule]


def _shown(values: Mapping[str, float]) -> tuple[list[Row], list[Row]]:
    """Return the scores with a value: those that stand for an instrument, and its parts."""
    main: list[Row] = []
    parts: list[Row] = []
    for instrument in instruments():
        for name, rule in instrument.measures:
            if name in values:
                whole = rule.name == "total" or instrument.key in _MAIN_WITHOUT_TOTAL or instrument.prefix == ""
                (main if whole else parts).append((instrument, name, rule))
    return main, parts


def _body(recording: QuestionnaireRecording, values: Mapping[str, float]) -> Figure | None:
    from nociscope.figures import PALETTE, figure_to_svg, house_style, new_figure

    form = recording.form("fm_criteria")
    names = tuple(i.name for i in instrument_named("fm_criteria").items[:AREAS])
    if form is None or not any(name in form.answers for name in names):
        return None
    areas = areas_of(form.answers, names)
    with house_style():
        from matplotlib.lines import Line2D

        fig = new_figure(12.0, 12.6)
        fig.set_layout_engine(None)
        for place, view in enumerate(("front", "back")):
            draw_view(fig.add_axes((0.5 * place, 0.06, 0.5, 0.94)), areas, view)
        marks = [
            Line2D([], [], linestyle="none", marker="s", markersize=9, color=PALETTE.gain, label="pain"),
            Line2D([], [], linestyle="none", marker="s", markersize=9, markerfacecolor=PALETTE.band,
                   markeredgecolor=PALETTE.rule, label="no pain"),
        ]  # fmt: skip
        if None in areas.values():
            marks.append(
                Line2D([], [], linestyle="none", marker="s", markersize=9, markerfacecolor=PALETTE.white,
                       markeredgecolor=PALETTE.muted, label="not answered")
            )  # fmt: skip
        fig.legend(handles=marks, loc="lower center", ncols=len(marks))
        svg = figure_to_svg(fig, "questionnaires-pain-areas")
    return Figure(name="pain-areas", title="Painful areas", caption=_body_words(areas, values), svg=svg, wide=False)


def _body_words(areas: Mapping[str, bool | None], values: Mapping[str, float]) -> str:
    def said(names: list[str]) -> str:
        return ", ".join(_area(n) for n in names)

    hurting = [n for n, state in areas.items() if state]
    unknown = [n for n, state in areas.items() if state is None]
    text = f"Pain in the past week in {len(hurting)} of {AREAS} areas"
    text += f": {said(hurting)}." if hurting else "."
    if unknown:
        text += f" Not answered: {said(unknown)}."
    if "wpi" in values:
        text += f" Widespread pain index {values['wpi']:.0f}."
    if "regions_positive" in values:
        text += f" {values['regions_positive']:.0f} of 5 regions are painful; jaw, chest and abdomen belong to none."
    return text + " On the front view the person's right is on the left of the picture."


def _area(name: str) -> str:
    for side in ("left", "right"):
        if name.endswith(f"_{side}"):
            return f"{side} {name.removesuffix(f'_{side}').replace('_', ' ')}"
    return name.replace("_", " ")


def _bars(name: str, title: str, rows: Sequence[Row], values: Mapping[str, float]) -> Figure | None:
    from nociscope.figures import figure_to_svg, house_style, new_figure

    if not rows:
        return None
    height = 0.3 + 0.86 * len(rows)
    with house_style():
        fig = new_figure(11.0, height)
        fig.set_layout_engine(None)  # every row has the same height, whatever stands in it
        ax = fig.add_axes((0.01, 0.1 / height, 0.98, 1 - 0.2 / height))
        for place, (_, measure, rule) in enumerate(rows):
            _bar(ax, place, rule, values[measure])
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_xlim(0, 1)
        ax.axis("off")
        svg = figure_to_svg(fig, f"questionnaires-{name}")
    caption = "Each score on a bar from its lowest to its highest possible value."
    if any(_lines(rule) for _, _, rule in rows):
        caption += " Lines across a bar are published cut-offs."
    if any(rule.higher == "better" for _, _, rule in rows):
        caption += " Where (+) stands, a higher value is better; elsewhere it is worse."
    words = ", ".join(_words(rule, values[measure]) for _, measure, rule in rows)
    return Figure(name=name, title=title, caption=f"{caption} {words}.", svg=svg, wide=False)


def _bar(ax: Axes, place: int, rule: ScoreRule, value: float) -> None:
    """Draw one score: its name and value, and below them its bar."""
    from nociscope.figures import PALETTE

    span = rule.end - rule.minimum
    top, bottom, middle = place - 0.04, place + 0.36, place + 0.16

    def along(x: float) -> float:
        return min(1.0, (x - rule.minimum) / span)

    ax.barh([middle], [1.0], height=bottom - top, color=PALETTE.band, linewidth=0, zorder=1)
    colour = PALETTE.left if rule.higher == "better" else PALETTE.gain
    ax.barh([middle], [along(value)], height=bottom - top, color=colour, alpha=0.8, linewidth=0, zorder=2)
    named = -1.0
    for edge in _lines(rule):
        at = along(edge)
        ax.plot([at, at], [top, bottom], color=PALETTE.ink, linewidth=1.0, zorder=3)
        if at - named > 0.05:  # numbers that would touch are left out
            ax.annotate(
                f"{edge:g}", (at, middle), xytext=(2, 0), textcoords="offset points", ha="left", va="center",
                fontsize=6.5, color=PALETTE.white if along(value) > at + 0.05 else PALETTE.ink, zorder=4,
            )  # fmt: skip
            named = at
    mark = " (+)" if rule.higher == "better" else ""
    band = _band(rule, value)
    said = f"{value:.{rule.decimals}f} of {rule.maximum:g}{mark}"
    ax.text(0, top - 0.06, rule.title, ha="left", va="bottom", fontsize=8)
    text = f"{said} · {band}" if band else said
    ax.text(1, top - 0.06, text, ha="right", va="bottom", fontsize=8, fontweight="bold")


def _lines(rule: ScoreRule) -> tuple[float, ...]:
    """Return the published cut-offs that are drawn across a bar."""
    cut = rule.cut_offs
    return cut.lower[1:] if cut is not None and cut.active and cut.lines else ()


def _band(rule: ScoreRule, value: float) -> str:
    cut = rule.cut_offs
    return cut.label(value) if cut is not None and cut.active else ""


def _words(rule: ScoreRule, value: float) -> str:
    text = f"{rule.title} {value:.{rule.decimals}f}"
    band = _band(rule, value)
    return f"{text} ({band})" if band else text
