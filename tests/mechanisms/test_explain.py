"""``nociscope explain``: the table in, the table out, exit codes."""

from __future__ import annotations

import pytest

from nociscope import verbs
from nociscope.cli import main
from nociscope.problems import BadInput
from nociscope.tables import MECHANISMS
from nociscope.truth import MECHANISM_KEYS
from nociscope.tsv import split_tsv

HEADER = "participant_id\tsession_id\tassay\tsite\tside\tmeasure\tz\n"


def table(folder, *rows, name="scores.tsv", header=HEADER):
    path = folder / name
    path.write_text(header + "".join("\t".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")
    return path


def run(*arguments):
    try:
        return main([str(a) for a in arguments])
    except SystemExit as exit_:
        return exit_.code


def read(path):
    header, rows, problems = split_tsv(path.read_text(encoding="utf-8"), path.name)
    assert not problems
    return list(header), [r.cells for r in rows]


def test_all_eight_mechanisms_of_everyone(tmp_path):
    scores = table(
        tmp_path,
        ("sub-01", "ses-1", "biopsy", "distal_leg", "left", "ienfd", -3),
        ("sub-02", "n/a", "biopsy", "distal_leg", "left", "ienfd", "n/a"),
        ("sub-03", "n/a", "nothing", "known", "n/a", "here", 9),
    )
    out = tmp_path / "mechanisms.tsv"
    assert run("explain", scores, "-o", out) == 0
    header, rows = read(out)
    assert header[:3] == ["participant_id", "session_id", "mechanism"]
    assert tuple(header) == MECHANISMS.names
    assert [r["mechanism"] for r in rows] == list(MECHANISM_KEYS) * 3
    for row in rows:
        if row["participant_id"] != "sub-01":
            assert row["likelihood_ratio"] == "1"
            assert row["posterior"] == row["prior"]
            assert row["status"] == "not_assessable"
    assert "biopsy ienfd distal_leg x" in rows[0]["drivers"]


def test_sides_are_averaged_and_further_columns_do_not_matter(tmp_path):
    one = table(tmp_path, ("sub-01", "n/a", "biopsy", "distal_leg", "left", "ienfd", -3), name="one.tsv")
    two = table(
        tmp_path,
        ("sub-01", "n/a", "biopsy", "distal_leg", "left", "ienfd", -2, "=cmd"),
        ("sub-01", "n/a", "biopsy", "distal_leg", "right", "ienfd", -4, "inf"),
        name="two.tsv",
        header=HEADER.strip() + "\tvalue\n",
    )
    first, second = (verbs.explain(p).mechanisms for p in (one, two))
    assert [m.posterior for m in first] == [m.posterior for m in second]


def test_late_and_slow_are_negative_and_raised_sil2r_is_positive(tmp_path):
    rows = [
        ("sub-01", "n/a", "ncs", "tibial", "left", "velocity_m_s", -4),
        ("sub-01", "n/a", "ncs", "median.wrist", "left", "onset_latency_ms", -4),
        ("sub-01", "n/a", "labs", "n/a", "n/a", "sil2r", 4),
        ("sub-01", "n/a", "hrv", "n/a", "n/a", "rmssd", -3),
        ("sub-01", "n/a", "esc", "foot", "both", "esc_per_kg", -3),
        ("sub-01", "n/a", "lep", "hand_dorsum", "right", "habituation_slope", -3),
    ]
    found = {m.mechanism: m.likelihood_ratio for m in verbs.explain(table(tmp_path, *rows)).mechanisms}
    for key in (
        "large_fibre_demyelination",
        "immune_activation",
        "cardiac_autonomic_shift",
        "distal_small_fibre_loss",
        "habituation_deficit",
    ):
        assert found[key] > 2, key


def test_controls_change_what_a_score_means(tmp_path):
    scores = table(tmp_path, ("sub-01", "n/a", "biopsy", "distal_leg", "left", "ienfd", -2.5))
    own = [(f"sub-c{i}", "n/a", "biopsy", "distal_leg", "left", "ienfd", -1 + 0.4 * (i % 5 - 2)) for i in range(12)]
    controls = table(tmp_path, *own, name="controls.tsv")
    plain, local = verbs.explain(scores), verbs.explain(scores, controls=controls)
    assert local.controls == 12
    assert local.mechanisms[0].posterior < plain.mechanisms[0].posterior
    assert run("explain", scores, "-o", tmp_path / "m.tsv", "--controls", controls) == 0


@pytest.mark.parametrize("bad", ["inf", "1e999", "low", "1,234", "9" * 5000], ids=list("abcde"))
def test_a_z_that_cannot_be_right_is_named_and_its_person_kept(tmp_path, capsys, bad):
    scores = table(
        tmp_path,
        ("sub-01", "n/a", "biopsy", "distal_leg", "left", "ienfd", bad),
        ("sub-02", "n/a", "biopsy", "distal_leg", "left", "ienfd", -2),
    )
    out = tmp_path / "m.tsv"
    assert run("explain", scores, "-o", out) == 1
    message = capsys.readouterr().err
    assert "sub-01" in message
    assert "row 2" in message
    assert len(read(out)[1]) == 16
    assert "inf" not in out.read_text(encoding="utf-8").replace("information", "")


def test_mistakes_have_their_exit_codes(tmp_path):
    scores = table(tmp_path, ("sub-01", "n/a", "biopsy", "distal_leg", "left", "ienfd", -2))
    assert run("explain", tmp_path / "none.tsv", "-o", tmp_path / "m.tsv") == 66
    assert run("explain", scores, "-o", scores) == 64
    assert run("explain", scores) == 64
    bad = table(tmp_path, ("sub-01",), name="bad.tsv", header="participant_id\n")
    with pytest.raises(BadInput, match="column assay is missing"):
        verbs.explain(bad)
    assert run("explain", bad, "-o", tmp_path / "m.tsv") == 65


def test_priors_of_the_settings(tmp_path):
    scores = table(tmp_path, ("sub-01", "n/a", "biopsy", "distal_leg", "left", "ienfd", -2))
    settings = tmp_path / "settings.toml"
    settings.write_text("[mechanisms.prior]\ndistal_small_fibre_loss = 0.05\n", encoding="utf-8")
    low = verbs.explain(scores, settings=settings).mechanisms[0]
    plain = verbs.explain(scores).mechanisms[0]
    assert (low.prior, low.likelihood_ratio) == (0.05, plain.likelihood_ratio)
    assert low.posterior < plain.posterior
    settings.write_text("[mechanisms.prior]\ndistal = 0.05\n", encoding="utf-8")
    with pytest.raises(BadInput, match="not a mechanism"):
        verbs.explain(scores, settings=settings)


def test_covariates_come_from_participants(tmp_path):
    scores = table(tmp_path, ("sub-01", "n/a", "lep", "hand_dorsum", "left", "habituation_ratio", -3))
    people = tmp_path / "participants.tsv"
    people.write_text("participant_id\tmigraine\nsub-01\tyes\n", encoding="utf-8")
    place = MECHANISM_KEYS.index("habituation_deficit")
    with_it = verbs.explain(scores, participants=people).mechanisms[place]
    assert with_it.covariates == ("migraine",)
    assert with_it.likelihood_ratio < verbs.explain(scores).mechanisms[place].likelihood_ratio
