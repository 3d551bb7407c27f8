"""The settings of the QST assay."""

from __future__ import annotations

from dataclasses import dataclass

from nociscope.assays.declaration import setting
from nociscope.assays.qst.parameters import ROLKE


@dataclass(frozen=True, slots=True)
class Settings:
    """What a laboratory may set; every default carries its source."""

    baseline_c: float = setting(
        32.0, "Skin temperature from which thermal stimuli start, where a row does not say", unit="degC", source=ROLKE
    )
    cold_cutoff_c: float = setting(
        0.0,
        "Temperature at which the thermode stops cooling: a limits trial that reaches it is censored",
        unit="degC",
        source="DFNS protocol, recalled and not read in the paper: set it to what the thermode is set to",
    )
    heat_cutoff_c: float = setting(
        50.0,
        "Temperature at which the thermode stops warming: a limits trial that reaches it is censored",
        unit="degC",
        source="DFNS protocol, recalled and not read in the paper: set it to what the thermode is set to",
    )
    rating_offset: float = setting(
        0.1,
        "Added to every rating before the geometric mean and taken off after it, so that ratings of 0 count",
        unit="rating",
        source="DFNS protocol, recalled and not read in the paper",
    )
    lapse: float = setting(
        0.02,
        "Share of yes/no answers taken to be unrelated to the stimulus (half of them yes); fixed, not estimated",
        source="0 biases threshold and slope when lapses occur (10.3758/BF03194544), and estimating it does not cure "
        "that (10.1167/12.6.25); 0.02 by simulation, see docs/validation/qst_psychometric.md",
    )
    minimum_yes_no_trials: int = setting(
        8,
        "Fewer answered yes/no trials than this give no fit",
        source="chosen: with fewer the interval tells next to nothing",
    )
