"""From the epochs of single recordings to clean epochs per site and side: joining, artefacts, flat channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nociscope.assays.lep.filtering import regrid
from nociscope.assays.lep.recording import Bools, Floats, Pulse, Scalp, Stimulated
from nociscope.assays.lep.settings import LepSettings
from nociscope.problems import Problem

FLAT_UV = 0.5
"""A Cz epoch whose peak-to-peak is smaller is flat; amplifier noise alone has more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The epochs of one recording.

    Attributes
    ----------
    source, device, reference : str
    average_reference : bool
    pulses : tuple of Pulse
        The n pulses in the order of time, those without an epoch included.
    times_s : array (t,)
    epochs_uv : array (k, d, t)
        Of the k kept pulses; derivations: Cz as recorded, vertex, N1 of each of `lateral_names`, eyes.
    kept : array (n,) of bool
    lateral_names : tuple of (side of the pulse, name)
    eyes : int
        Number of eye channels, the last derivations.
    failed : str
        Why there are no epochs; empty when there are.
    scalp : Scalp or None
    """

    source: str
    device: str
    reference: str
    average_reference: bool
    pulses: tuple[Pulse, ...]
    times_s: Floats
    epochs_uv: Floats
    kept: Bools
    lateral_names: tuple[tuple[str, str], ...]
    eyes: int
    failed: str = ""
    scalp: Scalp | None = None


def assemble(parts: Sequence[Part], settings: LepSettings) -> tuple[tuple[Stimulated, ...], list[Problem]]:
    """Join the recordings of a visit per site and side and mark artefacts.

    Parameters
    ----------
    parts : sequence of Part
        In the order in which they were recorded.
    settings : LepSettings

    Returns
    -------
    stimulated : tuple of Stimulated
        In the order of first stimulation.
    problems : list of Problem
        Flat vertex and conditions without a clean trial.
    """
    keys = dict.fromkeys((p.site, p.side) for part in parts for p in part.pulses)
    made = [_stimulated(parts, site, side, settings) for site, side in keys]
    return tuple(s for s, _ in made), [p for _, problems in made for p in problems]


def _stimulated(
    parts: Sequence[Part], site: str, side: str, settings: LepSettings
) -> tuple[Stimulated, list[Problem]]:
    own = [(part, np.array([p.site == site and p.side == side for p in part.pulses], dtype=bool)) for part in parts]
    own = [(part, mask) for part, mask in own if mask.any()]
    pulses = [p for part, mask in own for p, mine in zip(part.pulses, mask, strict=True) if mine]
    empty = _without_signal([part for part, _ in own], pulses, site, side)
    usable = [(part, mask) for part, mask in own if len(part.epochs_uv) and (mask & part.kept).any()]
    if not usable:
        why = next((part.failed for part, _ in own if part.failed), "no pulse has a whole epoch")
        return replace(empty, failed=why), []
    joined = _join(usable, side)
    kept, rejected, failed = _judge(joined, settings)
    has_epoch = np.concatenate([_places(part, mask) for part, mask in own])
    epoch_pulses = [p for p, has in zip(pulses, has_epoch, strict=True) if has]
    done = replace(
        empty,
        times_s=joined.times_s,
        vertex_uv=joined.vertex,
        lateral_uv=joined.lateral,
        lateral_name=joined.lateral_name,
        kept=kept,
        rejected=rejected,
        energy_j=_column([p.energy_j for p in epoch_pulses]),
        rating=_column([p.rating for p in epoch_pulses]),
        block=tuple(p.block for p in epoch_pulses),
        order=np.arange(len(pulses), dtype=np.float64)[has_epoch],
        reference=" / ".join(dict.fromkeys(part.reference for part, _ in usable)),
        average_reference=any(part.average_reference for part, _ in usable),
        failed=failed,
        scalp=joined.scalp,
    )
    return done, _problems(done, settings, usable[0][0].source)


def _without_signal(parts: Sequence[Part], pulses: Sequence[Pulse], site: str, side: str) -> Stimulated:
    """Return what is known of the pulses to a site and side before any signal is looked at."""
    lasers = {p.laser for p in pulses}
    nothing = np.empty(0)
    return Stimulated(
        site=site,
        side=side,
        laser=lasers.pop() if len(lasers) == 1 else "mixed",
        times_s=parts[0].times_s,
        vertex_uv=None,
        kept=np.empty(0, dtype=bool),
        energy_j=nothing,
        rating=nothing,
        block=(),
        order=nothing,
        all_ratings=_column([p.rating for p in pulses]),
        all_rating_blocks=tuple(p.block for p in pulses),
        source=" ".join(dict.fromkeys(part.source for part in parts)),
        device=parts[0].device,
    )


def _problems(s: Stimulated, settings: LepSettings, file: str) -> list[Problem]:
    """Say that the vertex is flat, or that too few trials are clean."""
    if s.failed:
        return [
            Problem(
                what=f"{s.failed} ({s.site} {s.side})",
                remedy="check the electrode and the channel names, or leave the recording out",
                code="flat-vertex",
                file=file,
            )
        ]
    clean = int(s.kept.sum())
    if clean >= settings.minimum_trials:
        return []
    reasons = ", ".join(f"{count} {why}" for why, count in s.rejected)
    return [
        Problem(
            what=f"{len(s.kept) - clean} of {len(s.kept)} trials rejected ({s.site} {s.side}: "
            f"{reasons or 'too few'}), {settings.minimum_trials} clean ones are needed",
            remedy="look at the recording, or raise reject_uv or reject_blink_uv in [lep] of code/nociscope.toml",
            code="all-rejected",
            file=file,
        )
    ]


def _column(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _places(part: Part, mask: Bools) -> Bools:
    """Return, for the pulses of this site and side in a recording, which have an epoch."""
    return np.asarray(part.kept[mask] & bool(len(part.epochs_uv)), dtype=bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joined:
    times_s: Floats
    raw: Floats
    vertex: Floats
    lateral: Floats | None
    lateral_name: str
    eyes: Floats
    scalp: Scalp | None


def _join(usable: Sequence[tuple[Part, Bools]], side: str) -> _Joined:
    """Put the epochs of several recordings on one time axis, one after the other; eyes as peak-to-peak (n,)."""
    coarsest = max((part.times_s for part, _ in usable), key=lambda t: t[1] - t[0])
    raw, vertex, lateral, eyes, maps = [], [], [], [], []
    names = [dict(part.lateral_names).get(side, "") for part, _ in usable]
    for part, mask in usable:
        mine = mask[part.kept]
        epochs = regrid(part.epochs_uv[mine], part.times_s, coarsest)
        raw.append(epochs[:, 0])
        vertex.append(epochs[:, 1])
        if all(names):
            place = 2 + [s for s, _ in part.lateral_names].index(side)
            lateral.append(epochs[:, place])
        blink = epochs[:, epochs.shape[1] - part.eyes :]
        eyes.append(np.ptp(blink, axis=2).max(axis=1) if part.eyes else np.zeros(len(epochs)))
        if part.scalp is not None:
            maps.append((part.scalp, part.scalp.bins_uv[mine]))
    scalp = None
    if len(maps) == len(usable) and len({m[0].names for m in maps}) == 1 and len({m[1].shape[2] for m in maps}) == 1:
        first = maps[0][0]
        scalp = Scalp(
            names=first.names,
            positions=first.positions,
            times_s=first.times_s,
            bins_uv=np.concatenate([m[1] for m in maps]),
        )
    return _Joined(
        times_s=coarsest,
        raw=np.concatenate(raw),
        vertex=np.concatenate(vertex),
        lateral=np.concatenate(lateral) if lateral else None,
        lateral_name=" / ".join(dict.fromkeys(names)) if lateral else "",
        eyes=np.concatenate(eyes),
        scalp=scalp,
    )


def _judge(joined: _Joined, settings: LepSettings) -> tuple[Bools, tuple[tuple[str, int], ...], str]:
    """Return which trials are clean, the reasons of the others, and why the whole cannot be used."""
    flat = (np.ptp(joined.raw, axis=1) < FLAT_UV) | (np.ptp(joined.vertex, axis=1) < FLAT_UV)
    not_finite = ~np.isfinite(joined.vertex).all(axis=1)
    largest = np.abs(joined.vertex).max(axis=1)
    if joined.lateral is not None:
        largest = np.maximum(largest, np.abs(joined.lateral).max(axis=1))
    artefact = largest > settings.reject_uv
    blink = joined.eyes > settings.reject_blink_uv
    reasons = (
        ("flat", flat),
        ("not a number", not_finite & ~flat),
        (f"beyond {settings.reject_uv:g} uV", artefact & ~flat & ~not_finite),
        (f"blink beyond {settings.reject_blink_uv:g} uV", blink & ~artefact & ~flat & ~not_finite),
    )
    kept = ~(flat | not_finite | artefact | blink)
    counted = tuple((why, int(mask.sum())) for why, mask in reasons if mask.any())
    failed = "the signal of Cz is flat" if flat.mean() > 0.5 else ""
    return kept, counted, failed
