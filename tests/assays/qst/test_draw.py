from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from nociscope.assays.qst import ASSAY
from nociscope.assays.qst.read import QstRecording
from nociscope.tables import Reading, Score
from nociscope.truth import Truth
from tests.assays.qst.visits import simulated_visit, table_visit

SETTINGS = ASSAY.settings()


@pytest.fixture
def drawn(tmp_path):
    recording = ASSAY.read(simulated_visit(tmp_path, ASSAY.simulate(Truth(), 1)), SETTINGS)
    readings = ASSAY.measure(recording, SETTINGS)
    scores = [
        Score(
            participant_id="sub-01",
            session_id="n/a",
            assay="qst",
            site=r.site,
            side=r.side,
            measure=r.measure,
            value=r.value,
            unit=r.unit,
            z=-7.0 if r.measure == "cdt" else 0.5,
            call="loss" if r.measure == "cdt" else "normal",
        )
        for r in readings
        if r.site == "foot_dorsum" and r.side == "left"
    ]
    return recording, readings, scores


def test_both_figures_are_small_whole_and_the_same_twice(drawn) -> None:
    figures = ASSAY.draw(*drawn, SETTINGS)
    assert [f.name for f in figures] == ["profile", "yes-no"]
    for figure in figures:
        ElementTree.fromstring(figure.svg)
        assert len(figure.svg.encode()) < 60_000
        assert "<script" not in figure.svg
    assert ASSAY.draw(*drawn, SETTINGS) == figures


def test_the_caption_says_what_the_profile_shows(drawn) -> None:
    profile = ASSAY.draw(*drawn, SETTINGS)[0]
    assert "Left foot dorsum: loss of CDT; 12 within the limits" in profile.caption
    assert "Right hand dorsum: 13 without a norm" in profile.caption
    assert "not measured" in profile.caption
    text = " ".join(re.findall(r">([^<]+)<", profile.svg))
    assert "no z" in text
    assert "−7.0" in text


def test_the_caption_sets_the_abnormal_values_beside_chance(drawn) -> None:
    recording, readings, scores = drawn
    caption = ASSAY.draw(recording, readings, scores, SETTINGS)[0].caption
    assert (
        "Outside the limits: 1 of 13 compared values; in a healthy person 0.7 are expected there by chance."
        in caption
    )
    four = [replace(s, call="loss") if i < 4 else s for i, s in enumerate(scores)]
    for group, warned in (("control", True), ("FM", False)):
        caption = ASSAY.draw(replace(recording, group=group), readings, four, SETTINGS)[0].caption
        assert ("should not have been included" in caption) is warned


def test_an_empty_recording_has_no_figure() -> None:
    assert ASSAY.draw(QstRecording(), (), (), SETTINGS) == ()


def test_values_without_number_are_no_zero() -> None:
    recording = ASSAY.read(table_visit("foot_dorsum right hpt 45 degC"), SETTINGS)
    readings = [*ASSAY.measure(recording, SETTINGS)]
    readings.append(
        Reading(site="foot_dorsum", side="right", measure="wur", value=None, unit="ratio", quality="failed")
    )
    (figure,) = ASSAY.draw(recording, readings, (), SETTINGS)
    text = " ".join(re.findall(r">([^<]+)<", figure.svg))
    assert "n/a" in text
    assert "12 not measured" in figure.caption
