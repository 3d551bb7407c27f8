"""Scores: one reading against one norm of the same quantity, unit, method and site, or the reason why not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from nociscope.assays.declaration import Assay, Measure, OwnLimit
from nociscope.norms.covariates import Surroundings, in_unit
from nociscope.norms.fitting import Fit, fit
from nociscope.norms.library import LABORATORY, NormLibrary
from nociscope.norms.model import HEIGHT_CM, Norm
from nociscope.norms.probability import p_below
from nociscope.norms.reference import Z_LIMIT, PersonReference, normal_score, reference_for
from nociscope.study.records import Participant
from nociscope.tables import Call, Reading, Score
from nociscope.tsv import MISSING, format_number

Side = Literal["low", "high", ""]

OLDEST_SHOWN = 89
"""Years; an age above it is not written out."""

_HERMITE = (
    (0.0, 8 / 15),
    (1.355626179974266, 0.22207592200561257),
    (-1.355626179974266, 0.22207592200561257),
    (2.8569700138728056, 0.011257411327720677),
    (-2.8569700138728056, 0.011257411327720677),
)
"""Nodes and weights of the five-point Gauss-Hermite rule for a standard normal variable."""


def score(
    readings: Sequence[Reading],
    participant: Participant,
    library: NormLibrary,
    assays: Sequence[Assay],
    limits: Sequence[OwnLimit] = (),
    around: Surroundings | None = None,
) -> tuple[Score, ...]:
    """Return one score per reading of a scored measure, in the order of the readings.

    Parameters
    ----------
    readings : sequence of Reading
        Of one participant, any visits and assays, from anywhere.
    participant : Participant
        Whose age, sex and height count.
    library : NormLibrary
    assays : sequence of Assay
        Where the measures are declared; readings of other measures are left out.
    limits : sequence of OwnLimit
        Limits that came with the values. They go before the shipped norms; norms that the user named or made go
        before them.
    around : Surroundings, optional
        The readings among which the covariates of norms are looked for; default: `readings`.

    Notes
    -----
    `z` is (x - expected)/sd on the norm's scale, turned so that loss of function is negative. For a norm built from a
    study's own controls it is the normal score of the t value, so that |z| > 1.96 means the same for ten controls and
    for ten thousand (see :mod:`nociscope.norms.build`). A value is beyond a limit only strictly beyond it, unless the
    norm says that the limit itself is abnormal.
    """
    by_name = {a.name: a for a in assays}
    own = {(x.measure, x.site, x.side, x.method): x for x in limits}
    known = Surroundings.of(readings) if around is None else around
    scores = []
    for reading in readings:
        assay = by_name.get(reading.assay)
        if assay is None or not assay.compares(reading):
            continue
        measure = assay.measure_named(reading.measure)
        if measure is not None and measure.scored:
            limit = own.get((reading.measure, reading.site, reading.side, reading.method))
            fits = [fit(n, reading, participant, known) for n in library.candidates(reading.assay, reading.measure)]
            scores.append(_score_one(reading, measure, participant, library, fits, limit))
    return tuple(scores)


def _score_one(
    reading: Reading,
    measure: Measure,
    participant: Participant,
    library: NormLibrary,
    fits: Sequence[Fit],
    limit: OwnLimit | None,
) -> Score:
    if reading.quality == "failed" or reading.value is None:
        why = "the reading failed" if reading.quality == "failed" else "there is no value"
        return _blank(reading, f"{why}: {reading.remark}" if reading.remark else why)
    usable = sorted((f for f in fits if f.ok), key=lambda f: _preference(f.norm, library))
    if limit is not None and not any(f.norm.key in library.own | library.named for f in usable):
        usable = [Fit(_limit_norm(reading, limit), ())]
    if not usable:
        return _blank(reading, _why_not(reading, fits, participant, library))
    chosen = usable[0]
    undecided = _undecided_device(reading, usable, library)
    if undecided:
        return _blank(reading, undecided)
    reference = reference_for(chosen.norm, participant.age, participant.sex, chosen.covariates)
    if reference is None:
        return _blank(reading, f"the norm {chosen.norm.key} gives no limits for this person")
    choice = _about_choice(chosen, fits, library)
    scored = _Comparison(reading, measure, replace(chosen, notes=(*choice, *chosen.notes)), reference).score()
    return replace(scored, expected_for=_whom(chosen, participant))


def _about_choice(chosen: Fit, fits: Sequence[Fit], library: NormLibrary) -> tuple[str, ...]:
    """Say why this norm and no other, where a reader could not tell."""
    key = chosen.norm.key
    if key in library.named:
        return (f"the norm {key} was named by the user, so it goes before all others",)
    before = [f for f in fits if f.lacks and _preference(f.norm, library) < _preference(chosen.norm, library)]
    if key == LABORATORY or not before:
        return ()
    missed = min(before, key=lambda f: _preference(f.norm, library))
    return (f"{missed.obstacles[0]}, so {key} is used",)


def _undecided_device(reading: Reading, usable: Sequence[Fit], library: NormLibrary) -> str:
    """Say that a reading without a device cannot choose between norms of different devices; else empty.

    `usable` stands in the order of preference.
    """
    first = usable[0].norm
    if not first.devices or reading.device.strip() not in ("", MISSING):
        return ""
    rank = _preference(first, library)[:3]  # named, own, how well the place is described; whoever the person is
    peers = [f.norm for f in usable if f.norm.devices and _preference(f.norm, library)[:3] == rank]
    if len({n.devices for n in peers}) < 2:
        return ""
    return "the device is missing, and there is a norm for each of several: " + ", ".join(
        f"{n.key} ({n.device or ' or '.join(n.devices)})" for n in peers
    )


def _whom(chosen: Fit, participant: Participant) -> str:
    """Return what of a person and a test the norm takes into account: ``41 y, woman, 172 cm, 2.5 J``.

    Everyone over 89 is just that, as in reports, because high ages point to a person.
    """
    norm, age = chosen.norm, participant.age
    parts = []
    if norm.uses_age and age is not None:
        parts.append("over 89 y" if age > OLDEST_SHOWN else f"{age:.4g} y")
    if norm.uses_sex and participant.sex in ("F", "M"):
        parts.append("woman" if participant.sex == "F" else "man")
    if norm.form == "table" and norm.uses_height:
        parts.append(f"{chosen.covariates[HEIGHT_CM]:.4g} cm")
    parts += [f"{chosen.covariates[c.name]:.4g} {c.unit}" for c in norm.slopes]
    return ", ".join(parts)


def _limit_norm(reading: Reading, limit: OwnLimit) -> Norm:
    """Return limits that came with a value as a norm of this one reading."""
    return Norm(
        key=LABORATORY,
        title="Limits of the laboratory",
        citation="given beside the value in the study's table",
        doi="",
        status="local",
        assay=reading.assay,
        measure=reading.measure,
        unit=limit.unit,
        form="limit",
        limit_low=limit.low,
        limit_high=limit.high,
    )


def _preference(norm: Norm, library: NormLibrary) -> tuple[int, int, int, int, str]:
    """Return the order of choice: norms that the user named, then made; then the most specific; then by key."""
    where = sum(map(bool, (norm.sites, norm.methods, norm.devices)))
    whom = sum((norm.uses_age, norm.uses_sex, norm.uses_height))
    return int(norm.key not in library.named), int(norm.key not in library.own), -where, -whom, norm.key


def _blank(reading: Reading, reason: str) -> Score:
    """Return the score of a reading that nothing can be held against."""
    return Score(
        participant_id=reading.participant_id,
        session_id=reading.session_id,
        assay=reading.assay,
        site=reading.site,
        side=reading.side,
        measure=reading.measure,
        value=reading.value,
        unit=reading.unit,
        call="not_comparable",
        reason=reason,
    )


def _why_not(reading: Reading, fits: Sequence[Fit], participant: Participant, library: NormLibrary) -> str:
    """Return the reason of the norm that came nearest, or say that there is none."""
    elsewhere = len(fits) > 1 and all(not f.site_fits for f in fits)
    if fits and not elsewhere:
        nearest = min(fits, key=lambda f: (len(f.obstacles), *_preference(f.norm, library)))
        return "; ".join(nearest.obstacles)
    place = f" at {reading.site}" if reading.site != MISSING else ""
    method = f" measured by {reading.method}" if reading.method != MISSING else ""
    reason = f"no norm for {reading.assay} {reading.measure}{place}{method}"
    sleeping = [n for n in library.inactive(reading.assay, reading.measure) if fit(n, reading, participant).ok]
    if sleeping:
        names = ", ".join(n.key for n in sleeping)
        return f"{reason} is active; {names} is unverified and is used only when named"
    return f"{reason}; add own controls with `nociscope norms build`"


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One reading beside the norm chosen for it."""

    reading: Reading
    measure: Measure
    fit: Fit
    reference: PersonReference

    @property
    def norm(self) -> Norm:
        return self.fit.norm

    @property
    def loss(self) -> str:
        return self.measure.loss

    def score(self) -> Score:
        """Return the score; the value exists and is comparable."""
        x = self._on_scale(self.reading.value)
        if x is None:
            value = format_number(self.reading.value or 0.0)
            return _blank(self.reading, f"{value} has no logarithm, and the norm {self.norm.key} is on log10")
        z, percentile = self._standard(x)
        side = self._side(x, z)
        call, caveat = self._call(side, x)
        comparable = call != "not_comparable"
        notes = (*self._remarks(x), caveat, *self.fit.notes)
        ref = self.reference
        return replace(
            _blank(self.reading, "; ".join(n for n in notes if n)),
            norm=self.norm.key,
            expected=self._off_scale(ref.location),
            sd=ref.sd,
            z=z if comparable else None,
            percentile=percentile if comparable else None,
            limit_low=self._off_scale(ref.limit_low),
            limit_high=self._off_scale(ref.limit_high),
            call=call,
            p_beyond=self._p_beyond(side, x) if comparable else None,
        )

    # --- scales ---

    def _on_scale(self, value: float | None) -> float | None:
        """Return a value of the reading on the norm's unit and scale; -inf for 0 and None below 0 on log10."""
        if value is None:
            return None
        x = in_unit(value, self.reading.unit, self.norm.unit)
        if x is None or self.norm.scale != "log10":
            return x
        if x < 0:
            return None
        return math.log10(x) if x > 0 else -math.inf

    def _off_scale(self, x: float | None) -> float | None:
        """Return a number of the norm's scale in the unit of the reading."""
        if x is None:
            return None
        value = _power(x) if self.norm.scale == "log10" else x
        return in_unit(value, self.norm.unit, self.reading.unit)

    # --- verdict ---

    def _standard(self, x: float) -> tuple[float | None, float | None]:
        """Return the oriented z and the percentile (not turned); None without a spread or a finite value."""
        ref = self.reference
        if ref.location is None or not ref.width or math.isinf(x):
            return None, None
        raw = normal_score((x - ref.location) / ref.width, ref.df)
        percentile = 50.0 * math.erfc(-raw / math.sqrt(2))
        return (-raw if self.loss == "high" else raw) + 0.0, percentile

    def _side(self, x: float, z: float | None) -> Side:
        """Return beyond which limit a value on the norm's scale lies."""
        ref = self.reference
        if z is not None and not ref.stated:
            if not round(abs(z), 9) > Z_LIMIT:
                return ""
            return "high" if (z < 0) == (self.loss == "high") else "low"
        if ref.limit_low is not None and self._beyond(ref.limit_low, x):
            return "low"
        if ref.limit_high is not None and self._beyond(x, ref.limit_high):
            return "high"
        return ""

    def _beyond(self, larger: float, smaller: float) -> bool:
        """Tell whether the first exceeds the second; differences of rounding (10⁻⁹) are none.

        A geometric mean of zeros may come out as 10⁻¹⁷, which is no pain.
        """
        if math.isclose(larger, smaller, rel_tol=1e-9, abs_tol=1e-9):
            return self.norm.limit_belongs == "abnormal"
        return larger > smaller

    def _named(self, side: Side) -> Call:
        if not side:
            return "normal"
        if self.loss == "none":
            return "abnormal"
        return "loss" if side == self.loss else "gain"

    def _call(self, side: Side, x: float) -> tuple[Call, str]:
        """Return the call and what censoring means for it.

        The true value lies on the far side of the bound. If the bound is beyond the limit on that side, so is the
        true value: certain. If the bound is beyond the *other* limit, the true value can be anywhere: nothing can be
        said. Otherwise it is not beyond the other limit, and may be beyond this one.
        """
        censored = self.reading.censored
        if censored == "none":
            return self._named(side), ""
        outward: Side = "low" if censored == "below" else "high"
        limit = self.reference.limit_low if outward == "low" else self.reference.limit_high
        word = "lower" if outward == "low" else "higher"
        if side == outward:
            return self._named(side), f"censored: the true value is even {word}, so z is a bound"
        if side:
            return (
                "not_comparable",
                f"censored: the true value is {word} than {format_number(self.reading.value or 0.0)}, "
                f"which lies {'above' if outward == 'low' else 'below'} the limits and says nothing about them",
            )
        if limit is None:
            return "normal", f"censored: the true value is {word}, which the limit of this norm does not touch"
        which = "lower" if outward == "low" else "upper"
        return (
            "normal",
            f"censored: the true value is {word}; cannot exclude {self._named(outward)} beyond the {which} limit, "
            "and z is a bound",
        )

    def _remarks(self, x: float) -> tuple[str, ...]:
        notes = []
        if math.isinf(x):
            notes.append("the value is 0, so there is no z on the log10 scale")
        if self.reading.quality == "poor":
            remark = f": {self.reading.remark}" if self.reading.remark else ""
            notes.append(f"the reading is of poor quality{remark}")
        return tuple(notes)

    # --- probability ---

    def _p_beyond(self, side: Side, x: float) -> float | None:
        """Return the probability that the true value lies beyond the limit exceeded, or else the nearer one."""
        if self.reading.censored != "none":
            return 1.0 if side else None
        ref, reading = self.reference, self.reading
        if reading.low is None or reading.high is None or reading.value is None:
            return None
        low, high = ref.limit_low, ref.limit_high
        if not side:
            if low is None and high is None:
                return None
            side = "high" if low is None or (high is not None and high - x < x - low) else "low"
        limit = low if side == "low" else high
        if limit is None:
            return None
        nodes = _HERMITE if ref.limit_se > 0 else ((0.0, 1.0),)
        below = 0.0
        for node, weight in nodes:
            bound = self._off_scale(limit + node * ref.limit_se)
            if bound is None:
                return None
            p = p_below(bound, reading.value, reading.low, reading.high, self.measure.spread)
            if p is None:
                return None
            below += weight * p
        return min(max(below if side == "low" else 1.0 - below, 0.0), 1.0)


def _power(x: float) -> float:
    """Return 10**x without overflow: a limit that far out is no number a table could hold."""
    return 10.0 ** min(max(x, -300.0), 300.0)
