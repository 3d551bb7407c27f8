"""The page of the groups of a study, drawn from the group tables alone. Nothing is computed, only put into words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nociscope.assays.declaration import Assay
from nociscope.cohort.quantities import Quantity
from nociscope.report import group_figures as figures
from nociscope.report import page, wording
from nociscope.report.rows import title_of
from nociscope.tables import MISSING, Value

Row = Mapping[str, Value]
Tables = Mapping[str, Sequence[Row]]

_ALL = "all"
_MOST_GROUPS = 6
_MOST_COLUMNS = 40
_MOST_COMBINATIONS = 14
_FEW = 3
"""A quantity with fewer people than this in every group is left to the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much a page shows; the tables hold the rest."""

    quantities: int
    people: int


_ROOMS = (Room(quantities=1200, people=800), Room(quantities=150, people=800), Room(quantities=40, people=300))


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A quantity in words."""

    quantity: Quantity
    title: str
    place: str
    method: str
    unit: str
    decimals: int | None
    loss: str


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


def group_page(
    study_name: str, tables: Tables, declarations: Mapping[str, Assay] | None = None, version: str = ""
) -> str:
    """Return the report of a study's groups: one HTML file that loads nothing and stays under 2,000,000 bytes.

    Parameters
    ----------
    study_name : str
    tables : mapping
        Name of a group table -> its rows, as recorded.
    declarations : mapping, optional
        Assay name -> declaration, for titles and decimals; the registry's when not given.
    version : str
        Of the program; the running one when empty.
    """
    if not version:
        from nociscope._version import __version__ as version
    if declarations is None:
        from nociscope.assays.registry import assays

        declarations = {a.name: a for a in assays()}
    made = ""
    for room in _ROOMS:
        content = _content(study_name, tables, declarations, room)
        made = page.render("group.html.j2", version=wording.shown(version, 60), **content)
        if page.size(made) < page.SIZE_TARGET:
            break
    return made


def _content(study_name: str, tables: Tables, known: Mapping[str, Assay], room: Room) -> dict[str, Any]:
    groups = [_word(r, "group") for r in tables["people"] if r["group"] != _ALL]
    shown = groups[:_MOST_GROUPS]
    blocks = _blocks(tables, shown, known)
    keys = [b for b, key in blocks if key is not None]
    others = [b for b, key in blocks if key is None]
    kept = [b for b in others if max((int(g.n.split()[0]) for g in b.groups), default=0) >= _FEW]
    titles = {str(r["assay"]): _word(r, "title") for r in tables["tests"]}
    return {
        "study": wording.shown(study_name, 200) or "Study without a name",
        "groups": tuple((_group(g), figures.colour_of(i)) for i, g in enumerate(shown)),
        "groups_omitted": len(groups) - len(shown),
        "people": tuple(_people(r) for r in tables["people"]),
        "everyone": _everyone(tables["people"]),
        "tests": _tests(tables["tests"], shown),
        "not_done": wording.listed(_not_done(tables["tests"])),
        "strips": _strips(tables, shown, keys),
        "keys": keys,
        "others": _by_assay(kept[: room.quantities], titles),
        "others_left": len(others) - min(len(kept), room.quantities),
        "quantities": len(blocks),
        "telling": _telling(tables["comparisons"], keys, {str(r["group"]): r for r in tables["people"]}),
        "compared": bool(tables["comparisons"]),
        "heat": _heat(tables, groups, known, room.people),
        "rules": _rules(tables["rules"], shown),
        "profiles": _profiles(tables, shown),
        "not_assessable": wording.listed(
            _word(r, "title").lower()
            for r in tables["profiles"]
            if r["group"] == _whole(groups) and not _int(r, "assessed")
        ),
        "fibres": _fibres(tables, shown),
        "agreement": tuple(_agreement(r, tables) for r in tables["agreement"] if r["group"] == _whole(groups)),
        "correlations": _correlations(tables["correlations"], shown, known),
        "courses": tuple(_course(r, known) for r in tables["courses"] if _known_limit(r))[:200],
        "courses_left": sum(not _known_limit(r) for r in tables["courses"]),
        "responders": tuple(_responders(r) for r in tables["responders"]),
        "published": _published(tables["published"], groups),
        "conflicts": tuple(_conflict(r) for r in tables["conflicts"]),
        "files": tuple(f"{name}.tsv" for name in tables),
    }


