"""Files that an assay saves beside its results."""

from nociscope.assays.ccm import ASSAY
from nociscope.engine import run_study, store
from nociscope.virtual.population import population
from nociscope.virtual.writer import write_study


def test_masks_are_written_kept_and_loaded(tmp_path):
    study, out = tmp_path / "study", tmp_path / "out"
    write_study(study, population(1, 4), 4, (ASSAY,))
    run_study(study, out)
    masks = sorted(p.name for p in (out / "sub-001").glob("*_desc-nerves_mask.png"))
    assert len(masks) == 6
    assert masks[0] == "sub-001_sample-OD_acq-central_chunk-01_desc-nerves_mask.png"
    loaded = store.load(out, "sub-001")
    assert [d.file.name for d in loaded.derived] == masks
    kept = (out / "sub-001" / masks[0]).read_bytes()
    assert loaded.derived[0].file.content == kept
    (out / "sub-001" / masks[0]).unlink()
    run_study(study, out)
    assert (out / "sub-001" / masks[0]).read_bytes() == kept
