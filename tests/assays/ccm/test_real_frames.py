"""Real frames against centre lines placed by hand; skipped where the frames are absent."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from nociscope.assays.ccm.detector import STANDARD_UM
from nociscope.assays.ccm.metrics import centre_lines, evenly
from nociscope.assays.ccm.tracing import trace

ROOT = Path(__file__).parents[3]
FRAMES = Path(os.environ.get("NOCISCOPE_SHARED", ROOT / "../shared")) / "data" / "ccm_frames"
ANNOTATED = json.loads((ROOT / "docs/validation/ccm_annotations.json").read_text())

pytestmark = pytest.mark.skipif(not FRAMES.is_dir(), reason="the public frames are not beside the checkout")


def frame(name):
    with Image.open(FRAMES / name[:2] / f"zx{name}.jpg") as picture:
        return np.asarray(picture.convert("L"), np.float32)


def drawn(lines):
    mask = np.zeros((384, 384), bool)
    for line in lines:
        points = np.rint(evenly(np.array(line["points"])[:, ::-1], 0.5)).astype(int).clip(0, 383)
        mask[points[:, 0], points[:, 1]] = True
    return mask


def agreement(found, wanted, tolerance=3.0):
    precision = (ndimage.distance_transform_edt(~wanted)[found] <= tolerance).mean()
    recall = (ndimage.distance_transform_edt(~found)[wanted] <= tolerance).mean()
    return precision, recall, 2 * precision * recall / (precision + recall)


def test_agreement_with_the_annotation_stays_what_is_written_in_the_validation():
    f1 = {n: agreement(centre_lines(trace(frame(n))), drawn(a))[2] for n, a in ANNOTATED["Frames"].items()}
    assert np.mean(list(f1.values())) > 0.895
    assert np.mean([f1[n] for n in ANNOTATED["HeldOut"]]) > 0.87
    assert np.mean([f1[n] for n in ANNOTATED["Later"]]) > 0.895


def test_real_frames_turn_without_change_and_move_with_little():
    for name in ("OD177", "OS213"):
        image = frame(name)
        length = trace(image).length
        assert trace(np.ascontiguousarray(np.rot90(image))).length == pytest.approx(length, rel=1e-3)
        moved = np.take(image, np.maximum(np.arange(384) - 1, 0), 0)
        assert trace(moved).length == pytest.approx(length, rel=0.03)


def test_real_frames_have_plausible_density():
    for eye, low, high in (("OD", 15, 26), ("OS", 22, 33)):
        values = []
        for path in sorted((FRAMES / eye).glob("*.jpg"))[::3]:
            image = frame(path.stem[2:])
            values.append(trace(image).length * STANDARD_UM / 160)
        assert low < np.mean(values) < high