# --- words ---------------------------------------------------------------------------------------------------------


def _word(row: Row, name: str, limit: int = 120) -> str:
    value = row.get(name)
    return "" if value is None else wording.shown(value, limit)


def _float(row: Row, name: str) -> float | None:
    value = row.get(name)
    return float(value) if isinstance(value, int | float) else None


def _int(row: Row, name: str) -> int:
    value = row.get(name)
    return int(value) if isinstance(value, int | float) else 0


def _group(name: str) -> str:
    if name == MISSING:
        return "group not recorded"
    return "everyone" if name == _ALL else wording.shown(name, 60)


def _whole(groups: Sequence[str]) -> str:
    """Return the group that stands for everyone: tables have no row for all where there is one group."""
    return groups[0] if len(groups) == 1 else _ALL


def _span(low: float | None, high: float | None, decimals: int | None) -> str:
    return (
        "" if low is None or high is None else f"{wording.number(low, decimals)} to {wording.number(high, decimals)}"
    )


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def _percent_span(row: Row) -> str:
    """Return ``42 % (19 to 68)`` of a row with a share in percent."""
    return f"{_percent(_float(row, 'percent'))} % ({_percent(_float(row, 'low'))} to {_percent(_float(row, 'high'))})"


def _with_span(row: Row, name: str, decimals: int | None, low: str = "", high: str = "") -> str:
    """Return ``2.9 (1.4 to 3.3)``."""
    value = _float(row, name)
    if value is None:
        return ""
    span = _span(_float(row, low or f"{name}_low"), _float(row, high or f"{name}_high"), decimals)
    return wording.number(value, decimals) + (f" ({span})" if span else "")


def _quantity(row: Row) -> Quantity:
    return Quantity(*(str(row[c]) for c in ("assay", "site", "measure", "method", "unit")))


def _named(q: Quantity, known: Mapping[str, Assay]) -> Named:
    assay = known.get(q.assay)
    declared = assay.measure_named(q.measure) if assay else None
    return Named(
        quantity=q,
        title=title_of(q.measure, assay),
        place=wording.place(q.site, MISSING),
        method="" if q.method == MISSING else wording.shown(q.method, 120),
        unit=wording.unit(q.unit),
        decimals=declared.decimals if declared else None,
        loss={"low": "lower is loss", "high": "higher is loss"}.get(declared.loss if declared else "", ""),
    )


# --- who was studied -----------------------------------------------------------------------------------------------


def _people(row: Row) -> dict[str, Any]:
    age = wording.number(_float(row, "age_mean"), 1)
    sd = _float(row, "age_sd")
    return {
        "group": _group(str(row["group"])),
        "reference": row.get("reference") == "yes",
        **{
            k: _int(row, k)
            for k in ("people", "worked_up", "visits", "several_visits", "female", "male", "other_sex")
        },
        "age": age if sd is None else f"{age} ± {wording.number(sd, 1)}",
        "age_missing": _int(row, "people") - _int(row, "age_n"),
    }


def _everyone(rows: Sequence[Row]) -> dict[str, str]:
    """Return the study in figures: people, groups, visits."""
    last = rows[-1] if rows else {}
    groups = sum(r["group"] not in (_ALL, MISSING) for r in rows)
    return {
        "people": wording.counted(_int(last, "people"), "participant"),
        "groups": wording.counted(groups, "group"),
        "visits": wording.counted(_int(last, "visits"), "visit"),
        "without": wording.counted(_int(last, "people") - _int(last, "worked_up"), "participant"),
        "lacking": str(_int(last, "people") - _int(last, "worked_up") or ""),
    }


