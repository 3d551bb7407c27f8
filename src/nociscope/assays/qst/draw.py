"""Figures of QST: the sensory profile, and the psychometric functions of yes/no trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nociscope.assays.declaration import Figure
from nociscope.assays.qst.measure import grouped
from nociscope.assays.qst.parameters import PARAMETERS, Parameter
from nociscope.assays.qst.psychometric import Fit, fit_many, proportion_yes
from nociscope.assays.qst.quality import SUSPICIOUS_ABNORMAL, suspicious_control
from nociscope.assays.qst.read import QstRecording, Trial
from nociscope.assays.qst.settings import Settings
from nociscope.assays.qst.yes_no import METHOD
from nociscope.figures import PALETTE, figure_to_svg, house_style, new_figure, z_band
from nociscope.tables import Reading, Score
from nociscope.tsv import MISSING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Z_SHOWN = 5.0
_NO_NORM = -_Z_SHOWN - 0.6
_MOST_SERIES = 6
_MARKS = ("o", "s", "D", "^", "v", "P")
_UNITS = {"delta_degC": "Δ°C", "degC": "°C", "rating": "0–100", "n/8": "/8", "count": "", "ratio": ""}

Series = tuple[str, str, str]
"""Site, side and method: what one run of markers is of."""


def draw(
    recording: QstRecording, readings: Sequence[Reading], scores: Sequence[Score], settings: Settings
) -> tuple[Figure, ...]:
    """Return the figures of a visit.

    Parameters
    ----------
    recording : QstRecording
    readings : sequence of Reading
        What `measure` gave.
    scores : sequence of Score
        Of these readings; may be empty.
    settings : Settings

    Returns
    -------
    tuple of Figure
        ``profile`` when there is any value of the thirteen parameters; ``yes-no`` when there are yes/no trials.
    """
    figures = []
    batteries = [r for r in readings if r.measure in PARAMETERS and r.method != METHOD]
    if batteries:
        figures.append(_profile(batteries, scores, recording.group))
    groups = [g for g in grouped(recording.trials) if g[0].task == "yes_no"]
    if groups:
        figures.append(_yes_no(groups, settings))
    return tuple(figures)


# --- the sensory profile -----------------------------------------------------------------------------------------


def place_name(site: str, side: str) -> str:
    """Return a place for people: ``foot_dorsum``, ``left`` is `left foot dorsum`."""
    name = site.replace("_", " ") if site != MISSING else "site not stated"
    return name if side == MISSING else f"{side} {name}" if side != "both" else f"{name}, both sides"


def shown(value: float | None, parameter: Parameter) -> str:
    """Return a value for people."""
    if value is None:
        return "n/a"
    text = f"{value:.{parameter.decimals}f}"
    if float(text) == 0 and value > 0:
        text = f"{value:.2g}"
    return text.replace("-", "−")


def _value_text(r: Reading) -> str:
    parameter = PARAMETERS[r.measure]
    text = shown(r.value, parameter)
    sign = {"above": "> ", "below": "< "}.get(r.censored, "") if r.value is not None else ""
    if r.unit != parameter.unit and r.value is not None:
        text += f" {_UNITS.get(r.unit, r.unit)}"
    return sign + text


def _series_of(readings: Sequence[Reading]) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], int] = {}
    for r in readings:
        found[(r.site, r.side)] = found.get((r.site, r.side), 0) + 1
    return sorted(found, key=lambda k: (-found[k], k))


def _profile(readings: Sequence[Reading], scores: Sequence[Score], group: str) -> Figure:
    series = sorted(_series_of(readings)[:_MOST_SERIES])
    left_out = len(_series_of(readings)) - len(series)
    by_place: dict[tuple[str, str, str], list[Reading]] = {}
    for r in readings:
        by_place.setdefault((r.site, r.side, r.measure), []).append(r)
    scored = {(s.site, s.side, s.measure, s.value): s for s in scores if s.assay in ("qst", MISSING)}
    codes = list(PARAMETERS)
    with house_style():
        fig = new_figure(17.0, 7.6 + 0.62 * len(series))
        top, strip = fig.subplots(2, 1, sharex=True, height_ratios=[6.4, 0.62 * len(series) + 0.5])
        _profile_frame(top, codes)
        beyond: dict[tuple[int, bool], int] = {}
        for i, (site, side) in enumerate(series):
            colour, mark = PALETTE.series[i % len(PALETTE.series)], _MARKS[i % len(_MARKS)]
            offset = (i - (len(series) - 1) / 2) * min(0.16, 0.66 / max(1, len(series)))
            _place_marks(top, codes, by_place, scored, (site, side), (offset, colour, mark), beyond)
            top.plot([], [], mark, color=colour, label=place_name(site, side))
        top.legend(loc="upper left", bbox_to_anchor=(0, 1.12), ncols=min(3, len(series)), handletextpad=0.2)
        _value_strip(strip, codes, by_place, series)
        svg = figure_to_svg(fig, "qst-profile")
    return Figure(
        name="profile",
        title="Sensory profile",
        caption=f"{_profile_words(readings, scored, series, left_out)} {_chance_words(scores, group)}".strip(),
        svg=svg,
    )


def _profile_frame(ax: Axes, codes: list[str]) -> None:
    z_band(ax)
    for i in range(len(codes)):
        ax.axvline(i, color=PALETTE.rule, lw=0.4, zorder=0.5)
    ax.set_ylim(-_Z_SHOWN - 1.1, _Z_SHOWN + 0.2)
    ax.set_xlim(-0.6, len(codes) - 0.4)
    ax.set_yticks([_NO_NORM, -4, -1.96, 0, 1.96, 4], ["no z", "−4", "−1.96", "0", "1.96", "4"])
    ax.set_ylabel("z score   loss ←  → gain")
    ax.tick_params(axis="x", length=0, labelbottom=True)
    ax.set_xticks(range(len(codes)), [c.upper() for c in codes])
    ax.axhline(-_Z_SHOWN - 0.1, color=PALETTE.rule, lw=0.6)


def _place_marks(
    ax: Axes,
    codes: list[str],
    by_place: dict[tuple[str, str, str], list[Reading]],
    scored: dict[tuple[str, str, str, float | None], Score],
    place: tuple[str, str],
    look: tuple[float, str, str],
    beyond: dict[tuple[int, bool], int],
) -> None:
    """Draw one place's scores; hollow marks at the foot are values without a z score; nothing is a value not taken.

    `beyond` counts the scores that lie off the axis, so that their numbers stack.
    """
    offset, colour, mark = look
    for i, code in enumerate(codes):
        for r in by_place.get((*place, code), []):
            if r.value is None:
                continue
            score = scored.get((*place, code, r.value))
            if score is None or score.z is None:
                ax.plot(i + offset, _NO_NORM, mark, mfc="white", mec=colour, ms=4, mew=0.9, zorder=3)
                continue
            z = max(-_Z_SHOWN, min(_Z_SHOWN, score.z))
            clipped = z != score.z
            ax.plot(i + offset, z, mark, color=colour, ms=5.5, mec="white", mew=0.6, zorder=4, clip_on=False)
            if clipped:
                beyond[i, z > 0] = stacked = beyond.get((i, z > 0), 0) + 1
                ax.annotate(
                    f"{score.z:.1f}".replace("-", "−"),
                    (i, z),
                    xytext=(0, (9 * stacked) * (-1 if z > 0 else 1)),
                    textcoords="offset points",
                    ha="center",
                    va="center",
                    fontsize=7,
                    color=colour,
                )


def _value_strip(
    ax: Axes,
    codes: list[str],
    by_place: dict[tuple[str, str, str], list[Reading]],
    series: list[tuple[str, str]],
) -> None:
    """Write the values themselves under the profile, a row a place."""
    ax.set_ylim(len(series) - 0.4, -1.0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0, labelbottom=False)
    ax.set_yticks(range(len(series)), [place_name(*p) for p in series])
    for i, code in enumerate(codes):
        unit = PARAMETERS[code].unit
        ax.text(i, -0.75, _UNITS.get(unit, unit), ha="center", va="center", fontsize=7, color=PALETTE.muted)
        for j, place in enumerate(series):
            found = by_place.get((*place, code), [])
            text = "\n".join(_value_text(r) for r in found) if found else "–"
            colour = PALETTE.series[j % len(PALETTE.series)] if found else PALETTE.muted
            ax.text(i, j, text, ha="center", va="center", fontsize=7 if len(found) < 2 else 6, color=colour)


def _profile_words(
    readings: Sequence[Reading],
    scored: dict[tuple[str, str, str, float | None], Score],
    series: list[tuple[str, str]],
    left_out: int,
) -> str:
    words = [
        "The DFNS parameters in their usual order; points above 0 are gain of function, below 0 loss, and the grey "
        "band is the central 95 % of the norm. Hollow marks at the foot are values without a z score; the strip "
        "below gives the values, – where none was taken, < and > where the device could not go further."
    ]
    for site, side in series:
        own = [r for r in readings if (r.site, r.side) == (site, side)]
        calls: dict[str, list[str]] = {"loss": [], "gain": [], "abnormal": [], "normal": []}
        no_norm = 0
        for r in own:
            score = scored.get((site, side, r.measure, r.value))
            if score is None or score.call == "not_comparable":
                no_norm += r.value is not None
            else:
                calls[score.call].append(r.measure.upper())
        said = [
            f"{call} of {', '.join(codes)}" for call, codes in calls.items() if codes and call in ("loss", "gain")
        ]
        said += [f"abnormal: {', '.join(calls['abnormal'])}"] if calls["abnormal"] else []
        said += [f"{len(calls['normal'])} within the limits"] if calls["normal"] else []
        said += [f"{no_norm} without a norm"] if no_norm else []
        missing = len(PARAMETERS) - len({r.measure for r in own if r.value is not None})
        said += [f"{missing} not measured"] if missing else []
        name = place_name(site, side)
        words.append(f"{name[0].upper()}{name[1:]}: {'; '.join(said)}.")
    if left_out > 0:
        words.append(f"{left_out} more sites are in the tables only.")
    return " ".join(words)


def _chance_words(scores: Sequence[Score], group: str) -> str:
    """Say how many values would lie outside the limits by chance, and when a control is suspect for it."""
    check = suspicious_control(scores)
    if not check.scored:
        return ""
    words = (
        f"Outside the limits: {check.abnormal} of {check.scored} compared values; in a healthy person "
        f"{check.expected:.1f} are expected there by chance."
    )
    if check.suspicious and group.strip().lower() == "control":
        words += (
            f" {SUSPICIOUS_ABNORMAL} or more in a control suggest that this person should not have been included "
            "(specificity 95 %, sensitivity 60 %; Vollert and colleagues, quality assurance of the DFNS)."
        )
    return words


# --- yes/no trials -----------------------------------------------------------------------------------------------


def _yes_no(groups: list[tuple[Trial, ...]], settings: Settings) -> Figure:
    order = list(PARAMETERS)
    groups = sorted(groups, key=lambda g: (g[0].site, g[0].side, order.index(g[0].parameter)))[:12]
    fits = fit_many(
        [[t.intensity or 0.0 for t in g] for g in groups],
        [[t.response == "yes" for t in g] for g in groups],
        lapse=settings.lapse,
        minimum=settings.minimum_yes_no_trials,
    )
    columns = min(len(groups), 4)
    rows = -(-len(groups) // columns)
    with house_style():
        fig = new_figure(17.0 if columns > 2 else 4.6 * columns + 1.5, 4.7 * rows)
        axes = fig.subplots(rows, columns, sharey=True, squeeze=False)
        for i, (group, fit) in enumerate(zip(groups, fits, strict=True)):
            ax = axes[i // columns][i % columns]
            _one_function(ax, group, fit, settings)
            if i % columns == 0:
                ax.set_ylabel("proportion yes")
        for ax in axes.flat[len(groups) :]:
            ax.set_visible(False)
        svg = figure_to_svg(fig, "qst-yes-no")
    return Figure(
        name="yes-no",
        title="Yes/no trials",
        caption=_yes_no_words(groups, fits),
        svg=svg,
        wide=columns > 2,
    )


def binned(x: np.ndarray, yes: np.ndarray, bins: int = 6) -> list[tuple[float, float, int]]:
    """Return mean intensity, proportion of yes and number of trials in groups of about equal size."""
    order = np.argsort(x, kind="stable")
    return [
        (float(x[part].mean()), float(yes[part].mean()), len(part))
        for part in np.array_split(order, min(bins, len(x)))
        if len(part)
    ]


def _one_function(ax: Axes, group: tuple[Trial, ...], fit: Fit, settings: Settings) -> None:
    x = np.array([t.intensity or 0.0 for t in group])
    yes = np.array([t.response == "yes" for t in group])
    colour = PALETTE.loss if PARAMETERS[group[0].parameter].step < 0 else PALETTE.gain
    largest = float(x.max()) or 1.0
    for answer, level in ((yes, 1.0), (~yes, 0.0)):
        ax.plot(x[answer], np.full(answer.sum(), level), "|", color=PALETTE.muted, ms=6, mew=0.7, alpha=0.7)
    for mean, share, n in binned(x, yes):
        ax.plot(mean, share, "o", color=colour, mfc="white", ms=2.0 + 0.8 * np.sqrt(n), mew=1.0, zorder=3)
    ax.axhline(0.5, color=PALETTE.rule, lw=0.7, zorder=0)
    if fit.alpha is not None and fit.sigma is not None:
        line = np.linspace(0, largest * 1.03, 80)
        ax.plot(line, proportion_yes(line, fit.alpha, fit.sigma, settings.lapse), color=colour, lw=1.6, zorder=2)
    if fit.threshold is not None:
        low = 0.0 if fit.threshold_low is None else fit.threshold_low
        high = largest * 1.03 if fit.threshold_high is None else min(fit.threshold_high, largest * 1.03)
        ax.plot([low, high], [0.5, 0.5], color=PALETTE.ink, lw=2.2, solid_capstyle="butt", zorder=4)
        ax.plot(fit.threshold, 0.5, "D", color=PALETTE.ink, ms=5, mec="white", mew=0.6, zorder=5)
    ax.set_xlim(-0.03 * largest, largest * 1.06)
    ax.set_ylim(-0.09, 1.09)
    ax.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    ax.set_xlabel("step from baseline (°C)")
    first = group[0]
    ax.set_title(f"{first.parameter.upper()}, {place_name(first.site, first.side)}", fontsize=8.5, loc="left")


def _yes_no_words(groups: list[tuple[Trial, ...]], fits: tuple[Fit, ...]) -> str:
    words = [
        "Proportion of yes against the size of the step: rings are groups of trials, ticks single answers, the curve "
        "the fitted cumulative normal, the diamond its 50 % point with the 95 % interval."
    ]
    for group, fit in zip(groups, fits, strict=True):
        first = group[0]
        head = f"{first.parameter.upper()}, {place_name(first.site, first.side)} ({fit.n} trials):"
        if fit.threshold is None:
            words.append(f"{head} no threshold.")
            continue
        sign = {"above": "above ", "below": "below "}.get(fit.censored, "")
        span = (
            f" ({fit.threshold_low:.2f} to {fit.threshold_high:.2f})"
            if fit.threshold_low is not None and fit.threshold_high is not None
            else ""
        )
        slope = f", slope {fit.slope:.2f} per °C" if fit.slope is not None else ", no slope"
        words.append(f"{head} {sign}{fit.threshold:.2f} °C{span}{slope}.")
    return " ".join(words)
