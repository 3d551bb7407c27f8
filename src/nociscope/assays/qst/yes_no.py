"""From the fit of yes/no trials to readings: units, censoring and remarks in words."""

from __future__ import annotations

from collections.abc import Sequence

from nociscope.assays.qst.parameters import PARAMETERS
from nociscope.assays.qst.psychometric import Fit
from nociscope.assays.qst.read import Trial
from nociscope.tables import Censored, Quality, Reading
from nociscope.tsv import format_number

METHOD = "yes_no:cumulative_normal:profile"


def readings_of_fit(group: Sequence[Trial], fit: Fit) -> tuple[Reading, Reading]:
    """Return the threshold and the slope of one group of yes/no trials.

    A pain threshold becomes a temperature where the baseline is stated; where it is not, the reading keeps the unit
    ``delta_degC``, and no norm for temperatures applies to it.
    """
    first = group[0]
    source = "; ".join(sorted({t.source for t in group}))
    value, low, high, censored, unit, remark = _on_scale(first, fit)
    reason = _words(fit)
    quality: Quality = "failed" if value is None else ("poor" if fit.state != "fitted" else "good")
    threshold = Reading(
        site=first.site,
        side=first.side,
        measure=first.parameter,
        value=value,
        unit=unit,
        low=low,
        high=high,
        n=fit.n,
        censored=censored,
        method=METHOD,
        device=first.device,
        quality=quality,
        remark="; ".join(t for t in (reason, remark) if t),
        source=source,
    )
    no_slope = "" if fit.slope is not None else _slope_words(fit)
    slope = Reading(
        site=first.site,
        side=first.side,
        measure=f"{first.parameter}_slope",
        value=fit.slope,
        unit="/degC",
        low=fit.slope_low,
        high=fit.slope_high,
        n=fit.n,
        method=METHOD,
        device=first.device,
        quality="failed" if fit.slope is None else ("good" if fit.censored == "none" else "poor"),
        remark=no_slope or _slope_remark(fit),
        source=source,
    )
    return threshold, slope


def _on_scale(trial: Trial, fit: Fit) -> tuple[float | None, float | None, float | None, Censored, str, str]:
    """Return value, interval, censoring, unit and remark on the scale of the reading."""
    parameter = PARAMETERS[trial.parameter]
    value, low, high, censored = fit.threshold, fit.threshold_low, fit.threshold_high, fit.censored
    if parameter.kind == "detection":
        return value, low, high, censored, "delta_degC", ""
    if trial.baseline is None:
        return value, low, high, censored, "delta_degC", "baseline not stated, so the value is a change from it"
    base = trial.baseline
    remark = f"converted from a change from {format_number(base)} degC"
    moved = [None if v is None else base + parameter.step * v for v in (value, low, high)]
    if parameter.step > 0:
        return moved[0], moved[1], moved[2], censored, "degC", remark
    turned: dict[Censored, Censored] = {"below": "above", "above": "below", "none": "none"}
    return moved[0], moved[2], moved[1], turned[censored], "degC", remark


def _words(fit: Fit) -> str:
    if fit.state == "too_few":
        return f"{fit.n} answered trials are too few for a fit"
    if fit.state == "flat":
        return "yes does not become more frequent with intensity, so there is no threshold"
    if fit.state == "all_yes":
        return f"all {fit.n} answers are yes: the threshold lies below the smallest intensity given"
    if fit.state == "all_no":
        return f"all {fit.n} answers are no: the threshold lies above the largest intensity given"
    if fit.censored == "above":
        return "the threshold lies above the largest intensity given, which stands for it"
    if fit.censored == "below":
        return "the threshold lies below the smallest intensity given, which stands for it"
    return ""


def _slope_remark(fit: Fit) -> str:
    if fit.state == "all_yes":
        return "all answers are yes: only how shallow the curve can be at most is known"
    return "the threshold lies outside the intensities given" if fit.censored != "none" else ""


def _slope_words(fit: Fit) -> str:
    if fit.state in ("all_yes", "all_no"):
        return "all answers are the same, so there is no slope"
    return _words(fit)
