"""What the vertex is measured against, where N1 is measured, and which channels show the eyes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nociscope.assays.lep.channels import Channel
from nociscope.problems import BadInput, Problem

_LEFT_EAR = ("A1", "LEAR", "EARL", "LE", "EAR1")
_RIGHT_EAR = ("A2", "REAR", "EARR", "RE", "EAR2")
_LEFT_MASTOID = ("M1", "LM", "TP9", "MASTL", "LMAST")
_RIGHT_MASTOID = ("M2", "RM", "TP10", "MASTR", "RMAST")
_BIOSEMI = re.compile(r"A(3[0-2]|[12][0-9]|[3-9])")  # A1 and A2 are ears, unless A3 to A32 are there as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Montage:
    """What to read and how to combine it.

    Attributes
    ----------
    vertex : int or None
        Place of Cz; None when the recording was made against Cz, which is then 0.
    reference : tuple of int
        Channels whose mean is taken away from Cz; empty when it is used as recorded.
    reference_name : str
    average_reference : bool
    frontal : int or None
        Fz.
    lateral : mapping
        Hemisphere (``left``, ``right``) -> (channel, name) for N1.
    eyes : tuple of int
        EOG channels, or the frontal poles when there are none.
    scalp : tuple of Channel
        Good scalp electrodes, for maps.
    """

    vertex: int | None
    reference: tuple[int, ...]
    reference_name: str
    average_reference: bool
    frontal: int | None
    lateral: Mapping[str, tuple[int, str]]
    eyes: tuple[int, ...]
    scalp: tuple[Channel, ...]


def _first(by_name: Mapping[str, Channel], names: Sequence[str]) -> Channel | None:
    return next((by_name[n] for n in names if n in by_name), None)


def recorded_against(text: str) -> str:
    """Return what EEGReference says the recording was made against: ears, mastoids, nose, average, Cz, or ``''``."""
    words = text.lower()
    if re.search(r"\bear|earlobe|\ba1\b|\ba2\b|\ba1[+/ ]*a2\b", words):
        return "ears"
    if re.search(r"mastoid|\bm1\b|\bm2\b|\btp9\b|\btp10\b", words):
        return "mastoids"
    if re.search(r"\bnose\b|\bnasal\b", words):
        return "nose"
    if re.search(r"average|\bcar\b", words):
        return "average"
    if re.fullmatch(r"\W*(cz|vertex)\W*", words):
        return "Cz"
    return ""


def build(channels: Sequence[Channel], eeg_reference: str, n1: str, name: str) -> Montage:
    """Choose the vertex, its reference, the N1 electrodes and the eye channels.

    The reference is the linked ears, else the mastoids, else the nose, else what EEGReference says when the recording
    was made against ears or mastoids, else the average of all scalp electrodes (norms do not apply then).

    Parameters
    ----------
    channels : sequence of Channel
    eeg_reference : str
        ``EEGReference`` of the sidecar.
    n1 : {'temporal', 'central'}
    name : str
        The recording, for messages.

    Raises
    ------
    BadInput
        There is no Cz, or it is marked bad.
    """
    scalp = [c for c in channels if c.kind == "EEG"]
    by_name: dict[str, Channel] = {}
    for c in scalp:
        by_name.setdefault(c.electrode, c)
    said = recorded_against(eeg_reference)
    cz = by_name.get("CZ")
    if not (cz is None and said == "Cz" and scalp):
        _check_vertex(cz, channels, name)
    biosemi = any(_BIOSEMI.fullmatch(c.electrode) for c in channels)
    good = {n: c for n, c in by_name.items() if not c.bad}
    on_scalp = _on_scalp(good, biosemi)
    reference, reference_name = _reference(good, said, biosemi)
    frontal = good.get("FZ")
    return Montage(
        vertex=None if cz is None else cz.index,
        reference=tuple(c.index for c in (reference if reference_name else on_scalp)),
        reference_name=reference_name or "average reference",
        average_reference=not reference_name,
        frontal=None if frontal is None else frontal.index,
        lateral=_lateral(good, n1),
        eyes=_eyes(channels, good),
        scalp=on_scalp,
    )


def _check_vertex(cz: Channel | None, channels: Sequence[Channel], name: str) -> None:
    if cz is None:
        found = ", ".join(c.label for c in channels[:12]) or "none"
        raise BadInput(
            Problem(
                what=f"there is no channel Cz (channels: {found}{' …' if len(channels) > 12 else ''})",
                remedy="give the electrode names in channels.tsv, in the order of the file",
                code="no-vertex",
                file=name,
            )
        )
    if cz.bad:
        raise BadInput(
            Problem(
                what="Cz is marked bad in channels.tsv",
                remedy="interpolate it before, or leave the recording out",
                code="bad-vertex",
                file=name,
            )
        )


def _reference(good: Mapping[str, Channel], said: str, biosemi: bool) -> tuple[list[Channel], str]:
    """Return the channels of the reference and its name; no channels: as recorded; no name: there is none."""
    pairs = [] if biosemi else [("ears", _LEFT_EAR, _RIGHT_EAR)]
    pairs.append(("mastoids", _LEFT_MASTOID, _RIGHT_MASTOID))
    for title, left, right in pairs:
        both = [c for c in (_first(good, left), _first(good, right)) if c is not None]
        if len(both) == 2:
            return both, f"{title} ({', '.join(c.label for c in both)})"
    if said in ("ears", "mastoids"):
        return [], f"{said}, as recorded"
    if "NOSE" in good:
        return [good["NOSE"]], f"nose ({good['NOSE'].label})"
    return [], "nose, as recorded" if said == "nose" else ""


def _on_scalp(good: Mapping[str, Channel], biosemi: bool) -> tuple[Channel, ...]:
    """Return the good scalp electrodes; TP9 and TP10 are mastoids and scalp."""
    off = {*_LEFT_EAR, *_RIGHT_EAR, *_LEFT_MASTOID, *_RIGHT_MASTOID, "NOSE"} - {"TP9", "TP10"}
    if biosemi:
        off -= {"A1", "A2"}
    return tuple(c for c in good.values() if c.electrode not in off)


def _lateral(good: Mapping[str, Channel], n1: str) -> dict[str, tuple[int, str]]:
    wanted = {"left": ("T7", "C3"), "right": ("T8", "C4")}
    return {
        side: (good[e].index, f"{good[e].label}-Fz")
        for side, pair in wanted.items()
        if (e := pair[1 if n1 == "central" else 0]) in good
    }


def _eyes(channels: Sequence[Channel], good: Mapping[str, Channel]) -> tuple[int, ...]:
    """Return the EOG channels, else the frontal poles."""
    eyes = tuple(c.index for c in channels if c.kind == "EOG" and not c.bad)
    return eyes or tuple(good[e].index for e in ("FP1", "FPZ", "FP2") if e in good)
