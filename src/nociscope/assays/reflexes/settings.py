"""The settings of the reflex tests."""

from __future__ import annotations

from dataclasses import dataclass

from nociscope.assays.declaration import setting
from nociscope.beats.editing import DEFAULT_MULTIPLE

ZIEGLER_DOI = "10.1111/j.1464-5491.1992.tb01754.x"
PROTOCOL_DOI = "10.4239/wjd.v6.i1.80"
EWING_DOI = "10.4239/wjd.v9.i1.1"
CONSENSUS_DOI = "10.1016/j.autneu.2011.02.004"


@dataclass(frozen=True, slots=True)
class ReflexSettings:
    """What a laboratory may set."""

    breath_s: float = setting(
        10.0,
        "Length of a paced breath where no events mark the breaths",
        unit="s",
        source=f"6/min, doi {PROTOCOL_DOI}",
    )
    after_release_s: float = setting(
        30.0,
        "How long after the strain the longest interval of the Valsalva ratio is looked for",
        unit="s",
        source="a convention of this program: the protocol that was read says only “after release”",
    )
    shortest_beats: tuple[int, int] = setting(
        (6, 24), "Beats after standing among which the shortest interval lies", source=f"doi {ZIEGLER_DOI}"
    )
    longest_beats: tuple[int, int] = setting(
        (21, 39), "Beats after standing among which the longest interval lies", source=f"doi {ZIEGLER_DOI}"
    )
    standing_minutes: float = setting(
        10.0,
        "How long after standing or tilt the rise of heart rate is looked for",
        unit="min",
        source=f"doi {CONSENSUS_DOI}",
    )
    baseline_s: float = setting(
        60.0,
        "Rest before standing or tilt that the rise is counted from",
        unit="s",
        source="a convention of this program",
    )
    artefact_multiple: float = setting(
        DEFAULT_MULTIPLE, "Threshold of beat editing in quartile deviations, as in [hrv]"
    )
