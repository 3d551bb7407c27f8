"""The input table of nerve conduction: one row per nerve, kind of study and point of stimulation."""

from __future__ import annotations

from nociscope.tsv import MISSING, Column, Table

NERVES = {
    "median": "median",
    "ulnar": "ulnar",
    "fibular": "fibular (peroneal)",
    "tibial": "tibial",
    "sural": "sural",
    "radial": "radial, superficial radial",
    "superficial_fibular": "superficial fibular",
    "medial_plantar": "medial plantar",
    "saphenous": "saphenous",
}

NERVE_SPELLINGS = {
    "peroneal": "fibular",
    "common_peroneal": "fibular",
    "common_fibular": "fibular",
    "deep_peroneal": "fibular",
    "deep_fibular": "fibular",
    "posterior_tibial": "tibial",
    "superficial_radial": "radial",
    "superficial_peroneal": "superficial_fibular",
}

LEG_NERVES = frozenset({"fibular", "tibial", "sural", "superficial_fibular", "medial_plantar", "saphenous"})

KINDS = {
    "motor": "compound muscle action potential (CMAP)",
    "sensory": "sensory nerve action potential (SNAP)",
    "f_wave": "F waves",
}

STIMULATIONS = {
    "distal": 0,
    "wrist": 0,
    "ankle": 0,
    "palm": 0,
    "forearm": 1,
    "below_elbow": 1,
    "elbow": 1,
    "fibular_head": 1,
    "below_fibular_head": 1,
    "calf": 1,
    "proximal": 1,
    "above_elbow": 2,
    "above_fibular_head": 2,
    "popliteal_fossa": 2,
    "knee": 2,
    "axilla": 3,
    "erb": 4,
}
"""Point of stimulation -> how far along the nerve, 0 being the distal one.

A name that is not here is allowed; among motor rows it counts as proximal when it has a velocity.
"""

STIMULATION_SPELLINGS = {
    "erbs_point": "erb",
    "erb_s_point": "erb",
    "below_fibula_head": "below_fibular_head",
    "above_fibula_head": "above_fibular_head",
    "fibula_head": "fibular_head",
    "fibular_neck": "fibular_head",
    "popliteal": "popliteal_fossa",
    "popliteal_foss": "popliteal_fossa",
    "cubital_fossa": "elbow",
    "antecubital_fossa": "elbow",
}


def _number(name: str, description: str, unit: str, low: float, high: float) -> Column:
    return Column(name, description, "number", unit=unit, minimum=low, maximum=high)


NERVE_CONDUCTION = Table(
    "nerve_conduction",
    "One nerve, kind of study and point of stimulation",
    (
        Column("participant_id", "Participant, sub-<label>", required=True, needed=True),
        Column("session_id", "Visit, ses-<label>; n/a where the study has no sessions"),
        Column("side", "Side of the body", "choice", choices={"left": "left", "right": "right"}),
        Column("nerve", "The nerve", "choice", choices=NERVES, required=True, needed=True),
        Column("type", "Kind of study", "choice", choices=KINDS, required=True, needed=True),
        Column("stimulation", f"Where it was stimulated: {', '.join(STIMULATIONS)}, or a name of your own"),
        _number("amplitude", "Amplitude; 0 when there is no response, n/a when it was not studied", "", 0, 200_000),
        Column("amplitude_unit", "Unit of the amplitude and of its limit: mV or uV"),
        _number("onset_latency_ms", "Latency of the onset", "ms", 0.1, 100),
        _number("peak_latency_ms", "Latency of the peak", "ms", 0.1, 100),
        _number("velocity_m_s", "Conduction velocity of the segment that ends at this point", "m/s", 1, 150),
        _number("duration_ms", "Duration, onset of the first to return of the last negative peak", "ms", 0.1, 100),
        _number("f_latency_ms", "Shortest F-wave latency", "ms", 5, 300),
        _number("f_persistence", "Share of stimuli that gave an F wave; 0 when there is none", "%", 0, 100),
        _number("distance_mm", "Distance from cathode to electrode, or length of the segment", "mm", 5, 2000),
        _number("temperature_c", "Temperature of the skin", "degC", 10, 45),
        _number("low_cut_hz", "Low cut of the amplifier", "Hz", 0, 2000),
        _number("amplitude_lln", "The laboratory's lower limit of the amplitude", "", 0, 200_000),
        _number("latency_uln", "The laboratory's upper limit of the latency", "ms", 0.1, 100),
        _number("velocity_lln", "The laboratory's lower limit of the velocity", "m/s", 1, 150),
        _number("f_latency_uln", "The laboratory's upper limit of the F-wave latency", "ms", 5, 300),
        Column("device", "Instrument, as the laboratory names it"),
    ),
    key=("participant_id", "session_id", "side", "nerve", "type", "stimulation"),
)
"""``phenotype/nerve_conduction.tsv``. Bounds are physical, not limits of normal."""


def plain_name(text: str) -> str:
    """Return a name as the table spells names: lower case with ``_``; ``n/a`` stays."""
    cell = text.strip()
    if cell in ("", MISSING):
        return cell
    return "_".join("".join(c if c.isalnum() else " " for c in cell.lower()).split())


def canonical(column: str, text: str) -> str:
    """Return a cell of a naming column in the table's own spelling."""
    name = plain_name(text)
    if column == "nerve":
        return NERVE_SPELLINGS.get(name, name)
    if column == "type":
        return {"f": "f_wave", "fwave": "f_wave", "f_waves": "f_wave"}.get(name, name)
    if column == "stimulation":
        return STIMULATION_SPELLINGS.get(name, name)
    return name
