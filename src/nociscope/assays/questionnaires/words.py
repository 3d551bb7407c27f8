"""An instrument in words, for the command line and the documentation."""

from __future__ import annotations

from nociscope.assays.questionnaires.instrument import Instrument, ScoreRule, instruments
from nociscope.tsv import format_number


def instrument_lines(instrument: Instrument) -> list[str]:
    """Return an instrument's source, columns, scores, missing rule and cut-offs, a line each."""
    doi = f" doi:{instrument.doi}" if instrument.doi else ""
    lines = [
        f"{instrument.key}: {instrument.title}",
        f"  {instrument.about}",
        f"  source: {instrument.citation}{doi} ({instrument.status})",
        f"  {instrument.status_note}",
        f"  rights: {instrument.copyright}",
        f"  missing: {instrument.missing_rule}",
        f"  table: phenotype/{instrument.key}.tsv",
    ]
    for item in instrument.items:
        points = f"; points {_pairs(item.points)}, else 0" if item.points is not None else ""
        words = {"time": "HH:MM", "yes_no": "yes or no", "free": "any"}
        span = words.get(item.kind, _span(item.minimum, item.maximum))
        lines.append(f"    {item.name:<22} {item.about} [{span}{points}]")
    if (total := instrument.total) is not None:
        span = _span(total.minimum, total.maximum)
        lines.append(f"    {'total':<22} instead of the items: {total.title} [{span}]")
    lines += [
        f"  gate: {g.item} = {format_number(g.code)} makes {', '.join(g.followers)} count 0" for g in instrument.gates
    ]
    for name, rule in instrument.measures:
        lines.append(f"  {name}: {rule.meaning} [{_span(rule.minimum, rule.maximum)}]")
        lines += _cut_off_lines(rule)
    return lines


def _cut_off_lines(rule: ScoreRule) -> list[str]:
    cut = rule.cut_offs
    if cut is None:
        return []
    bands = "; ".join(f"from {format_number(low)} {label}" for low, label in zip(cut.lower, cut.labels, strict=True))
    status = "" if cut.active else f", {cut.status}, inactive"
    source = f" doi:{cut.doi}" if cut.doi else ""
    return [f"    bands: {bands}{source}{status}", *([f"      {cut.note}"] if cut.note else [])]


def _span(low: float, high: float) -> str:
    return f"{format_number(low)} to {format_number(high)}"


def _pairs(points: object) -> str:
    if not isinstance(points, dict):
        return ""
    return ", ".join(f"{format_number(code)}: {format_number(worth)}" for code, worth in points.items())


def instruments_markdown() -> str:
    """Return the documentation table of all instruments."""
    lines = [
        "| table | instrument | items | measures | missing items | source |",
        "|---|---|---|---|---|---|",
    ]
    for i in instruments():
        names = (
            ", ".join(f"`{name}`" for name, rule in i.measures if rule is not i.total or rule in i.shown) or "none"
        )
        source = f"[{i.doi}](https://doi.org/{i.doi})" if i.doi else i.citation
        lines.append(f"| `{i.key}` | {i.title} | {_item_words(i)} | {names} | {i.missing_rule} | {source} |")
    return "\n".join(lines) + "\n"


def cut_offs_markdown() -> str:
    """Return the documentation table of all cut-offs."""
    lines = ["| measure | bands | status | source |", "|---|---|---|---|"]
    for i in instruments():
        for name, rule in i.measures:
            cut = rule.cut_offs
            if cut is None:
                continue
            bands = "; ".join(
                f"{format_number(low)} {label}" for low, label in zip(cut.lower, cut.labels, strict=True)
            )
            doi = f"[{cut.doi}](https://doi.org/{cut.doi})" if cut.doi else ""
            source = ". ".join(part for part in (doi, cut.note) if part)
            lines.append(
                f"| `{name}` | from {bands} | {cut.status if cut.active else 'unverified, not shown'} | {source} |"
            )
    return "\n".join(lines) + "\n"


def _item_words(instrument: Instrument) -> str:
    """Return an instrument's items, runs of one kind together."""
    runs: list[tuple[str, list[str]]] = []
    for item in instrument.items:
        span = {"time": "HH:MM", "yes_no": "yes, no", "free": "any"}.get(
            item.kind, f"{item.minimum:g}-{item.maximum:g}"
        )
        if not runs or runs[-1][0] != span:
            runs.append((span, []))
        runs[-1][1].append(item.name)
    return "; ".join(f"`{n[0]}`" + (f" … `{n[-1]}`" if len(n) > 1 else "") + f" ({span})" for span, n in runs)
