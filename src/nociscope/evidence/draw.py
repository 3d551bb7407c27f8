"""Forest, funnel, Baujat and summary-ROC figures, drawn from a result and from nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nociscope.evidence.diagnostic import Accuracy
from nociscope.evidence.effects import Array, binomial_interval, inverse_logit
from nociscope.evidence.model import t_quantile
from nociscope.evidence.pooling import Estimate, Pooled
from nociscope.evidence.reading import Effects
from nociscope.evidence.register import TESTS
from nociscope.evidence.sensitivity import influence
from nociscope.figures import PALETTE, house_style, log_axis, new_figure, style_axes
from nociscope.problems import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = ("forest", "funnel", "baujat")
_RATIOS = ("or", "rr", "rom")
_ROW_CM = 0.52
_LONGEST_NAME = 44


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure, with its title and what it shows in words."""

    figure: Figure
    title: str
    caption: str


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a forest plot; `kind` is study, header, pooled, prediction or gap."""

    kind: str
    name: str = ""
    counts: str = ""
    value: float = 0.0
    low: float = 0.0
    high: float = 0.0
    weight: float | None = None
    ends: tuple[float, float] | None = None


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1].rstrip() + "…"


def _back(effects: Effects, values: Sequence[float]) -> list[float]:
    return [float(x) for x in effects.natural(np.array(values))]


def _study_lines(effects: Effects, estimate: Estimate, level: float) -> list[_Line]:
    z = t_quantile(level, None)
    out = []
    for i, name in enumerate(effects.names):
        y, v = estimate.yi[i], estimate.vi[i]
        counts = ""
        if effects.measure == "proportion":
            x, n = float(effects.counts[0][i]), float(effects.counts[1][i])
            counts = f"{x:g}/{n:g}" if x == int(x) else f"{100 * x / n:.0f} % of {n:g}"
            value, (low, high) = x / n, binomial_interval(x, n, level)
        elif y is None or v is None:
            out.append(_Line("study", _cut(name), "no events", np.nan, np.nan, np.nan, estimate.weights[i]))
            continue
        else:
            if effects.counts:
                a, n1, c, n2 = (float(col[i]) for col in effects.counts)
                counts = f"{a:g}/{n1:g} v {c:g}/{n2:g}"
            half = z * float(np.sqrt(v))
            low, value, high = _back(effects, [y - half, y, y + half])
        out.append(_Line("study", _cut(name), counts, value, low, high, estimate.weights[i]))
    return out


def _pooled_lines(effects: Effects, estimate: Estimate, name: str, predicted: bool = True) -> list[_Line]:
    low, value, high = _back(effects, [estimate.low, estimate.estimate, estimate.high])
    if effects.measure == "proportion":
        low, high = max(low, 0.0), min(high, 1.0)
    out = [_Line("pooled", name, "", value, low, high)]
    if estimate.prediction is not None and predicted:
        a, b = _back(effects, estimate.prediction)
        if effects.measure == "proportion":
            a, b = max(a, 0.0), min(b, 1.0)
        out.append(_Line("prediction", "Prediction interval", "", value, a, b))
    return out


def _lines(result: Pooled) -> list[_Line]:
    level = result.options.level
    if not result.groups:
        body = _study_lines(result.effects, result.estimate, level)
        return [*body, _Line("gap"), *_pooled_lines(result.effects, result.estimate, _model_words(result))]
    out: list[_Line] = []
    for group in result.groups:
        out.append(_Line("header", _cut(TESTS.get(group.name, group.name.replace("_", " ")))))
        out += _study_lines(group.effects, group.estimate, level)
        if group.estimate.k > 1:
            out += _pooled_lines(group.effects, group.estimate, "Pooled")
        out.append(_Line("gap"))
    return [*out, *_pooled_lines(result.effects, result.estimate, _model_words(result))]


def _model_words(result: Pooled) -> str:
    words = {
        "random": "Random effects",
        "common": "Common effect",
        "glmm": "Binomial-normal",
        "mh": "Mantel-Haenszel",
        "peto": "Peto",
    }
    return f"{words[result.options.model]} (k = {result.estimate.k})"


def _digits(lines: Sequence[_Line]) -> int:
    """Return one number of decimals for a whole figure."""
    largest = max(
        (abs(x.value) for x in lines if x.kind in ("study", "pooled") and np.isfinite(x.value)), default=0.0
    )
    return 2 if largest < 20 else 1 if largest < 200 else 0


def _text(value: float, low: float, high: float, percent: bool, digits: int = 2) -> str:
    if not np.isfinite(value):
        return "–"
    if percent:
        return f"{100 * value:.0f} ({100 * low:.0f} to {100 * high:.0f})"
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _log_ticks(low: float, high: float) -> list[float]:
    """Return ticks of a logarithmic axis: powers of ten, with 2 and 5 between where there is room."""
    steps = (1, 2, 5) if high / low < 60 else (1,) if high / low > 1000 else (1, 3)
    ticks = [m * 10.0**e for e in range(-6, 7) for m in steps]
    return [t for t in ticks if low <= t <= high]


def _limits(lines: Sequence[_Line], result: Pooled) -> tuple[float, float]:
    measure = result.effects.measure
    if measure == "proportion":
        return 0.0, 1.0
    kinds = ("study", "pooled", "prediction")
    ends = np.array([x for line in lines if line.kind in kinds for x in (line.low, line.high)])
    points = np.array([line.value for line in lines if line.kind in ("study", "pooled")])
    ends, points = ends[np.isfinite(ends)], points[np.isfinite(points)]
    log = measure in _RATIOS or result.effects.transform == "log"
    if log:
        ends, points = np.log(ends[ends > 0]), np.log(points[points > 0])
    span = max(float(np.ptp(points)), float(np.median(np.abs(ends - np.median(ends)))), 1e-9)
    low = max(float(ends.min()), float(points.min()) - 1.5 * span)
    high = min(float(ends.max()), float(points.max()) + 1.5 * span)
    if measure not in ("mean", "generic"):
        low, high = min(low, 0.0), max(high, 0.0)
    pad = 0.04 * (high - low)
    low, high = low - pad, high + pad
    return (float(np.exp(low)), float(np.exp(high))) if log else (low, high)


@house_style()
def forest(result: Pooled) -> Drawn:
    """Draw a forest plot: each study with its own interval, the pooled value, the prediction interval.

    Proportions have exact (Clopper-Pearson) intervals; ratios stand on a logarithmic axis, as ratios.
    """
    lines = _lines(result)
    percent = result.effects.measure == "proportion"
    height = _ROW_CM * (len(lines) + 1) + 1.6
    wide = len(result.effects.counts) == 4
    fig = new_figure(19.0 if wide else 17.0, height)
    names, plot, values = fig.subplots(1, 3, width_ratios=(8.2, 5.8, 5.2) if wide else (5.2, 6.2, 4.8), sharey=True)
    rows = np.arange(len(lines), 0, -1, dtype=float)
    plot.set_ylim(0.3, len(lines) + 1.2)
    low, high = _limits(lines, result)
    if result.effects.measure in _RATIOS or result.effects.transform == "log":
        log_axis(plot, "x")
        plot.set_xticks(_log_ticks(low, high))
    plot.set_xlim(low, high)
    if percent:
        plot.set_xticks(np.arange(0, 1.01, 0.2), [f"{x:g}" for x in range(0, 101, 20)])
    null = {"or": 1.0, "rr": 1.0, "rom": 1.0, "rd": 0.0, "md": 0.0, "smd": 0.0}.get(result.effects.measure)
    if null is not None:
        plot.axvline(null, color=PALETTE.muted, linewidth=0.7, zorder=0.5)
    middle = next(line.value for line in reversed(lines) if line.kind == "pooled")
    plot.axvline(middle, color=PALETTE.loss, linewidth=0.7, linestyle=(0, (3, 3)), zorder=0.4)
    heaviest = max((line.weight or 0.0 for line in lines), default=1.0) or 1.0
    for y, line in zip(rows, lines, strict=True):
        _draw_line(plot, y, line, (low, high), heaviest)
        _draw_text(names, values, y, line, percent, _digits(lines))
    style_axes(plot)
    plot.spines["left"].set_visible(False)
    plot.tick_params(left=False, labelleft=False)
    plot.set_xlabel("percent" if percent else result.effects.natural_name)
    _headings(names, values, len(lines) + 0.95, result, percent)
    for ax in (names, values):
        ax.set_axis_off()
        ax.set_xlim(0, 1)
    return Drawn(fig, "Forest plot", _forest_caption(result))


def _headings(names: Axes, values: Axes, y: float, result: Pooled, percent: bool) -> None:
    style: dict[str, Any] = {"va": "center", "fontsize": 8.5, "color": PALETTE.muted}
    names.text(0.0, y, "Study", ha="left", **style)
    if result.effects.counts:
        names.text(1.0, y, "Events/n" if percent else "Events/n v controls", ha="right", **style)
    values.text(
        0.74, y, f"{'%' if percent else 'Effect'} ({100 * result.options.level:g} % interval)", ha="right", **style
    )
    values.text(1.0, y, "Weight", ha="right", **style)


def _draw_line(ax: Axes, y: float, line: _Line, limits: tuple[float, float], heaviest: float) -> None:
    low, high = max(line.low, limits[0]), min(line.high, limits[1])
    if line.kind == "study" and np.isfinite(line.value):
        ax.plot([low, high], [y, y], color=PALETTE.normal, linewidth=1.0, solid_capstyle="butt", zorder=2)
        for end, edge, marker in ((line.low, limits[0], "<"), (line.high, limits[1], ">")):
            if (end < edge) if marker == "<" else (end > edge):
                ax.plot([edge], [y], marker=marker, markersize=4, color=PALETTE.normal, zorder=2, clip_on=False)
        size = 3.0 + 5.0 * float(np.sqrt((line.weight or 0.0) / heaviest))
        ax.plot([line.value], [y], marker="s", markersize=size, color=PALETTE.loss, linestyle="none", zorder=3)
    elif line.kind == "pooled":
        xs, ys = [low, line.value, high, line.value], [y, y + 0.28, y, y - 0.28]
        ax.fill(xs, ys, facecolor=PALETTE.loss, edgecolor=PALETTE.loss, linewidth=0.6, zorder=3)
    elif line.kind == "prediction":
        ax.plot([low, high], [y, y], color=PALETTE.gain, linewidth=2.6, solid_capstyle="butt", zorder=3)


def _draw_text(names: Axes, values: Axes, y: float, line: _Line, percent: bool, digits: int) -> None:
    if line.kind == "gap":
        return
    bold = "bold" if line.kind in ("header", "pooled") else "normal"
    colour = PALETTE.gain if line.kind == "prediction" else PALETTE.ink
    style: dict[str, Any] = {"va": "center", "fontsize": 8.5, "color": colour}
    names.text(0.03 if line.kind == "study" else 0.0, y, line.name, ha="left", fontweight=bold, **style)
    if line.counts:
        names.text(1.0, y, line.counts, ha="right", **style)
    if line.kind == "header":
        return
    text = _text(line.value, line.low, line.high, percent, digits)
    if line.kind == "prediction":
        text = text[text.index("(") + 1 : -1]
    values.text(0.74, y, text, ha="right", fontweight=bold, **style)
    if line.weight is not None:
        values.text(1.0, y, f"{line.weight:.1f} %", ha="right", **style)


def _forest_caption(result: Pooled) -> str:
    e, x = result.estimate, result.effects
    percent, digits = x.measure == "proportion", _digits(_lines(result))
    low, value, high = _back(x, [e.low, e.estimate, e.high])
    parts = [f"{e.k} {'study' if e.k == 1 else 'studies'}, {x.natural_name}."]
    pooled = _text(value, max(low, 0.0) if percent else low, min(high, 1.0) if percent else high, percent, digits)
    parts.append(f"Pooled {pooled}{' percent' if percent else ''}, {_method_words(result)}.")
    if e.prediction is not None:
        a, b = _back(x, e.prediction)
        a, b = (max(a, 0.0), min(b, 1.0)) if percent else (a, b)
        span = f"{100 * a:.0f} and {100 * b:.0f} percent" if percent else f"{a:.{digits}f} and {b:.{digits}f}"
        parts.append(f"A further study of this kind would be expected between {span} (bar).")
    if e.i2 is not None and e.q is not None and e.k > 1:
        tau = "" if e.tau2 is None or result.options.model in ("common", "mh", "peto") else f", tau² {e.tau2:.3f}"
        parts.append(f"I² {e.i2:.0f} %, Q {e.q:.1f} on {e.q_df}{tau}.")
    if percent:
        parts.append("Intervals of single studies are exact (Clopper-Pearson); squares grow with weight.")
    else:
        parts.append("Squares grow with weight; an arrow marks an interval that goes on beyond the axis.")
    if x.transform == "raw":
        parts.append("Raw proportions can leave 0 to 100; the figure cuts them there, the tables do not.")
    return " ".join(parts)


def _method_words(result: Pooled) -> str:
    o = result.options
    scale = f"{o.transform} scale, " if o.measure == "proportion" else ""
    if o.model == "random":
        word = {"z": "normal", "t": "t", "hk": "Hartung-Knapp", "hk-adhoc": "ad hoc Hartung-Knapp"}
        return f"{scale}random effects ({o.tau2}), {word[result.estimate.interval]} interval"
    return (
        scale
        + {"common": "common effect", "glmm": "binomial-normal model", "mh": "Mantel-Haenszel", "peto": "Peto"}[
            o.model
        ]
    )


@house_style()
def funnel(result: Pooled) -> Drawn:
    """Draw a funnel plot: effect against standard error, with studies that trim-and-fill adds.

    Raises
    ------
    UsageError
        The proportions are on the raw scale, where a funnel is lopsided without any bias.
    """
    x = result.effects
    if x.transform == "raw":
        raise UsageError("A funnel of raw proportions is lopsided without any bias; choose the logit scale.")
    says = [(y, v) for y, v in zip(result.estimate.yi, result.estimate.vi, strict=True) if y is not None and v]
    y, s = np.array([a for a, _ in says]), np.sqrt(np.array([b for _, b in says]))
    centre = result.estimate.estimate
    fig = new_figure(12.0, 9.0)
    ax = fig.subplots()
    deepest = float(s.max()) * 1.08
    z = t_quantile(result.options.level, None)
    ax.fill([centre, centre - z * deepest, centre + z * deepest], [0, deepest, deepest], color=PALETTE.band, zorder=0)
    ax.plot([centre, centre], [0, deepest], color=PALETTE.loss, linewidth=0.9, linestyle=(0, (4, 3)))
    ax.plot(y, s, "o", color=PALETTE.loss, markersize=5.5, markeredgecolor=PALETTE.white, markeredgewidth=0.6)
    filled = result.trim_fill
    if filled is not None and filled.k0:
        ax.plot(
            filled.yi,
            np.sqrt(np.array(filled.vi)),
            "o",
            markerfacecolor=PALETTE.white,
            color=PALETTE.gain,
            markersize=5.5,
        )
    ax.set_ylim(deepest, 0)
    ax.set_xlabel(x.scale)
    ax.set_ylabel("standard error")
    style_axes(ax)
    outside = int((np.abs(y - centre) > z * s).sum())
    caption = (
        f"{len(says)} studies: effect on the pooling scale against standard error, precise studies on top. Without "
        f"differences between studies {100 * result.options.level:g} % would lie in the grey; {outside} do not."
    )
    if filled is not None:
        caption += f" Open circles: {filled.k0} studies that trim-and-fill adds on the {filled.side}."
    if result.egger is not None:
        caption += f" Egger's test: t {result.egger.t:.2f} on {result.egger.df}, p {result.egger.p:.3f}."
    if len(says) < 10:
        caption += " With fewer than ten studies the shape says little."
    return Drawn(fig, "Funnel plot", caption)


@house_style()
def baujat(result: Pooled) -> Drawn:
    """Draw each study's contribution to heterogeneity against its influence on the pooled value.

    Raises
    ------
    UsageError
        There are fewer than three studies, or the model has no study weights of this kind.
    """
    if result.options.model not in ("random", "common"):
        raise UsageError("A Baujat plot belongs to the random or the common model.")
    found = influence(result.effects, result.options.tau2 if result.options.model == "random" else 0.0)
    if not found:
        raise UsageError("A Baujat plot needs at least three studies.")
    fig = new_figure(12.0, 9.0)
    ax = fig.subplots()
    xs, ys = np.array([f.baujat_x for f in found]), np.array([f.baujat_y for f in found])
    ax.plot(xs, ys, "o", color=PALETTE.loss, markersize=5.5, markeredgecolor=PALETTE.white, markeredgewidth=0.6)
    far = np.argsort(-(xs / max(xs.max(), 1e-300) + ys / max(ys.max(), 1e-300)))[:3]
    for i in far:
        left = xs[i] > 0.6 * xs.max()
        ax.annotate(
            found[i].study,
            (xs[i], ys[i]),
            xytext=(-6 if left else 6, 4),
            textcoords="offset points",
            ha="right" if left else "left",
            fontsize=8.5,
            bbox={"facecolor": PALETTE.white, "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
        )
    ax.set_xlim(0, float(xs.max()) * 1.1 or 1.0)
    ax.set_ylim(0, float(ys.max()) * 1.15 or 1.0)
    ax.set_xlabel("contribution to heterogeneity (squared Pearson residual)")
    ax.set_ylabel("influence on the pooled value")
    style_axes(ax, "both")
    outlying = [f.study for f in found if f.outlying]
    caption = (
        f"Studies far to the right add most to heterogeneity, studies far up move the pooled value. Most telling: "
        f"{', '.join(found[i].study for i in far)}. "
        + (f"Beyond the customary limits of influence: {', '.join(outlying)}." if outlying else
           "None is beyond the customary limits of influence.")
    )  # fmt: skip
    return Drawn(fig, "Baujat plot", caption)


def _ellipse(mean: Array, covariance: Array, level: float) -> tuple[Array, Array]:
    """Return a region of (false positive rate, sensitivity), drawn on the logit scale and turned back."""
    angle = np.linspace(0, 2 * np.pi, 181)
    radius = np.sqrt(-2 * np.log(1 - level))  # chi-squared with two degrees of freedom
    values, vectors = np.linalg.eigh(covariance)
    ring = (vectors * np.sqrt(np.maximum(values, 0))) @ np.array([np.cos(angle), np.sin(angle)]) * radius
    points = inverse_logit(mean[:, None] + ring)
    return points[1], points[0]


@house_style()
def sroc(result: Accuracy) -> Drawn:
    """Draw studies in ROC space with the summary point, its regions and the summary ROC curve."""
    fig = new_figure(11.5, 11.0)
    ax = fig.subplots()
    ax.plot([0, 1], [0, 1], color=PALETTE.rule, linewidth=0.8)
    tp, fp, fn, tn = result.counts.T
    x, y = fp / (fp + tn), tp / (tp + fn)
    size = np.sqrt(result.counts.sum(axis=1) / result.counts.sum(axis=1).max())
    rates = inverse_logit(result.y[:, 1])
    grid = np.linspace(float(rates.min()), float(rates.max()), 200) if result.k > 1 else np.array([0.5])
    curve = result.sroc(grid)
    caption = [f"{result.k} studies in ROC space; circles grow with size."]
    if result.model == "bivariate":
        spread = result.covariance + result.between
        ax.plot(
            *_ellipse(result.mean, spread, result.level), color=PALETTE.gain, linewidth=1.0, linestyle=(0, (2, 2)),
            label=f"{100 * result.level:g} % prediction region",
        )  # fmt: skip
        ax.fill(*_ellipse(result.mean, result.covariance, result.level), color=PALETTE.loss, alpha=0.18, linewidth=0)
        ax.plot(
            *_ellipse(result.mean, result.covariance, result.level), color=PALETTE.loss, linewidth=1.0,
            label=f"{100 * result.level:g} % confidence region",
        )  # fmt: skip
        caption.append("Filled region: confidence; dotted: where a further study would be expected.")
    if curve is not None:
        ax.plot(grid, curve, color=PALETTE.ink, linewidth=1.4, label="summary ROC curve")
        area = result.area()
        caption.append(f"The curve spans the studies' own range; area under it {area:.2f}." if area else "")
    ax.scatter(x, y, s=14 + 90 * size**2, facecolor="none", edgecolor=PALETTE.normal, linewidth=0.8)
    sens, spec = result.sensitivity, result.specificity
    ax.plot([1 - spec[1]], [sens[1]], "D", color=PALETTE.loss, markersize=7, label="summary point")
    caption.append(
        f"Sensitivity {100 * sens[1]:.0f} ({100 * sens[0]:.0f} to {100 * sens[2]:.0f}) percent, "
        f"specificity {100 * spec[1]:.0f} ({100 * spec[0]:.0f} to {100 * spec[2]:.0f}) percent."
    )
    ticks = np.arange(0, 1.01, 0.2)
    ax.set_xticks(ticks, [f"{100 * (1 - t):.0f}" for t in ticks])
    ax.set_yticks(ticks, [f"{100 * t:.0f}" for t in ticks])
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.01, 1.01)
    ax.set_aspect("equal")
    ax.set_xlabel("specificity, %")
    ax.set_ylabel("sensitivity, %")
    ax.legend(loc="lower right")
    style_axes(ax)
    return Drawn(fig, "Summary ROC", " ".join(c for c in caption if c))


def draw(result: Pooled, kind: str) -> Drawn:
    """Draw one kind of figure of a pooled result.

    Raises
    ------
    UsageError
        There is no such kind, or it does not fit.
    """
    if kind not in KINDS:
        raise UsageError(f"There is no figure “{kind}”; there are {', '.join(KINDS)}.")
    return {"forest": forest, "funnel": funnel, "baujat": baujat}[kind](result)
