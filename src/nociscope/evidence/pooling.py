"""`pool`: a table of studies in, one result out that tables, JSON and figures all read from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nociscope.evidence import counts, glmm, model, regression, sensitivity, small_study
from nociscope.evidence.heterogeneity import TAU2_METHODS, intercept, q_profile
from nociscope.evidence.model import Fit, fit_model, prediction_interval
from nociscope.evidence.reading import COUNT_MEASURES, Effects, read_effects
from nociscope.evidence.regression import Moderation
from nociscope.evidence.sensitivity import Step
from nociscope.evidence.small_study import Begg, Egger, Trimmed
from nociscope.evidence.studies import as_studies
from nociscope.problems import BadInput, Problem, UsageError

MODELS = ("common", "random", "glmm", "mh", "peto")
GLMMS = ("UM.FS", "CM.EL")
FEW = 5
"""Below so many studies the Hartung-Knapp interval and tau² carry a word of caution."""

FEW_FOR_BIAS = 10
"""Below so many studies tests of small-study effects have no power (Sterne et al. 2011, doi 10.1136/bmj.d4002)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to pool.

    Attributes
    ----------
    measure : str
        `proportion rr or rd md smd rom mean generic`.
    transform : str
        `raw logit arcsine freeman-tukey`, for proportions.
    model : str
        `common random glmm mh peto`.
    tau2 : str
        `DL HE HS SJ ML REML EB PM`.
    interval : str
        `z t hk hk-adhoc`; empty: `hk` for the random model, else `z`.
    prediction : str
        `z t1 hts hk`; empty: `hk` beside a Hartung-Knapp interval, else `t1`.
    glmm : str
        For odds ratios: `UM.FS` (fixed study levels) or `CM.EL` (given the totals).
    level : float
    """

    measure: str = "proportion"
    transform: str = "logit"
    model: str = "random"
    tau2: str = "REML"
    interval: str = ""
    prediction: str = ""
    glmm: str = "UM.FS"
    level: float = 0.95

    def settled(self) -> Options:
        """Return the options with the open ones decided.

        Raises
        ------
        UsageError
            A word is unknown, or two do not go together.
        """
        tau2 = self.tau2.upper()
        interval = self.interval or ("hk" if self.model == "random" else "z")
        prediction = self.prediction or ("hk" if interval.startswith("hk") else "t1")
        for what, value, choices in (
            ("model", self.model, MODELS),
            ("tau2 estimator", tau2, TAU2_METHODS),
            ("interval", interval, model.INTERVALS),
            ("prediction interval", prediction, model.PREDICTIONS),
            ("binomial-normal model", self.glmm, GLMMS),
        ):
            if value not in choices:
                raise UsageError(f"There is no {what} “{value}”; there are {', '.join(choices)}.")
        if not 0.5 <= self.level < 1:
            raise UsageError(f"The level is a share from 0.5 to below 1, not {self.level}.")
        if self.model != "random" and interval.startswith("hk"):
            raise UsageError(f"A Hartung-Knapp interval belongs to the random model, not to {self.model}.")
        if self.model in ("mh", "peto") and interval != "z":
            raise UsageError(f"The model {self.model} has the interval z only.")
        if self.model == "glmm" and prediction == "hk":
            raise UsageError("A Hartung-Knapp prediction interval belongs to the random model, not to glmm.")
        wanted = {"mh": COUNT_MEASURES, "peto": ("or",), "glmm": ("proportion", "or")}.get(self.model)
        if wanted and self.measure not in wanted:
            raise UsageError(f"The model {self.model} is for {' or '.join(wanted)}, not for {self.measure}.")
        if self.model == "glmm" and self.measure == "proportion" and self.transform != "logit":
            raise UsageError("The binomial-normal model is on the logit scale; leave the transform out.")
        return replace(self, tau2=tau2, interval=interval, prediction=prediction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A pooled value on the pooling scale, with what goes with it; None where it does not exist."""

    k: int
    estimate: float
    se: float
    se_classic: float
    low: float
    high: float
    statistic: float | None
    p: float | None
    interval: str
    tau2: float | None
    tau2_interval: tuple[float, float] | None
    i2: float | None
    i2_q: float | None
    h2: float | None
    q: float | None
    q_df: int
    q_p: float | None
    prediction: tuple[float, float] | None
    yi: tuple[float | None, ...]
    vi: tuple[float | None, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group of studies, pooled on its own with its own tau²."""

    name: str
    estimate: Estimate
    effects: Effects


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """The result of :func:`pool`: tables, JSON and figures are made from it and from nothing else.

    Attributes
    ----------
    options : Options
    effects : Effects
        The studies that were pooled.
    estimate : Estimate
    notes : tuple of str
        What a reader of the numbers must know.
    problems : tuple of Problem
        Studies left out, by name.
    leave_one_out, cumulative : tuple of Step
    egger, begg, trim_fill, moderator : or None
    groups : tuple of Group
    between : (q, df, p) or None
    """

    options: Options
    effects: Effects
    estimate: Estimate
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    leave_one_out: tuple[Step, ...] = ()
    cumulative: tuple[Step, ...] = ()
    egger: Egger | None = None
    begg: Begg | None = None
    trim_fill: Trimmed | None = None
    groups: tuple[Group, ...] = ()
    between: tuple[float, int, float] | None = None
    moderator: Moderation | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the result as strict JSON holds it."""
        from nociscope.evidence.record import pooled_record

        return pooled_record(self)


def pool(
    data: Any,
    measure: str = "proportion",
    *,
    moderator: str = "",
    group: str = "",
    leave_one_out: bool = False,
    cumulative: str = "",
    egger: bool = False,
    begg: bool = False,
    trim_fill: bool = False,
    **options: Any,
) -> Pooled:
    """Pool the effects of studies.

    Parameters
    ----------
    data : path, mapping of columns, sequence of mappings, DataFrame or StudyTable
        One row a study; see :func:`nociscope.evidence.reading.read_effects` for the columns of each measure.
    measure : str
    moderator : str
        A column for a meta-regression: numbers as they are, words as categories against the first in the alphabet.
    group : str
        A column whose values make subgroups.
    leave_one_out : bool
    cumulative : str
        A column to sort by: one more study at each step; ties stay in file order.
    egger, begg, trim_fill : bool
    **options
        The other fields of :class:`Options`.

    Returns
    -------
    Pooled

    Raises
    ------
    UsageError
        An option or column does not exist, or two options do not go together.
    BadInput
        The data are wrong; each wrong cell is named.
    """
    try:
        chosen = Options(measure=measure, **options).settled()
    except TypeError:
        raise UsageError(f"There are no such options: {', '.join(sorted(options))}.") from None
    table = as_studies(data)
    effects = read_effects(table, chosen.measure, chosen.transform)
    _columns(table.header, table.file, (moderator, group, cumulative))
    estimate = estimate_of(effects, chosen)
    notes = notes_on(effects, estimate, chosen)
    result = Pooled(options=chosen, effects=effects, estimate=estimate, notes=tuple(notes), problems=effects.problems)

    def refit(part: Effects) -> Estimate:
        return estimate_of(part, chosen)

    more: dict[str, Any] = {}
    if leave_one_out:
        more["leave_one_out"] = sensitivity.leave_one_out(effects, refit)
    if cumulative:
        more["cumulative"] = sensitivity.cumulative(effects, cumulative, refit)
    if egger or begg or trim_fill:
        more |= _bias(effects, chosen, egger, begg, trim_fill, notes)
    if group:
        more["groups"], more["between"] = _groups(effects, group, chosen, notes)
    if moderator:
        more["moderator"] = _moderation(effects, moderator, chosen)
    return replace(result, notes=tuple(notes), **more)


def _moderation(effects: Effects, column: str, options: Options) -> Moderation:
    if options.model not in ("random", "common"):
        raise UsageError("A meta-regression belongs to the random or the common model.")
    method: str | float = options.tau2 if options.model == "random" else 0.0
    return regression.regress(effects, (column,), method, options.interval, options.level)


def _columns(header: tuple[str, ...], file: str, names: tuple[str, ...]) -> None:
    for name in names:
        if name and name.strip().lower() not in header:
            raise UsageError(f"{file} has no column “{name}”; there are {', '.join(header)}.")


def estimate_of(effects: Effects, options: Options) -> Estimate:
    """Return the pooled value of studies by settled options.

    Raises
    ------
    BadInput
        The counts allow no estimate of this kind.
    """
    try:
        if options.model in ("mh", "peto"):
            return _from_counts(effects, options)
        if options.model == "glmm":
            return _from_glmm(effects, options)
    except ValueError as error:
        problem = Problem(what=str(error), remedy="choose another model", code="no-estimate", file=effects.table.file)
        raise BadInput(problem) from None
    return _inverse_variance(effects, options)


def _inverse_variance(effects: Effects, options: Options) -> Estimate:
    y, v, k = effects.yi, effects.vi, effects.k
    x = intercept(k)
    random = options.model == "random"
    fit = fit_model(y, v, x, tau2=options.tau2 if random else 0.0, interval=options.interval, level=options.level)
    i2_q, i2, h2 = _inconsistency(fit, v, x, random)
    predicted = None
    if random:
        scaled = fit.se if fit.interval in ("hk", "hk-adhoc") else _hk_se(fit, y, v, x, options.level)
        predicted = prediction_interval(
            options.prediction, float(fit.beta[0]), float(fit.se_classic[0]), float(scaled[0]), fit.tau2, k,
            options.level,
        )  # fmt: skip
    statistic = float(fit.statistic[0])
    return Estimate(
        k=k,
        estimate=float(fit.beta[0]),
        se=float(fit.se[0]),
        se_classic=float(fit.se_classic[0]),
        low=float(fit.low[0]),
        high=float(fit.high[0]),
        statistic=statistic if np.isfinite(statistic) else None,
        p=float(fit.p[0]) if np.isfinite(statistic) else None,
        interval=fit.interval,
        tau2=(fit.tau2 if k > 1 else None) if random else 0.0,
        tau2_interval=q_profile(y, v, x, options.level) if random and k > 1 else None,
        i2=i2 if k > 1 else None,
        i2_q=i2_q if k > 1 else None,
        h2=h2 if k > 1 else None,
        q=fit.q,
        q_df=fit.df,
        q_p=fit.q_p,
        prediction=predicted,
        yi=_plain(y),
        vi=_plain(v),
        weights=tuple(float(w) for w in fit.weights),
    )


def _hk_se(fit: Fit, y: np.ndarray, v: np.ndarray, x: np.ndarray, level: float) -> np.ndarray:
    return fit_model(y, v, x, tau2=fit.tau2, interval="hk", level=level).se


def _inconsistency(fit: Fit, v: np.ndarray, x: np.ndarray, random: bool) -> tuple[float, float, float]:
    by_q = model.inconsistency_of_q(fit.q, fit.df)
    if fit.df < 1:
        return by_q, 0.0, 1.0
    if not random:
        return by_q, by_q, fit.q / fit.df
    return (by_q, *model.inconsistency_of_tau2(fit.tau2, v, x))


def _plain(values: np.ndarray) -> tuple[float | None, ...]:
    return tuple(float(x) if np.isfinite(x) else None for x in values)


def _normal(estimate: float, se: float, interval: str, k: int, level: float) -> dict[str, Any]:
    df = k - 1 if interval == "t" and k > 1 else None
    half = model.t_quantile(level, df) * se
    statistic = estimate / se
    return {
        "k": k,
        "estimate": estimate,
        "se": se,
        "se_classic": se,
        "low": estimate - half,
        "high": estimate + half,
        "statistic": statistic,
        "p": float(model.two_sided_p(np.array(statistic), df)),
        "interval": "z" if df is None else interval,
    }


def _q_entries(q: float, df: int) -> dict[str, Any]:
    from scipy.special import chdtrc

    return {"q": q, "q_df": df, "q_p": float(chdtrc(df, q)) if df > 0 else 1.0}


def _from_counts(effects: Effects, options: Options) -> Estimate:
    if options.model == "mh":
        a, n1, c, n2 = effects.counts
        fit = counts.mantel_haenszel(a, n1, c, n2, effects.measure)
    else:
        fit = counts.peto(*effects.counts)
    by_q = model.inconsistency_of_q(fit.q, fit.df)
    several = fit.df > 0
    return Estimate(
        **_normal(fit.estimate, fit.se, "z", effects.k, options.level),
        **_q_entries(fit.q, fit.df),
        tau2=0.0,
        tau2_interval=None,
        i2=by_q if several else None,
        i2_q=by_q if several else None,
        h2=fit.q / fit.df if several else None,
        prediction=None,
        yi=_plain(fit.yi),
        vi=_plain(fit.vi),
        weights=tuple(float(w) for w in fit.weights),
    )


def _from_glmm(effects: Effects, options: Options) -> Estimate:
    if effects.measure == "proportion":
        fit = glmm.proportions(*effects.counts)
    else:
        fit = {"UM.FS": glmm.odds_ratio_fixed, "CM.EL": glmm.odds_ratio_conditional}[options.glmm](*effects.counts)
    v, k = effects.vi[fit.used], int(fit.used.sum())
    i2, h2 = model.inconsistency_of_tau2(fit.tau2, v, intercept(k)) if k > 1 else (None, None)
    share = np.where(fit.used, 1.0 / (effects.vi + fit.tau2), 0.0)
    return Estimate(
        **_normal(fit.estimate, fit.se, options.interval, effects.k, options.level),
        **_q_entries(fit.q, fit.df),
        tau2=fit.tau2 if k > 1 else None,
        tau2_interval=None,
        i2=i2,
        i2_q=model.inconsistency_of_q(fit.q, fit.df) if k > 1 else None,
        h2=h2,
        prediction=prediction_interval(options.prediction, fit.estimate, fit.se, fit.se, fit.tau2, k, options.level),
        yi=_plain(np.where(fit.used, effects.yi, np.nan)),
        vi=_plain(np.where(fit.used, effects.vi, np.nan)),
        weights=tuple(float(w) for w in 100.0 * share / share.sum()),
    )


# --- what goes beside the pooled value ---------------------------------------------------------------------------


def _bias(
    effects: Effects, options: Options, egger: bool, begg: bool, trim_fill: bool, notes: list[str]
) -> dict[str, Any]:
    if effects.k < FEW_FOR_BIAS:
        notes.append(
            f"Tests of small-study effects need about {FEW_FOR_BIAS} studies to have power; there are {effects.k}."
        )
    if effects.transform == "raw":
        notes.append(
            "On raw proportions the variance depends on the proportion, so a funnel is lopsided without any bias."
        )
    out: dict[str, Any] = {}
    if effects.k < 3:
        notes.append("With fewer than three studies there is no Egger or Begg test and no trim-and-fill.")
        return out
    if egger:
        out["egger"] = small_study.egger(effects.yi, effects.vi)
        if out["egger"] is None:
            notes.append("All studies are equally precise, so there is no Egger test.")
    if begg:
        out["begg"] = small_study.begg(effects.yi, effects.vi)
        if out["begg"] is None:
            notes.append("The studies cannot be ranked by effect or precision, so there is no Begg test.")
    if trim_fill:
        if options.model not in ("common", "random"):
            raise UsageError("Trim-and-fill belongs to the random or the common model.")
        method: float | str = options.tau2 if options.model == "random" else 0.0
        out["trim_fill"] = small_study.trim_and_fill(
            effects.yi, effects.vi, tau2=method, interval=options.interval, level=options.level
        )
    return out


def _groups(
    effects: Effects, column: str, options: Options, notes: list[str]
) -> tuple[tuple[Group, ...], tuple[float, int, float] | None]:
    """Return each group pooled with its own tau², and the test of a difference between them."""
    from scipy.special import chdtrc

    labels = effects.table.text(column)
    if not all(labels):
        notes.append(f"Studies without a {column} make a group of their own, called n/a.")
    places: dict[str, list[int]] = {}
    for i, label in enumerate(labels):
        places.setdefault(label or "n/a", []).append(i)
    groups = []
    for name, keep in places.items():
        part = effects.only(keep)
        groups.append(Group(name=name, estimate=estimate_of(part, options), effects=part))
    if len(groups) < 2:
        return tuple(groups), None
    y = np.array([g.estimate.estimate for g in groups])
    se = np.array([g.estimate.se for g in groups])
    if (se <= 0).any():
        notes.append("A group's interval has no width, so the groups are not tested against each other.")
        return tuple(groups), None
    w = 1.0 / se**2
    q = float((w * (y - (w * y).sum() / w.sum()) ** 2).sum())
    return tuple(groups), (q, len(groups) - 1, float(chdtrc(len(groups) - 1, q)))


def notes_on(effects: Effects, estimate: Estimate, options: Options) -> list[str]:
    """Return what a reader of the pooled value must know."""
    notes: list[str] = []
    k = estimate.k
    if k == 1:
        notes.append("One study: this is its own estimate; nothing can be said about differences between studies.")
        if options.model == "random" and options.interval != "z":
            notes.append("With one study the interval is the normal one (z).")
    if estimate.interval == "hk" and k > 1 and estimate.se < estimate.se_classic:
        notes.append(
            "The Hartung-Knapp interval is narrower than the classic one because the studies agree better than chance"
            " would let them; hk-adhoc does not narrow."
        )
    if estimate.interval.startswith("hk") and 1 < k < FEW:
        notes.append(f"With {k} studies the Hartung-Knapp interval is very wide or unstable, and tau² is uncertain.")
    halves = sum(effects.adjusted)
    if halves and options.model in ("common", "random"):
        notes.append(f"One half was added to the cells of {halves} with an empty cell.")
    if "percent" in effects.source:
        names = [n for n, s in zip(effects.names, effects.source, strict=True) if s == "percent"]
        notes.append(f"A rounded percentage stood for the count in {', '.join(names)}.")
    if effects.transform == "freeman-tukey" and effects.sizes is not None and float(np.ptp(effects.sizes)) > 0:
        notes.append(
            "Freeman-Tukey values are turned back with the harmonic mean of the sizes, which misleads where sizes"
            " differ much; logit or glmm do not need it."
        )
    if effects.transform == "raw" and (estimate.low < 0 or estimate.high > 1):
        notes.append("On the raw scale the interval leaves 0 to 1; figures cut it there, tables do not.")
    if options.model == "random" and k == 2 and options.prediction == "hts":
        notes.append("With two studies a prediction interval of k-2 degrees of freedom does not exist.")
    return notes
