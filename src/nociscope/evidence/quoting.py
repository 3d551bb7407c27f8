"""What the register says of a test, in sentences that reports can quote: never without the construct measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from nociscope.evidence.register import CONSTRUCTS, TESTS, Claim, PublishedPool, Study, load_register, study_table

_AUTONOMIC = ("hrv", "reflexes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One sentence or two from the register.

    Attributes
    ----------
    text : str
    construct : str
        What the figures are figures of, in words; it also stands in the text.
    dois : tuple of str
        Of the studies behind it; ``PMID:number`` where there is no DOI.
    citations : tuple of str
    """

    text: str
    construct: str
    dois: tuple[str, ...]
    citations: tuple[str, ...]


@cache
def quotes(assay: str) -> tuple[Quote, ...]:
    """Return what the register says of an assay in fibromyalgia; nothing for an assay that it does not hold.

    Only active rows are used. Figures of different constructs are never in one sentence.

    Parameters
    ----------
    assay : str
        Key of the assay: ``biopsy``, ``ccm``, ``lep`` …
    """
    register = load_register()
    out: list[Quote] = []
    studies = [s for s in register.studies if s.test == assay and s.active]
    for construct in dict.fromkeys(s.construct for s in studies):
        same = [s for s in studies if s.construct == construct]
        quote = _counts(assay, construct, same)
        if quote is not None:
            out.append(quote)
    if assay in _AUTONOMIC:
        out += [_published(p) for p in register.pooled if p.active and p.test == "hrv_ssr_esc_tilt"]
    claims = [c for c in register.claims if c.test == assay and c.active]
    for claim in dict.fromkeys(c.claim for c in claims):
        out.append(_claim(claim, [c for c in claims if c.claim == claim]))
    return tuple(out)


def _names(studies: Sequence[Study]) -> str:
    return f"{len(studies)} {'study' if len(studies) == 1 else 'studies'}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _counts(assay: str, construct: str, studies: Sequence[Study]) -> Quote | None:
    """Return the prevalence of one construct by one test in adults, pooled where there are three samples or more."""
    from nociscope.evidence.pooling import pool

    counted = [s for s in studies if s.counted and s.main and s.population != "juvenile"]
    if not counted:
        return None
    people = sum(s.n or 0 for s in counted)
    shares = sorted((s.events or 0) / (s.n or 1) for s in counted)
    what = CONSTRUCTS.get(construct, construct)
    text = f"In {_names(counted)} of {TESTS.get(assay, assay)} in adults with fibromyalgia ({people} people), "
    if len(counted) == 1:
        text += f"{counted[0].events} of {counted[0].n} had {what}."
    elif len(counted) == 2 or shares[-1] == 0:
        each = " and ".join(f"{s.events} of {s.n}" for s in counted)
        text += f"{each} had {what}."
    else:
        found = pool(study_table(counted), "proportion").to_dict()["natural"]
        text += (
            f"{_percent(shares[0])} to {_percent(shares[-1])} had {what}; pooled {_percent(found['estimate'])} "
            f"({_percent(found['ci_low'])} to {_percent(found['ci_high'])}), and a further study would be expected "
            f"between {_percent(found['pi_low'])} and {_percent(found['pi_high'])}."
        )
    sites = sorted({s.site.replace("_", " ") for s in counted if s.site})
    if assay == "biopsy" and len(sites) > 1:
        text += f" Sites differ ({', '.join(sites)}): thigh and distal leg are not the same figure."
    controls = [s for s in counted if s.ctrl_events is not None and s.ctrl_n is not None]
    if controls:
        text += " By the same rule: " + "; ".join(
            f"{s.ctrl_events} of {s.ctrl_n} {'without the criteria' if s.design == 'survey' else 'controls'} "
            f"({s.study})"
            for s in controls
        ) + "."  # fmt: skip
    return Quote(text=text, construct=what, dois=_dois(counted), citations=_citations(counted))


def _published(p: PublishedPool) -> Quote:
    what = CONSTRUCTS.get(p.construct, p.construct)
    text = (
        f"A meta-analysis ({p.source}) found {what} by {TESTS.get(p.test, p.test)} in {p.percent:g} % "
        f"({p.low:g} to {p.high:g}) of adults with fibromyalgia; its studies differ widely (I² {p.i2:g} %)."
    )
    return Quote(text=text, construct=what, dois=(p.doi,) if p.doi else (), citations=(p.citation,))


def _claim(claim: str, entries: Sequence[Claim]) -> Quote:
    words = {"SUPPORT": "for", "PARTIAL": "in part", "AGAINST": "against"}
    parts = []
    for verdict, word in words.items():
        same = [c for c in entries if c.verdict == verdict]
        if same:
            parts.append(f"{word}: " + "; ".join(f"{c.citation} ({c.note})" for c in same))
    construct = entries[0].construct
    what = CONSTRUCTS.get(construct, construct)
    return Quote(
        text=f"“{claim}” – {'. '.join(p[0].upper() + p[1:] for p in parts)}. Measured: {what}.",
        construct=what,
        dois=_dois(entries),
        citations=_citations(entries),
    )


def _dois(entries: Sequence[Study] | Sequence[Claim]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e.doi for e in entries if e.doi))


def _citations(entries: Sequence[Study] | Sequence[Claim]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e.citation for e in entries))
