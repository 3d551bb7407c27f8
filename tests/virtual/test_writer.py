import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from nociscope.assays.biopsy import ASSAY as BIOPSY
from nociscope.assays.declaration import Assay, TableInput
from nociscope.problems import CannotWrite
from nociscope.truth import Simulated, SimulatedFile, TrueValue, Truth
from nociscope.tsv import Column, Table, split_tsv
from nociscope.virtual import population, write_study

SINGLE = Table(
    "single", "One row a person", (Column("participant_id", "p"), Column("session_id", "s"), Column("x", "x"))
)


def _images(truth: Truth, seed: int) -> Simulated:
    """Files in three folders, whose content tells the seed they were made with."""
    eye = {"sample": "OD", "chunk": "1"}
    micr = json.dumps({"PixelSize": [1.04, 1.04], "PixelSizeUnits": "um"}).encode()
    beh = json.dumps({"intensity": {"Description": "kPa", "Units": "kPa"}}).encode()
    return Simulated(
        files=(
            SimulatedFile(datatype="micr", suffix="CONF", extension=".png", content=str(seed).encode(), entities=eye),
            SimulatedFile(datatype="micr", suffix="CONF", extension=".json", content=micr, entities=eye),
            SimulatedFile(
                datatype="beh",
                suffix="beh",
                extension=".tsv",
                content=b"intensity\n12\n",
                entities={"task": "qst"},
            ),
            SimulatedFile(datatype="beh", suffix="beh", extension=".json", content=beh, entities={"task": "qst"}),
        ),
        rows={"single": ({"x": str(seed)},)},
        true_values=(TrueValue(measure="x", value=1.0),),
    )


IMAGES = replace(BIOPSY, name="images", inputs=(TableInput(SINGLE),), simulate=_images)


def content(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def rows_of(root: Path, table: str) -> list[dict[str, str]]:
    return [dict(r.cells) for r in split_tsv((root / table).read_text(), table)[1]]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path):
    for name in ("a", "b"):
        write_study(tmp_path / name, population(4, 1), 1, (BIOPSY, IMAGES))
    write_study(tmp_path / "c", population(4, 1), 2, (BIOPSY, IMAGES))
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert content(tmp_path / "a") != content(tmp_path / "c")


def test_another_assay_or_person_leaves_the_others_as_they_are(tmp_path: Path):
    people = population(5, 1)
    write_study(tmp_path / "a", people[:3], 1, (BIOPSY,))
    write_study(tmp_path / "b", people, 1, (IMAGES, BIOPSY))
    few, many = (rows_of(tmp_path / n, "phenotype/skin_biopsy.tsv") for n in ("a", "b"))
    assert many[: len(few)] == few
    assert len({r["fibres"] for r in many}) > 1
    write_study(tmp_path / "c", people[::-1], 1, (IMAGES,))
    png = "sub-002/micr/sub-002_sample-OD_chunk-1_CONF.png"
    assert (tmp_path / "c" / png).read_bytes() == (tmp_path / "b" / png).read_bytes()


def test_the_truth_is_saved_beside(tmp_path: Path):
    people = population(3, 1)
    write_study(tmp_path / "s", people, 1, (BIOPSY,))
    truth = rows_of(tmp_path / "s", "sourcedata/truth.tsv")
    assert [float(r["central_gain"]) for r in truth] == [t.of("central_gain") for t in people]
    values = rows_of(tmp_path / "s", "sourcedata/true_values.tsv")
    assert {(r["measure"], r["site"]) for r in values} == {
        ("ienfd", "distal_leg"),
        ("ienfd", "thigh"),
        ("axonal_loss", "distal_leg"),
    }
    for table in ("participants", "phenotype/skin_biopsy", "sourcedata/truth", "sourcedata/true_values"):
        assert (tmp_path / "s" / f"{table}.json").is_file()
    assert not any(r["participant_id"] == "n/a" for r in values)


