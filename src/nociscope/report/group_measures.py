"""The quantities of the group page: every person as a point, the comparisons, and everyone at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nociscope.assays.declaration import Assay
from nociscope.cohort.quantities import Quantity
from nociscope.report import group_figures as figures
from nociscope.report import wording
from nociscope.report.group_words import (
    Named,
    Row,
    Tables,
    count_in,
    group_word,
    named,
    number_in,
    quantity_of,
    with_span,
    word_of,
)
from nociscope.report.rows import title_of
from nociscope.tsv import MISSING

_MOST_COLUMNS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCells:
    """One group in the table of a quantity; `against` are its comparisons, one for each reference."""

    group: str
    colour: str
    n: str
    median: str
    mean: str
    bounds: str
    sd: str
    beyond: str
    against: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A quantity with its groups."""

    words: Named
    groups: tuple[GroupCells, ...]
    notes: tuple[str, ...]


def blocks(tables: Tables, groups: Sequence[str], known: Mapping[str, Assay]) -> list[tuple[Block, int | None]]:
    """Return every quantity with its groups, those that are shown first in their order."""
    against: dict[tuple[Quantity, str], list[Row]] = {}
    for r in tables["comparisons"]:
        against.setdefault((quantity_of(r), str(r["group"])), []).append(r)
    rows: dict[Quantity, list[Row]] = {}
    for r in tables["descriptives"]:
        rows.setdefault(quantity_of(r), []).append(r)
    out: list[tuple[Block, int | None]] = []
    for q, own in rows.items():
        words = named(q, known)
        mine = {g: against.get((q, g), []) for g in groups}
        cells = tuple(
            _group_cells(r, words, groups.index(str(r["group"])), mine[str(r["group"])])
            for r in own
            if r["group"] in groups
        )
        notes = dict.fromkeys(word_of(c, "remark") for g in groups for c in mine[g] if c.get("remark"))
        if any(r.get("scale") == "log10" and number_in(r, "mean") is not None for r in own):
            notes["means are geometric; deviation and Hedges’ g are of decimal logarithms"] = None
        key = own[0].get("key")
        out.append((Block(words=words, groups=cells, notes=tuple(notes)), key if isinstance(key, int) else None))
    return sorted(out, key=lambda item: item[1] or 0)


def _group_cells(row: Row, words: Named, place: int, against: Sequence[Row]) -> GroupCells:
    missing = count_in(row, "missing")
    bound = {"below": "< ", "above": "> "}.get(str(row.get("median_censored")), "")
    sd = number_in(row, "sd")
    decimals = 2 if row.get("scale") == "log10" else words.decimals
    compared = count_in(row, "compared")
    beyond = [f"{count_in(row, k)} {k}" for k in ("loss", "gain", "abnormal") if count_in(row, k)]
    bounds = [
        f"{count_in(row, k)} only known to be {w}"
        for k, w in (("below", "lower"), ("above", "higher"))
        if count_in(row, k)
    ]
    return GroupCells(
        group=group_word(str(row["group"])),
        colour=figures.colour_of(place),
        n=f"{count_in(row, 'n')}" + (f" ({missing} missing)" if missing else ""),
        median=bound + with_span(row, "median", words.decimals) if number_in(row, "median") is not None else "",
        mean=with_span(row, "mean", words.decimals),
        bounds=", ".join(bounds),
        sd="" if sd is None else wording.number(sd, decimals),
        beyond=f"{' and '.join(beyond) or 'none'} of {compared}" if compared else "",
        against=tuple(_against(c) for c in against),
    )


def _against(row: Row) -> dict[str, str]:
    p, adjusted = number_in(row, "p"), number_in(row, "p_holm")
    return {
        "reference": group_word(str(row["reference"])),
        "g": with_span(row, "g", 2),
        "auc": with_span(row, "auc", 2),
        "p": _p(p),
        "holm": _p(adjusted),
        "bh": _p(number_in(row, "p_bh")),
    }


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def by_assay(blocks: Iterable[Block], titles: Mapping[str, str]) -> tuple[tuple[str, tuple[Block, ...]], ...]:
    """Return blocks by test, with the name of the test."""
    found: dict[str, list[Block]] = {}
    for b in blocks:
        found.setdefault(b.words.quantity.assay, []).append(b)
    return tuple((titles.get(a, wording.shown(a, 80)), tuple(own)) for a, own in found.items())


def telling(rows: Sequence[Row], keys: Sequence[Block], people: Mapping[str, Row]) -> tuple[dict[str, Any], ...]:
    """Return for each comparison of groups how many intervals leave out chance, and which of those shown first."""
    titles = {b.words.quantity: b.words for b in keys}
    out: list[dict[str, Any]] = []
    for pair in dict.fromkeys((str(r["group"]), str(r["reference"])) for r in rows):
        own = [r for r in rows if (r["group"], r["reference"]) == pair]
        first = [r for r in own if r.get("key") is not None]
        out.append(
            {
                "pair": f"{group_word(pair[0])} beside {group_word(pair[1])}",
                "ages": tuple(wording.number(number_in(people.get(g, {}), "age_mean"), 1) for g in pair),
                "first": _counts(first),
                "others": _counts([r for r in own if r.get("key") is None]),
                "which": tuple(
                    f"{titles[quantity_of(r)].title} {with_span(r, 'auc', 2)}" for r in first if _leaves_out_chance(r)
                ),
            }
        )
    return tuple(out)


