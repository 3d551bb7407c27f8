"""Make the weights of the corneal nerve detector (``src/nociscope/assays/ccm/weights.json``), with NumPy alone.

    python docs/validation/ccm_train.py FRAMES [--groups GROUP ...] [--leave {frame,eye}] [--out FILE]

FRAMES is the folder of the real frames (see ``ccm.md``). Learnt from: the annotated frames of the groups named
(``Tuning``, ``HeldOut``, ``Later`` in ``ccm_annotations.json``; the shipped weights are made from ``Tuning`` alone, other
frames are not opened), each also turned, scaled, dimmed and made noisier; simulated frames with nerves; simulated
frames without. ``--leave`` writes nothing: it leaves one frame, or all frames of one eye, out of the training at a time
and prints the agreement of the whole tracing on what was left out.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage, spatial

from nociscope.assays.ccm.appearance import LONG, MIDDLE, NAMES, SHORT, Bundle, appearance, bundle
from nociscope.assays.ccm.chains import chains
from nociscope.assays.ccm.classifier import CLIP, Weights
from nociscope.assays.ccm.detector import detect
from nociscope.assays.ccm.graph import from_skeleton
from nociscope.assays.ccm.labelling import candidates
from nociscope.assays.ccm.metrics import centre_lines
from nociscope.assays.ccm.simulate import Scene, simulate_frame
from nociscope.assays.ccm.tracing import relief, thinned, trace

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
from ccm_vs_superccm import agreement  # noqa: E402

SIDE = 384
UNITS, NETWORKS = 16, 3
COPIES, EPOCHS, RATE, DECAY, DROP = 20, 6, 0.005, 1e-3, 0.1
WITHOUT, WITH = 72, 24
"""Numbers of simulated frames without and with nerves."""
SIMULATED = 0.5
"""Weight of a simulated point beside a real one."""
FAINT = 0.7
"""Weight of a point on a line that a reader may or may not trace."""


@dataclass
class Example:
    """Points of one frame: what they look like, whether they lie on a nerve, how much they count, the real frame."""

    along: Bundle
    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    frame: str = ""


def points_of(image: np.ndarray) -> tuple[Bundle, np.ndarray] | None:
    seen = detect(image)
    graph = from_skeleton(thinned(seen.ridge))
    candidates(graph)
    followed = chains(graph, relief(image, seen.background))
    if not followed:
        return None
    along = bundle([c.path for c in followed], seen.local)
    return along, appearance(along, seen)


def cells(along: Bundle) -> tuple[np.ndarray, np.ndarray]:
    at = np.clip(np.rint(along.points).astype(int), 0, SIDE - 1)
    return at[:, 0], at[:, 1]


def real(name: str, image: np.ndarray, lines: list[dict], rng: np.random.Generator) -> Iterator[Example]:
    """Yield a frame as it is, then copies turned about the centre, scaled, dimmed, blurred, made noisier."""
    centre = np.full(2, (SIDE - 1) / 2)
    for copy in range(COPIES):
        if copy == 0:
            back, picture, valid, moved = np.eye(2), image, np.ones(image.shape, bool), lines
        else:
            angle, scale = rng.uniform(-np.pi, np.pi), float(np.exp(rng.normal(0, 0.08)))
            back = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
            offset = centre - back @ centre
            picture = disturbed(ndimage.affine_transform(image, back, offset, order=3, mode="mirror"), rng)
            valid = ndimage.affine_transform(np.ones(image.shape), back, offset, order=1) > 0.99
            moved = []
            for line in lines:
                places = (np.array(line["points"])[:, ::-1] - centre) @ np.linalg.inv(back).T + centre
                moved += [{"class": line["class"], "points": p[:, ::-1]} for p in within(places)]
        found = points_of(picture)
        if found is None:
            continue
        along, x = found
        on, weight = labels(along, moved)
        yield Example(along, x, on, weight * valid[cells(along)], name)


def labels(along: Bundle, lines: list[dict]) -> tuple[np.ndarray, np.ndarray]:
    """Return which points lie on an annotated line that runs their way, and how much they count.

    A point counts as on a line within 3 px and 35 degrees of it. Points up to 4.5 px away do not count, those that
    cross a line half.
    """
    places, ways, faint = [], [], []
    for line in lines:
        p = np.array(line["points"], float)[:, ::-1]
        steps = np.hypot(*np.diff(p, axis=0).T)
        arc = np.concatenate([[0], np.cumsum(steps)])
        even = np.stack([np.interp(np.arange(0, arc[-1] + 0.5), arc, p[:, k]) for k in (0, 1)], 1)
        if len(even) < 5:
            continue
        d = np.gradient(ndimage.gaussian_filter1d(even, 3, axis=0, mode="nearest"), axis=0)
        places.append(even)
        ways.append(d / np.maximum(np.hypot(*d.T), 1e-9)[:, None])
        faint.append(np.full(len(even), line["class"] == "faint"))
    place, way, pale = np.concatenate(places), np.concatenate(ways), np.concatenate(faint)
    distance, which = spatial.cKDTree(place).query(along.points, k=12, distance_upper_bound=4.5)
    which = np.minimum(which, len(place) - 1)
    along_line = np.abs(np.einsum("ij,ikj->ik", along.across, way[which])) < np.sin(np.radians(35))
    hit = (distance <= 3) & along_line
    on = hit.any(1)
    first = which[np.arange(len(which)), np.argmax(hit, axis=1)]
    near = distance[:, 0]
    off = np.where(near <= 3, 0.5, np.where(near <= 4.5, 0.0, 1.0))
    return on, np.where(on, np.where(pale[first], FAINT, 1.0), off)


def within(places: np.ndarray) -> list[np.ndarray]:
    inside = ((places > -0.5) & (places < SIDE - 0.5)).all(1)
    runs = [list(g) for ok, g in itertools.groupby(range(len(places)), key=lambda i: inside[i]) if ok]
    return [places[r] for r in runs if len(r) > 1]


def disturbed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    out = image * np.exp(rng.normal(0, 0.2))
    if rng.random() < 0.4:
        out = ndimage.gaussian_filter(out, rng.uniform(0, 0.6))
    out = out * (1 + rng.normal(0, rng.uniform(0, 0.12), out.shape)) + rng.normal(0, rng.uniform(0, 2), out.shape)
    return np.clip(np.rint(out), 0, 255).astype(np.float32)


def empty_frame(k: int, rng: np.random.Generator) -> np.ndarray:
    """Return a frame without nerves: grain of several sizes, folds, their borders, epithelium, dendritic cells."""
    nothing = {"trunks": 0, "branches": 0, "cells": 0, "noise": float(rng.uniform(0.05, 0.3))}
    kind = k % 8
    if kind == 0:
        grain = rng.uniform(0.6, 9)
        soft = ndimage.gaussian_filter(rng.normal(0, 1, (SIDE, SIDE)), grain)
        return 60 + rng.uniform(8, 40) * soft / soft.std()
    if kind == 1:
        grain = int(rng.integers(1, 9))
        small = rng.gamma(4, 0.25, (SIDE // grain + 1, SIDE // grain + 1))
        return 60 * ndimage.zoom(small, grain, order=1)[:SIDE, :SIDE]
    if kind == 2:
        return simulate_frame(Scene(**nothing, folds=int(rng.integers(1, 4))), k).image
    if kind in (3, 4, 5):
        return simulate_frame(Scene(**nothing, fold_borders=int(rng.integers(1, 5))), k).image
    if kind == 6:
        return simulate_frame(Scene(epithelium=True, cells=0, brightness=float(rng.uniform(50, 110))), k).image
    return simulate_frame(Scene(**{**nothing, "cells": int(rng.integers(3, 10))}), k).image


def nerve_scene(rng: np.random.Generator) -> Scene:
    return Scene(
        trunks=int(rng.integers(1, 9)),
        branches=int(rng.integers(0, 7)),
        angle=float(rng.uniform(0, 3.1)),
        brightness=float(rng.uniform(25, 110)),
        width=float(rng.uniform(2.6, 5)),
        noise=float(rng.uniform(0, 0.3)),
        cells=int(rng.integers(0, 5)),
        folds=int(rng.integers(0, 2)),
        fold_borders=int(rng.integers(0, 3)),
        waviness=float(rng.uniform(2, 20)),
        beading=float(rng.uniform(0, 0.7)),
    )


def simulated(rng: np.random.Generator) -> Iterator[Example]:
    for k in range(WITHOUT):
        found = points_of(np.clip(np.rint(empty_frame(k, rng)), 0, 255).astype(np.float32))
        if found is not None:
            n = len(found[0].points)
            yield Example(*found, np.zeros(n, bool), np.full(n, SIMULATED))
    for k in range(WITH):
        frame = simulate_frame(nerve_scene(rng), 1000 + k)
        found = points_of(frame.image.astype(np.float32))
        if found is not None:
            on, weight = labels(found[0], [{"class": "clear", "points": line} for line in frame.lines])
            yield Example(*found, on, SIMULATED * weight)


def slide_back(along: Bundle, values: np.ndarray, half: int) -> np.ndarray:
    """Return the transpose of :meth:`Bundle.slide` applied to `values`: the gradient's way back."""
    at = np.arange(len(along.points))
    low, high = np.maximum(at - half, along.starts), np.minimum(at + half + 1, along.stops)
    for _ in range(2):
        shared = values / (high - low)[:, None]
        total = np.zeros((len(values) + 1, values.shape[1]))
        np.add.at(total, high, shared)
        np.subtract.at(total, low, shared)
        values = total[::-1].cumsum(0)[::-1][1:]
    return values


