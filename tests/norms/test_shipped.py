"""The norms that come with the program: what they say, and that none scores without a right to."""

from pathlib import Path

import pytest

from nociscope.norms.library import load_library
from nociscope.norms.reference import location
from nociscope.norms.scoring import score
from nociscope.study.records import Participant
from nociscope.tables import Reading, Score
from tests.norms.sample import ASSAYS, MAN, WOMAN, ienfd, one

LIBRARY = load_library()
AGES = (20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80)
MEN = (6.08, 5.69, 5.31, 4.92, 4.54, 4.16, 3.77, 3.39, 3.00, 2.62, 2.23, 1.85, 1.46)
WOMEN = (7.63, 7.24, 6.86, 6.47, 6.09, 5.71, 5.32, 4.94, 4.55, 4.17, 3.78, 3.40, 3.01)


@pytest.mark.parametrize(("sex", "table"), [("M", MEN), ("F", WOMEN)])
def test_the_5th_centile_of_collongues_is_the_published_table(sex: str, table: tuple[float, ...]) -> None:
    for age, limit in zip(AGES, table, strict=True):
        got = one(ienfd(9.0), LIBRARY, Participant(participant_id="sub-1", age=age, sex=sex))
        assert got.norm == "collongues2018_ienfd_distal_leg"
        assert got.limit_low == pytest.approx(limit, abs=0.0051)
        assert (got.expected, got.sd, got.z, got.percentile, got.limit_high) == (None,) * 5


def test_a_woman_of_45_with_5_fibres_has_a_loss_and_a_man_has_not() -> None:
    low = one(ienfd(5.0, low=3.5, high=6.9), LIBRARY, WOMAN)
    assert low.call == "loss"
    assert low.limit_low == pytest.approx(7.6156 - 0.0769 * 45 + 1.5506)
    assert 0.5 < (low.p_beyond or 0) < 1
    assert one(ienfd(5.0), LIBRARY, MAN).call == "normal"


@pytest.mark.parametrize(
    ("reading", "person", "words"),
    [
        (ienfd(5.0, method="n/a"), WOMAN, "stain"),
        (ienfd(5.0, method="pgp95_if"), WOMAN, "pgp95_bf only"),
        (ienfd(5.0, site="thigh"), WOMAN, "not for thigh"),
        (ienfd(5.0, unit="/mm2"), WOMAN, "unit"),
        (ienfd(5.0), Participant(participant_id="sub-1", age=None, sex="F"), "age is missing"),
        (ienfd(5.0), Participant(participant_id="sub-1", age=81, sex="F"), "outside the 20-80 y"),
        (ienfd(5.0), Participant(participant_id="sub-1", age=19.9, sex="F"), "outside the 20-80 y"),
        (ienfd(5.0), Participant(participant_id="sub-1", age=45), "sex is missing"),
        (ienfd(5.0), Participant(participant_id="sub-1", age=45, sex="O"), "sex is O"),
        (ienfd(None), WOMAN, "no value"),
        (ienfd(None, quality="failed", remark="no section"), WOMAN, "the reading failed: no section"),
    ],
)
def test_what_is_not_comparable_says_why(reading: Reading, person: Participant, words: str) -> None:
    got = one(reading, LIBRARY, person)
    assert got.call == "not_comparable"
    assert words in got.reason
    assert (got.norm, got.z, got.p_beyond, got.limit_low) == ("n/a", None, None, None)
    assert got.value == reading.value


def test_the_last_year_of_a_domain_counts_whole() -> None:
    assert one(ienfd(5.0), LIBRARY, Participant(participant_id="sub-1", age=80.9, sex="M")).call == "normal"


def test_the_mean_of_goransson_is_a_location_and_never_calls() -> None:
    line = LIBRARY.get("goransson2004_ienfd_distal_leg")
    assert location(line, 45, "F") == pytest.approx(13.92 + 2.25 - 0.06 * 45)
    assert location(line, 45, "M") == pytest.approx(13.92 - 0.06 * 45)
    assert location(line, 45, "O") is None
    assert location(line, None, "F") is None
    assert not line.decides
    assert line not in LIBRARY.candidates("biopsy", "ienfd")


def test_every_active_norm_was_read_or_derived_and_names_its_source() -> None:
    assert LIBRARY.active
    for norm in LIBRARY.active:
        assert norm.status in ("read", "derived")
        assert norm.doi
        assert norm.status_note
        assert norm.methods or norm.form in ("limit", "regression") or norm.assay == "reflexes"


