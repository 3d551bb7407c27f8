"""Norm files: TOML for one norm or many, and a table (TSV) that a laboratory can fill in with a spreadsheet."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from nociscope import files, units
from nociscope.norms.model import HEIGHT_CM, Norm, NormCell, NormCovariate
from nociscope.norms.reference import coefficients
from nociscope.problems import BadInput, Problem
from nociscope.tsv import Column, RawRow, parse_number, split_tsv

MAX_NORM_BYTES = 4 * 2**20

FORMAT = 2
"""The version of the form of norm files that is written. A file without a number is of version 1, which knew no
covariates; all it can say means the same in version 2."""

BUILT_FILE = "own_controls.toml"
"""What :func:`write_norms` calls its file."""

_NORM_FIELDS = tuple(f.name for f in fields(Norm))
_NUMBERS = tuple(f.name for f in fields(Norm) if "float" in str(f.type) and "tuple" not in str(f.type))
_CELL_FIELDS = tuple(f.name for f in fields(NormCell))
_COVARIATE_FIELDS = tuple(f.name for f in fields(NormCovariate))
_PARTS = {"cells": ("a table line", _CELL_FIELDS), "covariates": ("a covariate", _COVARIATE_FIELDS)}
"""Fields that hold tables of their own: what one is called, and its fields."""

_SPLIT = ("measure", "unit", "sites", "scale")
"""Columns of a table that may differ from line to line; each combination becomes a norm of its own."""

_LISTS = ("sites", "methods", "devices", "sexes")


def read_norms(path: Path) -> tuple[Norm, ...]:
    """Read the norms of one file.

    Parameters
    ----------
    path : Path
        ``.toml``: the fields of :class:`Norm` at the top (one norm), or several ``[[norm]]`` tables for which the top
        holds what they share. ``.tsv``: lines ``# field: value``, then a table of ``sex age_low age_high mean sd
        median limit_low limit_high n height_low height_high``, of which `measure`, `unit`, `sites` and `scale` may be
        further columns.

    Raises
    ------
    BadInput
        With one sentence for every field that is wrong.
    """
    text = files.read_text(path, limit=MAX_NORM_BYTES)
    raw = _from_tsv(text, path.name) if path.suffix == ".tsv" else _from_toml(text, path.name)
    norms: list[Norm] = []
    problems: list[Problem] = []
    for entry in raw:
        try:
            norms.append(_checked(entry, path.name))
        except BadInput as error:
            problems += error.problems
    if not raw and path.suffix == ".tsv":  # ``norm = []`` says that none could be built
        problems.append(_problem(path.name, "", "", "there is no norm in the file", "see docs/norms.md"))
    if problems:
        raise BadInput(problems)
    return tuple(norms)


def read_norm(path: Path) -> Norm:
    """Read a file that holds exactly one norm; see :func:`read_norms`."""
    norms = read_norms(path)
    if len(norms) != 1:
        raise BadInput(
            _problem(path.name, "", "", f"one norm was expected and there are {len(norms)}", "use one file a norm")
        )
    return norms[0]


def write_norms(norms: Iterable[Norm], folder: Path) -> Path:
    """Write norms as one TOML file in a folder, so that reading it gives back the same numbers.

    Returns
    -------
    Path
        The file, :data:`BUILT_FILE`.
    """
    path = folder / BUILT_FILE
    files.write_atomic(path, norms_text(norms))
    return path


def norms_text(norms: Iterable[Norm]) -> str:
    """Return norms as TOML, by key."""
    parts = [f"[[norm]]\n{canonical_text(n)}" for n in sorted(norms, key=lambda n: n.key)]
    body = "\n".join(parts) or "norm = []\n"
    return f"# Norms for nociscope; docs/norms.md tells what the fields mean.\nformat = {FORMAT}\n\n{body}"


def canonical_text(norm: Norm) -> str:
    """Return one norm as TOML lines: every field that differs from its default, in the order of the model."""
    lines = []
    for f in fields(Norm):
        value = getattr(norm, f.name)
        default = f.default_factory() if f.default_factory is not NO_DEFAULT else f.default
        if value is None or value == default:
            continue
        lines.append(f"{f.name} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if is_dataclass(value):
        pairs = [(f.name, getattr(value, f.name)) for f in fields(value)]
        return "{ " + ", ".join(f"{n} = {_toml(v)}" for n, v in pairs if v is not None) + " }"
    if isinstance(value, tuple):
        inner = [_toml(v) for v in value]
        if value and (is_dataclass(value[0]) or isinstance(value[0], tuple)):
            return "[\n" + "".join(f"  {v},\n" for v in inner) + "]"
        return "[" + ", ".join(inner) + "]"
    if isinstance(value, str):
        return _toml_text(value)
    return repr(value)


def _toml_text(text: str) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    out = []
    for c in text:
        if c in escapes:
            out.append(escapes[c])
        else:
            out.append(f"\\u{ord(c):04X}" if ord(c) < 32 or ord(c) == 127 else c)
    return '"' + "".join(out) + '"'


# --- reading ------------------------------------------------------------------------------------------------------


def _problem(file: str, column: str, value: object, what: str, remedy: str, row: int | None = None) -> Problem:
    text = "" if value is None else str(value)
    return Problem(what=what, remedy=remedy, code="bad-norm", file=file, row=row, column=column, value=text)


def _from_toml(text: str, file: str) -> list[dict[str, Any]]:
    try:
        top = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(_problem(file, "", "", f"is not TOML ({error})", "correct the file")) from None
    version = top.pop("format", 1)
    if isinstance(version, bool) or version not in range(1, FORMAT + 1):
        what = f"is not a form of norm files that this program reads (it reads up to {FORMAT})"
        raise BadInput(_problem(file, "format", version, what, "use the version of nociscope that wrote the file"))
    many = top.pop("norm", None)
    if many is None:
        return [top]
    if not isinstance(many, list) or not all(isinstance(n, dict) for n in many):
        raise BadInput(_problem(file, "norm", "", "norms must stand in [[norm]] tables", "write [[norm]]"))
    return [{**top, **n} for n in many]


def _from_tsv(text: str, file: str) -> list[dict[str, Any]]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    head: dict[str, Any] = {"form": "table", "status": "local", "doi": ""}
    start = 0
    for start, line in enumerate(lines):
        bare = line.strip().strip('"')
        if bare and not bare.startswith("#"):
            break
        name, colon, value = bare.lstrip("# ").partition(":")
        if colon and re.fullmatch(r"[a-z_0-9]+", name.strip()):
            head[name.strip()] = _head_value(name.strip(), value.strip().rstrip("\t"), file, start + 1)
    header, rows, ragged = split_tsv("\n".join(lines[start:]), file)
    problems = [p.at() for p in ragged]
    problems += [
        _problem(file, n, n, "is not a column of a norm table", f"use {_meant(n, (*_CELL_FIELDS, *_SPLIT))}")
        for n in header
        if n not in _CELL_FIELDS and n not in _SPLIT
    ]
    groups: dict[tuple[tuple[str, str], ...], list[dict[str, Any]]] = {}
    for row in rows:
        group = tuple((c, row.cells[c].strip()) for c in _SPLIT if c in header)
        cell, wrong = _cell(row, start)
        problems += wrong
        groups.setdefault(group, []).append(cell)
    if problems:
        raise BadInput(problems)
    return [_table_norm(head, dict(group), cells) for group, cells in groups.items()]


def _table_norm(head: Mapping[str, Any], group: Mapping[str, str], cells: list[dict[str, Any]]) -> dict[str, Any]:
    norm = {**head, **{k: [v] if k == "sites" else v for k, v in group.items()}, "cells": cells}
    parts = [str(norm.get("key", "")), group.get("measure", ""), group.get("sites", "")]
    norm["key"] = "_".join(p for p in parts if p)
    ages = [c for c in cells if "age_low" in c and "age_high" in c]
    if ages and len(ages) == len(cells):
        norm.setdefault("age_low", min(c["age_low"] for c in ages))
        norm.setdefault("age_high", max(c["age_high"] for c in ages))
    return norm


def _head_value(name: str, text: str, file: str, row: int) -> Any:
    if name in _LISTS:
        return [t.strip() for t in text.split(",") if t.strip()]
    kind = str({f.name: f.type for f in fields(Norm)}.get(name, "str"))
    if "float" in kind or "int" in kind:
        try:
            number = parse_number(text)
        except ValueError:
            raise BadInput(_problem(file, name, text, "is not a number", "correct the line", row)) from None
        return int(number) if number is not None and "int" in kind and number == int(number) else number
    return text


def _cell(row: RawRow, offset: int) -> tuple[dict[str, Any], list[Problem]]:
    cell: dict[str, Any] = {}
    problems = []
    for name in _CELL_FIELDS:
        text = row.cells.get(name, "")
        column = Column(name, name, "text" if name == "sex" else "integer" if name == "n" else "number")
        try:
            value = column.parse(text)
        except ValueError as error:
            problems.append(
                _problem(row.file, name, text, str(error), "correct the cell or write n/a", row.row + offset)
            )
            continue
        if value is not None:
            cell[name] = value
    return cell, problems


@cache
def _adapter() -> Any:
    """Return the pydantic adapter of a norm, cells included; unknown fields are found before it."""
    from pydantic import TypeAdapter

    return TypeAdapter(Norm)


def _meant(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), 1, 0.5)
    return f"one of {', '.join(known)}" if not near else near[0]


def _checked(entry: Mapping[str, Any], file: str) -> Norm:
    """Return the norm that an entry means; every wrong field becomes one sentence."""
    from pydantic import ValidationError

    key = str(entry.get("key", ""))
    label = f"{file}, norm {key}" if key else file
    problems = [_problem(label, *unknown) for unknown in _unknown(entry)]
    known = {n: v for n, v in entry.items() if n in _NORM_FIELDS}
    known.setdefault("doi", "")
    norm: Norm | None = None
    try:
        norm = _adapter().validate_python(known)
    except ValidationError as error:
        problems += [_problem(label, *_said(e), "correct the field") for e in error.errors()]
    if norm is not None:
        norm = replace(norm, unit=units.canonical(norm.unit))
        problems += [_problem(label, *wrong) for wrong in _inconsistencies(norm)]
    if problems or norm is None:
        raise BadInput(problems)
    return norm


def _unknown(entry: Mapping[str, Any]) -> Iterable[tuple[str, object, str, str]]:
    """Yield the fields that no norm, no line of a table and no covariate has."""
    for name in entry:
        if name not in _NORM_FIELDS:
            yield name, name, "is not a field of a norm", f"use {_meant(name, _NORM_FIELDS)}"
    for field, (called, known) in _PARTS.items():
        parts = entry.get(field, ())
        for i, part in enumerate(parts if isinstance(parts, list | tuple) else (), start=1):
            for name in part if isinstance(part, Mapping) else ():
                if name not in known:
                    yield f"{field} line {i}", name, f"is not a field of {called}", f"use {_meant(name, known)}"


def _said(error: Any) -> tuple[str, object, str]:
    """Return column, value and sentence of one pydantic error."""
    loc = list(error["loc"])
    place = f"{loc[0]} line {loc[1] + 1} {loc[2]}" if loc[0] in _PARTS and len(loc) > 2 else str(loc[0])
    if error["type"] in ("missing", "missing_argument", "missing_keyword_only_argument"):
        return place, "", "is missing and is needed"
    message = str(error["msg"])
    return place, error.get("input", ""), f"{message[0].lower()}{message[1:]}"


_NEEDED = {
    "normal": ("mean", "sd"),
    "regression": ("intercept",),
    "percentile_line": ("intercept", "percentile"),
    "table": ("cells",),
    "limit": (),
}


def _inconsistencies(norm: Norm) -> Iterable[tuple[str, object, str, str]]:
    """Yield what cannot be right in a norm whose fields are each of the right kind: column, value, what, remedy."""
    for name in _NUMBERS:
        value = getattr(norm, name)
        if value is not None and not math.isfinite(value):
            yield name, value, "is not a finite number", "correct it"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", norm.key):
        yield "key", norm.key, "is not a key of letters, digits and _ . + -", "give it a plain name"
    for name in _NEEDED[norm.form]:
        if getattr(norm, name) in (None, ()):
            yield name, "", f"is missing and a norm of the form {norm.form} needs it", "add it"
    if norm.form == "limit" and norm.limit_low is None and norm.limit_high is None:
        yield "limit_low", "", "is missing, and limit_high as well; a norm of the form limit needs one", "add it"
    if norm.status in ("read", "derived") and not norm.doi:
        yield "doi", "", f"is empty; a norm with status {norm.status} names its source", "add it or set status local"
    if norm.doi and not re.fullmatch(r"10\.\d{4,9}/\S+", norm.doi):
        yield "doi", norm.doi, "is not a DOI like 10.1371/journal.pone.0191614", "write it without https://doi.org/"
    if norm.age_low > norm.age_high:
        yield "age_low", norm.age_low, f"is above age_high {norm.age_high:g}", "swap them"
    if not set(norm.sexes) <= {"F", "M"} or not norm.sexes:
        yield "sexes", ",".join(norm.sexes), "is not F, M or both", "correct it"
    if norm.percentile is not None and (not 0 < norm.percentile < 100 or norm.percentile == 50):
        yield "percentile", norm.percentile, "is not a centile beside the median", "use a number such as 5 or 95"
    for name in ("sd", "sd_df"):
        value = getattr(norm, name)
        if value is not None and not value > 0:
            yield name, value, "must be above 0", "correct it"
    if norm.mean_se is not None and norm.mean_se < 0:
        yield "mean_se", norm.mean_se, "must not be negative", "correct it"
    yield from _covariance_wrong(norm)
    for i, covariate in enumerate(norm.covariates, start=1):
        yield from _covariate_wrong(i, covariate)
    yield from _limits_wrong("", norm.limit_low, norm.limit_high)
    for i, cell in enumerate(norm.cells, start=1):
        yield from _cell_wrong(i, cell)


def _covariance_wrong(norm: Norm) -> Iterable[tuple[str, object, str, str]]:
    size = len(coefficients(norm))
    if not norm.covariance:
        return
    if [len(r) for r in norm.covariance] != [size] * size:
        what = f"is not {size} by {size} (intercept, age_slope, woman, then the slopes of covariates)"
        yield "covariance", "", what, "correct it"
    elif not all(math.isfinite(x) for row in norm.covariance for x in row):
        yield "covariance", "", "holds a number that is not finite", "correct it"


def _covariate_wrong(i: int, covariate: NormCovariate) -> Iterable[tuple[str, object, str, str]]:
    where = f"covariates line {i} "
    for name in ("low", "high", "margin", "centre", "slope"):
        value = getattr(covariate, name)
        if value is not None and not math.isfinite(value):
            yield f"{where}{name}", value, "is not a finite number", "correct it"
    if covariate.low > covariate.high:
        yield f"{where}low", covariate.low, f"is above high {covariate.high:g}", "swap them"
    if covariate.margin < 0:
        yield f"{where}margin", covariate.margin, "must not be negative", "correct it"
    if covariate.name == HEIGHT_CM and covariate.unit != "cm":
        yield f"{where}unit", covariate.unit, "is not the unit of height_cm", "write cm, and numbers in cm"


def _cell_wrong(i: int, cell: NormCell) -> Iterable[tuple[str, object, str, str]]:
    where = f"cells line {i} "
    for name in _CELL_FIELDS[1:]:
        value = getattr(cell, name)
        if value is not None and not math.isfinite(value):
            yield f"{where}{name}", value, "is not a finite number", "correct it"
    if cell.age_low > cell.age_high:
        yield f"{where}age_low", cell.age_low, f"is above age_high {cell.age_high:g}", "swap them"
    if cell.sd is not None and not cell.sd > 0:
        yield f"{where}sd", cell.sd, "must be above 0", "correct it"
    if cell.sd is not None and cell.mean is None and cell.median is None:
        yield f"{where}mean", "", "is missing beside an sd", "add it"
    if all(v is None for v in (cell.sd, cell.limit_low, cell.limit_high)):
        yield f"{where}sd", "", "is missing, and the limits as well", "give mean and sd, or a limit"
    if cell.height_low is not None and cell.height_high is not None and cell.height_low > cell.height_high:
        yield f"{where}height_low", cell.height_low, f"is above height_high {cell.height_high:g}", "swap them"
    yield from _limits_wrong(where, cell.limit_low, cell.limit_high)


def _limits_wrong(where: str, low: float | None, high: float | None) -> Iterable[tuple[str, object, str, str]]:
    if low is not None and high is not None and low > high:
        yield f"{where}limit_low", low, f"is above limit_high {high:g}", "swap them"
