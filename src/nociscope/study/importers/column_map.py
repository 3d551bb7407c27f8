"""Column maps: which column of a source goes where, in a TOML or YAML file.

::

    [source]                      # all optional
    delimiter = ";"
    encoding = "cp1252"
    missing = ["-99", "."]

    [participant]
    id = "PATIENT_NUM"
    renumber = true               # sub-00001 … instead of the source's own numbers

    [session]
    column = "visit"              # or: label = "baseline"
    values = { "V1" = "baseline" }

    [participants]
    age = "AGE"
    sex = { column = "SEX", values = { male = "M", female = "F" } }

    [tables.pain_nrs]             # one row of the table for each row of the source
    q1 = "PAIN_NOW"

    [[rows.qst]]                  # a row of its own for each block: wide values become long
    site = { value = "foot_dorsum" }
    side = { value = "left" }
    parameter = { value = "cdt" }
    unit = { value = "delta_degC" }
    value = "CDT_FOOT_L"
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nociscope import files
from nociscope.problems import BadInput, NociscopeError, Problem, clean_text

MAX_MAP_BYTES = 4 * 2**20

_SECTIONS = ("source", "participant", "session", "participants", "tables", "rows")
_SOURCE = ("delimiter", "encoding", "missing", "sheet")
_PARTICIPANT = ("id", "renumber")
_SESSION = ("column", "label", "values")
_CELL = ("column", "value", "values", "scale", "offset", "unit", "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRule:
    """Where the cell of a target column comes from.

    Attributes
    ----------
    column : str
        Column of the source; empty for a constant.
    value : str
        The constant.
    values : mapping
        Cell of the source -> cell of the target; a cell that is not listed is refused where there is a mapping.
    scale, offset : float
        Applied to a number: scale * x + offset.
    unit, to : str
        Unit of the source's number, and the one to convert it to.
    """

    column: str = ""
    value: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    to: str = ""

    @property
    def numeric(self) -> bool:
        """Whether the cell is computed with."""
        return self.scale != 1.0 or self.offset != 0.0 or bool(self.to)

    def words(self) -> str:
        """Return what is done to the cell, empty when it is taken as it is."""
        parts = []
        if self.values:
            parts.append(f"{len(self.values)} codes recoded")
        if self.to:
            parts.append(f"{self.unit} to {self.to}")
        if self.scale != 1.0 or self.offset != 0.0:
            parts.append(f"times {self.scale:g} plus {self.offset:g}")
        return ", ".join(parts)


Block = Mapping[str, CellRule]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMap:
    """A column map; see the module's text for its form.

    `blocks` lists table and target column -> rule; each block makes one row of its table from each row of the source.
    """

    delimiter: str = ""
    encoding: str = "utf-8"
    sheet: str = ""
    missing: frozenset[str] = frozenset()
    person: str = ""
    renumber: bool = False
    session: CellRule | None = None
    people: Block = field(default_factory=dict)
    blocks: tuple[tuple[str, Block], ...] = ()

    def used(self) -> tuple[str, ...]:
        """Return the columns of the source that the map uses."""
        rules = [*self.people.values(), *(r for _, b in self.blocks for r in b.values())]
        rules += [self.session] if self.session is not None else []
        return tuple(dict.fromkeys([*([self.person] if self.person else []), *(r.column for r in rules if r.column)]))


def read_map(path: Path) -> ColumnMap:
    """Read a column map.

    Raises
    ------
    BadInput
        It cannot be read, or says what is not understood; every fault is named.
    NociscopeError
        It is YAML and the package for it is not installed.
    """
    from nociscope.study.importers.sheet import existing

    text = files.read_text(existing(path), path.name, MAX_MAP_BYTES)
    if path.suffix.lower() in (".yaml", ".yml"):
        content = _yaml(text, path.name)
    else:
        try:
            content = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            what = f"is not TOML ({clean_text(error, 160)})"
            raise BadInput(Problem(what=what, remedy="correct it", code="bad-map", file=path.name)) from None
    return map_from(content, path.name)


def _yaml(text: str, name: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise NociscopeError(
            "Reading a map in YAML needs the package PyYAML; write the map in TOML instead."
        ) from None
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        what = f"is not YAML ({clean_text(error, 160)})"
        raise BadInput(Problem(what=what, remedy="correct it", code="bad-map", file=name)) from None


def map_from(content: Any, name: str = "map") -> ColumnMap:
    """Return the column map that a parsed file holds.

    Raises
    ------
    BadInput
        Something in it is not understood.
    """
    faults = _Faults(name)
    if not isinstance(content, Mapping):
        raise BadInput(
            Problem(what="is no table of sections", remedy="see docs/importing.md", code="bad-map", file=name)
        )
    faults.unknown("", content, _SECTIONS)
    source = faults.section(content, "source", _SOURCE)
    participant = faults.section(content, "participant", _PARTICIPANT)
    session = faults.section(content, "session", _SESSION)
    missing = source.get("missing", [])
    if not isinstance(missing, list) or not all(_plain(m) for m in missing):
        faults.add("source.missing", "is no list of cells")
        missing = []
    delimiter, encoding, sheet = (faults.text("source", source, key) for key in ("delimiter", "encoding", "sheet"))
    if len(delimiter) > 1:
        faults.add("source.delimiter", "is not one character")
    blocks: list[tuple[str, Block]] = []
    for table, block in faults.mapping(content, "tables").items():
        blocks.append((str(table), faults.block(f"tables.{table}", block)))
    for table, several in faults.mapping(content, "rows").items():
        if not isinstance(several, list):
            faults.add(f"rows.{table}", "is no list; write [[rows.…]] with two brackets")
            continue
        blocks += [(str(table), faults.block(f"rows.{table}", block)) for block in several]
    if not isinstance(participant.get("id", ""), str):
        faults.add("participant.id", "is no column name")
    people = faults.block("participants", content.get("participants", {}))
    rule = None
    if session:
        given = {
            "column": session.get("column", ""),
            "value": session.get("label", ""),
            "values": session.get("values", {}),
        }
        rule = faults.cell("session", {k: v for k, v in given.items() if v})
    for table, _ in blocks:
        if not table.replace("_", "a").isalnum() or not table.isascii():
            faults.add(f"tables.{table}", "is no table name of letters, digits and _")
    faults.close()
    return ColumnMap(
        delimiter=delimiter,
        encoding=encoding or "utf-8",
        sheet=sheet,
        missing=frozenset(str(m).strip() for m in missing),
        person=participant.get("id", ""),
        renumber=bool(participant.get("renumber", False)),
        session=rule,
        people=people,
        blocks=tuple(blocks),
    )


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float)


class _Faults:
    """Everything that is wrong with a map, said at once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []

    def add(self, place: str, what: str) -> None:
        self.problems.append(
            Problem(what=what, remedy="see docs/importing.md", code="bad-map", file=self.name, column=place)
        )

    def unknown(self, place: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
        for key in given:
            if key not in known:
                self.add(f"{place}.{key}".strip("."), f"is not understood; there are {', '.join(known)}")

    def mapping(self, content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        found = content.get(name, {})
        if isinstance(found, Mapping):
            return found
        self.add(name, "is no section")
        return {}

    def section(self, content: Mapping[str, Any], name: str, known: Iterable[str]) -> Mapping[str, Any]:
        found = self.mapping(content, name)
        self.unknown(name, found, known)
        return found

    def block(self, place: str, given: Any) -> Block:
        if not isinstance(given, Mapping):
            self.add(place, "is no section of columns")
            return {}
        return {str(target): self.cell(f"{place}.{target}", entry) for target, entry in given.items()}

    def cell(self, place: str, entry: Any) -> CellRule:
        if isinstance(entry, str):
            return CellRule(column=entry)
        if not isinstance(entry, Mapping):
            self.add(place, "is neither a column name nor a section such as { column = …, values = … }")
            return CellRule()
        self.unknown(place, entry, _CELL)
        values = entry.get("values", {})
        for key in ("column", "value", "unit", "to"):
            self.text(place, entry, key)
        numbers = {n: entry.get(n, d) for n, d in (("scale", 1.0), ("offset", 0.0))}
        if not isinstance(values, Mapping):
            self.add(f"{place}.values", "is no section of cells")
            values = {}
        for key, number in numbers.items():
            if isinstance(number, bool) or not isinstance(number, int | float):
                self.add(f"{place}.{key}", "is no number")
                numbers[key] = 1.0
        if bool(entry.get("column")) == ("value" in entry):
            self.add(place, "needs either a column or a value")
        if bool(entry.get("unit")) != bool(entry.get("to")):
            self.add(place, "unit and to go together: the source's unit, and the one to convert to")
        return CellRule(
            column=str(entry.get("column", "")),
            value=str(entry.get("value", "")),
            values={str(k).strip(): self.text(f"{place}.values", values, k) for k in values if _plain(k)},
            scale=float(numbers["scale"]),
            offset=float(numbers["offset"]),
            unit=str(entry.get("unit", "")),
            to=str(entry.get("to", "")),
        )

    def text(self, place: str, given: Mapping[Any, Any], key: Any) -> str:
        """Return a plain entry as text; lists and sections are a fault, and are not looked into."""
        value = given.get(key, "")
        if _plain(value):
            return str(value)
        self.add(f"{place}.{key}".strip("."), "is no plain text or number")
        return ""

    def close(self) -> None:
        if self.problems:
            raise BadInput(self.problems)