def _tests(rows: Sequence[Row], groups: Sequence[str]) -> tuple[dict[str, Any], ...]:
    by = {(str(r["assay"]), str(r["group"])): r for r in rows}
    return tuple(
        {"title": title, "cells": tuple(_test_cell(by.get((assay, g))) for g in groups)}
        for assay, title in {str(r["assay"]): _word(r, "title") for r in rows if _was_done(r)}.items()
    )


def _was_done(row: Row) -> bool:
    return any(_int(row, k) for k in ("done", "partial", "failed"))


def _not_done(rows: Sequence[Row]) -> list[str]:
    """Return the tests that nobody had, in words."""
    done = {str(r["assay"]) for r in rows if _was_done(r)}
    return list(dict.fromkeys(_word(r, "title").lower() for r in rows if r["assay"] not in done))


def _test_cell(row: Row | None) -> dict[str, str]:
    if row is None:
        return {"people": "–", "more": ""}
    words = {"partial": "in part", "failed": "failed", "absent": "not done"}
    more = [f"{_int(row, k)} {w}" for k, w in words.items() if _int(row, k)]
    return {"people": str(_int(row, "people")), "more": ", ".join(more)}


# --- quantities ----------------------------------------------------------------------------------------------------


def _blocks(tables: Tables, groups: Sequence[str], known: Mapping[str, Assay]) -> list[tuple[Block, int | None]]:
    """Return every quantity with its groups, those that are shown first in their order."""
    against: dict[tuple[Quantity, str], list[Row]] = {}
    for r in tables["comparisons"]:
        against.setdefault((_quantity(r), str(r["group"])), []).append(r)
    rows: dict[Quantity, list[Row]] = {}
    for r in tables["descriptives"]:
        rows.setdefault(_quantity(r), []).append(r)
    out: list[tuple[Block, int | None]] = []
    for q, own in rows.items():
        words = _named(q, known)
        mine = {g: against.get((q, g), []) for g in groups}
        cells = tuple(
            _group_cells(r, words, groups.index(str(r["group"])), mine[str(r["group"])])
            for r in own
            if r["group"] in groups
        )
        notes = dict.fromkeys(_word(c, "remark") for g in groups for c in mine[g] if c.get("remark"))
        if any(r.get("scale") == "log10" and _float(r, "mean") is not None for r in own):
            notes["means are geometric; deviation and Hedges’ g are of decimal logarithms"] = None
        key = own[0].get("key")
        out.append((Block(words=words, groups=cells, notes=tuple(notes)), key if isinstance(key, int) else None))
    return sorted(out, key=lambda item: item[1] or 0)


def _group_cells(row: Row, words: Named, place: int, against: Sequence[Row]) -> GroupCells:
    missing = _int(row, "missing")
    bound = {"below": "< ", "above": "> "}.get(str(row.get("median_censored")), "")
    sd = _float(row, "sd")
    decimals = 2 if row.get("scale") == "log10" else words.decimals
    compared = _int(row, "compared")
    beyond = [f"{_int(row, k)} {k}" for k in ("loss", "gain", "abnormal") if _int(row, k)]
    bounds = [
        f"{_int(row, k)} only known to be {w}" for k, w in (("below", "lower"), ("above", "higher")) if _int(row, k)
    ]
    return GroupCells(
        group=_group(str(row["group"])),
        colour=figures.colour_of(place),
        n=f"{_int(row, 'n')}" + (f" ({missing} missing)" if missing else ""),
        median=bound + _with_span(row, "median", words.decimals) if _float(row, "median") is not None else "",
        mean=_with_span(row, "mean", words.decimals),
        bounds=", ".join(bounds),
        sd="" if sd is None else wording.number(sd, decimals),
        beyond=f"{' and '.join(beyond) or 'none'} of {compared}" if compared else "",
        against=tuple(_against(c) for c in against),
    )


