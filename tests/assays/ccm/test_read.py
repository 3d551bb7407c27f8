import io
import json

import numpy as np
import pytest
from PIL import Image

from nociscope.assays.ccm import ASSAY, CcmSettings
from nociscope.assays.ccm.read import decode_image, pixel_size, read
from nociscope.assays.ccm.settings import FRAME_METHOD
from nociscope.assays.ccm.simulate import Scene, png_bytes, simulate_frame
from nociscope.problems import BadInput
from nociscope.study import open_study

S = CcmSettings()


def encoded(array, kind="PNG", **more):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format=kind, **more)
    return buffer.getvalue()


@pytest.fixture
def study(tmp_path):
    (tmp_path / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.1"}')
    (tmp_path / "participants.tsv").write_text("participant_id\tage\tsex\nsub-01\t50\tF\n")
    (tmp_path / "sub-01" / "micr").mkdir(parents=True)
    return tmp_path


def put(study, content, name="sub-01_sample-OD_chunk-01_CONF.png", sidecar=None):
    path = study / "sub-01" / "micr" / name
    path.write_bytes(content)
    if sidecar is not None:
        (path.parent / (name.split(".")[0] + ".json")).write_text(json.dumps(sidecar))
    return path


def visit(study):
    return open_study(study).visits["sub-01"][0]


def good_frame(seed=0):
    return simulate_frame(Scene(), seed).image


def rows_of(study, name="cnfl"):
    readings = ASSAY.measure(read(visit(study), S), S)
    return [r for r in readings if r.measure == name]


@pytest.mark.parametrize("kind", ["L", "RGB", "RGBA", "P", "I;16", "tif", "tif16", "lzw"])
def test_every_way_to_store_grey_gives_the_same_levels(kind):
    grey = good_frame()
    deep = grey.astype(np.uint16) * 257
    lossless = {
        "L": lambda: encoded(grey),
        "RGB": lambda: encoded(np.stack([grey] * 3, 2)),
        "RGBA": lambda: encoded(np.stack([grey] * 3 + [np.full_like(grey, 255)], 2)),
        "P": lambda: _palette(grey),
        "I;16": lambda: encoded(deep),
        "tif": lambda: encoded(grey, "TIFF"),
        "tif16": lambda: encoded(deep, "TIFF"),
        "lzw": lambda: encoded(grey, "TIFF", compression="tiff_lzw"),
    }[kind]()
    found = decode_image(lossless, ".tif" if kind in ("tif", "tif16", "lzw") else ".png")
    full = 65535 if deep.max() > 16383 else 16383
    expected = grey if "16" not in kind else deep * (255 / full)
    assert np.abs(found - expected).max() < 0.01


def _palette(grey):
    picture = Image.fromarray(grey).convert("P")
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def colour():
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (384, 384, 3)).astype(np.uint8)


BAD = {
    "colour photo": (lambda: encoded(colour()), "colour"),
    "text": (lambda: b"participant_id\tage\n", "not a PNG"),
    "empty": (lambda: b"", "empty"),
    "truncated": (lambda: png_bytes(good_frame())[:20000], "cut short"),
    "12,000 x 12,000": (lambda: encoded(np.zeros((12000, 12000), np.uint8)), "12000 x 12000"),
    "6,000 x 100": (lambda: encoded(np.zeros((100, 6000), np.uint8)), "6000 x 100"),
    "jpeg named png": (lambda: encoded(good_frame(), "JPEG"), "not a PNG"),
    "damaged": (lambda: _flipped(png_bytes(good_frame())), "damaged"),
}


