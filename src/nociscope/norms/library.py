"""Which norms there are: those shipped, and those in a folder of the user's, which go first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from nociscope import files
from nociscope.norms.files import canonical_text, read_norms
from nociscope.norms.model import Norm
from nociscope.problems import BadInput, InputMissing, Problem, UsageError
from nociscope.results import NormUsed
from nociscope.tables import Score

LABORATORY = "laboratory_limits"
"""The norm of a score that was made against limits which came with the value."""

_LABORATORY_USED = NormUsed(
    key=LABORATORY,
    title="Limits of the laboratory",
    citation="Given beside each value in the study's tables.",
    doi="",
    status="local",
    population="as the laboratory determined it",
    sha256="",
)

SHIPPED = Path(__file__).parent / "data"
"""The folder of the norms that come with the program."""


@dataclass(frozen=True, slots=True)
class NormLibrary:
    """All norms at hand, and which of them may score.

    Attributes
    ----------
    all : tuple of Norm
        The user's own first, each part by key.
    own : frozenset of str
        Keys of the user's own norms.
    named : frozenset of str
        Keys of norms that the user asked for by name: they go before all others, and may be unverified.
    """

    all: tuple[Norm, ...]
    own: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    _places: dict[tuple[str, str], tuple[Norm, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places: dict[tuple[str, str], list[Norm]] = {}
        for norm in self.all:
            places.setdefault((norm.assay, norm.measure), []).append(norm)
        object.__setattr__(self, "_places", {k: tuple(v) for k, v in places.items()})

    def is_active(self, norm: Norm) -> bool:
        """Tell whether a norm may be used: it was read, derived or made locally, or the user named it."""
        return norm.status != "unverified" or norm.key in self.named

    @property
    def active(self) -> tuple[Norm, ...]:
        """The norms that may be used."""
        return tuple(n for n in self.all if self.is_active(n))

    def get(self, key: str) -> Norm:
        """Return a norm by key, active or not.

        Raises
        ------
        KeyError
            There is none.
        """
        for norm in self.all:
            if norm.key == key:
                return norm
        raise KeyError(key)

    def candidates(self, assay: str, measure: str) -> tuple[Norm, ...]:
        """Return the active norms that give limits for a measure; whether one fits a reading is not looked at."""
        return tuple(n for n in self._places.get((assay, measure), ()) if n.decides and self.is_active(n))

    def inactive(self, assay: str, measure: str) -> tuple[Norm, ...]:
        """Return the unverified norms of a measure that the user did not name."""
        return tuple(n for n in self._places.get((assay, measure), ()) if n.decides and not self.is_active(n))

    def used(self, scores: Iterable[Score]) -> tuple[NormUsed, ...]:
        """Return the norms that scored something, by key, with the hash of their text."""
        keys = {s.norm for s in scores}
        laboratory = () if LABORATORY not in keys else (_LABORATORY_USED,)
        return laboratory + tuple(
            NormUsed(
                key=n.key,
                title=n.title,
                citation=n.citation,
                doi=n.doi,
                status=n.status,
                population=n.population,
                sha256=files.sha256(canonical_text(n).encode()),
            )
            for n in sorted(self.all, key=lambda n: n.key)
            if n.key in keys
        )

    def markdown(self) -> str:
        """Return the documentation table of all norms."""
        lines = ["| norm | measure | what it gives | where it holds | status | source |", "|---|---|---|---|---|---|"]
        for n in sorted(self.all, key=lambda n: (n.assay, n.measure, n.key)):
            state = n.status if self.is_active(n) else f"{n.status}, inactive"
            where = [", ".join(n.sites), ", ".join(f"`{m}`" for m in n.methods), f"{n.age_low:g}-{n.age_high:g} y"]
            source = f"[{n.doi}](https://doi.org/{n.doi})" if n.doi else n.citation
            lines.append(
                f"| `{n.key}` | {n.assay} {n.measure} ({n.unit or 'no unit'}) | {describe(n)} "
                f"| {'; '.join(w for w in where if w)} | {state} | {source} |"
            )
        return "\n".join(lines) + "\n"


def describe(norm: Norm) -> str:
    """Return in words and numbers what a norm says."""
    scale = "log10 of the value: " if norm.scale == "log10" else ""
    if norm.form == "table":
        return f"{scale}table of {len(norm.cells)} lines by {_kinds(norm)}"
    if norm.form == "limit":
        parts = [f"lower limit {norm.limit_low:g}" if norm.limit_low is not None else ""]
        parts.append(f"upper limit {norm.limit_high:g}" if norm.limit_high is not None else "")
        return scale + ", ".join(p for p in parts if p)
    spread = f", SD {norm.sd:.4g}" if norm.sd is not None else ""
    if norm.form == "normal":
        return f"{scale}mean {norm.mean:.4g}{spread}"
    line = f"{norm.intercept:.5g}{_terms(norm)}"
    if norm.form == "percentile_line":
        return f"{scale}{norm.percentile:g}th centile = {line}"
    return f"{scale}mean {line}{spread}" + ("" if norm.sd is not None else " (location only, no limits)")


def _kinds(norm: Norm) -> str:
    """Return by what the lines of a table differ."""
    kinds = ["sex", "age"] + ["height"] * norm.uses_height
    return f"{', '.join(kinds[:-1])} and {kinds[-1]}"


def _terms(norm: Norm) -> str:
    """Return the terms of a norm's line with their signs: `` − 0.12·age + 1.3·[woman] + 0.4·(height − 170 cm)``."""
    terms = [(norm.age_slope, "age"), (norm.woman, "[woman]")]
    if norm.age_slope_women is not None:
        terms = [(norm.age_slope, "age of men"), (norm.age_slope_women, "age of women"), (norm.woman, "[woman]")]
    terms += [(c.slope, f"({c.words} − {c.centre:.4g} {c.unit})") for c in norm.slopes]
    return "".join(f" {'−' if b < 0 else '+'} {abs(b):.5g}·{name}" for b, name in terms if b)