def _against(row: Row) -> dict[str, str]:
    p, adjusted = _float(row, "p"), _float(row, "p_holm")
    return {
        "reference": _group(str(row["reference"])),
        "g": _with_span(row, "g", 2),
        "auc": _with_span(row, "auc", 2),
        "p": _p(p),
        "holm": _p(adjusted),
        "bh": _p(_float(row, "p_bh")),
    }


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _by_assay(blocks: Iterable[Block], titles: Mapping[str, str]) -> tuple[tuple[str, tuple[Block, ...]], ...]:
    found: dict[str, list[Block]] = {}
    for b in blocks:
        found.setdefault(b.words.quantity.assay, []).append(b)
    return tuple((titles.get(a, wording.shown(a, 80)), tuple(own)) for a, own in found.items())


def _telling(rows: Sequence[Row], keys: Sequence[Block], people: Mapping[str, Row]) -> tuple[dict[str, Any], ...]:
    """Return for each comparison of groups how many intervals leave out chance, and which of those shown first."""
    titles = {b.words.quantity: b.words for b in keys}
    out: list[dict[str, Any]] = []
    for pair in dict.fromkeys((str(r["group"]), str(r["reference"])) for r in rows):
        own = [r for r in rows if (r["group"], r["reference"]) == pair]
        first = [r for r in own if r.get("key") is not None]
        out.append(
            {
                "pair": f"{_group(pair[0])} beside {_group(pair[1])}",
                "ages": tuple(wording.number(_float(people.get(g, {}), "age_mean"), 1) for g in pair),
                "first": _counts(first),
                "others": _counts([r for r in own if r.get("key") is None]),
                "which": tuple(
                    f"{titles[_quantity(r)].title} {_with_span(r, 'auc', 2)}" for r in first if _leaves_out_chance(r)
                ),
            }
        )
    return tuple(out)


def _leaves_out_chance(row: Row) -> bool:
    value, low, high = (_float(row, k) for k in ("auc", "auc_low", "auc_high"))
    if low is None or high is None:
        return value in (0.0, 1.0) and _float(row, "p") is not None
    return low > 0.5 or high < 0.5


def _counts(rows: Sequence[Row]) -> dict[str, str]:
    tested = [r for r in rows if _float(r, "p") is not None]
    return {
        "tested": str(len(tested)),
        "beyond": str(sum(_leaves_out_chance(r) for r in tested)),
        "chance": wording.number(0.05 * len(tested), 0 if len(tested) > 30 else 1),
        "holm": str(sum((_float(r, "p_holm") or 0) < 0.05 for r in tested)),
    }


def _strips(tables: Tables, groups: Sequence[str], keys: Sequence[Block]) -> tuple[dict[str, str], ...]:
    """Return a strip plot for each quantity that is shown first."""
    wanted = {b.words.quantity: b for b in keys}
    points: dict[tuple[Quantity, str], list[tuple[float, str]]] = {}
    for r in tables["values"]:
        q = _quantity(r)
        value = _float(r, "value")
        if q in wanted and value is not None:
            points.setdefault((q, str(r["group"])), []).append((value, str(r["censored"])))
    middles = {(_quantity(r), str(r["group"])): r for r in tables["descriptives"] if r.get("key") is not None}
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
        name=_group(group),
        values=values,
        median=_float(middle, "median"),
        low=_float(middle, "median_low"),
        high=_float(middle, "median_high"),
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


# --- everyone by measure -------------------------------------------------------------------------------------------


