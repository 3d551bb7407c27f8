"""The measures of the laser-evoked potential assay: names, units, and which direction is loss."""

from __future__ import annotations

from nociscope.assays.declaration import HEIGHT, Covariate, Measure

_HU = "10.1152/jn.00220.2011"

ENERGY = Covariate(
    name="laser_energy",
    title="laser energy",
    unit="J",
    least_spread=0.05,
    margin=0.02,
    relative=True,
    binds=True,
)
"""The mean energy of the pulses at the same site and side; a norm holds for the controls' energies only, with 2 % for
rounding. In open data N2-P2 grows by up to 21 uV a joule within a person and differs by 12 uV (SD) between people, so
2 % of 3 J shift it by a tenth of an SD at most. A slope is asked for from a spread (SD) of 5 %. Both are choices."""

_TRAVELS = (HEIGHT, ENERGY)
"""Latency grows with height at hand and foot (Tudor 2018, doi 10.1097/wnp.0000000000000502) and falls with energy."""

MEASURES = (
    Measure(
        name="n1_latency",
        unit="ms",
        title="N1 latency",
        meaning="Latency of the first negative peak, contralateral temporal (or central) electrode against Fz",
        loss="high",
        decimals=0,
        covariates=_TRAVELS,
    ),
    Measure(
        name="n1_amplitude",
        unit="uV",
        title="N1 amplitude",
        meaning="N1 from the baseline, negative as recorded: of the average where it stands out of the noise, and "
        "unselected, for group means",
        loss="high",
        decimals=1,
        covariates=(ENERGY,),
    ),
    Measure(
        name="n2_latency",
        unit="ms",
        title="N2 latency",
        meaning="Latency of the negative vertex peak",
        loss="high",
        decimals=0,
        covariates=_TRAVELS,
    ),
    Measure(
        name="n2_amplitude",
        unit="uV",
        title="N2 amplitude",
        meaning="N2 from the baseline, negative as recorded",
        loss="high",
        decimals=1,
        covariates=(ENERGY,),
    ),
    Measure(
        name="p2_latency",
        unit="ms",
        title="P2 latency",
        meaning="Latency of the positive vertex peak after N2",
        loss="high",
        decimals=0,
        covariates=_TRAVELS,
    ),
    Measure(
        name="p2_amplitude",
        unit="uV",
        title="P2 amplitude",
        meaning="P2 from the baseline",
        loss="low",
        decimals=1,
        covariates=(ENERGY,),
    ),
    Measure(
        name="n2p2_amplitude",
        unit="uV",
        title="N2-P2 amplitude",
        meaning="Peak-to-peak amplitude of N2 and P2",
        loss="low",
        decimals=1,
        covariates=(ENERGY,),
    ),
    Measure(
        name="response_present",
        unit="",
        title="Response present",
        meaning="1 when the N2-P2 of the average stands out of its own plus-minus noise, 0 when it is absent",
        loss="low",
        spread="none",
        decimals=0,
        scored=False,
    ),
    Measure(
        name="n2p2_noise",
        unit="uV",
        title="N2-P2 noise",
        meaning="What the same peak search finds in plus-minus averages: median and 95 % range",
        spread="none",
        decimals=1,
        scored=False,
    ),
    Measure(
        name="habituation_ratio",
        unit="",
        title="Habituation ratio",
        meaning="N2-P2 of the last series / first series, not adjusted for energy; larger is less habituation",
        loss="high",
    ),
    Measure(
        name="habituation_first_drop",
        unit="",
        title="First drop",
        meaning="N2-P2 of the second series / first series",
        loss="high",
    ),
    Measure(
        name="habituation_tail",
        unit="",
        title="Tail",
        meaning="N2-P2 of the last series / second series",
        loss="high",
    ),
    Measure(
        name="habituation_slope",
        unit="%/trial",
        title="Habituation slope",
        meaning="Change of N2-P2 per pulse, adjusted for laser energy, in % of the fitted value at the first pulse",
        loss="high",
    ),
    Measure(
        name="pain_rating",
        unit="0-10",
        title="Pain rating",
        meaning="Mean rating of all pulses, those whose EEG was rejected included",
        decimals=1,
        covariates=(ENERGY,),
    ),
    Measure(
        name="rating_habituation_ratio",
        unit="",
        title="Rating habituation ratio",
        meaning="Mean rating of the last series / first series",
        loss="high",
    ),
    Measure(
        name="side_difference",
        unit="%",
        title="Side difference",
        meaning="100 |left - right| / mean of the N2-P2 amplitudes of both sides",
        decimals=0,
    ),
    Measure(
        name="trials_kept",
        unit="",
        title="Trials kept",
        meaning="Trials free of artefacts, over all series; n is the number of epochs",
        spread="none",
        decimals=0,
        scored=False,
    ),
    Measure(
        name="laser_energy",
        unit="J",
        title="Laser energy",
        meaning="Mean energy of the pulses; the response grows with it, so norms hold for these energies only",
        spread="none",
        scored=False,
    ),
)
