"""How every figure of the program looks, and how it becomes an SVG that is the same on every machine.

Assays draw with matplotlib's object interface inside :func:`house_style` and hand the figure to
:func:`figure_to_svg`. Nothing here knows what is drawn.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FONT_STACK = '-apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif'
"""Fonts that readers have already; figures and pages name the same ones and load none."""

Z_LIMIT = 1.96
"""The limits of the central 95 % of a standard normal distribution."""

_CM_PER_INCH = 2.54
_DECIMAL = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")
_MEASURING_FONT = "DejaVu Sans"  # comes with matplotlib, so that text takes the same room everywhere


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of figures and pages, on white.

    Every colour of a mark has a contrast of at least 4.5 to white, so that it serves for text as well; `rule`, `band`
    and `wash` are for lines and areas behind the data. `loss` and `gain` keep their difference in every common colour
    blindness; a call is never shown by colour alone.
    """

    ink: str = "#1b2126"
    muted: str = "#56616c"
    rule: str = "#c5ccd3"
    band: str = "#eceff2"
    wash: str = "#f6f7f9"
    white: str = "#ffffff"
    loss: str = "#1c5fa3"
    gain: str = "#b3420f"
    abnormal: str = "#7b3a8f"
    normal: str = "#3d4853"
    left: str = "#0a6f6a"
    right: str = "#85590a"
    series: tuple[str, ...] = field(default=("#1c5fa3", "#b3420f", "#0a6f6a", "#7b3a8f", "#85590a", "#3d4853"))

    def call(self, call: str) -> str:
        """Return the colour of a score's call."""
        return {"loss": self.loss, "gain": self.gain, "abnormal": self.abnormal, "normal": self.normal}.get(
            call, self.muted
        )


PALETTE = Palette()


def _house_settings() -> dict[str, Any]:
    p = PALETTE
    return {
        "font.family": [_MEASURING_FONT],
        "font.size": 9.0,
        "mathtext.fontset": "dejavusans",
        "text.parse_math": False,  # a device name with a dollar sign is no formula
        "text.color": p.ink,
        "axes.labelcolor": p.ink,
        "axes.labelsize": 9.0,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 8.0,
        "axes.edgecolor": p.muted,
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.formatter.use_locale": False,
        "axes.formatter.useoffset": False,
        "axes.unicode_minus": True,
        "axes.xmargin": 0.02,
        "xtick.color": p.muted,
        "ytick.color": p.muted,
        "xtick.labelcolor": p.ink,
        "ytick.labelcolor": p.ink,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "xtick.major.size": 3.0,
        "ytick.major.size": 3.0,
        "grid.color": p.rule,
        "grid.linewidth": 0.5,
        "lines.linewidth": 1.4,
        "lines.markersize": 5.0,
        "patch.linewidth": 0.7,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "legend.handlelength": 1.6,
        "image.cmap": "gray",
        "image.interpolation": "nearest",
        "figure.facecolor": p.white,
        "axes.facecolor": p.white,
        "savefig.facecolor": p.white,
        "svg.fonttype": "none",
        "svg.image_inline": True,
        "path.simplify": True,
        "path.simplify_threshold": 0.11,
    }


@contextmanager
def house_style() -> Iterator[None]:
    """Make matplotlib draw in the house style, whatever the user's own settings are; afterwards these are back.

    Serves as a context manager and as a decorator (``@house_style()``) of an assay's `draw`.
    """
    import matplotlib
    from cycler import cycler

    # The program has no window: what a user's matplotlibrc says of back ends and windows is left alone.
    windows = ("backend", "interactive", "toolbar", "timezone", "webagg.", "tk.", "macosx.", "keymap.", "docstring.")
    style: dict[Any, Any] = {k: v for k, v in dict.items(matplotlib.rcParamsDefault) if not k.startswith(windows)}
    style |= _house_settings()
    style["axes.prop_cycle"] = cycler(color=PALETTE.series)
    with matplotlib.rc_context(style):
        yield


def new_figure(width_cm: float = 16.0, height_cm: float = 8.0) -> Figure:
    """Return an empty figure with constrained layout, not known to pyplot.

    Call it, and draw, inside :func:`house_style`.

    Parameters
    ----------
    width_cm, height_cm : float
        Natural size: at this size text is 9 points high. The page is 17 cm wide.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width_cm / _CM_PER_INCH, height_cm / _CM_PER_INCH), layout="constrained")


def style_axes(ax: Axes, grid: Literal["x", "y", "both", "none"] = "none") -> None:
    """Give axes that were made outside :func:`house_style` its plain look, and faint grid lines where wanted."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(PALETTE.muted)
        ax.spines[side].set_linewidth(0.7)
    ax.tick_params(color=PALETTE.muted, labelcolor=PALETTE.ink, width=0.7, length=3.0)
    ax.set_axisbelow(True)
    if grid != "none":
        ax.grid(visible=True, axis=grid, color=PALETTE.rule, linewidth=0.5)