def test_sessions_have_folders_and_data_of_their_own(tmp_path: Path):
    visits = [Truth(participant_id="sub-1", session_id=s) for s in ("ses-a", "ses-b")]
    write_study(tmp_path / "s", visits, 1, (IMAGES, BIOPSY))
    a, b = (
        (tmp_path / f"s/sub-1/{s}/micr/sub-1_{s}_sample-OD_chunk-1_CONF.png").read_bytes() for s in ("ses-a", "ses-b")
    )
    assert a != b
    assert (tmp_path / "s/sub-1/sub-1_sessions.tsv").read_text() == "session_id\nses-a\nses-b\n"
    assert len(rows_of(tmp_path / "s", "participants.tsv")) == 1
    assert len(rows_of(tmp_path / "s", "samples.tsv")) == 1


def test_brainvision_headers_name_their_own_files(tmp_path: Path):
    def simulate(truth: Truth, seed: int) -> Simulated:
        return Simulated(
            files=(
                SimulatedFile(
                    datatype="eeg",
                    suffix="eeg",
                    extension=".vhdr",
                    content=b"DataFile={stem}.eeg",
                    entities={"task": "lep"},
                ),
            )
        )

    write_study(tmp_path / "s", [Truth()], 1, (replace(BIOPSY, simulate=simulate),))
    assert (tmp_path / "s/sub-01/eeg/sub-01_task-lep_eeg.vhdr").read_text() == "DataFile=sub-01_task-lep_eeg.eeg"


def test_a_folder_that_is_not_empty_is_refused_unless_told(tmp_path: Path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "mine.txt").write_text("mine")
    with pytest.raises(CannotWrite, match="not empty"):
        write_study(tmp_path / "s", population(1, 1), 1, (BIOPSY,))
    write_study(tmp_path / "s", population(1, 1), 1, (BIOPSY,), overwrite=True)
    assert (tmp_path / "s" / "mine.txt").read_text() == "mine"
    with pytest.raises(CannotWrite, match="is a file"):
        write_study(tmp_path / "s" / "mine.txt", population(1, 1), 1, (BIOPSY,))


@pytest.mark.parametrize(
    ("truths", "words"),
    [
        ([], "at least one"),
        ([Truth(), Truth()], "same person and session"),
        ([Truth(participant_id="../x")], "sub-<label>"),
        ([Truth(), Truth(session_id="ses-1")], "with and without"),
    ],
)
def test_truths_that_make_no_study_are_refused(tmp_path: Path, truths: list[Truth], words: str):
    with pytest.raises(ValueError, match=words):
        write_study(tmp_path / "s", truths, 1, (BIOPSY,))


@pytest.mark.parametrize(
    ("simulated", "words"),
    [
        (Simulated(rows={"other": ({"x": 1},)}), "not among its inputs"),
        (Simulated(rows={"single": ({"y": 1},)}), "does not have"),
        (Simulated(files=(SimulatedFile(datatype="../..", suffix="x", extension=".txt", content=b""),)), "BIDS name"),
        (
            Simulated(files=(SimulatedFile(datatype="beh", suffix="beh", extension=".tsv", content=b""),) * 2),
            "twice",
        ),
    ],
)
def test_what_an_assay_may_not_simulate_is_refused(tmp_path: Path, simulated: Simulated, words: str):
    wrong: Assay = replace(IMAGES, simulate=lambda truth, seed: simulated)
    with pytest.raises(ValueError, match=words):
        write_study(tmp_path / "s", [Truth()], 1, (wrong,))


@pytest.mark.skipif(shutil.which("bids-validator-deno") is None, reason="the official validator is not installed")
@pytest.mark.parametrize("assays", [(BIOPSY,), (BIOPSY, IMAGES)], ids=["tables", "tables-and-files"])
def test_the_official_validator_passes_it_without_options(tmp_path: Path, assays: tuple[Assay, ...]):
    write_study(tmp_path / "s", population(3, 1), 1, assays)
    done = subprocess.run(
        ["bids-validator-deno", str(tmp_path / "s"), "--ignoreWarnings"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout
    ignored = (tmp_path / "s" / ".bidsignore").read_text()
    assert ignored == "phenotype/skin_biopsy.*\n"
    (tmp_path / "s" / ".bidsignore").unlink()
    done = subprocess.run(["bids-validator-deno", str(tmp_path / "s")], capture_output=True, text=True, timeout=120)
    assert done.returncode == 16
    assert "TSV_INDEX_VALUE_NOT_UNIQUE" in done.stdout