def _flipped(data):
    return data[:5000] + bytes([data[5000] ^ 255]) + data[5001:]


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_frame_fails_alone_and_by_name(study, kind):
    make, word = BAD[kind]
    put(study, png_bytes(good_frame()), "sub-01_sample-OD_chunk-01_CONF.png")
    put(study, make(), "sub-01_sample-OD_chunk-02_CONF.png")
    recording = read(visit(study), S)
    assert [f.source for f in recording.frames] == ["sub-01/micr/sub-01_sample-OD_chunk-01_CONF.png"]
    (problem,) = recording.problems
    assert problem.severity == "error"
    assert "chunk-02" in problem.sentence()
    assert word in problem.sentence()


def test_nothing_left_is_bad_input(study):
    put(study, b"x")
    with pytest.raises(BadInput):
        read(visit(study), S)


def test_a_stack_of_pages_is_refused(study):
    pages = [Image.fromarray(good_frame(k)) for k in range(2)]
    buffer = io.BytesIO()
    pages[0].save(buffer, format="TIFF", save_all=True, append_images=pages[1:])
    put(study, buffer.getvalue(), "sub-01_sample-OD_chunk-01_CONF.tif")
    with pytest.raises(BadInput, match="2 pages"):
        read(visit(study), S)


def test_a_missing_pixel_size_is_known_only_for_the_standard_frame(study):
    put(study, png_bytes(good_frame()), "sub-01_sample-OD_chunk-01_CONF.png")
    put(study, png_bytes(good_frame()[:300, :300].copy()), "sub-01_sample-OD_chunk-02_CONF.png")
    recording = read(visit(study), S)
    assert len(recording.frames) == 1
    assert "PixelSize is missing" in recording.problems[0].sentence()


@pytest.mark.parametrize(
    "size", [0, -1, [0, 0], [1.04, -1.04], "one", [], [None, 1], 1e9, [True, True], [10**400, 1]]
)
def test_an_impossible_pixel_size_is_refused(size):
    with pytest.raises(BadInput):
        pixel_size({"PixelSize": size, "PixelSizeUnits": "um"}, (384, 384))


@pytest.mark.parametrize(
    ("meta", "rows_columns"),
    [
        ({"PixelSize": [1.0, 2.0], "PixelSizeUnits": "um"}, (2.0, 1.0)),
        ({"PixelSize": [0.001, 0.001], "PixelSizeUnits": "mm"}, (1.0, 1.0)),
        ({"PixelSize": [500, 500, 4000], "PixelSizeUnits": "nm"}, (0.5, 0.5)),
        ({}, (400 / 384, 400 / 384)),
    ],
)
def test_pixel_size_units(meta, rows_columns):
    assert pixel_size(meta, (384, 384)) == pytest.approx(rows_columns)


def test_the_caption_bar_is_cut_off(study):
    bar = np.vstack([good_frame(), np.full((100, 384), 255, np.uint8)])
    put(study, png_bytes(bar))
    put(study, png_bytes(good_frame()), "sub-01_sample-OS_chunk-01_CONF.png")
    values = [r.value for r in rows_of(study) if r.source != "n/a"]
    assert values[0] == values[1]


def test_eyes_and_regions_come_from_the_name(study):
    put(study, png_bytes(good_frame()), "sub-01_sample-OD_acq-whorl_chunk-01_CONF.png")
    put(study, png_bytes(good_frame(1)), "sub-01_sample-OS_acq-central_chunk-01_CONF.png")
    places = {(r.site, r.side) for r in rows_of(study)}
    assert places == {("cornea_whorl", "right"), ("cornea_central", "left")}


def test_a_smaller_pixel_raises_the_density(study):
    sidecar = {"PixelSize": [0.520833, 0.520833], "PixelSizeUnits": "um"}
    from scipy import ndimage

    big = ndimage.zoom(good_frame(), 2, order=1, grid_mode=True, mode="nearest")
    put(study, png_bytes(big.astype(np.uint8)), "sub-01_sample-OD_chunk-01_CONF.png", sidecar)
    put(study, png_bytes(good_frame()), "sub-01_sample-OS_chunk-01_CONF.png")
    values = [r.value for r in rows_of(study) if r.source != "n/a"]
    assert values[0] == pytest.approx(values[1], rel=0.03)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_an_empty_frame_is_a_failed_reading(study, level):
    put(study, png_bytes(np.full((384, 384), level, np.uint8)))
    for r in rows_of(study):
        assert (r.value, r.quality) == (None, "failed")
        assert r.remark


