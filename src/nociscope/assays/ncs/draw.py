"""The figures of nerve conduction: every value beside its limit of normal, and waveforms with their marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nociscope.assays.declaration import Figure
from nociscope.assays.ncs.draw_waveforms import draw_waveforms
from nociscope.assays.ncs.marking import mark_all
from nociscope.assays.ncs.measure import WAVEFORM
from nociscope.assays.ncs.read import NcsRecording
from nociscope.assays.ncs.settings import NcsSettings
from nociscope.tables import Reading, Score
from nociscope.tsv import MISSING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class _Panel:
    """One kind of value: which measures, and on which side of the limit it is lost."""

    title: str
    measures: tuple[str, ...]
    low: bool
    ends: tuple[float, float]


_PANELS = (
    _Panel("Amplitude", ("amplitude",), True, (0, 400)),
    _Panel("Velocity", ("velocity_m_s",), True, (40, 160)),
    _Panel("Latency", ("onset_latency_ms", "peak_latency_ms"), False, (40, 200)),
    _Panel("F-wave latency", ("f_latency_ms",), False, (40, 200)),
)

_KINDS = {"motor": "motor", "sensory": "sensory", "f_wave": "motor"}


@dataclass(frozen=True, slots=True)
class _Point:
    """One value as a percentage of its limit."""

    row: int
    panel: int
    percent: float
    call: str
    words: str


def draw(
    recording: NcsRecording,
    readings: Sequence[Reading],
    scores: Sequence[Score],
    settings: NcsSettings | None = None,
) -> tuple[Figure, ...]:
    """Draw each value as a percentage of its limit of normal, and the waveforms with what was marked on them.

    Parameters
    ----------
    recording : NcsRecording
        Its waveforms.
    readings, scores : sequence
        Of this visit; values without a limit are named in the caption.
    settings : NcsSettings, optional
        With which the waveforms were marked.

    Returns
    -------
    tuple of Figure
        ``limits`` where a value has a limit; ``waveforms`` and ``f-waves`` where there are recordings.
    """
    chosen = settings or NcsSettings()
    return (*_limits(readings, scores), *draw_waveforms(mark_all(recording.series, chosen), chosen))


def _limits(readings: Sequence[Reading], scores: Sequence[Score]) -> tuple[Figure, ...]:
    points, rows, without = _points(readings, scores)
    if not points:
        return ()
    from nociscope.figures import PALETTE, figure_to_svg, house_style, new_figure

    used = [i for i in range(len(_PANELS)) if any(p.panel == i for p in points)]
    with house_style():
        fig = new_figure(17.0, 1.9 + 0.62 * len(rows))
        axes: Any = fig.subplots(1, len(used), sharey=True, squeeze=False)[0]
        for ax, index in zip(axes, used, strict=True):
            _panel(ax, _PANELS[index], [p for p in points if p.panel == index], PALETTE)
        labels = [f"{nerve}{'' if side == MISSING else ' ' + side[0].upper()}, {kind}" for kind, nerve, side in rows]
        axes[0].set_yticks(range(len(rows)), labels)
        axes[0].set_ylim(len(rows) - 0.5, -0.5)
        svg = figure_to_svg(fig, "ncs-limits")
    return (
        Figure(
            name="limits",
            title="Nerve conduction beside the limits of normal",
            caption=_caption(points, without),
            svg=svg,
            wide=True,
        ),
    )


def _points(
    readings: Sequence[Reading], scores: Sequence[Score]
) -> tuple[list[_Point], list[tuple[str, str, str]], int]:
    """Return the values that have a limit, the rows they lie in, and how many have none."""
    rows: list[tuple[str, str, str]] = []
    points: list[_Point] = []
    without = 0
    for reading in readings:
        panel = next((i for i, p in enumerate(_PANELS) if reading.measure in p.measures), None)
        if panel is None or reading.value is None:
            continue
        score = _score_of(reading, scores)
        limit = None if score is None else score.limit_low if _PANELS[panel].low else score.limit_high
        if score is None or not limit:
            without += 1
            continue
        kind, marked, _ = reading.method.partition(WAVEFORM)
        key = (_KINDS.get(kind, kind) + (" (waveform)" if marked else ""), reading.site.split(".")[0], reading.side)
        if key not in rows:
            rows.append(key)
        words = f"{_name(reading)} {_PANELS[panel].title.lower()} {100 * reading.value / limit:.0f} %"
        points.append(_Point(rows.index(key), panel, 100 * reading.value / limit, score.call, words))
    return points, rows, without


def _panel(ax: Axes, panel: _Panel, points: Sequence[_Point], palette: Any) -> None:
    low, high = panel.ends
    values = [p.percent for p in points]
    low, high = min(low, *values) - 4, min(max(high, *values), 420) + 8
    ax.axvspan(low, 100, color=palette.band, linewidth=0) if panel.low else ax.axvspan(
        100, high, color=palette.band, linewidth=0
    )
    ax.axvline(100, color=palette.ink, linewidth=1.0)
    for p in points:
        beyond = p.call in ("loss", "abnormal")
        ax.plot(
            [min(p.percent, high - 6)],
            [p.row],
            marker=">" if p.percent > high - 6 else "o",
            markersize=6.5,
            color=palette.call(p.call),
            markerfacecolor=palette.call(p.call) if beyond else palette.white,
            markeredgewidth=1.4,
            clip_on=False,
        )
    ax.set_xlim(low, high)
    ax.set_title(panel.title)
    ax.set_xlabel("% of the lower limit" if panel.low else "% of the upper limit")
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=True, axis="y", color=palette.rule, linewidth=0.4)


def _score_of(reading: Reading, scores: Sequence[Score]) -> Score | None:
    if reading.value is None:
        return None
    for s in scores:
        same = (s.measure, s.site, s.side, s.unit) == (reading.measure, reading.site, reading.side, reading.unit)
        if not same or s.call == "not_comparable" or s.value is None:
            continue
        if abs(s.value - reading.value) <= 1e-6 * (1 + abs(reading.value)):
            return s
    return None


def _name(reading: Reading) -> str:
    side = "" if reading.side == MISSING else f" {reading.side}"
    return f"{reading.site.replace('.', ' ').replace('_', ' ')}{side}"


def _caption(points: Sequence[_Point], without: int) -> str:
    beyond = [p.words for p in points if p.call in ("loss", "abnormal")]
    count = "1 value" if len(points) == 1 else f"{len(points)} values"
    text = f"{count} as a percentage of the limit of normal; the line is the limit, the shaded side lost. "
    if beyond:
        shown = "; ".join(beyond[:12]) + (f"; and {len(beyond) - 12} more" if len(beyond) > 12 else "")
        text += f"Beyond the limit (filled): {shown}."
    else:
        text += "None lies beyond its limit."
    if without:
        text += " 1 value without a limit is" if without == 1 else f" {without} values without a limit are"
        text += " not drawn."
    return text