def _heat(tables: Tables, groups: Sequence[str], known: Mapping[str, Assay], most: int) -> dict[str, Any] | None:
    """Return the heat map of z by person and measure; None where nobody has a z."""
    z: dict[Quantity, dict[str, float]] = {}
    for r in tables["values"]:
        value = _float(r, "z")
        q = _quantity(r)
        if value is not None and not q.of_part:
            z.setdefault(q, {})[str(r["participant_id"])] = value
    if not z:
        return None
    keys = {_quantity(r) for r in tables["descriptives"] if r.get("key") is not None}
    shown = set(_columns(z, keys))
    columns = [q for q in z if q in shown]
    people = dict.fromkeys((str(r["participant_id"]), str(r["group"])) for r in tables["values"])
    ordered = sorted(people, key=lambda p: groups.index(p[1]) if p[1] in groups else len(groups))[:most]
    rows = [figures.HeatRow(name=p, group=_group(g), z=[z[q].get(p) for q in columns]) for p, g in ordered]
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


# --- rules and mechanisms ------------------------------------------------------------------------------------------


def _rules(rows: Sequence[Row], groups: Sequence[str]) -> tuple[dict[str, Any], ...]:
    by = {(str(r["rule"]), _word(r, "title", 200), str(r["group"])): r for r in rows}
    names = dict.fromkeys((rule, title) for rule, title, _ in by)
    return tuple(
        {
            "title": title,
            "key": rule,
            "cells": tuple(_rule_cell(by.get((rule, title, g)), i) for i, g in enumerate(groups)),
        }
        for rule, title in names
    )


def _rule_cell(row: Row | None, place: int) -> dict[str, str]:
    people = 0 if row is None else _int(row, "people")
    if row is None or not people:
        return {"bar": "", "share": "", "span": "", "unknown": "", "grades": ""}
    meets, unknown = _int(row, "meets"), _int(row, "cannot_tell")
    told = people - unknown
    return {
        "bar": figures.share_bar(meets, unknown, people, figures.colour_of(place)),
        "share": f"{meets} of {told}" if told else "none can be told",
        "span": _percent_span(row) if told else "",
        "unknown": f"cannot tell {unknown}" if unknown else "",
        "grades": _word(row, "grades", 200).replace("_", " "),
    }


def _profiles(tables: Tables, groups: Sequence[str]) -> tuple[dict[str, Any], ...]:
    group_of = {str(r["participant_id"]): str(r["group"]) for r in tables["values"]}
    points: dict[str, dict[str, dict[str, float]]] = {}
    for r in tables.get("mechanisms", ()):
        value = _float(r, "posterior")
        person = str(r["participant_id"])
        if r.get("status") == "assessed" and value is not None and person in group_of:
            points.setdefault(str(r["mechanism"]), {}).setdefault(group_of[person], {}).setdefault(person, value)
    by: dict[str, dict[str, Row]] = {}
    for r in tables["profiles"]:
        by.setdefault(str(r["mechanism"]), {})[str(r["group"])] = r
    by = {m: own for m, own in by.items() if any(_int(r, "assessed") for r in own.values())}
    out: list[dict[str, Any]] = []
    for mechanism, own in by.items():
        title = _word(next(iter(own.values())), "title", 80)
        posteriors = {g: list(points.get(mechanism, {}).get(g, {}).values()) for g in groups}
        out.append(
            {
                "title": title,
                "svg": figures.probability_strip(posteriors, f"Posterior probabilities of {title.lower()} by group"),
                "cells": tuple(_profile_cell(own.get(g)) for g in groups),
            }
        )
    return tuple(out)


def _profile_cell(row: Row | None) -> dict[str, str]:
    assessed = 0 if row is None else _int(row, "assessed")
    if row is None or not assessed:
        return {"toward": "not assessable", "span": "", "median": "", "left": ""}
    left = _int(row, "not_assessable")
    return {
        "toward": f"{_int(row, 'toward')} of {assessed}",
        "span": _percent_span(row),
        "median": wording.probability(_float(row, "median")),
        "left": f"not assessable {left}" if left else "",
    }


# --- tests of small fibres -----------------------------------------------------------------------------------------


