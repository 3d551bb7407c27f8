import io
import json

import numpy as np
import pytest
from PIL import Image

from nociscope.assays.ccm.simulate import Scene, simulate_frame
from nociscope.files import sha256
from nociscope.problems import BadInput, InputMissing, UsageError
from nociscope.study import open_study
from nociscope.study.importers.ccm_jpeg import import_ccm_jpeg


def jpeg(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="JPEG", quality=95)
    return buffer.getvalue()


@pytest.fixture
def export(tmp_path):
    folder = tmp_path / "export"
    for eye in ("OD", "OS"):
        (folder / eye).mkdir(parents=True)
        for k in range(2):
            grey = simulate_frame(Scene(), k).image
            (folder / eye / f"x{eye}{k}.jpg").write_bytes(jpeg(np.stack([grey] * 3, 2) if k else grey))
    return folder


def test_frames_come_in_with_the_same_grey_levels_and_their_origin(export, tmp_path):
    study = tmp_path / "study"
    done = import_ccm_jpeg(export, study, participant="01", session="ses-a")
    assert len(done.written) == 4
    assert done.written[0] == "sub-01/ses-a/micr/sub-01_ses-a_sample-OD_acq-central_chunk-001_CONF.png"
    original = (export / "OD" / "xOD1.jpg").read_bytes()
    path = study / done.written[1]
    with Image.open(path) as png, Image.open(io.BytesIO(original)) as jpg:
        assert np.array_equal(np.asarray(png), np.asarray(jpg.convert("L")))
    sidecar = json.loads(path.with_suffix(".json").read_text())
    assert sidecar["SourceFile"] == "xOD1.jpg"
    assert sidecar["SourceSHA256"] == sha256(original)
    assert sidecar["PixelSizeUnits"] == "um"
    opened = open_study(study)
    assert not opened.problems
    assert len(opened.visits["sub-01"][0].find(suffix="CONF", extensions=(".png",))) == 4
    assert (study / "samples.tsv").read_text().count("sample-") == 2


def test_a_second_import_adds_nothing(export, tmp_path):
    study = tmp_path / "study"
    import_ccm_jpeg(export, study, participant="01")
    before = {p: p.read_bytes() for p in study.rglob("*") if p.is_file()}
    done = import_ccm_jpeg(export, study, participant="01")
    assert (len(done.written), len(done.present)) == (0, 4)
    assert before == {p: p.read_bytes() for p in study.rglob("*") if p.is_file()}


def test_a_bad_original_is_named_and_the_others_come_in(export, tmp_path):
    (export / "OD" / "xOD5.jpg").write_bytes((export / "OD" / "xOD0.jpg").read_bytes()[:9000])
    rng = np.random.default_rng(0)
    (export / "OD" / "xOD6.jpg").write_bytes(jpeg(rng.integers(0, 255, (384, 384, 3)).astype(np.uint8)))
    (export / "OD" / "xOD7.jpg").write_bytes(jpeg(simulate_frame(Scene(), 9).image[:200, :200].copy()))
    (export / "note.jpg").write_bytes(b"not a picture")
    done = import_ccm_jpeg(export, tmp_path / "study", participant="01")
    assert len(done.written) == 4
    assert [p.file for p in done.problems] == ["OD/xOD5.jpg", "OD/xOD6.jpg", "OD/xOD7.jpg", "note.jpg"]
    text = " ".join(p.sentence() for p in done.problems)
    assert all(word in text for word in ("whole JPEG", "colour", "200 x 200", "which eye"))


def test_names_can_carry_the_entities(tmp_path):
    folder = tmp_path / "sub-07_ses-2"
    folder.mkdir()
    (folder / "a_OS_acq-whorl_3.jpg").write_bytes(jpeg(simulate_frame(Scene(), 0).image))
    done = import_ccm_jpeg(folder, tmp_path / "study")
    assert done.written == ("sub-07/ses-2/micr/sub-07_ses-2_sample-OS_acq-whorl_chunk-001_CONF.png",)


def test_what_cannot_be_done_is_said(tmp_path, export):
    with pytest.raises(InputMissing):
        import_ccm_jpeg(tmp_path / "nowhere", tmp_path / "study")
    with pytest.raises(BadInput, match="whose frame"):
        import_ccm_jpeg(export, tmp_path / "study")
    with pytest.raises(UsageError):
        import_ccm_jpeg(export, tmp_path / "study", participant="../x")
    with pytest.raises(UsageError):
        import_ccm_jpeg(export, tmp_path / "study", participant="01", eye="left")
