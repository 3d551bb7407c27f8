"""Which channel is which electrode."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nociscope.problems import Problem

_ALIASES = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8", "NAS": "NOSE", "NZ": "NOSE", "NASION": "NOSE"}
_EOG = re.compile(r"(EOG|VEOG|HEOG|VEO|HEO|EYE|IO|SO|LO1|LO2|EOGV|EOGH)[A-Z0-9]*")
_NOT_SCALP = re.compile(
    r"(ECG|EKG|EMG|RESP|STI|STATUS|TRIG|MARKER|EVENT|EDFANNOTATIONS|BDFANNOTATIONS|PULS|PULSE|GSR|TEMP|EXG|SPO2|PHOTIC|"
    r"BEAT|OSAT|PR|DC|X|Y|Z|REF|GND|GROUND|CMS|DRL)[0-9]*"
)


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
    by_place, problems = _rows_by_place(labels, rows, name)
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


def _rows_by_place(
    labels: Sequence[str], rows: Sequence[Mapping[str, str]], name: str
) -> tuple[dict[int, Mapping[str, str]], list[Problem]]:
    """Return the row of each channel, by position; by name where the numbers of rows and channels differ."""
    if not rows:
        return {}, []
    signal = [
        k for k, label in enumerate(labels) if electrode(label) not in ("STATUS", "EDFANNOTATIONS", "BDFANNOTATIONS")
    ]
    if len(rows) == len(labels):
        return dict(enumerate(rows)), []
    if len(rows) == len(signal):
        return dict(zip(signal, rows, strict=True)), []
    by_label = {electrode(r.get("name", "")): r for r in rows}
    by_place = {k: by_label[electrode(x)] for k, x in enumerate(labels) if electrode(x) in by_label}
    mismatch = Problem(
        what=f"channels.tsv has {len(rows)} rows and the file {len(signal)} channels, so they are "
        f"matched by name ({len(by_place)} fit)",
        remedy="list every channel of the file, in its order",
        severity="warning",
        code="channel-count",
        file=name,
    )
    return by_place, [mismatch]


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
