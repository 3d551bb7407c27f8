"""Settings: ``code/nociscope.toml`` of a study and a file named by the user, typed by what each assay declares.

A section per assay, ``[lep]``; free mappings in ``[rules]``, ``[norms]`` and ``[mechanisms]`` for those who read
them. A name that nobody declared is refused: a setting that is misspelt would otherwise silently keep its default.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import os
import tomllib
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nociscope import files
from nociscope.problems import BadInput, InputMissing, InvalidStudy, Problem, clean_text

if TYPE_CHECKING:
    from nociscope.assays.declaration import Assay

STUDY_FILE = "code/nociscope.toml"
MAX_BYTES = 2**20
FREE_SECTIONS = ("rules", "norms", "mechanisms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a run.

    Attributes
    ----------
    assays : mapping
        Assay name -> an instance of its settings dataclass, for every assay there is.
    rules, norms, mechanisms : mapping
        The free sections.
    sources : tuple of str
        The files that were read: ``code/nociscope.toml``, and the name of the user's file.
    """

    assays: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    norms: Mapping[str, Any] = field(default_factory=dict)
    mechanisms: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    def assay(self, name: str) -> Any:
        """Return the settings of an assay.

        Raises
        ------
        KeyError
            There is no such assay.
        """
        return self.assays[name]

    def as_dict(self) -> dict[str, Any]:
        """Return all settings as JSON can hold them, defaults included."""
        content = {name: plain(value) for name, value in self.assays.items()}
        content.update({name: plain(getattr(self, name)) for name in FREE_SECTIONS})
        return content


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting, for a listing."""

    assay: str
    name: str
    type: str
    unit: str
    default: Any
    meaning: str
    source: str


def load_settings(root: Path | None, file: Path | None = None, *, assays: Sequence[Assay] | None = None) -> Settings:
    """Read the settings of a study, and a file that overrides them value by value.

    Parameters
    ----------
    root : Path or None
        The study; its ``code/nociscope.toml`` may be absent.
    file : Path or None
        A file named by the user. Where both files give a value, this one's is taken; event maps and other nested
        mappings are joined key by key.
    assays : sequence of Assay, optional
        Default: all that are registered.

    Raises
    ------
    InputMissing
        The user's file does not exist.
    InvalidStudy
        The study's file is not TOML, or has a wrong name, type or value.
    BadInput
        The same of the user's file.
    """
    if assays is None:
        from nociscope.assays.registry import assays as registered

        assays = registered()
    content: dict[str, Any] = {}
    sources: list[str] = []
    if root is not None and os.path.lexists(root / STUDY_FILE):
        if not files.inside(root, root / STUDY_FILE):
            raise InvalidStudy(
                Problem(
                    what="the link leads out of the study, so it is not followed",
                    remedy="put the file itself into the study",
                    code="outside-study",
                    file=STUDY_FILE,
                )
            )
        try:
            content = read_toml(root / STUDY_FILE, STUDY_FILE)
            _typed(content, assays, STUDY_FILE)
        except BadInput as error:
            raise InvalidStudy(error.problems) from None
        sources.append(STUDY_FILE)
    if file is not None:
        if not file.exists():
            raise InputMissing(f"{file}: there is no such settings file.")
        mine = read_toml(file, file.name)
        _typed(mine, assays, file.name)
        content = _joined(content, mine)
        sources.append(file.name)
    typed = _typed(content, assays, " and ".join(sources))
    free = {name: content.get(name, {}) for name in FREE_SECTIONS}
    return Settings(assays=typed, sources=tuple(sources), **free)


def read_toml(path: Path, name: str) -> dict[str, Any]:
    """Read a TOML file of at most 1 MiB.

    Raises
    ------
    BadInput
        It is not such a file.
    """
    text = files.read_text(path, name, MAX_BYTES)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _bad(name, f"is not TOML ({error})", "correct the file") from None
    except RecursionError:
        raise _bad(name, "is nested too deep to be read", "flatten it") from None


def describe_settings(assays: Sequence[Assay] | None = None) -> tuple[SettingRow, ...]:
    """Return every setting with its unit, default, meaning and source."""
    if assays is None:
        from nociscope.assays.registry import assays as registered

        assays = registered()
    rows: list[SettingRow] = []
    for assay in assays:
        defaults = assay.settings()
        hints = typing.get_type_hints(assay.settings)
        rows += [
            SettingRow(
                assay=assay.name,
                name=f.name,
                type=_type_name(hints[f.name]),
                unit=f.metadata.get("unit", ""),
                default=plain(getattr(defaults, f.name)),
                meaning=f.metadata.get("meaning", ""),
                source=f.metadata.get("source", ""),
            )
            for f in dataclasses.fields(assay.settings)
        ]
    return tuple(rows)


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: dataclasses and mappings as objects, tuples and sets as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(v) for v in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _bad(file: str, what: str, remedy: str, *, code: str = "bad-settings") -> BadInput:
    return BadInput(Problem(what=what, remedy=remedy, code=code, file=file))


def _joined(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Join two nested mappings; where both have a value, that of `over` is taken."""
    joined = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(joined.get(key), Mapping)
        joined[key] = _joined(joined[key], value) if both else value
    return joined