def load_library(folder: Path | None = None, named: Iterable[str] = ()) -> NormLibrary:
    """Return the shipped norms and those of a folder.

    Parameters
    ----------
    folder : Path or None
        ``*.toml`` and ``*.tsv`` norm files (one file is taken as well); a norm here goes before every shipped one,
        and replaces a shipped one of the same key.
    named : iterable of str
        Keys of norms to use before all others, also unverified ones.

    Raises
    ------
    InputMissing
        The folder does not exist.
    BadInput
        A norm file is wrong, or two of the user's norms have one key; every wrong file is named.
    UsageError
        A named norm does not exist.
    """
    own: list[Norm] = []
    if folder is not None:
        if not folder.exists():
            raise InputMissing(f"{folder}: the folder of norms does not exist.")
        paths = [folder] if folder.is_file() else _norm_files(folder)
        own = _read_all(paths)
    keys = {n.key for n in own}
    shipped = tuple(n for n in _shipped() if n.key not in keys)
    asked = frozenset(named)
    for key in sorted(asked - keys - {n.key for n in shipped}):
        near = get_close_matches(key, sorted(keys | {n.key for n in shipped}), 1, 0.5)
        hint = f" Did you mean {near[0]}?" if near else " `nociscope norms list` shows all."
        raise UsageError(f"There is no norm “{key}”.{hint}")
    return NormLibrary((*sorted(own, key=lambda n: n.key), *shipped), frozenset(keys), asked)


def _norm_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix in (".toml", ".tsv") and not p.name.startswith("."))


@cache
def _shipped() -> tuple[Norm, ...]:
    return tuple(sorted(_read_all(_norm_files(SHIPPED)), key=lambda n: n.key))


def _read_all(paths: Iterable[Path]) -> list[Norm]:
    norms: list[Norm] = []
    problems: list[Problem] = []
    home: dict[str, str] = {}
    for path in paths:
        try:
            found = read_norms(path)
        except BadInput as error:
            problems += error.problems
            continue
        for norm in found:
            if norm.key in home:
                problems.append(
                    Problem(
                        what=f"the key {norm.key} stands in {home[norm.key]} already",
                        remedy="give every norm a key of its own",
                        code="duplicate-norm",
                        file=path.name,
                        value=norm.key,
                    )
                )
            home.setdefault(norm.key, path.name)
            norms.append(norm)
    if problems:
        raise BadInput(problems)
    return norms