def test_results_of_other_programs_keep_their_method(study):
    (study / "phenotype").mkdir()
    (study / "phenotype" / "ccm.tsv").write_text(
        "participant_id\tsite\tside\tmethod\tframes_used\tcnfl\tcnfd\n"
        "sub-01\tcornea_central\tright\tACCMetrics\t8\t14.2\t21.9\n"
        "sub-01\tcornea_central\tleft\tACCMetrics\t8\t-3\t21.9\n"
    )
    recording = read(visit(study), S)
    readings = ASSAY.measure(recording, S)
    assert [(r.measure, r.value, r.method, r.n) for r in readings] == [
        ("cnfl", 14.2, "ACCMetrics", 8),
        ("cnfd", 21.9, "ACCMetrics", 8),
    ]
    assert "-3" in recording.problems[0].sentence()


def test_masks_of_another_tracer_are_measured_under_its_name(study):
    frame = simulate_frame(Scene(trunks=4, branches=0, waviness=0, noise=0.1), 2)
    put(study, png_bytes(frame.image))
    mask = np.zeros((384, 384), np.uint8)
    for line in frame.lines:
        x, y = np.rint(np.repeat(line, 1, 0)).astype(int).clip(0, 383).T
        mask[y, x] = 255
    from scipy import ndimage

    thick = ndimage.binary_dilation(mask > 0, iterations=2).astype(np.uint8) * 255
    (study / "derivatives" / "other").mkdir(parents=True)
    (study / "derivatives" / "other" / "sub-01_sample-OD_chunk-01_mask.png").write_bytes(png_bytes(thick))
    chosen = CcmSettings(mask_folder="derivatives/other", mask_method="other 1.0")
    readings = ASSAY.measure(read(visit(study), chosen), chosen)
    row = next(r for r in readings if r.measure == "cnfl" and r.source != "n/a")
    assert row.method == "other 1.0"
    assert row.value == pytest.approx(frame.cnfl, rel=0.04)
    missing = CcmSettings(mask_folder="derivatives/nowhere")
    with pytest.raises(BadInput, match="holds no mask"):
        read(visit(study), missing)
    outside = CcmSettings(mask_folder="../..")
    with pytest.raises(BadInput, match="out of the study"):
        read(visit(study), outside)


def test_every_frame_has_its_rows_and_names_one_picture(study):
    for k in range(3):
        put(study, png_bytes(good_frame(k)), f"sub-01_sample-OD_chunk-0{k}_CONF.png")
    rows = rows_of(study)
    assert sorted(r.source for r in rows if r.source != "n/a") == [
        f"sub-01/micr/sub-01_sample-OD_chunk-0{k}_CONF.png" for k in range(3)
    ]
    (eye,) = (r for r in rows if r.source == "n/a")
    frames = [r for r in rows if r.source != "n/a"]
    assert eye.value == pytest.approx(np.mean([r.value for r in frames]))
    assert eye.low < eye.value < eye.high
    assert {r.method for r in frames} == {FRAME_METHOD}
    assert all(r.low <= r.value <= r.high for r in frames)


def test_masks_have_the_size_of_the_frame(study):
    put(study, png_bytes(good_frame()))
    recording = read(visit(study), S)
    (file,) = ASSAY.derivatives(recording, (), S)
    assert file.name == "sub-01_sample-OD_chunk-01_desc-nerves_mask.png"
    mask = np.asarray(Image.open(io.BytesIO(file.content)))
    assert mask.shape == (384, 384)
    assert set(np.unique(mask)) == {0, 255}