def _typed(content: Mapping[str, Any], assays: Sequence[Assay], file: str) -> dict[str, Any]:
    """Return the settings of every assay, having refused what nobody declared."""
    known = {assay.name: assay for assay in assays}
    for name, section in content.items():
        if name not in known and name not in FREE_SECTIONS:
            raise _bad(
                file,
                f"there is no section [{name}]{_suggestion(name, [*known, *FREE_SECTIONS])}",
                "correct or remove it",
                code="unknown-setting",
            )
        if not isinstance(section, Mapping):
            raise _bad(file, f"{name} is not a section", f"write [{name}] and its values below")
    return {name: _section(assay, content.get(name, {}), file) for name, assay in known.items()}


def _suggestion(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else f" (there are {', '.join(known)})" if known else ""


def _section(assay: Assay, section: Mapping[str, Any], file: str) -> Any:
    if not section:
        return assay.settings()
    fields = {f.name: f for f in dataclasses.fields(assay.settings)}
    hints = typing.get_type_hints(assay.settings)
    values: dict[str, Any] = {}
    for name, value in section.items():
        where = f"{assay.name}.{name}"
        if name not in fields:
            raise _bad(
                file,
                f"the assay {assay.name} has no setting {name}{_suggestion(name, list(fields))}",
                "correct or remove it",
                code="unknown-setting",
            )
        values[name] = _value(hints[name], value, where, file, fields[name].metadata.get("unit", ""))
    try:
        return assay.settings(**values)
    except ValueError as error:
        raise _bad(file, f"the settings of {assay.name} cannot be right ({error})", "correct them") from None


def _value(kind: Any, value: Any, where: str, file: str, unit: str) -> Any:
    """Return a value as the declared type, without guessing: the text "30" is no number."""
    from pydantic import TypeAdapter, ValidationError

    _refuse_unknown_keys(kind, value, where, file)
    try:
        as_json = json.dumps(plain(value), allow_nan=False)
    except ValueError:
        raise _bad(file, f"{where} holds a number that is not finite", "give a number") from None
    try:
        return TypeAdapter(kind).validate_json(as_json, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join([where, *(str(p) for p in first["loc"])])
        expected = first["msg"].replace("Input should be ", "expected ")
        of_unit = f" in {unit}" if unit else ""
        found = _shown(first.get("input", value))
        raise _bad(
            file, f"{place} is {found}, {expected[0].lower()}{expected[1:]}{of_unit}", "correct the value"
        ) from None


def _refuse_unknown_keys(kind: Any, value: Any, where: str, file: str) -> None:
    """Refuse names within a value that a dataclass inside the declared type does not have."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type) and isinstance(value, Mapping):
        hints = typing.get_type_hints(kind)
        for name, inner in value.items():
            if name not in hints:
                raise _bad(
                    file,
                    f"{where} has no entry {name}{_suggestion(name, list(hints))}",
                    "correct or remove it",
                    code="unknown-setting",
                )
            _refuse_unknown_keys(hints[name], inner, f"{where}.{name}", file)
        return
    arguments = typing.get_args(kind)
    if not arguments:
        return
    inner_kind = arguments[-1] if arguments[-1] is not Ellipsis else arguments[0]
    inner_values = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in inner_values:
        _refuse_unknown_keys(inner_kind, inner, f"{where}.{key}", file)


def _shown(value: Any) -> str:
    return clean_text(json.dumps(plain(value), ensure_ascii=False), 80)


def _type_name(kind: Any) -> str:
    return (
        kind.__name__
        if isinstance(kind, type) and not typing.get_args(kind)
        else str(kind).replace("typing.", "").replace("collections.abc.", "")
    )
