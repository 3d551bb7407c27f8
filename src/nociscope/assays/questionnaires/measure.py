"""Scores of a visit's questionnaires as readings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from nociscope.assays.questionnaires.form import Form, FormScore, scored_form
from nociscope.assays.questionnaires.instrument import Instrument, ScoreRule, instrument_named
from nociscope.assays.questionnaires.read import QuestionnaireRecording
from nociscope.tables import Reading

BY_ITEMS = "items"
BY_TOTAL = "total as given"


def measure(recording: QuestionnaireRecording, settings: Any = None) -> tuple[Reading, ...]:
    """Return every score of every instrument of a visit.

    Parameters
    ----------
    recording : QuestionnaireRecording
    settings : NoSettings, optional
        Not used.

    Returns
    -------
    tuple of Reading
        By instrument; a form without any answer gives none. A score that cannot be made is a reading without a
        value whose remark names the items that are missing.

    Notes
    -----
    A score has no interval: an answer is what the person said. Reliability belongs to comparisons between visits, see
    the rule `reliable_change`.
    """
    return tuple(r for form in recording.forms for r in form_readings(instrument_named(form.instrument), form))


def form_readings(instrument: Instrument, form: Form) -> tuple[Reading, ...]:
    """Return the readings of one form."""
    if form.empty:
        return ()
    if not form.answers and (form.total is not None or form.refused == ("total",)):
        return (_given_total(instrument, form),)
    scores = scored_form(instrument, form)
    return tuple(_reading(instrument, rule, scores, form) for rule in instrument.shown)


def _given_total(instrument: Instrument, form: Form) -> Reading:
    rule = instrument.total
    remark = "the total is outside the range of the instrument or unreadable"
    if form.total is not None and rule is not None:
        remark = "; ".join(w for w in (_band(rule, form.total), "total as given, items not seen") if w)
    return Reading(
        measure=instrument.total_measure,
        value=form.total,
        unit=rule.unit if rule is not None else "",
        method=BY_TOTAL,
        quality="failed" if form.total is None else "good",
        remark=remark,
        source=form.source,
    )


def _reading(instrument: Instrument, rule: ScoreRule, scores: Mapping[str, FormScore], form: Form) -> Reading:
    found = scores[rule.name]
    quality: Literal["good", "poor", "failed"] = "good"
    words: list[str] = []
    if found.value is None:
        quality = "failed"
        words.append(_why_not(instrument, rule, scores, form))
    else:
        words.append(_band(rule, found.value))
        if found.lacking:
            quality = "poor" if 2 * found.answered < found.items else "good"
            words.append(f"{found.answered} of {found.items} items answered: {instrument.missing_rule}")
    if instrument.status == "unverified":
        words.append("scoring rule not verified in its source")
    return Reading(
        measure=f"{instrument.prefix}{rule.name}",
        value=found.value,
        unit=rule.unit,
        n=found.answered,
        method=found.variant or BY_ITEMS,
        quality=quality,
        remark="; ".join(w for w in words if w),
        source=form.source,
    )


def _band(rule: ScoreRule, value: float) -> str:
    """Return the band of a value by cut-offs that were read in a source; empty where there are none."""
    if rule.cut_offs is None or not rule.cut_offs.active:
        return ""
    return rule.cut_offs.label(value)


def _why_not(instrument: Instrument, rule: ScoreRule, scores: Mapping[str, FormScore], form: Form) -> str:
    lacking = scores[rule.name].lacking
    refused = [name for name in lacking if name in form.refused]
    missing = [name for name in lacking if name not in form.refused]
    words: list[str] = []
    if missing:
        words.append(f"missing: {_listed(missing)} ({instrument.missing_rule})")
    if refused:
        words.append(f"not usable: {_listed(refused)}")
    words += [
        step.impossible
        for step in instrument.scores
        if step.impossible
        and scores[step.name].value is None
        and not scores[step.name].lacking
        and set(instrument.leaves(step.name)) <= set(instrument.leaves(rule.name))
    ]
    return "; ".join(words) or "it cannot be made from these answers"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
