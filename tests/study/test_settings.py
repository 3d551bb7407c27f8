import json
import pickle

import pytest

from nociscope.problems import BadInput, InputMissing, InvalidStudy
from nociscope.study.settings import describe_settings, load_settings

from .conftest import PROBE, Event, write

GOOD = """
[probe]
delay_ms = 30
bands = [1, 2.5]
kind = "b"
[probe.events."condition 54"]
site = "hand_dorsum"
[probe.typed.x]
weight = 2
[rules.reliable_change.isi_total]
sd = 4.5
[norms]
use = ["x"]
"""


def load(root, file=None):
    return load_settings(root, file, assays=[PROBE])


def test_without_a_file_all_is_default(study_root):
    settings = load(study_root)
    assert settings.assay("probe") == PROBE.settings()
    assert settings.sources == ()
    with pytest.raises(KeyError):
        settings.assay("none")


def test_a_good_file(study_root):
    write(study_root, "code/nociscope.toml", GOOD)
    settings = load(study_root)
    probe = settings.assay("probe")
    assert (probe.delay_ms, probe.bands, probe.kind, probe.repeats) == (30.0, (1.0, 2.5), "b", 3)
    assert probe.events == {"condition 54": {"site": "hand_dorsum"}}
    assert probe.typed["x"] == Event(weight=2.0)
    assert settings.rules["reliable_change"]["isi_total"]["sd"] == 4.5
    assert settings.norms == {"use": ["x"]}
    assert pickle.loads(pickle.dumps(settings)) == settings
    assert json.loads(json.dumps(settings.as_dict()))["probe"]["repeats"] == 3
    with pytest.raises(AttributeError):
        settings.rules = {}  # type: ignore[misc]


def test_the_users_file_wins_value_by_value(study_root, tmp_path):
    write(study_root, "code/nociscope.toml", GOOD)
    mine = write(tmp_path, "mine.toml", '[probe]\ndelay_ms = 1.5\n[probe.events.laser]\nsite = "face"\n')
    settings = load(study_root, mine)
    probe = settings.assay("probe")
    assert (probe.delay_ms, probe.kind) == (1.5, "b")
    assert set(probe.events) == {"condition 54", "laser"}
    assert settings.sources == ("code/nociscope.toml", "mine.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[probe\n", "is not TOML"),
        ("a = " + "[" * 5000, "nested too deep"),
        ("[prob]\nx = 1\n", "did you mean probe?"),
        ("probe = 3\n", "probe is not a section"),
        ("[probe]\ndelay = 3\n", "did you mean delay_ms?"),
        ('[probe]\ndelay_ms = "30"\n', 'probe.delay_ms is "30", expected a valid number in ms'),
        ("[probe]\ndelay_ms = inf\n", "not finite"),
        ("[probe]\nrepeats = 2.5\n", "probe.repeats is 2.5, expected a valid integer"),
        ("[probe]\nrepeats = true\n", "expected a valid integer"),
        ('[probe]\nkind = "c"\n', "expected 'a' or 'b'"),
        ('[probe]\nbands = [1, "x"]\n', "probe.bands.1"),
        ("[probe.events.x]\nsite = 3\n", "probe.events.x.site is 3"),
        ("[probe.typed.x]\nsid = 'left'\n", "probe.typed.x has no entry sid; did you mean side?"),
        ("[probe.typed.x]\nweight = 'left'\n", 'probe.typed.x.weight is "left"'),
        ("rules = 1\n", "rules is not a section"),
    ],
)
def test_a_wrong_file_is_one_sentence(study_root, tmp_path, text, words):
    write(study_root, "code/nociscope.toml", text)
    with pytest.raises(InvalidStudy) as caught:
        load(study_root)
    assert words in str(caught.value)
    assert str(caught.value).startswith("code/nociscope.toml: ")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 16
    mine = write(tmp_path, "mine.toml", text)
    with pytest.raises(BadInput) as caught:
        load(None, mine)
    assert str(caught.value).startswith("mine.toml: ")
    assert caught.value.exit_code == 65


def test_text_that_is_not_utf8(study_root):
    write(study_root, "code/nociscope.toml", "[probe]\nkind = 'ä'\n".encode("latin-1"))
    with pytest.raises(InvalidStudy, match="UTF-8"):
        load(study_root)


def test_a_users_file_that_is_missing(study_root, tmp_path):
    with pytest.raises(InputMissing) as caught:
        load(study_root, tmp_path / "none.toml")
    assert caught.value.exit_code == 66


def test_a_link_out_of_the_study_is_not_read(study_root, tmp_path):
    outside = write(tmp_path, "outside.toml", "[probe]\nrepeats = 7\n")
    (study_root / "code").mkdir()
    (study_root / "code/nociscope.toml").symlink_to(outside)
    with pytest.raises(InvalidStudy, match="leads out of the study"):
        load(study_root)


def test_the_listing_has_units_defaults_and_sources():
    rows = {r.name: r for r in describe_settings([PROBE])}
    assert (rows["delay_ms"].unit, rows["delay_ms"].default, rows["delay_ms"].source) == ("ms", 0.0, "assumed")
    assert rows["bands"].type == "tuple[float, ...]"
    assert rows["bands"].default == [1.0, 2.0]
    assert json.dumps([r.default for r in rows.values()])
