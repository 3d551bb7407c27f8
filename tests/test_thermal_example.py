"""The example on real trials: 108 reports, the group figures, and the norm that is made from it."""

import contextlib
import importlib
import io
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "thermal_study"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The study, made by the example's own script, and the three scripts as modules."""
    sys.path.insert(0, str(EXAMPLE))
    try:
        modules = {name: importlib.import_module(name) for name in ("make_study", "make_norm", "group_table")}
    finally:
        sys.path.remove(str(EXAMPLE))
    folder = tmp_path_factory.mktemp("thermal")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        modules["make_study"].write_study(folder / "study")
    return folder, modules, printed.getvalue()


def test_every_person_and_trial_is_accounted_for(example):
    _, _, printed = example
    assert "108 people (75 healthy, 33 with diabetic polyneuropathy), 15120 of 15260 trials, 28 of them" in printed
    assert "Left out: 3019 (left out by the authors' own analysis script; 140 trials)." in printed
    assert printed.count("Left out:") == 12


def test_the_shipped_norm_is_what_the_script_makes(example):
    folder, modules, _ = example
    everyone = modules["make_norm"].healthy_readings(folder / "again")
    shipped = tomllib.loads((ROOT / "src/nociscope/norms/data/thermal_forearm_open.toml").read_text(encoding="utf-8"))
    for norm in shipped["norm"]:
        made = tomllib.loads(modules["make_norm"].norm_text(norm["measure"], everyone))["norm"][0]
        for name in ("intercept", "age_slope", "sd"):
            assert made[name] == pytest.approx(norm[name], rel=2e-3, abs=2e-3)
        assert made["n"] == norm["n"] == 75
        assert "woman" not in norm


def test_a_censored_line_is_recovered():
    """The regression that makes the norm finds a known line although a fifth of the values are censored."""
    import numpy as np

    sys.path.insert(0, str(EXAMPLE))
    try:
        from make_norm import Person, fit_line
    finally:
        sys.path.remove(str(EXAMPLE))
    rng = np.random.default_rng(8)
    people = []
    for age in rng.uniform(20, 80, 4000):
        value = 1 - 0.02 * age + rng.normal(0, 0.5)
        people.append(Person(age, False, max(value, -0.4), "below" if value < -0.4 else "none"))
    line = fit_line(people, with_sex=False)
    assert (line.intercept, line.age_slope, line.sd) == pytest.approx((1, -0.02, 0.5), abs=0.06)


def test_group_table_agrees_with_what_is_known_of_these_data(example, capsys):
    """An independent fit gave 0.746, 0.697 (0.627 from 47 years), 0.496 and 0.56; models differ somewhat."""
    import nociscope

    folder, modules, _ = example
    summary = nociscope.run(folder / "study", folder / "out")
    assert summary.exit_code == 0
    assert len(list((folder / "out").glob("sub-*/sub-*_report.html"))) == 108
    capsys.readouterr()
    modules["group_table"].main(folder / "study", folder / "out")
    lines = capsys.readouterr().out.splitlines()

    def areas(title):
        cells = next(line for line in lines if line.startswith(title))[26:].split("(")
        return float(cells[0].split()[-1]), float(cells[1].split()[-1])

    assert areas("cold detection slope")[0] == pytest.approx(0.746, abs=0.02)
    assert areas("cold detection threshold") == pytest.approx((0.697, 0.627), abs=0.03)
    assert areas("heat pain threshold")[0] == pytest.approx(0.50, abs=0.02)
    correlation = next(line for line in lines if "cold pain with heat pain" in line)
    assert float(correlation.split(":")[1].split()[0]) == pytest.approx(0.56, abs=0.07)
