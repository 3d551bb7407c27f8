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
from nociscope.norms.covariates import Surroundings, in_unit
from nociscope.norms.fitting import fit
from nociscope.norms.library import NormLibrary, describe
from nociscope.norms.lines import bounds_of, line_of, table_of
from nociscope.norms.local import (
    PRIOR_WEIGHT,
    Estimate,
    Person,
    age_slope_can_be_asked,
    contradicts,
    estimate,
    estimate_around,
    standardised,
)
from nociscope.norms.model import HEIGHT_CM, Norm
from nociscope.norms.published_slopes import SlopeSource
from nociscope.norms.quality import suspicious
from nociscope.norms.reference import reference_for
from nociscope.norms.samples import Sample, by_device, is_known, sample_of
from nociscope.study.records import Participant
from nociscope.tables import Reading
from nociscope.tsv import MISSING

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
    """What became of one quantity: the key of its norm, or empty, and why in words.

    `device` is empty unless the controls were measured on several.
    """

    place: Place
    n: int
    key: str
    outcome: str
    device: str = ""


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
                t for t in (assay, measure, *(x for x in (site, method, unit, e.device) if x not in ("", MISSING)))
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
    slopes: Sequence[SlopeSource] = (),
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
    slopes : sequence of SlopeSource
        Published slopes of age, for measures whose controls are too few for one of their own.

    Returns
    -------
    BuildReport

    Notes
    -----
    Sides are repeats of one person: they count once in location and in its error, and the difference between sides is
    added to the spread, because a score is made of a single side. Controls of different devices are kept apart: each
    device has a norm of its own.
    """
    everyone = participants.values() if isinstance(participants, Mapping) else participants
    people = tuple(everyone)
    controls = {p.participant_id: p for p in people if p.group.strip().casefold() == "control"}
    if not controls:
        groups = ", ".join(sorted({p.group or MISSING for p in people})) or "none"
        return BuildReport((), (), (f"no participant has the group control (groups: {groups})",))
    of_controls = [r for r in readings if r.participant_id in controls]
    source = _Source(controls, Surroundings.of(of_controls), library, max(minimum, 3), tuple(slopes))
    norms: dict[str, Norm] = {}
    entries: list[BuildEntry] = []
    warnings: list[str] = []
    for place, measure, these in _quantities(of_controls, assays):
        apart = by_device(these)
        for device, of_device in apart.items():
            unnamed = sum(not is_known(r.device) for r in these) if device else 0
            entry, norm = _build_one(place, device, of_device, measure, source, unnamed)
            if norm is not None and norm.key in norms:
                norm = replace(norm, key=f"{norm.key}_{files.sha256(repr((*place, device)).encode())[:6]}")
                entry = replace(entry, key=norm.key)
            entries.append(entry)
            if norm is not None:
                norms[norm.key] = norm
        warning = suspicious(these, controls, library, assays, source.around)
        warnings += [warning] if warning else []
    return BuildReport(tuple(norms.values()), tuple(entries), tuple(warnings))


def _quantities(
    readings: Sequence[Reading], assays: Sequence[Assay]
) -> Iterable[tuple[Place, Measure, tuple[Reading, ...]]]:
    """Yield each quantity that could have a norm, in the order of the declarations."""
    declared = {(a.name, m.name): (i, m) for i, (a, m) in enumerate((a, m) for a in assays for m in a.measures)}
    listed = len(declared)
    by_name = {a.name: a for a in assays}
    groups: dict[Place, list[Reading]] = {}
    for r in readings:
        known = declared.get((r.assay, r.measure))
        if known is None and r.assay in by_name:  # an analyte that the data name comes after the listed measures
            opened = by_name[r.assay].measure_named(r.measure)
            known = None if opened is None else (listed, opened)
            if known is not None:
                declared[r.assay, r.measure] = known
        if known is not None and known[1].scored and by_name[r.assay].compares(r):
            groups.setdefault((r.assay, r.measure, r.site, r.method, r.unit), []).append(r)
    for place in sorted(groups, key=lambda p: (declared[p[0], p[1]][0], p)):
        yield place, declared[place[0], place[1]][1], tuple(groups[place])


@dataclass(frozen=True, slots=True)
class _Source:
    """What all norms of a study are made from."""

    controls: Mapping[str, Participant]
    around: Surroundings
    library: NormLibrary
    minimum: int
    slopes: tuple[SlopeSource, ...]


def _build_one(
    place: Place, device: str, readings: Sequence[Reading], measure: Measure, source: _Source, unnamed: int
) -> tuple[BuildEntry, Norm | None]:
    """Build one norm; `unnamed` readings were left out because they name none of several devices."""
    sample = sample_of(readings, source.controls, measure.log10, measure.covariates, source.around)
    n, lost = sample.n, sample.censored + sample.zero

    def refuse(why: str) -> tuple[BuildEntry, None]:
        return BuildEntry(place, n, "", why, device), None

    if lost > MOST_EXCLUDED * (n + lost):
        kind = "censored" if sample.censored >= sample.zero else "0, which has no logarithm"
        return refuse(f"{lost} of {n + lost} controls have a value that is {kind}, so no limit can be placed")
    if n < source.minimum:
        return refuse(f"{n} controls with a usable value, and {source.minimum} are needed")
    prior, about_prior = _prior(place, sample, measure, source.library)
    if prior is not None:
        made, about_slopes = _with_prior(sample, prior, measure), ""
    else:
        made, about_slopes = _alone(place, sample, measure, source.slopes)
    if made is None:
        return refuse(f"the values of {n} controls do not vary")
    notes = [f"{n} controls"]
    notes += [f"few controls (fewer than {FEW}), so wide limits"] if n < FEW else []
    notes += [f"{lost} left out because censored or 0"] if lost else []
    notes += [f"{unnamed} readings without a device left out"] if unnamed else []
    notes += [t for t in (about_prior, about_slopes) if t]
    notes += [*_about_devices(sample), *_about_covariates(sample, measure)]
    norm = _described(place, device, sample, measure, made, "; ".join(notes))
    return BuildEntry(place, n, norm.key, f"{describe(norm)} ({norm.status_note})", device), norm


def _about_devices(sample: Sample) -> list[str]:
    if sample.known_devices and len(sample.known_devices) < len(sample.devices):
        return [f"some readings name no device, and are taken as those of {' and '.join(sample.known_devices)}"]
    return []


def _about_covariates(sample: Sample, measure: Measure) -> list[str]:
    """Say where a covariate is not known for everyone, so that it could not be looked at."""
    notes = []
    for c in measure.covariates:
        known = sum(p.covariate(c.name) is not None for p in sample.people)
        if known == 0:
            notes.append(f"{c.title} unknown" + (", so any is scored" if c.binds else ""))
        elif known < sample.n:
            notes.append(f"{c.title} unknown for {sample.n - known} of them, so no slope was asked for")
    return notes


# --- the published norm ---


def _prior(place: Place, sample: Sample, measure: Measure, library: NormLibrary) -> tuple[Norm | None, str]:
    """Return the published norm to shrink toward, and what is to be said of it.

    One whose women have a slope of age of their own is passed over: a local line would lose it.
    """
    assay, name, site, method, unit = place
    scale = "log10" if measure.log10 else "identity"
    device = sample.known_devices[0] if len(sample.known_devices) == 1 else MISSING
    probe = Reading(assay=assay, measure=name, site=site, method=method, unit=unit, value=1.0, device=device)
    for norm in sorted(library.candidates(assay, name), key=lambda n: n.key):
        if (
            norm.key in library.own
            or norm.scale != scale
            or not _has_spread(norm)
            or in_unit(1, unit, norm.unit) != 1
        ):
            continue
        fits = [fit(norm, probe, _as_participant(p)).ok for p in sample.people]
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
    return norm.form in ("normal", "regression") and norm.sd is not None and norm.age_slope_women is None


def _weight(norm: Norm) -> float:
    return min(PRIOR_WEIGHT, float(norm.n)) if norm.n else PRIOR_WEIGHT


def _as_participant(person: Person) -> Participant:
    return Participant(participant_id="", age=person.age, sex=person.sex, height_cm=person.covariate(HEIGHT_CM))


def _expected(norm: Norm, sample: Sample) -> list[tuple[float, float]] | None:
    """Return location and SD of a published norm for each of the controls, None where it gives none."""
    out = []
    for p in sample.people:
        known = {c: x for c in p.covariates if (x := p.covariate(c)) is not None}
        ref = reference_for(norm, p.age, p.sex, known)
        if ref is None or ref.location is None or not ref.sd:
            return None
        out.append((ref.location, ref.sd))
    return out


# --- from estimate to norm ---


def _alone(place: Place, sample: Sample, measure: Measure, slopes: Sequence[SlopeSource]) -> tuple[Norm | None, str]:
    """Return the norm that controls make alone, or around a published slope of age where one was asked for.

    Published slopes are of the plain value, so there is none for a measure on the log scale.
    """
    around, about = (None, "") if measure.log10 else _around_slope(place, sample, slopes)
    made = around or estimate(sample.people, covariates=measure.covariates)
    return (None if made is None else line_of(made, None, sample, measure.covariates)), about


def _around_slope(place: Place, sample: Sample, slopes: Sequence[SlopeSource]) -> tuple[Estimate | None, str]:
    """Return the estimate around a published slope of age, and what is to be said of it."""
    assay, name, _, method, unit = place
    offered = [(s, x) for s in slopes if s.assay == assay and (x := s.of(name)) is not None]
    if not offered:
        return None, ""
    if age_slope_can_be_asked(sample.people):
        return None, "enough controls for a slope of age of their own, so no published one is used"
    fitting = [(s, x) for s, x in offered if s.fits_method(method) and in_unit(1, unit, x.unit) == 1]
    if not fitting:
        source = offered[0][0]
        return None, f"the age slope of {source.key} is not used: {source.why_methods}"
    source, slope = fitting[0]
    if any(p.age is None or (slope.women is not None and p.sex not in ("F", "M")) for p in sample.people):
        return None, f"the age slope of {source.key} is not used: age or sex of some controls is missing"
    mean = math.fsum(p.mean for p in sample.people) / sample.n
    made = estimate_around(sample.people, source.given(slope, mean))
    kind = "as a share of the mean of own controls" if source.relative else "in its own unit"
    return made, f"age slope of {source.key} (doi {source.doi}), {kind}, with its standard error"


def _with_prior(sample: Sample, prior: Norm, measure: Measure) -> Norm | None:
    expected = _expected(prior, sample)
    if expected is None:
        return None
    table = prior.form == "table"
    made = estimate(
        standardised(sample.people, expected),
        prior_weight=_weight(prior),
        terms_allowed=not table,
        covariates=measure.covariates,
    )
    if made is None:
        return None
    if table:
        return replace(table_of(made, prior, expected), covariates=bounds_of(sample, measure.covariates))
    return line_of(made, prior, sample, measure.covariates)


def _described(place: Place, device: str, sample: Sample, measure: Measure, numbers: Norm, note: str) -> Norm:
    assay, name, site, method, unit = place
    ages = sorted(p.age for p in sample.people if p.age is not None)
    women, men = (sum(p.sex == s for p in sample.people) for s in ("F", "M"))
    sexes = tuple(s for s, k in (("F", women), ("M", men)) if k) or ("F", "M")
    where = "".join(f", {t}" for t in (site, device) if t not in ("", MISSING))
    span = f", {ages[0]:g}-{ages[-1]:g} y" if ages else ""
    return replace(
        numbers,
        key="_".join(_plain(t) for t in ("own", *place[:4], device) if t not in ("", MISSING)),
        title=f"{measure.title}{where}: own controls",
        citation="This study's own controls",
        status_note=note if ages else f"{note}; ages unknown, so any age is scored",
        n=sample.n,
        population=f"{sample.n} controls ({women} women, {men} men{span})",
        device=", ".join(sample.known_devices),
        devices=tuple(glob.escape(d.strip()) for d in sample.known_devices),
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


def _plain(text: str) -> str:
    """Return a part of a key."""
    return re.sub(r"[^A-Za-z0-9.]+", "_", text).strip("_.")
