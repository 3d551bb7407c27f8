"""Norms from a study's own controls: for any assay's readings, one norm per quantity, site, method and unit.

Why: a wrong local spread is the largest source of false claims. How the numbers are made stands in
:mod:`nociscope.norms.local` and ``docs/norms.md``.
"""

from __future__ import annotations

import glob
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nociscope import files
from nociscope.assays.declaration import Assay, Measure
from nociscope.norms.fitting import fit, in_unit
from nociscope.norms.library import NormLibrary
from nociscope.norms.local import PRIOR_WEIGHT, Estimate, Person, contradicts, estimate, standardised
from nociscope.norms.model import Norm, NormCell
from nociscope.norms.quality import suspicious
from nociscope.norms.reference import reference_for
from nociscope.study.records import Participant
from nociscope.tables import MISSING, Reading

MINIMUM = 5
"""Fewest controls that a norm is made of."""

FEW = 10
"""Below this number the norm says that it rests on few controls."""

MOST_EXCLUDED = 0.1
"""Largest share of controls whose value is censored (or 0 on a log scale); with more, the limit cannot be placed."""

AGE_MARGIN = 10.0
"""Years beyond the controls' ages in which a score is still made, and says so."""

Place = tuple[str, str, str, str, str]
"""Assay, measure, site, method, unit: what one norm is of."""


