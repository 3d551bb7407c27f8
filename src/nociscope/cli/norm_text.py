"""A norm in words for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nociscope.tsv import format_number

if TYPE_CHECKING:
    from nociscope.norms.model import Norm, NormCell, NormCovariate


def norm_lines(norm: Norm, *, active: bool) -> Iterator[str]:
    """Yield the lines that show a norm: source, domain, form and numbers."""
    from nociscope.norms.library import describe

    status = norm.status if active else f"{norm.status}, inactive: name it with --norm {norm.key} to use it"
    yield f"{norm.key}: {norm.title}"
    entries = {
        "status": status,
        "of it": norm.status_note,
        "citation": norm.citation,
        "doi": f"https://doi.org/{norm.doi}" if norm.doi else "",
        "reading": f"{norm.assay} {norm.measure}" + (f" ({norm.unit})" if norm.unit else ""),
        "sites": ", ".join(norm.sites) or "any",
        "methods": ", ".join(norm.methods) or "any",
        "device": norm.device,
        "holds for": "; ".join(_covariate(c) for c in norm.covariates),
        "population": norm.population,
        "people": "" if norm.n is None else str(norm.n),
        "ages": f"{format_number(norm.age_low)} to {format_number(norm.age_high)} years",
        "sexes": ", ".join(norm.sexes),
        "form": f"{norm.form.replace('_', ' ')}: {describe(norm)}",
    }
    for name, text in entries.items():
        if text:
            yield f"  {name + ':':<12}{text}"
    for cell in norm.cells:
        yield f"    {_cell(cell)}"


def _cell(cell: NormCell) -> str:
    """Return one line of a table of norms."""
    numbers = {
        "mean": cell.mean,
        "SD": cell.sd,
        "median": cell.median,
        "lower limit": cell.limit_low,
        "upper limit": cell.limit_high,
        "n": cell.n,
    }
    shown = ", ".join(f"{name} {format_number(x)}" for name, x in numbers.items() if x is not None)
    heights = ""
    if cell.by_height:
        low, high = (None if x is None else format_number(x) for x in (cell.height_low, cell.height_high))
        heights = (
            f", up to {high} cm" if low is None else f", from {low} cm" if high is None else f", {low} to {high} cm"
        )
    return f"{cell.sex} {format_number(cell.age_low)} to {format_number(cell.age_high)} years{heights}: {shown}"


def _covariate(c: NormCovariate) -> str:
    """Return the range of a covariate in words: ``laser energy 2.4 to 2.6 J (and 0.05 J beyond), in its line``."""
    low, high = format_number(c.low), format_number(c.high)
    span = low if low == high else f"{low} to {high}"
    margin = f" (and {format_number(c.margin)} {c.unit} beyond)" if c.margin else ""
    return f"{c.words} {span} {c.unit}{margin}{'' if c.slope is None else ', in its line'}"