def gradient(p: list[np.ndarray], e: Example, x: np.ndarray, rng: np.random.Generator) -> list:
    """Return the gradient of the weighted cross entropy with respect to the three layers."""

    def dropped(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        kept = (rng.random(values.shape) > DROP) / (1 - DROP)
        return values * kept, kept

    x, _ = dropped(x)
    one = np.tanh(x @ p[0][:-1] + p[0][-1])
    a, a_kept = dropped(np.concatenate([one, e.along.slide(one, SHORT), e.along.slide(one, MIDDLE)], axis=1))
    two = np.tanh(a @ p[1][:-1] + p[1][-1])
    b, b_kept = dropped(np.concatenate([two, e.along.slide(two, MIDDLE), e.along.slide(two, LONG)], axis=1))
    wanted = 0.02 + 0.96 * e.y
    error = (e.weight * (1 / (1 + np.exp(-(b @ p[2][:-1] + p[2][-1]))) - wanted) / 3000)[:, None]
    last = np.concatenate([(b * error).sum(0), error.sum(0)])
    back = np.split(error * p[2][:-1] * b_kept, 3, axis=1)
    d = (back[0] + slide_back(e.along, back[1], MIDDLE) + slide_back(e.along, back[2], LONG)) * (1 - two**2)
    second = np.concatenate([a.T @ d, d.sum(0, keepdims=True)])
    back = np.split(d @ p[1][:-1].T * a_kept, 3, axis=1)
    d = (back[0] + slide_back(e.along, back[1], SHORT) + slide_back(e.along, back[2], MIDDLE)) * (1 - one**2)
    return [np.concatenate([x.T @ d, d.sum(0, keepdims=True)]), second, last]


def train(examples: list[Example], networks: int = NETWORKS) -> Weights:
    """Fit the networks, which differ in their random beginning."""
    pool = np.concatenate([e.x for e in examples if e.frame])
    mean, scale = pool.mean(0), pool.std(0) + 1e-3
    inputs = [np.clip((e.x - mean) / scale, -CLIP, CLIP) for e in examples]
    layers = zip(*(fitted(examples, inputs, 1 + k) for k in range(networks)), strict=True)
    return Weights(*(v.astype(np.float32) for v in (mean, scale, *map(np.stack, layers))))


def fitted(examples: list[Example], inputs: list[np.ndarray], seed: int) -> list[np.ndarray]:
    """Fit one network by Adam with decoupled decay, the rate rising and then falling to nothing (one cycle)."""
    rng = np.random.default_rng(seed)
    shapes = [(len(NAMES), UNITS), (3 * UNITS, UNITS), (3 * UNITS, 1)]
    p = [np.concatenate([rng.normal(0, n**-0.5, (n, m)), np.zeros((1, m))]) for n, m in shapes]
    p[2] = p[2][:, 0]
    moment, square = [np.zeros_like(v) for v in p], [np.zeros_like(v) for v in p]
    steps = EPOCHS * len(examples)
    order = np.concatenate([rng.permutation(len(examples)) for _ in range(EPOCHS)])
    for step, i in enumerate(order, 1):
        part = step / steps
        rate = RATE * (part / 0.3 if part < 0.3 else 0.5 * (1 + np.cos(np.pi * (part - 0.3) / 0.7)))
        for k, g in enumerate(gradient(p, examples[i], inputs[i], rng)):
            moment[k] = 0.9 * moment[k] + 0.1 * g
            square[k] = 0.999 * square[k] + 0.001 * g * g
            move = moment[k] / (1 - 0.9**step) / (np.sqrt(square[k] / (1 - 0.999**step)) + 1e-8)
            p[k] = p[k] - rate * (move + DECAY * p[k])
    return p


def left_out(
    frames: dict[str, np.ndarray], lines: dict[str, list[dict]], examples: list[Example], letters: int
) -> None:
    """Print the agreement on frames left out of the training; those that share so many first letters go together.

    One network instead of three is fitted every time, which takes a third of the time.
    """
    names = sorted(frames)
    rows: dict[bool, list] = {False: [], True: []}
    for _, group in itertools.groupby(names, key=lambda n: n[:letters]):
        out = list(group)
        learnt = train([e for e in examples if e.frame not in out], networks=1)
        for n in out:
            found = centre_lines(trace(frames[n], weights=learnt))
            for ignore in rows:
                rows[ignore].append(agreement(found, lines[n], ignore))
            print(n, *np.round([rows[ignore][-1] for ignore in rows], 3).tolist(), flush=True)
    for ignore, figures in rows.items():
        print("faint left out" if ignore else "faint counted", np.mean(figures, axis=0).round(4))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames", type=Path)
    parser.add_argument("--groups", nargs="+", default=["Tuning"], choices=("Tuning", "HeldOut", "Later"))
    parser.add_argument("--leave", choices=("frame", "eye"))
    parser.add_argument("--out", type=Path, default=ROOT / "src/nociscope/assays/ccm/weights.json")
    given = parser.parse_args()
    annotated = json.loads((HERE / "ccm_annotations.json").read_text())
    chosen = {n for group in given.groups for n in annotated[group]}
    lines = {n: found for n, found in annotated["Frames"].items() if n in chosen}
    rng = np.random.default_rng(7)
    frames, examples = {}, []
    for name in lines:
        with Image.open(next(given.frames.rglob(f"*{name}.jpg"))) as picture:
            frames[name] = np.asarray(picture.convert("L"), np.float32)
        examples += real(name, frames[name], lines[name], rng)
    examples += simulated(rng)
    if given.leave:
        left_out(frames, lines, examples, {"frame": 5, "eye": 2}[given.leave])
        return
    learnt = train(examples)
    rounded = {k: np.vectorize(lambda v: float(f"{v:.4g}"))(getattr(learnt, k)).tolist() for k in Weights.__slots__}
    text = ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in rounded.items())
    given.out.write_text("{\n" + text + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
