"""Recordings of laser pulses with a known truth as files, for the demo, the tests and the validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nociscope.assays.lep.methods import method_text
from nociscope.assays.lep.settings import LepSettings
from nociscope.assays.lep.synthesis import Design, Response, Session, Trial, session
from nociscope.brainvision import encode
from nociscope.truth import Simulated, SimulatedFile, TrueValue, Truth

CERTAIN_UV = 14.0
"""Smallest N2-P2 whose truth is handed back by `simulate`: about five times the noise of an average of 45 trials."""

EVENT_COLUMNS = ("onset", "duration", "trial_type", "site", "side", "energy_j", "block", "rating", "laser")


def events_tsv(trials: Sequence[Trial]) -> str:
    """Return the pulses as the text of an ``_events.tsv``."""
    lines = ["\t".join(EVENT_COLUMNS)]
    for t in trials:
        cells = (
            f"{t.marker_s:.4f}",
            "0.004",
            "laser",
            t.response.site,
            t.response.side,
            f"{t.energy_j:g}",
            str(t.block),
            f"{t.rating:g}",
            "nd_yap",
        )
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


def files_of(s: Session, task: str = "lep") -> tuple[SimulatedFile, ...]:
    """Return a session as the BrainVision files and sidecars of a BIDS study, the same bytes every time."""
    import json

    header, markers, data = encode(s.channels, s.rate, s.signals_uv, [(t.marker_s, "laser") for t in s.trials])
    sidecar = {
        "TaskName": task,
        "TaskDescription": "Laser pulses to the skin, each rated from 0 to 10 (simulated)",
        "EEGReference": "nose",
        "SamplingFrequency": s.rate,
        "PowerLineFrequency": 50,
        "SoftwareFilters": "n/a",
        "RecordingType": "continuous",
        "RecordingDuration": round(s.signals_uv.shape[1] / s.rate, 3),
        "Manufacturer": "simulated",
    }
    channels = ["name\ttype\tunits"]
    channels += [f"{name}\t{'VEOG' if name == 'VEOG' else 'EEG'}\tuV" for name in s.channels]
    describe = {
        "site": {"Description": "Body site of the pulse"},
        "side": {"Description": "Side of the body", "Levels": {"left": "left", "right": "right"}},
        "energy_j": {"Description": "Energy of the pulse", "Units": "J"},
        "block": {"Description": "Series of pulses"},
        "rating": {"Description": "Pain rating of the pulse, 0-10", "Minimum": 0, "Maximum": 10},
        "laser": {"Description": "Laser type", "Levels": {"nd_yap": "Nd:YAP", "co2": "CO2"}},
        "trial_type": {"Description": "Kind of event", "Levels": {"laser": "laser pulse"}},
    }
    entities = {"task": task}

    def file(suffix: str, extension: str, content: bytes) -> SimulatedFile:
        return SimulatedFile(datatype="eeg", suffix=suffix, extension=extension, content=content, entities=entities)

    def as_json(value: object) -> bytes:
        return (json.dumps(value, indent=2) + "\n").encode()

    return (
        file("eeg", ".vhdr", header),
        file("eeg", ".vmrk", markers),
        file("eeg", ".eeg", data),
        file("eeg", ".json", as_json(sidecar)),
        file("channels", ".tsv", ("\n".join(channels) + "\n").encode()),
        file("events", ".tsv", events_tsv(s.trials).encode()),
        file("events", ".json", as_json(describe)),
    )


def simulate(truth: Truth, seed: int) -> Simulated:
    """Simulate the laser-evoked recording of a virtual participant.

    The right hand and both feet get three series of 15 pulses. Distal small-fibre loss shrinks and delays the
    response of the feet (to nothing when complete), central gain enlarges it, a habituation deficit takes the fall
    over series away. Sizes follow the open data (N2-P2 about 28 uV, N2 227 and P2 369 ms at the hand of the young);
    the intervals between pulses are shortened to keep the demo's files small.

    Parameters
    ----------
    truth : Truth
    seed : int

    Returns
    -------
    Simulated
    """
    rng = np.random.default_rng([seed, 17])
    size = float(rng.lognormal(0.0, 0.3)) * (1 + 0.35 * truth.of("central_gain"))
    size *= max(1 - 0.004 * (truth.age - 25.0), 0.5)
    deficit = truth.of("habituation_deficit")
    tall = (truth.height_cm - 165.0) * 0.3
    shift = float(rng.normal(0, 8.0))
    loss = truth.of("distal_small_fibre_loss")
    rating = float(np.clip(4.5 + 0.8 * truth.response_style + 1.5 * truth.of("central_gain"), 1, 8.5))
    responses = []
    for site, side, extra, keep in (
        ("hand_dorsum", "right", 0.0, 1 - 0.2 * loss),
        ("foot_dorsum", "right", 40.0, max(1 - 1.1 * loss, 0.0)),
        ("foot_dorsum", "left", 40.0, max(1 - 1.0 * loss, 0.0)),
    ):
        gain = size * keep * (0.75 if extra else 1.0)
        late = shift + extra + (tall if extra else 0.3 * tall) + (25.0 * loss if extra else 0.0)
        responses.append(
            Response(
                site=site,
                side=side,
                n1_latency=158.0 + late,
                n1_amplitude=-7.0 * gain,
                n2_latency=220.0 + late,
                n2_amplitude=-13.0 * gain,
                p2_latency=365.0 + late,
                p2_amplitude=13.0 * gain,
                rating=rating * (0.6 + 0.4 * keep),
            )
        )
    fall = 0.35 * (1 - deficit)
    design = Design(
        pulses=15,
        interval_s=(3.0, 4.5),
        habituation=(1.0, 1.0 - 0.75 * fall, 1.0 - fall),
        first_extra=0.2 * (1 - deficit),
        energy_drift_j=0.25,
        energy_spread_j=0.1,
    )
    made = session(responses, design, seed)
    return Simulated(files=files_of(made), true_values=_certain(made.true_values))


def _certain(values: Sequence[TrueValue]) -> tuple[TrueValue, ...]:
    """Return the truth of what a recording certainly shows: the vertex peaks of responses that no noise can hide.

    A response near the noise may rightly be called absent, and then has no peaks to compare with the truth.
    """
    method = method_text("average:all", "Cz against ears (A1, A2)", "nd_yap", LepSettings())
    sizes = {(v.site, v.side): v.value for v in values if v.measure == "n2p2_amplitude"}
    return tuple(
        replace(v, method=method if v.method else "")
        for v in values
        if sizes.get((v.site, v.side), 0.0) >= CERTAIN_UV and not v.measure.startswith("n1")
    )