def log_axis(ax: Axes, axis: Literal["x", "y"]) -> None:
    """Give an axis a log10 scale whose ticks are plain numbers (0.1, 1, 10)."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    (ax.set_xscale if axis == "x" else ax.set_yscale)("log")
    ticks = ax.xaxis if axis == "x" else ax.yaxis
    ticks.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ticks.set_minor_formatter(NullFormatter())


def z_band(ax: Axes, axis: Literal["x", "y"] = "y", limit: float = Z_LIMIT) -> None:
    """Draw the band of normal z scores from -`limit` to `limit` and the zero line behind the data.

    Parameters
    ----------
    ax : Axes
    axis : {'x', 'y'}
        The axis that carries z.
    limit : float
        Half width of the band.
    """
    span, line = (ax.axhspan, ax.axhline) if axis == "y" else (ax.axvspan, ax.axvline)
    span(-limit, limit, facecolor=PALETTE.band, edgecolor="none", zorder=0.1)
    for edge in (-limit, limit):
        line(edge, color=PALETTE.muted, linewidth=0.7, linestyle=(0, (4, 3)), zorder=0.2)
    line(0.0, color=PALETTE.muted, linewidth=0.6, zorder=0.2)


def figure_to_svg(fig: Figure, salt: str) -> str:
    """Return a figure as one ``<svg>`` element that may stand in a page beside others.

    It has a ``viewBox`` but no size, so that the page decides; text stays text, in fonts that the reader has; there
    is no date, no style sheet, no link out; ids begin with `salt`; coordinates have two decimals (of a point).

    Parameters
    ----------
    fig : Figure
        Made with matplotlib's object interface.
    salt : str
        What ids begin with: letters, digits, ``-`` and ``_``, a letter first; unique on the page
        (``qst-profile``).

    Raises
    ------
    ValueError
        `salt` cannot begin an id.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", salt):
        raise ValueError(f"{salt!r} cannot begin an id: letters, digits, - and _ are wanted, a letter first")
    import matplotlib

    buffer = io.StringIO()
    with house_style(), matplotlib.rc_context({"svg.hashsalt": salt}):
        fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<!--.*?-->|<style.*?</style>|<metadata.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*</defs>", "", svg)
    view_box = re.search(r'viewBox="([^"]*)"', svg[: svg.index(">")])
    if view_box is None:
        raise ValueError("the drawing has no viewBox")
    body = _plain_tags(svg[svg.index(">") + 1 :], salt)
    stack = FONT_STACK.replace('"', "'")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{_DECIMAL.sub(_short, view_box.group(1))}" '
        f'font-family="{stack}" stroke-linejoin="round" stroke-linecap="butt">\n{body}\n'
    )


_TAG = re.compile(r"<[^>]*>")
_ID = re.compile(r'\s+id="([^"]*)"')
_POINTER = re.compile(r'(url\(#|href="#)([^)"]+)([)"])')


def _plain_tags(svg: str, salt: str) -> str:
    """Return the drawing with short ids, the page's font and short numbers; only tags are touched, never text."""
    svg = _TAG.sub(lambda tag: tag.group().replace("xlink:href=", "href="), svg)
    names: dict[str, str] = {}
    for tag in _TAG.finditer(svg):
        for pointer in _POINTER.finditer(tag.group()):
            names.setdefault(pointer.group(2), f"{salt}-{len(names) + 1}")

    def plain(match: re.Match[str]) -> str:
        tag = _ID.sub(lambda m: f' id="{names[m.group(1)]}"' if m.group(1) in names else "", match.group())
        tag = _POINTER.sub(lambda m: f"{m.group(1)}{names[m.group(2)]}{m.group(3)}", tag)
        tag = re.sub(r' transform="rotate\(-?0 [^"]*\)"', "", tag)
        tag = re.sub(r'\bstyle="([^"]*)"', _plain_style, tag)
        tag = re.sub(r'\b(d|x|y|points|width|height)="([^"]*)"', _rounded, tag)
        return re.sub(r"\s+", " ", tag).replace(' "', '"') if "base64" not in tag else tag.replace("\n", "")

    return re.sub(r"\s*\n\s*", "\n", _TAG.sub(plain, svg)).strip()


def _plain_style(match: re.Match[str]) -> str:
    """Leave the font family to the root element; older matplotlib writes it into the ``font`` shorthand."""
    parts: list[str] = []
    for part in re.split(r";\s*", match.group(1).strip().rstrip(";")):
        name, _, value = (word.strip() for word in part.partition(":"))
        shorthand = re.fullmatch(rf"(.*?)([\d.]+)px '{_MEASURING_FONT}'", value) if name == "font" else None
        if name == "font-family" and value == f"'{_MEASURING_FONT}'":
            continue
        if shorthand is None:
            parts.append(f"{name}:{value}")
            continue
        for word in shorthand.group(1).split():
            parts.append(f"font-style:{word}" if word in ("italic", "oblique") else f"font-weight:{word}")
        parts.append(f"font-size:{shorthand.group(2)}px")
    return f'style="{";".join(parts)}"'


def _rounded(match: re.Match[str]) -> str:
    """Write coordinates with two decimals: finer is not seen, and differs between machines."""
    return f'{match.group(1)}="{_DECIMAL.sub(_short, match.group(2))}"'


def _short(number: re.Match[str]) -> str:
    text = f"{float(number.group()):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
