"""Which channel is which electrode, and what the vertex is measured against."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nociscope.problems import BadInput, Problem

_ALIASES = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8", "NAS": "NOSE", "NZ": "NOSE", "NASION": "NOSE"}
_LEFT_EAR = ("A1", "LEAR", "EARL", "LE", "EAR1")
_RIGHT_EAR = ("A2", "REAR", "EARR", "RE", "EAR2")
_LEFT_MASTOID = ("M1", "LM", "TP9", "MASTL", "LMAST")
_RIGHT_MASTOID = ("M2", "RM", "TP10", "MASTR", "RMAST")
_EOG = re.compile(r"(EOG|VEOG|HEOG|VEO|HEO|EYE|IO|SO|LO1|LO2|EOGV|EOGH)[A-Z0-9]*")
_NOT_SCALP = re.compile(
    r"(ECG|EKG|EMG|RESP|STI|STATUS|TRIG|MARKER|EVENT|EDFANNOTATIONS|BDFANNOTATIONS|PULS|PULSE|GSR|TEMP|EXG|SPO2|PHOTIC|"
    r"BEAT|OSAT|PR|DC|X|Y|Z|REF|GND|GROUND|CMS|DRL)[0-9]*"
)
_BIOSEMI = re.compile(r"A(3[0-2]|[12][0-9]|[3-9])")  # A1 and A2 are ears, unless A3 to A32 are there as well


def electrode(label: str) -> str:
    """Return the electrode a label means, in upper case and newer names: ``EEG Cz-LE`` is ``CZ``, T3 is T7."""
    name = label.strip().upper()
    name = re.sub(r"^(EEG|POL|EEGL|EEGR)[ _:.-]+", "", name)
    name = re.sub(r"[-_ ](REF|LE|AR|AVG|A1A2|A1\+A2|LER|NOSE|CZ|M1M2)$", "", name)
    name = re.sub(r"[^A-Z0-9]", "", name)
    return _ALIASES.get(name, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel of a recording.

    Attributes
    ----------
    index : int
        Place in the file.
    label, electrode : str
        As named (by ``channels.tsv`` or the file), and what it means.
    kind : {'EEG', 'EOG', 'OTHER'}
    bad : bool
        Marked bad in ``channels.tsv``.
    """

    index: int
    label: str
    electrode: str
    kind: str
    bad: bool = False


def resolve(
    labels: Sequence[str], rows: Sequence[Mapping[str, str]], name: str
) -> tuple[tuple[Channel, ...], list[Problem]]:
    """Name the channels of a file.

    Parameters
    ----------
    labels : sequence of str
        As the file has them.
    rows : sequence of mapping
        The rows of ``channels.tsv``; they win, by position. Empty when there is no such table.
    name : str
        The recording, for messages.

    Returns
    -------
    channels : tuple of Channel
    problems : list of Problem
    """
    problems: list[Problem] = []
    signal = [
        k for k, label in enumerate(labels) if electrode(label) not in ("STATUS", "EDFANNOTATIONS", "BDFANNOTATIONS")
    ]
    by_place: dict[int, Mapping[str, str]] = {}
    if rows:
        if len(rows) == len(labels):
            by_place = dict(enumerate(rows))
        elif len(rows) == len(signal):
            by_place = dict(zip(signal, rows, strict=True))
        else:
            by_label = {electrode(r.get("name", "")): r for r in rows}
            by_place = {k: by_label[electrode(x)] for k, x in enumerate(labels) if electrode(x) in by_label}
            problems.append(
                Problem(
                    what=f"channels.tsv has {len(rows)} rows and the file {len(signal)} channels, so they are "
                    f"matched by name ({len(by_place)} fit)",
                    remedy="list every channel of the file, in its order",
                    severity="warning",
                    code="channel-count",
                    file=name,
                )
            )
    channels = []
    renamed = 0
    for k, label in enumerate(labels):
        row = by_place.get(k, {})
        chosen = row.get("name", "").strip() or label
        renamed += electrode(chosen) != electrode(label)
        channels.append(_channel(k, chosen, row))
    if renamed:
        problems.append(
            Problem(
                what=f"{renamed} channels carry other names in the file than in channels.tsv; channels.tsv is used, "
                "by position",
                severity="note",
                code="channels-renamed",
                file=name,
            )
        )
    return tuple(channels), problems