@pytest.mark.parametrize("key", [n.key for n in LIBRARY.all if n.status == "unverified" and n.assay == "biopsy"])
def test_an_unverified_norm_scores_only_when_named(key: str) -> None:
    norm = LIBRARY.get(key)
    reading = Reading(
        assay=norm.assay, measure=norm.measure, site=norm.sites[0], method=norm.methods[0], unit=norm.unit, value=3.0
    )
    got = one(reading, LIBRARY)
    assert got.norm != key
    if got.call == "not_comparable":
        assert "pgp95_bf only" in got.reason or "only when named" in got.reason
    named = one(reading, load_library(named=(key,)))
    if named.norm == key:
        assert "unverified" in named.reason
    else:
        assert named.norm == "collongues2018_ienfd_distal_leg"
    alone = load_library(named=(key,))
    assert alone.is_active(norm)
    assert not LIBRARY.is_active(norm)


def test_an_unverified_norm_is_said_to_sleep_where_nothing_else_fits() -> None:
    from nociscope.norms.library import NormLibrary

    table = LIBRARY.get("bursova2012_ienfd_distal_leg")
    got = one(ienfd(3.0, method="pgp95_if"), NormLibrary((table,)))
    assert got.call == "not_comparable"
    assert "bursova2012_ienfd_distal_leg is unverified and is used only when named" in got.reason
    awake = NormLibrary((table,), named=frozenset([table.key]))
    assert one(ienfd(3.0, method="pgp95_if"), awake).call == "loss"
    assert one(ienfd(3.0, method="pgp95_bf"), awake).call == "not_comparable"


@pytest.mark.parametrize(("age", "limit"), [(27, 6.1), (39.9, 6.1), (40, 5.2), (60, 3.1), (84, 3.1)])
def test_a_boundary_age_belongs_to_the_older_band(age: float, limit: float) -> None:
    library = load_library(named=("bursova2012_ienfd_distal_leg",))
    person = Participant(participant_id="sub-1", age=age, sex="F")
    assert one(ienfd(3.0, method="pgp95_if"), library, person).limit_low == limit


def test_any_pain_from_stroking_is_a_gain_and_none_is_normal() -> None:
    def dma(value: float) -> Reading:
        return Reading(assay="qst", site="foot_dorsum", measure="dma", unit="rating", value=value, method="ratings")

    none, some = one(dma(0.0), LIBRARY), one(dma(0.3), LIBRARY)
    assert (none.call, none.z, none.limit_high) == ("normal", None, 0.0)
    assert (some.call, some.z) == ("gain", None)
    assert one(dma(0.1 + 1e-17 - 0.1), LIBRARY).call == "normal"
    assert one(dma(1.4e-17), LIBRARY).call == "normal"


def test_the_open_thermal_norm_holds_for_yes_no_on_the_forearm_only() -> None:
    def cdt(value: float, **more: str) -> Reading:
        where = {"site": "forearm", "method": "yes_no:logistic", **more}
        return Reading(assay="qst", measure="cdt", unit="delta_degC", value=value, **where)

    at_mean = one(cdt(10 ** (-0.3557 + 0.00879 * 45)), LIBRARY)
    assert at_mean.norm.startswith("mit_thermal_forearm")
    assert at_mean.z == pytest.approx(0, abs=1e-9)
    assert at_mean.percentile == pytest.approx(50)
    assert one(cdt(40.0), LIBRARY).call == "loss"
    assert one(cdt(1.0, method="limits"), LIBRARY).call == "not_comparable"
    assert one(cdt(1.0, site="foot_dorsum"), LIBRARY).call == "not_comparable"


def test_no_dfns_number_is_invented() -> None:
    """Every DFNS parameter by the method of limits is not comparable, and the reader learns what to do."""
    readings = [
        Reading(assay="qst", site="foot_dorsum", measure=m.name, unit=m.unit, value=5.0, method="limits")
        for m in ASSAYS[1].measures
        if m.name != "dma"
    ]
    for got in score(readings, WOMAN, LIBRARY, ASSAYS):
        assert got.call == "not_comparable"
        assert got.z is None
    assert "add own controls with `nociscope norms build`" in one(readings[4], LIBRARY).reason


def test_used_names_what_scored_and_changes_with_its_text() -> None:
    got = one(ienfd(5.0), LIBRARY)
    (used,) = LIBRARY.used([got])
    assert used.doi == "10.1371/journal.pone.0191614"
    assert len(used.sha256) == 64
    assert LIBRARY.used([one(ienfd(5.0, site="thigh"), LIBRARY)]) == ()


def test_the_documentation_table_shows_every_norm_and_its_state() -> None:
    text = LIBRARY.markdown()
    for norm in LIBRARY.all:
        assert f"`{norm.key}`" in text
    assert "unverified, inactive" in text


