"""Which rules there are; their order is that of reports and lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
        besta_2008,
        besta_2019,
        ean_pns_2021,
        efns_pns_2010,
        ewing,
        falco_2025_ald,
        fibromyalgia,
        ichd3_migraine,
        immpact_response,
        isn_2023_fm,
        ncs_pattern,
        neupsig_2016,
        neurodiab_2010,
        orthostatic,
        reliable_change,
    )

    return (
        besta_2019.RULE,
        besta_2008.RULE,
        neurodiab_2010.RULE,
        isn_2023_fm.RULE,
        falco_2025_ald.RULE,
        neupsig_2016.RULE,
        *fibromyalgia.RULES,
        ichd3_migraine.RULE,
        efns_pns_2010.RULE,
        ean_pns_2021.RULE,
        aan_cidp.RULE,
        ncs_pattern.RULE,
        ewing.RULE,
        orthostatic.RULE,
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


def markdown() -> str:
    """Return the documentation table of all rules."""
    lines = [
        "| rule | what it judges | met when | how often it is right | status | source |",
        "|---|---|---|---|---|---|",
    ]
    for rule in rules():
        status = f"{rule.status}, inactive" if rule.status == "unverified" else rule.status
        source = f"[{rule.doi}](https://doi.org/{rule.doi})" if rule.doi else rule.citation
        says = "<br>".join(line.strip() for line in rule.says)
        cells = (f"`{rule.key}`", rule.title, says, rule.accuracy, f"{status}, version {rule.version}", source)
        lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    return "\n".join(lines) + "\n"


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


def check_settings(
    settings: Mapping[str, Any], file: str = "code/nociscope.toml", analytes: Collection[str] = ()
) -> None:
    """Refuse settings of rules that cannot be right.

    Raises
    ------
    InvalidStudy
        With what :func:`settings_problems` says.
    """
    problems = settings_problems(settings, file, analytes)
    if problems:
        raise InvalidStudy(problems)


def settings_problems(
    settings: Mapping[str, Any], file: str = "code/nociscope.toml", analytes: Collection[str] = ()
) -> tuple[Problem, ...]:
    """Return what is wrong with the section ``[rules]``, one problem each.

    Parameters
    ----------
    settings : mapping
        The section.
    file : str
        What messages call the file.
    analytes : collection of str
        Laboratory values that the study names; rules may be set for these beside the declared measures.
    """
    known = {r.key: r for r in rules()}
    found: list[tuple[str, str]] = []
    for key, section in settings.items():
        name = clean_text(key, 60)
        if key == NAMED:
            names = section if isinstance(section, list) else [section]
            found += [
                (f"[rules] named: there is no rule {clean_text(str(n), 60)}", "see nociscope rules list")
                for n in names
                if not isinstance(n, str) or n not in known
            ]
        elif key not in known:
            near = nearest(key)
            hint = f"did you mean {near}" if near else "see nociscope rules list"
            found.append((f"[rules.{name}]: there is no such rule", hint))
        elif not isinstance(section, Mapping):
            found.append((f"rules.{name} is not a section", f"write [rules.{name}] and its values below"))
        else:
            found += _section_faults(known[key], section, analytes)
    return tuple(Problem(what=what, remedy=remedy, code="bad-settings", file=file) for what, remedy in found)


def _section_faults(rule: Rule, section: Mapping[str, Any], analytes: Collection[str]) -> list[tuple[str, str]]:
    """Return what is wrong with one rule's section, and what to do."""
    faults = [
        (f"[rules.{rule.key}] has no setting {clean_text(name, 60)}", f"it reads {', '.join(rule.settings)}")
        for name in section
        if rule.settings and name not in rule.settings
    ]
    if "fallback" in rule.settings and not isinstance(section.get("fallback", True), bool):
        faults.append((f"[rules.{rule.key}] fallback is neither true nor false", "write true or false"))
    wrong = () if rule.check is None else rule.check(section, analytes)
    return faults + [(clean_text(what, 200), f"see nociscope rules show {rule.key}") for what in wrong]
