"""Where it hurts: the 19 areas of the widespread pain index on a front and a back view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Points = tuple[tuple[float, float], ...]

# Outlines for the side of positive x, in units of a head's width or so; made up, no drawing was copied.
_PAIRED_FRONT: dict[str, Points] = {
    "jaw": ((0.02, 6.76), (0.36, 6.88), (0.33, 6.68), (0.18, 6.51), (0.02, 6.48)),
    "shoulder_girdle": ((0.24, 6.14), (0.66, 6.02), (0.92, 5.82), (0.96, 5.50), (0.68, 5.52), (0.24, 5.62)),
    "upper_arm": ((0.72, 5.44), (0.98, 5.42), (1.08, 4.95), (1.14, 4.52), (0.90, 4.46), (0.80, 4.95)),
    "lower_arm": ((0.91, 4.38), (1.15, 4.44), (1.28, 3.95), (1.34, 3.52), (1.16, 3.48), (1.02, 3.92)),
    "upper_leg": ((0.04, 2.96), (0.66, 3.02), (0.60, 2.40), (0.50, 1.84), (0.18, 1.84), (0.08, 2.40)),
    "lower_leg": ((0.18, 1.76), (0.50, 1.76), (0.54, 1.30), (0.40, 0.48), (0.22, 0.48), (0.16, 1.30)),
}
_PAIRED_BACK: dict[str, Points] = {
    **{k: v for k, v in _PAIRED_FRONT.items() if k not in ("jaw", "upper_leg")},
    "hip": ((0.03, 3.72), (0.60, 3.76), (0.70, 3.30), (0.66, 2.98), (0.34, 2.86), (0.03, 2.96)),
    "upper_leg": ((0.05, 2.86), (0.36, 2.78), (0.65, 2.88), (0.60, 2.40), (0.50, 1.84), (0.18, 1.84), (0.08, 2.40)),
}
_FRONT_HIP: Points = ((0.40, 3.76), (0.60, 3.80), (0.70, 3.36), (0.67, 3.08), (0.34, 3.08))
_SINGLE_FRONT: dict[str, Points] = {
    "neck": ((-0.18, 6.40), (0.18, 6.40), (0.21, 6.14), (-0.21, 6.14)),
    "chest": ((-0.64, 5.44), (-0.20, 5.56), (0.20, 5.56), (0.64, 5.44), (0.60, 4.66), (-0.60, 4.66)),
    "abdomen": (
        (-0.58, 4.60),
        (0.58, 4.60),
        (0.58, 3.86),
        (0.36, 3.74),
        (0.29, 3.08),
        (-0.29, 3.08),
        (-0.36, 3.74),
        (-0.58, 3.86),
    ),
}
_SINGLE_BACK: dict[str, Points] = {
    "neck": ((-0.18, 6.46), (0.18, 6.46), (0.21, 6.14), (-0.21, 6.14)),
    "upper_back": ((-0.64, 5.44), (-0.20, 5.56), (0.20, 5.56), (0.64, 5.44), (0.60, 4.66), (-0.60, 4.66)),
    "lower_back": ((-0.58, 4.58), (0.58, 4.58), (0.56, 3.84), (-0.56, 3.84)),
}
_HAND: Points = ((1.17, 3.42), (1.36, 3.46), (1.42, 3.14), (1.32, 2.96), (1.20, 3.06))
_FOOT: Points = ((0.22, 0.40), (0.40, 0.40), (0.52, 0.14), (0.42, 0.06), (0.20, 0.10))


def _smooth(points: Points, rounds: int = 2) -> np.ndarray:
    """Return an outline with rounded corners (Chaikin's corner cutting)."""
    p = np.asarray(points, dtype=float)
    for _ in range(rounds):
        after = np.roll(p, -1, axis=0)
        p = np.stack([0.87 * p + 0.13 * after, 0.13 * p + 0.87 * after], axis=1).reshape(-1, 2)
    return p


def areas_of(answers: Mapping[str, float], names: tuple[str, ...]) -> dict[str, bool | None]:
    """Return area -> whether it hurts, None where it is unknown."""
    return {name: (answers[name] == 1 if name in answers else None) for name in names}


def draw_view(ax: Axes, areas: Mapping[str, bool | None], view: str) -> None:
    """Draw one view of the body into empty axes.

    Parameters
    ----------
    ax : Axes
    areas : mapping
        Area -> whether it hurts, None where it is unknown.
    view : {'front', 'back'}
        On the front view the person's right is on the viewer's left.
    """
    from matplotlib.patches import Ellipse, Polygon

    from nociscope.figures import PALETTE

    ax.set_aspect("equal")
    ax.set_xlim(-1.75, 1.75)
    ax.set_ylim(-0.05, 8.05)
    ax.axis("off")
    plain: dict[str, Any] = {"facecolor": PALETTE.white, "edgecolor": PALETTE.rule, "linewidth": 0.8}
    ax.add_patch(Ellipse((0, 7.0), 0.78, 1.02, **plain))
    left = 1 if view == "front" else -1  # where the person's left is
    for sign in (1, -1):
        for outline in (_HAND, _FOOT):
            ax.add_patch(Polygon(_smooth(outline) * (sign, 1), closed=True, **plain))
    paired = _PAIRED_FRONT | {"hip": _FRONT_HIP} if view == "front" else _PAIRED_BACK
    for area, outline in paired.items():
        for side, sign in (("left", left), ("right", -left)):
            _paint(ax, _smooth(outline) * (sign, 1), areas.get(f"{area}_{side}"))
    for area, outline in (_SINGLE_FRONT if view == "front" else _SINGLE_BACK).items():
        _paint(ax, _smooth(outline), areas.get(area))
    ax.text(0, 7.85, view.capitalize(), ha="center", va="center", fontsize=9, fontweight="bold", color=PALETTE.ink)
    for name, sign in (("left", left), ("right", -left)):
        ax.text(1.52 * sign, 5.7, name, ha="center", va="center", fontsize=8.5, color=PALETTE.muted)


def _paint(ax: Axes, outline: np.ndarray, hurts: bool | None) -> None:
    from matplotlib.patches import Polygon

    from nociscope.figures import PALETTE

    if hurts:
        ax.add_patch(Polygon(outline, closed=True, facecolor=PALETTE.gain, edgecolor=PALETTE.white, linewidth=0.9))
        x, y = (outline.min(axis=0) + outline.max(axis=0)) / 2
        ax.plot([x], [y], marker="x", markersize=4, markeredgewidth=1.2, color=PALETTE.white, linestyle="none")
    elif hurts is None:
        style = {"facecolor": PALETTE.white, "edgecolor": PALETTE.muted, "linestyle": (0, (2, 2)), "linewidth": 0.7}
        ax.add_patch(Polygon(outline, closed=True, **style))
    else:
        ax.add_patch(Polygon(outline, closed=True, facecolor=PALETTE.band, edgecolor=PALETTE.rule, linewidth=0.6))
