"""Which rules there are; their order is that of reports and lists."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from nociscope.problems import InvalidStudy, Problem, clean_text
from nociscope.rules.model import Evidence, Finding, Rule, Scope

NAMED = "named"
"""``[rules] named = [...]``: unverified rules to use all the same."""


@cache
def rules() -> tuple[Rule, ...]:
    """Return all rules."""
    from nociscope.rules import (
        aan_cidp,
        ean_pns_2021,
        efns_pns_2010,
        fibromyalgia,
        ichd3_migraine,
        immpact_response,
        ncs_pattern,
        reliable_change,
    )

    return (
        *fibromyalgia.RULES,
        ichd3_migraine.RULE,
        efns_pns_2010.RULE,
        ean_pns_2021.RULE,
        aan_cidp.RULE,
        ncs_pattern.RULE,
        immpact_response.RULE,
        reliable_change.RULE,
    )


def rule_named(key: str) -> Rule:
    """Return a rule by its key.

    Raises
    ------
    KeyError
        There is no such rule.
    """
    for rule in rules():
        if rule.key == key:
            return rule
    raise KeyError(key)


def nearest(key: str) -> str:
    """Return the rule key that is most like a wrong one, empty when none is."""
    near = get_close_matches(key, [r.key for r in rules()], 1, 0.5)
    return near[0] if near else ""


def is_active(rule: Rule, settings: Mapping[str, Any]) -> bool:
    """Tell whether a rule is evaluated: an unverified one only when it is named."""
    named = settings.get(NAMED, ())
    return rule.status != "unverified" or (isinstance(named, list | tuple) and rule.key in named)


def evaluate(evidence: Evidence, scope: Scope) -> tuple[Finding, ...]:
    """Return what all active rules of a scope say of the visit that is judged, in the order of the rules."""
    return tuple(
        finding
        for rule in rules()
        if rule.scope == scope and is_active(rule, evidence.settings)
        for finding in rule.findings(evidence)
    )


def check_settings(settings: Mapping[str, Any], file: str = "code/nociscope.toml") -> None:
    """Refuse settings of rules that do not exist, or that a rule does not read.

    Raises
    ------
    InvalidStudy
        A name is unknown or a value cannot be right.
    """
    problems: list[Problem] = []

    def wrong(what: str, remedy: str) -> None:
        problems.append(Problem(what=what, remedy=remedy, code="bad-settings", file=file))

    known = {r.key: r for r in rules()}
    for key, section in settings.items():
        if key == NAMED:
            names = section if isinstance(section, list) else [section]
            for name in names:
                if name not in known:
                    wrong(f"[rules] named: there is no rule {clean_text(name, 60)}", "see nociscope rules list")
            continue
        if key not in known:
            near = nearest(key)
            hint = f"did you mean {near}?" if near else "see nociscope rules list"
            wrong(f"[rules.{clean_text(key, 60)}]: there is no such rule", hint)
            continue
        if not isinstance(section, Mapping):
            wrong(f"rules.{key} is not a section", f"write [rules.{key}] and its values below")
            continue
        allowed = known[key].settings
        for name in section:
            if allowed and name not in allowed:
                wrong(f"[rules.{key}] has no setting {clean_text(name, 60)}", f"it reads {', '.join(allowed)}")
    if "reliable_change" in settings and isinstance(settings["reliable_change"], Mapping):
        from nociscope.rules.reliable_change import wrong_settings

        for what in wrong_settings(settings["reliable_change"]):
            wrong(what, "give sd above 0 and reliability from 0 to below 1")
    if problems:
        raise InvalidStudy(problems)
