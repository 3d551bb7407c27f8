from pathlib import Path

import pytest

from nociscope.problems import BadInput
from nociscope.truth import MECHANISM_KEYS
from nociscope.virtual import load_scenario, population
from nociscope.virtual.scenario import DEFAULT_SCENARIO, Scenario


def test_a_larger_population_leaves_the_first_people_as_they_are():
    small, large = population(7, seed=3), population(40, seed=3)
    assert large[:7] == small
    assert population(7, seed=4) != small


def test_a_changed_prevalence_changes_that_mechanism_only():
    plain = {"groups": {"FM": {"prevalence": {"central_gain": 0.5}}}}
    more = {"groups": {"FM": {"prevalence": {"central_gain": 0.5, "immune_activation": 1.0}}}}
    for a, b in zip(population(20, 1, plain), population(20, 1, more), strict=True):
        assert (a.age, a.sex, a.height_cm, a.weight_kg, a.response_style) == (
            b.age,
            b.sex,
            b.height_cm,
            b.weight_kg,
            b.response_style,
        )
        assert a.of("central_gain") == b.of("central_gain")
        assert a.of("immune_activation") == 0
        assert b.of("immune_activation") > 0


def test_group_sizes_are_kept_at_every_number_of_people():
    scenario = {"groups": {"FM": {"size": 2}, "control": {"size": 1}, "nobody": {"size": 0}}}
    for n in range(1, 40):
        groups = [t.group for t in population(n, 1, scenario)]
        assert abs(groups.count("FM") - 2 * n / 3) < 1
        assert "nobody" not in groups


def test_ages_sexes_and_prevalences_follow_the_scenario():
    people = population(600, 5)
    fm = [t for t in people if t.group == "FM"]
    group = DEFAULT_SCENARIO.groups["FM"]
    assert all(group.age_low <= t.age <= group.age_high for t in fm)
    assert sum(t.sex == "F" for t in fm) / len(fm) == pytest.approx(group.women, abs=0.06)
    for key in MECHANISM_KEYS:
        share = sum(t.of(key) > 0 for t in fm) / len(fm)
        assert share == pytest.approx(group.prevalence[key], abs=0.1)
        assert all(0.4 <= t.of(key) <= 1 for t in fm if t.of(key))
    assert len({t.participant_id for t in people}) == 600


def test_a_scenario_file_is_read(tmp_path: Path):
    path = tmp_path / "s.toml"
    path.write_text("severity_low = 1.0\n[groups.SFN]\nage_mean = 60\n[groups.SFN.prevalence]\ncentral_gain = 1\n")
    scenario = load_scenario(path)
    assert isinstance(scenario, Scenario)
    people = population(3, 1, path)
    assert [t.group for t in people] == ["SFN"] * 3
    assert all(t.of("central_gain") == 1 for t in people)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no group is given"),
        ("[groups]\n", "no group is given"),
        ("groups = 3", "no group is given"),
        ("[groups.FM]\nwomen = 1.2", "is not a number from 0 to 1"),
        ("[groups.FM]\nwomen = true", "is not a number"),
        ("[groups.FM]\nwomen = nan", "is not a number"),
        ("[groups.FM]\nsize = 0", "no group has a size above 0"),
        ("[groups.FM]\nage_low = 60", "does not lie from age_low to age_high"),
        ("[groups.FM]\nwoman = 1", "did you mean women?"),
        ("[groups.FM]\nprevalence = 3", "is not a section"),
        ("[groups.FM.prevalence]\ncentral_gains = 0.2", "did you mean central_gain?"),
        ("[groups.FM.prevalence]\ncentral_gain = '1'", "is not a number from 0 to 1"),
        ("severity_low = 0.9\nseverity_high = 0.1\n[groups.FM]\n", "is above severity_high"),
        ("prevalence = 1\n[groups.FM]\n", "is not an entry of a scenario"),
        ("[groups", "is not TOML"),
    ],
)
def test_a_wrong_scenario_is_named(tmp_path: Path, text: str, words: str):
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"s\.toml") as error:
        load_scenario(path)
    assert words in str(error.value)


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path):
    path = tmp_path / "s.toml"
    path.write_text("[groups.FM]\nwomen = 2\nsize = -1\n")
    with pytest.raises(BadInput) as error:
        load_scenario(path)
    assert len(error.value.problems) == 2


def test_nobody_and_a_missing_file_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="at least one"):
        population(0, 1)
    with pytest.raises(ValueError, match="negative"):
        population(1, -1)
    with pytest.raises(BadInput, match="missing"):
        population(1, 1, tmp_path / "none.toml")