def test_the_documentation_carries_this_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "norms.md").read_text(encoding="utf-8")
    shown = page.split("-->", 1)[1].split("<!-- norms:end", 1)[0]
    assert shown.strip() == LIBRARY.markdown().strip()


def test_the_forms_in_the_documentation_are_read(tmp_path: Path) -> None:
    from nociscope.norms.files import read_norms

    page = (Path(__file__).parents[2] / "docs" / "norms.md").read_text(encoding="utf-8")
    for fence, name, count in (("```toml\n", "a.toml", 1), ("```text\n", "b.tsv", 2)):
        path = tmp_path / name
        path.write_text(page.split(fence, 1)[1].split("```", 1)[0], encoding="utf-8")
        assert len(read_norms(path)) == count


def test_every_norm_is_of_a_declared_measure_in_its_unit() -> None:
    from nociscope.assays.registry import assay_named

    for norm in LIBRARY.all:
        measure = assay_named(norm.assay).measure_named(norm.measure)
        assert measure is not None, norm.key
        assert measure.scored
        assert measure.allows(norm.unit)
        if norm.sd is not None or any(c.sd is not None for c in norm.cells):  # limits stand on any scale
            assert measure.log10 == (norm.scale == "log10")


def conducted(measure: str, value: float, site: str, method: str, unit: str, person: Participant) -> Score:
    """Return the score of one nerve conduction value against the shipped norms."""
    from nociscope.assays.registry import assay_named

    reading = Reading(assay="ncs", measure=measure, value=value, unit=unit, site=site, method=method)
    return score([reading], person, LIBRARY, (assay_named("ncs"),))[0]


@pytest.mark.parametrize(
    ("site", "age", "height", "limit"),
    [
        ("tibial", 49.9, 159.9, 44),
        ("tibial", 50, 160, 37),
        ("tibial", 50, 169.9, 37),
        ("tibial", 79.5, 170, 34),
        ("tibial", 30, 210, 37),
        ("fibular", 39, 169, 43),
        ("fibular", 40, 170, 36),
    ],
)
def test_velocities_of_the_leg_are_held_against_the_line_for_age_and_height(
    site: str, age: float, height: float, limit: float
) -> None:
    person = Participant(participant_id="sub-1", age=age, sex="M", height_cm=height)
    got = conducted("velocity_m_s", limit - 0.5, site, "motor", "m/s", person)
    assert (got.norm, got.limit_low, got.call) == (f"buschbacher_{site}_velocity_by_height", limit, "loss")
    assert got.expected_for == f"{age:.4g} y, {height:.4g} cm"
    assert got.reason == ""
    assert conducted("velocity_m_s", limit, site, "motor", "m/s", person).call == "normal"


def test_f_waves_are_held_against_the_line_for_age_and_height() -> None:
    """The printed table: tibial, 40-79 years: 56.0, 57.5, 61.1, 68.5 ms; all adults 61.4 ms."""
    for height, limit in ((150, 56.0), (165, 57.5), (175, 61.1), (190, 68.5)):
        person = Participant(participant_id="sub-1", age=60, sex="F", height_cm=height)
        assert conducted("f_latency_ms", 50, "tibial.ankle", "f_wave", "ms", person).limit_high == limit


def test_without_height_or_age_the_limit_for_all_adults_holds_and_the_score_says_why() -> None:
    for person, missing in (
        (Participant(participant_id="sub-1", age=60, sex="F"), "height is missing"),
        (Participant(participant_id="sub-1", sex="F", height_cm=190), "age is missing"),
    ):
        got = conducted("f_latency_ms", 62, "tibial", "f_wave", "ms", person)
        assert (got.norm, got.limit_high, got.call) == ("buschbacher_tibial_f_wave", 61.4, "loss")
        assert f"{missing} and the norm buschbacher_tibial_f_wave_by_height depends on it, so" in got.reason
    old = Participant(participant_id="sub-1", age=85, sex="F", height_cm=190)
    assert conducted("f_latency_ms", 62, "tibial", "f_wave", "ms", old).call == "not_comparable"


def test_every_height_has_one_line() -> None:
    tables = [n for n in LIBRARY.all if n.key.endswith("_by_height")]
    assert len(tables) == 6
    for table in tables:
        for age in (19, 39, 40, 49, 50, 79):
            for height in range(120, 220):
                fitting = [
                    c
                    for c in table.cells
                    if c.age_low <= age <= c.age_high and (c.height_low or 0) <= height <= (c.height_high or 300)
                ]
                assert len(fitting) == 1
