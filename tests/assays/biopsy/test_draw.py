from xml.etree import ElementTree

from nociscope.assays.biopsy import BiopsyRecording, Section, draw, measure
from nociscope.tables import Score


def recording(*stains: str, fibres: int = 12) -> BiopsyRecording:
    return BiopsyRecording(
        sections=tuple(
            Section(site="distal_leg", side="right", label=str(i), fibres=fibres, length_mm=3.0, stain=stain)
            for stain in stains
            for i in range(3)
        ),
        age=45,
        sex="F",
    )


def score(**change: object) -> Score:
    plain: dict[str, object] = {
        "participant_id": "sub-01",
        "session_id": "n/a",
        "assay": "biopsy",
        "site": "distal_leg",
        "side": "right",
        "measure": "ienfd",
        "value": 4.0,
        "unit": "/mm",
        "call": "loss",
        "limit_low": 5.7,
        "p_beyond": 0.982,
    }
    return Score(**{**plain, **change})  # type: ignore[arg-type]


def test_the_caption_says_density_limit_and_probability():
    rec = recording("pgp95_bf")
    (figure,) = draw(rec, measure(rec), [score()])
    assert "4.0 fibres/mm (2.8 to 5.5, 3 sections), below the limit of 5.7" in figure.caption
    assert "lies below it is 98 %" in figure.caption
    assert "below" in "".join(ElementTree.fromstring(figure.svg).itertext())


def test_a_value_without_a_norm_says_why():
    rec = recording("pgp95_bf")
    (figure,) = draw(
        rec, measure(rec), [score(call="not_comparable", limit_low=None, p_beyond=None, reason="no age")]
    )
    assert "not compared with a norm: no age." in figure.caption
    assert "Shaded" not in figure.caption


def test_two_stains_are_two_rows_with_their_names():
    rec = recording("pgp95_bf", "pgp95_if")
    (figure,) = draw(rec, measure(rec), [])
    assert "bright field" in figure.caption
    assert "immunofluorescence" in figure.caption


def test_no_fibre_can_be_drawn_and_nothing_is_not():
    rec = recording("pgp95_bf", fibres=0)
    (figure,) = draw(rec, measure(rec), [])
    assert "0.0 fibres/mm" in figure.caption
    assert draw(rec, (), []) == ()
