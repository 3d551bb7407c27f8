"""What all readings share, and how they say what was averaged: the signal, its reference, the band, the laser."""

from __future__ import annotations

from nociscope.assays.lep.recording import Stimulated
from nociscope.assays.lep.settings import LepSettings
from nociscope.tables import Reading

ENOUGH_TRIALS = 20
"""Averages of fewer trials are marked `poor`: the published habituation protocol uses series of 20 (de Tommaso et
al., J Pain 2011, doi:10.1016/j.jpain.2010.06.004)."""

PEAK_MEASURES = (
    ("n1_latency", "ms"),
    ("n1_amplitude", "uV"),
    ("n2_latency", "ms"),
    ("n2_amplitude", "uV"),
    ("p2_latency", "ms"),
    ("p2_amplitude", "uV"),
    ("n2p2_amplitude", "uV"),
)


def derivation(s: Stimulated) -> str:
    """Return what the vertex signal is, as `method` says it."""
    return f"Cz against {s.reference or 'unknown reference'}"


def method_text(kind: str, signal: str, laser: str, settings: LepSettings) -> str:
    """Return the `method` of a reading: what was averaged, the derivation, the band and the laser.

    Norms are bound to it: ``average:all; Cz against ears (A1, A2); 0.3-30 Hz; laser nd_yap``.
    """
    parts = [
        kind,
        signal,
        f"{settings.high_pass_hz:g}-{settings.low_pass_hz:g} Hz",
        f"laser {laser}" if laser else "",
    ]
    return "; ".join(p for p in parts if p)


def method_of(kind: str, signal: str, s: Stimulated, settings: LepSettings) -> str:
    """Return the `method` of a reading of one site and side."""
    return method_text(kind, signal, s.laser, settings)


def template(s: Stimulated, settings: LepSettings) -> Reading:
    """Return a reading with the places that all readings of this site and side share."""
    remark = "average reference: norms do not apply" if s.average_reference else ""
    return Reading(
        site=s.site,
        side=s.side,
        measure="",
        value=None,
        unit="",
        method=method_of("average:all", derivation(s), s, settings),
        device=s.device,
        quality="poor" if s.average_reference else "good",
        remark=remark,
        source=s.source,
    )


def joined(*remarks: str) -> str:
    """Return remarks as one, empty ones left out."""
    return "; ".join(r for r in remarks if r)
