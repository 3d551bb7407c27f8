"""What an instrument is, and the files that say it: items, points, scores, rules for missing items, cut-offs.

One TOML file an instrument in ``instruments/``; no item wording, for most instruments are protected. A new
instrument is a new file: nothing else has to be told.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from nociscope.tsv import MISSING, Column, Table

ItemKind = Literal["code", "number", "time", "yes_no", "free"]
Operation = Literal["sum", "mean", "any", "percent", "hours_between", "variants"]
MissingRule = Literal["none", "prorate", "answered"]

FOLDER = Path(__file__).parent / "instruments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item (question) of an instrument.

    Attributes
    ----------
    name, about : str
        Column of the table; what it is of, without its wording.
    kind : {'code', 'number', 'time', 'yes_no', 'free'}
        `code`: a whole number; `number`: decimals allowed; `time`: ``HH:MM``, kept as hours after midnight; `yes_no`:
        kept as 1 and 0; `free`: anything, never scored.
    minimum, maximum : float
        The range of answers, inclusive; outside it an answer is refused.
    points : mapping or None
        Answer code -> points; a code of the range that is not listed has no points. None: the answer itself.
    cap : float or None
        Largest number of points that count.
    """

    name: str
    about: str = ""
    kind: ItemKind = "code"
    minimum: float = 0.0
    maximum: float = 1.0
    points: Mapping[float, float] | None = None
    cap: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A question that lets others be skipped: with the answer `code`, its followers count 0 whatever they hold."""

    item: str
    code: float
    followers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOffs:
    """Bands of a score.

    Attributes
    ----------
    lower : tuple of float
        Where each band begins (inclusive), ascending.
    labels : tuple of str
    status : {'read', 'derived', 'unverified'}
        An `unverified` one is shown nowhere.
    doi, note : str
    lines : bool
        Whether a figure draws them; not for an answer whose steps have names.
    """

    lower: tuple[float, ...]
    labels: tuple[str, ...]
    status: Literal["read", "derived", "unverified"] = "read"
    doi: str = ""
    note: str = ""
    lines: bool = True

    @property
    def active(self) -> bool:
        """Whether its numbers were read in a source."""
        return self.status != "unverified"

    def label(self, value: float) -> str:
        """Return the band of a value; empty below the first."""
        found = [name for low, name in zip(self.lower, self.labels, strict=True) if value >= low - 1e-9]
        return found[-1] if found else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way of making a score: used when one of the items `when_any` was given (empty: always)."""

    name: str
    of: str
    when_any: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRule:
    """How one score is made.

    Attributes
    ----------
    name, title, meaning, unit : str
    operation : str
        `sum`, `mean`; `any`: 1 when one part is 1, 0 when all are 0; `percent`: 100 first / second, no value above
        100; `hours_between`: two times of day, the second the later one; `variants`.
    of : tuple of str
        Items or earlier scores.
    times, divide : float
        Applied afterwards.
    missing : {'none', 'prorate', 'answered'}
        `none`: every part is needed; `prorate`: the sum of x of n parts times n/x; `answered`: the mean of the parts
        that were answered.
    whole : bool
        Whether it is rounded to a whole number (halves up) before it is banded.
    upto, above : tuple
        Banding: pairs (largest value of the band, its points) in order, and the points above the last.
    starting : tuple
        Banding from below: pairs (smallest value of the band, its points), ascending.
    minimum, maximum : float
        Possible range.
    hidden : bool
        A step on the way; no reading.
    higher : {'worse', 'better', 'none'}
        What a higher value means for the person.
    impossible : str
        In words: what is wrong when all parts are there and yet there is no value.
    shown_to : float or None
        Where a figure's scale ends, where the possible range is far wider than what is seen.
    """

    name: str
    title: str = ""
    meaning: str = ""
    unit: str = ""
    operation: Operation = "sum"
    of: tuple[str, ...] = ()
    times: float = 1.0
    divide: float = 1.0
    missing: MissingRule = "none"
    whole: bool = False
    upto: tuple[tuple[float, float], ...] = ()
    above: float | None = None
    starting: tuple[tuple[float, float], ...] = ()
    variants: tuple[Variant, ...] = ()
    minimum: float = 0.0
    maximum: float = 1.0
    decimals: int = 0
    hidden: bool = False
    higher: Literal["worse", "better", "none"] = "worse"
    cut_offs: CutOffs | None = None
    impossible: str = ""
    shown_to: float | None = None

    @property
    def end(self) -> float:
        """Where the bar of a figure ends."""
        return self.maximum if self.shown_to is None else self.shown_to


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A questionnaire: what its file says.

    Attributes
    ----------
    key, title, about, citation, doi : str
    status : {'read', 'derived', 'unverified'}
        Of its scoring rule; an `unverified` one is said in each reading.
    status_note, copyright : str
    missing_rule : str
        In words, for a reading that a missing item costs.
    prefix : str
        What measure names begin with; empty where they stand alone.
    order : int
        Place among the instruments on pages and in tables.
    items, gates, scores : tuple
    bare_total : str
        Name of the score that the column `total` gives; made for instruments that publish none.
    """

    key: str
    title: str
    about: str
    citation: str
    doi: str = ""
    status: Literal["read", "derived", "unverified"] = "read"
    status_note: str = ""
    copyright: str = ""
    missing_rule: str = "no rule for missing items is published"
    prefix: str = ""
    order: int = 1000
    items: tuple[Item, ...] = ()
    gates: tuple[Gate, ...] = ()
    scores: tuple[ScoreRule, ...] = ()
    total: ScoreRule | None = None
    _by_name: dict[str, Item] = field(default_factory=dict, compare=False, repr=False)

    @property
    def shown(self) -> tuple[ScoreRule, ...]:
        """The scores that become readings."""
        return tuple(s for s in self.scores if not s.hidden)

    @property
    def measures(self) -> tuple[tuple[str, ScoreRule], ...]:
        """Measure name -> score, that of a bare total last where it is none of the scores."""
        found = [(f"{self.prefix}{s.name}", s) for s in self.shown]
        if self.total is not None and self.total_measure not in dict(found):
            found.append((self.total_measure, self.total))
        return tuple(found)

    @property
    def total_measure(self) -> str:
        """The measure that a column `total` gives."""
        return f"{self.key}_total"

    def item(self, name: str) -> Item | None:
        """Return an item by name."""
        return self._by_name.get(name)

    def score(self, name: str) -> ScoreRule | None:
        """Return a score by name."""
        return next((s for s in self.scores if s.name == name), None)

    def leaves(self, name: str) -> tuple[str, ...]:
        """Return the items that a score rests on."""
        rule = self.score(name)
        if rule is None:
            return (name,)
        parts = rule.of or tuple(v.of for v in rule.variants)
        return tuple(dict.fromkeys(leaf for part in parts for leaf in self.leaves(part)))

    def table(self) -> Table:
        """Return the table ``phenotype/<key>.tsv``: one row a visit."""
        return Table(
            self.key,
            f"Answers of one visit: {self.title}",
            (
                Column("participant_id", "Participant, sub-<label>", required=True, needed=True),
                Column("session_id", "Visit, ses-<label>; n/a where the study has no sessions"),
                *(_column(i) for i in self.items),
                *((_total_column(self.total),) if self.total is not None else ()),
            ),
            key=("participant_id", "session_id"),
            open=True,
        )


def _column(item: Item) -> Column:
    if item.kind == "free":
        return Column(item.name, item.about)
    if item.kind == "time":
        return Column(item.name, f"{item.about}, HH:MM")
    if item.kind == "yes_no":
        return Column(item.name, item.about, "choice", choices={"yes": "yes", "no": "no"})
    kind: Literal["integer", "number"] = "integer" if item.kind == "code" else "number"
    return Column(item.name, item.about, kind, minimum=item.minimum, maximum=item.maximum)


def _total_column(total: ScoreRule) -> Column:
    meaning = f"{total.title}, where the items are not at hand"
    return Column("total", meaning, "number", minimum=total.minimum, maximum=total.maximum)


# --- files ----------------------------------------------------------------------------------------------------------

_RANGE = re.compile(r"([a-z_]*?)(\d+)([a-z]?)-\1(\d+)([a-z]?)")


def names_of(text: str) -> tuple[str, ...]:
    """Return the names that ``q1-q3``, ``q5b-q5d`` or ``q2 q4`` stands for.

    >>> names_of("q1-q3 q5b-q5d neck")
    ('q1', 'q2', 'q3', 'q5b', 'q5c', 'q5d', 'neck')
    """
    out: list[str] = []
    for word in text.split():
        match = _RANGE.fullmatch(word)
        if match is None:
            out.append(word)
        elif match[3]:
            out += [f"{match[1]}{match[2]}{chr(c)}" for c in range(ord(match[3]), ord(match[5]) + 1)]
        else:
            out += [f"{match[1]}{n}" for n in range(int(match[2]), int(match[4]) + 1)]
    return tuple(out)


def read_instrument(text: str, key: str) -> Instrument:
    """Return the instrument that a file describes.

    Parameters
    ----------
    text : str
        TOML.
    key : str
        The file's stem, which must be its key.

    Raises
    ------
    ValueError
        A field is unknown, a name is used before it is defined, or the key is another.
    """
    content = tomllib.loads(text)
    if content.get("key") != key:
        raise ValueError(f"{key}.toml: the key is {content.get('key')!r}")
    items = tuple(i for entry in content.pop("items", ()) for i in _items(entry))
    gates = tuple(
        Gate(item=g["item"], code=float(g["code"]), followers=names_of(g["followers"]))
        for g in content.pop("gates", ())
    )
    scores = tuple(_score(entry) for entry in content.pop("scores", ()))
    total = content.pop("total", None)
    content.setdefault("prefix", f"{key}_")
    instrument = Instrument(
        **content,
        items=items,
        gates=gates,
        scores=scores,
        total=_score({"name": "total", **total}) if total else next((s for s in scores if s.name == "total"), None),
        _by_name={i.name: i for i in items},
    )
    _check(instrument)
    return instrument


def _items(entry: dict[str, Any]) -> Iterable[Item]:
    names = names_of(entry.pop("names"))
    points = entry.pop("points", None)
    codes = None if points is None else {float(k): float(v) for k, v in points.items()}
    if entry.get("kind") == "time":
        entry |= {"minimum": 0.0, "maximum": 24.0}
    for name in names:
        yield Item(name=name, points=codes, **entry)


def _score(entry: dict[str, Any]) -> ScoreRule:
    for operation in ("sum", "mean", "any", "percent", "hours_between"):
        if operation in entry:
            entry = {**entry, "operation": operation, "of": names_of(entry[operation])}
            del entry[operation]
    if "variants" in entry:
        ways = tuple(
            Variant(name=v["name"], of=v["of"], when_any=names_of(v.get("when_any", ""))) for v in entry["variants"]
        )
        entry = {**entry, "operation": "variants", "variants": ways}
    for name in ("upto", "starting"):
        if name in entry:
            entry = {**entry, name: tuple((float(a), float(b)) for a, b in entry[name])}
    if "cut_offs" in entry:
        given = dict(entry["cut_offs"])
        bands = given.pop("bands")
        cut_offs = CutOffs(lower=tuple(float(b[0]) for b in bands), labels=tuple(b[1] for b in bands), **given)
        entry = {**entry, "cut_offs": cut_offs}
    return ScoreRule(**entry)


def _check(instrument: Instrument) -> None:
    known = {i.name for i in instrument.items}
    if len(known) < len(instrument.items):
        raise ValueError(f"{instrument.key}: an item stands twice")
    for gate in instrument.gates:
        if not {gate.item, *gate.followers} <= known:
            raise ValueError(f"{instrument.key}: a gate names an unknown item")
    for rule in instrument.scores:
        used = {*rule.of, *(v.of for v in rule.variants), *(i for v in rule.variants for i in v.when_any)}
        if rule.variants and rule.variants[-1].when_any:
            raise ValueError(f"{instrument.key}: the last variant of {rule.name} must hold always")
        if not used or not used <= known:
            raise ValueError(f"{instrument.key}: {rule.name} uses {sorted(used - known)}, which are not defined")
        if rule.name in known:
            raise ValueError(f"{instrument.key}: {rule.name} is defined twice")
        known.add(rule.name)
        if not rule.hidden and not (rule.title and rule.meaning):
            raise ValueError(f"{instrument.key}: {rule.name} has no title or meaning")


@cache
def instruments() -> tuple[Instrument, ...]:
    """Return all instruments, in their order."""
    found = (read_instrument(p.read_text(encoding="utf-8"), p.stem) for p in FOLDER.glob("*.toml"))
    return tuple(sorted(found, key=lambda i: (i.order, i.key)))


def instrument_named(key: str) -> Instrument:
    """Return an instrument by its key.

    Raises
    ------
    KeyError
        There is none.
    """
    for instrument in instruments():
        if instrument.key == key:
            return instrument
    raise KeyError(key)


__all__ = [
    "FOLDER",
    "MISSING",
    "CutOffs",
    "Gate",
    "Instrument",
    "Item",
    "ScoreRule",
    "Variant",
    "instrument_named",
    "instruments",
    "names_of",
    "read_instrument",
]
