"""Figures on which every peak can be checked by eye: average, series, single trials, habituation, scalp map."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nociscope.assays.declaration import Figure
from nociscope.assays.lep.measure import amplitudes_at_peaks
from nociscope.assays.lep.peaks import vertex_peaks, windows_for
from nociscope.assays.lep.recording import Floats, LepRecording, Stimulated
from nociscope.assays.lep.resample import t_quantile
from nociscope.assays.lep.scalp import thin_plate
from nociscope.assays.lep.settings import LepSettings
from nociscope.assays.lep.single_trial import wavelet_transform
from nociscope.figures import PALETTE, figure_to_svg, house_style, new_figure
from nociscope.tables import MISSING, Reading, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHOWN_MS = (-200.0, 800.0)
_PEAKS = (("n1", "N1"), ("n2", "N2"), ("p2", "P2"))


def draw(
    recording: LepRecording, readings: Sequence[Reading], scores: Sequence[Score], settings: LepSettings
) -> tuple[Figure, ...]:
    """Draw each stimulated site and side.

    Parameters
    ----------
    recording : LepRecording
    readings : sequence of Reading
        As measured of it: the peaks that are marked.
    scores : sequence of Score
    settings : LepSettings

    Returns
    -------
    tuple of Figure
        Per site and side: the average with its interval and marked peaks beside N1, series and single trials; the
        course over pulses; a scalp map where there are electrodes enough; a time-frequency map when asked for.
    """
    figures: list[Figure] = []
    for s in recording.stimulated:
        if s.vertex_uv is None or s.failed or not s.kept.any():
            continue
        own = [r for r in readings if r.site == s.site and r.side == s.side]
        with house_style():
            figures.append(_waves(s, own))
            course = _course(s, own, settings)
            figures += [course] if course is not None else []
            scalp = _scalp_map(s, own)
            figures += [scalp] if scalp is not None else []
            if settings.time_frequency:
                figures.append(_time_frequency(s))
    return tuple(figures)


def place(s: Stimulated) -> str:
    """Return a site and side in words: ``right hand dorsum``."""
    site = s.site.replace("_", " ") if s.site != MISSING else "unknown site"
    return f"{s.side} {site}" if s.side not in (MISSING, "both") else site


def _key(s: Stimulated) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"{s.site}-{s.side}".lower()).strip("-")


def _value(readings: Sequence[Reading], measure: str, kind: str = "") -> Reading | None:
    return next((r for r in readings if r.measure == measure and r.method.startswith(kind)), None)


def _number(reading: Reading | None) -> float | None:
    return None if reading is None else reading.value


def _mean_band(trials: Floats) -> tuple[Floats, Floats]:
    """Return the average and half its pointwise 95 % interval."""
    n = len(trials)
    if n < 2:
        return trials.mean(axis=0), np.zeros(trials.shape[1])
    half: Floats = t_quantile(n - 1) * trials.std(axis=0, ddof=1) / np.sqrt(n)
    return trials.mean(axis=0), half


def _waves(s: Stimulated, readings: Sequence[Reading]) -> Figure:
    assert s.vertex_uv is not None
    fig = _placed_figure(17.0, 11.5)
    spec = {"left": 0.075, "right": 0.985, "top": 0.95, "bottom": 0.09, "wspace": 0.2, "hspace": 0.22}
    grid = fig.subplots(2, 2, sharex=True, width_ratios=(1.35, 1.0), height_ratios=(1.55, 1.0), gridspec_kw=spec)
    _draw_average(grid[0, 0], s, readings)
    _draw_n1(grid[1, 0], s, readings)
    _draw_series(grid[0, 1], s)
    _draw_trials(grid[1, 1], s)
    key = _key(s)
    return Figure(
        name=f"waves-{key}",
        title=f"Responses to laser pulses, {place(s)}",
        caption=_caption(s, readings),
        svg=figure_to_svg(fig, f"lep-waves-{key}"),
    )


def _placed_figure(width_cm: float, height_cm: float) -> Any:
    """Return a figure whose axes are placed by hand: working the layout out takes longer than the whole drawing."""
    fig = new_figure(width_cm, height_cm)
    fig.set_layout_engine("none")
    return fig


def _room(ax: Axes, below: float, above: float) -> None:
    """Make room for labels below and above the curves, as shares of their range."""
    low, high = ax.dataLim.intervaly
    span = max(float(high - low), 1e-6)
    ax.set_ylim(float(low) - below * span, float(high) + above * span)


def _frame(ax: Axes, s: Stimulated, label: str = "uV") -> None:
    ax.axvline(0, color=PALETTE.muted, linewidth=0.8)
    ax.axhline(0, color=PALETTE.rule, linewidth=0.8)
    ax.set_xlim(max(_SHOWN_MS[0], 1000 * s.times_s[0]), min(_SHOWN_MS[1], 1000 * s.times_s[-1]))
    ax.set_ylabel(label)


def _draw_average(ax: Axes, s: Stimulated, readings: Sequence[Reading]) -> None:
    assert s.vertex_uv is not None
    mean, half = _mean_band(s.vertex_uv[s.kept])
    t = 1000 * s.times_s
    ax.fill_between(t, mean - half, mean + half, color=PALETTE.loss, alpha=0.18, linewidth=0)
    ax.plot(t, mean, color=PALETTE.loss, linewidth=1.6)
    _frame(ax, s)
    ax.set_title(f"Vertex (Cz), average of {int(s.kept.sum())} trials")
    for name, label in _PEAKS[1:]:
        _mark(ax, t, mean, readings, name, label)
    if _number(_value(readings, "response_present")) == 0.0:
        ax.text(0.98, 0.96, "no response", transform=ax.transAxes, ha="right", va="top", color=PALETTE.gain)
    _room(ax, 0.2, 0.2)


def _mark(ax: Axes, t: Floats, mean: Floats, readings: Sequence[Reading], name: str, label: str) -> None:
    latency = _value(readings, f"{name}_latency", "average:all")
    amplitude = _number(_value(readings, f"{name}_amplitude", "average:all"))
    if latency is None or latency.value is None or amplitude is None:
        return
    at = float(np.interp(latency.value, t, mean))
    up = amplitude > 0
    if latency.low is not None and latency.high is not None:
        ax.plot([latency.low, latency.high], [at, at], color=PALETTE.ink, linewidth=1.0)
    ax.plot([latency.value], [at], marker="o", color=PALETTE.ink, markersize=4.5)
    ax.annotate(
        f"{label} {latency.value:.0f} ms\n{amplitude:.1f} uV",
        (latency.value, at),
        xytext=(0, 7 if up else -7),
        textcoords="offset points",
        ha="center",
        va="bottom" if up else "top",
        fontsize=8.5,
    )


def _draw_n1(ax: Axes, s: Stimulated, readings: Sequence[Reading]) -> None:
    _frame(ax, s)
    ax.set_xlabel("ms after the pulse")
    if s.lateral_uv is None:
        ax.set_title("N1")
        ax.text(0.5, 0.5, "no contralateral electrode and Fz", transform=ax.transAxes, ha="center", va="center")
        ax.set_yticks([])
        return
    mean, half = _mean_band(s.lateral_uv[s.kept])
    t = 1000 * s.times_s
    ax.fill_between(t, mean - half, mean + half, color=PALETTE.left, alpha=0.18, linewidth=0)
    ax.plot(t, mean, color=PALETTE.left, linewidth=1.4)
    ax.set_title(f"N1 derivation ({s.lateral_name})")
    _mark(ax, t, mean, readings, "n1", "N1")
    _room(ax, 0.42, 0.1)


def _draw_series(ax: Axes, s: Stimulated) -> None:
    assert s.vertex_uv is not None
    labels = np.array(s.block, dtype=object)
    t = 1000 * s.times_s
    _frame(ax, s)
    blocks = s.blocks
    ax.set_title("Series" if blocks else "Odd and even trials")
    if not blocks:
        groups = [("odd", np.arange(len(s.kept)) % 2 == 0), ("even", np.arange(len(s.kept)) % 2 == 1)]
    else:
        groups = [(f"series {b}", labels == b) for b in blocks]
    shades = np.linspace(0.0, 1.0, max(len(groups), 2))
    for (name, mask), shade in zip(groups, shades, strict=False):
        trials = s.vertex_uv[s.kept & mask]
        if len(trials):
            ax.plot(
                t, trials.mean(axis=0), color=_shade(float(shade)), linewidth=1.2, label=f"{name} ({len(trials)})"
            )
    _room(ax, 0.34, 0.06)
    ax.legend(loc="lower right", fontsize=8, ncols=1 if len(groups) <= 3 else 2, handlelength=1.2, labelspacing=0.25)


def _shade(share: float) -> tuple[float, float, float]:
    """Return a colour from dark blue (first series) to orange (last), telling by lightness as well."""
    dark, light = np.array([0.05, 0.18, 0.36]), np.array([0.88, 0.50, 0.12])
    mixed = dark + (light - dark) * share
    return float(mixed[0]), float(mixed[1]), float(mixed[2])


def _draw_trials(ax: Axes, s: Stimulated) -> None:
    """Draw all clean trials as an image, first pulse on top; coarse, because a page is small."""
    assert s.vertex_uv is not None
    shown = (1000 * s.times_s >= _SHOWN_MS[0]) & (1000 * s.times_s <= _SHOWN_MS[1])
    trials, t = s.vertex_uv[s.kept][:, shown], 1000 * s.times_s[shown]
    width = max(len(t) // 125, 1)
    count = len(t) // width
    coarse = trials[:, : count * width].reshape(len(trials), count, width).mean(axis=2)
    top = float(np.quantile(np.abs(coarse), 0.99)) or 1.0
    ax.imshow(
        coarse,
        aspect="auto",
        cmap="RdBu_r",
        vmin=-top,
        vmax=top,
        extent=(float(t[0]), float(t[count * width - 1]), len(trials) + 0.5, 0.5),
    )
    ax.axvline(0, color=PALETTE.ink, linewidth=0.8)
    ax.set_title(f"Single trials (±{top:.0f} uV)")
    ax.set_xlabel("ms after the pulse")
    ax.set_ylabel("trial")


def _caption(s: Stimulated, readings: Sequence[Reading]) -> str:
    n, total = int(s.kept.sum()), len(s.kept)
    parts = [
        f"Laser pulses to the {place(s)}: {n} of {total} trials were free of artefacts. Top left: average at Cz "
        "against "
        f"{s.reference}, negative down, with its pointwise 95 % interval; dots mark N2 and P2, bars the interval of "
        "their latency."
    ]
    present = _value(readings, "response_present")
    if present is not None and present.value == 0.0:
        parts.append("No response stands out of the noise, so no peak is marked.")
    for name, label in _PEAKS:
        latency, amplitude = (
            _number(_value(readings, f"{name}_{what}", "average:all")) for what in ("latency", "amplitude")
        )
        if latency is not None and amplitude is not None:
            parts.append(f"{label} {latency:.0f} ms, {amplitude:.1f} uV.")
    size = _value(readings, "n2p2_amplitude", "average:all")
    if size is not None and size.value is not None and size.low is not None and size.high is not None:
        parts.append(f"N2-P2 {size.value:.1f} uV (95 % interval {size.low:.1f} to {size.high:.1f}).")
    parts.append(
        "Top right: the averages of the series, dark first. Bottom left: the N1 derivation. Bottom right: every "
        "clean "
        "trial as a row of colour, the first on top, blue negative, red positive."
    )
    if s.average_reference:
        parts.append("The average reference had to be used, so no norm applies.")
    return " ".join(parts)


def _course(s: Stimulated, readings: Sequence[Reading], settings: LepSettings) -> Figure | None:
    """Draw the size of every trial over pulses with series means and the fitted line."""
    assert s.vertex_uv is not None
    if _number(_value(readings, "response_present")) != 1.0:
        return None
    windows = windows_for(s.site, s.laser, settings.windows)
    vertex = vertex_peaks(s.vertex_uv[s.kept].mean(axis=0)[None], s.times_s, windows)
    if not np.isfinite(vertex.peak_to_peak[0]):
        return None
    n2, p2 = amplitudes_at_peaks(s, vertex)
    size, order = p2 - n2, s.order[s.kept] + 1
    has_ratings = bool(np.isfinite(s.all_ratings).any())
    fig = _placed_figure(17.0, 6.5)
    spec = {"left": 0.075, "right": 0.985, "top": 0.9, "bottom": 0.17, "wspace": 0.18}
    axes = fig.subplots(1, 2 if has_ratings else 1, squeeze=False, gridspec_kw=spec)[0]
    _draw_course(axes[0], s, order, size)
    axes[0].set_title("N2-P2 of each trial")
    axes[0].set_ylabel("uV")
    if has_ratings:
        _draw_ratings(axes[1], s)
    key = _key(s)
    return Figure(
        name=f"habituation-{key}",
        title=f"Course over pulses, {place(s)}",
        caption=_course_caption(s, readings, has_ratings),
        svg=figure_to_svg(fig, f"lep-habituation-{key}"),
    )


def _draw_course(ax: Axes, s: Stimulated, order: Floats, size: Floats) -> None:
    energy = s.energy_j[s.kept]
    known = np.isfinite(energy)
    ax.scatter(order, size, s=9, color=PALETTE.muted, linewidths=0, zorder=2)
    labels = np.array(s.block, dtype=object)[s.kept]
    for block in s.blocks:
        mask = labels == block
        if mask.sum() > 1:
            mean, half = _mean_band(size[mask][:, None])
            low, high = float(order[mask].min()), float(order[mask].max())
            ax.fill_between(
                [low, high],
                float(mean[0] - half[0]),
                float(mean[0] + half[0]),
                color=PALETTE.loss,
                alpha=0.18,
                linewidth=0,
            )
            ax.plot([low, high], [float(mean[0])] * 2, color=PALETTE.loss, linewidth=2.0)
    if known.all() and np.ptp(energy) > 1e-9 and len(order) > 6:
        x = np.column_stack([np.ones(len(order)), order, energy - energy.mean()])
        beta, *_ = np.linalg.lstsq(x, size, rcond=None)
        ends = np.array([order.min(), order.max()])
        ax.plot(ends, beta[0] + beta[1] * ends, color=PALETTE.gain, linewidth=1.4, linestyle=(0, (4, 2)))
    ax.axhline(0, color=PALETTE.rule, linewidth=0.8)
    ax.set_xlabel("pulse")


def _draw_ratings(ax: Axes, s: Stimulated) -> None:
    number = np.arange(len(s.all_ratings)) + 1
    ax.scatter(number, s.all_ratings, s=9, color=PALETTE.muted, linewidths=0)
    labels = np.array(s.all_rating_blocks, dtype=object)
    for block in dict.fromkeys(b for b in s.all_rating_blocks if b):
        mask = (labels == block) & np.isfinite(s.all_ratings)
        if mask.any():
            mean = float(s.all_ratings[mask].mean())
            ax.plot([number[mask].min(), number[mask].max()], [mean, mean], color=PALETTE.gain, linewidth=2.0)
    ax.set_ylim(-0.3, 10.3)
    ax.set_title("Pain rating")
    ax.set_xlabel("pulse")
    ax.set_ylabel("0-10")


def _course_caption(s: Stimulated, readings: Sequence[Reading], has_ratings: bool) -> str:
    parts = [
        f"N2-P2 of every clean trial at the {place(s)}, measured at the latencies of the average, against the "
        "number of "
        "the pulse; blue lines are the means of the series with their 95 % interval."
    ]
    if np.isfinite(s.energy_j[s.kept]).all() and np.ptp(s.energy_j[s.kept]) > 1e-9:
        parts.append("The dashed line is the trend at the mean energy.")
    for name, label, unit in (
        ("habituation_ratio", "Last / first series", ""),
        ("habituation_first_drop", "second / first series", ""),
        ("habituation_slope", "slope", " % per pulse"),
    ):
        r = _value(readings, name)
        if r is not None and r.value is not None and r.low is not None and r.high is not None:
            parts.append(
                f"{label[0].upper()}{label[1:]} {r.value:.2f}{unit} (95 % interval {r.low:.2f} to {r.high:.2f})."
            )
    if has_ratings:
        parts.append("Right: the pain rating of every pulse, with the means of the series.")
    return " ".join(parts)


def _scalp_map(s: Stimulated, readings: Sequence[Reading]) -> Figure | None:
    """Draw the average over the scalp at N2 and P2, where there are electrodes enough."""
    if s.scalp is None or len(s.scalp.bins_uv) != len(s.kept):
        return None
    average = s.scalp.bins_uv[s.kept].mean(axis=0)
    at = [(label, _number(_value(readings, f"{name}_latency", "average:all"))) for name, label in _PEAKS[1:]]
    chosen = [(label, v) for label, v in at if v is not None]
    if not chosen:
        return None
    maps = [
        (f"{label}, {v:.0f} ms", average[:, int(np.abs(1000 * s.scalp.times_s - v).argmin())].astype(float))
        for label, v in chosen
    ]
    top = max(float(np.abs(m).max()) for _, m in maps) or 1.0
    fig = _placed_figure(6.0 * len(maps) + 1.5, 6.2)
    axes = fig.subplots(
        1,
        len(maps),
        squeeze=False,
        gridspec_kw={"left": 0.02, "right": 0.86, "top": 0.9, "bottom": 0.03, "wspace": 0.05},
    )[0]
    filled = None
    for ax, (title, values) in zip(axes, maps, strict=True):
        filled = _draw_scalp(ax, s.scalp.positions, values, top)
        ax.set_title(title)
    bar = fig.colorbar(filled, cax=fig.add_axes((0.9, 0.2, 0.02, 0.55)), label="uV")
    bar.set_ticks([-top, 0.0, top], labels=[f"{-top:.1f}", "0", f"{top:.1f}"])
    key = _key(s)
    reference = "average reference" if s.average_reference else "reference of the recording"
    return Figure(
        name=f"scalp-{key}",
        title=f"Scalp map, {place(s)}",
        caption=f"Average over the scalp in the 20 ms around {' and '.join(t for t, _ in maps)} ({reference}), seen "
        "from above with the nose up; blue negative, red positive, dots are electrodes placed by the 10-10 system.",
        svg=figure_to_svg(fig, f"lep-scalp-{key}"),
        wide=False,
    )


def _draw_scalp(ax: Axes, positions: Floats, values: Floats, top: float) -> Any:
    from matplotlib.patches import Circle, Polygon

    grid = np.linspace(-1.0, 1.0, 61)
    x, y = np.meshgrid(grid, grid)
    z = thin_plate(positions, values, np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
    z = np.where(np.hypot(x, y) <= 1.0, np.clip(z, -top, top), np.nan)
    filled = ax.contourf(x, y, z, levels=np.linspace(-top, top, 13), cmap="RdBu_r")
    ax.add_patch(Circle((0, 0), 1.0, fill=False, edgecolor=PALETTE.ink, linewidth=1.2))
    ax.add_patch(Polygon([(-0.12, 0.99), (0, 1.13), (0.12, 0.99)], fill=False, edgecolor=PALETTE.ink, linewidth=1.2))
    ax.plot(positions[:, 0], positions[:, 1], ".", color=PALETTE.ink, markersize=2.2)
    ax.set_xlim(-1.1, 1.1)
    ax.set_ylim(-1.1, 1.2)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return filled


def _time_frequency(s: Stimulated) -> Figure:
    """Draw the power of single trials less that before the pulse (differences, not ratios, avoid a bias)."""
    assert s.vertex_uv is not None
    rate = 1.0 / float(s.times_s[1] - s.times_s[0])
    hz = np.geomspace(2.0, 30.0, 30)
    power = np.mean(np.abs(wavelet_transform(s.vertex_uv[s.kept], rate, hz)) ** 2, axis=0)
    before = (s.times_s > s.times_s[0] + 0.1) & (s.times_s < -0.1)
    change = power - power[:, before].mean(axis=1, keepdims=True) if before.any() else power
    shown = (1000 * s.times_s >= _SHOWN_MS[0]) & (1000 * s.times_s <= _SHOWN_MS[1])
    step = max(int(rate * 0.008), 1)
    image, t = change[:, shown][:, ::step], 1000 * s.times_s[shown][::step]
    top = float(np.quantile(np.abs(image), 0.99)) or 1.0
    fig = _placed_figure(12.0, 6.5)
    ax = fig.subplots(gridspec_kw={"left": 0.1, "right": 0.84, "top": 0.9, "bottom": 0.17})
    mesh = ax.pcolormesh(t, hz, image, cmap="RdBu_r", vmin=-top, vmax=top, shading="nearest", rasterized=True)
    ax.set_yscale("log")
    ax.set_yticks([2, 4, 8, 16, 30], ["2", "4", "8", "16", "30"])
    ax.minorticks_off()
    ax.axvline(0, color=PALETTE.ink, linewidth=0.8)
    ax.set_xlabel("ms after the pulse")
    ax.set_ylabel("Hz")
    ax.set_title("Power at Cz, change from before the pulse")
    fig.colorbar(mesh, cax=fig.add_axes((0.87, 0.17, 0.025, 0.73)), label="uV²")
    key = _key(s)
    return Figure(
        name=f"time-frequency-{key}",
        title=f"Time-frequency map, {place(s)}",
        caption="Mean power of single trials at Cz (Morlet wavelets, 3 cycles) less the mean power before the pulse, "
        "at each frequency; red more, blue less. The phase-locked response shows below 8 Hz from 200 to 400 ms.",
        svg=figure_to_svg(fig, f"lep-time-frequency-{key}"),
        wide=False,
    )
