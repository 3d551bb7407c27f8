"""A study's own controls from its tables to scores: two lasers, heights, energies and published slopes of age."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nociscope.cli.norm_text import norm_lines
from nociscope.norms.files import BUILT_FILE, read_norms
from nociscope.problems import InvalidStudy
from nociscope.verbs import build_norms, score

LEP = ["participant_id", "session_id", "site", "side", "block", "n2_latency", "energy_j", "method", "device"]
CCM = ["participant_id", "session_id", "side", "cnfl", "method"]
PEOPLE = ["participant_id", "age", "sex", "group", "height_cm"]
READINGS = ["participant_id", "session_id", "assay", "site", "side", "measure", "value", "unit", "method", "device"]


def tsv(path: Path, header: list[str], rows: list[list[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(header), *("\t".join(str(x) for x in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Forty controls of one laser and eight of another; eight corneas traced by hand."""
    rng = np.random.default_rng(1)
    root = tmp_path / "study"
    people: list[list[object]] = []
    peaks: list[list[object]] = []
    corneas: list[list[object]] = []
    for i in range(48):
        name, height, energy = f"sub-{i:02d}", round(float(rng.normal(171, 9))), round(float(rng.uniform(2, 3.4)), 2)
        latency = 225 + 0.8 * (height - 171) - 20 * (energy - 2.7) + float(rng.normal(0, 6)) + 25 * (i >= 40)
        people.append([name, int(rng.integers(25, 60)), "FM"[i % 2], "control", height])
        laser = "CO2" if i >= 40 else "Nd:YAP"
        peaks.append([name, "n/a", "hand_dorsum", "left", "n/a", f"{latency:.1f}", energy, "Cz-A1A2", laser])
        if i < 8:
            corneas.append([name, "n/a", "left", f"{rng.normal(25, 3):.2f}", "CCMetrics manual"])
    tsv(root / "participants.tsv", PEOPLE, people)
    tsv(root / "phenotype/lep.tsv", LEP, peaks)
    tsv(root / "phenotype/ccm.tsv", CCM, corneas)
    (root / "dataset_description.json").write_text('{"Name": "s", "BIDSVersion": "1.10.0"}', encoding="utf-8")
    return root


def test_a_table_is_scored_by_height_energy_and_laser(study: Path, tmp_path: Path) -> None:
    build_norms(study, tmp_path / "norms")
    norms = {n.device: n for n in read_norms(tmp_path / "norms" / BUILT_FILE) if n.measure == "n2_latency"}
    assert [c.name for c in norms["Nd:YAP"].slopes] == ["height_cm", "laser_energy"]
    assert [(c.name, c.slope) for c in norms["CO2"].covariates] == [("laser_energy", None)]
    shown = "\n".join(norm_lines(norms["Nd:YAP"], active=True))
    assert "cm (and 5 cm beyond), in its line; laser energy" in shown
    assert "·(laser energy − " in shown
    readings: list[list[object]] = []
    for person, laser in (("sub-90", "Nd:YAP"), ("sub-91", "Nd:YAP"), ("sub-91", "CO2")):
        here = [person, f"ses-{laser[:2]}", "lep", "hand_dorsum", "left"]
        readings.append([*here, "n2_latency", 235, "ms", "average:all; measured elsewhere; Cz-A1A2", laser])
        readings.append([*here, "laser_energy", 2500, "mJ", "mean", laser])
    tsv(tmp_path / "participants.tsv", PEOPLE, [["sub-90", 40, "F", "FM", 172], ["sub-91", 40, "F", "FM", "n/a"]])
    tsv(tmp_path / "readings.tsv", READINGS, readings)

    def scored(**more: Any) -> Any:
        return score(
            tmp_path / "readings.tsv", tmp_path / "participants.tsv", norms=tmp_path / "norms", **more
        ).scores

    yap, no_height, co2 = scored()
    assert (yap.call, yap.expected_for) == ("normal", "172 cm, 2.5 J")
    assert (no_height.call, no_height.expected_for) == ("not_comparable", "")
    assert "height is missing" in no_height.reason
    assert co2.norm == norms["CO2"].key
    named = scored(named_norms=[norms["CO2"].key])
    assert "was named by the user" in named[2].reason
    assert named[0].norm == norms["Nd:YAP"].key


def test_slopes_of_age_are_asked_for_by_option_or_setting(study: Path, tmp_path: Path) -> None:
    def slope_of_women(**more: Any) -> float | None:
        build_norms(study, tmp_path / "norms", **more)
        (norm,) = (n for n in read_norms(tmp_path / "norms" / BUILT_FILE) if n.measure == "cnfl")
        return norm.age_slope_women

    assert slope_of_women() is None
    assert slope_of_women(age_slopes=["tavakoli2015"]) == -0.060
    (study / "code").mkdir()
    settings = study / "code" / "nociscope.toml"
    settings.write_text('[norms]\nage_slopes = "tavakoli2015"\n', encoding="utf-8")
    assert slope_of_women() == -0.060
    settings.write_text('[norms]\nage_slopes = "tavakoli"\n', encoding="utf-8")
    with pytest.raises(InvalidStudy, match="does not name age slopes"):
        slope_of_women()
