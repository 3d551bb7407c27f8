"""Search results in, a screening list out: duplicates and overlap named, the PRISMA flow counted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nociscope import files
from nociscope.evidence.register import Register
from nociscope.evidence.studies import parse_studies
from nociscope.problems import BadInput, InputMissing, Problem, clean_text

_RIS = {"TI": "title", "T1": "title", "PY": "year", "Y1": "year", "DO": "doi", "JO": "journal", "T2": "journal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One search result; what it lacks is empty. `place` is where it stands in the file."""

    title: str
    year: str
    doi: str
    journal: str
    authors: tuple[str, ...]
    file: str
    place: int

    @property
    def name(self) -> str:
        """``Surname 2014``-style, the title where there is no author."""
        first = self.authors[0].split(",")[0] if self.authors else self.title
        return clean_text(f"{first} {self.year}", 80)


def read_citations(path: Path) -> tuple[Citation, ...]:
    """Read a BibTeX (.bib), RIS (.ris, .txt) or CSV file of search results.

    Raises
    ------
    InputMissing
        There is no such file.
    BadInput
        It holds no citation.
    """
    if not path.exists():
        raise InputMissing(f"{clean_text(path)}: there is no such file.")
    text = files.read_text(path)
    if path.suffix.lower() == ".bib":
        found = _bibtex(text, path.name)
    elif re.search(r"^TY  - ", text, re.MULTILINE):
        found = _ris(text, path.name)
    else:
        found = _csv(text, path.name)
    if not found:
        raise BadInput(
            Problem(
                what="holds no citation",
                remedy="export it as BibTeX, RIS or CSV with title, year and doi",
                code="no-citation",
                file=path.name,
            )
        )
    return tuple(found)


def plain_doi(text: str) -> str:
    """Return a DOI in lower case without ``https://doi.org/`` or ``doi:``; empty when it is none."""
    found = re.search(r"10\.\d{4,9}/\S+", clean_text(text).lower())
    return found.group().rstrip(".,;)}") if found else ""


def plain_title(text: str) -> str:
    """Return a title as letters and digits alone, for comparison."""
    folded = unicodedata.normalize("NFKD", text).lower()
    return re.sub(r"[^a-z0-9]", "", "".join(c for c in folded if not unicodedata.combining(c)))


def _made(entry: Mapping[str, str], authors: Sequence[str], file: str, place: int) -> Citation:
    year = re.search(r"\d{4}", entry.get("year", ""))
    return Citation(
        title=clean_text(entry.get("title", ""), 500),
        year=year.group() if year else "",
        doi=plain_doi(entry.get("doi", "")),
        journal=clean_text(entry.get("journal", ""), 200),
        authors=tuple(clean_text(a, 100) for a in authors if a.strip()),
        file=file,
        place=place,
    )


def _ris(text: str, file: str) -> list[Citation]:
    out: list[Citation] = []
    entry: dict[str, str] = {}
    authors: list[str] = []
    start = 1
    for number, line in enumerate(text.splitlines(), start=1):
        found = re.match(r"([A-Z][A-Z0-9])  - ?(.*)", line)
        if not found:
            continue
        tag, value = found.group(1), found.group(2).strip()
        if tag == "TY":
            entry, authors, start = {}, [], number
        elif tag == "ER":
            out.append(_made(entry, authors, file, start))
        elif tag in ("AU", "A1"):
            authors.append(value)
        elif tag in _RIS:
            entry.setdefault(_RIS[tag], value)
    return out


def _bibtex(text: str, file: str) -> list[Citation]:
    out = []
    for found in re.finditer(r"@(\w+)\s*\{\s*([^,\s]*)\s*,", text):
        if found.group(1).lower() in ("comment", "string", "preamble"):
            continue
        entry = _bibtex_fields(text, found.end())
        authors = re.split(r"\s+and\s+", entry.get("author", ""))
        out.append(_made(entry, authors, file, text.count("\n", 0, found.start()) + 1))
    return out


def _bibtex_fields(text: str, at: int) -> dict[str, str]:
    """Return the fields of a BibTeX entry whose body begins at a position."""
    fields: dict[str, str] = {}
    name = re.compile(r"\s*,?\s*(\w+)\s*=\s*")
    while (found := name.match(text, at)) is not None:
        at = found.end()
        opening = text[at : at + 1]
        if opening == "{":
            at, value = _braced(text, at)
        elif opening == '"':
            end = text.find('"', at + 1)
            end = len(text) if end < 0 else end
            value, at = text[at + 1 : end], end + 1
        else:
            bare = re.compile(r"[^,}\s]*").match(text, at)
            value = bare.group() if bare else ""
            at += len(value)
        fields.setdefault(found.group(1).lower(), re.sub(r"[{}]", "", value))
    return fields


def _braced(text: str, at: int) -> tuple[int, str]:
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == "{") - (text[i] == "}")
        if depth == 0:
            return i + 1, text[at + 1 : i]
    return len(text), text[at + 1 :]