def _fibres(tables: Tables, groups: Sequence[str]) -> dict[str, Any] | None:
    rows = tables["small_fibres"]
    if not rows:
        return None
    names = [str(r["group"]) for r in tables["people"]]
    whole = _whole([n for n in names if n != _ALL])
    tests = [r for r in rows if r["group"] == whole]
    by = {(str(r["test"]), str(r["group"])): r for r in rows}
    table = tuple(
        {
            "title": _word(r, "title"),
            "measures": _word(r, "measures"),
            "cells": tuple(_fibre_cell(by.get((str(r["test"]), g)), i) for i, g in enumerate(groups)),
        }
        for r in tests
    )
    words = [(_word(r, "title"), f"loss in {_int(r, 'loss')} of {_int(r, 'judged')}") for r in tests]
    found, left = _combinations(tables["patterns"], [str(r["test"]) for r in tests], groups, whole)
    label = "Combinations of tests of small fibres that show loss, by number of people"
    return {
        "table": table,
        "svg": figures.combinations(words, found, [_group(g) for g in groups], label) if found else "",
        "left": left,
    }


def _fibre_cell(row: Row | None, place: int) -> dict[str, str]:
    judged = 0 if row is None else _int(row, "judged")
    if row is None or not judged:
        return {"bar": "", "share": "–", "span": ""}
    loss = _int(row, "loss")
    return {
        "bar": figures.share_bar(loss, 0, judged, figures.colour_of(place)),
        "share": f"{loss} of {judged}",
        "span": _percent_span(row),
    }


def _combinations(
    rows: Sequence[Row], tests: Sequence[str], groups: Sequence[str], whole: str
) -> tuple[list[figures.Combination], int]:
    """Return the most frequent combinations with their people by group, and in how many people others are."""
    patterns = [r for r in rows if r["group"] == whole]
    by = {(tuple(str(r[t]) for t in tests), str(r["group"])): _int(r, "people") for r in rows}
    found = []
    for r in patterns[:_MOST_COMBINATIONS]:
        states = tuple(str(r[t]) for t in tests)
        found.append(figures.Combination(states=states, people=[by.get((states, g), 0) for g in groups]))
    return found, sum(_int(r, "people") for r in patterns[_MOST_COMBINATIONS:])


def _agreement(row: Row, tables: Tables) -> dict[str, str]:
    titles = {str(r["test"]): _word(r, "title") for r in tables["small_fibres"]}
    return {
        "pair": f"{titles[str(row['test'])]} and {titles[str(row['other'])]}",
        "judged": str(_int(row, "judged")),
        **{k: str(_int(row, k)) for k in ("both", "test_only", "other_only", "neither")},
        "agree": _percent_span(row),
        "kappa": _with_span(row, "kappa", 2),
    }


# --- pain, change --------------------------------------------------------------------------------------------------


def _correlations(
    rows: Sequence[Row], groups: Sequence[str], known: Mapping[str, Assay]
) -> tuple[dict[str, Any], ...]:
    """Return a table for each pain measure."""
    out: list[dict[str, Any]] = []
    assay = known.get("questionnaires")
    for pain in dict.fromkeys(str(r["pain"]) for r in rows):
        own = [r for r in rows if r["pain"] == pain]
        by = {(_quantity(r), str(r["group"])): r for r in own}
        lines = []
        for q in dict.fromkeys(_quantity(r) for r in own):
            words = _named(q, known)
            cells = tuple(_rho(by.get((q, g)), i) for i, g in enumerate(groups))
            lines.append({"title": words.title, "place": words.place, "cells": cells})
        out.append({"title": title_of(pain, assay), "lines": tuple(lines)})
    return tuple(out)


def _rho(row: Row | None, place: int) -> dict[str, str]:
    rho = None if row is None else _float(row, "rho")
    if row is None or rho is None:
        return {"bar": "", "words": "–", "n": ""}
    bar = figures.correlation_bar(rho, _float(row, "low"), _float(row, "high"), figures.colour_of(place))
    return {"bar": bar, "words": _with_span(row, "rho", 2, "low", "high"), "n": str(_int(row, "n"))}


def _known_limit(row: Row) -> bool:
    return _int(row, "no_limit") < _int(row, "n")


