"""Figures: the same bytes everywhere, nothing loaded, ids of their own, colours that everyone can tell apart."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from nociscope.figures import PALETTE, figure_to_svg, house_style, log_axis, new_figure, style_axes, z_band

DRAW = """
import hashlib, sys
from tests.test_figures import drawn
sys.stdout.write(hashlib.sha256(drawn().encode()).hexdigest())
"""


def drawn(salt: str = "profile", label: str = "foot") -> str:
    with house_style():
        fig = new_figure(16, 7)
        left, right = fig.subplots(1, 2)
        z_band(left)
        left.plot(np.arange(6), [1.0, -2.5, 0.3, 3.1, np.nan, 1.0], marker="o", label=label)
        left.legend()
        left.set_title(label)
        right.imshow(np.random.default_rng(0).random((8, 8)))
        right.scatter([1, 2], [1, 2], color=PALETTE.gain)
        return figure_to_svg(fig, salt)


def test_the_same_bytes_twice() -> None:
    assert drawn() == drawn()


def test_the_same_bytes_in_another_process_with_other_settings(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\nfont.size: 31\naxes.grid: True\nsvg.fonttype: path\n")
    root = Path(__file__).parents[1]
    env = os.environ | {
        "MATPLOTLIBRC": str(tmp_path),
        "PYTHONHASHSEED": "7",
        "LC_ALL": "de_DE.UTF-8",
        "TZ": "Asia/Tokyo",
        "PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}",
    }
    other = subprocess.run([sys.executable, "-c", DRAW], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert other.stdout == hashlib.sha256(drawn().encode()).hexdigest(), other.stderr


def test_an_inert_element_without_size_date_or_style_sheet() -> None:
    svg = drawn()
    root = ElementTree.fromstring(svg)
    assert svg.startswith("<svg ")
    assert root.get("viewBox")
    assert root.get("width") is None
    assert "<style" not in svg
    assert "<metadata" not in svg
    assert "DejaVu" not in svg
    outside = re.findall(r'(?:href|src)="(?!#|data:image/png;base64,)[^"]*"', svg)
    assert outside == []
    assert re.findall(r"https?://[^\s\"']*", svg) == ["http://www.w3.org/2000/svg"]


def test_ids_begin_with_the_salt_and_all_pointers_resolve() -> None:
    svg = drawn("lep-trials")
    ids = re.findall(r'\bid="([^"]*)"', svg)
    pointers = re.findall(r'(?:url\(#|href="#)([^)"]+)', svg)
    assert ids
    assert all(i.startswith("lep-trials-") for i in ids)
    assert len(ids) == len(set(ids))
    assert set(pointers) == set(ids)


@pytest.mark.parametrize("salt", ["", "1a", "a b", 'a"b', "ä"])
def test_a_salt_that_cannot_begin_an_id_is_refused(salt: str) -> None:
    with pytest.raises(ValueError, match="cannot begin an id"):
        drawn(salt)


@pytest.mark.parametrize("label", ['id="x" d="1.23456" style="font: 9px"', "<b>&amp;</b>", "$x_$ 5 $", "url(#a)"])
def test_text_from_data_stays_as_it_is(label: str) -> None:
    texts = [e.text for e in ElementTree.fromstring(drawn(label=label)).iter() if e.tag.endswith("text")]
    assert texts.count(label) == 2


def test_users_settings_come_back() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    drawn()
    assert dict(matplotlib.rcParams) == before


def test_coordinates_are_short_and_a_long_trace_stays_small() -> None:
    with house_style():
        fig = new_figure()
        ax = fig.add_subplot()
        ax.plot(np.linspace(0, 1, 2000), np.random.default_rng(1).normal(size=2000))
        style_axes(ax, "y")
        svg = figure_to_svg(fig, "trace")
    assert re.search(r' d="[^"]*\d\.\d{3}', svg) is None
    assert len(svg) < 60_000


def test_a_log_axis_has_plain_numbers() -> None:
    with house_style():
        fig = new_figure()
        ax = fig.add_subplot()
        ax.plot([1, 2], [0.1, 1000.0])
        log_axis(ax, "y")
        svg = figure_to_svg(fig, "log")
    texts = [e.text for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text")]
    assert {"0.1", "10", "1000"} <= set(texts)
    assert not any("$" in (t or "") for t in texts)


def _linear(colour: str) -> np.ndarray:
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def _luminance(colour: str) -> float:
    return float(_linear(colour) @ [0.2126, 0.7152, 0.0722])


def test_every_mark_has_the_contrast_of_text_on_white() -> None:
    """WCAG 2.2, success criterion 1.4.3: at least 4.5 to 1."""
    behind = {"rule", "band", "wash", "white"}
    named = [getattr(PALETTE, f.name) for f in fields(PALETTE) if f.name not in behind | {"series"}]
    for colour in (*named, *PALETTE.series):
        assert 1.05 / (_luminance(colour) + 0.05) >= 4.5, colour


# Full protanopia and deuteranopia in linear RGB, Machado et al. 2009, https://doi.org/10.1109/TVCG.2009.113
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def _lab(linear: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b* of linear sRGB under D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = to_xyz @ np.clip(linear, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_loss_and_gain_and_the_sides_stay_apart_in_colour_blindness(deficiency: str) -> None:
    matrix = DEFICIENCIES[deficiency]
    for one, other in ((PALETTE.loss, PALETTE.gain), (PALETTE.left, PALETTE.right)):
        apart = np.linalg.norm(_lab(matrix @ _linear(one)) - _lab(matrix @ _linear(other)))
        assert apart > 25, (one, other, apart)