def _csv(text: str, file: str) -> list[Citation]:
    table = parse_studies(text, file)
    out = []
    for row, cells in zip(table.rows, table.cells, strict=True):
        entry = {
            "title": cells.get("title", ""),
            "year": cells.get("year", "") or cells.get("publication year", ""),
            "doi": cells.get("doi", ""),
            "journal": cells.get("journal", "") or cells.get("journal/book", ""),
        }
        authors = cells.get("authors", "") or cells.get("study", "")
        if any(entry.values()):
            out.append(_made(entry, authors.split(";")[:1] if ";" in authors else [authors], file, row))
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """Search results sorted.

    Attributes
    ----------
    new : tuple of Citation
        Neither twice in the files nor in the register.
    duplicates : tuple of (Citation, Citation)
        The copy, and the first of its kind.
    known : tuple of (Citation, str)
        Already in the register, under this key.
    overlaps : tuple of (Citation, str)
        New, but a first author of the register: the same people may be in both; names the register's row.
    """

    new: tuple[Citation, ...]
    duplicates: tuple[tuple[Citation, Citation], ...]
    known: tuple[tuple[Citation, str], ...]
    overlaps: tuple[tuple[Citation, str], ...]


def screen(citations: Iterable[Citation], register: Register) -> Screening:
    """Sort search results: duplicates by DOI, then by title and year; what the register has; possible overlap."""
    dois = {s.doi.lower(): s.key for s in register.studies if s.doi}
    by_author: dict[str, str] = {}
    for s in register.studies:
        by_author.setdefault(_surname(s.study), s.key)
    seen: dict[str, Citation] = {}
    new: list[Citation] = []
    duplicates: list[tuple[Citation, Citation]] = []
    known: list[tuple[Citation, str]] = []
    overlaps: list[tuple[Citation, str]] = []
    for c in citations:
        keys = [k for k in (c.doi, f"{plain_title(c.title)} {c.year}" if c.title else "") if k]
        first = next((seen[k] for k in keys if k in seen), None)
        for k in keys:
            seen.setdefault(k, c)
        if first is not None:
            duplicates.append((c, first))
        elif c.doi and c.doi in dois:
            known.append((c, dois[c.doi]))
        else:
            new.append(c)
            surname = _surname(c.authors[0]) if c.authors else ""
            if surname in by_author:
                overlaps.append((c, by_author[surname]))
    return Screening(new=tuple(new), duplicates=tuple(duplicates), known=tuple(known), overlaps=tuple(overlaps))


def _surname(author: str) -> str:
    """Return the letters of a surname: before the comma, or all before initials, year or a second author."""
    head = author.split(",")[0].split(" and ")[0]
    words = [w for w in head.split() if not re.fullmatch(r"[\d()]+|[A-Z]{1,3}\.?", w)]
    return plain_title(" ".join(words[:2]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The numbers of a PRISMA 2020 flow diagram (Page et al. 2021, doi 10.1136/bmj.n71)."""

    identified: int
    duplicates: int
    screened: int
    excluded: int
    sought: int
    not_retrieved: int
    assessed: int
    excluded_reasons: Mapping[str, int]
    included: int

    def faults(self) -> tuple[str, ...]:
        """Return which boxes do not add up, in words."""
        sums = (
            ("screened", self.screened, "identified - duplicates", self.identified - self.duplicates),
            ("sought", self.sought, "screened - excluded", self.screened - self.excluded),
            ("assessed", self.assessed, "sought - not retrieved", self.sought - self.not_retrieved),
            (
                "included",
                self.included,
                "assessed - excluded with reasons",
                self.assessed - sum(self.excluded_reasons.values()),
            ),
        )
        return tuple(
            f"{name} is {value}, but {words} is {expected}"
            for name, value, words, expected in sums
            if value != expected
        )


_STAGES = ("title", "retrieval", "full_text", "included")


def flow_of(path: Path) -> Flow:
    """Count a screening log: a table with the columns ``stage`` and ``reason``, one row a record.

    `stage` is where the record ended: ``duplicate``, ``title`` (excluded on title and abstract), ``retrieval`` (not
    retrieved), ``full_text`` (excluded, with a reason) or ``included``.

    Raises
    ------
    BadInput
        A stage is none of these, or an exclusion on full text has no reason.
    """
    from nociscope.evidence.studies import read_studies

    table = read_studies(path)
    stages = [s.lower() for s in table.text("stage")]
    reasons = table.text("reason") if "reason" in table.header else ("",) * len(table)
    wrong = [
        table.problem(i, "stage", f"is not one of duplicate, {', '.join(_STAGES)}")
        for i, s in enumerate(stages)
        if s not in ("duplicate", *_STAGES)
    ]
    wrong += [
        table.problem(i, "reason", "is empty; an exclusion on full text needs a reason")
        for i, s in enumerate(stages)
        if s == "full_text" and not reasons[i]
    ]
    if wrong:
        raise BadInput(wrong)
    count = {s: stages.count(s) for s in ("duplicate", *_STAGES)}
    whys: dict[str, int] = {}
    for stage, reason in zip(stages, reasons, strict=True):
        if stage == "full_text":
            whys[reason] = whys.get(reason, 0) + 1
    screened = len(stages) - count["duplicate"]
    sought = screened - count["title"]
    return Flow(
        identified=len(stages),
        duplicates=count["duplicate"],
        screened=screened,
        excluded=count["title"],
        sought=sought,
        not_retrieved=count["retrieval"],
        assessed=sought - count["retrieval"],
        excluded_reasons=whys,
        included=count["included"],
    )
