"""The mechanism profile through a run: recorded, loaded as saved, in group table and page, and never in a rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nociscope import verbs
from nociscope.engine import store
from nociscope.engine.judging import explain_visit
from nociscope.mechanisms.coefficients import knowledge
from nociscope.problems import BadInput
from nociscope.report.participant import participant_page
from nociscope.results import VisitResult
from nociscope.study import open_study
from nociscope.tables import MECHANISMS, Score
from nociscope.truth import MECHANISM_KEYS
from nociscope.tsv import split_tsv


def score(assay, site, measure, z):
    return Score(
        participant_id="sub-01",
        session_id="n/a",
        assay=assay,
        site=site,
        side="left",
        measure=measure,
        value=1.0,
        unit="",
        z=z,
        call="normal",
    )


def study(folder, participants="participant_id\tmigraine\nsub-01\tyes\n", treatments=""):
    (folder / "phenotype").mkdir(parents=True)
    (folder / "dataset_description.json").write_text('{"Name": "Small", "BIDSVersion": "1.10.1"}', encoding="utf-8")
    (folder / "participants.tsv").write_text(participants, encoding="utf-8")
    rows = "participant_id\tsession_id\tsite\tside\tsection\tfibres\tlength_mm\tstain\n"
    rows += "".join(f"sub-01\tn/a\tdistal_leg\tleft\t{i}\t9\t3\tpgp95_bf\n" for i in (1, 2, 3))
    (folder / "phenotype/skin_biopsy.tsv").write_text(rows, encoding="utf-8")
    if treatments:
        (folder / "phenotype/treatments.tsv").write_text(treatments, encoding="utf-8")
    return folder


def visit_of(folder):
    return open_study(folder).visits["sub-01"][0]


SCORES = (
    score("biopsy", "distal_leg", "ienfd", -4.0),
    score("lep", "foot_dorsum", "n2p2_amplitude", 0.5),
    score("ccm", "cornea_central", "cnfl", 0.5),
    score("lep", "hand_dorsum", "habituation_ratio", -2.0),
)


def test_every_visit_has_all_eight_in_its_table_and_in_the_group_table(tmp_path):
    out = tmp_path / "out"
    assert verbs.run(study(tmp_path / "study"), out).exit_code == 0
    text = (out / "group/mechanisms.tsv").read_text(encoding="utf-8")
    assert text == (out / "sub-01/sub-01_mechanisms.tsv").read_text(encoding="utf-8")
    header, rows, _ = split_tsv(text, "mechanisms.tsv")
    assert tuple(header) == MECHANISMS.names
    assert [r.cells["mechanism"] for r in rows] == list(MECHANISM_KEYS)
    assert (out / "sub-01/sub-01_mechanisms.json").is_file()
    assert "*_mechanisms.tsv" in (out / ".bidsignore").read_text(encoding="utf-8")


def test_what_is_loaded_is_what_was_saved(tmp_path):
    mechanisms, problems = explain_visit(visit_of(study(tmp_path / "study")), SCORES, {})
    assert problems == ()
    result = VisitResult(participant_id="sub-01", mechanisms=mechanisms, version="1")
    store.save(result, tmp_path)
    assert store.load(tmp_path, "sub-01").mechanisms == mechanisms


def test_migraine_and_current_drugs_are_taken_from_the_study(tmp_path):
    header = "participant_id\tsession_id\tdrug\tdose\tunit\tstart\tstop\n"
    rows = "sub-01\tn/a\tDuloxetine\t60\tmg/day\tn/a\tn/a\nsub-01\tn/a\tamitriptyline\t25\tmg/day\tn/a\t2020-01-01\n"
    mechanisms, _ = explain_visit(visit_of(study(tmp_path / "study", treatments=header + rows)), SCORES, {})
    assert mechanisms[0].covariates == ("migraine", "snri")


def test_priors_of_the_settings_change_the_posterior_and_a_wrong_one_stops_the_run(tmp_path):
    folder = study(tmp_path / "study")
    plain, _ = explain_visit(visit_of(folder), SCORES, {})
    low, _ = explain_visit(visit_of(folder), SCORES, {"prior": {"habituation_deficit": 0.01}})
    place = MECHANISM_KEYS.index("habituation_deficit")
    assert low[place].posterior < plain[place].posterior
    (folder / "code").mkdir()
    (folder / "code/nociscope.toml").write_text("[mechanisms.prior]\ncentral_gain = 2\n", encoding="utf-8")
    with pytest.raises(BadInput, match="central_gain"):
        verbs.run(folder, tmp_path / "out")
    settings = tmp_path / "mine.toml"
    settings.write_text("[mechanisms.prior]\ncentral_gain = 0.2\n", encoding="utf-8")
    assert verbs.run(folder, tmp_path / "out", settings=settings).exit_code == 0
    first = (tmp_path / "out/sub-01/sub-01_mechanisms.tsv").read_text(encoding="utf-8")
    settings.write_text("[mechanisms.prior]\ncentral_gain = 0.3\n", encoding="utf-8")
    assert verbs.run(folder, tmp_path / "out", settings=settings).exit_code == 0
    assert (tmp_path / "out/sub-01/sub-01_mechanisms.tsv").read_text(encoding="utf-8") != first


def test_findings_do_not_depend_on_the_profile(tmp_path, monkeypatch):
    folder = study(tmp_path / "study")
    verbs.run(folder, tmp_path / "with")
    monkeypatch.setattr("nociscope.engine.participant.explain_visit", lambda *_: ((), ()))
    verbs.run(folder, tmp_path / "without")
    name = "sub-01/sub-01_findings.json"
    assert (tmp_path / "with" / name).read_bytes() == (tmp_path / "without" / name).read_bytes()


def test_a_fault_in_the_profile_is_named_and_costs_nothing_else(tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("no")

    monkeypatch.setattr("nociscope.mechanisms.profile.Explainer.explain", broken)
    mechanisms, problems = explain_visit(visit_of(study(tmp_path / "study")), SCORES, {})
    assert mechanisms == ()
    assert "mechanism profile" in problems[0].sentence()


def test_the_page_shows_prior_beside_posterior_sources_conflicts_and_the_contradiction(tmp_path):
    mechanisms, _ = explain_visit(visit_of(study(tmp_path / "study")), SCORES, {})
    page = participant_page(VisitResult(participant_id="sub-01", mechanisms=mechanisms, version="1"))
    assert "Prior and posterior probability of each mechanism" in page
    assert "Contradiction: nerve fibre density, distal leg" in page
    assert "doi.org/10.3389/fneur.2020.00342" in page
    assert "never below normal (Van Assche 2020" in page
    assert "Not assessable" in page
    for forbidden in ("diagnosed", "probable diagnosis", "diagnosis:", "caused by", "has fibromyalgia"):
        assert forbidden not in page.lower()


def test_the_page_escapes_and_says_when_nothing_was_assessed():
    assert "Mechanism profile" not in participant_page(VisitResult(participant_id="sub-01", version="1"))


def test_every_test_of_the_model_names_a_declared_measure():
    from nociscope.assays.registry import assays

    declared = {a.name: a for a in assays()}
    for test in knowledge().tests:
        if test.assay in declared:
            assert declared[test.assay].measure_named(test.measures[0]) is not None, test.key


def test_an_old_result_without_a_profile_is_replaced(tmp_path):
    mechanisms, _ = explain_visit(visit_of(study(tmp_path / "study")), SCORES, {})
    result = VisitResult(participant_id="sub-01", mechanisms=mechanisms, version="1")
    store.save(replace(result, mechanisms=()), tmp_path)
    store.save(result, tmp_path)
    assert len(store.load(tmp_path, "sub-01").mechanisms) == 8
