"""Results of ``nociscope evidence`` as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nociscope.tsv import format_number

if TYPE_CHECKING:
    from nociscope.evidence.diagnostic import Accuracy
    from nociscope.evidence.pooling import Pooled
    from nociscope.evidence.published import Reproduction
    from nociscope.evidence.register import Register


def more_of(result: Pooled, *, influence: bool, cluster: str, bayes: float, alternatives: bool) -> dict[str, Any]:
    """Return what was asked for beside the pooled value, as JSON holds it."""
    import dataclasses

    out: dict[str, Any] = {}
    method = result.options.tau2 if result.options.model == "random" else 0.0
    if influence:
        from nociscope.evidence import influence as influence_of
        from nociscope.evidence.record import finite

        rows = [dataclasses.asdict(row) for row in influence_of(result.effects, method)]
        out["influence"] = [{k: finite(v) if isinstance(v, float) else v for k, v in r.items()} for r in rows]
    if cluster:
        from nociscope.evidence import pool_clustered

        tau2 = result.options.tau2
        out["clustered"] = [
            pool_clustered(result.effects, cluster, method=m, tau2=tau2, level=result.options.level).to_dict()
            for m in ("three-level", "robust")
        ]
    if bayes:
        from nociscope.evidence import pool_bayes

        out["bayes"] = pool_bayes(result.effects, tau_scale=bayes, level=result.options.level).to_dict()
    if alternatives:
        from nociscope.evidence import multiverse
        from nociscope.evidence.record import estimate_record

        out["alternatives"] = [
            {"choices": a.name, **({} if a.estimate is None else estimate_record(a.effects, a.estimate))}
            for a in multiverse(result.effects.table, result.effects.measure, result.options.level)
        ]
    return out


def _number(value: float | None, digits: int = 4) -> str:
    return "n/a" if value is None else f"{value:.{digits}g}"


def _span(record: Mapping[str, Any], low: str = "ci_low", high: str = "ci_high") -> str:
    return f"{_number(record.get(low))} to {_number(record.get(high))}"


def _value(record: Mapping[str, Any], percent: bool) -> str:
    """Return a pooled value on the natural scale with its interval, proportions in percent."""
    natural = record.get("natural") or {}
    if natural.get("estimate") is None:
        return "no estimate"
    if percent:
        a, b, c = (100 * natural[k] for k in ("estimate", "ci_low", "ci_high"))
        return f"{a:.1f} % ({b:.1f} to {c:.1f})"
    return f"{_number(natural['estimate'])} ({_span(natural)})"


def pooled_lines(result: Pooled, selection: str, more: Mapping[str, Any]) -> Iterator[str]:
    """Yield a pooled result as text."""
    record = result.to_dict()
    percent = record["measure"] == "proportion"
    yield f"Pooled: {selection or record['natural']['scale']}"
    yield from _study_lines(result, record, percent)
    yield ""
    yield f"{_model(record)}: {_value(record, percent)}   k = {record['k']}"
    yield f"  on the pooling scale ({record['scale']}): {_number(record['estimate'])} ({_span(record)})"
    if record["pi_low"] is not None:
        natural = record["natural"]
        span = (
            f"{100 * natural['pi_low']:.1f} to {100 * natural['pi_high']:.1f} %"
            if percent
            else _span(natural, "pi_low", "pi_high")
        )
        yield f"  prediction interval ({record['prediction']}), where a further study would lie: {span}"
    yield from _spread_lines(record)
    yield from _group_lines(record, percent)
    yield from _moderator_lines(record)
    yield from _bias_lines(record, percent)
    for title, rows in (("Without", record["leave_one_out"]), ("Up to", record["cumulative"])):
        for row in rows:
            yield f"  {title} {row['study']}: {_value(row, percent)}"
    yield from _more_lines(more, percent)
    for note in record["notes"]:
        yield f"Note: {note}"


def _model(record: Mapping[str, Any]) -> str:
    words = {"random": "Random effects", "common": "Common effect", "mh": "Mantel-Haenszel", "peto": "Peto"}
    name = words.get(record["model"], f"Binomial-normal ({record['model']})")
    method = f", {record['tau2_method']}" if record["model"] == "random" else ""
    return f"{name}{method}, interval {record['interval']}"


def _study_lines(result: Pooled, record: Mapping[str, Any], percent: bool) -> Iterator[str]:
    width = max(len(s["study"]) for s in record["studies"])
    for i, s in enumerate(record["studies"]):
        counts = ""
        if percent:
            x, n = (float(c[i]) for c in result.effects.counts)
            counts = f"  {x:g}/{n:g} = {100 * x / n:.1f} %"
        elif s["yi"] is not None:
            counts = f"  {_number(s['yi'])} (variance {_number(s['vi'])})"
        half = "  one half added" if s["half_added"] and result.options.model in ("random", "common") else ""
        yield f"  {s['study']:<{width}}{counts}  weight {s['weight']:.1f} %{half}"


def _spread_lines(record: Mapping[str, Any]) -> Iterator[str]:
    if record["i2"] is None:
        return
    q = f"Q {_number(record['q'])} on {record['q_df']}, p {_number(record['q_p'], 3)}"
    tau = ""
    if record["tau2_method"]:
        limits = "" if record["tau2_low"] is None else f" ({_span(record, 'tau2_low', 'tau2_high')})"
        tau = f"tau² {_number(record['tau2'])}{limits}, "
    yield f"  between studies: {tau}I² {record['i2']:.1f} % by {record['i2_definition']}, {q}"


def _group_lines(record: Mapping[str, Any], percent: bool) -> Iterator[str]:
    for g in record["groups"]:
        yield f"  {g['group']}: {_value(g, percent)}   k = {g['k']}"
    if record["between"]:
        b = record["between"]
        yield f"  between groups: Q {_number(b['q'])} on {b['df']}, p {_number(b['p'], 3)}"


def _moderator_lines(record: Mapping[str, Any]) -> Iterator[str]:
    m = record["moderator"]
    if not m:
        return
    for c in m["coefficients"]:
        yield f"  {c['name']}: {_number(c['estimate'])} ({_span(c)}), p {_number(c['p'], 3)}"
    test = f"QM {_number(m['qm'])} ({m['qm_test']}), p {_number(m['qm_p'], 3)}"
    yield f"  moderators: {test}; tau² left {_number(m['tau2'])}"


def _bias_lines(record: Mapping[str, Any], percent: bool) -> Iterator[str]:
    if record["egger"]:
        e = record["egger"]
        yield f"  Egger: t {_number(e['t'])} on {e['df']}, p {_number(e['p'], 3)}"
    if record["begg"]:
        b = record["begg"]
        yield f"  Begg: tau {_number(b['tau'])}, p {_number(b['p'], 3)}{' (exact)' if b['exact'] else ''}"
    if record["trim_fill"]:
        t = record["trim_fill"]
        yield f"  Trim-and-fill: {t['k0']} on the {t['side']}; then {_number(t['estimate'])} ({_span(t)})"


def _more_lines(more: Mapping[str, Any], percent: bool) -> Iterator[str]:
    for c in more.get("clustered", ()):
        yield f"  {c['method']}, {c['clusters']} clusters: {_value(c, percent)}"
    if "bayes" in more:
        b = more["bayes"]
        yield f"  Bayes ({b['priors']}): {_value(b, percent)}"
    for row in more.get("influence", ()):
        mark = "  beyond a limit" if row["outlying"] else ""
        yield (
            f"  {row['study']}: residual {_number(row['rstudent'], 3)}, dffits {_number(row['dffits'], 3)}, "
            f"Cook {_number(row['cook'], 3)}, hat {_number(row['hat'], 3)}{mark}"
        )
    for a in more.get("alternatives", ()):
        yield f"  {a['choices']}: {_value(a, percent)}"


def accuracy_lines(result: Accuracy) -> Iterator[str]:
    """Yield pooled accuracy as text."""
    r = result.to_dict()
    for name in ("sensitivity", "specificity"):
        low, high = 100 * r[f"{name}_low"], 100 * r[f"{name}_high"]
        yield f"{name.capitalize()}: {100 * r[name]:.1f} % ({low:.1f} to {high:.1f})"
    yield f"  {r['model']} model, REML, k = {r['k']}; correlation between studies {_number(r['correlation'], 3)}"
    if r["auc"] is not None:
        own = _number(r["partial_auc"], 3)
        yield f"  area under the summary ROC curve {r['auc']:.3f}; over the studies' own range {own}"
    yield (
        f"  diagnostic odds ratio {_number(r['diagnostic_odds_ratio'])} "
        f"({_span(r, 'diagnostic_odds_ratio_low', 'diagnostic_odds_ratio_high')})"
    )
    for note in r["notes"]:
        yield f"Note: {note}"


def _source(doi: str) -> str:
    if not doi:
        return "no DOI read"
    return doi if doi.startswith("PMID:") else f"doi:{doi}"


def register_lines(register: Register, tests: Sequence[str]) -> Iterator[str]:
    """Yield the studies of the register by construct."""
    from nociscope.evidence.register import CONSTRUCTS, MARKS, TESTS

    studies = [s for s in register.studies if not tests or s.test in tests]
    for construct in dict.fromkeys(s.construct for s in studies):
        yield CONSTRUCTS.get(construct, construct)
        for s in (s for s in studies if s.construct == construct):
            count = f"{s.events}/{s.n}" if s.events is not None else ""
            share = f"{format_number(s.percent)} %" if s.percent is not None and not count else ""
            control = f", controls {s.ctrl_events}/{s.ctrl_n}" if s.ctrl_events is not None else ""
            place = " ".join(x for x in (TESTS.get(s.test, s.test), s.site.replace("_", " ")) if x)
            state = MARKS[s.mark] + ("" if s.active else ", inactive") + ("" if s.main else ", not pooled by default")
            yield f"  {s.study}: {count or share or 'no count read'}{control}  [{place}]  {state}; {_source(s.doi)}"


def published_lines(found: Iterable[Reproduction]) -> Iterator[str]:
    """Yield published pooled figures with ours beside them."""
    from nociscope.evidence.register import CONSTRUCTS, TESTS

    for r in found:
        p = r.published
        size = "" if p.k is None or p.n is None else f"{p.k} studies, {p.n} people: "
        yield f"{p.source}: {CONSTRUCTS.get(p.construct, p.construct)} by {TESTS.get(p.test, p.test)}"
        yield (
            f"  published: {size}{_number(p.percent)} % ({_number(p.low)} to {_number(p.high)}), I² {_number(p.i2)} %"
            f"; {p.citation}; {_source(p.doi)}"
        )
        if r.ours is not None:
            natural, i2 = r.ours.to_dict()["natural"], r.ours.estimate.i2
            a, b, c = (100 * natural[k] for k in ("estimate", "ci_low", "ci_high"))
            yield f"  here:      {a:.0f} % ({b:.0f} to {c:.0f}), I² {i2:.0f} %"
        yield f"  {r.remark}"


def claim_lines(register: Register) -> Iterator[str]:
    """Yield each claim with what speaks for and against it."""
    for claim in dict.fromkeys(c.claim for c in register.claims):
        yield claim
        for c in (c for c in register.claims if c.claim == claim):
            state = "" if c.active else "  (inactive)"
            yield f"  {c.verdict:<8} {c.citation}: {c.note}; {_source(c.doi)}{state}"


def conflict_lines(register: Register) -> Iterable[str]:
    """Yield each contradiction: the two claims, their sources, the reading taken."""
    for c in register.conflicts:
        yield c.topic
        yield f"  says: {c.claim_a}  ({c.source_a})"
        yield f"  says: {c.claim_b}  ({c.source_b})"
        yield f"  register: {c.reading}  [{_source(c.doi)}]"