def _channel(index: int, label: str, row: Mapping[str, str]) -> Channel:
    name = electrode(label)
    kind = row.get("type", "").strip().upper()
    if kind in ("EOG", "VEOG", "HEOG") or (kind in ("", "N/A", "EEG") and _EOG.fullmatch(name)):
        kind = "EOG"
    elif kind in ("EEG", "REF") or (kind in ("", "N/A") and not _NOT_SCALP.fullmatch(name)):
        kind = "EEG"
    else:
        kind = "OTHER"
    return Channel(
        index=index, label=label, electrode=name, kind=kind, bad=row.get("status", "").strip().lower() == "bad"
    )


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
    biosemi = any(_BIOSEMI.fullmatch(c.electrode) for c in channels)
    scalp = [c for c in channels if c.kind == "EEG"]
    by_name: dict[str, Channel] = {}
    for c in scalp:
        by_name.setdefault(c.electrode, c)
    said = recorded_against(eeg_reference)
    cz = by_name.get("CZ")
    if cz is None and not (said == "Cz" and scalp):
        found = ", ".join(c.label for c in channels[:12]) or "none"
        raise BadInput(
            Problem(
                what=f"there is no channel Cz (channels: {found}{' …' if len(channels) > 12 else ''})",
                remedy="give the electrode names in channels.tsv, in the order of the file",
                code="no-vertex",
                file=name,
            )
        )
    if cz is not None and cz.bad:
        raise BadInput(
            Problem(
                what="Cz is marked bad in channels.tsv",
                remedy="interpolate it before, or leave the recording out",
                code="bad-vertex",
                file=name,
            )
        )
    good = {n: c for n, c in by_name.items() if not c.bad}
    pairs = [] if biosemi else [("ears", _LEFT_EAR, _RIGHT_EAR)]
    pairs.append(("mastoids", _LEFT_MASTOID, _RIGHT_MASTOID))
    reference: list[Channel] = []
    kind = ""
    for title, left, right in pairs:
        both = [c for c in (_first(good, left), _first(good, right)) if c is not None]
        if len(both) == 2:
            reference, kind = both, title
            break
    if not reference and said in ("ears", "mastoids"):
        kind = f"{said}, as recorded"
    elif not reference and "NOSE" in good:
        reference, kind = [good["NOSE"]], "nose"
    elif not reference and said == "nose":
        kind = "nose, as recorded"
    off_scalp = {*_LEFT_EAR, *_RIGHT_EAR, *_LEFT_MASTOID, *_RIGHT_MASTOID, "NOSE"} - (
        {"A1", "A2"} if biosemi else set()
    )
    on_scalp = tuple(c for c in good.values() if c.electrode not in off_scalp or c.electrode in ("TP9", "TP10"))
    average = not kind
    if average:
        reference = list(on_scalp)
        kind = "average reference"
    elif reference:
        kind += f" ({', '.join(c.label for c in reference)})"
    wanted = {"left": ("T7", "C3"), "right": ("T8", "C4")}
    lateral = {
        side: (good[e].index, f"{good[e].label}-Fz")
        for side, pair in wanted.items()
        if (e := pair[1 if n1 == "central" else 0]) in good
    }
    eyes = tuple(c.index for c in channels if c.kind == "EOG" and not c.bad)
    if not eyes:
        eyes = tuple(good[e].index for e in ("FP1", "FPZ", "FP2") if e in good)
    frontal = good.get("FZ")
    return Montage(
        vertex=None if cz is None else cz.index,
        reference=tuple(c.index for c in reference),
        reference_name=kind,
        average_reference=average,
        frontal=None if frontal is None else frontal.index,
        lateral=lateral,
        eyes=eyes,
        scalp=on_scalp,
    )
