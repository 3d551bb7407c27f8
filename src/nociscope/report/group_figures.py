"""The drawings of the group page: small SVGs made by hand, since hundreds of points have to stay light.

Nothing is computed but where a mark lies. Texts are escaped; coordinates have one decimal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from nociscope.figures import FONT_STACK, PALETTE
from nociscope.report import wording

_CHARACTER = 0.55
"""Mean width of a character in units of the font size."""

Scale = Callable[[float], float]


def _n(x: float) -> str:
    """Return a coordinate with one decimal."""
    text = f"{x:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _svg(width: float, height: float, label: str, body: Iterable[str]) -> str:
    stack = FONT_STACK.replace('"', "'")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" role="img" '
        f'aria-label="{escape(label)}" style="max-width:{_n(width * 1.15)}px" font-family="{stack}" font-size="11" '
        f'fill="{PALETTE.ink}">'
        f"{''.join(body)}</svg>"
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", fill: str = "", extra: str = "") -> str:
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    colour = f' fill="{fill}"' if fill else ""
    return f'<text x="{_n(x)}" y="{_n(y)}"{where}{colour}{extra}>{escape(text)}</text>'


def _line(path: str, *, stroke: str = PALETTE.muted, width: float = 1, extra: str = "") -> str:
    return f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{_n(width)}"{extra}/>'


def colour_of(number: int) -> str:
    """Return the colour of a group by its place."""
    return PALETTE.series[number % len(PALETTE.series)]


def cut(text: str, width: float, size: float = 11) -> str:
    """Return a text that fits into so many units."""
    most = max(4, int(width / (size * _CHARACTER)))
    return text if len(text) <= most else f"{text[: most - 1]}…"


# --- axes ----------------------------------------------------------------------------------------------------------


def ticks(low: float, high: float, logarithmic: bool = False, about: int = 4) -> tuple[float, ...]:
    """Return round values within a range, at least two where there are any."""
    if logarithmic:
        exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        every = [m * 10.0**e for e in exponents for m in (1, 2, 5)]
        inside = [t for t in every if low <= t <= high]
        tens = [t for t in inside if math.isclose(10 ** round(math.log10(t)), t)]
        if len(tens) >= 3:
            return tuple(tens)
        if len(inside) >= 2:
            return tuple(inside)
    span = high - low
    if span <= 0:
        return (low,)
    raw = span / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw)
    first = math.ceil(low / step - 1e-9)
    return tuple(i * step for i in range(first, math.floor(high / step + 1e-9) + 1))


def _scale(low: float, high: float, start: float, stop: float, logarithmic: bool) -> Scale:
    def turned(v: float) -> float:
        return math.log10(v) if logarithmic else v

    a, b = turned(low), turned(high)
    return lambda v: start + (turned(v) - a) / ((b - a) or 1.0) * (stop - start)


def _padded(values: Sequence[float], logarithmic: bool) -> tuple[float, float]:
    low, high = min(values), max(values)
    if logarithmic:
        edge = (high / low) ** 0.06 if high > low else 1.5
        return low / edge, high * edge
    edge = 0.06 * (high - low) or abs(high) * 0.1 or 1.0
    return low - edge, high + edge


# --- every person as a point ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """One group of a strip plot: values with whether each is only a bound, and the recorded median with interval."""

    name: str
    values: Sequence[tuple[float, str]]
    median: float | None
    low: float | None
    high: float | None


_STRIP_WIDTH, _STRIP_HEIGHT = 300.0, 190.0


def strip(clouds: Sequence[Cloud], unit: str, label: str, logarithmic: bool) -> str:
    """Return a strip plot: every person as a point by group, the median as a bar with its interval beside.

    A value known only to be lower or higher is an open triangle that points there.
    """
    numbers = [v for c in clouds for v, _ in c.values]
    if not numbers:
        return ""
    logarithmic = logarithmic and min(numbers) > 0
    low, high = _padded(numbers, logarithmic)
    top, bottom, left = 10.0, _STRIP_HEIGHT - 24, 46.0
    y = _scale(low, high, bottom, top, logarithmic)
    body = [_line(f"M{_n(left)} {_n(top)}V{_n(bottom)}H{_n(_STRIP_WIDTH)}", stroke=PALETTE.rule)]
    for t in ticks(low, high, logarithmic):
        body.append(_line(f"M{_n(left - 4)} {_n(y(t))}H{_n(left)}"))
        body.append(_text(left - 7, y(t) + 3.8, wording.number(t), anchor="end", fill=PALETTE.muted))
    body.append(_text(2, top + 1, unit, fill=PALETTE.muted, extra=' font-size="10"'))
    width = (_STRIP_WIDTH - left) / len(clouds)
    for i, cloud in enumerate(clouds):
        centre = left + (i + 0.5) * width
        body += _cloud(cloud, centre, width, y, colour_of(i))
        name = cut(f"{cloud.name} ({len(cloud.values)})", width - 4)
        body.append(_text(centre, _STRIP_HEIGHT - 8, name, anchor="middle"))
    return _svg(_STRIP_WIDTH, _STRIP_HEIGHT, label, body)


def _cloud(cloud: Cloud, centre: float, width: float, y: Scale, colour: str) -> list[str]:
    room = width / 2 - 16
    dense = len(cloud.values) > 120
    step = 3.2 if dense else 5.0
    rows: dict[int, int] = {}
    dots: list[str] = []
    arrows: list[str] = []
    for value, censored in sorted(cloud.values):
        at = y(value)
        row = round(at / step)
        place = rows[row] = rows.get(row, -1) + 1
        offset = step * ((place + 1) // 2) * (1 if place % 2 else -1)
        x = centre + max(-room, min(room, offset))
        if censored == "none":
            dots.append(f"M{_n(x)} {_n(at)}h0")
        else:
            arrows.append(f"M{_n(x - 3)} {_n(at)}h6l-3 {'5' if censored == 'below' else '-5'}z")
    out = []
    size = 2.8 if dense else 4.4
    if dots:
        out.append(_line("".join(dots), stroke=colour, width=size, extra=' stroke-linecap="round" opacity=".55"'))
    if arrows:
        out.append(_line("".join(arrows), stroke=colour))
    if cloud.median is not None:
        edge = centre + width / 2 - 9
        if cloud.low is not None and cloud.high is not None:
            out.append(_line(f"M{_n(edge)} {_n(y(cloud.low))}V{_n(y(cloud.high))}", stroke=colour, width=2.4))
        out.append(_line(f"M{_n(edge - 6)} {_n(y(cloud.median))}h12", stroke=PALETTE.ink, width=2.4))
    return out


# --- heat map ------------------------------------------------------------------------------------------------------

_BANDS = (-3.0, -1.96, -1.0, 1.0, 1.96, 3.0)


def _blend(colour: str, share: float) -> str:
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + (p - 255) * share):02x}" for p in parts)


_TINTS = (
    PALETTE.loss,
    _blend(PALETTE.loss, 0.62),
    _blend(PALETTE.loss, 0.24),
    PALETTE.band,
    _blend(PALETTE.gain, 0.24),
    _blend(PALETTE.gain, 0.62),
    PALETTE.gain,
)
BAND_WORDS = ("z ≤ −3", "−3 to −1.96", "−1.96 to −1", "−1 to 1", "1 to 1.96", "1.96 to 3", "≥ 3")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRow:
    """One person of the heat map: z by column, None where there is none."""

    name: str
    group: str
    z: Sequence[float | None]


def heat_map(rows: Sequence[HeatRow], columns: Sequence[str], blocks: Sequence[str], label: str) -> str:
    """Return the oriented z of each person (rows) and measure (columns); a thin stroke is a missing value.

    Parameters
    ----------
    rows : sequence of HeatRow
        Sorted by group.
    columns, blocks : sequence of str
        Name of each column, and what stands together (the test).
    """
    tall = max(1.6, min(14.0, 700 / max(1, len(rows))))
    named = tall >= 9
    left = 84.0 if named else 112.0
    wide = min(48.0, (960 - left) / max(1, len(columns)))
    head = 132.0
    xs: list[float] = []
    at = left
    for i in range(len(columns)):
        at += 5 if i and blocks[i] != blocks[i - 1] else 0
        xs.append(at)
        at += wide
    body = [
        f'<text transform="translate({_n(x + wide / 2 + 4)} {_n(head - 6)}) rotate(-58)">{escape(cut(c, 150))}</text>'
        for x, c in zip(xs, columns, strict=True)
    ]
    cells: dict[int, list[str]] = {}
    missing: list[str] = []
    y, last = head, rows[0].group if rows else ""
    for row in rows:
        if row.group != last:
            y, last = y + 7, row.group
        body += _row_words(row, y, tall, left, named)
        for x, z in zip(xs, row.z, strict=True):
            if z is None:
                missing.append(f"M{_n(x + wide / 2 - 2)} {_n(y + tall / 2)}h4")
            else:
                cells.setdefault(_band(z), []).append(
                    f"M{_n(x)} {_n(y)}h{_n(wide - 0.6)}v{_n(tall - 0.6)}h-{_n(wide - 0.6)}z"
                )
        y += tall
    body += [f'<path d="{"".join(paths)}" fill="{_TINTS[band]}"/>' for band, paths in sorted(cells.items())]
    if missing:
        body.append(_line("".join(missing), stroke=PALETTE.rule, width=min(1.0, tall / 4)))
    body += _group_words(rows, head, tall, left, named)
    body += _legend(left, y + 12)
    return _svg(max(at + 96, left + 560), y + 34, label, body)


def _band(z: float) -> int:
    return sum(z > edge or (z >= edge and edge > 0) for edge in _BANDS)


def _row_words(row: HeatRow, y: float, tall: float, left: float, named: bool) -> list[str]:
    if not named:
        return []
    size = min(10.0, tall - 1)
    return [_text(left - 9, y + tall / 2 + size / 3, cut(row.name, left - 10, size), anchor="end", fill=PALETTE.muted,
                  extra=f' font-size="{_n(size)}"')]  # fmt: skip


def _group_words(rows: Sequence[HeatRow], head: float, tall: float, left: float, named: bool) -> list[str]:
    out: list[str] = []
    y = head
    for i, group in enumerate(dict.fromkeys(r.group for r in rows)):
        size = sum(r.group == group for r in rows) * tall
        out.append(_line(f"M{_n(left - 5)} {_n(y)}v{_n(size - 0.6)}", stroke=colour_of(i), width=3))
        if not named:
            out.append(_text(left - 10, y + size / 2 + 4, cut(group, left - 12), anchor="end"))
        y += size + 7
    return out


def _legend(x: float, y: float) -> list[str]:
    out = []
    for tint, words in zip(_TINTS, BAND_WORDS, strict=True):
        out.append(f'<rect x="{_n(x)}" y="{_n(y)}" width="12" height="10" fill="{tint}"/>')
        out.append(_text(x + 16, y + 9, words))
        x += 26 + len(words) * 6
    out.append(_line(f"M{_n(x)} {_n(y + 5)}h5", stroke=PALETTE.muted))
    out.append(_text(x + 10, y + 9, "missing"))
    return out


# --- combinations of tests -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """One combination of tests: state of each (`loss`, `no_loss`, `unknown`), and people by group."""

    states: Sequence[str]
    people: Sequence[int]


def combinations(
    tests: Sequence[tuple[str, str]], found: Sequence[Combination], groups: Sequence[str], label: str
) -> str:
    """Return which tests show loss together: bars of people above, a column of dots for each combination below.

    Parameters
    ----------
    tests : sequence of (name, words)
        Name and how many show loss.
    """
    left, top, tall, step = 268.0, 26.0, 110.0, 22.0
    wide = 34.0
    most = max((sum(c.people) for c in found), default=1)
    body: list[str] = []
    for i, (name, words) in enumerate(tests):
        y = top + tall + 22 + i * step
        if i % 2 == 0:
            body.append(f'<rect x="0" y="{_n(y - 11)}" width="{_n(left + wide * len(found))}" height="22" '
                        f'fill="{PALETTE.wash}"/>')  # fmt: skip
        body += [_text(4, y + 4, name), _text(left - 12, y + 4, words, anchor="end", fill=PALETTE.muted)]
    for j, c in enumerate(found):
        x = left + (j + 0.5) * wide
        y = top + tall
        for g, n in enumerate(c.people):
            size = n / most * tall
            y -= size
            if n:
                body.append(
                    f'<rect x="{_n(x - 11)}" y="{_n(y)}" width="22" height="{_n(size)}" fill="{colour_of(g)}"/>'
                )
        body.append(_text(x, y - 4, str(sum(c.people)), anchor="middle"))
        body += _dots(c.states, x, top + tall + 22, step)
    body.append(_line(f"M{_n(left)} {_n(top + tall)}h{_n(wide * len(found))}", stroke=PALETTE.rule))
    x = 4.0
    for g, name in enumerate(groups):
        body.append(f'<rect x="{_n(x)}" y="4" width="10" height="10" fill="{colour_of(g)}"/>')
        body.append(_text(x + 15, 13, cut(name, 120)))
        x += 30 + 6.2 * len(cut(name, 120))
    height = top + tall + 22 + step * len(tests)
    return _svg(max(520, left + wide * len(found) + 8), height, label, body)


def _dots(states: Sequence[str], x: float, y: float, step: float) -> list[str]:
    lost = [y + i * step for i, s in enumerate(states) if s == "loss"]
    out = [_line(f"M{_n(x)} {_n(lost[0])}V{_n(lost[-1])}", stroke=PALETTE.ink, width=2)] if len(lost) > 1 else []
    for i, state in enumerate(states):
        at = y + i * step
        if state == "loss":
            out.append(f'<circle cx="{_n(x)}" cy="{_n(at)}" r="5.5"/>')
        elif state == "no_loss":
            out.append(f'<circle cx="{_n(x)}" cy="{_n(at)}" r="5" fill="#fff" stroke="{PALETTE.muted}"/>')
        else:
            out.append(_line(f"M{_n(x - 3)} {_n(at)}h6", stroke=PALETTE.rule, width=1.5))
    return out


# --- forest plots --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestLine:
    """One line of a forest plot; `kind` is `own`, `study` or `pooled`, `colour` that of an own group."""

    name: str
    kind: str
    value: float
    low: float | None
    high: float | None
    words: str
    colour: str = ""
    prediction: tuple[float, float] | None = None


def forest(lines: Sequence[ForestLine], label: str, *, percent: bool) -> str:
    """Return a forest plot: own groups as squares, published studies as dots, the pooled figure a diamond."""
    left, right, step, top = 164.0, 332.0, 18.0, 4.0
    ends = [e for line in lines for e in (line.value, line.low, line.high) if e is not None]
    low, high = (0.0, 100.0) if percent else _padded([0.0, *ends], False)
    x = _scale(low, high, left, right, False)
    bottom = top + step * len(lines) + 4
    body = [_line(f"M{_n(left)} {_n(bottom)}H{_n(right)}", stroke=PALETTE.rule)]
    for t in ticks(low, high):
        body.append(
            _line(f"M{_n(x(t))} {_n(top)}V{_n(bottom + 4)}", stroke=PALETTE.rule if t else PALETTE.muted, width=0.7)
        )
        words = wording.number(t) + (" %" if percent else "")
        body.append(_text(x(t), bottom + 16, words, anchor="middle", fill=PALETTE.muted))
    for i, line in enumerate(lines):
        y = top + (i + 0.5) * step
        colour = line.colour or PALETTE.ink
        strong = ' font-weight="600"' if line.kind != "study" else ""
        body.append(_text(2, y + 4, cut(line.name, left - 6, 11.5), fill=colour, extra=strong))
        body.append(_text(right + 12, y + 4, line.words, fill=colour, extra=strong))
        body += _forest_mark(line, x, y, colour)
    return _svg(500, bottom + 22, label, body)


def _forest_mark(line: ForestLine, x: Scale, y: float, colour: str) -> list[str]:
    out: list[str] = []
    if line.prediction is not None:
        a, b = line.prediction
        out.append(_line(f"M{_n(x(a))} {_n(y)}H{_n(x(b))}", stroke=PALETTE.muted, extra=' stroke-dasharray="3 2"'))
    at = x(line.value)
    if line.kind == "pooled" and line.low is not None and line.high is not None:
        a, b = x(line.low), x(line.high)
        out.append(f'<path d="M{_n(a)} {_n(y)}L{_n(at)} {_n(y - 5)}L{_n(b)} {_n(y)}L{_n(at)} {_n(y + 5)}z"/>')
        return out
    if line.low is not None and line.high is not None:
        width = 2.4 if line.kind == "own" else 1.2
        out.append(_line(f"M{_n(x(line.low))} {_n(y)}H{_n(x(line.high))}", stroke=colour, width=width))
    if line.kind == "own":
        out.append(f'<rect x="{_n(at - 4.5)}" y="{_n(y - 4.5)}" width="9" height="9" fill="{colour}"/>')
    else:
        out.append(f'<circle cx="{_n(at)}" cy="{_n(y)}" r="3.5"/>')
    return out


# --- small pictures in tables --------------------------------------------------------------------------------------


def share_bar(meets: int, cannot_tell: int, people: int, colour: str) -> str:
    """Return a bar of how many meet a rule (filled), and of whom it cannot be told (dashed outline)."""
    if people == 0:
        return ""
    a, b = 100 * meets / people, 100 * cannot_tell / people
    return (
        f'<svg class="share" viewBox="0 0 102 10" aria-hidden="true" focusable="false">'
        f'<rect x="1" y="1" width="100" height="8" fill="{PALETTE.band}"/>'
        f'<rect x="1" y="1" width="{_n(a)}" height="8" fill="{colour}"/>'
        f'<rect x="{_n(1 + a)}" y="1.5" width="{_n(b)}" height="7" fill="{PALETTE.white}" stroke="{PALETTE.muted}" '
        f'stroke-width=".8" stroke-dasharray="2 1.4"/></svg>'
    )


def probability_strip(posteriors: Mapping[str, Sequence[float]], label: str) -> str:
    """Return the posteriors of each group as points from 0 to 1, one line a group."""
    step, wide = 15.0, 250.0
    height = step * len(posteriors) + 4
    body = [
        _line(f"M{_n(10 + s * (wide - 20))} 2V{_n(height - 2)}", stroke=PALETTE.rule) for s in (0, 0.1, 0.5, 0.9, 1)
    ]
    for i, values in enumerate(posteriors.values()):
        y = 2 + (i + 0.5) * step
        dots = "".join(
            f"M{_n(10 + p * (wide - 20))} {_n(y + (j % 3 - 1) * 2.6)}h0" for j, p in enumerate(sorted(values))
        )
        if dots:
            body.append(_line(dots, stroke=colour_of(i), width=4, extra=' stroke-linecap="round" opacity=".6"'))
    return _svg(wide, height, label, body)


def correlation_bar(rho: float, low: float | None, high: float | None, colour: str) -> str:
    """Return a rank correlation with its interval on a scale from -1 to 1."""
    x = _scale(-1, 1, 1, 101, False)
    body = [f'<path d="M1 5h100M51 1v8" stroke="{PALETTE.rule}" fill="none"/>']
    if low is not None and high is not None:
        body.append(f'<path d="M{_n(x(low))} 5H{_n(x(high))}" stroke="{colour}" stroke-width="2"/>')
    body.append(f'<circle cx="{_n(x(rho))}" cy="5" r="2.6" fill="{colour}"/>')
    return f'<svg class="share" viewBox="0 0 102 10" aria-hidden="true" focusable="false">{"".join(body)}</svg>'
