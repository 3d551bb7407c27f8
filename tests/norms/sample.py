"""A made-up assay and makers of readings for the tests of norms."""

from typing import Any

from nociscope.assays.declaration import Assay, Measure, NoSettings
from nociscope.norms.library import NormLibrary
from nociscope.norms.model import Norm
from nociscope.study.records import Participant
from nociscope.tables import Reading, Score
from nociscope.truth import Simulated


def _nothing(*_: Any) -> Any:
    return ()


def measure(name: str, unit: str, loss: Any, **more: Any) -> Measure:
    return Measure(name=name, unit=unit, title=name.upper(), meaning="for tests", loss=loss, **more)


def assay(name: str, *measures: Measure) -> Assay:
    return Assay(
        name=name,
        title=name,
        inputs=(),
        measures=measures,
        read=_nothing,
        measure=_nothing,
        draw=_nothing,
        simulate=lambda truth, seed: Simulated(),
        settings=NoSettings,
    )


BIOPSY = assay(
    "biopsy",
    measure("ienfd", "/mm", "low", spread="count"),
    measure("axonal_loss", "%", "high", scored=False),
)

QST = assay(
    "qst",
    measure("cdt", "delta_degC", "high", log10=True, spread="lognormal"),
    measure("wdt", "delta_degC", "high", log10=True, spread="lognormal"),
    measure("cpt", "degC", "low"),
    measure("hpt", "degC", "high"),
    measure("ppt", "kPa", "high", log10=True, spread="lognormal"),
    measure("mps", "rating", "low", log10=True, spread="lognormal"),
    measure("wur", "ratio", "low", log10=True, spread="lognormal"),
    measure("dma", "rating", "low", log10=True, spread="lognormal"),
)

ANY = assay("any", measure("up", "u", "low"), measure("down", "u", "high"), measure("flat", "u", "none"))

ASSAYS = (BIOPSY, QST, ANY)

WOMAN = Participant(participant_id="sub-01", age=45.0, sex="F")
MAN = Participant(participant_id="sub-02", age=45.0, sex="M")


def ienfd(value: float | None, **more: Any) -> Reading:
    plain: dict[str, Any] = {"site": "distal_leg", "method": "pgp95_bf", "unit": "/mm"}
    return Reading(assay="biopsy", measure="ienfd", value=value, **{**plain, **more})


def norm(**more: Any) -> Norm:
    """Return a norm of the made-up assay: mean 10, SD 2, unless told otherwise."""
    plain: dict[str, Any] = {
        "key": "t",
        "title": "t",
        "citation": "c",
        "doi": "",
        "status": "local",
        "assay": "any",
        "measure": "up",
        "unit": "u",
        "form": "normal",
        "mean": 10.0,
        "sd": 2.0,
    }
    return Norm(**{**plain, **more})


def any_reading(value: float | None, measure: str = "up", **more: Any) -> Reading:
    return Reading(assay="any", measure=measure, value=value, **{"unit": "u", **more})


def one(reading: Reading, library: NormLibrary | Norm, person: Participant = WOMAN) -> Score:
    """Return the only score of a reading."""
    from nociscope.norms.scoring import score

    shelf = NormLibrary((library,)) if isinstance(library, Norm) else library
    (only,) = score([reading], person, shelf, ASSAYS)
    return only
