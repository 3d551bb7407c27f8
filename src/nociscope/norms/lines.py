"""From an estimate of own controls to the numbers of a norm: its line, its covariates, its own uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from nociscope.assays.declaration import Covariate
from nociscope.norms.local import Estimate
from nociscope.norms.model import Norm, NormCell, NormCovariate
from nociscope.norms.samples import Sample

_EMPTY = Norm(key="", title="", citation="", doi="", status="local", assay="", measure="", unit="", form="normal")


def line_of(made: Estimate, prior: Norm | None, sample: Sample, declared: Sequence[Covariate]) -> Norm:
    """Return an estimate as numbers of a norm; with a prior, it is in units of the prior's `sd` around its line."""
    sd = 1.0 if prior is None else prior.sd or 1.0
    found = dict(zip(("intercept", *made.terms), made.coefficients, strict=True))
    covariates = _covariates(made, prior, sample, declared)
    intercept = sd * found["intercept"] + _base_intercept(prior, covariates)
    age = sd * found.get("age", 0.0) + ((prior.age_slope or 0.0) if prior else 0.0)
    woman = sd * found.get("woman", 0.0) + ((prior.woman or 0.0) if prior else 0.0)
    numbers = replace(_EMPTY, sd=_tidy(made.sd * sd), sd_df=_tidy(made.df), covariates=covariates)
    in_line = [c for c in covariates if c.slope is not None]
    if age == 0 and woman == 0 and not in_line and "age_women" not in found:
        return replace(numbers, mean=_tidy(intercept), mean_se=_tidy(made.mean_se * sd))
    order = ["intercept", "age", "woman", *(c.name for c in in_line), *["age_women"] * ("age_women" in found)]
    return replace(
        numbers,
        form="regression",
        intercept=_tidy(intercept),
        age_slope=_tidy(age) or None,
        woman=_tidy(woman) or None,
        age_slope_women=_tidy(age + sd * found["age_women"]) if "age_women" in found else None,
        covariance=_covariance(made, order, sd),
    )


def table_of(made: Estimate, prior: Norm, expected: Sequence[tuple[float, float]]) -> Norm:
    """Return the lines of a published table, moved and stretched together by an estimate in units of their SDs.

    `expected` is location and SD that the table gives for each of the controls.
    """
    spread = math.fsum(sd for _, sd in expected) / len(expected)
    return replace(
        _EMPTY,
        form="table",
        cells=tuple(_moved(c, made) for c in prior.cells),
        sd_df=_tidy(made.df),
        mean_se=_tidy(made.mean_se * spread),
    )


def bounds_of(sample: Sample, declared: Sequence[Covariate]) -> tuple[NormCovariate, ...]:
    """Return the covariates that bind a norm, without slopes: it holds for the controls' values of them."""
    return tuple(_bound(c, values) for c in declared if c.binds and (values := sample.values_of(c.name)))


def _bound(declared: Covariate, values: Sequence[float]) -> NormCovariate:
    mean = math.fsum(values) / len(values)
    return NormCovariate(
        name=declared.name,
        unit=declared.unit,
        title=declared.title,
        low=_tidy(min(values)),
        high=_tidy(max(values)),
        margin=_tidy(declared.margin * (abs(mean) if declared.relative else 1.0)),
    )


def _covariates(
    made: Estimate, prior: Norm | None, sample: Sample, declared: Sequence[Covariate]
) -> tuple[NormCovariate, ...]:
    """Return what the line depends on or is bound to; the slope of a published norm is kept and added to."""
    published = {c.name: c for c in prior.slopes} if prior is not None else {}
    found = dict(zip(made.terms, made.coefficients[1:], strict=True))
    sd = 1.0 if prior is None else prior.sd or 1.0
    out = []
    for c in declared:
        values, old = sample.values_of(c.name), published.pop(c.name, None)
        if c.name not in found and old is None and not (c.binds and values):
            continue
        slope = sd * found.get(c.name, 0.0) + ((old.slope or 0.0) if old else 0.0)
        in_line = c.name in found or old is not None
        centre = made.centres.get(c.name, old.centre if old else 0.0)
        out.append(replace(_bound(c, values), centre=centre, slope=_tidy(slope) if in_line else None))
    return (*out, *published.values())


def _base_intercept(prior: Norm | None, covariates: Sequence[NormCovariate]) -> float:
    """Return what a published line gives where its covariates are at the centres of the new one."""
    if prior is None:
        return 0.0
    base = (prior.mean if prior.form == "normal" else prior.intercept) or 0.0
    centres = {c.name: c.centre for c in covariates}
    return base + math.fsum((c.slope or 0.0) * (centres[c.name] - c.centre) for c in prior.slopes)


def _covariance(made: Estimate, order: Sequence[str], sd: float) -> tuple[tuple[float, ...], ...]:
    """Return the covariance in the order of a norm's coefficients; 0 for what is not estimated."""
    at = {name: i for i, name in enumerate(("intercept", *made.terms))}
    return tuple(
        tuple(_tidy(float(made.covariance[at[a], at[b]]) * sd**2) if a in at and b in at else 0.0 for b in order)
        for a in order
    )


def _moved(cell: NormCell, made: Estimate) -> NormCell:
    location = cell.median if cell.mean is None else cell.mean
    sd = cell.sd or 0.0
    mean = _tidy((location or 0.0) + made.coefficients[0] * sd)
    return replace(cell, mean=mean, sd=_tidy(made.sd * sd), median=None, limit_low=None, limit_high=None, n=None)


def _tidy(x: float) -> float:
    """Return a number with ten significant digits, so that files are the same on every machine."""
    return float(f"{x:.10g}")
