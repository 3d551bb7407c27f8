"""What the groups are set beside: pain, the first visit, and the published studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nociscope.assays.declaration import Assay
from nociscope.report import group_figures as figures
from nociscope.report import page, wording
from nociscope.report.group_words import (
    Row,
    count_in,
    group_word,
    named,
    number_in,
    percent_span,
    percent_word,
    quantity_of,
    span_words,
    with_span,
    word_of,
)
from nociscope.report.rows import title_of


def correlation_words(
    rows: Sequence[Row], groups: Sequence[str], known: Mapping[str, Assay]
) -> tuple[dict[str, Any], ...]:
    """Return a table for each pain measure."""
    out: list[dict[str, Any]] = []
    assay = known.get("questionnaires")
    for pain in dict.fromkeys(str(r["pain"]) for r in rows):
        own = [r for r in rows if r["pain"] == pain]
        by = {(quantity_of(r), str(r["group"])): r for r in own}
        lines = []
        for q in dict.fromkeys(quantity_of(r) for r in own):
            words = named(q, known)
            cells = tuple(_rho(by.get((q, g)), i) for i, g in enumerate(groups))
            lines.append({"title": words.title, "place": words.place, "cells": cells})
        out.append({"title": title_of(pain, assay), "lines": tuple(lines)})
    return tuple(out)


def _rho(row: Row | None, place: int) -> dict[str, str]:
    rho = None if row is None else number_in(row, "rho")
    if row is None or rho is None:
        return {"bar": "", "words": "–", "n": ""}
    bar = figures.correlation_bar(rho, number_in(row, "low"), number_in(row, "high"), figures.colour_of(place))
    return {"bar": bar, "words": with_span(row, "rho", 2, "low", "high"), "n": str(count_in(row, "n"))}


def known_limit(row: Row) -> bool:
    """Tell whether the measurement error of a quantity is known for somebody."""
    return count_in(row, "no_limit") < count_in(row, "n")


def course_words(row: Row, known: Mapping[str, Assay]) -> dict[str, str]:
    """Return the change of a quantity in a group in words."""
    words = named(quantity_of(row), known)
    verdicts = {"improved": "improved", "worsened": "worsened", "changed": "changed", "within_error": "within error"}
    said = [f"{count_in(row, k)} {w}" for k, w in verdicts.items() if count_in(row, k)]
    sign = "+" if (number_in(row, "change") or 0) > 0 else ""
    return {
        "title": words.title,
        "place": words.place,
        "group": group_word(str(row["group"])),
        "n": str(count_in(row, "n")),
        "first": wording.number(number_in(row, "first"), words.decimals),
        "last": wording.with_unit(wording.number(number_in(row, "last"), words.decimals), words.quantity.unit),
        "change": sign + with_span(row, "change", words.decimals, "low", "high"),
        "said": ", ".join(said),
    }


def responder_words(row: Row) -> dict[str, str]:
    """Return how many responded in words."""
    placebo, low, high = (percent_word(number_in(row, f"placebo_{k}")) for k in ("percent", "low", "high"))
    return {
        "group": group_word(str(row["group"])),
        "definition": word_of(row, "definition"),
        "share": f"{count_in(row, 'responders')} of {count_in(row, 'n')}",
        "percent": percent_span(row),
        "placebo": f"{placebo} % ({low} to {high})" if placebo else "",
        "source": word_of(row, "placebo_source", 300),
    }


def published_words(rows: Sequence[Row], groups: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Return a forest plot with its studies for each topic."""
    out: list[dict[str, Any]] = []
    for topic in dict.fromkeys(str(r["topic"]) for r in rows):
        own = [r for r in rows if r["topic"] == topic]
        percent = own[0]["scale"] == "percent"
        title = word_of(own[0], "title", 200)
        lines = [_forest_line(r, groups, percent) for r in own]
        label = f"{title}: this study beside published studies"
        out.append(
            {
                "title": title,
                "svg": figures.forest(lines, label, percent=percent),
                "percent": percent,
                "rule": next((word_of(r, "rule", 200) for r in own if r["kind"] == "own"), ""),
                "studies": tuple(_study(r) for r in own if r["kind"] == "study"),
                "pooled": any(r["kind"] == "pooled" for r in own),
            }
        )
    return tuple(out)


def _forest_line(row: Row, groups: Sequence[str], percent: bool) -> figures.ForestLine:
    name, kind = word_of(row, "name", 80), str(row["kind"])
    value, low, high = (number_in(row, k) for k in ("value", "low", "high"))
    ends = number_in(row, "prediction_low"), number_in(row, "prediction_high")
    count = f"{count_in(row, 'events')} of {count_in(row, 'n')}, " if row.get("events") is not None else ""
    if percent:
        shown, span = f"{percent_word(value)} %", f"{percent_word(low)} to {percent_word(high)}"
    else:
        shown, span = wording.number(value, 2), span_words(low, high, 2)
    first = name.split(" v ")[0]
    return figures.ForestLine(
        name=group_word(name) if kind == "own" else name,
        kind=kind,
        value=value or 0.0,
        low=low,
        high=high,
        words=f"{count}{shown} ({span})" if span else f"{count}{shown}",
        colour=figures.colour_of(groups.index(first)) if kind == "own" and first in groups else "",
        prediction=(ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None,
    )


def _study(row: Row) -> dict[str, str]:
    doi = word_of(row, "doi", 200)
    return {
        "name": word_of(row, "name"),
        "citation": word_of(row, "citation", 400).rstrip("."),
        "note": word_of(row, "note", 500),
        "rule": word_of(row, "rule", 200),
        "doi": doi,
        "address": page.doi_address(doi),
    }


def conflict_words(row: Row) -> dict[str, str]:
    """Return a contradiction between sources in words."""
    doi = word_of(row, "doi", 200)
    words = {k: word_of(row, k, 500) for k in ("what", "claim_a", "source_a", "claim_b", "source_b", "reading")}
    return {**words, "doi": doi, "address": page.doi_address(doi)}