@dataclass(frozen=True, slots=True)
class BuildEntry:
    """What became of one quantity: the key of its norm, or empty, and why in words."""

    place: Place
    n: int
    key: str
    outcome: str


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What was built, what was not and why, and what looks wrong in the controls.

    Attributes
    ----------
    norms : tuple of Norm
    entries : tuple of BuildEntry
        Every quantity that was looked at, in the order of the assays' declarations.
    warnings : tuple of str
    """

    norms: tuple[Norm, ...]
    entries: tuple[BuildEntry, ...]
    warnings: tuple[str, ...]

    def text(self) -> str:
        """Return the summary to print, plain text."""
        built = sum(1 for e in self.entries if e.key)
        lines = [f"{built} norms built from own controls, {len(self.entries) - built} not built."]
        for e in self.entries:
            assay, measure, site, method, unit = e.place
            where = " ".join(
                t for t in (assay, measure, *(x for x in (site, method, unit) if x not in ("", MISSING)))
            )
            lines.append(f"{'built    ' if e.key else 'not built'}  {where}: {e.outcome}")
        lines += [f"warning    {w}" for w in self.warnings]
        return "\n".join(lines) + "\n"


def build_norms(
    readings: Iterable[Reading],
    participants: Mapping[str, Participant] | Iterable[Participant],
    library: NormLibrary,
    assays: Sequence[Assay],
    minimum: int = MINIMUM,
) -> tuple[Norm, ...]:
    """Return the norms of :func:`build_report`, without the words."""
    return build_report(readings, participants, library, assays, minimum).norms


def build_report(
    readings: Iterable[Reading],
    participants: Mapping[str, Participant] | Iterable[Participant],
    library: NormLibrary,
    assays: Sequence[Assay],
    minimum: int = MINIMUM,
) -> BuildReport:
    """Build norms from the participants whose group is ``control`` (any case).

    Parameters
    ----------
    readings : iterable of Reading
        Of everyone; only controls count, with the first session at which they have a usable value.
    participants : mapping or iterable of Participant
    library : NormLibrary
        Published norms toward which location and spread are shrunk where one fits; the user's own are not used.
    assays : sequence of Assay
        Where the measures are declared; measures that are not scored get no norm.
    minimum : int
        Fewest controls for a norm, at least 3.

    Returns
    -------
    BuildReport

    Notes
    -----
    Sides are repeats of one person: they count once in location and in its error, and the difference between sides is
    added to the spread, because a score is made of a single side.
    """
    everyone = participants.values() if isinstance(participants, Mapping) else participants
    people = tuple(everyone)
    controls = {p.participant_id: p for p in people if p.group.strip().casefold() == "control"}
    if not controls:
        groups = ", ".join(sorted({p.group or MISSING for p in people})) or "none"
        return BuildReport((), (), (f"no participant has the group control (groups: {groups})",))
    declared = {(a.name, m.name): (i, m) for i, (a, m) in enumerate((a, m) for a in assays for m in a.measures)}
    listed = len(declared)
    groups_of: dict[Place, list[Reading]] = {}
    by_name = {a.name: a for a in assays}
    for r in readings:
        known = declared.get((r.assay, r.measure))
        if known is None and r.assay in by_name:  # an analyte that the data name comes after the listed measures
            opened = by_name[r.assay].measure_named(r.measure)
            known = None if opened is None else (len(declared), opened)
            if known is not None:
                declared[r.assay, r.measure] = known
        if r.participant_id in controls and known is not None and known[1].scored and by_name[r.assay].compares(r):
            groups_of.setdefault((r.assay, r.measure, r.site, r.method, r.unit), []).append(r)
    norms: list[Norm] = []
    entries: list[BuildEntry] = []
    warnings: list[str] = []
    for place in sorted(groups_of, key=lambda p: (min(declared[p[0], p[1]][0], listed), p)):
        measure = declared[place[0], place[1]][1]
        entry, norm = _build_one(place, groups_of[place], controls, measure, library, max(minimum, 3))
        if norm is not None and any(n.key == norm.key for n in norms):
            norm = replace(norm, key=f"{norm.key}_{files.sha256(repr(place).encode())[:6]}")
            entry = replace(entry, key=norm.key)
        entries.append(entry)
        norms += [] if norm is None else [norm]
        warning = suspicious(groups_of[place], controls, library, assays)
        warnings += [warning] if warning else []
    return BuildReport(tuple(norms), tuple(entries), tuple(warnings))


@dataclass(frozen=True, slots=True)
class _Sample:
    """The usable controls of one quantity and what was left out."""

    ids: tuple[str, ...]
    people: tuple[Person, ...]
    devices: tuple[str, ...]
    censored: int
    zero: int

    @property
    def n(self) -> int:
        return len(self.people)


def _sample(readings: Sequence[Reading], controls: Mapping[str, Participant], log10: bool) -> _Sample:
    by_person: dict[str, dict[str, list[Reading]]] = {}
    for r in readings:
        if r.quality != "failed" and r.value is not None and math.isfinite(r.value):
            by_person.setdefault(r.participant_id, {}).setdefault(r.session_id, []).append(r)
    ids, people, devices = [], [], set()
    censored = zero = 0
    for name in sorted(by_person):
        first = by_person[name][min(by_person[name])]
        certain = [r for r in first if r.censored == "none"]
        positive = [r for r in certain if not log10 or (r.value or 0.0) > 0]
        if not positive:
            censored += not certain
            zero += bool(certain)
            continue
        values = tuple(math.log10(r.value) if log10 else float(r.value) for r in positive if r.value is not None)
        ids.append(name)
        people.append(Person(values, controls[name].age, controls[name].sex))
        devices |= {r.device for r in positive}
    return _Sample(tuple(ids), tuple(people), tuple(sorted(devices)), censored, zero)


def _build_one(
    place: Place,
    readings: Sequence[Reading],
    controls: Mapping[str, Participant],
    measure: Measure,
    library: NormLibrary,
    minimum: int,
) -> tuple[BuildEntry, Norm | None]:
    sample = _sample(readings, controls, measure.log10)
    n, lost = sample.n, sample.censored + sample.zero

    def refuse(why: str) -> tuple[BuildEntry, None]:
        return BuildEntry(place, n, "", why), None

    if lost > MOST_EXCLUDED * (n + lost):
        kind = "censored" if sample.censored >= sample.zero else "0, which has no logarithm"
        return refuse(f"{lost} of {n + lost} controls have a value that is {kind}, so no limit can be placed")
    if n < minimum:
        return refuse(f"{n} controls with a usable value, and {minimum} are needed")
    prior, about_prior = _prior(place, sample, measure, library)
    made = _with_prior(sample, prior) if prior is not None else _alone(sample)
    if made is None:
        return refuse(f"the values of {n} controls do not vary")
    notes = [f"{n} controls"]
    notes += [f"few controls (fewer than {FEW}), so wide limits"] if n < FEW else []
    notes += [f"{lost} left out because censored or 0"] if lost else []
    notes += [about_prior] if about_prior else []
    norm = _described(place, sample, measure, made, "; ".join(notes))
    return BuildEntry(place, n, norm.key, f"{_words(norm)} ({norm.status_note})"), norm


def _words(norm: Norm) -> str:
    from nociscope.norms.library import describe

    return describe(norm)


# --- the published norm ---


def _prior(place: Place, sample: _Sample, measure: Measure, library: NormLibrary) -> tuple[Norm | None, str]:
    """Return the published norm to shrink toward, and what is to be said of it."""
    assay, name, site, method, unit = place
    scale = "log10" if measure.log10 else "identity"
    device = sample.devices[0] if len(sample.devices) == 1 else MISSING
    probe = Reading(assay=assay, measure=name, site=site, method=method, unit=unit, value=1.0, device=device)
    for norm in sorted(library.candidates(assay, name), key=lambda n: n.key):
        if (
            norm.key in library.own
            or norm.scale != scale
            or not _has_spread(norm)
            or in_unit(1, unit, norm.unit) != 1
        ):
            continue
        fits = [fit(norm, probe, Participant(participant_id="", age=p.age, sex=p.sex)).ok for p in sample.people]
        if not any(fits):
            continue
        if not all(fits):
            return None, f"{norm.key} does not hold for {fits.count(False)} of the controls, so it is not used"
        expected = _expected(norm, sample)
        if expected is None:
            continue
        conflict = contradicts(standardised(sample.people, expected), _weight(norm))
        if conflict:
            return None, f"{norm.key} is not used because {conflict}"
        return norm, f"shrunk toward {norm.key}, which counts for {_weight(norm):g} controls"
    return None, ""


def _has_spread(norm: Norm) -> bool:
    if norm.form == "table":
        return all(c.sd is not None and (c.mean is not None or c.median is not None) for c in norm.cells)
    return norm.form in ("normal", "regression") and norm.sd is not None


def _weight(norm: Norm) -> float:
    return min(PRIOR_WEIGHT, float(norm.n)) if norm.n else PRIOR_WEIGHT


def _expected(norm: Norm, sample: _Sample) -> list[tuple[float, float]] | None:
    out = []
    for p in sample.people:
        ref = reference_for(norm, p.age, p.sex)
        if ref is None or ref.location is None or not ref.sd:
            return None
        out.append((ref.location, ref.sd))
    return out


# --- from estimate to norm ---


def _alone(sample: _Sample) -> Norm | None:
    made = estimate(sample.people)
    return None if made is None else _line(made, (0.0, 0.0, 0.0), 1.0)


def _with_prior(sample: _Sample, prior: Norm) -> Norm | None:
    expected = _expected(prior, sample)
    if expected is None:
        return None
    table = prior.form == "table"
    made = estimate(standardised(sample.people, expected), prior_weight=_weight(prior), terms_allowed=not table)
    if made is None:
        return None
    if not table:
        base = prior.mean if prior.form == "normal" else prior.intercept
        return _line(made, (base or 0.0, prior.age_slope or 0.0, prior.woman or 0.0), prior.sd or 1.0)
    cells = tuple(_moved(c, made) for c in prior.cells)
    spread = math.fsum(sd for _, sd in expected) / len(expected)
    return replace(_EMPTY, form="table", cells=cells, sd_df=_tidy(made.df), mean_se=_tidy(made.mean_se * spread))


_EMPTY = Norm(key="", title="", citation="", doi="", status="local", assay="", measure="", unit="", form="normal")


def _line(made: Estimate, base: tuple[float, float, float], sd: float) -> Norm:
    """Return `made`, in units of `sd` around the line `base`, as numbers of a norm."""
    a, b, c = (_tidy(x + sd * y) for x, y in zip(base, made.coefficients, strict=True))
    if b == 0 and c == 0:
        return replace(_EMPTY, mean=a, sd=_tidy(made.sd * sd), sd_df=_tidy(made.df), mean_se=_tidy(made.mean_se * sd))
    covariance = tuple(tuple(_tidy(float(x) * sd**2) for x in row) for row in made.covariance)
    return replace(
        _EMPTY,
        form="regression",
        intercept=a,
        age_slope=b or None,
        woman=c or None,
        sd=_tidy(made.sd * sd),
        sd_df=_tidy(made.df),
        covariance=covariance,
    )


def _moved(cell: NormCell, made: Estimate) -> NormCell:
    location = cell.median if cell.mean is None else cell.mean
    sd = cell.sd or 0.0
    mean = (location or 0.0) + made.coefficients[0] * sd
    return NormCell(
        sex=cell.sex, age_low=cell.age_low, age_high=cell.age_high, mean=_tidy(mean), sd=_tidy(made.sd * sd)
    )


def _tidy(x: float) -> float:
    """Return a number with ten significant digits, so that files are the same on every machine."""
    return float(f"{x:.10g}")


def _described(place: Place, sample: _Sample, measure: Measure, numbers: Norm, note: str) -> Norm:
    assay, name, site, method, unit = place
    ages = sorted(p.age for p in sample.people if p.age is not None)
    women, men = (sum(p.sex == s for p in sample.people) for s in ("F", "M"))
    sexes = tuple(s for s, k in (("F", women), ("M", men)) if k) or ("F", "M")
    known = not {"", MISSING} & set(sample.devices)
    where = "" if site == MISSING else f", {site}"
    span = f", {ages[0]:g}-{ages[-1]:g} y" if ages else ""
    return replace(
        numbers,
        key="_".join(re.sub(r"[^A-Za-z0-9.]+", "_", t).strip("_.") for t in ("own", *place[:4]) if t != MISSING),
        title=f"{measure.title}{where}: own controls",
        citation="This study's own controls",
        status_note=note if ages else f"{note}; ages unknown, so any age is scored",
        n=sample.n,
        population=f"{sample.n} controls ({women} women, {men} men{span})",
        device=", ".join(d for d in sample.devices if d not in ("", MISSING)),
        devices=tuple(glob.escape(d) for d in sample.devices) if known else (),
        assay=assay,
        measure=name,
        unit=unit,
        sites=(glob.escape(site),),
        methods=(glob.escape(method),),
        sexes=sexes,
        age_low=float(math.floor(ages[0])) if ages else 0.0,
        age_high=float(math.floor(ages[-1])) if ages else 120.0,
        age_margin=AGE_MARGIN if ages else 0.0,
        scale="log10" if measure.log10 else "identity",
    )
