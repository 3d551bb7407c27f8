"""Figures of waveforms: each response with what was marked on it, proximal over distal, and the sweeps of F waves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nociscope.assays.declaration import Figure
from nociscope.assays.ncs.marking import Marked
from nociscope.assays.ncs.settings import NcsSettings
from nociscope.tsv import MISSING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PANELS = 12
POINTS = 260
"""Points of a drawn trace: more are not seen."""


def draw_waveforms(marked: Sequence[Marked], settings: NcsSettings) -> tuple[Figure, ...]:
    """Draw the responses, a panel for each nerve, side and kind, and the F waves in a figure of their own.

    Parameters
    ----------
    marked : sequence of Marked
        As :func:`nociscope.assays.ncs.marking.mark_all` returns them.
    settings : NcsSettings

    Returns
    -------
    tuple of Figure
        ``waveforms`` and ``f-waves``, each where there are any.
    """
    groups: dict[tuple[str, str, str], list[Marked]] = {}
    for m in marked:
        groups.setdefault((m.series.kind, m.series.nerve, m.series.side), []).append(m)
    direct = [sorted(g, key=lambda m: m.series.level) for key, g in groups.items() if key[0] != "f_wave"]
    waves = [m for key, g in groups.items() if key[0] == "f_wave" for m in g]
    return (*_responses(direct, settings), *_f_waves(waves, settings))


def _responses(groups: Sequence[Sequence[Marked]], settings: NcsSettings) -> tuple[Figure, ...]:
    from nociscope.figures import figure_to_svg, house_style, new_figure

    shown = groups[:MOST_PANELS]
    if not shown:
        return ()
    columns = min(2, len(shown))
    rows = [shown[i : i + columns] for i in range(0, len(shown), columns)]
    heights = [1.6 + 2.0 * max(len(g) for g in row) for row in rows]
    with house_style():
        fig = new_figure(8.7 * columns, sum(heights))
        axes: Any = fig.subplots(len(rows), columns, squeeze=False, gridspec_kw={"height_ratios": heights})
        for place, ax in enumerate(axes.flat):
            if place < len(shown):
                _panel(ax, shown[place], settings)
            else:
                ax.set_visible(False)
        svg = figure_to_svg(fig, "ncs-waveforms")
    left = len(groups) - len(shown)
    caption = (
        "Responses from the stimulus (0 ms) on, negative up; shaded: the negative phase, whose area is given; bar, "
        "dot and open circle: onset, negative peak and return to the baseline (dotted). The artefact is not drawn. "
        + " ".join(_sentence(m) for g in shown for m in g)
        + (f" {left} more nerves are in the table." if left else "")
    )
    return (Figure(name="waveforms", title="Waveforms with their marks", caption=caption, svg=svg, wide=columns > 1),)


def _title(m: Marked) -> str:
    side = "" if m.series.side == MISSING else f" {m.series.side}"
    kind = {"f_wave": "F waves"}.get(m.series.kind, m.series.kind)
    return f"{m.series.nerve.replace('_', ' ').capitalize()}{side}, {kind}"


def _unit(m: Marked) -> str:
    return m.series.unit.replace("uV", "µV")


def _times(m: Marked, settings: NcsSettings) -> np.ndarray:
    time = m.series.time_ms
    return np.asarray(time[time >= settings.blank_ms])


def _thinned(time: np.ndarray, values: np.ndarray, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a trace up to a time with so many points as are seen."""
    inside = time <= end
    step = max(1, int(inside.sum()) // POINTS)
    return time[inside][::step], values[inside][::step]


def _panel(ax: Axes, group: Sequence[Marked], settings: NcsSettings) -> None:
    """Draw the points of one nerve over one another, the most proximal on top, all at one gain."""
    from nociscope.figures import PALETTE

    present = [m.marks for m in group if m.marks is not None]
    end = max((x.end_ms + max(x.duration_ms, 2.0) for x in present), default=10.0)
    end = min(end, float(group[0].series.time_ms[-1]))
    tallest = max((x.amplitude for x in present), default=1.0)
    step = 1.55 * max((x.peak_to_peak for x in present), default=tallest)
    ax.axvline(0, color=PALETTE.muted, linewidth=0.8)
    for place, m in enumerate(group):
        _trace(ax, m, place * step, end, settings)
    low = -max(1.15 * max((x.peak_to_peak - x.amplitude for x in present), default=0.0), 0.75 * tallest)
    high = (len(group) - 1) * step + 1.25 * tallest
    ax.set_ylim(low, high)
    ax.set_xlim(-0.02 * end, 1.52 * end)
    _scale_bars(ax, end, low, high, _unit(group[0]), tallest)
    ax.set_title(_title(group[0]))
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_bounds(0, end)
    ax.set_xticks([t for t in ax.get_xticks() if 0 <= t <= end])
    ax.set_xlabel("ms", x=0.35)


def _trace(ax: Axes, m: Marked, base: float, end: float, settings: NcsSettings) -> None:
    """Draw one response on its baseline with its marks and values."""
    from nociscope.figures import PALETTE

    time, values = _thinned(_times(m, settings), m.trace, end)
    ax.plot([0, end], [base, base], color=PALETTE.rule, linewidth=0.8, linestyle=(0, (1, 2)))
    point = "" if m.series.stimulation == MISSING else m.series.stimulation.replace("_", " ")
    velocity = m.study.velocity_m_s
    if m.marks is None:
        ax.plot(time, base + values, color=PALETTE.ink, linewidth=1.1)
        ax.text(1.04 * end, base, f"{point}\nno response".strip(), fontsize=8, va="center", color=PALETTE.loss)
        return
    x = m.marks
    inside = (time >= x.onset_ms) & (time <= x.end_ms)
    top = np.clip(values[inside], 0, None)
    ax.fill_between(time[inside], base, base + top, color=PALETTE.band, linewidth=0)
    ax.plot(time, base + values, color=PALETTE.ink, linewidth=1.1)
    at_onset = float(np.interp(x.onset_ms, time, values))
    tick = 0.14 * x.amplitude
    mark = PALETTE.series[0]
    ax.plot([x.onset_ms] * 2, [base + at_onset - tick, base + at_onset + tick], color=mark, linewidth=1.8)
    ax.plot([x.peak_ms], [base + x.amplitude], marker="o", markersize=4.5, color=mark, linestyle="none")
    at_end = float(np.interp(x.end_ms, time, values))
    ax.plot([x.end_ms], [base + at_end], marker="o", markersize=4, color=mark, markerfacecolor=PALETTE.white)
    unit = _unit(m)
    lines = [
        point,
        f"{x.onset_ms:.1f} ms, {x.amplitude:.3g} {unit}",
        f"{x.duration_ms:.1f} ms long, {x.area:.3g} {unit}·ms",
        "" if velocity is None else f"{velocity:.0f} m/s over {m.study.distance_mm:.0f} mm",
    ]
    text = "\n".join(line for line in lines if line)
    ax.text(1.04 * end, base - 0.1 * x.amplitude, text, fontsize=8, va="bottom", color=PALETTE.ink)


def _round_length(most: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is not above a length."""
    power = 10.0 ** np.floor(np.log10(max(most, 1e-9)))
    return float(max(s * power for s in (1, 2, 5) if s * power <= most * (1 + 1e-9)))


def _scale_bars(ax: Axes, end: float, low: float, high: float, unit: str, tallest: float) -> None:
    """Draw a bar of time and one of amplitude at the lower right."""
    from nociscope.figures import PALETTE

    tall, wide = _round_length(0.45 * tallest), _round_length(0.2 * end)
    x, y = 1.25 * end, low + 0.03 * (high - low)
    ax.plot([x, x, x + wide], [y + tall, y, y], color=PALETTE.ink, linewidth=1.2, solid_joinstyle="miter")
    ax.text(x - 0.015 * end, y + tall / 2, f"{tall:g} {unit}", fontsize=7.5, ha="right", va="center")
    ax.text(x + wide / 2, y + 0.02 * (high - low), f"{wide:g} ms", fontsize=7.5, ha="center", va="bottom")


def _sentence(m: Marked) -> str:
    point = "" if m.series.stimulation == MISSING else f" from {m.series.stimulation.replace('_', ' ')}"
    if m.marks is None:
        return f"{_title(m)}{point}: no response."
    speed = "" if m.study.velocity_m_s is None else f", {m.study.velocity_m_s:.1f} m/s"
    sweeps = "1 sweep" if m.n == 1 else f"{m.n} sweeps"
    return (
        f"{_title(m)}{point}: onset {m.marks.onset_ms:.2f} ms, {m.marks.amplitude:.3g} {_unit(m)}{speed} ({sweeps})."
    )


def _f_waves(marked: Sequence[Marked], settings: NcsSettings) -> tuple[Figure, ...]:
    from nociscope.figures import figure_to_svg, house_style, new_figure

    shown = marked[:MOST_PANELS]
    if not shown:
        return ()
    columns = min(2, len(shown))
    count = -(-len(shown) // columns)
    tallest = max(len(m.f_onsets_ms) for m in shown)
    with house_style():
        fig = new_figure(8.7 * columns, count * (1.8 + 0.42 * min(tallest, 20)))
        axes: Any = fig.subplots(count, columns, squeeze=False)
        for place, ax in enumerate(axes.flat):
            if place < len(shown):
                _f_panel(ax, shown[place], settings)
            else:
                ax.set_visible(False)
        svg = figure_to_svg(fig, "ncs-f-waves")
    words = []
    for m in shown:
        earliest = m.study.f_latency_ms
        found = sum(x is not None for x in m.f_onsets_ms)
        shortest = "" if earliest is None else f", the shortest after {earliest:.1f} ms"
        words.append(f"{_title(m)}: {found} of {len(m.f_onsets_ms)} stimuli gave an F wave{shortest}.")
    caption = (
        "Sweeps one over another from the stimulus (0 ms) on, negative up, the direct response cut off; a bar marks "
        f"where an F wave begins, the dashed line the shortest latency. {' '.join(words)}"
    )
    return (Figure(name="f-waves", title="F waves sweep by sweep", caption=caption, svg=svg, wide=columns > 1),)


def _f_panel(ax: Axes, m: Marked, settings: NcsSettings) -> None:
    """Draw up to twenty sweeps of one nerve."""
    from nociscope.assays.ncs.marking import cleaned
    from nociscope.figures import PALETTE

    time, sweeps, _ = cleaned(m.series, settings)
    seen = [x for x in m.f_onsets_ms if x is not None]
    end = min(float(time[-1]), max(seen, default=time[-1] * 0.5) + 15)
    late = time > min(seen, default=0.6 * end) - 2
    most = max(float(np.abs(sweeps[:, late & (time <= end)]).max()), 0.05)
    step = 1.5 * most
    for place, (sweep, onset) in enumerate(zip(sweeps[:20], m.f_onsets_ms, strict=False)):
        base = -place * step
        x, y = _thinned(time, np.clip(sweep, -most, most), end)
        ax.plot(x, base + y, color=PALETTE.ink, linewidth=0.9)
        if onset is not None:
            ax.plot([onset] * 2, [base - 0.3 * step, base + 0.3 * step], color=PALETTE.series[0], linewidth=1.8)
    if m.study.f_latency_ms is not None:
        ax.axvline(m.study.f_latency_ms, color=PALETTE.muted, linewidth=0.8, linestyle=(0, (4, 3)))
    tall = _round_length(0.8 * most)
    ax.plot([1.03 * end] * 2, [0, tall], color=PALETTE.ink, linewidth=1.2)
    ax.text(1.05 * end, tall / 2, f"{1000 * tall:g} µV", fontsize=7.5, va="center")
    ax.set_xlim(0, 1.22 * end)
    ax.set_xticks([t for t in ax.get_xticks() if 0 <= t <= end])
    ax.spines["bottom"].set_bounds(0, end)
    ax.spines["left"].set_visible(False)
    ax.set_yticks([])
    ax.set_xlabel("ms", x=0.4)
    ax.set_title(_title(m))