def _leaves_out_chance(row: Row) -> bool:
    value, low, high = (number_in(row, k) for k in ("auc", "auc_low", "auc_high"))
    if low is None or high is None:
        return value in (0.0, 1.0) and number_in(row, "p") is not None
    return low > 0.5 or high < 0.5


def _counts(rows: Sequence[Row]) -> dict[str, str]:
    tested = [r for r in rows if number_in(r, "p") is not None]
    return {
        "tested": str(len(tested)),
        "beyond": str(sum(_leaves_out_chance(r) for r in tested)),
        "chance": wording.number(0.05 * len(tested), 0 if len(tested) > 30 else 1),
        "holm": str(sum((number_in(r, "p_holm") or 0) < 0.05 for r in tested)),
    }


def strips(tables: Tables, groups: Sequence[str], keys: Sequence[Block]) -> tuple[dict[str, str], ...]:
    """Return a strip plot for each quantity that is shown first."""
    wanted = {b.words.quantity: b for b in keys}
    points: dict[tuple[Quantity, str], list[tuple[float, str]]] = {}
    for r in tables["values"]:
        q = quantity_of(r)
        value = number_in(r, "value")
        if q in wanted and value is not None:
            points.setdefault((q, str(r["group"])), []).append((value, str(r["censored"])))
    middles = {(quantity_of(r), str(r["group"])): r for r in tables["descriptives"] if r.get("key") is not None}
    out: list[dict[str, str]] = []
    for q, block in wanted.items():
        clouds = [_cloud(g, points.get((q, g), []), middles.get((q, g), {})) for g in groups]
        logarithmic = any(r.get("scale") == "log10" for (own, _), r in middles.items() if own == q)
        words = block.words
        label = f"{words.title}{', ' + words.place.lower() if words.place else ''}, every person by group"
        svg = figures.strip(clouds, words.unit, label, logarithmic)
        if svg:
            out.append({"svg": svg, "title": words.title, "place": words.place, "loss": words.loss,
                        "method": words.method, "said": _said(block)})  # fmt: skip
    return tuple(out)


def _cloud(group: str, values: Sequence[tuple[float, str]], middle: Row) -> figures.Cloud:
    return figures.Cloud(
        name=group_word(group),
        values=values,
        median=number_in(middle, "median"),
        low=number_in(middle, "median_low"),
        high=number_in(middle, "median_high"),
    )


def _said(block: Block) -> str:
    """Return the comparisons of a quantity as one line."""
    parts = []
    for g in block.groups:
        for a in g.against:
            pair = f"{g.group} v {a['reference']}: " if len(block.groups) > 2 else ""
            effect = [f"g {a['g']}"] if a["g"] else []
            effect += [f"area {a['auc']}"] if a["auc"] else []
            said = pair + "; ".join(effect)
            parts.append(said[:1].upper() + said[1:] if said.startswith("area") else said)
    return ". ".join(parts)


def heat(tables: Tables, groups: Sequence[str], known: Mapping[str, Assay], most: int) -> dict[str, Any] | None:
    """Return the heat map of z by person and measure; None where nobody has a z."""
    z: dict[Quantity, dict[str, float]] = {}
    for r in tables["values"]:
        value = number_in(r, "z")
        q = quantity_of(r)
        if value is not None and not q.of_part:
            z.setdefault(q, {})[str(r["participant_id"])] = value
    if not z:
        return None
    keys = {quantity_of(r) for r in tables["descriptives"] if r.get("key") is not None}
    shown = set(_columns(z, keys))
    columns = [q for q in z if q in shown]
    people = dict.fromkeys((str(r["participant_id"]), str(r["group"])) for r in tables["values"])
    ordered = sorted(people, key=lambda p: groups.index(p[1]) if p[1] in groups else len(groups))[:most]
    rows = [figures.HeatRow(name=p, group=group_word(g), z=[z[q].get(p) for q in columns]) for p, g in ordered]
    names = [_column(q, known) for q in columns]
    label = f"Oriented z of {len(rows)} people in {len(columns)} measures, by group"
    return {
        "svg": figures.heat_map(rows, names, [q.assay for q in columns], label),
        "people": len(rows),
        "people_left": len(people) - len(rows),
        "columns": len(columns),
        "columns_left": len(z) - len(columns),
        "missing": sum(v is None for row in rows for v in row.z),
        "cells": len(rows) * len(columns),
    }


def _columns(z: Mapping[Quantity, Mapping[str, float]], keys: set[Quantity]) -> list[Quantity]:
    """Return the quantities of the heat map: those that are shown first, then each test's in turn, by people."""
    turn: dict[str, int] = {}
    places: dict[Quantity, tuple[int, int]] = {}
    for q in sorted(z, key=lambda q: (q not in keys, -len(z[q]))):
        turn[q.assay] = turn.get(q.assay, -1) + 1
        places[q] = (-1 if q in keys else turn[q.assay], -len(z[q]))
    return sorted(places, key=lambda q: places[q])[:_MOST_COLUMNS]


def _column(q: Quantity, known: Mapping[str, Assay]) -> str:
    assay = known.get(q.assay)
    title = title_of(q.measure, assay)
    name = title if len(title) <= 20 else q.measure.replace("_", " ")
    return name if q.site == MISSING else f"{name}, {wording.shown(q.site, 30).replace('_', ' ')}"