def _course(row: Row, known: Mapping[str, Assay]) -> dict[str, str]:
    words = _named(_quantity(row), known)
    verdicts = {"improved": "improved", "worsened": "worsened", "changed": "changed", "within_error": "within error"}
    said = [f"{_int(row, k)} {w}" for k, w in verdicts.items() if _int(row, k)]
    sign = "+" if (_float(row, "change") or 0) > 0 else ""
    return {
        "title": words.title,
        "place": words.place,
        "group": _group(str(row["group"])),
        "n": str(_int(row, "n")),
        "first": wording.number(_float(row, "first"), words.decimals),
        "last": wording.with_unit(wording.number(_float(row, "last"), words.decimals), words.quantity.unit),
        "change": sign + _with_span(row, "change", words.decimals, "low", "high"),
        "said": ", ".join(said),
    }


def _responders(row: Row) -> dict[str, str]:
    placebo, low, high = (_percent(_float(row, f"placebo_{k}")) for k in ("percent", "low", "high"))
    return {
        "group": _group(str(row["group"])),
        "definition": _word(row, "definition"),
        "share": f"{_int(row, 'responders')} of {_int(row, 'n')}",
        "percent": _percent_span(row),
        "placebo": f"{placebo} % ({low} to {high})" if placebo else "",
        "source": _word(row, "placebo_source", 300),
    }


# --- beside the published ------------------------------------------------------------------------------------------


def _published(rows: Sequence[Row], groups: Sequence[str]) -> tuple[dict[str, Any], ...]:
    out: list[dict[str, Any]] = []
    for topic in dict.fromkeys(str(r["topic"]) for r in rows):
        own = [r for r in rows if r["topic"] == topic]
        percent = own[0]["scale"] == "percent"
        title = _word(own[0], "title", 200)
        lines = [_forest_line(r, groups, percent) for r in own]
        label = f"{title}: this study beside published studies"
        out.append(
            {
                "title": title,
                "svg": figures.forest(lines, label, percent=percent),
                "percent": percent,
                "rule": next((_word(r, "rule", 200) for r in own if r["kind"] == "own"), ""),
                "studies": tuple(_study(r) for r in own if r["kind"] == "study"),
                "pooled": any(r["kind"] == "pooled" for r in own),
            }
        )
    return tuple(out)


def _forest_line(row: Row, groups: Sequence[str], percent: bool) -> figures.ForestLine:
    name, kind = _word(row, "name", 80), str(row["kind"])
    value, low, high = (_float(row, k) for k in ("value", "low", "high"))
    ends = _float(row, "prediction_low"), _float(row, "prediction_high")
    count = f"{_int(row, 'events')} of {_int(row, 'n')}, " if row.get("events") is not None else ""
    if percent:
        shown, span = f"{_percent(value)} %", f"{_percent(low)} to {_percent(high)}"
    else:
        shown, span = wording.number(value, 2), _span(low, high, 2)
    first = name.split(" v ")[0]
    return figures.ForestLine(
        name=_group(name) if kind == "own" else name,
        kind=kind,
        value=value or 0.0,
        low=low,
        high=high,
        words=f"{count}{shown} ({span})" if span else f"{count}{shown}",
        colour=figures.colour_of(groups.index(first)) if kind == "own" and first in groups else "",
        prediction=(ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None,
    )


def _study(row: Row) -> dict[str, str]:
    doi = _word(row, "doi", 200)
    return {
        "name": _word(row, "name"),
        "citation": _word(row, "citation", 400).rstrip("."),
        "note": _word(row, "note", 500),
        "rule": _word(row, "rule", 200),
        "doi": doi,
        "address": page.doi_address(doi),
    }


def _conflict(row: Row) -> dict[str, str]:
    doi = _word(row, "doi", 200)
    words = {k: _word(row, k, 500) for k in ("what", "claim_a", "source_a", "claim_b", "source_b", "reading")}
    return {**words, "doi": doi, "address": page.doi_address(doi)}
